"""What can be said of a learner's files without running them."""

from dataclasses import dataclass, field

from .errors import CourseError
from .source import function, functions, is_stub, meaning, stub_line

__all__ = ["Fault", "Inspection", "inspect"]


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
    pristine: bool = True  # every file is the skeleton, to the letter

    @property
    def untouched(self):
        """Tell whether no exercise has been begun."""
        return bool(self.stubs) and not self.faults and self.stubs >= set(self.exercises)

    exercises: tuple = ()


def inspect(workspace, room):
    """Read the learner's files of a room: syntax, what is missing, stubs, changed given code."""
    found = Inspection(exercises=tuple(e.name for e in room.exercises))
    for relative in room.paths:
        try:
            text = workspace.read(relative)
        except CourseError as error:
            found.pristine = False
            found.faults.append(Fault(relative, 0, error.message, error.mend))
            continue
        if text.replace("\r\n", "\n") != _given_text(room, relative):
            found.pristine = False
        fault = _syntax_fault(relative, text)
        if fault:
            found.faults.append(fault)
            continue
        _functions_of(found, room, relative, text)
    return found


def _given_text(room, relative):
    return (room.folder / relative.rpartition("/")[2]).read_text(encoding="utf-8")


def _syntax_fault(relative, text):
    try:
        functions(text)
    except SyntaxError as error:
        line = error.lineno or 1
        lines = text.split("\n")
        source = lines[line - 1].strip() if line <= len(lines) else ""
        if source.startswith(("<<<<<<<", "=======", ">>>>>>>")):
            says = "two versions stand in the file, of an update: keep one, delete the marks"
            return Fault(relative, line, says, "make check", source)
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
        if mine is None:
            says = f"{exercise.name} is gone from the file, or has another name"
            mend = f"make reset {room.asked} AT={exercise.name}"
            found.faults.append(Fault(relative, 0, says, mend))
            continue
        found.lines[exercise.name] = (relative, mine.line)
        if is_stub(mine):
            found.stubs.add(exercise.name)
        elif stub_line(mine):
            found.leftovers[exercise.name] = (relative, stub_line(mine), mine)
    for given in (g for g in getattr(room, "given", ()) if g.file == name):
        theirs = (room.folder / name).read_text(encoding="utf-8")
        mine, original = function(text, given.name), function(theirs, given.name)
        if mine is None and original is not None:
            says = f"{given.name}, which the course gives, is gone from the file"
            mend = f"make reset {room.asked} AT={given.name}"
            found.faults.append(Fault(relative, 0, says, mend))
        elif mine is not None and original is not None and _differs(text, mine, theirs, original):
            found.changed.add(given.name)
            found.lines[given.name] = (relative, mine.line)
            if is_stub(mine):
                found.stubs.add(given.name)


def _differs(text, mine, other, theirs):
    if (
        text.split("\n")[mine.first - 1 : mine.last]
        == other.split("\n")[theirs.first - 1 : theirs.last]
    ):
        return False
    return meaning(mine) != meaning(theirs)
