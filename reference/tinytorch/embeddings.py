"""Embeddings: a learned vector for each token, and a vector for each place (stage 11).

Ids are whole numbers of any shape, usually (N, T): N texts of T tokens. A lookup adds an axis of
`dim` numbers, (N, T, dim), and positions are added to that.

Order of the file: what is yours, sitting by sitting; then what is given.
"""

import numpy as np

from .autograd import gradient
from .creation import randn
from .layers import Dropout, Module, Parameter
from .op import Op
from .tensor import Tensor, ValuesIndices, as_array

__all__ = [
    "Embedding",
    "LearnedPositionalEncoding",
    "SinusoidalPositionalEncoding",
    "cosine_similarity",
    "embedding",
    "nearest",
    "one_hot",
    "sinusoidal_positions",
]


# -- a row for each token -------------------------------------------------------------------------


def one_hot(ids, num_classes=-1):
    """Give a 1 at each id and 0 everywhere else: ids of any shape to (..., num_classes), int64.

    `check_ids(ids, num_classes)` refuses ids that are none of 0 to num_classes - 1. With
    num_classes=-1 there are as many as the largest id needs. As `torch.nn.functional.one_hot`.

    >>> one_hot([2, 0], 3).tolist()
    [[0, 0, 1], [1, 0, 0]]
    """
    ids = as_array(ids)
    if num_classes == -1:
        num_classes = int(ids.max()) + 1
    check_ids(ids, num_classes)
    return Tensor((ids[..., None] == np.arange(num_classes)).astype(np.int64))


@Op(constant=("ids",))
def embedding(ids, weight, *, padding_idx=None):
    """Give for each id its row of `weight` (V, dim): ids of any shape to (..., dim).

    It is one_hot(ids, V) @ weight, without a single multiplication. `check_ids(ids, V)` refuses
    what is no id; NumPy would take -1 for the last row. `padding_idx` names a row that is not
    trained: that is the rule's business. As `torch.nn.functional.embedding`.

    >>> embedding([2, 0, 2], Tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])).tolist()
    [[4.0, 5.0], [0.0, 1.0], [4.0, 5.0]]
    """
    check_ids(ids, len(weight))
    return weight[ids]


@gradient(embedding, "weight")
def embedding_weight(g, out, ids, weight, *, padding_idx=None):
    """Give the share of `weight` (V, dim): each row adds up what came to all places of its id.

    `g` is (..., dim), and `ids` may hold an id many times. A row that was not used gets 0, and so
    does row `padding_idx`. It is one_hot.T @ g; numbers go to their places one by one instead,
    since `np.add.at` is fast along one axis and slow over rows.

    >>> g = np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]])
    >>> embedding_weight(g, None, np.array([2, 0, 2]), np.zeros((3, 2))).tolist()
    [[10.0, 20.0], [0.0, 0.0], [101.0, 202.0]]
    """
    dim = weight.shape[1]
    share = np.zeros(weight.size, g.dtype)
    places = np.asarray(ids, np.intp).reshape(-1, 1) * dim + np.arange(dim)  # (number of ids, dim)
    np.add.at(share, places.ravel(), g.ravel())
    share = share.reshape(weight.shape)
    if padding_idx is not None:
        share[padding_idx] = 0
    return share


class Embedding(Module):
    """A table with a learned row for each of `num_embeddings` ids, as `torch.nn.Embedding`."""

    def __init__(self, num_embeddings, embedding_dim, padding_idx=None):
        """Make `weight` (num_embeddings, embedding_dim), normal numbers of mean 0 and variance 1.

        `check_padding(padding_idx, num_embeddings)` gives the row that pads, counted from the
        front, or None; it is an attribute, as the two sizes are. That row starts as zeros, and
        `embedding` never trains it.

        >>> table = Embedding(5, 3, padding_idx=-1)
        >>> table.weight.shape, table.padding_idx, table.weight[4].tolist()
        ((5, 3), 4, [0.0, 0.0, 0.0])
        """
        super().__init__()
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = check_padding(padding_idx, num_embeddings)
        weight = randn(num_embeddings, embedding_dim)
        if self.padding_idx is not None:
            weight.data[self.padding_idx] = 0
        self.weight = Parameter(weight)

    def forward(self, ids):
        """Give the rows of ids: (...) to (..., embedding_dim)."""
        return embedding(ids, self.weight, padding_idx=self.padding_idx)

    @classmethod
    def from_pretrained(cls, embeddings, freeze=True, padding_idx=None):
        """Make a layer of a table that exists, (num_embeddings, embedding_dim).

        With `freeze` it asks for no gradient. As in PyTorch the row `padding_idx` stays as it is.
        """
        table = as_array(embeddings)
        if table.ndim != 2:
            raise ValueError(f"a table is (num_embeddings, embedding_dim), not {table.shape}")
        layer = cls(*table.shape, padding_idx=padding_idx)
        layer.weight = Parameter(embeddings, requires_grad=not freeze)
        return layer

    def extra_repr(self):
        """Give the sizes, and the row that pads where there is one."""
        said = f"{self.num_embeddings}, {self.embedding_dim}"
        return said if self.padding_idx is None else f"{said}, padding_idx={self.padding_idx}"


# -- meaning --------------------------------------------------------------------------------------


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """Give the cosine of the angle between vectors along `dim`: 1 same way, 0 across, -1 against.

    The product x1 . x2 by both lengths, each at least `eps`, so that a vector of zeros gives 0. It
    does not ask how long the vectors are, only where they point. The shapes broadcast. As
    `torch.nn.functional.cosine_similarity`.

    >>> cosine_similarity(Tensor([[3.0, 0.0]]), Tensor([[5.0, 0.0], [0.0, 2.0], [-1.0, 0.0]]))
    Tensor([ 1.,  0., -1.])
    """
    lengths = [((x * x).sum(dim)).clamp(min=eps * eps).sqrt() for x in (x1, x2)]
    return (x1 * x2).sum(dim) / (lengths[0] * lengths[1])


def nearest(weight, vector, k=1, skip=()):
    """Find the k rows of `weight` (V, dim) that point most nearly the way of `vector` (dim,).

    Gives (values, indices): the cosine similarities, largest first, and the ids. Rows in `skip`
    are left out: a word is its own nearest neighbour. Of equal ones the lower id comes first.

    >>> nearest(Tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1]]), Tensor([9.0, 0.0]), k=2).indices
    Tensor([0, 2])
    """
    weight, vector = Tensor(as_array(weight)), Tensor(as_array(vector))
    similarity = cosine_similarity(weight, vector.unsqueeze(0)).data
    order = np.argsort(-similarity, kind="stable")
    order = order[~np.isin(order, list(skip))][:k]
    return ValuesIndices(Tensor(similarity[order]), Tensor(order))


# -- where a word stands --------------------------------------------------------------------------


def sinusoidal_positions(length, dim):
    """Give a vector for each position 0 to length - 1: waves, slow and slower, (length, dim).

    Columns 2i and 2i + 1 are the sine and the cosine of position / 10000^(2i / dim). An odd `dim`
    ends with a sine. From Vaswani et al. 2017, section 3.5.

    >>> sinusoidal_positions(2, 4).double().numpy().round(3).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.841, 0.54, 0.01, 1.0]]
    """
    table = np.empty((length, dim))
    angle = np.arange(length)[:, None] / 10000.0 ** (np.arange(0, dim, 2) / dim)  # (length, sines)
    table[:, 0::2] = np.sin(angle)
    table[:, 1::2] = np.cos(angle[:, : dim // 2])
    return Tensor(table, dtype=np.float32)


class SinusoidalPositionalEncoding(Module):
    """Add to each token the waves of its position; nothing is learned (Vaswani et al. 2017)."""

    def __init__(self, dim, max_len=5000, dropout=0.0):
        super().__init__()
        self.dim, self.max_len = dim, max_len
        self.register_buffer("positions", sinusoidal_positions(max_len, dim), persistent=False)
        self.dropout = Dropout(dropout)

    def forward(self, x, start=0):
        """Give dropout(x + the rows of positions start, start + 1, …), x (..., T, dim).

        Every text of a batch gets the same rows. `check_positions(x, start, max_len, dim)` refuses
        more positions than there are. `start` is how many tokens came before x.

        >>> layer = SinusoidalPositionalEncoding(2)
        >>> layer(ones(1, 2, 2), start=1).double().numpy().round(2).tolist()
        [[[1.84, 1.54], [1.91, 0.58]]]
        """
        check_positions(x, start, self.max_len, self.dim)
        return self.dropout(x + self.positions[start : start + x.shape[-2]])

    def extra_repr(self):
        """Give the sizes."""
        return f"{self.dim}, max_len={self.max_len}"


class LearnedPositionalEncoding(Module):
    """Add to each token a learned vector of its position, as GPT-2 does (Radford et al. 2019)."""

    def __init__(self, max_len, dim):
        """Make `weight` (max_len, dim), normal numbers of mean 0 and standard deviation 0.02.

        Both sizes stay as attributes.

        >>> layer = LearnedPositionalEncoding(3, 4)
        >>> [(name, p.shape) for name, p in layer.named_parameters()]
        [('weight', (3, 4))]
        """
        super().__init__()
        self.max_len, self.dim = max_len, dim
        self.weight = Parameter(randn(max_len, dim) * 0.02)

    def forward(self, x, start=0):
        """Give x + the rows of positions start, start + 1, …, x (..., T, dim)."""
        check_positions(x, start, self.max_len, self.dim)
        return x + self.weight[start : start + x.shape[-2]]

    def extra_repr(self):
        """Give the sizes."""
        return f"{self.max_len}, {self.dim}"


# -- given: what is refused -----------------------------------------------------------------------


def check_ids(ids, size):
    """Refuse what is no id of a table with `size` rows: TypeError, or IndexError with the id."""
    ids = np.asarray(ids)
    if ids.dtype.kind not in "iu":
        raise TypeError(f"ids are whole numbers, not {ids.dtype}")
    if ids.size and (ids.min() < 0 or ids.max() >= size):
        wrong = ids[(ids < 0) | (ids >= size)].flat[0]
        raise IndexError(f"id {wrong} does not exist, there are {size} (0 to {size - 1})")


def check_padding(padding_idx, size):
    """Give the row that pads, counted from the front, or None; ValueError where there is none."""
    if padding_idx is None:
        return None
    if not -size <= padding_idx < size:
        raise ValueError(f"padding_idx is {padding_idx}, and there are {size} rows")
    return padding_idx % size


def check_positions(x, start, max_len, dim):
    """Refuse x (..., T, dim) that needs other positions than 0 to max_len - 1, or another dim."""
    if x.ndim < 2 or x.shape[-1] != dim:
        raise ValueError(f"positions are added to (..., T, {dim}), not to {x.shape}")
    end = start + x.shape[-2]
    if start < 0 or end > max_len:
        raise ValueError(
            f"positions {start} to {end - 1} are asked for, and there are {max_len}, 0 to "
            f"{max_len - 1}: shorten the text, or build the layer with max_len={end}"
        )
