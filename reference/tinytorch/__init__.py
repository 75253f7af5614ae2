"""Your own deep-learning framework. A given file: it hands on what the stages define.

Stage 01's names are imported here, so that `tinytorch.tensor(...)` is the function although there
is a module of that name; everything else on first use. What is a method of Tensor is a function
here, too: `tinytorch.sum(x, dim=0)`.
"""

from importlib import import_module
from types import SimpleNamespace as _Namespace

import numpy as _np

from .creation import (
    arange,
    eye,
    from_numpy,
    full,
    get_rng_state,
    linspace,
    manual_seed,
    ones,
    ones_like,
    rand,
    randn,
    random_generator,
    set_rng_state,
    tensor,
    zeros,
    zeros_like,
)
from .op import (
    Op,
    Recipe,
    is_recording,
    remember,
)
from .serialization import (
    load,
    save,
)
from .tensor import (
    Tensor,
    absolute,
    add,
    amax,
    amin,
    as_array,
    broadcast_shapes,
    cast,
    clamp,
    device,
    div,
    exp,
    expand,
    infer_shape,
    log,
    masked_fill,
    matmul,
    matmul_loops,
    mul,
    neg,
    numel,
    permute,
    power,
    reduce_sum,
    reshape,
    sqrt,
    strides,
    sub,
    take,
    tril,
)

float32, float64, int32, int64 = _np.float32, _np.float64, _np.int32, _np.int64
bool, int, long, float, double = _np.bool_, int32, int64, float32, float64
cuda = _Namespace(is_available=lambda: False, device_count=lambda: 0)  # there is only the CPU

_HOME = {
    "Adam": "optimizers",
    "AdamW": "optimizers",
    "AvgPool2d": "spatial",
    "BCEWithLogitsLoss": "losses",
    "BPETokenizer": "tokenization",
    "BatchNorm2d": "normalization",
    "CIFAR10_CLASSES": "readers",
    "CNN": "spatial",
    "CharTokenizer": "tokenization",
    "Checkpoint": "callbacks",
    "Compose": "transforms",
    "Conv2d": "spatial",
    "CosineAnnealingLR": "schedulers",
    "CrossEntropyLoss": "losses",
    "DataLoader": "dataloader",
    "Dataset": "dataloader",
    "Dropout": "layers",
    "ExponentialLR": "schedulers",
    "Flatten": "layers",
    "GELU": "layers",
    "Identity": "layers",
    "LRScheduler": "schedulers",
    "LambdaLR": "schedulers",
    "Linear": "layers",
    "LinearLR": "schedulers",
    "MSELoss": "losses",
    "MaxPool2d": "spatial",
    "Means": "metrics",
    "MemoryMapDataset": "readers",
    "MissingGradient": "autograd",
    "Module": "layers",
    "ModuleList": "layers",
    "MultiStepLR": "schedulers",
    "NLLLoss": "losses",
    "Normalize": "transforms",
    "OneCycleLR": "schedulers",
    "Optimizer": "optimizers",
    "Parameter": "layers",
    "ProgressBar": "callbacks",
    "RandomCrop": "transforms",
    "RandomHorizontalFlip": "transforms",
    "ReLU": "layers",
    "SGD": "optimizers",
    "Sequential": "layers",
    "SequentialLR": "schedulers",
    "Sigmoid": "layers",
    "Softmax": "layers",
    "StepLR": "schedulers",
    "Subset": "dataloader",
    "Tanh": "layers",
    "TensorDataset": "dataloader",
    "ToDtype": "transforms",
    "Trainer": "training",
    "Transform": "transforms",
    "accuracy": "metrics",
    "apply_merges": "tokenization",
    "avg_pool2d": "spatial",
    "backward": "autograd",
    "batches": "training",
    "binary_cross_entropy_with_logits": "losses",
    "calculate_gain": "layers",
    "clip_grad_norm_": "clipping",
    "clip_grad_value_": "clipping",
    "collate": "dataloader",
    "consumers_first": "autograd",
    "conv2d": "spatial",
    "conv2d_loops": "spatial",
    "count_pairs": "tokenization",
    "cross_entropy": "losses",
    "default_collate": "dataloader",
    "detect_anomaly": "autograd",
    "draw": "autograd",
    "draws_for": "transforms",
    "enable_grad": "autograd",
    "gelu": "activations",
    "gelu_tanh": "activations",
    "gradcheck": "autograd",
    "gradient": "autograd",
    "im2col": "spatial",
    "index_batches": "dataloader",
    "is_grad_enabled": "autograd",
    "kaiming_uniform_": "layers",
    "learn_merges": "tokenization",
    "learn_merges_slowly": "tokenization",
    "log_softmax": "activations",
    "max_pool2d": "spatial",
    "merge": "tokenization",
    "most_frequent": "tokenization",
    "mse_loss": "losses",
    "nll_loss": "losses",
    "no_grad": "autograd",
    "normal_cdf": "activations",
    "numeric_gradient": "autograd",
    "output_size": "spatial",
    "parents": "autograd",
    "prefetch": "dataloader",
    "random_split": "dataloader",
    "read_checkpoint": "checkpoints",
    "read_cifar10": "readers",
    "read_idx": "readers",
    "read_mnist": "readers",
    "reduce": "losses",
    "relu": "activations",
    "set_grad_enabled": "autograd",
    "sigmoid": "activations",
    "softmax": "activations",
    "split_chunks": "tokenization",
    "tanh": "activations",
    "unbroadcast": "autograd",
    "uniform_": "layers",
    "uniforms": "transforms",
    "write_checkpoint": "checkpoints",
    "xavier_uniform_": "layers",
}
_PACKAGES = ["nn", "optim", "utils"]


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"tinytorch.{_HOME[name]}"), name)
    if name in _PACKAGES:
        return import_module(f"tinytorch.{name}")
    if not name.startswith("_") and callable(getattr(Tensor, name, None)):
        return getattr(Tensor, name)
    raise AttributeError(f"module 'tinytorch' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_HOME, *_PACKAGES])
