"""`diff`: the learner's code against the reference or what passed, function by function."""

import ast
import difflib

from .cli import say
from .course import course
from .errors import CourseError
from .hint import room_of
from .history import passed_text
from .messages import Line, check_command
from .source import DEFS, differences, functions, is_stub, lines_of, meaning
from .workspace import Workspace

__all__ = ["diff_verb", "reference_text"]


def diff_verb(options):
    """Show what differs, one function after the other."""
    facts = course()
    workspace = Workspace.find(facts)
    room = room_of(facts, options, workspace)
    since = (options["SINCE"] or "").lower() == "passed"
    lines = []
    if options["AT"]:
        name, path = room.find(options["AT"])
        names = [(path, name)]
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


def reference_text(facts, room, path):
    """Read the reference of one of the learner's files."""
    return facts.solution(room, path).read_text(encoding="utf-8")


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
    exercises = {e.name for e in room.exercises}
    try:
        own, theirs = functions(mine), functions(other)
    except (SyntaxError, ValueError):
        return _unified(_plain(mine), _plain(other), path, label, 3)
    lines = []
    for name, there in theirs.items():
        if only and name != only:
            continue
        here = own.get(name)
        if here is None:
            lines += [_head(f"{path}: {name} is missing from your file"), ""]
            continue
        pair = lines_of(mine, here), lines_of(other, there)
        if is_stub(here):
            if only or name in exercises:
                lines += [_head(f"{path}:{here.line} {name}: nothing written yet")]
            if only:
                lines += _unified(*pair, "yours", label, 99)[2:]
        elif pair[0] == pair[1]:
            lines += [_head(f"{path}:{here.line} {name}: same code")] if only else []
        elif meaning(here) == meaning(there):
            lines += [_head(f"{path}:{here.line} {name}: same code, written differently")]
        else:
            lines += [_head(f"{path}:{here.line} {name}")]
            lines += _unified(*pair, "yours", label, 99)[2:]
            lines.append("")
    if only:
        return lines
    for name, here in own.items():
        if name not in theirs:
            lines += [_head(f"{path}:{here.line} {name}: yours alone")]
    return lines + _statements(mine, other, path, exercises, label)


def _statements(mine, other, path, exercises, label):
    """Show what stands outside of functions and is not as the course gives it."""
    lines = []
    for found in differences(mine, other, exercises):
        if isinstance(found.theirs or found.mine, DEFS):
            continue  # compared above
        here, there = _first(mine, found.mine), _first(other, found.theirs)
        place = f"{path}:{found.line}" if found.line else path
        lines += [_head(f"{place} {found.name}"), *_unified(here, there, "yours", label, 99)[2:]]
        lines.append("")
    return lines


def _first(text, node):
    """Give the lines of a statement; of a class only the first, since its body is compared."""
    if node is None:
        return []
    return lines_of(text, node)[: 1 if isinstance(node, ast.ClassDef) else None]


def _plain(text):
    return text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")


def _head(text):
    return Line(text, (0, len(text), "bold"))


def _unified(mine, other, here, there, context):
    styles = {"+": "green", "-": "red", "@": "cyan"}
    out = []
    for text in difflib.unified_diff(mine, other, here, there, n=context, lineterm=""):
        style = styles.get(text[:1])
        out.append(Line(text, (0, len(text), style)) if style else Line(text))
    return [line for line in out if not line.startswith("@@")] if context == 99 else out
