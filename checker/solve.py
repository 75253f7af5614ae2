"""`solution`, `reset`, `undo`, `branches`: changing the learner's files, after a backup."""

from .branches import make_branches, solution_files
from .cli import say
from .compare import reference_text
from .course import course
from .errors import CourseError, Usage
from .hint import room_of
from .history import change_files, digest_text, redo, repository, undo
from .messages import check_command
from .skeleton import replace_body, replace_function, skeleton, stub_text
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
        why = f"reset {room.asked} TESTS=1"
    elif options["AT"]:
        files = _one_function(workspace, facts, room, options["AT"], options.on("EXTRA"))
        why = f"reset {room.asked} AT={options['AT']}"
    else:
        files = {path: _skeleton(facts, room, path).encode() for path in room.paths}
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
    say(
        [
            f"Back to the skeleton: {_list(changed)}.",
            "What stood there before is kept; make undo brings it back.",
            "",
            f"next: {check_command(room)}",
        ]
    )
    return 0


def _skeleton(facts, room, path):
    return skeleton(reference_text(facts, room, path), room, path.rpartition("/")[2])


def _one_function(workspace, facts, room, asked, extra):
    """Put one function back: an exercise as a stub, given code as given, or, extra, as a stub."""
    from .source import functions

    exercises = {e.name for e in room.exercises} | {
        e.name.rpartition(".")[2] for e in room.exercises
    }
    for path in room.paths:
        original = _skeleton(facts, room, path)
        known = functions(original)
        names = [n for n in known if asked in (n, n.rpartition(".")[2])]
        exact = asked if asked in known else names[0] if names else None
        if exact is None:
            continue
        if extra:
            if asked in exercises:
                raise Usage(f"{asked} is an exercise already", f"make check {room.asked}")
            if exact not in {g.name for g in room.given}:
                listed = ", ".join(g.name for g in room.given if g.kind != "read")
                raise Usage(f"{exact} cannot be an extra; these can: {listed}", "")
            original = replace_body(original, exact, stub_text(room, exact))
        mine = workspace.read(path)
        try:
            here = functions(mine)
        except (SyntaxError, ValueError):
            raise Usage(
                f"{path} does not parse, so one function of it cannot be found",
                f"make reset {room.asked}      (the whole file; undo brings yours back)",
            ) from None
        text = (
            replace_function(mine, exact, original)
            if exact in here
            else _insert(mine, exact, original)
        )
        return {path: text.encode()}
    room.exercise(asked)  # raises, naming what there is
    return {}


def _insert(mine, name, original):
    """Put a function that is gone back where it stood: after the nearest one before it."""
    from .source import functions

    theirs, here = functions(original), functions(mine)
    found = theirs[name]
    block = original.split("\n")[found.first - 1 : found.last]
    before = [n for n in theirs if theirs[n].last < found.first and n in here]
    owner = name.rpartition(".")[0]
    before = [n for n in before if n.rpartition(".")[0] == owner] or before
    lines = mine.split("\n")
    at = here[before[-1]].last if before else len(lines)
    gap = [""] if owner else ["", ""]
    lines[at:at] = [*gap, *block]
    return "\n".join(lines)


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
    except Exception:
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
