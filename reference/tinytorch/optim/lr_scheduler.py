"""Learning rates that change: `tinytorch.optim.lr_scheduler`.

A given file: it hands on what the stages define, on first use.
"""

from importlib import import_module

_HOME = {
    "CosineAnnealingLR": "schedulers",
    "ExponentialLR": "schedulers",
    "LRScheduler": "schedulers",
    "LambdaLR": "schedulers",
    "LinearLR": "schedulers",
    "MultiStepLR": "schedulers",
    "OneCycleLR": "schedulers",
    "SequentialLR": "schedulers",
    "StepLR": "schedulers",
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
