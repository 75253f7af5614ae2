"""Numbers that say how a model does (stage 07)."""

import numpy as np

__all__ = ["Means", "accuracy"]


def accuracy(outputs, targets):
    """Give the share of right answers: scores (N, C) and classes (N,), a number from 0 to 1.

    The answer of a row is the class with the largest score. The loss says how sure a model is of
    what is right, this says how often it is right.

    >>> accuracy(Tensor([[2.0, 1.0], [0.0, 5.0], [3.0, 4.0]]), Tensor([0, 0, 1]))
    0.6666666666666666
    """
    return float(np.mean((outputs.argmax(dim=1) == targets).data))


# -- given -----------------------------------------------------------------------------------------


class Means:
    """Running means of named numbers, each weighed by how many examples it stands for."""

    def __init__(self):
        self.sums, self.count = {}, 0

    def add(self, values, count):
        """Add the means of a batch, a dictionary of numbers, over its `count` examples."""
        self.count += count
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * count

    def result(self):
        """Give the means over all examples so far, by name. ValueError where there were none."""
        if self.count == 0:
            raise ValueError(
                "there were no examples: an iterator is used up after one pass (give a list of "
                "batches, batches(...), or a loader), and finish_epoch() begins new means (what "
                "it gives are the old ones)"
            )
        return {name: total / self.count for name, total in self.sums.items()}
