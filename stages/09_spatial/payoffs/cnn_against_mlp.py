"""Three networks learn digits in the middle of a frame; then the digits move."""

import os
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from tinytorch import manual_seed
from tinytorch.dataloader import DataLoader, TensorDataset
from tinytorch.layers import Flatten, Linear, ReLU, Sequential
from tinytorch.losses import cross_entropy
from tinytorch.metrics import accuracy
from tinytorch.optimizers import Adam
from tinytorch.spatial import CNN, Conv2d, MaxPool2d
from tinytorch.training import Trainer

from checker.course import course

sys.path.append(str(course().root / "milestones" / "data"))
from digits import load_digits, split

images, labels = load_digits()
pictures = np.pad(images / 16, ((0, 0), (2, 2), (2, 2))).astype(np.float32)[:, None]  # 12 x 12
seen, new = split(len(pictures), 0.8, 0)
SHIFTS = range(-2, 3)
BUILD = {
    "MLP": lambda: Sequential(Flatten(), Linear(144, 35), ReLU(), Linear(35, 10)),
    "CNN": lambda: CNN(1, 10, 12, widths=(8, 16), hidden=(27,), kernel_size=3),
    "one maximum a filter": lambda: Sequential(
        Conv2d(1, 90, 7, padding=3), MaxPool2d(12), ReLU(), Flatten(), Linear(90, 10)
    ),
}


def right_by_shift(trainer):
    """Measure the unseen digits at each of 25 places, (5, 5)."""
    right = np.zeros((5, 5))
    for i, down in enumerate(SHIFTS):
        for j, across in enumerate(SHIFTS):
            moved = np.roll(pictures[new], (down, across), axis=(2, 3))  # the margin is empty
            data = DataLoader(TensorDataset(moved, labels[new]), 360)
            right[i, j] = trainer.evaluate(data)["right"]
    return right


print(f"{len(seen)} digits, all in the middle; {len(new)} others, right by network and shift:")
print(f"{'':24}parameters   middle    1 pixel    2 pixels")
far = np.maximum(*np.abs(np.meshgrid(SHIFTS, SHIFTS)))  # 0, 1 or 2 pixels, (5, 5)
found = {}
for name, build in BUILD.items():
    manual_seed(0)
    model = build()
    optimizer = Adam(model.parameters(), lr=5e-3)
    trainer = Trainer(model, optimizer, cross_entropy, metrics={"right": accuracy})
    data = TensorDataset(pictures[seen], labels[seen])
    trainer.fit(DataLoader(data, 64, shuffle=True, generator=0), epochs=12)
    right = found[name] = right_by_shift(trainer)
    means = "".join(f"{right[far == k].mean():11.0%}" for k in (0, 1, 2))
    print(f"  {name:<22}{sum(p.numel() for p in model.parameters()):>10,}{means}")

folder = Path(os.environ.get("TINYTORCH_PICTURES", "pictures"))
folder.mkdir(parents=True, exist_ok=True)
figure, axes = plt.subplots(1, 4, figsize=(12, 3.9), layout="constrained")
axes[0].imshow(np.roll(pictures[new[0], 0], (2, 2), axis=(0, 1)), cmap="gray_r")
axes[0].set_title(f"a {labels[new[0]]}, two down, two right")
axes[0].set(xticks=[], yticks=[])
for axis, (name, right) in zip(axes[1:], found.items(), strict=True):
    axis.imshow(right, cmap="RdYlGn", vmin=0, vmax=1)
    for (i, j), value in np.ndenumerate(right):
        axis.text(j, i, f"{value:.0%}", ha="center", va="center", fontsize=9)
    axis.set(title=name, xticks=range(5), yticks=range(5), xticklabels=SHIFTS, yticklabels=SHIFTS)
figure.supxlabel("right of unseen digits, by how far they were moved; learned in the middle only")
figure.savefig(folder / "09_shifts.png", dpi=110)
print("The picture: pictures/09_shifts.png")
