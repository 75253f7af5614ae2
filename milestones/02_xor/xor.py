"""Milestone 2, 1969: one layer stands still on XOR, and hidden units learn it.

Everything that is printed was measured in this run, with your Tensor, your backward, your Trainer
and the three functions of your mine.py. Exit code 0 where every goal of milestone.toml is
reached, else 1.
"""

import sys
import tomllib
from math import log
from pathlib import Path
from time import perf_counter

import numpy as np

HERE = Path(__file__).resolve().parent
# Your mine.py comes first wherever it is, the one beside this script last.
elsewhere = [path for path in sys.path if Path(path).resolve() != HERE]
sys.path[:] = [str(HERE.parent / "common"), *elsewhere, str(HERE)]

from telling import Steps, ask, record, save_pictures, shortest, wrapped  # noqa: E402
from tinytorch import manual_seed  # noqa: E402
from tinytorch.activations import sigmoid, tanh  # noqa: E402
from tinytorch.autograd import no_grad  # noqa: E402
from tinytorch.layers import Linear, Sequential, Tanh  # noqa: E402
from tinytorch.losses import binary_cross_entropy_with_logits  # noqa: E402
from tinytorch.tensor import Tensor  # noqa: E402

ROWS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
TARGETS = np.array([[0], [1], [1], [0]], np.float32)
WIDTHS = (1, 2, 3, 4)  # hidden units tried beside those of milestone.toml
LN2 = log(2)
BY_HAND = 2000  # steps of plain gradient descent at most
COLOURS = ("#3b6fb6", "#d1622b")  # target 0, target 1


class Stop(Exception):
    """Something in mine.py is not what it should be; the message says which, with numbers."""


class Run:
    """One training: the model, its losses, and how many of the four rows are right."""

    def __init__(self, model, seed):
        self.model, self.seed = model, seed
        self.before = parameters(model)
        trainer = learner("train", model, Tensor(ROWS.copy()), Tensor(TARGETS.copy()))
        self.losses = losses_of(trainer)
        with no_grad():
            scores = model(Tensor(ROWS))
            self.loss = binary_cross_entropy_with_logits(scores, Tensor(TARGETS)).item()
        self.right = int(np.sum((scores.data > 0) == (TARGETS > 0)))
        if self.right == 4 and np.array_equal(self.before, parameters(model)):
            raise Stop("train: the weights are what they were before")


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


def parameters(model):
    """Give all numbers of a model in one row."""
    return np.concatenate([p.data.ravel() for p in model.parameters()])


def losses_of(trainer):
    """Read the losses of a Trainer's history."""
    try:
        losses = [float(row["loss"]) for row in trainer.history]
    except (AttributeError, TypeError, KeyError):
        losses = None
    if not losses:
        raise Stop(f"train: it gave back {short(trainer)}, not a Trainer after fit()")
    return losses


def network(hidden):
    """Let the learner build a network, and look at what came."""
    model = learner("build_model", hidden)
    try:
        with no_grad():
            shape = model(Tensor(ROWS)).shape
    except Exception as error:
        raise Stop(
            f"build_model({hidden}): on four rows it raises {type(error).__name__}: {error}"
        ) from error
    if tuple(shape) != (4, 1):
        raise Stop(f"build_model({hidden}): four rows give {tuple(shape)}, needed (4, 1)")
    return model


# -- three experiments


def one_layer(seeds):
    """Train a Linear(2, 1) from every start; nothing is in the way but the geometry."""
    runs = []
    for seed in range(seeds):
        manual_seed(seed)
        runs.append(Run(Linear(2, 1), seed))
    return runs


def by_hand():
    """Learn XOR with 8 hidden units and hidden_blame alone; backward() is asked once, to compare.

    Gives (number of steps, or None where it did not come out; the largest difference between the
    gradients by hand and those of backward, for a gradient of size 1).
    """
    manual_seed(0)
    model = Sequential(Linear(2, 8), Tanh(), Linear(8, 1))
    layers = [model[0], model[2]]
    loss = binary_cross_entropy_with_logits(model(Tensor(ROWS)), Tensor(TARGETS))
    loss.backward()
    ours, _ = gradients(*layers)
    theirs = [p.grad.data for layer in layers for p in (layer.weight, layer.bias)]
    scale = max(float(np.abs(g).max()) for g in theirs)
    gap = max(float(np.abs(a - b).max()) for a, b in zip(ours, theirs, strict=True)) / scale
    for step in range(1, BY_HAND + 1):
        with no_grad():
            found, right = gradients(*layers)
            if right == 4:
                return step - 1, gap
            for layer, (weight, bias) in zip(layers, (found[:2], found[2:]), strict=True):
                layer.weight.copy_(layer.weight.data - weight)
                layer.bias.copy_(layer.bias.data - bias)
    return None, gap


def gradients(first, last):
    """Give the gradients of both layers, found without backward(), and how many rows are right."""
    with no_grad():
        hidden = tanh(first(Tensor(ROWS)))
        scores = last(hidden)
        error = (sigmoid(scores) - Tensor(TARGETS)) / 4  # the slope of the mean of four losses
        blame = learner("hidden_blame", error, last.weight.detach(), hidden)
    blame = np.asarray(getattr(blame, "data", blame))
    if blame.shape != (4, 8):
        raise Stop(f"hidden_blame: for 4 rows and 8 units it gives {blame.shape}, needed (4, 8)")
    found = [blame.T @ ROWS, blame.sum(0), error.data.T @ hidden.data, error.data.sum(0)]
    return found, int(np.sum((scores.data > 0) == (TARGETS > 0)))


# -- the run


def main():
    goal = tomllib.loads((HERE / "milestone.toml").read_text(encoding="utf-8"))
    widths = sorted({*WIDTHS, goal["hidden"]})
    guess = ask(
        "Before it runs: how many hidden units until XOR comes out from every one of\n"
        f"{goal['seeds']} starts? [{', '.join(map(str, widths))}] "
    )
    print("Milestone 2, 1969: XOR, first for one layer, then for your hidden units.\n")
    started, values, runs, stopped = perf_counter(), {}, {}, None
    try:
        with Steps(2 + len(widths) * goal["seeds"]) as steps:
            experiments(goal, widths, runs, values, steps)
            values["seconds"] = round(perf_counter() - started, 2)
            paths = draw(runs, goal, widths)
            names = " ".join(path.name for path in paths)
            steps.done("", f"pictures in {shortest(paths[0].parent)}:", f"  {names}")
    except Stop as error:
        stopped = str(error)
    except KeyboardInterrupt:
        print("\nYou stopped it; nothing was recorded.")
        return 130
    missed = judge(runs, values, goal, stopped)
    report(runs, values, goal, widths, missed, guess)
    record("02", values, not missed)
    return 1 if missed else 0


def experiments(goal, widths, runs, values, steps):
    """Fill `runs` and `values`, experiment by experiment."""
    seeds = goal["seeds"]
    runs[0] = one_layer(seeds)
    values["one_layer_loss"] = round(max(run.loss for run in runs[0]), 4)
    values["one_layer_right"] = max(run.right for run in runs[0])
    steps.done(*said_of_one_layer(runs[0][0]))
    values["by_hand_steps"], values["blame_gap"] = by_hand()
    if not values["blame_gap"] < 1e-4:
        raise Stop(f"hidden_blame: gradients made of it differ from those of your backward by "
                   f"{values['blame_gap']:.2g} of the largest, needed below 0.0001")  # fmt: skip
    steps.done(*said_of_hand(values["by_hand_steps"], values["blame_gap"]))
    for width in widths:
        runs[width] = []
        for seed in range(seeds):
            manual_seed(seed)
            runs[width].append(Run(network(width), seed))
            steps.advance()
        values[f"hidden_{width}"] = sum(run.right == 4 for run in runs[width])
        steps.say(f"{width} hidden     {values[f'hidden_{width}']:>2} of {seeds} starts learn XOR")


def said_of_one_layer(run):
    first, last = run.losses[0], run.loss
    yield f"one layer    loss {first:.3f} at first, {last:.4f} at the end; ln 2 is {LN2:.4f}"
    if abs(last - LN2) < 0.001:
        yield "             It says 50 % to all four rows: the best that it can do."


def said_of_hand(steps, gap):
    apart = f", up to {gap:.0e}" if gap else ""
    yield f"by hand      The gradients made of your blame are those of your backward{apart}."
    came = f"XOR after {steps} steps" if steps is not None else f"no XOR in {BY_HAND} steps"
    yield f"             8 hidden units, trained without backward: {came}."


# -- what came out


def judge(runs, values, goal, stopped):
    """List what was missed and by how much; an empty list means achieved."""
    if stopped:
        return [stopped]
    missed = []
    if values["one_layer_right"] == 4:
        missed.append("one layer got all four rows right, which no Linear(2, 1) can")
    if not abs(values["one_layer_loss"] - LN2) < 0.02:
        missed.append(f"one layer: its loss is {values['one_layer_loss']:.3f} after train, and not "
                      f"{LN2:.3f} yet: train longer, or with other steps")  # fmt: skip
    if values["by_hand_steps"] is None:
        missed.append(f"hidden_blame: with it alone, XOR did not come out in {BY_HAND} steps")
    width, seeds = goal["hidden"], goal["seeds"]
    if values[f"hidden_{width}"] < seeds:
        lost = [run for run in runs[width] if run.right < 4]
        missed.append(f"{width} hidden units: {seeds - len(lost)} of {seeds} starts learn XOR, "
                      f"needed {seeds}; {diagnosis(lost)}")  # fmt: skip
    return missed


def diagnosis(lost):
    """Say what the curves of the runs that failed look like, and what is likely."""
    last = np.array([run.losses[-1] for run in lost])
    tail = np.array([run.losses[-max(2, len(run.losses) // 10)] for run in lost])
    end = f"where it failed, the loss ends at {np.median(last):.3f}"
    if not np.all(np.isfinite(last)):
        return "the loss became nan: the steps are far too large"
    if np.median(last) > 1:
        return f"{end}, above where it began: the steps are too large"
    if np.median(tail) - np.median(last) > 0.002 * np.median(tail):
        return f"{end} and still falls: more epochs, or larger steps"
    if abs(np.median(last) - LN2) < 0.02:
        return (f"{end} and stands there, as for one layer: no activation between the layers, "
                "hidden units that say nothing, or steps that are far too small")  # fmt: skip
    return f"{end} and stands there: one row is wrong for good; another optimizer gets past"


def report(runs, values, goal, widths, missed, guess):
    width, seeds = goal["hidden"], goal["seeds"]
    if f"hidden_{width}" in values:
        reached = values["by_hand_steps"]
        table = [
            ("", "measured", "needed"),
            ("one layer, loss at the end", f"{values['one_layer_loss']:.4f}", f"{LN2:.4f}"),
            ("one layer, most rows right", values["one_layer_right"], "not 4"),
            ("by hand, XOR", "no" if reached is None else f"step {reached}", "yes"),
            (f"{width} hidden, starts that learn", f"{values[f'hidden_{width}']} of {seeds}",
             f"{seeds} of {seeds}"),
        ]  # fmt: skip
        print()
        for name, measured, needed in table:
            print(f"{name:<28}{measured:>10}{needed:>10}")
        print()
        answer_guess(values, widths, seeds, guess)
    for line in missed:
        print(wrapped(f"missed: {line}"))
    if missed:
        print(wrapped(
            "try: one network of 8 hidden units in a shell, and print trainer.history. Does the "
            "loss leave 0.69, and does it come below 0.1? 02_losses.png shows all starts."
        ))  # fmt: skip
    else:
        print("achieved")


def answer_guess(values, widths, seeds, guess):
    """Compare what the learner said with the first width from which every start came out."""
    enough = [w for w in widths if values[f"hidden_{w}"] == seeds]
    if guess.isdigit() and enough:
        print(f"You said {guess}; {enough[0]} was the first of {', '.join(map(str, widths))} "
              "from which all came out.")  # fmt: skip


def short(value):
    text = " ".join(repr(value).split())
    return text if len(text) <= 40 else text[:37] + "..."


# -- pictures


def draw(runs, goal, widths):
    """Save four pictures and give their paths."""
    return save_pictures("02", {
        "line": lambda plt: line_picture(plt, runs[0][0]),
        "regions": lambda plt: regions_picture(plt, runs[goal["hidden"]]),
        "hidden": lambda plt: hidden_picture(plt, runs[2]),
        "losses": lambda plt: losses_picture(plt, runs, goal, widths),
    })  # fmt: skip


def plane(axes, answer, low=-0.6, high=1.6):
    """Colour the plane by what a function of rows (N, 2) answers, from 0 to 1; add the rows."""
    grid = np.linspace(low, high, 201, dtype=np.float32)
    places = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
    answers = np.asarray(answer(places)).reshape(201, 201)
    axes.imshow(answers, extent=(low, high, low, high), origin="lower", cmap=ramp(), vmin=0,
                vmax=1, alpha=0.55, interpolation="bilinear")  # fmt: skip
    points(axes, ROWS)
    axes.set(xlim=(low, high), ylim=(low, high), xticks=[0, 1], yticks=[0, 1], aspect="equal",
             xlabel="first input", ylabel="second input")  # fmt: skip
    return grid, answers


def points(axes, places, sizes=(150, 150)):
    """Draw the four rows; with a small first size a circle shows on a square in its place."""
    for target, colour in enumerate(COLOURS):
        x = places[TARGETS[:, 0] == target]
        axes.scatter(*x.T, s=sizes[target], c=colour, marker="os"[target], zorder=4 - target,
                     edgecolors="white", label=f"target {target}")  # fmt: skip


def ramp():
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("answer", [COLOURS[0], "white", COLOURS[1]])


def line_picture(plt, run):
    """Where one layer ends, the best line there is, and what that line costs."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4.3), layout="constrained")
    said = sigmoid(Tensor(run.model(Tensor(ROWS)).data)).data.ravel()
    plane(left, lambda x: sigmoid(Tensor(run.model(Tensor(x)).data)).data)
    for x, p in zip(ROWS, said, strict=True):
        left.annotate(f"{p:.0%}", x, xytext=(0, 14), textcoords="offset points", ha="center")
    left.set_title(f"Where training ends\nloss {run.loss:.4f}, ln 2 is {LN2:.4f}")
    plane(middle, lambda x: (x.sum(axis=1) > 0.5).astype(float))
    middle.plot([-0.6, 1.1], [1.1, -0.6], color="black", linewidth=2)
    middle.set_title("The best that a line can do\n3 of 4 right")
    sizes = np.linspace(0, 4, 81)
    sums = ROWS.sum(axis=1) - 0.5
    signs = np.where(TARGETS[:, 0] > 0, -1.0, 1.0)
    costs = np.log1p(np.exp(sizes[:, None] * sums * signs))
    right.plot(sizes, costs.mean(axis=1), color="black", label="mean of the four rows")
    right.plot(sizes, costs[:, 3], color=COLOURS[0], linestyle="--", label="the row it gets wrong")
    right.plot(
        sizes, costs[:, :3].mean(axis=1), color="0.5", linestyle=":", label="the other three"
    )
    right.plot(0, LN2, "o", color="black", markersize=8)
    right.set(xlabel="size of the weights of that line", ylabel="loss", ylim=(0, 3),
              title="What that line costs\nthe surer, the dearer")  # fmt: skip
    right.set_yticks([0, LN2, 1, 2, 3], ["0", "ln 2", "1", "2", "3"])
    right.legend(frameon=False, fontsize=9)
    handles, labels = middle.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=2, frameon=False)
    return figure


def regions_picture(plt, runs):
    """What a network answers everywhere, from three starts."""
    figure, panels = plt.subplots(1, 3, figsize=(12, 4.6), layout="constrained")
    for axes, run in zip(panels, runs, strict=False):
        grid, answers = plane(
            axes, lambda x, run=run: sigmoid(Tensor(run.model(Tensor(x)).data)).data, -1.5, 2.5
        )
        axes.contour(grid, grid, answers, levels=[0.5], colors="black", linewidths=1.8)
        for w, b in unit_lines(run.model):
            draw_line(axes, w, b, color="0.35", linewidth=0.8, linestyle="--")
        axes.set_title(f"start {run.seed}: {run.right} of 4 right")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=2, frameon=False)
    figure.supxlabel("black: where the answer turns; dashed: where a hidden unit turns", x=0.6,
                     fontsize=11)  # fmt: skip
    return figure


def unit_lines(model):
    """Give (weights, bias) of each hidden unit, where the first layer is as expected."""
    numbers = [p.data for p in model.parameters()]
    if len(numbers) >= 2 and numbers[0].ndim == 2 and numbers[0].shape[1] == 2:
        return list(zip(numbers[0], numbers[1], strict=True))
    return []


def draw_line(axes, w, b, **style):
    """Draw where w[0] x + w[1] y + b = 0, within the picture as it is."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    if abs(w[1]) > abs(w[0]):
        axes.plot([left, right], [-(w[0] * x + b) / w[1] for x in (left, right)], **style)
    elif w[0]:
        axes.plot([-(w[1] * y + b) / w[0] for y in (low, high)], [low, high], **style)
    axes.set(xlim=(left, right), ylim=(low, high))


def hidden_picture(plt, runs):
    """How two hidden units see the four rows: after a start that comes out, and one that not."""
    wanted = [next((r for r in runs if (r.right == 4) is good), None) for good in (True, False)]
    shown = [run for run in wanted if run is not None and plain(run.model)]
    figure, panels = plt.subplots(
        max(len(shown), 1), 2, figsize=(9.5, 4.8 * max(len(shown), 1)), layout="constrained",
        squeeze=False,
    )  # fmt: skip
    for row in range(max(len(shown), 1)):
        if row >= len(shown):
            for axes in panels[row]:
                axes.set_axis_off()
            panels[row, 0].text(
                0, 0.5, "This picture is for Sequential(Linear, activation, Linear)"
            )
            continue
        two_units(*panels[row], shown[row])
    if shown:
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return figure


def plain(model):
    """Tell whether a model is Sequential(Linear(2, 2), activation, Linear(2, 1))."""
    parts = list(model.children())
    return len(parts) == 3 and [p.data.shape for p in model.parameters()] == [
        (2, 2), (2,), (1, 2), (1,),
    ]  # fmt: skip


def two_units(left, right, run):
    """Draw the plane of the inputs, and that of the two hidden units beside it."""
    first, activation, last = run.model.children()
    with no_grad():
        seen = activation(first(Tensor(ROWS))).data
    grid, answers = plane(left, lambda x: sigmoid(Tensor(run.model(Tensor(x)).data)).data)
    left.contour(grid, grid, answers, levels=[0.5], colors="black", linewidths=1.8)
    left.plot([], [], color="black", linewidth=1.8, label="the answer turns")
    for w, b in unit_lines(run.model):
        draw_line(left, w, b, color="0.35", linewidth=1, linestyle="--")
    left.plot([], [], color="0.35", linewidth=1, linestyle="--", label="a hidden unit turns")
    outcome = "It learnt" if run.right == 4 else "It failed"
    left.set_title(f"{outcome}: start {run.seed}, {run.right} of 4 right\nthe inputs")
    low, high = float(min(seen.min(), -1)) - 0.3, float(max(seen.max(), 1)) + 0.3
    span = np.linspace(low, high, 201, dtype=np.float32)
    places = np.stack(np.meshgrid(span, span), -1).reshape(-1, 2)
    answers = sigmoid(Tensor(last(Tensor(places)).data)).data.reshape(201, 201)
    right.imshow(answers, extent=(low, high, low, high), origin="lower", cmap=ramp(), vmin=0,
                 vmax=1, alpha=0.55, interpolation="bilinear")  # fmt: skip
    right.set(xlim=(low, high), ylim=(low, high), aspect="equal", xlabel="first hidden unit",
              ylabel="second hidden unit",
              title="The same four rows\nas the hidden units see them")  # fmt: skip
    draw_line(right, last.weight.data[0], last.bias.item(), color="black", linewidth=1.8)
    points(right, seen, sizes=(60, 210))
    together = {}
    for x, place in zip(ROWS, seen, strict=True):
        together.setdefault(tuple(np.round(place, 1)), []).append((x, place))
    for group in together.values():
        names = " and ".join(f"{x[0]:g} {x[1]:g}" for x, _ in group)
        place = group[0][1]
        ha, dx = ("right", -12) if place[0] > (low + high) / 2 else ("left", 12)
        right.annotate(names, place, xytext=(dx, 0), textcoords="offset points", ha=ha, va="center")


def losses_picture(plt, runs, goal, widths):
    """The losses of all starts beside that of one layer, and how many came out of each width."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(12, 4.3), layout="constrained", width_ratios=(3, 2)
    )
    label = f"{goal['hidden']} hidden units, {goal['seeds']} starts"
    for run in runs[goal["hidden"]]:
        colour = "#4c9a5b" if run.right == 4 else COLOURS[1]
        left.plot(run.losses, color=colour, linewidth=0.9, label=label)
        label = None
    left.plot(runs[0][0].losses, color="black", linewidth=2, label="one layer")
    left.axhline(LN2, color="0.5", linestyle=":")
    left.annotate("ln 2", (0.99, LN2), xycoords=("axes fraction", "data"), ha="right", va="bottom")
    left.set(xlabel="epoch", ylabel="loss", yscale="log", title="One layer, and hidden units")
    left.legend(frameon=False, loc="center right")
    counts = [sum(run.right == 4 for run in runs[width]) for width in widths]
    bars = right.bar([str(w) for w in widths], counts, color="#6a4c93", width=0.6)
    right.bar_label(bars, padding=2)
    right.set(xlabel="hidden units", ylabel=f"starts of {goal['seeds']} that learn XOR",
              ylim=(0, goal["seeds"] * 1.12),
              yticks=range(0, goal["seeds"] + 1, 5), title="How many hidden units?")  # fmt: skip
    return figure


if __name__ == "__main__":
    sys.exit(main())
