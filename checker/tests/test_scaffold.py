"""`make workspace`: from a commit that exists, into a folder that is free."""

import subprocess

import pytest

from checker import scaffold as module
from checker.course import course
from checker.errors import CourseError
from checker.scaffold import commit_of, scaffold
from checker.tests.small_course import commit, git, real_course, tree


@pytest.fixture
def source(tmp_path):
    """A clean checkout of the course, in a folder with a space in its name."""
    return real_course(tmp_path / "the course", course())


def state(folder):
    """All that a snapshot must not touch."""
    return (
        git(folder, "status", "--porcelain", "--ignored"),
        git(folder, "rev-parse", "HEAD"),
        git(folder, "diff", "--cached"),
        git(folder, "branch", "--list"),
        tree(folder),
    )


def test_a_clean_checkout_is_taken_at_head(source, tmp_path, capsys):
    target = tmp_path / "mein Ärbeitsplatz"
    scaffold(source, target)
    assert commit_of(source) == git(source, "rev-parse", "HEAD")
    assert git(source, "for-each-ref", "refs/course") == ""
    recorded = (target / ".copier-answers.yml").read_text(encoding="utf-8")
    assert f"_src_path: '{source}'" in recorded
    commit_ = recorded.partition("_commit: '")[2].partition("'")[0]
    assert git(source, "rev-parse", commit_) == git(source, "rev-parse", "HEAD")
    assert "uncommitted" not in capsys.readouterr().out


def test_a_dirty_checkout_is_taken_as_a_snapshot_that_touches_nothing(source, tmp_path, capsys):
    (source / "stages/01_tensor/tensor.py").write_text("# changed\n")
    (source / "stages/01_tensor/op.py").write_text("# staged\n")
    git(source, "add", "stages/01_tensor/op.py")
    (source / "template/new.txt").write_text("untracked\n")
    (source / "template/.venv").mkdir()
    (source / "template/.venv/x").write_text("ignored\n")
    before = state(source)
    scaffold(source, tmp_path / "ws")
    assert state(source) == before
    assert (tmp_path / "ws/tinytorch/tensor.py").read_text() == "# changed\n"
    assert (tmp_path / "ws/tinytorch/op.py").read_text() == "# staged\n"
    assert (tmp_path / "ws/new.txt").exists() and not (tmp_path / "ws/.venv").exists()
    sha = commit_of(source)
    assert git(source, "for-each-ref", "--format=%(objectname) %(refname)", "refs/course") == (
        f"{sha} refs/course/dev/{sha[:7]}"
    )  # one, although it was taken twice: the same files make the same commit
    assert f"refs/course/dev/{sha[:7]}" in capsys.readouterr().out


def test_without_a_repository_the_files_are_taken_as_they_are(source, tmp_path, capsys):
    subprocess.run(["rm", "-rf", source / ".git"], check=True)
    scaffold(source, tmp_path / "ws")
    assert (tmp_path / "ws/tinytorch/tensor.py").exists()
    assert "cannot be updated later" in capsys.readouterr().out


def test_a_workspace_that_is_there_is_left_as_it_is(source, tmp_path, capsys):
    target = tmp_path / "ws"
    scaffold(source, target)
    (target / "tinytorch/tensor.py").write_text("mine")
    (source / "template/new.txt").write_text("new")
    commit(source)
    before = tree(target)
    scaffold(source, target)
    assert tree(target) == before
    assert "nothing in it is overwritten" in capsys.readouterr().out


def test_what_is_no_workspace_is_refused(source, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "x").write_text("x")
    with pytest.raises(CourseError, match="not empty"):
        scaffold(source, full)
    with pytest.raises(CourseError, match="is a file"):
        scaffold(source, full / "x")
    with pytest.raises(CourseError, match="inside the course"):
        scaffold(source, source / "ws")
    assert tree(full) == {"x": b"x"}
    empty = tmp_path / "empty"
    empty.mkdir()
    scaffold(source, empty)
    assert (empty / "learn.py").exists()


def test_a_course_without_a_commit_is_a_sentence(tmp_path):
    git(tmp_path, "init", "--quiet")
    with pytest.raises(CourseError, match="git rev-parse failed"):
        commit_of(tmp_path)


@pytest.mark.parametrize(("stamp", "code"), [(True, 0), (False, 1)])
def test_a_red_check_is_no_failure_but_a_set_up_that_broke_is(
    source, tmp_path, monkeypatch, capfd, stamp, code
):
    learn = "import pathlib, sys\nprint(sys.argv[1:])\n"
    if stamp:
        learn += "p = pathlib.Path('.venv/course.txt'); p.parent.mkdir(); p.write_text('x')\n"
    (source / "template/learn.py").write_text(learn + "sys.exit(1)\n")
    monkeypatch.setattr(module, "course", lambda: Small(source))
    assert module.main([str(tmp_path / "a b")]) == code
    out, error = capfd.readouterr()
    assert "['check', '01']" in out
    assert ("open stages/01_tensor/README.md" in out) is stamp
    assert ("could not be set up" in error) is not stamp
    assert f"cd '{tmp_path / 'a b'}'" in out or not stamp


class Small:
    """The course's facts, with another root."""

    def __init__(self, root):
        self.root, self.stages = root, course().stages
