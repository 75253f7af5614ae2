"""How far to go, and when: rates that change against rates that do not, and a row in grams."""

import numpy as np
from tinytorch import Tensor, manual_seed
from tinytorch.layers import Linear
from tinytorch.losses import MSELoss
from tinytorch.optimizers import SGD
from tinytorch.schedulers import CosineAnnealingLR, StepLR
from tinytorch.training import Trainer, batches

EPOCHS = 16
draw = np.random.default_rng(0)


def points(count):
    """Draw 8 features, half of them small, and the noisy sum of all as the target."""
    x = draw.normal(size=(count, 8))
    x[:, 4:] *= 0.15
    y = 3 * x.sum(axis=1, keepdims=True) + draw.normal(size=(count, 1))
    return Tensor(x.astype(np.float32)), Tensor(y.astype(np.float32))


def run(rate, schedule=None, **options):
    manual_seed(0)
    model = Linear(8, 1)
    optimizer = SGD(model.parameters(), lr=rate)
    scheduler = schedule(optimizer) if schedule else None
    trainer = Trainer(model, optimizer, MSELoss(), scheduler=scheduler, **options)
    return trainer.fit(train, EPOCHS, validation)


class Cut:
    """Counts the updates, and how many of them were longer than allowed."""

    def __init__(self):
        self.updates = self.count = 0

    def on_batch_end(self, trainer):
        self.updates += 1
        self.count += trainer.max_norm is not None and trainer.norm > trainer.max_norm


(x, y), validation = points(160), batches(*points(2000), 2000)
train = batches(x, y, 4)
print(f"{EPOCHS} epochs; the noise alone is 1.00 of the loss. # is the rate, epoch by epoch")
for title, rate, schedule in (
    ("always 0.1", 0.1, None),
    ("always 0.03", 0.03, None),
    ("always 0.01", 0.01, None),
    ("your StepLR", 0.1, lambda o: StepLR(o, step_size=6, gamma=0.2)),
    ("your cosine", 0.1, lambda o: CosineAnnealingLR(o, T_max=EPOCHS)),
):
    history = run(rate, schedule)
    shape = "".join(" .:-=+*#"[round(70 * entry["lr"])] for entry in history)
    print(f"   {title:<12} |{shape}|  ends at {history[-1]['val_loss']:.3f}")

print("now one row of 160 is in grams, the others in kilograms:")
x.data[77] *= 1000
for max_norm in (None, 10.0, 1.0):
    cut = Cut()
    try:
        with np.errstate(all="ignore"):
            ended = run(0.03, max_norm=max_norm, callbacks=[cut])[-1]["val_loss"]
        said = f"ends at {ended:.3f}; {cut.count / cut.updates:.0%} of the steps were cut"
    except ValueError as error:
        said = str(error).partition(":")[0]
    title = "not clipped" if max_norm is None else f"your max_norm={max_norm:g}"
    print(f"   {title:<16} {said}")
print("   Cut what is odd, not what is usual: to cut every step is a small rate.")
