"""The transformer: attention, a small network, and steady numbers between them (stage 13).

Order of the file: what is yours, sitting by sitting; then what is given.
"""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from .activations import gelu, softmax
from .attention import MultiHeadAttention
from .autograd import gradient, no_grad
from .creation import ones, random_generator, zeros
from .embeddings import Embedding, LearnedPositionalEncoding
from .layers import Dropout, Linear, Module, ModuleList, Parameter
from .losses import cross_entropy
from .op import Op
from .tensor import Tensor, as_array

__all__ = [
    "GPT",
    "MLP",
    "DecoderBlock",
    "EncoderBlock",
    "GPTConfig",
    "LayerNorm",
    "draw",
    "layer_norm",
    "next_ids",
    "next_token_loss",
    "top_k_logits",
]


# -- sitting 1: numbers of a steady size ----------------------------------------------------------


@Op(constant=("normalized_shape",), floats=True)
def layer_norm(x, normalized_shape, weight=None, bias=None, *, eps=1e-5):
    """Bring every vector, along the last axis, to mean 0 and spread 1; then weight and shift it.

    (x - mean) / sqrt(var + eps) * weight + bias, where x is (..., E), `normalized_shape` (E,), and
    weight and bias (E,) or None. Mean and variance, the latter divided by E, are those of each
    vector alone: no example meets another, and training is the same as evaluation (Ba, Kiros and
    Hinton 2016). `check_normalized` raises ValueError where sizes differ. As
    `torch.nn.functional.layer_norm`, over one axis.

    >>> layer_norm(Tensor([[1.0, 3.0], [10.0, 30.0]]), (2,)).numpy().round(3).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """
    check_normalized(x, normalized_shape, weight, bias)
    out = x - x.mean(axis=-1, keepdims=True)
    out /= np.sqrt(np.square(out).mean(axis=-1, keepdims=True) + eps)
    out = out if weight is None else out * weight
    return out if bias is None else out + bias


@gradient(layer_norm, "x")
def layer_norm_x(g, out, x, normalized_shape, weight=None, bias=None, *, eps=1e-5):
    """Give the share of `x`: (h - mean(h) - n mean(h n)) / spread, where h = g * weight.

    `normalized(x, eps)` gives n, which is x with mean 0 and spread 1, and what it was divided by,
    sqrt(var + eps). The means are along the last axis. Normalising takes every shift and every
    stretch of a vector back, so no gradient goes that way.

    >>> g, x = np.array([[0.0, 1.0, 0.0]]), np.array([[-1.0, 0.0, 1.0]])
    >>> layer_norm_x(g, None, x, (3,)).round(3).tolist()
    [[-0.408, 0.816, -0.408]]
    """
    n, spread = normalized(x, eps)
    h = g if weight is None else g * weight
    along = np.mean(h * n, axis=-1, keepdims=True)
    return (h - h.mean(axis=-1, keepdims=True) - n * along) / spread


# -- sitting 2: a block ---------------------------------------------------------------------------


class MLP(Module):
    """The small network of a block: each token by itself, to four times the width and back."""

    def __init__(self, embed_dim, hidden_dim=None, dropout=0.0, bias=True):
        """Make the Linears `up`, to hidden_dim (4 * embed_dim), and `down`, and a Dropout."""
        super().__init__()
        hidden_dim = 4 * embed_dim if hidden_dim is None else hidden_dim
        self.up = Linear(embed_dim, hidden_dim, bias)
        self.down = Linear(hidden_dim, embed_dim, bias)
        self.dropout = Dropout(dropout)

    def forward(self, x):
        """Widen, bend with the tanh form of gelu, narrow, drop out: (..., E) to (..., E)."""
        return self.dropout(self.down(gelu(self.up(x), approximate="tanh")))


class DecoderBlock(Module):
    """Attention to what came before, then a small network, each added to what was there.

    The norms stand before the two, not behind (pre-norm, as in GPT-2): so a gradient finds a way
    back from the last block to the first through additions alone (Xiong et al. 2020). With
    `cross_attention` the tokens look into another text, too, as in a translator.
    """

    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True, cross_attention=False):
        """Make `norm1` and `attention`, `norm2` and `mlp`, and the `dropout` behind attention.

        With cross_attention `cross_norm` and `cross_attention` as well; else both are None.
        """
        super().__init__()
        self.norm1 = LayerNorm(embed_dim, bias=bias)
        self.attention = MultiHeadAttention(embed_dim, num_heads, dropout, bias)
        self.cross_norm = LayerNorm(embed_dim, bias=bias) if cross_attention else None
        self.cross_attention = (
            MultiHeadAttention(embed_dim, num_heads, dropout, bias) if cross_attention else None
        )
        self.norm2 = LayerNorm(embed_dim, bias=bias)
        self.mlp = MLP(embed_dim, dropout=dropout, bias=bias)
        self.dropout = Dropout(dropout)

    def forward(self, x, memory=None, cache=None):
        """Give x (N, L, E) with what attention and the MLP made of it added: (N, L, E).

        First attention, causal, of `norm1(x)` to itself, with the `cache` of this block; then,
        where the block has it, cross-attention of `cross_norm(x)` to `memory` (N, S, E), which is
        not causal; then the mlp of `norm2(x)`. Each goes through the block's dropout (the mlp has
        its own) and is added to x. Raises ValueError where memory is missing or not wanted.

        >>> block = DecoderBlock(4, 2)
        >>> zeroed = [p.zero_() for p in block.parameters()]  # so that nothing is added
        >>> block(Tensor([[[1.0, 2.0, 3.0, 4.0]]])).tolist()
        [[[1.0, 2.0, 3.0, 4.0]]]
        """
        check_memory(self, memory)
        x = x + self.dropout(self.attention(self.norm1(x), is_causal=True, cache=cache))
        if memory is not None:
            x = x + self.dropout(self.cross_attention(self.cross_norm(x), memory))
        return x + self.mlp(self.norm2(x))


# -- sitting 3: GPT -------------------------------------------------------------------------------


@dataclass(frozen=True)
class GPTConfig:
    """The sizes of a GPT: how many tokens there are, and how many it sees; how deep, how wide."""

    vocab_size: int
    context: int = 64
    num_layers: int = 4
    num_heads: int = 4
    embed_dim: int = 128
    dropout: float = 0.0
    bias: bool = False


class GPT(Module):
    """A decoder that says, for each token of a text, what could come next (Radford et al. 2018)."""

    def __init__(self, config):
        """Build the parts from a GPTConfig, and give the weights their first values.

        `token`, an Embedding, and `position`, a LearnedPositionalEncoding over config.context;
        `dropout`; `blocks`, a ModuleList of config.num_layers DecoderBlocks; `norm`, a LayerNorm;
        `head`, a Linear from embed_dim to vocab_size without bias. head.weight *is* token.weight:
        one parameter for reading a token and for saying it (Press and Wolf 2017). At the end
        `initialise(self)`. `config` stays as an attribute.

        >>> model = GPT(GPTConfig(65))
        >>> sum(p.numel() for p in model.parameters())
        804096
        """
        super().__init__()
        self.config = config
        width, dropout, bias = config.embed_dim, config.dropout, config.bias
        self.token = Embedding(config.vocab_size, width)
        self.position = LearnedPositionalEncoding(config.context, width)
        self.dropout = Dropout(dropout)
        self.blocks = ModuleList(
            [DecoderBlock(width, config.num_heads, dropout, bias) for _ in range(config.num_layers)]
        )
        self.norm = LayerNorm(width, bias=bias)
        self.head = Linear(width, config.vocab_size, bias=False)
        self.head.weight = self.token.weight
        initialise(self)

    def forward(self, ids, targets=None, cache=None):
        """Give the logits (N, T, vocab_size) of ids (N, T): row t scores what follows token t.

        With `targets` (N, T), the ids that did follow, it gives (logits, loss): the mean
        cross-entropy over all N * T places. A `cache` holds what earlier tokens left: positions
        count from `cache.length`, and block i gets `cache[i]`. Raises ValueError for more tokens
        than the context holds.

        >>> model = GPT(GPTConfig(10, context=8, num_layers=1, num_heads=1, embed_dim=4))
        >>> ids = Tensor([[1, 2, 3]])
        >>> model(ids).shape, round(model(ids, targets=Tensor([[2, 3, 4]]))[1].item(), 1)
        ((1, 3, 10), 2.3)
        """
        start = 0 if cache is None else cache.length
        x = self.dropout(self.position(self.token(ids), start))
        for i, block in enumerate(self.blocks):
            x = block(x, cache=None if cache is None else cache[i])
        logits = self.head(self.norm(x))
        return logits if targets is None else (logits, next_token_loss(logits, targets))

    def stream(self, ids, max_new_tokens, temperature=1.0, top_k=None, generator=None):
        """Yield, one after the other, the arrays (N,) of ids that go on with ids (N, T).

        Every step scores the text so far and lets `next_ids` choose from the last row. A text
        that has outgrown the context is cut to its last config.context // 2 tokens, so that it
        can grow again, with positions from 0. The model is in evaluation while it writes, and
        records nothing; afterwards it is as before.

        >>> model = GPT(GPTConfig(10, context=8, num_layers=1, num_heads=1, embed_dim=4))
        >>> [new.shape for new in model.stream(Tensor([[1, 2], [3, 4]]), 3)]
        [(2,), (2,), (2,)]
        """
        window, generator = as_ids(ids), generator_of(generator)
        for _ in range(max_new_tokens):
            if window.shape[1] > self.config.context:
                window = window[:, -(self.config.context // 2) :]
            with evaluating(self):
                logits = self(Tensor(window)).data[:, -1]
            new = next_ids(logits, temperature, top_k, generator)
            yield new
            window = np.concatenate([window, new[:, None]], axis=1)

    def generate(self, ids, max_new_tokens, temperature=1.0, top_k=None, generator=None):
        """Give ids (N, T) with max_new_tokens more behind them: all that `stream` yields."""
        new = list(self.stream(ids, max_new_tokens, temperature, top_k, generator))
        return Tensor(np.concatenate([as_ids(ids), *[one[:, None] for one in new]], axis=1))

    def extra_repr(self):
        """Give the sizes."""
        return str(self.config)


# -- sitting 4: choosing --------------------------------------------------------------------------


def top_k_logits(logits, k):
    """Put -inf for all but the k largest of each row of an array (N, V); equal ones stay.

    >>> top_k_logits(np.array([[1.0, 5.0, 3.0]]), 2).tolist()
    [[-inf, 5.0, 3.0]]
    """
    smallest = np.sort(logits, axis=-1)[:, -min(k, logits.shape[1])]
    return np.where(logits < smallest[:, None], -np.inf, logits)


def next_ids(logits, temperature=1.0, top_k=None, generator=None):
    """Choose one id for each row of an array of logits (N, V): an array (N,).

    Logits are divided by the temperature, all but the `top_k` largest are struck out, and `draw`
    picks by the probabilities that softmax makes of them. Below 1 a temperature makes the likely
    likelier; 0 is the limit: always the largest.

    >>> next_ids(np.array([[1.0, 5.0, 3.0]]), temperature=0).tolist()
    [1]
    """
    check_sampling(logits, temperature, top_k)
    if temperature == 0:
        return np.argmax(logits, axis=-1)
    if top_k is not None:
        logits = top_k_logits(logits, top_k)
    return draw(softmax.forward(logits / temperature, dim=-1), generator)


# -- given ----------------------------------------------------------------------------------------


class LayerNorm(Module):
    """`layer_norm` with a weight and a bias of its own, as `torch.nn.LayerNorm` over one axis."""

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True):
        super().__init__()
        shape = normalized_shape
        self.normalized_shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if len(self.normalized_shape) != 1:
            raise ValueError(f"LayerNorm normalises over the last axis only, not over {shape}")
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.weight = Parameter(ones(*self.normalized_shape)) if elementwise_affine else None
        with_bias = elementwise_affine and bias
        self.bias = Parameter(zeros(*self.normalized_shape)) if with_bias else None

    def forward(self, x):
        """Normalise every vector along the last axis of x."""
        return layer_norm(x, self.normalized_shape, self.weight, self.bias, eps=self.eps)

    def extra_repr(self):
        """Give the settings."""
        said = f"{self.normalized_shape}, eps={self.eps}"
        return f"{said}, elementwise_affine={self.elementwise_affine}"


def normalized(x, eps):
    """Give x with mean 0 and spread 1 along the last axis, and what it was divided by."""
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + eps)
    centred /= spread
    return centred, spread


@gradient(layer_norm, "weight")
def layer_norm_weight(g, out, x, normalized_shape, weight=None, bias=None, *, eps=1e-5):
    """Give the share of `weight`: g times what it was multiplied with; copies are added up."""
    return g * normalized(x, eps)[0]


@gradient(layer_norm, "bias")
def layer_norm_bias(g, out, x, normalized_shape, weight=None, bias=None, *, eps=1e-5):
    """Give the share of `bias`: g, and the copies are added up."""
    return g


class EncoderBlock(Module):
    """Attention to the whole text, in both directions, then a small network (as in BERT)."""

    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True):
        super().__init__()
        self.norm1 = LayerNorm(embed_dim, bias=bias)
        self.attention = MultiHeadAttention(embed_dim, num_heads, dropout, bias)
        self.norm2 = LayerNorm(embed_dim, bias=bias)
        self.mlp = MLP(embed_dim, dropout=dropout, bias=bias)
        self.dropout = Dropout(dropout)

    def forward(self, x, attn_mask=None):
        """Give x (N, L, E) with what attention and the MLP made of it added."""
        x = x + self.dropout(self.attention(self.norm1(x), attn_mask=attn_mask))
        return x + self.mlp(self.norm2(x))


def initialise(model):
    """Give the weights of a GPT their first values, as GPT-2 does: normal, spread 0.02.

    What is added to the stream in each block is smaller by sqrt(2 * num_layers), the number of
    additions, so that the stream does not grow with the depth. Biases are 0, norms stay as made.
    """
    added = (2 * model.config.num_layers) ** -0.5
    draw = random_generator()
    with no_grad():
        for name, p in model.named_parameters():
            if p.ndim > 1:
                scale = added if name.endswith(("out_proj.weight", "down.weight")) else 1.0
                p.copy_(draw.normal(0.0, 0.02 * scale, p.shape))
            elif name.endswith("bias"):
                p.zero_()


def next_token_loss(logits, targets):
    """Give the mean cross-entropy of logits (N, T, V) and the ids that followed, (N, T)."""
    return cross_entropy(logits.reshape(-1, logits.shape[-1]), Tensor(targets).reshape(-1))


def draw(probabilities, generator=None):
    """Pick an index from each row of probabilities (N, V): where the running sum passes a number.

    The number is uniform from 0 to 1. `generator` is a NumPy Generator or a seed; without it the
    framework's random numbers serve (`manual_seed`).
    """
    sums = np.cumsum(probabilities, axis=-1, dtype=np.float64)
    numbers = generator_of(generator).random((len(sums), 1)) * sums[:, -1:]
    return np.sum(sums <= numbers, axis=-1)


def generator_of(generator):
    """Give a NumPy Generator: the one given, one from a seed, or the framework's own."""
    return random_generator() if generator is None else np.random.default_rng(generator)


@contextmanager
def evaluating(model):
    """Switch a model to evaluation and record nothing inside the block; then it is as before."""
    before = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        for module, training in before.items():
            module.training = training


def as_ids(ids):
    """Give the array (N, T) of ids, or say what it is instead."""
    array = as_array(ids)
    if array.ndim != 2 or array.dtype.kind not in "iu":
        raise ValueError(
            f"a text to go on with is ids, whole numbers (N, T), not {array.dtype} {array.shape}; "
            "one text is a batch of one: [[1, 2, 3]]"
        )
    if array.shape[1] == 0:
        raise ValueError("there is nothing to go on with: give at least one id in every row")
    return array


def check_normalized(x, normalized_shape, weight, bias):
    """Refuse sizes that are not those of the vectors."""
    shape = tuple(np.atleast_1d(normalized_shape).tolist())
    if len(shape) != 1 or x.shape[-1:] != shape:
        raise ValueError(f"vectors of shape {shape} are to be normalised, the input is {x.shape}")
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and np.shape(value) != shape:
            raise ValueError(f"vectors of shape {shape} have a {name} of shape {np.shape(value)}")


def check_memory(block, memory):
    """Refuse a memory that the block cannot look into, and the want of one that it needs."""
    if (memory is None) != (block.cross_attention is None):
        raise ValueError(
            "this block has cross_attention: give it a memory to look into"
            if memory is None
            else "this block looks into no memory: make it with cross_attention=True"
        )


def check_sampling(logits, temperature, top_k):
    """Refuse settings that choose nothing."""
    if not temperature >= 0:
        raise ValueError(f"the temperature is at least 0, not {temperature}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k is at least 1, or None for all, not {top_k}")
    if np.ndim(logits) != 2:
        raise ValueError(f"logits are (N, V), one row for each text, not {np.shape(logits)}")
