"""Trains networks for the driver, an epoch at a time: a command a line on stdin, an answer a line on stdout, both JSON.

The clock is read here, around the steps of an epoch: what Python adds to a step is part of what the peer costs its user.
"""

import gc
from importlib.metadata import version
from pathlib import Path
from time import perf_counter_ns

import numpy as np
import torch
from serving import serve
from torch.nn import functional as F

# Steps by which an optimizer's ways are compared, and a compiled step is made ready.
TRIAL = 30


class Images:
    """Images as rows of f32 in [0, 1], and their labels."""

    def __init__(self, folder, name):
        labels = np.fromfile(folder / f"{name}-labels.u8", np.uint8)
        pixels = np.fromfile(folder / f"{name}.u8", np.uint8).reshape(len(labels), -1)
        self.x = torch.from_numpy(pixels.astype(np.float32) / np.float32(255))
        self.y = torch.from_numpy(labels.astype(np.int64))


class Learner:
    """A network in training. Its layers are ReLU layers, the last one linear."""

    def __init__(self, images, folder, case, is_compiled, is_fused):
        sizes = case["sizes"]
        self.images, self.batch = images, case["batch"]
        floats = lambda name: torch.from_numpy(np.fromfile(folder / f"{name}.f32", "<f4"))
        layers = []
        for i, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:])):
            layer = torch.nn.Linear(fan_in, fan_out)
            with torch.no_grad():
                layer.weight.copy_(floats(f"weight{i}").reshape(fan_out, fan_in))
                layer.bias.copy_(floats(f"bias{i}"))
            layers += [layer, torch.nn.ReLU()]
        self.network = torch.nn.Sequential(*layers[:-1])
        kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[case["optimizer"]]
        self.optimizer = kind(self.network.parameters(), lr=case["rate"], fused=is_fused)
        self.order = torch.Generator().manual_seed(case["seed"])
        loss = lambda x, y: F.cross_entropy(self.network(x), y)
        self.loss = torch.compile(loss, dynamic=False) if is_compiled else loss

    def step(self, examples):
        loss = self.loss(self.images.x[examples], self.images.y[examples])
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def epoch(self):
        """Nanoseconds of a pass over all images in random order."""
        start = perf_counter_ns()
        for examples in torch.randperm(len(self.images.y), generator=self.order).split(self.batch):
            self.step(examples)
        return perf_counter_ns() - start

    def trial(self):
        """Nanoseconds of some steps, and one of the size of the last batch."""
        self.step(torch.arange(len(self.images.y) % self.batch or self.batch))
        self.step(torch.arange(self.batch))
        start = perf_counter_ns()
        for i in range(TRIAL):
            self.step(torch.arange(i * self.batch, (i + 1) * self.batch))
        return perf_counter_ns() - start


class Worker:
    def hello(self, folder):
        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)
        self.folder = Path(folder)
        self.train, self.test = (Images(self.folder, name) for name in ["train", "test"])
        self.learners, self.ways = [], {}
        return {"versions": f"torch {version('torch')}"}

    def load(self, case, is_compiled):
        # The ways are tried on networks that are thrown away, once for each case.
        key = (case["title"], is_compiled)
        make = lambda is_fused: Learner(self.train, self.folder, case, is_compiled, is_fused)
        if key not in self.ways:
            torch.compiler.reset()
            self.ways[key] = min([False, True], key=lambda is_fused: make(is_fused).trial())
        self.learners.append(make(self.ways[key]))
        if is_compiled:
            # Compiled, then trained from the start.
            learner = self.learners.pop()
            learner.trial()
            fresh = make(self.ways[key])
            with torch.no_grad():
                for ready, start in zip(learner.network.parameters(), fresh.network.parameters()):
                    ready.copy_(start)
            learner.optimizer = type(learner.optimizer)(
                learner.network.parameters(), lr=case["rate"], fused=self.ways[key]
            )
            self.learners.append(learner)
        gc.collect()
        gc.freeze()
        return {"learner": len(self.learners) - 1, "given": "fused optimizer" if self.ways[key] else "optimizer by tensors"}

    def epoch(self, learner):
        return {"ns": self.learners[learner].epoch()}

    def accuracy(self, learner):
        with torch.inference_mode():
            found = self.learners[learner].network(self.test.x).argmax(1)
        return {"accuracy": (found == self.test.y).double().mean().item()}

    def forget(self):
        gc.unfreeze()
        self.learners.clear()
        gc.collect()
        return {}


serve(Worker())
