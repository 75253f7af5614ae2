"""Six loops against one product: the same layer, the same numbers, another time."""

from time import perf_counter

import numpy as np
from tinytorch import Tensor
from tinytorch.spatial import conv2d, conv2d_loops, output_size

draw = np.random.default_rng(0)
x = draw.normal(size=(128, 3, 32, 32)).astype(np.float32)
weight = draw.normal(size=(32, 3, 5, 5)).astype(np.float32)
side = output_size(32, 5)
each = 32 * side * side * 3 * 5 * 5  # multiplications for one picture


def best(work, times):
    """Give what it returns, and the shortest of a few runs in seconds."""
    taken = []
    for _ in range(times):
        start = perf_counter()
        result = work()
        taken.append(perf_counter() - start)
    return result, min(taken)


loops, slow = best(lambda: conv2d_loops(x[0], weight), 1)
one, alone = best(lambda: conv2d(Tensor(x[:1]), Tensor(weight)), 20)
batch, fast = best(lambda: conv2d(Tensor(x), Tensor(weight)), 5)
off = max(np.abs(loops - one.data[0]).max(), np.abs(loops - batch.data[0]).max())

print(f"(128, 3, 32, 32), 32 filters of 5x5: {each:,} multiplications a picture")
print("                             time        multiplications a second")
for name, seconds, pictures in (
    ("six loops, one picture", slow, 1),
    ("product, one picture", alone, 1),
    ("product, 128 pictures", fast, 128),
):
    print(f"  {name:<24}{seconds * 1e3:9,.2f} ms  {each * pictures / seconds:18,.0f}")
print(f"largest difference of an output: {off:.0e}; the outputs go up to {np.abs(loops).max():.0f}")
print(f"A picture of the batch comes {slow / (fast / 128):,.0f} times as fast as by the loops.")
hours, few = 50_000 * slow / 3600, 50_000 * fast / 128
print(f"An epoch of CIFAR-10 through this one layer: {hours:.0f} hours, or {few:.1f} seconds.")
