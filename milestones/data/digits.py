"""Reads the handwritten digits that come with the course; see README.md beside it."""

import gzip
import hashlib
import io
from pathlib import Path

import numpy as np

__all__ = ["enlarge", "load_digits", "split"]

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


def enlarge(images):
    """Give pictures (N, 8, 8) from 0 to 16 in the form of MNIST: float32 (N, 28, 28), 0 to 1.

    Each is made 20x20, by lines between the old pixels' centres, and put where its centre of mass
    comes to row 14, column 14, as far as the edge allows.
    """
    places = np.clip((np.arange(20) + 0.5) * 8 / 20 - 0.5, 0, 7)
    lines = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(8)))  # (20, 8)
    small = (lines @ images @ lines.T / 16).astype(np.float32)  # (N, 20, 20)
    mass = np.maximum(small.sum(axis=(1, 2)), 1e-6)
    rows = np.rint(14 - small.sum(axis=2) @ np.arange(20) / mass).astype(int).clip(0, 8)
    columns = np.rint(14 - small.sum(axis=1) @ np.arange(20) / mass).astype(int).clip(0, 8)
    large = np.zeros((len(images), 28, 28), np.float32)
    for picture, digit, row, column in zip(large, small, rows, columns, strict=True):
        picture[row : row + 20, column : column + 20] = digit
    return large
