"""A small course of two stages and a workspace for it, to try the checker on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]

STAGE = """
title = "{title}"
phase = "Foundation"
hours = [1, 2]
difficulty = 1
requires = {requires}
uses = {requires}
builds = "b"
matters = "m"
explain = "why?"

[[sitting]]
title = "the first"
minutes = 60
{exercises}

[[given]]
names = {given}
kind = "twin"
"""

EXERCISE = """
[[sitting.exercise]]
name = "{name}"
hints = ["the idea of {name}", "the formula of {name}", "the line of {name}"]
"""

ANSWERS = "_commit: v0\n_src_path: /x\npath: systems\nexperience: beginner\n"

ALPHA = '''"""Stage 01."""

import numpy as np

__all__ = ["double", "half", "total"]


def double(x):
    """Double x.

    >>> double(2)
    4
    """
    return x * 2


def total(values):
    """Add all values.

    >>> total([1, 2])
    3
    """
    out = 0
    for value in values:
        out = out + value
    return out


def half(x):
    """Halve x."""
    return x / 2
'''

TEST_ALPHA = '''"""Suite of stage 01."""

import numpy as np

from checker.expect import expect_close, expect_equal
from tinytorch.alpha import double, half, total


def test_unit_double_example():
    expect_equal(double(2), 4, "double(2)", "2 + 2 is 4.")


def test_unit_double_array():
    expect_close(double(np.array([1.0, 2.0])), [2.0, 4.0], "double([1, 2])", "Each by itself.")


def test_unit_total_example():
    expect_equal(total([1, 2]), 3, "total([1, 2])", "1 and 2 are 3.")


def test_module():
    expect_equal(total([double(1), 1]), 3, "total([double(1), 1])", "2 and 1 are 3.")
'''

EXTRA_ALPHA = '''"""Tests of given code of stage 01."""

from checker.expect import expect_equal
from tinytorch.alpha import half


def test_extra_half_value():
    expect_equal(half(4), 2.0, "half(4)", "Two halves make a whole.")
'''

BETA = '''"""Stage 02."""

from .alpha import double

__all__ = ["quadruple"]


class Box:
    """A box."""

    def quadruple(self, x):
        """Double x twice.

        >>> Box().quadruple(1)
        4
        """
        return double(double(x))


def quadruple(x):
    """Give four times x."""
    return Box().quadruple(x)
'''

TEST_BETA = '''"""Suite of stage 02."""

from checker.expect import expect_equal
from tinytorch.beta import Box


def test_unit_box_quadruple_example():
    expect_equal(Box().quadruple(1), 4, "quadruple(1)", "Twice 2 is 4.")


def test_module():
    expect_equal(Box().quadruple(2), 8, "quadruple(2)", "Twice 4 is 8.")
'''


def write(root, files):
    """Write a tree of text files."""
    for path, text in files.items():
        target = Path(root) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def make_course(root):
    """Make the small course."""
    exercises = {
        "alpha": "".join(EXERCISE.format(name=n) for n in ("double", "total")),
        "beta": EXERCISE.format(name="Box.quadruple"),
    }
    alpha = STAGE.format(
        title="Alpha", requires="[]", exercises=exercises["alpha"], given='["half"]'
    )
    beta = STAGE.format(
        title="Beta", requires='["01"]', exercises=exercises["beta"], given='["quadruple"]'
    )
    write(
        root,
        {
            "reference/tinytorch/alpha.py": ALPHA,
            "reference/tinytorch/beta.py": BETA,
            "stages/01_alpha/stage.toml": alpha,
            "stages/01_alpha/README.md": "# 01 Alpha\n",
            "stages/01_alpha/test_alpha.py": TEST_ALPHA,
            "stages/01_alpha/extra_alpha.py": EXTRA_ALPHA,
            "stages/02_beta/stage.toml": beta,
            "stages/02_beta/README.md": "# 02 Beta\n",
            "stages/02_beta/test_beta.py": TEST_BETA,
        },
    )
    shutil.copy(REPO / "stages" / "paths.toml", Path(root) / "stages" / "paths.toml")
    from checker.course import Course
    from checker.generate import write as generate

    generate(Course(root))


class FakeWorkspace:
    """A learner's workspace of the small course, and the command line on it."""

    def __init__(self, root, course_root, git=True):
        self.root, self.course_root = Path(root), Path(course_root)
        write(
            self.root,
            {
                "tinytorch/__init__.py": (
                    self.course_root / "reference/tinytorch/__init__.py"
                ).read_text(encoding="utf-8"),
                "learn.py": "",
                ".copier-answers.yml": ANSWERS,
                ".gitignore": ".tinytorch/\npictures/\n",
            },
        )
        for path in self.course_root.glob("stages/*/*.py"):
            if path.name in ("alpha.py", "beta.py"):
                shutil.copy(path, self.root / "tinytorch" / path.name)
            elif path.name.startswith("test_"):
                lesson = self.root / "stages" / path.parent.name / "README.md"
                lesson.parent.mkdir(parents=True, exist_ok=True)
                lesson.write_text("# A lesson")
                target = self.root / "stages" / path.parent.name / path.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
        if git:
            self.git("init", "-q", "-b", "main")
            self.git("add", "-A")
            self.git("-c", "user.name=l", "-c", "user.email=l@x", "commit", "-q", "-m", "start")

    def git(self, *words):
        """Run git in the workspace and give what it prints."""
        done = subprocess.run(
            ["git", *words], cwd=self.root, capture_output=True, text=True, check=True
        )
        return done.stdout

    def path(self, relative):
        """Give the path of a file."""
        return self.root / relative

    def read(self, relative):
        """Read a file."""
        return self.path(relative).read_text(encoding="utf-8")

    def write(self, relative, text):
        """Write a file."""
        write(self.root, {relative: text})

    def solve(self, *modules):
        """Put the reference in place."""
        for module in modules:
            shutil.copy(
                self.course_root / "reference" / "tinytorch" / f"{module}.py",
                self.root / "tinytorch" / f"{module}.py",
            )

    def body(self, module, name, body):
        """Put the lines of `body` into a function of the learner's."""
        from checker.source import functions

        path = f"tinytorch/{module}.py"
        text = self.read(path)
        found = functions(text)[name]
        indent = " " * found.node.body[0].col_offset
        lines = text.split("\n")
        lines[found.body - 1 : found.last] = [indent + line for line in body.split("\n")]
        self.write(path, "\n".join(lines))

    def run(self, *words, prefix=(), **environment):
        """Run the command line; gives the finished process, output and errors together."""
        inherited = {k: v for k, v in os.environ.items() if k != "MAKELEVEL"}
        return subprocess.run(
            [*prefix, sys.executable, "-m", "checker", *words],
            cwd=self.root,
            env=inherited
            | {"COURSE_ROOT": str(self.course_root), "COURSE_TIMEOUT_SCALE": "0.3"}
            | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
