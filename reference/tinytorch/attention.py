"""Attention: every position asks all others, and takes from each as much as it answers (stage 12).

Order of the file: what is yours, sitting by sitting; then what is given.
"""

import math

import numpy as np

from .autograd import gradient
from .layers import Dropout, Linear, Module
from .op import Op
from .tensor import Tensor, as_array

__all__ = [
    "MultiHeadAttention",
    "attention_loops",
    "attention_weights",
    "causal_mask",
    "join_heads",
    "scaled_dot_product_attention",
    "split_heads",
]


# -- sitting 1: a lookup that is never quite sure -------------------------------------------------


def attention_loops(query, key, value):
    """Let each query take a mixture of the values: arrays (L, D), (S, D), (S, V) to (L, V).

    Slow on purpose, and kept: the oracle for what is fast. Query i and key j agree as much as
    their dot product over sqrt(D) says; exp makes a positive number of it, and these numbers,
    divided by their sum, are the parts of the values in the mixture (Vaswani et al. 2017).

    >>> query, key = np.array([[2.0, 0.0]]), np.array([[0.0, 1.0], [0.0, -1.0]])
    >>> attention_loops(query, key, np.array([[10.0], [20.0]])).tolist()
    [[15.0]]
    """
    out = np.zeros((len(query), value.shape[1]))
    for i in range(len(query)):
        scores = [sum(query[i] * key[j]) / math.sqrt(query.shape[1]) for j in range(len(key))]
        powers = [math.exp(score - max(scores)) for score in scores]
        for j in range(len(key)):
            out[i] += powers[j] / sum(powers) * value[j]
    return out


@Op(constant=("mask",), floats=True)
def attention_weights(scores, mask=None):
    """Turn scores (..., L, S) into weights: softmax over the last axis, 0 where mask is False.

    The mask, truth values that broadcast to the scores, says who may be looked at; None is
    everybody. A score of -inf is nobody, too. Each row sums to 1, but a row in which nobody may be
    looked at is 0 throughout: there is nothing to take, and 0 / 0 would be nan.

    >>> attention_weights(Tensor([[1.0, 1.0, 9.0]]), Tensor([[True, True, False]])).tolist()
    [[0.5, 0.5, 0.0]]
    """
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    largest = np.max(scores, axis=-1, keepdims=True, initial=np.finfo(scores.dtype).min)
    with np.errstate(over="ignore"):  # -3e38 - 3e38 is -inf in float32: exp gives 0, as it should
        powers = np.exp(scores - largest)
    return powers / np.maximum(np.sum(powers, axis=-1, keepdims=True), 1)


@gradient(attention_weights, "scores")
def attention_weights_scores(g, out, scores, mask=None):
    """Give the share of the scores: out (g - sum of g out), the sum over the last axis.

    The same as for softmax (stage 05). Where nobody may look, out is 0, and so is the share.

    >>> out = np.array([[0.5, 0.5, 0.0]])
    >>> attention_weights_scores(np.array([[1.0, 0.0, 7.0]]), out, np.zeros((1, 3))).tolist()
    [[0.25, -0.25, 0.0]]
    """
    return out * (g - np.sum(g * out, axis=-1, keepdims=True))


def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None
):
    """Let each query take a mixture of the values: (..., L, D), (..., S, D), (..., S, V).

    The result is (..., L, V): weights (..., L, S), made of query @ key transposed, times `scale`,
    1 / sqrt(D) unless it is given, times value. `attn_mask` broadcasts to (..., L, S): truth
    values say who may be looked at, other numbers are added to the scores. `is_causal` lets query
    i look at the keys 0 to i, and goes without a mask. `dropout_p` switches weights off at random,
    always: whoever evaluates passes 0. Raises ValueError for shapes that do not fit. As
    `torch.nn.functional.scaled_dot_product_attention`.

    >>> query, key = Tensor([[2.0, 0.0]]), Tensor([[0.0, 1.0], [0.0, -1.0]])
    >>> scaled_dot_product_attention(query, key, Tensor([[10.0], [20.0]])).tolist()
    [[15.0]]
    """
    check_attention(query, key, value, attn_mask, is_causal)
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    scores = (query * scale) @ key.transpose(-2, -1)
    if is_causal:
        attn_mask = causal_mask(query.shape[-2], key.shape[-2])
    if attn_mask is not None and as_array(attn_mask).dtype != bool:
        scores, attn_mask = scores + attn_mask, None
    weights = Dropout(dropout_p)(attention_weights(scores, attn_mask))
    return weights @ value


# -- sitting 2: not into the future ---------------------------------------------------------------


def causal_mask(length, total=None, past=0):
    """Say who may look at whom in a text: (length, total) truth values, True up to oneself.

    Row i stands for the token at position past + i, column j for the one at position j; `total`
    is past + length where it is not given.

    >>> causal_mask(2).tolist(), causal_mask(2, past=1).tolist()
    ([[True, False], [True, True]], [[True, True, False], [True, True, True]])
    """
    total = past + length if total is None else total
    return Tensor(np.arange(total) <= past + np.arange(length)[:, None])


# -- sitting 3: many heads ------------------------------------------------------------------------


def split_heads(x, num_heads):
    """Cut the last axis into heads: (N, L, E) to (N, num_heads, L, E / num_heads).

    Head h gets columns h * E / num_heads up to the next head's, of every token.

    >>> split_heads(Tensor([[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]), 2).tolist()
    [[[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]]]
    """
    n, length, width = x.shape
    return x.reshape(n, length, num_heads, width // num_heads).transpose(1, 2)


def join_heads(x):
    """Lay the heads side by side again: (N, H, L, D) to (N, L, H * D).

    >>> join_heads(Tensor([[[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]]])).tolist()
    [[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]
    """
    n, heads, length, width = x.shape
    return x.transpose(1, 2).reshape(n, length, heads * width)


class MultiHeadAttention(Module):
    """Several attentions side by side, each over its own projections (Vaswani et al. 2017)."""

    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True):
        """Make four Linear(embed_dim, embed_dim): `q_proj`, `k_proj`, `v_proj` and `out_proj`.

        `num_heads`, `embed_dim` and `dropout` stay as attributes. Raises ValueError where
        embed_dim is no multiple of num_heads.

        >>> sum(p.numel() for p in MultiHeadAttention(8, 2, bias=False).parameters())
        256
        """
        super().__init__()
        if num_heads < 1 or embed_dim % num_heads:
            raise ValueError(f"embed_dim {embed_dim} cannot be shared among {num_heads} heads")
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.q_proj = Linear(embed_dim, embed_dim, bias)
        self.k_proj = Linear(embed_dim, embed_dim, bias)
        self.v_proj = Linear(embed_dim, embed_dim, bias)
        self.out_proj = Linear(embed_dim, embed_dim, bias)

    def forward(self, query, key=None, value=None, attn_mask=None, is_causal=False, cache=None):
        """Let query (N, L, E) look at key and value (N, S, E), head by head, and give (N, L, E).

        Without `key` the tokens look at themselves (self-attention); without `value` it is the
        key. `attn_mask` and `is_causal` mean what they do in `scaled_dot_product_attention`, and
        may come together. A `cache` holds keys and values of the tokens before these, as heads
        (N, H, S, E / H): `append(k, v)` adds the new ones and gives all, and `is_causal` lets a
        query look at all that came before it.

        >>> attention = MultiHeadAttention(4, 2)
        >>> attention(randn(3, 5, 4), randn(3, 7, 4)).shape
        (3, 5, 4)
        """
        key = query if key is None else key
        value = key if value is None else value
        q = split_heads(self.q_proj(query), self.num_heads)
        k = split_heads(self.k_proj(key), self.num_heads)
        v = split_heads(self.v_proj(value), self.num_heads)
        if cache is not None:
            k, v = cache.append(k, v)
        if is_causal:
            attn_mask = and_causal(attn_mask, q.shape[-2], k.shape[-2])
        dropout = self.dropout if self.training else 0.0
        return self.out_proj(join_heads(scaled_dot_product_attention(q, k, v, attn_mask, dropout)))

    def extra_repr(self):
        """Give the settings."""
        return f"{self.embed_dim}, {self.num_heads}, dropout={self.dropout}"


# -- given ----------------------------------------------------------------------------------------


def and_causal(attn_mask, length, total):
    """Give the mask that hides the future, too: the last `length` of `total` tokens ask."""
    if length == 1 and attn_mask is None:
        return None  # the newest token may look at all others
    causal = causal_mask(length, past=total - length)
    if attn_mask is None:
        return causal
    if as_array(attn_mask).dtype == bool:
        return Tensor(as_array(attn_mask) & causal.data)
    return attn_mask + Tensor(np.where(causal.data, 0.0, -np.inf), dtype=attn_mask.dtype)


def check_attention(query, key, value, attn_mask, is_causal):
    """Refuse what cannot attend, with the shapes."""
    if min(query.ndim, key.ndim, value.ndim) < 2 or query.shape[-1] != key.shape[-1]:
        raise ValueError(
            f"queries are (..., L, D) and keys (..., S, D), not {query.shape} and {key.shape}"
        )
    if key.shape[-2] != value.shape[-2]:
        raise ValueError(
            f"there are {key.shape[-2]} keys and {value.shape[-2]} values, {key.shape} and "
            f"{value.shape}: each key has one value"
        )
    if is_causal and attn_mask is not None:
        raise ValueError("is_causal makes the mask itself: give attn_mask or is_causal, not both")
