"""Find a line by looking: the loss of every slope and every start, as a map."""

import numpy as np
from tinytorch import Tensor
from tinytorch.losses import mse_loss, nll_loss

draw = np.random.default_rng(4)
x = np.linspace(0, 2, 20)
y = 1.5 * x - 0.5 + draw.normal(0, 0.2, 20)

slopes, starts = np.linspace(3, 0, 9), np.linspace(-2, 1, 61)
loss = np.array([[mse_loss(Tensor(a * x + b), Tensor(y)).item() for b in starts] for a in slopes])
shades = np.digitize(np.sqrt(loss), [0.23, 0.4, 0.7, 1.1, 1.7, 2.5])  # one step, one contour
best = np.unravel_index(loss.argmin(), loss.shape)

print(f"your mse_loss of y = slope x + start, {loss.size} times (o is the lowest)")
for i, slope in enumerate(slopes):
    row = "".join("o" if (i, j) == best else " .:-+*#"[s] for j, s in enumerate(shades[i]))
    print(f"{slope:5.2f}  {row}")
print(f"slope  start from {starts[0]:.0f} to {starts[-1]:.0f}; the points lie around 1.5 x - 0.5")
print(f"lowest: {slopes[best[0]]:.2f} x {starts[best[1]]:+.2f}, loss {loss.min():.3f}")
chances = Tensor(np.log([[0.99, 0.01], [0.5, 0.5], [0.01, 0.99]]))
surprise = nll_loss(chances, Tensor([0, 0, 0]), reduction="none")
print("right answer thought 0.99, 0.5, 0.01 likely: costs", np.round(surprise.data, 2))
