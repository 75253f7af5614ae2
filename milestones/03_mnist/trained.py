"""The trained network of milestone 3 as a file: the script writes it, the drawing page reads it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["NAME", "Trained", "load_trained", "save_trained", "trained_file"]

NAME = "mnist.npz"


@dataclass(frozen=True)
class Trained:
    """A network, how its inputs are scaled, and what it was trained on."""

    model: object
    mean: float  # of all pixels of the training pictures, which go from 0 to 1
    std: float
    data: str  # "MNIST", or "8x8 digits" where there was none
    accuracy: float  # on the test pictures, from 0 to 1

    def probabilities(self, pictures):
        """Give ten numbers that sum to 1 for each picture.

        One picture (28, 28) gives (10,), many (N, 28, 28) give (N, 10). They go from 0, paper, to
        1, ink.
        """
        from tinytorch.activations import softmax
        from tinytorch.autograd import no_grad
        from tinytorch.tensor import Tensor

        rows = np.asarray(pictures, np.float32).reshape(-1, 784)
        with no_grad():
            scores = self.model(Tensor((rows - self.mean) / self.std))
        found = softmax(scores, dim=-1).data
        return found[0] if np.ndim(pictures) == 2 else found


def trained_file():
    """Give the path of the file: beside the learner's mine.py."""
    import mine

    return Path(mine.__file__).resolve().with_name(NAME)


def save_trained(trained, path):
    """Write a Trained as numbers and words, no pickle; the file appears whole or not at all."""
    import tinytorch

    kept = {name: getattr(trained, name) for name in ("mean", "std", "data", "accuracy")}
    tinytorch.save({"state": trained.model.state_dict(), **kept}, path)


def load_trained(path, build_model):
    """Read what save_trained wrote, into a network made by `build_model()`.

    Raises FileNotFoundError where there is none yet, and ValueError where the file is damaged or
    the network has other layers than it had when it was trained.
    """
    import tinytorch

    kept = tinytorch.load(path)
    model = build_model()
    try:
        model.load_state_dict(kept.pop("state"))
        model.eval()
        return Trained(model, **kept)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a network of milestone 3: {error}") from None
