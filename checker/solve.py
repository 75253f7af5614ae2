"""`solution`, `reset`, `undo`, `branches`: changing the learner's files, after a backup."""

from .branches import make_branches, solution_files
from .cli import say
from .compare import reference_text
from .course import course
from .errors import CourseError, Usage
from .facades import facades
from .hint import room_of
from .history import change_files, digest_text, redo, repository, undo
from .inspect_files import missing_class
from .messages import _wrap, check_command
from .skeleton import insert, put_back, replace_body, skeleton, stub_text
from .source import functions, meaning
from .workspace import Workspace

__all__ = ["branches_verb", "ensure_branches", "reset_verb", "solution_verb", "undo_verb"]


def solution_verb(options):
    """Put the reference of one stage, or of all up to it, into the workspace."""
    facts = course()
    workspace = Workspace.find(facts)
    if options["THROUGH"]:
        last = facts.stage(options["THROUGH"])
        rooms = [s for s in facts.stages.values() if s.number <= last.number]
        why = f"solution THROUGH={last.number}"
    elif options["STAGE"] or options["N"]:
        rooms = [room_of(facts, options)]
        why = f"solution {rooms[0].asked}"
    else:
        raise Usage("which stage's solution?", "make solution STAGE=01")
    files = {p: reference_text(facts, room, p).encode() for room in rooms for p in room.paths}
    changed = change_files(workspace, why, files)
    try:
        ensure_branches(workspace)
    except (CourseError, OSError) as error:
        say([f"note: the solution branches could not be made: {error}", ""])
    command = check_command(rooms[-1])
    if not changed:
        say([f"{rooms[-1].label}: your files already are the reference's.", "", f"next: {command}"])
        return 0
    say(
        [
            f"The reference now stands in {_list(changed)}.",
            "What stood there before is kept; make undo brings it back.",
            "",
            f"next: {command}",
        ]
    )
    return 0


def reset_verb(options):
    """Put a stage, or one function of it, back to the skeleton."""
    facts = course()
    workspace = Workspace.find(facts)
    if not (options["STAGE"] or options["N"]):
        raise Usage("which stage is to be reset?", "make reset STAGE=01")
    room = room_of(facts, options)
    if options.on("TESTS"):
        home = room.lesson.rpartition("/")[0]
        given = [path for path in (room.suite, room.folder / "README.md") if path.exists()]
        files = {f"{home}/{path.name}": path.read_bytes() for path in given}
        files |= _given_files(facts)
        why = f"reset {room.asked} TESTS=1"
    elif options["AT"]:
        files = _one_function(workspace, facts, room, options["AT"], options.on("EXTRA"))
        why = f"reset {room.asked} AT={options['AT']}"
    else:
        files = {path: _skeleton(facts, room, path).encode() for path in room.paths}
        files |= _given_files(facts) if room.is_stage else {}
        why = f"reset {room.asked}"
    changed = change_files(workspace, why, files)
    if not changed:
        say(
            [
                f"{room.label}: it already is as the course gives it.",
                "",
                f"next: {check_command(room)}",
            ]
        )
        return 0
    one = options["AT"] and not options.on("TESTS")
    done, what = "As the course gives it", _list(changed)
    if options.on("EXTRA"):
        done = "Yours to write, by its docstring"
    if one:
        what = f"{room.find(options['AT'])[0]} in {what}; nothing else there is touched"
    say(
        [
            *_wrap(f"{done}: {what}.", 0),
            "What stood there before is kept; make undo brings it back.",
            "",
            f"next: {check_command(room)}",
        ]
    )
    return 0


def _skeleton(facts, room, path):
    return skeleton(reference_text(facts, room, path), room, path.rpartition("/")[2])


def _given_files(facts):
    """Give the package files, which belong to no stage, as the course gives them."""
    return {f"tinytorch/{path}": text.encode() for path, text in facades(facts).items()}


def _one_function(workspace, facts, room, asked, extra):
    """Put one function back: an exercise as a stub, given code as given, or, extra, as a stub.

    Nothing is written where the file would not hold the function afterwards.
    """
    name, path = room.find(asked)
    original = _skeleton(facts, room, path)
    if extra:
        original = _with_extra(room, name, original)
    mine = workspace.read(path)
    whole = f"make reset {room.asked}      (the whole file; undo brings yours back)"
    try:
        here = functions(mine)
    except (SyntaxError, ValueError, RecursionError):
        raise Usage(
            f"{path} does not parse, so one function of it cannot be found", whole
        ) from None
    gone = missing_class(mine, path, name, original)
    if gone:
        raise CourseError(gone, whole)
    text = (put_back if name in here else insert)(mine, name, original)
    try:
        found = functions(text).get(name)
    except SyntaxError:
        found = None
    if found is None or meaning(found) != meaning(functions(original)[name]):
        raise CourseError(
            f"{name} does not fit into {path} as that is now (is it indented by other than 4 "
            "spaces?); nothing was changed",
            whole,
        )
    return {path: text.encode()}


def _with_extra(room, name, original):
    if name in {e.name for e in room.exercises}:
        raise Usage(f"{name} is an exercise already", f"make check {room.asked}")
    given = getattr(room, "given", ())
    if name not in {g.name for g in given}:
        listed = ", ".join(g.name for g in given if g.kind != "read") or "none"
        raise Usage(f"{name} cannot be an extra; these can: {listed}")
    return replace_body(original, name, stub_text(room, name))


def undo_verb(options):
    """Take the tool's last change of the learner's files back."""
    workspace = Workspace.find(course())
    if options.on("REDO"):
        why, paths = redo(workspace)
        say([f"Taken back: {why}. As it was then: {_list(paths)}.", "", "next: make check"])
        return 0
    why, paths, later = undo(workspace)
    lines = [f"Undone: {why}. As before: {_list(paths)}."]
    if later:
        lines.append(f"You had changed {_list(later)} since; make undo REDO=1 brings that back.")
    say([*lines, "", "next: make check"])
    return 0


def branches_verb(options):
    """Make the solution branches in this repository: a workspace's, or the course's own."""
    import git

    facts = course()
    try:
        workspace = Workspace.find(facts)
    except CourseError:
        with git.Repo(facts.root) as repo:
            made = make_branches(repo, facts)
    else:
        with repository(workspace) as repo:
            made = make_branches(repo, facts)
    for branch, sha in made.items():
        print(f"{sha[:10]}  {branch}")
    return 0


def ensure_branches(workspace):
    """Make the solution branches once for each version of the course."""
    wanted = digest_text(b"".join(sorted(solution_files(workspace.course).values())))
    if workspace.recall("branches.json", {}).get("course") == wanted:
        return
    with repository(workspace) as repo:
        made = make_branches(repo, workspace.course)
    workspace.remember("branches.json", {"course": wanted, "branches": made})


def _list(paths):
    names = list(paths)
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
