"""The command line: one verb, then words such as 09, STAGE=09, AT=name or --json."""

import importlib
import os
import re
import sys

from .errors import CourseError, Usage

__all__ = ["VERBS", "Options", "main"]

# verb: (module, what it does, words it takes)
VERBS = {
    "check": (
        "check",
        "check a stage and all that it requires",
        {"STAGE", "N", "JSON", "FRESH", "AGAINST"},
    ),
    "hint": ("hint", "the next hint for the first failing exercise", {"STAGE", "N", "AT", "LEVEL"}),
    "diff": ("compare", "your code against the reference", {"STAGE", "N", "AT", "SINCE"}),
    "solution": ("solve", "put the reference of a stage in place", {"STAGE", "N", "THROUGH"}),
    "reset": ("solve", "back to the skeleton", {"STAGE", "N", "AT", "EXTRA", "TESTS"}),
    "undo": ("solve", "take the tool's last change back; REDO=1 takes the undo back", {"REDO"}),
    "progress": ("progress", "stages, milestones, hours left", {"JSON"}),
    "path": ("progress", "show or choose the learning path", {"TO", "EXPERIENCE"}),
    "milestone": ("milestone", "run a milestone with your own code", {"N"}),
    "draw": ("draw", "draw digits, and your trained network reads them", {"PORT"}),
    "notebook": ("notebook", "open the lesson as a notebook", {"STAGE", "OPEN"}),
    "update": ("update", "bring in a newer course", {"TO"}),
    "run": ("milestone", "run a script of yours with your tinytorch", {"FILE"}),
    "shell": ("milestone", "an interactive Python with your tinytorch", set()),
    "branches": ("solve", "make the solution branches", set()),
}
DEFAULT_WORD = {"milestone": "N", "run": "FILE", "draw": "PORT", "path": "TO"}


class Options(dict):
    """The words after the verb, by their upper-case names; absent ones are None."""

    def __missing__(self, key):
        return None

    def on(self, key):
        """Tell whether a word was given and does not say no."""
        return str(self[key] or "").lower() not in ("", "0", "no", "false")


def parse(arguments):
    """Sort a command line into a verb and its options; Usage where it cannot be understood."""
    if not arguments:
        return "check", Options()
    verb, *words = arguments
    if verb in ("-h", "--help", "help"):
        return "help", Options()
    if verb not in VERBS:
        import difflib

        near = difflib.get_close_matches(verb, VERBS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise Usage(f"there is no command {verb!r}{hint}", f"make {near[0] if near else 'help'}")
    taken, options = VERBS[verb][2], Options()
    words = list(words)
    while words:
        word = words.pop(0)
        key, equals, value = word.partition("=")
        if word.startswith("--"):
            key = key[2:].upper()
            if not equals:
                wants = key not in ("JSON", "FRESH", "EXTRA", "TESTS", "OPEN", "REDO")
                value = words.pop(0) if wants and words else "1"
        elif not equals:
            key, value = DEFAULT_WORD.get(verb, "STAGE"), word
        key = key.upper()
        if key not in taken:
            known = ", ".join(f"{name}=" for name in sorted(taken)) or "nothing"
            raise Usage(f"{verb} does not take {word!r}; it takes {known}", "make help")
        if value:
            options[key] = value
    return verb, options


def main(arguments):
    """Run one command and give its exit code; whatever goes wrong, the user gets a sentence."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        verb, options = parse(arguments)
        if verb == "help":
            return _help()
        module = importlib.import_module(f".{VERBS[verb][0]}", __package__)
        return getattr(module, f"{verb}_verb")(options)
    except CourseError as error:
        say_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        print()
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("COURSE_DEBUG"):
            raise
        say_error(
            CourseError(
                f"the course's own tool failed: {type(error).__name__}: {error}. "
                "It is not your code's fault. If it has changed files, make undo brings them back",
                "COURSE_DEBUG=1 python learn.py " + " ".join(arguments) + "   (shows where)",
            )
        )
        return 70


def _help():
    print("python learn.py VERB [WORDS], or make VERB [WORDS]\n")
    for verb, (_, says, words) in VERBS.items():
        shown = " ".join(f"{word}=…" for word in sorted(words))
        print(f"  {verb:<10} {says}{'   ' + shown if shown else ''}")
    return 0


def spoken(text):
    """Name commands in the way that the user called this one: by make, or by learn.py."""
    if os.environ.get("MAKELEVEL") or os.name != "nt":
        return text
    return re.sub(r"\bmake (?=[a-z])", "python learn.py ", text)


def say(lines):
    """Print lines, with their styles on a terminal, as they are elsewhere."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        for line in lines:
            print(spoken(str(line)))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        text = Text(spoken(str(line)))
        for start, stop, style in getattr(line, "styles", ()):
            text.stylize(style, start, stop)
        console.print(text)


def say_error(error):
    """Print what went wrong and the command that mends it."""
    import textwrap

    for line in textwrap.wrap(error.message, 79, break_on_hyphens=False, break_long_words=False):
        print(spoken(line), file=sys.stderr)
    if error.mend:
        print(spoken(f"\nnext: {error.mend}"), file=sys.stderr)
