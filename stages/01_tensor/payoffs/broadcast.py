"""Two rulers meet, and there is a plane: the Mandelbrot set from broadcasting."""

import numpy as np
from tinytorch import Tensor, add, broadcast_shapes, mul

WIDE, HIGH, STEPS = 72, 11, 60
across = Tensor(np.linspace(-2.1, 0.7, WIDE))  # (72,)
down = Tensor(np.linspace(1.1, -1.1, HIGH)[:, None])  # (11, 1)
meet = broadcast_shapes(down.shape, across.shape)
print(f"{down.shape} meets {across.shape}: {meet}. The Mandelbrot set, by your add and mul:")

# A point (x, y) belongs to the set if z -> z * z + (x + iy), begun at 0, never runs away.
re, im, steps = across * 0.0, down * 0.0, Tensor(0)
for _ in range(STEPS):
    re, im = add(mul(re, re) - mul(im, im), across), add(mul(mul(re, im), 2.0), down)
    re, im = re.clamp(-9.0, 9.0), im.clamp(-9.0, 9.0)  # gone is gone
    steps = add(steps, mul(re, re) < 4.0 - mul(im, im))

shades = np.array(list(" .:-=+*%@#"))
for row in shades[np.minimum(steps.data, STEPS - 1) * len(shades) // STEPS]:
    print("  " + "".join(row).rstrip())
inside = np.mean(steps.data == STEPS)
print(f"{steps.data.size} points c, all at once: z -> z * z + c, {STEPS} times, begun at 0.")
print(f"{inside:.1%} of them never ran away: they are the set. {HIGH} + {WIDE} numbers made it.")
