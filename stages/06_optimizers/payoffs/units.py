"""Give one axis another unit, and let three optimizers find out."""

import numpy as np
from tinytorch import Tensor, manual_seed
from tinytorch.layers import Linear, Sequential, Tanh
from tinytorch.losses import CrossEntropyLoss
from tinytorch.optimizers import SGD, Adam

draw = np.random.default_rng(0)
target = np.arange(90) % 3
along = draw.uniform(0, 2.2, 90)  # three arms that turn, 30 points each
angle = along + target * 2 * np.pi / 3
points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (along + 0.3)[:, None]
units = np.array([1.0, 0.01])  # metres to the right, but centimetres upwards
x, target = Tensor((points * units).astype(np.float32)), Tensor(target)
columns, rows = np.meshgrid(np.linspace(-2.5, 2.5, 23), np.linspace(2.2, -2.2, 8))
grid = np.stack([columns.ravel(), rows.ravel()], axis=1) * units


def train(kind, steps, **settings):
    """Train from the same start; give the picture of the answers and the losses."""
    manual_seed(1)
    model, loss, losses = Sequential(Linear(2, 10), Tanh(), Linear(10, 3)), CrossEntropyLoss(), []
    optimizer = kind(model.parameters(), **settings)
    for _ in range(steps):
        optimizer.zero_grad()
        now = loss(model(x), target)
        now.backward()
        optimizer.step()
        losses.append(now.item())
    answers = model(Tensor(grid.astype(np.float32))).argmax(dim=1).data
    return ["".join(row) for row in np.array(list("o.x"))[answers].reshape(8, 23)], losses


STEPS = 700
runs = {
    "SGD": train(SGD, STEPS, lr=1.5),
    "momentum 0.9": train(SGD, STEPS, lr=0.3, momentum=0.9),
    "Adam": train(Adam, STEPS, lr=0.3),
}
print(f"one axis in a unit 100 times as large: the answers, o . x, after {STEPS} steps")
print("  ".join(f"{name:<23}" for name in runs).rstrip())
for lines in zip(*(picture for picture, _ in runs.values()), strict=True):
    print("  ".join(lines))
table = [[f"{losses[at - 1]:.3f}" for _, losses in runs.values()] for at in (10, 50, 200, STEPS)]
for at, row in zip((10, 50, 200, STEPS), table, strict=True):
    print("  ".join(f"{f'step {at}: loss {loss}':<23}" for loss in row).rstrip())
first = {n: next((i for i, v in enumerate(vs, 1) if v < 0.1), None) for n, (_, vs) in runs.items()}
print(f"below 0.1 at step: {', '.join(f'{n} {i or chr(45)}' for n, i in first.items())}")
