"""Milestone 4, 1998: your convolutional network learns what is on 50,000 photographs.

Everything that is printed was measured in this run, with your Tensor, layers, backward, optimizer,
Trainer, DataLoader and convolution. The 10,000 test pictures are looked at once, at the end. A run
that is stopped, by Ctrl-C or worse, goes on at the next start. Exit code 0 where the threshold of
milestone.toml is reached, else 1; without CIFAR-10 a comparison on digits, which does not count.
"""

import hashlib
import os
import sys
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

HERE = Path(__file__).resolve().parent
# Your mine.py comes first wherever it is, the one beside this script last.
elsewhere = [path for path in sys.path if Path(path).resolve() != HERE]
sys.path[:] = [*(str(HERE.parent / name) for name in ("data", "common")), *elsewhere, str(HERE)]

from charts import confusion_picture, curve_picture  # noqa: E402
from find import DataError, find  # noqa: E402
from learning import (  # noqa: E402
    LN10,
    Outcome,
    Stop,
    Watch,
    answer_guess,
    answers_of,
    first_signs,
    learner,
    network,
    pieces_of,
    print_table,
    say,
    settings,
)
from photographs import answers_picture, filters_picture  # noqa: E402
from telling import ask, record, save_pictures, shortest, wrapped  # noqa: E402
from tinytorch import manual_seed  # noqa: E402
from tinytorch.callbacks import Checkpoint  # noqa: E402
from tinytorch.checkpoints import read_checkpoint  # noqa: E402
from tinytorch.dataloader import DataLoader, TensorDataset  # noqa: E402
from tinytorch.losses import CrossEntropyLoss  # noqa: E402
from tinytorch.readers import CIFAR10_CLASSES, read_cifar10  # noqa: E402
from tinytorch.tensor import Tensor  # noqa: E402
from tinytorch.training import Trainer  # noqa: E402
from tinytorch.transforms import Compose, Normalize, ToDtype  # noqa: E402
from without import compare  # noqa: E402

SEED = 0
BATCH_SIZE = 128
EVERY = 100  # batches between two checkpoints
FORECAST = 20  # batches after which the time of the whole run is told
SLOW = 0.4  # seconds a step; our network takes 0.13 with two cores of its own, 0.17 with one
HOW_TO_GET_IT = (
    "go online once (170 MB), or put cifar-10-binary.tar.gz into a folder and name that folder in "
    "TINYTORCH_DATA; milestones/data/README.md has the particulars"
)


@dataclass
class Pictures:
    """Pictures, uint8 (N, 3, 32, 32), and labels (N,), for training and for the test."""

    title: str
    train: tuple
    test: tuple
    short: bool = False  # a part of them only: nothing that comes out counts

    @cached_property
    def statistics(self):
        """Mean and std of red, green and blue of the training pictures, from 0 to 1."""
        sums = np.zeros((2, 3))
        for start in range(0, len(self.train[0]), 5000):
            part = self.train[0][start : start + 5000].astype(np.float32) / 255
            sums += [(part**n).sum(axis=(0, 2, 3), dtype=np.float64) for n in (1, 2)]
        mean, square = sums / (len(self.train[0]) * 32 * 32)
        return mean.tolist(), np.sqrt(square - mean**2).tolist()

    @cached_property
    def plain(self):
        """The transform for a test: no picture is moved, and every run sees the same."""
        return Compose([ToDtype(scale=True), Normalize(*self.statistics)])


def load(limit=None):
    """Find CIFAR-10 and read it, or the first `limit` of its pictures; None where there is none."""
    found = find("cifar10", say)
    if found is None:
        return None
    (archive,) = found.files.values()
    train, test = (read_cifar10(archive, part) for part in ("train", "test"))
    if not limit:
        return Pictures(found.title, train, test)
    parts = ((train, limit), (test, max(1, limit // 5)))
    train, test = ((images[:n], labels[:n]) for (images, labels), n in parts)
    return Pictures(f"{found.title}, the first {limit:,}", train, test, True)


# -- the run


def main():
    goal = tomllib.loads((HERE / "milestone.toml").read_text(encoding="utf-8"))
    print("Milestone 4, 1998: a convolutional network of yours, and photographs.\n")
    outcome = stopped = path = None
    values, guess = {}, ""
    try:
        pictures = load(int(os.environ.get("TINYTORCH_LIMIT") or 0))
        if pictures is None:
            say(f"CIFAR-10 is not to be had. For it: {HOW_TO_GET_IT}.")
            compare(values, SEED)
            raise Stop("this milestone is about CIFAR-10, and digits do not stand in for it")
        path = checkpoint_of(pictures)
        if not path.exists():  # a run that goes on has asked
            guess = ask("Before it learns: how many of 100 pictures will it get wrong? ")
        model, outcome = experiment(pictures, values, path)
        paths = draw(model, pictures, outcome)
        say("")
        say(f"pictures in {shortest(paths[0].parent)}:")
        say("  " + " ".join(path.name for path in paths))
        path.unlink(missing_ok=True)
    except (Stop, DataError) as error:
        stopped = str(error)
    except KeyboardInterrupt:
        print(f"\nYou stopped it.\n{wrapped(where_it_stands(path))}")
        return 130
    missed = judge(values, goal["threshold"], stopped, outcome and pictures.short)
    report(values, outcome, goal, missed, guess)
    record("04", values, not missed)
    return 1 if missed else 0


def experiment(pictures, values, path):
    """Build, train and test; fill `values` as far as it comes. `path` is the checkpoint's."""
    images, labels = pictures.train
    plain = pictures.plain
    transform = transform_of(*pictures.statistics, images[:3])
    manual_seed(SEED)
    loader = DataLoader(
        TensorDataset(Tensor(images), Tensor(labels), transform=transform),
        batch_size=BATCH_SIZE, shuffle=True, generator=SEED, num_workers=1,
    )  # fmt: skip
    model = network(plain(images[:3]), "3 pictures of 3x32x32", training=False)
    optimizer, scheduler, epochs = settings(model, len(loader))
    sizes = [p.data.size for p in model.parameters()]
    values |= {"data": pictures.title, "parameters": sum(sizes), "epochs": epochs}
    values["steps"] = epochs * len(loader)
    say(f"{len(labels):,} pictures to learn, {len(pictures.test[1]):,} for the test; "
        f"{sum(sizes):,} parameters; {epochs} epochs of {len(loader)} steps.")  # fmt: skip
    top = max(getattr(scheduler, "max_lrs", None) or [optimizer.param_groups[0]["lr"]])
    watch = Lookout(epochs, len(loader), top, origin_of(pictures))
    trainer = Trainer(model, optimizer, CrossEntropyLoss(), scheduler=scheduler,
                      metrics={"accuracy": watch.accuracy},
                      callbacks=[watch, Checkpoint(path, every=EVERY)])  # fmt: skip
    values["resumed"] = go_on(trainer, watch, path)
    print()
    try:
        with watch, np.errstate(all="ignore"):  # the Trainer refuses a loss that is no number
            trainer.fit(loader, epochs)
    except Exception as error:
        raise Stop(f"training: it raises {type(error).__name__}: {error}") from error
    values["history"] = trainer.history
    values["seconds"] = round(sum(row["seconds"] for row in trainer.history), 1)
    answers = answers_of(model, pictures.test[0], plain, 500)
    count = min(5000, len(answers))
    seen = answers_of(model, images[:count], plain, 500).argmax(axis=1) == labels[:count]
    outcome = Outcome(watch, trainer.history, values["seconds"], answers, pictures.test[1],
                      float(seen.mean()))  # fmt: skip
    values["accuracy"] = round(outcome.accuracy, 4)
    values["train_accuracy"] = round(outcome.train_accuracy, 4)
    values["loss"] = round(float(np.mean(watch.losses[-len(loader) :])), 4)
    values["classes"] = by_class(outcome)
    values["recipe"] = recipe_of(model, transform, optimizer, scheduler, watch)
    return model, outcome


def transform_of(mean, std, images):
    """Let the learner give the transform, and see that pictures come out as they have to."""
    transform = learner("augment", mean, std)
    if not callable(transform):
        raise Stop(f"augment: it gave back {type(transform).__name__}, which cannot be called; "
                   "Compose makes one transform of a list")  # fmt: skip
    try:
        out = transform(images)
        found = f"{out.dtype} {tuple(out.shape)}"
    except Exception as error:
        raise Stop(f"augment: on 3 pictures it raises {type(error).__name__}: {error}") from error
    if found != "float32 (3, 3, 32, 32)":
        raise Stop(f"augment: uint8 (3, 3, 32, 32) become {found}, needed float32 (3, 3, 32, 32)")
    return transform


def by_class(outcome):
    """Give the share of right answers for each class."""
    right = outcome.answers.argmax(axis=1) == outcome.labels
    shares = {name: right[outcome.labels == i] for i, name in enumerate(CIFAR10_CLASSES)}
    return {name: round(float(share.mean()), 4) for name, share in shares.items() if share.size}


def recipe_of(model, transform, optimizer, scheduler, watch):
    """List what the learner chose, as far as it can be seen from outside."""
    steps = getattr(transform, "transforms", [transform])
    return {
        "model": [" ".join(line.split()) for line in repr(model).splitlines()],
        "augment": [type(step).__name__ for step in steps],
        "optimizer": type(optimizer).__name__,
        "weight_decay": optimizer.param_groups[0].get("weight_decay", 0),
        "scheduler": type(scheduler).__name__,
        "highest_rate": max(watch.rates),
        "batch_size": BATCH_SIZE,
        "seed": SEED,
    }


# -- a run that was stopped goes on


def checkpoint_of(pictures):
    """Give the path of the checkpoint: beside the learner's mine.py."""
    try:
        import mine
    except Exception as error:
        raise Stop(f"mine.py cannot be imported: {type(error).__name__}: {error}") from error
    name = "cifar10_short.npz" if pictures.short else "cifar10.npz"
    return Path(mine.__file__).resolve().with_name(name)


def origin_of(pictures):
    """Give what decides a run: the checksums of mine.py and of the framework, and the data."""
    import mine
    import tinytorch

    home = Path(tinytorch.__file__).resolve().parent
    files = {f"tinytorch/{path.relative_to(home).as_posix()}": path for path in home.rglob("*.py")}
    files |= {"mine.py": Path(mine.__file__), "the script of this milestone": Path(__file__)}
    origin = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    return origin | {"the data": f"{pictures.title}: {len(pictures.train[0])}"}


def go_on(trainer, watch, path):
    """Go on from the checkpoint of the same run, and tell whether there was one.

    A run that began from other files is another run: its checkpoint is put aside.
    """
    try:
        origin = kept_by_watch(read_checkpoint(path))["origin"]
        changed = sorted(n for n in origin | watch.origin if origin.get(n) != watch.origin.get(n))
        if not changed:
            trainer.load_checkpoint(path)
            at = place(trainer.epoch, trainer.batch)
            say(f"It goes on where a run was stopped: in epoch {at}.")
            return True
        names = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if changed[3:] else "")
        why = f"what a run was stopped with is not what is here now ({names})"
    except FileNotFoundError:
        return False
    except (ValueError, LookupError, TypeError) as error:
        why = f"the checkpoint cannot be used: {error}"
    aside = path.with_name(f"{path.stem}_old.npz")
    os.replace(path, aside)
    say(f"A new run: {why}. The checkpoint of the old one is now {shortest(aside)}.")
    return False


def kept_by_watch(state):
    """Find, in a state of the Trainer, what the Lookout put there."""
    return state["position"]["callbacks"][0]


def place(epoch, batch):
    return f"{epoch + 1}, after {batch} batches"


def where_it_stands(path):
    """Say from where the next run goes on."""
    try:
        at = read_checkpoint(path)["position"]
        return f"The next run goes on in epoch {place(at['epoch'], at['batch'])}."
    except (TypeError, OSError, ValueError, LookupError):
        return f"There was no checkpoint yet: one is written after every {EVERY} batches."


# -- an early word


class Lookout(Watch):
    """The watch of a long run: it tells how long it will take, warns early, and can be kept."""

    def __init__(self, epochs, batches, top, origin):
        super().__init__(epochs, batches)
        self.top, self.origin = top, origin  # the highest rate of the schedule; see origin_of
        self.said, self.times = [], []

    def state_dict(self):
        return {"origin": self.origin, "losses": self.losses, "rates": self.rates,
                "loss": self.loss, "right": self.right, "said": self.said}  # fmt: skip

    def load_state_dict(self, state):
        for name, value in state.items():
            setattr(self, name, value)

    def on_batch_end(self, trainer):
        super().on_batch_end(trainer)
        if len(self.times) <= FORECAST:
            self.times.append(perf_counter())
            if len(self.times) > FORECAST and self.epochs * self.batches > 5 * FORECAST:
                self.forecast()
        if "blind" not in self.said and (word := blind(self.losses, self.rates, self.top)):
            self.warn("blind", word)

    def on_epoch_end(self, trainer):
        super().on_epoch_end(trainer)
        accuracies = [row["accuracy"] for row in trainer.history]
        if "slow" not in self.said and (word := hopeless(accuracies, self.epochs)):
            self.warn("slow", word)

    def forecast(self):
        """Say how long the run will take, from the median of the steps so far."""
        step = median(np.diff(self.times[5:]))
        minutes = step * (self.epochs * self.batches - len(self.losses)) / 60
        say(f"A step takes {step:.2f} s, so about {minutes:.0f} minutes are left. Ctrl-C is safe: "
            "the next run goes on where this one stopped.")  # fmt: skip
        if step > SLOW and "OPENBLAS_NUM_THREADS" not in os.environ:
            say("That is slow. If the machine has other work to do, threads wait for each other: "
                "close it, or stop here and set OPENBLAS_NUM_THREADS=1.")  # fmt: skip

    def warn(self, kind, word):
        self.said.append(kind)
        say(f"early word: {word}")


def blind(losses, rates, top):
    """Say that nothing is learnt although the steps are no longer small; an empty string if not.

    A one-cycle begins with tiny steps, which prove nothing: half the highest rate has to
    come first.
    """
    if len(losses) < 200 or rates[-1] < 0.5 * top:
        return ""
    now = float(np.mean(losses[-100:]))
    if now > 1.5 * LN10:
        return (
            f"the loss is {now:.1f} after {len(losses)} steps, and a blind guess has 2.30: the "
            f"steps are too large. The rate is {rates[-1]:.2g}; try one ten times smaller."
        )
    if now > 0.97 * LN10:
        return (
            f"the loss is still {now:.2f} after {len(losses)} steps, and a blind guess has 2.30. "
            f"The rate is {rates[-1]:.2g}; does the optimizer hold model.parameters()?"
        )
    return ""


def hopeless(accuracies, epochs):
    """Say that this will hardly reach 75 %; an empty string where it still may.

    With a one-cycle much of what is learnt comes last, and with dropout and crops the training
    pictures are harder than the test's; so the bounds are low.
    """
    done, now = len(accuracies) / epochs, accuracies[-1]
    bounds = [(0.3, 0.25), (0.5, 0.4), (0.8, 0.5)]
    if len(accuracies) < 3 or not any(done >= part and now < low for part, low in bounds):
        return ""
    return (
        f"{now:.0%} of the training pictures are right after {len(accuracies)} of {epochs} epochs, "
        "and from there it is too far to 75 %. Ctrl-C, and change something?"
    )


# -- what came out


def judge(values, needed, stopped, short):
    """List what was missed and by how much; an empty list means achieved."""
    if stopped:
        return [stopped]
    missed = []
    if values["accuracy"] < needed:
        missed = [f"{values['accuracy']:.2%} of the test pictures, needed {needed:.0%}: "
                  f"{100 * (needed - values['accuracy']):.1f} points short"]  # fmt: skip
    if short:
        missed.append(f"this was a short run, of {values['data']} pictures: it does not count")
    return missed


def diagnosis(outcome):
    """Say what the curve looks like, what is likely, and what to try."""
    if signs := first_signs(outcome.watch):
        return signs
    last, learning = pieces_of(outcome.watch.losses)[-1], outcome.history[-1]["accuracy"]
    known, right, epochs = outcome.train_accuracy, outcome.accuracy, outcome.watch.epochs
    if epochs < 5:
        return (f"it ends at {last:.2f}, after {epochs} of the 8 to 10 epochs that it takes",
                "it was stopped too early", "more epochs")  # fmt: skip
    if known - learning > 0.12:
        return (f"it ends at {last:.2f}: {learning:.1%} right while it learns, and {known:.1%} of "
                "the same pictures when nothing is left out or moved",
                "dropout or crops make it harder than it needs to be",
                "less dropout, or a smaller padding")  # fmt: skip
    if known - right > 0.1:
        return (f"it falls to {last:.2f}: {known:.1%} of the training pictures are right, and "
                f"{right:.1%} of new ones", "it knows its examples by heart",
                "crops and flips in augment, Dropout(0.2) before each Linear, or more "
                "weight_decay")  # fmt: skip
    return (f"it levels off at {last:.2f}, and new pictures are nearly as often right as its own",
            "the network is too small, or the steps were", "more channels in the later blocks, "
            "BatchNorm2d after each convolution, or a larger max_lr")  # fmt: skip


def report(values, outcome, goal, missed, guess):
    if outcome:
        seconds = values["seconds"]
        print_table(("measured", "needed", "goal"), [
            ("test pictures right", f"{values['accuracy']:.2%}", f"{goal['threshold']:.0%}",
             f"{goal['proud']:.0%}"),
            ("of those it learnt from", f"{values['train_accuracy']:.2%}"),
            ("minutes of training", f"{seconds / 60:.1f}", "", f"{goal['seconds'] / 60:.0f}"),
        ])  # fmt: skip
        print(wrapped(f"On {values['data']}. {extremes(values['classes'])}"))
        answer_guess(values["accuracy"], guess, "got wrong")
    for line in missed:
        print(wrapped(f"missed: {line}"))
    proud = outcome and values["accuracy"] >= goal["proud"]
    if outcome and not proud:
        for name, text in zip(("the curve", "likely", "try"), diagnosis(outcome), strict=True):
            print(wrapped(f"{name}: {text}."))
    elif missed and not outcome:
        print(wrapped(f"try: {advice(missed[0])}."))
    if not missed and not proud:
        print(wrapped(f"{goal['proud']:.0%} is the goal; you have passed {goal['threshold']:.0%}."))
    if not missed and values["seconds"] > goal["seconds"]:
        print(wrapped(f"The goal is {goal['proud']:.0%} in {goal['seconds'] / 60:.0f} minutes on 2 "
                      f"cores, and it took {values['seconds'] / 60:.1f}: a busy machine, a wider "
                      "network, or more epochs than it takes."))  # fmt: skip
    if not missed:
        print("achieved")


def extremes(classes):
    """Name the classes with most and fewest right answers."""
    best, worst = (choose(classes, key=classes.get) for choose in (max, min))
    return f"Best: {best}, {classes[best]:.0%} right; worst: {worst}, {classes[worst]:.0%}."


def advice(missed):
    """Say what to try where nothing was measured."""
    if missed.startswith("this milestone"):
        return HOW_TO_GET_IT
    if missed.startswith("training"):
        return "a max_lr ten times smaller in configure; it is printed above at which it broke"
    if missed.split(":")[0] in ("build_model", "augment", "configure"):
        return "one call of it in a shell, with the example of its docstring"
    return "take the file named out of that folder, or fetch it anew; nothing else was used"


def draw(model, pictures, outcome):
    """Save four pictures and give their paths."""
    images, _ = pictures.test
    return save_pictures("04", {
        "curve": lambda plt: curve_picture(plt, outcome, "pictures"),
        "confusion": lambda plt: confusion_picture(
            plt, outcome, CIFAR10_CLASSES, "test pictures taken for something else"
        ),
        "filters": lambda plt: filters_picture(plt, model, images, pictures.plain),
        "answers": lambda plt: answers_picture(plt, images, outcome, CIFAR10_CLASSES),
    })  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
