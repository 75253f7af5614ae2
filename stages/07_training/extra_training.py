"""Stage 07: tests of the given code, for whoever rewrites it."""

import io
import math

import numpy as np
from tinytorch.callbacks import Checkpoint, ProgressBar
from tinytorch.checkpoints import checksum, read_checkpoint, write_checkpoint
from tinytorch.clipping import clip_grad_value_
from tinytorch.layers import Linear
from tinytorch.losses import MSELoss
from tinytorch.metrics import Means
from tinytorch.optimizers import SGD, Adam
from tinytorch.schedulers import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    OneCycleLR,
    SequentialLR,
    StepLR,
)
from tinytorch.serialization import save
from tinytorch.tensor import Tensor
from tinytorch.training import Trainer, batches

from checker.expect import expect_close, expect_equal, expect_raises, expect_true


def one_weight(w=2.0, lr=0.25, **options):
    """Give a trainer of the smallest model: the answer is w times the input."""
    model = Linear(1, 1, bias=False)
    model.weight.copy_([[w]])
    return Trainer(model, SGD(model.parameters(), lr=lr), MSELoss(), **options)


def column(*numbers):
    """Give a tensor of shape (n, 1)."""
    return Tensor(np.array(numbers, np.float32)[:, None])


ONE = (column(1.0), column(0.0))


def optimizer(lr=0.1, momentum=0.9):
    """Give an SGD of one number."""
    return SGD([Tensor([0.0], requires_grad=True)], lr=lr, momentum=momentum)


def rates(scheduler, count):
    """Give the first rate before each of so many steps."""
    found = []
    for _ in range(count):
        found.append(scheduler.optimizer.param_groups[0]["lr"])
        scheduler.step()
    return np.array(found)


class Steps:
    """Stands in for a scheduler, and counts."""

    def __init__(self, per_batch):
        self.per_batch, self.count = per_batch, 0

    def step(self):
        """Count."""
        self.count += 1


# -- the Trainer ----------------------------------------------------------------------------------


def test_extra_trainer_update_clips_moves_turns():
    scheduler = Steps(per_batch=True)
    trainer = one_weight(max_norm=1.0, scheduler=scheduler)
    trainer.model.weight.grad, trainer.waiting = Tensor([[8.0]]), [3, 1]
    trainer.update()
    expect_close(trainer.model.weight, [[1.75]], "2 - 0.25 * (8 clipped to 1)")
    expect_close(trainer.norm, 8.0, "the norm before clipping")
    expect_equal(
        (trainer.waiting, scheduler.count), ([], 1), "what waits, and the scheduler's steps"
    )
    trainer.model.weight.grad = Tensor([[math.inf]])
    with np.errstate(all="ignore"):
        expect_raises(
            ValueError, trainer.update, "update with an infinite gradient", mentions=["inf"]
        )
    expect_close(trainer.model.weight, [[1.75]], "the weight after it was refused")


def test_extra_trainer_update_leaves_schedulers_of_epochs():
    scheduler = Steps(per_batch=False)
    trainer = one_weight(scheduler=scheduler)
    trainer.model.weight.grad = Tensor([[1.0]])
    trainer.update()
    expect_equal(scheduler.count, 0, "the steps of a scheduler that counts epochs, after an update")


def test_extra_trainer_remaining_skips():
    trainer = one_weight()
    trainer.batch = 2
    expect_equal(list(trainer.remaining([1, 2, 3, 4])), [3, 4], "what remains after two batches")
    expect_equal(trainer.batches, 4, "the number of batches of a list")


def test_extra_trainer_remaining_tells_the_data():
    class Data:
        def __init__(self):
            self.told = []

        def __iter__(self):
            return iter([1])

        def set_epoch(self, epoch):
            self.told.append(epoch)

        def state_dict(self):
            return {"told": len(self.told)}

        def load_state_dict(self, state):
            self.told.append(state)

    trainer, data = one_weight(), Data()
    trainer.epoch = 3
    expect_raises(ValueError, lambda: list(trainer.remaining(data)), "remaining, never counted")
    expect_equal(data.told, [3], "what the data was told of epoch 3")
    trainer.batch = 1
    position = trainer.position()
    expect_equal(position["data"], {"told": 1}, "the state of the data in the position")
    trainer.go_to(position)
    expect_equal(trainer.position()["data"], {"told": 1}, "the state of data that is not there yet")
    expect_equal(list(trainer.remaining(data)), [1], "data that keeps its place is not skipped")
    expect_equal(
        data.told[1:], [3, {"told": 1}], "what the data was told after a stop in the middle"
    )


def test_extra_trainer_remaining_no_batch():
    expect_raises(
        ValueError, lambda: list(one_weight().remaining([])), "remaining of no batches",
        mentions=["epoch 1"],
    )  # fmt: skip


def test_extra_trainer_remaining_never_counted():
    expect_raises(
        ValueError, lambda: list(one_weight().remaining([1, 2])), "remaining, when nobody counts",
        mentions=["2 batches", "self.batch"],
    )  # fmt: skip


def test_extra_trainer_note_adds_and_refuses():
    trainer = one_weight(metrics={"first": lambda out, target: out[0].item()})
    number = trainer.note(Tensor(3.0), column(5.0, 1.0), column(0.0, 0.0))
    expect_equal((number, trainer.loss), (3.0, 3.0), "what note gives, and trainer.loss")
    expect_equal(trainer.totals.result(), {"loss": 3.0, "first": 5.0}, "the running means")
    for bad in (math.nan, math.inf):
        expect_raises(
            ValueError, lambda bad=bad: trainer.note(Tensor(bad), *ONE), f"note of a loss of {bad}",
            mentions=[bad, "epoch 1", "batch 1", "0.25"],
        )  # fmt: skip
    expect_equal(trainer.totals.count, 2, "the examples in the means afterwards")


def test_extra_trainer_measure_names():
    trainer = one_weight(metrics={"twice": lambda out, target: (out * 2.0).sum()})
    found = trainer.measure(Tensor(3.0), *ONE)
    expect_equal(found, {"loss": 3.0, "twice": 2.0}, "what measure gives")


def test_extra_trainer_scale_gradients_in_place():
    trainer = one_weight()
    trainer.scale_gradients(0.5)
    trainer.model.weight.grad = kept = Tensor([[8.0]])
    trainer.scale_gradients(0.5)
    expect_close(kept, [[4.0]], "a gradient of 8, halved in place")


def test_extra_trainer_finish_epoch_closes():
    scheduler = Steps(per_batch=False)
    trainer = one_weight(accumulate=2, scheduler=scheduler)
    for inputs, targets in trainer.remaining([ONE]):
        trainer.accumulate_step(inputs, targets)
        trainer.batch += 1
    means = trainer.finish_epoch()
    expect_equal(means, {"loss": 4.0}, "the means of the epoch")
    expect_close(trainer.model.weight, [[1.0]], "the weight, after an update with what waited")
    expect_equal(
        (trainer.epoch, trainer.batch, trainer.totals.count, trainer.waiting, scheduler.count),
        (1, 0, 0, [], 1), "epoch, batch, examples, what waits, steps of the scheduler",
    )  # fmt: skip
    entry = trainer.history[-1]
    expect_equal(list(entry), ["epoch", "loss", "lr", "seconds"], "the names in the history")
    expect_equal((entry["epoch"], entry["lr"]), (1, 0.25), "epoch and rate in the history")
    expect_true(entry["seconds"] >= 0, "an epoch lasts no negative time")


def test_extra_trainer_notify_whoever_listens():
    heard = []

    class Listens:
        def on_batch_end(self, trainer):
            heard.append(trainer)

    trainer = one_weight(callbacks=[Listens(), object()])
    trainer.notify("on_batch_end")
    trainer.notify("on_epoch_end")
    expect_equal(heard, [trainer], "what was heard")


def test_extra_trainer_position_and_back():
    class Counts:
        count = 5

        def state_dict(self):
            return {"count": self.count}

        def load_state_dict(self, state):
            self.count = state["count"]

    trainer, other = (
        one_weight(accumulate=3, callbacks=[Counts()]),
        one_weight(callbacks=[Counts()]),
    )
    expect_equal(trainer.position()["gradients"], {}, "gradients in the position where none wait")
    trainer.accumulate_step(*ONE)
    trainer.batch = 1
    position = trainer.position()
    expect_equal(position["callbacks"], [{"count": 5}], "the callbacks' states")
    other.callbacks[0].count = 0
    other.go_to(position)
    expect_close(other.model.weight.grad, [[4.0]], "the gradient that waits")
    expect_equal(
        (other.batch, other.waiting, other.totals.result(), other.callbacks[0].count),
        (1, [1], {"loss": 4.0}, 5), "batch, what waits, means, and a callback's count",
    )  # fmt: skip


def test_extra_trainer_go_to_other_callbacks():
    trainer = one_weight()
    position = trainer.position() | {"callbacks": [{}]}
    expect_raises(
        ValueError, lambda: trainer.go_to(position), "go_to where a callback is missing",
        mentions=["1 callbacks", "0 here"],
    )  # fmt: skip


def test_extra_trainer_save_checkpoint_and_load(tmp_path):
    trainer, other = one_weight(), one_weight(w=7.0)
    trainer.fit([ONE], 2)
    trainer.save_checkpoint(tmp_path / "run.npz")
    other.load_checkpoint(tmp_path / "run.npz")
    expect_close(other.model.weight, [[0.5]], "the weight from a checkpoint")
    expect_equal((other.epoch, len(other.history)), (2, 2), "epochs and entries of the history")


def test_extra_trainer_load_checkpoint_refuses(tmp_path):
    trainer, path = one_weight(), tmp_path / "run.npz"
    model = Linear(1, 1, bias=False)
    Trainer(model, Adam(model.parameters()), MSELoss()).save_checkpoint(path)
    expect_raises(
        ValueError, lambda: trainer.load_checkpoint(path), "loading a run with Adam into SGD",
        mentions=["run.npz", "optimizer"],
    )  # fmt: skip
    model = Linear(1, 2)
    Trainer(model, SGD(model.parameters(), lr=0.5), MSELoss()).save_checkpoint(path)
    expect_raises(
        ValueError, lambda: trainer.load_checkpoint(path), "loading a run of another model",
        mentions=["run.npz", "weight"],
    )  # fmt: skip
    expect_close(trainer.model.weight, [[2.0]], "the weight afterwards")
    expect_equal(trainer.optimizer.param_groups[0]["lr"], 0.25, "the rate afterwards")


# -- metrics, clipping, batches -------------------------------------------------------------------


def test_extra_means_add_weighs():
    means = Means()
    means.add({"loss": 1.0, "right": 0.5}, 64)
    means.add({"loss": 5.0, "right": 1.0}, 1)
    expect_equal(means.count, 65, "the examples")
    expect_close(means.result()["loss"], 69 / 65, "the mean of 64 ones and a five")


def test_extra_means_result_of_nothing():
    expect_raises(ValueError, Means().result, "the means of no examples", mentions=["no examples"])


def test_extra_clip_grad_value_each_element():
    weight = Tensor([0.0, 0.0, 0.0], requires_grad=True)
    weight.grad = kept = Tensor([0.5, -3.0, 2.0])
    clip_grad_value_([weight, Tensor([1.0])], 1.0)
    expect_close(kept, [0.5, -1.0, 1.0], "[0.5 -3. 2.] cut to -1 … 1, in place")


def test_extra_batches_init_refuses():
    x = column(1.0, 2.0, 3.0)
    expect_raises(ValueError, lambda: batches(x, x[:2], 2), "3 inputs, 2 targets", mentions=[3, 2])
    expect_raises(ValueError, lambda: batches(x, x, 0), "batches of 0", mentions=[0])


def test_extra_batches_len_rounds_up():
    x = column(*range(5))
    for size, expected in ((1, 5), (2, 3), (5, 1), (9, 1)):
        expect_equal(len(batches(x, x, size)), expected, f"the batches of 5 examples by {size}")


def test_extra_batches_iter_again_and_again():
    data = batches(Tensor([[1.0], [2.0], [3.0]]), Tensor([1, 2, 3]), 2)
    for _ in range(2):
        expect_equal(
            [(x.flatten().tolist(), y.tolist()) for x, y in data],
            [([1.0, 2.0], [1, 2]), ([3.0], [3])], "3 examples in batches of 2",
        )  # fmt: skip


# -- schedulers -----------------------------------------------------------------------------------


def test_extra_multisteplr_get_lr_at_counts():
    expect_close(
        rates(MultiStepLR(optimizer(0.8), [3, 1], 0.5), 5), [0.8, 0.4, 0.4, 0.2, 0.2],
        "MultiStepLR at 1 and 3",
    )  # fmt: skip


def test_extra_exponentiallr_get_lr_every_step():
    expect_close(rates(ExponentialLR(optimizer(0.8), 0.5), 3), [0.8, 0.4, 0.2], "ExponentialLR")


def test_extra_linearlr_get_lr_warm_up():
    expect_close(
        rates(LinearLR(optimizer(0.4), 0.25, 1.0, 3), 5), [0.1, 0.2, 0.3, 0.4, 0.4],
        "LinearLR from a quarter to all of 0.4 in 3 steps",
    )  # fmt: skip


def test_extra_lambdalr_get_lr_any_function():
    expect_close(
        rates(LambdaLR(optimizer(0.4), lambda n: 1 / (n + 1)), 3), [0.4, 0.2, 0.4 / 3],
        "LambdaLR of 1 / (n + 1)",
    )  # fmt: skip
    expect_raises(ValueError, lambda: LambdaLR(optimizer(), [abs, abs]), "two functions, one group")


def test_extra_sequentiallr_write_takes_turns():
    it = optimizer(0.4)
    scheduler = SequentialLR(it, [LinearLR(it, 0.5, 1.0, 2), CosineAnnealingLR(it, 2)], [2])
    expect_close(
        rates(scheduler, 5), [0.2, 0.3, 0.4, 0.2, 0.0], "a warm-up of 2 steps, then a cosine of 2"
    )


def test_extra_onecyclelr_get_lr_up_and_down():
    recorded = [0.004, 0.052, 0.1, 0.095048463, 0.081174565]
    recorded += [0.061126202, 0.038874198, 0.018825835, 0.004951937, 4e-07]
    expect_close(
        rates(OneCycleLR(optimizer(), 0.1, 10), 10), recorded,
        "OneCycleLR(max_lr=0.1, total_steps=10)", "The numbers are PyTorch's.",
        rtol=1e-6, atol=1e-9,
    )  # fmt: skip


def test_extra_onecyclelr_write_momentum():
    it = optimizer()
    scheduler, found = OneCycleLR(it, 0.1, 10), []
    for _ in range(10):
        found.append(it.param_groups[0]["momentum"])
        scheduler.step()
    expect_close(
        np.array(found)[[0, 1, 2, -1]],
        [0.95, 0.9, 0.85, 0.95],
        "the momentum at 0, 1, 2 and 9 of 10",
    )
    expect_raises(ValueError, scheduler.step, "an 11th step of 10", mentions=["10 steps"])
    adam = Adam([Tensor([0.0], requires_grad=True)])
    OneCycleLR(adam, 0.1, 10)
    expect_equal(adam.param_groups[0]["betas"], (0.95, 0.999), "Adam's betas under OneCycleLR")


class Doubling(LRScheduler):
    """A scheduler for tests: base, 2 base, 4 base, …"""

    def get_lr(self):
        """Double for each count."""
        return [base * 2.0**self.last_epoch for base in self.base_lrs]


def test_extra_lrscheduler_step_counts_and_writes():
    scheduler = Doubling(optimizer(0.1))
    expect_equal(scheduler.last_epoch, 0, "the count at the start")
    expect_close(rates(scheduler, 3), [0.1, 0.2, 0.4], "the rates of a scheduler that doubles")
    expect_equal(scheduler.last_epoch, 3, "the count after 3 steps")


def test_extra_lrscheduler_write_every_group():
    groups = [{"params": [Tensor([0.0], requires_grad=True)], "lr": lr} for lr in (1.0, 0.5)]
    scheduler = Doubling(SGD(groups, lr=0.1))
    scheduler.last_epoch = 2
    scheduler.write()
    expect_equal(scheduler.get_last_lr(), [4.0, 2.0], "the rates of two groups at count 2")


def test_extra_lrscheduler_write_refuses_what_is_no_list():
    for rates_given in (0.1, [], [0.1, 0.1], None):

        class Wrong(LRScheduler):
            def get_lr(self):
                return rates_given  # noqa: B023

        expect_raises(
            ValueError, lambda: Wrong(optimizer()),
            f"a scheduler whose get_lr() gives {rates_given}", mentions=["Wrong", "base_lrs"],
        )  # fmt: skip


def test_extra_lrscheduler_get_last_lr_in_force():
    scheduler = Doubling(optimizer(0.1))
    scheduler.optimizer.param_groups[0]["lr"] = 7.0
    expect_equal(scheduler.get_last_lr(), [7.0], "the rates in force")


def test_extra_lrscheduler_state_dict_and_back():
    first, second = StepLR(optimizer(), 2, 0.5), StepLR(optimizer(), 7)
    for _ in range(3):
        first.step()
    state = first.state_dict()
    expect_equal(
        state, {"step_size": 2, "gamma": 0.5, "base_lrs": [0.1], "last_epoch": 3}, "StepLR's state"
    )
    second.load_state_dict(state)
    second.step()
    expect_close(second.get_last_lr()[0], 0.025, "the rate at count 4, after loading")


def test_extra_lrscheduler_load_state_dict_of_another_kind():
    state = StepLR(optimizer(), 2).state_dict()
    expect_raises(
        ValueError, lambda: CosineAnnealingLR(optimizer(), 3).load_state_dict(state),
        "StepLR's state into CosineAnnealingLR", mentions=["step_size", "T_max"],
    )  # fmt: skip


# -- checkpoints and callbacks --------------------------------------------------------------------


STATE = {"weights": np.arange(6.0).reshape(2, 3), "count": 3, "names": ["a", ("b", None)]}


def test_extra_write_checkpoint_whole_or_not(tmp_path):
    path = tmp_path / "run.npz"
    write_checkpoint(STATE, path)
    good = path.read_bytes()
    expect_raises(TypeError, lambda: write_checkpoint({"f": print}, path), "writing a function")
    expect_true(path.read_bytes() == good, "the old file changed, though the new one failed")
    expect_equal([p.name for p in tmp_path.iterdir()], ["run.npz"], "the files in the folder")


def test_extra_read_checkpoint_gives_it_back(tmp_path):
    write_checkpoint(STATE, tmp_path / "run.npz")
    back = read_checkpoint(tmp_path / "run.npz")
    expect_close(back["weights"], STATE["weights"], "the array", dtype=np.float64)
    expect_equal((back["count"], back["names"]), (3, ["a", ("b", None)]), "what is beside it")


def test_extra_read_checkpoint_refuses(tmp_path):
    path = tmp_path / "run.npz"
    expect_raises(FileNotFoundError, lambda: read_checkpoint(path), "no file", mentions=["run.npz"])
    write_checkpoint(STATE, path)
    good = path.read_bytes()
    at = good.index(STATE["weights"].tobytes())
    for what, damaged in (
        ("cut", good[:-30]),
        ("one bit turned", good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]),
        ("empty", b""),
    ):
        path.write_bytes(damaged)
        expect_raises(
            ValueError, lambda: read_checkpoint(path), f"a checkpoint, {what}",
            mentions=["run.npz", "damaged"],
        )  # fmt: skip
    save(STATE, path)
    expect_raises(
        ValueError, lambda: read_checkpoint(path), "a file of save()", mentions=["load()"]
    )


def test_extra_checksum_of_everything():
    others = [
        STATE | {"count": 4},
        STATE | {"weights": STATE["weights"].astype(np.float32)},
        STATE | {"weights": STATE["weights"].reshape(3, 2)},
        STATE | {"weights": Tensor(STATE["weights"])},
        STATE | {"names": ["a", ["b", None]]},
    ]
    sums = {checksum(state) for state in [STATE, *others]}
    expect_equal(len(sums), 6, "the different checksums of 6 different states")
    expect_equal(checksum(dict(STATE)), checksum(STATE), "the checksum of an equal state")


class Trained:
    """Stands in for a trainer in the middle of a run."""

    epoch, epochs, batch, batches = 1, 4, 5, 10

    def __init__(self):
        self.written, self.totals = [], Means()
        self.totals.add({"loss": 0.5}, 1)
        self.history = [{"epoch": 1, "loss": 0.25, "lr": 0.1, "seconds": 1.0}]

    def save_checkpoint(self, path):
        """Note the path."""
        self.written.append(path)


def test_extra_checkpoint_on_batch_end_every_so_often():
    trainer, callback = Trained(), Checkpoint("run.npz", every=3)
    for trainer.batch in range(1, 8):
        callback.on_batch_end(trainer)
    expect_equal(trainer.written, ["run.npz"] * 2, "what was written in 7 batches, every 3")
    Checkpoint("other.npz").on_batch_end(trainer)
    expect_equal(len(trainer.written), 2, "what was written where `every` is not given")


def test_extra_checkpoint_on_epoch_end_always():
    trainer = Trained()
    Checkpoint("run.npz").on_epoch_end(trainer)
    expect_equal(trainer.written, ["run.npz"], "what was written at the end of an epoch")


def test_extra_progressbar_on_batch_end_draws():
    stream = io.StringIO()
    bar = ProgressBar(stream, always=True, every=0.0)
    bar.on_batch_end(Trained())
    text = stream.getvalue()
    for part in ("epoch 2/4", "loss 0.5000", "[##########..........]", "s left"):
        expect_true(part in text, f"the bar is {text!r}; {part!r} is missing")
    silent = io.StringIO()
    ProgressBar(silent).on_batch_end(Trained())
    expect_equal(silent.getvalue(), "", "what is drawn where the output is no terminal")


def test_extra_progressbar_on_epoch_end_one_line():
    stream = io.StringIO()
    ProgressBar(stream, always=True).on_epoch_end(Trained())
    expect_equal(stream.getvalue(), "\repoch 1/4  loss 0.2500  1.0 s\n", "the line of an epoch")
