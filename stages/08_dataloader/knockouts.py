"""Mistakes that learners make in stage 08, each with the test that notices it."""


@knockout(
    of="TensorDataset.__getitem__",
    killed_by="test_unit_tensordataset_getitem_example",
    says="the sample is a list, not a tuple",
)
def list_for_tuple(self, index):
    first, *others = [tensor[index] for tensor in self.tensors]
    if self.transform is not None:
        first = self.transform(first)
    return [first, *others]


@knockout(
    of="TensorDataset.__getitem__",
    killed_by="test_unit_tensordataset_getitem_any_number_of_tensors",
    says="it counts on exactly two tensors",
)
def two_tensors_only(self, index):
    first, second = self.tensors[0][index], self.tensors[-1][index]
    if self.transform is not None:
        first = self.transform(first)
    return first, second


@knockout(
    of="TensorDataset.__getitem__",
    killed_by="test_unit_tensordataset_getitem_belong_together",
    says="the label comes from another row than the input",
)
def label_of_the_next(self, index):
    first = self.tensors[0][index]
    if self.transform is not None:
        first = self.transform(first)
    return (first, *[t[(index + 1) % len(t)] for t in self.tensors[1:]])


@knockout(
    of="TensorDataset.__getitem__",
    killed_by="test_unit_tensordataset_getitem_example",
    says="only the input comes, the label is forgotten",
)
def label_forgotten(self, index):
    first = self.tensors[0][index]
    if self.transform is not None:
        first = self.transform(first)
    return (first,)


@knockout(
    of="TensorDataset.__getitem__",
    killed_by="test_unit_tensordataset_getitem_transform",
    says="the transform is never called",
)
def transform_ignored(self, index):
    return tuple(tensor[index] for tensor in self.tensors)


@knockout(
    of="TensorDataset.__getitem__",
    killed_by="test_unit_tensordataset_getitem_transform",
    says="the transform is called with the labels, too",
)
def transform_of_all(self, index):
    parts = tuple(tensor[index] for tensor in self.tensors)
    return parts if self.transform is None else tuple(map(self.transform, parts))


@knockout(
    of="TensorDataset.__getitem__",
    killed_by="test_unit_tensordataset_getitem_transform",
    says="all rows are transformed, and then one is taken",
)
def transform_before_choosing(self, index):
    first, *others = self.tensors
    if self.transform is not None:
        first = self.transform(first)
    return tuple(tensor[index] for tensor in (first, *others))


@knockout(
    of="TensorDataset.__getitem__",
    killed_by="test_unit_tensordataset_getitem_many_at_once",
    says="an index may be one number only",
)
def one_index_only(self, index):
    index = int(index)
    first, *others = [tensor[index] for tensor in self.tensors]
    if self.transform is not None:
        first = self.transform(first)
    return (first, *others)


@knockout(
    of="TensorDataset.__getitem__",
    killed_by="test_unit_tensordataset_getitem_no_loop",
    says="a batch is fetched row by row, in a Python loop",
)
def row_by_row(self, index):
    if np.ndim(index):
        parts = [Tensor(np.stack([t[int(i)].data for i in index])) for t in self.tensors]
    else:
        parts = [t[index] for t in self.tensors]
    if self.transform is not None:
        parts[0] = self.transform(parts[0])
    return tuple(parts)


@knockout(
    of="TensorDataset.__getitem__",
    killed_by="test_unit_tensordataset_getitem_beyond_the_end",
    says="an index beyond the end begins again at 0, in silence",
)
def round_and_round(self, index):
    index = np.asarray(index) % len(self)
    first, *others = [tensor[index] for tensor in self.tensors]
    if self.transform is not None:
        first = self.transform(first)
    return (first, *others)


@knockout(
    of="TensorDataset.__getitem__",
    killed_by="test_unit_tensordataset_getitem_no_loop",
    says="the arrays inside the tensors are indexed, not the tensors",
)
def arrays_indexed(self, index):
    first, *others = [Tensor(tensor.data[index]) for tensor in self.tensors]
    if self.transform is not None:
        first = self.transform(first)
    return (first, *others)


@knockout(
    of="TensorDataset.__getitem__",
    killed_by="test_unit_tensordataset_getitem_example",
    says="a return is missing",
)
def nothing_given_back(self, index):
    first, *others = [tensor[index] for tensor in self.tensors]
    if self.transform is not None:
        first = self.transform(first)
    del others


@knockout(
    of="TensorDataset.__getitem__",
    killed_by="test_unit_tensordataset_getitem_transform",
    says="what the transform makes is written into the data set",
)
def written_back(self, index):
    first, *others = [tensor[index] for tensor in self.tensors]
    if self.transform is not None:
        first = self.transform(first)
        self.tensors[0].data[index] = first.data
    return (first, *others)


@knockout(
    of="random_split",
    killed_by="test_unit_random_split_shuffles",
    says="the parts are cut without a shuffle, in the order of the data",
)
def cut_in_order(dataset, lengths, generator=None):
    lengths = _whole_lengths(lengths, len(dataset))
    order = np.arange(len(dataset))
    _generator(generator).permutation(len(dataset))
    parts = np.split(order, np.cumsum(lengths)[:-1])
    return [Subset(dataset, part) for part in parts]


@knockout(
    of="random_split",
    killed_by="test_unit_random_split_each_sample_once",
    says="each part is drawn afresh, so that a sample may be in two of them, and another in none",
)
def parts_overlap(dataset, lengths, generator=None):
    lengths = _whole_lengths(lengths, len(dataset))
    draw = _generator(generator)
    return [Subset(dataset, draw.permutation(len(dataset))[:n]) for n in lengths]


@knockout(
    of="random_split",
    killed_by="test_unit_random_split_each_sample_once",
    says="every part begins at the start of the order",
)
def all_from_the_start(dataset, lengths, generator=None):
    lengths = _whole_lengths(lengths, len(dataset))
    order = _generator(generator).permutation(len(dataset))
    return [Subset(dataset, order[:n]) for n in lengths]


@knockout(
    of="random_split",
    killed_by="test_unit_random_split_each_sample_once",
    says="the samples are drawn with replacement, so some come twice",
)
def drawn_with_replacement(dataset, lengths, generator=None):
    lengths = _whole_lengths(lengths, len(dataset))
    order = _generator(generator).integers(0, max(len(dataset), 1), len(dataset))
    parts = np.split(order, np.cumsum(lengths)[:-1])
    return [Subset(dataset, part) for part in parts]


@knockout(
    of="random_split",
    killed_by="test_unit_random_split_each_sample_once",
    says="the lengths are taken for the places to cut at",
)
def lengths_for_ends(dataset, lengths, generator=None):
    lengths = _whole_lengths(lengths, len(dataset))
    order = _generator(generator).permutation(len(dataset))
    parts = np.split(order, lengths[:-1])
    return [Subset(dataset, part) for part in parts]


@knockout(
    of="random_split",
    killed_by="test_unit_random_split_repeatable",
    says="the seed is ignored",
)
def seed_ignored(dataset, lengths, generator=None):
    lengths = _whole_lengths(lengths, len(dataset))
    order = np.random.default_rng().permutation(len(dataset))
    parts = np.split(order, np.cumsum(lengths)[:-1])
    return [Subset(dataset, part) for part in parts]


@knockout(
    of="random_split",
    killed_by="test_unit_random_split_repeatable",
    says="without a seed every split is the same one",
)
def always_seed_0(dataset, lengths, generator=None):
    lengths = _whole_lengths(lengths, len(dataset))
    order = np.random.default_rng(generator or 0).permutation(len(dataset))
    parts = np.split(order, np.cumsum(lengths)[:-1])
    return [Subset(dataset, part) for part in parts]


@knockout(
    of="random_split",
    killed_by="test_unit_random_split_does_not_add_up",
    says="lengths that do not add up are not noticed",
)
def sum_not_checked(dataset, lengths, generator=None):
    order = _generator(generator).permutation(len(dataset))
    if sum(lengths) == 1:
        lengths = _whole_lengths(lengths, len(dataset))
    parts = np.split(order, np.cumsum(lengths)[:-1])
    return [Subset(dataset, part) for part in parts]


@knockout(
    of="random_split",
    killed_by="test_unit_random_split_fractions",
    says="the lengths are used as they come, so fractions are no numbers of samples",
)
def no_fractions(dataset, lengths, generator=None):
    if sum(lengths) != len(dataset) or min(lengths) < 0:
        raise ValueError(f"the lengths {lengths} do not add up to the {len(dataset)} samples")
    order = _generator(generator).permutation(len(dataset))
    parts = np.split(order, np.cumsum(lengths)[:-1])
    return [Subset(dataset, part) for part in parts]


@knockout(
    of="random_split",
    killed_by="test_unit_random_split_example",
    says="the parts are plain lists of samples, copied out of the data set",
)
def copies_for_subsets(dataset, lengths, generator=None):
    lengths = _whole_lengths(lengths, len(dataset))
    order = _generator(generator).permutation(len(dataset))
    parts = np.split(order, np.cumsum(lengths)[:-1])
    return [[dataset[int(i)] for i in part] for part in parts]


@knockout(
    of="random_split",
    killed_by="test_unit_random_split_repeatable",
    says="seed 0 is taken for no seed",
)
def seed_0_is_none(dataset, lengths, generator=None):
    lengths = _whole_lengths(lengths, len(dataset))
    draw = _generator(generator) if generator else random_generator()
    parts = np.split(draw.permutation(len(dataset)), np.cumsum(lengths)[:-1])
    return [Subset(dataset, part) for part in parts]


@knockout(
    of="random_split",
    killed_by="test_unit_random_split_repeatable",
    says="default_rng is asked directly, so manual_seed does not count",
)
def manual_seed_ignored(dataset, lengths, generator=None):
    lengths = _whole_lengths(lengths, len(dataset))
    order = np.random.default_rng(generator).permutation(len(dataset))
    return [Subset(dataset, part) for part in np.split(order, np.cumsum(lengths)[:-1])]


@knockout(
    of="random_split",
    killed_by="test_unit_random_split_repeatable",
    says="the permutation is shuffled once more",
)
def shuffled_twice(dataset, lengths, generator=None):
    lengths = _whole_lengths(lengths, len(dataset))
    draw = _generator(generator)
    order = draw.permutation(draw.permutation(len(dataset)))
    return [Subset(dataset, part) for part in np.split(order, np.cumsum(lengths)[:-1])]


@knockout(
    of="random_split",
    killed_by="test_unit_random_split_example",
    says="a tuple comes back, not a list",
)
def tuple_of_parts(dataset, lengths, generator=None):
    lengths = _whole_lengths(lengths, len(dataset))
    order = _generator(generator).permutation(len(dataset))
    return tuple(Subset(dataset, part) for part in np.split(order, np.cumsum(lengths)[:-1]))


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_shuffles",
    says="it never shuffles",
)
def never_shuffles(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = np.arange(count)
    end = count - count % batch_size if drop_last else count
    return [order[start : start + batch_size] for start in range(0, end, batch_size)]


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_shuffles",
    says="it shuffles whether it is asked to or not",
)
def always_shuffles(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = np.random.default_rng(np.random.SeedSequence([seed, epoch])).permutation(count)
    end = count - count % batch_size if drop_last else count
    return [order[start : start + batch_size] for start in range(0, end, batch_size)]


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_shuffles",
    says="whole batches are put into another order, but the same samples stay together",
)
def batches_shuffled(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = np.arange(count)
    end = count - count % batch_size if drop_last else count
    batches = [order[start : start + batch_size] for start in range(0, end, batch_size)]
    if shuffle:
        draw = np.random.default_rng(np.random.SeedSequence([seed, epoch]))
        full = [batch for batch in batches if len(batch) == batch_size]
        rest = batches[len(full) :]
        batches = [full[i] for i in draw.permutation(len(full))] + rest
    return batches


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_shuffles",
    says="the samples are mixed only within their batch",
)
def mixed_within_batches(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = np.arange(count)
    draw = np.random.default_rng(np.random.SeedSequence([seed, epoch]))
    end = count - count % batch_size if drop_last else count
    batches = [order[start : start + batch_size] for start in range(0, end, batch_size)]
    return [draw.permutation(batch) for batch in batches] if shuffle else batches


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_epochs_differ",
    says="every epoch has the same order",
)
def same_order_every_epoch(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = np.arange(count)
    if shuffle:
        order = np.random.default_rng(np.random.SeedSequence([seed])).permutation(count)
    end = count - count % batch_size if drop_last else count
    return [order[start : start + batch_size] for start in range(0, end, batch_size)]


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_epochs_differ",
    says="seed and epoch are added up, so different runs have the same orders, one epoch later",
)
def seed_plus_epoch(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = np.arange(count)
    if shuffle:
        order = np.random.default_rng(seed + epoch).permutation(count)
    end = count - count % batch_size if drop_last else count
    return [order[start : start + batch_size] for start in range(0, end, batch_size)]


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_repeatable",
    says="the order comes from a generator that everybody uses, so it cannot be had again",
)
def shared_generator(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = np.arange(count)
    if shuffle:
        order = random_generator().permutation(count)
    end = count - count % batch_size if drop_last else count
    return [order[start : start + batch_size] for start in range(0, end, batch_size)]


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_each_once",
    says="samples are drawn with replacement: some come twice, some never",
)
def with_replacement(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = np.arange(count)
    if shuffle:
        draw = np.random.default_rng(np.random.SeedSequence([seed, epoch]))
        order = draw.integers(0, max(count, 1), count)
    end = count - count % batch_size if drop_last else count
    return [order[start : start + batch_size] for start in range(0, end, batch_size)]


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_example",
    says="the last batch is dropped, though nobody asked for it",
)
def last_batch_dropped(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = np.arange(count)
    if shuffle:
        order = np.random.default_rng(np.random.SeedSequence([seed, epoch])).permutation(count)
    end = count - count % batch_size
    return [order[start : start + batch_size] for start in range(0, end, batch_size)]


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_drop_last",
    says="drop_last is ignored",
)
def drop_last_ignored(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = np.arange(count)
    if shuffle:
        order = np.random.default_rng(np.random.SeedSequence([seed, epoch])).permutation(count)
    return [order[start : start + batch_size] for start in range(0, count, batch_size)]


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_drop_last",
    says="with drop_last a last batch that is full is dropped, too",
)
def full_batch_dropped(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = np.arange(count)
    if shuffle:
        order = np.random.default_rng(np.random.SeedSequence([seed, epoch])).permutation(count)
    batches = [order[start : start + batch_size] for start in range(0, count, batch_size)]
    return batches[:-1] if drop_last else batches


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_drop_last",
    says="the rest is left out before the shuffle, so the same samples are never seen",
)
def dropped_before_the_shuffle(
    count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0
):
    end = count - count % batch_size if drop_last else count
    order = np.arange(end)
    if shuffle:
        order = np.random.default_rng(np.random.SeedSequence([seed, epoch])).permutation(end)
    return [order[start : start + batch_size] for start in range(0, end, batch_size)]


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_each_once",
    says="the batches overlap by one: a sample comes twice",
)
def batches_overlap(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = np.arange(count)
    if shuffle:
        order = np.random.default_rng(np.random.SeedSequence([seed, epoch])).permutation(count)
    end = count - count % batch_size if drop_last else count
    starts = range(0, end, batch_size)
    return [order[max(start - (start == starts[-1]), 0) : start + batch_size] for start in starts]


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_each_once",
    says="where the last batch would end exactly at the end, an empty one follows",
)
def empty_batch_at_the_end(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = np.arange(count)
    if shuffle:
        order = np.random.default_rng(np.random.SeedSequence([seed, epoch])).permutation(count)
    whole = count // batch_size + (not drop_last)
    return [order[k * batch_size : (k + 1) * batch_size] for k in range(whole)]


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_arrays",
    says="the batches are lists, not arrays",
)
def lists_for_arrays(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = np.arange(count)
    if shuffle:
        order = np.random.default_rng(np.random.SeedSequence([seed, epoch])).permutation(count)
    end = count - count % batch_size if drop_last else count
    return [order[start : start + batch_size].tolist() for start in range(0, end, batch_size)]


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_example",
    says="a function with yield gives no list",
)
def yielded_batches(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = np.arange(count)
    if shuffle:
        order = np.random.default_rng(np.random.SeedSequence([seed, epoch])).permutation(count)
    end = count - count % batch_size if drop_last else count
    for start in range(0, end, batch_size):
        yield order[start : start + batch_size]


@knockout(
    of="index_batches",
    killed_by="test_unit_index_batches_arrays",
    says="without a shuffle the batches are lists or ranges, not arrays",
)
def ranges_unless_shuffled(count, batch_size, *, shuffle=False, drop_last=False, seed=0, epoch=0):
    order = range(count)
    if shuffle:
        order = np.random.default_rng(np.random.SeedSequence([seed, epoch])).permutation(count)
    end = count - count % batch_size if drop_last else count
    return [order[start : start + batch_size] for start in range(0, end, batch_size)]


@knockout(
    of="collate",
    killed_by="test_unit_collate_new_axis",
    says="the samples are joined along their first axis instead of becoming rows of a new one",
)
def concatenated(samples):
    first = samples[0]
    if isinstance(first, (tuple, list)):
        parts = [collate(part) for part in zip(*samples, strict=True)]
        return tuple(parts) if isinstance(first, tuple) else parts
    if isinstance(first, dict):
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (str, bytes)):
        return list(samples)
    arrays = [as_array(sample) for sample in samples]
    _check_shapes(arrays)
    return Tensor(np.concatenate([np.atleast_1d(array) for array in arrays]))


@knockout(
    of="collate",
    killed_by="test_unit_collate_new_axis",
    says="the batch is stacked along the last axis",
)
def stacked_at_the_end(samples):
    first = samples[0]
    if isinstance(first, (tuple, list)):
        parts = [collate(part) for part in zip(*samples, strict=True)]
        return tuple(parts) if isinstance(first, tuple) else parts
    if isinstance(first, dict):
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (str, bytes)):
        return list(samples)
    arrays = [as_array(sample) for sample in samples]
    _check_shapes(arrays)
    return Tensor(np.stack(arrays, axis=-1))


@knockout(
    of="collate",
    killed_by="test_unit_collate_new_axis",
    says="a batch of one loses its batch axis",
)
def squeezed(samples):
    first = samples[0]
    if isinstance(first, (tuple, list)):
        parts = [collate(part) for part in zip(*samples, strict=True)]
        return tuple(parts) if isinstance(first, tuple) else parts
    if isinstance(first, dict):
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (str, bytes)):
        return list(samples)
    arrays = [as_array(sample) for sample in samples]
    _check_shapes(arrays)
    return Tensor(arrays[0] if len(arrays) == 1 else np.stack(arrays))


@knockout(
    of="collate",
    killed_by="test_unit_collate_dtypes",
    says="everything becomes float32, class numbers and bytes too",
)
def all_float32(samples):
    first = samples[0]
    if isinstance(first, (tuple, list)):
        parts = [collate(part) for part in zip(*samples, strict=True)]
        return tuple(parts) if isinstance(first, tuple) else parts
    if isinstance(first, dict):
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (str, bytes)):
        return list(samples)
    arrays = [as_array(sample) for sample in samples]
    _check_shapes(arrays)
    return Tensor(np.stack(arrays).astype(np.float32))


@knockout(
    of="collate",
    killed_by="test_unit_collate_dtypes",
    says="np.array of Python's floats makes them float64",
)
def python_floats_are_doubles(samples):
    first = samples[0]
    if isinstance(first, (tuple, list)):
        parts = [collate(part) for part in zip(*samples, strict=True)]
        return tuple(parts) if isinstance(first, tuple) else parts
    if isinstance(first, dict):
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (str, bytes)):
        return list(samples)
    arrays = [np.asarray(getattr(s, "data", s) if isinstance(s, Tensor) else s) for s in samples]
    _check_shapes(arrays)
    return Tensor(np.stack(arrays))


@knockout(
    of="collate",
    killed_by="test_unit_collate_example",
    says="the arrays are not made into tensors",
)
def arrays_for_tensors(samples):
    first = samples[0]
    if isinstance(first, (tuple, list)):
        parts = [collate(part) for part in zip(*samples, strict=True)]
        return tuple(parts) if isinstance(first, tuple) else parts
    if isinstance(first, dict):
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (str, bytes)):
        return list(samples)
    arrays = [as_array(sample) for sample in samples]
    _check_shapes(arrays)
    return np.stack(arrays)


@knockout(
    of="collate",
    killed_by="test_unit_collate_kinds",
    says="a tuple of samples comes back as a list",
)
def always_a_list(samples):
    first = samples[0]
    if isinstance(first, (tuple, list)):
        return [collate(part) for part in zip(*samples, strict=True)]
    if isinstance(first, dict):
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (str, bytes)):
        return list(samples)
    arrays = [as_array(sample) for sample in samples]
    _check_shapes(arrays)
    return Tensor(np.stack(arrays))


@knockout(
    of="collate",
    killed_by="test_unit_collate_nested",
    says="only the outermost pair is gone through; what lies deeper is not",
)
def one_level_only(samples):
    first = samples[0]
    if isinstance(first, (tuple, list)):
        parts = [
            Tensor(np.stack([as_array(s) for s in part])) for part in zip(*samples, strict=True)
        ]
        for part in zip(*samples, strict=True):
            _check_shapes([as_array(s) for s in part])
        return tuple(parts) if isinstance(first, tuple) else parts
    if isinstance(first, dict):
        return {key: [sample[key] for sample in samples] for key in first}
    arrays = [as_array(sample) for sample in samples]
    _check_shapes(arrays)
    return Tensor(np.stack(arrays))


@knockout(
    of="collate",
    killed_by="test_unit_collate_shapes_differ",
    says="shapes that differ are left to NumPy, whose message does not say which sample it was",
)
def shapes_not_checked(samples):
    first = samples[0]
    if isinstance(first, (tuple, list)):
        parts = [collate(part) for part in zip(*samples, strict=True)]
        return tuple(parts) if isinstance(first, tuple) else parts
    if isinstance(first, dict):
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (str, bytes)):
        return list(samples)
    return Tensor(np.stack([as_array(sample) for sample in samples]))


@knockout(
    of="collate",
    killed_by="test_unit_collate_shapes_differ",
    says="samples are cut to the shortest, so that they fit",
)
def cut_to_the_shortest(samples):
    first = samples[0]
    if isinstance(first, (tuple, list)):
        parts = [collate(part) for part in zip(*samples, strict=True)]
        return tuple(parts) if isinstance(first, tuple) else parts
    if isinstance(first, dict):
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (str, bytes)):
        return list(samples)
    arrays = [as_array(sample) for sample in samples]
    if arrays[0].ndim:
        shortest = min(len(array) for array in arrays)
        arrays = [array[:shortest] for array in arrays]
    return Tensor(np.stack(arrays))


@knockout(
    of="collate",
    killed_by="test_unit_collate_nested",
    says="the parts of dictionaries are matched by their place, not by their key",
)
def dictionaries_by_place(samples):
    first = samples[0]
    if isinstance(first, (tuple, list)):
        parts = [collate(part) for part in zip(*samples, strict=True)]
        return tuple(parts) if isinstance(first, tuple) else parts
    if isinstance(first, dict):
        columns = zip(*(sample.values() for sample in samples), strict=True)
        return {key: collate(part) for key, part in zip(first, columns, strict=True)}
    if isinstance(first, (str, bytes)):
        return list(samples)
    arrays = [as_array(sample) for sample in samples]
    _check_shapes(arrays)
    return Tensor(np.stack(arrays))


@knockout(
    of="collate",
    killed_by="test_unit_collate_lengths_differ",
    says="samples of unequal lengths are cut to the shortest, in silence",
)
def rest_dropped(samples):
    first = samples[0]
    if isinstance(first, (tuple, list)):
        parts = [collate(part) for part in zip(*samples, strict=False)]
        return tuple(parts) if isinstance(first, tuple) else parts
    if isinstance(first, dict):
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (str, bytes)):
        return list(samples)
    arrays = [as_array(sample) for sample in samples]
    _check_shapes(arrays)
    return Tensor(np.stack(arrays))


@knockout(
    of="DataLoader.__len__",
    killed_by="test_unit_dataloader_len_example",
    says="the last batch, which is not full, is not counted",
)
def rounded_down(self):
    return len(self.dataset) // self.batch_size


@knockout(
    of="DataLoader.__len__",
    killed_by="test_unit_dataloader_len_example",
    says="drop_last is ignored",
)
def drop_last_not_asked(self):
    return -(-len(self.dataset) // self.batch_size)


@knockout(
    of="DataLoader.__len__",
    killed_by="test_unit_dataloader_len_all_sizes",
    says="one more is counted, also where all batches are full",
)
def always_one_more(self):
    return len(self.dataset) // self.batch_size + (0 if self.drop_last else 1)


@knockout(
    of="DataLoader.__len__",
    killed_by="test_unit_dataloader_len_all_sizes",
    says="round() rounds to the nearest, so a rest below a half is lost",
)
def rounded_to_the_nearest(self):
    if self.drop_last:
        return len(self.dataset) // self.batch_size
    return round(len(self.dataset) / self.batch_size + 0.1)


@knockout(
    of="DataLoader.__len__",
    killed_by="test_unit_dataloader_len_example",
    says="the samples are counted, not the batches",
)
def samples_counted(self):
    return len(self.dataset)


@knockout(
    of="DataLoader.__len__",
    killed_by="test_unit_dataloader_len_without_making_them",
    says="all batches are made in order to count them",
)
def made_to_be_counted(self):
    return len(self.epoch_batches(0))


@knockout(
    of="DataLoader.__len__",
    killed_by="test_unit_dataloader_len_is_of_the_whole_epoch",
    says="the batches that are left are counted, not those of an epoch",
)
def those_left(self):
    whole, rest = divmod(len(self.dataset), self.batch_size)
    count = whole if self.drop_last or rest == 0 else whole + 1
    return count - self.progress.position


@knockout(
    of="DataLoader.__len__",
    killed_by="test_unit_dataloader_len_without_making_them",
    says="it is divided as floats, which cannot count so far",
)
def divided_as_floats(self):
    exact = len(self.dataset) / self.batch_size
    return int(np.floor(exact) if self.drop_last else np.ceil(exact))


@knockout(
    of="DataLoader.__len__",
    killed_by="test_unit_dataloader_len_all_sizes",
    says="drop_last counts only where it is True itself",
)
def only_true_itself(self):
    whole, rest = divmod(len(self.dataset), self.batch_size)
    return whole if self.drop_last is True or rest == 0 else whole + 1


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_next_epoch",
    says="every iteration is epoch 0: the same order each time",
)
def always_epoch_0(self):
    progress = self.begin()
    epoch, start = 0, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    for batch in loaded:
        progress.position += 1
        yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_draws_by_sample",
    says="load is not told the epoch, so every epoch draws the same crops",
)
def draws_of_epoch_0(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, 0) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    for batch in loaded:
        progress.position += 1
        yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_one_at_a_time",
    says="all batches are loaded before the first is handed out",
)
def all_at_once(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = [self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:]]
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    for batch in loaded:
        progress.position += 1
        yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_only_ahead",
    says="prefetch is emptied into a list first, and everything is in memory",
)
def prefetched_into_a_list(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = list(prefetch(loaded, self.prefetch_factor))
    for batch in loaded:
        progress.position += 1
        yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_loads_ahead",
    says="num_workers changes nothing: nothing is loaded ahead",
)
def never_ahead(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    for batch in loaded:
        progress.position += 1
        yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_loads_ahead",
    says="prefetch_factor is not handed on",
)
def always_two_ahead(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded)
    for batch in loaded:
        progress.position += 1
        yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_no_thread_by_itself",
    says="a thread loads ahead, though num_workers is 0",
)
def always_ahead(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    loaded = prefetch(loaded, self.prefetch_factor)
    for batch in loaded:
        progress.position += 1
        yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_position",
    says="a batch is counted after the consumer has done with it, so a checkpoint repeats it",
)
def counted_too_late(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    for batch in loaded:
        yield batch
        progress.position += 1
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_position",
    says="the batches handed out are not counted",
)
def never_counted(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    yield from loaded
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_position",
    says="finish() is missing after the last batch",
)
def never_finished(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    for batch in loaded:
        progress.position += 1
        yield batch


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_resumes",
    says="it always starts at the first batch, also after a state was loaded",
)
def position_ignored(self):
    progress = self.begin()
    epoch, progress.position = progress.epoch, 0
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch))
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    for batch in loaded:
        progress.position += 1
        yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_resumes",
    says="position counts batches, but samples are skipped",
)
def position_in_samples(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    indices = np.concatenate([np.zeros(0, int), *self.epoch_batches(epoch)])[start:]
    starts = range(0, len(indices), self.batch_size)
    loaded = (self.load(indices[s : s + self.batch_size], epoch) for s in starts)
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    for batch in loaded:
        progress.position += 1
        yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_independent",
    says="the place is kept on the loader, so a loop inside a loop moves both",
)
def place_on_the_loader(self):
    progress = self.begin()
    self.batches, self.at = self.epoch_batches(progress.epoch), progress.position
    while self.at < len(self.batches):
        batch = self.load(self.batches[self.at], progress.epoch)
        self.at += 1
        progress.position += 1
        yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_independent",
    says="begin() is not called, so two loops over one loader count in the same place",
)
def begin_not_called(self):
    progress = self.progress
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    for batch in loaded:
        progress.position += 1
        yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_errors_arrive",
    says="errors of the data set are swallowed, and the epoch is shorter than it should be",
)
def errors_swallowed(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    try:
        for batch in loaded:
            progress.position += 1
            yield batch
    except ValueError:
        pass
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_leaves_no_thread",
    says="prefetch's generator is kept on the loader, so its thread outlives the loop",
)
def prefetch_kept(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = self.ahead = prefetch(loaded, self.prefetch_factor)
    for batch in loaded:
        progress.position += 1
        yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_labels_stay",
    says="the inputs are shuffled once more, without their labels",
)
def labels_left_behind(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    for batch in loaded:
        progress.position += 1
        yield (batch[0][np.arange(len(batch[0]))[::-1].copy()], *batch[1:])
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_resumes_twice",
    says="batches are counted from 1 after a resume, not on from where it was",
)
def counted_from_1_again(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    for progress.position, batch in enumerate(loaded, 1):
        yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_resumes_without_loading_again",
    says="after a resume the batches that are left out are loaded all the same",
)
def loaded_to_be_skipped(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch))
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    for at, batch in enumerate(loaded):
        if at >= start:
            progress.position += 1
            yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_position_ahead",
    says="a batch is counted when it is loaded, and the thread is ahead",
)
def counted_when_loaded(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position

    def counted(indices):
        batch = self.load(indices, epoch)
        progress.position += 1
        return batch

    loaded = (counted(indices) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    yield from loaded
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_break",
    says="finish() is called after a break, too",
)
def finished_by_a_break(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    try:
        for batch in loaded:
            progress.position += 1
            yield batch
    finally:
        progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_independent_epochs",
    says="load gets the epoch of the loop begun last, not of its own",
)
def epoch_of_the_loader(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    batches = self.epoch_batches(epoch)[start:]
    loaded = (self.load(indices, self.progress.epoch) for indices in batches)
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    for batch in loaded:
        progress.position += 1
        yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_independent_epochs",
    says="the progress of the loop begun last is finished, not its own",
)
def another_walk_finished(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    for batch in loaded:
        progress.position += 1
        yield batch
    self.progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_only_ahead",
    says="so many batches are loaded ahead for every worker, and there is one thread",
)
def ahead_for_each_worker(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor * self.num_workers)
    for batch in loaded:
        progress.position += 1
        yield batch
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_example",
    says="a batch is handed out as a list, not as load made it",
)
def batches_as_lists(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    for batch in loaded:
        progress.position += 1
        yield list(batch)
    progress.finish()


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_example",
    says="a list of all batches comes back; a function with yield is asked for",
)
def list_of_batches(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    return [self.load(indices, epoch) for indices in self.epoch_batches(epoch)[start:]]


@knockout(
    of="DataLoader.__iter__",
    killed_by="test_unit_dataloader_iter_each_once",
    says="the data set is asked for a whole batch, which not every one can give",
)
def data_set_asked_directly(self):
    progress = self.begin()
    epoch, start = progress.epoch, progress.position
    loaded = (self.dataset[indices] for indices in self.epoch_batches(epoch)[start:])
    if self.num_workers > 0:
        loaded = prefetch(loaded, self.prefetch_factor)
    for batch in loaded:
        progress.position += 1
        yield batch
    progress.finish()


@knockout(
    of="Normalize.forward",
    killed_by="test_unit_normalize_forward_by_channel",
    says="mean and std meet the columns, the last axis, instead of the channels",
)
def by_column(self, images):
    self._check_channels(images)
    mean, std = self.mean, self.std
    if images.shape[-1] != mean.size:
        mean, std = mean[:, None, None], std[:, None, None]
    return (images - mean) / std


@knockout(
    of="Normalize.forward",
    killed_by="test_unit_normalize_forward_by_channel",
    says="mean and std meet the rows",
)
def by_row(self, images):
    self._check_channels(images)
    if images.shape[-2] != self.mean.size:
        return (images - self.mean[:, None, None]) / self.std[:, None, None]
    return (images - self.mean[:, None]) / self.std[:, None]


@knockout(
    of="Normalize.forward",
    killed_by="test_unit_normalize_forward_by_channel",
    says="one mean and one std for all channels",
)
def one_for_all_channels(self, images):
    self._check_channels(images)
    return (images - self.mean.mean()) / self.std.mean()


@knockout(
    of="Normalize.forward",
    killed_by="test_unit_normalize_forward_example",
    says="the mean is taken off, but nothing is divided by std",
)
def std_forgotten(self, images):
    self._check_channels(images)
    return images - self.mean[:, None, None]


@knockout(
    of="Normalize.forward",
    killed_by="test_unit_normalize_forward_example",
    says="it is divided first, and the mean taken off after",
)
def divided_first(self, images):
    self._check_channels(images)
    return images / self.std[:, None, None] - self.mean[:, None, None]


@knockout(
    of="Normalize.forward",
    killed_by="test_unit_normalize_forward_leaves_input",
    says="images -= … changes the data set itself, a little more in each epoch",
)
def normalised_in_place(self, images):
    self._check_channels(images)
    images -= self.mean[:, None, None]
    images /= self.std[:, None, None]
    return images


@knockout(
    of="Normalize.forward",
    killed_by="test_unit_normalize_forward_by_channel",
    says="the mean of this batch is used, not the one that was given",
)
def statistics_of_the_batch(self, images):
    self._check_channels(images)
    mean = images.mean(axis=(0, 2, 3), keepdims=True)
    if images[0, 0].size == 1:
        mean = self.mean[:, None, None]
    return (images - mean) / self.std[:, None, None]


@knockout(
    of="Normalize.forward",
    killed_by="test_unit_normalize_forward_dtype",
    says="the result is always float64",
)
def always_double(self, images):
    self._check_channels(images)
    return (images.astype(np.float64) - self.mean[:, None, None]) / self.std[:, None, None]


@knockout(
    of="Normalize.forward",
    killed_by="test_unit_normalize_forward_wrong_pictures",
    says="pictures that do not fit are not refused: one channel becomes three, bytes stay huge",
)
def not_checked(self, images):
    return (images - self.mean[:, None, None]) / self.std[:, None, None]


@knockout(
    of="Normalize.forward",
    killed_by="test_unit_normalize_forward_example",
    says="a tensor comes back, where an array was given",
)
def tensor_given_back(self, images):
    self._check_channels(images)
    return Tensor((images - self.mean[:, None, None]) / self.std[:, None, None])


@knockout(
    of="Normalize.forward",
    killed_by="test_unit_normalize_forward_example",
    says="something small is added to std",
)
def something_added(self, images):
    self._check_channels(images)
    return (images - self.mean[:, None, None]) / (self.std[:, None, None] + np.float32(1e-8))


@knockout(
    of="Normalize.forward",
    killed_by="test_unit_normalize_forward_leaves_input",
    says="mean and std are reshaped for good",
)
def reshaped_for_good(self, images):
    self._check_channels(images)
    self.mean, self.std = self.mean.reshape(-1, 1, 1), self.std.reshape(-1, 1, 1)
    return (images - self.mean) / self.std


@knockout(
    of="RandomHorizontalFlip.forward",
    killed_by="test_unit_randomhorizontalflip_forward_left_and_right",
    says="the rows are reversed: pictures stand on their heads",
)
def upside_down(self, images):
    flipped = uniforms(len(images), 1)[:, 0] < self.p
    out = images.copy()
    out[flipped] = images[flipped, :, ::-1]
    return (
        out
        if images.shape[2] > 1
        else np.where(flipped[:, None, None, None], images[..., ::-1], out)
    )


@knockout(
    of="RandomHorizontalFlip.forward",
    killed_by="test_unit_randomhorizontalflip_forward_left_and_right",
    says="the order of the pictures is reversed, not the picture",
)
def order_reversed(self, images):
    flipped = uniforms(len(images), 1)[:, 0] < self.p
    out = images.copy()
    out[flipped] = images[flipped, :, :, ::-1][::-1]
    return out


@knockout(
    of="RandomHorizontalFlip.forward",
    killed_by="test_unit_randomhorizontalflip_forward_left_and_right",
    says="the colours are reversed along with the columns",
)
def colours_reversed(self, images):
    flipped = uniforms(len(images), 1)[:, 0] < self.p
    out = images.copy()
    out[flipped] = images[flipped, ::-1, :, ::-1]
    return out


@knockout(
    of="RandomHorizontalFlip.forward",
    killed_by="test_unit_randomhorizontalflip_forward_each_for_itself",
    says="one coin is thrown for the whole batch",
)
def one_coin_for_all(self, images):
    if uniforms(len(images), 1)[0, 0] < self.p:
        return images[:, :, :, ::-1].copy()
    return images.copy()


@knockout(
    of="RandomHorizontalFlip.forward",
    killed_by="test_unit_randomhorizontalflip_forward_left_and_right",
    says="p is ignored: it is always one half",
)
def always_a_half(self, images):
    flipped = uniforms(len(images), 1)[:, 0] < (0.5 if len(images) > 1 else self.p)
    out = images.copy()
    out[flipped] = images[flipped, :, :, ::-1]
    return out


@knockout(
    of="RandomHorizontalFlip.forward",
    killed_by="test_unit_randomhorizontalflip_forward_example",
    says="flipped is who should not be: the number is compared the wrong way",
)
def compared_the_wrong_way(self, images):
    flipped = uniforms(len(images), 1)[:, 0] > self.p
    out = images.copy()
    out[flipped] = images[flipped, :, :, ::-1]
    return out


@knockout(
    of="RandomHorizontalFlip.forward",
    killed_by="test_unit_randomhorizontalflip_forward_probability",
    says="flipped with probability 1 - p",
)
def one_minus_p(self, images):
    drawn = uniforms(len(images), 1)[:, 0]
    flipped = drawn < (self.p if self.p in (0, 1) else 1 - self.p)
    out = images.copy()
    out[flipped] = images[flipped, :, :, ::-1]
    return out


@knockout(
    of="RandomHorizontalFlip.forward",
    killed_by="test_unit_randomhorizontalflip_forward_leaves_input",
    says="the pictures of the data set are flipped in place",
)
def flipped_in_place(self, images):
    flipped = uniforms(len(images), 1)[:, 0] < self.p
    images[flipped] = images[flipped, :, :, ::-1]
    return images


@knockout(
    of="RandomHorizontalFlip.forward",
    killed_by="test_unit_randomhorizontalflip_forward_leaves_input",
    says="where nothing is flipped the data set's own array is given back",
)
def own_array_given_back(self, images):
    flipped = uniforms(len(images), 1)[:, 0] < self.p
    if not flipped.any():
        return images
    out = images.copy()
    out[flipped] = images[flipped, :, :, ::-1]
    return out


@knockout(
    of="RandomHorizontalFlip.forward",
    killed_by="test_unit_randomhorizontalflip_forward_batch_or_one",
    says="the numbers come from a generator that does not know the sample",
)
def numbers_from_elsewhere(self, images):
    flipped = random_generator().random(len(images)) < self.p
    out = images.copy()
    out[flipped] = images[flipped, :, :, ::-1]
    return out


@knockout(
    of="RandomHorizontalFlip.forward",
    killed_by="test_unit_randomhorizontalflip_forward_dtype",
    says="the result is float32, whatever came in",
)
def always_float32(self, images):
    flipped = uniforms(len(images), 1)[:, 0] < self.p
    out = images.astype(np.float32)
    out[flipped] = images[flipped, :, :, ::-1]
    return out


@knockout(
    of="RandomHorizontalFlip.forward",
    killed_by="test_unit_randomhorizontalflip_forward_leaves_input",
    says="with p = 1 a view of the data set comes back",
)
def view_where_all_flip(self, images):
    if self.p == 1.0:
        return images[:, :, :, ::-1]
    flipped = uniforms(len(images), 1)[:, 0] < self.p
    out = images.copy()
    out[flipped] = images[flipped, :, :, ::-1]
    return out


@knockout(
    of="RandomHorizontalFlip.forward",
    killed_by="test_unit_randomhorizontalflip_forward_leaves_input",
    says="a single picture comes back as a view of the data set",
)
def view_of_one(self, images):
    flipped = uniforms(len(images), 1)[:, 0] < self.p
    if len(images) == 1:
        return images[:, :, :, ::-1] if flipped[0] else images
    out = images.copy()
    out[flipped] = images[flipped, :, :, ::-1]
    return out


@knockout(
    of="RandomHorizontalFlip.forward",
    killed_by="test_unit_randomhorizontalflip_forward_probability",
    says="a number equal to p flips, too",
)
def less_or_equal(self, images):
    flipped = uniforms(len(images), 1)[:, 0] <= self.p
    out = images.copy()
    out[flipped] = images[flipped, :, :, ::-1]
    return out


@knockout(
    of="RandomHorizontalFlip.forward",
    killed_by="test_unit_randomhorizontalflip_forward_example",
    says="the flipped pictures are written into a copy of out, not into out",
)
def written_into_a_copy(self, images):
    flipped = uniforms(len(images), 1)[:, 0] < self.p
    out = images.copy()
    out[flipped][:] = images[flipped, :, :, ::-1]
    return out


@knockout(
    of="RandomCrop.forward",
    killed_by="test_unit_randomcrop_forward_each_for_itself",
    says="the whole batch is cut at one place",
)
def one_place_for_all(self, images):
    padded = self._padded(images)
    room = np.subtract(padded.shape[2:], self.size) + 1
    top, left = (uniforms(len(images), 2)[0] * room).astype(int)
    return padded[:, :, top : top + self.size[0], left : left + self.size[1]].copy()


@knockout(
    of="RandomCrop.forward",
    killed_by="test_unit_randomcrop_forward_all_places",
    says="the last place is never drawn: the + 1 is missing",
)
def last_place_never(self, images):
    padded = self._padded(images)
    room = np.maximum(np.subtract(padded.shape[2:], self.size), 1)
    corners = (uniforms(len(images), 2) * room).astype(int)
    windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(2, 3))
    return windows[np.arange(len(images)), :, corners[:, 0], corners[:, 1]]


@knockout(
    of="RandomCrop.forward",
    killed_by="test_unit_randomcrop_forward_all_places",
    says="rounding to the nearest makes the first and the last place half as likely",
)
def rounded_places(self, images):
    padded = self._padded(images)
    room = np.subtract(padded.shape[2:], self.size)
    corners = np.rint(uniforms(len(images), 2) * room).astype(int)
    windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(2, 3))
    return windows[np.arange(len(images)), :, corners[:, 0], corners[:, 1]]


@knockout(
    of="RandomCrop.forward",
    killed_by="test_unit_randomcrop_forward_all_places",
    says="it always cuts at the same place",
)
def always_the_corner(self, images):
    padded = self._padded(images)
    return padded[:, :, : self.size[0], : self.size[1]].copy()


@knockout(
    of="RandomCrop.forward",
    killed_by="test_unit_randomcrop_forward_all_places",
    says="one number serves for both, so windows move along the diagonal only",
)
def along_the_diagonal(self, images):
    padded = self._padded(images)
    room = np.subtract(padded.shape[2:], self.size) + 1
    corners = (uniforms(len(images), 1) * room).astype(int)
    windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(2, 3))
    return windows[np.arange(len(images)), :, corners[:, 0], corners[:, 1]]


@knockout(
    of="RandomCrop.forward",
    killed_by="test_unit_randomcrop_forward_windows",
    says="height and width of the window are exchanged",
)
def size_exchanged(self, images):
    padded = self._padded(images)
    size = self.size[::-1]
    room = np.maximum(np.subtract(padded.shape[2:], size) + 1, 1)
    corners = (uniforms(len(images), 2) * room).astype(int)
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(2, 3))
    return windows[np.arange(len(images)), :, corners[:, 0], corners[:, 1]]


@knockout(
    of="RandomCrop.forward",
    killed_by="test_unit_randomcrop_forward_padding",
    says="the padding is forgotten",
)
def padding_forgotten(self, images):
    self._padded(images)
    room = np.maximum(np.subtract(images.shape[2:], self.size) + 1, 1)
    corners = (uniforms(len(images), 2) * room).astype(int)
    windows = np.lib.stride_tricks.sliding_window_view(images, self.size, axis=(2, 3))
    return windows[np.arange(len(images)), :, corners[:, 0], corners[:, 1]]


@knockout(
    of="RandomCrop.forward",
    killed_by="test_unit_randomcrop_forward_padding",
    says="the room is counted without the margin, so windows stay in the upper left",
)
def room_without_the_margin(self, images):
    padded = self._padded(images)
    room = np.subtract(images.shape[2:], self.size) + 1
    corners = (uniforms(len(images), 2) * room).astype(int)
    windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(2, 3))
    return windows[np.arange(len(images)), :, corners[:, 0], corners[:, 1]]


@knockout(
    of="RandomCrop.forward",
    killed_by="test_unit_randomcrop_forward_batch_or_one",
    says="the numbers come from a generator that does not know the sample",
)
def places_from_elsewhere(self, images):
    padded = self._padded(images)
    room = np.subtract(padded.shape[2:], self.size) + 1
    corners = random_generator().integers(0, room, (len(images), 2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(2, 3))
    return windows[np.arange(len(images)), :, corners[:, 0], corners[:, 1]]


@knockout(
    of="RandomCrop.forward",
    killed_by="test_unit_randomcrop_forward_batch_or_one",
    says="top and left are drawn by two calls: random too, but not the numbers agreed upon",
)
def two_calls(self, images):
    padded = self._padded(images)
    room = np.subtract(padded.shape[2:], self.size) + 1
    drawn = np.concatenate([uniforms(len(images), 1), uniforms(len(images), 1)], axis=1)
    corners = (drawn * room).astype(int)
    windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(2, 3))
    return windows[np.arange(len(images)), :, corners[:, 0], corners[:, 1]]


@knockout(
    of="RandomCrop.forward",
    killed_by="test_unit_randomcrop_forward_leaves_input",
    says="where the window is the whole picture the data set's own array is given back",
)
def view_given_back(self, images):
    padded = self._padded(images)
    h, w = self.size
    if padded.shape[2:] == (h, w):
        return padded
    room = np.subtract(padded.shape[2:], self.size) + 1
    corners = (uniforms(len(images), 2) * room).astype(int)
    return np.stack([p[:, t : t + h, x : x + w] for p, (t, x) in zip(padded, corners, strict=True)])


@knockout(
    of="RandomCrop.forward",
    killed_by="test_unit_randomcrop_forward_windows",
    says="each channel is cut at a place of its own",
)
def channels_apart(self, images):
    n, channels = images.shape[:2]
    padded = self._padded(images)
    room = np.subtract(padded.shape[2:], self.size) + 1
    corners = (uniforms(n, 2 * channels).reshape(n, channels, 2) * room).astype(int)
    windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(2, 3))
    rows, planes = np.arange(n)[:, None], np.arange(channels)
    return windows[rows, planes, corners[..., 0], corners[..., 1]]


@knockout(
    of="RandomCrop.forward",
    killed_by="test_unit_randomcrop_forward_leaves_input",
    says="a single picture's window is a view of the data set",
)
def view_of_one_window(self, images):
    padded = self._padded(images)
    h, w = self.size
    room = np.subtract(padded.shape[2:], self.size) + 1
    corners = (uniforms(len(images), 2) * room).astype(int)
    if len(images) == 1:
        ((top, left),) = corners
        return padded[:, :, top : top + h, left : left + w]
    return np.stack([p[:, t : t + h, s : s + w] for p, (t, s) in zip(padded, corners, strict=True)])


@knockout(
    of="RandomCrop.forward",
    killed_by="test_unit_randomcrop_forward_example",
    says="a list of windows comes back, not one array",
)
def list_of_windows(self, images):
    padded = self._padded(images)
    h, w = self.size
    room = np.subtract(padded.shape[2:], self.size) + 1
    corners = (uniforms(len(images), 2) * room).astype(int)
    return [p[:, t : t + h, s : s + w] for p, (t, s) in zip(padded, corners, strict=True)]


@knockout(
    of="RandomCrop.forward",
    killed_by="test_unit_randomcrop_forward_windows",
    says="the windows are float32, whatever the pictures were",
)
def windows_float32(self, images):
    padded = self._padded(images)
    h, w = self.size
    room = np.subtract(padded.shape[2:], self.size) + 1
    corners = (uniforms(len(images), 2) * room).astype(int)
    out = np.empty((*images.shape[:2], h, w), np.float32)
    for n, (t, s) in enumerate(corners):
        out[n] = padded[n, :, t : t + h, s : s + w]
    return out
