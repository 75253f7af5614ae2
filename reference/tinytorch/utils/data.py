"""Data sets and loaders: `tinytorch.utils.data`.

A given file: it hands on what the stages define, on first use.
"""

from importlib import import_module

_HOME = {
    "Compose": "transforms",
    "DataLoader": "dataloader",
    "Dataset": "dataloader",
    "MemoryMapDataset": "readers",
    "Normalize": "transforms",
    "RandomCrop": "transforms",
    "RandomHorizontalFlip": "transforms",
    "Subset": "dataloader",
    "TensorDataset": "dataloader",
    "ToDtype": "transforms",
    "default_collate": "dataloader",
    "random_split": "dataloader",
    "read_cifar10": "readers",
    "read_idx": "readers",
    "read_mnist": "readers",
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
