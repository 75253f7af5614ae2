"""Milestone 3, 1986: your network learns to read 60,000 handwritten digits.

Everything that is printed was measured in this run, with your Tensor, layers, backward, optimizer,
Trainer and DataLoader. The 10,000 test digits are looked at once, at the end. Exit code 0 where
the threshold of milestone.toml is reached, else 1.
"""

import sys
import tomllib
from dataclasses import dataclass
from itertools import pairwise
from math import log
from pathlib import Path
from time import perf_counter

import numpy as np

HERE = Path(__file__).resolve().parent
# Your mine.py comes first wherever it is, the one beside this script last.
elsewhere = [path for path in sys.path if Path(path).resolve() != HERE]
sys.path[:] = [*(str(HERE.parent / name) for name in ("data", "common")), *elsewhere, str(HERE)]

from digits import enlarge, load_digits, split  # noqa: E402
from find import DataError, find  # noqa: E402
from telling import ask, record, save_pictures, shortest, wrapped  # noqa: E402
from tinytorch import manual_seed  # noqa: E402
from tinytorch.activations import softmax  # noqa: E402
from tinytorch.autograd import no_grad  # noqa: E402
from tinytorch.dataloader import DataLoader, TensorDataset  # noqa: E402
from tinytorch.layers import Linear  # noqa: E402
from tinytorch.losses import CrossEntropyLoss  # noqa: E402
from tinytorch.metrics import accuracy  # noqa: E402
from tinytorch.readers import read_idx  # noqa: E402
from tinytorch.tensor import Tensor  # noqa: E402
from tinytorch.training import Trainer  # noqa: E402
from trained import Trained, load_trained, save_trained, trained_file  # noqa: E402

SEED = 0
LN10 = log(10)
INK, WRONG = "#222222", "#d1622b"
NO_MNIST = (
    "MNIST is not to be had, so 1,797 digits of 8x8 that come with the course take its place. For "
    "the real one: go online once, or name a folder in TINYTORCH_DATA."
)


class Stop(Exception):
    """Something is not what it should be; the message says what, with numbers."""


@dataclass
class Digits:
    """Pictures (N, 28, 28) from 0 to 1 and labels (N,), for training and for the test."""

    title: str
    train: tuple
    test: tuple
    batch_size: int
    mean: float
    std: float

    def rows(self, pictures):
        """Give pictures as a network wants them: (N, 784), mean 0 and spread 1."""
        return ((pictures.reshape(-1, 784) - self.mean) / self.std).astype(np.float32)


@dataclass
class Outcome:
    """What came of a training: its curve, and what the network says of every test picture."""

    watch: object
    history: list
    seconds: float
    answers: np.ndarray  # probabilities (N, 10)
    labels: np.ndarray
    train_accuracy: float  # of 10,000 training digits, at the end
    straight: str = ""  # what makes the network, or a part of it, a linear function

    @property
    def accuracy(self):
        return float(np.mean(self.answers.argmax(axis=1) == self.labels))


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


# -- data


def load():
    """Find MNIST; where it is nowhere to be had, take the digits of the course, and say so."""
    found = find("mnist", say)
    if found is None:
        say(NO_MNIST)
        return embedded()
    arrays = {name.removesuffix(".gz"): read_idx(path) for name, path in found.files.items()}
    train, test = (
        (arrays[f"{part}-images-idx3-ubyte"].astype(np.float32) / 255,
         arrays[f"{part}-labels-idx1-ubyte"].astype(np.int64))
        for part in ("train", "t10k")
    )  # fmt: skip
    return digits_of(found.title, train, test, 128)


def embedded():
    images, labels = load_digits()
    pictures, labels = enlarge(images), labels.astype(np.int64)
    train, test = ((pictures[rows], labels[rows]) for rows in split(len(labels), 0.8, SEED))
    return digits_of("8x8 digits", train, test, 16)


def digits_of(title, train, test, batch_size):
    mean, std = float(train[0].mean(dtype=np.float64)), float(train[0].std(dtype=np.float64))
    return Digits(title, train, test, batch_size, mean, std)


# -- the run


def main():
    goal = tomllib.loads((HERE / "milestone.toml").read_text(encoding="utf-8"))
    guess = ask("Before it runs: how many of 100 digits that it has never seen will it misread? ")
    print("Milestone 3, 1986: a network of yours, and digits written by hand.\n")
    digits = outcome = model = stopped = None
    values = {}
    try:
        digits = load()
        model, outcome = experiment(digits, values)
        keep(model, digits, outcome)
        paths = draw(digits, outcome)
        say("")
        say(f"pictures in {shortest(paths[0].parent)}:")
        say("  " + " ".join(path.name for path in paths))
    except (Stop, DataError) as error:
        stopped = str(error)
    except KeyboardInterrupt:
        print("\nYou stopped it; nothing was recorded.")
        return 130
    needed = needed_of(goal, digits)
    missed = judge(values, needed, stopped)
    report(values, outcome, goal, needed, missed, guess)
    record("03", values, not missed)
    return 1 if missed else 0


def experiment(digits, values):
    """Build, train and test; fill `values` as far as it comes."""
    manual_seed(SEED)
    inputs, labels = digits.rows(digits.train[0]), digits.train[1]
    loader = DataLoader(
        TensorDataset(Tensor(inputs), Tensor(labels)),
        batch_size=digits.batch_size, shuffle=True, generator=SEED,
    )  # fmt: skip
    model = network(inputs[:3])
    optimizer, scheduler, epochs = settings(model, len(loader))
    sizes = [p.data.size for p in model.parameters()]
    values |= {"data": digits.title, "parameters": sum(sizes), "epochs": epochs}
    values["steps"] = epochs * len(loader)
    say(f"{len(labels):,} digits to learn, {len(digits.test[1]):,} for the test; "
        f"{sum(sizes):,} parameters; {epochs} epochs of {len(loader)} steps.")  # fmt: skip
    print()
    watch = Watch(epochs, len(loader))
    trainer = Trainer(model, optimizer, CrossEntropyLoss(), scheduler=scheduler,
                      metrics={"accuracy": watch.accuracy}, callbacks=[watch])  # fmt: skip
    started = perf_counter()
    try:
        with watch, np.errstate(all="ignore"):  # the Trainer refuses a loss that is no number
            trainer.fit(loader, epochs)
    except Exception as error:
        raise Stop(f"training: it raises {type(error).__name__}: {error}") from error
    values["seconds"] = round(perf_counter() - started, 1)
    answers = answers_of(model, digits.rows(digits.test[0]))
    seen = answers_of(model, inputs[:10_000]).argmax(axis=1) == labels[:10_000]
    outcome = Outcome(watch, trainer.history, values["seconds"], answers, digits.test[1],
                      float(seen.mean()), straight(model))  # fmt: skip
    values["accuracy"] = round(outcome.accuracy, 4)
    values["train_accuracy"] = round(outcome.train_accuracy, 4)
    values["loss"] = round(float(np.mean(watch.losses[-len(loader) :])), 4)
    return model, outcome


def network(rows):
    model = learner("build_model")
    try:
        with no_grad():
            shape = tuple(model(Tensor(rows)).shape)
    except Exception as error:
        raise Stop(
            f"build_model: on 3 rows of 784 it raises {type(error).__name__}: {error}"
        ) from error
    if shape != (3, 10):
        raise Stop(f"build_model: 3 rows of 784 give {shape}, needed (3, 10)")
    return model


def settings(model, batches):
    given = learner("configure", model, batches)
    if not isinstance(given, tuple) or len(given) != 3:
        raise Stop(f"configure: it gave back {type(given).__name__}, not (optimizer, scheduler, "
                   "epochs)")  # fmt: skip
    if not isinstance(given[2], int) or given[2] < 1:
        raise Stop(f"configure: the number of epochs is {given[2]!r}")
    return given


def straight(model):
    """Say which layers have nothing between them that bends, or give an empty string."""
    boxes = [module for module in model.modules() if next(module.children(), None)]
    if any(type(box).__name__ != "Sequential" for box in boxes):
        return ""  # a forward of their own: what stands between the layers cannot be seen
    layers = [module for module in model.modules() if module not in boxes]
    bends = [module for module in layers if type(module).__name__ not in ("Dropout", "Flatten")]
    if sum(isinstance(module, Linear) for module in bends) == 1:
        return "one layer, and no hidden one"
    if any(isinstance(a, Linear) and isinstance(b, Linear)
           for a, b in pairwise(bends)):  # fmt: skip
        return "two Linears with no ReLU between them, which together are one"
    return ""


def answers_of(model, rows):
    """Give probabilities (N, 10), in evaluation mode, a thousand pictures at a time."""
    training, found = model.training, []
    model.eval()
    with no_grad():
        for start in range(0, len(rows), 1000):
            found.append(softmax(model(Tensor(rows[start : start + 1000])), dim=-1).data)
    model.train(training)
    return np.concatenate(found)


def keep(model, digits, outcome):
    """Write the trained network beside mine.py, for the page on which digits are drawn."""
    path = trained_file()
    trained = Trained(model, digits.mean, digits.std, digits.title, outcome.accuracy)
    if better := better_one(path, trained):
        say("")
        say(
            f"{shortest(path)} still holds the network of an earlier run, which is better: "
            f"{better.data}, {better.accuracy:.2%}. Delete the file, and the next run is kept."
        )
        return  # fmt: skip
    try:
        save_trained(trained, path)
    except OSError as error:
        raise Stop(f"the trained network cannot be written to {path}: {error}") from None
    say("")
    say(f"The network is kept in {shortest(path)}.")


def better_one(path, trained):
    """Give the network that is in the file where it is the better one and can be used, or None."""
    import mine

    try:
        old = load_trained(path, mine.build_model)
    except (OSError, ValueError):
        return None  # none, a damaged one, or one of other layers, which nobody can load any more
    ranks = [(one.data == "MNIST", one.accuracy) for one in (old, trained)]
    return old if ranks[0] > ranks[1] else None


def say(line):
    print(wrapped(line) if line else "", flush=True)


class Watch:
    """A callback that keeps the loss of every batch, and shows how far the training is.

    On a terminal a bar, with loss, accuracy and the time left; a line for every epoch besides.
    """

    def __init__(self, epochs, batches):
        self.epochs, self.batches = epochs, batches
        self.losses, self.rates, self.bar = [], [], None
        self.loss = self.right = None  # smoothed over about 50 batches
        self.started = perf_counter()

    def accuracy(self, outputs, targets):
        """Measure a batch by the learner's accuracy; the Trainer calls it as its metric."""
        share = accuracy(outputs, targets)
        self.right = smooth(self.right, share)
        return share

    def __enter__(self):
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

    def on_batch_end(self, trainer):
        self.losses.append(trainer.loss)
        self.rates.append(trainer.optimizer.param_groups[0]["lr"])
        self.loss = smooth(self.loss, trainer.loss)
        if self.bar and len(self.losses) % 10 == 0:
            done, total = len(self.losses), self.epochs * self.batches
            left = (perf_counter() - self.started) / done * (total - done)
            self.bar.update(
                self.task, completed=done, description=f"epoch {trainer.epoch + 1}/{self.epochs}",
                said=f"loss {self.loss:.3f}  accuracy {self.right:.1%}  {left:.0f} s left",
            )  # fmt: skip

    def on_epoch_end(self, trainer):
        row, done = trainer.history[-1], perf_counter() - self.started
        left = done / row["epoch"] * (self.epochs - row["epoch"])
        print(f"epoch {row['epoch']}/{self.epochs}   loss {row['loss']:.4f}   "
              f"accuracy {row['accuracy']:.2%}   {row['seconds']:.1f} s   {left:.0f} s left",
              flush=True)  # fmt: skip


def smooth(old, new, keep=0.98):
    return new if old is None else keep * old + (1 - keep) * new


# -- what came out


def needed_of(goal, digits):
    return goal["threshold" if digits is None or digits.title == "MNIST" else "threshold_embedded"]


def judge(values, needed, stopped):
    """List what was missed and by how much; an empty list means achieved."""
    if stopped:
        return [stopped]
    if values["accuracy"] < needed:
        return [f"{values['accuracy']:.2%} of the test digits, needed {needed:.0%}: "
                f"{100 * (needed - values['accuracy']):.1f} points short"]  # fmt: skip
    return []


def diagnosis(outcome):
    """Say what the curve looks like, what is likely, and what to try."""
    losses = np.array(outcome.watch.losses)
    part = max(1, len(losses) // 10)
    pieces = [float(np.median(piece)) for piece in np.array_split(losses, min(10, len(losses)))]
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
    if found := rise(pieces, outcome.watch.rates):
        return (f"it falls to {found[0]:.2f}, rises to {found[1]:.2f} while the rate is high, and "
                f"ends at {last:.2f}", "the largest steps are too large", "a max_lr ten times "
                "smaller")  # fmt: skip
    if outcome.straight:
        return (f"it levels off at {last:.3f}", outcome.straight, "hidden layers with a ReLU "
                "after each")  # fmt: skip
    learning = outcome.history[-1]["accuracy"]
    if outcome.train_accuracy - learning > 0.1:
        return (f"it ends at {last:.2f}: {learning:.1%} right while it learns, and "
                f"{outcome.train_accuracy:.1%} of the same digits when all hidden units are there",
                "dropout takes away more than so many hidden units can miss",
                "less dropout, or more hidden units")  # fmt: skip
    gap = outcome.train_accuracy - outcome.accuracy
    if gap > 0.015 and outcome.train_accuracy > 0.97:
        return (f"it falls to {last:.3f}: {outcome.train_accuracy:.1%} of the training digits are "
                f"right, and {outcome.accuracy:.1%} of new ones",
                "it knows its examples by heart", "Dropout(0.1) after each ReLU, more "
                "weight_decay, or fewer epochs")  # fmt: skip
    if pieces[-1] < 0.9 * np.mean(pieces[-4:-1]) and last > 0.02:
        return (f"it still falls at the end, from {np.mean(pieces[-4:-1]):.3f} to {last:.3f}",
                "it was stopped too early", "more epochs, or a larger max_lr")  # fmt: skip
    rough = float(np.std(losses[-part:])) / max(last, 1e-9)
    if last > 0.15 and rough > 1:
        return (f"it jumps about {last:.2f} to the end", "the steps are too large for the end",
                "a smaller max_lr; does the schedule last epochs * batches steps?")  # fmt: skip
    if last > 0.3:
        return (f"it levels off at {last:.3f}, since the rate falls to nothing at the end",
                "the steps are too small, or too few", "a max_lr three times as large, or more "
                "epochs; only then wider hidden layers")  # fmt: skip
    return (f"it levels off at {last:.3f}", "the network is too narrow for more",
            "wider hidden layers (256 and 128), or a second one")  # fmt: skip


def rise(pieces, rates):
    """Give (from, to) where the loss rises by a third or more while the rate is high, or None."""
    high = [float(np.mean(piece)) > 0.3 * max(rates)
            for piece in np.array_split(rates, len(pieces))]  # fmt: skip
    risen = [(min(pieces[:i]), pieces[i]) for i in range(1, len(pieces)) if high[i]]
    low, top = max(risen, key=lambda pair: pair[1] / (pair[0] + 1e-9), default=(1.0, 0.0))
    return (low, top) if top > max(1.33 * low, 0.2) else None


def report(values, outcome, goal, needed, missed, guess):
    real = values.get("data") == "MNIST"
    if outcome:
        best = (f"{goal['proud']:.0%}", f"{goal['seconds']}") if real else ("", "")
        table = [
            ("", "measured", "needed", "goal"),
            (f"{values['data']}, test digits right", f"{values['accuracy']:.2%}", f"{needed:.0%}",
             best[0]),
            ("of the digits it learnt from", f"{values['train_accuracy']:.2%}", "", ""),
            ("seconds of training", f"{values['seconds']:.1f}", "", best[1]),
        ]  # fmt: skip
        print()
        for name, *numbers in table:
            print(f"{name:<32}{''.join(f'{number:>10}' for number in numbers)}".rstrip())
        print()
        answer_guess(values["accuracy"], guess)
    for line in missed:
        print(wrapped(f"missed: {line}"))
    proud = not missed and (not real or values["accuracy"] >= goal["proud"])
    if outcome and not proud:
        curve, likely, hint = diagnosis(outcome)
        for name, text in (("the curve", curve), ("likely", likely), ("try", hint)):
            print(wrapped(f"{name}: {text}."))
    elif outcome and outcome.straight:
        print(
            wrapped(f"Yet it has {outcome.straight}: of MNIST that reads 93 % at most, and misses.")
        )
    elif missed and not outcome:
        print(wrapped("try: " + advice(missed[0])))
    if not missed and not proud:
        print(wrapped(f"{goal['proud']:.0%} is the goal; you have passed {needed:.0%}."))
    elif not missed and real and values["seconds"] > goal["seconds"]:
        print(wrapped(f"The goal is {goal['proud']:.0%} in under {goal['seconds']} s on 2 cores, "
                      f"and it took {values['seconds']:.0f} s: a busy machine, or more epochs than "
                      "it takes."))  # fmt: skip
    if not missed:
        print("achieved")


def answer_guess(share, guess):
    try:
        said = float(guess.replace(",", "."))
    except ValueError:
        return
    print(f"You said {said:g} of 100; it misread {100 * (1 - share):.1f}.")


def advice(missed):
    """Say what to try where nothing was measured."""
    if missed.startswith("training"):
        return "a max_lr ten times smaller in configure; it is printed above at which it broke."
    if missed.split(":")[0] in ("build_model", "configure"):
        return "one call of it in a shell, with the example of its docstring."
    return "take the file named out of that folder, or fetch it anew; nothing else was used."


# -- pictures


def draw(digits, outcome):
    """Save three pictures and give their paths."""
    return save_pictures("03", {
        "curve": lambda plt: curve_picture(plt, outcome),
        "confusion": lambda plt: confusion_picture(plt, outcome),
        "mistakes": lambda plt: mistakes_picture(plt, digits, outcome),
    })  # fmt: skip


def curve_picture(plt, outcome):
    """The loss of every batch with the learning rate beneath it, and the accuracy by epoch."""
    figure, panels = plt.subplots(
        2, 2, figsize=(12, 5.2), layout="constrained", width_ratios=(3, 2), height_ratios=(3, 1)
    )
    losses, watch = np.array(outcome.watch.losses), outcome.watch
    epochs = np.arange(1, len(losses) + 1) / watch.batches
    window = max(1, len(losses) // 60)
    kernel = np.ones(window) / window
    top, bottom = panels[:, 0]
    top.plot(epochs, losses, color="#9db8dc", linewidth=0.5, label="each batch")
    top.plot(epochs[window - 1 :], np.convolve(losses, kernel, "valid"), color="#1f4e91",
             linewidth=2, label=f"mean of {window} batches")  # fmt: skip
    top.axhline(LN10, color="0.5", linestyle=":")
    top.annotate("ln 10: guessing", (epochs[-1], LN10), ha="right", va="bottom", color="0.3")
    top.set(yscale="log", ylabel="loss", title="Loss on the training digits")
    top.legend(frameon=False, loc="lower left")
    bottom.plot(epochs, watch.rates, color="#6a4c93")
    bottom.set(xlabel="epoch", ylabel="learning rate", ylim=(0, None))
    bottom.sharex(top)
    for axes in panels[:, 1]:
        axes.remove()
    right = figure.add_subplot(panels[0, 0].get_gridspec()[:, 1])
    rows = [row["accuracy"] for row in outcome.history]
    right.plot(
        range(1, len(rows) + 1), rows, "o-", color="#1f4e91", label="training digits, as it learns"
    )
    right.plot(len(rows), outcome.accuracy, "s", color=WRONG, markersize=9,
               label=f"test, at the end: {outcome.accuracy:.2%}")  # fmt: skip
    low = min(*rows, outcome.accuracy)
    right.set(xlabel="epoch", title="Digits read right", ylim=(low - 0.1 * (1 - low), 1),
              xticks=range(1, len(rows) + 1, max(1, len(rows) // 8)))  # fmt: skip
    right.yaxis.set_major_formatter(
        lambda value, _: f"{value:.0%}" if low < 0.9 else f"{value:.1%}"
    )
    right.legend(frameon=False, loc="lower right")
    return figure


def confusion_picture(plt, outcome):
    """Which digit was taken for which: counts of the test digits, the mistakes in colour."""
    from matplotlib.colors import LinearSegmentedColormap

    said = outcome.answers.argmax(axis=1)
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (outcome.labels, said), 1)
    mistakes = counts * (1 - np.eye(10, dtype=int))
    figure, axes = plt.subplots(figsize=(7.4, 7), layout="constrained")
    ramp = LinearSegmentedColormap.from_list("mistakes", ["white", WRONG])
    axes.imshow(mistakes, cmap=ramp, vmin=0, vmax=max(mistakes.max(), 1))
    for i in range(10):
        axes.add_patch(plt.Rectangle((i - 0.5, i - 0.5), 1, 1, color="#e4e4e4"))
        for j in range(10):
            if counts[i, j]:
                axes.text(j, i, counts[i, j], ha="center", va="center",
                          color="0.35" if i == j else INK)  # fmt: skip
    axes.set(xlabel="your network says", ylabel="it is", xticks=range(10), yticks=range(10),
             title=f"{mistakes.sum()} of {counts.sum():,} test digits misread")  # fmt: skip
    axes.spines[["top", "right"]].set_visible(True)
    axes.tick_params(length=0)
    return figure


def mistakes_picture(plt, digits, outcome):
    """The test digits on which the network is most sure of a wrong answer."""
    said = outcome.answers.argmax(axis=1)
    sure = np.where(said != outcome.labels, outcome.answers.max(axis=1), -1)
    worst = [int(i) for i in np.argsort(-sure)[:24] if sure[i] >= 0]
    rows = max(1, -(-len(worst) // 8))
    figure, panels = plt.subplots(rows, 8, figsize=(12, 0.4 + 1.8 * rows), layout="constrained",
                                  squeeze=False)  # fmt: skip
    for axes in panels.flat:
        axes.set_axis_off()
    for axes, i in zip(panels.flat, worst, strict=False):
        axes.imshow(digits.test[0][i], cmap="Greys", vmin=0, vmax=1)
        axes.add_patch(plt.Rectangle((-0.5, -0.5), 28, 28, fill=False, color="0.8"))
        axes.set_title(f"says {said[i]} ({sure[i]:.1%})\nit is {outcome.labels[i]}", fontsize=10.5)
    figure.suptitle("The worst mistakes: the surest of what is wrong", fontsize=13)
    return figure


if __name__ == "__main__":
    sys.exit(main())
