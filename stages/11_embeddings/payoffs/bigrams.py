"""A table learns which character follows which; its loss is the number that counting gives."""

import sys

import numpy as np
from tinytorch import manual_seed, no_grad, softmax
from tinytorch.embeddings import Embedding
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import Adam
from tinytorch.schedulers import ExponentialLR
from tinytorch.tokenization import CharTokenizer

from checker.course import course

sys.path.append(str(course().stage("10").folder / "payoffs"))
from corpus import passage

text = " ".join(passage().lower().split())
tokenizer = CharTokenizer(text)
ids, V = np.array(tokenizer.encode(text)), tokenizer.vocab_size
first, second = ids[:-1], ids[1:]

counts = np.zeros((V, V))
np.add.at(counts, (first, second), 1)
chance = counts / counts.sum(axis=1, keepdims=True)  # (V, V): what follows what, counted
counted = -np.mean(np.log(chance[first, second]))
print(f"{len(text):,} characters of Romeo and Juliet, {V} different; mean of -log p(next):")
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
    (row,) = tokenizer.encode(c)
    likely = np.argsort(-chance[row], kind="stable")[:3]
    said = (
        f"{tokenizer.decode([j])!r} {chance[row, j]:.0%} / {learned[row, j]:.0%}" for j in likely
    )
    print(f"  {c}: " + "   ".join(said))

draw, out = np.random.default_rng(0), tokenizer.encode(" ")
for _ in range(50):
    row = learned[out[-1]].astype(float)
    out.append(int(draw.choice(V, p=row / row.sum())))
print("drawn from the table:" + tokenizer.decode(out))
