"""Data sets in files: IDX (MNIST), CIFAR-10, and arrays larger than memory (stage 08).

A reader refuses a damaged file with a ValueError that says what is wrong with it. What is read in
silence is believed, and a network learns it.
"""

import contextlib
import gzip
import hashlib
import math
import os
import struct
import tarfile
import zlib
from pathlib import Path

import numpy as np

from .dataloader import Dataset, takes_batches
from .tensor import Tensor

__all__ = [
    "CIFAR10_CLASSES",
    "MemoryMapDataset",
    "read_cifar10",
    "read_idx",
    "read_mnist",
]

CIFAR10_CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
CIFAR10_FILES = {
    "train": [f"data_batch_{i}.bin" for i in range(1, 6)],
    "test": ["test_batch.bin"],
}
MNIST_FILES = {  # and the published MD5 of each, unpacked
    "train": {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    },
    "test": {
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
}
IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
RECORD = 1 + 3 * 32 * 32  # CIFAR-10: a label, then the red, green and blue plane
REGION = 2 * 2**20  # a large page: as much as looking at one number may bring into memory


# -- arrays larger than memory --------------------------------------------------------------------


class MemoryMapDataset(Dataset):
    """Rows of .npy files that stay on the disk: sample i is row i of each file.

    A file is mapped, not read: the system fetches a page when somebody looks at it, 4 KB or, in
    the worst case, REGION. It keeps what it fetched as long as the map exists, and would in the end
    hold the whole file; so a map serves for a few rows only, as many as may bring in `resident`
    bytes. `transform` is for the rows of the first file.
    """

    def __init__(self, *paths, transform=None, resident=64 * 2**20):
        self.files, self.transform, self.resident = (
            [_npy_layout(p) for p in paths],
            transform,
            resident,
        )
        lengths = {file["shape"][0] for file in self.files}
        if len(lengths) != 1:
            raise ValueError(f"MemoryMapDataset: files of {sorted(lengths)} rows do not match")
        self.length = lengths.pop()

    def __getitem__(self, index):
        """Copy row `index`, or the rows of a list of indices, of every file into memory."""
        first, *others = [Tensor(self._rows(file, np.asarray(index))) for file in self.files]
        if self.transform is not None:
            first = self.transform(first)
        return (first, *others)

    def __len__(self):
        return self.length

    @property
    def __getitems__(self):
        """Give the function for whole batches; None where the transform takes samples only."""
        return self.__getitem__ if takes_batches(self.transform) else None

    def _rows(self, file, index):
        if index.ndim == 0:
            return np.array(np.memmap(mode="r", **file)[int(index)])
        out = np.empty((len(index), *file["shape"][1:]), file["dtype"])
        few = max(1, self.resident // (out[:1].nbytes + REGION))
        for start in range(0, len(index), few):
            part = slice(start, start + few)
            out[part] = np.memmap(mode="r", **file)[index[part]]  # a map of its own: it goes here
        return out


def _npy_layout(path):
    """Say where in a .npy file its numbers are; ValueError where it is damaged or holds no rows."""
    try:
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} is no .npy file, or cut off: {error}") from None
    if not isinstance(rows, np.memmap) or rows.ndim == 0:
        raise ValueError(f"{path} holds no rows: an .npy file with at least one axis is needed")
    extra = os.path.getsize(path) - rows.offset - rows.nbytes
    if extra:
        raise ValueError(f"{path} has {extra} bytes after its array of shape {rows.shape}")
    order = "C" if rows.flags.c_contiguous else "F"
    where = {"filename": Path(path).resolve(), "offset": rows.offset}
    return {**where, "dtype": rows.dtype, "shape": rows.shape, "order": order}


# -- IDX, the format of MNIST ---------------------------------------------------------------------


def read_idx(path, checksum=None):
    """Read an IDX file, also as .gz, into an array of the shape and dtype that it states.

    Two zero bytes, a type, the number of axes; the sizes, 4 bytes each, high byte first; then the
    numbers, row by row. `checksum` is the MD5 or SHA-256 of the unpacked bytes. ValueError where
    anything is missing, too much or different.
    """
    with _telling_damage(path), _unpacking(path) as stream:
        data = stream.read()
    _check_sum(path, data, checksum)
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in IDX_TYPES:
        raise ValueError(f"{path} is no IDX file: it begins with {data[:4].hex(' ') or 'nothing'}")
    header = 4 + 4 * data[3]
    if len(data) < header:
        raise ValueError(f"{path} is cut off: {len(data)} bytes, and its header alone has {header}")
    shape = struct.unpack(f">{data[3]}I", data[4:header])
    dtype = np.dtype(IDX_TYPES[data[2]])
    expected = math.prod(shape) * dtype.itemsize
    if len(data) - header != expected:
        what = "is cut off" if len(data) - header < expected else "has bytes after its end"
        raise ValueError(
            f"{path} {what}: shape {shape} takes {expected} bytes, there are {len(data) - header}"
        )
    array = np.frombuffer(data, dtype, offset=header).reshape(shape)
    return array.astype(dtype.newbyteorder("="))


def read_mnist(folder, split="train", verify=True):
    """Read MNIST: pictures (N, 28, 28) uint8 and labels (N,) int64, "train" or "test".

    The files have their usual names, with or without .gz. `verify` compares the published MD5 of
    each; turn it off for data of the same form, such as Fashion-MNIST.
    """
    _check_split(split, MNIST_FILES)
    arrays = []
    for name, checksum in MNIST_FILES[split].items():
        path = next((p for end in ("", ".gz") if (p := Path(folder, name + end)).exists()), None)
        if path is None:
            raise FileNotFoundError(f"{folder} has neither {name} nor {name}.gz")
        arrays.append(read_idx(path, checksum if verify else None))
    images, labels = arrays
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise ValueError(f"{folder}: pictures {images.shape} and labels {labels.shape} do not fit")
    _check_labels(folder, labels)
    return images, labels.astype(np.int64)


# -- CIFAR-10 -------------------------------------------------------------------------------------


def read_cifar10(path, split="train", checksums=None):
    """Read CIFAR-10's binary version: pictures (N, 3, 32, 32) uint8 and labels (N,) int64.

    `path` is the .tar.gz, or the folder with its .bin files; `split` is "train" (five files) or
    "test". `checksums` maps names of files, that of the archive too, to their MD5 or SHA-256.
    ValueError where a file is missing from the archive, has no whole number of records, or holds
    a label above 9.
    """
    _check_split(split, CIFAR10_FILES)
    path, checksums, names = Path(path), checksums or {}, CIFAR10_FILES[split]
    files = _from_folder(path, names) if path.is_dir() else _from_tar(path, names, checksums)
    images, labels = [], []
    for name in names:
        data, where = files[name], f"{path.name}/{name}"
        _check_sum(where, data, checksums.get(name))
        if not data or len(data) % RECORD:
            raise ValueError(
                f"{where} has {len(data)} bytes, no whole number of records of {RECORD}"
            )
        records = np.frombuffer(data, np.uint8).reshape(-1, RECORD)
        _check_labels(where, records[:, 0])
        labels.append(records[:, 0].astype(np.int64))
        images.append(records[:, 1:].reshape(-1, 3, 32, 32))
    return np.concatenate(images), np.concatenate(labels)


def _from_folder(folder, names):
    inner = folder / "cifar-10-batches-bin"
    folder = inner if inner.is_dir() else folder
    missing = [name for name in names if not (folder / name).exists()]
    if missing:
        raise FileNotFoundError(f"{folder} has no {', '.join(missing)}")
    return {name: (folder / name).read_bytes() for name in names}


def _from_tar(path, names, checksums):
    """Take members out of an archive into memory; nothing is unpacked to the disk."""
    if checksums.get(path.name):
        _check_sum(path, path.read_bytes(), checksums[path.name])
    files = {}
    with _telling_damage(path), _unpacking(path) as stream:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if name in names and member.isfile():
                    files[name] = archive.extractfile(member).read()
        while stream.read(2**20):  # to the very end, where gzip keeps its own checksum
            pass
    missing = [name for name in names if name not in files]
    if missing:
        raise ValueError(f"{path} has no {', '.join(missing)} in it")
    return files


# -- checks ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def _telling_damage(path):
    """Turn what unpacking raises into one sentence."""
    try:
        yield
    except (gzip.BadGzipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise ValueError(f"{path} is damaged or cut off: {error}") from None


def _unpacking(path):
    """Open a file to be read; if it is gzip, by its first two bytes, what is packed in it."""
    with open(path, "rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else open(path, "rb")


def _check_sum(path, data, checksum):
    if checksum is None:
        return
    name = {32: "md5", 64: "sha256"}.get(len(checksum))
    if name is None:
        raise ValueError(f"{checksum!r} is neither an MD5 (32 digits) nor a SHA-256 (64)")
    found = hashlib.new(name, data, usedforsecurity=False).hexdigest()
    if found != checksum.lower():
        raise ValueError(f"{path} is not what it should be: its {name} is {found}, not {checksum}")


def _check_labels(path, labels):
    if labels.size and (int(labels.max()) > 9 or int(labels.min()) < 0):
        at = int(np.argmax((labels > 9) | (labels < 0)))
        raise ValueError(f"{path}: record {at} has label {labels[at]}; labels are 0 to 9")


def _check_split(split, files):
    if split not in files:
        raise ValueError(f"split is {' or '.join(map(repr, files))}, not {split!r}")
