"""Milestone 2: the reference achieves it, what is wrong misses it, and each says why.

That the suite notices every known mistake is proved by course-check.
"""

import re
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from checker.course import course
from checker.knockouts import knockouts
from checker.skeleton import replace_body
from checker.tests.milestone_runs import run, script, solution, suite

ROOM = course().milestone("02")
SOLUTION = solution(ROOM)
STARTS = 4  # in place of 20, where what is said does not depend on how many there are
PICTURES = ["02_hidden.png", "02_line.png", "02_losses.png", "02_regions.png"]


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Give a copy of the room that trains from a few starts only."""
    root = tmp_path_factory.mktemp("few")
    shutil.copytree(ROOM.folder.parent / "common", root / "common")
    folder = root / ROOM.slug
    folder.mkdir()
    (folder / ROOM.script).write_bytes((ROOM.folder / ROOM.script).read_bytes())
    facts = (ROOM.folder / "milestone.toml").read_text("utf-8")
    fewer, count = re.subn(r"(?m)^seeds = \d+", f"seeds = {STARTS}", facts)
    assert count == 1
    (folder / "milestone.toml").write_text(fewer, encoding="utf-8")
    return SimpleNamespace(folder=folder, script=ROOM.script)


def test_the_reference_achieves_it(tmp_path):
    code, lines, result = run(ROOM, tmp_path, SOLUTION)
    assert code == 0 and lines[-1] == "achieved"
    assert result["milestone"] == "02" and result["achieved"] is True
    values = result["values"]
    assert values["hidden_8"] == 20 and values["hidden_1"] == 0
    assert values["hidden_1"] <= values["hidden_2"] <= values["hidden_3"] <= values["hidden_4"]
    assert abs(values["one_layer_loss"] - 0.6931) < 0.001 and values["one_layer_right"] < 4
    assert values["by_hand_steps"] < 100 and values["blame_gap"] < 1e-5
    assert sorted(path.name for path in (tmp_path / "p" / "q").iterdir()) == PICTURES


@pytest.mark.parametrize("name", ["weight_ignored", "rows_added", "never_fitted", "another_model"])
def test_the_script_misses_with_a_mistake(few, tmp_path, name):
    mine = {k.name: k for k in knockouts(ROOM)}[name].applied(SOLUTION)
    code, lines, result = run(few, tmp_path, mine)
    assert code == 1 and lines[-1] != "achieved" and result["achieved"] is False
    assert any(line.startswith("missed: ") for line in lines)
    assert any(line.startswith("try: ") for line in lines)


@pytest.mark.parametrize("body", ["return None", "return 1 / 0", "import nothing_of_this_name"])
@pytest.mark.parametrize("name", ["hidden_blame", "build_model", "train"])
def test_nonsense_misses_it_with_a_sentence(few, tmp_path, name, body):
    code, lines, result = run(few, tmp_path, replace_body(SOLUTION, name, body))
    assert code == 1 and result["achieved"] is False
    assert any(line.startswith("missed: ") and name in line for line in lines), lines


def test_a_mine_that_cannot_be_imported_misses_it(few, tmp_path):
    code, lines, _ = run(few, tmp_path, "def build_model(:\n")
    assert code == 1 and any("mine.py cannot be imported: SyntaxError" in line for line in lines)


def test_a_curve_that_still_falls_is_explained(few, tmp_path):
    """With small steps the loss is on its way at the end, and the words say so."""
    mine = SOLUTION.replace("lr=0.1", "lr=0.001")
    code, lines, _ = run(few, tmp_path, mine)
    said = " ".join(" ".join(lines).split())
    assert code == 1 and "still falls: more epochs, or larger steps" in said


def test_a_linear_network_is_explained(few, tmp_path):
    mine = SOLUTION.replace("Tanh(), ", "")
    code, lines, _ = run(few, tmp_path, mine)
    said = " ".join(" ".join(lines).split())
    assert code == 1 and "stands there, as for one layer: no activation" in said


def test_the_skeleton_says_that_it_is_not_written(few, tmp_path):
    mine = (ROOM.folder / "mine.py").read_text("utf-8")
    code, lines, _ = run(few, tmp_path, mine)
    assert code == 1 and any("not written yet" in line for line in lines)
    failed = suite(ROOM, tmp_path, mine)
    tests = re.findall(r"^def (test_\w+)", ROOM.suite.read_text("utf-8"), re.M)
    assert [name for name, _ in failed] == tests
    assert all("milestone 2: " in said for _, said in failed)


def test_the_reference_passes_its_suite(tmp_path):
    assert suite(ROOM, tmp_path, SOLUTION) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_ctrl_c_is_one_sentence(tmp_path):
    (tmp_path / "mine.py").write_text(SOLUTION, encoding="utf-8")
    process = subprocess.Popen(
        **script(ROOM, tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    for line in process.stdout:
        if line.startswith("1 hidden"):
            break
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130 and err == ""
    assert out.splitlines()[-1] == "You stopped it; nothing was recorded."
    assert not (tmp_path / "r.json").exists()
