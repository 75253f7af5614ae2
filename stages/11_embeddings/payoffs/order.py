"""Who bites whom? The same words in another order, to a model without positions and with them."""

import itertools
import os
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from tinytorch import manual_seed, no_grad
from tinytorch.embeddings import (
    Embedding,
    LearnedPositionalEncoding,
    SinusoidalPositionalEncoding,
    sinusoidal_positions,
)
from tinytorch.layers import Identity, Linear, Module, ReLU, Sequential
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import Adam

NAMES = ["dog", "man", "cat", "fish", "bird", "horse", "child", "mouse"]
VERBS = ["bites", "sees", "likes", "finds"]
words = NAMES + VERBS
sentences = [(a, v, b) for a, b in itertools.permutations(NAMES, 2) for v in VERBS]
ids = np.array([[words.index(w) for w in sentence] for sentence in sentences])  # (224, 3)
target = ids[:, 2]  # to whom it happens
order = np.random.default_rng(0).permutation(len(ids))
seen, new = order[:150], order[150:]


class Reader(Module):
    """Each token, at its place, through a small layer; the mean of all; an answer."""

    def __init__(self, positions, bend=True):
        super().__init__()
        self.tokens, self.positions = Embedding(len(words), 16), positions
        self.each = Sequential(Linear(16, 64), ReLU()) if bend else Linear(16, 64)
        self.answer = Linear(64, len(NAMES))

    def forward(self, ids):
        return self.answer(self.each(self.positions(self.tokens(ids))).mean(dim=1))


MODELS = {
    "no positions": lambda: Reader(Identity()),
    "sinusoidal": lambda: Reader(SinusoidalPositionalEncoding(16, max_len=3)),
    "learned": lambda: Reader(LearnedPositionalEncoding(3, 16)),
    "sinusoidal, without ReLU": lambda: Reader(SinusoidalPositionalEncoding(16, 3), bend=False),
}


def right(model, which):
    with no_grad():
        return np.mean(model(ids[which]).data.argmax(axis=1) == target[which])


asked = [[words.index(w) for w in s.split()] for s in ("dog bites man", "man bites dog")]
print(f"{len(seen)} sentences to learn from, {len(new)} others; to whom does it happen?")
print(f"{'':26}learned   others   dog bites man   man bites dog")
for name, build in MODELS.items():
    manual_seed(0)
    model = build()
    optimizer = Adam(model.parameters(), lr=0.01)
    for _ in range(200):
        optimizer.zero_grad()
        cross_entropy(model(ids[seen]), target[seen]).backward()
        optimizer.step()
    with no_grad():
        said = [NAMES[i] for i in model(np.array(asked)).data.argmax(axis=1)]
    print(f"  {name:24}{right(model, seen):7.0%}{right(model, new):9.0%}", end="")
    print(f"   {said[0]:16}{said[1]}")

length, dim = 100, 64
table = sinusoidal_positions(length, dim).data
products = table @ table.T  # (100, 100)
distance = [np.diag(products, k) for k in range(length)]
print(f"{length} positions of {dim} numbers. The product of two of them, by distance:")
print("  " + "   ".join(f"{k}: {distance[k].mean():.1f}" for k in (0, 1, 2, 5, 10, 20, 50)))
print(f"  whichever two they are: at most {max(map(np.ptp, distance)):.0e} between them")

folder = Path(os.environ.get("TINYTORCH_PICTURES", "pictures"))
folder.mkdir(parents=True, exist_ok=True)
figure, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
shown = axes[0].imshow(table, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
axes[0].set(title="a row is a position", xlabel="column", ylabel="position")
figure.colorbar(shown, ax=axes[0])
for i in (0, 4, 8, 16):
    axes[1].plot(table[:, 2 * i], label=f"column {2 * i}")
axes[1].set(title="a column is a wave", xlabel="position", ylim=(-1.1, 1.5))
axes[1].legend(loc="upper center", ncols=4, fontsize=7)
for position in (10, 50, 90):
    axes[2].plot(products[position], label=f"{position} . each")
axes[2].set(title="a product is a distance", xlabel="position", ylim=(11, 36))
axes[2].legend(loc="upper center", ncols=3, fontsize=7)
figure.savefig(folder / "11_positions.png", dpi=110)
print("The picture: pictures/11_positions.png")
