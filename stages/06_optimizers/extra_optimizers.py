"""Tests of what is given in stage 06, for whoever has rewritten it."""

import numpy as np
from tinytorch.optimizers import SGD, Adam, AdamW, Optimizer, own_copy
from tinytorch.tensor import Tensor

from checker.expect import expect_close, expect_equal, expect_raises, expect_true


def leaf(*values):
    return Tensor(np.array(values, np.float32), requires_grad=True)


class Counter(Optimizer):
    """An optimizer that counts its updates and takes the slope off."""

    def init_state(self, w):
        return {"count": 0}

    def update(self, w, g, state, group, spares):
        state["count"] += 1
        w -= group["lr"] * g


def test_extra_optimizer_init_groups():
    a, b = leaf(1.0), leaf(2.0)
    optimizer = Counter(iter([a, b]), {"lr": 0.5})
    expect_equal(optimizer.param_groups[0]["params"], [a, b], "params of an iterable of two")
    groups = Counter([{"params": [a], "lr": 0.1}, {"params": [b]}], {"lr": 0.5}).param_groups
    expect_equal([g["lr"] for g in groups], [0.1, 0.5], "lr of two groups, one with its own")
    expect_equal(dict(optimizer.state), {}, "the state before the first step")
    for wrong in ([], iter(())):
        expect_raises(ValueError, lambda wrong=wrong: Counter(wrong, {}), "no parameters at all")
    expect_raises(TypeError, lambda: Counter(a, {}), "one tensor in place of a list")


def test_extra_optimizer_add_param_group_refuses():
    a, b = leaf(1.0), leaf(2.0)
    optimizer = Counter([a], {"lr": 0.5})
    for wrong, error in (
        ([a], ValueError), ([b, b], ValueError), ([b * 2.0], ValueError), ([3.0], TypeError),
        ([Tensor([1])], ValueError), ({b}, TypeError),
    ):  # fmt: skip
        expect_raises(
            error, lambda wrong=wrong: optimizer.add_param_group({"params": wrong}),
            f"add_param_group with params {type(wrong).__name__} of {wrong}",
        )  # fmt: skip
    expect_equal(len(optimizer.param_groups), 1, "the number of groups after six refusals")
    optimizer.add_param_group({"params": [("b", b)], "lr": 0.25})
    group = optimizer.param_groups[1]
    expect_equal((group["params"], group["param_names"], group["lr"]), ([b], ["b"], 0.25),
                 "params, names and lr of a group of (name, parameter) pairs")  # fmt: skip


def test_extra_optimizer_parameters_in_order():
    every = [leaf(float(i)) for i in range(3)]
    optimizer = Counter([{"params": every[:1]}, {"params": every[1:]}], {"lr": 0.5})
    expect_equal(optimizer.parameters(), every, "the parameters of two groups")


def test_extra_optimizer_step_skips_and_counts():
    a, b = leaf(1.0), leaf(2.0)
    optimizer = Counter([a, b], {"lr": 0.5})
    a.grad = Tensor([1.0])
    expect_true(optimizer.step() is None, "step() without a closure gives something")
    expect_close(a, [0.5], "a after a slope of 1 and lr 0.5")
    expect_close(b, [2.0], "b, whose gradient is None")
    expect_equal((a.version, b.version), (1, 0), "the changes that a and b counted")
    expect_true(b not in optimizer.state, "b has state, and was never changed")
    a.grad = Tensor([[1.0, 2.0]])
    expect_raises(ValueError, optimizer.step, "a gradient of shape (1, 2) for a weight of (1,)",
                  mentions=["(1,)", "(1, 2)"])  # fmt: skip


def test_extra_optimizer_step_closure():
    w = leaf(3.0)
    optimizer = SGD([w], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    expect_close(optimizer.step(closure), 9.0, "what step(closure) gives: the loss before")
    expect_close(w, [2.4], "w = 3 after it: 3 - 0.1 * 6")


def test_extra_optimizer_step_maximize():
    for kind in (SGD, Adam, AdamW):
        w = leaf(1.0)
        w.grad = Tensor([2.0])
        kind([w], lr=0.1, weight_decay=0.0, maximize=True).step()
        expect_close(w, [1.2 if kind is SGD else 1.1], f"{kind.__name__} with maximize, uphill")
        expect_close(w.grad, [2.0], "the gradient after it")


def test_extra_optimizer_register_step_post_hook_and_remove():
    w, seen = leaf(1.0), []
    optimizer = Counter([w], {"lr": 0.5})
    handle = optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(o is optimizer))
    optimizer.step()
    handle.remove()
    optimizer.step()
    expect_equal(seen, [True], "the calls of a hook in two steps, removed after the first")


def test_extra_optimizer_init_state_of_its_own():
    w = leaf(1.0)
    w.grad = Tensor([2.0])
    optimizer = Counter([w], {"lr": 0.5})
    optimizer.step()
    optimizer.step()
    expect_equal(optimizer.state[w], {"count": 2}, "the state after two steps")
    expect_equal(Optimizer.init_state(optimizer, w.data), {}, "init_state of no kind of its own")


def test_extra_optimizer_update_of_no_kind():
    w = leaf(1.0)
    w.grad = Tensor([2.0])
    expect_raises(TypeError, Optimizer([w], {"lr": 0.5}).step, "a step of a plain Optimizer",
                  mentions=["update"])  # fmt: skip


def test_extra_optimizer_check_state_says_what():
    w = leaf(1.0, 2.0)
    optimizer = SGD([w], lr=0.1, momentum=0.5)
    for state, numbers, said in (
        ({}, [0, 1], ["[2]", "[1]"]),
        ({1: {}}, [0], ["parameter 1"]),
        ({0: {"momentum_buffer": np.zeros(3)}}, [0], ["momentum_buffer", "(3,)", "(2,)"]),
    ):
        bad = {"state": state, "param_groups": [{**optimizer.defaults, "params": numbers}]}
        expect_raises(ValueError, lambda bad=bad: optimizer.check_state(bad),
                      f"a state of {state}, parameters {numbers}", mentions=said)  # fmt: skip
    for bad, said in ((Adam([w]).state_dict(), "momentum"), ({"weight": w}, "param_groups")):
        expect_raises(ValueError, lambda bad=bad: optimizer.check_state(bad),
                      f"the state of something else, {sorted(bad)}", mentions=[said])  # fmt: skip
    optimizer.check_state(optimizer.state_dict())


def test_extra_optimizer_repr_has_the_settings():
    text = repr(SGD([leaf(1.0)], lr=0.5))
    expect_true(text.startswith("SGD (\nParameter Group 0\n"), f"repr begins with {text[:30]!r}")
    expect_true("    lr: 0.5\n" in text and "params" not in text, f"repr is {text!r}")


def test_extra_sgd_init_refuses():
    w = leaf(1.0)
    for settings in (
        {"lr": -1.0}, {"momentum": -0.1}, {"weight_decay": -0.1}, {"nesterov": True},
        {"nesterov": True, "momentum": 0.5, "dampening": 0.5},
    ):  # fmt: skip
        expect_raises(ValueError, lambda s=settings: SGD([w], **s), f"SGD with {settings}")
    group = SGD([w]).param_groups[0]
    expect_equal((group["lr"], group["momentum"]), (1e-3, 0), "lr and momentum, if not said")


def test_extra_adam_init_refuses():
    w = leaf(1.0)
    for settings in ({"lr": -1.0}, {"eps": -1.0}, {"betas": (1.0, 0.9)}, {"betas": (0.9, -0.1)}):
        expect_raises(ValueError, lambda s=settings: Adam([w], **s), f"Adam with {settings}")
    group = Adam([w]).param_groups[0]
    expect_equal((group["betas"], group["eps"], group["weight_decay"]), ((0.9, 0.999), 1e-8, 0),
                 "betas, eps and weight_decay of Adam, if not said")  # fmt: skip


def test_extra_adamw_init_decays():
    group = AdamW([leaf(1.0)]).param_groups[0]
    expect_equal(group["weight_decay"], 0.01, "weight_decay of AdamW, if not said")
    expect_true("betas" in group and "eps" in group, f"the settings are {sorted(group)}")


def test_extra_adam_update_decays_the_slope():
    w = leaf(1.0, 100.0)
    optimizer = Adam([w], lr=0.1, weight_decay=0.5)
    w.grad = Tensor([0.0, 0.0])
    optimizer.step()
    expect_close(w, [0.9, 99.9], "w = [1. 100.] after a step without slope, lr 0.1, decay 0.5",
                 "The decay is a slope like any other: Adam divides it by its size.")  # fmt: skip


def test_extra_own_copy_dtype():
    w = leaf(1.0, 2.0)
    kept = {"step": np.array(3.0), "mean": np.array([1.0, 2.0]), "buffer": None, "name": "x"}
    copied = own_copy(kept, w)
    expect_equal(copied.get("step"), 3, "step, which PyTorch keeps as a tensor")
    expect_close(copied.get("mean"), [1.0, 2.0], "an array", dtype=np.float32)
    expect_true(not np.may_share_memory(copied["mean"], kept["mean"]), "the array is not a copy")
    expect_true("buffer" not in copied, "None was kept; nothing is to be remembered there")
    expect_equal(copied.get("name"), "x", "a string")
