"""`make update` from one tag of the course to the next, over a workspace that is half solved."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from checker import update
from checker.cli import Options
from checker.course import Course
from checker.errors import CourseError
from checker.history import undo
from checker.tests.conftest import REPO
from checker.workspace import Workspace

IDENTITY = ["-c", "user.name=x", "-c", "user.email=x@localhost"]
SIGMOID = """    small = np.exp(-np.abs(x))  # token-sigmoid
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))"""


def git(folder, *words):
    """Run git and give what it prints."""
    done = subprocess.run(
        ["git", *IDENTITY, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The course's repository with the tags v0.1.0 and v0.2.0; the newer one is checked out."""
    root = tmp_path_factory.mktemp("source") / "course"
    names = git(REPO, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in names:
        if name and (REPO / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPO / name, root / name)
    git(root, "init", "-q", "-b", "main")
    change(root, "checker/__init__.py", r'__version__ = ".*"', '__version__ = "0.1.0"')
    commit(root, "v0.1.0")
    change(root, "checker/__init__.py", r'__version__ = ".*"', '__version__ = "0.2.0"')
    change(
        root,
        "reference/tinytorch/tensor.py",
        "Count the elements of an array of this shape",
        "Count all elements of an array of this shape",
    )
    change(root, "stages/01_tensor/stage.toml", 'hints = \\[\n    "', 'hints = [\n    "New: ')
    change(
        root,
        "stages/01_tensor/test_tensor.py",
        r"\n\ndef test_unit_strides_example",
        "\n\ndef test_unit_numel_new():\n"
        '    expect_equal(numel((7,)), 7, "numel((7,))", "Seven.")\n'
        "\n\ndef test_unit_strides_example",
    )
    change(root, "stages/02_activations/README.md", r"\A# 02", "# Stage 02")
    change(root, "template/notes/README.md", r"\Z", "\nNew in 0.2.0.\n")
    subprocess.run(
        [sys.executable, "-m", "checker.generate"],
        cwd=root,
        env=os.environ | {"COURSE_ROOT": str(root)},
        check=True,
    )
    commit(root, "v0.2.0")
    return root


def change(root, path, pattern, new):
    """Change a file of the course in one place."""
    text = (root / path).read_text(encoding="utf-8")
    assert re.search(pattern, text), (path, pattern)
    changed = re.sub(pattern, lambda _: new, text, count=1)
    (root / path).write_text(changed, encoding="utf-8")


def commit(root, tag):
    """Commit everything under a tag."""
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", tag)
    git(root, "tag", tag)


@pytest.fixture
def learner(source, tmp_path, monkeypatch):
    """A workspace made from v0.1.0: 01 passed, 02 half done and dirty, notes untracked."""
    import copier

    root = tmp_path / "my tinytorch"
    copier.run_copy(str(source), str(root), vcs_ref="v0.1.0", defaults=True, quiet=True)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")
    for name in ("op.py", "tensor.py"):
        text = git(source, "show", f"v0.1.0:reference/tinytorch/{name}")
        (root / "tinytorch" / name).write_text(text, encoding="utf-8")
    change(root, "tinytorch/tensor.py", r"    count = 1\n", "    count = 1  # token-count\n")
    old = tmp_path / "old"
    git(tmp_path, "clone", "-q", "-b", "v0.1.0", str(source), str(old))
    assert check(root, old, "01").returncode == 0
    change(
        root,
        "tinytorch/activations.py",
        r'    raise NotImplementedError\("stage 02: sigmoid"\)',
        SIGMOID,
    )
    (root / "notes" / "02.md").write_text("token-notes\n", encoding="utf-8")
    (root / "mine.txt").write_text("token-untracked\n", encoding="utf-8")
    monkeypatch.setenv("TINYTORCH_WORKSPACE", str(root))
    monkeypatch.setattr(update, "course", lambda: Course(old))
    monkeypatch.setattr(update, "_install", lambda workspace: None)
    return Workspace(root, Course(old))


def check(root, course, stage):
    """Run the checker of one version of the course."""
    return subprocess.run(
        [sys.executable, "-m", "checker", "check", stage],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(course), "COURSE_ROOT": str(course)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def tokens(root):
    """Find the learner's own lines in their workspace."""
    found = set()
    for path in root.rglob("*"):
        if path.is_file() and ".git" not in path.parts and path.suffix in (".py", ".md", ".txt"):
            found |= set(re.findall(r"token-\w+", path.read_text(encoding="utf-8")))
    return found


def test_an_update_brings_the_course_and_loses_nothing(learner, source, capsys):
    before = git(learner.root, "rev-parse", "HEAD")
    assert update.update_verb(Options()) == 0, capsys.readouterr().out
    said = capsys.readouterr().out
    assert "The course is now v0.2.0 (it was v0.1.0)." in said
    root = learner.root
    assert tokens(root) == {"token-count", "token-sigmoid", "token-notes", "token-untracked"}
    assert "Count all elements" in learner.read("tinytorch/tensor.py")
    assert "test_unit_numel_new" in learner.read("stages/01_tensor/test_tensor.py")
    assert learner.read("stages/02_activations/README.md").startswith("# Stage 02")
    assert "New in 0.2.0" in learner.read("notes/README.md")
    assert learner.answers()["_commit"] == "v0.2.0"
    assert git(root, "rev-parse", "HEAD") == before
    done = check(root, source, "02")
    assert "stage 02 activations: in progress" in done.stdout, done.stdout
    shown = check(root, source, "01").stdout
    assert "stage 01 tensor: passed" in shown, shown


def test_passes_are_kept_although_a_new_test_would_fail(learner, source):
    text = learner.read("tinytorch/tensor.py")
    learner.path("tinytorch/tensor.py").write_text(
        text.replace("    return count\n", "    return count if shape != (7,) else 0\n"),
        encoding="utf-8",
    )
    old = learner.course.root
    assert check(learner.root, old, "01").returncode == 0
    assert update.update_verb(Options()) == 0
    assert "stage 02 activations: in progress" in check(learner.root, source, "02").stdout
    done = check(learner.root, source, "01")
    assert "passed at 0.1.0, and that stays" in done.stdout and "numel((7,)) is 0" in done.stdout


def test_what_both_changed_is_reported_by_file_and_function(learner, capsys):
    change(learner.root, "tinytorch/tensor.py", "Count the elements of an", "Token-mine of an")
    assert update.update_verb(Options()) == 1
    said = capsys.readouterr().out
    assert "tinytorch/tensor.py: numel, line" in said
    text = learner.read("tinytorch/tensor.py")
    assert "Token-mine" in text and "Count all elements" in text
    why, paths, _ = undo(learner)
    assert why == "update to v0.2.0" and "tinytorch/tensor.py" in paths
    assert "<<<<<<<" not in learner.read("tinytorch/tensor.py")
    assert learner.answers()["_commit"] == "v0.1.0"


def test_when_the_checker_cannot_be_installed_the_files_go_back(learner, monkeypatch):
    def fail(workspace):
        raise CourseError("no network")

    before = {p: p.read_bytes() for p in learner.root.rglob("*.py")}
    monkeypatch.setattr(update, "_install", fail)
    with pytest.raises(CourseError, match="no network"):
        update.update_verb(Options())
    assert before == {p: p.read_bytes() for p in learner.root.rglob("*.py")}
    assert learner.answers()["_commit"] == "v0.1.0"


def test_a_second_update_has_nothing_to_do(learner, capsys):
    update.update_verb(Options())
    assert update.update_verb(Options()) == 0
    assert "The course is up to date (v0.2.0)." in capsys.readouterr().out


def test_a_source_that_has_moved_is_found_by_COURSE(learner, source, monkeypatch):
    text = learner.read(".copier-answers.yml")
    gone = re.sub(r"_src_path: .*", "_src_path: /nowhere/course", text)
    learner.path(".copier-answers.yml").write_text(gone, encoding="utf-8")
    with pytest.raises(CourseError, match="is not there any more"):
        update.update_verb(Options())
    monkeypatch.setenv("COURSE", str(source))
    assert update.update_verb(Options()) == 0
    assert learner.answers()["_src_path"] == str(source)


def test_what_is_saved_during_an_update_is_not_overwritten(learner, monkeypatch):
    merge = update._merge

    def merge_and_type(draft, version):
        merge(draft, version)
        path = learner.path("tinytorch/tensor.py")
        path.write_text(path.read_text(encoding="utf-8") + "TYPED = 1\n", encoding="utf-8")

    monkeypatch.setattr(update, "_merge", merge_and_type)
    with pytest.raises(CourseError, match="changed while the update ran"):
        update.update_verb(Options())
    assert "TYPED = 1" in learner.read("tinytorch/tensor.py")
    assert learner.answers()["_commit"] == "v0.1.0"
