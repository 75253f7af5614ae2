"""Sessions in Markdown: commands with the output that they really have.

A block of console lines after `<!-- session -->` is run in a workspace of its own, one after the
other, in the state that the blocks before it left. Words in the comment change that state first:
`solve 03` puts the reference of stages 01-03 in place, `write NAME "BODY"` replaces a function's
body. `python -m checker.tests.sessions README.md` writes the output into the file.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from checker.branches import solution_files
from checker.course import course
from checker.source import functions

__all__ = ["commands", "rendered", "sessions"]

BLOCK = re.compile(r"<!-- session(?:: (.*?))? -->\n```console\n(.*?)```", re.DOTALL)


def commands(text):
    """List all commands that a Markdown file shows, `make …` and `python learn.py …`."""
    shown = re.findall(r"`((?:make|python learn\.py) [^`]+)`", text)
    shown += re.findall(r"^\$ ((?:make|python learn\.py).*)$", text, re.MULTILINE)
    return sorted(set(shown))


def sessions(text):
    """List the sessions of a Markdown file: (what to change first, commands)."""
    found = []
    for change, body in BLOCK.findall(text):
        found.append((change, re.findall(r"^\$ (.*)$", body, re.MULTILINE)))
    return found


def rendered(text):
    """Give the Markdown text with the output that its sessions have now."""
    facts = course()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "my-tinytorch"
        _scaffold(root, facts)

        def run(match):
            _change(root, facts, match.group(1) or "")
            lines = []
            for command in re.findall(r"^\$ (.*)$", match.group(2), re.MULTILINE):
                lines += [*([""] if lines else []), f"$ {command}", _output(root, command)]
            head = f"<!-- session: {match.group(1)} -->" if match.group(1) else "<!-- session -->"
            return head + "\n```console\n" + "\n".join(lines) + "\n```"

        return BLOCK.sub(run, text)


def _scaffold(root, facts):
    files = solution_files(facts) | {
        ".copier-answers.yml": b"_commit: v0\n_src_path: /x\npath: systems\nexperience: beginner\n",
        ".gitignore": b".tinytorch/\npictures/\n",
        "learn.py": b"",
    }
    for stage in facts.stages.values():
        files[stage.lesson] = (stage.folder / "README.md").read_bytes()
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    git = ["git", "-c", "user.name=learner", "-c", "user.email=learner@localhost"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*git, *words], cwd=root, check=True)


def _change(root, facts, words):
    for number in re.findall(r"solve (\d\d)", words):
        for path, data in solution_files(facts, facts.stages[number]).items():
            (root / path).write_bytes(data)
        _output(root, f"make check STAGE={number}")
    for name, body in re.findall(r'write (\S+) "(.*?)"', words):
        for stage in facts.stages.values():
            for exercise in stage.exercises:
                if exercise.name == name:
                    _write_body(root / "tinytorch" / exercise.file, name, body)


def _write_body(path, name, body):
    text = path.read_text(encoding="utf-8")
    found = functions(text)[name]
    lines = text.split("\n")
    lines[found.body - 1 : found.last] = [" " * found.node.body[0].col_offset + body]
    path.write_text("\n".join(lines), encoding="utf-8")


def _output(root, command):
    words = command.removeprefix("make ").removeprefix("python learn.py ").split()
    done = subprocess.run(
        [sys.executable, "-m", "checker", *words],
        cwd=root,
        env={k: v for k, v in os.environ.items() if k != "COURSE_ROOT"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return done.stdout.rstrip("\n")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(rendered(file.read_text(encoding="utf-8")), encoding="utf-8")
