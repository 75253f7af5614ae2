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
    raise NotImplementedError("milestone 4: build_model")


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
    raise NotImplementedError("milestone 4: augment")


def configure(model, batches):
    """Give (optimizer, scheduler, epochs): how `model` is to be trained.

    `batches` is the number of batches in one epoch. The scheduler, a OneCycleLR, is stepped after
    every batch; so it has to last exactly epochs * batches steps.

    >>> optimizer, scheduler, epochs = configure(Linear(2, 2), 10)
    >>> scheduler.total_steps == 10 * epochs
    True
    """
    raise NotImplementedError("milestone 4: configure")
