"""Find a line by walking back: two numbers, twenty points, one graph a step."""

import numpy as np
from tinytorch import Tensor
from tinytorch.autograd import consumers_first

draw = np.random.default_rng(4)
x = np.linspace(0, 2, 20)
y = 1.5 * x - 0.5 + draw.normal(0, 0.2, 20)

slope, start = 0.0, 2.0
for step in range(1, 61):
    a, b = Tensor(slope, requires_grad=True), Tensor(start, requires_grad=True)
    loss = Tensor(0.0)
    for at, height in zip(x.tolist(), y.tolist(), strict=True):
        loss = loss + (a * at + b - height) ** 2.0
    loss = loss * 0.05
    if step == 1:
        tensors = list(consumers_first(loss))
        print(f"one graph: {len(tensors)} tensors, a and b are used 20 times each")
    if step in (1, 10, 60):
        print(f"step {step:2}: {slope:5.2f} x {start:+5.2f}   loss {loss.item():.3f}")
    loss.backward()
    slope -= 0.2 * a.grad.item()
    start -= 0.2 * b.grad.item()

picture = np.full((9, 61), " ")
for column in range(61):
    row = round((3 - (slope * column / 30 + start)) / 0.5)
    if 0 <= row < 9:
        picture[row, column] = "."
for at, height in zip(x, y, strict=True):
    picture[round((3 - height) / 0.5), round(at * 30)] = "o"
print("\n".join("   |" + "".join(line) for line in picture))
best = np.polyfit(x, y, 1)
print(f"found {slope:.2f} x {start:+.2f}; exactly best is {best[0]:.2f} x {best[1]:+.2f}")
