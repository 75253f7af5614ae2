"""Milestone 2, 1969: who is to blame, a network with hidden units, and its training."""

from tinytorch.layers import Linear, Sequential, Tanh
from tinytorch.losses import BCEWithLogitsLoss
from tinytorch.optimizers import Adam
from tinytorch.training import Trainer


def hidden_blame(error, weight, hidden):
    """Share the error of the output out among the hidden units.

    `error`, (N, 1), is the slope of the loss in the output's sum; `weight`, (1, H), leads from the
    hidden units to the output; `hidden`, (N, H), is what they said: tanh of their sums. Gives
    (N, H): the slope of the loss in the sum of each hidden unit. With it the first layer can
    learn as the last one does; that is what was missing in 1969.

    >>> hidden_blame(Tensor([[2.0]]), Tensor([[3.0, -1.0]]), Tensor([[0.0, 0.5]])).tolist()
    [[6.0, -1.5]]
    """
    raise NotImplementedError("milestone 2: hidden_blame")


def build_model(hidden):
    """Give a network of two inputs, one layer of `hidden` units with tanh, and one output.

    It takes rows (N, 2) and gives sums (N, 1): above 0 means 1, as in milestone 1.

    >>> build_model(3)(Tensor([[0.0, 1.0], [1.0, 1.0]])).shape
    (2, 1)
    >>> [parameter.shape for parameter in build_model(3).parameters()]
    [(3, 2), (3,), (1, 3), (1,)]
    """
    raise NotImplementedError("milestone 2: build_model")


def train(model, inputs, targets):
    """Train `model` on the rows given, all in one batch, and give back the Trainer.

    The loss is binary cross-entropy on the sums; how long, and who moves the weights, is yours.

    >>> rows, targets = Tensor([[0.0, 0.0], [1.0, 1.0]]), Tensor([[0.0], [1.0]])
    >>> train(Linear(2, 1), rows, targets).history[-1]["loss"] < 0.2
    True
    """
    raise NotImplementedError("milestone 2: train")
