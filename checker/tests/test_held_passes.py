"""A newer course never takes a pass away."""

import json
import shutil

import pytest

NEW_TEST = """

def test_unit_double_text():
    expect_equal(double("ab"), "abab", "double('ab')", "Twice a word is the word twice.")


def test_module():
"""


@pytest.fixture
def held(workspace, tmp_path):
    """A workspace that passed at 0.0.9, under a course that has a new test since."""
    workspace.solve("alpha", "beta")
    workspace.body("alpha", "double", "return x + x if not isinstance(x, str) else None")
    assert workspace.run("check", "02").returncode == 0
    journal = workspace.root / ".tinytorch" / "journal.jsonl"
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    lines = [json.dumps(entry | {"course": "0.0.9"}) for entry in entries]
    journal.write_text("\n".join(lines) + "\n")
    (workspace.root / ".tinytorch" / "results.json").unlink()
    newer = shutil.copytree(workspace.course_root, tmp_path / "newer")
    suite = newer / "stages/01_alpha/test_alpha.py"
    suite.write_text(suite.read_text().replace("\n\ndef test_module():\n", NEW_TEST))
    workspace.course_root = newer
    return workspace


def test_later_stages_stay_open(held):
    assert held.run("check", "02").returncode == 0
    shown = held.run("progress").stdout
    assert shown.count("passed (at 0.0.9)") >= 1 and "blocked" not in shown


def test_the_stage_itself_tries_the_new_test_and_keeps_its_pass(held):
    done = held.run("check", "01")
    assert done.returncode == 1
    assert "stage 01 alpha: passed" in done.stdout
    assert "It passed at 0.0.9, and that stays" in done.stdout
    assert "double('ab') is None, expected 'abab'" in done.stdout
    assert held.run("check", "02").returncode == 0


def test_a_change_of_the_stage_asks_for_the_new_tests(held):
    text = held.read("tinytorch/alpha.py")
    held.write("tinytorch/alpha.py", text + "# a change\n")
    done = held.run("check", "02")
    assert done.returncode == 1 and "blocked by stage 01" in done.stdout
    held.body("alpha", "double", "return x * 2")
    assert held.run("check", "02").returncode == 0
