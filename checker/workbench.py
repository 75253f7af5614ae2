"""Workspaces in which course-check tries things: solved up to a stage, with some files changed."""

import contextlib
import os
import py_compile
import shutil
import sys
import tempfile
import threading
from pathlib import Path

from .branches import solution_files
from .forked import Forked, can_fork
from .runner import child_environment, run
from .verdict import suite_of
from .workspace import Workspace

__all__ = ["failing", "last_required", "run_suite", "workspace_with"]


@contextlib.contextmanager
def workspace_with(facts, through, changes=None, room=None):
    """Make a workspace with stages up to `through` solved, and some files' text changed."""
    with tempfile.TemporaryDirectory(prefix="course-check-") as folder:
        _furnish(facts, Path(folder), through, room)
        for path, text in (changes or {}).items():
            (Path(folder) / path).write_text(text, encoding="utf-8")
        yield Workspace(folder, facts)


def _furnish(facts, folder, through, room):
    for path, data in solution_files(facts, through).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    if room is not None and not room.is_stage:
        target = folder / room.paths[0]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(facts.solution(room, "mine.py"), target)


def last_required(facts, room):
    """Give the last stage that a room requires, or None."""
    return facts.stages[max(room.requires)] if room.requires else None


def run_suite(facts, workspace, room, extras=(), only=None, bytecode=None):
    """Run a room's suite as if all that it requires had passed; gives (run, expected tests).

    With `only` it is this one test of the suite.
    """
    suite = suite_of(room, extras)
    passed = [stage.number for stage in facts.closure(room)]
    extra = [] if room.is_stage else [workspace.path(room.paths[0]).parent]
    options = ["-k", only] if only else []
    start = _forked if can_fork() else None
    return run(workspace, [suite], passed, extra, options, start, bytecode), suite.expected


def _forked(request, folder):
    os.environ.update(child_environment())  # what the server inherits, and its children from it
    return Forked(request, folder)


class _Kept:
    """A solved workspace that one thread uses again and again, its files compiled beforehand."""

    def __init__(self, facts, room):
        self.facts, self.room, self.folder = facts, room, tempfile.TemporaryDirectory()
        root = Path(self.folder.name).resolve() / "workspace"
        root.mkdir()
        through = room if room.is_stage else last_required(facts, room)
        _furnish(facts, root, through, room)
        self.workspace, self.bytecode = Workspace(root, facts), root.parent / "bytecode"
        self.there = self.listing()
        for source in [*root.rglob("*.py"), room.suite]:
            self.compile(source.resolve())

    def listing(self):
        """Name all files, to see whether a run left any behind."""
        return sorted(path for path in self.workspace.root.rglob("*") if path.is_file())

    def compile(self, source):
        """Compile a file to where a child looks for it; it compares the source's hash first."""
        name = f"{source.stem}.{sys.implementation.cache_tag}.pyc"
        target = self.bytecode / source.parent.relative_to(source.anchor) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        checked = py_compile.PycInvalidationMode.CHECKED_HASH
        py_compile.compile(str(source), str(target), doraise=True, invalidation_mode=checked)

    def failing(self, path, text, only):
        """Name the tests that fail while the file at `path` holds `text`."""
        original = self.workspace.path(path).read_text("utf-8")
        self.workspace.path(path).write_text(text, encoding="utf-8")
        result, _ = run_suite(
            self.facts, self.workspace, self.room, only=only, bytecode=self.bytecode
        )
        self.workspace.path(path).write_text(original, encoding="utf-8")
        return _failed(result)


_kept = threading.local()


def failing(facts, room, path, text, only=None):
    """Name the tests of a room's suite that fail with one file of the solution changed.

    With `only` this one test is run. The last test counts as failed where the run did not finish.
    """
    kept = getattr(_kept, "workspace", None)
    if kept is None or kept.room is not room or kept.listing() != kept.there:
        kept = _kept.workspace = _Kept(facts, room)
    return kept.failing(path, text, only)


def _failed(result):
    failed = {
        event["id"].rpartition("::")[2].partition("[")[0]
        for event in result.of("result")
        if event["outcome"] == "failed"
    }
    if not result.finished:
        failed |= {event["id"].rpartition("::")[2] for event in result.of("start")[-1:]}
    return failed
