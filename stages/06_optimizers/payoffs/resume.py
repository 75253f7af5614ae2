"""Kill a run in the middle, take it up again, and compare with one that was never stopped."""

import os
import subprocess
import sys
import tempfile

import numpy as np
from tinytorch import Tensor, load, manual_seed, save
from tinytorch.layers import Linear, Sequential, Tanh
from tinytorch.losses import CrossEntropyLoss
from tinytorch.optimizers import Adam

draw = np.random.default_rng(0)
target = np.arange(90) % 3
along = draw.uniform(0, 2.2, 90)
angle = along + target * 2 * np.pi / 3
points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (along + 0.3)[:, None]
x, target = Tensor(points.astype(np.float32)), Tensor(target)
KILLED, END = 25, 65


def start():
    """Make the network and its optimizer, as at the beginning."""
    manual_seed(1)
    model = Sequential(Linear(2, 10), Tanh(), Linear(10, 3))
    return model, Adam(model.parameters(), lr=0.3)


def steps(model, optimizer, count):
    """Take steps and give the losses."""
    losses = []
    for _ in range(count):
        optimizer.zero_grad()
        loss = CrossEntropyLoss()(model(x), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def resume(file, with_optimizer):
    """Take the run up from the file, with the optimizer's state or without."""
    kept, (model, optimizer) = load(file), start()
    model.load_state_dict(kept["model"])
    if with_optimizer:
        optimizer.load_state_dict(kept["optimizer"])
    return steps(model, optimizer, END - KILLED), model


def doomed(file):
    """Train, save at step 25, and die without a word: what another process runs."""
    model, optimizer = start()
    steps(model, optimizer, KILLED)
    save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    os._exit(9)


if __name__ == "doomed":
    doomed(sys.argv[1])

with tempfile.TemporaryDirectory() as folder:
    file = os.path.join(folder, "run.npz")
    other = f"import runpy, sys; sys.path[:] = {sys.path!r}; runpy.run_path({__file__!r}, None, "
    other += "'doomed')"
    died = subprocess.run([sys.executable, "-c", other, file], check=False).returncode
    size = os.path.getsize(file) / 1024
    whole, twin = resume(file, with_optimizer=True)
    half, _ = resume(file, with_optimizer=False)
model, optimizer = start()
never = steps(model, optimizer, END)

print("the loss at each step; every third line is a factor of ten")
print("*  never stopped; and taken up with the state      o  taken up without it")
rows = [[" "] * END for _ in range(12)]
for losses, first, mark in ((half, KILLED, "o"), (never, 0, "*")):
    for at, loss in enumerate(losses, first):
        rows[min(11, max(0, round(-3 * np.log10(loss))))][at] = mark
for i, row in enumerate(rows):
    print(f"{10 ** (-i / 3):8.5f} |{''.join(row).rstrip()}")
print(f"{f'killed (exit code {died})':>{9 + KILLED}} ^   the file: {size:.1f} KB")
pairs = zip(model.parameters(), twin.parameters(), strict=True)
same = whole == never[KILLED:] and all(np.array_equal(p.data, q.data) for p, q in pairs)
worst = max(new / old for new, old in zip(half, never[KILLED:], strict=True))
print(f"with the state: all bits {'the same' if same else 'NOT the same'}; ", end="")
print(f"without it the loss rises {worst:.0f}-fold")
