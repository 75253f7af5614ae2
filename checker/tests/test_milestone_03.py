"""Milestone 3: the reference achieves it with and without MNIST; what is wrong misses it, and why.

That the suite notices every known mistake is proved by course-check.
"""

import gzip
import importlib.util
import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from checker.course import course
from checker.knockouts import knockouts
from checker.skeleton import replace_body
from checker.tests.milestone_runs import COURSE, run, script, solution, suite

ROOM = course().milestone("03")
SOLUTION = solution(ROOM)
PICTURES = ["03_confusion.png", "03_curve.png", "03_mistakes.png"]
KNOCKOUTS = {k.name: k for k in knockouts(ROOM)}


def said(lines):
    return " ".join(" ".join(lines).split())


@pytest.fixture(scope="module")
def modules():
    """Import the script and the file of the trained network, with the reference."""
    sys.path[:0] = [str(COURSE.reference.parent), str(ROOM.folder)]
    found = {}
    for name in ("trained", "mnist"):
        spec = importlib.util.spec_from_file_location(name, ROOM.folder / f"{name}.py")
        found[name] = importlib.util.module_from_spec(spec)
        before = sys.path[:]
        spec.loader.exec_module(found[name])
        sys.path[:] = before
    return SimpleNamespace(**found)


def test_the_reference_achieves_it_offline(tmp_path, modules):
    code, lines, result = run(ROOM, tmp_path, SOLUTION)
    assert code == 0 and lines[-1] == "achieved"
    assert "no download from 127.0.0.1:9" in said(lines)
    assert "1,797 digits of 8x8 that come with the course take its place" in said(lines)
    values = result["values"]
    assert result["milestone"] == "03" and result["achieved"] is True
    assert values["data"] == "8x8 digits" and values["accuracy"] >= 0.95
    assert values["steps"] == values["epochs"] * 90 and values["seconds"] > 0
    assert sorted(path.name for path in (tmp_path / "p" / "q").iterdir()) == PICTURES
    read_back(tmp_path, modules, values)


def read_back(folder, modules, values):
    """Load the network that was kept, and ask it."""
    sys.path.insert(0, str(folder))
    space = {}
    exec((folder / "mine.py").read_text("utf-8"), space)
    sys.path.remove(str(folder))
    trained = modules.trained.load_trained(folder / "mnist.npz", space["build_model"])
    assert trained.data == values["data"] and abs(trained.accuracy - values["accuracy"]) < 1e-3
    digits = modules.mnist.embedded()
    many = trained.probabilities(digits.test[0])
    assert many.shape == (360, 10) and np.allclose(many.sum(axis=1), 1, atol=1e-5)
    assert np.mean(many.argmax(axis=1) == digits.test[1]) > 0.95
    assert np.allclose(trained.probabilities(digits.test[0][3]), many[3], atol=1e-5)
    with pytest.raises(ValueError, match=r"weight"):
        modules.trained.load_trained(folder / "mnist.npz", lambda: wider(space))
    (folder / "mnist.npz").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="damaged"):
        modules.trained.load_trained(folder / "mnist.npz", space["build_model"])


def wider(space):
    return space["Sequential"](space["Linear"](784, 99), space["Linear"](99, 10))


@pytest.mark.skipif(not os.environ.get("TINYTORCH_DATA"), reason="TINYTORCH_DATA is not set")
def test_the_reference_achieves_it_with_mnist(tmp_path):
    code, lines, result = run(
        ROOM, tmp_path, SOLUTION, timeout=600, TINYTORCH_DATA=os.environ["TINYTORCH_DATA"]
    )
    assert code == 0 and lines[-1] == "achieved"
    assert any(line.startswith("MNIST: from ") for line in lines)
    values = result["values"]
    assert values["data"] == "MNIST" and values["accuracy"] >= 0.98
    assert values["steps"] == values["epochs"] * 469


def test_damaged_mnist_in_the_named_folder_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / "data" / f"{name}-ubyte.gz").write_bytes(gzip.compress(b"nonsense"))
    code, lines, result = run(ROOM, tmp_path, SOLUTION, TINYTORCH_DATA=str(tmp_path / "data"))
    assert code == 1 and result["achieved"] is False
    assert "train-images-idx3-ubyte.gz holds 8 bytes, not 47,040,016" in said(lines)
    assert "8x8" not in said(lines) and not (tmp_path / "mnist.npz").exists()


def test_steps_too_small_are_explained(tmp_path):
    mine = KNOCKOUTS["steps_too_small"].applied(SOLUTION)
    code, lines, result = run(ROOM, tmp_path, mine)
    assert code == 1 and result["achieved"] is False and result["values"]["accuracy"] < 0.93
    assert [line.partition(":")[0] for line in lines if ": " in line][-4:] == [
        "missed", "the curve", "likely", "try",
    ]  # fmt: skip
    assert "next to nothing was learnt" in said(lines)


def test_steps_too_large_miss_it_with_a_sentence(tmp_path):
    mine = SOLUTION.replace("0.004", "1e9").replace("max_lr=0.004", "max_lr=1e9")
    code, lines, result = run(ROOM, tmp_path, mine)
    assert code == 1 and result["achieved"] is False
    assert any(line.startswith("missed: ") for line in lines) and "max_lr" in said(lines)


@pytest.mark.parametrize("name", ["another_model", "one_output", "another_order"])
def test_the_script_misses_with_a_mistake(tmp_path, name):
    code, lines, result = run(ROOM, tmp_path, KNOCKOUTS[name].applied(SOLUTION))
    assert code == 1 and lines[-1] != "achieved" and result["achieved"] is False
    assert any(line.startswith("missed: ") for line in lines)
    assert any(line.startswith("try: ") for line in lines)


@pytest.mark.parametrize("body", ["return None", "return 1 / 0"])
@pytest.mark.parametrize("name", ["build_model", "configure"])
def test_nonsense_misses_it_with_a_sentence(tmp_path, name, body):
    code, lines, result = run(ROOM, tmp_path, replace_body(SOLUTION, name, body))
    assert code == 1 and result["achieved"] is False
    assert any(line.startswith(f"missed: {name}") for line in lines), lines


def curve(losses, accuracy=0.9, train_accuracy=0.9):
    return SimpleNamespace(
        watch=SimpleNamespace(losses=losses), accuracy=accuracy, train_accuracy=train_accuracy
    )


@pytest.mark.parametrize(
    "losses, more, likely",
    [
        (np.full(600, 2.31), {}, "next to nothing was learnt"),
        (np.r_[2.3, 40.0, np.full(598, 2.30)], {}, "drove the ReLUs below 0"),
        (np.r_[2.3, np.full(100, 9.0), np.full(500, 0.4)], {}, "the largest steps are too large"),
        (np.linspace(2.3, 0.5, 600), {}, "it was stopped too early"),
        (np.r_[2.3, np.full(599, 0.01)], {"train_accuracy": 1.0, "accuracy": 0.94},
         "it knows its examples by heart"),
        (np.r_[2.3, np.full(599, 0.21)], {}, "the network is too narrow"),
        (np.r_[2.3, np.full(599, 1.31)], {}, "the steps are too small, or too few"),
        (np.r_[2.3, np.tile([0.05, 0.05, 1.9], 200)], {}, "too narrow"),
        (np.r_[2.3, np.tile([0.2, 0.16, 1.9], 200)], {}, "too large for the end"),
    ],
)  # fmt: skip
def test_a_curve_is_explained(modules, losses, more, likely):
    parts = modules.mnist.diagnosis(curve(losses, **more))
    assert len(parts) == 3 and likely in parts[1], parts


def test_passed_and_not_yet_proud_is_told_what_to_try(modules, capsys):
    watch = SimpleNamespace(losses=list(np.linspace(2.3, 0.5, 600)))
    values = {"data": "MNIST", "accuracy": 0.97, "train_accuracy": 0.975, "seconds": 12.0}
    outcome = SimpleNamespace(watch=watch, accuracy=0.97, train_accuracy=0.975)
    modules.mnist.report(values, outcome, {"proud": 0.98}, 0.95, [], "5")
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "achieved" and "98% is the goal; you have passed 95%." in lines
    assert "You said 5 of 100; it misread 3.0." in lines
    assert any(line.startswith("try: more epochs") for line in lines)


def test_the_skeleton_says_that_it_is_not_written(tmp_path):
    mine = (ROOM.folder / "mine.py").read_text("utf-8")
    code, lines, _ = run(ROOM, tmp_path, mine)
    assert code == 1 and any("not written yet" in line for line in lines)
    failed = suite(ROOM, tmp_path, mine)
    tests = re.findall(r"^def (test_\w+)", ROOM.suite.read_text("utf-8"), re.M)
    assert [name for name, _ in failed] == tests
    assert all("milestone 3: " in said for _, said in failed)


def test_the_reference_passes_its_suite(tmp_path):
    assert suite(ROOM, tmp_path, SOLUTION) == []


def test_the_small_digits_become_pictures_like_those_of_mnist(modules):
    digits = modules.mnist.embedded()
    pictures = digits.train[0]
    assert pictures.shape == (1437, 28, 28) and pictures.dtype == np.float32
    assert pictures.min() == 0 and 0.9 < pictures.max() <= 1
    mass = pictures.sum(axis=(1, 2))
    for axis in (1, 2):
        centre = (pictures.sum(axis=3 - axis) @ np.arange(28)) / mass
        assert np.abs(centre - 14).max() < 1.5
    rows = digits.rows(pictures)
    assert rows.dtype == np.float32 and abs(rows.mean()) < 1e-3 and abs(rows.std() - 1) < 1e-3


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_ctrl_c_is_one_sentence(tmp_path):
    mine = SOLUTION.replace("epochs = 6", "epochs = 6000")
    (tmp_path / "mine.py").write_text(mine, encoding="utf-8")
    process = subprocess.Popen(
        **script(ROOM, tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    for line in process.stdout:
        if line.startswith("epoch 1/"):
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130 and err == ""
    assert out.splitlines()[-1] == "You stopped it; nothing was recorded."
    assert not (tmp_path / "r.json").exists() and not (tmp_path / "mnist.npz").exists()


def test_the_milestone_says_how_many_threads(tmp_path, monkeypatch):
    """One thread for its products, unless the user has said otherwise."""
    from checker import milestone
    from checker.workspace import Workspace

    seen = []
    monkeypatch.setattr(milestone, "_run", lambda *a: seen.append(a[3]) or 1)
    for name in milestone.THREADED:
        monkeypatch.delenv(f"{name}_NUM_THREADS", raising=False)
    (tmp_path / "tinytorch").mkdir()
    (tmp_path / "milestones" / ROOM.slug).mkdir(parents=True)
    (tmp_path / "milestones" / ROOM.slug / "mine.py").write_text("")
    milestone.run_milestone(Workspace(tmp_path, course()), ROOM)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    milestone.run_milestone(Workspace(tmp_path, course()), ROOM)
    milestone.run_milestone(Workspace(tmp_path, course()), course().milestone("02"))
    counts = [[env.get(f"{name}_NUM_THREADS") for name in milestone.THREADED] for env in seen]
    assert counts == [["1", "1", "1"], ["2", "1", "1"], ["2", None, None]]
