"""Guess what people will think of films that they have not seen: 26 slopes from one walk."""

import numpy as np
from tinytorch import Tensor
from tinytorch.autograd import numeric_gradient

names = ["Ada", "Ben", "Cleo", "Dan", "Eve", "Finn"]
films = ["Rocket", "Robots", "Aliens", "Kisses", "Letters", "Paris", "Ghosts"]
stars = np.array([[5, 5, 5, 1, 1, 2, 3], [1, 1, 1, 5, 5, 5, 3], [4, 4, 4, 2, 2, 2, 3],
                  [2, 1, 1, 5, 5, 4, 3], [5, 5, 4, 1, 2, 1, 3], [1, 2, 1, 4, 4, 4, 3]])  # fmt: skip
draw = np.random.default_rng(5)
hidden = np.zeros(stars.shape, bool)
hidden[np.arange(6), [2, 0, 5, 3, 1, 4]] = True
known = np.nonzero(~hidden)
forwards = 0


def loss(people, traits):
    """Compare people (6, 2) @ traits (2, 7) with the stars that are known, around 3."""
    global forwards
    forwards += 1
    misses = (people @ traits)[known] - Tensor(stars[known] - 3.0)
    return (misses * misses).sum()


start = draw.normal(0, 0.5, 26)
parts = start[:12].reshape(6, 2), start[12:].reshape(2, 7)
people, traits = (Tensor(part, requires_grad=True) for part in parts)
first = loss(people, traits)
first.backward()
yours = np.concatenate([people.grad.data.ravel(), traits.grad.data.ravel()])
forwards = 0
judge = numeric_gradient(
    lambda a: loss(Tensor(a[:12]).reshape(6, 2), Tensor(a[12:]).reshape(2, 7)), start
)
print(f"26 slopes: one walk, or {forwards} forwards (two each) of the judge; "
      f"off by {np.abs(yours - judge).max():.0e}.")  # fmt: skip
for _ in range(300):
    people.grad = traits.grad = None
    last = loss(people, traits)
    last.backward()
    people.data -= 0.02 * people.grad.data
    traits.data -= 0.02 * traits.grad.data
print(f"300 steps: squared misses {first.item():.0f} -> {last.item():.1f}")
guess = (people @ traits).data + 3
print("Each person is two numbers, each film two. [guess] stands where nobody told:")
print("       " + "".join(f"{film:>9}" for film in films))
for i, name in enumerate(names):
    cells = (f"[{guess[i, j]:.1f}]" if hidden[i, j] else f"{stars[i, j]} " for j in range(7))
    print(f"   {name:4}" + "".join(f"{cell:>9}" for cell in cells))
told = ", ".join(f"{name} {stars[i, hidden[i]][0]}" for i, name in enumerate(names))
print(f"What they said when asked: {told}")
