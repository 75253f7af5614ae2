"""`hint`: the idea, then the formula and the shapes, then the tricky line."""

from .cli import say
from .course import course
from .errors import Usage
from .inspect_files import inspect
from .messages import Line, _wrap, check_command, check_message
from .verdict import judge
from .workspace import Journal, Workspace

__all__ = ["hint_verb", "room_of"]

KINDS = ("the idea", "the formula and the shapes", "the tricky line")


def room_of(facts, options, workspace=None):
    """Find the stage or milestone that the words name; by default the learner's current stage."""
    if options["N"]:
        return facts.milestone(options["N"])
    if options["STAGE"]:
        return facts.stage(options["STAGE"])
    if workspace is None:
        raise Usage("which stage?", "make check")
    from .check import current_stage

    return current_stage(workspace)


def hint_verb(options):
    """Give the next hint for an exercise, by default the first that does not pass."""
    facts = course()
    workspace = Workspace.find(facts)
    room = room_of(facts, options, workspace)
    if options["AT"]:
        name, _ = room.find(options["AT"])
    else:
        verdicts = judge(workspace, [room])
        verdict = verdicts[room.key]
        if verdict.green and verdict.first is None:
            says = f"{room.label} has passed; there is nothing to hint at."
            say([says, "", "next: make progress"])
            return 0
        stuck = verdict.faults or verdict.problem or verdict.state == "blocked"
        if stuck or verdict.first is None:  # no hint helps before this is mended
            say(check_message(workspace, verdicts, room.key, Journal(workspace)))
            return 1
        name = verdict.first.name
    exercise = next((e for e in room.exercises if e.name == name), None)
    if exercise is None:
        say(_no_hints(workspace, room, name))
        return 1
    return _hint(workspace, room, exercise, options["LEVEL"])


def _no_hints(workspace, room, name):
    says = f"{room.label} {name} is given code, and for that there are no hints."
    seen = inspect(workspace, room)
    if seen.given_changed and name not in seen.changed:
        places = [f"{what} ({file}:{line})" for file, line, what in seen.given_changed[:4]]
        where = f"This is not as the course gives it: {', '.join(places)}."
        return [*_wrap(f"{says} {where}", 0), "", f"next: make diff {room.asked}"]
    where = "Its docstring says what it does; diff shows how the course does it."
    return [*_wrap(f"{says} {where}", 0), "", f"next: make diff {room.asked} AT={name}"]


def _hint(workspace, room, exercise, asked):
    given = workspace.recall("hints.json", {})
    place, many = f"{room.label} {exercise.name}", len(exercise.hints)
    level = min(given.get(place, 0) + 1, many)
    if asked:
        if asked not in map(str, range(1, many + 1)):
            raise Usage(f"there is no hint {asked!r}: levels go from 1 to {many}")
        level = int(asked)
    kept = workspace.remember("hints.json", given | {place: max(level, given.get(place, 0))})
    Journal(workspace).append(stage=room.key, state="hint", exercise=exercise.name, level=level)
    head = f"{place}: hint {level} of {many}, {KINDS[level - 1]}"
    lines = [
        Line(head, (0, len(place), "bold")),
        "",
        *_wrap(exercise.hints[level - 1].strip(), 2),
        "",
    ]
    if not kept:
        says = "note: .tinytorch cannot be written, so which hints you have had is not remembered"
        lines[-1:] = ["", *_wrap(says, 6, first=""), ""]
    if level < many:
        again = f"make hint {room.asked} AT={exercise.name}"
        again += "" if kept else f" LEVEL={level + 1}"
        lines.append(f"next: {check_command(room)}     or, for {KINDS[level]}:")
        lines.append(f"      {again}")
    else:
        lines.append(
            f"next: make diff {room.asked} AT={exercise.name}     your code against the reference"
        )
    say(lines)
    return 0
