"""Race down a ravine: the same slopes, three ways to use them."""

import numpy as np
from tinytorch import Tensor
from tinytorch.optimizers import SGD

CURVE = np.array([1.0, 60.0])  # along the ravine, and across it
ROWS, COLUMNS = 5, 72


def run(steps=5000, **settings):
    """Walk from (-3, 0.4) towards (0, 0); give the places, start first."""
    w = Tensor(np.array([-3.0, 0.4]), requires_grad=True)
    optimizer, places = SGD([w], **settings), [w.data.copy()]
    while np.abs(w.data).max() > 1e-3 and len(places) <= steps:
        w.grad = Tensor(CURVE * w.data)
        optimizer.step()
        places.append(w.data.copy())
    return np.array(places)


def picture(places, marks):
    """Draw the first steps, from -3 to 0.6 along and from 0.5 to -0.5 across."""
    drawn = np.full((ROWS, COLUMNS), " ")
    for mark, (along, across) in reversed(list(zip(marks, places, strict=False))):
        row, column = round((0.5 - across) * (ROWS - 1)), round((along + 3) / 3.6 * (COLUMNS - 1))
        if 0 <= row < ROWS and 0 <= column < COLUMNS:
            drawn[row, column] = mark
    return ["|" + "".join(row).rstrip() for row in drawn]


MARKS = "0123456789abcdefghijklmnopqrstuvwxyz"
kinds = {
    "plain": {"lr": 0.03},
    "momentum 0.9": {"lr": 0.01, "momentum": 0.9},
    "nesterov 0.9": {"lr": 0.01, "momentum": 0.9, "nesterov": True},
}
paths = {name: run(**settings) for name, settings in kinds.items()}
print("each digit or letter is a step, 0 to E; a missing one shares its place")
for name in ("plain", "nesterov 0.9"):
    print(f"{name}: where the first {len(MARKS) - 1} steps lead")
    lines = picture(paths[name], MARKS)
    end = round(3 / 3.6 * (COLUMNS - 1)) + 1
    middle = lines[ROWS // 2].ljust(end)
    lines[ROWS // 2] = middle[:end] + "E" + middle[end + 1 :]
    print("\n".join(lines))
counts = [f"{name} {len(path) - 1}" for name, path in paths.items()]
print(f"steps to the end: {', '.join(counts)}")
