"""`diff`: the learner's code against the reference or what passed, function by function."""

import difflib

from .cli import say
from .course import course
from .errors import CourseError
from .hint import room_of
from .history import passed_text
from .messages import Line, check_command
from .source import function, functions, is_stub, meaning
from .workspace import Workspace

__all__ = ["diff_verb"]


def diff_verb(options):
    """Show what differs, one function after the other."""
    facts = course()
    workspace = Workspace.find(facts)
    room = room_of(facts, options, workspace)
    since = (options["SINCE"] or "").lower() == "passed"
    lines = []
    if options["AT"]:
        names = [(_file_of(room, options["AT"]), options["AT"])]
    else:
        names = [(path, None) for path in room.paths]
    for path, name in names:
        other = _before(workspace, room, path) if since else reference_text(facts, room, path)
        mine = workspace.read(path)
        lines += _functions(mine, other, path, room, name, since)
    if not lines:
        against = "what passed" if since else "the reference"
        lines = [f"{room.label}: the same code as {against}."]
    say([*lines, "", f"next: {check_command(room)}"])
    return 0


def _file_of(room, name):
    """Give the path that holds a function: an exercise's own, else the first that has it."""
    for exercise in room.exercises:
        if name in (exercise.name, exercise.name.rpartition(".")[2]):
            return next(p for p in room.paths if p.endswith(f"/{exercise.file}"))
    for path in room.paths:
        source = room.folder / path.rpartition("/")[2]
        if source.exists() and function(source.read_text(encoding="utf-8"), name):
            return path
    room.exercise(name)  # raises, naming what there is
    return None


def reference_text(facts, room, path):
    """Read the reference of one of the learner's files."""
    if room.is_stage:
        return (facts.reference / path.rpartition("/")[2]).read_text(encoding="utf-8")
    return (facts.root / "reference" / "milestones" / f"{room.slug}.py").read_text(encoding="utf-8")


def _before(workspace, room, path):
    text = passed_text(workspace, room, path)
    if text is None:
        raise CourseError(
            f"{room.label} has not passed yet, so there is nothing to compare with",
            f"make diff {room.asked}",
        )
    return text


def _functions(mine, other, path, room, only, since):
    label = "passed" if since else "reference"
    try:
        own = functions(mine)
    except (SyntaxError, ValueError):
        return _unified(mine.split("\n"), other.split("\n"), path, label, 3)
    theirs = functions(other)
    lines = []
    exercise = room.exercise(only).name if only and _is_exercise(room, only) else only
    for name, there in theirs.items():
        if exercise and name != exercise:
            continue
        here = own.get(name)
        if here is None:
            lines += [_head(f"{path}: {name} is missing from your file"), ""]
        elif not is_stub(here):
            if _lines(mine, here) == _lines(other, there):
                lines += [_head(f"{path}:{here.line} {name}: same code")] if exercise else []
            elif meaning(here) == meaning(there):
                lines += [_head(f"{path}:{here.line} {name}: same code, written differently")]
            else:
                lines += [_head(f"{path}:{here.line} {name}")]
                lines += _unified(_lines(mine, here), _lines(other, there), "yours", label, 99)[2:]
                lines.append("")
        elif exercise:
            lines += [_head(f"{path}:{here.line} {name}: nothing written yet")]
            lines += _unified(_lines(mine, here), _lines(other, there), "yours", label, 99)[2:]
        elif _is_exercise(room, name):
            lines += [_head(f"{path}:{here.line} {name}: nothing written yet")]
    for name, here in own.items():
        if name not in theirs and not exercise:
            lines += [_head(f"{path}:{here.line} {name}: yours alone")]
    return lines


def _is_exercise(room, name):
    return any(name in (e.name, e.name.rpartition(".")[2]) for e in room.exercises)


def _head(text):
    return Line(text, (0, len(text), "bold"))


def _lines(text, found):
    return text.split("\n")[found.first - 1 : found.last]


def _unified(mine, other, here, there, context):
    styles = {"+": "green", "-": "red", "@": "cyan"}
    out = []
    for text in difflib.unified_diff(mine, other, here, there, n=context, lineterm=""):
        style = styles.get(text[:1])
        out.append(Line(text, (0, len(text), style)) if style else Line(text))
    return [line for line in out if not line.startswith("@@")] if context == 99 else out
