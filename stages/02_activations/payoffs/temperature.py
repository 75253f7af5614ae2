"""Let softmax choose the next letter: cold, as it is, and hot."""

import numpy as np
from tinytorch import Tensor
from tinytorch.activations import gelu_tanh, log_softmax, softmax

TEXT = """
the line that two layers draw is a line again and the bend between them is what makes the
network more than one matrix there is no need for the bend to be smooth or steep it only has
to be there then the layers fold the line and fold it again until it fits what is to be learned
"""
LETTERS = " abcdefghijklmnopqrstuvwxyz"

places = np.array([LETTERS.index(c) for c in " ".join(TEXT.split())])
counts = np.full((27, 27), 0.01)
np.add.at(counts, (places[:-1], places[1:]), 1.0)
scores = Tensor(np.log(counts))  # (27, 27): a row for each letter, a score for each next one


def write(temperature, length=52):
    """Draw letter after letter, each from the softmax of its row of scores."""
    chances = softmax(scores / temperature, dim=1).data
    draw, at, out = np.random.default_rng(1), 0, ""
    for _ in range(length):
        at = draw.choice(27, p=chances[at])
        out += LETTERS[at]
    return out


print("what follows a t?   (softmax of the scores / temperature)")
row = scores[LETTERS.index("t")]
best = np.argsort(-row.data)[:4]
for temperature in (0.3, 1.0, 3.0):
    chance = softmax(row / temperature, dim=0).data
    print(f"  {temperature}  " + "  ".join(f"{LETTERS[i]!r} {chance[i]:.2f}" for i in best))
print("your softmax writes:")
for temperature in (0.3, 1.0, 3.0):
    print(f"  {temperature}  {write(temperature)}")
surprise = -log_softmax(scores, dim=1).data[places[:-1], places[1:]].mean()
print(
    f"surprise, -log_softmax, of the next letter: {surprise:.2f}; blind: ln 27 = {np.log(27):.2f}"
)
x = np.linspace(-3, 1, 401)
print(f"and gelu is lowest at {x[gelu_tanh(x).argmin()]:.2f}, where it is {gelu_tanh(x).min():.2f}")
