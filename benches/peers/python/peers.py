"""What each Python-hosted peer is given: the ways its own documentation offers. The worker runs the fastest of them.

A way is built from a `Network`, and has
    prepare(rows)  what `run` takes, made of a batch [batch, fan_in] beforehand
    run(x)         the timed work: rows in, logits out
    rows(y)        what `run` gave, as an array [batch, fan_out]
"""

import json
from ctypes import CDLL, Structure, byref, c_float, c_int, c_void_p
from pathlib import Path
from typing import Any, Callable, NamedTuple

import numpy as np


class Way(NamedTuple):
    name: str
    prepare: Callable[[np.ndarray], Any]
    run: Callable[[Any], Any]
    rows: Callable[[Any], np.ndarray]


class Network:
    """Weights [fan_out, fan_in] and biases of ReLU layers, the last one linear, and the inputs, batch by batch."""

    def __init__(self, folder, batch):
        folder = Path(folder)
        floats = lambda name: np.fromfile(folder / f"{name}.f32", "<f4")
        sizes = json.loads((folder / "sizes.json").read_text())
        self.onnx = str(folder / "network.onnx")
        self.batch = batch
        self.layers = [
            (floats(f"weight{i}").reshape(fan_out, fan_in), floats(f"bias{i}"))
            for i, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:]))
        ]
        self.batches = list(floats("inputs").reshape(-1, batch, sizes[0]))

    def map(self, dense, sparse):
        """The layers, with `sparse` of each weight that has mostly zeros and `dense` of the others."""
        mostly_zero = lambda w: np.count_nonzero(w) < w.size / 2
        return [((sparse if mostly_zero(w) else dense)(w), b) for w, b in self.layers]


def setup(environment):
    """Loads what the environment is for, on one thread, and names its packages."""
    if environment == "torch":
        import warnings

        import torch

        # That CSR is in beta, and torch.jit to be replaced.
        warnings.simplefilter("ignore")
        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)
        torch.set_grad_enabled(False)
        # For good: it costs less per call than entering it each time.
        torch.inference_mode().__enter__()
        return ["torch", "numpy"]
    if environment == "onnxruntime":
        import onnxruntime

        onnxruntime.set_default_logger_severity(3)
        return ["onnxruntime"]
    if environment == "scipy":
        import scipy.sparse

        return ["scipy", "numpy"]
    if environment == "mkl":
        load_mkl()
        return ["mkl", "numpy"]
    import deepsparse

    return ["deepsparse"]


# --- PyTorch -----------------------------------------------------------------------------------------------------------


def torch_eager(network):
    from torch import from_numpy
    from torch.nn.functional import linear

    *hidden, last = [(from_numpy(w), from_numpy(b)) for w, b in network.layers]

    def run(x):
        for w, b in hidden:
            x = linear(x, w, b).relu_()
        return linear(x, *last)

    return Way("eager, F.linear", from_numpy, run, lambda y: y.numpy())


def torch_addmm(network):
    from torch import addmm, from_numpy

    *hidden, last = [(from_numpy(b), from_numpy(w).t().contiguous()) for w, b in network.layers]

    def run(x):
        for b, wt in hidden:
            x = addmm(b, x, wt).relu_()
        return addmm(last[0], x, last[1])

    return Way("eager, addmm, weight [fan_in, fan_out]", from_numpy, run, lambda y: y.numpy())


def torch_frozen(network):
    import torch

    modules = []
    for w, b in network.layers:
        linear = torch.nn.Linear(w.shape[1], w.shape[0])
        linear.weight.copy_(torch.from_numpy(w))
        linear.bias.copy_(torch.from_numpy(b))
        modules += [linear, torch.nn.ReLU()]
    model = torch.nn.Sequential(*modules[:-1]).eval()
    traced = torch.jit.trace(model, torch.from_numpy(network.batches[0]))
    frozen = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
    return Way("jit, frozen, optimized for inference", torch.from_numpy, frozen, lambda y: y.numpy())


def torch_csr_layers(network):
    import torch

    return network.map(torch.from_numpy, lambda w: torch.from_numpy(w).to_sparse_csr())


def torch_csr_linear(network):
    from torch import from_numpy
    from torch.nn.functional import linear

    *hidden, last = [(w, from_numpy(b)) for w, b in torch_csr_layers(network)]

    def run(x):
        for w, b in hidden:
            x = linear(x, w, b).relu_()
        return linear(x, *last)

    return Way("CSR, F.linear", from_numpy, run, lambda y: y.numpy())


def torch_csr_features(network):
    from torch import addmm, from_numpy

    *hidden, last = [(from_numpy(b)[:, None], w) for w, b in torch_csr_layers(network)]

    def run(x):
        x = x.t()
        for b, w in hidden:
            x = addmm(b, w, x).relu_()
        return addmm(*last, x).t()

    return Way("CSR, addmm, activations [features, batch]", from_numpy, run, lambda y: y.numpy())


def torch_csr_matmul(network):
    from torch import from_numpy

    *hidden, last = [(from_numpy(b)[:, None], w) for w, b in torch_csr_layers(network)]

    def run(x):
        x = x.t().contiguous()
        for b, w in hidden:
            x = (w @ x).add_(b).relu_()
        return (last[1] @ x).add_(last[0]).t()

    return Way("CSR, @, activations [features, batch]", from_numpy, run, lambda y: y.numpy())


# --- ONNX Runtime ------------------------------------------------------------------------------------------------------


def onnxruntime_session(network):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(network.onnx, options, providers=["CPUExecutionProvider"])


def onnxruntime_run(network):
    session = onnxruntime_session(network)
    names = ["output"]
    return Way(
        "run()",
        lambda rows: {"input": rows},
        lambda feed: session.run(names, feed),
        lambda outputs: outputs[0],
    )


def onnxruntime_bound(network):
    import onnxruntime

    session = onnxruntime_session(network)
    output = onnxruntime.OrtValue.ortvalue_from_numpy(np.empty((network.batch, len(network.layers[-1][1])), np.float32))

    def prepare(rows):
        binding = session.io_binding()
        binding.bind_ortvalue_input("input", onnxruntime.OrtValue.ortvalue_from_numpy(rows))
        binding.bind_ortvalue_output("output", output)
        return binding

    return Way("inputs and output bound ahead", prepare, session.run_with_iobinding, lambda _: output.numpy())


# --- SciPy -------------------------------------------------------------------------------------------------------------


def scipy_csr(network):
    from scipy.sparse import csr_array

    vector = network.batch == 1
    layers = [(w, b if vector else b[:, None]) for w, b in network.map(np.asarray, csr_array)]
    *hidden, (last, last_bias) = layers

    def run(x):
        x = x[0] if vector else x.T
        for w, b in hidden:
            x = w @ x
            x += b
            np.maximum(x, 0, out=x)
        y = last @ x
        y += last_bias
        return y.T

    return Way("csr_array @, activations [features, batch]", np.ascontiguousarray, run, np.atleast_2d)


# --- MKL ---------------------------------------------------------------------------------------------------------------

MKL = None


class Description(Structure):
    """`matrix_descr` of a general matrix; the rest is not read then."""

    _fields_ = [("type", c_int), ("mode", c_int), ("diag", c_int)]


GENERAL = Description(20, 40, 50)
NO_TRANSPOSE, ROW_MAJOR, COLUMN_MAJOR = 10, 101, 102
MANY_CALLS = 1_000_000


def load_mkl():
    global MKL
    import sys

    MKL = CDLL(str(next(Path(sys.prefix, "lib").glob("libmkl_rt.so*"))))
    MKL.mkl_sparse_s_mv.argtypes = [c_int, c_float, c_void_p, Description, c_void_p, c_float, c_void_p]
    MKL.mkl_sparse_s_mm.argtypes = [
        *(c_int, c_float, c_void_p, Description, c_int),
        *(c_void_p, c_int, c_int, c_float, c_void_p, c_int),
    ]


def mkl_handle(w, layout, batch):
    """The matrix as CSR, analysed for products of this kind."""
    rows, columns = np.nonzero(w)
    starts = np.searchsorted(rows, np.arange(len(w) + 1)).astype(np.int32)
    columns, values = columns.astype(np.int32), w[w != 0]
    handle = c_void_p()
    pointer = lambda array: c_void_p(array.ctypes.data)
    status = [
        MKL.mkl_sparse_s_create_csr(
            byref(handle), 0, *w.shape, pointer(starts), pointer(starts[1:]), pointer(columns), pointer(values)
        )
    ]
    if batch == 1:
        status.append(MKL.mkl_sparse_set_mv_hint(handle, NO_TRANSPOSE, GENERAL, MANY_CALLS))
    else:
        status.append(MKL.mkl_sparse_set_mm_hint(handle, NO_TRANSPOSE, GENERAL, layout, batch, MANY_CALLS))
    status.append(MKL.mkl_sparse_optimize(handle))
    # 6: nothing to optimize for this hint.
    if any(s not in (0, 6) for s in status):
        raise RuntimeError(f"MKL: status {status}")
    return handle, (starts, columns, values)


def mkl_layer(w, b, layout, batch):
    """A function of activations; products of sparse weights add to the bias."""
    handle, kept = mkl_handle(w, layout, batch)
    fan_out, fan_in = w.shape
    shape = (fan_out, batch) if layout == ROW_MAJOR else (batch, fan_out)
    y = np.empty(shape, np.float32)
    bias = np.ascontiguousarray(np.broadcast_to(b[:, None] if layout == ROW_MAJOR else b, shape))
    y_address = y.ctypes.data
    steps = (batch, batch) if layout == ROW_MAJOR else (fan_in, fan_out)
    mv, mm, copy = MKL.mkl_sparse_s_mv, MKL.mkl_sparse_s_mm, np.copyto

    def run_vector(x):
        copy(y, bias)
        mv(NO_TRANSPOSE, 1.0, handle, GENERAL, x.ctypes.data, 1.0, y_address)
        return y

    def run(x):
        copy(y, bias)
        mm(NO_TRANSPOSE, 1.0, handle, GENERAL, layout, x.ctypes.data, batch, steps[0], 1.0, y_address, steps[1])
        return y

    run.kept = run_vector.kept = kept
    return run_vector if batch == 1 else run


def mkl_network(network, layout, name):
    def dense(w, b):
        if layout == ROW_MAJOR:
            return lambda x: w @ x + b[:, None]
        wt = np.ascontiguousarray(w.T)
        return lambda x: x @ wt + b

    sparse = lambda w, b: mkl_layer(w, b, layout, network.batch)
    marked = network.map(lambda w: dense, lambda w: sparse)
    *hidden, last = [make(w, b) for (make, _), (w, b) in zip(marked, network.layers)]

    def run(x):
        if layout == ROW_MAJOR:
            x = np.ascontiguousarray(x.T)
        for layer in hidden:
            x = layer(x)
            np.maximum(x, 0, out=x)
        y = last(x)
        return y.T if layout == ROW_MAJOR else y

    return Way(name, np.ascontiguousarray, run, lambda y: y)


def mkl_rows(network):
    return mkl_network(network, COLUMN_MAJOR, "inspector-executor CSR, activations [batch, features]")


def mkl_features(network):
    return mkl_network(network, ROW_MAJOR, "inspector-executor CSR, activations [features, batch]")


# --- DeepSparse --------------------------------------------------------------------------------------------------------


def deepsparse_engine(network):
    from deepsparse import Engine

    engine = Engine(network.onnx, batch_size=network.batch, num_cores=1)
    return Way(
        "Engine.run without validation",
        lambda rows: [np.ascontiguousarray(rows)],
        lambda x: engine.run(x, val_inp=False),
        lambda outputs: outputs[0],
    )


WAYS = {
    "torch": [torch_eager, torch_addmm, torch_frozen],
    "torch-csr": [torch_csr_linear, torch_csr_features, torch_csr_matmul],
    "onnxruntime": [onnxruntime_run, onnxruntime_bound],
    "scipy": [scipy_csr],
    "mkl": [mkl_rows, mkl_features],
    "deepsparse": [deepsparse_engine],
}
