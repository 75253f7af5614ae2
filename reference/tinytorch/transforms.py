"""Transforms of pictures, and the random numbers that belong to a sample (stage 08).

A picture is (C, H, W), a batch of them (N, C, H, W). What is drawn for a sample depends on the
seed, the epoch and the sample's index alone: not on the batch it is in, the thread that loads it,
or what was drawn before.
"""

import contextlib
import functools
import threading

import numpy as np

from .creation import random_generator
from .tensor import Tensor, as_array

__all__ = [
    "Compose",
    "Normalize",
    "RandomCrop",
    "RandomHorizontalFlip",
    "ToDtype",
    "Transform",
    "draws_for",
    "uniforms",
]


class Transform:
    """What pictures go through: tensor or array, one picture or a batch in, the same kind out.

    Subclasses write `forward(images)`, which always gets an array (N, C, H, W) and gives a new
    one: what it was given belongs to the data set. `batched` tells a data set that a whole batch
    may come at once, and gives the same numbers as picture by picture.
    """

    batched = True

    def __call__(self, images):
        array = as_array(images)
        if array.ndim != 4 and (array.ndim != 3 or _loading.whole_batch):
            kind = "a batch is (N, C, H, W)" if _loading.whole_batch else "a picture is (C, H, W)"
            raise ValueError(
                f"{type(self).__name__}: {kind}, this has shape {array.shape}; "
                "a missing channel axis comes by reshape"
            )
        out = self.forward(array if array.ndim == 4 else array[None])
        if not isinstance(out, np.ndarray):
            kind = "None" if out is None else type(out).__name__
            gave = f"{type(self).__name__}.forward gave {kind} back"
            ask = "is a return missing?" if out is None else "it gets an array, and gives one"
            raise TypeError(f"{gave}: {ask}")
        out = out if array.ndim == 4 else out[0]
        return Tensor(out) if isinstance(images, Tensor) else out

    def forward(self, images):
        """Give new pictures (N, C, H, W) for these."""
        raise TypeError(f"{type(self).__name__} has no forward")


class Normalize(Transform):
    """Shift and scale each channel: (x - mean) / std, with one mean and std for each channel."""

    def __init__(self, mean, std):
        """Take a number for each channel; float32, and 0 is no std (ValueError)."""
        self.mean, self.std = np.float32(mean).reshape(-1), np.float32(std).reshape(-1)
        if not (self.std > 0).all():
            raise ValueError(f"Normalize: each std is above 0, these are {self.std.tolist()}")
        if self.mean.shape != self.std.shape:
            raise ValueError(f"Normalize: {self.mean.size} means and {self.std.size} stds")

    def forward(self, images):
        """Compute (x - mean) / std channel by channel: float (N, C, H, W) -> the same shape.

        `_check_channels`, given, refuses pictures that do not fit. Inputs around 0 of size 1 are
        what the first layer's initialisation counts on (stage 03). As torchvision's Normalize.

        >>> Normalize([0.5, 10.0], [0.5, 2.0])(np.float32([[[1.0]], [[14.0]]])).tolist()
        [[[1.0]], [[2.0]]]
        """
        self._check_channels(images)
        out = images - self.mean[:, None, None]
        out /= self.std[:, None, None]
        return out

    def _check_channels(self, images):
        if images.dtype.kind != "f":
            raise TypeError(
                f"Normalize: pictures are floating, these are {images.dtype}; "
                "ToDtype(scale=True) before it makes 0-255 into 0-1"
            )
        if images.shape[1] != self.mean.size:
            raise ValueError(
                f"Normalize: {self.mean.size} means for {images.shape[1]} channels, "
                f"pictures of shape {images.shape[1:]}"
            )


class RandomHorizontalFlip(Transform):
    """Exchange left and right in a part of the pictures."""

    def __init__(self, p=0.5):
        """Flip each picture with probability p, from 0 to 1."""
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"the probability of a flip is from 0 to 1, not {p}")
        self.p = p

    def forward(self, images):
        """Flip each picture for which `uniforms` draws less than p: (N, C, H, W), a new array.

        A horse that looks to the left is a horse: the network sees twice as many pictures. As
        torchvision's, but there a batch flips as one.

        >>> RandomHorizontalFlip(1.0)(np.array([[[1, 2, 3]]])).tolist()
        [[[3, 2, 1]]]
        """
        flipped = uniforms(len(images), 1)[:, 0] < self.p  # (N,)
        out = images.copy()
        out[flipped] = images[flipped, :, :, ::-1]
        return out


class RandomCrop(Transform):
    """Cut a window out of each picture at a random place."""

    def __init__(self, size, padding=0, fill=0):
        """Cut `size` (height and width, or one number for both) out of the picture.

        Before that `padding` rows and columns of the number `fill` are put around it, so that a
        crop of the old size shifts the picture.
        """
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        self.padding, self.fill = padding, fill
        if min(*self.size) < 1 or padding < 0:
            raise ValueError(f"RandomCrop: a size of {self.size} and a padding of {padding}")

    def forward(self, images):
        """Cut a window (h, w) = `size` out of each picture: (N, C, H, W) -> (N, C, h, w).

        `_padded`, given, puts the margin around. The top row of a window is one of the H - h + 1
        possible ones, H with the margin, each as likely; the left column likewise. `uniforms` draws
        two numbers for each picture, the first for the top. What is learned then does not hang on
        the exact place. As torchvision's, but there a batch is cut at one place.

        >>> RandomCrop(2)(np.ones((3, 2, 2))).shape
        (3, 2, 2)
        """
        padded = self._padded(images)
        room = np.subtract(padded.shape[2:], self.size) + 1  # possible tops, possible lefts
        corners = (uniforms(len(images), 2) * room).astype(int)  # (N, 2)
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(2, 3))
        return windows[np.arange(len(images)), :, corners[:, 0], corners[:, 1]]

    def _padded(self, images):
        """Put the margin around; refuse pictures that are smaller than the window."""
        n, channels, height, width = images.shape
        p, (h, w) = self.padding, self.size
        if height + 2 * p < h or width + 2 * p < w:
            raise ValueError(
                f"RandomCrop: no window of {self.size} fits into pictures of {(height, width)} "
                f"with a padding of {p}"
            )
        if p == 0:
            return images
        out = np.full((n, channels, height + 2 * p, width + 2 * p), self.fill, images.dtype)
        out[:, :, p:-p, p:-p] = images
        return out


class ToDtype:
    """Convert to a dtype; with scale=True whole numbers become parts of the largest: 255 is 1."""

    batched = True

    def __init__(self, dtype=np.float32, scale=False):
        self.dtype, self.scale = np.dtype(dtype), scale

    def __call__(self, x):
        array = as_array(x)
        out = array.astype(self.dtype)
        if self.scale and array.dtype.kind in "iu" and self.dtype.kind == "f":
            out /= np.iinfo(array.dtype).max
        return Tensor(out) if isinstance(x, Tensor) else out


class Compose:
    """Several transforms, one after the other; whole batches at once where each of them can."""

    def __init__(self, transforms):
        self.transforms = list(transforms)

    @property
    def batched(self):
        """Tell whether a whole batch may come at once."""
        return all(getattr(t, "batched", False) for t in self.transforms)

    def __call__(self, x):
        for transform in self.transforms:
            x = transform(x)
        return x


# -- random numbers that belong to a sample --------------------------------------------------------


class _Loading(threading.local):
    """Which samples this thread is loading just now, for whom `uniforms` draws."""

    indices, seed, epoch, calls, whole_batch = None, 0, 0, 0, False


_loading = _Loading()


@contextlib.contextmanager
def draws_for(seed, epoch, indices, whole_batch=True):
    """Let `uniforms` draw for these samples of this epoch inside a `with` block, in this thread.

    With whole_batch=False one sample is loaded, and transforms see it without a batch axis.
    """
    before = dict(_loading.__dict__)
    _loading.indices, _loading.calls = np.asarray(indices, np.uint64), 0
    _loading.seed, _loading.epoch, _loading.whole_batch = seed, epoch, whole_batch
    try:
        yield
    finally:
        _loading.__dict__.clear()
        _loading.__dict__.update(before)


def uniforms(samples, count):
    """Draw `count` numbers from [0, 1) for each of the samples being loaded: (samples, count).

    Inside `draws_for` they depend on (seed, epoch, index) and on how many calls came before for
    this sample, on nothing else. Outside they come from the framework's generator, which
    `manual_seed` starts. SplitMix64 (Steele, Lea and Flood 2014) is a generator whose nth number
    can be had without those before it: here n is made of index and position, so that no sample
    waits for another, and a batch costs as much as one sample.
    """
    if _loading.indices is None:
        return random_generator().random((samples, count))
    key = _key(_loading.seed, _loading.epoch, _loading.calls)
    _loading.calls += 1
    indices = _loading.indices
    if len(indices) != samples and len(indices) != 1:
        raise ValueError(f"numbers for {samples} samples were asked for, {len(indices)} are loaded")
    places = indices[:, None] * np.uint64(count) + np.arange(1, count + 1, dtype=np.uint64)
    drawn = _splitmix64(key, places)
    return np.broadcast_to((drawn >> np.uint64(11)) * 2.0**-53, (samples, count))


@functools.lru_cache(maxsize=256)
def _key(seed, epoch, call):
    """Mix what all samples of an epoch share into 64 bits, (1,)."""
    return np.random.SeedSequence([seed, epoch, call]).generate_state(1, np.uint64)


def _splitmix64(key, places):
    """Give the numbers at these places of the sequence that starts at `key`: 64 bits each."""
    bits = key + places * np.uint64(0x9E3779B97F4A7C15)  # wraps around at 2**64, as it should
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
