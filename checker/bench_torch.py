"""Measure the reference beside PyTorch: `python -m checker.bench_torch [--rounds 12]`.

Each framework works in a process of its own, so that their threads do not get into each other's
way, and both take turns, block by block: whatever else the machine does meets both. Both sides
start from the same numbers, and the last loss of each is compared before any time is told.
"""

import argparse
import contextlib
import math
import multiprocessing
import os
import platform
import statistics
import sys
import time
from dataclasses import dataclass

import numpy as np

from .course import course

__all__ = ["main"]

BLOCK = 25  # steps in one turn
LAYERS = (2, 8, 16)
WARM = 5  # of them not counted: caches and clocks settle after the other side's turn


@dataclass(frozen=True)
class Case:
    """One thing that both do: how it is built from a framework, and the ratio that is wanted."""

    name: str
    build: object  # framework -> function that does it once and gives its loss
    wanted: float | None
    block: int = BLOCK


def cases():
    """List what is measured."""
    mlp = [
        Case(f"MLP 784-128-10, {name}, batch {n}", _Step(n, name), 1.0 if name == "SGD" else None)
        for name in ("SGD", "Adam")
        for n in (4, 64, 256)
    ]
    return [
        *mlp,
        Case("1,000 small operations and back", small_operations, 1.5, 8),
        Case("CNN of milestone 4, AdamW, batch 128", cnn_step, 2.2, 4),
        Case("conv2d (128, 3, 32, 32), 32 of 5x5", convolution, 1.5, 12),
        Case("GPT of milestone 5, AdamW, 12 x 64", _GPTStep(4), 2.0, 6),
        *[Case(f"GPT with {n} layers, 12 x 64", _GPTStep(n), None, 6) for n in LAYERS],
    ]


@dataclass(frozen=True)
class _Step:
    """A training step of the MLP: forward, loss, backward, update."""

    batch: int
    optimizer: str

    def __call__(self, kit):
        model = mlp(kit)
        optimizer = getattr(kit.optim, self.optimizer)(model.parameters(), lr=1e-3)
        draw = np.random.default_rng(0)
        x = kit.from_numpy(draw.random((self.batch, 784), dtype=np.float32))
        target = kit.from_numpy(draw.integers(0, 10, self.batch))
        return training_step(kit, model, optimizer, x, target)


def training_step(kit, model, optimizer, x, target):
    """Give a function that trains on one batch: forward, loss, backward, update."""
    loss_of = kit.nn.functional.cross_entropy

    def step():
        optimizer.zero_grad()
        loss = loss_of(model(x), target)
        loss.backward()
        optimizer.step()
        return loss

    return step


def mlp(kit):
    """Build the network of the MLP cases."""
    nn = kit.nn
    return same_weights(kit, nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)))


def same_weights(kit, model):
    """Fill a model with first weights that are the same in every framework."""
    draw = np.random.default_rng(1)
    with kit.no_grad():
        for p in model.parameters():
            bound = 1 / math.prod(p.shape[1:]) ** 0.5
            p.copy_(kit.from_numpy(draw.uniform(-bound, bound, tuple(p.shape)).astype("float32")))
    return model


@dataclass(frozen=True)
class _GPTStep:
    """A training step of a GPT as in milestone 5, with so many layers."""

    layers: int
    batch: int = 12

    def __call__(self, kit):
        model = gpt(kit, self.layers)
        optimizer = kit.optim.AdamW(model.parameters(), lr=1e-5)  # the losses stay comparable
        draw = np.random.default_rng(0)
        ids, targets = (kit.from_numpy(draw.integers(0, 65, (self.batch, 64))) for _ in range(2))

        def step():
            optimizer.zero_grad()
            _, loss = model(ids, targets)
            loss.backward()
            optimizer.step()
            return loss

        return step


def gpt(kit, layers):
    """Build the GPT of stage 13, or the one that PyTorch's users would write, with its weights."""
    ours = _framework("tinytorch")
    from tinytorch.transformers import GPT, GPTConfig

    ours.manual_seed(0)
    model = GPT(GPTConfig(65, num_layers=layers))
    if kit is ours:
        return model
    from .gpt_torch import TorchGPT, copy_weights

    return copy_weights(model, TorchGPT(model.config))


def cnn_step(kit):
    """Train the network of milestone 4 for a step; without its dropout, so that both do alike."""
    nn = kit.nn
    layers, channels = [], 3
    for width in (32, 64, 128):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.MaxPool2d(2)]
        layers += [nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    layers += [nn.Flatten(), nn.Linear(128 * 4 * 4, 256), nn.ReLU(), nn.Linear(256, 10)]
    model = same_weights(kit, nn.Sequential(*layers))
    optimizer = kit.optim.AdamW(model.parameters(), lr=1e-5)  # the losses stay comparable
    draw = np.random.default_rng(0)
    x = kit.from_numpy(draw.standard_normal((128, 3, 32, 32), dtype=np.float32))
    target = kit.from_numpy(draw.integers(0, 10, 128))
    return training_step(kit, model, optimizer, x, target)


def convolution(kit):
    """Convolve a batch, forward alone."""
    draw = np.random.default_rng(0)
    x = kit.from_numpy(draw.standard_normal((128, 3, 32, 32), dtype=np.float32))
    weight = kit.from_numpy(draw.standard_normal((32, 3, 5, 5), dtype=np.float32))
    bias = kit.from_numpy(draw.standard_normal(32, dtype=np.float32))

    def forward():
        with kit.no_grad():
            return kit.nn.functional.conv2d(x, weight, bias)[0, 0, 0, 0]

    return forward


def small_operations(kit):
    """Record a chain of 1,000 operations on 4 numbers, and walk it back."""
    x = kit.ones(4, requires_grad=True)

    def chain():
        y = x
        for _ in range(500):
            y = y * 1.001 + 0.1
        x.grad = None
        total = y.sum()
        total.backward()
        return total

    return chain


def serve(name, pipe):
    """Be one of the two frameworks: do what the other end of the pipe asks for, and time it."""
    kit = _framework(name)
    pipe.send(f"{name} {kit.__version__ if name == 'torch' else 'NumPy ' + np.__version__}")
    made = {}
    while (asked := pipe.recv()) is not None:
        what, index, count = asked
        if what == "memory":
            pipe.send(peak_of_a_step(kit, index, count))
            continue
        if index not in made:
            made.clear()
            made[index] = cases()[index].build(kit)
        times, loss = [], None
        for _ in range(count):
            start = time.perf_counter()
            loss = made[index]()
            times.append(time.perf_counter() - start)
        pipe.send((times, loss.item()))


def _framework(name):
    if name == "torch":
        import torch

        return torch
    sys.path.insert(0, str(course().reference.parent))
    import tinytorch

    return tinytorch


def peak_of_a_step(kit, what, batch):
    """Give how many bytes the resident memory grew at most during one training step (Linux)."""
    step = MEMORY[what](batch)(kit)
    MEMORY[what](1)(kit)()  # whatever a first step loads is loaded
    with open("/proc/self/clear_refs", "w", encoding="ascii") as stream:
        stream.write("5")
    before = _status("VmRSS")
    step()
    return _status("VmHWM") - before


MEMORY = {
    "MLP": lambda batch: _Step(batch, "SGD"),
    "GPT": lambda batch: _GPTStep(4, batch),
}


def _status(key):
    with open("/proc/self/status", encoding="ascii") as stream:
        return next(int(line.split()[1]) * 1024 for line in stream if line.startswith(key + ":"))


class Sides:
    """Two processes, one a framework, that are asked in turn."""

    names = ("tinytorch", "torch")

    def __enter__(self):
        start = multiprocessing.get_context("spawn")
        self.pipes, self.processes = {}, []
        for name in self.names:
            self.pipes[name], far = start.Pipe()
            process = start.Process(target=serve, args=(name, far), daemon=True)
            process.start()
            self.processes.append(process)
        self.versions = [self.pipes[name].recv() for name in self.names]
        return self

    def ask(self, name, *what):
        """Send one request and wait for the answer."""
        self.pipes[name].send(what)
        return self.pipes[name].recv()

    def __exit__(self, *_):
        for pipe in self.pipes.values():
            with contextlib.suppress(OSError):
                pipe.send(None)
        for process in self.processes:
            process.join(5)


def measure(sides, index, case, rounds):
    """Give (our times, their times, one ratio for each round), taking turns."""
    times, ratios = {name: [] for name in sides.names}, []
    for turn in range(rounds):
        order = sides.names if turn % 2 else sides.names[::-1]
        losses, middle = {}, {}
        for name in order:
            taken, losses[name] = sides.ask(name, "time", index, case.block + WARM)
            times[name] += taken[WARM:]
            middle[name] = statistics.median(taken[WARM:])
        ours, theirs = (losses[name] for name in sides.names)
        if not np.isclose(ours, theirs, rtol=2e-3):
            raise SystemExit(f"{case.name}: the losses differ, {ours} and {theirs}: not one work")
        ratios.append(middle["tinytorch"] / middle["torch"])
    return times["tinytorch"], times["torch"], ratios


def main(arguments):
    """Print a table of medians and ratios."""
    parser = argparse.ArgumentParser(prog="python -m checker.bench_torch")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    words = parser.parse_args(arguments)
    try:
        import torch  # noqa: F401
    except ImportError:
        print("PyTorch is not installed: there is nothing to compare with")
        return 1
    with Sides() as sides:
        print(f"\n{' beside '.join(sides.versions)}; {os.cpu_count()} cores, ", end="")
        print(f"Python {platform.python_version()}; medians of {words.rounds} x {BLOCK} in turns\n")
        print(f"{'':<36}{'ours, ms':>10}{'PyTorch':>10}{'ratio':>8}{'from - to':>14}{'wanted':>9}")
        for index, case in enumerate(cases()):
            if words.only not in case.name:
                continue
            ours, theirs, ratios = measure(sides, index, case, words.rounds)
            low, _, high = statistics.quantiles(ratios, n=4)
            wanted = f"<= {case.wanted}" if case.wanted else ""
            print(
                f"{case.name:<36}{1e3 * statistics.median(ours):>10.3f}"
                f"{1e3 * statistics.median(theirs):>10.3f}{statistics.median(ratios):>8.2f}"
                f"{f'{low:.2f} - {high:.2f}':>14}{wanted:>9}",
                flush=True,
            )
        if sys.platform == "linux" and not words.only:
            print()
            for what, batch in (("MLP", 4096), ("GPT", 12), ("GPT", 96)):
                peaks = [sides.ask(name, "memory", what, batch) / 2**20 for name in sides.names]
                print(f"peak memory of a step, {what}, batch {batch}: {peaks[0]:.0f} MB, ", end="")
                print(f"PyTorch {peaks[1]:.0f} MB, ratio {peaks[0] / peaks[1]:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
