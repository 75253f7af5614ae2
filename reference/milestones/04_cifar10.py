"""Milestone 4, 1998: the convolutional network, what its pictures go through, how it is trained."""

from tinytorch.layers import Dropout, Flatten, Linear, ReLU, Sequential
from tinytorch.normalization import BatchNorm2d
from tinytorch.optimizers import AdamW
from tinytorch.schedulers import OneCycleLR
from tinytorch.spatial import Conv2d, MaxPool2d
from tinytorch.transforms import Compose, Normalize, RandomCrop, RandomHorizontalFlip, ToDtype


def build_model():
    """Give a convolutional network for pictures of 3 channels, 32x32: (N, 3, 32, 32) to (N, 10).

    Ten scores for each picture, one a class; the highest is the answer. Scores, not
    probabilities: cross_entropy makes them itself.

    >>> build_model()(randn(2, 3, 32, 32)).shape
    (2, 10)
    """
    layers, before = [], 3
    for channels in (32, 64, 128):
        layers += [Conv2d(before, channels, 3, padding=1), MaxPool2d(2)]
        layers += [BatchNorm2d(channels), ReLU()]
        before = channels
    layers += [Flatten(), Dropout(0.2), Linear(128 * 4 * 4, 256), ReLU()]
    return Sequential(*layers, Dropout(0.2), Linear(256, 10))


def augment(mean, std):
    """Give the transform that the training pictures go through, anew in every epoch.

    Pictures come as they are in the file, uint8 (N, 3, 32, 32), and leave as float32 of the same
    shape: shifted by a few pixels at random, half of them flipped left to right, from 0 to 1,
    normalised. `mean` and `std` are lists of three numbers, those of the red, green and blue of all
    training pictures from 0 to 1. The test pictures do not come here: the script scales and
    normalises them, and that is all.

    >>> transform = augment([0.5, 0.5, 0.5], [0.25, 0.25, 0.25])
    >>> transform(np.full((2, 3, 32, 32), 255, np.uint8)).max().item()
    2.0
    """
    return Compose(
        [
            RandomCrop(32, padding=2),
            RandomHorizontalFlip(),
            ToDtype(scale=True),
            Normalize(mean, std),
        ]
    )


def configure(model, batches):
    """Give (optimizer, scheduler, epochs): how `model` is to be trained.

    `batches` is the number of batches in one epoch. The scheduler, a OneCycleLR, is stepped after
    every batch; so it has to last exactly epochs * batches steps.

    >>> optimizer, scheduler, epochs = configure(Linear(2, 2), 10)
    >>> scheduler.total_steps == 10 * epochs
    True
    """
    epochs = 10
    optimizer = AdamW(model.parameters(), lr=0.004, weight_decay=0.01)
    scheduler = OneCycleLR(optimizer, 0.004, total_steps=epochs * batches, pct_start=0.25)
    return optimizer, scheduler, epochs
