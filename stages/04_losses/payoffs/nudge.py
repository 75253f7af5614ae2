"""Train a network without knowing a derivative: nudge each weight, see what the loss does."""

import numpy as np
from tinytorch import Tensor, manual_seed
from tinytorch.layers import Linear, Sequential, Tanh
from tinytorch.losses import CrossEntropyLoss, binary_cross_entropy_with_logits

manual_seed(1)
draw = np.random.default_rng(0)
target = np.arange(90) % 3
along = draw.uniform(0, 2.2, 90)  # three arms that turn, 30 points each
angle = along + target * 2 * np.pi / 3
points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (along + 0.3)[:, None]
x, target = Tensor(points.astype(np.float32)), Tensor(target)
model, loss = Sequential(Linear(2, 10), Tanh(), Linear(10, 3)), CrossEntropyLoss()
forwards = 0


def measure():
    """Run the network once and tell how wrong it is."""
    global forwards
    forwards += 1
    return loss(model(x), target).item()


def nudged_slopes(weights, nudge=1e-2):
    """Nudge each weight by itself and note how fast the loss changes: one forward each."""
    slopes, before = np.zeros_like(weights), measure()
    for at in np.ndindex(weights.shape):
        kept = weights[at]
        weights[at] = kept + nudge
        slopes[at] = (measure() - before) / nudge
        weights[at] = kept
    return slopes


start = measure()
for _ in range(100):
    found = [nudged_slopes(p.data) for p in model.parameters()]
    for p, slopes in zip(model.parameters(), found, strict=True):
        p.data -= 0.7 * slopes

right = (model(x).argmax(dim=1) == target).data.mean()
print("three arms, their points: O # X; what the network says elsewhere: o . x")
columns, rows = np.meshgrid(np.linspace(-2.6, 2.6, 53), np.linspace(2.4, -2.4, 9))
grid = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float32)
picture = np.array(list("o.x"))[model(Tensor(grid)).argmax(dim=1).data].reshape(9, 53)
for (across, up), k in zip(points, target.tolist(), strict=True):
    picture[round((2.4 - up) / 0.6), round((across + 2.6) / 0.1)] = "O#X"[k]
print("\n".join("   " + "".join(row) for row in picture))
print(f"loss {start:.2f} -> {measure():.2f}   (ln 3 is {np.log(3):.2f}), {right:.0%} right")
weights = sum(p.numel() for p in model.parameters())
print(f"{forwards:,} forwards for 100 steps of {weights} weights. A network for digits,")
print("784-128-10, has 101,770: that many forwards for one step. Stage 05 needs one.")
unsure = binary_cross_entropy_with_logits(Tensor([0.0]), Tensor([1.0])).item()
print(f"and to answer yes or no, not knowing, costs {unsure:.4f} = ln 2")
