"""The three arms of stage 04 again: one walk a step takes the place of 243 forwards."""

import numpy as np
from tinytorch import Tensor, manual_seed
from tinytorch.layers import Linear, ReLU, Sequential
from tinytorch.losses import CrossEntropyLoss

manual_seed(1)
draw = np.random.default_rng(0)
target = np.arange(90) % 3
along = draw.uniform(0, 2.2, 90)  # three arms that turn, 30 points each
angle = along + target * 2 * np.pi / 3
points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (along + 0.3)[:, None]
x, target = Tensor(points.astype(np.float32)), Tensor(target)
model, loss = Sequential(Linear(2, 40), ReLU(), Linear(40, 3)), CrossEntropyLoss()
parameters = list(model.parameters())
forwards = walks = 0

for _ in range(200):
    wrong = loss(model(x), target)
    forwards += 1
    if walks == 0:
        start = wrong.item()
    wrong.backward()
    walks += 1
    for p in parameters:
        p.data -= 0.5 * p.grad.data
        p.grad = None

right = (model(x).argmax(dim=1) == target).data.mean()
columns, rows = np.meshgrid(np.linspace(-2.6, 2.6, 53), np.linspace(2.4, -2.4, 9))
grid = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float32)
picture = np.array(list("o.x"))[model(Tensor(grid)).argmax(dim=1).data].reshape(9, 53)
for (across, up), k in zip(points, target.tolist(), strict=True):
    picture[round((2.4 - up) / 0.6), round((across + 2.6) / 0.1)] = "O#X"[k]
print("three arms, their points: O # X; what the network says elsewhere: o . x")
print("\n".join("   " + "".join(row) for row in picture))
print(f"loss {start:.2f} -> {wrong.item():.2f}, {right:.0%} right")
weights = sum(p.numel() for p in parameters)
print(f"{weights} weights, {walks} steps: {forwards} forwards and {walks} walks back.")
print(f"Nudging to one side, as in 04.6, would have taken {walks * (weights + 1):,} forwards.")
