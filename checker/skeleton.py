"""Skeletons: reference files with the bodies of exercises replaced by a raise."""

import ast

from .errors import CourseError
from .source import definitions, first_line, functions, key_of, last_line, lines_of, scope

__all__ = ["insert", "put_back", "replace_body", "skeleton", "stub_text"]


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


def put_back(text, name, other):
    """Put the function `name` of the text `other` in the place of that of `text`."""
    mine = functions(text)[name]
    lines = text.split("\n")
    lines[mine.first - 1 : mine.last] = _block(text, name, other)
    return "\n".join(lines)


def insert(text, name, other):
    """Put a function that is gone from `text` where it stands in `other`.

    That is below the nearest statement above it that both have, else above the nearest below it.
    """
    owner, _, last = name.rpartition(".")
    mine, theirs = scope(text, owner), scope(other, owner)
    at = next(i for i, node in enumerate(theirs) if getattr(node, "name", "") == last)
    lines = text.split("\n")
    end = "\r" if text.count("\r\n") > text.count("\n") / 2 else ""
    gap = [end] * (1 if owner else 2)
    places = {key_of(node): node for node in mine}
    block = _block(text, name, other)
    above = [places[key_of(n)] for n in reversed(theirs[:at]) if key_of(n) in places]
    below = [places[key_of(n)] for n in theirs[at + 1 :] if key_of(n) in places]
    if above or (mine and not below):
        place = last_line(text, above[0] if above else mine[-1])
        if not "".join(lines[place:]).strip():  # the end of the file
            lines[place - 1] = lines[place - 1].rstrip("\r") + end
            lines[place:] = [""]
        lines[place:place] = [*gap, *block]
    elif below:
        place = first_line(below[0]) - 1
        while place and lines[place - 1].lstrip().startswith("#"):
            place -= 1
        lines[place:place] = [*block, *gap]
    else:
        lines = [*text.rstrip("\r\n").split("\n"), *gap, *block, ""]
    return "\n".join(lines)


def _block(text, name, other):
    """Give the lines of a function of `other`, with the line ends of `text`."""
    found = functions(other)[name]
    end = "\r" if text.count("\r\n") > text.count("\n") / 2 else ""
    return [line + end for line in lines_of(other, found)]
