"""Skeletons: reference files with the bodies of exercises replaced by a raise."""

from .errors import CourseError
from .source import functions

__all__ = ["replace_body", "replace_function", "skeleton", "stub_text"]


def stub_text(room, name):
    """Give the text of the one statement that stands in for an exercise's body."""
    return f'raise NotImplementedError("{room.label}: {name}")'


def skeleton(text, room, file):
    """Give the skeleton of one reference file: exercises' bodies replaced, all else the same."""
    for exercise in room.exercises:
        if exercise.file == file:
            text = replace_body(text, exercise.name, stub_text(room, exercise.name))
    return text


def replace_body(text, name, statement):
    """Put one statement in the place of a function's body, keeping signature and docstring."""
    found = functions(text).get(name)
    if found is None:
        raise CourseError(f"there is no function {name} to make a stub of")
    lines = text.split("\n")
    indent = " " * found.node.body[0].col_offset
    start, stop = found.body - 1, found.last
    if found.node.body[0].lineno == found.node.lineno:
        raise CourseError(f"{name} stands on one line: give its body lines of its own")
    lines[start:stop] = [indent + statement]
    return "\n".join(lines)


def replace_function(text, name, other):
    """Put the function `name` of the text `other` in the place of that of `text`."""
    mine, theirs = functions(text).get(name), functions(other).get(name)
    if mine is None or theirs is None:
        raise CourseError(f"{name} does not stand in both files")
    lines, new = text.split("\n"), other.split("\n")
    lines[mine.first - 1 : mine.last] = new[theirs.first - 1 : theirs.last]
    return "\n".join(lines)
