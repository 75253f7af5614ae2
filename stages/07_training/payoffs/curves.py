"""Watch a network learn, and then learn by heart: loss in training and in validation."""

import numpy as np
from tinytorch import Tensor, manual_seed
from tinytorch.layers import Linear, ReLU, Sequential
from tinytorch.losses import CrossEntropyLoss
from tinytorch.metrics import accuracy
from tinytorch.optimizers import Adam
from tinytorch.training import Trainer, batches

EPOCHS, WIDTH, HEIGHT, TOP = 64, 64, 10, 1.5


def patterns(count, seed):
    """Draw points of which two corners are one class; about every fifth has the wrong label."""
    draw = np.random.default_rng(seed)
    points = draw.uniform(-1, 1, (count, 2)).astype(np.float32)
    right = points[:, 0] * points[:, 1] > 0
    return Tensor(points), Tensor((right ^ (draw.random(count) < 0.2)).astype(int))


manual_seed(0)
model = Sequential(Linear(2, 32), ReLU(), Linear(32, 32), ReLU(), Linear(32, 2))
trainer = Trainer(
    model, Adam(model.parameters(), lr=0.01), CrossEntropyLoss(), metrics={"accuracy": accuracy}
)
history = trainer.fit(batches(*patterns(60, 1), 20), EPOCHS, batches(*patterns(1000, 2), 500))

picture = [[" "] * WIDTH for _ in range(HEIGHT)]
for column, entry in enumerate(history):
    for name, letter in (("loss", "t"), ("val_loss", "v")):
        row = min(max(round((1 - entry[name] / TOP) * HEIGHT), 0), HEIGHT - 1)
        picture[row][column] = letter
print(f"loss in {EPOCHS} epochs: t on the 60 points it learns from, v on 1000 others")
for row, line in enumerate(picture):
    print(f"{TOP * (1 - row / HEIGHT):5.2f} |{''.join(line).rstrip()}")
best = min(history, key=lambda entry: entry["val_loss"])
print("      +" + "-" * (best["epoch"] - 1) + "^" + "-" * (WIDTH - best["epoch"]))
for title, entry in ((f"epoch {best['epoch']}", best), (f"epoch {EPOCHS}", history[-1])):
    print(
        f"{title:>8}: {entry['accuracy']:.0%} right in training, "
        f"{entry['val_accuracy']:.0%} on what it has not seen"
    )
print("about one label in five is wrong, so about 80% is all there is to know.")
