"""Milestone 3: a network for 60,000 digits, how it is trained, and your own drawings."""

import numpy as np
from tinytorch import manual_seed
from tinytorch.layers import Linear
from tinytorch.losses import CrossEntropyLoss
from tinytorch.optimizers import AdamW
from tinytorch.tensor import Tensor
from tinytorch.training import Trainer, batches

from checker.expect import Mismatch, expect_close, expect_equal, expect_true, expect_unchanged
from checker.expect_recipe import (
    built,
    configured,
    expect_new_networks,
    expect_schedule_turns_the_rate,
    expect_scores_at_the_end,
    expect_steps,
    expect_the_models_parameters,
)


def model():
    from mine import build_model

    return built(build_model)


def configure(network, batches):
    from mine import configure

    return configure(network, batches)


def pictures(n):
    """Make n rows of 784 numbers, as far from 0 as those of MNIST."""
    return Tensor(np.random.default_rng(0).standard_normal((n, 784)).astype(np.float32))


# -- build_model


def test_unit_build_model_example():
    expect_equal(model()(pictures(3)).shape, (3, 10), "the shape of the scores of three pictures")


def test_unit_build_model_anew():
    """Every call makes a network of its own, with parameters."""
    expect_new_networks(
        model, "Each call makes new layers: make draw loads weights into one of its own."
    )


def test_unit_build_model_gives_scores():
    expect_scores_at_the_end(model(), Tensor(np.ones((1, 784), np.float32)))


# -- configure


def test_unit_configure_example():
    expect_steps(configure, Linear(2, 2), 10, "The schedule is stepped after every batch.")


def test_unit_configure_other_lengths():
    for count in (1, 469):
        expect_steps(
            configure, Linear(2, 2), count, "An epoch has as many batches as configure is told."
        )


def test_unit_configure_the_model_given():
    expect_the_models_parameters(configure, Linear(3, 2))


def test_unit_configure_turns_the_rate():
    expect_schedule_turns_the_rate(configure, Linear(2, 2))


# -- preprocess


def prepared(*boxes, shape=(280, 280), ink=255):
    """Draw filled boxes (top, left, height, width); give what preprocess makes of the drawing."""
    drawing = np.zeros(shape, np.uint8)
    for top, left, height, width in boxes:
        drawing[top : top + height, left : left + width] = ink
    return read(drawing)


def read(drawing):
    """Give what preprocess makes of a drawing, as an array of the right shape and dtype."""
    from mine import preprocess

    before = drawing.copy()
    picture = preprocess(drawing)
    what = f"preprocess of a drawing of {drawing.shape[0]}x{drawing.shape[1]}"
    expect_true(
        isinstance(picture, np.ndarray), f"{what} gives {type(picture).__name__}, not an array"
    )
    expect_equal(
        picture.shape, (28, 28), f"the shape of {what}", "The network wants 28 * 28 = 784."
    )
    expect_equal(str(picture.dtype), "float32", f"the dtype of {what}", "The weights are float32.")
    expect_unchanged(drawing, before, "preprocess")
    return picture


def extent(picture):
    """Give the rows and the columns that the ink takes up: (height, width)."""
    inked = [np.flatnonzero(picture.any(axis=axis)) for axis in (1, 0)]
    return tuple(int(n[-1] - n[0]) + 1 if n.size else 0 for n in inked)


def centre(picture):
    """Give the row and the column of the centre of mass."""
    i, mass = np.arange(28), picture.sum()
    return float(i @ picture.sum(axis=1) / mass), float(i @ picture.sum(axis=0) / mass)


def test_unit_preprocess_example():
    picture = prepared((20, 200, 200, 30))
    expect_close(
        picture[14, 11:18],
        [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0],
        "row 14, columns 11 to 17, of a 1 of 200 rows and 30 columns",
        "Shrunk by 10 it has 20 rows and 3 columns, and the middle one has to be column 14.",
    )


def test_unit_preprocess_nothing_drawn():
    why = "Who has pressed Clear has not made a mistake: nothing drawn gives zeros."
    try:
        picture = read(np.zeros((280, 280), np.uint8))
    except (IndexError, ValueError, ZeroDivisionError) as error:
        raise Mismatch(
            f"preprocess of an empty sheet raises {type(error).__name__}: {error}",
            f"{why} There is no first row with ink then.",
        ) from None
    expect_close(picture, np.zeros((28, 28)), "preprocess of an empty sheet", why)


def test_unit_preprocess_size():
    """The longer side has 20 pixels, the other one keeps its part of it."""
    for height, width, expected in [
        (200, 60, (20, 6)), (60, 200, (6, 20)), (130, 130, (20, 20)), (154, 60, (20, 8)),
        (77, 8, (20, 2)),
    ]:  # fmt: skip
        expect_equal(
            extent(prepared((30, 40, height, width))),
            expected,
            f"the rows and columns of ink, of a box of {height}x{width}",
            "The longer side becomes 20 pixels, and the other side shrinks as much: a 1 that is "
            "stretched is no 1 any more. Both are rounded; int() would cut 19.99 off to 19.",
        )


def test_unit_preprocess_small_drawings():
    expect_equal(
        extent(prepared((250, 3, 10, 5))),
        (20, 10),
        "the rows and columns of ink, of a box of 10x5",
        "A small drawing is enlarged: all digits of MNIST are equally large.",
    )


def test_unit_preprocess_other_sheets():
    """The sheet need not be square, nor of 280 pixels."""
    for shape in [(100, 300), (300, 100), (28, 28), (64, 48)]:
        expect_equal(
            extent(prepared((4, 6, 20, 10), shape=shape)),
            (20, 10),
            f"the rows and columns of ink, of a box of 20x10 on a sheet of {shape[0]}x{shape[1]}",
        )


def test_unit_preprocess_thin():
    """One pixel of ink, and lines one pixel thin, are drawings, too."""
    for height, width, expected in [(1, 200, (1, 20)), (200, 1, (20, 1)), (1, 1, (20, 20))]:
        picture = prepared((60, 70, height, width))
        expect_equal(
            extent(picture),
            expected,
            f"the rows and columns of ink, of a box of {height}x{width}",
            "20 * 1 / 200 is 0.1, and rounded 0: but what is drawn has one row at least.",
        )


def test_unit_preprocess_ink():
    for ink, expected in [(255, 1.0), (51, 0.2)]:
        expect_close(
            prepared((20, 200, 200, 30), ink=ink)[14, 14],
            expected,
            f"the middle of a box whose ink is {ink} of 255",
            "0 stays paper and 255 becomes 1.",
        )


def test_unit_preprocess_thin_lines_are_not_lost():
    """Every pixel of the drawing counts: a line that is thinner than a new pixel turns grey."""
    picture = prepared((40, 40, 200, 10), (40, 230, 200, 10), (140, 40, 2, 200))
    row = int(picture[:, 14].argmax())
    expect_close(
        picture[row, 14],
        0.2,
        "the ink at the middle of an H whose bar is 2 of 10 pixels thick",
        "Each pixel of the small picture is the mean of the 10x10 that it covers: 2 rows of ink in "
        "10 make 0.2. Whoever takes every tenth pixel gets 0 or 1, by luck.",
        atol=0.05,
    )
    expect_close(
        picture.sum(), (2 * 2000 + 2 * 180) / 100, "all the ink of that H, in new pixels",
        "100 pixels of ink make one.", rtol=0.02,
    )  # fmt: skip


def test_unit_preprocess_centred_by_mass():
    """Shapes whose centre of mass is not the middle of their rectangle."""
    foot = [(40, 40, 200, 20), (220, 40, 20, 120)]
    roof = [(30, 100, 30, 160), (60, 230, 170, 30)]
    heavy = [(30, 50, 200, 10), (90, 60, 60, 40), (30, 60, 10, 130)]
    wedge = [(40 + 10 * i, 60, 10, 12 * i + 8) for i in range(19)]
    for name, boxes in [("an L", foot), ("a 7", roof), ("a flag", heavy), ("a wedge", wedge)]:
        row, column = centre(prepared(*boxes))
        expect_true(
            max(abs(row - 14), abs(column - 14)) <= 0.501,
            f"the centre of mass of {name} is at row {row:.2f}, column {column:.2f}, not at 14, 14",
            "In MNIST it lies there, to half a pixel. Is the place rounded, or cut off by int()? "
            "Or is the middle of the rectangle there? The head of a 7 weighs more than its foot.",
        )


def test_unit_preprocess_stays_inside():
    """A heavy end moves the rest as far as the edge, and no farther."""
    for turn in range(4):
        drawing = np.zeros((280, 280), np.uint8)
        drawing[20:260, 138:142] = 255
        drawing[200:260, 80:200] = 255
        what = "a long thin stalk with a heavy foot"
        why = (
            "Its centre of mass is so near the foot that row 14 (or column 14) would want a part "
            "beyond the edge, 0 or 28. Then it stops at the edge, and nothing is cut off."
        )
        try:
            picture = read(np.rot90(drawing, turn).copy())
        except (IndexError, ValueError) as error:
            raise Mismatch(f"{what} raises {type(error).__name__}", why) from None
        expect_equal(max(extent(picture)), 20, f"the longer side of the ink of {what}", why)


def test_unit_preprocess_place_and_size_do_not_matter():
    """The same shape, anywhere on the sheet, large or small, is the same picture."""
    shape = [(0, 0, 6, 20), (6, 14, 24, 6)]
    first = prepared(*shape)
    for scale, top, left in [(1, 240, 250), (4, 100, 12), (9, 3, 99)]:
        moved = [(scale * t + top, scale * n + left, scale * h, scale * w) for t, n, h, w in shape]
        expect_close(
            prepared(*moved),
            first,
            f"the picture of a 7 drawn {scale} times as large at row {top}, column {left}",
            "Only the rectangle with the ink counts, wherever it is and however large.",
            atol=0.01,
        )


def test_module():
    """The network can learn, by a recipe of this test; yours takes a step; a drawing is read."""
    from mine import preprocess

    manual_seed(0)
    network = model()
    rng = np.random.default_rng(0)
    labels = np.arange(100) % 10
    rows = rng.standard_normal((10, 784))[labels] + 0.5 * rng.standard_normal((100, 784))
    data = batches(Tensor(rows.astype(np.float32)), Tensor(labels), 20)
    trainer = Trainer(network, AdamW(network.parameters(), lr=0.004), CrossEntropyLoss())
    before = trainer.evaluate(data)["loss"]
    trainer.fit(data, 4)
    after = trainer.evaluate(data)["loss"]
    expect_true(
        after < before - 0.1,
        f"20 steps of AdamW(lr=0.004) on 100 noisy patterns took the loss from {before:.2f} to "
        f"{after:.2f}",
        "Any network of two or three layers gets better there, whatever configure says. Are all "
        "its layers in the Sequential, with a ReLU between?",
    )
    optimizer, scheduler, _ = configured(configure, network, len(data))
    weights = [p.data.copy() for p in network.parameters()]
    Trainer(network, optimizer, CrossEntropyLoss(), scheduler=scheduler).train_step(
        *next(iter(data))
    )
    expect_true(
        any((p.data != w).any() for p, w in zip(network.parameters(), weights, strict=True)),
        "one step with what configure gives moves no weight",
        "How well it learns is for the run to say. But move it must.",
    )
    row = preprocess(np.zeros((280, 280), np.uint8)).reshape(1, 784)
    expect_equal(network(Tensor(row)).shape, (1, 10), "the shape of the scores of a drawing")
