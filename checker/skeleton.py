"""Skeletons: reference files with the bodies of exercises replaced by a raise."""

import ast

from .errors import CourseError
from .source import definitions, functions

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
    lines = text.split("\n")
    if name not in definitions(text):
        raise CourseError(f"there is no function {name} to make a stub of")
    for found in reversed(definitions(text)[name]):
        documented = ast.get_docstring(found.node) is not None
        for node in found.node.body[: 1 + documented]:
            if lines[node.lineno - 1].encode()[: node.col_offset].strip():
                raise CourseError(f"{name}: give line {node.lineno} one statement, not two")
        indent = " " * found.node.body[0].col_offset
        end = "\r" if lines[found.node.lineno - 1].endswith("\r") else ""
        lines[found.body - 1 : found.last] = [indent + statement + end]
    return "\n".join(lines)


def replace_function(text, name, other):
    """Put the function `name` of the text `other` in the place of that of `text`."""
    mine, theirs = functions(text).get(name), functions(other).get(name)
    if mine is None or theirs is None:
        raise CourseError(f"{name} does not stand in both files")
    lines, new = text.split("\n"), other.split("\n")
    lines[mine.first - 1 : mine.last] = new[theirs.first - 1 : theirs.last]
    return "\n".join(lines)
