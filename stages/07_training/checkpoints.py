"""Checkpoint files: all of a run in one file that is whole or refused (stage 07).

Nothing here is yours to write. Read `write_checkpoint`: a run may be killed in any line of it.
"""

import glob
import hashlib
import json
import os

import numpy as np

from .serialization import load, save
from .tensor import Tensor

__all__ = ["read_checkpoint", "write_checkpoint"]

KIND = "tinytorch checkpoint, version 1"


def write_checkpoint(state, path):
    """Write a state (nested dictionaries of tensors and numbers) to one npz file, with a checksum.

    At any moment `path` holds the old state or the new one, never a part: the file is written
    beside its place, brought to the disk, then moved. Raises TypeError for what `save` refuses.
    """
    draft = f"{os.fspath(path)}.new"
    for litter in glob.glob(f"{glob.escape(draft)}*"):
        os.remove(litter)  # of a run that was killed in here
    try:
        save({"kind": KIND, "checksum": checksum(state), "state": state}, draft)
        with open(draft, "rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(draft, path)
    finally:
        if os.path.exists(draft):
            os.remove(draft)


def read_checkpoint(path):
    """Read the state that `write_checkpoint` wrote.

    Raises FileNotFoundError where there is none, and ValueError where the file is damaged or
    something else. Nothing in it is run: it holds numbers and words, no pickle.
    """
    if not os.path.exists(path):
        raise FileNotFoundError(f"there is no checkpoint {os.fspath(path)}")
    try:
        content = load(path)
    except Exception as error:  # a damaged archive can fail in any way that zip files know
        reason = str(error).rpartition(" save(): ")[2]  # load() names the file, too
        raise ValueError(f"{os.fspath(path)} is damaged, or no checkpoint: {reason}") from None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise ValueError(f"{os.fspath(path)} is no checkpoint of a Trainer; load() reads it")
    if content.get("checksum") != checksum(content.get("state")):
        raise ValueError(f"{os.fspath(path)} is damaged: its checksum does not fit its content")
    return content["state"]


def checksum(state):
    """Give the SHA-256 of a state: of its arrangement, and of every array's dtype, shape, bytes."""
    digest = hashlib.sha256()
    arrays = []
    digest.update(json.dumps(_outline(state, arrays)).encode())
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _outline(value, arrays):
    """Give a state as JSON can write it, and put its arrays, in order, into a list."""
    if isinstance(value, (Tensor, np.ndarray)):
        arrays.append(np.asarray(value.data if isinstance(value, Tensor) else value))
        return "tensor" if isinstance(value, Tensor) else "array"
    if isinstance(value, dict):
        return [[_outline(k, arrays), _outline(v, arrays)] for k, v in value.items()]
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, *(_outline(item, arrays) for item in value)]
    return value.item() if isinstance(value, np.generic) else value
