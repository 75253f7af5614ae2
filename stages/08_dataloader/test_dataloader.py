"""Stage 08: data sets, loaders, transforms."""

import threading

import numpy as np
from tinytorch.creation import get_rng_state, manual_seed
from tinytorch.dataloader import (
    DataLoader,
    Dataset,
    Subset,
    TensorDataset,
    collate,
    index_batches,
    random_split,
)
from tinytorch.layers import Flatten, Linear, ReLU, Sequential
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import Adam
from tinytorch.tensor import Tensor, take
from tinytorch.training import Trainer
from tinytorch.transforms import (
    Compose,
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    draws_for,
    uniforms,
)

from checker.expect import (
    Mismatch,
    expect_close,
    expect_equal,
    expect_raises,
    expect_true,
    expect_unchanged,
)

ONCE = "An epoch shows each sample once: no more often, and none is left out."


def numbered(count, **options):
    """Make a data set whose input i is [i, -i] and whose label is 100 + i."""
    i = np.arange(count)
    return TensorDataset(Tensor(np.stack([i, -i], axis=1)), Tensor(100 + i), **options)


def numbers_of(batches):
    """List the samples of some batches of a `numbered` data set, in the order they came in."""
    return [number for inputs, _ in batches for number in inputs.data[:, 0].tolist()]


def expect_each_once(got, count, what, why=ONCE):
    """Require that the numbers 0 … count - 1 are there, each once; say which are not."""
    __tracebackhide__ = True
    got = [int(number) for number in got]
    twice = sorted({number for number in got if got.count(number) > 1})
    missing = sorted(set(range(count)) - set(got))
    if twice:
        raise Mismatch(f"{what}: {_few(twice)} came more than once", why)
    if missing:
        raise Mismatch(f"{what}: {_few(missing)} never came", why)
    expect_equal(sorted(got), list(range(count)), what, why)


def _few(numbers):
    said = ", ".join(map(str, numbers[:4])) + (", …" if len(numbers) > 4 else "")
    return f"sample {said}" if len(numbers) == 1 else f"samples {said}"


class Watched(Dataset):
    """A data set of `count` numbers that notes which were loaded; sample `broken` cannot be."""

    def __init__(self, count, broken=None, signal_at=None):
        self.count, self.broken, self.signal_at = count, broken, signal_at
        self.loaded, self.signal = [], threading.Event()

    def __getitem__(self, index):
        if np.ndim(index):
            raise Mismatch(
                f"a data set that gives one sample at a time was asked for {_few(index)} at once",
                "`self.load(indices, epoch)` makes a batch: it knows what the data set can do.",
            )
        if index == self.broken:
            raise ValueError(f"picture {index} is damaged")
        self.loaded.append(index)
        if index == self.signal_at:
            self.signal.set()
        return np.array([index, -index]), 100 + index

    def __len__(self):
        return self.count


# -- TensorDataset.__getitem__ --------------------------------------------------------------------


def test_unit_tensordataset_getitem_example():
    sample = TensorDataset(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([5, 6]))[1]
    expect_true(
        sample is not None, "sample 1 is None",
        "A function without a return gives None: is a return missing?",
    )  # fmt: skip
    why = "Sample 1 is row 1 of each tensor, as a tuple: the picture, then its label."
    expect_equal(type(sample), tuple, "the type of sample 1", why)
    expect_equal(len(sample), 2, "the number of parts of sample 1", why)
    expect_close(sample[0], [3.0, 4.0], "the first part of sample 1", why)
    expect_close(sample[1], 6, "the second part of sample 1", why)


def test_unit_tensordataset_getitem_belong_together():
    data = numbered(7)
    for i in (0, 3, 6):
        inputs, label = data[i]
        expect_close(inputs, [i, -i], f"the input of sample {i}")
        expect_close(
            label, 100 + i, f"the label of sample {i}",
            "One index for all tensors: otherwise a picture of a 3 is learned as a 7.",
        )  # fmt: skip


def test_unit_tensordataset_getitem_any_number_of_tensors():
    for parts in (1, 3):
        sample = TensorDataset(*[Tensor([10 * k, 10 * k + 1]) for k in range(parts)])[1]
        expect_equal(type(sample), tuple, f"a sample of {parts} tensor(s)")
        expect_equal(
            [int(part) for part in sample], [10 * k + 1 for k in range(parts)],
            f"sample 1 of {parts} tensor(s)", "As many parts as there are tensors, in their order.",
        )  # fmt: skip


def test_unit_tensordataset_getitem_many_at_once():
    for index in ([4, 0, 4], np.array([4, 0, 4])):
        sample = numbered(5)[index]
        expect_close(
            sample[0], [[4, -4], [0, 0], [4, -4]], f"the inputs of samples {index}",
            "An index may be many: then the rows come in that order, also one twice.",
        )  # fmt: skip
        expect_close(sample[1], [104, 100, 104], f"the labels of samples {index}")


def test_unit_tensordataset_getitem_no_loop():
    data, calls = numbered(50), []

    def counting(x, *, index):
        calls.append(index)
        return x[index]

    with take.using(counting):
        data[np.arange(40)]
    expect_true(
        len(calls) > 0, "no tensor was indexed for a batch of 40",
        "Index the Tensor itself, tensor[index], and neither its .data nor its list.",
    )  # fmt: skip
    expect_equal(
        len(calls), 2, "the number of times that tensors are indexed for a batch of 40",
        "Hand the whole array of indices to each of the two tensors: NumPy then walks, not Python.",
    )  # fmt: skip


def test_unit_tensordataset_getitem_transform():
    seen = []

    def transform(x):
        seen.append(x.shape)
        return x * 2

    data = numbered(5, transform=transform)
    inputs, label = data[3]
    expect_true(
        len(seen) > 0, "the transform was never called",
        "If self.transform is not None, the first part goes through it.",
    )  # fmt: skip
    expect_equal(
        seen, [(2,)], "the shapes that the transform was called with",
        "It gets the one row that was asked for, once: not all rows, and not the label.",
    )  # fmt: skip
    expect_close(inputs, [6, -6], "the input of sample 3 with a transform that doubles")
    expect_close(
        label, 103, "the label of sample 3 with a transform that doubles",
        "The transform is for the first tensor only: a label is no picture.",
    )  # fmt: skip
    expect_close(
        data.tensors[0], numbered(5).tensors[0], "the inputs of the data set after that",
        "What a transform makes is handed out, and never written back: the next epoch wants "
        "the picture as it was.",
    )  # fmt: skip


def test_unit_tensordataset_getitem_beyond_the_end():
    expect_raises(
        IndexError, lambda: numbered(5)[5], "sample 5 of 5", "The samples are 0 to 4.",
    )  # fmt: skip


# -- random_split ---------------------------------------------------------------------------------


def test_unit_random_split_example():
    parts = random_split(TensorDataset(Tensor(range(10))), [7, 3], generator=0)
    expect_equal(type(parts), list, "the type of what random_split gives", "A list of Subsets.")
    expect_equal([len(part) for part in parts], [7, 3], "the lengths of the parts")
    expect_true(
        all(isinstance(part, Subset) for part in parts), "a part is no Subset",
        "A part is Subset(dataset, indices): it looks into the data set, and copies nothing.",
    )  # fmt: skip


def test_unit_random_split_each_sample_once():
    for lengths in ([7, 3], [1, 1, 8], [10], [4, 0, 6], [3, 3, 3, 1]):
        parts = random_split(numbered(10), lengths, generator=1)
        expect_equal([len(part) for part in parts], lengths, f"the lengths for {lengths}")
        expect_each_once(
            [int(part[i][0][0]) for part in parts for i in range(len(part))], 10,
            f"all parts of a split into {lengths}",
            "What is tested on must not have been trained on, and nothing may be lost.",
        )  # fmt: skip


def test_unit_random_split_shuffles():
    heads = [0] * 10
    for seed in range(60):
        first, _ = random_split(TensorDataset(Tensor(range(10))), [5, 5], generator=seed)
        for index in first.indices:
            heads[int(index)] += 1
    low, high = min(heads), max(heads)
    expect_true(
        low >= 12 and high <= 48,
        f"of 60 splits in halves, one sample came into the first half {low} times, one {high}",
        "Each should come there about 30 times. Files are often sorted: cut without a shuffle, "
        "the network trains on cats and is tested on dogs.",
    )  # fmt: skip


def test_unit_random_split_repeatable():
    def split(generator):
        return [p.indices.tolist() for p in random_split(numbered(20), [15, 5], generator)]

    expect_equal(
        split(3), split(3), "the same seed for a second time",
        "Whoever repeats a run needs the same samples for testing, or test on trained ones.",
    )  # fmt: skip
    expect_true(split(3) != split(4), "seeds 3 and 4 split alike", "The seed has to count.")
    expect_equal(
        split(0), split(0), "seed 0 for a second time",
        "0 is a seed like any other; None is none.",
    )  # fmt: skip
    expect_equal(
        [index for part in split(3) for index in part],
        np.random.default_rng(3).permutation(20).tolist(),
        "the indices of all parts, one after the other, for seed 3",
        "One permutation, drawn by `_generator(generator)`, and cut: for everybody the same.",
    )  # fmt: skip
    manual_seed(5)
    first = split(None)
    expect_true(
        split(None) != first, "two splits without a seed are alike",
        "Without one the framework's generator draws: `_generator(generator)` gives the right one.",
    )  # fmt: skip
    manual_seed(5)
    expect_true(
        split(None) == first, "two splits without a seed differ after the same manual_seed",
        "Use `_generator(generator)`: default_rng(None) knows nothing of manual_seed.",
    )  # fmt: skip


def test_unit_random_split_fractions():
    for lengths, expected in (([0.8, 0.2], [8, 2]), ([0.5, 0.25, 0.25], [6, 2, 2])):
        parts = random_split(numbered(10), lengths, generator=0)
        expect_equal(
            [len(part) for part in parts], expected, f"the lengths of 10 samples for {lengths}",
            "`_whole_lengths(lengths, len(dataset))`, given, makes whole numbers of fractions.",
        )  # fmt: skip


def test_unit_random_split_does_not_add_up():
    for lengths in ([7, 2], [7, 4], [11, -1]):
        expect_raises(
            ValueError, lambda lengths=lengths: random_split(numbered(10), lengths, generator=0),
            f"10 samples split into {lengths}", "A sample would be lost, or invented.",
            mentions=[lengths, 10],
        )  # fmt: skip


# -- index_batches --------------------------------------------------------------------------------


def test_unit_index_batches_example():
    batches = index_batches(5, 2)
    expect_true(
        isinstance(batches, list),
        f"index_batches(5, 2) is a {type(batches).__name__}, expected a list",
        "The loader counts the batches and leaves out the first ones, which a `yield` cannot.",
    )
    found = [np.asarray(batch).tolist() for batch in batches]
    expect_equal(
        found, [[0, 1], [2, 3], [4]], "index_batches(5, 2)",
        "Five numbers in order, two at a time; one is left, and it counts too.",
    )  # fmt: skip


def test_unit_index_batches_each_once():
    for count, size in ((6, 2), (7, 3), (5, 5), (3, 10), (1, 1), (0, 4)):
        for shuffle in (False, True):
            batches = index_batches(count, size, shuffle=shuffle, seed=count)
            what = f"index_batches({count}, {size}, shuffle={shuffle})"
            expect_each_once(np.concatenate([np.zeros(0, int), *batches]), count, what)
            lengths = [len(batch) for batch in batches]
            expected = [size] * (count // size) + [count % size] * (count % size > 0)
            expect_equal(
                lengths, expected, f"the lengths of the batches of {what}",
                "All batches are full but the last, and none is empty.",
            )  # fmt: skip


def test_unit_index_batches_arrays():
    for batch in index_batches(5, 2, shuffle=True) + index_batches(5, 2):
        expect_true(
            isinstance(batch, np.ndarray) and batch.dtype.kind == "i",
            f"a batch is {batch!r:.40}, expected an array of whole numbers",
            "An array of indices picks many rows at once.",
        )  # fmt: skip


def test_unit_index_batches_shuffles():
    order = np.concatenate(index_batches(100, 10, shuffle=True, seed=0)).tolist()
    expect_true(
        order != list(range(100)), "with shuffle=True the order is 0, 1, 2, …",
        "Sorted data teach a network one class at a time, and the last one wipes out the first.",
    )  # fmt: skip
    for epoch in range(4):
        first = index_batches(100, 10, shuffle=True, seed=0, epoch=epoch)[0].tolist()
        expect_true(
            max(first) - min(first) > 20,
            f"the first batch of epoch {epoch} is {first}: neighbours stayed together",
            "All numbers are mixed before they are cut; mixing batches, or within one, is less.",
        )  # fmt: skip
    found = np.concatenate(index_batches(7, 3)).tolist()
    expect_equal(found, list(range(7)), "the order with shuffle=False", "As they lie.")


def test_unit_index_batches_epochs_differ():
    def order(**options):
        return np.concatenate(index_batches(30, 4, shuffle=True, **options)).tolist()

    expect_true(
        order(seed=1, epoch=0) != order(seed=1, epoch=1),
        "epochs 0 and 1 have the same order",
        "The epoch belongs to the seed: SeedSequence([seed, epoch]). In a fixed order the same "
        "pictures always meet in a batch.",
    )  # fmt: skip
    expect_true(order(seed=1) != order(seed=2), "seeds 1 and 2 give the same order")
    expect_true(
        order(seed=1, epoch=2) != order(seed=2, epoch=1),
        "seed 1 in epoch 2 and seed 2 in epoch 1 give the same order",
        "Their sum is no seed: hand SeedSequence the list of both.",
    )  # fmt: skip


def test_unit_index_batches_repeatable():
    first = index_batches(30, 4, shuffle=True, seed=8, epoch=3)
    before = get_rng_state()
    np.random.default_rng(0)
    for _ in range(2):
        again = index_batches(30, 4, shuffle=True, seed=8, epoch=3)
        expect_equal(
            [b.tolist() for b in again], [b.tolist() for b in first],
            "epoch 3 of seed 8, asked for again",
            "A run that was killed goes on in the same order: it hangs on seed and epoch alone.",
        )  # fmt: skip
    expect_equal(
        get_rng_state(), before, "the state of the framework's random numbers after a shuffle",
        "A shuffle has a generator of its own, so that dropout does not hang on the loader.",
    )  # fmt: skip
    expected = np.random.default_rng(np.random.SeedSequence([8, 3])).permutation(30)
    expect_equal(
        np.concatenate(first).tolist(), expected.tolist(), "the order of epoch 3 of seed 8",
        "It is default_rng(SeedSequence([seed, epoch])).permutation(count), for everybody.",
    )  # fmt: skip


def test_unit_index_batches_drop_last():
    for count, size, kept in ((5, 2, 4), (6, 2, 6), (3, 10, 0), (10, 3, 9)):
        batches = index_batches(count, size, drop_last=True)
        expect_equal(
            [len(batch) for batch in batches], [size] * (kept // size),
            f"the lengths of index_batches({count}, {size}, drop_last=True)",
            "Only a batch that is not full is left out.",
        )  # fmt: skip
    left_out = set()
    for epoch in range(20):
        batches = index_batches(5, 2, shuffle=True, drop_last=True, epoch=epoch)
        left_out |= set(range(5)) - set(np.concatenate(batches).tolist())
    expect_true(
        len(left_out) > 1, f"in 20 epochs only sample {left_out} was left out",
        "First shuffle, then cut: another sample is left out each time, so all are seen.",
    )  # fmt: skip


# -- collate --------------------------------------------------------------------------------------


def test_unit_collate_example():
    inputs, labels = collate([(Tensor([1.0, 2.0]), 0), (Tensor([3.0, 4.0]), 1)])
    expect_close(inputs, [[1.0, 2.0], [3.0, 4.0]], "the inputs of a batch of 2", dtype=np.float32)
    expect_close(
        labels, [0, 1], "the labels of a batch of 2", "Class numbers stay whole numbers, int64.",
        dtype=np.int64,
    )  # fmt: skip
    expect_true(
        isinstance(inputs, Tensor) and isinstance(labels, Tensor),
        f"inputs and labels are {type(inputs).__name__} and {type(labels).__name__}",
        "A batch is made of tensors: the model and the loss take nothing else.",
    )  # fmt: skip


def test_unit_collate_new_axis():
    for shape in ((), (3,), (1, 3), (2, 2)):
        for count in (1, 4):
            arrays = [np.full(shape, k) for k in range(count)]
            expect_close(
                collate([Tensor(a) for a in arrays]), np.stack(arrays),
                f"collate of {count} tensors of shape {shape}",
                "The batch is a new first axis, also for one sample, also for rows of one number.",
            )  # fmt: skip


def test_unit_collate_dtypes():
    for value, dtype in (
        (3, np.int64),
        (0.5, np.float32),
        (True, np.bool_),
        (np.zeros(2, np.uint8), np.uint8),
        (np.zeros(2, np.float64), np.float64),
        (Tensor([1.0]), np.float32),
    ):
        expect_close(
            collate([value, value]), np.stack([value, value]), f"collate of two {value!r}",
            "as_array settles the dtype: class numbers stay whole, Python's floats are float32.",
            dtype=dtype,
        )  # fmt: skip


def test_unit_collate_kinds():
    for kind in (tuple, list):
        batch = collate([kind([1, 2.0]), kind([3, 4.0])])
        expect_equal(type(batch), kind, f"the type of a batch of {kind.__name__}s")
        expect_close(batch[0], [1, 3], f"the first part of a batch of {kind.__name__}s")
        expect_close(batch[1], [2.0, 4.0], f"the second part of a batch of {kind.__name__}s")


def test_unit_collate_nested():
    samples = [
        {"picture": np.full((2, 2), k), "said": (k, f"a {k}"), "box": [k, [k + 1, k + 2]]}
        for k in range(3)
    ]
    batch = collate(samples)
    why = "Each part is collated as if it were alone: collate calls itself."
    expect_equal(list(batch), ["picture", "said", "box"], "the keys of a batch of dictionaries")
    expect_close(batch["picture"], np.stack([s["picture"] for s in samples]), "its pictures", why)
    expect_close(batch["said"][0], [0, 1, 2], "the numbers of a tuple in it", why)
    expect_equal(batch["said"][1], ["a 0", "a 1", "a 2"], "its strings", "They stay a list.")
    expect_close(batch["box"][1][1], [2, 3, 4], "what lies in a list in a list", why)
    batch = collate([{"a": 1, "b": 2}, {"b": 20, "a": 10}])
    expect_close(
        batch["a"], [1, 10], 'the part "a" of two dictionaries, the second one in another order',
        "A part of a dictionary is found by its key, not by its place.",
    )  # fmt: skip


def test_unit_collate_shapes_differ():
    expect_raises(
        ValueError, lambda: collate([np.zeros(3), np.zeros(3), np.zeros(4)]),
        "collate of shapes (3,), (3,), (4,)",
        "No tensor has such rows. `_check_shapes(arrays)`, given, says which sample differs.",
        mentions=["(3,)", "(4,)", "sample 2"],
    )  # fmt: skip


def test_unit_collate_lengths_differ():
    for kind in (tuple, list):
        expect_raises(
            ValueError, lambda kind=kind: collate([kind([1, 2]), kind([3])]),
            f"collate of {kind.__name__}s of 2 parts and of 1",
            "zip stops at the shortest and drops the rest in silence; zip(…, strict=True) refuses.",
        )  # fmt: skip


# -- DataLoader.__len__ ---------------------------------------------------------------------------


def test_unit_dataloader_len_example():
    data = TensorDataset(Tensor(range(5)))
    expect_equal(len(DataLoader(data, batch_size=2)), 3, "the number of batches of 2 in 5")
    expect_equal(
        len(DataLoader(data, batch_size=2, drop_last=True)), 2,
        "the number of batches of 2 in 5 with drop_last=True", "The last batch is not full.",
    )  # fmt: skip


def test_unit_dataloader_len_all_sizes():
    for count in (0, 1, 5, 6, 12):
        for size in (1, 3, 5, 12, 20):
            data = Watched(count)
            full, rest = count // size, count % size > 0
            why = "A batch that is not full counts, unless it is dropped. A full one always does."
            what = f"the number of batches of {size} in {count}"
            expect_equal(len(DataLoader(data, size)), full + rest, what, why)
            for drop in (True, np.True_, 1):
                expect_equal(
                    len(DataLoader(data, size, drop_last=drop)), full, f"{what}, dropped", why
                )


def test_unit_dataloader_len_is_of_the_whole_epoch():
    loader = DataLoader(Watched(5), 2)
    loader.load_state_dict({"epoch": 0, "position": 2, "seed": 0})
    expect_equal(
        len(loader), 3, "the number of batches of 2 in 5, after two have been handed out",
        "It counts the batches of a whole epoch, not those that are left.",
    )  # fmt: skip


def test_unit_dataloader_len_without_making_them():
    data = Watched(10**15)
    try:
        found = len(DataLoader(data, batch_size=1000))
    except MemoryError:
        raise Mismatch(
            "the number of batches of a data set of 10**15 samples takes more memory than there is",
            "Calculate it from two numbers; nothing has to be listed.",
        ) from None
    expect_equal(found, 10**12, "the number of batches of 1,000 in 10**15")
    expect_equal(
        len(DataLoader(Watched(10**18 + 1), 10)), 10**17 + 1,
        "the number of batches of 10 in 10**18 + 1",
        "Divide whole numbers with // or divmod: a float has 16 digits only.",
    )  # fmt: skip


# -- DataLoader.__iter__ --------------------------------------------------------------------------


def test_unit_dataloader_iter_example():
    walk = DataLoader(TensorDataset(Tensor([5, 6, 7])), batch_size=2).__iter__()
    expect_true(
        hasattr(walk, "__next__"),
        f"__iter__ gives a {type(walk).__name__}, and `for` cannot walk with that",
        "Write a function with `yield`: it hands out a batch, and waits for the next question.",
    )
    batches = list(walk)
    expect_equal(len(batches), 2, "the number of batches of 2 in 3")
    for batch, expected in zip(batches, ([5, 6], [7]), strict=True):
        expect_equal(
            type(batch), tuple, "the type of a batch of [5 6 7]", "Yield it as `load` made it."
        )
        expect_close(batch[0], expected, "a batch of [5 6 7], two at a time")


def test_unit_dataloader_iter_each_once():
    for workers in (0, 1):
        for data in (numbered(11), Watched(11)):
            loader = DataLoader(data, 3, shuffle=True, generator=0, num_workers=workers)
            for _ in range(2):
                expect_each_once(numbers_of(loader), 11, "an epoch of 11 samples")


def test_unit_dataloader_iter_labels_stay():
    for data in (numbered(9), Watched(9)):
        for inputs, labels in DataLoader(data, 4, shuffle=True, generator=1):
            expect_close(
                labels.data - 100, inputs.data[:, 0], "the labels of a shuffled batch, less 100",
                "Input k has label 100 + k. Both are shuffled by the same indices.",
            )  # fmt: skip


def test_unit_dataloader_iter_next_epoch():
    loader = DataLoader(numbered(12), 5, shuffle=True, generator=7)
    for epoch in range(3):
        expected = np.concatenate(index_batches(12, 5, shuffle=True, seed=7, epoch=epoch))
        expect_equal(
            numbers_of(loader), expected.tolist(), f"the order of epoch {epoch}",
            "Each iteration is an epoch further: begin() tells which. Ask for that one's batches.",
        )  # fmt: skip


def test_unit_dataloader_iter_set_epoch():
    loader = DataLoader(numbered(12), 5, shuffle=True, generator=7)
    first = numbers_of(loader)
    for epoch in (0, 4, 0):
        loader.set_epoch(epoch)
        expected = np.concatenate(index_batches(12, 5, shuffle=True, seed=7, epoch=epoch))
        expect_equal(numbers_of(loader), expected.tolist(), f"the order after set_epoch({epoch})")
    expect_true(numbers_of(loader) != first, "the epoch after set_epoch(0) is epoch 0 again")


def test_unit_dataloader_iter_one_at_a_time():
    data = Watched(10)
    batches = iter(DataLoader(data, 2))
    next(batches)
    expect_equal(
        data.loaded, [0, 1], "what was loaded when the first batch came",
        "A batch is loaded when its turn comes: all of them may not fit into memory.",
    )  # fmt: skip


def test_unit_dataloader_iter_position():
    loader, seen = DataLoader(numbered(5), 2, generator=0), []
    for _ in loader:
        seen.append(loader.state_dict()["position"])
    expect_equal(
        seen, [1, 2, 3], "position in the loop, batch after batch",
        "Whoever holds a batch and saves must find it counted: it is not handed out again.",
    )  # fmt: skip
    state = loader.state_dict()
    expect_equal(
        (state["epoch"], state["position"]), (1, 0), "epoch and position after an epoch",
        "After the last batch comes finish(): the next epoch, from its start.",
    )  # fmt: skip


def test_unit_dataloader_iter_position_ahead():
    data = Watched(8, signal_at=5)
    loader = DataLoader(data, 2, num_workers=1)
    for _ in loader:
        data.signal.wait(1.0)
        expect_equal(
            loader.state_dict()["position"], 1,
            "position while the first batch is in use and a thread loads the next two",
            "A batch counts when it is handed out, not when it is loaded: the thread is ahead.",
        )  # fmt: skip
        break


def test_unit_dataloader_iter_break():
    loader = DataLoader(numbered(5), 2, generator=0)
    for at, _ in enumerate(loader, 1):
        if at == 2:
            break
    state = loader.state_dict()
    expect_equal(
        (state["epoch"], state["position"]), (0, 2), "epoch and position after a break at batch 2",
        "finish() is for an epoch that came to its end: after the loop, and in no `finally`.",
    )  # fmt: skip


def test_unit_dataloader_iter_resumes():
    for workers in (0, 1):
        options = {"shuffle": True, "generator": 3, "num_workers": workers}
        whole = DataLoader(numbered(11), 2, **options)
        runs = [numbers_of(whole) for _ in range(3)]
        for stop in (1, 3, 6):
            loader, first = DataLoader(numbered(11), 2, **options), []
            list(loader)
            for batch in loader:
                first += numbers_of([batch])
                if len(first) >= min(2 * stop, 11):
                    break
            again = DataLoader(numbered(11), 2, shuffle=True, generator=99, num_workers=workers)
            again.load_state_dict(loader.state_dict())
            expect_equal(
                first + numbers_of(again), runs[1],
                f"what came of epoch 1, broken off at batch {stop} and resumed by a new loader,",
                "Start at begin()'s position: nothing is shown twice, and nothing is left out.",
            )  # fmt: skip
            expect_equal(numbers_of(again), runs[2], "the epoch after the one that was resumed")


def test_unit_dataloader_iter_resumes_twice():
    seen, state = [], {"epoch": 0, "position": 0, "seed": 3}
    for stop in (2, 4, 6):
        loader = DataLoader(numbered(11), 2, shuffle=True, generator=3)
        loader.load_state_dict(state)
        for batch in loader:
            seen += numbers_of([batch])
            state = loader.state_dict()
            if state["position"] == stop or len(seen) > 22:
                break
    expect_each_once(
        seen, 11, "an epoch broken off at batches 2 and 4, and resumed twice",
        "position counts from the start of the epoch: after a resume at 2 the next batch is "
        "number 3, not 1. So add 1 to begin()'s position.",
    )  # fmt: skip


def test_unit_dataloader_iter_resumes_without_loading_again():
    data = Watched(10)
    loader = DataLoader(data, 2)
    loader.load_state_dict({"epoch": 0, "position": 3, "seed": 0})
    list(loader)
    expect_equal(
        data.loaded, [6, 7, 8, 9], "what is loaded of 5 batches after a resume at position 3",
        "Leave out the first lists of indices, before anything is loaded: loading three batches "
        "to throw them away takes as long as the run took.",
    )  # fmt: skip


def test_unit_dataloader_iter_independent():
    loader, outer = DataLoader(numbered(6), 2, shuffle=True, generator=2), []
    why = "Two loops over one loader each have a place of their own: begin() gives it."
    for batch in loader:
        outer += numbers_of([batch])
        expect_each_once(numbers_of(loader), 6, "a loop inside a loop over the same loader", why)
    expect_each_once(outer, 6, "the outer loop", why)


def test_unit_dataloader_iter_independent_epochs():
    """The outer loop goes on with its own epoch, and leaves the inner one's place alone."""

    def drawn(x):
        return x + uniforms(1, 1)[0, 0]

    def loader():
        data = TensorDataset(Tensor(np.zeros(6)), Tensor(np.arange(6)), transform=drawn)
        return DataLoader(data, 2, shuffle=True, generator=2)

    expected, one, found = [x.data for x, _ in loader()], loader(), []
    for x, _ in one:
        found.append(x.data)
        for _ in one:
            break
    expect_close(
        np.array(found), np.array(expected), "what the samples of an outer loop drew",
        "It loads with the epoch of its own begin(): self.progress is that of the walk begun last.",
    )  # fmt: skip
    state = one.state_dict()
    expect_equal(
        (state["epoch"], state["position"]), (3, 1),
        "epoch and position of the last inner loop, after the outer one has ended",
        "The outer loop finishes its own progress, which begin() gave it, not self.progress.",
    )  # fmt: skip


def test_unit_dataloader_iter_draws_by_sample():
    def shifted(x):
        return x + uniforms(1, 1)[0, 0]

    def drawn(size, workers):
        data = TensorDataset(Tensor(np.zeros(12)), Tensor(np.arange(12)), transform=shifted)
        loader = DataLoader(data, size, shuffle=True, generator=5, num_workers=workers)
        found = np.zeros((2, 12))
        for epoch in range(2):
            for values, index in loader:
                found[epoch, index.data] = values.data
        return found

    expected = drawn(1, 0)
    expect_true(
        len(set(expected.ravel())) == 24, "two samples, or one in two epochs, drew the same number",
        "Give load the epoch that begin() told, and the indices of one batch.",
    )  # fmt: skip
    for size, workers in ((5, 0), (12, 0), (5, 1)):
        expect_close(
            drawn(size, workers), expected,
            f"what 12 samples drew, batches of {size}, num_workers={workers}",
            "What a transform draws hangs on seed, epoch and index, not on the batch.",
        )  # fmt: skip


def test_unit_dataloader_iter_loads_ahead():
    for ahead in (1, 4):
        data = Watched(20, signal_at=2 * ahead + 1)
        batches = iter(DataLoader(data, 2, num_workers=1, prefetch_factor=ahead))
        next(batches)
        expect_true(
            data.signal.wait(1.0),
            f"with num_workers=1 and prefetch_factor={ahead} samples {data.loaded} were loaded "
            "while the first batch was in use",
            f"prefetch loads so many batches more in the meantime ({ahead}), so that the network "
            "need not wait for the disk.",
        )  # fmt: skip
        rest = numbers_of(batches)
        expect_equal(rest, list(range(2, 20)), "the batches after the first, with num_workers=1")


def test_unit_dataloader_iter_only_ahead():
    for workers in (1, 3):
        data = Watched(40, signal_at=6)
        batches = iter(DataLoader(data, 2, num_workers=workers, prefetch_factor=2))
        next(batches)
        data.signal.wait(0.05)
        loaded = len(data.loaded)
        batches.close()
        expect_true(
            loaded <= 6,
            f"with num_workers={workers} and prefetch_factor=2 {loaded} samples of 40 were loaded "
            "for a batch of 2",
            "Two batches ahead, no more, and one thread, whatever num_workers is.",
        )


def test_unit_dataloader_iter_no_thread_by_itself():
    before, threads = set(threading.enumerate()), set()
    for _ in DataLoader(Watched(4), 2):
        threads |= set(threading.enumerate()) - before
    expect_equal(
        len(threads), 0, "the number of threads that load with num_workers=0",
        "Only with num_workers above 0 the stream goes through prefetch.",
    )  # fmt: skip


def test_unit_dataloader_iter_errors_arrive():
    for workers in (0, 1):
        loader, seen = DataLoader(Watched(10, broken=5), 2, num_workers=workers), []
        try:
            for batch in loader:
                seen.append(numbers_of([batch]))
        except ValueError as error:
            said = " ".join([str(error), *getattr(error, "__notes__", [])])
            expect_true(
                "while loading sample 5" in said,
                f"the error says {said!r}, and not which sample it was",
                "`load` notes the index: batches are made by it.",
            )  # fmt: skip
        else:
            raise Mismatch(
                f"sample 5 of 10 is damaged, num_workers={workers}, and the loop just ended",
                "A network would train on half of the data, and nobody would know.",
            )
        expect_equal(seen, [[0, 1], [2, 3]], "the batches before the damaged one")


def test_unit_dataloader_iter_leaves_no_thread():
    loader = DataLoader(Watched(40), 2, num_workers=1)
    for _ in loader:
        break
    left = [thread for thread in threading.enumerate() if thread.name == "prefetch"]
    for thread in left:
        thread.join(0.05)
    expect_true(
        not any(thread.is_alive() for thread in left),
        "after a break out of the loop the loading thread still runs",
        "Nobody waits for it. Do not keep what prefetch gives anywhere but in this function.",
    )  # fmt: skip


# -- Normalize.forward ----------------------------------------------------------------------------


def test_unit_normalize_forward_example():
    picture = np.array([[[1.0]], [[14.0]]], np.float32)
    expect_close(
        Normalize([0.5, 10.0], [0.5, 2.0])(picture), [[[1.0]], [[2.0]]],
        "Normalize([0.5 10.], [0.5 2.]) of a picture (2, 1, 1) of the channels 1. and 14.",
        "(1 - 0.5) / 0.5 and (14 - 10) / 2: means and stds have to become (2, 1, 1), or they "
        "meet the columns.",
    )  # fmt: skip
    expect_close(
        Normalize([0.0], [1e-6])(np.full((1, 1, 1), 1e-6, np.float32)), [[[1.0]]],
        "Normalize([0.], [1e-06]) of 1e-06", "Divide by std itself; 0 was refused before.",
    )  # fmt: skip


def test_unit_normalize_forward_by_channel():
    draw = np.random.default_rng(0)
    images = draw.normal(size=(2, 3, 3, 3)).astype(np.float32)
    mean, std = [0.5, -1.0, 2.0], [2.0, 0.5, 4.0]
    expected = np.empty_like(images)
    for channel in range(3):
        expected[:, channel] = (images[:, channel] - mean[channel]) / std[channel]
    expect_close(
        Normalize(mean, std)(images), expected, "Normalize of pictures (2, 3, 3, 3)",
        "Channel c, axis 1, has mean[c] and std[c]: the three numbers have to become (3, 1, 1).",
    )  # fmt: skip


def test_unit_normalize_forward_standard():
    images = np.random.default_rng(1).normal(5.0, 3.0, (50, 2, 4, 6))
    out = Normalize(images.mean(axis=(0, 2, 3)), images.std(axis=(0, 2, 3)))(Tensor(images))
    expect_true(isinstance(out, Tensor), "of a tensor came no tensor")
    expect_close(out.data.mean(axis=(0, 2, 3)), [0, 0], "the mean of each channel", atol=1e-5)
    expect_close(out.data.std(axis=(0, 2, 3)), [1, 1], "the std of each channel", atol=1e-5)


def test_unit_normalize_forward_dtype():
    for dtype in (np.float32, np.float64):
        expect_close(
            Normalize([1.0], [2.0])(np.ones((1, 2, 2), dtype)), np.zeros((1, 2, 2)),
            f"Normalize([1.], [2.]) of {dtype.__name__} ones", "The dtype stays.", dtype=dtype,
        )  # fmt: skip


def test_unit_normalize_forward_leaves_input():
    images = np.ones((2, 1, 2, 2), np.float32)
    Normalize([0.5], [0.25])(images)
    expect_unchanged(images, np.ones((2, 1, 2, 2)), "Normalize")
    normalize = Normalize([0.5, 1.0], [0.25, 1.0])
    normalize(np.ones((2, 2, 2), np.float32))
    expect_equal(
        (normalize.mean.shape, normalize.std.shape), ((2,), (2,)),
        "the shapes of mean and std after a picture", "Reshape them for the calculation only.",
    )  # fmt: skip


def test_unit_normalize_forward_wrong_pictures():
    expect_raises(
        ValueError, lambda: Normalize([0.5] * 3, [0.5] * 3)(np.ones((1, 4, 4), np.float32)),
        "Normalize with 3 means of a picture of 1 channel",
        "It would broadcast to three channels. `_check_channels(images)`, given, refuses.",
        mentions=["3 means", "1 channel"],
    )  # fmt: skip
    expect_raises(
        TypeError, lambda: Normalize([0.5], [0.5])(np.ones((1, 4, 4), np.uint8)),
        "Normalize of uint8", "Bytes go to 255: means between 0 and 1 do nothing to them.",
        mentions=["uint8"],
    )  # fmt: skip


# -- RandomHorizontalFlip.forward -----------------------------------------------------------------


def test_unit_randomhorizontalflip_forward_example():
    expect_close(
        RandomHorizontalFlip(1.0)(np.array([[[1, 2, 3]]])), [[[3, 2, 1]]],
        "RandomHorizontalFlip(1.0) of [[[1 2 3]]]",
        "Is a number *less* than p a flip? Is the last axis reversed, not rows or colours? And is "
        "it written into what you give back? (out[flipped] in front of a further [] is a copy.)",
    )  # fmt: skip


def test_unit_randomhorizontalflip_forward_left_and_right():
    images = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    expect_close(
        RandomHorizontalFlip(1.0)(images.copy()), images[:, :, :, ::-1],
        "RandomHorizontalFlip(1.0) of pictures (2, 3, 4, 5)",
        "The last axis, the columns, is reversed: not rows, not colours, not the batch.",
    )  # fmt: skip
    expect_close(RandomHorizontalFlip(0.0)(images), images, "RandomHorizontalFlip(0.0)", "Never.")


def test_unit_randomhorizontalflip_forward_each_for_itself():
    manual_seed(0)
    images = np.arange(200 * 2 * 3).reshape(200, 1, 2, 3)
    out = RandomHorizontalFlip(0.5)(images.copy())
    flipped = (out == images[:, :, :, ::-1]).all(axis=(1, 2, 3))
    same = (out == images).all(axis=(1, 2, 3))
    expect_true(
        bool((flipped | same).all()), "a picture is neither what it was nor its mirror image",
        "A flip is all or nothing for a picture.",
    )  # fmt: skip
    count = int(flipped.sum())
    expect_true(
        60 <= count <= 140, f"of 200 pictures {count} were flipped, with p = 0.5",
        "Each picture has a coin of its own; one coin for the batch gives 0 or 200.",
    )  # fmt: skip


def test_unit_randomhorizontalflip_forward_probability():
    manual_seed(1)
    images = np.tile(np.array([0, 1]), (1000, 1, 1, 1))
    count = int((RandomHorizontalFlip(0.2)(images)[:, 0, 0, 0] == 1).sum())
    expect_true(
        140 <= count <= 260, f"of 1000 pictures {count} were flipped, with p = 0.2",
        "About 200: a picture is flipped where its number is *less* than p.",
    )  # fmt: skip
    with draws_for(3, 1, np.arange(4)):
        drawn = uniforms(4, 1)[:, 0]
    with draws_for(3, 1, np.arange(4)):
        out = RandomHorizontalFlip(float(drawn[2]))(images[:4])
    expect_equal(
        (out[:, 0, 0, 0] == 1).tolist(), (drawn < drawn[2]).tolist(),
        "which of 4 pictures are flipped, with the number of the third for p",
        "Less than p, and not equal to it: with p = 0 a number 0.0 flips nothing.",
    )  # fmt: skip


def test_unit_randomhorizontalflip_forward_leaves_input():
    images = np.arange(8.0).reshape(2, 1, 2, 2)
    before = images.copy()
    RandomHorizontalFlip(1.0)(images)
    expect_unchanged(images, before, "RandomHorizontalFlip")
    for p in (0.0, 1.0):
        for some in (images, images[:1]):
            out = RandomHorizontalFlip(p)(some)
            expect_true(
                not np.shares_memory(out, images),
                f"what RandomHorizontalFlip({p}) of {len(some)} picture(s) gives shares its memory "
                "with the data set",
                "Whoever changes it changes the data set: give a copy, flipped or not.",
            )


def test_unit_randomhorizontalflip_forward_dtype():
    for dtype in (np.uint8, np.float32):
        expect_close(
            RandomHorizontalFlip(1.0)(np.ones((1, 2, 2), dtype)), np.ones((1, 2, 2)),
            f"RandomHorizontalFlip of {dtype.__name__}", "The dtype stays.", dtype=dtype,
        )  # fmt: skip


def test_unit_randomhorizontalflip_forward_batch_or_one():
    images = np.arange(24).reshape(12, 1, 1, 2)
    flip = RandomHorizontalFlip(0.5)
    with draws_for(3, 1, np.arange(12)):
        together = flip(images)
    alone = []
    for index in range(12):
        with draws_for(3, 1, [index], whole_batch=False):
            alone.append(flip(images[index]))
    expect_close(
        together, np.stack(alone), "12 pictures as a batch, against one by one",
        "The number of each picture comes from uniforms(len(images), 1), which knows its index.",
    )  # fmt: skip
    with draws_for(3, 1, np.arange(12)):
        drawn = uniforms(12, 1)[:, 0] < 0.5
    expect_close(
        together[:, 0, 0, 0] % 2 == 1, drawn, "which of 12 pictures are flipped",
        "Those for which the number is less than p.",
    )  # fmt: skip


# -- RandomCrop.forward ---------------------------------------------------------------------------


def places(height, width):
    """Make a picture (3, height, width) that tells of each pixel row, column, 10 row + column."""
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    return np.stack([rows, columns, 10 * rows + columns])


def test_unit_randomcrop_forward_example():
    expect_equal(
        RandomCrop(2)(np.ones((3, 2, 2))).shape,
        (3, 2, 2),
        "the shape of RandomCrop(2) of (3, 2, 2)",
    )


def test_unit_randomcrop_forward_windows():
    manual_seed(0)
    out = RandomCrop((2, 3))(np.stack([places(4, 7)] * 20))
    expect_equal(
        out.shape, (20, 3, 2, 3), "the shape of RandomCrop((2, 3)) of (20, 3, 4, 7)",
        "The size is height, then width; pictures and channels stay.",
    )  # fmt: skip
    expect_equal(
        out.dtype, places(1, 1).dtype, "the dtype of RandomCrop of int64", "The dtype stays."
    )
    for rows, columns, both in out:
        expect_close(
            rows - rows[0, 0], [[0, 0, 0], [1, 1, 1]], "the rows in a window, from its first",
            "A window is a piece of the picture, in one piece.",
        )  # fmt: skip
        expect_close(
            columns - columns[0, 0], [[0, 1, 2], [0, 1, 2]], "the columns, from the window's first"
        )
        expect_close(
            both, 10 * rows + columns, "the third channel, which tells of both",
            "All channels of a picture are cut at the same place.",
        )  # fmt: skip


def test_unit_randomcrop_forward_each_for_itself():
    manual_seed(2)
    out = RandomCrop(3)(np.stack([places(9, 9)] * 50))
    expect_true(
        len(set(out[:, 0, 0, 0].tolist())) > 1, "all 50 pictures of a batch were cut at one place",
        "Each picture has its own place.",
    )  # fmt: skip


def test_unit_randomcrop_forward_all_places():
    manual_seed(1)
    out = RandomCrop((2, 3))(np.stack([places(4, 7)] * 3000))
    for name, channel, possible in (("top", 0, 3), ("left", 1, 5)):
        found = np.bincount(out[:, channel, 0, 0], minlength=possible)
        share = 3000 / possible
        expect_true(
            len(found) == possible and found.min() > 0.8 * share and found.max() < 1.2 * share,
            f"of 3000 windows {' '.join(map(str, found))} have {name} 0, 1, 2, …",
            f"There are {possible} places, 0 to {possible - 1}, each as likely: "
            f"about {share:.0f} windows.",
        )  # fmt: skip
    both = np.corrcoef(out[:, 0, 0, 0], out[:, 1, 0, 0])[0, 1]
    expect_true(
        abs(both) < 0.1, f"top and left go together (correlation {both:.2f})",
        "Two numbers for each picture: one for the top, one for the left.",
    )  # fmt: skip


def test_unit_randomcrop_forward_padding():
    manual_seed(3)
    out = RandomCrop(3, padding=2)(np.ones((400, 1, 3, 3), np.uint8))
    expect_equal(
        out.shape, (400, 1, 3, 3), "the shape of RandomCrop(3, padding=2) of (400, 1, 3, 3)"
    )
    expect_equal(out.dtype, np.dtype(np.uint8), "the dtype of RandomCrop of uint8")
    seen = set(out.sum(axis=(1, 2, 3)).tolist())
    expect_equal(
        sorted(seen), [1, 2, 3, 4, 6, 9], "how many pixels of the picture the windows hold",
        "With a margin of 2 the window may lie from -2 to +2 off, both ways: 25 places. "
        "`_padded(images)`, given, makes the margin.",
    )  # fmt: skip


def test_unit_randomcrop_forward_whole_picture():
    image = places(3, 4)
    expect_close(
        RandomCrop((3, 4))(image), image, "RandomCrop((3, 4)) of a picture of 3 rows, 4 columns",
        "There is one place only.",
    )  # fmt: skip


def test_unit_randomcrop_forward_too_small():
    expect_raises(
        ValueError, lambda: RandomCrop(5)(np.ones((1, 4, 6))), "RandomCrop(5) of 4 rows, 6 columns",
        "`_padded` refuses: no such window fits.", mentions=["(5, 5)", "(4, 6)"],
    )  # fmt: skip


def test_unit_randomcrop_forward_leaves_input():
    for padding in (0, 1):
        images = np.arange(32.0).reshape(2, 1, 4, 4)
        before = images.copy()
        out = RandomCrop(4, padding=padding)(images)
        out += 1
        expect_unchanged(images, before, f"RandomCrop(4, padding={padding}), or who uses it,")
    expect_true(
        not np.shares_memory(RandomCrop(2)(images[:1]), images),
        "the window of a single picture shares its memory with the data set",
        "A slice is a view: give a copy, also of one picture and without a margin.",
    )  # fmt: skip


def test_unit_randomcrop_forward_batch_or_one():
    images = np.stack([places(6, 5)] * 10)
    crop = RandomCrop(2)
    with draws_for(3, 1, np.arange(10)):
        together = crop(images)
    alone = []
    for index in range(10):
        with draws_for(3, 1, [index], whole_batch=False):
            alone.append(crop(images[index]))
    expect_close(
        together, np.stack(alone), "10 pictures as a batch, against one by one",
        "Both numbers of each picture come from one call, uniforms(len(images), 2).",
    )  # fmt: skip
    with draws_for(3, 1, np.arange(10)):
        top, left = np.floor(uniforms(10, 2) * [5, 4]).T
    expect_close(together[:, 0, 0, 0], top, "the tops of 10 windows", "The first number, times 5.")
    expect_close(together[:, 1, 0, 0], left, "their left columns", "The second number, times 4.")


# -- together -------------------------------------------------------------------------------------


class Killed(Exception):
    """What ends a run in the middle."""


class Saving:
    """A callback that saves after a number of batches, and then ends the run."""

    def __init__(self, batches, path):
        self.left, self.path = batches, path

    def on_batch_end(self, trainer):
        self.left -= 1
        if self.left == 0:
            trainer.save_checkpoint(self.path)
            raise Killed


def test_module(tmp_path):
    draw = np.random.default_rng(0)
    labels = np.arange(20) % 2
    pictures = draw.normal(size=(20, 1, 4, 4)).astype(np.float32)
    pictures[labels == 1, :, 1:3, 1:3] += 2.0
    augment = Compose([RandomCrop(4, padding=1), RandomHorizontalFlip(), Normalize([0.2], [1.2])])
    train, _ = random_split(
        TensorDataset(pictures, labels, transform=augment), [18, 2], generator=0
    )

    def run(seed, callbacks=()):
        manual_seed(seed)
        model = Sequential(Flatten(), Linear(16, 6), ReLU(), Linear(6, 2))
        optimizer = Adam(list(model.parameters()), lr=0.02)
        trainer = Trainer(model, optimizer, cross_entropy, callbacks=callbacks)
        return trainer, DataLoader(train, 4, shuffle=True, generator=seed, num_workers=1)

    def weights(trainer):
        return np.concatenate([p.data.ravel() for p in trainer.model.parameters()])

    trainer, loader = run(1)
    trainer.fit(loader, epochs=3)
    expected = weights(trainer)
    expect_true(
        trainer.history[-1]["loss"] < trainer.history[0]["loss"],
        f"the loss went from {trainer.history[0]['loss']:.3f} to {trainer.history[-1]['loss']:.3f}",
        "Three epochs of 18 pictures are enough to see it fall.",
    )  # fmt: skip
    for batches in (1, 5, 8):
        path = tmp_path / f"after{batches}.npz"
        trainer, loader = run(1, [Saving(batches, path)])
        try:
            trainer.fit(loader, epochs=3)
        except Killed:
            pass
        trainer, loader = run(2)
        trainer.load_checkpoint(path)
        trainer.fit(loader, epochs=3)
        expect_equal(
            weights(trainer).tobytes() == expected.tobytes(), True,
            f"are the weights of a run killed after {batches} of 15 batches, then resumed, those "
            "of one that was never stopped",
            "Shuffle, transforms and position go on where they were. Or does a sample differ when "
            "it is asked for again?",
        )  # fmt: skip
