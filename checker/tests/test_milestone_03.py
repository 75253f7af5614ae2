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
from checker.messages import check_message
from checker.milestone import after_run, ready_to_run
from checker.skeleton import replace_body
from checker.tests.milestone_runs import COURSE, run, script, solution, suite
from checker.verdict import ExerciseResult, Verdict
from checker.workspace import Journal, Workspace

ROOM = course().milestone("03")
SOLUTION = solution(ROOM)
PICTURES = ["03_confusion.png", "03_curve.png", "03_mistakes.png"]
KNOCKOUTS = {k.name: k for k in knockouts(ROOM)}


def standing(tmp_path, **states):
    """Give the verdict of a mine.py of which these exercises stand so, and a workspace for it."""
    exercises = [
        ExerciseResult(e.name, states.get(e.name, "passed"), {"type": "Wrong", "message": "no"})
        for e in ROOM.exercises
    ]
    state = "in progress" if states else "passed"
    verdict = Verdict(ROOM, state, exercises, lines={e.name: ("m/mine.py", 9) for e in exercises})
    (tmp_path / "tinytorch").mkdir()
    return verdict, Workspace(tmp_path, COURSE)


@pytest.mark.parametrize(
    "states, runs",
    [
        ({}, True),
        ({"preprocess": "todo"}, True),
        ({"preprocess": "failed"}, True),
        ({"configure": "todo", "preprocess": "todo"}, False),
        ({"build_model": "failed"}, False),
    ],
)
def test_the_training_waits_for_the_first_sitting_only(tmp_path, states, runs):
    verdict, workspace = standing(tmp_path, **states)
    assert ready_to_run(verdict) == runs
    lines = check_message(workspace, {"m03": verdict}, "m03", Journal(workspace))
    if states == {"preprocess": "todo"}:  # check N=3 asks for it all the same
        assert "next to write: preprocess" in said(lines)
        assert lines[-1].startswith("next: make check N=3")
        assert after_run(verdict)[-1].startswith("next: make check N=3")
        assert "Sitting 2, Draw your own: preprocess" in after_run(verdict)[0]
    if not states:
        assert lines[0].startswith("milestone 3 mlp revival: what you wrote passes")
        assert lines[-1] == "next: make milestone N=3"
        workspace.remember("milestones.json", {"03": {"achieved": True}})
        assert check_message(workspace, {"m03": verdict}, "m03", Journal(workspace))[-1] == (
            "next: make draw"
        )
        assert after_run(verdict) == ["next: make draw"]


def test_a_milestone_of_one_sitting_waits_for_its_whole_suite(tmp_path):
    room = COURSE.milestone("02")
    exercises = [ExerciseResult(e.name, "passed") for e in room.exercises]
    assert not ready_to_run(Verdict(room, "in progress", exercises, module={"type": "X"}))
    done = Verdict(room, "passed", exercises)
    assert ready_to_run(done) and after_run(done) == ["next: make progress"]


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
    mine = SOLUTION.replace("0.004", "1e-6")
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


@pytest.mark.parametrize(
    "found, put, said_of_it",
    [
        ("0.004", "0.04", "likely: the largest steps are too large."),
        ("ReLU(), ", "", "two Linears with no ReLU between them, which together are one"),
        ("epochs = 6", "epochs = 1", "epoch 1/1"),
    ],
)
def test_experiments_pass_the_suite_and_are_judged_by_the_run(tmp_path, found, put, said_of_it):
    mine = SOLUTION.replace(found, put)
    assert suite(ROOM, tmp_path, mine) == []
    _, lines, _ = run(ROOM, tmp_path, mine)
    assert said_of_it in said(lines)
    assert ("try: a max_lr ten times smaller." in lines) == (put == "0.04")


def test_the_better_network_is_kept(tmp_path, modules, monkeypatch, capsys):
    """Of the same data the one that reads more, and one of MNIST before one of 8x8 digits."""
    space, path = {}, tmp_path / "mnist.npz"
    exec(SOLUTION, space)
    monkeypatch.setitem(sys.modules, "mine", SimpleNamespace(**space, __file__=str(path)))
    for title, accuracy, kept in [
        ("8x8 digits", 0.1, True), ("8x8 digits", 0.9, True), ("8x8 digits", 0.8, False),
        ("8x8 digits", 0.9, True), ("MNIST", 0.5, True), ("8x8 digits", 0.99, False),
        ("MNIST", 0.98, True),
    ]:  # fmt: skip
        digits = SimpleNamespace(mean=0.1, std=0.3, title=title)
        modules.mnist.keep(space["build_model"](), digits, SimpleNamespace(accuracy=accuracy))
        words = said(capsys.readouterr().out.splitlines())
        found = modules.trained.load_trained(path, space["build_model"])
        assert ((found.data, found.accuracy) == (title, accuracy)) == kept, words
        assert ("The network is kept" in words) == kept
        assert ("Delete the file, and the next run is kept" in words) != kept
    sys.modules["mine"].build_model = lambda: wider(space)  # what was kept fits no more
    modules.mnist.keep(wider(space), digits, SimpleNamespace(accuracy=0.2))
    assert modules.trained.load_trained(path, lambda: wider(space)).accuracy == 0.2


def curve(losses, accuracy=0.9, train_accuracy=0.9, learning=0.9, straight=""):
    watch = SimpleNamespace(losses=losses, rates=np.sin(np.linspace(0.1, 3.1, len(losses))))
    return SimpleNamespace(
        watch=watch, accuracy=accuracy, train_accuracy=train_accuracy, straight=straight,
        history=[{"accuracy": learning}],
    )  # fmt: skip


@pytest.mark.parametrize(
    "losses, more, likely",
    [
        (np.full(600, 2.31), {}, "next to nothing was learnt"),
        (np.r_[2.3, 40.0, np.full(598, 2.30)], {}, "drove the ReLUs below 0"),
        (np.r_[2.3, np.full(100, 9.0), np.full(500, 0.4)], {}, "the largest steps are too large"),
        (np.r_[2.3, np.full(99, 1.0), np.full(300, 1.6), np.full(200, 1.4)],
         {"accuracy": 0.517, "train_accuracy": 0.537}, "the largest steps are too large"),
        (np.r_[2.3, np.full(99, 0.34), np.full(100, 0.62), np.linspace(0.4, 0.1, 400)],
         {"accuracy": 0.966, "train_accuracy": 0.97}, "the largest steps are too large"),
        (np.linspace(2.3, 0.5, 600), {}, "it was stopped too early"),
        (np.r_[2.3, np.full(599, 1.31)], {"learning": 0.5}, "dropout takes away more"),
        (np.r_[2.3, np.full(599, 0.27)], {"straight": "one layer"}, "one layer"),
        (np.r_[2.3, np.full(599, 0.31)], {"accuracy": 0.6, "train_accuracy": 0.7}, "too small"),
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
    values = {"data": "MNIST", "accuracy": 0.97, "train_accuracy": 0.975, "seconds": 12.0}
    outcome = curve(np.linspace(2.3, 0.5, 600), 0.97, 0.975)
    modules.mnist.report(values, outcome, {"proud": 0.98, "seconds": 60}, 0.95, [], "5")
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
