"""Batch normalisation: numbers of a steady size between the layers (stage 09).

Order of the file: the layer, whose forward is yours; then what is given.
"""

import numpy as np

from .autograd import gradient
from .creation import ones, tensor, zeros
from .layers import Module, Parameter
from .op import Op

__all__ = ["BatchNorm2d"]


class BatchNorm2d(Module):
    """Bring each channel to mean 0 and spread 1, then let it learn its own (Ioffe, Szegedy 2015).

    While training the mean and the variance are the batch's; for evaluation, where a picture must
    not depend on its neighbours, running averages of them stand in. They are buffers:
    state without a gradient. As `torch.nn.BatchNorm2d`.
    """

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        super().__init__()
        if momentum is None:
            raise TypeError("momentum is a number; None, the plain average of all batches, is not")
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = Parameter(ones(num_features)) if affine else None
        self.bias = Parameter(zeros(num_features)) if affine else None
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features) if tracked else None)
        self.register_buffer("running_var", ones(num_features) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0) if tracked else None)

    def forward(self, x):
        """Normalise x (N, C, H, W) channel by channel, and keep the running averages.

        `channel_statistics(x.data)` gives mean and var of the batch, arrays (C,); var divides by n,
        the number of values, N * H * W. While training, each running average moves by `momentum`
        towards the batch's: new = (1 - momentum) * old + momentum * batch. For running_var the
        batch's is n / (n - 1) times var, the unbiased one. `copy_` writes into a buffer. The rest
        does `batch_norm(x, mean, var, self.weight, self.bias, training=..., eps=self.eps)`.

        >>> layer = BatchNorm2d(1)
        >>> layer(Tensor([[[[1.0, 3.0]]]])).detach().numpy().round(3).tolist()
        [[[[-1.0, 1.0]]]]
        >>> layer.running_mean.item(), round(layer.running_var.item(), 3)  # 0.1 * 2; 0.9 + 0.1 * 2
        (0.2, 1.1)
        """
        raise NotImplementedError("stage 09: BatchNorm2d.forward")

    def extra_repr(self):
        """Give the settings."""
        settings = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
        return f"{settings}, affine={self.affine}, track_running_stats={self.track_running_stats}"


def channel_statistics(x):
    """Give mean and variance of each channel of x (N, C, H, W), both (C,); var divides by n.

    The means of the pictures come first, then the mean of these: the sums stay short, and
    float32 exact enough.
    """
    mean = x.mean(axis=(2, 3)).mean(axis=0)
    var = np.square(x - mean[:, None, None]).mean(axis=(2, 3)).mean(axis=0)
    return mean, var


@Op(constant=("mean", "var"))
def batch_norm(x, mean, var, weight=None, bias=None, *, training=False, eps=1e-5):
    """Give (x - mean) / sqrt(var + eps) * weight + bias, all but x by channel, (C,).

    With `training` mean and var are those of x itself, and move with it: the rule of x knows.
    """
    scale = 1 / np.sqrt(var + eps)
    if weight is not None:
        scale = scale * weight
    shift = -mean * scale
    if bias is not None:
        shift = shift + bias
    return x * scale[:, None, None] + shift[:, None, None]


@gradient(batch_norm, "x")
def batch_norm_x(g, out, x, mean, var, weight=None, bias=None, *, training=False, eps=1e-5):
    """Give the share of `x`; with `training` less its mean, and less the part that follows x.

    Normalising takes every shift and every stretch of a channel back, so no gradient goes that
    way (Ioffe and Szegedy 2015, section 3).
    """
    scale = 1 / np.sqrt(var + eps)
    factor = scale if weight is None else scale * weight
    share = g * factor[:, None, None]
    if training:
        n = x.size // x.shape[1]
        centred = x - mean[:, None, None]
        stretch = np.einsum("nchw,nchw->c", g, centred) * scale * scale * factor / n
        share -= np.multiply(centred, stretch[:, None, None], out=centred)
        share -= (g.sum(axis=(0, 2, 3)) * factor / n)[:, None, None]
    return share


@gradient(batch_norm, "weight")
def batch_norm_weight(g, out, x, mean, var, weight=None, bias=None, *, training=False, eps=1e-5):
    """Give the share of `weight`: g times what it was multiplied with, added up by channel."""
    normal = (x - mean[:, None, None]) * (1 / np.sqrt(var + eps))[:, None, None]
    return np.einsum("nchw,nchw->c", g, normal)


@gradient(batch_norm, "bias")
def batch_norm_bias(g, out, x, mean, var, weight=None, bias=None, *, training=False, eps=1e-5):
    """Give the share of `bias`: g, added up over pictures and positions."""
    return g.sum(axis=(0, 2, 3))


def check_normalized(layer, x):
    """Refuse what BatchNorm2d cannot normalise, with the shapes."""
    if x.ndim != 4 or x.shape[1] != layer.num_features:
        raise ValueError(
            f"BatchNorm2d({layer.num_features}) wants pictures (N, {layer.num_features}, H, W), "
            f"not {x.shape}"
        )
    if layer.training and x.numel() == x.shape[1]:
        raise ValueError(
            f"BatchNorm2d: one value a channel, shape {x.shape}, has no spread to train with; take "
            "a larger batch, or eval()"
        )
