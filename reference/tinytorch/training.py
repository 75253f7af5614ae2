"""Training: the loop that makes a network learn (stage 07).

The Trainer is written in two halves. Yours comes first; below it is the given half, which keeps
count and writes down. Around it stand `metrics`, `clipping`, `schedulers`, `checkpoints` and
`callbacks`.
"""

import copy
import itertools
import math
import time

from .autograd import no_grad
from .checkpoints import read_checkpoint, write_checkpoint
from .clipping import clip_grad_norm_
from .creation import get_rng_state, set_rng_state
from .metrics import Means
from .tensor import Tensor

__all__ = ["Trainer", "batches"]


class Trainer:
    """Trains a model: epochs of batches, measuring, checkpoints.

    `loss_fn(outputs, targets)` gives the mean loss of a batch; `metrics` maps names to functions
    of the same kind that give numbers. `max_norm` clips the gradients. With `accumulate` above 1
    the gradients of so many batches make one update. `callbacks` are objects with any of the
    methods on_fit_start, on_epoch_start, on_batch_end, on_epoch_end, on_fit_end, each called with
    the trainer; they may read epoch, batch, batches, loss, history, and set `stop`.
    """

    def __init__(
        self,
        model,
        optimizer,
        loss_fn,
        *,
        scheduler=None,
        metrics=None,
        max_norm=None,
        accumulate=1,
        callbacks=(),
    ):
        if accumulate < 1:
            raise ValueError(f"accumulate is at least 1 batch, not {accumulate}")
        self.model, self.optimizer, self.loss_fn = model, optimizer, loss_fn
        self.scheduler, self.metrics = scheduler, dict(metrics or {})
        self.max_norm, self.accumulate, self.callbacks = max_norm, accumulate, list(callbacks)
        self.epoch = self.batch = 0  # finished epochs; batches done in the epoch under way
        self.epochs = self.batches = None  # how many of each there will be, where that is known
        self.waiting = []  # how many examples had the batches whose gradients wait for an update
        self.totals, self.history = Means(), []
        self.loss = self.norm = None  # of the last batch; before clipping, of the last update
        self.stop, self.seconds = False, 0.0
        self._data = self._data_state = self._random = None
        self._started = time.perf_counter()

    def train_step(self, inputs, targets):
        """Learn from one batch, and give its loss, as it was before, as a number.

        Forward, loss, old gradients away, backward, update. `note` writes down the loss and
        refuses one that is no number; `update` clips and moves.

        >>> model = Linear(1, 1, bias=False); weight = model.weight.copy_([[2.0]])
        >>> trainer = Trainer(model, SGD(model.parameters(), lr=0.25), MSELoss())
        >>> trainer.train_step(Tensor([[1.0]]), Tensor([[0.0]])), weight.item()
        (4.0, 1.0)
        """
        outputs = self.model(inputs)
        loss = self.loss_fn(outputs, targets)
        number = self.note(loss, outputs, targets)
        self.optimizer.zero_grad()
        loss.backward()
        self.update()
        return number

    def evaluate(self, data):
        """Give the means of loss and metrics over all examples of `data`, by name; learn nothing.

        In evaluation mode, and recording nothing; afterwards the model is in the mode in which it
        was. The mean is over examples: the last batch may be smaller, and counts for less.

        >>> model = Linear(1, 1, bias=False); weight = model.weight.copy_([[2.0]])
        >>> trainer = Trainer(model, SGD(model.parameters(), lr=0.25), MSELoss())
        >>> trainer.evaluate([(Tensor([[1.0], [1.0]]), Tensor([[2.0], [1.0]]))])
        {'loss': 0.5}
        """
        means, training = Means(), self.model.training
        self.model.eval()
        with no_grad():
            for inputs, targets in data:
                outputs = self.model(inputs)
                loss = self.loss_fn(outputs, targets)
                means.add(self.measure(loss, outputs, targets), len(targets))
        self.model.train(training)
        return means.result()

    def accumulate_step(self, inputs, targets):
        """Learn from one batch of a group: update only when `accumulate` batches wait.

        At any moment the gradients are the mean over all examples that wait, so that a group is
        worth one large batch, whatever the sizes of its batches. Gives the loss of this batch.
        `waiting` lists the sizes of the batches that wait; `update` empties it.

        >>> model = Linear(1, 1, bias=False); weight = model.weight.copy_([[2.0]])
        >>> trainer = Trainer(model, SGD(model.parameters(), lr=0.25), MSELoss(), accumulate=2)
        >>> step, one = trainer.accumulate_step, Tensor([[1.0]])
        >>> step(one, Tensor([[0.0]])), weight.item(), step(one, one), weight.item()
        (4.0, 2.0, 1.0, 1.25)
        """
        outputs = self.model(inputs)
        loss = self.loss_fn(outputs, targets)
        number = self.note(loss, outputs, targets)
        before, count = sum(self.waiting), len(targets)
        if before == 0:
            self.optimizer.zero_grad()
        self.scale_gradients(before / (before + count))
        (loss * (count / (before + count))).backward()
        self.waiting.append(count)
        if len(self.waiting) >= self.accumulate:
            self.update()
        return number

    def train_epoch(self, data):
        """Learn from every batch of `data` once, in training mode; gives the means by name.

        `remaining(data)` yields the batches, each goes through `train_step`, or through
        `accumulate_step` where `accumulate` is above 1. After each batch: count it in `batch`,
        notify "on_batch_end", and where a callback has set `stop`, give the means so far and leave
        the epoch open. `finish_epoch` closes it and gives its means.

        >>> model = Linear(1, 1, bias=False); weight = model.weight.copy_([[2.0]])
        >>> trainer = Trainer(model, SGD(model.parameters(), lr=0.25), MSELoss())
        >>> trainer.train_epoch([(Tensor([[1.0]]), Tensor([[0.0]]))] * 2), trainer.epoch
        ({'loss': 2.5}, 1)
        """
        self.model.train()
        step = self.train_step if self.accumulate == 1 else self.accumulate_step
        for inputs, targets in self.remaining(data):
            step(inputs, targets)
            self.batch += 1
            self.notify("on_batch_end")
            if self.stop:
                return self.totals.result()
        return self.finish_epoch()

    def fit(self, data, epochs, validation=None):
        """Train until `epochs` epochs are done, counted from the very first; gives the history.

        After each epoch the means of `evaluate(validation)` join its entry, under names that begin
        with "val_", and callbacks hear "on_epoch_end"; before all epochs "on_fit_start", after
        them "on_fit_end". Where a callback sets `stop`, no further batch is used.

        >>> model = Linear(1, 1, bias=False); weight = model.weight.copy_([[2.0]])
        >>> trainer = Trainer(model, SGD(model.parameters(), lr=0.25), MSELoss())
        >>> [entry["loss"] for entry in trainer.fit([(Tensor([[1.0]]), Tensor([[0.0]]))], epochs=3)]
        [4.0, 1.0, 0.25]
        """
        self.epochs, self.stop = epochs, False
        self.notify("on_fit_start")
        while self.epoch < epochs and not self.stop:
            self.train_epoch(data)
            if self.batch:
                break  # stopped within the epoch
            if validation is not None:
                measured = self.evaluate(validation)
                self.history[-1] |= {f"val_{name}": mean for name, mean in measured.items()}
            self.notify("on_epoch_end")
        self.notify("on_fit_end")
        return self.history

    def state_dict(self):
        """Give all that decides how the run goes on, as a copy that training does not change.

        A dictionary: "model", "optimizer" and "scheduler" (None without one) hold their states,
        "random" that of the random numbers, "position" what `position` gives.

        >>> model = Linear(1, 1)
        >>> list(Trainer(model, SGD(model.parameters(), lr=0.1), MSELoss()).state_dict())
        ['model', 'optimizer', 'scheduler', 'random', 'position']
        """
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict() if self.scheduler is not None else None,
            "random": get_rng_state(),
            "position": self.position(),
        }
        return copy.deepcopy(state)

    def load_state_dict(self, state_dict):
        """Go on from a state of `state_dict`, which stays as it is: the trainer takes a copy.

        >>> model = Linear(1, 1, bias=False); weight = model.weight.copy_([[2.0]])
        >>> trainer = Trainer(model, SGD(model.parameters(), lr=0.25), MSELoss())
        >>> state, one = trainer.state_dict(), Tensor([[1.0]])
        >>> loss = trainer.train_step(one, one); trainer.load_state_dict(state); weight.item()
        2.0
        """
        state = copy.deepcopy(state_dict)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        set_rng_state(state["random"])
        self.go_to(state["position"])

    # -- given -------------------------------------------------------------------------------------

    # one update

    def note(self, loss, outputs, targets):
        """Add loss and metrics of a batch to the running means; gives the loss as a number.

        Raises ValueError where the loss is not finite: one step with it, and every weight is nan.
        """
        measured = self.measure(loss, outputs, targets)
        self.loss = measured["loss"]
        if not math.isfinite(self.loss):
            raise ValueError(self._broken(f"the loss is {self.loss}"))
        self.totals.add(measured, len(targets))
        return self.loss

    def measure(self, loss, outputs, targets):
        """Give the loss and all metrics of a batch as numbers, by name."""
        with no_grad():
            found = {name: float(f(outputs, targets)) for name, f in self.metrics.items()}
        return {"loss": loss.item(), **found}

    def scale_gradients(self, factor):
        """Multiply all gradients of the model by a number, in place."""
        for parameter in self.model.parameters():
            if parameter.grad is not None:
                parameter.grad *= factor

    def update(self):
        """Take the step for which the gradients are ready: clip them, move, and turn the rate.

        Clipping comes first, or it is too late; a scheduler that counts updates comes last, so
        that the first update has the first rate.
        """
        if self.max_norm is not None:
            self.norm = clip_grad_norm_(self.model.parameters(), self.max_norm).item()
            if not math.isfinite(self.norm):
                raise ValueError(self._broken(f"the norm of the gradients is {self.norm}"))
        self.optimizer.step()
        self.waiting = []
        if self.scheduler is not None and getattr(self.scheduler, "per_batch", False):
            self.scheduler.step()

    def _broken(self, what):
        rate = self.optimizer.param_groups[0]["lr"]
        return (
            f"{what} in epoch {self.epoch + 1}, batch {self.batch + 1}: try a smaller learning "
            f"rate (it is {rate:g}) or max_norm=1.0, look for odd numbers in this batch and in the "
            "one before, or let detect_anomaly() name the operation"
        )

    # one epoch

    def remaining(self, data):
        """Yield the batches of this epoch that have not been used yet.

        Data with `set_epoch` is told which epoch begins. After a stop in the middle, data that
        keeps a state gets it back and begins where it was; of other data the first batches are
        skipped, so it has to give the same ones again. ValueError where no batch comes.
        """
        self._data, state, self._data_state = data, self._data_state, None
        if self._random is not None:  # a loader made after loading may have drawn its seed
            set_rng_state(self._random)
            self._random = None
        self.batches = len(data) if hasattr(data, "__len__") else None
        can_load = state is not None and hasattr(data, "load_state_dict")
        if can_load and self.batch == 0:
            data.load_state_dict(state)
        if hasattr(data, "set_epoch"):
            data.set_epoch(self.epoch)
        if can_load and self.batch:
            data.load_state_dict(state)
        if self.batch == 0:
            self.notify("on_epoch_start")
        self._started = time.perf_counter()
        used = 0
        for batch in itertools.islice(data, 0 if can_load else self.batch, None):
            used += 1
            yield batch
            self._stop_clock()
        if used and self.batch == 0:
            raise ValueError(f"train_epoch used {used} batches and counted none: self.batch is 0")
        if self.batch == 0:
            raise ValueError(
                f"the data gave no batch in epoch {self.epoch + 1}; an iterator is used up after "
                "one epoch: give a list of batches, batches(...), or a loader"
            )

    def finish_epoch(self):
        """Close the epoch: update with what still waits, write history, turn the rate; gives means.

        The last batches of an epoch may be fewer than `accumulate`; their gradients are a mean,
        too, and are not carried into the next epoch.
        """
        if self.waiting:
            self.update()
        means = self.totals.result()
        rate = self.optimizer.param_groups[0]["lr"]
        self._stop_clock()
        seconds, self.seconds = self.seconds, 0.0
        self.epoch, self.batch, self.totals = self.epoch + 1, 0, Means()
        self.history.append({"epoch": self.epoch, **means, "lr": rate, "seconds": seconds})
        if self.scheduler is not None and not getattr(self.scheduler, "per_batch", False):
            self.scheduler.step()
        return means

    def _stop_clock(self):
        now = time.perf_counter()
        self.seconds, self._started = self.seconds + now - self._started, now

    def notify(self, event):
        """Call the method `event` of every callback that has one, with this trainer."""
        for callback in self.callbacks:
            getattr(callback, event, _nothing)(self)

    # all of a run

    def position(self):
        """Give where the run is, as numbers: epoch, batch, history, and what waits for an update.

        Gradients are part of it only while they wait. The states of the data and of the callbacks
        are taken along, where they have one.
        """
        data, kept = self._data, self._data_state
        return {
            "epoch": self.epoch,
            "batch": self.batch,
            "history": self.history,
            "seconds": self.seconds,
            "totals": vars(self.totals),
            "waiting": self.waiting,
            "gradients": self._gradients() if self.waiting else {},
            "data": data.state_dict() if kept is None and hasattr(data, "state_dict") else kept,
            "callbacks": [callback.state_dict() for callback in self._keeping()],
        }

    def go_to(self, position):
        """Go to where a run was, as `position` gave it. ValueError where callbacks do not fit."""
        keeping, states = self._keeping(), position["callbacks"]
        if len(keeping) != len(states):
            raise ValueError(f"{len(states)} callbacks have a state there, {len(keeping)} here")
        for callback, state in zip(keeping, states, strict=True):
            callback.load_state_dict(state)
        for name in ("epoch", "batch", "history", "seconds", "waiting"):
            setattr(self, name, position[name])
        vars(self.totals).update(position["totals"])
        for name, parameter in self.model.named_parameters():
            waiting = position["gradients"].get(name)
            parameter.grad = None if waiting is None else Tensor(waiting)
        self._data, self._data_state, self._random = None, position["data"], None

    def save_checkpoint(self, path):
        """Write all of the run to one file, at any moment; the file is never half written."""
        write_checkpoint({"kinds": self._kinds(), **self.state_dict()}, path)

    def load_checkpoint(self, path):
        """Go on from a file of `save_checkpoint`: `fit` then ends with the very same weights.

        Raises FileNotFoundError, or ValueError where the file is damaged or belongs to another
        model, optimizer or scheduler; then the trainer is what it was.
        """
        state, before = read_checkpoint(path), self.state_dict()
        there, here = state.pop("kinds", None), self._kinds()
        if there != here:
            raise ValueError(f"{path} was written with {there}, this trainer has {here}")
        try:
            self.load_state_dict(state)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            self.load_state_dict(before)
            raise ValueError(f"{path} does not fit this trainer: {error}") from None
        self._random = state["random"]

    def _kinds(self):
        scheduler = "no scheduler" if self.scheduler is None else type(self.scheduler).__name__
        return f"optimizer {type(self.optimizer).__name__} and {scheduler}"

    def _gradients(self):
        named = self.model.named_parameters()
        return {name: p.grad.data for name, p in named if p.grad is not None}

    def _keeping(self):
        return [callback for callback in self.callbacks if hasattr(callback, "state_dict")]


class batches:
    """Cut inputs and targets into batches, in order; can be gone through again and again.

    `inputs` (N, …) and `targets` (N, …) are tensors; the last batch has what is left. Stage 08
    brings a loader that shuffles.
    """

    def __init__(self, inputs, targets, batch_size):
        if len(inputs) != len(targets):
            raise ValueError(f"{len(inputs)} inputs and {len(targets)} targets do not pair up")
        if batch_size < 1:
            raise ValueError(f"a batch has at least 1 example, not {batch_size}")
        self.inputs, self.targets, self.batch_size = inputs, targets, batch_size

    def __len__(self):
        return -(-len(self.inputs) // self.batch_size)

    def __iter__(self):
        for start in range(0, len(self.inputs), self.batch_size):
            part = slice(start, start + self.batch_size)
            yield self.inputs[part], self.targets[part]


def _nothing(trainer):
    """Do nothing, for a callback that has no method for this event."""
