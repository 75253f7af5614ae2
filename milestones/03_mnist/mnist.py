"""Milestone 3, 1986: your network learns to read 60,000 handwritten digits.

Everything that is printed was measured in this run, with your Tensor, layers, backward, optimizer,
Trainer and DataLoader. The 10,000 test digits are looked at once, at the end. Exit code 0 where
the threshold of milestone.toml is reached, else 1.
"""

import sys
import tomllib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import numpy as np

HERE = Path(__file__).resolve().parent
# Your mine.py comes first wherever it is, the one beside this script last.
elsewhere = [path for path in sys.path if Path(path).resolve() != HERE]
sys.path[:] = [*(str(HERE.parent / name) for name in ("data", "common")), *elsewhere, str(HERE)]

from charts import confusion_picture, curve_picture  # noqa: E402
from digits import enlarge, load_digits, split  # noqa: E402
from find import DataError, find  # noqa: E402
from learning import (  # noqa: E402
    Outcome,
    Stop,
    Watch,
    answer_guess,
    answers_of,
    first_signs,
    network,
    pieces_of,
    print_table,
    say,
    settings,
)
from telling import ask, record, save_pictures, shortest, wrapped  # noqa: E402
from tinytorch import manual_seed  # noqa: E402
from tinytorch.dataloader import DataLoader, TensorDataset  # noqa: E402
from tinytorch.layers import Linear  # noqa: E402
from tinytorch.losses import CrossEntropyLoss  # noqa: E402
from tinytorch.readers import read_idx  # noqa: E402
from tinytorch.tensor import Tensor  # noqa: E402
from tinytorch.training import Trainer  # noqa: E402
from trained import Trained, load_trained, save_trained, trained_file  # noqa: E402

SEED = 0
NO_MNIST = (
    "MNIST is not to be had, so 1,797 digits of 8x8 that come with the course take its place. For "
    "the real one: go online once, or name a folder in TINYTORCH_DATA."
)


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
    model = network(inputs[:3], "3 rows of 784")
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
    if signs := first_signs(outcome.watch):
        return signs
    losses = np.array(outcome.watch.losses)
    part, pieces = max(1, len(losses) // 10), pieces_of(losses)
    last = pieces[-1]
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


def report(values, outcome, goal, needed, missed, guess):
    real = values.get("data") == "MNIST"
    if outcome:
        best = (f"{goal['proud']:.0%}", f"{goal['seconds']}") if real else ("", "")
        print_table(("measured", "needed", "goal"), [
            (f"{values['data']}, test digits right", f"{values['accuracy']:.2%}", f"{needed:.0%}",
             best[0]),
            ("of the digits it learnt from", f"{values['train_accuracy']:.2%}", "", ""),
            ("seconds of training", f"{values['seconds']:.1f}", "", best[1]),
        ])  # fmt: skip
        answer_guess(values["accuracy"], guess, "misread")
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
        "curve": lambda plt: curve_picture(plt, outcome, "digits"),
        "confusion": lambda plt: confusion_picture(
            plt, outcome, list("0123456789"), "test digits misread"
        ),
        "mistakes": lambda plt: mistakes_picture(plt, digits, outcome),
    })  # fmt: skip


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
