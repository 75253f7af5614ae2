"""The pictures of milestone 4 that show photographs: filters and what they find, and answers."""

import numpy as np
from charts import WRONG
from tinytorch.autograd import no_grad
from tinytorch.tensor import Tensor

__all__ = ["answers_picture", "filters_picture"]

RIGHT = "#2b7a3d"


def filters_picture(plt, model, images, prepare):
    """The filters of the first layer in their own colours, and what they find in one picture."""
    layer = first_filters(model)
    count = min(64, len(layer.weight.data)) if layer else 0
    columns = 8
    rows = max(1, -(-count // columns))
    figure = plt.figure(figsize=(13, 0.9 + 0.72 * rows), layout="constrained")
    left, middle, right = figure.subfigures(1, 3, width_ratios=(columns, 4, columns))
    left.suptitle("Filters of the first layer")
    middle.suptitle("A picture")
    right.suptitle("Where each filter finds something")
    axes = middle.subplots()
    axes.imshow(images[0].transpose(1, 2, 0), interpolation="nearest")
    axes.set_axis_off()
    if not count:
        left.text(0.5, 0.5, "no filters over three colours", ha="center")
        return figure
    with no_grad():
        found = layer(Tensor(prepare(images[:1]))).data[0]
    for part, tiles in ((left, layer.weight.data), (right, found)):
        panels = part.subplots(rows, columns, squeeze=False)
        for axes in panels.flat:
            axes.set_axis_off()
        for axes, tile in zip(panels.flat, tiles[:count], strict=False):
            if part is left:  # grey is 0, every colour to its own side
                size = max(float(np.abs(tile).max()), 1e-9)
                axes.imshow(0.5 + tile.transpose(1, 2, 0) / (2 * size), interpolation="nearest")
            else:
                axes.imshow(np.maximum(tile, 0), cmap="magma", interpolation="nearest")
    return figure


def first_filters(model):
    """Find the first layer whose weight is (O, 3, kh, kw), or None."""
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if weight is not None and weight.ndim == 4 and weight.shape[1] == 3:
            return module
    return None


def answers_picture(plt, images, outcome, names):
    """Test pictures with what the network says: right ones, wrong ones, and the surest mistakes."""
    said, sure = outcome.answers.argmax(axis=1), outcome.answers.max(axis=1)
    right = said == outcome.labels
    lot = np.random.default_rng(0).permutation(len(right))
    wrong = np.flatnonzero(~right)
    chosen = [
        ("right, drawn by lot", lot[right[lot]][:8]),
        ("wrong, drawn by lot", lot[~right[lot]][:8]),
        ("wrong, and most sure", wrong[np.argsort(-sure[wrong])][:8]),
    ]
    figure = plt.figure(figsize=(13, 7.4), layout="constrained")
    for part, (title, rows) in zip(figure.subfigures(3, 1), chosen, strict=True):
        part.suptitle(title, fontsize=12.5, x=0.01, ha="left")
        panels = part.subplots(1, 8)
        for axes in panels:
            axes.set_axis_off()
        for axes, i in zip(panels, rows, strict=False):
            axes.imshow(images[i].transpose(1, 2, 0), interpolation="nearest")
            it_is = "" if right[i] else f"\nit is {names[outcome.labels[i]]}"
            axes.set_title(f"{names[said[i]]} {sure[i]:.0%}{it_is}", fontsize=10.5,
                           color=RIGHT if right[i] else WRONG)  # fmt: skip
    return figure
