"""Finds the data sets of the milestones: in TINYTORCH_DATA, in the cache, or by a download.

`find("mnist")` looks in this order, and says each step in one line. A file is used only if its
bytes are the known ones: for a .gz file those inside it, since whoever packs anew gets another
wrapping. What is damaged in a folder that the user named is refused, not passed over.
"""

import gzip
import hashlib
import os
import sys
import textwrap
import zlib
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

__all__ = ["DATA", "DataError", "DataSet", "File", "Found", "cache_folder", "find"]

TIMEOUT = 5.0  # seconds without a byte after which a server counts as not there


class DataError(Exception):
    """Data that the user named, and that cannot be used; the message says which, and why."""


@dataclass(frozen=True)
class File:
    """One file: its name, how many bytes count, and the checksums that they may have.

    With `unpack`, size and checksums are those of the bytes inside the gzip wrapping. `digests`
    maps "md5:..." or "sha256:..." to what a file of this checksum is called, where it has a name
    of its own. `url` is the end of its address, where that is not the name.
    """

    name: str
    size: int | None
    digests: dict
    unpack: bool = False
    url: str = ""


@dataclass(frozen=True)
class DataSet:
    """A data set: what it is called, the folder it may stand in, its files, and its mirrors."""

    title: str
    folder: str
    files: tuple
    mirrors: tuple


@dataclass(frozen=True)
class Found:
    """A data set that is there: what to call it in a report, and where each file is."""

    title: str
    files: dict  # name -> Path


def _idx(name, size, md5):
    return File(f"{name}.gz", size, {f"md5:{md5}": ""}, unpack=True)


DATA = {
    "mnist": DataSet(
        title="MNIST",
        folder="mnist",
        files=(
            _idx("train-images-idx3-ubyte", 47_040_016, "6bbc9ace898e44ae57da46a324031adb"),
            _idx("train-labels-idx1-ubyte", 60_008, "a25bea736e30d166cdddb491f175f624"),
            _idx("t10k-images-idx3-ubyte", 7_840_016, "2646ac647ad5339dbf082846283269ea"),
            _idx("t10k-labels-idx1-ubyte", 10_008, "27ae3e4e09519cfbb04c329615203637"),
        ),
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
    ),
    "cifar10": DataSet(
        title="CIFAR-10",
        folder="cifar10",
        files=(
            File(
                "cifar-10-binary.tar.gz",
                None,
                {
                    "md5:c32a1d4ab5d03f1284b67883e8d87530": "",
                    "sha256:f03a594abbfe2c349e504d7b30c3a463bd5b6a4948b9e561d65fadb98ea36c13": (
                        "CIFAR-10, JPEG-decoded"
                    ),
                },
            ),
        ),
        mirrors=("https://www.cs.toronto.edu/~kriz/",),
    ),
    "shakespeare": DataSet(
        title="tiny Shakespeare",
        folder="shakespeare",
        files=(
            File(
                "tinyshakespeare.txt",
                1_115_394,
                {"sha256:86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed": ""},
                url="input.txt",
            ),
        ),
        mirrors=(
            "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/",
        ),
    ),
}


def find(name, say=None, environ=os.environ):
    """Give the data set `name` of DATA as Found, or None where it is nowhere to be had.

    Every step is said: `say` gets one line of text each, printed by default. TINYTORCH_DATA names
    a folder of the user's, TINYTORCH_MIRROR an address to download from instead of the known
    ones. Raises DataError where TINYTORCH_DATA is no folder, or holds a file that is not what it
    should be.
    """
    data, say = DATA[name], say or _print
    if named := environ.get("TINYTORCH_DATA"):
        found = _in_named(data, Path(named), say)
        if found:
            return found
    cache = cache_folder(environ) / data.folder
    found = _in_cache(data, cache, say)
    return found or _download(data, cache, say, environ.get("TINYTORCH_MIRROR"))


def cache_folder(environ=os.environ, platform=sys.platform):
    """Give the folder for downloads of this user, as the system wants it."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    if platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(environ.get("XDG_CACHE_HOME") or "")
        base = base if base.is_absolute() else home / ".cache"
    return base / "tinytorch"


# -- the three places


def _in_named(data, folder, say):
    if not folder.is_dir():
        raise DataError(f"TINYTORCH_DATA is {folder}, and there is no such folder")
    for place in (folder / data.folder, folder):
        there = {file.name: path for file in data.files if (path := _standing(place, file))}
        if not there:
            continue
        missing = [file.name for file in data.files if file.name not in there]
        if missing:
            raise DataError(f"TINYTORCH_DATA: {place} has no {' and no '.join(missing)}")
        title = _checked(data, there)
        say(f"{title}: from {place} (TINYTORCH_DATA).")
        return Found(title, there)
    say(f"{data.title}: not in TINYTORCH_DATA ({folder}).")
    return None


def _in_cache(data, folder, say):
    there = {file.name: path for file in data.files if (path := _standing(folder, file))}
    if len(there) < len(data.files):
        return None
    try:
        title = _checked(data, there)
    except DataError as error:
        say(f"{data.title}: the cache is damaged ({error}); downloading it anew.")
        return None
    say(f"{title}: from the cache, {folder}.")
    return Found(title, there)


def _download(data, folder, say, mirror):
    """Fetch what is not in the cache, from the first mirror that has it."""
    mirrors = [f"{mirror.rstrip('/')}/"] if mirror else data.mirrors
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for base in mirrors:
            try:
                there = {file.name: _fetch(data, file, base, folder, say) for file in data.files}
                return Found(_checked(data, there), there)
            except (OSError, ValueError, HTTPException, DataError) as error:
                say(f"{data.title}: no download from {_host(base)}: {_reason(error)}.")
    except OSError as error:
        say(f"{data.title}: cannot be kept in {folder}: {_reason(error)}.")
    return None


# -- one file


def _standing(folder, file):
    """Give the path of a file in this folder: packed, or unpacked under its name without .gz."""
    names = [file.name, file.name.removesuffix(".gz")] if file.unpack else [file.name]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _checked(data, there):
    """Check every file, and give the title that their checksums have."""
    titles = [_check(file, there[file.name]) for file in data.files]
    return next(filter(None, titles), data.title)


def _check(file, path):
    """Give what a file of this checksum is called; DataError says why it cannot be used."""
    sums = {kind: hashlib.new(kind) for kind in {d.partition(":")[0] for d in file.digests}}
    size = 0
    try:
        with _opened(file, path) as stream:
            while chunk := stream.read(1 << 20):
                size += len(chunk)
                if file.size is not None and size > file.size:
                    break
                for one in sums.values():
                    one.update(chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if file.size is not None and size != file.size:
        more = "more than " if size > file.size else ""
        raise DataError(f"{path} holds {more}{min(size, file.size):,} bytes, not {file.size:,}")
    for digest, title in file.digests.items():
        kind, _, expected = digest.partition(":")
        if sums[kind].hexdigest() == expected:
            return title
    got = " or ".join(f"{kind} {one.hexdigest()}" for kind, one in sums.items())
    raise DataError(f"{path} has been changed or damaged: its checksum is another one ({got})")


def _opened(file, path):
    """Open a file at the bytes that count; a gzip file says so in its first two."""
    with open(path, "rb") as stream:
        packed = file.unpack and stream.read(2) == b"\x1f\x8b"
    return gzip.open(path) if packed else open(path, "rb")


def _fetch(data, file, base, folder, say):
    """Download one file unless it is there and whole; it appears checked or not at all."""
    target = folder / file.name
    if target.is_file() and _whole(file, target):
        return target
    address = base + (file.url if file.url and base in data.mirrors else file.name)
    import urllib.request

    draft = target.with_name(f"{file.name}.{os.getpid()}.tmp")
    request = urllib.request.Request(address, headers={"User-Agent": "tinytorch"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer, open(draft, "wb") as kept:
            length = answer.headers.get("Content-Length")
            shown = f", {int(length) / 1e6:.1f} MB" if (length or "").isdigit() else ""
            say(f"{data.title}: downloading {file.name}{shown}, from {_host(base)}.")
            for chunk in iter(lambda: answer.read(1 << 16), b""):
                kept.write(chunk)
        _check(file, draft)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    return target


def _whole(file, path):
    try:
        _check(file, path)
    except DataError:
        return False
    return True


def _host(address):
    return address.partition("://")[2].partition("/")[0] or address


def _reason(error):
    reason = getattr(error, "reason", None) or error
    said = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return " ".join(str(said).split()).rstrip(".")


def _print(line):
    print(textwrap.fill(line, 80, subsequent_indent="  ", break_long_words=False,
                        break_on_hyphens=False))  # fmt: skip
