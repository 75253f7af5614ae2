"""Mistakes that learners make in stage 11, each with the test that notices it."""

# -- one_hot


@knockout(
    of="one_hot",
    killed_by="test_unit_one_hot_example",
    says="the ids are counted from 1",
)
def classes_from_one(ids, num_classes=-1):
    ids = as_array(ids)
    if num_classes == -1:
        num_classes = int(ids.max()) + 1
    check_ids(ids, num_classes)
    return Tensor((ids[..., None] == 1 + np.arange(num_classes)).astype(np.int64))


@knockout(
    of="one_hot",
    killed_by="test_unit_one_hot_example",
    says="the classes are the first axis, not the last",
)
def classes_first(ids, num_classes=-1):
    ids = as_array(ids)
    if num_classes == -1:
        num_classes = int(ids.max()) + 1
    check_ids(ids, num_classes)
    axis = np.arange(num_classes).reshape(-1, *[1] * ids.ndim)
    return Tensor((ids[None] == axis).astype(np.int64))


@knockout(
    of="one_hot",
    killed_by="test_unit_one_hot_shapes",
    says="made for a list of ids: the axes of a batch are lost",
)
def ids_in_one_line(ids, num_classes=-1):
    ids = as_array(ids).reshape(-1)
    if num_classes == -1:
        num_classes = int(ids.max()) + 1
    check_ids(ids, num_classes)
    return Tensor((ids[..., None] == np.arange(num_classes)).astype(np.int64))


@knockout(
    of="one_hot",
    killed_by="test_unit_one_hot_as_many_as_needed",
    says="the largest id is taken for the number of classes",
)
def largest_id_is_the_size(ids, num_classes=-1):
    ids = as_array(ids)
    if num_classes == -1:
        num_classes = int(ids.max())
    check_ids(ids, num_classes)
    return Tensor((ids[..., None] == np.arange(num_classes)).astype(np.int64))


@knockout(
    of="one_hot",
    killed_by="test_unit_one_hot_refuses",
    says="an id that does not exist becomes a row of zeros",
)
def unknown_id_is_all_zeros(ids, num_classes=-1):
    ids = as_array(ids)
    if num_classes == -1:
        num_classes = int(ids.max()) + 1
    return Tensor((ids[..., None] == np.arange(num_classes)).astype(np.int64))


@knockout(
    of="one_hot",
    killed_by="test_unit_one_hot_dtype",
    says="rows of np.eye: right, and float64",
)
def rows_of_eye(ids, num_classes=-1):
    ids = as_array(ids)
    if num_classes == -1:
        num_classes = int(ids.max()) + 1
    check_ids(ids, num_classes)
    return Tensor(np.eye(num_classes)[ids])


# -- embedding


@knockout(
    of="embedding",
    killed_by="test_unit_embedding_example",
    says="off by one: each id gets the row before its own",
)
def row_before(ids, weight, *, padding_idx=None):
    check_ids(ids, len(weight))
    return weight[np.asarray(ids) - 1]


@knockout(
    of="embedding",
    killed_by="test_unit_embedding_refuses",
    says="no check: negative ids are rows from the end",
)
def negative_ids_wrap(ids, weight, *, padding_idx=None):
    return weight[ids]


@knockout(
    of="embedding",
    killed_by="test_unit_embedding_refuses",
    says="negative ids are refused, and too large ones left to NumPy, whose message has no id",
)
def only_negative_refused(ids, weight, *, padding_idx=None):
    if np.min(ids, initial=0) < 0:
        raise IndexError(f"id {np.min(ids)} does not exist, there are {len(weight)}")
    return weight[ids]


@knockout(
    of="embedding",
    killed_by="test_unit_embedding_refuses",
    says="the ids are held against the number of columns",
)
def checked_against_columns(ids, weight, *, padding_idx=None):
    check_ids(ids, max(weight.shape))
    return weight[ids]


@knockout(
    of="embedding",
    killed_by="test_unit_embedding_example",
    says="a column for each id, not a row",
)
def columns_of_the_table(ids, weight, *, padding_idx=None):
    check_ids(ids, len(weight))
    return np.moveaxis(weight[:, np.asarray(ids) % weight.shape[1]], 0, -1)


@knockout(
    of="embedding",
    killed_by="test_unit_embedding_shapes",
    says="all ids in one line: the axes of the batch are lost",
)
def lookup_in_one_line(ids, weight, *, padding_idx=None):
    check_ids(ids, len(weight))
    return weight[np.ravel(ids)]


@knockout(
    of="embedding",
    killed_by="test_unit_embedding_padding_row",
    says="the row that pads comes out as zeros, whatever it is",
)
def padding_forwards(ids, weight, *, padding_idx=None):
    check_ids(ids, len(weight))
    rows = weight[ids]
    if padding_idx is not None:
        rows[np.asarray(ids) == padding_idx] = 0
    return rows


@knockout(
    of="embedding",
    killed_by="test_unit_embedding_dtypes",
    says="as a product with float64 ones: right, and float64",
)
def product_in_float64(ids, weight, *, padding_idx=None):
    check_ids(ids, len(weight))
    return np.eye(len(weight))[ids] @ weight


# -- embedding_weight


@knockout(
    of="embedding_weight",
    killed_by="test_unit_embedding_weight_example",
    says="ids that come several times overwrite each other",
)
def repeated_ids_overwrite(g, out, ids, weight, *, padding_idx=None):
    share = np.zeros(weight.shape, g.dtype)
    share[ids] = g
    if padding_idx is not None:
        share[padding_idx] = 0
    return share


@knockout(
    of="embedding_weight",
    killed_by="test_unit_embedding_weight_example",
    says="+= with an index: NumPy reads, adds and writes once, the last of equal ids wins",
)
def plus_equals(g, out, ids, weight, *, padding_idx=None):
    share = np.zeros(weight.shape, g.dtype)
    share[ids] += g
    if padding_idx is not None:
        share[padding_idx] = 0
    return share


@knockout(
    of="embedding_weight",
    killed_by="test_unit_embedding_weight_padding",
    says="the row that pads is trained",
)
def padding_trained(g, out, ids, weight, *, padding_idx=None):
    share = np.zeros(weight.shape, g.dtype)
    np.add.at(share, ids, g)
    return share


@knockout(
    of="embedding_weight",
    killed_by="test_unit_embedding_weight_padding",
    says="`if padding_idx`: row 0 is trained though it pads",
)
def row_zero_is_no_padding(g, out, ids, weight, *, padding_idx=None):
    share = np.zeros(weight.shape, g.dtype)
    np.add.at(share, ids, g)
    if padding_idx:
        share[padding_idx] = 0
    return share


@knockout(
    of="embedding_weight",
    killed_by="test_unit_embedding_weight_pure",
    says="the padding is wiped out of g, which is not ours",
)
def padding_wiped_from_g(g, out, ids, weight, *, padding_idx=None):
    share = np.zeros(weight.shape, g.dtype)
    if padding_idx is not None:
        g[np.asarray(ids) == padding_idx] = 0
    np.add.at(share, ids, g)
    return share


@knockout(
    of="embedding_weight",
    killed_by="test_unit_embedding_weight_padding",
    says="padding_idx is taken for a place in the text, not for an id",
)
def padding_by_place(g, out, ids, weight, *, padding_idx=None):
    share = np.zeros(weight.shape, g.dtype)
    kept = np.array(g)
    if padding_idx is not None and padding_idx < len(kept):
        kept[padding_idx] = 0
    np.add.at(share, ids, kept)
    return share


@knockout(
    of="embedding_weight",
    killed_by="test_unit_embedding_weight_example",
    says="the mean over the places of an id, not the sum",
)
def mean_of_the_places(g, out, ids, weight, *, padding_idx=None):
    share = np.zeros(weight.shape, g.dtype)
    np.add.at(share, ids, g)
    share /= np.maximum(1, np.bincount(np.ravel(ids), minlength=len(weight)))[:, None]
    if padding_idx is not None:
        share[padding_idx] = 0
    return share


@knockout(
    of="embedding_weight",
    killed_by="test_unit_embedding_weight_example",
    says="g is forgotten: only how often each id came is counted",
)
def only_counted(g, out, ids, weight, *, padding_idx=None):
    share = np.zeros(weight.shape, g.dtype)
    np.add.at(share, ids, 1)
    if padding_idx is not None:
        share[padding_idx] = 0
    return share


@knockout(
    of="embedding_weight",
    killed_by="test_unit_embedding_weight_shapes",
    says="as many rows as the largest id needs, not as many as the table has",
)
def rows_up_to_the_largest(g, out, ids, weight, *, padding_idx=None):
    share = np.zeros((np.max(ids, initial=0) + 1, weight.shape[1]), g.dtype)
    np.add.at(share, ids, g)
    if padding_idx is not None and padding_idx < len(share):
        share[padding_idx] = 0
    return share


@knockout(
    of="embedding_weight",
    killed_by="test_unit_embedding_weight_shapes",
    says="row by row with zip: made for one text, not for a batch of them",
)
def one_text_only(g, out, ids, weight, *, padding_idx=None):
    share = np.zeros(weight.shape, g.dtype)
    for i, row in zip(np.atleast_1d(ids), np.atleast_2d(g), strict=True):
        share[i] += row
    if padding_idx is not None:
        share[padding_idx] = 0
    return share


@knockout(
    of="embedding_weight",
    killed_by="test_unit_embedding_weight_dtype",
    says="np.zeros is float64 unless told otherwise",
)
def zeros_of_float64(g, out, ids, weight, *, padding_idx=None):
    share = np.zeros(weight.shape)
    np.add.at(share, ids, g)
    if padding_idx is not None:
        share[padding_idx] = 0
    return share


@knockout(
    of="embedding_weight",
    killed_by="test_unit_embedding_weight_small_ids",
    says="places are calculated in the dtype of the ids: 100 * 4 is 144 in uint8",
)
def places_go_round(g, out, ids, weight, *, padding_idx=None):
    dim = weight.shape[1]
    share = np.zeros(weight.size, g.dtype)
    ids = np.asarray(ids)
    places = ids.reshape(-1, 1) * ids.dtype.type(dim) + np.arange(dim, dtype=ids.dtype)
    np.add.at(share, places.ravel(), g.ravel())
    share = share.reshape(weight.shape)
    if padding_idx is not None:
        share[padding_idx] = 0
    return share


@knockout(
    of="embedding_weight",
    killed_by="test_unit_embedding_weight_example",
    says="the ids are sorted, and the rows of g are not",
)
def rows_not_sorted_along(g, out, ids, weight, *, padding_idx=None):
    share = np.zeros(weight.shape, g.dtype)
    ids = np.sort(np.ravel(ids))
    starts = np.flatnonzero(np.r_[True, np.diff(ids) > 0])
    share[ids[starts]] = np.add.reduceat(g.reshape(-1, weight.shape[1]), starts, axis=0)
    if padding_idx is not None:
        share[padding_idx] = 0
    return share


# -- Embedding.__init__


@knockout(
    of="Embedding.__init__",
    killed_by="test_unit_embedding_init_attributes",
    says="the weight is a plain tensor: no optimizer finds it",
)
def table_no_parameter(self, num_embeddings, embedding_dim, padding_idx=None):
    super().__init__()
    self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
    self.padding_idx = check_padding(padding_idx, num_embeddings)
    weight = randn(num_embeddings, embedding_dim, requires_grad=True)
    if self.padding_idx is not None:
        weight.data[self.padding_idx] = 0
    self.weight = weight


@knockout(
    of="Embedding.__init__",
    killed_by="test_unit_embedding_init_example",
    says="(embedding_dim, num_embeddings): a column for each id, as in Linear",
)
def table_lies_across(self, num_embeddings, embedding_dim, padding_idx=None):
    super().__init__()
    self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
    self.padding_idx = check_padding(padding_idx, num_embeddings)
    weight = randn(embedding_dim, num_embeddings)
    if self.padding_idx is not None:
        weight.data[:, self.padding_idx] = 0
    self.weight = Parameter(weight)


@knockout(
    of="Embedding.__init__",
    killed_by="test_unit_embedding_init_numbers",
    says="small numbers, 0.02, not PyTorch's 1",
)
def table_too_small(self, num_embeddings, embedding_dim, padding_idx=None):
    super().__init__()
    self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
    self.padding_idx = check_padding(padding_idx, num_embeddings)
    weight = randn(num_embeddings, embedding_dim) * 0.02
    if self.padding_idx is not None:
        weight.data[self.padding_idx] = 0
    self.weight = Parameter(weight)


@knockout(
    of="Embedding.__init__",
    killed_by="test_unit_embedding_init_padding",
    says="`if self.padding_idx`: row 0 is random though it pads",
)
def row_zero_stays_random(self, num_embeddings, embedding_dim, padding_idx=None):
    super().__init__()
    self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
    self.padding_idx = check_padding(padding_idx, num_embeddings)
    weight = randn(num_embeddings, embedding_dim)
    if self.padding_idx:
        weight.data[self.padding_idx] = 0
    self.weight = Parameter(weight)


@knockout(
    of="Embedding.__init__",
    killed_by="test_unit_embedding_init_example",
    says="the row that pads is random like all others",
)
def padding_starts_random(self, num_embeddings, embedding_dim, padding_idx=None):
    super().__init__()
    self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
    self.padding_idx = check_padding(padding_idx, num_embeddings)
    self.weight = Parameter(randn(num_embeddings, embedding_dim))


@knockout(
    of="Embedding.__init__",
    killed_by="test_unit_embedding_init_example",
    says="padding_idx stays negative, and no id will ever be equal to it",
)
def padding_from_the_end(self, num_embeddings, embedding_dim, padding_idx=None):
    super().__init__()
    self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
    self.padding_idx = padding_idx
    weight = randn(num_embeddings, embedding_dim)
    if self.padding_idx is not None:
        weight.data[self.padding_idx] = 0
    self.weight = Parameter(weight)


# -- cosine_similarity


@knockout(
    of="cosine_similarity",
    killed_by="test_unit_cosine_similarity_example",
    says="the product alone: long vectors are similar to everything",
)
def lengths_forgotten(x1, x2, dim=1, eps=1e-8):
    return (x1 * x2).sum(dim)


@knockout(
    of="cosine_similarity",
    killed_by="test_unit_cosine_similarity_example",
    says="divided by the squares of the lengths: the root is missing",
)
def root_forgotten(x1, x2, dim=1, eps=1e-8):
    shape = broadcast_shapes(x1.shape, x2.shape)
    x1, x2 = x1.expand(shape), x2.expand(shape)
    lengths = [(x * x).sum(dim).clamp(min=eps * eps) for x in (x1, x2)]
    return (x1 * x2).sum(dim) / (lengths[0] * lengths[1])


@knockout(
    of="cosine_similarity",
    killed_by="test_unit_cosine_similarity_axes",
    says="dim is ignored for the last axis",
)
def always_the_last_axis(x1, x2, dim=1, eps=1e-8):
    shape = broadcast_shapes(x1.shape, x2.shape)
    x1, x2 = x1.expand(shape), x2.expand(shape)
    lengths = [(x * x).sum(-1).clamp(min=eps * eps).sqrt() for x in (x1, x2)]
    return (x1 * x2).sum(-1) / (lengths[0] * lengths[1])


@knockout(
    of="cosine_similarity",
    killed_by="test_unit_cosine_similarity_of_nothing",
    says="no eps: a vector of zeros gives 0 / 0",
)
def no_least_length(x1, x2, dim=1, eps=1e-8):
    shape = broadcast_shapes(x1.shape, x2.shape)
    x1, x2 = x1.expand(shape), x2.expand(shape)
    lengths = [(x * x).sum(dim).sqrt() for x in (x1, x2)]
    return (x1 * x2).sum(dim) / (lengths[0] * lengths[1])


@knockout(
    of="cosine_similarity",
    killed_by="test_unit_cosine_similarity_of_nothing",
    says="eps is added to the lengths",
)
def eps_added(x1, x2, dim=1, eps=1e-8):
    shape = broadcast_shapes(x1.shape, x2.shape)
    x1, x2 = x1.expand(shape), x2.expand(shape)
    lengths = [(x * x).sum(dim).clamp(min=0.0).sqrt() + eps for x in (x1, x2)]
    return (x1 * x2).sum(dim) / (lengths[0] * lengths[1])


@knockout(
    of="cosine_similarity",
    killed_by="test_unit_cosine_similarity_gradient",
    says="computed on the arrays: no gradient finds back",
)
def cosine_of_arrays(x1, x2, dim=1, eps=1e-8):
    a, b = as_array(x1), as_array(x2)
    lengths = [np.sqrt(np.maximum((x * x).sum(dim), eps * eps)) for x in (a, b)]
    return Tensor((a * b).sum(dim) / (lengths[0] * lengths[1]))


@knockout(
    of="cosine_similarity",
    killed_by="test_unit_cosine_similarity_gradient",
    says="the root first, then eps: the slope of the root at 0 is infinite",
)
def root_before_eps(x1, x2, dim=1, eps=1e-8):
    shape = broadcast_shapes(x1.shape, x2.shape)
    x1, x2 = x1.expand(shape), x2.expand(shape)
    lengths = [(x * x).sum(dim).sqrt().clamp(min=eps) for x in (x1, x2)]
    return (x1 * x2).sum(dim) / (lengths[0] * lengths[1])


@knockout(
    of="cosine_similarity",
    killed_by="test_unit_cosine_similarity_axes",
    says="not expanded: a matrix and one vector have no axis 1 in common",
)
def not_expanded(x1, x2, dim=1, eps=1e-8):
    lengths = [(x * x).sum(dim).clamp(min=eps * eps).sqrt() for x in (x1, x2)]
    return (x1 * x2).sum(dim) / (lengths[0] * lengths[1])


# -- nearest


@knockout(
    of="nearest",
    killed_by="test_unit_nearest_example",
    says="argsort sorts upwards: the furthest come first",
)
def furthest_first(weight, vector, k=1, skip=()):
    weight, vector = Tensor(as_array(weight)), Tensor(as_array(vector))
    similarity = cosine_similarity(weight, vector).data
    order = np.argsort(similarity, kind="stable")
    order = order[~np.isin(order, list(skip))][:k]
    return ValuesIndices(Tensor(similarity[order]), Tensor(order))


@knockout(
    of="nearest",
    killed_by="test_unit_nearest_by_direction",
    says="by the product: long rows win",
)
def longest_wins(weight, vector, k=1, skip=()):
    weight, vector = as_array(weight), as_array(vector)
    similarity = weight @ vector
    order = np.argsort(-similarity, kind="stable")
    order = order[~np.isin(order, list(skip))][:k]
    return ValuesIndices(Tensor(similarity[order]), Tensor(order))


@knockout(
    of="nearest",
    killed_by="test_unit_nearest_skip",
    says="skip is ignored: a word is nearest to itself",
)
def nearest_to_itself(weight, vector, k=1, skip=()):
    weight, vector = Tensor(as_array(weight)), Tensor(as_array(vector))
    similarity = cosine_similarity(weight, vector).data
    order = np.argsort(-similarity, kind="stable")[:k]
    return ValuesIndices(Tensor(similarity[order]), Tensor(order))


@knockout(
    of="nearest",
    killed_by="test_unit_nearest_skip",
    says="the first k are taken before skip: too few are left",
)
def k_before_skip(weight, vector, k=1, skip=()):
    weight, vector = Tensor(as_array(weight)), Tensor(as_array(vector))
    similarity = cosine_similarity(weight, vector).data
    order = np.argsort(-similarity, kind="stable")[:k]
    order = order[~np.isin(order, list(skip))]
    return ValuesIndices(Tensor(similarity[order]), Tensor(order))


@knockout(
    of="nearest",
    killed_by="test_unit_nearest_skip",
    says="skip is taken for places in the order, not for ids",
)
def skip_by_place(weight, vector, k=1, skip=()):
    weight, vector = Tensor(as_array(weight)), Tensor(as_array(vector))
    similarity = cosine_similarity(weight, vector).data
    order = np.argsort(-similarity, kind="stable")
    order = np.delete(order, list(skip))[:k] if skip else order[:k]
    return ValuesIndices(Tensor(similarity[order]), Tensor(order))


@knockout(
    of="nearest",
    killed_by="test_unit_nearest_equal_ones",
    says="sorted upwards and turned about: of equal ones the last comes first",
)
def turned_about(weight, vector, k=1, skip=()):
    weight, vector = Tensor(as_array(weight)), Tensor(as_array(vector))
    similarity = cosine_similarity(weight, vector).data
    order = np.argsort(similarity, kind="stable")[::-1]
    order = order[~np.isin(order, list(skip))][:k]
    return ValuesIndices(Tensor(similarity[order]), Tensor(order))


@knockout(
    of="nearest",
    killed_by="test_unit_nearest_example",
    says="the similarities come in the order of the table, not of the ids",
)
def values_unsorted(weight, vector, k=1, skip=()):
    weight, vector = Tensor(as_array(weight)), Tensor(as_array(vector))
    similarity = cosine_similarity(weight, vector).data
    order = np.argsort(-similarity, kind="stable")
    order = order[~np.isin(order, list(skip))][:k]
    return ValuesIndices(Tensor(similarity[: len(order)]), Tensor(order))


# -- sinusoidal_positions


@knockout(
    of="sinusoidal_positions",
    killed_by="test_unit_sinusoidal_positions_example",
    says="sine and cosine are exchanged",
)
def cosine_first(length, dim):
    table = np.empty((length, dim))
    angle = np.arange(length)[:, None] / 10000.0 ** (np.arange(0, dim, 2) / dim)
    table[:, 0::2] = np.cos(angle)
    table[:, 1::2] = np.sin(angle[:, : dim // 2])
    return Tensor(table, dtype=np.float32)


@knockout(
    of="sinusoidal_positions",
    killed_by="test_unit_sinusoidal_positions_example",
    says="all columns are sines",
)
def only_sines(length, dim):
    table = np.empty((length, dim))
    angle = np.arange(length)[:, None] / 10000.0 ** (np.arange(0, dim, 2) / dim)
    table[:, 0::2] = np.sin(angle)
    table[:, 1::2] = np.sin(angle[:, : dim // 2])
    return Tensor(table, dtype=np.float32)


@knockout(
    of="sinusoidal_positions",
    killed_by="test_unit_sinusoidal_positions_example",
    says="first all sines, then all cosines; they take turns",
)
def sines_then_cosines(length, dim):
    angle = np.arange(length)[:, None] / 10000.0 ** (np.arange(0, dim, 2) / dim)
    table = np.concatenate([np.sin(angle), np.cos(angle[:, : dim // 2])], axis=1)
    return Tensor(table, dtype=np.float32)


@knockout(
    of="sinusoidal_positions",
    killed_by="test_unit_sinusoidal_positions_example",
    says="the exponent is i / dim: all waves are too fast",
)
def exponent_halved(length, dim):
    table = np.empty((length, dim))
    angle = np.arange(length)[:, None] / 10000.0 ** (np.arange((dim + 1) // 2) / dim)
    table[:, 0::2] = np.sin(angle)
    table[:, 1::2] = np.cos(angle[:, : dim // 2])
    return Tensor(table, dtype=np.float32)


@knockout(
    of="sinusoidal_positions",
    killed_by="test_unit_sinusoidal_positions_example",
    says="every column has an angle of its own: sine and cosine are no pair",
)
def no_pairs(length, dim):
    table = np.arange(length)[:, None] / 10000.0 ** (np.arange(dim) / dim)
    table[:, 0::2] = np.sin(table[:, 0::2])
    table[:, 1::2] = np.cos(table[:, 1::2])
    return Tensor(table, dtype=np.float32)


@knockout(
    of="sinusoidal_positions",
    killed_by="test_unit_sinusoidal_positions_example",
    says="multiplied where it is to be divided: all waves are faster than one can count",
)
def multiplied_not_divided(length, dim):
    table = np.empty((length, dim))
    angle = np.arange(length)[:, None] * 10000.0 ** (np.arange(0, dim, 2) / dim)
    table[:, 0::2] = np.sin(angle)
    table[:, 1::2] = np.cos(angle[:, : dim // 2])
    return Tensor(table, dtype=np.float32)


@knockout(
    of="sinusoidal_positions",
    killed_by="test_unit_sinusoidal_positions_example",
    says="the first position is 1",
)
def positions_from_one(length, dim):
    table = np.empty((length, dim))
    angle = np.arange(1, length + 1)[:, None] / 10000.0 ** (np.arange(0, dim, 2) / dim)
    table[:, 0::2] = np.sin(angle)
    table[:, 1::2] = np.cos(angle[:, : dim // 2])
    return Tensor(table, dtype=np.float32)


@knockout(
    of="sinusoidal_positions",
    killed_by="test_unit_sinusoidal_positions_odd",
    says="an odd dim fails: there are more sines than columns for cosines",
)
def odd_dim_forgotten(length, dim):
    table = np.empty((length, dim))
    angle = np.arange(length)[:, None] / 10000.0 ** (np.arange(0, dim, 2) / dim)
    table[:, 0::2] = np.sin(angle)
    table[:, 1::2] = np.cos(angle)
    return Tensor(table, dtype=np.float32)


@knockout(
    of="sinusoidal_positions",
    killed_by="test_unit_sinusoidal_positions_dtype",
    says="the table stays float64",
)
def positions_of_float64(length, dim):
    table = np.empty((length, dim))
    angle = np.arange(length)[:, None] / 10000.0 ** (np.arange(0, dim, 2) / dim)
    table[:, 0::2] = np.sin(angle)
    table[:, 1::2] = np.cos(angle[:, : dim // 2])
    return Tensor(table)


# -- SinusoidalPositionalEncoding.forward


@knockout(
    of="SinusoidalPositionalEncoding.forward",
    killed_by="test_unit_sinusoidalpositionalencoding_forward_example",
    says="no positions: x comes back",
)
def x_comes_back(self, x, start=0):
    check_positions(x, start, self.max_len, self.dim)
    return self.dropout(x)


@knockout(
    of="SinusoidalPositionalEncoding.forward",
    killed_by="test_unit_sinusoidalpositionalencoding_forward_batch",
    says="positions along the batch: the number of the text instead of the token's",
)
def positions_along_the_batch(self, x, start=0):
    check_positions(x, start, self.max_len, self.dim)
    if x.ndim == 3 and x.shape[0] > 1:
        return self.dropout(x + self.positions[start : start + x.shape[0]].unsqueeze(1))
    return self.dropout(x + self.positions[start : start + x.shape[-2]])


@knockout(
    of="SinusoidalPositionalEncoding.forward",
    killed_by="test_unit_sinusoidalpositionalencoding_forward_batch",
    says="axis 1 for the axis of the tokens: right for (N, T, dim) alone",
)
def tokens_on_axis_one(self, x, start=0):
    check_positions(x, start, self.max_len, self.dim)
    return self.dropout(x + self.positions[start : start + x.shape[1]])


@knockout(
    of="SinusoidalPositionalEncoding.forward",
    killed_by="test_unit_sinusoidalpositionalencoding_forward_example",
    says="start is ignored: after a cache every token is the first",
)
def start_ignored(self, x, start=0):
    check_positions(x, start, self.max_len, self.dim)
    return self.dropout(x + self.positions[: x.shape[-2]])


@knockout(
    of="SinusoidalPositionalEncoding.forward",
    killed_by="test_unit_sinusoidalpositionalencoding_forward_example",
    says="the row of start for all tokens: they broadcast, and say nothing of the order",
)
def one_row_for_all(self, x, start=0):
    check_positions(x, start, self.max_len, self.dim)
    return self.dropout(x + self.positions[start])


@knockout(
    of="SinusoidalPositionalEncoding.forward",
    killed_by="test_unit_sinusoidalpositionalencoding_forward_too_long",
    says="no check: a slice that reaches too far is cut in silence",
)
def length_not_checked(self, x, start=0):
    return self.dropout(x + self.positions[start : start + x.shape[-2]])


@knockout(
    of="SinusoidalPositionalEncoding.forward",
    killed_by="test_unit_sinusoidalpositionalencoding_forward_dropout",
    says="no dropout",
)
def positions_without_dropout(self, x, start=0):
    check_positions(x, start, self.max_len, self.dim)
    return x + self.positions[start : start + x.shape[-2]]


@knockout(
    of="SinusoidalPositionalEncoding.forward",
    killed_by="test_unit_sinusoidalpositionalencoding_forward_dropout",
    says="dropout over the tokens only",
)
def dropout_before_the_sum(self, x, start=0):
    check_positions(x, start, self.max_len, self.dim)
    return self.dropout(x) + self.positions[start : start + x.shape[-2]]


@knockout(
    of="SinusoidalPositionalEncoding.forward",
    killed_by="test_unit_sinusoidalpositionalencoding_forward_pure",
    says="added into x itself, which others still hold",
)
def added_into_x(self, x, start=0):
    check_positions(x, start, self.max_len, self.dim)
    x.data += self.positions.data[start : start + x.shape[-2]]
    return self.dropout(x)


# -- LearnedPositionalEncoding.__init__


@knockout(
    of="LearnedPositionalEncoding.__init__",
    killed_by="test_unit_learnedpositionalencoding_init_example",
    says="the weight is a plain tensor: no optimizer finds it",
)
def positions_no_parameter(self, max_len, dim):
    super().__init__()
    self.max_len, self.dim = max_len, dim
    self.weight = randn(max_len, dim) * 0.02


@knockout(
    of="LearnedPositionalEncoding.__init__",
    killed_by="test_unit_learnedpositionalencoding_init_example",
    says="the weight is a buffer: saved, and never trained",
)
def positions_in_a_buffer(self, max_len, dim):
    super().__init__()
    self.max_len, self.dim = max_len, dim
    self.register_buffer("weight", randn(max_len, dim) * 0.02)


@knockout(
    of="LearnedPositionalEncoding.__init__",
    killed_by="test_unit_learnedpositionalencoding_init_trained",
    says="a Parameter that asks for no gradient",
)
def positions_frozen(self, max_len, dim):
    super().__init__()
    self.max_len, self.dim = max_len, dim
    self.weight = Parameter(randn(max_len, dim) * 0.02, requires_grad=False)


@knockout(
    of="LearnedPositionalEncoding.__init__",
    killed_by="test_unit_learnedpositionalencoding_init_numbers",
    says="standard deviation 1: the places drown out the tokens",
)
def positions_too_large(self, max_len, dim):
    super().__init__()
    self.max_len, self.dim = max_len, dim
    self.weight = Parameter(randn(max_len, dim))


@knockout(
    of="LearnedPositionalEncoding.__init__",
    killed_by="test_unit_learnedpositionalencoding_init_example",
    says="(dim, max_len): a column for each position",
)
def positions_lie_across(self, max_len, dim):
    super().__init__()
    self.max_len, self.dim = max_len, dim
    self.weight = Parameter(randn(dim, max_len) * 0.02)
