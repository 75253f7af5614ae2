"""Stage 06: optimizers."""

import contextlib
import math
import os
import re
import tempfile
import tracemalloc

import numpy as np
from tinytorch.creation import manual_seed
from tinytorch.layers import Linear, Sequential, Tanh
from tinytorch.losses import cross_entropy, mse_loss
from tinytorch.optimizers import SGD, Adam, AdamW, decayed, descend
from tinytorch.serialization import load, save
from tinytorch.tensor import Tensor

from checker.expect import (
    Mismatch,
    expect_close,
    expect_equal,
    expect_raises,
    expect_true,
    show,
)


def code(text):
    """Keep a piece of code on one line where a message is wrapped."""
    return f"`{text}`".replace(" ", "\N{NO-BREAK SPACE}")


IN_PLACE = (
    f"{code('w = w - …')} makes a new array, and the layer keeps the old one. {code('w -= …')}, "
    "and out=w in a NumPy function, change the array that is there."
)


def likely(got, known, otherwise):
    """Choose the sentence for a wrong result whose cause is known, or the general one."""
    for wrong, text in known:
        if np.allclose(np.asarray(got, float), wrong, rtol=1e-3, atol=5e-5):
            return text
    return otherwise


@contextlib.contextmanager
def explained(what, error, pattern, why):
    """Say why, where the learner's code stops with an error that has one likely cause."""
    __tracebackhide__ = True
    try:
        yield
    except error as caught:
        if not re.search(pattern, str(caught)):
            raise
        raise Mismatch(f"{what} raises {type(caught).__name__}: {caught}", why) from caught


def leaf(*values, dtype=np.float32):
    """Make a parameter of these numbers."""
    return Tensor(np.array(values, dtype), requires_grad=True)


def take(optimizer, *slopes):
    """Take one step with these slopes, one for each parameter; None is no gradient."""
    every = [p for group in optimizer.param_groups for p in group["params"]]
    for parameter, slope in zip(every, slopes, strict=True):
        if slope is not None:
            slope = Tensor(np.array(slope, parameter.dtype).reshape(parameter.shape))
        parameter.grad = slope
    with explained("a step", TypeError, "must be of ArrayType", ONE_SPARE):
        optimizer.step()


ONE_SPARE = (
    "`spares` is a list of two arrays, and out= wants one array: spares[0] or spares[1]. The "
    "last parameter of `descend` and of `adapt` is one array, too."
)


def expect_path(optimizer, w, slopes, expected, what, why, known=(), **tolerance):
    """Take a step with each slope and compare the weight after each."""
    __tracebackhide__ = True
    for i, (slope, value) in enumerate(zip(slopes, expected, strict=True), 1):
        take(optimizer, slope)
        text = likely(w.data, [(wrong, text) for at, wrong, text in known if at == i], why)
        expect_close(w, [value], f"{what}: w after step {i}", text, **tolerance)


def expect_kept(array, before, what):
    """Require that an array which is only to be read is what it was."""
    __tracebackhide__ = True
    expect_close(
        array, before, what,
        "It belongs to the caller, who will look at it again. Compute in a spare array.",
    )  # fmt: skip


def expect_no_arrays(call, size, what):
    """Require that a call makes no array of this size: its peak of memory stays under half."""
    __tracebackhide__ = True
    for _ in range(2):
        call()  # the first times may make what is kept
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        call()
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    expect_true(
        peak < size // 2,
        f"{what} makes {'a new array' if peak < 1.5 * size else f'{peak / size:.0f} new arrays'} "
        "as large as the weight",
        f"Every operator makes a new array: {code('a * b')}, `-g`. Compute in the spare array, "
        f"{code('np.multiply(a, b, out=spare)')}, and change what is there with `+=`, `*=`.",
    )


def expect_recorded(cls, settings, wanted, wanted32):
    """Follow a run of 50 steps that PyTorch 2.13 took with the slope 4 w + 3 sin(step)."""
    __tracebackhide__ = True
    name = f"{cls.__name__}({', '.join(f'{k}={v}' for k, v in settings.items())})"
    for dtype, text, every, tolerance in (
        (np.float64, wanted, 1, 1e-8),
        (np.float32, wanted32, 5, 3e-6),
    ):
        w = leaf(1.5, dtype=dtype)
        optimizer = cls([w], **settings)
        expected = iter([float(number) for number in text.split()])
        for step in range(1, 51):
            take(optimizer, 4 * w.item() + 3 * math.sin(step))
            if step % every == 0:
                expect_close(
                    w, [next(expected)], f"{name}: w after step {step} of 50",
                    "The number is PyTorch's, for w = 1.5 and the slopes 4 w + 3 sin(step), in "
                    f"{np.dtype(dtype)}.", rtol=tolerance, atol=tolerance, dtype=dtype,
                )  # fmt: skip


# -- descend --------------------------------------------------------------------------------------


def test_unit_descend_example():
    w = np.array([1.0, 2.0])
    descend(w, np.array([10.0, -10.0]), 0.1, np.empty(2))
    why = IN_PLACE if w.tolist() == [1.0, 2.0] else "1 - 0.1 * 10, and 2 - 0.1 * -10."
    expect_close(w, [0.0, 3.0], "w = [1. 2.] after descend(w, [10. -10.], 0.1, …)", why)


def test_unit_descend_keeps_the_direction():
    w, direction = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])
    descend(w, direction, 0.5, np.empty((1, 2)))
    expect_kept(direction, [[3.0, 4.0]], "after descend(w, direction, 0.5, spare), direction")
    expect_close(w, [[-0.5, 0.0]], "w = [[1. 2.]] after descend(w, [[3. 4.]], 0.5, …)", IN_PLACE)


def test_unit_descend_direction_in_spare():
    w, spare = np.array([1.0, 1.0]), np.array([2.0, 4.0])
    descend(w, spare, 0.25, spare)
    expect_close(
        w, [0.5, 0.0], "w = [1. 1.] after descend(w, spare, 0.25, spare), spare = [2. 4.]",
        "The direction may have been computed in spare. Read it before you write into spare.",
    )  # fmt: skip


def test_unit_descend_shapes():
    for shape in ((), (3, 4), (0,)):
        for dtype in (np.float32, np.float64):
            w = np.full(shape, 1.0, dtype)
            descend(w, np.full(shape, 2.0, dtype), 0.25, np.empty(shape, dtype))
            expect_close(w, np.full(shape, 0.5), f"1 - 0.25 * 2, all of shape {shape}", IN_PLACE,
                         dtype=dtype)  # fmt: skip


def test_unit_descend_makes_no_array():
    w, direction, spare = (np.ones(50_000, np.float32) for _ in range(3))
    expect_no_arrays(lambda: descend(w, direction, 0.1, spare), w.nbytes, "descend")


# -- Optimizer.zero_grad --------------------------------------------------------------------------

OF_A_GROUP = (
    'A group is a dictionary: who goes through it gets its keys, "params", "lr" … The list of '
    'parameters is group["params"].'
)


def test_unit_optimizer_zero_grad_example():
    w = Tensor([1.0], requires_grad=True)
    optimizer = SGD([w], lr=0.1)
    (w * 3.0).sum().backward()
    with explained("zero_grad()", AttributeError, "'str'", OF_A_GROUP):
        optimizer.zero_grad()
    expect_true(
        w.grad is None,
        f"after zero_grad() w.grad is {w.grad}, expected None",
        "backward adds to what it finds: the next slopes would be the sum of both.",
    )


def test_unit_optimizer_zero_grad_all_groups():
    every = [leaf(float(i)) for i in range(4)]
    optimizer = SGD([{"params": every[:2]}, {"params": every[2:], "lr": 0.5}], lr=0.1)
    for set_to_none in (True, False):
        for parameter in every:
            parameter.grad = Tensor([2.0])
        optimizer.zero_grad(set_to_none)
        left = [i for i, p in enumerate(every) if p.grad is not None and p.grad.item() != 0.0]
        expect_true(
            not left,
            f"after zero_grad({set_to_none}) parameters {left} of 0 to 3 still have a slope of 2",
            "There are two groups of two parameters here: go through all of both.",
        )


def test_unit_optimizer_zero_grad_fills():
    a, b = leaf(1.0, 2.0), leaf(3.0)
    grad = a.grad = Tensor([5.0, 6.0])
    optimizer = SGD([b, a], lr=0.1)
    with explained(
        "zero_grad(set_to_none=False)", AttributeError, "NoneType",
        "A parameter that took no part has no gradient: leave it.",
    ):  # fmt: skip
        optimizer.zero_grad(set_to_none=False)
    now = "None" if a.grad is None else "another tensor"
    expect_true(
        a.grad is grad,
        f"after zero_grad(set_to_none=False) a.grad is {now}",
        "Here the tensor stays, and 0 is written into it.",
    )
    why = "The tensor stays, with 0 in it."
    if grad.tolist() == [5.0, 6.0]:
        why += " b, before a in the list, has no gradient; that must not end the loop."
    expect_close(grad, [0.0, 0.0], "a.grad after zero_grad(set_to_none=False)", why)
    expect_true(
        b.grad is None, f"b had no gradient; after zero_grad(set_to_none=False) it has {b.grad}",
        "Where there is None, there is nothing to do.",
    )  # fmt: skip


def test_unit_optimizer_zero_grad_weights_stay():
    w = leaf(1.0, 2.0)
    w.grad = Tensor([5.0, 6.0])
    SGD([w], lr=0.1).zero_grad()
    expect_close(w, [1.0, 2.0], "w after zero_grad()", "Slopes are forgotten, weights are not.")


# -- decayed --------------------------------------------------------------------------------------


def test_unit_decayed_example():
    expect_close(
        decayed(np.array([2.0]), np.array([1.0]), 0.5, np.empty(1)), [2.0],
        "decayed(w [2.], g [1.], 0.5, …)", "1 + 0.5 * 2: the slope, and half of the weight.",
    )  # fmt: skip


def test_unit_decayed_signs():
    w, g = np.array([4.0, -4.0, 0.0]), np.array([1.0, 1.0, -1.0])
    expect_close(
        decayed(w, g, 0.25, np.empty(3)), [2.0, 0.0, -1.0],
        "decayed([4. -4. 0.], [1. 1. -1.], 0.25, …)",
        "A step goes against the slope, so plus decay * w pulls every weight towards 0.",
    )  # fmt: skip


def test_unit_decayed_into_out():
    w, g, out = np.array([2.0]), np.array([1.0]), np.empty(1)
    got = decayed(w, g, 0.5, out)
    expect_kept(w, [2.0], "after decayed(w, g, 0.5, out), w")
    expect_kept(g, [1.0], "after decayed(w, g, 0.5, out), g")
    expect_true(got is out, "decayed does not give the array `out` back",
                "Write the result into out, and return out.")  # fmt: skip


def test_unit_decayed_makes_no_array():
    w, g, out = (np.ones(50_000, np.float32) for _ in range(3))
    expect_no_arrays(lambda: decayed(w, g, 0.1, out), w.nbytes, "decayed")


# -- SGD.update -----------------------------------------------------------------------------------

OWN_SETTINGS = (
    "Each group has its own settings, in `group`; self.defaults are only what a group begins "
    "with. Ask the group, at each step."
)


def test_unit_sgd_update_example():
    w = Tensor([1.0], requires_grad=True)
    take(SGD([w], lr=0.1), 2.0)
    why = IN_PLACE if w.item() == 1.0 else "1 - 0.1 * 2."
    expect_close(w, [0.8], "w = 1 after a step with slope 2 and lr 0.1", why)


def test_unit_sgd_update_groups():
    a, b = leaf(1.0, 1.0), leaf([1.0, 1.0], [1.0, 1.0])
    optimizer = SGD([{"params": [a], "lr": 0.5}, {"params": [b]}], lr=0.1)
    take(optimizer, [1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]])
    expect_close(a, [0.5, 0.0], "a = [1. 1.], in a group with lr 0.5, slopes [1. 2.]",
                 "Each group has its own settings, in `group`; the defaults are for others.",
    )  # fmt: skip
    expect_close(b, [[0.9, 0.8], [0.7, 0.6]], "b, all 1, in a group with lr 0.1", IN_PLACE)
    optimizer.param_groups[0]["lr"] = 1.0
    take(optimizer, [1.0, 1.0], None)
    expect_close(a, [-0.5, -1.0], "a = [0.5 0.] after its group's lr became 1, slopes 1",
                 "A scheduler writes to the group: ask it anew at each step.")  # fmt: skip


def test_unit_sgd_update_momentum_by_hand():
    w = leaf(1.0)
    expect_path(
        SGD([w], lr=0.1, momentum=0.5), w, [2.0, 2.0, 2.0], [0.8, 0.5, 0.15],
        "w = 1, lr 0.1, momentum 0.5, slope always 2",
        "The buffer is 2, then 0.5 * 2 + 2 = 3, then 0.5 * 3 + 2 = 3.5; each step takes 0.1 of it.",
        known=[
            (2, 0.59, "The rate was multiplied into the buffer, which adds up slopes alone."),
            (3, 0.25, f"The buffer should be 3.5. {code('buffer = buffer + …')} makes a new array "
                      f"that `state` does not hold; {code('buffer += …')} changes the one it has."),
        ],
    )  # fmt: skip


def test_unit_sgd_update_momentum_outlives_the_slope():
    w = leaf(1.0)
    expect_path(
        SGD([w], lr=0.1, momentum=0.5), w, [4.0, 0.0, -1.0], [0.6, 0.4, 0.4],
        "lr 0.1, momentum 0.5, slopes 4, 0, -1",
        "The buffer is 4, then 2 although there is no slope, then 0.5 * 2 - 1 = 0.",
    )  # fmt: skip


def test_unit_sgd_update_momentum_of_each():
    a, b = leaf(0.0), leaf(0.0)
    optimizer = SGD([a, b], lr=0.1, momentum=0.5)
    take(optimizer, 1.0, 10.0)
    take(optimizer, 1.0, 10.0)
    expect_close(a, [-0.25], "a, slopes 1 and 1, beside b with slopes 10 and 10",
                 "Each parameter has a buffer of its own, in its `state`.")  # fmt: skip
    expect_close(b, [-2.5], "b, slopes 10 and 10, beside a with slopes 1 and 1",
                 "Each parameter has a buffer of its own, in its `state`.")  # fmt: skip


def test_unit_sgd_update_momentum_rate_outside():
    w = leaf(0.0)
    optimizer = SGD([w], lr=0.1, momentum=0.5)
    take(optimizer, 1.0)
    optimizer.param_groups[0]["lr"] = 0.01
    take(optimizer, 1.0)
    expect_close(
        w, [-0.115], "w after slopes 1 and 1 with momentum 0.5, lr 0.1 and then 0.01",
        "0.1 * 1, then 0.01 * (0.5 * 1 + 1): the buffer adds up slopes, and the rate of today "
        "stands outside. With the rate in the buffer, a smaller one acts too late.",
    )  # fmt: skip


def test_unit_sgd_update_buffer_is_a_copy():
    w = leaf(1.0)
    optimizer = SGD([w], lr=0.1, momentum=0.5)
    take(optimizer, 2.0)
    w.grad.copy_([100.0])
    take(optimizer, 2.0)
    expect_close(
        w, [0.5], "w after slopes 2 and 2; in between something else was written into w.grad",
        "The first buffer has to be a copy of the slope: the gradient's array is used again.",
    )  # fmt: skip


def test_unit_sgd_update_buffer_stays():
    w = leaf(1.0, 2.0)
    optimizer = SGD([w], lr=0.1, momentum=0.5)
    take(optimizer, [2.0, 2.0])
    kept = optimizer.state[w].get("momentum_buffer")
    expect_close(kept, [2.0, 2.0], 'state["momentum_buffer"] after the slope [2. 2.]',
                 "Under this name PyTorch keeps it, too.", dtype=np.float32)  # fmt: skip
    take(optimizer, [1.0, 2.0])
    expect_true(
        optimizer.state[w]["momentum_buffer"] is kept,
        "the second step put a new array into the state",
        "`buffer = momentum * buffer + g` makes one at each step; `*=` and `+=` change the old.",
    )
    expect_close(kept, [2.0, 3.0], "the buffer after slopes [2. 2.] and [1. 2.]",
                 "0.5 * 2 + 1 and 0.5 * 2 + 2.")  # fmt: skip


def test_unit_sgd_update_dampening():
    w = leaf(0.0)
    expect_path(
        SGD([w], lr=0.1, momentum=0.5, dampening=0.75), w, [4.0, 4.0, 4.0], [-0.4, -0.7, -0.95],
        "lr 0.1, momentum 0.5, dampening 0.75, slope always 4",
        "The first slope counts in full; later ones only by 1 - 0.75: the buffer is 4, 3, 2.5.",
    )  # fmt: skip


def test_unit_sgd_update_nesterov():
    w = leaf(1.0)
    expect_path(
        SGD([w], lr=0.1, momentum=0.5, nesterov=True), w, [2.0, 2.0, 0.0], [0.7, 0.35, 0.275],
        "w = 1, lr 0.1, momentum 0.5, nesterov, slopes 2, 2, 0",
        "The buffer is 2, 3, 1.5; the direction is slope + 0.5 * buffer: 3, 3.5, 0.75.",
    )  # fmt: skip


def test_unit_sgd_update_decay():
    w = leaf(2.0)
    expect_path(
        SGD([w], lr=0.1, weight_decay=0.5), w, [1.0, 0.0], [1.8, 1.71],
        "w = 2, lr 0.1, weight decay 0.5, slopes 1 and 0",
        "The slopes become 1 + 0.5 * 2 = 2 and 0 + 0.5 * 1.8 = 0.9.",
    )  # fmt: skip


def test_unit_sgd_update_decay_with_momentum():
    for nesterov, expected in ((False, [1.8, 1.61]), (True, [1.7, 1.5225])):
        w = leaf(2.0)
        expect_path(
            SGD([w], lr=0.1, momentum=0.5, weight_decay=0.5, nesterov=nesterov), w, [1.0, 0.0],
            expected, f"w = 2, lr 0.1, momentum and decay 0.5{', nesterov' * nesterov}, slope 1, 0",
            "First the slope is decayed, 1 + 0.5 * 2 = 2, then it goes into the buffer; what you "
            "still need must not be overwritten: there are two spare arrays.",
        )  # fmt: skip


def test_unit_sgd_update_settings_of_the_group():
    for name, value in (
        ("momentum", 0.5), ("dampening", 0.5), ("nesterov", True), ("weight_decay", 0.5),
    ):  # fmt: skip
        a, b = leaf(1.0), leaf(1.0)
        usual = {"lr": 0.1, "momentum": 0.9}
        optimizer = SGD([{"params": [a], name: value}, {"params": [b]}], **usual)
        wanted = leaf(1.0)
        alone = SGD([wanted], **{**usual, name: value})
        for _ in range(2):
            take(optimizer, 2.0, 2.0)
            take(alone, 2.0)
        expect_close(a, wanted.data, f"a = 1 in a group with {name} {value}, after slopes 2 and 2",
                     OWN_SETTINGS)  # fmt: skip
        expect_close(b, [0.42], f"b = 1 in a group beside one with {name} {value}, slopes 2, 2",
                     "Its own group has the defaults, momentum 0.9: 1 - 0.2 - 0.38.",
        )  # fmt: skip


def test_unit_sgd_update_gradient_stays():
    for settings in (
        {}, {"weight_decay": 0.5}, {"momentum": 0.5}, {"momentum": 0.5, "dampening": 0.5},
        {"momentum": 0.5, "nesterov": True, "weight_decay": 0.5},
    ):  # fmt: skip
        w = leaf(1.0, 2.0)
        optimizer = SGD([w], lr=0.1, **settings)
        for _ in range(2):
            take(optimizer, [3.0, 4.0])
            expect_kept(w.grad, [3.0, 4.0], f"after a step with {settings or 'lr'}, the gradient")


def test_unit_sgd_update_no_momentum_no_memory():
    w = leaf(1.0, 2.0)
    optimizer = SGD([w], lr=0.1, weight_decay=0.1)
    take(optimizer, [3.0, 4.0])
    kept = [name for name, value in optimizer.state[w].items() if value is not None]
    expect_true(
        not kept, f"without momentum the state holds {kept}, expected nothing",
        "A buffer is as large as the weight: nobody wants to pay for it who does not use it.",
    )  # fmt: skip


def test_unit_sgd_update_pytorch():
    for cls, settings, wanted, wanted32 in RECORDED:
        if cls is SGD:
            expect_recorded(cls, settings, wanted, wanted32)


def test_unit_sgd_update_makes_no_array():
    for settings in (
        {}, {"weight_decay": 0.5}, {"momentum": 0.5}, {"momentum": 0.5, "dampening": 0.5},
        {"momentum": 0.5, "nesterov": True, "weight_decay": 0.5},
    ):  # fmt: skip
        w = Tensor(np.ones(50_000, np.float32), requires_grad=True)
        w.grad = Tensor(np.ones(50_000, np.float32))
        optimizer, array = SGD([w], lr=0.1, **settings), w.data
        expect_no_arrays(optimizer.step, w.data.nbytes, f"a warm step with {settings or 'lr'}")
        expect_true(w.data is array, "the weight's array is another one after the step", IN_PLACE)


# -- Adam.init_state ------------------------------------------------------------------------------


def test_unit_adam_init_state_example():
    optimizer = Adam([Tensor([1.0])])
    state = optimizer.init_state(np.array([1.0, 2.0]))
    expect_true(
        isinstance(state, dict), f"init_state(w) gives {state}, expected a dictionary",
        "Return it. `step` puts it into self.state, under the parameter.",
    )  # fmt: skip
    for name in ("exp_avg", "exp_avg_sq", "step"):
        expect_true(
            name in state, f"init_state(w) has no {name!r}; its keys are {sorted(state)}",
            "The names are PyTorch's: step, exp_avg, exp_avg_sq.",
        )  # fmt: skip
    for name in ("exp_avg", "exp_avg_sq"):
        expect_close(state[name], [0.0, 0.0], f'init_state(w)["{name}"]',
                     "Nothing has been seen yet: one 0 for each weight.")  # fmt: skip
        expect_true(
            isinstance(state[name], np.ndarray),
            f'init_state(w)["{name}"] is a {type(state[name]).__name__}, expected an array',
            "w is an array; the means are computed in arrays, too.",
        )
    expect_equal(state["step"], 0, 'init_state(w)["step"]', "Steps are counted from 0.")
    expect_true(
        not optimizer.state, "init_state(w) wrote into self.state",
        "Only give the dictionary. `step` puts it there, under the parameter.",
    )  # fmt: skip


def test_unit_adam_init_state_like_the_weight():
    for shape in ((), (2, 3)):
        for dtype in (np.float32, np.float64):
            state = Adam([Tensor([1.0])]).init_state(np.ones(shape, dtype))
            for name in ("exp_avg", "exp_avg_sq"):
                expect_close(
                    state[name], np.zeros(shape), f"{name} of a {dtype.__name__} {shape} weight",
                    "A mean for each single weight, in the weight's dtype.", dtype=dtype,
                )  # fmt: skip


def test_unit_adam_init_state_arrays_of_its_own():
    optimizer, w = Adam([Tensor([1.0])]), np.array([1.0, 2.0])
    one, two = optimizer.init_state(w), optimizer.init_state(w)
    arrays = [state[name] for state in (one, two) for name in ("exp_avg", "exp_avg_sq")]
    for i, array in enumerate(arrays):
        expect_true(
            not any(np.may_share_memory(array, other) for other in [*arrays[:i], w]),
            "two of the arrays that init_state made are one and the same",
            "They are changed in place later: each name, and each weight, needs its own.",
        )


# -- Adam.adapt -----------------------------------------------------------------------------------


def test_unit_adam_adapt_example():
    w = Tensor([1.0, 1.0], requires_grad=True)
    take(Adam([w], lr=0.1), [0.001, -1000.0])
    what = "w = [1. 1.] after a step with lr 0.1, slopes [0.001 -1000.]"
    expect_true(
        not (w.data[0] > 1 > w.data[1]),
        f"{what} is {show(w.data)}, expected [0.9 1.1]", "Uphill: a step goes against the slope.",
    )  # fmt: skip
    under_root = (
        "eps stands under the root, and the first slope is small enough to show it. It comes "
        "after the root."
    )
    no_share = "1 - β is missing before the slope: the means add up slopes."
    why = likely(
        w.data,
        [
            ([1.0, 1.0], IN_PLACE),
            ([0.9005, 1.1], under_root), ([0.9698, 1.1], under_root),
            ([0.0, 2.0], no_share),
            ([0.9684, 1.0316], no_share),
            ([-2.1623, 4.1623], "v is too small by 1000: its correction is missing, or 1 - β2 was "
                                "squared with the slope."),
        ],
        f"In the first step m is the slope and v its square: {code('m / sqrt(v)')} is 1 or -1, "
        "however small or large the slope.",
    )  # fmt: skip
    expect_close(w, [0.9, 1.1], what, why, atol=1e-4)


def test_unit_adam_adapt_means():
    w = leaf(0.0)
    optimizer = Adam([w], lr=0.1, betas=(0.5, 0.75))
    take(optimizer, 4.0)
    state = optimizer.state[w]
    kept = state["exp_avg"], state["exp_avg_sq"]
    lost = "makes a new array, which `state` does not hold. Change the one that is there."
    why = likely(kept[0], [
        ([0.0], f"{code('m = …')} {lost}"),
        ([4.0], "It was corrected. That is for the step; the mean is kept as it is."),
        ([1.0], "0.5 * 0 + 0.5 * 4. β1 is the first of the betas, β2 the second."),
        ([0.5], "It was right, 2, and then the division was written into it."),
    ], "0.5 * 0 + 0.5 * 4.")  # fmt: skip
    expect_close(kept[0], [2.0], "exp_avg after the slope 4, betas (0.5, 0.75)", why)
    why = likely(kept[1], [
        ([0.0], f"{code('v = …')} {lost}"),
        ([16.0], "It was corrected. That is for the step; the mean is kept as it is."),
        ([2.0], "It was right, 4, and then the root was written into it."),
    ], "0.75 * 0 + 0.25 * 16.")  # fmt: skip
    expect_close(kept[1], [4.0], "exp_avg_sq after the slope 4, betas (0.5, 0.75)", why)
    expect_equal(
        state["step"], 1, 'state["step"] after one step',
        f"{code('n += 1')} changes n alone: put the new count back into `state`.",
    )  # fmt: skip
    take(optimizer, -2.0)
    expect_true(
        state["exp_avg"] is kept[0] and state["exp_avg_sq"] is kept[1],
        "the second step put new arrays into the state",
        "Change the arrays that are there, with `*=` and `+=`.",
    )
    expect_close(kept[0], [0.0], "exp_avg after slopes 4 and -2", "0.5 * 2 + 0.5 * -2.")
    expect_close(kept[1], [4.0], "exp_avg_sq after slopes 4 and -2", "0.75 * 4 + 0.25 * 4.")


def test_unit_adam_adapt_two_steps_by_hand():
    w = leaf(0.0)
    expect_path(
        Adam([w], lr=0.1, betas=(0.5, 0.75)), w, [1.0, 3.0], [-0.1, -0.1988539],
        "w = 0, lr 0.1, betas (0.5, 0.75), slopes 1 and 3",
        "Step 2: 0.5 * 0.5 + 0.5 * 3 = 1.75 over 1 - 0.5² is m = 2.3333; 0.75 * 0.25 + 0.25 * 9 = "
        f"2.4375 over 1 - 0.75² is v = 5.5714; {code('m / sqrt(v)')} = 0.98854.",
        known=[(2, -0.21213, "1 - β is right for step 1 only: in step n it is 1 - βⁿ.")],
    )  # fmt: skip


def test_unit_adam_adapt_counts():
    a, b = leaf(0.0), leaf(0.0)
    optimizer = Adam([a, b], lr=0.1)
    for slopes in ((1.0, None), (1.0, None), (1.0, 5.0)):
        take(optimizer, *slopes)
    counted = optimizer.state[a].get("step"), optimizer.state[b].get("step")
    expect_equal(counted, (3, 1), "the steps counted for a, with 3 slopes, and b, with 1",
                 "Each weight counts its own, in state; the correction depends on it.")  # fmt: skip
    expect_close(b, [-0.1], "b after its first slope, in the third step of the optimizer",
                 "For b it is the first: its means were 0 before.")  # fmt: skip


def test_unit_adam_adapt_eps():
    w = leaf(0.0)
    optimizer = Adam([w], lr=0.1, eps=1.0)
    take(optimizer, 1.0)
    expect_close(
        w, [-0.05], "w = 0 after a slope of 1 with lr 0.1 and eps 1",
        "m = 1, v = 1: the step is 0.1 * 1 / (sqrt(1) + 1). eps comes after the correction and "
        "after the root.",
    )  # fmt: skip


def test_unit_adam_adapt_no_slope():
    w = leaf(3.0)
    optimizer = Adam([w], lr=0.1)
    with np.errstate(all="raise"):
        take(optimizer, 0.0)
        take(optimizer, 0.0)
    expect_close(w, [3.0], "w = 3 after two slopes of 0", "0 / (0 + eps) is 0.")


def test_unit_adam_adapt_settings_of_the_group():
    w = leaf(0.0)
    optimizer = Adam([{"params": [w], "lr": 0.5}], lr=0.1)
    take(optimizer, 7.0)
    expect_close(w, [-0.5], "w after a slope of 7, in a group with lr 0.5", OWN_SETTINGS)
    optimizer.param_groups[0]["lr"] = 0.25
    take(optimizer, 7.0)
    expect_close(w, [-0.75], "w after a second slope of 7, lr now 0.25", OWN_SETTINGS)
    for name, value in (("betas", (0.5, 0.75)), ("eps", 1.0)):
        a, wanted = leaf(0.0), leaf(0.0)
        optimizer = Adam([{"params": [a], name: value}], lr=0.1)
        alone = Adam([wanted], **{"lr": 0.1, name: value})
        for slope in (1.0, 3.0):
            take(optimizer, slope)
            take(alone, slope)
        expect_close(a, wanted.data, f"a = 0 in a group with {name} {value}, slopes 1 and 3",
                     OWN_SETTINGS)  # fmt: skip


def test_unit_adam_adapt_gradient_stays():
    w = leaf(1.0, 2.0)
    optimizer = Adam([w], lr=0.1)
    for _ in range(2):
        take(optimizer, [3.0, -4.0])
        expect_kept(w.grad, [3.0, -4.0], "after a step of Adam, the gradient")


def test_unit_adam_adapt_pytorch():
    for cls, settings, wanted, wanted32 in RECORDED:
        if cls is Adam:
            expect_recorded(cls, settings, wanted, wanted32)


def test_unit_adam_adapt_makes_no_array():
    w = Tensor(np.ones(50_000, np.float32), requires_grad=True)
    w.grad = Tensor(np.ones(50_000, np.float32))
    optimizer, array = Adam([w], lr=0.1), w.data
    expect_no_arrays(optimizer.step, w.data.nbytes, "a warm step of Adam")
    expect_true(w.data is array, "the weight's array is another one after the step", IN_PLACE)


# -- AdamW.update ---------------------------------------------------------------------------------


def test_unit_adamw_update_example():
    w = Tensor([1.0, 100.0], requires_grad=True)
    take(AdamW([w], lr=0.1, weight_decay=0.5), [0.0, 0.0])
    what = "w = [1. 100.] after a step without slope, lr 0.1, decay 0.5"
    expect_true(
        w.tolist() != [1.0, 100.0], f"{what} is [1. 100.], expected [0.95 95.]",
        f"w did not change. Either nothing shrinks it, or {code('w = w * …')} made a new array; "
        f"{code('w *= …')} changes the one that the layer holds.",
    )  # fmt: skip
    in_slope = "The decay is in the slope, and Adam divides it by its own size: both lose 0.1."
    expect_close(
        w, [0.95, 95.0], what,
        likely(w.data, [([0.9, 99.9], in_slope), ([0.85, 94.9], f"It is there twice. {in_slope}")],
               "Both shrink by 0.1 * 0.5 of themselves: the factor is one number, 0.95."),
    )  # fmt: skip


def test_unit_adamw_update_slope_and_decay():
    w = leaf(1.0)
    optimizer = AdamW([w], lr=0.1, weight_decay=0.5)
    take(optimizer, 8.0)
    expect_close(
        w, [0.85], "w = 1 after a slope of 8, lr 0.1, decay 0.5",
        "First 1 * (1 - 0.1 * 0.5) = 0.95, then Adam's 0.1.",
    )  # fmt: skip


def test_unit_adamw_update_means_know_nothing():
    w = leaf(100.0)
    optimizer = AdamW([w], lr=0.1, weight_decay=0.5)
    take(optimizer, 2.0)
    expect_close(optimizer.state[w]["exp_avg"], [0.2], "exp_avg after a slope of 2, w = 100",
                 "0.1 * 2: the means are of slopes alone, without decay.")  # fmt: skip


def test_unit_adamw_update_no_decay_is_adam():
    a, b = leaf(1.0), leaf(1.0)
    one, two = AdamW([a], lr=0.1, weight_decay=0.0), Adam([b], lr=0.1)
    for slope in (3.0, -1.0, 5.0):
        take(one, slope)
        take(two, slope)
    expect_close(a, b.data, "AdamW without decay, after three steps", "It is Adam then.")


def test_unit_adamw_update_settings_of_the_group():
    w = leaf(1.0)
    optimizer = AdamW([{"params": [w], "lr": 0.5, "weight_decay": 0.25}], lr=0.1, weight_decay=0.5)
    take(optimizer, 0.0)
    expect_close(w, [0.875], "w = 1 after a slope of 0, in a group with lr 0.5 and decay 0.25",
                 OWN_SETTINGS)  # fmt: skip
    optimizer.param_groups[0]["lr"] = 0.2
    take(optimizer, 0.0)
    expect_close(w, [0.83125], "w = 0.875 after a slope of 0, lr now 0.2", OWN_SETTINGS)


def test_unit_adamw_update_pytorch():
    for cls, settings, wanted, wanted32 in RECORDED:
        if cls is AdamW:
            expect_recorded(cls, settings, wanted, wanted32)


def test_unit_adamw_update_makes_no_array():
    w = Tensor(np.ones(50_000, np.float32), requires_grad=True)
    w.grad = Tensor(np.ones(50_000, np.float32))
    optimizer, array = AdamW([w], lr=0.1, weight_decay=0.1), w.data
    expect_no_arrays(optimizer.step, w.data.nbytes, "a warm step of AdamW")
    expect_true(w.data is array, "the weight's array is another one after the step", IN_PLACE)


# -- Optimizer.state_dict -------------------------------------------------------------------------


def test_unit_optimizer_state_dict_example():
    w = Tensor([1.0], requires_grad=True)
    state = SGD([w], lr=0.1).state_dict()
    expect_true(isinstance(state, dict), f"state_dict() gives {state}, expected a dictionary")
    numbers = state["param_groups"][0]["params"]
    expect_equal(numbers, [0], 'state_dict()["param_groups"][0]["params"]',
                 "A file cannot hold the parameter: its number stands for it.")  # fmt: skip


def test_unit_optimizer_state_dict_settings():
    w = leaf(1.0)
    optimizer = Adam([w], lr=0.1, betas=(0.8, 0.9))
    optimizer.param_groups[0]["initial_lr"] = 0.3
    group = optimizer.state_dict()["param_groups"][0]
    for name, value in (("lr", 0.1), ("betas", (0.8, 0.9)), ("initial_lr", 0.3)):
        expect_true(
            name in group, f'state_dict()["param_groups"][0] has no {name!r}',
            "All settings of the group are kept; a scheduler may have added some.",
        )  # fmt: skip
        expect_equal(group.get(name), value, f'state_dict()["param_groups"][0][{name!r}]',
                     "All settings of the group are kept; a scheduler may have added some.",
        )  # fmt: skip


def test_unit_optimizer_state_dict_numbers_through_groups():
    every = [leaf(float(i)) for i in range(5)]
    optimizer = SGD([{"params": every[:2]}, {"params": every[2:], "lr": 0.5}], lr=0.1)
    groups = optimizer.state_dict()["param_groups"]
    expect_equal([group["params"] for group in groups], [[0, 1], [2, 3, 4]],
                 "the numbers of 2 and 3 parameters in two groups",
                 "They are counted on through all groups: no number comes twice.")  # fmt: skip
    expect_equal([group["lr"] for group in groups], [0.1, 0.5], "the rates of the two groups",
                 "Each group keeps its own settings.")  # fmt: skip


def test_unit_optimizer_state_dict_state():
    a, b, c = leaf(1.0), leaf(2.0), leaf(3.0)
    optimizer = SGD([{"params": [a, b]}, {"params": [c]}], lr=0.1, momentum=0.5)
    take(optimizer, None, 20.0, 30.0)
    state = optimizer.state_dict()["state"]
    why = "A number is the place in the list of parameters, not in that of states."
    if 0 in state and len(state) == 3:
        why = "Go through self.state: asked for a parameter that it does not have, it makes {}."
    expect_equal(sorted(state, key=str), [1, 2], "the numbers with state; 0 had no gradient", why)
    for number, owner, value in ((1, b, [20.0]), (2, c, [30.0])):
        kept = state[number]
        expect_true("momentum_buffer" in kept, f"parameter {number} has no momentum_buffer, "
                    f"only {sorted(kept)}", "All of a parameter's state is kept.")  # fmt: skip
        expect_close(kept["momentum_buffer"], value, f"the momentum_buffer of parameter {number}")
        expect_true(
            kept["momentum_buffer"] is optimizer.state[owner]["momentum_buffer"],
            f"the momentum_buffer of parameter {number} was copied",
            "Whoever saves needs no copy: for a moment it would double the memory.",
        )


def test_unit_optimizer_state_dict_changes_nothing():
    w = leaf(1.0)
    optimizer = Adam([w], lr=0.1)
    take(optimizer, 2.0)
    given = optimizer.state_dict()
    expect_true(
        optimizer.param_groups[0]["params"][0] is w and w in optimizer.state,
        "after state_dict() the optimizer itself has a number where its parameter was",
        "Make new dictionaries; the groups and the state of the optimizer go on living.",
    )
    take(optimizer, 2.0)
    expect_close(w, [0.8], "w after a step, state_dict(), and another step")
    expect_true(
        given["state"][0]["step"] == 1,
        "a second step counted on in what state_dict() gave after the first",
        "The dictionary of a parameter is the optimizer's own. Make a new one: dict(…).",
    )


def test_unit_optimizer_state_dict_can_be_saved():
    w = leaf(1.0, 2.0)
    optimizer = Adam([w], lr=0.1)
    take(optimizer, [3.0, 4.0])
    with temporary_file() as path:
        save(optimizer.state_dict(), path)
        state = load(path)
    expect_close(state["state"][0]["exp_avg"], [0.3, 0.4], "exp_avg, out of the file")
    expect_equal(state["state"][0]["step"], 1, "step, out of the file")
    expect_equal(state["param_groups"][0]["params"], [0], "params, out of the file")


# -- Optimizer.load_state_dict --------------------------------------------------------------------


NOT_EVERY_NUMBER = (
    "Not every number has state (no gradient yet, or nothing to remember): go through what is in "
    'state_dict["state"].'
)


def taken_up(optimizer, state, why=NOT_EVERY_NUMBER):
    """Load the state; say why where a number is not found."""
    __tracebackhide__ = True
    with explained("load_state_dict", KeyError, r"^\d+$", why):
        optimizer.load_state_dict(state)


def test_unit_optimizer_load_state_dict_example():
    w = Tensor([1.0], requires_grad=True)
    optimizer = SGD([w], lr=0.1)
    taken_up(optimizer, SGD([w], lr=0.5).state_dict())
    expect_equal(optimizer.param_groups[0]["lr"], 0.5, "lr after loading a state with lr 0.5",
                 "The settings are part of it.")  # fmt: skip


def test_unit_optimizer_load_state_dict_parameters_stay():
    w = leaf(1.0)
    optimizer = SGD([w], lr=0.1)
    taken_up(optimizer, SGD([leaf(7.0)], lr=0.5).state_dict())
    kept = optimizer.param_groups[0].get("params")
    expect_true(
        kept is not None and len(kept) == 1 and kept[0] is w,
        f"after loading, the group's params are {kept}, expected w",
        "The saved group holds numbers there. The parameters stay those of this optimizer.",
    )
    take(optimizer, 1.0)
    expect_close(w, [0.5], "w = 1 after loading lr 0.5 and a slope of 1")


def test_unit_optimizer_load_state_dict_settings():
    one = Adam([leaf(1.0)], lr=0.5, betas=(0.5, 0.75), eps=0.1, weight_decay=0.0)
    one.param_groups[0]["initial_lr"] = 0.3
    two = Adam([leaf(1.0)], lr=0.1, weight_decay=0.2)
    taken_up(two, one.state_dict())
    for name, value in settings_of(one).items():
        expect_true(
            two.param_groups[0].get(name) == value,
            f"{name} is {two.param_groups[0].get(name)} after loading a state with {value}",
            "Every setting is taken over: also 0 and False, also one that this group did not have.",
        )


def test_unit_optimizer_load_state_dict_goes_on():
    for cls, settings in ((SGD, {"momentum": 0.9}), (Adam, {}), (AdamW, {"weight_decay": 0.1})):
        a, b = leaf(1.0, 2.0), leaf(3.0)
        optimizer = cls([{"params": [a]}, {"params": [b], "lr": 0.02}], lr=0.1, **settings)
        take(optimizer, [1.0, -2.0], 3.0)
        take(optimizer, [2.0, -1.0], 5.0)
        with temporary_file() as path:
            save(optimizer.state_dict(), path)
            kept = load(path)
        c, d = leaf(*a.tolist()), leaf(*b.tolist())
        other = cls([{"params": [c]}, {"params": [d]}], lr=9.0, **settings)
        taken_up(other, kept)
        expect_true(
            c in other.state and d in other.state,
            f"after loading, self.state has nothing under a parameter; its keys are "
            f"{[type(key).__name__ for key in other.state]}",
            "`step` looks for the state under the parameter, not under its number.",
        )
        for _ in range(3):
            take(optimizer, [0.5, 0.25], 1.0)
            take(other, [0.5, 0.25], 1.0)
        for ours, theirs, name in ((c, a, "a"), (d, b, "b")):
            expect_true(
                np.array_equal(ours.data, theirs.data),
                f"{cls.__name__}: {name} is {show(ours.data)} in the run that was saved, loaded "
                f"and went on, {show(theirs.data)} in the one that never stopped",
                "Every bit of the state counts, and the settings of every group.",
            )


def test_unit_optimizer_load_state_dict_by_number():
    for numbers, first, of in (([0, 1], "number 0", 1), ([7, 3], "number 7", 3)):
        a, b = leaf(1.0), leaf(2.0)
        optimizer = SGD([a, b], lr=0.1, momentum=0.5)
        state = {
            "state": {of: {"momentum_buffer": np.array([4.0], np.float32)}},
            "param_groups": [{**settings_of(optimizer), "params": numbers}],
        }
        why = (
            f"The saved params are {numbers}, and the state is that of {of}: look the parameter "
            "up by its number, do not count."
        )
        taken_up(optimizer, state, why)
        take(optimizer, 0.0, 0.0)
        expect_close(a, [1.0], f"a = 1, {first}, without state, after a slope of 0", why)
        expect_close(b, [1.8], f"b = 2, number {of}, with a buffer of 4, after a slope of 0", why)


def test_unit_optimizer_load_state_dict_forgets():
    a, b = leaf(1.0), leaf(2.0)
    optimizer = SGD([a, b], lr=0.1, momentum=0.5)
    fresh = optimizer.state_dict()
    take(optimizer, 10.0, 10.0)
    taken_up(optimizer, fresh)
    a.copy_([1.0])
    take(optimizer, 1.0, 1.0)
    expect_close(a, [0.9], "a = 1 after loading the state of the very start, slope 1",
                 "What the loaded state does not hold must be gone: there was no buffer yet.",
    )  # fmt: skip


def test_unit_optimizer_load_state_dict_leaves_the_given():
    one, two = Adam([leaf(1.0)], lr=0.5), Adam([leaf(1.0)], lr=0.1)
    take(one, 2.0)
    given = one.state_dict()
    names = sorted(given["param_groups"][0])
    taken_up(two, given)
    expect_equal(sorted(given["param_groups"][0]), names, "the keys of the saved group, after it "
                 "was loaded", "It belongs to the caller: read it, do not pop.")  # fmt: skip
    expect_equal(given["param_groups"][0]["params"], [0], "params of the saved group, after it "
                 "was loaded", "It belongs to the caller: write only to your own.")  # fmt: skip
    two.param_groups[0]["lr"] = 7.0
    expect_equal(given["param_groups"][0]["lr"], 0.5,
                 "lr of the saved group, after the optimizer that loaded it got another",
                 "The optimizer took the caller's dictionary for its group. Fill its own.",
    )  # fmt: skip


def test_unit_optimizer_load_state_dict_copies():
    a, b = leaf(1.0), leaf(1.0)
    one, two = Adam([a], lr=0.1), Adam([b], lr=0.1)
    take(one, 2.0)
    taken_up(two, one.state_dict())
    take(two, 50.0)
    kept = one.state[a]
    expect_true(
        np.allclose(kept["exp_avg"], [0.2]) and kept["step"] == 1,
        f"a step of the second optimizer changed the state of the first: exp_avg is "
        f"{kept['exp_avg']}, step {kept['step']}; expected [0.2] and 1",
        "Both hold the same dictionary or array. `own_copy` makes another.",
    )
    two.param_groups[0]["lr"] = 7.0
    expect_equal(
        one.param_groups[0]["lr"], 0.1, "the first optimizer's lr after the second's was set"
    )


def test_unit_optimizer_load_state_dict_refuses():
    a, b = leaf(1.0), leaf(1.0, 2.0)
    one = SGD([a], lr=0.5, momentum=0.5)
    take(one, 4.0)
    for params, what in (
        ([b], "a state of shape (1,) into a parameter of shape (2,)"),
        ([a, b], "the state of 1 parameter into an optimizer of 2"),
        ([{"params": [a]}, {"params": [b]}], "the state of 1 group into an optimizer of 2"),
    ):
        other = SGD(params, lr=0.1, momentum=0.5)
        other.state[b]["momentum_buffer"] = np.array([8.0, 8.0], np.float32)
        expect_raises(ValueError, lambda other=other: other.load_state_dict(one.state_dict()),
                      f"loading {what}", "`check_state` raises for you.")  # fmt: skip
        expect_true(
            other.param_groups[0]["lr"] == 0.1 and "momentum_buffer" in other.state[b],
            f"loading {what} was refused, but had changed the optimizer already",
            "Check first, then change: half a state is worse than none.",
        )


def test_unit_optimizer_load_state_dict_of_pytorch():
    w = leaf(0.0)
    optimizer = Adam([w], lr=9.0)
    optimizer.load_state_dict({
        "state": {0: {"step": np.array(1.0, np.float32), "exp_avg": np.array([0.5]),
                      "exp_avg_sq": np.array([0.25])}},
        "param_groups": [{"lr": 0.1, "betas": (0.5, 0.75), "eps": 1e-8, "weight_decay": 0,
                          "amsgrad": False, "foreach": None, "maximize": False, "params": [0]}],
    })  # fmt: skip
    take(optimizer, 3.0)
    expect_close(
        w, [-0.0988539], "the second step of the example by hand, after loading PyTorch's first",
        "Either a setting (betas) was not taken over, or the state was taken as it came: "
        "`own_copy` brings arrays into the parameter's dtype and makes step a whole number.",
        dtype=np.float32,
    )  # fmt: skip


# -- all of it ------------------------------------------------------------------------------------


def settings_of(optimizer):
    return {k: v for k, v in optimizer.param_groups[0].items() if k != "params"}


@contextlib.contextmanager
def temporary_file():
    with tempfile.TemporaryDirectory() as folder:
        yield os.path.join(folder, "state.npz")


# What PyTorch 2.13 makes of 1.5 with the slopes 4 w + 3 sin(step): float64 after each of 50 steps,
# float32 after every fifth.
RECORDED = [
    (
        SGD, {"lr": 0.1},
        "0.6475587046 0.1157459947 0.02711159439 0.2433077052 0.4336619055 0.3440217928 "
        "0.009317096053 -0.2912172164 -0.2983658754 -0.01581319196 0.2905091468 0.3352773635 "
        "0.07511630704 -0.2521124225 -0.3463538055 -0.1214412883 0.2155544746 0.3546288588 "
        "0.1678141524 -0.1731950838 -0.3549137418 -0.2102928523 0.1276904099 0.3482877545 "
        "0.2486781777 -0.0795606285 -0.3346491556 -0.2820612299 0.02985342734 0.3143215436 "
        "0.3098042198 0.02045452749 -0.2877008415 -0.3313453108 -0.07035238561 0.2553222247 "
        "0.3462547748 0.1188422913 -0.2178332411 -0.3542338928 -0.164953535 0.1759843433 "
        "0.3551230288 0.2077632397 -0.1306131135 -0.3489043724 -0.2464145603 0.08262766224 "
        "0.3357023932 0.280133892",
        "0.433661908 -0.0158131849 -0.346353829 -0.173195094 0.248678178 0.314321548 "
        "-0.070352383 -0.354233891 -0.130613118 0.280133903",
    ),
    (
        SGD, {"lr": 0.1, "momentum": 0.9},
        "0.6475587046 -0.6514511712 -1.602315593 -1.590126587 -0.6554285646 0.5317957312 "
        "1.190483325 1.010301356 0.3203814955 -0.2654926438 -0.3865852497 -0.1799626197 "
        "-0.04806731586 -0.2073168228 -0.462801002 -0.4212453674 0.07307209818 0.714025152 "
        "0.9603096767 0.5239583031 -0.329337946 -0.962913999 -0.8941007258 -0.202854981 "
        "0.5401137067 0.7639725078 0.3729436472 -0.2094315227 -0.4507064013 -0.1911617443 "
        "0.2401044383 0.366774223 0.03409378197 -0.4376809336 -0.5587510033 -0.1466800087 "
        "0.4759173299 0.7569774291 0.4180019309 -0.2778107381 -0.7453310442 -0.5930104377 "
        "0.03081470603 0.5746208755 0.5789270204 0.08069523839 -0.4370633976 -0.4977444125 "
        "-0.06713376516 0.4259817797",
        "-0.65542841 -0.265492767 -0.46280089 0.523958147 0.540113747 -0.191161722 -0.558751047 "
        "-0.277810782 0.57892698 0.425981909",
    ),
    (
        SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3},
        "0.6475587046 -0.4919073583 -1.409327956 -1.681466143 -1.254205893 -0.4598167633 "
        "0.2459149612 0.6044520923 0.6713440426 0.6578148991 0.6714484417 0.6083933791 "
        "0.2930585989 -0.2808266557 -0.8552523677 -1.072305149 -0.7655137371 -0.1173502983 "
        "0.4673806662 0.671053445 0.4907662973 0.192952076 0.04859898047 0.09524493597 "
        "0.1383515814 -0.02172815515 -0.3605549795 -0.6214339428 -0.54286039 -0.1126566423 "
        "0.3909184961 0.6188793386 0.4407763914 0.04595898533 -0.2323268355 -0.209459001 "
        "0.00491357824 0.1342356962 0.01064257625 -0.2600449167 -0.3975403233 -0.2175053736 "
        "0.1801002817 0.4837998883 0.4429758254 0.09282538461 -0.2742514755 -0.3664967576 "
        "-0.1466103623 0.1474370142",
        "-1.25420582 0.657814741 -0.855252206 0.67105335 0.138351604 -0.112656586 -0.232326925 "
        "-0.260044813 0.4429757 0.147437096",
    ),
    (
        SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        "-0.1196384613 -1.237490213 -1.181062173 -0.208686338 0.7421213112 0.859066197 "
        "0.1286654108 -0.703764997 -0.8395522284 -0.1556924178 0.6989775649 0.916757537 "
        "0.2832858083 -0.6233043413 -0.9667413684 -0.4258182084 0.5068702563 0.9762593325 "
        "0.5510291346 -0.3789187725 -0.9599216296 -0.6587522519 0.2473358897 0.9253892875 "
        "0.7523167471 -0.1124624128 -0.8737016916 -0.8314850242 -0.02467813726 0.8048657136 "
        "0.8944060269 0.1615920128 -0.7198289162 -0.9394655803 -0.2953666999 0.6202980012 "
        "0.9656741849 0.4232222642 -0.5083345325 -0.9725311369 -0.542589374 0.3862040893 "
        "0.9599217091 0.6510912624 -0.256349173 -0.9281027455 -0.7465624025 0.1213642438 "
        "0.8777091888 0.8270922339",
        "0.742121398 -0.155692443 -0.966741383 -0.378918707 0.752316654 0.804865718 "
        "-0.295366645 -0.972531199 -0.256349176 0.827092171",
    ),
    (
        SGD, {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.2},
        "-0.0883943318 -1.077351257 -0.9417131638 -0.04071541055 0.7306345288 0.7024169417 "
        "-0.02752361712 -0.7312327867 -0.7357340738 -0.03613452369 0.7130858124 0.8109797333 "
        "0.1601233244 -0.6432137288 -0.8592220237 -0.28703975 0.5490673697 0.8812104931 "
        "0.4040458628 -0.4440776931 -0.8837815766 -0.5110388561 0.3313847898 0.8690071683 "
        "0.6076120794 -0.2124182985 -0.8371256817 -0.692156024 0.08919511387 0.7885450388 "
        "0.7629072264 0.03585080359 -0.7241707151 -0.8183948035 -0.1601904768 0.6452930712 "
        "0.8574980147 0.2813237579 -0.5534981253 -0.8794364805 -0.3968251558 0.4506252597 "
        "0.8837728329 0.5043837393 -0.3387334119 -0.8704205989 -0.601847085 0.2200618678 "
        "0.8396469511 0.6872644947",
        "0.73063457 -0.036134541 -0.859222054 -0.44407773 0.607612133 0.788545072 -0.160190463 "
        "-0.879436553 -0.338733345 0.687264562",
    ),
    (
        Adam, {"lr": 0.1},
        "1.4 1.300067587 1.202937856 1.113801303 1.032596152 0.9522217057 0.8679548907 "
        "0.7801447256 0.692230281 0.6106940229 0.5392478075 0.4734860303 0.4063758901 "
        "0.335322068 0.2632558049 0.1974375592 0.1437851283 0.09982870486 0.05759364242 "
        "0.01155845842 -0.03693693785 -0.08059390583 -0.1119581716 -0.1313787878 -0.146469376 "
        "-0.1649595935 -0.1879577219 -0.2090863949 -0.2200077316 -0.2187955292 -0.2116975018 "
        "-0.2075838731 -0.2102047295 -0.2147987098 -0.2125769912 -0.1992661628 -0.1791546278 "
        "-0.1613631101 -0.1520430978 -0.1485394564 -0.1420657648 -0.1260640604 -0.1024354044 "
        "-0.07983754503 -0.06636512458 -0.06183550468 -0.05810751777 -0.04668645713 "
        "-0.02672763719 -0.005738961069",
        "1.03259611 0.610693932 0.263255835 0.011558529 -0.14646928 -0.218795478 -0.212576956 "
        "-0.148539454 -0.0663651526 -0.00573900715",
    ),
    (
        Adam, {"lr": 0.2, "betas": (0.8, 0.95), "eps": 0.01, "weight_decay": 0.2},
        "1.300226387 1.101238709 0.9124165623 0.7511187724 0.6198877679 0.4964280857 "
        "0.3602224419 0.2116286129 0.06946462268 -0.03405455875 -0.08505936858 -0.106232119 "
        "-0.1327076239 -0.1811789063 -0.2350295991 -0.2573636908 -0.2288445414 -0.1685660484 "
        "-0.1153607623 -0.09975904761 -0.1133107731 -0.1179972282 -0.08222930358 -0.01379034543 "
        "0.04897826208 0.06578206922 0.03663631118 -0.0008389487362 -0.00308690966 "
        "0.03709786778 0.08544811378 0.09509104479 0.05355437645 -0.006901541127 -0.03663772078 "
        "-0.01360179018 0.03503835922 0.05892224864 0.02990781321 -0.02961509183 -0.06910691226 "
        "-0.0530036423 0.001981511557 0.04626515657 0.03790595125 -0.01380093771 -0.06138712751 "
        "-0.0580091105 -0.006006621222 0.04987061523",
        "0.619887769 -0.0340545774 -0.235029608 -0.0997590423 0.0489782915 0.037097875 "
        "-0.0366377607 -0.0296151154 0.0379059575 0.0498706326",
    ),
    (
        AdamW, {"lr": 0.1},
        "1.3985 1.297171392 1.198762474 1.108487888 1.026291744 0.9450415854 0.8599762017 "
        "0.7714426786 0.6829119149 0.6009178634 0.5291944858 0.4633000063 0.3961442721 "
        "0.3251031608 0.2531328746 0.1875495799 0.1342955206 0.09086454028 0.04922490498 "
        "0.003811026778 -0.0440319942 -0.08696620422 -0.1175223445 -0.136079563 -0.1502935518 "
        "-0.1679343527 -0.1901188003 -0.2104447147 -0.2205599866 -0.218554096 -0.2107031255 "
        "-0.2059110186 -0.2079406724 -0.2120091964 -0.2093027853 -0.1955443878 -0.1750419852 "
        "-0.156948813 -0.1474320109 -0.1438154357 -0.137278244 -0.1212408292 -0.09761383676 "
        "-0.07508663952 -0.0617730053 -0.05747274938 -0.05400844084 -0.04285335195 "
        "-0.02316119006 -0.002467838758",
        "1.02629173 0.600917935 0.253132939 0.00381106138 -0.150293544 -0.218554109 "
        "-0.209302813 -0.143815473 -0.0617730767 -0.00246790051",
    ),
    (
        AdamW, {"lr": 0.2, "betas": (0.8, 0.95), "eps": 0.01, "weight_decay": 0.2},
        "1.240234345 0.9920165407 0.766104607 0.5828307056 0.4442814774 0.3230459048 "
        "0.193244871 0.05433500502 -0.07138574411 -0.1479706992 -0.165001972 -0.1514873282 "
        "-0.147358037 -0.1714330295 -0.2049404052 -0.208613107 -0.1634008157 -0.09097901782 "
        "-0.03369879238 -0.02309967359 -0.04669140868 -0.06223093135 -0.03535322974 "
        "0.02489294761 0.07684517835 0.07920521201 0.03525788385 -0.01364469659 -0.02140329419 "
        "0.01753498604 0.06527918927 0.0727742718 0.0284708234 -0.03235182911 -0.05778909086 "
        "-0.02733044238 0.02817805228 0.05575834138 0.02736230252 -0.03163697476 -0.06824623788 "
        "-0.04720734023 0.01187406764 0.05683577281 0.04557647559 -0.009662528416 "
        "-0.05867851831 -0.05400199905 -0.0002482012019 0.05513822435",
        "0.44428134 -0.147970751 -0.204940349 -0.0230995975 0.0768451914 0.0175349731 "
        "-0.0577891022 -0.0316369906 0.0455764607 0.0551382191",
    ),
]  # fmt: skip


def test_module():
    """A network learns: the slopes forgotten and found anew, steps taken, a run taken up again."""
    draw = np.random.default_rng(0)
    x = Tensor(draw.uniform(-1, 1, (40, 2)).astype(np.float32))
    target = Tensor((x.data[:, 0] * x.data[:, 1] > 0).astype(np.int64))  # on which diagonal

    def network():
        manual_seed(3)
        return Sequential(Linear(2, 8), Tanh(), Linear(8, 2))

    def train(model, optimizer, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            loss = cross_entropy(model(x), target)
            loss.backward()
            optimizer.step()
        return loss.item()

    for cls, settings, goal in (
        (SGD, {"lr": 0.5, "momentum": 0.9, "nesterov": True}, 0.3),
        (Adam, {"lr": 0.05}, 0.3),
        (AdamW, {"lr": 0.05, "weight_decay": 0.01}, 0.3),
    ):
        model = network()
        optimizer = cls(model.parameters(), **settings)
        first, arrays = train(model, optimizer, 1), [p.data for p in model.parameters()]
        train(model, optimizer, 20)
        with temporary_file() as path:
            save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
            kept = load(path)
        last = train(model, optimizer, 30)
        expect_true(
            last < goal,
            f"{cls.__name__} brought the loss from {first:.2f} to {last:.2f}, expected {goal}",
        )
        expect_true(
            all(p.data is array for p, array in zip(model.parameters(), arrays, strict=True)),
            f"{cls.__name__}: a weight lies in another array than before training", IN_PLACE,
        )  # fmt: skip
        other = network()
        again = cls(other.parameters(), lr=1.0)
        other.load_state_dict(kept["model"])
        again.load_state_dict(kept["optimizer"])
        train(other, again, 30)
        for (name, p), q in zip(model.named_parameters(), other.parameters(), strict=True):
            expect_true(
                np.array_equal(p.data, q.data),
                f"{cls.__name__}: {name} differs between the run that never stopped and the one "
                "that was saved, loaded and went on",
            )

    w = leaf(1.0)
    optimizer = SGD([w], lr=0.1)
    loss = mse_loss(w * w, Tensor([0.0]))
    loss.backward(retain_graph=True)
    optimizer.step()
    expect_raises(
        ValueError, loss.backward, "backward() through a weight that a step has changed",
        "The step counts as a change, so that no slope is computed from new numbers.",
    )  # fmt: skip
