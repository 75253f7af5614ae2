"""The workspace's git repository: backups, what passed, and putting things back.

Everything is kept under refs/course/, which git neither pushes nor lists as branches. The work
tree changes only where a verb says so; the learner's index and HEAD never.
"""

import contextlib
import hashlib
import json
import os
import tempfile
import time
from pathlib import Path

from .errors import CourseError
from .workspace import write_atomically

__all__ = [
    "backup",
    "change_files",
    "lines_since_pass",
    "record_pass",
    "redo",
    "repository",
    "undo",
]

IDENTITY = {
    "GIT_AUTHOR_NAME": "course",
    "GIT_AUTHOR_EMAIL": "course@localhost",
    "GIT_COMMITTER_NAME": "course",
    "GIT_COMMITTER_EMAIL": "course@localhost",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "core.safecrlf",
    "GIT_CONFIG_VALUE_0": "false",
}
BACKUP = "refs/course/backup"
UNDONE = "refs/course/undone"
PASSED = "refs/course/passed"


@contextlib.contextmanager
def repository(workspace):
    """Open the workspace's own repository; CourseError, with what mends it, where there is none."""
    try:
        import git
    except ImportError:
        raise CourseError(
            "git is not installed, and without it nothing of yours could be kept safe; "
            "nothing was changed",
            "install git (https://git-scm.com), then run the command again",
        ) from None
    try:
        repo = git.Repo(workspace.root)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError):
        raise CourseError(
            f"{workspace.root} is not a git repository of its own, so no backup can be made; "
            "nothing was changed",
            "python learn.py setup",
        ) from None
    except (ValueError, git.GitCommandError) as error:
        raise _git_error(workspace, error) from None
    try:
        with repo:
            yield repo
    except (git.GitCommandError, ValueError) as error:
        raise _git_error(workspace, error) from None


def _git_error(workspace, error):
    text = str(error)
    if "dubious ownership" in text or "safe.directory" in text:
        return CourseError(
            "git does not trust this folder, since it belongs to another user",
            f"git config --global --add safe.directory {workspace.root}",
        )
    said = getattr(error, "stderr", "") or text
    said = " ".join(said.replace("stderr:", "").strip(" '\n").split())[:200]
    if "ermission denied" in said or "insufficient permission" in said or "Read-only" in said:
        return CourseError(
            "git cannot write its folder .git; nothing was changed", "chmod -R u+w .git"
        )
    return CourseError(f"git failed: {said}", "git status")


def _has_head(repo):
    return repo.head.is_valid()


def backup(workspace, why, paths=(), after=None):
    """Keep the whole work tree, untracked files too, as a commit under refs/course/backup/.

    `paths` are what is about to be changed: they are kept byte for byte, ignored or not, and
    `undo` puts back just them. Gives the name of the ref.
    """
    with repository(workspace) as repo:
        return _snapshot(workspace, repo, BACKUP, why, paths, after)


def _snapshot(workspace, repo, space, why, paths, after=None):
    """Commit the work tree through an index of its own; `after` are digests of what will follow.

    What git cannot add (a file that may not be read, a repository inside without a commit) is
    left out, but never one of `paths`: those are stored byte for byte.
    """
    import git

    present = [path for path in paths if workspace.path(path).is_file()]
    note = {"why": why, "paths": list(paths), "present": present, "after": after or {}}
    with (
        tempfile.TemporaryDirectory() as folder,
        repo.git.custom_environment(GIT_INDEX_FILE=str(Path(folder) / "index"), **IDENTITY),
    ):
        if _has_head(repo):
            repo.git.read_tree("HEAD")
        try:
            repo.git.add("-A", "--ignore-errors", "--", ".")
        except git.GitCommandError as error:
            if "index" in str(error) and "lock" in str(error):
                raise
        for path in present:
            blob = repo.git.hash_object("-w", "--no-filters", "--", path)
            repo.git.update_index("--add", "--cacheinfo", f"100644,{blob},{path}")
        tree = repo.git.write_tree()
        parents = ["-p", "HEAD"] if _has_head(repo) else []
        sha = repo.git.commit_tree(
            tree, "-m", f"backup before {why}\n\n{json.dumps(note)}", *parents
        )
    now = time.time_ns()
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now // 10**9))
    ref = f"{space}/{stamp}-{now % 10**9:09}"
    repo.git.update_ref("--create-reflog", ref, sha, "")
    return ref


def blob(repo, revision, path):
    """Read a file's bytes as a commit has them, or None where it has none."""
    try:
        return repo.commit(revision).tree[path].data_stream.read()
    except (KeyError, ValueError, IndexError):
        return None
    except Exception as error:
        import gitdb.exc

        if isinstance(error, gitdb.exc.BadName):
            return None
        raise


def change_files(workspace, why, files, gone=()):
    """Write files {path: bytes} and delete those in `gone`, after a backup.

    What is the same already stays untouched. Gives the paths that changed. Where one cannot be
    written, those before it are put back.
    """
    changed = [
        path
        for path, data in files.items()
        if not workspace.path(path).is_file() or workspace.path(path).read_bytes() != data
    ]
    gone = [path for path in gone if workspace.path(path).is_file()]
    if not changed and not gone:
        return []
    changed += gone
    for path in changed:
        _require_writable(workspace, path)
    after = {path: digest_text(files[path]) for path in changed if path not in gone}
    backup(workspace, why, changed, after)
    before = {p: workspace.path(p).read_bytes() for p in changed if workspace.path(p).is_file()}
    written = []
    try:
        for path in changed:
            if path in gone:
                workspace.path(path).unlink()
            else:
                write_atomically(workspace.path(path), files[path])
            written.append(path)
    except OSError as error:
        for path in written:
            if path in before:
                write_atomically(workspace.path(path), before[path])
        raise CourseError(
            f"{path} cannot be written ({error.strerror}); your files are as they were",
            f"chmod u+w {path}",
        ) from None
    return changed


def _require_writable(workspace, path):
    target = workspace.path(path)
    folder = next(p for p in target.parents if p.exists())
    if not os.access(folder, os.W_OK) or (target.exists() and not os.access(target, os.W_OK)):
        place = path if target.exists() and not os.access(target, os.W_OK) else folder
        raise CourseError(f"{place} is read-only; nothing was changed", f"chmod -R u+w {folder}")


def undo(workspace):
    """Take the newest change of the tool back; gives (what it was, paths, paths edited since).

    Repeated, it goes on back. What stood there until now is kept under refs/course/undone/, from
    where `redo` brings it back.
    """
    with repository(workspace) as repo:
        ref, commit, note = _newest(repo, BACKUP)
        if ref is None:
            raise CourseError("there is nothing to undo: no change of the tool is left")
        later = [path for path, digest in note["after"].items() if _edited(workspace, path, digest)]
        for path in note["paths"]:
            _require_writable(workspace, path)
        _snapshot(workspace, repo, UNDONE, f"undo of {note['why']}", note["paths"])
        _put_back(workspace, commit, note)
        repo.git.update_ref("-d", ref)
        repo.git.update_ref(f"refs/course/taken/{ref.rpartition('/')[2]}", commit.hexsha)
        return note["why"], note["paths"], later


def redo(workspace):
    """Bring back what the last undo took away; gives (what it was, paths)."""
    with repository(workspace) as repo:
        ref, commit, note = _newest(repo, UNDONE)
        if ref is None:
            raise CourseError("there is nothing to bring back: no undo came before")
        for path in note["paths"]:
            _require_writable(workspace, path)
        _snapshot(workspace, repo, BACKUP, f"redo after {note['why']}", note["paths"])
        _put_back(workspace, commit, note)
        repo.git.update_ref("-d", ref)
        repo.git.update_ref(f"refs/course/taken/{ref.rpartition('/')[2]}", commit.hexsha)
        return note["why"], note["paths"]


def _newest(repo, space):
    """Give the last snapshot below a space: (ref, commit, note), or None three times."""
    refs = sorted(repo.git.for_each_ref(space, "--format=%(refname)").split())
    if not refs:
        return None, None, None
    commit = repo.commit(refs[-1])
    return refs[-1], commit, json.loads(commit.message.rpartition("\n\n")[2])


def _edited(workspace, path, digest):
    """Tell whether a file is no longer what the tool wrote."""
    target = workspace.path(path)
    return target.is_file() and digest_text(target.read_bytes()) != digest


def _put_back(workspace, commit, note):
    for path in note["paths"]:
        if path in note["present"]:
            write_atomically(workspace.path(path), commit.tree[path].data_stream.read())
        else:
            workspace.path(path).unlink(missing_ok=True)


def record_pass(workspace, room):
    """Keep the files of a stage that has just passed under refs/course/passed/NN."""
    with repository(workspace) as repo:
        with (
            tempfile.TemporaryDirectory() as folder,
            repo.git.custom_environment(GIT_INDEX_FILE=str(Path(folder) / "index"), **IDENTITY),
        ):
            for path in room.paths:
                name = repo.git.hash_object("-w", "--no-filters", "--", path)
                repo.git.update_index("--add", "--cacheinfo", f"100644,{name},{path}")
            tree = repo.git.write_tree()
            sha = repo.git.commit_tree(tree, "-m", f"{room.label} passed")
        repo.git.update_ref("--create-reflog", passed_ref(room), sha)


def passed_ref(room):
    """Name the ref that keeps a room's files as they last passed."""
    return f"{PASSED}/{room.number}" if room.is_stage else f"{PASSED}/m{room.number}"


def passed_text(workspace, room, path):
    """Read a file as it last passed, or None."""
    with repository(workspace) as repo:
        data = blob(repo, passed_ref(room), path)
    return None if data is None else data.decode("utf-8")


def lines_since_pass(workspace, room):
    """List the places, file:line, where a stage's files differ from how they passed."""
    import difflib

    places = []
    try:
        for path in room.paths:
            before = passed_text(workspace, room, path)
            if before is None:
                continue
            now = workspace.read(path).split("\n")
            matcher = difflib.SequenceMatcher(None, before.split("\n"), now, autojunk=False)
            for tag, _, _, start, stop in matcher.get_opcodes():
                if tag != "equal":
                    last = max(start + 1, min(stop, len(now)))
                    end = f"-{last}" if stop - start > 1 else ""
                    places.append(f"{path}:{start + 1}{end}")
    except CourseError:
        return []
    return places


def digest_text(data):
    """Give a short digest of bytes."""
    return hashlib.sha256(data).hexdigest()[:16]
