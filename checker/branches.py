"""Solution branches: solution/00-skeleton, then one commit a stage, the same shas everywhere.

They are made of the course alone, with a fixed author and date, straight into git's object store:
the work tree, the index and HEAD are not touched.
"""

import io
import tempfile

from .errors import CourseError
from .facades import facades
from .skeleton import skeleton

__all__ = ["make_branches", "solution_files"]

WHO = "course <course@localhost> 1767225600 +0000"
MARK = "solutions of the course"


def solution_files(course, through=None):
    """Map the learner's paths to bytes: stages up to `through` solved, later ones skeletons."""
    files = {f"tinytorch/{path}": text.encode() for path, text in facades(course).items()}
    for stage in course.stages.values():
        for name in stage.files:
            text = (course.reference / name).read_text(encoding="utf-8")
            if through is None or stage.number > through.number:
                text = skeleton(text, stage, name)
            files[f"tinytorch/{name}"] = text.encode()
    return files


def make_branches(repo, course):
    """Write all solution branches into a repository, and give {branch: sha}.

    A branch that the course did not write is never moved, nor is one that is checked out.
    """
    if not repo.head.is_detached and repo.head.ref.path.startswith("refs/heads/solution/"):
        raise CourseError(
            f"{repo.head.ref.name} is checked out, so the solution branches cannot be renewed",
            "git switch main",
        )
    if any(head.name == "solution" for head in repo.heads):
        raise CourseError(
            "a branch named solution stands in the way of solution/01-tensor and its kin",
            "git branch -m solution my-solution",
        )
    wanted = _write_commits(repo, course)
    for branch, sha in wanted.items():
        _move(repo, f"refs/heads/{branch}", sha)
    for remote in repo.remotes:
        key = f"remote.{remote.name}.push"
        if not repo.git.config("--get-all", key, with_exceptions=False):
            repo.git.config(key, "HEAD")  # so that solutions stay at home
    return wanted


def _write_commits(repo, course):
    steps = [("solution/00-skeleton", None)]
    steps += [(stage.branch, stage) for stage in course.stages.values()]
    stream, before = io.BytesIO(), ""
    for branch, stage in steps:
        files = solution_files(course, stage)
        if stage is not None:
            files = {path: files[path] for path in stage.paths}
        said = f"{branch.partition('/')[2]}\n\n{MARK}\n".encode()
        stream.write(f"commit refs/course/solution/{branch.partition('/')[2]}\n".encode())
        stream.write(f"author {WHO}\ncommitter {WHO}\ndata {len(said)}\n".encode() + said)
        if stage is not None:
            stream.write(f"from refs/course/solution/{before}\n".encode())
        for path, data in sorted(files.items()):
            stream.write(f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
        before = branch.partition("/")[2]
    with tempfile.TemporaryFile() as file:
        file.write(stream.getvalue())
        file.seek(0)
        repo.git.execute(["git", "fast-import", "--quiet", "--force"], istream=file)
    return {b: repo.git.rev_parse(f"refs/course/solution/{b.partition('/')[2]}") for b, _ in steps}


def _move(repo, ref, sha):
    old = repo.git.for_each_ref(ref, "--format=%(objectname)").strip()
    if old == sha:
        return
    if old and MARK not in repo.commit(old).message:
        raise CourseError(
            f"the branch {ref.removeprefix('refs/heads/')} is not the course's: it was left alone",
            f"git branch -m {ref.removeprefix('refs/heads/')} mine",
        )
    repo.git.update_ref(ref, sha, old or "")
