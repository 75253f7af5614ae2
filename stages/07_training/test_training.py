"""Stage 07: training."""

import copy
import itertools
import math

import numpy as np
from tinytorch.activations import relu
from tinytorch.autograd import no_grad
from tinytorch.clipping import clip_grad_norm_
from tinytorch.creation import get_rng_state, manual_seed, random_generator
from tinytorch.layers import Dropout, Linear, Module, ReLU, Sequential
from tinytorch.losses import CrossEntropyLoss, MSELoss
from tinytorch.metrics import accuracy
from tinytorch.op import is_recording
from tinytorch.optimizers import SGD, Adam
from tinytorch.schedulers import CosineAnnealingLR, StepLR
from tinytorch.tensor import Tensor
from tinytorch.training import Trainer, batches

from checker.expect import (
    Mismatch,
    expect_close,
    expect_equal,
    expect_raises,
    expect_true,
)


def one_weight(w=2.0, lr=0.25, **options):
    """Give a trainer of the smallest model: the answer is w times the input."""
    model = Linear(1, 1, bias=False)
    model.weight.copy_([[w]])
    return Trainer(model, SGD(model.parameters(), lr=lr), MSELoss(), **options)


def weight_of(trainer):
    """Give the one weight as a number."""
    return trainer.model.weight.item()


def column(*numbers):
    """Give a tensor of shape (n, 1)."""
    return Tensor(np.array(numbers, np.float32)[:, None])


def pairs(*inputs):
    """Give a batch for each group of inputs; the target is always 0."""
    return [(column(*group), column(*[0.0] * len(group))) for group in inputs]


class Steps:
    """Stands in for a scheduler, and counts."""

    def __init__(self, per_batch):
        self.per_batch, self.count = per_batch, 0

    def step(self):
        """Count."""
        self.count += 1


class Seen:
    """A callback that writes down what it hears, and may stop the run at an event, or a number."""

    def __init__(self, stop_at=None):
        self.events, self.stop_at = [], stop_at

    def _hear(self, event, trainer):
        self.events.append(event)
        if self.stop_at in (event, len(self.events)):
            trainer.stop = True

    def on_fit_start(self, trainer):
        """Note how many epochs there will be."""
        self._hear(f"fit of {trainer.epochs}", trainer)

    def on_epoch_start(self, trainer):
        """Note how many epochs are done."""
        self._hear(f"start {trainer.epoch}", trainer)

    def on_batch_end(self, trainer):
        """Note how many batches are done."""
        self._hear(f"batch {trainer.batch}", trainer)

    def on_epoch_end(self, trainer):
        """Note how many epochs are done, and what was validated."""
        validated = [name for name in trainer.history[-1] if name.startswith("val_")]
        self._hear(" ".join([f"end {trainer.epoch}", *validated]), trainer)

    def on_fit_end(self, trainer):
        """Note the end."""
        self._hear("end of fit", trainer)


def expect_heard(seen, expected, what, why):
    """Compare what a callback heard, and name the first difference."""
    __tracebackhide__ = True
    pairs_of_events = itertools.zip_longest(seen.events, expected, fillvalue="nothing more")
    for number, (heard, wanted) in enumerate(pairs_of_events, 1):
        expect_equal(heard, wanted, f"{what}: event {number}", why)


class Drawn:
    """Batches, one after the other, that count how many were asked for."""

    def __init__(self, *inputs):
        self.batches, self.count = pairs(*inputs), 0

    def __iter__(self):
        for batch in self.batches:
            self.count += 1
            yield batch


def lopsided(outputs, targets):
    """Give a loss that is another one when its arguments are swapped."""
    return (outputs * 3.0 - targets).mean()


OUTPUTS_FIRST = (
    "loss_fn(outputs, targets), in this order. The mean square of a difference does not mind, "
    "cross-entropy does."
)


def without_scheduler(call, what):
    """Call, and explain the error of one who asks a scheduler that is not there."""
    __tracebackhide__ = True
    try:
        return call()
    except AttributeError as error:
        if "NoneType" not in str(error):
            raise
        raise Mismatch(
            f"{what} of a trainer without a scheduler: {error}",
            "self.scheduler is None where there is none: ask it only where it is not None.",
        ) from None


# -- train_step -----------------------------------------------------------------------------------


def test_unit_trainer_train_step_example():
    trainer = one_weight()
    loss = trainer.train_step(column(1.0), column(0.0))
    expect_close(
        weight_of(trainer), 1.0, "the weight 2 after a step with lr 0.25",
        "The loss is w², its slope 2 w = 4, and 2 - 0.25 * 4 = 1.",
    )  # fmt: skip
    expect_close(loss, 4.0, "the loss that train_step gives", "w² at w = 2, before the step.")


def test_unit_trainer_train_step_outputs_first():
    trainer = one_weight()
    trainer.loss_fn = lopsided
    expect_close(
        trainer.train_step(column(1.0), column(1.0)), 5.0,
        "the loss where loss_fn gives 3 outputs - targets, for output 2 and target 1",
        OUTPUTS_FIRST,
    )  # fmt: skip


def test_unit_trainer_train_step_gradients_of_this_batch():
    trainer = one_weight()
    for expected in (1.0, 0.5, 0.25):
        trainer.train_step(column(1.0), column(0.0))
        expect_close(
            weight_of(trainer), expected, "the weight 2 after several steps with lr 0.25",
            "Each step halves it: 1, 0.5, 0.25. backward adds to the gradients that are there, "
            "so those of the step before have to go.",
        )  # fmt: skip


def test_unit_trainer_train_step_gradients_from_before():
    trainer = one_weight()
    trainer.model.weight.grad = Tensor([[100.0]])
    trainer.train_step(column(1.0), column(0.0))
    expect_close(
        weight_of(trainer), 1.0, "the weight 2 after a step, where an old gradient of 100 lay",
        "Whoever looked at gradients before training left them. Clear them before backward, not "
        "after the step.",
    )  # fmt: skip


def test_unit_trainer_train_step_number():
    loss = one_weight().train_step(column(1.0), column(0.0))
    expect_true(
        type(loss) is float, f"train_step gives a {type(loss).__name__}, expected a float",
        "A tensor would hold on to all that it was made of. note() gives the loss as a number.",
    )  # fmt: skip


def test_unit_trainer_train_step_written_down():
    trainer = one_weight(lr=0.0, metrics={"largest": lambda out, _: out.max().item()})
    for inputs, targets in pairs([1.0], [2.0, 2.0, 2.0]):
        trainer.train_step(inputs, targets)
    expect_equal(
        trainer.totals.count, 4, "the number of examples written down after batches of 1 and 3",
        "note(loss, outputs, targets) writes down each batch, once.",
    )  # fmt: skip
    expect_close(
        np.array([trainer.totals.result()[name] for name in ("loss", "largest")]), [13.0, 3.5],
        "the means of loss and of the largest output, after batches of 1 and 3",
        "Losses 4 and 16, largest outputs 2 and 4, weighed 1 : 3. Outputs and targets go to note.",
    )  # fmt: skip


def test_unit_trainer_train_step_uses_update():
    scheduler = Steps(per_batch=True)
    trainer = one_weight(scheduler=scheduler)
    for _ in range(3):
        trainer.train_step(column(1.0), column(0.0))
    expect_equal(
        scheduler.count, 3, "the steps of a scheduler that counts updates, after 3 batches",
        "update() clips, moves the weights and turns the rate; optimizer.step() alone does not.",
    )  # fmt: skip


def test_unit_trainer_train_step_not_finite():
    trainer = one_weight()
    expect_raises(
        ValueError, lambda: trainer.train_step(column(math.inf), column(0.0)),
        "train_step of an infinite input", "note() refuses a loss that is no number.",
        mentions=["inf", "epoch 1", "batch 1"],
    )  # fmt: skip
    expect_close(
        weight_of(trainer), 2.0, "the weight after a loss of inf was refused",
        "One step with it and the weight is nan for ever: call note before you update.",
    )  # fmt: skip


# -- accuracy -------------------------------------------------------------------------------------


def test_unit_accuracy_example():
    scores, classes = Tensor([[2.0, 1.0], [0.0, 5.0], [3.0, 4.0]]), Tensor([0, 0, 1])
    expect_close(
        accuracy(scores, classes), 2 / 3, "accuracy([[2. 1.] [0. 5.] [3. 4.]], [0 0 1])",
        "The largest scores are at 0, 1 and 1; the right classes are 0, 0 and 1. Two of three.",
    )  # fmt: skip


def test_unit_accuracy_rows():
    scores = Tensor(np.eye(4, dtype=np.float32)[[2, 0, 3, 1, 1]])  # (5, 4)
    for classes, right in (([2, 0, 3, 1, 1], 1.0), ([0, 1, 2, 3, 0], 0.0), ([2, 0, 0, 0, 0], 0.4)):
        expect_close(
            accuracy(scores, Tensor(classes)), right,
            f"accuracy of 5 rows whose largest scores are at [2 0 3 1 1], for {classes}",
            "Each row is an example, and its answer is the place of its largest score.",
        )  # fmt: skip


def test_unit_accuracy_number():
    share = accuracy(Tensor([[2.0, 1.0]]), Tensor([0]))
    expect_true(
        type(share) is float, f"accuracy gives a {type(share).__name__}, expected a float",
        "It goes into the history, which is saved as numbers: .item(), or float(...).",
    )  # fmt: skip


# -- evaluate -------------------------------------------------------------------------------------


def test_unit_trainer_evaluate_example():
    data = [(column(1.0, 1.0), column(2.0, 1.0))]
    found = one_weight().evaluate(data)
    expect_equal(
        found, {"loss": 0.5}, "evaluate of one batch",
        "The answers are 2 and 2, the targets 2 and 1: the squares 0 and 1, their mean 0.5.",
    )  # fmt: skip


def test_unit_trainer_evaluate_over_examples():
    trainer = one_weight(metrics={"largest": lambda out, _: out.max().item()})
    found = trainer.evaluate(pairs([1.0, 1.0, 1.0], [5.0]))
    expect_equal(
        list(found), ["loss", "largest"], "the names that evaluate gives",
        "measure() gives the loss and all metrics, by name: hand the whole dictionary to add().",
    )  # fmt: skip
    expect_close(
        np.array([found["loss"], found["largest"]]), [28.0, 4.0],
        "evaluate's loss and largest output, for batches of 3 and 1",
        "Losses of 4, three times, and 100: their mean is 112 / 4 = 28. The mean of two batches "
        "would be 52, and the last batch would count for too much. Metrics are of outputs and "
        "targets, in this order.",
    )  # fmt: skip


def test_unit_trainer_evaluate_outputs_first():
    trainer = one_weight(metrics={"first": lambda out, target: target.item()})
    trainer.loss_fn = lopsided
    found = trainer.evaluate([(column(1.0), column(1.0))])
    expect_close(
        np.array([found["loss"], found["first"]]), [5.0, 1.0],
        "3 outputs - targets as the loss, targets as a metric, for output 2 and target 1",
        f"{OUTPUTS_FIRST} measure(loss, outputs, targets), too.",
    )  # fmt: skip


def test_unit_trainer_evaluate_dropout_off():
    model = Sequential(Dropout(0.5))
    trainer = Trainer(model, SGD([Tensor([1.0], requires_grad=True)]), MSELoss())
    found = trainer.evaluate([(Tensor(np.ones((1, 64))), Tensor(np.ones((1, 64))))])
    expect_close(
        found["loss"], 0.0, "evaluate's loss of a model that is nothing but Dropout",
        "When you measure, nothing is switched off at random: model.eval().",
    )  # fmt: skip


def test_unit_trainer_evaluate_mode_put_back():
    trainer = one_weight()
    for mode in (True, False):
        trainer.model.train(mode)
        trainer.evaluate(pairs([1.0]))
        expect_equal(
            trainer.model.training, mode, f"model.training after evaluate, before it was {mode}",
            "Whoever measures in the middle of training must not end it, and the other way round.",
        )  # fmt: skip


def test_unit_trainer_evaluate_mode_of_all_layers():
    model = Sequential(Sequential(Dropout(0.5), Linear(1, 1)), Dropout(0.5))
    trainer = Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss())
    trainer.evaluate(pairs([1.0]))
    expect_equal(
        [module.training for module in model.modules()], [True] * 5,
        "training of a model and of the 4 modules in it, after evaluate in training mode",
        "train(mode) tells all layers within; to set model.training reaches the outermost only.",
    )  # fmt: skip


def test_unit_trainer_evaluate_records_nothing():
    trainer, recording = one_weight(), []
    plain = trainer.loss_fn
    trainer.loss_fn = lambda out, target: recording.append(is_recording()) or plain(out, target)
    trainer.evaluate(pairs([1.0], [2.0]))
    expect_equal(
        recording, [False, False], "whether evaluate recorded, for each batch",
        "A record that nobody walks back holds every intermediate array: no_grad().",
    )  # fmt: skip
    expect_equal(is_recording(), True, "whether recording is on after evaluate")


def test_unit_trainer_evaluate_learns_nothing():
    trainer = one_weight()
    trainer.model.weight.grad = Tensor([[7.0]])
    trainer.evaluate(pairs([1.0], [2.0]))
    grad = trainer.model.weight.grad
    expect_close(weight_of(trainer), 2.0, "the weight after evaluate", "Measuring moves nothing.")
    expect_true(
        grad is not None and grad.item() == 7.0, f"the gradient after evaluate is {grad}, it was 7",
        "Gradients may be waiting for more batches. Measuring leaves them alone.",
    )  # fmt: skip


def test_unit_trainer_evaluate_is_not_training():
    trainer = one_weight()
    trainer.evaluate(pairs([1.0], [2.0]))
    expect_equal(
        (trainer.totals.count, trainer.loss, trainer.batch), (0, None, 0),
        "examples, loss and batches of training after evaluate",
        "note() writes into the means of training. Measure with measure(), into Means of your own.",
    )  # fmt: skip


# -- accumulate_step ------------------------------------------------------------------------------


def test_unit_trainer_accumulate_step_example():
    trainer = one_weight(accumulate=2)
    for number, target, expected, weight in ((1, 0.0, 4.0, 2.0), (2, 1.0, 1.0, 1.25)):
        loss = trainer.accumulate_step(column(1.0), column(target))
        expect_close(
            weight_of(trainer), weight, f"the weight 2 after batch {number} of a group of 2",
            "The first batch only waits: the weight stays 2. Slopes 4 and 2 have the mean 3, and "
            "2 - 0.25 * 3 = 1.25.",
        )  # fmt: skip
        expect_close(
            loss, expected, f"the loss that accumulate_step gives for batch {number} of 2",
            "(2 - target)², of this batch alone: as note() gives it, before any scaling.",
        )  # fmt: skip


def test_unit_trainer_accumulate_step_number():
    loss = one_weight(accumulate=2).accumulate_step(column(1.0), column(0.0))
    expect_true(
        type(loss) is float, f"accumulate_step gives a {type(loss).__name__}, expected a float",
        "A tensor would hold on to all that it was made of. note() gives the loss as a number.",
    )  # fmt: skip


def test_unit_trainer_accumulate_step_outputs_first():
    trainer = one_weight(accumulate=2)
    trainer.loss_fn = lopsided
    expect_close(
        trainer.accumulate_step(column(1.0), column(1.0)), 5.0,
        "the loss where loss_fn gives 3 outputs - targets, for output 2 and target 1",
        OUTPUTS_FIRST,
    )  # fmt: skip


def test_unit_trainer_accumulate_step_large_batch():
    for sizes in ([2, 2, 2], [3, 1, 2], [1, 4, 1]):
        inputs = np.arange(1.0, 7.0)
        large, small = one_weight(lr=0.01), one_weight(lr=0.01, accumulate=3)
        large.train_step(column(*inputs), column(*[0.0] * 6))
        for part in np.split(inputs, np.cumsum(sizes)[:-1]):
            small.accumulate_step(column(*part), column(*[0.0] * len(part)))
        expect_close(
            weight_of(small), weight_of(large),
            f"the weight after batches of {sizes}, against one batch of 6",
            "A group is worth one large batch: every example counts the same, so a batch counts "
            "by its size. One part: what waits is scaled down; the other: the new loss is.",
        )  # fmt: skip


def test_unit_trainer_accumulate_step_mean_of_what_waits():
    trainer = one_weight(accumulate=5)
    for (inputs, targets), expected in zip(
        pairs([1.0], [3.0], [2.0, 2.0]), (4, 20, 18), strict=True
    ):
        trainer.accumulate_step(inputs, targets)
        expect_close(
            trainer.model.weight.grad, [[expected]], "the gradient while batches of 1, 1, 2 wait",
            "Slopes 4 and 36, then 16 twice: the means are 4, 20 and 18. At any moment it is the "
            "mean over all that wait, so that an epoch may end in the middle of a group.",
        )  # fmt: skip
    expect_equal(
        list(trainer.waiting), [1, 1, 2], "waiting, after batches of 1, 1 and 2",
        "The sizes of the batches that wait: append each.",
    )  # fmt: skip
    expect_close(weight_of(trainer), 2.0, "the weight while 3 of 5 batches wait")


def test_unit_trainer_accumulate_step_next_group():
    trainer = one_weight(accumulate=2)
    trainer.model.weight.grad = Tensor([[100.0]])
    for (inputs, targets), expected in zip(pairs(*[[1.0]] * 4), (2.0, 1.0, 1.0, 0.5), strict=True):
        trainer.accumulate_step(inputs, targets)
        expect_close(
            weight_of(trainer), expected, "the weight after 1, 2, 3 and 4 batches in groups of 2",
            "2, 1, 1, 0.5. Each group begins without old gradients, also the very first.",
        )  # fmt: skip


def test_unit_trainer_accumulate_step_written_down():
    metrics = {"largest": lambda out, _: out.max().item()}
    trainer = one_weight(lr=0.0, accumulate=3, metrics=metrics)
    for inputs, targets in pairs([1.0], [2.0, 2.0, 2.0]):
        trainer.accumulate_step(inputs, targets)
    expect_close(
        np.array([trainer.totals.result()[name] for name in ("loss", "largest")]), [13.0, 3.5],
        "the means of loss and of the largest output, after batches of 1 and 3",
        "Losses 4 and 16, largest outputs 2 and 4, weighed 1 : 3. Note the loss itself, once, "
        "with outputs and targets; not the part that you send back.",
    )  # fmt: skip


def test_unit_trainer_accumulate_step_clips_the_group():
    trainer = one_weight(accumulate=2, max_norm=1.0)
    trainer.accumulate_step(column(1.0), column(0.0))
    expect_close(
        trainer.model.weight.grad, [[4.0]], "the gradient that waits, in groups of 2, max_norm 1",
        "update() clips, once for the whole group. Clipped batch by batch it is another arrow.",
    )  # fmt: skip


def test_unit_trainer_accumulate_step_not_finite():
    trainer = one_weight(accumulate=2)
    trainer.accumulate_step(column(1.0), column(0.0))
    expect_raises(
        ValueError, lambda: trainer.accumulate_step(column(math.inf), column(0.0)),
        "accumulate_step of an infinite input", "note() refuses a loss that is no number.",
        mentions=["inf"],
    )  # fmt: skip
    expect_close(
        trainer.model.weight.grad, [[4.0]], "the gradient that waits, after a loss of inf",
        "Call note before anything changes.",
    )  # fmt: skip


# -- train_epoch ----------------------------------------------------------------------------------


def test_unit_trainer_train_epoch_example():
    trainer = one_weight()
    means = trainer.train_epoch(pairs([1.0], [1.0]))
    expect_equal(
        means, {"loss": 2.5}, "what train_epoch gives after two batches",
        "The losses are 4 at w = 2 and 1 at w = 1; their mean is 2.5.",
    )  # fmt: skip
    expect_equal(
        trainer.epoch, 1, "the number of epochs done", "finish_epoch() counts it, at the end."
    )
    expect_close(weight_of(trainer), 0.5, "the weight after two batches")


def test_unit_trainer_train_epoch_over_examples():
    trainer = one_weight(lr=0.0)
    means = trainer.train_epoch(pairs([1.0, 1.0, 1.0], [5.0]))
    expect_close(
        means["loss"], 28.0, "train_epoch's mean loss for batches of 3 and 1",
        "4, three times, and 100: 112 / 4. The mean of the two batches would be 52.",
    )  # fmt: skip
    expect_equal(
        [entry["loss"] for entry in trainer.history], [28.0], "the losses in the history",
        "finish_epoch() writes one entry an epoch.",
    )  # fmt: skip


def test_unit_trainer_train_epoch_training_mode():
    trainer, modes = one_weight(), []
    trainer.model.eval()
    plain = trainer.loss_fn
    trainer.loss_fn = lambda *a: modes.append(trainer.model.training) or plain(*a)
    trainer.train_epoch(pairs([1.0]))
    expect_equal(
        modes, [True], "model.training during train_epoch, for a model that was in eval mode",
        "Without it Dropout would do nothing, and nothing would say so.",
    )  # fmt: skip


def test_unit_trainer_train_epoch_callbacks():
    seen = Seen()
    one_weight(callbacks=[seen]).train_epoch(pairs([1.0], [1.0], [1.0]))
    expect_heard(
        seen, ["start 0", "batch 1", "batch 2", "batch 3"],
        "what a callback hears and reads in an epoch of 3 batches",
        'remaining(data) says the start; data itself says nothing. After each batch count it, '
        'then notify("on_batch_end"), under this very name, whether somebody stops or not.',
    )  # fmt: skip


def test_unit_trainer_train_epoch_stop():
    metrics = {"largest": lambda out, _: out.max().item()}
    trainer = one_weight(callbacks=[Seen(stop_at="batch 2")], metrics=metrics)
    means = trainer.train_epoch(pairs([1.0], [1.0], [1.0]))
    expect_equal(
        (trainer.epoch, trainer.batch, len(trainer.history)), (0, 2, 0),
        "epochs, batches and length of the history after a stop at batch 2 of 3",
        "The epoch stays open: it is not finished, and later goes on with batch 3. "
        "finish_epoch() would close it.",
    )  # fmt: skip
    expect_equal(
        means, {"loss": 2.5, "largest": 1.5}, "what train_epoch gives after a stop",
        "The means so far, of the loss and of all metrics: totals.result().",
    )  # fmt: skip
    expect_close(weight_of(trainer), 0.5, "the weight after a stop at batch 2 of 3")


def test_unit_trainer_train_epoch_stop_draws_no_more():
    data = Drawn([1.0], [1.0], [1.0])
    one_weight(callbacks=[Seen(stop_at="batch 2")]).train_epoch(data)
    expect_equal(
        data.count, 2, "the batches that were drawn from the data until a stop at batch 2",
        "Look at stop at the end of the round. At its beginning the next batch is drawn already; "
        "data that counts what it gave would not give it again.",
    )  # fmt: skip


def test_unit_trainer_train_epoch_stop_at_the_last():
    seen = Seen(stop_at="batch 2")
    trainer = one_weight(callbacks=[seen])
    data = pairs([1.0], [1.0])
    trainer.train_epoch(data)
    expect_equal(
        (trainer.epoch, trainer.batch, len(trainer.history)), (0, 2, 0),
        "epochs, batches and length of the history after a stop at batch 2 of 2",
        "A stop leaves the epoch open, whichever batch it is; the next call closes it.",
    )  # fmt: skip
    trainer.stop, seen.stop_at = False, None
    means = trainer.train_epoch(data)
    expect_equal(
        (means, trainer.epoch, trainer.batch), ({"loss": 2.5}, 1, 0),
        "means, epochs and batches, where only closing was left to do",
        "remaining(data) has no batch any more, and finish_epoch() comes after the loop.",
    )  # fmt: skip


def test_unit_trainer_train_epoch_stop_while_gradients_wait():
    trainer = one_weight(accumulate=3, callbacks=[Seen(stop_at="batch 1")])
    trainer.train_epoch(pairs([1.0], [1.0]))
    expect_equal(
        (list(trainer.waiting), weight_of(trainer)), ([1], 2.0),
        "what waits, and the weight 2, after a stop in the middle of a group",
        "What waits goes on waiting: a step with half of a group is one that the run without a "
        "stop would not take.",
    )  # fmt: skip


def test_unit_trainer_train_epoch_goes_on():
    seen = Seen(stop_at="batch 2")
    trainer = one_weight(lr=0.0, callbacks=[seen])
    data = pairs([1.0], [2.0], [3.0])
    trainer.train_epoch(data)
    trainer.stop, seen.stop_at = False, None
    means = trainer.train_epoch(data)
    expect_heard(
        seen, ["start 0", "batch 1", "batch 2", "batch 3"],
        "what a callback hears of an epoch that was stopped and went on",
        "remaining(data) yields what has not been used yet.",
    )  # fmt: skip
    expect_close(
        means["loss"], (4 + 16 + 36) / 3, "the mean loss of the epoch that was stopped in between"
    )


def test_unit_trainer_train_epoch_accumulates():
    large, small = one_weight(lr=0.01), one_weight(lr=0.01, accumulate=2)
    large.train_epoch(pairs([1.0, 2.0, 3.0], [4.0, 5.0]))
    small.train_epoch(pairs([1.0, 2.0], [3.0], [4.0, 5.0]))
    expect_close(
        weight_of(small), weight_of(large),
        "the weight after batches of 2, 1 and 2 in groups of 2, against batches of 3 and 2",
        "With accumulate above 1 each batch goes through accumulate_step. The last group has only "
        "one batch; finish_epoch updates with it.",
    )  # fmt: skip


def test_unit_trainer_train_epoch_rate():
    for per_batch, expected in ((False, 1), (True, 3)):
        scheduler = Steps(per_batch)
        one_weight(scheduler=scheduler).train_epoch(pairs([1.0], [1.0], [1.0]))
        expect_equal(
            scheduler.count, expected,
            f"the steps of a scheduler with per_batch={per_batch}, after an epoch of 3 batches",
            "finish_epoch steps those that count epochs, update those that count updates. Nobody "
            "else does.",
        )  # fmt: skip


def test_unit_trainer_train_epoch_no_batch():
    expect_raises(
        ValueError, lambda: one_weight().train_epoch(iter([])), "train_epoch of no batches",
        "remaining(data) says so: an iterator that is used up would train nothing, in silence.",
        mentions=["epoch 1"],
    )  # fmt: skip


# -- fit ------------------------------------------------------------------------------------------


def test_unit_trainer_fit_example():
    trainer = one_weight()
    history = trainer.fit(pairs([1.0]), epochs=3)
    expect_equal(
        [entry["loss"] for entry in history], [4.0, 1.0, 0.25], "the losses of three epochs",
        "w is 2, 1 and 0.5 when they begin, and the loss is w².",
    )  # fmt: skip
    expect_equal([entry["epoch"] for entry in history], [1, 2, 3], "the epochs in the history")


def test_unit_trainer_fit_counts_from_the_start():
    trainer = one_weight()
    trainer.fit(pairs([1.0]), epochs=2)
    trainer.fit(pairs([1.0]), epochs=3)
    expect_equal(
        len(trainer.history), 3, "the entries of the history after fit to 2, then to 3 epochs",
        "epochs counts from the very beginning, so that a run that was stopped can be started "
        "by the same line.",
    )  # fmt: skip
    seen = Seen()
    trainer.callbacks.append(seen)
    history = trainer.fit(pairs([1.0]), epochs=3)
    expect_equal(
        len(history), 3, "the entries that fit gives, asked for 3 epochs once more",
        "All of the history, also of the calls before, and no epoch more.",
    )  # fmt: skip
    expect_heard(
        seen, ["fit of 3", "end of fit"], "what a callback hears of a fit with nothing left to do",
        "on_fit_start and on_fit_end are heard in any case.",
    )  # fmt: skip


def test_unit_trainer_fit_validation():
    trainer = one_weight(metrics={"largest": lambda out, _: out.max().item()})
    history = trainer.fit(pairs([1.0]), epochs=2, validation=pairs([3.0]))
    expect_equal(
        [name for name in history[0] if name not in ("lr", "seconds")],
        ["epoch", "loss", "largest", "val_loss", "val_largest"], "the names in the history",
    )  # fmt: skip
    expect_close(
        np.array([entry["val_loss"] for entry in history]), [9.0, 2.25],
        "val_loss after epochs 1 and 2",
        "(3 w)² with w = 1 and 0.5: measured after the epoch, on the validation data.",
    )  # fmt: skip
    plain = one_weight().fit(pairs([1.0]), epochs=1)
    expect_equal(
        [name for name in plain[0] if name.startswith("val")],
        [],
        "what a fit without validation measures",
    )


def test_unit_trainer_fit_callbacks():
    seen = Seen()
    one_weight(callbacks=[seen]).fit(pairs([1.0], [1.0]), epochs=2, validation=pairs([1.0]))
    expect_heard(
        seen,
        ["fit of 2", "start 0", "batch 1", "batch 2", "end 1 val_loss"]
        + ["start 1", "batch 1", "batch 2", "end 2 val_loss", "end of fit"],
        "what a callback hears of 2 epochs of 2 batches",
        "fit start; of each epoch start, batches, end; fit end. When an epoch ends, its "
        "validation is in the history already, and epochs is known from the start.",
    )  # fmt: skip


def test_unit_trainer_fit_stop():
    for stop_at, expected in (
        ("end 1", ["fit of 5", "start 0", "batch 1", "end 1", "end of fit"]),
        ("fit of 5", ["fit of 5", "end of fit"]),
    ):
        seen = Seen(stop_at)
        one_weight(callbacks=[seen]).fit(pairs([1.0]), epochs=5)
        expect_heard(
            seen, expected, f"what a callback hears that stops at {stop_at!r}",
            "stop = False comes before on_fit_start; stop is looked at before each epoch; "
            "on_fit_end is heard in any case.",
        )  # fmt: skip


def test_unit_trainer_fit_stop_within():
    seen = Seen(stop_at="batch 1")
    trainer = one_weight(callbacks=[seen])
    data = pairs([1.0], [1.0])
    try:
        trainer.fit(data, epochs=2, validation=data)
    except IndexError as error:
        raise Mismatch(
            f"fit, stopped after the first batch of two: IndexError: {error}",
            "The epoch was left open, and has no entry in the history yet. Where batch is not 0 "
            "after train_epoch, leave the loop before you validate.",
        ) from None
    expect_heard(
        seen, ["fit of 2", "start 0", "batch 1", "end of fit"],
        "what a callback hears that stops after the first batch of two",
        "The epoch is open: it is not validated, and it has not ended. batch tells: it is 0 only "
        "between epochs.",
    )  # fmt: skip
    seen.stop_at = None
    trainer.fit(data, epochs=2, validation=data)
    expect_equal(
        (trainer.epoch, trainer.batch), (2, 0), "epochs and batches after fit is called again",
        "A new fit begins with stop = False, and goes on where the old one was.",
    )  # fmt: skip
    expect_close(weight_of(trainer), 0.125, "the weight after 4 batches, one of them before a stop")


def test_unit_trainer_fit_stop_within_the_second():
    seen = Seen(stop_at=7)
    trainer = one_weight(callbacks=[seen])
    data = pairs([1.0], [1.0])
    trainer.fit(data, epochs=2, validation=data)
    expect_heard(
        seen,
        ["fit of 2", "start 0", "batch 1", "batch 2", "end 1 val_loss"]
        + ["start 1", "batch 1", "end of fit"],
        "what a callback hears that stops at the first batch of the second epoch",
        "history[-1] is the entry of the epoch before: an open epoch has none yet, and has not "
        "ended. Where batch is not 0 after train_epoch, leave the loop.",
    )  # fmt: skip


# -- clip_grad_norm_ ------------------------------------------------------------------------------


def with_gradients(*gradients):
    """Give parameters of zeros that have these gradients."""
    found = []
    for g in gradients:
        parameter = Tensor(np.zeros(np.shape(g), np.float32), requires_grad=True)
        parameter.grad = Tensor(np.array(g, np.float32))
        found.append(parameter)
    return found


def test_unit_clip_grad_norm_example():
    (weight,) = with_gradients([3.0, 4.0])
    norm = clip_grad_norm_([weight], max_norm=1.0)
    expect_close(
        weight.grad, [0.6, 0.8], "the gradient [3. 4.] clipped to norm 1",
        "Its length is 5: a fifth of it has length 1 and the same direction.",
    )  # fmt: skip
    expect_close(norm, 5.0, "the norm that clip_grad_norm_ gives", "The one before clipping.")


def test_unit_clip_grad_norm_all_together():
    a, b = with_gradients([[2.0, 4.0]], [4.0])
    norm = clip_grad_norm_([a, b], max_norm=3.0)
    expect_close(
        norm, 6.0, "the norm of the gradients [[2. 4.]] and [4.]",
        "All gradients are one long vector: sqrt(4 + 16 + 16).",
    )  # fmt: skip
    expect_close(
        np.append(a.grad.data, b.grad.data), [1.0, 2.0, 2.0], "[[2. 4.]] and [4.] clipped to 3",
        "One factor for all, here a half. Were each cut by itself, the direction would change.",
    )  # fmt: skip


def test_unit_clip_grad_norm_of_a_matrix():
    (weight,) = with_gradients(np.eye(2))
    expect_close(
        clip_grad_norm_([weight], max_norm=5.0), math.sqrt(2), "the norm of [[1. 0.] [0. 1.]]",
        "All numbers are one long vector: make each gradient flat first. np.linalg.norm takes "
        "another norm of a matrix, if it is handed one and a norm_type.",
    )  # fmt: skip


def test_unit_clip_grad_norm_small_ones_stay():
    for g in ([0.3, 0.4], [0.0, 0.0], [0.6, 0.8]):
        (weight,) = with_gradients(g)
        clip_grad_norm_([weight], max_norm=1.0)
        expect_close(
            weight.grad, g, f"the gradient {g} clipped to norm 1",
            "It is short enough: clipping shortens, it never makes longer.", rtol=3e-6,
        )  # fmt: skip


def test_unit_clip_grad_norm_in_place():
    (weight,) = with_gradients([3.0, 4.0])
    before, array = weight.grad, weight.grad.data
    norm = clip_grad_norm_([weight], max_norm=1.0)
    expect_true(
        weight.grad is before and weight.grad.data is array,
        "clip_grad_norm_ put another tensor in the place of the gradient",
        "The underscore says: in place. g *= factor changes what is there.",
    )  # fmt: skip
    expect_equal(weight.grad.dtype, np.dtype(np.float32), "the dtype of the gradient")
    expect_true(
        isinstance(norm, Tensor) and norm.shape == (), f"clip_grad_norm_ gives {norm!r}",
        "A tensor of shape (), as in PyTorch.",
    )  # fmt: skip


def test_unit_clip_grad_norm_without_gradients():
    (weight,) = with_gradients([3.0, 4.0])
    frozen = Tensor([1.0], requires_grad=True)
    clip_grad_norm_([frozen, weight], max_norm=1.0)
    expect_close(
        weight.grad, [0.6, 0.8], "[3. 4.] clipped, beside a parameter without a gradient",
        "What has no gradient is passed over.",
    )  # fmt: skip
    expect_close(clip_grad_norm_([frozen], 1.0), 0.0, "the norm where nothing has a gradient")
    expect_close(
        clip_grad_norm_(weight, 0.5), 1.0, "the norm for one parameter, given without a list"
    )


def test_unit_clip_grad_norm_generator():
    (weight,) = with_gradients([3.0, 4.0])
    clip_grad_norm_(iter([weight]), max_norm=1.0)
    expect_close(
        weight.grad, [0.6, 0.8], "[3. 4.] clipped, its parameter handed over by a generator",
        "model.parameters() may be a generator: walk through it once, it is empty the second time.",
    )  # fmt: skip


def test_unit_clip_grad_norm_largest_element():
    a, b = with_gradients([3.0, -8.0], [4.0])
    norm = clip_grad_norm_([a, b], max_norm=2.0, norm_type=math.inf)
    expect_close(norm, 8.0, "the norm of [3. -8.] and [4.] with norm_type=inf", "The largest size.")
    expect_close(
        np.append(a.grad.data, b.grad.data), [0.75, -2.0, 1.0],
        "[3. -8.] and [4.] clipped to 2 with norm_type=inf", "One factor for all: a quarter.",
    )  # fmt: skip


def test_unit_clip_grad_norm_sum_of_sizes():
    a, b = with_gradients([3.0, -8.0], [4.0])
    expect_close(
        clip_grad_norm_([a, b], max_norm=100.0, norm_type=1), 15.0,
        "the norm of [3. -8.] and [4.] with norm_type=1",
        "3 + 8 + 4: np.linalg.norm knows every norm_type. Hand it on both times.",
    )  # fmt: skip


def test_unit_clip_grad_norm_not_finite():
    for bad in (math.nan, math.inf):
        (weight,) = with_gradients([3.0, bad])
        with np.errstate(all="ignore"):
            expect_raises(
                ValueError,
                lambda: clip_grad_norm_([weight], 1.0, error_if_nonfinite=True),  # noqa: B023
                f"clip_grad_norm_ of [3. {bad}], error_if_nonfinite=True",
                "A norm that is nan or inf, either of them, is refused, and its value is named.",
                mentions=[bad],
            )  # fmt: skip
        expect_close(
            weight.grad, [3.0, bad], f"the gradient [3. {bad}] after it was refused",
            "Refuse, then change.",
        )  # fmt: skip


def test_unit_clip_grad_norm_not_refused():
    (weight,) = with_gradients([3.0, math.inf])
    with np.errstate(all="ignore"):
        expect_close(clip_grad_norm_([weight], 1.0), math.inf, "the norm of [3. inf], not refused")
    expect_close(
        weight.grad, [0.0, math.nan], "the gradient [3. inf] clipped to norm 1, not refused",
        "As in PyTorch: the factor 1 / inf is 0, and 0 * inf is nan. Nothing is passed over: what "
        "is not refused is clipped like everything else.",
    )  # fmt: skip


# -- StepLR and CosineAnnealingLR -----------------------------------------------------------------


def rates(make, count, lrs=(0.1,)):
    """Give what a scheduler writes into each group, at its start and after each step."""
    groups = [{"params": [Tensor([0.0], requires_grad=True)], "lr": lr} for lr in lrs]
    optimizer = SGD(groups, lr=1.0)
    scheduler, found = make(optimizer), []
    for _ in range(count):
        found.append([group["lr"] for group in optimizer.param_groups])
        scheduler.step()
    return np.array(found)


def test_unit_steplr_get_lr_example():
    found = rates(lambda o: StepLR(o, step_size=2, gamma=0.5), 5, [0.8])
    expect_close(
        found[:, 0], [0.8, 0.8, 0.4, 0.4, 0.2], "StepLR(step_size=2, gamma=0.5), rate 0.8, 5 steps",
        "0.8 for two steps, 0.4 for two, then 0.2: the power is last_epoch // step_size, and "
        "last_epoch begins at 0.",
    )  # fmt: skip


def test_unit_steplr_get_lr_as_pytorch():
    recorded = [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025]
    expect_close(
        rates(lambda o: StepLR(o, 3, 0.5), 8)[:, 0], recorded,
        "StepLR(step_size=3, gamma=0.5), rate 0.1, 8 steps", "The numbers are PyTorch's.",
        rtol=1e-9,
    )  # fmt: skip
    expect_close(
        rates(lambda o: StepLR(o, 1), 3)[:, 0], [0.1, 0.01, 0.001],
        "StepLR(step_size=1), gamma as it is", "Its gamma is 0.1.",
    )  # fmt: skip


def test_unit_steplr_get_lr_groups():
    expect_close(
        rates(lambda o: StepLR(o, 1, 0.5), 3, [0.8, 0.2]), [[0.8, 0.2], [0.4, 0.1], [0.2, 0.05]],
        "StepLR of two groups, rates 0.8 and 0.2", "base_lrs holds one first rate a group.",
    )  # fmt: skip


def test_unit_steplr_get_lr_from_the_first_rate():
    optimizer = SGD([Tensor([0.0], requires_grad=True)], lr=0.8)
    scheduler = StepLR(optimizer, 1, 0.5)
    scheduler.step()
    for _ in range(2):
        expect_equal(
            scheduler.get_lr(), [0.4], "get_lr() asked twice after one step",
            "It computes the rate from base_lrs and last_epoch, and changes nothing: asked again, "
            "it says the same.",
        )  # fmt: skip


def test_unit_cosineannealinglr_get_lr_example():
    found = rates(lambda o: CosineAnnealingLR(o, T_max=2), 3, [1.0])
    expect_close(
        found[:, 0], [1.0, 0.5, 0.0], "CosineAnnealingLR(T_max=2), rate 1, 3 steps",
        "cos of 0, of pi / 2 and of pi is 1, 0 and -1; (1 + cos) / 2 is 1, a half and 0.",
    )  # fmt: skip


def test_unit_cosineannealinglr_get_lr_as_pytorch():
    down = [0.1, 0.091405765, 0.068905765, 0.041094235, 0.018594235, 0.01]
    expect_close(
        rates(lambda o: CosineAnnealingLR(o, 5, eta_min=0.01), 13)[:, 0],
        [*down, *down[-2::-1], *down[1:3]],
        "CosineAnnealingLR(T_max=5, eta_min=0.01), rate 0.1, 13 steps",
        "The numbers are PyTorch's: down to eta_min in T_max steps, and up again as a cosine does.",
        rtol=1e-7,
    )  # fmt: skip


def test_unit_cosineannealinglr_get_lr_groups():
    expect_close(
        rates(lambda o: CosineAnnealingLR(o, 2, eta_min=0.2), 3, [1.0, 0.2]),
        [[1.0, 0.2], [0.6, 0.2], [0.2, 0.2]], "CosineAnnealingLR of rates 1 and 0.2, eta_min 0.2",
        "From each base to eta_min.",
    )  # fmt: skip


# -- state_dict -----------------------------------------------------------------------------------


def full_trainer(accumulate=1, **options):
    """Give a trainer with all that a run can hold: Adam, dropout, a scheduler of updates."""
    manual_seed(1)
    model = Sequential(Linear(3, 8), ReLU(), Dropout(0.5), Linear(8, 2))
    optimizer = Adam(model.parameters(), lr=0.05)
    scheduler = Halving(optimizer)
    return Trainer(
        model, optimizer, CrossEntropyLoss(), scheduler=scheduler, accumulate=accumulate, **options
    )


class Halving:
    """A scheduler that halves the rate after every third update."""

    per_batch = True

    def __init__(self, optimizer):
        self.optimizer, self.count = optimizer, 0

    def step(self):
        """Count, and halve where it is time."""
        self.count += 1
        for group in self.optimizer.param_groups:
            group["lr"] *= 0.5 if self.count % 3 == 0 else 1.0

    def state_dict(self):
        """Give the count."""
        return {"count": self.count}

    def load_state_dict(self, state):
        """Take the count over."""
        self.count = state["count"]


def examples(count=10):
    """Give batches of 4 of random points in two classes; the last one has 2."""
    draw = np.random.default_rng(5)
    inputs = draw.normal(0, 1, (count, 3)).astype(np.float32)
    return batches(Tensor(inputs), Tensor((inputs[:, 0] > inputs[:, 1]).astype(int)), 4)


class Keep:
    """A callback that keeps a state after every batch."""

    def __init__(self):
        self.states = []

    def on_batch_end(self, trainer):
        """Keep."""
        self.states.append(trainer.state_dict())


def test_unit_trainer_state_dict_example():
    model = Linear(1, 1)
    trainer = Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss())
    state = without_scheduler(trainer.state_dict, "state_dict()")
    expect_equal(
        list(state), ["model", "optimizer", "scheduler", "random", "position"],
        "the names in state_dict()", "In this order, so that a wrong model is refused first.",
    )  # fmt: skip
    expect_equal(state["scheduler"], None, "'scheduler' in the state of a trainer without one")


def test_unit_trainer_state_dict_what_it_holds():
    trainer = full_trainer()
    trainer.train_step(*next(iter(examples())))
    trainer.batch = 1
    random = get_rng_state()
    state = trainer.state_dict()
    weights = trainer.model[0].weight
    expect_close(state["model"]["0.weight"], weights.data, "the first weight in the state")
    count = state["optimizer"].get("state", {}).get(0, {}).get("step", "not there")
    expect_true(
        count == 1, f"Adam's step count in the state is {count}, expected 1",
        "The optimizer has a state_dict() of its own: all of it belongs into the state.",
    )  # fmt: skip
    expect_equal(state["scheduler"], {"count": 1}, "the scheduler's state")
    expect_true(
        state["random"] == random, "the random numbers' state is not what get_rng_state() gives",
        "Dropout draws from these numbers.",
    )  # fmt: skip
    position = state["position"]
    expect_equal(
        (position["batch"], position["totals"]["count"]), (1, 4),
        "batches and examples in the position", "position() gives it.",
    )  # fmt: skip


def test_unit_trainer_state_dict_is_a_copy():
    trainer, data = full_trainer(accumulate=3), list(examples())
    trainer.accumulate_step(*data[0])
    state = trainer.state_dict()
    weight = np.array(state["model"]["0.weight"].data)
    waiting = np.array(state["position"]["gradients"]["0.weight"])
    for batch in data[1:3]:
        trainer.accumulate_step(*batch)
    expect_true(
        np.array_equal(state["model"]["0.weight"].data, weight),
        "the weights in a state changed when training went on",
        "state_dict() of a model shares its memory. What is kept for later has to be a copy: "
        "copy.deepcopy.",
    )  # fmt: skip
    expect_true(
        np.array_equal(state["position"]["gradients"]["0.weight"], waiting)
        and state["position"]["waiting"] == [4],
        "the waiting gradients in a state changed when training went on",
        "Copy all of the state, not the model's part only: copy.deepcopy of the whole dictionary.",
    )  # fmt: skip


# -- load_state_dict ------------------------------------------------------------------------------


def test_unit_trainer_load_state_dict_example():
    trainer = one_weight()
    state = trainer.state_dict()
    trainer.train_step(column(1.0), column(0.0))
    without_scheduler(lambda: trainer.load_state_dict(state), "load_state_dict")
    expect_close(
        weight_of(trainer), 2.0, "the weight 2 after a step, and after going back",
        "The state was taken before the step.",
    )  # fmt: skip


def test_unit_trainer_load_state_dict_optimizer():
    trainer = full_trainer()
    trainer.train_step(*next(iter(examples())))
    other = full_trainer()
    other.load_state_dict(trainer.state_dict())
    count = other.optimizer.state_dict()["state"].get(0, {}).get("step", "not there")
    expect_true(
        count == 1, f"Adam's step count after loading is {count}, expected 1",
        "The optimizer's state was not loaded: Adam has to go on with its means, not new ones.",
    )  # fmt: skip


def test_unit_trainer_load_state_dict_scheduler():
    trainer = full_trainer()
    trainer.train_step(*next(iter(examples())))
    other = full_trainer()
    other.load_state_dict(trainer.state_dict())
    expect_equal(
        other.scheduler.count, 1, "the scheduler's count after loading",
        "It has a state of its own. Otherwise every later rate comes too late.",
    )  # fmt: skip


def test_unit_trainer_load_state_dict_position():
    trainer = one_weight(accumulate=3)
    trainer.accumulate_step(*pairs([1.0])[0])
    trainer.batch = 1
    other = one_weight(accumulate=3)
    other.load_state_dict(trainer.state_dict())
    grad = other.model.weight.grad
    expect_equal(
        (other.batch, other.waiting, None if grad is None else grad.item()), (1, [1], 4.0),
        "batches done, sizes that wait and their gradient, after loading",
        "go_to(position) puts them back.",
    )  # fmt: skip


def test_unit_trainer_load_state_dict_random_numbers():
    trainer = full_trainer()
    state = trainer.state_dict()
    expected = random_generator().random(3)
    manual_seed(99)
    trainer.load_state_dict(state)
    expect_close(
        random_generator().random(3), expected, "three random numbers drawn after loading",
        "Dropout draws from them: without set_rng_state other units would be switched off.",
    )  # fmt: skip


def test_unit_trainer_load_state_dict_takes_a_copy():
    trainer = full_trainer(accumulate=3)
    data = list(examples())
    trainer.accumulate_step(*data[0])
    state = trainer.state_dict()
    before = copy.deepcopy(state)
    trainer.load_state_dict(state)
    for batch in data[1:3]:
        trainer.accumulate_step(*batch)
    trainer.history.append("another")
    gradients = [s["position"]["gradients"]["0.weight"] for s in (state, before)]
    expect_true(
        np.array_equal(*gradients) and state["position"]["history"] == [],
        "a state that was loaded changed when training went on",
        "It may be loaded again, to try another rate from there: take a copy.deepcopy of it first.",
    )  # fmt: skip


def resumed(accumulate, what, why, **options):
    """Stop after every batch of two epochs, go on in a fresh trainer, and compare the end."""
    __tracebackhide__ = True
    keep = Keep()
    whole = full_trainer(accumulate, callbacks=[keep], **options)
    whole.fit(examples(), epochs=2)
    for number, state in enumerate(keep.states, 1):
        other = full_trainer(accumulate, **options)
        manual_seed(99)
        other.load_state_dict(state)
        other.fit(examples(), epochs=2)
        for (name, ours), theirs in zip(
            other.model.named_parameters(), whole.model.parameters(), strict=True
        ):
            expect_true(
                np.array_equal(ours.data, theirs.data),
                f"{what}, stopped after batch {number} of 6: {name} ends at "
                f"{ours.data.flat[0]:.6f}, without a stop at {theirs.data.flat[0]:.6f}",
                why,
            )  # fmt: skip
        names = ("epoch", "loss", "lr")
        expect_equal(
            [[e[n] for n in names] for e in other.history],
            [[e[n] for n in names] for e in whole.history],
            f"the history of a run stopped after batch {number} of 6",
            "History and running means belong to the position.",
        )  # fmt: skip


def test_unit_trainer_load_state_dict_goes_on_exactly():
    resumed(
        1, "Adam, dropout and a scheduler",
        "Whatever decides what comes next is state: weights, Adam's means, the count of the "
        "scheduler, random numbers, the place in the epoch.",
    )  # fmt: skip


def test_unit_trainer_load_state_dict_while_gradients_wait():
    resumed(
        3,
        "groups of 3 batches",
        "Gradients that wait for an update are part of the position: go_to puts them back.",
    )


def test_unit_trainer_load_state_dict_other_model():
    other = full_trainer()
    other.epoch = 5
    state = other.state_dict()
    trainer = one_weight()
    manual_seed(99)
    random = get_rng_state()
    expect_raises(
        ValueError, lambda: trainer.load_state_dict(state),
        "load_state_dict of the state of another model",
        "Load the model first, as it is: it names the weights that do not fit, while nothing has "
        "changed. Then the optimizer.",
        mentions=["0.weight"],
    )  # fmt: skip
    expect_close(weight_of(trainer), 2.0, "the weight after another model's state was refused")
    expect_true(
        trainer.epoch == 0 and get_rng_state() == random,
        "epochs or random numbers changed, though another model's state was refused",
        "Load the model first: it refuses while nothing has changed. Random numbers and position "
        "come last.",
    )  # fmt: skip


def test_unit_trainer_load_state_dict_without_the_scheduler():
    state = full_trainer().state_dict()
    other = full_trainer()
    other.scheduler = None
    without_scheduler(lambda: other.load_state_dict(state), "load_state_dict, into a trainer")
    expect_true(
        np.array_equal(other.model[0].weight.data, state["model"]["0.weight"].data),
        "the state of a run with a scheduler, loaded into a trainer without: other weights",
        "Who wants to go on at a constant rate leaves the scheduler out; the rest is loaded.",
    )  # fmt: skip


# -- the stage as a whole -------------------------------------------------------------------------


class Net(Module):
    """A small network of the usual kind."""

    def __init__(self):
        super().__init__()
        self.first, self.dropout, self.second = Linear(2, 12), Dropout(0.2), Linear(12, 2)

    def forward(self, x):
        """Map points (N, 2) to scores (N, 2)."""
        return self.second(self.dropout(relu(self.first(x))))


def rings(count=60):
    """Give points in a disc (class 0) and in a ring around it (class 1)."""
    draw = np.random.default_rng(3)
    classes, angle = np.arange(count) % 2, draw.uniform(0, 2 * np.pi, count)
    radius = np.where(classes == 0, draw.uniform(0, 0.7, count), draw.uniform(1.2, 1.8, count))
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return batches(Tensor(points.astype(np.float32)), Tensor(classes), 16)


def ring_trainer(**options):
    """Give a trainer with everything switched on."""
    manual_seed(0)
    model = Net()
    optimizer = Adam(model.parameters(), lr=0.05)
    return Trainer(
        model, optimizer, CrossEntropyLoss(), metrics={"accuracy": accuracy}, max_norm=1.0,
        accumulate=2, scheduler=CosineAnnealingLR(optimizer, T_max=14), **options,
    )  # fmt: skip


def test_module(tmp_path):
    """A network learns rings, is stopped in the middle, and a file brings it to the same end."""
    data, path = rings(), tmp_path / "run.npz"

    class Save:
        def on_batch_end(self, trainer):
            if (trainer.epoch, trainer.batch) == (9, 3):
                trainer.save_checkpoint(path)

    whole = ring_trainer(callbacks=[Save()])
    history = whole.fit(data, epochs=14, validation=data)
    expect_true(
        history[-1]["val_accuracy"] >= 0.95 and history[-1]["loss"] < history[0]["loss"] / 2,
        f"rings: loss {history[0]['loss']:.2f} -> {history[-1]['loss']:.2f}, "
        f"{history[-1]['val_accuracy']:.0%} right, expected 95% or more",
        "Every exercise passes by itself; so how do they work together?",
    )  # fmt: skip
    expect_true(whole.norm is not None, "max_norm=1.0 was given, and nothing was clipped")
    expect_close(
        np.array([entry["lr"] for entry in history[:2]]),
        [0.05, 0.05 * (1 + math.cos(math.pi / 14)) / 2],
        "the rates of the first two epochs",
    )  # fmt: skip

    other = ring_trainer()
    manual_seed(4)
    other.load_checkpoint(path)
    other.fit(data, epochs=14, validation=data)
    for ours, theirs in zip(other.model.parameters(), whole.model.parameters(), strict=True):
        expect_true(
            np.array_equal(ours.data, theirs.data),
            "a run that goes on from a checkpoint file ends with other weights than without a stop",
            "Not nearly the same: the same, bit for bit.",
        )  # fmt: skip

    path.write_bytes(path.read_bytes()[:-100])
    before = other.state_dict()["model"]
    expect_raises(ValueError, lambda: other.load_checkpoint(path), "load_checkpoint of a cut file")
    with no_grad():
        scores = [other.model.eval()(x) for x, _ in data]
    expect_equal(len(scores), 4, "the batches of 60 examples")
    expect_close(other.model.first.weight, before["first.weight"].data, "the weight afterwards")
