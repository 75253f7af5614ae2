"""What the learner reads after a check: where they stand, what is wrong, and what comes next.

Every message is a list of lines of at most 80 columns, at most 14 of them, and can be understood
without colour. The last line says what to do next.
"""

import re
import textwrap
from datetime import datetime

from .source import function

__all__ = ["Line", "check_message", "notes_message"]

WIDTH = 80
MOST_LINES = 14
COLOURS = {
    "passed": "green",
    "in progress": "yellow",
    "regressed": "red",
    "blocked": "magenta",
    "not started": "cyan",
}
SIGNALS = {-11: "a segmentation fault", -9: "being killed", -6: "an abort", -7: "a bus error"}


class Line(str):
    """A line of text with the styles of some of its parts: (start, stop, style)."""

    styles: tuple = ()

    def __new__(cls, text, *styles):
        line = super().__new__(cls, text)
        line.styles = styles
        return line


def check_message(workspace, verdicts, target, journal, open_milestones=()):
    """Give the lines for one checked stage or milestone."""
    verdict = verdicts[target]
    if verdict.state == "passed":
        lines = _passed(verdict, journal, open_milestones, workspace)
    elif verdict.state == "not started":
        lines = _not_started(verdict)
    elif verdict.state == "blocked":
        lines = _blocked(workspace, verdict)
    else:
        lines = _in_progress(workspace, verdict)
    return lines


def _header(verdict, *, right=None, state=None):
    room = verdict.room
    name = getattr(room, "module", room.title.lower())
    state = state or verdict.state
    left = f"{room.label} {name}: {state}"
    start = len(f"{room.label} {name}: ")
    if right is None:
        right = f"{verdict.done} of {len(room.exercises)} exercises"
        if len(room.sittings) > 1:
            right += f", sitting {verdict.sitting} of {len(room.sittings)}"
    text = f"{left}      {right}" if right else left
    return Line(text, (0, start - 2, "bold"), (start, len(left), COLOURS[verdict.state]))


def check_command(room, name=None):
    """Give the command that checks a stage, or runs a milestone; `name` is the exercise at hand."""
    later = [e.name for s in room.sittings if s.after_run for e in s.exercises]
    return f"make {'check' if room.is_stage or name in later else 'milestone'} {room.asked}"


def _next(command, note=""):
    text = f"next: {command}" + (f"{' ' * max(2, 34 - len(command))}{note}" if note else "")
    return Line(text, (6, 6 + len(command), "bold"))


def _wrap(text, indent, first=None):
    """Wrap to the width; the first line may begin with something else than the indent."""
    return [
        Line(part)
        for paragraph in str(text).split("\n")
        for part in textwrap.wrap(
            paragraph,
            WIDTH - 1,
            initial_indent=" " * indent if first is None else first,
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
        )
        or [""]
    ]


# -- green, not begun, blocked --------------------------------------------------------------------


def _passed(verdict, journal, open_milestones, workspace):
    room = verdict.room
    spent = journal.minutes(room) if room.is_stage else 0
    right = f"{len(room.exercises)} of {len(room.exercises)} exercises"
    if spent >= 2 and room.is_stage:
        right += f", {_duration(spent)} (stage says {room.hours[0]}-{room.hours[1]} h)"
    lines = [
        _header(verdict, right=right, state=None if room.is_stage else "what you wrote passes")
    ]
    if verdict.held:
        from . import __version__

        count = len(verdict.new_tests)
        lines += [
            "",
            f"  It passed at {verdict.held}, and that stays. This course is {__version__}.",
        ]
        if verdict.first is not None:
            lines += _failure(workspace, verdict, verdict.first)[:6]
        elif count:
            lines += [f"  {count} {_tests(count)} new in {__version__}, not yet tried."]
        return [
            *lines,
            "",
            _next(f"make hint {room.asked}" if verdict.first else _after(room, workspace)),
        ]
    if getattr(room, "explain", ""):
        lines += ["", *_wrap(f"Explain it to somebody: {room.explain}", 2)]
    for milestone in open_milestones:
        exercises = len(milestone.exercises)
        lines += _wrap(
            f"Milestone {int(milestone.number)}, {milestone.year} {milestone.title}, is open: "
            f"{exercises} function{'s' * (exercises != 1)} to write, {milestone.minutes} minutes.",
            2,
        )
    if open_milestones:
        following = f"make milestone N={int(open_milestones[0].number)}"
    else:
        following = _after(room, workspace)
    return [*lines, "", _next(following, *["or stop here; your work is kept"] * room.is_stage)]


def _after(room, workspace):
    if not room.is_stage:
        ran = workspace.recall("milestones.json", {}).get(room.number, {}).get("achieved")
        later = [s.after_run for s in room.sittings if s.after_run]
        return [*later, "make progress"][0] if ran else check_command(room)
    later = [s for s in workspace.course.stages.values() if s.number > room.number]
    return f"make check STAGE={later[0].number}" if later else "make progress"


def _tests(count):
    return "test is" if count == 1 else "tests are"


def _duration(minutes):
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def _not_started(verdict):
    room = verdict.room
    first = room.exercises[0]
    file, line = verdict.lines.get(first.name, (room.paths[0], 0))
    lines = [_header(verdict, right=f"0 of {len(room.exercises)} exercises")]
    lines += ["", *_wrap(f"Nothing is written yet. Begin with {first.name}: {file}:{line}", 2)]
    if room.is_stage:
        lines.append(f"  The lesson: {room.lesson}")
        return [*lines, "", _next(check_command(room), "once you have written something")]
    lines.append(f"  The story, and the rule: {room.lesson}")
    return [*lines, "", _next(check_command(room), "once you have written something")]


def _blocked(workspace, verdict):
    cause = verdict.blocked_by
    when = ""
    if cause.passed_before:
        when = f", which passed {_date(cause.passed_before['time'])}"
    state = f"blocked by {cause.room.label}{when}"
    lines = [_header(verdict, right="", state=state), ""]
    if cause.state == "not started":
        lines += _wrap(f"{_capital(cause.room.label)} {cause.room.module} is not started.", 2)
    else:
        lines += _body(workspace, cause)[:8]
    own = f"Your {verdict.room.label} was not run: its results would mean nothing. Nothing is lost."
    if any(e.state != "todo" for e in verdict.exercises):
        lines += _wrap(own, 2)
    changed = changed_lines(workspace, cause)
    note = f"your change: {changed}" if changed else ""
    return [*lines, "", _next(check_command(cause.room), note)]


def _capital(text):
    return text[:1].upper() + text[1:]


def _date(seconds):
    moment, now = datetime.fromtimestamp(seconds), datetime.now()
    if moment.date() == now.date():
        return f"today at {moment:%H:%M}"
    return f"on {moment.day} {moment:%B}" + (f" {moment.year}" if moment.year != now.year else "")


def changed_lines(workspace, verdict):
    """Say which lines of a stage have changed since it passed, or give an empty string."""
    if not verdict.passed_before:
        return ""
    from .history import lines_since_pass

    places = lines_since_pass(workspace, verdict.room)
    return ", ".join(places[:3]) + (" …" if len(places) > 3 else "")


# -- red ------------------------------------------------------------------------------------------


def _in_progress(workspace, verdict):
    room = verdict.room
    lines = [_header(verdict), ""]
    lines += _body(workspace, verdict)[:9]
    if verdict.state == "regressed":
        changed = changed_lines(workspace, verdict)
        if changed:
            lines += _wrap(
                f"It passed {_date(verdict.passed_before['time'])}; changed since: {changed}", 2
            )
    elif not verdict.faults and verdict.problem is None:
        lines += _others(verdict)[: MOST_LINES - 2 - len(lines)]
    return [*lines, "", _next(*_advice(room, verdict))]


def _advice(room, verdict):
    if verdict.faults:
        return (verdict.faults[0].mend or check_command(room),)
    first = verdict.first
    if verdict.problem is not None or first is None or _leftover(verdict, first):
        return (check_command(room),)
    if first.state == "failed":
        return f"make hint {room.asked}", "the idea first, then the formula"
    return check_command(room, first.name), f"or make hint {room.asked}"


def _body(workspace, verdict):
    if verdict.faults:
        return _fault(verdict.faults[0])
    if verdict.problem is not None:
        return _problem(verdict.problem, verdict)
    first = verdict.first
    if first is None:
        return _module(verdict)
    if first.state in ("failed", "waiting"):
        return _failure(workspace, verdict, first)
    file, line = verdict.lines.get(first.name, (verdict.room.paths[0], 0))
    text = f"next to write: {first.name}, {file}:{line}"
    lesson = getattr(verdict.room, "lesson", "")
    return [
        Line(f"  {text}", (17, 17 + len(first.name), "bold")),
        *([f"  The lesson: {lesson}"] * bool(lesson)),
    ]


def _cut(text, indent):
    """Give one line, with a mark where it is not all."""
    text = " " * indent + " ".join(text.split("\n"))
    return Line(text if len(text) < WIDTH else text[: WIDTH - 3] + " …")


def _name_column(name, text):
    indent = min(len(name), 24) + 6
    lines = _wrap(text, indent, first=f"  {name}    ")
    if lines:
        lines[0] = Line(lines[0], (2, 2 + len(name), "bold"))
    return lines, indent


def _failure(workspace, verdict, exercise):
    if _leftover(verdict, exercise):
        return _leftover_message(workspace, verdict, exercise)
    error = exercise.error or {}
    if exercise.state == "waiting":
        file, line = verdict.lines.get(exercise.waits_for, ("", 0))
        text = f"waits for {exercise.waits_for}, which is not written yet: {file}:{line}"
        return _name_column(exercise.name, text)[0]
    if error.get("headline"):
        lines, indent = _name_column(exercise.name, error["headline"])
        if error.get("relation"):
            lines += _wrap(error["relation"], indent)
        why = _wrap(error["why"], indent) if error.get("why") else []
        lines += why[:4]
        if error.get("expected") is not None:
            lines += [_cut(f"expected {error['expected']}", indent)]
            lines += [_cut(f"got      {error['got']}", indent)]
        lines.append(" " * indent + _written_at(verdict, exercise))
    else:
        lines, indent = _name_column(exercise.name, f"{error.get('type')}: {error.get('message')}")
        lines = lines[:4]
        lines += _wrap(_raised_at(verdict, exercise, error), indent)
        source = _source_line(workspace, exercise, error)
        if source:
            lines.append(Line(f"{' ' * indent}{source}"[: WIDTH - 1]))
        if _guess(error):
            lines += _wrap(_guess(error), indent)
    if verdict.printed:
        text, count = verdict.printed
        shown = text.strip("\n").split("\n")[:2]
        lines.append(
            Line(
                f"{' ' * indent}it printed {count} lines:"
                if count > 2
                else f"{' ' * indent}it printed:"
            )
        )
        lines += [Line(f"{' ' * indent}| {part}"[: WIDTH - 1]) for part in shown]
    return lines


def _written_at(verdict, exercise):
    file, line = verdict.lines.get(exercise.name, (verdict.room.paths[0], 0))
    return f"written at {file}:{line}"


def _raised_at(verdict, exercise, error):
    frames = error.get("frames") or []
    test = exercise.test.removeprefix("test_unit_").replace("_", " ")
    if not frames:
        return f"raised outside your files (test: {test}); {_written_at(verdict, exercise)}"
    own = _own_frame(exercise.name, frames)
    file, line, _ = own or frames[-1]
    text = f"at {file}:{line}"
    if own is None:
        text = f"{_written_at(verdict, exercise)}; raised at {file}:{line}"
    elif own is not frames[-1]:
        text += f", which led to {frames[-1][0]}:{frames[-1][1]}"
    elif len(frames) > 1 and frames[-2][0] == file:
        text += f", called from line {frames[-2][1]}"
    elif len(frames) > 1:
        text += f", called from {frames[-2][0]}:{frames[-2][1]}"
    return f"{text} (test: {test})"


def _own_frame(name, frames):
    """Give the deepest frame within the exercise's own function, or None."""
    inside = [frame for frame in frames if frame[2].partition(".<locals>")[0] == name]
    return inside[-1] if inside else None


def _source_line(workspace, exercise, error):
    own = _own_frame(exercise.name, error.get("frames") or [])
    if own is None:
        return ""
    file, line, _ = own
    try:
        lines = workspace.path(file).read_text(encoding="utf-8").split("\n")
        return f"{line}   {lines[line - 1].strip()}"
    except (OSError, IndexError, ValueError):
        return ""


def _guess(error):
    """Say what usually is behind an exception that names something else."""
    said, kind = str(error.get("message")), error.get("type")
    if kind == "RecursionError":
        return "A function calls itself, directly or through others, without end."
    if "'NoneType'" in said and "operand" not in said:
        return "None met this line: a thing that may be None, or what came without a return."
    if "memoryview" in said:
        return "Inside an operation there are arrays already: leave out .data."
    if "Tensor" in said and "unexpected keyword argument 'axis'" in said:
        return "A tensor came where an array belongs: NumPy says axis, a tensor dim. Use .data."
    if "__array_ufunc__" in said:
        return "NumPy met a tensor. Inside an operation there are arrays only; elsewhere use .data."
    return ""


def _leftover(verdict, exercise):
    """Give the leftover raise that explains this exercise's failure, or None."""
    left = verdict.leftovers.get(exercise.name)
    error = exercise.error or {}
    own = error.get("type") == "NotImplementedError" and str(error.get("message")).endswith(
        f": {exercise.name}"
    )
    return left if left and (own or exercise.state in ("todo", "unknown")) else None


def _leftover_message(workspace, verdict, exercise):
    file, line, _ = verdict.leftovers[exercise.name]
    text = workspace.path(file).read_text(encoding="utf-8")
    found = function(text, exercise.name)
    lines = text.split("\n")
    above = any(s.lineno < line and not _is_docstring(s, found.node) for s in found.node.body)
    says = (
        f"line {line} still raises after your code"
        if above
        else f"line {line} stops before your code is reached"
    )
    out, indent = _name_column(exercise.name, says)
    out.append(" " * indent + file)
    if above:
        out.append(
            Line(f"{' ' * indent}{line - 1}   {lines[line - 2].strip()}"[:60] + "   <- yours")
        )
    out.append(Line(f"{' ' * indent}{line}   {lines[line - 1].strip()}"[: WIDTH - 1]))
    if not above:
        count = found.last - line
        shown = f"{' ' * indent}{line + 1}   {lines[line].strip()}"[:56]
        out.append(Line(f"{shown}   <- yours, {count} line{'s' * (count != 1)}"))
    out.append(" " * indent + f"Delete line {line}.")
    return out


def _is_docstring(statement, node):
    return statement is node.body[0] and type(statement).__name__ == "Expr"


def _others(verdict):
    """One line each for what passes and for what is still to come."""
    room, first = verdict.room, verdict.first
    passed = [e.name for e in verdict.exercises if e.state == "passed"]
    failing = [e.name for e in verdict.exercises if e.state == "failed" and e is not first]
    todo = [e for e in verdict.exercises if e.state == "todo" and e is not first]
    lines = []
    if failing:
        lines += _wrap(f"also failing: {', '.join(failing[:6])}", 2)[:1]
    if passed and len(passed) < len(room.exercises):
        span = ", ".join(passed)
        if len(passed) > 2:
            span = f"{passed[0]} … {passed[-1]} ({len(passed)})"
        lines.append(f"  passed: {span}")
    for exercise in [e for e in verdict.exercises if e.state == "waiting" and e is not first][:2]:
        lines.append(f"  {exercise.name} waits for {exercise.waits_for}")
    if todo:
        lines.append(f"  after it: {len(todo)} not started")
    return ["", *lines] if lines else []


def _module(verdict):
    error = verdict.module or {}
    says = error.get("headline") or f"{error.get('type')}: {error.get('message')}"
    if not verdict.module:
        return ["  every exercise passes alone, but the suite did not run to its end"]
    lines, indent = _name_column("test_module", says)
    lines += _wrap(error.get("why") or "The parts pass alone; together they do not.", indent)[:4]
    frames = error.get("frames") or []
    if frames and not error.get("headline"):
        lines.append(" " * indent + f"at {frames[-1][0]}:{frames[-1][1]}")
    return lines


def _fault(fault):
    place = f"{fault.file}:{fault.line}" if fault.line else fault.file
    lines = _wrap(f"{place}: {fault.says}", 2)
    if fault.source:
        lines.append(Line(f"    {fault.line}   {fault.source}"[: WIDTH - 1]))
    return lines


def _problem(problem, verdict):
    kind = problem["kind"]
    return {
        "import": _import_problem,
        "collect": _import_problem,
        "stopped": _stopped,
        "time": _time,
        "crash": _crash,
        "patched": _patched,
        "stranger": _stranger,
    }[kind](problem, verdict)


def _place(error, default):
    frames = (error or {}).get("frames") or []
    return f"{frames[-1][0]}:{frames[-1][1]}" if frames else default


def _import_problem(problem, verdict):
    error = problem["error"]
    place = _place(error, verdict.room.paths[0])
    if error["type"] == "SystemExit":
        says = f"{place} ends the program (sys.exit) while it is imported"
    else:
        says = f"{place} cannot be imported: {error['type']}: {error['message']}"
    return _wrap(says, 2)[:5] + _wrap("So no test of this stage can be run.", 2)


def _stopped(problem, verdict):
    error = problem["error"]
    place = _place(error, verdict.room.paths[0])
    act = {"SystemExit": "calls sys.exit", "KeyboardInterrupt": "raises KeyboardInterrupt"}
    what = act.get(error["type"], f"raises {error['type']}: {error['message']}")
    return _wrap(f"{place} {what}, in {problem['during']}; the tests after it did not run.", 2)


def _time(problem, verdict):
    from .runner import STEP_SECONDS, timeout_scale

    seconds = STEP_SECONDS * timeout_scale()
    lines = _wrap(f"{problem['during']} was still running after {seconds:g} s and was ended.", 2)
    if problem["frames"]:
        file, line, name = problem["frames"][0]
        lines += _wrap(f"It was at {file}:{line}, in {name}: a loop that does not end?", 2)
    lines += _wrap("On a slow machine set COURSE_TIMEOUT_SCALE=3.", 2)
    return lines


def _crash(problem, verdict):
    code = problem["code"]
    if isinstance(code, str):
        return _wrap(f"pytest could not go on ({code} exit code) in {problem['during']}.", 2)
    how = SIGNALS.get(code, f"exit code {code}")
    lines = _wrap(f"Python itself ended ({how}) in {problem['during']}.", 2)
    if code in (0, 1, 2):
        lines += _wrap("os._exit ends a program at once, without a word; take it out.", 2)
    elif code == -11:
        lines += _wrap("Recursion without end, inside compiled code, is the usual cause.", 2)
    if re.search(r"MemoryError|giving up|Cannot allocate", problem["output"]):
        lines += _wrap("It ran out of the memory that a check may use.", 2)
    return lines


def _patched(problem, verdict):
    names = ", ".join(problem["names"][:4])
    return _wrap(
        f"your code replaces {names}. The tests need the real one, so nothing that they said "
        "counts. Take the assignment out.",
        2,
    )


def _stranger(problem, verdict):
    return _wrap(f"another tinytorch was imported, from {problem['file']}, not yours.", 2) + [
        "  Move it away, or make the environment anew: delete .venv"
    ]


# -- notes ----------------------------------------------------------------------------------------


def notes_message(notes):
    """Give a line for each thing in the workspace that a learner should know about."""
    lines = []
    for says, mend in notes:
        lines += _wrap(f"note: {says} ({mend})" if mend else f"note: {says}", 6, first="")
    return lines
