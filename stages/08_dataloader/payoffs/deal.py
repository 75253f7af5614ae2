"""A thousand digits that lie sorted: cut them, or deal them out, then train and test."""

import numpy as np
from tinytorch import manual_seed
from tinytorch.dataloader import Subset, TensorDataset, random_split
from tinytorch.layers import Linear
from tinytorch.losses import cross_entropy
from tinytorch.metrics import accuracy
from tinytorch.optimizers import SGD
from tinytorch.training import Trainer, batches

FONT = """
### .#. ### ### #.# ### ### ### ### ###
#.# ##. ..# ..# #.# #.. #.. ..# #.# #.#
#.# .#. ### .## ### ### ### ..# ### ###
#.# .#. #.. ..# ..# ..# #.# ..# #.# ..#
### ### ### ### ..# ### ### ..# ### ###"""
lines = [list("".join(line.split())) for line in FONT.split("\n")[1:]]
clean = (np.array(lines) == "#").reshape(5, 10, 3).transpose(1, 0, 2)  # (10, 5, 3)

draw = np.random.default_rng(1)
labels = np.repeat(np.arange(10), 100)  # sorted, as files often are
noise = draw.normal(0, 0.35, (1000, 15)).astype(np.float32)
digits = TensorDataset(clean.reshape(10, 15)[labels] + noise, labels)

numbers = range(37, 1000, 150)
shown = [digits[i] for i in numbers]
print("sample   " + "".join(f"{i:<9}" for i in numbers))
for row in range(0, 15, 3):
    strips = [np.digitize(x.data[row : row + 3], [0.3, 0.7]) for x, _ in shown]
    print("         " + "".join(f"{''.join(' .#'[k] for k in s):<9}" for s in strips))
print("label    " + "".join(f"{int(y):<9}" for _, y in shown))

for name, (train, test) in {
    "cut": [Subset(digits, np.arange(800)), Subset(digits, np.arange(800, 1000))],
    "dealt": random_split(digits, [800, 200], generator=0),
}.items():
    manual_seed(0)
    model = Linear(15, 10)
    optimizer = SGD(model.parameters(), lr=0.5)
    trainer = Trainer(model, optimizer, cross_entropy, metrics={"right": accuracy})
    trainer.fit(batches(*digits[draw.permutation(train.indices)], 40), epochs=10)
    right = [trainer.evaluate(batches(*digits[p.indices], 100))["right"] for p in (train, test)]
    counts = np.bincount(digits[test.indices][1].data, minlength=10)
    print(f"{name:<6} tested on" + "".join(f"{n:4}" for n in counts), "of the digits 0 to 9")
    print(f"       right: {right[0]:.0%} of the 800 learned, {right[1]:.0%} of the 200 others")
