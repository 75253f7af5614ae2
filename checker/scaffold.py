"""`python -m checker.scaffold WORKSPACE`: a workspace from this checkout, set up and checked."""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from .course import course
from .errors import CourseError, Usage
from .history import IDENTITY

__all__ = ["commit_of", "scaffold"]

ANSWERS = ".copier-answers.yml"


def main(arguments):
    """Scaffold, set up, check the first stage, and say what comes next."""
    parser = argparse.ArgumentParser(prog="python -m checker.scaffold")
    parser.add_argument("workspace", help="the folder to be made")
    parser.add_argument("--ask", action="store_true", help="ask for path and experience")
    words = parser.parse_args(arguments)
    try:
        facts, target = course(), Path(words.workspace).expanduser()
        scaffold(facts.root, target, words.ask)
        first = next(iter(facts.stages.values()))
        _check(target, first)
    except CourseError as error:
        print(f"{error.message}\nnext: {error.mend}", file=sys.stderr)
        return error.exit_code
    folder = shlex.quote(words.workspace)
    print(
        f"\nThe workspace {words.workspace} is ready; that stage {first.number} is not started is "
        f"as it should be.\nnext: cd {folder}, open {first.lesson}, "
        f"then make check STAGE={first.number}"
    )
    return 0


def scaffold(root, target, ask=False):
    """Make a workspace in `target`; one that is there already stays as it is."""
    if (target / ANSWERS).is_file():
        print(f"{target} is a workspace already: nothing in it is overwritten.")
        return
    if target.exists() and not target.is_dir():
        raise Usage(f"{target} is a file, no folder", "make workspace WORKSPACE=/another/folder")
    if target.is_dir() and any(target.iterdir()):
        raise Usage(
            f"{target} is not empty, and is no workspace; it was left alone",
            "make workspace WORKSPACE=/another/folder",
        )
    if target.resolve().is_relative_to(root.resolve()):
        raise Usage(
            f"{target} lies inside the course, which would take it for a part of itself",
            "make workspace WORKSPACE=../my-tinytorch",
        )
    _copy(root, target, commit_of(root), ask)
    print(f"A workspace was made in {target}.")


def commit_of(root):
    """Give a commit that holds the checkout as it is: HEAD, or a snapshot; None without git.

    A snapshot is kept by refs/course/dev/ and touches neither the work tree nor the index.
    """
    if not shutil.which("git") or not (root / ".git").exists():
        print("There is no git, or no repository: the workspace cannot be updated later.")
        return None
    head = _git(root, "rev-parse", "HEAD")
    if not _git(root, "status", "--porcelain"):
        return head
    with tempfile.TemporaryDirectory() as folder:
        date = _git(root, "show", "--no-patch", "--format=%cI", "HEAD")
        # With the date of HEAD, the same files make the same commit.
        env = {"GIT_INDEX_FILE": str(Path(folder) / "index")} | IDENTITY
        env |= {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        _git(root, "read-tree", "HEAD", **env)
        _git(root, "add", "--all", **env)
        tree = _git(root, "write-tree", **env)
        words = ["commit-tree", tree, "-p", head, "-m", "The checkout, with uncommitted changes"]
        commit = _git(root, *words, **env)
    reference = f"refs/course/dev/{commit[:7]}"
    _git(root, "update-ref", reference, commit)
    print(f"There are uncommitted changes: the workspace is made from a snapshot, {reference}.")
    return commit


def _git(root, *words, **env):
    done = subprocess.run(
        ["git", *words],
        cwd=root,
        env=os.environ | env,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CourseError(f"git {words[0]} failed in the course: {reason}", "git status")
    return done.stdout.strip()


def _copy(root, target, commit, ask):
    import copier
    from copier.errors import CopierError

    asked = {} if ask else {"defaults": True}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            copier.run_copy(str(root), str(target), vcs_ref=commit, quiet=True, **asked)
    except (CopierError, OSError) as error:
        raise CourseError(f"copier could not make {target}: {error}", "make test") from None


def _check(target, stage):
    """Check a stage, which sets the workspace up; that it is red is no failure of ours."""
    print(f"$ make check STAGE={stage.number}", flush=True)
    subprocess.run([sys.executable, "learn.py", "check", stage.number], cwd=target, check=False)
    if not (target / ".venv" / "course.txt").exists():
        raise CourseError(f"{target} could not be set up, see above", "make workspace")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
