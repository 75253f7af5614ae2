"""Milestone 3, 1986: the network, how it is trained, and how a drawing becomes its input."""

import numpy as np
from tinytorch.layers import Linear, ReLU, Sequential
from tinytorch.optimizers import AdamW
from tinytorch.training import OneCycleLR


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

    `drawing` is a uint8 array (H, W): 0 is paper, 255 is ink. Nothing drawn gives zeros.

    >>> preprocess(np.zeros((280, 280), np.uint8)).shape
    (28, 28)
    """
    raise NotImplementedError("milestone 3: preprocess")
