"""Assertions for suites: what was expected, what came, and why it matters.

Every message starts with a sentence in plain words that a learner can act on. Suites use these
instead of bare asserts, so that the checker can show the parts one under the other.
"""

import re

import numpy as np

__all__ = [
    "Mismatch",
    "expect_close",
    "expect_equal",
    "expect_raises",
    "expect_true",
    "expect_unchanged",
]


FORGOTTEN_RETURN = "A function without a return gives None: is a return missing?"
KEEP_DTYPE = (
    "The dtype is not what it was. float64 takes twice the memory of float32, and float32 loses "
    "digits of float64, so nothing may change it on the way."
)


class Mismatch(AssertionError):
    """A result that is not what it should be, in parts that the checker can lay out."""

    def __init__(self, headline, why="", expected=None, got=None, relation=""):
        self.headline, self.why, self.relation = headline, why, relation
        self.expected, self.got = expected, got
        parts = [headline, relation, why]
        if expected is not None:
            parts += [f"expected {expected}", f"got      {got}"]
        super().__init__("\n".join(part for part in parts if part))


def expect_close(got, expected, what, why="", *, rtol=1e-5, atol=1e-6, dtype=None):
    """Compare numbers, arrays or tensors: type, shape, dtype (where given), then values."""
    __tracebackhide__ = True
    value = _array(got)
    expected = np.asarray(expected)
    if value is None:
        why = FORGOTTEN_RETURN if got is None else why
        raise Mismatch(f"{what} is {_short(got)}, expected {show(expected)}", why)
    if value.shape != expected.shape:
        raise Mismatch(
            f"{what} has shape {value.shape}, expected {expected.shape}",
            why, show(expected), show(value),
        )  # fmt: skip
    if dtype is not None and value.dtype != np.dtype(dtype):
        why = why if re.search(r"\b(dtype|float\d*|int\d*)\b", why) else KEEP_DTYPE
        raise Mismatch(f"{what} is {value.dtype}, expected {np.dtype(dtype)}", why)
    if np.allclose(value, expected, rtol=rtol, atol=atol, equal_nan=True):
        return
    relation = _relation(value, expected)
    if value.size <= 4:
        raise Mismatch(
            f"{what} is {show(value)}, expected {show(expected)}", why, relation=relation
        )
    bad = ~np.isclose(value, expected, rtol=rtol, atol=atol, equal_nan=True)
    at = tuple(int(i) for i in np.argwhere(bad)[0])
    where = f"[{', '.join(map(str, at))}]"
    raise Mismatch(
        f"{what}: {int(bad.sum())} of {bad.size} numbers differ; at {where} it is "
        f"{show(value[at])}, expected {show(expected[at])}",
        why, show(expected), show(value), relation,
    )  # fmt: skip


def expect_equal(got, expected, what, why=""):
    """Compare things that are not arrays: shapes, names, numbers; their types count too."""
    __tracebackhide__ = True
    if type(got) is not type(expected) or got != expected:
        if got is None:
            why = FORGOTTEN_RETURN
        elif type(got) is not type(expected) and isinstance(expected, tuple | list):
            why = f"It has to be a {type(expected).__name__}, not a {type(got).__name__}."
        raise Mismatch(f"{what} is {_short(got)}, expected {_short(expected)}", why)


def expect_true(condition, headline, why=""):
    """Require a condition that has no one expected value; the headline says what is wrong."""
    __tracebackhide__ = True
    if not condition:
        raise Mismatch(headline, why)


def expect_raises(error, call, what, why="", mentions=()):
    """Require an error of this type whose message mentions every given piece of text."""
    __tracebackhide__ = True
    try:
        result = call()
    except NotImplementedError:
        raise
    except error as caught:
        missing = [text for text in map(str, mentions) if text not in str(caught)]
        if missing:
            raise Mismatch(
                f"{what} raises {type(caught).__name__}, but its message does not name "
                f"{' and '.join(missing)}",
                why or "A message without the numbers makes the reader search for them.",
                f"a message with {', '.join(map(str, mentions))}", repr(str(caught)),
            ) from None  # fmt: skip
        return
    except Exception as caught:
        raise Mismatch(
            f"{what} raises {type(caught).__name__}, expected {error.__name__}",
            why, error.__name__, f"{type(caught).__name__}: {caught}",
        ) from caught  # fmt: skip
    raise Mismatch(f"{what} gives {_short(result)}, expected {error.__name__}", why)


def expect_unchanged(array, before, what):
    """Require that an input still is what it was."""
    __tracebackhide__ = True
    if not np.array_equal(_array(array), before, equal_nan=True):
        raise Mismatch(
            f"{what} changed its input in place",
            "Whoever called still holds that array and finds other numbers in it. Make a new one.",
            show(before), show(_array(array)),
        )  # fmt: skip


def show(value):
    """Give an array, or a tensor, short enough for one line of a message."""
    array = np.asarray(value)
    text = np.array2string(array, precision=4, suppress_small=True, threshold=12, edgeitems=2)
    text = " ".join(text.split()).replace("[ ", "[")
    return text if len(text) <= 48 else f"{text[:30]} … shape {array.shape}"


def _array(value):
    numbers = (np.ndarray, np.generic)  # their own .data is a memoryview
    data = value if isinstance(value, numbers) else getattr(value, "data", value)
    if isinstance(data, (np.ndarray, np.generic, int, float, bool)):
        return np.asarray(data)
    return None


def _short(value):
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "…"


def _relation(got, expected):
    """Name a simple relation between what came and what should have come, if there is one."""
    if got.dtype.kind not in "iuf" or expected.dtype.kind not in "iuf" or got.size < 2:
        return ""
    a, b = got.astype(float), expected.astype(float)
    with np.errstate(all="ignore"):
        if np.isnan(a).any() and not np.isnan(b).any():
            return f"{int(np.isnan(a).sum())} of {a.size} numbers are nan"
        if np.allclose(a, -b):
            return "every sign is turned"
        if np.any(b) and not np.any(a):
            return "all numbers are 0"
        ratio = a[b != 0] / b[b != 0]
        if ratio.size > 1 and np.allclose(ratio, ratio.flat[0]) and np.allclose(a[b == 0], 0):
            return f"every element is {ratio.flat[0]:.4g} x what it should be"
        if np.allclose(a - b, (a - b).flat[0]):
            return f"every element is {(a - b).flat[0]:+.4g} off"
        if a.ndim == 2 and a.shape[0] == a.shape[1] and np.allclose(a, b.T):
            return "it is the transpose of what it should be"
        if np.allclose(np.sort(a, axis=None), np.sort(b, axis=None)):
            return "the right numbers, in other places"
    return ""
