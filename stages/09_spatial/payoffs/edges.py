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
out = conv2d_loops(photo[None], weight, padding=1)  # (4, 80, 80)
seconds = time.perf_counter() - start
edges = np.hypot(out[2], out[3])  # how steep it is there, in whichever direction

print("how steep the brightness is, at every other row of your output:")
shades = np.array(list("  .:-=+*#%@"))
cut = edges[3:79:7, 2:78]
for row in shades[np.minimum(cut * 4, 10).astype(int)]:
    print("".join(row).rstrip())
places = output_size(80, 3, padding=1) ** 2
print(f"{places:,} places x 9 x 4 filters: {places * 36:,} multiplications in {seconds:.2f} s,")
print(f"{places * 36 / seconds / 1e6:.1f} million a second.")

folder = Path(os.environ.get("TINYTORCH_PICTURES", "pictures"))
folder.mkdir(parents=True, exist_ok=True)
figure, axes = plt.subplots(2, 3, figsize=(9, 6.4), layout="constrained")
shown = {"what goes in": photo, **dict(zip(FILTERS, out, strict=True)), "edges": -edges}
for axis, (name, picture) in zip(axes.flat, shown.items(), strict=True):
    low, high = np.percentile(picture, (1, 99))
    axis.imshow(picture, cmap="gray", vmin=low, vmax=high)
    axis.set_title(name)
    axis.axis("off")
figure.savefig(folder / "09_edges.png", dpi=110)
print("The picture: pictures/09_edges.png")
