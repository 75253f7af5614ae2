"""An example. Change it, throw it away, write others: this folder is yours."""

from tinytorch import Tensor


def test_adding_zero_changes_nothing():
    x = Tensor([1.0, 2.0, 3.0])
    assert (x + 0.0).tolist() == [1.0, 2.0, 3.0]
