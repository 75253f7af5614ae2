"""Kill a run in the middle, twice, and see whether it ends where it would have ended."""

import hashlib
import os
import random
import subprocess
import sys
import tempfile

import numpy as np
from tinytorch import Tensor, manual_seed
from tinytorch.layers import Dropout, Linear, ReLU, Sequential
from tinytorch.losses import CrossEntropyLoss
from tinytorch.optimizers import Adam
from tinytorch.schedulers import CosineAnnealingLR
from tinytorch.training import Trainer, batches

EPOCHS = 6


class Tell:
    """A callback that writes a checkpoint after every batch, and then says where it is."""

    def __init__(self, path):
        self.path = path

    def on_batch_end(self, trainer):
        trainer.save_checkpoint(self.path)
        print(f"epoch {trainer.epoch + 1}, batch {trainer.batch}", flush=True)


def train(path=None):
    """Train a network with Adam, dropout, clipping, a cosine and groups of batches."""
    manual_seed(0)
    draw = np.random.default_rng(0)
    x = draw.normal(size=(80, 6)).astype(np.float32)
    data = batches(Tensor(x), Tensor((x[:, 0] > x[:, 1]).astype(int)), 8)
    model = Sequential(Linear(6, 32), ReLU(), Dropout(0.3), Linear(32, 2))
    optimizer = Adam(model.parameters(), lr=0.01)
    trainer = Trainer(
        model, optimizer, CrossEntropyLoss(), scheduler=CosineAnnealingLR(optimizer, EPOCHS),
        max_norm=1.0, accumulate=4, callbacks=[Tell(path)] if path else [],
    )  # fmt: skip
    if path and os.path.exists(path):
        trainer.load_checkpoint(path)
    loss = trainer.fit(data, EPOCHS)[-1]["loss"]
    weights = b"".join(parameter.data.tobytes() for parameter in model.parameters())
    return f"loss {loss:.6f}, weights {hashlib.sha256(weights).hexdigest()[:16]}"


def main():
    undisturbed, last = train(), ""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "run.npz")
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        code = f"import runpy; runpy.run_path({__file__!r})['start']({path!r})"
        for kill in (True, True, False):
            child = subprocess.Popen(
                [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
            )
            patience = random.randint(3, 14)
            for number, line in enumerate(child.stdout, 1):
                last = line.strip()
                if kill and number == patience:
                    child.kill()  # no time to say good-bye
                    break
            child.wait()
            if kill:
                print(f"killed soon after {last:<17} {os.path.getsize(path):,} bytes were saved")
    print(f"\nkilled twice:        {last}\nnever stopped:       {undisturbed}")
    print("the same, bit for bit" if last == undisturbed else "NOT THE SAME")


def start(path):
    """Run as a process of its own."""
    print(train(path), flush=True)


if __name__ == "__main__":
    main()
