"""Learning rates that change while a model learns, as in torch.optim.lr_scheduler (stage 07).

A scheduler counts its `step()`s in `last_epoch`, from 0, and writes a rate into each group of its
optimizer. Every rate is computed from the first one and from the count alone, so that a run that
goes on after a stop has the same rates.
"""

import bisect
import math

__all__ = [
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "SequentialLR",
    "StepLR",
]


class LRScheduler:
    """What all schedulers share: the count, the first rates, writing, saving.

    `per_batch` tells the Trainer when to call `step()`: after every update of the weights, or,
    where it is False, after every epoch. Set it on a scheduler whose numbers count updates.
    """

    per_batch = False

    def __init__(self, optimizer, last_epoch=-1):
        self.optimizer = optimizer
        if last_epoch == -1:
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", group["lr"])
        missing = [i for i, g in enumerate(optimizer.param_groups) if "initial_lr" not in g]
        if missing:
            raise ValueError(f"to go on at {last_epoch}, group {missing[0]} needs 'initial_lr'")
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self.step()

    def get_lr(self):
        """Give the rates at the count `last_epoch`, one a group; each scheduler writes its own."""
        raise TypeError(f"{type(self).__name__} has no get_lr() of its own")

    def step(self):
        """Count one more, and write the rates into the optimizer's groups."""
        self.last_epoch += 1
        self.write()

    def write(self):
        """Write the rates of this count into the groups. ValueError where they are not so many."""
        groups, rates = self.optimizer.param_groups, self.get_lr()
        if not isinstance(rates, (list, tuple)) or len(rates) != len(groups):
            raise ValueError(
                f"get_lr() of {type(self).__name__} gives {rates!r}, needed is a list with one "
                f"rate for each of base_lrs, {len(groups)} here"
            )
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate

    def get_last_lr(self):
        """Give the rates in force, one a group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self):
        """Give all that the scheduler knows, without the optimizer and without functions."""
        return {name: value for name, value in vars(self).items() if _is_plain(value)}

    def load_state_dict(self, state_dict):
        """Go on from a state of `state_dict`. Raises ValueError for that of another kind."""
        own = self.state_dict()
        if set(own) != set(state_dict):
            raise ValueError(
                f"the state does not fit {type(self).__name__}: it has "
                f"{', '.join(sorted(state_dict))}, expected are {', '.join(sorted(own))}"
            )
        vars(self).update(state_dict)


class StepLR(LRScheduler):
    """Multiply the rate by `gamma` after every `step_size` steps."""

    def __init__(self, optimizer, step_size, gamma=0.1, last_epoch=-1):
        if step_size < 1:
            raise ValueError(f"step_size is at least 1, not {step_size}")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        """Give base * gamma to the power of the full `step_size`s in `last_epoch`, for each base.

        `self.base_lrs` holds the first rate of every group. As `torch.optim.lr_scheduler.StepLR`.

        >>> scheduler = StepLR(SGD([zeros(1)], lr=0.8), step_size=2, gamma=0.5)
        >>> [(scheduler.get_last_lr()[0], scheduler.step())[0] for _ in range(5)]
        [0.8, 0.8, 0.4, 0.4, 0.2]
        """
        factor = self.gamma ** (self.last_epoch // self.step_size)
        return [base * factor for base in self.base_lrs]


class CosineAnnealingLR(LRScheduler):
    """Lead the rate along half a cosine wave, from the first one to `eta_min` in `T_max` steps."""

    def __init__(self, optimizer, T_max, eta_min=0.0, last_epoch=-1):
        if T_max < 1:
            raise ValueError(f"T_max is at least 1, not {T_max}")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        """Give eta_min + (base - eta_min) * (1 + cos(pi * last_epoch / T_max)) / 2 for each base.

        It falls slowly, then fast, then slowly; after `T_max` steps it rises again (Loshchilov and
        Hutter 2017, equation 5). As `torch.optim.lr_scheduler.CosineAnnealingLR`.

        >>> scheduler = CosineAnnealingLR(SGD([zeros(1)], lr=1.0), T_max=2)
        >>> [(round(scheduler.get_last_lr()[0], 3), scheduler.step())[0] for _ in range(3)]
        [1.0, 0.5, 0.0]
        """
        share = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * share for base in self.base_lrs]


# -- given ----------------------------------------------------------------------------------------


class MultiStepLR(LRScheduler):
    """Multiply the rate by `gamma` at each count of a list."""

    def __init__(self, optimizer, milestones, gamma=0.1, last_epoch=-1):
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        """Give base * gamma to the power of the milestones that `last_epoch` has reached."""
        factor = self.gamma ** bisect.bisect_right(self.milestones, self.last_epoch)
        return [base * factor for base in self.base_lrs]


class ExponentialLR(LRScheduler):
    """Multiply the rate by `gamma` after every step."""

    def __init__(self, optimizer, gamma, last_epoch=-1):
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        """Give base * gamma to the power of `last_epoch`."""
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]


class LinearLR(LRScheduler):
    """Lead a factor of the rate straight from one value to another: a warm-up."""

    def __init__(self, optimizer, start_factor=1 / 3, end_factor=1.0, total_iters=5, last_epoch=-1):
        if not (0 < start_factor <= 1 and 0 <= end_factor <= 1):
            raise ValueError(f"factors are from 0 to 1, not {start_factor} and {end_factor}")
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        """Give base times the factor of this count; after `total_iters` steps it stays."""
        done = min(self.last_epoch / self.total_iters, 1.0) if self.total_iters else 1.0
        factor = self.start_factor + (self.end_factor - self.start_factor) * done
        return [base * factor for base in self.base_lrs]


class LambdaLR(LRScheduler):
    """Multiply the first rate by what a function gives for the count."""

    def __init__(self, optimizer, lr_lambda, last_epoch=-1):
        groups = len(optimizer.param_groups)
        given = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * groups
        if len(given) != groups:
            raise ValueError(f"{len(given)} functions for {groups} groups of parameters")
        self.lr_lambdas = given
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        """Give base times function(last_epoch) for each group. A state does not hold functions."""
        pairs = zip(self.base_lrs, self.lr_lambdas, strict=True)
        return [base * function(self.last_epoch) for base, function in pairs]


class SequentialLR(LRScheduler):
    """Several schedulers, one after the other: the next takes over at each milestone.

    For a warm-up that counts updates set `per_batch = True` on it before training.
    """

    def __init__(self, optimizer, schedulers, milestones, last_epoch=-1):
        if len(schedulers) != len(milestones) + 1:
            raise ValueError(
                f"{len(schedulers)} schedulers need {len(schedulers) - 1} milestones between "
                f"them, not {len(milestones)}"
            )
        self.schedulers, self.milestones = list(schedulers), list(milestones)
        self.per_batch = any(scheduler.per_batch for scheduler in schedulers)
        super().__init__(optimizer, last_epoch)

    def write(self):
        """Let the scheduler whose turn it is write, with its own count from 0."""
        turn = bisect.bisect_right(self.milestones, self.last_epoch)
        started = self.milestones[turn - 1] if turn else 0
        self.schedulers[turn].last_epoch = self.last_epoch - started
        self.schedulers[turn].write()


class OneCycleLR(LRScheduler):
    """Up to `max_lr` and down to almost nothing within `total_steps` updates (Smith 2018).

    From max_lr / div_factor along a cosine up to max_lr, for the share `pct_start` of the run, and
    down to a `final_div_factor`th of where it began. With cycle_momentum the momentum, or beta 1,
    goes the other way. The Trainer steps it after every update. Raises ValueError where it is
    stepped more than `total_steps` times. As `torch.optim.lr_scheduler.OneCycleLR`.
    """

    per_batch = True

    def __init__(
        self,
        optimizer,
        max_lr,
        total_steps=None,
        epochs=None,
        steps_per_epoch=None,
        pct_start=0.3,
        anneal_strategy="cos",
        cycle_momentum=True,
        base_momentum=0.85,
        max_momentum=0.95,
        div_factor=25.0,
        final_div_factor=1e4,
        three_phase=False,
        last_epoch=-1,
    ):
        self.total_steps = _total(total_steps, epochs, steps_per_epoch)
        _check_cycle(optimizer, pct_start, anneal_strategy, cycle_momentum)
        groups = optimizer.param_groups
        self.max_lrs = _one_a_group(max_lr, groups)
        self.anneal_strategy, self.cycle_momentum = anneal_strategy, cycle_momentum
        first = [rate / div_factor for rate in self.max_lrs]
        last = [rate / final_div_factor for rate in first]
        up, end = pct_start * self.total_steps - 1, self.total_steps - 1
        self.phases = [(up, "low", "top"), (end, "top", "end")]
        if three_phase:  # up and down take the same time
            self.phases[1:] = [(2 * up, "top", "low"), (end, "low", "end")]
        self.levels = {"low": first, "top": self.max_lrs, "end": last}
        self.momenta = {"low": max_momentum, "top": base_momentum, "end": max_momentum}
        if last_epoch == -1:
            for group, rate in zip(groups, first, strict=True):
                group["initial_lr"] = rate
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        """Give the rates of this count, one a group."""
        start, end, done = self._phase()
        pairs = zip(self.levels[start], self.levels[end], strict=True)
        return [self._between(low, high, done) for low, high in pairs]

    def write(self):
        """Write the rates, and the momentum that goes with them."""
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"OneCycleLR was made for {self.total_steps} steps and is asked for number "
                f"{self.last_epoch}"
            )
        super().write()
        if self.cycle_momentum:
            start, end, done = self._phase()
            momentum = self._between(self.momenta[start], self.momenta[end], done)
            for group in self.optimizer.param_groups:
                if "betas" in group:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum

    def _phase(self):
        """Name the levels between which this count lies, and the share of the way gone."""
        begin = 0.0
        for at, (end, low, high) in enumerate(self.phases):
            if self.last_epoch <= end or at == len(self.phases) - 1:
                return low, high, (self.last_epoch - begin) / (end - begin or 1)
            begin = end

    def _between(self, start, end, done):
        if self.anneal_strategy == "linear":
            return start + (end - start) * done
        return end + (start - end) / 2 * (1 + math.cos(math.pi * done))


def _total(total_steps, epochs, steps_per_epoch):
    if total_steps is None and None in (epochs, steps_per_epoch):
        raise ValueError("OneCycleLR needs total_steps, or epochs and steps_per_epoch")
    total = total_steps if total_steps is not None else epochs * steps_per_epoch
    if total < 1:
        raise ValueError(f"total_steps is at least 1, not {total}")
    return total


def _check_cycle(optimizer, pct_start, anneal_strategy, cycle_momentum):
    if not 0 <= pct_start <= 1:
        raise ValueError(f"pct_start is from 0 to 1, not {pct_start}")
    if anneal_strategy not in ("cos", "linear"):
        raise ValueError(f"anneal_strategy is 'cos' or 'linear', not {anneal_strategy!r}")
    groups = optimizer.param_groups
    if cycle_momentum and not all({"momentum", "betas"} & set(group) for group in groups):
        raise ValueError("cycle_momentum=True needs an optimizer with momentum or betas")


def _one_a_group(value, groups):
    values = list(value) if isinstance(value, (list, tuple)) else [value] * len(groups)
    if len(values) != len(groups):
        raise ValueError(f"{len(values)} values for {len(groups)} groups of parameters")
    return values


def _is_plain(value):
    """Tell whether a value is numbers, words, or lists, tuples and dictionaries of them."""
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return value is None or isinstance(value, (bool, int, float, str))
