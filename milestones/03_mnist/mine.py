"""Milestone 3, 1986: the network, how it is trained, and how a drawing becomes its input."""

import numpy as np
from tinytorch.layers import Dropout, Linear, ReLU, Sequential
from tinytorch.optimizers import AdamW
from tinytorch.schedulers import OneCycleLR


def build_model():
    """Give a network of two or three layers that reads digits of 28x28.

    It takes rows of 784 numbers, (N, 784), and gives ten scores for each, (N, 10), one for each
    digit; the highest is its answer. Scores, not probabilities: cross_entropy makes them itself.

    >>> build_model()(randn(3, 784)).shape
    (3, 10)
    """
    raise NotImplementedError("milestone 3: build_model")


def configure(model, batches):
    """Give (optimizer, scheduler, epochs): how `model` is to be trained.

    `batches` is the number of batches in one epoch. The scheduler, a OneCycleLR, is stepped after
    every batch; so it has to last exactly epochs * batches steps.

    >>> optimizer, scheduler, epochs = configure(Linear(2, 2), 10)
    >>> scheduler.total_steps == 10 * epochs
    True
    """
    raise NotImplementedError("milestone 3: configure")


def preprocess(drawing):
    """Make of a drawing what the pictures of MNIST are: float32 of shape (28, 28), from 0 to 1.

    `drawing` is a uint8 array (H, W): 0 is paper, 255 is ink. The smallest rectangle with all ink
    is shrunk, or enlarged, until its longer side has 20 pixels, and put where its centre of mass
    comes as near as whole pixels allow to row 14, column 14; but never beyond the edge. Nothing
    drawn gives zeros. LeCun et al. 1998 made MNIST in this way: a network reads what it has seen.

    >>> drawing = np.zeros((280, 280), np.uint8)
    >>> drawing[20:220, 200:230] = 255  # a 1: 200 rows, 30 columns
    >>> preprocess(drawing)[14, 11:18].tolist()
    [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    """
    raise NotImplementedError("milestone 3: preprocess")


def resized(picture, height, width):
    """Give a picture (H, W) as (height, width): each new pixel is the mean of the area it covers.

    Taking every tenth pixel would be shorter, and lose a line that runs between two of them.
    """
    return shares(picture.shape[0], height) @ picture @ shares(picture.shape[1], width).T


def shares(old, new):
    """Give (new, old): how much each of `old` pixels counts in each of `new`; rows sum to 1."""
    edges, pixels = np.arange(new + 1) * old / new, np.arange(old)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return overlap.clip(0) * new / old  # (new, old)
