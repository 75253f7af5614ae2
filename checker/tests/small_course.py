"""Courses to make workspaces from: the real one in a repository of its own, and a stub."""

import os
import shutil
import subprocess
import sys

from checker.generate import workspace_files
from checker.tests.conftest import REPO

# Whoever runs the tests may have no git identity, or hooks, or signed commits.
GIT = os.environ | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
}


def git(folder, *words, env=GIT):
    """Run git in a folder and give what it says."""
    done = subprocess.run(
        ["git", *words], cwd=folder, env=env, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder, tag=None):
    """Commit everything, tag it, and give the commit."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "-b", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", tag or "more")
    if tag:
        git(folder, "tag", tag)
    return git(folder, "rev-parse", "HEAD")


def real_course(folder, course, tag=None):
    """Copy what a workspace is made from into a repository."""
    for name in ("copier.yml", "template-files.yml", ".gitignore"):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPO / name, folder / name)
    shutil.copytree(REPO / "template", folder / "template")
    for source in workspace_files(course).values():
        (folder / source).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPO / source, folder / source)
    commit(folder, tag)
    return folder


def copy(source, target, *words, cache=None):
    """Run `copier copy` as a user does, without --trust, and give what it said."""
    env = GIT | {"COPIER_CACHE_DIR": str(cache or target.parent / "cache")}
    command = [sys.executable, "-m", "copier", "copy", "--defaults", *words, str(source)]
    done = subprocess.run(
        [*command, str(target)], env=env, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def tree(folder):
    """Map all paths below a folder to their bytes, repositories and caches aside."""
    skipped = {".git", ".venv", "__pycache__"}
    files = (p for p in folder.rglob("*") if p.is_file() or p.is_symlink())
    inside = {p.relative_to(folder).as_posix(): p for p in files}
    return {k: p.read_bytes() for k, p in inside.items() if not skipped & set(k.split("/"))}
