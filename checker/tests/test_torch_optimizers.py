"""Stage 06 against PyTorch: runs step by step, groups, closures, hooks, states, what is refused.

Deliberate differences: a parameter that is there twice is refused where PyTorch warns; loading a
state whose arrays have another shape than the parameter is refused where PyTorch takes it; what a
custom optimizer writes is `update`, not `step`; `amsgrad`, `foreach`, `fused`, `capturable` and
`differentiable` are not there.
"""

import itertools
import math
import runpy
import sys
import tracemalloc

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tinytorch  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from tinytorch import Tensor, nn, optim  # noqa: E402

from checker.tests.conftest import REPO  # noqa: E402

SHAPES = [(5, 3), (4,), (), (1, 1), (0, 2)]
DTYPES = [np.float32, np.float64]
both_floats = pytest.mark.parametrize("dtype", DTYPES)

SGD_SETTINGS = [
    {"lr": 0.1, "momentum": m, "dampening": d, "weight_decay": w, "nesterov": n, "maximize": x}
    for m, d, w, n, x in itertools.product(
        (0, 0.9), (0, 0.4), (0, 0.1), (False, True), (False, True)
    )
    if not n or (m and not d)
]
ADAM_SETTINGS = [
    {"lr": 0.1, "betas": b, "eps": e, "weight_decay": w, "maximize": w > 0 and e > 1e-3}
    for b, e, w in itertools.product(((0.9, 0.999), (0.5, 0.9), (0.0, 0.0)), (1e-8, 0.1), (0, 0.1))
]
EVERY = [("SGD", s) for s in SGD_SETTINGS] + [
    (name, s) for name in ("Adam", "AdamW") for s in ADAM_SETTINGS
]
SOME = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.1}),
]
some = pytest.mark.parametrize(("name", "options"), SOME)


def pairs(dtype, seed=0, shapes=SHAPES):
    """Give the same parameters twice, ours and PyTorch's."""
    draw = np.random.default_rng(seed)
    arrays = [np.asarray(draw.normal(size=shape)).astype(dtype) for shape in shapes]
    ours = [nn.Parameter(Tensor(array.copy())) for array in arrays]
    return ours, [torch.nn.Parameter(torch.tensor(array)) for array in arrays]


def give_slopes(ours, theirs, draw, missing=()):
    """Give both the same gradients; those in `missing` get none."""
    for i, (p, q) in enumerate(zip(ours, theirs, strict=True)):
        slope = np.asarray(draw.normal(size=p.shape) * 10.0 ** draw.integers(-3, 2))
        slope = slope.astype(p.dtype)
        p.grad = None if i in missing else Tensor(slope.copy())
        q.grad = None if i in missing else torch.tensor(slope)


def expect_same(ours, theirs, what=""):
    for i, (p, q) in enumerate(zip(ours, theirs, strict=True)):
        expected = q.detach().numpy()
        assert p.dtype == expected.dtype
        scale = max(1.0, float(np.abs(expected).max(initial=0)))
        tolerance = (1e-5 if p.dtype == np.float32 else 1e-13) * scale
        np.testing.assert_allclose(
            p.data, expected, rtol=0, atol=tolerance, err_msg=f"{what}, parameter {i}"
        )


@both_floats
@pytest.mark.parametrize(("name", "options"), EVERY)
def test_fifty_steps(name, options, dtype):
    ours, theirs = pairs(dtype)
    mine, its = getattr(optim, name)(ours, **options), getattr(torch.optim, name)(theirs, **options)
    draw = np.random.default_rng(1)
    for step in range(50):
        give_slopes(ours, theirs, draw, missing=(1,) if step % 3 == 0 else ())
        mine.step()
        its.step()
        expect_same(ours, theirs, f"{name} {options}, step {step + 1}")


@both_floats
@some
def test_groups_whose_settings_change(name, options, dtype):
    ours, theirs = pairs(dtype)
    options = {**options}
    rate = options.pop("lr")
    made = []
    for kit, parameters in ((optim, ours), (torch.optim, theirs)):
        optimizer = getattr(kit, name)(
            [{"params": parameters[:2], "lr": 0.01}, {"params": parameters[2:3]}],
            lr=rate,
            **options,
        )
        optimizer.add_param_group({"params": parameters[3:], "weight_decay": 0.3})
        made.append(optimizer)
    draw = np.random.default_rng(2)
    for step in range(20):
        give_slopes(ours, theirs, draw)
        for optimizer in made:
            optimizer.param_groups[1]["lr"] = rate * math.cos(step / 20)
            optimizer.step()
        expect_same(ours, theirs, f"step {step + 1}")
    assert [g["weight_decay"] for g in made[0].param_groups] == [
        g["weight_decay"] for g in made[1].param_groups
    ]


@settings(deadline=None, max_examples=60)
@given(
    lr=st.floats(1e-4, 0.5),
    momentum=st.sampled_from([0, 0.5, 0.99]),
    weight_decay=st.sampled_from([0, 1e-4, 0.5]),
    nesterov=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_sgd_any(lr, momentum, weight_decay, nesterov, seed):
    options = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
    options["nesterov"] = nesterov and momentum > 0
    ours, theirs = pairs(np.float64, seed)
    mine, its = optim.SGD(ours, **options), torch.optim.SGD(theirs, **options)
    draw = np.random.default_rng(seed)
    for _ in range(5):
        give_slopes(ours, theirs, draw)
        mine.step()
        its.step()
    expect_same(ours, theirs)


@some
def test_a_network_learns_alike(name, options):
    tinytorch.manual_seed(0)
    ours = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    theirs = torch.nn.Sequential(
        torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3)
    ).double()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        q.data = torch.tensor(p.data.copy())
    options = {**options, "lr": 0.03}
    mine = getattr(optim, name)(ours.parameters(), **options)
    its = getattr(torch.optim, name)(theirs.parameters(), **options)
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(20, 4)), draw.integers(0, 3, 20)
    for _ in range(50):
        mine.zero_grad()
        loss = nn.functional.cross_entropy(ours(Tensor(x)), Tensor(y))
        loss.backward()
        mine.step()
        its.zero_grad()
        other = torch.nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(y))
        other.backward()
        its.step()
        assert abs(loss.item() - other.item()) < 1e-10
    assert loss.item() < 1.0


# -- what PyTorch recorded in the suite


def suite():
    """Run the stage's suite as a module, for its recorded numbers."""
    path = REPO / "stages" / "06_optimizers" / "test_optimizers.py"
    return runpy.run_path(str(path))["RECORDED"]


@pytest.mark.parametrize("case", range(9))
def test_the_recorded_runs(case):
    kind, options, wanted, wanted32 = suite()[case]
    for dtype, text, every, digits in (
        (torch.float64, wanted, 1, 9),
        (torch.float32, wanted32, 5, 6),
    ):
        w = torch.nn.Parameter(torch.tensor([1.5], dtype=dtype))
        optimizer = getattr(torch.optim, kind.__name__)([w], **options)
        found = []
        for step in range(1, 51):
            w.grad = torch.tensor([4 * w.item() + 3 * math.sin(step)], dtype=dtype)
            optimizer.step()
            found.append(w.item())
        np.testing.assert_allclose(
            found[every - 1 :: every], [float(v) for v in text.split()], atol=10.0**-digits, rtol=0
        )


# -- state


@both_floats
@some
def test_pytorchs_state_goes_on_here(name, options, dtype):
    ours, theirs = pairs(dtype)
    its = getattr(torch.optim, name)(theirs, **options)
    draw = np.random.default_rng(3)
    for _ in range(5):
        give_slopes(ours, theirs, draw, missing=(0,))
        its.step()
    for p, q in zip(ours, theirs, strict=True):
        p.copy_(q.detach().numpy())
    mine = getattr(optim, name)(ours, lr=9.0)
    mine.load_state_dict(its.state_dict())
    for _ in range(5):
        give_slopes(ours, theirs, draw)
        mine.step()
        its.step()
        expect_same(ours, theirs)


@both_floats
@some
def test_our_state_goes_on_in_pytorch(name, options, dtype):
    ours, theirs = pairs(dtype)
    mine = getattr(optim, name)(ours, **options)
    draw = np.random.default_rng(3)
    for _ in range(5):
        give_slopes(ours, theirs, draw, missing=(0,))
        mine.step()
    for p, q in zip(ours, theirs, strict=True):
        q.data = torch.tensor(p.data.copy())
    kept = mine.state_dict()
    its = getattr(torch.optim, name)(theirs, **options)
    its.load_state_dict(
        {
            "param_groups": [{**its.param_groups[0], **g} for g in kept["param_groups"]],
            "state": {
                i: {k: torch.tensor(np.float32(v) if k == "step" else v) for k, v in s.items()}
                for i, s in kept["state"].items()
                if s
            },
        }
    )
    for _ in range(5):
        give_slopes(ours, theirs, draw)
        mine.step()
        its.step()
        expect_same(ours, theirs)


@both_floats
@some
def test_saved_and_loaded_bit_for_bit(name, options, dtype, tmp_path):
    ours, _ = pairs(dtype)
    mine = getattr(optim, name)(ours, **options)
    draw = np.random.default_rng(3)
    for _ in range(5):
        give_slopes(ours, ours, draw, missing=(2,))
        for p in ours:
            p.grad = None if p.grad is None else Tensor(np.asarray(p.grad.numpy()))
        mine.step()
    tinytorch.save(mine.state_dict(), tmp_path / "state.npz")
    others = [nn.Parameter(Tensor(p.data.copy())) for p in ours]
    again = getattr(optim, name)(others, lr=9.0)
    again.load_state_dict(tinytorch.load(tmp_path / "state.npz"))
    for _ in range(5):
        for p, q in zip(ours, others, strict=True):
            slope = np.asarray(draw.normal(size=p.shape)).astype(dtype)
            p.grad, q.grad = Tensor(slope), Tensor(slope.copy())
        mine.step()
        again.step()
    for p, q in zip(ours, others, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


@pytest.mark.parametrize(("name", "options"), SOME)
def test_layout_of_the_state(name, options):
    ours, theirs = pairs(np.float32)
    mine, its = getattr(optim, name)(ours, **options), getattr(torch.optim, name)(theirs, **options)
    give_slopes(ours, theirs, np.random.default_rng(0), missing=(0, 3))
    mine.step()
    its.step()
    a, b = mine.state_dict(), its.state_dict()
    assert a.keys() == b.keys()
    assert [g["params"] for g in a["param_groups"]] == [g["params"] for g in b["param_groups"]]
    for group, other in zip(a["param_groups"], b["param_groups"], strict=True):
        assert all(group[key] == other[key] for key in group)
    filled = {
        i: kept for i, kept in b["state"].items() if any(v is not None for v in kept.values())
    }
    assert {i: set(kept) for i, kept in a["state"].items() if kept} == {
        i: set(kept) for i, kept in filled.items()
    }


def test_what_does_not_fit_is_refused():
    ours, theirs = pairs(np.float32)
    for groups in ([{"params": ours[:3]}], [{"params": ours[:2]}, {"params": ours[2:]}]):
        with pytest.raises(ValueError, match=r"groups with \[5\] parameters"):
            optim.SGD(groups, lr=0.1).load_state_dict(optim.SGD(ours).state_dict())
    with pytest.raises(ValueError):
        torch.optim.SGD(theirs[:3]).load_state_dict(torch.optim.SGD(theirs).state_dict())
    kept = optim.Adam(ours).state_dict()
    kept["state"][17] = {"step": 1}
    with pytest.raises(ValueError, match="parameter 17"):
        optim.Adam(ours).load_state_dict(kept)


def test_a_state_with_amsgrad_is_refused():
    ours, theirs = pairs(np.float32)
    kept = torch.optim.Adam(theirs, amsgrad=True).state_dict()
    with pytest.raises(ValueError, match="amsgrad"):
        optim.Adam(ours).load_state_dict(kept)


def test_a_state_of_another_kind_is_refused():
    ours, theirs = pairs(np.float32)
    for kept in (optim.SGD(ours).state_dict(), torch.optim.SGD(theirs).state_dict()):
        with pytest.raises(ValueError, match="betas"):
            optim.Adam(ours).load_state_dict(kept)


# -- the interface


@pytest.mark.parametrize("kit", [tinytorch, torch])
def test_what_an_optimizer_takes(kit):
    def leaf(value=1.0):
        return kit.tensor([value], requires_grad=True)

    a, b = leaf(), leaf()
    SGD = kit.optim.SGD
    assert SGD(iter([a, b]), lr=0.1).param_groups[0]["params"] == [a, b]
    assert len(SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1).param_groups) == 2
    named = SGD([("a", a), ("b", b)], lr=0.1).param_groups[0]
    assert named["param_names"] == ["a", "b"]
    assert named["params"] == [a, b]
    assert SGD([a]).param_groups[0]["lr"] == 1e-3
    assert kit.optim.Adam([a]).param_groups[0]["betas"] == (0.9, 0.999)
    assert kit.optim.AdamW([a]).param_groups[0]["weight_decay"] == 0.01
    for wrong in ([], iter(())):
        with pytest.raises(ValueError, match="empty"):
            SGD(wrong, lr=0.1)
    for wrong in (a, [a.tolist()], [{"params": {a}}], 3):
        with pytest.raises(TypeError):
            SGD(wrong, lr=0.1)
    for wrong in ([a * 2.0], [{"params": [a]}, {"params": [b, a]}]):
        with pytest.raises(ValueError):
            SGD(wrong, lr=0.1)
    for options in (
        {"lr": -1.0}, {"lr": 1.0, "momentum": -0.1}, {"lr": 1.0, "weight_decay": -0.1},
        {"nesterov": True}, {"nesterov": True, "momentum": 0.9, "dampening": 0.1},
    ):  # fmt: skip
        with pytest.raises(ValueError):
            SGD([a], **options)
    for kind in (kit.optim.Adam, kit.optim.AdamW):
        for options in (
            {"lr": -1.0}, {"eps": -1.0}, {"weight_decay": -1.0},
            {"betas": (1.0, 0.9)}, {"betas": (0.9, -0.1)},
        ):  # fmt: skip
            with pytest.raises(ValueError):
                kind([a], **options)


@pytest.mark.parametrize("kit", [tinytorch, torch])
def test_zero_grad(kit):
    a, b = (kit.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    optimizer = kit.optim.SGD([a, b], lr=0.1)
    (a * 3.0).sum().backward()
    grad = a.grad
    optimizer.zero_grad(set_to_none=False)
    assert a.grad is grad
    assert a.grad.tolist() == [0.0, 0.0]
    assert b.grad is None
    optimizer.zero_grad()
    assert a.grad is None


@pytest.mark.parametrize("kit", [tinytorch, torch])
def test_closure_and_hooks(kit):
    w = kit.tensor([3.0], requires_grad=True)
    optimizer = kit.optim.SGD([w], lr=0.1)
    seen = []
    handle = optimizer.register_step_post_hook(lambda *given: seen.append(given))

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with kit.no_grad():
        assert optimizer.step(closure).item() == 9.0
    assert abs(w.item() - 2.4) < 1e-6
    assert optimizer.step() is None
    handle.remove()
    optimizer.step()
    assert [(o, args, kwargs) for o, args, kwargs in seen] == [
        (optimizer, (optimizer, closure), {}),
        (optimizer, (optimizer,), {}),
    ]


@pytest.mark.parametrize("kit", [tinytorch, torch])
def test_repr_has_the_settings(kit):
    w = kit.tensor([3.0], requires_grad=True)
    text = repr(kit.optim.SGD([{"params": [w], "lr": 0.5}], lr=0.1, momentum=0.9))
    assert text.startswith("SGD (\nParameter Group 0\n    dampening: 0\n")
    assert "    lr: 0.5\n" in text
    assert "    momentum: 0.9\n" in text
    assert text.endswith("\n)")


@pytest.mark.parametrize("kit", [tinytorch, torch])
def test_rates_of_other_kinds(kit):
    for rate in (np.float64(0.1), np.float32(0.1), kit.tensor(0.1), 1):
        w = kit.tensor([3.0], requires_grad=True)
        w.grad = kit.tensor([1.0])
        optimizer = kit.optim.SGD([w], lr=0.5)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        assert abs(w.item() - (3.0 - float(rate))) < 1e-6
        assert str(w.dtype).endswith("float32")


# -- in place


@some
def test_changes_are_counted(name, options):
    w = Tensor([3.0, 4.0], requires_grad=True)
    other = Tensor([1.0], requires_grad=True)
    optimizer = getattr(optim, name)([w, other], **options)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    before, array = w.version, w.data
    optimizer.step()
    assert w.version == before + 1
    assert other.version == 0
    assert w.data is array
    with pytest.raises(ValueError, match="changed in place"):
        loss.backward()


@some
def test_a_warm_step_makes_no_array(name, options):
    every = [nn.Parameter(tinytorch.randn(200, 300)) for _ in range(4)]
    for p in every:
        p.grad = tinytorch.randn(200, 300)
    for extra in ({}, {"maximize": True}):
        optimizer = getattr(optim, name)(every, **options, **extra)
        for _ in range(2):
            optimizer.step()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(3):
            optimizer.step()
        now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak - before < 20_000
        assert now - before < 5_000


def test_shape_of_the_gradient():
    w = Tensor([1.0, 2.0], requires_grad=True)
    w.grad = Tensor([1.0])
    with pytest.raises(ValueError, match=r"shape \(2,\) has a gradient of shape \(1,\)"):
        optim.SGD([w], lr=0.1).step()


def test_a_set_has_no_order():
    with pytest.raises(TypeError, match="set"):
        optim.SGD({Tensor([1.0], requires_grad=True)})


def test_twice_the_same_parameter():
    w = Tensor([1.0], requires_grad=True)
    with pytest.raises(ValueError, match="twice"):
        optim.SGD([w, w])
    with pytest.raises(ValueError, match="mul made"):
        optim.SGD([w * 2.0])
    walked = w * 2.0
    walked.backward()
    with pytest.raises(ValueError, match="an operation made"):
        optim.SGD([walked])
    with pytest.raises(ValueError, match="int64"):
        optim.SGD([Tensor([1])])


def test_an_optimizer_of_ones_own():
    class Sign(optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def init_state(self, w):
            return {"count": 0}

        def update(self, w, g, state, group, spares):
            state["count"] += 1
            w -= group["lr"] * np.sign(g)

    w = Tensor([1.0, 2.0], requires_grad=True)
    optimizer = Sign([w], lr=0.5)
    w.grad = Tensor([9.0, -0.1])
    optimizer.step()
    assert w.tolist() == [0.5, 2.5]
    again = Sign([w], lr=0.1)
    again.load_state_dict(optimizer.state_dict())
    assert again.state[w] == {"count": 1}
    with pytest.raises(TypeError, match="update"):
        plain = optim.Optimizer([w], {"lr": 0.1})
        plain.step()


def test_parameters_in_any_order_of_memory():
    for array in (np.ones((3, 4), order="F"), np.ones((6, 8))[::2, ::2]):
        w = Tensor(array, requires_grad=True)
        w.grad = Tensor(np.full((3, 4), 2.0))
        optimizer = optim.Adam([w], lr=0.1)
        optimizer.step()
        np.testing.assert_allclose(w.data, 0.9)


def test_nothing_here_needs_torch():
    assert not any(name.startswith("torch") for name in vars(sys.modules["tinytorch.optimizers"]))
