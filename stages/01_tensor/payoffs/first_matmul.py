"""Turn, mirror and shear a letter with your own matmul."""

import numpy as np
from tinytorch import as_array, matmul_loops, numel, strides

LETTER = ["#####", "#....", "#....", "####.", "#....", "#....", "#...."]
MATRICES = {
    "as it is": [[1, 0], [0, 1]],
    "turned": [[0, 1], [-1, 0]],
    "mirrored": [[-1, 0], [0, 1]],
    "sheared": [[1, 0], [1, 1]],
}

points = as_array([[x - 2, 3 - y] for y in range(7) for x in range(5) if LETTER[y][x] == "#"])


def picture(points):
    """Draw points (x, y) from -4 to 4 as nine lines of text."""
    marked = {(x, y) for x, y in points.tolist()}
    return [
        "".join("##" if (x, y) in marked else " ." for x in range(-4, 5)) for y in range(4, -5, -1)
    ]


pictures = [picture(matmul_loops(points, as_array(m))) for m in MATRICES.values()]
for row in zip(*pictures, strict=True):
    print(" ".join(row))
print("".join(f"{name:<19}" for name in MATRICES).rstrip())
print("".join(f"{m!s:<19}" for m in MATRICES.values()).rstrip())
rows = points.shape[0]
print(f"{rows} points, shape {points.shape}, {numel(points.shape)} numbers, ", end="")
print(f"strides {strides(points.shape)}.")
print(f"Four matmuls of yours: {4 * rows * 2 * 2} multiplications, one by one.")
side = 64
a = np.random.default_rng(0).standard_normal((side, side), dtype=np.float32)
agree = np.allclose(matmul_loops(a, a), a @ a, rtol=1e-4, atol=1e-4)
print(f"{side}x{side}: {side**3} of them, and NumPy's @ {'agrees' if agree else 'does not agree'}.")
