"""Writes losses.txt: what PyTorch makes of the trainings that ../pytorch.rs repeats.

    python -m venv venv && venv/bin/pip install torch==2.15.0 numpy==2.4.6
    venv/bin/python tests/train/pytorch/export.py

Examples and initial weights come from a generator that both sides have, so they are in no file. All numbers that a training starts
from are f32 numbers, all that it computes here are f64: what PyTorch gives is exact, compared with f32 training. A batch is the next
eight examples; there is one epoch.
"""

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

FEATURES, EXAMPLES, BATCH = 24, 315, 8
HIDDEN = [13, 9]
STEPS = -(-EXAMPLES // BATCH)

ACTIVATIONS = {
    "relu": torch.relu,
    "gaussian": lambda z: torch.exp(-z * z),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}

# Name of the loss: how many outputs, how many classes, the mean over a batch.
LOSSES = {
    "softmax": (3, 3, lambda outputs, labels: F.cross_entropy(outputs, labels)),
    "binary": (1, 2, lambda outputs, labels: F.binary_cross_entropy_with_logits(outputs[:, 0], labels.double())),
    "squared": (3, 3, lambda outputs, labels: F.mse_loss(outputs, F.one_hot(labels, 3).double())),
}


def f32(value):
    """The f32 number nearest to `value`."""
    return float(np.float32(value))


OPTIMIZERS = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=f32(0.1)),
    "momentum": lambda parameters: torch.optim.SGD(parameters, lr=f32(0.03), momentum=f32(0.9)),
    "adam": lambda parameters: torch.optim.Adam(
        parameters, lr=f32(0.01), betas=(f32(0.9), f32(0.999)), eps=f32(1e-8)
    ),
    # So large an epsilon that its place in the formula shows.
    "adam-epsilon": lambda parameters: torch.optim.Adam(
        parameters, lr=f32(0.03), betas=(f32(0.8), f32(0.95)), eps=f32(0.01)
    ),
}


class Numbers:
    """Bytes of a linear congruential generator (Numerical Recipes)."""

    def __init__(self, seed):
        self.state = seed

    def byte(self):
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return self.state >> 24


def examples(classes):
    """Most features are zero, so that they are passed over; the label has its own ones, which are not."""
    numbers, pixels, labels = Numbers(1), [], []
    for _ in range(EXAMPLES):
        label = numbers.byte() % classes
        labels.append(label)
        for feature in range(FEATURES):
            chance, value = numbers.byte(), numbers.byte()
            own = feature % 5 == label
            pixels.append(value if chance < (170 if own else 40) else 0)
    scaled = np.array(pixels, dtype=np.float32).reshape(-1, FEATURES) * (np.float32(1) / np.float32(255))
    return torch.tensor(scaled).double(), torch.tensor(labels)


def network(outputs):
    """For each layer its weight, [outputs, inputs], and its bias: multiples of 1/256 in [-1/2, 1/2)."""
    numbers, parameters = Numbers(2), []
    for inputs, width in zip([FEATURES, *HIDDEN], [*HIDDEN, outputs]):
        for shape in [(width, inputs), (width,)]:
            values = [(numbers.byte() - 128) / 256 for _ in range(int(np.prod(shape)))]
            parameters.append(torch.tensor(values, dtype=torch.float64).reshape(shape).requires_grad_())
    return parameters


def losses(loss, activation, optimizer, schedule):
    outputs, classes, measure = LOSSES[loss]
    x, labels = examples(classes)
    parameters = network(outputs)
    steps = OPTIMIZERS[optimizer](parameters)
    rates = {
        "constant": lambda: torch.optim.lr_scheduler.LambdaLR(steps, lambda _: 1.0),
        "cosine": lambda: torch.optim.lr_scheduler.CosineAnnealingLR(steps, T_max=STEPS),
    }[schedule]()
    curve = []
    for first in range(0, EXAMPLES, BATCH):
        h = x[first : first + BATCH]
        for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2]):
            h = ACTIVATIONS[activation](F.linear(h, weight, bias))
        mean = measure(F.linear(h, *parameters[-2:]), labels[first : first + BATCH])
        steps.zero_grad()
        mean.backward()
        steps.step()
        rates.step()
        curve.append(mean.item())
    return curve


def main():
    lines = [f"# PyTorch {torch.__version__.split('+')[0]}, by export.py: loss activation optimizer schedule, the loss of each step"]
    for loss in LOSSES:
        for activation in ACTIVATIONS:
            for optimizer in OPTIMIZERS:
                for schedule in ["constant", "cosine"] if activation == "relu" else ["constant"]:
                    curve = losses(loss, activation, optimizer, schedule)
                    lines.append(" ".join([loss, activation, optimizer, schedule, *(f"{value:.9f}" for value in curve)]))
    Path(__file__).with_name("losses.txt").write_text("\n".join(lines) + "\n")


main()
