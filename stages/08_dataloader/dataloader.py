"""Data sets and the loader that makes batches of them (stage 08).

Order of the file: data sets, what an epoch's batches are, the loader, and the thread that loads
ahead. Pictures are changed by `transforms.py`; files are read by `readers.py`.
"""

import contextlib
import threading
from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np

from .creation import random_generator
from .tensor import Tensor, as_array
from .transforms import draws_for

__all__ = [
    "DataLoader",
    "Dataset",
    "Subset",
    "TensorDataset",
    "collate",
    "default_collate",
    "index_batches",
    "prefetch",
    "random_split",
]


class Dataset:
    """Samples that have numbers: subclasses write `__getitem__(index)` and `__len__()`.

    A sample is what a batch is collated of: usually a pair (input, target). A data set that can
    load many at once offers `__getitems__(indices)` as well, which gives a finished batch as a
    tuple, or a list of samples; where it is None, samples are loaded one by one.
    """

    def __getitem__(self, index):
        raise TypeError(f"{type(self).__name__} has no __getitem__")

    def __len__(self):
        raise TypeError(f"{type(self).__name__} has no __len__")


class TensorDataset(Dataset):
    """Tensors that go together: sample i is row i of each of them."""

    def __init__(self, *tensors, transform=None):
        """Take tensors (or arrays) of one length, ValueError else, and a transform of the first."""
        self.tensors = tuple(t if isinstance(t, Tensor) else Tensor(t) for t in tensors)
        self.transform = transform
        if len({t.shape[:1] for t in self.tensors}) != 1 or self.tensors[0].ndim == 0:
            shapes = ", ".join(str(t.shape) for t in self.tensors) or "none"
            raise ValueError(f"TensorDataset: tensors of one length are needed, shapes: {shapes}")

    def __getitem__(self, index):
        """Give row `index` of every tensor, as a tuple; of the first what `transform` makes of it.

        `index` is a number, or a list or array of them: then a whole batch comes, each tensor
        indexed once. IndexError beyond the end. One index for all keeps inputs and labels together.

        >>> TensorDataset(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([5, 6]))[1]
        (Tensor([3., 4.]), Tensor(6))
        """
        raise NotImplementedError("stage 08: TensorDataset.__getitem__")

    def __len__(self):
        return self.tensors[0].shape[0]

    @property
    def __getitems__(self):
        """Give the function for whole batches; None where the transform takes samples only."""
        return self.__getitem__ if takes_batches(self.transform) else None


class Subset(Dataset):
    """The samples of another data set at these indices."""

    def __init__(self, dataset, indices):
        self.dataset, self.indices = dataset, np.asarray(indices, dtype=np.int64)

    def __getitem__(self, index):
        return self.dataset[int(self.indices[index])]

    def __len__(self):
        return len(self.indices)

    @property
    def __getitems__(self):
        """Give the function for whole batches, if the data set below has one."""
        whole = getattr(self.dataset, "__getitems__", None)
        return None if whole is None else lambda indices: whole(self.indices[indices])


def random_split(dataset, lengths, generator=None):
    """Deal all samples out into subsets of these lengths, at random, each sample to one subset.

    `lengths` are whole numbers, or fractions that add up to 1: `_whole_lengths`, given, makes
    numbers of them and refuses what does not add up. With an int as `generator` the deal can be
    repeated: `_generator`, given. Data often lie in an order; a cut without a shuffle would train
    on one half of the world and test on the other. As `torch.utils.data.random_split`.

    >>> parts = random_split(TensorDataset(Tensor(range(10))), [7, 3], generator=0)
    >>> [len(part) for part in parts]
    [7, 3]
    """
    raise NotImplementedError("stage 08: random_split")


# -- batches ---------------------------------------------------------------------------------------


def index_batches(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    """List the batches of one epoch: arrays of indices that hold each of 0 … count - 1 once.

    With shuffle=True the order is random: drawn from SeedSequence([seed, epoch]) and nothing
    else, so that an epoch's order can be had again after a restart. The last batch may be shorter;
    with drop_last=True it is then left out.

    >>> [batch.tolist() for batch in index_batches(5, 2)]
    [[0, 1], [2, 3], [4]]
    """
    raise NotImplementedError("stage 08: index_batches")


def collate(samples):
    """Make one batch of a list of samples: what is a number in each is a tensor of them.

    Tensors, arrays and numbers are stacked along a new first axis (`_check_shapes`, given, raises
    ValueError where shapes differ); tuples, lists and dictionaries are gone through part by part;
    strings stay a list. As `torch.utils.data.default_collate`, but Python's floats become float32.

    >>> collate([(Tensor([1.0, 2.0]), 0), (Tensor([3.0, 4.0]), 1)])
    (Tensor([[1., 2.],
            [3., 4.]]), Tensor([0, 1]))
    """
    raise NotImplementedError("stage 08: collate")


@dataclass
class Progress:
    """How far a walk through the data is: its epoch, and how many batches it has handed out."""

    epoch: int = 0
    position: int = 0
    begun: bool = False

    def finish(self):
        """Stand at the start of the next epoch."""
        self.epoch, self.position, self.begun = self.epoch + 1, 0, False


class DataLoader:
    """Batches of a data set, epoch after epoch: `for inputs, targets in loader`."""

    def __init__(
        self,
        dataset,
        batch_size=1,
        shuffle=False,
        *,
        drop_last=False,
        collate_fn=None,
        generator=None,
        num_workers=0,
        prefetch_factor=2,
        pin_memory=False,
        persistent_workers=False,
    ):
        """Take a data set, and how to walk through it.

        `generator` is an int, the seed of all shuffles and transforms; without one it is drawn
        from the framework's random numbers. num_workers above 0 means one thread that loads up to
        `prefetch_factor` batches ahead. `pin_memory` and `persistent_workers` change nothing: there
        is only the CPU, and a thread starts in no time. `collate_fn(samples)` replaces `collate`.
        """
        for name, value in (("batch_size", batch_size), ("prefetch_factor", prefetch_factor)):
            if not isinstance(value, (int, np.integer)) or value < 1:
                raise ValueError(f"DataLoader: {name} is a whole number from 1 on, not {value!r}")
        if generator is not None and not isinstance(generator, (int, np.integer)):
            raise TypeError(f"DataLoader: generator is an int or None, not {generator!r}")
        if generator is not None and generator < 0:
            raise ValueError(f"DataLoader: a seed is from 0 on, not {generator}")
        self.dataset, self.batch_size, self.shuffle = dataset, int(batch_size), bool(shuffle)
        self.drop_last, self.collate_fn = drop_last, collate_fn
        self.num_workers, self.prefetch_factor = num_workers, int(prefetch_factor)
        self.seed = int(random_generator().integers(2**62) if generator is None else generator)
        self.progress = Progress()

    def __len__(self):
        """Count the batches of an epoch, without making them.

        The last one may be short, and counts unless `drop_last` is set.

        >>> data = TensorDataset(Tensor(range(5)))
        >>> len(DataLoader(data, batch_size=2)), len(DataLoader(data, batch_size=2, drop_last=True))
        (3, 2)
        """
        raise NotImplementedError("stage 08: DataLoader.__len__")

    def __iter__(self):
        """Yield the batches of one epoch, each loaded when its turn comes.

        All of these are given: `begin()` says which epoch, and after how many batches (`position`)
        to start; `epoch_batches(epoch)` lists the indices; `load(indices, epoch)` makes a batch.
        With num_workers above 0 `prefetch` loads up to prefetch_factor batches ahead. A batch
        counts in `position` before it is handed out, so that whoever saves in between goes on with
        the next one; after the last, `finish()`.

        >>> [x.tolist() for (x,) in DataLoader(TensorDataset(Tensor([5, 6, 7])), batch_size=2)]
        [[5, 6], [7]]
        """
        raise NotImplementedError("stage 08: DataLoader.__iter__")

    def begin(self):
        """Begin a walk of its own: the next epoch, or the rest of one that was loaded or set."""
        if self.progress.begun:
            self.progress = Progress(self.progress.epoch + 1)
        self.progress.begun = True
        return self.progress

    def epoch_batches(self, epoch):
        """List the batches of an epoch as arrays of indices, by `index_batches`."""
        return index_batches(
            len(self.dataset),
            self.batch_size,
            shuffle=self.shuffle,
            drop_last=self.drop_last,
            seed=self.seed,
            epoch=epoch,
        )

    def load(self, indices, epoch):
        """Load one batch: whole where the data set can, else sample by sample, then collated."""
        whole = getattr(self.dataset, "__getitems__", None)
        if whole is not None and self.collate_fn is None:
            with _telling(indices), draws_for(self.seed, epoch, indices):
                batch = whole(indices)
            return collate(batch) if isinstance(batch, list) else batch
        samples = []
        for index in indices.tolist():
            with _telling(index), draws_for(self.seed, epoch, [index], whole_batch=False):
                samples.append(self.dataset[index])
        return (self.collate_fn or collate)(samples)

    def set_epoch(self, epoch):
        """Let the next iteration be this epoch's, with its own shuffle and draws.

        Where a position in this very epoch was loaded, the iteration still goes on from there.
        """
        if self.progress.begun or self.progress.epoch != epoch:
            self.progress = Progress(epoch)

    def state_dict(self):
        """Give what resuming takes: the epoch under way, how much of it is done, the seed."""
        at = self.progress
        return {"epoch": at.epoch, "position": at.position, "seed": self.seed}

    def load_state_dict(self, state_dict):
        """Let the next iteration hand out the batch after the last one that the state counts.

        ValueError where there are not as many batches: another data set, another batch size.
        """
        progress = Progress(int(state_dict["epoch"]), int(state_dict["position"]))
        if not 0 <= progress.position <= len(self):
            raise ValueError(f"position {progress.position} of a loader of {len(self)} batches")
        self.seed, self.progress = int(state_dict["seed"]), progress


# -- loading ahead ---------------------------------------------------------------------------------


def prefetch(items, ahead=2):
    """Yield what `items` yields, computed in a thread, up to `ahead` items before they are needed.

    An exception in the thread is raised here, in its place in the sequence. When the consumer
    stops early, so does the thread, after the item that it is at. Loading waits for the disk, and
    NumPy lets go of the interpreter while it copies: so both can go on at the same time.
    """
    free, ready, stopped = threading.Semaphore(ahead), SimpleQueue(), threading.Event()
    thread = threading.Thread(
        target=_produce, args=(iter(items), free, ready, stopped), name="prefetch", daemon=True
    )
    thread.start()
    try:
        while True:
            kind, value = ready.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            free.release()
            yield value
    finally:
        stopped.set()
        free.release()
        if threading.current_thread() is not thread:  # the garbage collector may call from there
            thread.join()


def _produce(items, free, ready, stopped):
    """Put ("item", value) for each item, and at last ("end", None) or ("error", exception)."""
    try:
        while True:
            free.acquire()
            if stopped.is_set():
                return
            ready.put(("item", next(items)))
    except StopIteration:
        ready.put(("end", None))
    except BaseException as error:
        ready.put(("error", error))


default_collate = collate  # PyTorch's name


# -- small things ----------------------------------------------------------------------------------


def takes_batches(transform):
    """Tell whether a transform may get a whole batch at once; one that does not say so may not."""
    return transform is None or getattr(transform, "batched", False)


@contextlib.contextmanager
def _telling(index):
    """Note on an exception which sample, or which of a batch, was being loaded."""
    try:
        yield
    except Exception as error:
        if isinstance(index, np.ndarray):
            first = ", ".join(map(str, index[:5])) + (", …" if len(index) > 5 else "")
            error.add_note(f"while loading a batch of the {len(index)} samples {first}")
        else:
            error.add_note(f"while loading sample {index}")
        raise


def _check_shapes(arrays):
    """Refuse samples that cannot be rows of one array; say which one differs."""
    for i, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            raise ValueError(
                f"collate: sample 0 has shape {arrays[0].shape}, sample {i} of this batch "
                f"{array.shape}; one tensor needs one shape: crop, pad, or give a collate_fn"
            )


def _generator(generator):
    return random_generator() if generator is None else np.random.default_rng(generator)


def _whole_lengths(lengths, count):
    """Make fractions into numbers of samples, the rest dealt out from the first on; check the sum.

    >>> _whole_lengths([0.5, 0.5], 5)
    [3, 2]
    """
    lengths = list(lengths)
    if all(0 <= n <= 1 for n in lengths) and abs(sum(lengths) - 1) < 1e-6:
        found = [int(count * part + 1e-9) for part in lengths]
        for i in range(count - sum(found)):
            found[i % len(found)] += 1
        return found
    if sum(lengths) != count or any(n != int(n) or n < 0 for n in lengths):
        raise ValueError(f"the lengths {lengths} do not add up to the {count} samples")
    return [int(n) for n in lengths]
