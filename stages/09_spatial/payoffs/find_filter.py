"""A shaken camera: find out how it shook, then make its photograph sharp; downhill, both times."""

import os
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cbook import get_sample_data
from tinytorch import Tensor
from tinytorch.optimizers import Adam
from tinytorch.spatial import conv2d

SHAKE = "....#.... ...##.... ..##..... .##...... .#....... .##...... ..####... .....##.. ......#.."
secret = np.array([[c == "#" for c in row] for row in SHAKE.split()], np.float32)
secret = Tensor((secret / secret.sum())[None, None])  # the filter, (1, 1, 9, 9)

# Grace Hopper, who wrote the first compiler; photograph of the US Navy, in the public domain.
with get_sample_data("grace_hopper.jpg") as file:
    photo = plt.imread(file, format="jpg")[20:340, 100:420].mean(axis=2) / 255
photo = photo.reshape(80, 4, 80, 4).mean(axis=(1, 3)).astype(np.float32)
photo = Tensor(photo[None, None] - photo.mean())
card = Tensor(np.random.default_rng(0).integers(0, 2, (1, 1, 40, 40)).astype(np.float32))
shaken_card, shaken = conv2d(card, secret), conv2d(photo, secret)


def downhill(unknown, made, wanted, truth, steps):
    """Change `unknown` until what is `made` of it is what was `wanted`; print how far it is off."""
    optimizer = Adam([unknown], lr=0.01)
    for step in range(steps + 1):
        miss = made() - wanted
        if step in (0, 30, steps):
            off = np.abs(unknown.data - truth.data).mean() / np.abs(truth.data).mean()
            print(f"  step {step:3}: output off by {np.abs(miss.data).mean():.4f}, ", end="")
            print(f"the unknown by {off:7.2%}")
        optimizer.zero_grad()
        (miss * miss).sum().backward()
        optimizer.step()


print("1. a test card, sharp and shaken; unknown: the 81 numbers of the filter")
found = Tensor(np.zeros((1, 1, 9, 9), np.float32), requires_grad=True)
downhill(found, lambda: conv2d(card, found), shaken_card, secret, 300)
print("2. a photograph, shaken only; unknown: its 6,400 pixels, by the filter from 1")
found.requires_grad_(False)
sharp = Tensor(np.zeros((1, 1, 80, 80), np.float32), requires_grad=True)
downhill(sharp, lambda: conv2d(sharp, found), shaken, photo, 500)

folder = Path(os.environ.get("TINYTORCH_PICTURES", "pictures"))
folder.mkdir(parents=True, exist_ok=True)
figure, axes = plt.subplots(1, 4, figsize=(12, 3.4), layout="constrained")
shown = {"what the camera gave": shaken, "the filter you found": found,
         "sharp again, by that filter": sharp, "what was never shown to it": photo}  # fmt: skip
for axis, (name, picture) in zip(axes, shown.items(), strict=True):
    low, high = (None, None) if picture is found else np.percentile(photo.data, (0.5, 99.5))
    axis.imshow(picture.data[0, 0], cmap="gray", vmin=low, vmax=high)
    axis.set_title(name)
    axis.axis("off")
figure.savefig(folder / "09_shaken.png", dpi=110)
print("The picture: pictures/09_shaken.png")
