"""A fault is charged to the stage that has it, and to no other; nothing false is remembered."""

import json
import subprocess

import pytest

from checker.tests.test_verbs import states


def test_a_loop_in_a_later_stage_does_not_blame_the_first(workspace):
    workspace.solve("alpha", "beta")
    workspace.body("beta", "Box.quadruple", "while True:\n    pass")
    done = workspace.run("check", "02")
    assert done.returncode == 1 and "stage 02 beta: in progress" in done.stdout, done.stdout
    assert "was still running" in done.stdout
    assert states(workspace) == ["passed", "in progress"]


def test_a_crash_in_a_later_stage_leaves_the_earlier_pass(workspace):
    workspace.solve("alpha", "beta")
    workspace.body("beta", "Box.quadruple", "import os\nos._exit(1)")
    done = workspace.run("check", "02")
    assert "Python itself ended (exit code 1)" in done.stdout, done.stdout
    assert states(workspace) == ["passed", "in progress"]


def test_a_patch_in_a_later_stage_leaves_the_earlier_pass(workspace):
    workspace.solve("alpha", "beta")
    text = workspace.read("tinytorch/beta.py")
    workspace.write("tinytorch/beta.py", text + "\nimport numpy\nnumpy.allclose = None\n")
    done = workspace.run("check", "02")
    assert "stage 02 beta: in progress" in done.stdout and "numpy.allclose" in done.stdout
    assert states(workspace) == ["passed", "in progress"]


@pytest.fixture
def apart(workspace):
    """A workspace of a course whose two stages do not depend on each other."""
    import shutil

    newer = shutil.copytree(workspace.course_root, workspace.root.parent / "apart")
    toml = newer / "stages/02_beta/stage.toml"
    toml.write_text(toml.read_text().replace('requires = ["01"]', "requires = []"))
    for path in (newer / "reference/tinytorch/beta.py", newer / "stages/02_beta/beta.py"):
        path.write_text(
            path.read_text().replace("from .alpha import double", "double = 2 .__mul__")
        )
    workspace.course_root = newer
    workspace.solve("alpha", "beta")
    return workspace


@pytest.mark.parametrize("body", ["while True:\n    pass", "import os\nos._exit(0)", "return 1"])
def test_stages_that_do_not_depend_on_each_other_do_not_harm_each_other(apart, body):
    apart.body("alpha", "double", body)
    assert states(apart) == ["in progress", "passed"]


def test_an_import_error_elsewhere_is_not_remembered_against_a_stage(apart):
    text = apart.read("tinytorch/alpha.py")
    apart.write("tinytorch/alpha.py", text + "\n1 / 0\n")
    assert states(apart)[0] == "in progress"
    apart.write("tinytorch/alpha.py", text)
    assert states(apart) == ["passed", "passed"]


def test_a_module_beside_the_package_changes_the_result(workspace):
    workspace.solve("alpha")
    workspace.write("helpers.py", "def twice(x):\n    return x * 2\n")
    workspace.body("alpha", "double", "from helpers import twice\nreturn twice(x)")
    assert workspace.run("check", "01").returncode == 0
    workspace.write("helpers.py", "def twice(x):\n    return x * 3\n")
    assert workspace.run("check", "01").returncode == 1


def test_what_was_saved_during_a_check_is_not_recorded_as_passed(workspace):
    workspace.solve("alpha")
    text = workspace.read("tinytorch/alpha.py")
    workspace.write("tinytorch/alpha.py", text.replace("    out = 0\n", SAVES))
    assert workspace.run("check", "01").returncode == 0
    assert "return x * 3" in workspace.read("tinytorch/alpha.py")
    journal = (workspace.root / ".tinytorch/journal.jsonl").read_text().splitlines()
    (entry,) = [json.loads(line) for line in journal if '"passed"' in line]
    from checker.course import Course
    from checker.workspace import Workspace

    now = Workspace(workspace.root, Course(workspace.course_root)).digest(["tinytorch/alpha.py"])
    assert entry["digest"] != now
    assert workspace.git("for-each-ref", "refs/course/passed") == ""
    assert workspace.run("check", "01").returncode == 1


SAVES = """    out = 0
    from pathlib import Path  # an editor that saves while the check runs
    Path(__file__).write_text(Path(__file__).read_text().replace("x * 2\\n", "x * 3\\n"))
"""


def test_undo_says_what_was_edited_since_and_redo_brings_it_back(workspace):
    workspace.run("solution", "01")
    later = workspace.read("tinytorch/alpha.py") + "\nMY_LATER = 1\n"
    workspace.write("tinytorch/alpha.py", later)
    done = workspace.run("undo")
    assert "You had changed tinytorch/alpha.py since" in done.stdout
    assert "MY_LATER" not in workspace.read("tinytorch/alpha.py")
    assert workspace.run("undo", "REDO=1").returncode == 0
    assert workspace.read("tinytorch/alpha.py") == later


def test_undo_follows_the_order_of_the_changes_in_every_time_zone(workspace):
    first = workspace.read("tinytorch/beta.py")
    workspace.run("solution", "01", TZ="UTC")
    workspace.run("solution", "02", TZ="America/New_York")
    workspace.run("undo")
    assert workspace.read("tinytorch/beta.py") == first
    assert "return x * 2" in workspace.read("tinytorch/alpha.py")


def test_the_learners_git_config_keeps_its_comments(workspace):
    workspace.git("remote", "add", "origin", "nowhere")
    path = workspace.root / ".git" / "config"
    text = path.read_text() + "# a comment\n[alias]\n\tst = status\n"
    path.write_text(text)
    workspace.run("check", "01")
    assert "# a comment" in path.read_text() and "st = status" in path.read_text()
    assert workspace.git("config", "remote.origin.push").strip() == "HEAD"


def test_a_failing_branch_does_not_hide_that_the_solution_is_there(workspace):
    workspace.git("branch", "solution")
    done = workspace.run("solution", "01")
    assert done.returncode == 0 and "The reference now stands in" in done.stdout
    assert "solution branches could not be made" in done.stdout


@pytest.mark.parametrize("trouble", ["safecrlf", "nested", "unreadable"])
def test_backups_are_made_in_spite_of_what_git_cannot_add(workspace, trouble):
    if trouble == "safecrlf":
        workspace.git("config", "core.safecrlf", "true")
        workspace.git("config", "core.autocrlf", "input")
        workspace.path("notes.txt").write_bytes(b"a\r\n")
    elif trouble == "nested":
        subprocess.run(["git", "init", "-q", str(workspace.root / "exp")], check=True)
    else:
        workspace.path("socket").symlink_to("/nowhere/at/all")
    before = workspace.read("tinytorch/alpha.py")
    assert workspace.run("solution", "01").returncode == 0
    assert workspace.run("undo").returncode == 0
    assert workspace.read("tinytorch/alpha.py") == before
