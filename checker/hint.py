"""`hint`: the idea, then the formula and the shapes, then the tricky line."""

from .cli import say
from .course import course
from .errors import Usage
from .messages import Line, _wrap, check_command
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
        exercise = room.exercise(options["AT"])
    else:
        key = room.key
        verdict = judge(workspace, [room])[key]
        if verdict.green:
            say(
                [
                    f"{room.label} has passed; there is nothing to hint at.",
                    "",
                    "next: make progress",
                ]
            )
            return 0
        first = verdict.first
        names = [e.name for e in room.exercises]
        exercise = room.exercise(first.name if first and first.name in names else names[-1])
    given = workspace.recall("hints.json", {})
    place = f"{room.label} {exercise.name}"
    level = min(given.get(place, 0) + 1, len(exercise.hints))
    workspace.remember("hints.json", given | {place: level})
    Journal(workspace).append(stage=room.key, state="hint", exercise=exercise.name, level=level)
    head = f"{place}: hint {level} of {len(exercise.hints)}, {KINDS[level - 1]}"
    lines = [
        Line(head, (0, len(place), "bold")),
        "",
        *_wrap(exercise.hints[level - 1].strip(), 2),
        "",
    ]
    if level < len(exercise.hints):
        again = f"make hint {room.asked} AT={exercise.name}"
        lines.append(f"next: {check_command(room)}     or, for {KINDS[level]}:")
        lines.append(f"      {again}")
    else:
        lines.append(
            f"next: make diff {room.asked} AT={exercise.name}     your code against the reference"
        )
    say(lines)
    return 0
