"""Modules: layers, containers and losses: `tinytorch.nn`.

A given file: it hands on what the stages define, on first use.
"""

from importlib import import_module

_HOME = {
    "AvgPool2d": "spatial",
    "BCEWithLogitsLoss": "losses",
    "BatchNorm2d": "normalization",
    "Conv2d": "spatial",
    "CrossEntropyLoss": "losses",
    "Dropout": "layers",
    "Embedding": "embeddings",
    "Flatten": "layers",
    "GELU": "layers",
    "Identity": "layers",
    "Linear": "layers",
    "MSELoss": "losses",
    "MaxPool2d": "spatial",
    "Module": "layers",
    "ModuleList": "layers",
    "NLLLoss": "losses",
    "Parameter": "layers",
    "ReLU": "layers",
    "Sequential": "layers",
    "Sigmoid": "layers",
    "Softmax": "layers",
    "Tanh": "layers",
}
_PACKAGES = ["functional", "init", "utils"]

__all__ = [*_HOME]


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"tinytorch.{_HOME[name]}"), name)
    if name in _PACKAGES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*_HOME, *_PACKAGES])
