"""Train the network of stage 04 again: one walk back for each step, in place of 63 nudges."""

import numpy as np
from tinytorch import Tensor, manual_seed
from tinytorch.layers import Linear, Sequential, Tanh
from tinytorch.losses import CrossEntropyLoss
from tinytorch.optimizers import Optimizer, descend

draw = np.random.default_rng(0)
target = np.arange(90) % 3
along = draw.uniform(0, 2.2, 90)  # three arms that turn, 30 points each
angle = along + target * 2 * np.pi / 3
points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (along + 0.3)[:, None]
x, target = Tensor(points.astype(np.float32)), Tensor(target)


def train(rate, steps=100):
    """Go downhill from the same start, with your descend and your zero_grad."""
    manual_seed(1)
    model, loss = Sequential(Linear(2, 10), Tanh(), Linear(10, 3)), CrossEntropyLoss()
    weights = list(model.parameters())
    optimizer, spare = Optimizer(weights, {}), [np.empty_like(p.data) for p in weights]
    for _ in range(steps):
        optimizer.zero_grad()
        loss(model(x), target).backward()
        for p, room in zip(weights, spare, strict=True):
            descend(p.data, p.grad.data, rate, room)
    return model, loss(model(x), target).item()


print("three arms, O # X; what your network says elsewhere, with rate 0.7: o . x")
model, end = train(0.7)
columns, rows = np.meshgrid(np.linspace(-2.6, 2.6, 53), np.linspace(2.4, -2.4, 7))
grid = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float32)
picture = np.array(list("o.x"))[model(Tensor(grid)).argmax(dim=1).data].reshape(7, 53)
for (across, up), k in zip(points, target.tolist(), strict=True):
    picture[round((2.4 - up) / 0.8), round((across + 2.6) / 0.1)] = "O#X"[k]
print("\n".join("   " + "".join(row) for row in picture))
right = (model(x).argmax(dim=1) == target).data.mean()
print(f"loss {end:.2f}, {right:.0%} right, by 100 forwards and 100 walks back. Nudging took 6,702.")
print("how far should a step go? The loss after 100 steps:")
for rate in (0.007, 0.07, 0.7, 7.0, 70.0):
    end = train(rate)[1]
    print(f"  rate {rate:<6} {end:8.3f}  {'#' * min(50, round(12 * end))}".rstrip())
