"""Pictures of a training that more than one milestone saves: its curve, and what it confuses."""

import numpy as np
from learning import LN10

__all__ = ["INK", "WRONG", "confusion_picture", "curve_picture"]

INK, WRONG = "#222222", "#d1622b"
PALE, BLUE, RATE = "#9db8dc", "#1f4e91", "#6a4c93"


def curve_picture(plt, outcome, called):
    """The loss of every batch with the learning rate beneath it, and the accuracy by epoch.

    `called` is what the pictures are, digits or pictures. The loss has steps of equal ratio where
    it falls far.
    """
    figure, panels = plt.subplots(
        2, 2, figsize=(12, 5.2), layout="constrained", width_ratios=(3, 2), height_ratios=(3, 1)
    )
    losses, watch = np.array(outcome.watch.losses), outcome.watch
    epochs = np.arange(1, len(losses) + 1) / watch.batches
    window = max(1, len(losses) // 60)
    kernel = np.ones(window) / window
    top, bottom = panels[:, 0]
    top.plot(epochs, losses, color=PALE, linewidth=0.5, label="each batch")
    top.plot(epochs[window - 1 :], np.convolve(losses, kernel, "valid"), color=BLUE,
             linewidth=2, label=f"mean of {window} batches")  # fmt: skip
    top.axhline(LN10, color="0.5", linestyle=":")
    top.annotate("ln 10: guessing", (epochs[-1], LN10), ha="right", va="bottom", color="0.3")
    scale = "log" if losses[-window:].mean() < 0.3 else "linear"
    top.set(yscale=scale, ylabel="loss", title=f"Loss on the training {called}")
    top.legend(frameon=False, loc="lower left")
    bottom.plot(epochs, watch.rates, color=RATE)
    bottom.set(xlabel="epoch", ylabel="learning rate", ylim=(0, None))
    bottom.sharex(top)
    for axes in panels[:, 1]:
        axes.remove()
    right = figure.add_subplot(panels[0, 0].get_gridspec()[:, 1])
    rows = [row["accuracy"] for row in outcome.history]
    right.plot(
        range(1, len(rows) + 1), rows, "o-", color=BLUE, label=f"training {called}, as it learns"
    )
    right.plot(len(rows), outcome.accuracy, "s", color=WRONG, markersize=9,
               label=f"test, at the end: {outcome.accuracy:.2%}")  # fmt: skip
    low, high = min(*rows, outcome.accuracy), max(*rows, outcome.accuracy)
    right.set(xlabel="epoch", title=f"{called.capitalize()} that are right",
              ylim=(low - 0.1 * (1 - low), 1 if high > 0.9 else high + 0.1 * (high - low) + 0.01),
              xticks=range(1, len(rows) + 1, max(1, len(rows) // 8)))  # fmt: skip
    right.yaxis.set_major_formatter(
        lambda value, _: f"{value:.0%}" if low < 0.9 else f"{value:.1%}"
    )
    right.legend(frameon=False, loc="lower right")
    return figure


def confusion_picture(plt, outcome, names, title):
    """Which class was taken for which: counts of the test pictures, the mistakes in colour."""
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
             title=f"{mistakes.sum():,} of {counts.sum():,} {title}")  # fmt: skip
    axes.set_xticklabels(names, rotation=0 if max(map(len, names)) < 3 else 40, ha="center")
    axes.set_yticklabels(names)
    axes.spines[["top", "right"]].set_visible(True)
    axes.tick_params(length=0)
    return figure
