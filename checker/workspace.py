"""A learner's workspace: its files, what they weigh, and what is remembered beside them."""

import hashlib
import json
import os
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from . import __version__
from .errors import CourseError
from .source import functions

__all__ = ["Workspace", "write_atomically"]


def write_atomically(path, data):
    """Write bytes so that a reader finds the old file or the new one, never half of one."""
    path = Path(os.path.realpath(path))  # what a link leads to, not the link
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        if path.exists():
            os.chmod(draft, path.stat().st_mode & 0o777)
        else:
            os.chmod(draft, 0o644)
        os.replace(draft, path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise


class Workspace:
    """One folder that `copier copy` made, or the reference standing in for one."""

    def __init__(self, root, course):
        self.root = Path(root).resolve()
        self.course = course
        self.memory = self.root / ".tinytorch"

    @classmethod
    def find(cls, course, start=None):
        """Find the workspace around the current folder; CourseError where there is none."""
        asked = os.environ.get("TINYTORCH_WORKSPACE")
        start = Path(asked or start or Path.cwd()).resolve()
        for folder in [start, *start.parents]:
            inside = (folder / "tinytorch").is_dir() or (folder / "learn.py").is_file()
            if inside and (folder / ".copier-answers.yml").exists():
                return cls(folder, course)
        raise CourseError(
            f"{start} is not inside a workspace of the course", "cd into your workspace first"
        )

    # -- the learner's files

    def path(self, relative):
        """Give the absolute path of a file of the workspace."""
        return self.root / relative

    def read(self, relative):
        """Read a text file as it is, without turning its line ends; CourseError if it cannot be."""
        path = self.path(relative)
        try:
            with open(path, encoding="utf-8", newline="") as stream:
                return stream.read()
        except FileNotFoundError:
            raise CourseError(f"{relative} is missing", self._restore(relative)) from None
        except UnicodeDecodeError as error:
            line = path.read_bytes()[: error.start].count(b"\n") + 1
            raise CourseError(
                f"{relative} is not UTF-8 text (line {line})", "save it as UTF-8"
            ) from None
        except OSError as error:
            raise CourseError(f"{relative} cannot be read: {error.strerror}") from None

    def _restore(self, relative):
        room = self.course.room_of(relative)
        return f"make reset STAGE={room.number}" if room and room.is_stage else "make undo"

    def digest(self, paths):
        """Give one digest of several files; missing ones count as such."""
        total = hashlib.sha256()
        for relative in sorted(paths):
            path = self.path(relative)
            data = path.read_bytes() if path.is_file() else b"\0missing"
            total.update(f"{relative}\0{len(data)}\0".encode() + data)
        return total.hexdigest()[:20]

    def unowned(self):
        """List the Python files that a stage may import although none owns them.

        Façades and the learner's own modules below tinytorch/, and what lies beside it.
        """
        owned = {path for stage in self.course.stages.values() for path in stage.paths}
        aside = ("notes", "my_tests", "stages", "milestones", "tinytorch")
        beside = [*self.root.glob("*.py"), *self.root.glob("[!.]*/*.py")]
        beside = [p for p in beside if p.relative_to(self.root).parts[0] not in aside]
        found = [*beside, *(self.root / "tinytorch").rglob("*.py")]
        paths = {p.relative_to(self.root).as_posix() for p in found}
        return sorted(paths - owned)

    # -- what is remembered

    def remember(self, name, data):
        """Write one of the tool's own files as JSON; a read-only folder is no reason to fail."""
        try:
            write_atomically(self.memory / name, json.dumps(data).encode())
        except OSError:
            return False
        return True

    def recall(self, name, default):
        """Read one of the tool's own files; a damaged one counts as absent."""
        try:
            return json.loads((self.memory / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return default

    def answers(self):
        """Read what copier recorded, as far as it is plain `key: value` lines."""
        found = {}
        for line in self.read(".copier-answers.yml").splitlines():
            key, colon, value = line.partition(":")
            if colon and not line.startswith((" ", "#")):
                found[key.strip()] = value.strip().strip("'\"")
        return found


class Journal:
    """The append-only history of checks: one JSON object a line, damaged lines passed over."""

    def __init__(self, workspace):
        self.path = workspace.memory / "journal.jsonl"
        self._entries = None

    def entries(self):
        """Give all entries, oldest first."""
        if self._entries is None:
            self._entries = self._read()
        return self._entries

    def _read(self):
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
        found = []
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and {"time", "stage", "state"} <= entry.keys():
                found.append(entry)
        return found

    def append(self, **facts):
        """Add an entry; a folder that cannot be written to costs the history, not the check."""
        entry = {"time": round(time.time(), 1), "course": __version__} | facts
        self._entries = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "a", encoding="utf-8") as stream:
                stream.write(json.dumps(entry) + "\n")
        except OSError:
            pass

    def last_pass(self, stage):
        """Give the newest entry in which this stage passed, or None."""
        passes = [e for e in self.entries() if e["stage"] == stage.key and e["state"] == "passed"]
        return passes[-1] if passes else None

    def minutes(self, stage):
        """Estimate the minutes spent on a stage: gaps between checks, none counted beyond 20."""
        total, before = 0.0, None
        for entry in self.entries():
            if before is not None and entry["stage"] == stage.key:
                total += min(entry["time"] - before, 20 * 60) / 60
            before = entry["time"]
        return round(total)


def environment_key():
    """Name what results depend on beside files: Python, NumPy and this checker."""
    site = Path(sysconfig.get_path("purelib"))
    numpy = next((p.name for p in site.glob("numpy-*.dist-info")), "numpy")
    return f"{sys.version_info[:3]} {numpy} {__version__}"


def suite_functions(path):
    """List the test functions of a suite, in order; that is what must pass."""
    text = Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""
    return [name for name in functions(text) if name.startswith("test_")]
