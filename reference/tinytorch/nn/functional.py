"""Operations without modules around them: `tinytorch.nn.functional`.

A given file: it hands on what the stages define, on first use.
"""

from importlib import import_module

_HOME = {
    "avg_pool2d": "spatial",
    "binary_cross_entropy_with_logits": "losses",
    "conv2d": "spatial",
    "cosine_similarity": "embeddings",
    "cross_entropy": "losses",
    "embedding": "embeddings",
    "gelu": "activations",
    "log_softmax": "activations",
    "max_pool2d": "spatial",
    "mse_loss": "losses",
    "nll_loss": "losses",
    "one_hot": "embeddings",
    "relu": "activations",
    "sigmoid": "activations",
    "softmax": "activations",
    "tanh": "activations",
}
_PACKAGES = []

__all__ = [*_HOME]


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"tinytorch.{_HOME[name]}"), name)
    if name in _PACKAGES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*_HOME, *_PACKAGES])
