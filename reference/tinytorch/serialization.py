"""Saving tensors in NumPy's npz format, never pickle (stage 01).

A pickle runs code when it is opened; an npz file holds numbers. Nested dictionaries, lists,
numbers, strings and tensors are kept: the arrays as arrays, their arrangement as JSON beside them.
"""

import json
import os
import zipfile

import numpy as np

from .tensor import Tensor

__all__ = ["load", "save"]


def save(obj, file):
    """Write nested dictionaries and lists of tensors, numbers and strings to one npz file.

    The file appears whole or not at all: it is written beside its place, then moved. Raises
    TypeError for anything else in `obj`.
    """
    arrays = []
    layout = json.dumps(_pack(obj, arrays))
    named = {f"array_{i}": array for i, array in enumerate(arrays)}
    draft = f"{os.fspath(file)}.{os.getpid()}.tmp"
    try:
        with open(draft, "wb") as stream:
            np.savez(stream, layout=np.array(layout), **named)
        os.replace(draft, file)
    finally:
        if os.path.exists(draft):
            os.remove(draft)


def load(file):
    """Read what `save` wrote. Raises ValueError where the file is damaged or of another kind."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            layout = json.loads(stored["layout"].item())
            return _unpack(layout, [stored[f"array_{i}"] for i in range(len(stored.files) - 1)])
    except (zipfile.BadZipFile, KeyError, IndexError, TypeError, ValueError, EOFError) as error:
        raise ValueError(
            f"{os.fspath(file)} is damaged or was not written by save(): {error}"
        ) from None


def _pack(obj, arrays):
    if isinstance(obj, (Tensor, np.ndarray)):
        arrays.append(np.asarray(obj.data if isinstance(obj, Tensor) else obj))
        return {"tensor" if isinstance(obj, Tensor) else "array": len(arrays) - 1}
    if isinstance(obj, dict):
        return {"dict": [[_pack(k, arrays), _pack(v, arrays)] for k, v in obj.items()]}
    if isinstance(obj, (list, tuple)):
        return {type(obj).__name__: [_pack(value, arrays) for value in obj]}
    if isinstance(obj, np.generic):
        obj = obj.item()
    if obj is None or isinstance(obj, (bool, int, float, str)):
        return obj
    raise TypeError(
        "save() keeps tensors, arrays, numbers, strings, lists and dictionaries, "
        f"not {type(obj).__name__}"
    )


def _unpack(layout, arrays):
    if not isinstance(layout, dict):
        return layout
    ((kind, value),) = layout.items()
    if kind in ("tensor", "array"):
        return Tensor(arrays[value]) if kind == "tensor" else arrays[value]
    if kind == "dict":
        return {_unpack(k, arrays): _unpack(v, arrays) for k, v in value}
    return (tuple if kind == "tuple" else list)(_unpack(item, arrays) for item in value)
