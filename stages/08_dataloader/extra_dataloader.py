"""Stage 08: tests of the given code, for whoever rewrites it."""

import gzip
import io
import struct
import tarfile
import threading

import numpy as np
from tinytorch.creation import manual_seed
from tinytorch.dataloader import (
    DataLoader,
    Dataset,
    Progress,
    Subset,
    TensorDataset,
    prefetch,
    takes_batches,
)
from tinytorch.readers import MemoryMapDataset, read_cifar10, read_idx, read_mnist
from tinytorch.tensor import Tensor
from tinytorch.transforms import (
    Compose,
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    ToDtype,
    Transform,
    _splitmix64,
    draws_for,
    uniforms,
)

from checker.expect import expect_close, expect_equal, expect_raises, expect_true


def idx(array, code=8):
    """Give the bytes of an IDX file."""
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return header + array.tobytes()


def cifar(labels):
    """Give the bytes of a CIFAR-10 file whose picture k holds k everywhere."""
    return b"".join(bytes([label]) + bytes([k]) * 3072 for k, label in enumerate(labels))


def archive(path, files):
    """Write a .tar.gz of these files in the usual folder."""
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def left_threads():
    """List the loading threads that still run."""
    found = [t for t in threading.enumerate() if t.name == "prefetch"]
    for thread in found:
        thread.join(0.2)
    return [thread for thread in found if thread.is_alive()]


# -- data sets ------------------------------------------------------------------------------------


def test_extra_dataset_getitem_says_what_is_missing():
    expect_raises(TypeError, lambda: Dataset()[0], "Dataset()[0]", mentions=["__getitem__"])


def test_extra_dataset_len_says_what_is_missing():
    expect_raises(TypeError, lambda: len(Dataset()), "len(Dataset())", mentions=["__len__"])


def test_extra_tensordataset_init_lengths():
    expect_raises(
        ValueError, lambda: TensorDataset(Tensor([1.0, 2.0]), Tensor([1.0])),
        "TensorDataset of 2 inputs and 1 label", mentions=["(2,)", "(1,)"],
    )  # fmt: skip
    expect_raises(ValueError, lambda: TensorDataset(Tensor(1.0)), "TensorDataset of a number")
    expect_raises(ValueError, lambda: TensorDataset(), "TensorDataset of nothing")


def test_extra_tensordataset_len_rows():
    expect_equal(len(TensorDataset(np.zeros((4, 2)), np.zeros(4))), 4, "len of 4 rows")


def test_extra_tensordataset_getitems_asks_the_transform():
    x = np.zeros((4, 1, 2, 2), np.float32)
    whole = Compose([RandomHorizontalFlip(), ToDtype()])
    for transform, expected in (
        (None, True), (whole, True), (lambda x: x, False), (Compose([lambda x: x]), False),
    ):  # fmt: skip
        offers = TensorDataset(x, transform=transform).__getitems__ is not None
        expect_equal(offers, expected, f"does it load whole batches with {transform!r:.20}")


def test_extra_subset_init_indices():
    part = Subset(TensorDataset(Tensor([10, 11, 12])), [2, 0])
    expect_true(isinstance(part.indices, np.ndarray), "the indices of a subset are no array")
    expect_equal(part.indices.tolist(), [2, 0], "the indices of a subset")


def test_extra_subset_len_of_the_part():
    expect_equal(len(Subset(TensorDataset(Tensor([10, 11, 12])), [2, 0])), 2, "len of 2 of 3")


def test_extra_subset_getitem_of_the_data_set_below():
    part = Subset(TensorDataset(Tensor([10, 11, 12, 13])), [3, 1])
    expect_equal([int(part[i][0]) for i in range(2)], [13, 11], "the samples of a subset")
    expect_equal([int(x) for x in Subset(part, [1])[0]], [11], "a subset of a subset")


def test_extra_subset_getitems_of_the_data_set_below():
    part = Subset(TensorDataset(Tensor([10, 11, 12, 13])), [3, 1, 0])
    expect_close(part.__getitems__(np.array([0, 2]))[0], [13, 10], "two samples of a subset")
    expect_equal(Subset([5, 6], [0]).__getitems__, None, "whole batches of a list")


# -- the loader -----------------------------------------------------------------------------------


def test_extra_dataloader_init_refuses():
    data = TensorDataset(Tensor([1, 2]))
    for options, error in (
        ({"batch_size": 0}, ValueError),
        ({"batch_size": 2.5}, ValueError),
        ({"prefetch_factor": 0}, ValueError),
        ({"generator": -1}, ValueError),
        ({"generator": "one"}, TypeError),
    ):
        expect_raises(error, lambda o=options: DataLoader(data, **o), f"DataLoader({options})")


def test_extra_dataloader_init_seed_of_the_framework():
    def seed():
        manual_seed(4)
        return DataLoader(TensorDataset(Tensor([1, 2]))).seed

    expect_equal(seed(), seed(), "the seed that is drawn after the same manual_seed")


def test_extra_dataloader_epoch_batches_settings():
    loader = DataLoader(TensorDataset(Tensor(range(7))), 3, drop_last=True)
    found = [batch.tolist() for batch in loader.epoch_batches(0)]
    expect_equal(found, [[0, 1, 2], [3, 4, 5]], "epoch_batches with drop_last")


def test_extra_progress_finish_next_epoch():
    progress = Progress(epoch=3, position=7, begun=True)
    progress.finish()
    expect_equal(progress, Progress(4, 0, False), "epoch 3, finished after 7 batches")


def test_extra_takes_batches_unless_it_does_not_say_so():
    for transform, expected in ((None, True), (ToDtype(), True), (abs, False)):
        expect_equal(bool(takes_batches(transform)), expected, f"takes_batches({transform!r:.20})")


def test_extra_dataloader_begin_next_epoch_after_a_break():
    loader = DataLoader(TensorDataset(Tensor(range(4))))
    for expected in (0, 1, 2):
        next(iter(loader))
        expect_equal(loader.state_dict()["epoch"], expected, "the epoch after a break")


def test_extra_dataloader_load_collate_fn():
    data = TensorDataset(Tensor([1, 2, 3]))
    loader = DataLoader(data, 2, collate_fn=len)
    expect_equal(list(loader), [2, 1], "batches made by len, which counts samples")


def test_extra_dataloader_load_list_is_collated():
    class Many(Dataset):
        def __len__(self):
            return 3

        def __getitems__(self, indices):
            return [(int(i), -int(i)) for i in indices]

    found = list(DataLoader(Many(), 2))
    expect_close(found[0][1], [0, -1], "a batch of __getitems__ that gives a list of samples")


def test_extra_dataloader_set_epoch_keeps_a_loaded_position():
    loader = DataLoader(TensorDataset(Tensor(range(6))))
    loader.load_state_dict({"epoch": 2, "position": 4, "seed": 0})
    loader.set_epoch(2)
    expect_equal(len(list(loader)), 2, "batches left of 6 after 4")
    loader.load_state_dict({"epoch": 2, "position": 4, "seed": 0})
    loader.set_epoch(3)
    expect_equal(len(list(loader)), 6, "batches of another epoch")


def test_extra_dataloader_load_state_dict_of_another_loader():
    loader = DataLoader(TensorDataset(Tensor(range(6))), 2)
    expect_raises(
        ValueError, lambda: loader.load_state_dict({"epoch": 0, "position": 4, "seed": 0}),
        "position 4 of 3 batches", mentions=["4", "3 batches"],
    )  # fmt: skip


def test_extra_dataloader_state_dict_keys():
    state = DataLoader(TensorDataset(Tensor([1])), generator=9).state_dict()
    expect_equal(state, {"epoch": 0, "position": 0, "seed": 9}, "the state of a fresh loader")


# -- the thread -----------------------------------------------------------------------------------


def test_extra_prefetch_same_sequence():
    for ahead in (1, 3):
        expect_equal(list(prefetch(iter(range(9)), ahead)), list(range(9)), "prefetch(range(9))")
    expect_equal(list(prefetch([])), [], "prefetch([])")
    expect_equal(left_threads(), [], "threads left over")


def test_extra_prefetch_in_a_thread_and_ahead():
    seen, third = [], threading.Event()

    def items():
        for k in range(6):
            seen.append(threading.current_thread().name)
            if k == 2:
                third.set()
            yield k

    stream = prefetch(items(), 2)
    next(stream)
    expect_true(third.wait(1.0), f"two more were to be made ahead, {len(seen)} were made in all")
    expect_true(len(seen) <= 3, f"{len(seen)} items were made, for one in use and 2 ahead")
    expect_equal(set(seen), {"prefetch"}, "the thread that makes the items")
    stream.close()
    expect_equal(left_threads(), [], "threads left over after close()")


def test_extra_produce_hands_on_errors_in_their_place():
    def items():
        yield 1
        raise KeyError("broken")

    stream = prefetch(items())
    expect_equal(next(stream), 1, "the item before the error")
    expect_raises(KeyError, lambda: next(stream), "the second item", mentions=["broken"])
    expect_equal(left_threads(), [], "threads left over after an error")


# -- transforms and their numbers -----------------------------------------------------------------


class Half(Transform):
    def forward(self, images):
        expect_equal(images.ndim, 4, "axes of what forward gets")
        return images / 2


def test_extra_transform_call_kinds():
    for shape in ((1, 2, 2), (3, 1, 2, 2)):
        x = np.ones(shape)
        expect_close(Half()(x), x / 2, f"a transform of an array {shape}")
        expect_true(isinstance(Half()(Tensor(x)), Tensor), "of a tensor came no tensor")
    for shape in ((2, 2), (2,), (1, 1, 1, 2, 2)):
        expect_raises(
            ValueError, lambda shape=shape: Half()(np.ones(shape)), f"a picture {shape}",
            mentions=[shape],
        )  # fmt: skip
    with draws_for(0, 0, [0, 1, 2]):
        expect_raises(
            ValueError, lambda: Half()(np.ones((3, 2, 2))), "a batch without a channel axis",
            "(3, 2, 2) would be taken for one picture of 3 channels.", mentions=["(N, C, H, W)"],
        )  # fmt: skip


def test_extra_transform_forward_missing():
    expect_raises(TypeError, lambda: Transform()(np.ones((1, 2, 2))), "Transform()(picture)")


def test_extra_normalize_init_refuses():
    expect_raises(ValueError, lambda: Normalize([0.5], [0.0]), "Normalize with std 0")
    expect_raises(ValueError, lambda: Normalize([0.5], [1.0, 2.0]), "Normalize, 1 mean, 2 stds")


def test_extra_randomhorizontalflip_init_refuses():
    expect_raises(ValueError, lambda: RandomHorizontalFlip(1.5), "RandomHorizontalFlip(1.5)")


def test_extra_randomcrop_init_refuses():
    expect_raises(ValueError, lambda: RandomCrop(0), "RandomCrop(0)")
    expect_raises(ValueError, lambda: RandomCrop(2, padding=-1), "RandomCrop, padding -1")
    expect_equal(RandomCrop((2, 3)).size, (2, 3), "the size of RandomCrop((2, 3))")


def test_extra_todtype_init_defaults():
    expect_equal((ToDtype().dtype, ToDtype().scale), (np.dtype("float32"), False), "ToDtype()")


def test_extra_todtype_call_scales():
    x = np.array([0, 51, 255], np.uint8)
    expect_close(ToDtype(scale=True)(x), [0, 0.2, 1], "ToDtype(scale=True)", dtype=np.float32)
    expect_close(ToDtype()(x), [0, 51, 255], "ToDtype()", dtype=np.float32)
    expect_close(ToDtype(np.float64, scale=True)(x / 2), x / 2, "of floats", dtype=np.float64)


def test_extra_compose_init_keeps_a_list():
    expect_equal(Compose(iter([abs, len])).transforms, [abs, len], "the transforms of Compose")


def test_extra_compose_call_in_order():
    both = Compose([lambda x: x + 1, lambda x: x * 2])
    expect_equal(both(3), 8, "Compose of + 1 and * 2, of 3")


def test_extra_compose_batched_where_each_is():
    expect_equal(Compose([ToDtype(), Half()]).batched, True, "may Compose take a batch")
    expect_equal(Compose([ToDtype(), abs]).batched, False, "may Compose with abs take a batch")


def test_extra_uniforms_by_sample():
    with draws_for(1, 2, [5, 9]):
        first, second = uniforms(2, 3), uniforms(2, 3)
    expect_true(len(np.unique([first, second])) == 12, "two calls gave the same number")
    with draws_for(1, 2, [9], whole_batch=False):
        expect_close(uniforms(1, 3), first[1:], "sample 9, alone")
        expect_close(uniforms(1, 3), second[1:], "sample 9, alone, the second call")
    for seed, epoch in ((1, 3), (2, 2)):
        with draws_for(seed, epoch, [5, 9]):
            expect_true(uniforms(2, 3)[0, 0] != first[0, 0], f"seed {seed}, epoch {epoch}: alike")
    with draws_for(0, 0, [1, 2]):
        expect_raises(ValueError, lambda: uniforms(3, 1), "numbers for 3 samples of 2")


def test_extra_uniforms_are_uniform():
    with draws_for(0, 0, np.arange(20000)):
        drawn = uniforms(20000, 2)
    expect_true(bool((drawn >= 0).all() and (drawn < 1).all()), "a number is not in [0, 1)")
    counts = np.histogram(drawn, bins=20, range=(0, 1))[0]
    expect_true(counts.min() > 1800 and counts.max() < 2200, f"of 40,000 in 20 bins: {counts}")
    for a, b in ((drawn[:, 0], drawn[:, 1]), (drawn[1:, 0], drawn[:-1, 0])):
        expect_true(abs(np.corrcoef(a, b)[0, 1]) < 0.03, "numbers go together that should not")


def test_extra_uniforms_without_a_loader():
    manual_seed(3)
    first = uniforms(2, 2)
    manual_seed(3)
    expect_close(uniforms(2, 2), first, "numbers after the same manual_seed")


def test_extra_draws_for_ends():
    with draws_for(0, 0, [1]):
        with draws_for(0, 0, [2]):
            inner = uniforms(1, 1)
        outer = uniforms(1, 1)
    expect_true(inner[0, 0] != outer[0, 0], "the inner block went on")
    expect_equal(uniforms(3, 1).shape, (3, 1), "numbers for 3 after all blocks")


def test_extra_splitmix64_published_numbers():
    found = _splitmix64(np.array([1234567], np.uint64), np.arange(1, 4, dtype=np.uint64))
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    expect_equal(found.tolist(), expected, "the first numbers of SplitMix64 from 1234567")


# -- files ----------------------------------------------------------------------------------------


def test_extra_memorymapdataset_getitem_rows(tmp_path):
    x, y = np.arange(24.0).reshape(6, 4), np.arange(6)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    data = MemoryMapDataset(tmp_path / "x.npy", tmp_path / "y.npy", resident=1)
    for index in (2, [3, 0, 3]):
        expect_close(data[index][0], x[index], f"rows {index}")
        expect_close(data[index][1], y[index], f"labels {index}")
    found = [int(v) for _, y in DataLoader(data, 4, shuffle=True, num_workers=1) for v in y.data]
    expect_equal(sorted(found), list(range(6)), "the labels of an epoch")
    twice = MemoryMapDataset(tmp_path / "y.npy", transform=lambda v: v * 2)
    expect_equal(int(twice[3][0]), 6, "sample 3 with a transform that doubles")
    expect_equal(twice.__getitems__, None, "whole batches with a transform for samples")


def test_extra_memorymapdataset_rows_a_few_at_a_time(tmp_path):
    x = np.asfortranarray(np.arange(40, dtype=np.int16).reshape(20, 2))
    np.save(tmp_path / "x.npy", x)
    index = np.random.default_rng(0).integers(0, 20, 15)
    for resident in (1, 5 * 2**21, 2**30):
        data = MemoryMapDataset(tmp_path / "x.npy", resident=resident)
        found = data._rows(data.files[0], index)
        expect_close(found, x[index], f"15 rows, {resident} bytes at a time", dtype=np.int16)
        expect_true(not isinstance(found, np.memmap), "the rows still look at the file")


def test_extra_memorymapdataset_len_rows(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((6, 4)))
    expect_equal(len(MemoryMapDataset(tmp_path / "x.npy")), 6, "len of a file of 6 rows")


def test_extra_memorymapdataset_getitems_asks_the_transform(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((6, 1, 2, 2), np.float32))
    for transform, expected in ((None, True), (RandomHorizontalFlip(), True), (abs, False)):
        data = MemoryMapDataset(tmp_path / "x.npy", transform=transform)
        offers = data.__getitems__ is not None
        expect_equal(offers, expected, f"does it load whole batches with {transform!r:.20}")


def test_extra_memorymapdataset_init_refuses(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.zeros((6, 4)))
    whole = path.read_bytes()
    np.save(tmp_path / "y.npy", np.zeros(5))
    expect_raises(
        ValueError, lambda: MemoryMapDataset(path, tmp_path / "y.npy"), "6 rows and 5 rows",
        mentions=["5, 6"],
    )  # fmt: skip
    for name, data in (("cut", whole[:-3]), ("longer", whole + b"1"), ("text", b"hello")):
        path.write_bytes(data)
        expect_raises(ValueError, lambda: MemoryMapDataset(path), f"a file that is {name}")


def test_extra_read_idx_values(tmp_path):
    path = tmp_path / "numbers"
    x = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    for data in (idx(x), gzip.compress(idx(x))):
        path.write_bytes(data)
        expect_close(read_idx(path), x, "read_idx", dtype=np.uint8)
    for code, dtype in ((9, "i1"), (0x0B, "i2"), (0x0C, "i4"), (0x0D, "f4"), (0x0E, "f8")):
        values = np.array([-3, 100, 0])
        path.write_bytes(idx(values.astype(f">{dtype}"), code))
        expect_close(read_idx(path), values, f"read_idx of type {code}", dtype=dtype)


def test_extra_read_idx_damaged(tmp_path):
    path, x = tmp_path / "numbers", np.zeros((2, 3), np.uint8)
    whole, packed = idx(x), gzip.compress(idx(x))
    for name, data, said in (
        ("empty", b"", "no IDX"),
        ("text", b"hello world", "no IDX"),
        ("of an unknown type", b"\0\0\x07\x01" + whole[4:], "no IDX"),
        ("cut in the header", whole[:9], "cut off"),
        ("cut in the numbers", whole[:-1], "cut off"),
        ("too long", whole + b"\0", "after its end"),
        ("cut in the gzip", packed[:-9], "damaged"),
        ("changed in the gzip", packed[:-8] + b"\0\0\0\0" + packed[-4:], "damaged"),
    ):
        path.write_bytes(data)
        expect_raises(
            ValueError, lambda: read_idx(path), f"a file that is {name}", mentions=[said, "numbers"]
        )
    path.write_bytes(whole)
    expect_raises(ValueError, lambda: read_idx(path, "0" * 32), "another MD5", mentions=["md5"])
    expect_raises(ValueError, lambda: read_idx(path, "12"), "a checksum of 2 digits")


def test_extra_read_mnist_pairs(tmp_path):
    images, labels = np.zeros((3, 28, 28), np.uint8), np.array([1, 0, 9], np.uint8)
    pictures, names = tmp_path / "t10k-images-idx3-ubyte", tmp_path / "t10k-labels-idx1-ubyte.gz"
    pictures.write_bytes(idx(images))
    names.write_bytes(gzip.compress(idx(labels)))
    x, y = read_mnist(tmp_path, "test", verify=False)
    expect_equal((x.shape, y.tolist(), str(y.dtype)), ((3, 28, 28), [1, 0, 9], "int64"), "MNIST")
    expect_raises(ValueError, lambda: read_mnist(tmp_path, "test"), "other files", mentions=["md5"])
    expect_raises(FileNotFoundError, lambda: read_mnist(tmp_path), "no training files")
    expect_raises(ValueError, lambda: read_mnist(tmp_path, "all"), "split 'all'")
    names.write_bytes(idx(labels + 1))
    expect_raises(
        ValueError, lambda: read_mnist(tmp_path, "test", verify=False), "label 10",
        mentions=["record 2", "label 10"],
    )  # fmt: skip
    names.write_bytes(idx(labels[:2]))
    expect_raises(
        ValueError, lambda: read_mnist(tmp_path, "test", verify=False), "3 pictures, 2 labels"
    )


def test_extra_read_cifar10_values(tmp_path):
    files = {f"data_batch_{i}.bin": cifar([i, 0]) for i in range(1, 6)}
    archive(tmp_path / "cifar.tar.gz", files | {"batches.meta.txt": b"airplane\n"})
    folder = tmp_path / "unpacked"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    for path in (tmp_path / "cifar.tar.gz", folder):
        x, y = read_cifar10(path)
        expect_equal((x.shape, str(x.dtype)), ((10, 3, 32, 32), "uint8"), "the pictures")
        expect_equal(y.tolist(), [1, 0, 2, 0, 3, 0, 4, 0, 5, 0], "the labels, file after file")
        expect_equal(int(x[1].min()), 1, "the numbers of picture 1")


def test_extra_read_cifar10_damaged(tmp_path):
    path = tmp_path / "cifar.tar.gz"
    archive(path, {"data_batch_1.bin": cifar([1])})
    expect_raises(ValueError, lambda: read_cifar10(path, "test"), "no test file",
                  mentions=["test_batch.bin"])  # fmt: skip
    for data, said in (
        (cifar([1, 2])[:-1], "6145 bytes"),
        (b"", "0 bytes"),
        (cifar([1, 10]), "record 1 has label 10"),
    ):
        archive(path, {"test_batch.bin": data})
        expect_raises(ValueError, lambda: read_cifar10(path, "test"), said, mentions=[said])
    archive(path, {"test_batch.bin": cifar([1] * 40)})
    whole = path.read_bytes()
    expect_raises(
        ValueError, lambda: read_cifar10(path, "test", {"test_batch.bin": "0" * 64}),
        "another SHA-256", mentions=["sha256", "test_batch.bin"],
    )  # fmt: skip
    changed = bytearray(whole)
    changed[-7] ^= 1  # in the checksum of gzip
    for name, data in (
        ("cut off", whole[: len(whole) // 2]),
        ("changed", changed),
        ("text", b"hello" * 200),
    ):
        path.write_bytes(data)
        expect_raises(ValueError, lambda: read_cifar10(path, "test"), f"an archive that is {name}")
    expect_raises(FileNotFoundError, lambda: read_cifar10(tmp_path, "test"), "an empty folder")
