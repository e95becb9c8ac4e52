"""Runs one environment's peers for the driver: a command a line on stdin, an answer a line on stdout, both JSON.

The clock is read here, around a loop of calls: what Python adds to a call is part of what the peer costs its user, the way
from the driver is not. Between commands the process sleeps in read().
"""

import gc
from importlib.metadata import version
from time import perf_counter_ns

import numpy as np
import peers
from serving import serve

# Time to find out which of a peer's ways is its fastest, for each of them.
CHOICE_NS = 20_000_000


class Subject:
    """One way to run one network, with its inputs prepared."""

    def __init__(self, network, way):
        self.way = way
        self.inputs = [way.prepare(rows) for rows in network.batches]

    def time(self, first, calls):
        """Nanoseconds of so many calls, from the number `first` on."""
        inputs = [self.inputs[call % len(self.inputs)] for call in range(first, first + calls)]
        run = self.way.run
        start = perf_counter_ns()
        for x in inputs:
            run(x)
        return perf_counter_ns() - start

    def outputs(self):
        # Copied: some peers give the same memory again.
        return [np.array(self.way.rows(self.way.run(x))) for x in self.inputs]


def least(subject):
    """The least time of a call, warmed up; a choice, not a measurement."""
    calls, found, spent = 1, subject.time(0, 1), 0
    while spent < CHOICE_NS:
        ns = subject.time(0, calls)
        spent += ns
        found = min(found, ns / calls)
        calls = min(2 * calls, 100)
    return found


class Worker:
    def __init__(self):
        self.subjects = []

    def hello(self, environment):
        packages = peers.setup(environment)
        return {"versions": ", ".join(f"{package} {version(package)}" for package in packages)}

    def load(self, peer, folder, batch):
        network = peers.Network(folder, batch)
        subjects, refused = [], []
        for way in peers.WAYS[peer]:
            try:
                subject = Subject(network, way(network))
                subjects.append((least(subject), subject))
            except Exception as error:
                refused.append(f"{way.__name__}: {error!r}")
        if not subjects:
            raise RuntimeError("; ".join(refused))
        _, fastest = min(subjects, key=lambda subject: subject[0])
        self.subjects.append(fastest)
        gc.collect()
        gc.freeze()
        return {"subject": len(self.subjects) - 1, "given": fastest.way.name}

    def outputs(self, subject, file):
        with open(file, "wb") as to:
            for rows in self.subjects[subject].outputs():
                to.write(rows.astype("<f4", order="C").tobytes())
        return {}

    def time(self, subject, first, calls):
        return {"ns": self.subjects[subject].time(first, calls)}

    def forget(self):
        gc.unfreeze()
        self.subjects.clear()
        gc.collect()
        return {}


serve(Worker())
