"""Reads the handwritten digits that come with the course; see README.md beside it."""

import gzip
import hashlib
import io
from pathlib import Path

import numpy as np

__all__ = ["load_digits", "split"]

FILE = Path(__file__).resolve().with_name("digits_8x8.csv.gz")
SHA256 = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"


def load_digits(file=FILE):
    """Give (images, labels): uint8 of shape (1797, 8, 8), from 0 to 16, and (1797,).

    Raises ValueError where the file does not hold what it should.
    """
    text = gzip.decompress(Path(file).read_bytes())
    if hashlib.sha256(text).hexdigest() != SHA256:
        raise ValueError(f"{file} has been changed or damaged: its checksum is another one")
    table = np.loadtxt(io.BytesIO(text), delimiter=",", dtype=np.uint8)
    return table[:, :64].reshape(-1, 8, 8), table[:, 64]


def split(count, part, seed):
    """Give the positions of `count` examples in two groups, `part` of them in the first.

    The same seed gives the same groups everywhere.
    """
    order = np.random.default_rng(seed).permutation(count)
    return np.split(order, [int(part * count)])
