"""Stage 08 against PyTorch: data sets, splits, batches, lengths, collation.

Deliberate differences: Python's floats are collated to float32, not float64, and tuples stay
tuples; the orders of shuffles are other ones; a transform flips and crops each picture of a batch
by itself; `num_workers` above 0 is one thread.
"""

import itertools
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.utils.data as theirs  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from tinytorch import Tensor  # noqa: E402
from tinytorch.dataloader import collate  # noqa: E402
from tinytorch.utils import data as ours  # noqa: E402


class Squares:
    """A map-style data set as tutorials write it, for either kind of Dataset."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if not 0 <= index < self.count:
            raise IndexError(index)
        return {"x": np.float32([index, index**2]), "name": f"n{index}"}, index


def same(a, b):
    """Compare what two loaders gave, tensors by shape, dtype and value."""
    if isinstance(b, torch.Tensor):
        assert isinstance(a, Tensor)
        assert a.shape == tuple(b.shape) and str(a.dtype) == str(b.dtype).removeprefix("torch.")
        np.testing.assert_array_equal(a.data, b.numpy())
    elif isinstance(b, dict):
        assert list(a) == list(b)
        for key in b:
            same(a[key], b[key])
    elif isinstance(b, (tuple, list)):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            same(one, other)
    else:
        assert a == b


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(0, 13),
    size=st.integers(1, 15),
    drop_last=st.booleans(),
    workers=st.integers(0, 1),
)
def test_batches_in_order(count, size, drop_last, workers):
    x = np.arange(count * 3, dtype=np.float32).reshape(count, 3)
    y = np.arange(count)
    mine = ours.DataLoader(
        ours.TensorDataset(Tensor(x), Tensor(y)), size, drop_last=drop_last, num_workers=workers
    )
    other = theirs.DataLoader(
        theirs.TensorDataset(torch.tensor(x), torch.tensor(y)), size, drop_last=drop_last
    )
    assert len(mine) == len(other)
    same(list(mine), list(other))
    mine = ours.DataLoader(Squares(count), size, drop_last=drop_last, num_workers=workers)
    other = theirs.DataLoader(Squares(count), size, drop_last=drop_last)
    same(list(mine), list(other))


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 40), size=st.integers(1, 12), seed=st.integers(0, 99))
def test_a_shuffle_is_a_permutation(count, size, seed):
    data = ours.TensorDataset(Tensor(np.arange(count)))
    loader = ours.DataLoader(data, size, shuffle=True, generator=seed)
    other = theirs.DataLoader(theirs.TensorDataset(torch.arange(count)), size, shuffle=True)
    mine, their = list(loader), list(other)
    assert [len(x) for (x,) in mine] == [len(x) for (x,) in their]
    assert sorted(i for (x,) in mine for i in x.tolist()) == list(range(count))


@pytest.mark.parametrize(
    "samples",
    [
        [1, 2, 3],
        [True, False],
        ["a", "b"],
        [(1, "a"), (2, "b")],
        [[1, 2], [3, 4]],
        [{"a": 1, "b": (2, [3, 4])}, {"a": 5, "b": (6, [7, 8])}],
        [np.float32(1.5), np.float32(2.5)],
        [np.int64(1), np.int64(2)],
        [np.zeros((2, 3), np.uint8), np.ones((2, 3), np.uint8)],
        [np.zeros(2), np.ones(2)],
        [np.zeros(()), np.ones(())],
    ],
)
def test_collate(samples):
    if isinstance(samples[0], np.float32):
        expected = torch.tensor([1.5, 2.5])
    else:
        expected = theirs.default_collate(samples)
    same(collate(samples), expected)
    assert type(collate([(1, 2)])) is tuple and type(collate([[1, 2]])) is list


def test_collate_of_tensors_and_of_floats():
    arrays = [np.full((2, 2), k, np.float32) for k in range(3)]
    expected = theirs.default_collate([torch.tensor(a) for a in arrays])
    same(collate([Tensor(a) for a in arrays]), expected)
    assert str(collate([0.5, 1.5]).dtype) == "float32"  # float64 there
    for kind, fail in ((Tensor, collate), (torch.tensor, theirs.default_collate)):
        with pytest.raises((ValueError, RuntimeError)):
            fail([kind([1.0]), kind([1.0, 2.0])])


@settings(max_examples=100, deadline=None)
@given(count=st.integers(1, 60), cuts=st.lists(st.integers(1, 20), min_size=1, max_size=5))
def test_lengths_of_a_split(count, cuts):
    warnings.simplefilter("ignore")  # PyTorch's, of parts without samples
    parts = [cut / sum(cuts) for cut in cuts]
    parts[-1] = max(0.0, 1 - sum(parts[:-1]))
    mine = ours.random_split(Squares(count), parts, generator=1)
    other = theirs.random_split(Squares(count), parts)
    ours_, theirs_ = [len(p) for p in mine], [len(p) for p in other]
    # a fraction that floats put just below a whole number is one less there
    assert sum(ours_) == count and all(
        abs(a - b) <= len(parts) for a, b in zip(ours_, theirs_, strict=True)
    )
    assert sorted(int(i) for p in mine for i in p.indices) == list(range(count))


@pytest.mark.parametrize("lengths", [[3, 3], [0.5, 0.6], [12]])
def test_splits_that_do_not_add_up(lengths):
    for split in (ours.random_split, theirs.random_split):
        with pytest.raises(ValueError):
            split(Squares(10), lengths)


def test_subset_and_tensor_dataset():
    x, y = np.arange(12, dtype=np.float32).reshape(6, 2), np.arange(6)
    mine = ours.TensorDataset(Tensor(x), Tensor(y))
    other = theirs.TensorDataset(torch.tensor(x), torch.tensor(y))
    assert len(mine) == len(other)
    for index in (0, 5, -1):
        same(mine[index], other[index])
    for bad in (6, -7):
        with pytest.raises(IndexError):
            mine[bad]
        with pytest.raises(IndexError):
            other[bad]
    same(ours.Subset(mine, [4, 1])[1], theirs.Subset(other, [4, 1])[1])
    same(
        list(ours.DataLoader(ours.Subset(mine, [4, 1, 0]), 2)),
        list(theirs.DataLoader(theirs.Subset(other, [4, 1, 0]), 2)),
    )


def test_arguments_by_name_and_what_is_ignored():
    data = Squares(5)
    for kit in (ours, theirs):
        loader = kit.DataLoader(
            dataset=data, batch_size=2, shuffle=True, num_workers=0, drop_last=True,
            collate_fn=lambda samples: len(samples), pin_memory=False, persistent_workers=False,
        )  # fmt: skip
        assert list(loader) == [2, 2] and loader.batch_size == 2 and loader.dataset is data


def test_getitems_that_gives_a_list_as_there():
    class Many(Squares):
        def __getitems__(self, indices):
            return [self[int(i)] for i in indices]

    same(list(ours.DataLoader(Many(5), 2)), list(theirs.DataLoader(Many(5), 2)))


def test_loops_over_one_loader_are_independent():
    for kit in (ours, theirs):
        loader = kit.DataLoader(Squares(6), 2)
        pairs = [(a[1].tolist(), b[1].tolist()) for a, b in itertools.product(loader, loader)]
        assert len(pairs) == 9
        seen = []
        for outer in loader:
            inner = [i for batch in loader for i in batch[1].tolist()]
            assert inner == list(range(6))
            seen += outer[1].tolist()
        assert seen == list(range(6))
