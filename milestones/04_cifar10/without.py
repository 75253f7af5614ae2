"""What milestone 4 runs where there is no CIFAR-10: a CNN against an MLP on 8x8 digits."""

import numpy as np
from digits import load_digits, split
from learning import Stop, answers_of, print_table, say
from tinytorch import manual_seed
from tinytorch.dataloader import DataLoader, TensorDataset
from tinytorch.layers import Flatten, Linear, ReLU, Sequential
from tinytorch.losses import CrossEntropyLoss
from tinytorch.optimizers import AdamW
from tinytorch.schedulers import OneCycleLR
from tinytorch.spatial import CNN
from tinytorch.tensor import Tensor
from tinytorch.training import Trainer

__all__ = ["compare", "moved"]

EPOCHS = 20


def networks():
    """Give a CNN and an MLP with about as many parameters, by their names; they read 8x8."""
    return {
        "CNN": lambda: CNN(1, 10, 8, widths=(8, 16), hidden=(32,), kernel_size=3),
        "MLP": lambda: Sequential(Flatten(), Linear(64, 49), ReLU(), Linear(49, 10)),
    }


def compare(values, seed):
    """Train both on 1,437 digits, and test both on 360 others, as they are and moved by a pixel."""
    images, labels = load_digits()
    inputs = ((images / 16 - 0.3) / 0.37).astype(np.float32)[:, None]  # (N, 1, 8, 8)
    train, test = split(len(labels), 0.8, seed)
    say(f"Meanwhile, {len(labels):,} digits of 8x8 that come with the course, read by a CNN and by "
        f"an MLP, {EPOCHS} epochs each. It does not count.")  # fmt: skip
    values |= {"data": "8x8 digits", "epochs": EPOCHS, "networks": {}}
    for name, build in networks().items():
        manual_seed(seed)
        try:
            values["networks"][name] = one(build(), inputs, labels.astype(np.int64), train, test)
        except Exception as error:
            raise Stop(f"the {name}: it raises {type(error).__name__}: {error}") from error
    rows = {"parameters": "{:,}", "right": "{:.1%}", "moved": "{:.1%}"}
    said = ("parameters", "test digits right", "the same, moved right by 1 pixel")
    found = values["networks"].values()
    print_table(values["networks"], [
        (line, *(form.format(network[key]) for network in found))
        for line, (key, form) in zip(said, rows.items(), strict=True)
    ])  # fmt: skip
    both = [network["moved"] for network in found]
    if both[0] > both[1]:
        say("To the MLP each pixel has weights of its own; the CNN looks for the same strokes "
            "everywhere, and a digit that has moved is still much the same.")  # fmt: skip


def one(model, inputs, labels, train, test):
    """Train one network, and give how many parameters it has and how often it is right."""
    loader = DataLoader(TensorDataset(Tensor(inputs[train]), Tensor(labels[train])), batch_size=32,
                        shuffle=True, generator=0)  # fmt: skip
    optimizer = AdamW(model.parameters(), lr=0.01)
    scheduler = OneCycleLR(optimizer, 0.01, total_steps=EPOCHS * len(loader))
    Trainer(model, optimizer, CrossEntropyLoss(), scheduler=scheduler).fit(loader, EPOCHS)
    found = {"parameters": sum(p.data.size for p in model.parameters())}
    for name, pictures in (("right", inputs[test]), ("moved", moved(inputs[test]))):
        right = answers_of(model, pictures).argmax(axis=1) == labels[test]
        found[name] = round(float(right.mean()), 4)
    return found


def moved(pictures):
    """Give pictures whose content is one pixel further to the right; paper comes in at the left."""
    out = np.full_like(pictures, pictures.min())
    out[..., 1:] = pictures[..., :-1]
    return out
