"""Words learn from the company they keep: sentences of a small world, and a map of its words."""

import itertools
import os
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from tinytorch import manual_seed
from tinytorch.embeddings import Embedding, nearest
from tinytorch.layers import Linear
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import Adam

PEOPLE = {
    "king": "royal male old", "queen": "royal female old",
    "prince": "royal male young", "princess": "royal female young",
    "man": "common male old", "woman": "common female old",
    "boy": "common male young", "girl": "common female young",
}  # fmt: skip
COMPANY = {  # which words stand beside people of a kind; the kinds themselves are no words
    "royal": "crown throne castle", "common": "farm market field",
    "male": "his him beard", "female": "her hers dress",
    "old": "grey wise work", "young": "school play toy",
}  # fmt: skip
THINGS = {
    "dog cat horse cow": "barn feeds strokes tail fur",
    "bread cheese soup apple": "eats tastes plate kitchen hungry",
    "river lake sea": "swims water boat deep fish",
}


def sentence(draw):
    """Make up four words: one that is spoken of, and three of its company, in any order."""
    if draw.random() < 0.6:
        name = draw.choice(list(PEOPLE))
        words = [name, *(draw.choice(COMPANY[kind].split()) for kind in PEOPLE[name].split())]
    else:
        names, company = list(THINGS.items())[draw.integers(len(THINGS))]
        words = [draw.choice(names.split()), *draw.choice(company.split(), 3, replace=False)]
    return draw.permutation(words).tolist()


draw = np.random.default_rng(0)
text = [sentence(draw) for _ in range(3000)]
vocabulary = sorted({word for words in text for word in words})
index = {word: i for i, word in enumerate(vocabulary)}
pairs = np.array([
    (index[a], index[b]) for words in text for a, b in itertools.permutations(words, 2)
])  # fmt: skip

manual_seed(0)
vectors = Embedding(len(vocabulary), 8)
guess = Linear(8, len(vocabulary))  # from a word's vector to a score for each of its neighbours
optimizer = Adam([*vectors.parameters(), *guess.parameters()], lr=0.01)


def neighbours(word):
    """Say which three are nearest."""
    row = vectors.weight[index[word]]
    found = nearest(vectors.weight, row, 3, skip=[index[word]])
    near = zip(found.indices.tolist(), found.values.tolist(), strict=True)
    return ", ".join(f"{vocabulary[i]} {value:.2f}" for i, value in near)


def right_answers():
    """Ask a - b + c for all squares of four people, such as king - man + woman; count."""
    kinds, right = {name: said.split() for name, said in PEOPLE.items()}, []
    for a, b, c, d in itertools.permutations(PEOPLE, 4):
        if all(
            {kinds[a][k], kinds[c][k]} == {kinds[b][k], kinds[d][k]}
            and (kinds[a][k] == kinds[b][k] or kinds[a][k] == kinds[d][k])
            for k in range(3)
        ):
            w = vectors.weight
            asked = w[index[a]] - w[index[b]] + w[index[c]]
            found = nearest(w, asked, skip=[index[name] for name in (a, b, c)])
            right.append(found.indices.item() == index[d])
    return f"{sum(right)} of {len(right)}"


before, at_first = {word: neighbours(word) for word in ("king", "soup", "sea")}, right_answers()
for _ in range(8):
    order = draw.permutation(len(pairs))
    for start in range(0, len(pairs), 256):
        word, neighbour = pairs[order[start : start + 256]].T
        optimizer.zero_grad()
        cross_entropy(guess(vectors(word)), neighbour).backward()
        optimizer.step()

print(f"3,000 sentences, such as: {' '.join(text[3])}")
print(f"{len(vocabulary)} words, {len(pairs):,} pairs. Nearest, with the cosine:")
for word, said in before.items():
    print(f"  {word:5} before  {said}")
    print(f"  {'':5} after   {neighbours(word)}")
print("a - b + c, as in king - man + woman = queen:")
print(f"  {at_first} right before, {right_answers()} after")

# Two axes that show most of the spread: the first rows of vt of an SVD, the principal components.
people = [index[name] for name in PEOPLE]
groups = [(people, "people")]
for name, (a, b) in zip(["animals", "food", "water"], THINGS.items(), strict=True):
    groups.append(([index[word] for word in f"{a} {b}".split()], name))
groups.append(
    ([index[word] for said in COMPANY.values() for word in said.split()], "their company")
)
figure, axes = plt.subplots(1, 2, figsize=(11, 5.2), layout="constrained")
for axis, shown in zip(axes, (range(len(vocabulary)), people), strict=True):
    rows = vectors.weight.data
    centred = rows - rows[list(shown)].mean(axis=0)
    vt = np.linalg.svd(centred[list(shown)], full_matrices=False)[2]
    x, y = (centred @ vt[:2].T).T
    for colour, (members, name) in zip(["C3", "C2", "C1", "C0", "0.6"], groups, strict=True):
        members = [i for i in members if i in shown]
        axis.scatter(x[members], y[members], color=colour, label=name, s=14)
        for i in members:
            axis.annotate(vocabulary[i], (x[i], y[i]), (3, 3), textcoords="offset points", size=8)
    axis.set(xticks=[], yticks=[])
    for a, b in itertools.combinations(people, 2):
        kinds = [set(PEOPLE[vocabulary[i]].split()) for i in (a, b)]
        if shown is people and len(kinds[0] & kinds[1]) == 2:  # they differ in one thing
            axis.plot(x[[a, b]], y[[a, b]], color="0.8", zorder=0)
axes[0].set_title("all words: 8 numbers each, seen from where they spread most")
axes[0].legend(loc="best", fontsize=8)
axes[1].set_title("the people alone; lines where one thing differs")
folder = Path(os.environ.get("TINYTORCH_PICTURES", "pictures"))
folder.mkdir(parents=True, exist_ok=True)
figure.savefig(folder / "11_meaning.png", dpi=110)
print("The picture: pictures/11_meaning.png")
