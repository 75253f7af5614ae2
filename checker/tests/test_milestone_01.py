"""Milestone 1: the reference achieves it, every known mistake misses it, and each says why."""

import json
import os
import re
import subprocess
import sys

import pytest

from checker.course import course
from checker.knockouts import knockouts
from checker.skeleton import replace_body

COURSE = course()
ROOM = COURSE.milestone("01")
SOLUTION = (COURSE.root / "reference" / "milestones" / f"{ROOM.slug}.py").read_text("utf-8")
DOES_NOTHING = "return 0"
FROZEN = "return target - (1 if layer(x).item() > 0 else 0)"


def environment(folder, **more):
    paths = [str(COURSE.reference.parent), str(folder), str(COURSE.root)]
    return {
        **os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1", **more,
    }  # fmt: skip


def run(folder, mine):
    """Run the script with this mine.py; give its exit code, its lines and its result."""
    (folder / "mine.py").write_text(mine, encoding="utf-8")
    env = environment(
        folder, TINYTORCH_PICTURES=str(folder / "p" / "q"), TINYTORCH_RESULT=str(folder / "r.json")
    )
    done = subprocess.run(
        [sys.executable, str(ROOM.folder / ROOM.script)], env=env, cwd=folder, text=True,
        capture_output=True, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) < 40 and max(map(len, lines)) <= 80, done.stdout
    return done.returncode, lines, json.loads((folder / "r.json").read_text("utf-8"))


def suite(folder, mine):
    """Run the tests of mine.py; give the names of those that fail.

    importlib, since otherwise pytest would put the folder of the suite, which holds the skeleton
    of mine.py, before all others.
    """
    (folder / "mine.py").write_text(mine, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rf", "-p", "no:cacheprovider", "-o",
         "addopts=", "--noconftest", "--import-mode=importlib", str(ROOM.suite)],
        env=environment(folder, COLUMNS="400"), cwd=folder, text=True, capture_output=True,
    )  # fmt: skip
    assert "passed" in done.stdout or "failed" in done.stdout, done.stdout + done.stderr
    return re.findall(r"^FAILED \S+::(\w+)(.*)$", done.stdout, re.M)


def test_the_reference_achieves_it(tmp_path):
    code, lines, result = run(tmp_path, SOLUTION)
    assert code == 0 and lines[-1] == "achieved"
    assert result["milestone"] == "01" and result["achieved"] is True
    values = result["values"]
    assert values["and_errors"] == values["or_errors"] == 0
    assert values["xor_best"] < 1 and values["digits_test_accuracy"] >= 0.99
    pictures = sorted(path.name for path in (tmp_path / "p" / "q").iterdir())
    assert pictures == ["01_lines.png", "01_mistakes.png", "01_weights.png"]
    assert any("end with the same weights" in line for line in lines)


@pytest.mark.parametrize("knockout", knockouts(ROOM), ids=lambda k: k.name)
def test_a_mistake_misses_it(tmp_path, knockout):
    mine = knockout.applied(SOLUTION)
    code, lines, result = run(tmp_path, mine)
    assert code == 1 and lines[-1] != "achieved" and result["achieved"] is False
    assert any(line.startswith("missed: ") for line in lines)
    assert any(line.startswith("try: ") for line in lines)
    assert knockout.killed_by in [name for name, _ in suite(tmp_path, mine)]


@pytest.mark.parametrize("body", [DOES_NOTHING, FROZEN, "pass", "return 1 / 0"])
def test_an_update_that_does_nothing_misses_it(tmp_path, body):
    code, lines, result = run(tmp_path, replace_body(SOLUTION, "perceptron_update", body))
    assert code == 1 and result["achieved"] is False
    assert any(line.startswith("missed: perceptron_update") for line in lines)


def test_weights_put_in_from_elsewhere_miss_it(tmp_path):
    """Weights that solve AND, copied in without the rule, are no learning."""
    body = "layer.weight.copy_(1.0)\n    layer.bias.copy_(-1.5)\n    return 0"
    code, lines, _ = run(tmp_path, replace_body(SOLUTION, "perceptron_update", body))
    assert code == 1 and any(line.startswith("missed: ") for line in lines)


def test_the_skeleton_says_that_it_is_not_written(tmp_path):
    mine = (ROOM.folder / "mine.py").read_text("utf-8")
    code, lines, _ = run(tmp_path, mine)
    assert code == 1 and any("not written yet" in line for line in lines)
    failed = suite(tmp_path, mine)
    tests = re.findall(r"^def (test_\w+)", ROOM.suite.read_text("utf-8"), re.M)
    assert [name for name, _ in failed] == tests
    assert all("milestone 1: perceptron_update" in said for _, said in failed)


def test_the_reference_passes_its_suite(tmp_path):
    assert suite(tmp_path, SOLUTION) == []


def test_the_digits_are_what_they_were():
    sys.path.insert(0, str(COURSE.root / "milestones" / "data"))
    from digits import load_digits, split

    images, labels = load_digits()
    assert images.shape == (1797, 8, 8) and labels.shape == (1797,)
    assert images.max() == 16 and set(labels.tolist()) == set(range(10))
    first, second = split(10, 0.6, seed=0)
    assert sorted([*first, *second]) == list(range(10)) and len(first) == 6


def test_damaged_digits_are_refused(tmp_path):
    import gzip

    sys.path.insert(0, str(COURSE.root / "milestones" / "data"))
    from digits import load_digits

    (tmp_path / "x.gz").write_bytes(gzip.compress(b"1,2,3\n"))
    with pytest.raises(ValueError, match="checksum"):
        load_digits(tmp_path / "x.gz")
