"""What can be said of a learner's files without running them."""

import ast
import difflib
import functools
import re
from dataclasses import dataclass, field

from .errors import CourseError
from .facades import facades
from .source import (
    DEFS,
    bindings,
    classes,
    differences,
    doubled,
    function,
    functions,
    is_stub,
    lines_of,
    meaning,
    scope,
    stub_line,
)

__all__ = ["Fault", "Inspection", "inspect", "missing_class"]


@dataclass
class Fault:
    """Why a file cannot be checked: one sentence, where, and the command that mends it."""

    file: str
    line: int
    says: str
    mend: str | None = None
    source: str = ""


@dataclass
class Inspection:
    """What stands in the files of one stage or milestone."""

    faults: list = field(default_factory=list)
    stubs: set = field(default_factory=set)  # exercises in which nothing is written
    leftovers: dict = field(default_factory=dict)  # exercise -> line of the raise beside own code
    lines: dict = field(default_factory=dict)  # name -> (file, line of its def)
    changed: set = field(default_factory=set)  # given names that are not as given
    given_changed: list = field(default_factory=list)  # (file, line, what) of other given code
    pristine: bool = True  # every file is the skeleton, to the letter
    exercises: tuple = ()
    given: tuple = ()

    @property
    def untouched(self):
        """Tell whether no exercise has been begun."""
        return bool(self.stubs) and not self.faults and self.stubs >= set(self.exercises)

    @property
    def tried(self):
        """Give the given names whose tests are to run: all of them where it is not clear which."""
        return set(self.given) if self.given_changed else set(self.changed)


def inspect(workspace, room):
    """Read the learner's files of a room: syntax, what is missing, stubs, changed given code."""
    found = Inspection(
        exercises=tuple(e.name for e in room.exercises),
        given=tuple(g.name for g in getattr(room, "given", ())),
    )
    for relative in room.paths:
        try:
            text = workspace.read(relative)
        except CourseError as error:
            found.pristine = False
            found.faults.append(Fault(relative, 0, error.message, error.mend))
            continue
        given = _given_text(room, relative)
        if text.removeprefix("\ufeff").replace("\r\n", "\n") == given:
            _functions_of(found, room, relative, text)
            continue
        found.pristine = False
        fault = _syntax_fault(relative, text)
        if fault:
            found.faults.append(fault)
            continue
        _functions_of(found, room, relative, text)
        known = {*found.given, *found.exercises}
        found.given_changed += [
            (relative, d.line, d.name)
            for d in differences(text, given, found.exercises)
            if not (d.name in known and isinstance(d.theirs, DEFS))  # in _functions_of
        ]
    if room.is_stage:
        found.faults += _facade_faults(workspace, room)
    return found


_facades = functools.cache(facades)


def _facade_faults(workspace, room):
    """Package files that are not as the course gives them: what is tested would not be all."""
    for name, text in _facades(workspace.course).items():
        path = workspace.path(f"tinytorch/{name}")
        says = None
        try:
            if path.read_bytes().replace(b"\r\n", b"\n") != text.encode():
                says = "this given file is not as the course gives it"
        except OSError:
            says = "this given file is missing"
        if says:
            yield Fault(f"tinytorch/{name}", 0, says, f"make reset {room.asked} TESTS=1")


def _given_text(room, relative):
    return (room.folder / relative.rpartition("/")[2]).read_text(encoding="utf-8")


def _syntax_fault(relative, text):
    marked = re.search(r"^ *(<{7}|>{7})( .*)?$", text, re.MULTILINE)
    if marked:  # within a docstring Python would not mind
        line = text.count("\n", 0, marked.start()) + 1
        says = "two versions stand in the file, of an update: keep one, delete the marks"
        return Fault(relative, line, says, "make check", marked.group().strip())
    try:
        functions(text)
    except SyntaxError as error:
        line = error.lineno or 1
        lines = text.split("\n")
        source = lines[line - 1].strip() if line <= len(lines) else ""
        kind = "indentation" if isinstance(error, IndentationError) else "syntax"
        return Fault(relative, line, f"Python cannot read it: {error.msg} ({kind})", None, source)
    except ValueError as error:  # null bytes
        return Fault(relative, 1, f"Python cannot read it: {error}", "make undo")
    except RecursionError:
        return Fault(relative, 1, "Python cannot read it: it is nested too deeply", "make undo")
    return None


def _functions_of(found, room, relative, text):
    name = relative.rpartition("/")[2]
    for exercise in (e for e in room.exercises if e.file == name):
        mine = function(text, exercise.name)
        fault = _exercise_fault(room, relative, text, exercise.name, mine)
        if fault:
            found.faults.append(fault)
            if mine is None:
                continue
        found.lines[exercise.name] = (relative, mine.line)
        if is_stub(mine):
            found.stubs.add(exercise.name)
        elif stub_line(mine) and _stands_alone(text, stub_line(mine)):
            found.leftovers[exercise.name] = (relative, stub_line(mine), mine)
    for given in (g for g in getattr(room, "given", ()) if g.file == name):
        theirs = (room.folder / name).read_text(encoding="utf-8")
        mine, original = function(text, given.name), function(theirs, given.name)
        if mine is None and original is not None:
            fault = _missing_class_fault(room, relative, text, given.name)
            says = f"{given.name}, which the course gives, is gone from the file"
            mend = f"make reset {room.asked} AT={given.name}"
            found.faults.append(fault or Fault(relative, 0, says, mend))
            continue
        if mine is not None:
            found.lines[given.name] = (relative, mine.line)
        if mine is not None and original is not None and _differs(text, mine, theirs, original):
            found.changed.add(given.name)
            if is_stub(mine):
                found.stubs.add(given.name)


def _stands_alone(text, line):
    """Tell whether a line holds the stub's raise and nothing else, so that it can be deleted."""
    said = text.split("\n")[line - 1].partition("#")[0].strip()
    return said.startswith("raise ") and said.endswith(")")


def _exercise_fault(room, relative, text, name, mine):
    """Say why an exercise is not where Python would find it, or give None."""
    if mine is not None:
        several = doubled(text, name)
        if several:
            places = " and ".join(str(found.line) for found in several)
            says = f"{name} is defined {len(several)} times, in lines {places}; delete all but one"
            return Fault(relative, mine.line, says)
        if isinstance(mine.node, ast.AsyncFunctionDef):
            return Fault(relative, mine.line, f"{name} must be written with def, not async def")
    set_in = bindings(text, name) if mine is None or is_stub(mine) else []
    if set_in:
        line, verb = set_in[-1]
        return Fault(relative, line, f"{name} must be defined here with def; this line {verb} it")
    if mine is None:
        fault = _missing_class_fault(room, relative, text, name)
        says = f"{name} is gone from the file, or has another name"
        return fault or Fault(relative, 0, says, f"make reset {room.asked} AT={name}")
    return None


def _missing_class_fault(room, relative, text, name):
    says = missing_class(text, relative, name, _given_text(room, relative))
    return Fault(relative, 0, says, f"make reset {room.asked}") if says else None


def missing_class(text, path, name, original):
    """Say that the class of a method is gone from a file, and what may be it; else nothing."""
    owner = name.rpartition(".")[0]
    if not owner or scope(text, owner) is not None:
        return ""
    others = {n: line for n, line in classes(text).items() if n not in classes(original)}
    near = difflib.get_close_matches(owner, others, n=1, cutoff=0.5)
    maybe = f" (line {others[near[0]]} has class {near[0]})" if near else ""
    return f"class {owner} is gone from {path}, or has another name{maybe}"


def _differs(text, mine, other, theirs):
    return lines_of(text, mine) != lines_of(other, theirs) and meaning(mine) != meaning(theirs)
