"""Draw how the size of a signal changes from layer to layer, for four ways to start."""

import math

import tinytorch as tt
from tinytorch import nn

WIDTH, LAYERS = 100, 20
STARTS = {
    "N": ("normal numbers", lambda weight: weight.copy_(tt.randn(*weight.shape))),
    "s": ("0.01 times that", lambda weight: weight.copy_(tt.randn(*weight.shape) * 0.01)),
    "L": ("as Linear starts", lambda weight: weight),
    "k": ("kaiming_uniform_", nn.init.kaiming_uniform_),
}


def sizes(start):
    """Give log10 of the signal's root mean square after each layer."""
    tt.manual_seed(0)
    x, found = tt.randn(200, WIDTH), []
    for _ in range(LAYERS):
        layer = nn.Linear(WIDTH, WIDTH, bias=False)
        start(layer.weight)
        x = tt.relu(layer(x))
        found.append(math.log10(float((x.double() ** 2.0).mean()) ** 0.5))
    return found


curves = {mark: sizes(start) for mark, (_, start) in STARTS.items()}
print(f"the size of a signal after each of {LAYERS} layers of {WIDTH} relu units")
for level in range(15, -26, -5):
    row = [" "] * (3 * LAYERS)
    for mark, curve in curves.items():
        for i, height in enumerate(curve):
            if round(height / 5) * 5 == level:
                row[3 * i + 1] = mark
    print(f"{f'1e{level:+03d}':>6} |{''.join(row).rstrip()}")
print("       +" + "".join(f"{i:>2} " for i in range(1, LAYERS + 1)).rstrip())
for pair in ("Ns", "Lk"):
    ends = [f"{m} {STARTS[m][0]}: ends at {10 ** curves[m][-1]:.1e}" for m in pair]
    print(f"{ends[0]:<38}{ends[1]}")
