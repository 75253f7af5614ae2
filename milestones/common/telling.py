"""What all milestone scripts do alike: ask, tell, show how far they are, keep what came out."""

import json
import os
import sys
import textwrap
from pathlib import Path

__all__ = ["Steps", "ask", "record", "save_pictures", "shortest", "wrapped"]


class Steps:
    """Lines of what is done, with a moving bar beneath them on a terminal."""

    def __init__(self, total):
        self.total, self.bar = total, None

    def __enter__(self):
        if sys.stdout.isatty():
            from rich.progress import Progress

            self.bar = Progress(transient=True)
            self.bar.start()
            self.task = self.bar.add_task("learning", total=self.total)
        return self

    def say(self, *lines):
        """Print lines above the bar."""
        for line in lines:
            print(line, flush=True)

    def advance(self):
        """Count one step as done."""
        if self.bar:
            self.bar.advance(self.task)

    def done(self, *lines):
        """Print lines, and count one step as done."""
        self.say(*lines)
        self.advance()

    def __exit__(self, *_):
        if self.bar:
            self.bar.stop()


def ask(question):
    """Ask for a prediction; without a terminal nothing is asked, and the answer is empty."""
    if not sys.stdin.isatty():
        return ""
    try:
        return input(question).strip()
    except EOFError:
        return ""


def wrapped(text):
    """Break a sentence into lines of 80 columns; numbers, paths and code stay whole."""
    return textwrap.fill(
        text, 80, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def record(number, values, achieved):
    """Write what was measured where the checker asked for it."""
    if path := os.environ.get("TINYTORCH_RESULT"):
        result = {"milestone": number, "achieved": achieved, "values": values}
        Path(path).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def shortest(path):
    """Give a path as the learner would type it."""
    try:
        return str(path.resolve().relative_to(Path.cwd())) or "."
    except ValueError:
        return str(path)


def save_pictures(number, pictures):
    """Draw and save pictures, given as functions of pyplot by their names; gives their paths."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False})
    folder = Path(os.environ.get("TINYTORCH_PICTURES", "pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, picture in pictures.items():
        figure = picture(plt)
        paths.append(folder / f"{number}_{name}.png")
        figure.savefig(paths[-1], dpi=130)
        plt.close(figure)
    return paths
