"""What milestones that train on pictures share: the learner's functions, the watch, the curve."""

import sys
from dataclasses import dataclass
from math import log
from time import perf_counter

import numpy as np
from telling import wrapped
from tinytorch.activations import softmax
from tinytorch.autograd import no_grad
from tinytorch.metrics import accuracy
from tinytorch.tensor import Tensor

__all__ = [
    "LN10",
    "Outcome",
    "Stop",
    "Watch",
    "answer_guess",
    "answers_of",
    "first_signs",
    "learner",
    "network",
    "pieces_of",
    "print_table",
    "say",
    "settings",
]

LN10 = log(10)  # the loss of a blind guess among ten answers


class Stop(Exception):
    """Something is not what it should be; the message says what, with numbers."""


@dataclass
class Outcome:
    """What came of a training: its curve, and what the network says of every test picture."""

    watch: object
    history: list
    seconds: float
    answers: np.ndarray  # probabilities (N, 10)
    labels: np.ndarray
    train_accuracy: float  # of some thousand training pictures, at the end
    straight: str = ""  # what makes the network, or a part of it, a linear function

    @property
    def accuracy(self):
        return float(np.mean(self.answers.argmax(axis=1) == self.labels))


def say(line):
    """Print a sentence in lines of 80 columns."""
    print(wrapped(line) if line else "", flush=True)


def print_table(head, rows):
    """Print a table: names on the left, numbers below the words of the head."""
    print()
    for name, *numbers in [("", *head), *rows]:
        print(f"{name:<32}{''.join(f'{number:>10}' for number in numbers)}".rstrip())
    print()


def answer_guess(share, guess, did):
    """Hold what was said before the run, so many of 100, against what it got wrong."""
    try:
        said = float(guess.replace(",", "."))
    except ValueError:
        return
    print(f"You said {said:g} of 100; it {did} {100 * (1 - share):.1f}.")


# -- what the learner gives


def learner(name, *arguments):
    """Call a function of the learner's; whatever it raises becomes one sentence."""
    try:
        import mine
    except Exception as error:
        raise Stop(f"mine.py cannot be imported: {type(error).__name__}: {error}") from error
    try:
        return getattr(mine, name)(*arguments)
    except NotImplementedError as error:
        raise Stop(f"{name}: it is not written yet ({error})") from None
    except Exception as error:
        raise Stop(f"{name}: it raises {type(error).__name__}: {error}") from error


def network(inputs, called, training=True):
    """Build the learner's model, and see that these three inputs give ten scores each.

    With training=False they leave no trace in the averages of a batch normalisation.
    """
    model = learner("build_model")
    try:
        model.train(training)
        with no_grad():
            shape = tuple(model(Tensor(inputs)).shape)
    except Exception as error:
        raise Stop(f"build_model: on {called} it raises {type(error).__name__}: {error}") from error
    if shape != (3, 10):
        raise Stop(f"build_model: {called} give {shape}, needed (3, 10)")
    model.train()
    return model


def settings(model, batches):
    """Let the learner configure the training: gives (optimizer, scheduler, epochs)."""
    given = learner("configure", model, batches)
    if not isinstance(given, tuple) or len(given) != 3:
        raise Stop(f"configure: it gave back {type(given).__name__}, not (optimizer, scheduler, "
                   "epochs)")  # fmt: skip
    if not isinstance(given[2], int) or given[2] < 1:
        raise Stop(f"configure: the number of epochs is {given[2]!r}")
    return given


def answers_of(model, inputs, prepare=lambda part: part, size=1000):
    """Give probabilities (N, 10), in evaluation mode, `size` pictures at a time."""
    training, found = model.training, []
    model.eval()
    with no_grad():
        for start in range(0, len(inputs), size):
            scores = model(Tensor(prepare(inputs[start : start + size])))
            found.append(softmax(scores, dim=-1).data)
    model.train(training)
    return np.concatenate(found)


# -- how far it is


class Watch:
    """A callback that keeps the loss of every batch, and shows how far the training is.

    On a terminal a bar, with loss, accuracy and the time left; a line for every epoch besides.
    """

    def __init__(self, epochs, batches):
        self.epochs, self.batches = epochs, batches
        self.losses, self.rates, self.bar = [], [], None
        self.loss = self.right = None  # smoothed over about 50 batches
        self.first, self.started = 0, perf_counter()

    def accuracy(self, outputs, targets):
        """Measure a batch by the learner's accuracy; the Trainer calls it as its metric."""
        share = accuracy(outputs, targets)
        self.right = smooth(self.right, share)
        return share

    def __enter__(self):
        self.first, self.started = len(self.losses), perf_counter()
        if sys.stdout.isatty():
            from rich.progress import BarColumn, Progress, TextColumn

            self.bar = Progress(
                TextColumn("{task.description}"), BarColumn(bar_width=24),
                TextColumn("{task.fields[said]}"), transient=True,
            )  # fmt: skip
            self.bar.start()
            self.task = self.bar.add_task("", total=self.epochs * self.batches, said="")
        return self

    def __exit__(self, *_):
        if self.bar:
            self.bar.stop()

    @property
    def left(self):
        """Give the seconds that are left, at the pace of the batches of this run."""
        done = len(self.losses)
        pace = (perf_counter() - self.started) / max(1, done - self.first)
        return pace * (self.epochs * self.batches - done)

    def on_batch_end(self, trainer):
        self.losses.append(trainer.loss)
        self.rates.append(trainer.optimizer.param_groups[0]["lr"])
        self.loss = smooth(self.loss, trainer.loss)
        if self.bar and len(self.losses) % 10 == 0:
            self.bar.update(
                self.task, completed=len(self.losses),
                description=f"epoch {trainer.epoch + 1}/{self.epochs}",
                said=f"loss {self.loss:.3f}  accuracy {self.right:.1%}  {self.left:.0f} s left",
            )  # fmt: skip

    def on_epoch_end(self, trainer):
        row = trainer.history[-1]
        print(f"epoch {row['epoch']}/{self.epochs}   loss {row['loss']:.4f}   "
              f"accuracy {row['accuracy']:.2%}   {row['seconds']:.1f} s   {self.left:.0f} s left",
              flush=True)  # fmt: skip


def smooth(old, new, keep=0.98):
    return new if old is None else keep * old + (1 - keep) * new


# -- what the curve looks like


def pieces_of(losses):
    """Cut a run into ten pieces, and give the median of the losses of each."""
    return [float(np.median(piece)) for piece in np.array_split(losses, min(10, len(losses)))]


def first_signs(watch):
    """Explain a curve that stands still, leaps or rises: (what it does, likely, try), or None."""
    losses = np.array(watch.losses)
    pieces = pieces_of(losses)
    first, last, peak = float(losses[0]), pieces[-1], max(pieces)
    if last > 0.9 * LN10:
        leap = f", leaps to {losses.max():.1f}" if losses.max() > 2 * first else ""
        curve = f"it begins at {first:.2f}{leap} and stands at {last:.2f}; a blind guess is 2.30"
        if leap:
            return (curve, "the first large steps drove the ReLUs below 0, where they learn no "
                    "more", "a max_lr ten times smaller, and again if need be")  # fmt: skip
        return (curve, "next to nothing was learnt: the steps are too small, the optimizer holds "
                "other parameters than the model's, or dropout is far above 0.5",
                "AdamW(model.parameters(), ...), and a max_lr from 0.001 to 0.006")  # fmt: skip
    if peak > 1.5 * first:
        return (f"it leaps to {peak:.1f} before it falls to {last:.2f}",
                "the largest steps are too large", "a max_lr three times smaller")  # fmt: skip
    if found := rise(pieces, watch.rates):
        return (f"it falls to {found[0]:.2f}, rises to {found[1]:.2f} while the rate is high, and "
                f"ends at {last:.2f}", "the largest steps are too large", "a max_lr ten times "
                "smaller")  # fmt: skip
    return None


def rise(pieces, rates):
    """Give (from, to) where the loss rises by a third or more while the rate is high, or None."""
    high = [float(np.mean(piece)) > 0.3 * max(rates)
            for piece in np.array_split(rates, len(pieces))]  # fmt: skip
    risen = [(min(pieces[:i]), pieces[i]) for i in range(1, len(pieces)) if high[i]]
    low, top = max(risen, key=lambda pair: pair[1] / (pair[0] + 1e-9), default=(1.0, 0.0))
    return (low, top) if top > max(1.33 * low, 0.2) else None
