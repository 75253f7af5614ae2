"""Fold a line with two relu units a layer, and count its straight pieces."""

import numpy as np
from tinytorch import Tensor
from tinytorch.activations import relu, sigmoid


def fold(t, bend):
    """Two units and their sum: with relu it goes up to 1 and down again."""
    return bend(t * 2.0) - bend(t * 4.0 - 2.0)


def layers(count, bend, points=2**12 + 1):
    """Send the points from 0 to 1 through `count` such layers."""
    t = Tensor(np.linspace(0, 1, points))
    for _ in range(count):
        t = fold(t, bend)
    return t.data


def pieces(y):
    """Count the straight pieces: one more than the places where the slope changes."""
    slope = np.diff(y)
    return 1 + int(np.sum(np.abs(np.diff(slope)) > 1e-9))


print("three layers of two relu units each, drawn by your relu:")
line = np.round(layers(3, relu, 65) * 8).astype(int)
for height in reversed(range(9)):
    print("  " + "".join("*" if y == height else " " for y in line).rstrip())
table, counts = "{:<24} {:>4}{:>4}{:>4}{:>5}{:>7}", (1, 2, 3, 5, 10)
print(table.format("layers", *counts))
for name, bend in (("without relu     pieces:", lambda t: t), ("with your relu   pieces:", relu)):
    print(table.format(name, *[pieces(layers(count, bend)) for count in counts]))
low, high = Tensor(np.array(1.0)), Tensor(np.array(2.0))
for _ in range(10):
    low, high = sigmoid(low), sigmoid(high)
print(f"ten of your sigmoids in a row: of a step of 1 there remain {(high - low).item():.7f}")
