"""A digit in five epochs, and what it helps: a network that has seen every shift."""

import numpy as np
from tinytorch import manual_seed
from tinytorch.dataloader import DataLoader, TensorDataset
from tinytorch.layers import Flatten, Linear, ReLU, Sequential
from tinytorch.losses import cross_entropy
from tinytorch.metrics import accuracy
from tinytorch.optimizers import Adam
from tinytorch.training import Trainer
from tinytorch.transforms import Compose, Normalize, RandomCrop, RandomHorizontalFlip, draws_for

FONT = """.###. ..#.. .###. .###. #..#. ##### .###. ##### .###. .###.
#...# .##.. #...# #...# #..#. #.... #.... ....# #...# #...#
#...# ..#.. ...#. ..##. ##### ####. ####. ...#. .###. .####
#...# ..#.. ..#.. #...# ...#. ....# #...# ..#.. #...# ....#
.###. .###. ##### .###. ...#. ####. .###. ..#.. .###. .###."""
glyphs = np.array([[list(g) for g in line.split()] for line in FONT.split("\n")]) == "#"
clean = np.zeros((10, 1, 9, 9), np.float32)
clean[:, 0, 2:7, 2:7] = glyphs.transpose(1, 0, 2)  # (10, 5, 5), in the middle of 9 x 9

shift, mirror = RandomCrop(9, padding=2), RandomHorizontalFlip(1.0)
seen = [clean[2]]
for epoch in range(5):
    with draws_for(0, epoch, [2], whole_batch=False):
        seen.append(shift(clean[2]))
print("as it is   epoch 0    epoch 1    epoch 2    epoch 3    epoch 4    flipped")
for lines in zip(*[picture[0] for picture in [*seen, mirror(clean[2])]], strict=True):
    print("  ".join("".join(".#"[int(v)] for v in line) for line in lines))

draw = np.random.default_rng(0)


def noisy(count):
    """Make digits in the middle of their frame, some grey on them."""
    y = draw.integers(0, 10, count)
    return clean[y] + draw.normal(0, 0.2, (count, 1, 9, 9)).astype(np.float32), y


train, (x, y) = noisy(300), noisy(1000)
scale = Normalize([0.16], [0.4])
tests = [
    TensorDataset(x, y, transform=scale),
    TensorDataset(x, y, transform=Compose([shift, scale])),
]
print("300 digits in the middle, 40 epochs     right: in the middle     shifted")
for name, transform in (("as they are", scale), ("shifted anew each epoch", tests[1].transform)):
    manual_seed(0)
    model = Sequential(Flatten(), Linear(81, 128), ReLU(), Linear(128, 10))
    optimizer = Adam(model.parameters(), lr=5e-3)
    trainer = Trainer(model, optimizer, cross_entropy, metrics={"right": accuracy})
    loader = DataLoader(TensorDataset(*train, transform=transform), 25, shuffle=True, generator=0)
    trainer.fit(loader, epochs=40)
    right = [trainer.evaluate(DataLoader(t, 500, generator=1))["right"] for t in tests]
    print(f"  learned from {name:<30}{right[0]:14.0%}{right[1]:12.0%}")
