"""A table learns which character follows which; its loss is the number that counting gives."""

import numpy as np
from sonnets import TEXT
from tinytorch import Tensor, manual_seed, no_grad, softmax
from tinytorch.embeddings import Embedding
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import Adam
from tinytorch.schedulers import ExponentialLR

text = "".join(c for c in TEXT.lower().replace("\n", " ") if c.isalpha() or c == " ")
letters = sorted(set(text))
ids = np.array([letters.index(c) for c in text])
first, second = ids[:-1], ids[1:]
V = len(letters)

counts = np.zeros((V, V))
np.add.at(counts, (first, second), 1)
chance = counts / counts.sum(axis=1, keepdims=True)  # (V, V): what follows what, counted
counted = -np.mean(np.log(chance[first, second]))
print(f"{len(text):,} characters of five sonnets, {V} different ones. The mean of -log p(next):")
print(f"  {np.log(V):.4f}   nothing known, 1 / {V} each")
print(f"  {counted:.4f}   counted: no table can do better on this text")

manual_seed(0)
table = Embedding(V, V)  # the row of a character: V scores for the one that follows
optimizer = Adam(table.parameters(), lr=1.0)
scheduler = ExponentialLR(optimizer, gamma=0.995)
for step in range(601):
    optimizer.zero_grad()
    loss = cross_entropy(table(first), second)
    if step in (0, 10, 100, 600):
        print(f"  {loss.item():.4f}   learned, step {step}")
    loss.backward()
    optimizer.step()
    scheduler.step()

with no_grad():
    learned = softmax(table.weight, dim=1).data
print("what follows, counted / learned:")
for c in "thw":
    row = letters.index(c)
    likely = np.argsort(-chance[row], kind="stable")[:3]
    said = (f"{letters[j]!r} {chance[row, j]:.0%} / {learned[row, j]:.0%}" for j in likely)
    print(f"  {c}: " + "   ".join(said))

draw, at, out = np.random.default_rng(0), letters.index(" "), []
for _ in range(52):
    at = draw.choice(V, p=learned[at] / learned[at].sum())
    out.append(letters[at])
print("drawn from the table: " + "".join(out))
