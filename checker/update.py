"""`update`: bring in a newer course, without losing a line; files and checker, or neither."""

import os
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from .cli import say
from .course import course
from .errors import CourseError
from .history import (
    _snapshot,
    change_files,
    digest_text,
    record_pass,
    repository,
    undo,
)
from .messages import Line, _wrap
from .workspace import Journal, Workspace, suite_functions

__all__ = ["update_verb"]

KEPT = ("tinytorch/", "notes/", "my_tests/", "milestones/")
START, MIDDLE, STOP = "<<<<<<<", "=======", ">>>>>>>"


def update_verb(options):
    """Merge the newest course, or the one that TO names, into the workspace."""
    facts = course()
    workspace = Workspace.find(facts)
    before = workspace.answers()
    source = _source(workspace, before)
    with repository(workspace) as repo:
        if repo.index.unmerged_blobs():
            raise CourseError("an unfinished merge stands in the way of an update", "git status")
        snapshot = repo.commit(
            _snapshot(workspace, repo, "refs/course/update", "update", ())
        ).hexsha
        started = _contents(workspace, repo)
    held = _passes(workspace)
    with tempfile.TemporaryDirectory(prefix="course-update-") as folder:
        draft = Path(folder) / "workspace"
        _clone(workspace, draft, snapshot, before, source)
        _merge(draft, options["TO"])
        after = Workspace(draft, facts).answers()
        files, gone, conflicts = _changes(draft)
    if after["_commit"] == before.get("_commit"):
        say([f"The course is up to date ({after['_commit']}).", "", "next: make check"])
        return 0
    with repository(workspace) as repo:
        saved = [p for p, data in _contents(workspace, repo).items() if started.get(p) != data]
    if saved:
        raise CourseError(
            f"{', '.join(saved[:3])} changed while the update ran; nothing was brought in",
            "make update",
        )
    change_files(workspace, f"update to {after['_commit']}", files, gone)
    try:
        _install(workspace)
    except CourseError:
        undo(workspace)
        raise
    _carry(workspace, held, conflicts)
    say(_told(before, after, files, gone, conflicts))
    return 1 if conflicts else 0


def _source(workspace, answers):
    """Find the course's source: as recorded, else COURSE=, else beside the workspace."""
    recorded = answers.get("_src_path", "")
    asked = os.environ.get("COURSE")
    if asked:
        return str(Path(asked).resolve()) if Path(asked).exists() else asked
    if "://" in recorded or recorded.startswith(("gh:", "gl:", "git+", "git@")):
        return recorded
    for base in (workspace.root, workspace.root.parent):
        if recorded and (base / recorded / "copier.yml").exists():
            return str((base / recorded).resolve())
    raise CourseError(
        f"the course's source {recorded or '(none recorded)'} is not there any more",
        "make update COURSE=/path/or/url/of/the/course",
    )


def _contents(workspace, repo):
    """Give a digest of every file that git knows or would add."""
    words = ("-z", "--cached", "--others", "--exclude-standard")
    names = set(repo.git.ls_files(*words).split("\0")) - {""}
    paths = {name: workspace.path(name) for name in sorted(names)}
    return {name: digest_text(p.read_bytes()) for name, p in paths.items() if p.is_file()}


def _passes(workspace):
    """Give, by number, the journal entries of the stages that count as passed now."""
    journal = Journal(workspace)
    found = {}
    for stage in workspace.course.stages.values():
        entry = journal.last_pass(stage)
        if entry and entry.get("digest") == workspace.digest(stage.paths):
            found[stage.number] = entry
    return found


def _git(folder, *words):
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise CourseError(
            f"git {words[0]} failed: {' '.join(done.stderr.split())[:200]}", "git status"
        )
    return done.stdout


def _clone(workspace, draft, snapshot, answers, source):
    """Make a clean copy of the workspace as it is now, uncommitted files too, to merge in."""
    _git(workspace.root, "clone", "--quiet", "--no-checkout", str(workspace.root), str(draft))
    for key, value in {
        "user.name": "course",
        "user.email": "course@localhost",
        "core.autocrlf": "false",
        "commit.gpgsign": "false",
        "core.hooksPath": os.devnull,
    }.items():
        _git(draft, "config", key, value)
    _git(draft, "checkout", "--quiet", "--detach", snapshot)
    if source != answers.get("_src_path"):
        path = draft / ".copier-answers.yml"
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"^_src_path:.*$", lambda _: f"_src_path: {source}", text, flags=re.MULTILINE)
        path.write_text(text, encoding="utf-8")
        _git(draft, "commit", "--quiet", "--all", "-m", "source")


def _merge(draft, version):
    """Let copier merge the new course into the copy, with conflicts inside the files."""
    import copier
    from copier.errors import CopierError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            copier.run_update(
                str(draft),
                vcs_ref=version,
                defaults=True,
                overwrite=True,
                quiet=True,
                conflict="inline",
                skip_answered=True,
            )
        except (CopierError, OSError, ValueError) as error:
            said = " ".join(str(error).split())[:300]
            raise CourseError(
                f"the newer course could not be merged: {said} Nothing was changed.", "make update"
            ) from None
        except Exception as error:  # plumbum's, when git cannot reach the source
            said = " ".join(str(getattr(error, "stderr", error)).split())[-200:]
            raise CourseError(
                f"the course's source could not be read: {said} Nothing was changed.", "make update"
            ) from None


def _changes(draft):
    """Give what the merge did: {path: bytes}, paths that are gone, and {path: [functions]}."""
    files, gone, conflicts = {}, [], {}
    _git(draft, "add", "-A")
    base = _git(draft, "rev-list", "-n", "1", "HEAD").strip()
    listed = _git(draft, "diff", "--name-status", "--no-renames", "-z", "--cached", base).split(
        "\0"
    )
    for status, path in zip(listed[0::2], listed[1::2], strict=False):
        if status == "D":
            if not path.startswith(KEPT):
                gone.append(path)
            continue
        files[path] = (draft / path).read_bytes()
        marked = _conflicts(files[path])
        if marked:
            conflicts[path] = marked
    return files, gone, conflicts


def _conflicts(data):
    """Name the functions in which two versions stand, by what comes before each mark."""
    lines = data.decode("utf-8", "replace").split("\n")
    found = []
    for number, line in enumerate(lines):
        if line.startswith(START + " "):
            above = (
                re.match(r"\s*(?:def|class)\s+(\w+)", text) for text in reversed(lines[:number])
            )
            name = next((m.group(1) for m in above if m), "the top of the file")
            found.append(f"{name}, line {number + 1}")
    return found


def _install(workspace):
    """Install the checker that belongs to the new files."""
    done = subprocess.run(
        [sys.executable, str(workspace.path("learn.py")), "setup"],
        cwd=workspace.root,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[-300:]
        raise CourseError(
            f"the new checker could not be installed, so the files were put back: {said}",
            "make update",
        )


def _carry(workspace, held, conflicts):
    """Let passes count for the merged files: what changed in them is the course's."""
    journal = Journal(workspace)
    for number, entry in held.items():
        stage = workspace.course.stages[number]
        if any(path in conflicts for path in stage.paths):
            continue
        tests = entry.get("tests") or suite_functions(stage.suite)
        facts = {"exercises": entry.get("exercises", {}), "tests": tests, "carried": True}
        journal.append(
            stage=number,
            state="passed",
            digest=workspace.digest(stage.paths),
            **facts,
            course=entry["course"],
        )
        record_pass(workspace, stage)


def _told(before, after, files, gone, conflicts):
    head = f"The course is now {after['_commit']} (it was {before.get('_commit', 'unknown')})."
    lines = [Line(head, (0, len(head), "bold")), ""]
    shown = sorted(path for path in files if path != ".copier-answers.yml")
    lines += _wrap(f"brought in: {', '.join(shown[:8])}{' …' if len(shown) > 8 else ''}", 2)
    if gone:
        lines += _wrap(f"no longer part of it: {', '.join(gone)}", 2)
    if conflicts:
        lines += ["", "  Both you and the course changed these places; both versions stand there:"]
        for path, places in conflicts.items():
            lines += _wrap(f"{path}: {'; '.join(places)}", 6, first="    ")
        lines += [f"  Keep what you want, delete the lines with {START} {MIDDLE} {STOP}."]
    lines.append(
        "  All that you wrote is there, and what you passed stays passed"
        + (", except in these files." if conflicts else ".")
    )
    return [*lines, "", "next: make check" + ("      or make undo" if conflicts else "")]
