"""Milestone 4: a convolutional network, what its pictures go through, how it is trained."""

import numpy as np
from tinytorch import manual_seed
from tinytorch.dataloader import DataLoader, TensorDataset
from tinytorch.layers import Linear
from tinytorch.losses import CrossEntropyLoss
from tinytorch.optimizers import AdamW
from tinytorch.tensor import Tensor
from tinytorch.training import Trainer, batches

from checker.expect import Mismatch, expect_close, expect_equal, expect_true, expect_unchanged
from checker.expect_recipe import (
    built,
    configured,
    expect_given,
    expect_new_networks,
    expect_schedule_turns_the_rate,
    expect_scores_at_the_end,
    expect_steps,
    expect_the_models_parameters,
)

MEAN, STD = [0.5, 0.25, 0.75], [0.25, 0.5, 0.2]


def model():
    from mine import build_model

    return built(build_model)


def configure(network, batches):
    from mine import configure

    return configure(network, batches)


def pictures(n):
    """Make n pictures whose numbers are as far from 0 as those of CIFAR-10."""
    return Tensor(np.random.default_rng(0).standard_normal((n, 3, 32, 32)).astype(np.float32))


# -- build_model


def test_unit_build_model_example():
    why = "The side of 32 is halved by each pooling: what does Flatten leave for the first Linear?"
    try:
        shape = model()(pictures(2)).shape
    except (ValueError, TypeError, IndexError) as error:
        raise Mismatch(f"two pictures (2, 3, 32, 32) do not go through: {error}", why) from error
    expect_equal(shape, (2, 10), "the shape of the scores of two pictures", "Ten for each.")


def test_unit_build_model_anew():
    """Every call makes a network of its own, with parameters."""
    expect_new_networks(model, "Each call makes new layers, so that a run begins from nothing.")


def test_unit_build_model_gives_scores():
    expect_scores_at_the_end(model(), pictures(1))


def test_unit_build_model_convolves():
    shapes = [parameter.shape for parameter in model().parameters()]
    expect_true(
        any(len(shape) == 4 and shape[1] == 3 for shape in shapes),
        "no layer has filters (O, 3, kh, kw) for the three colours",
        "A filter finds the same thing everywhere; a Linear learns it anew for each place.",
    )


def test_unit_build_model_every_parameter_learns():
    network = model()
    CrossEntropyLoss()(network(pictures(4)), Tensor(np.arange(4))).backward()
    named = list(network.named_parameters())
    idle = [name for name, p in named if p.grad is None or not np.any(p.grad.data)]
    expect_true(
        not idle,
        f"{len(idle)} of {len(named)} parameters have no gradient after backward, {idle[:1]} first",
        "What has no gradient never learns. Is a layer made and not used? Is the way cut, by "
        "detach, .data or no_grad? Or is every number behind it below 0, and a ReLU follows?",
    )


def test_unit_build_model_one_by_one():
    """For evaluation a picture gets the same scores alone and among others."""
    network = model()
    images = pictures(4)
    network(images)
    network.eval()
    expect_close(
        network(images[:1]),
        network(images).data[:1],
        "the scores, in eval mode, of a picture alone, beside those of the same in a batch of 4",
        "A picture's answer must not depend on its neighbours: BatchNorm2d takes its running "
        "averages then, and nothing else may look along the batch.",
        rtol=1e-3,
        atol=1e-4,
    )


# -- augment


def plain(images):
    return ((images / 255 - np.reshape(MEAN, (3, 1, 1))) / np.reshape(STD, (3, 1, 1))).astype("f")


def sheets(n):
    """Make pictures that tell where each pixel comes from.

    Red is the row, 64 to 95; green is the column, 128 to 159; blue is 200 and the picture's number.
    """
    images = np.zeros((n, 3, 32, 32), np.uint8)
    images[:, 0] = 64 + np.arange(32)[:, None]
    images[:, 1] = 128 + np.arange(32)
    images[:, 2] = 200 + np.arange(n)[:, None, None] % 50
    return images


def augmented(images, epochs=1, transform=None):
    """Send pictures through the learner's transform as the script does: an array for each epoch."""
    from mine import augment

    __tracebackhide__ = True
    transform = augment(list(MEAN), list(STD)) if transform is None else transform
    expect_given(transform, "augment", "a transform")
    expect_true(
        callable(transform),
        f"augment gives {type(transform).__name__}, which cannot be called",
        "Compose makes one transform of a list of them.",
    )
    before = images.copy()
    loader = DataLoader(
        TensorDataset(Tensor(images), transform=transform), batch_size=64, generator=0
    )
    found = []
    for epoch in range(epochs):
        loader.set_epoch(epoch)
        try:
            parts = [batch[0].data for batch in loader]
        except (ValueError, TypeError, IndexError) as error:
            raise Mismatch(
                f"pictures, uint8 {images.shape}, do not go through: {error}",
                "Crops and flips take bytes; ToDtype(scale=True) makes floats of them, and only "
                "floats can be normalised.",
            ) from error
        found.append(np.concatenate(parts))
    expect_equal(
        found[0].shape,
        images.shape,
        "the shape of pictures after the transform",
        "The network takes 3x32x32: a crop has the old size, out of a picture with a margin.",
    )
    expect_equal(
        str(found[0].dtype), "float32", "their dtype", "uint8 goes in, and the weights are float32."
    )
    expect_unchanged(images, before, "the transform")
    return found


def origins(found):
    """Tell for each picture of `sheets` what became of it: (down, right, flipped), a row each.

    The middle of the picture decides. Where red and green are not what they were, rows are nan.
    """
    values = 255 * (found * np.reshape(STD, (3, 1, 1)) + np.reshape(MEAN, (3, 1, 1)))
    middle = np.arange(12, 20)
    rows = values[:, 0, 12:20, 12:20] - 64
    columns = values[:, 1, 12:20, 12:20] - 128
    flipped = columns[:, :, 0].mean(axis=1) > columns[:, :, -1].mean(axis=1)
    seen = np.where(flipped, 31 - middle[:, None], middle[:, None]).T  # (N, 8), if not shifted
    down = np.median(middle[:, None] - rows, axis=(1, 2))
    right = np.median(seen[:, None] - columns, axis=(1, 2))
    moved = np.stack([down, np.where(flipped, -right, right), flipped], axis=1)
    return moved.round(2) + 0.0  # -0. + 0. is 0., and is said so


def moves(n=256, epoch=0):
    return origins(augmented(sheets(n), epoch + 1)[epoch])


def test_unit_augment_example():
    from mine import augment

    images = np.full((2, 3, 32, 32), 255, np.uint8)
    transform = augment([0.5, 0.5, 0.5], [0.25, 0.25, 0.25])
    expect_close(
        augmented(images, 1, transform)[0].max(),
        2.0,
        "the largest number of white pictures, with mean 0.5 and std 0.25",
        "255 becomes 1, and (1 - 0.5) / 0.25 is 2.",
    )


def test_unit_augment_normalises_each_colour():
    """In the middle, which no margin reaches, a grey picture shows what its colours become."""
    grey = np.full((1, 3, 32, 32), 51, np.uint8)
    expect_close(
        augmented(grey)[0][0, :, 16, 16],
        plain(grey)[0, :, 16, 16],
        f"red, green and blue of a grey of 51, with mean {MEAN} and std {STD}",
        "51 of 255 is 0.2; then less the mean, divided by the std, of each colour: the numbers "
        "that augment is given, as the script does it with the test pictures.",
        atol=1e-4,
    )


def test_unit_augment_shifts():
    found = moves()
    for axis, name in ((0, "up or down"), (1, "left or right")):
        shifts = np.unique(found[:, axis])
        expect_true(
            len(shifts) >= 3,
            f"256 pictures are moved {name} by {', '.join(f'{s:g}' for s in shifts[:4])} pixels, "
            "all of them",
            "A crop of 32 out of 32 moves nothing: RandomCrop(32, padding=2) has a margin to move "
            "in.",
        )


def test_unit_augment_shifts_a_little():
    farthest = float(np.abs(moves()[:, :2]).max())
    expect_true(
        farthest <= 8,
        f"a picture is moved by {farthest:g} of its 32 pixels",
        "What it shows is then half outside. 2 to 4 pixels are enough.",
    )


def test_unit_augment_flips_half():
    share = float(moves()[:, 2].mean())
    expect_true(
        0.35 < share < 0.65,
        f"{share:.0%} of 256 pictures are flipped left to right, expected about half",
        "A horse may look either way. If all are flipped, or none, the network sees one way only.",
    )


def test_unit_augment_upright():
    found = augmented(sheets(64))[0]
    expect_true(
        bool((found[:, 0, 20, 16] > found[:, 0, 12, 16]).all()),
        "some pictures stand on their heads",
        "Left and right may change places, up and down not: ships do not hang from the sky.",
    )


def test_unit_augment_each_by_itself():
    found = moves(64)
    expect_true(
        len(np.unique(found, axis=0)) > 5,
        f"64 pictures of a batch have {len(np.unique(found, axis=0))} different moves between them",
        "Each picture of a batch is moved and flipped by itself; stage 08 draws for each.",
    )


def test_unit_augment_anew_in_each_epoch():
    first, second = (origins(part) for part in augmented(sheets(256), 2))
    same = float((first == second).all(axis=1).mean())
    expect_true(
        same < 0.5,
        f"{same:.0%} of the pictures are moved in epoch 2 just as in epoch 1",
        "The gain is that no picture is seen twice. What is drawn has to be drawn when the "
        "pictures are loaded, not when augment is called.",
    )


def test_unit_augment_keeps_place_and_colour():
    """The first picture stays the first, and no colour changes, or the label would not fit."""
    images = sheets(48)
    found = augmented(images)[0]
    expect_close(
        found[:, 2, 16, 16],
        plain(images)[:, 2, 16, 16],
        "the blue of 48 pictures, each with one of its own",
        "The transform sees pictures only: label i belongs to picture i, which has to stay at its "
        "place. And a blue bird stays blue.",
        atol=1e-4,
    )


# -- configure


def test_unit_configure_example():
    expect_steps(configure, Linear(2, 2), 10, "The schedule is stepped after every batch.")


def test_unit_configure_other_lengths():
    for count in (1, 391):
        expect_steps(
            configure, Linear(2, 2), count, "An epoch has as many batches as configure is told."
        )


def test_unit_configure_the_model_given():
    expect_the_models_parameters(configure, Linear(3, 2))


def test_unit_configure_turns_the_rate():
    expect_schedule_turns_the_rate(configure, Linear(2, 2))


def test_unit_configure_cools_down():
    """The last steps are small: what large ones have found is refined by them."""
    _, scheduler, epochs = configured(configure, Linear(2, 2), 10)
    rates = [scheduler.get_last_lr()[0]]
    for _ in range(10 * epochs - 1):
        scheduler.step()
        rates.append(scheduler.get_last_lr()[0])
    expect_true(
        rates[-1] < 0.1 * max(rates),
        f"the rate ends at {rates[-1]:.2g}, and the highest was {max(rates):.2g}",
        "A one-cycle ends near nothing. On CIFAR-10 the last quarter of the run, with small steps, "
        "is where much of the accuracy comes from.",
    )


def test_module():
    """The network can learn, by a recipe of this test; yours takes a step on augmented pictures."""
    manual_seed(0)
    network = model()
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 10
    inputs = rng.standard_normal((10, 3, 32, 32))[labels] + rng.standard_normal((40, 3, 32, 32)) / 2
    data = batches(Tensor(inputs.astype(np.float32)), Tensor(labels), 20)
    trainer = Trainer(network, AdamW(network.parameters(), lr=0.002), CrossEntropyLoss())
    history = trainer.fit(data, 4)
    before, after = history[0]["loss"], history[-1]["loss"]
    expect_true(
        after < before - 0.1,
        f"8 steps of AdamW(lr=0.002) on 40 noisy patterns took the loss from {before:.2f} to "
        f"{after:.2f}",
        "Any convolutional network gets better there, whatever configure says. Are all its layers "
        "in the Sequential, with a ReLU between?",
    )
    optimizer, scheduler, _ = configured(configure, network, len(data))
    weights = [p.data.copy() for p in network.parameters()]
    Trainer(network, optimizer, CrossEntropyLoss(), scheduler=scheduler).train_step(
        Tensor(augmented(sheets(10))[0]), Tensor(np.arange(10))
    )
    expect_true(
        any((p.data != w).any() for p, w in zip(network.parameters(), weights, strict=True)),
        "one step with what configure gives moves no weight",
        "How well it learns is for the run to say. But move it must.",
    )
