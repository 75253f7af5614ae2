"""Stage 07 against PyTorch: schedulers, clipping, a loop; and runs that are killed and go on.

Deliberate differences: a rate is computed from the first rate and the count, never from the rate
in force, so two schedulers on one optimizer do not multiply (SequentialLR puts them in a row);
a gradient norm that is not finite raises ValueError, not RuntimeError; the Trainer is ours.
"""

import math
import os
import random
import subprocess
import sys
import textwrap
import time
import zipfile

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tinytorch  # noqa: E402
from tinytorch import Tensor, nn, optim  # noqa: E402
from tinytorch.callbacks import Checkpoint, ProgressBar  # noqa: E402
from tinytorch.optim import lr_scheduler as ours  # noqa: E402
from tinytorch.training import Trainer, batches  # noqa: E402
from torch.optim import lr_scheduler as theirs  # noqa: E402

REFERENCE = os.path.dirname(os.path.dirname(os.path.abspath(tinytorch.__file__)))


# -- schedulers -----------------------------------------------------------------------------------


def pair_of_optimizers(kind="SGD", lrs=(0.1, 0.02), **settings):
    """Give the same optimizer twice, ours and PyTorch's, with a group for each rate."""
    settings = {"momentum": 0.9} if kind == "SGD" and not settings else settings
    ours = [{"params": [Tensor([1.0], requires_grad=True)], "lr": lr} for lr in lrs]
    others = [{"params": [torch.ones(1, requires_grad=True)], "lr": lr} for lr in lrs]
    return (
        getattr(optim, kind)(ours, lr=1.0, **settings),
        getattr(torch.optim, kind)(others, lr=1.0, **settings),
    )


def warm_then_cosine(library, optimizer):
    return library.SequentialLR(
        optimizer,
        [library.LinearLR(optimizer, 0.1, total_iters=4), library.CosineAnnealingLR(optimizer, 9)],
        milestones=[4],
    )


SCHEDULERS = {
    "step": lambda lib, o: lib.StepLR(o, 3, 0.5),
    "step, default gamma": lambda lib, o: lib.StepLR(o, step_size=4),
    "cosine": lambda lib, o: lib.CosineAnnealingLR(o, T_max=7),
    "cosine, eta_min": lambda lib, o: lib.CosineAnnealingLR(o, 5, eta_min=0.01),
    "several steps": lambda lib, o: lib.MultiStepLR(o, [4, 9, 9, 15], 0.5),
    "exponential": lambda lib, o: lib.ExponentialLR(o, 0.8),
    "linear": lambda lib, o: lib.LinearLR(o),
    "linear, down": lambda lib, o: lib.LinearLR(o, 1.0, 0.2, 6),
    "lambda": lambda lib, o: lib.LambdaLR(o, lambda n: 0.9**n),
    "two lambdas": lambda lib, o: lib.LambdaLR(o, [lambda n: 1 / (n + 1), lambda n: 0.5]),
    "one cycle": lambda lib, o: lib.OneCycleLR(o, 0.3, total_steps=20),
    "one cycle, epochs": lambda lib, o: lib.OneCycleLR(o, [0.3, 0.1], epochs=4, steps_per_epoch=5),
    "one cycle, linear": lambda lib, o: lib.OneCycleLR(o, 0.3, 20, anneal_strategy="linear"),
    "one cycle, three phases": lambda lib, o: lib.OneCycleLR(o, 0.3, 20, three_phase=True),
    "one cycle, own factors": lambda lib, o: lib.OneCycleLR(
        o, 0.3, 20, pct_start=0.15, div_factor=10.0, final_div_factor=50.0, base_momentum=0.7
    ),
    "one cycle, momentum stays": lambda lib, o: lib.OneCycleLR(o, 0.3, 20, cycle_momentum=False),
    "warm-up, then cosine": warm_then_cosine,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["SGD", "AdamW"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_rates_and_momenta_are_theirs(name, kind):
    ours_, theirs_ = pair_of_optimizers(kind)
    a, b = SCHEDULERS[name](ours, ours_), SCHEDULERS[name](theirs, theirs_)
    for step in range(20):
        for mine, other in zip(ours_.param_groups, theirs_.param_groups, strict=True):
            for key in ("lr", "momentum", "betas"):
                if key in other:
                    np.testing.assert_allclose(mine[key], other[key], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(a.get_last_lr(), b.get_last_lr(), rtol=1e-9, atol=1e-12)
        assert a.last_epoch == b.last_epoch == step
        theirs_.step()
        a.step()
        b.step()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_scheduler_goes_on_from_its_state(name, tmp_path):
    first, _ = pair_of_optimizers()
    scheduler = SCHEDULERS[name](ours, first)
    for _ in range(6):
        scheduler.step()
    tinytorch.save([scheduler.state_dict(), first.state_dict()], tmp_path / "state.npz")
    state, settings = tinytorch.load(tmp_path / "state.npz")
    second, _ = pair_of_optimizers()
    other = SCHEDULERS[name](ours, second)
    second.load_state_dict(settings)
    other.load_state_dict(state)
    for _ in range(8):
        scheduler.step()
        other.step()
        assert [g["lr"] for g in first.param_groups] == [g["lr"] for g in second.param_groups]
        assert first.param_groups[0]["momentum"] == second.param_groups[0]["momentum"]


def test_a_scheduler_trains_like_theirs():
    ours_, theirs_ = pair_of_optimizers(lrs=[0.1])
    (w,), (v,) = ours_.parameters(), theirs_.param_groups[0]["params"]
    a, b = ours.StepLR(ours_, 2, 0.5), theirs.StepLR(theirs_, 2, 0.5)
    for _ in range(10):
        for parameter, optimizer, scheduler in ((w, ours_, a), (v, theirs_, b)):
            optimizer.zero_grad()
            ((parameter - 3.0) ** 2.0).sum().backward()
            optimizer.step()
            scheduler.step()
    np.testing.assert_allclose(w.data, v.detach().numpy(), rtol=1e-6)


def test_wrong_schedulers_are_refused():
    optimizer, _ = pair_of_optimizers()
    plain = optim.SGD([{"params": [Tensor([0.0])]}], lr=0.1)
    del plain.param_groups[0]["momentum"]
    wrong = [
        (lambda: ours.StepLR(optimizer, 0), "step_size"),
        (lambda: ours.CosineAnnealingLR(optimizer, 0), "T_max"),
        (lambda: ours.LinearLR(optimizer, 0.0), "factors"),
        (lambda: ours.LambdaLR(optimizer, [abs]), "2 groups"),
        (lambda: ours.OneCycleLR(optimizer, 0.1), "total_steps"),
        (lambda: ours.OneCycleLR(optimizer, 0.1, 0), "total_steps"),
        (lambda: ours.OneCycleLR(optimizer, 0.1, 10, pct_start=2.0), "pct_start"),
        (lambda: ours.OneCycleLR(optimizer, 0.1, 10, anneal_strategy="x"), "anneal_strategy"),
        (lambda: ours.OneCycleLR(optimizer, [0.1], 10), "2 groups"),
        (lambda: ours.OneCycleLR(plain, 0.1, 10), "momentum"),
        (lambda: ours.SequentialLR(optimizer, [ours.StepLR(optimizer, 1)], [3]), "milestones"),
        (lambda: ours.StepLR(plain, 3, last_epoch=4), "initial_lr"),
        (
            lambda: ours.StepLR(optimizer, 3).load_state_dict(
                ours.CosineAnnealingLR(optimizer, 3).state_dict()
            ),
            "StepLR",
        ),
    ]
    for call, said in wrong:
        with pytest.raises(ValueError, match=said):
            call()
    cycle = ours.OneCycleLR(optimizer, 0.1, 3)
    for _ in range(3):
        cycle.step()
    with pytest.raises(ValueError, match="3 steps"):
        cycle.step()


@pytest.mark.filterwarnings("ignore")
def test_last_epoch_goes_on_as_theirs():
    ours_, theirs_ = pair_of_optimizers(lrs=[0.1])
    for optimizer in (ours_, theirs_):
        optimizer.param_groups[0]["initial_lr"] = 0.1
    a, b = ours.StepLR(ours_, 3, 0.5, last_epoch=6), theirs.StepLR(theirs_, 3, 0.5, last_epoch=6)
    assert a.last_epoch == b.last_epoch == 7
    assert a.base_lrs == b.base_lrs == [0.1]


# -- clipping -------------------------------------------------------------------------------------


def with_gradients(*gradients):
    ours_, theirs_ = [], []
    for g in gradients:
        mine = Tensor(np.zeros(g.shape, np.float32), requires_grad=True)
        mine.grad = Tensor(g.astype(np.float32))
        other = torch.zeros(g.shape, requires_grad=True)
        other.grad = torch.tensor(g.astype(np.float32))
        ours_.append(mine)
        theirs_.append(other)
    return ours_, theirs_


@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.0, math.inf])
@pytest.mark.parametrize("scale", [0.01, 1.0, 1e4])
def test_clipping_is_theirs(scale, norm_type):
    draw = np.random.default_rng(0)
    shapes = [(3, 4), (5,), (1,), ()]
    mine, others = with_gradients(*[np.asarray(draw.normal(0, scale, s)) for s in shapes])
    a = nn.utils.clip_grad_norm_(mine, 1.0, norm_type)
    b = torch.nn.utils.clip_grad_norm_(others, 1.0, norm_type)
    np.testing.assert_allclose(a.data, b.numpy(), rtol=1e-6)
    assert a.dtype == np.float32
    for m, o in zip(mine, others, strict=True):
        np.testing.assert_allclose(m.grad.data, o.grad.numpy(), rtol=2e-6)
        assert m.grad.dtype == np.float32


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_clipping_what_is_not_finite_is_theirs(bad):
    mine, others = with_gradients(np.array([1.0, bad]), np.array([2.0]))
    with np.errstate(all="ignore"):
        a = nn.utils.clip_grad_norm_(mine, 1.0)
    b = torch.nn.utils.clip_grad_norm_(others, 1.0)
    np.testing.assert_equal(a.data, b.numpy())
    for m, o in zip(mine, others, strict=True):
        np.testing.assert_equal(m.grad.data, o.grad.numpy())
    mine, others = with_gradients(np.array([1.0, bad]))
    with pytest.raises(ValueError, match=str(bad)):
        nn.utils.clip_grad_norm_(mine, 1.0, error_if_nonfinite=True)
    with pytest.raises(RuntimeError):
        torch.nn.utils.clip_grad_norm_(others, 1.0, error_if_nonfinite=True)


def test_clipping_values_is_theirs():
    mine, others = with_gradients(np.array([0.5, -3.0, 2.0]), np.array([[-0.1]]))
    nn.utils.clip_grad_value_(mine, 1.0)
    torch.nn.utils.clip_grad_value_(others, 1.0)
    for m, o in zip(mine, others, strict=True):
        np.testing.assert_equal(m.grad.data, o.grad.numpy())


# -- a loop ---------------------------------------------------------------------------------------


def twins(seed=0):
    tinytorch.manual_seed(seed)
    mine = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 3))
    other = torch.nn.Sequential(torch.nn.Linear(5, 16), torch.nn.Tanh(), torch.nn.Linear(16, 3))
    other.load_state_dict({k: torch.tensor(v.data) for k, v in mine.state_dict().items()})
    draw = np.random.default_rng(seed)
    x, y = draw.normal(size=(37, 5)).astype(np.float32), draw.integers(0, 3, 37)
    return mine, other, x, y


def test_the_trainer_does_what_a_torch_loop_does():
    mine, other, x, y = twins()
    a, b = optim.Adam(mine.parameters(), lr=0.01), torch.optim.Adam(other.parameters(), lr=0.01)
    rate = theirs.CosineAnnealingLR(b, 5)
    trainer = Trainer(
        mine, a, nn.CrossEntropyLoss(), max_norm=0.4, scheduler=ours.CosineAnnealingLR(a, 5)
    )
    history = trainer.fit(batches(Tensor(x), Tensor(y), 8), epochs=5)
    for epoch in range(5):
        total = 0.0
        for i in range(0, 37, 8):
            inputs, targets = torch.tensor(x[i : i + 8]), torch.tensor(y[i : i + 8])
            loss = torch.nn.functional.cross_entropy(other(inputs), targets)
            b.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(other.parameters(), 0.4)
            b.step()
            total += loss.item() * len(targets)
        assert history[epoch]["loss"] == pytest.approx(total / 37, rel=1e-4)
        assert history[epoch]["lr"] == pytest.approx(b.param_groups[0]["lr"])
        rate.step()
    for m, o in zip(mine.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(m.data, o.detach().numpy(), rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize("size, accumulate", [(5, 3), (4, 2), (8, 4), (7, 100), (37, 2)])
def test_accumulation_is_worth_a_large_batch(size, accumulate):
    mine, other, x, y = twins()
    a, b = optim.SGD(mine.parameters(), lr=0.1), torch.optim.SGD(other.parameters(), lr=0.1)
    trainer = Trainer(mine, a, nn.CrossEntropyLoss(), accumulate=accumulate)
    trainer.fit(batches(Tensor(x), Tensor(y), size), epochs=2)
    large = size * accumulate
    for _ in range(2):
        for i in range(0, 37, large):
            inputs, targets = torch.tensor(x[i : i + large]), torch.tensor(y[i : i + large])
            b.zero_grad()
            torch.nn.functional.cross_entropy(other(inputs), targets).backward()
            b.step()
    for m, o in zip(mine.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(m.data, o.detach().numpy(), rtol=1e-4, atol=1e-6)


# -- checkpoints ----------------------------------------------------------------------------------


def small(path=None, every=1, kind="Adam", hidden=6, **options):
    tinytorch.manual_seed(3)
    model = nn.Sequential(nn.Linear(4, hidden), nn.ReLU(), nn.Dropout(0.3), nn.Linear(hidden, 2))
    optimizer = getattr(optim, kind)(model.parameters(), lr=0.02)
    callbacks = [Checkpoint(path, every)] if path else []
    return Trainer(
        model, optimizer, nn.CrossEntropyLoss(), scheduler=ours.StepLR(optimizer, 1, 0.7),
        max_norm=0.5, accumulate=2, callbacks=callbacks, **options,
    )  # fmt: skip


def some_data():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(26, 4)).astype(np.float32)
    return batches(Tensor(x), Tensor((x.sum(1) > 0).astype(int)), 4)


def everything(trainer):
    """Give all of a trainer's state as bytes and words, without what a clock says."""

    def flat(value):
        if isinstance(value, Tensor | np.ndarray):
            array = np.asarray(value.data if isinstance(value, Tensor) else value)
            return array.dtype.str, array.shape, array.tobytes()
        if isinstance(value, dict):
            return {k: flat(v) for k, v in value.items() if k != "seconds"}
        return [flat(v) for v in value] if isinstance(value, list | tuple) else value

    return flat(trainer.state_dict())


def test_every_checkpoint_of_a_run_leads_to_its_end(tmp_path):
    class Numbered:
        count = 0

        def on_batch_end(self, trainer):
            self.count += 1
            trainer.save_checkpoint(tmp_path / f"{self.count}.npz")

    data, numbered = some_data(), Numbered()
    whole = small()
    whole.callbacks = [numbered]
    whole.fit(data, 3, data)
    end = everything(whole)
    for number in range(1, numbered.count + 1):
        other = small()
        tinytorch.manual_seed(number)
        other.load_checkpoint(tmp_path / f"{number}.npz")
        other.fit(data, 3, data)
        assert everything(other) == end, number
    assert numbered.count == 21


def test_a_checkpoint_of_a_checkpoint_is_the_same(tmp_path):
    first = small()
    first.callbacks = [type("Stop", (), {"on_batch_end": lambda _, t: setattr(t, "stop", True)})()]
    first.fit(some_data(), 3)
    first.save_checkpoint(tmp_path / "a.npz")
    second = small()
    second.load_checkpoint(tmp_path / "a.npz")
    second.save_checkpoint(tmp_path / "b.npz")
    third = small()
    third.load_checkpoint(tmp_path / "b.npz")
    assert everything(third) == everything(second) == everything(first)
    assert sorted(os.listdir(tmp_path)) == ["a.npz", "b.npz"]


def test_a_checkpoint_holds_no_pickle(tmp_path):
    trainer = small()
    trainer.fit(some_data(), 1)
    trainer.save_checkpoint(tmp_path / "run.npz")
    with zipfile.ZipFile(tmp_path / "run.npz") as archive:
        for name in archive.namelist():
            with archive.open(name) as stream:
                np.lib.format.read_array(stream, allow_pickle=False)


def test_damaged_files_are_refused_and_change_nothing(tmp_path):
    data, path = some_data(), tmp_path / "run.npz"
    trainer = small()
    trainer.fit(data, 1)
    trainer.save_checkpoint(path)
    good, at_the_time = path.read_bytes(), everything(trainer)
    trainer.fit(data, 2)
    before = everything(trainer)
    draw = random.Random(1)
    damaged = [good[:n] for n in (0, 1, 10, len(good) // 2, len(good) - 1)]
    damaged += [b"", b"hello", good[100:], good + b"x" * 70000]
    refused = 0
    for number in range(400):
        if number < len(damaged):
            content = damaged[number]
        else:
            at = draw.randrange(len(good))
            content = good[:at] + bytes([good[at] ^ (1 << draw.randrange(8))]) + good[at + 1 :]
        path.write_bytes(content)
        try:
            trainer.load_checkpoint(path)
        except ValueError as error:
            assert "run.npz" in str(error)
            assert everything(trainer) == before
            refused += 1
        else:  # bytes that mean nothing, such as a date: what was read is whole
            assert everything(trainer) == at_the_time
            trainer.load_state_dict(trainer.state_dict())
            trainer = small()
            trainer.fit(data, 2)
            before = everything(trainer)
    assert refused > 250


def test_files_of_something_else_are_refused(tmp_path):
    trainer = small()
    trainer.fit(some_data(), 1)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        trainer.load_checkpoint(tmp_path / "nowhere.npz")
    for name, other in (
        ("model", small(hidden=7)),
        ("optimizer", small(kind="AdamW")),
        ("callbacks", small()),
    ):
        if name == "callbacks":
            other.callbacks = [
                type("Counts", (), {"state_dict": dict, "load_state_dict": lambda *_: None})()
            ]
        other.fit(some_data(), 1)
        other.save_checkpoint(tmp_path / f"{name}.npz")
        before = everything(trainer)  # the random numbers are everybody's
        with pytest.raises(ValueError, match=name):
            trainer.load_checkpoint(tmp_path / f"{name}.npz")
        assert everything(trainer) == before
    tinytorch.save(trainer.model.state_dict(), tmp_path / "weights.npz")
    with pytest.raises(ValueError, match="no checkpoint"):
        trainer.load_checkpoint(tmp_path / "weights.npz")
    np.savez(tmp_path / "plain.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="plain"):
        trainer.load_checkpoint(tmp_path / "plain.npz")
    assert everything(trainer) == before


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(tmp_path):
    trainer, path = small(), tmp_path / "run.npz"
    trainer.save_checkpoint(path)
    good = path.read_bytes()
    trainer.history.append({"note": object()})
    with pytest.raises(TypeError):
        trainer.save_checkpoint(path)
    assert path.read_bytes() == good
    assert os.listdir(tmp_path) == ["run.npz"]


RUN = textwrap.dedent(
    """
    import os, sys
    sys.path.insert(0, sys.argv[1])
    import numpy as np, tinytorch
    from tinytorch import Tensor, nn, optim
    from tinytorch.callbacks import Checkpoint
    from tinytorch.optim.lr_scheduler import OneCycleLR
    from tinytorch.training import Trainer
    from tinytorch.utils.data import DataLoader, TensorDataset

    path, end = sys.argv[2:4]
    tinytorch.manual_seed(0)
    draw = np.random.default_rng(0)
    x = draw.normal(size=(90, 6)).astype(np.float32)
    data = TensorDataset(Tensor(x), Tensor((x.sum(1) > 0).astype(int)))
    loader = DataLoader(data, batch_size=7, shuffle=True, generator=5)
    model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Dropout(0.4), nn.Linear(32, 2))
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    trainer = Trainer(
        model, optimizer, nn.CrossEntropyLoss(), max_norm=0.5, accumulate=3,
        scheduler=OneCycleLR(optimizer, 0.02, epochs=30, steps_per_epoch=5),
        callbacks=[Checkpoint(path, every=1)],
    )
    if os.path.exists(path):
        trainer.load_checkpoint(path)
    print("ready", flush=True)
    trainer.fit(loader, epochs=30, validation=loader)
    np.savez(end, *[p.data for p in model.parameters()])
    """
)


def test_a_run_killed_at_random_moments_ends_with_the_same_weights(tmp_path):
    """SIGKILL while it trains and writes, again and again; the weights are those of one run."""
    script = tmp_path / "run.py"
    script.write_text(RUN)

    def start(name):
        return subprocess.Popen(
            [
                sys.executable,
                script,
                REFERENCE,
                tmp_path / f"{name}.npz",
                tmp_path / f"{name}.end.npz",
            ],
            stdout=subprocess.PIPE,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )

    whole = start("whole")
    began = time.perf_counter()
    whole.stdout.readline()
    loading = time.perf_counter() - began
    assert whole.wait(120) == 0
    lasted = max(time.perf_counter() - began - loading, 0.1)
    draw, kills = random.Random(os.urandom(8)), 0
    for _ in range(60):
        process = start("killed")
        process.stdout.readline()
        try:
            process.wait(draw.uniform(0.0, lasted / 4))
        except subprocess.TimeoutExpired:
            process.kill()  # SIGKILL: no handler, no finally
            process.wait()
            kills += 1
        else:
            assert process.returncode == 0
            break
    else:
        process = start("killed")
        assert process.wait(120) == 0
    assert kills >= 2
    assert not [name for name in os.listdir(tmp_path) if ".new" in name]
    with np.load(tmp_path / "whole.end.npz") as a, np.load(tmp_path / "killed.end.npz") as b:
        assert a.files == b.files
        for name in a.files:
            assert a[name].tobytes() == b[name].tobytes(), f"after {kills} kills"


# -- the loader of stage 08, callbacks, the bar ---------------------------------------------------


@pytest.mark.parametrize("workers", [0, 2])
def test_resuming_through_a_loader(workers, tmp_path):
    from tinytorch.utils.data import DataLoader, TensorDataset

    draw = np.random.default_rng(0)
    x = draw.normal(size=(25, 4)).astype(np.float32)
    data = TensorDataset(Tensor(x), Tensor((x.sum(1) > 0).astype(int)))

    def loader():
        return DataLoader(data, 4, shuffle=True, generator=11, num_workers=workers)

    class Numbered:
        count = 0

        def on_batch_end(self, trainer):
            self.count += 1
            trainer.save_checkpoint(tmp_path / f"{self.count}.npz")

        on_epoch_end = on_batch_end

    whole, numbered = small(), Numbered()
    whole.callbacks = [numbered]
    whole.fit(loader(), 3, loader())
    for number in range(1, numbered.count + 1):
        other = small()
        other.load_checkpoint(tmp_path / f"{number}.npz")
        other.fit(loader(), 3, loader())
        ends = [[p.data.tobytes() for p in t.model.parameters()] for t in (whole, other)]
        assert ends[0] == ends[1], number


def test_what_is_drawn_between_loading_and_going_on_changes_nothing(tmp_path):
    from tinytorch.utils.data import DataLoader, TensorDataset

    x = np.random.default_rng(0).normal(size=(25, 4)).astype(np.float32)
    data = TensorDataset(Tensor(x), Tensor((x.sum(1) > 0).astype(int)))
    whole = small()
    whole.callbacks = [Checkpoint(tmp_path / "run.npz", every=5)]
    whole.callbacks[0].on_epoch_end = lambda trainer: None
    whole.fit(DataLoader(data, 4, shuffle=True), 2, DataLoader(data, 4))
    other = small()
    other.load_checkpoint(tmp_path / "run.npz")
    assert (other.epoch, other.batch) == (1, 5)
    other.fit(DataLoader(data, 4, shuffle=True), 2, DataLoader(data, 4))  # both draw a seed
    assert everything(other) == everything(whole)


def test_stopping_and_going_on_in_one_process():
    from tinytorch.utils.data import DataLoader, TensorDataset

    x = np.random.default_rng(0).normal(size=(25, 4)).astype(np.float32)
    data = TensorDataset(Tensor(x), Tensor((x.sum(1) > 0).astype(int)))
    ends = []
    for stops in ([], [2, 5, 7, 11]):
        trainer, heard = small(), [0]

        class Stop:
            def on_batch_end(self, trainer, heard=heard, stops=stops):
                heard[0] += 1
                trainer.stop = heard[0] in stops

        trainer.callbacks = [Stop()]
        loader = DataLoader(data, 4, shuffle=True, generator=11)
        for _ in range(len(stops) + 1):
            trainer.fit(loader, 3)
        assert trainer.epoch == 3
        ends.append([p.data.tobytes() for p in trainer.model.parameters()])
    assert ends[0] == ends[1]


def test_states_of_callbacks_are_kept(tmp_path):
    class Counts:
        count = 0

        def on_batch_end(self, trainer):
            self.count += 1

        def state_dict(self):
            return {"count": self.count}

        def load_state_dict(self, state):
            self.count = state["count"]

    first, second = small(), small()
    first.callbacks, second.callbacks = [Counts()], [Counts()]
    first.fit(some_data(), 1)
    first.save_checkpoint(tmp_path / "run.npz")
    second.load_checkpoint(tmp_path / "run.npz")
    assert second.callbacks[0].count == 7


def test_the_bar_is_silent_where_nobody_looks(capsys):
    trainer = small()
    trainer.callbacks = [ProgressBar()]
    trainer.fit(some_data(), 2)
    assert capsys.readouterr().out == ""
    trainer.callbacks = [ProgressBar(always=True, every=0.0)]
    trainer.fit(some_data(), 3, some_data())
    out = capsys.readouterr().out
    assert "epoch 3/3" in out and "#" in out and "s left" in out and "val_loss" in out
    assert max(len(line) for line in out.replace("\r", "\n").split("\n")) < 80


def test_a_long_accumulation_allocates_no_gradients():
    trainer = small()
    data = list(some_data())
    trainer.accumulate = 10**9
    trainer.accumulate_step(*data[0])
    kept = [p.grad for p in trainer.model.parameters()]
    trainer.accumulate_step(*data[1])
    assert all(a is p.grad for a, p in zip(kept, trainer.model.parameters(), strict=True))
