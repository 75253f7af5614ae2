"""Milestone 3: a network for 60,000 digits, how it is trained, and your own drawings."""

import numpy as np
from tinytorch.layers import Linear
from tinytorch.tensor import Tensor

from checker.expect import expect_equal


def model():
    from mine import build_model

    return build_model()


def configured(network, batches):
    from mine import configure

    return configure(network, batches)


def pictures(n):
    """Make n rows of 784 numbers, as far from 0 as those of MNIST."""
    return Tensor(np.random.default_rng(0).standard_normal((n, 784)).astype(np.float32))


# -- build_model


def test_unit_build_model_example():
    expect_equal(model()(pictures(3)).shape, (3, 10), "the shape of the scores of three pictures")


# -- configure


def test_unit_configure_example():
    _, scheduler, epochs = configured(Linear(2, 2), 10)
    expect_equal(scheduler.total_steps, 10 * epochs, f"the steps planned for {epochs} epochs of 10")


# -- preprocess


def test_unit_preprocess_example():
    from mine import preprocess

    small = preprocess(np.zeros((280, 280), np.uint8))
    expect_equal(small.shape, (28, 28), "the shape of a drawing of 280x280 made small")


def test_module():
    from mine import preprocess

    network = model()
    row = preprocess(np.zeros((280, 280), np.uint8)).reshape(1, 784)
    expect_equal(network(Tensor(row)).shape, (1, 10), "the shape of the scores of a drawing")
