"""learn.py in every situation that it knows: each ends in the checker, or in a sentence."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from checker.repository import make
from checker.tests.small_course import GIT, commit, git
from checker.tests.stub_course import answers, stub_course, stub_workspace

NOBODY = {name: value for name, value in GIT.items() if not name.startswith(("GIT_A", "GIT_COMM"))}


def learn(workspace, *words, env=None, cwd=None, python=sys.executable):
    """Run learn.py; give its exit code, what the checker printed, and what learn.py said."""
    done = subprocess.run(
        [python, str(workspace / "learn.py"), *words],
        cwd=cwd or workspace,
        env=env or NOBODY,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    try:
        told = json.loads(done.stdout)
    except ValueError:
        told = done.stdout
    return done.returncode, told, done.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A stub course at v1.0 and v2.0, and a workspace of v1.0 that is set up."""
    home = tmp_path_factory.mktemp("Ein Zuhause, it's schön")
    source = stub_course(home / "the course")
    stub_course(source, "2.0", "v2.0")
    workspace = stub_workspace(home / "ws", source)
    (workspace / "random.py").write_text("raise SystemExit('the learner’s')\n", encoding="utf-8")
    code, told, said = learn(workspace, "check", "STAGE=09", env=NOBODY | {"PYTHONPATH": "/x"})
    (home / "first.json").write_text(json.dumps([code, told, said]))
    return home


@pytest.fixture
def ready(home, tmp_path):
    """A copy of the workspace, in a folder of its own, with its .venv."""
    shutil.copytree(home / "ws", tmp_path / "a/my ws", symlinks=True)
    return tmp_path / "a/my ws"


def test_the_first_call_sets_up_and_checks(home):
    code, told, said = json.loads((home / "first.json").read_text())
    workspace = home / "ws"
    assert code == 0, said
    assert told["arguments"] == ["check", "STAGE=09"]
    assert told["workspace"] == str(workspace) and told["utf8"] == 1
    assert told["version"] == "1.0" and told["lost"] == []
    assert str(workspace) not in told["path"] and not told["tinytorch"]
    assert said.startswith("Making .venv")
    assert (workspace / ".venv/course.txt").read_text("utf-8") == f"{home / 'the course'}@v1.0"
    assert not (workspace / ".venv/course").exists()
    assert "learner@localhost" in git(workspace, "log", "--format=%ae")
    assert git(workspace, "status", "--porcelain") == ""
    assert git(workspace, "symbolic-ref", "HEAD") == "refs/heads/main"


def test_the_next_call_only_checks(ready, tmp_path):
    code, told, said = learn(ready, "hint", "9", "seven", env=NOBODY | {"PATH": ""}, cwd=tmp_path)
    assert (code, said) == (7, "")
    assert told["arguments"] == ["hint", "9", "seven"]
    assert learn(ready)[1]["arguments"] == ["check"]


def test_setup_only_sets_up(ready):
    code, told, said = learn(ready, "setup")
    assert code == 0 and "next: python learn.py check" in told
    assert "Making .venv" not in said


def test_another_commit_is_installed_into_the_same_venv(home, ready):
    (ready / ".venv/kept.txt").write_text("the learner's")
    answers(ready, home / "the course", "v2.0")
    code, told, said = learn(ready)
    assert (code, told["version"]) == (0, "2.0")
    assert (ready / ".venv/kept.txt").exists() and "Making .venv" not in said
    assert learn(ready)[2] == ""


def test_an_update_that_cannot_be_installed_leaves_the_old_one(home, ready):
    answers(ready, home / "the course", "v3.0")
    code, told, said = learn(ready)
    assert (code, told) == (1, "")
    assert "This workspace's version is not in" in said
    assert said.endswith("next: python learn.py setup COURSE=/path/to/the/course\n")
    answers(ready, home / "the course", "v1.0")
    assert learn(ready)[1]["version"] == "1.0"


@pytest.mark.parametrize("lost", ["course.txt", "bin/python"])
def test_a_venv_that_is_not_complete_is_made_anew(ready, lost):
    (ready / ".venv/half").write_text("x")
    if os.name == "nt" and lost != "course.txt":
        lost = "Scripts/python.exe"
    (ready / ".venv" / lost).unlink()
    code, told, said = learn(ready)
    assert (code, told["version"]) == (0, "1.0")
    assert "Making .venv" in said and not (ready / ".venv/half").exists()


@pytest.mark.parametrize("recorded", ["/vanished/course", "course", "../course", "."])
def test_a_course_that_moved_is_found_beside_the_workspace(home, ready, recorded):
    moved = ready.parent.parent / "course" if recorded == "../course" else ready.parent / "moved"
    if recorded == "course":
        moved = ready.parent / "course"
    shutil.copytree(home / "the course", moved)
    answers(ready, recorded, "v2.0")
    code, told, said = learn(ready)
    assert (code, told["version"]) == (0, "2.0"), said
    assert f"The course is taken from {moved}\n" in said
    assert (ready / ".venv/course.txt").read_text("utf-8") == f"{recorded}@v2.0"


@pytest.mark.parametrize("way", ["environment", "argument", "relative"])
def test_a_course_that_is_nowhere_is_asked_for(home, ready, way):
    answers(ready, "/vanished/course", "v2.0")
    code, _, said = learn(ready)
    assert code == 1
    assert "The course could not be fetched: fatal: repository '/vanished/course'" in said
    assert said.endswith("next: python learn.py setup COURSE=/path/to/the/course\n")
    course = str(home / "the course")
    if way == "environment":
        assert learn(ready, env=NOBODY | {"COURSE": course})[1]["version"] == "2.0"
    elif way == "argument":
        assert learn(ready, "check", f"COURSE={course}")[1]["arguments"] == ["check"]
    else:
        assert learn(ready, "check", "COURSE=the course", cwd=home)[1]["version"] == "2.0"


def unreachable(source):
    """Make a commit that only refs/course/dev/ holds, as scaffolding does from a dirty tree."""
    (source / "checker/__init__.py").write_text("__version__ = 'dev'\n")
    git(source, "add", "--all")
    tree = git(source, "write-tree")
    sha = git(source, "commit-tree", tree, "-p", "HEAD", "-m", "dev")
    git(source, "reset", "--quiet", "--hard")
    git(source, "update-ref", f"refs/course/dev/{sha[:7]}", sha)
    return sha[:7]


@pytest.mark.parametrize("kind", ["path", "url", "git+url", "bundle", "gh", "bare"])
def test_sources_of_every_kind(home, ready, kind):
    source = ready.parent / "source"
    shutil.copytree(home / "the course", source)
    env, wanted = NOBODY, "dev"
    snapshot = unreachable(source)
    recorded = {"path": source, "url": f"file://{source}", "git+url": f"git+file://{source}"}
    if kind == "bundle":
        recorded["bundle"] = ready.parent / "course.bundle"
        git(source, "bundle", "create", "--quiet", str(recorded["bundle"]), "HEAD", "main", "v2.0")
        snapshot, wanted = "v2.0", "2.0"
    elif kind == "bare":
        recorded["bare"] = ready.parent / "bare.git"
        git(source, "clone", "--quiet", "--mirror", str(source), str(recorded["bare"]))
    elif kind == "gh":
        recorded["gh"] = "gh:owner/course"
        env = NOBODY | {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{source}.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/owner/course",
        }
    answers(ready, recorded[kind], snapshot)
    code, told, said = learn(ready, env=env)
    assert code == 0, said
    assert told["version"] == wanted


@pytest.fixture
def nothing(tmp_path):
    """A PATH without git and Python."""
    (tmp_path / "empty").mkdir()
    return NOBODY | {"PATH": str(tmp_path / "empty")}


def test_without_git_a_folder_is_taken_as_it_is(home, ready, nothing):
    answers(ready, home / "the course", "v1.9")
    shutil.rmtree(ready / ".git")
    code, told, said = learn(ready, env=nothing)
    assert (code, told["version"]) == (0, "2.0")
    assert "The course is taken as it is now, from" in said
    assert "git is not installed" in said and not (ready / ".git").exists()


def test_without_git_a_url_is_a_sentence(ready, nothing):
    answers(ready, "https://example.org/course", "v9")
    code, _, said = learn(ready, env=nothing)
    assert code == 1
    assert said.endswith("git is not installed.\nnext: install it, then try again\n")


def test_wheels_need_no_network_and_no_git(home, ready, nothing):
    (ready / "wheelhouse").mkdir()
    build = "import backend; backend.build_wheel(r'{}')".format(ready / "wheelhouse")
    subprocess.run([sys.executable, "-c", build], cwd=home / "the course", check=True)
    answers(ready, "https://example.org/course", "v2.0")
    code, told, said = learn(ready, env=nothing)
    assert (code, told["version"]) == (0, "2.0"), said
    answers(ready, "https://example.org/course", "v3.0")
    code, _, said = learn(ready, env=nothing)
    assert code == 1
    assert "pip could not install the course: ERROR: No matching distribution" in said
    answers(ready, "https://example.org/course", "v1.0-3-gabcdef0")
    assert learn(ready, env=nothing)[1]["version"] == "2.0"
    assert zipfile.is_zipfile(next((ready / "wheelhouse").iterdir()))


def test_an_answers_file_that_is_lost_is_a_sentence(ready):
    (ready / ".copier-answers.yml").unlink()
    code, _, said = learn(ready)
    assert code == 1 and "next: " in said


def as_an_old_python(ready, env, *words):
    """Run learn.py with a Python that cannot make .venv: sys.executable is of no use."""
    script = (
        "import runpy, sys; sys.executable = '/no/python'; sys.argv = sys.argv[1:]; "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    command = [sys.executable, "-c", script, str(ready / "learn.py"), *words]
    return subprocess.run(command, env=env, capture_output=True, encoding="utf-8", check=False)


def test_an_old_python_finds_a_newer_one(home, ready, nothing, tmp_path):
    answers(ready, home / "the course", "v2.0")
    newer = tmp_path / "empty/python3.12"
    newer.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    newer.chmod(0o755)
    done = as_an_old_python(ready, nothing, "check", "STAGE=02")
    assert json.loads(done.stdout)["arguments"] == ["check", "STAGE=02"]


def test_an_old_python_alone_is_a_sentence(home, ready, nothing):
    answers(ready, home / "the course", "v2.0")
    done = as_an_old_python(ready, nothing, "check")
    assert done.returncode == 1
    assert done.stderr.startswith("Python 3.11 or newer, with venv, is needed.\nnext: ")


def test_an_interrupted_set_up_is_no_traceback(home, ready):
    answers(ready, home / "the course", "v2.0")
    learn_py = ready / "learn.py"
    text = learn_py.read_text(encoding="utf-8")
    broken = text.replace("    test = ", "    raise KeyboardInterrupt\n    test = ")
    assert broken != text
    learn_py.write_text(broken, encoding="utf-8")
    code, _, said = learn(ready)
    assert code != 0 and said.endswith("next: python learn.py setup\n")


# -- the repository


@pytest.fixture
def files(tmp_path):
    """A folder with a file in it."""
    folder = tmp_path / "outer/ws"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    return folder


@pytest.fixture
def identity(monkeypatch):
    """A machine whose git knows somebody by name."""
    for name, value in GIT.items():
        monkeypatch.setenv(name, value)


def test_a_workspace_in_another_repository_gets_its_own(files, identity):
    commit(files.parent)
    told = make(files)
    assert len(told) == 1 and "first commit" in told[0]
    assert git(files, "rev-parse", "--show-toplevel") == str(files.resolve())
    assert git(files, "log", "--format=%ae") == "a@b"
    assert make(files) == []


def test_a_repository_without_a_commit_gets_one(files, identity):
    git(files, "init", "--quiet", "-b", "other")
    assert make(files)
    assert git(files, "rev-list", "--count", "HEAD") == "1"


def test_a_repository_with_commits_is_left_alone(files, identity):
    commit(files)
    (files / "b.txt").write_text("b")
    assert make(files) == []
    assert git(files, "status", "--porcelain") == "?? b.txt"


def test_hooks_and_signing_do_not_stop_the_first_commit(files, identity, monkeypatch, tmp_path):
    config = tmp_path / "config"
    config.write_text("[commit]\n\tgpgsign = true\n[user]\n\tsigningkey = none\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert "first commit" in make(files)[0]


def test_a_git_that_refuses_is_a_sentence(files, identity):
    (files / ".git").write_text("gitdir: /nowhere\n")
    told = make(files)
    assert told[0].startswith("git ") and told[1].startswith("next: ")
