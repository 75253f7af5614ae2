"""Lay four filters of nine numbers over a photograph: six loops, and it shows its edges."""

import os
import time
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cbook import get_sample_data
from tinytorch.spatial import conv2d_loops, output_size

# Grace Hopper, who wrote the first compiler; photograph of the US Navy, in the public domain.
with get_sample_data("grace_hopper.jpg") as file:
    photo = plt.imread(file, format="jpg")[20:340, 100:420].mean(axis=2) / 255
photo = photo.reshape(80, 4, 80, 4).mean(axis=(1, 3))  # four pixels become one, (80, 80)

FILTERS = {
    "blur": np.full((3, 3), 1 / 9),
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "left - right": [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
    "above - below": [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
}
weight = np.array(list(FILTERS.values()), float)[:, None]  # (4, 1, 3, 3)
start = time.perf_counter()
out = conv2d_loops(photo[None], weight)  # (4, 78, 78)
seconds = time.perf_counter() - start
edges = np.hypot(out[2], out[3])  # how steep it is there, in whichever direction

PLACES = {"in her cap": (24, 30), "its right edge": (24, 66), "its lower edge": (28, 40)}
print("nine pixels of a photograph, brightness in %, and what the filters say:")
print("              " + "".join(f"{name:^18}" for name in PLACES).rstrip())
for line in range(3):
    rows = (photo[i + line, j : j + 3] * 100 for i, j in PLACES.values())
    print(
        f"{'':14}" + "".join(f"{'  '.join(f'{v:3.0f}' for v in row):^18}" for row in rows).rstrip()
    )
for name, answers in zip(FILTERS, out, strict=True):
    print(f"{name:14}" + "".join(f"{answers[at] * 100:^18.0f}" for at in PLACES.values()).rstrip())
count = out.size * 9
print(f"at {output_size(80, 3)} x {output_size(80, 3)} places, by 4 filters: {count:,} ", end="")
print(f"multiplications in {seconds:.2f} s")

folder = Path(os.environ.get("TINYTORCH_PICTURES", "pictures"))
folder.mkdir(parents=True, exist_ok=True)
figure, axes = plt.subplots(2, 3, figsize=(9, 6.4), layout="constrained")
shown = {"what goes in": photo, **dict(zip(FILTERS, out, strict=True)), "edges": -edges}
for axis, (name, picture) in zip(axes.flat, shown.items(), strict=True):
    like_photo = picture is photo or name in list(FILTERS)[:2]
    low, high = (0, 1) if like_photo else np.percentile(picture, (1, 99))
    axis.imshow(picture, cmap="gray", vmin=low, vmax=high)
    axis.set_title(name)
    axis.axis("off")
figure.savefig(folder / "09_edges.png", dpi=110)
print("The picture: pictures/09_edges.png")
