"""Weigh the Earth with a pendulum: which mistake of yours counts most? The rules know."""

import numpy as np
from tinytorch import Tensor
from tinytorch.autograd import RULES, draw, numeric_gradient, parents

calls = 0


def gravity(string, ball, swing):
    """Give g in m/s² from two lengths in m and the time of one swing in s: 4 pi² (s + b) / t²."""
    global calls
    calls += 1
    return (string + ball) * 39.478 * swing**-2.0


def slopes(tensor, g, found):
    """Walk every path from a tensor back to its leaves, and add up what arrives at each."""
    if tensor.recipe is None:
        found[tensor] = found.get(tensor, 0.0) + g
        return found
    recipe = tensor.recipe
    for parent, i in zip(parents(tensor), recipe.wanted, strict=True):
        rule = RULES[recipe.op, recipe.op.input_name(i)]
        slopes(parent, rule(g, tensor.data, *recipe.arrays), found)
    return found


measured = np.array([0.97, 0.02, 2.0])
leaves = [Tensor(value, requires_grad=True) for value in measured]
result = gravity(*leaves)
yours = slopes(result, np.array(1.0), {})
calls = 0
judge = numeric_gradient(lambda a: gravity(*a), measured)

print(f"g = (string + ball) · 4 pi² / swing² = {result.item():.2f} m/s², made of")
print("\n".join("   " + line for line in draw(result).splitlines()))
print("              measured   your rules   the judge   if you err by   g is off by")
for k, (name, unit, error) in enumerate([("string", "m", 2e-3), ("ball", "m", 1e-3),
                                         ("swing", "s", 2e-2)]):  # fmt: skip
    slope = float(yours[leaves[k]])
    print(f"   {name:7}{measured[k]:9.2f} {unit}{slope:13.4f}{judge[k]:12.4f}{error:11.3f} {unit}"
          f"{abs(slope) * error:14.3f}")  # fmt: skip
print(f"The judge computed g {calls} times, your rules walked back once.")
print("The clock is to blame: time ten swings at once, and its error is a tenth.")
