"""`notebook`: a lesson as a Jupyter notebook, with the learner's own package behind it."""

import importlib.util
import re
import subprocess
import sys

from .cli import say
from .course import course
from .errors import CourseError
from .hint import room_of
from .milestone import script_environment
from .workspace import Workspace, write_atomically

__all__ = ["lesson_as_script", "notebook_verb"]

FIRST = """# Your code stays in tinytorch/; this cell makes the notebook follow it as you save.
%load_ext autoreload
%autoreload 2
import sys
sys.path.insert(0, "..")
import numpy as np"""


def notebook_verb(options):
    """Write the lesson's notebook into notes/ where it is not there yet, and open it."""
    facts = course()
    workspace = Workspace.find(facts)
    stage = room_of(facts, options, workspace)
    _require("jupytext", "notebook")
    import jupytext

    path = f"notes/{stage.slug}.ipynb"
    if workspace.path(path).exists():
        say([f"{path} is there already; your cells in it stay as they are."])
    else:
        lesson = (stage.folder / "README.md").read_text(encoding="utf-8")
        book = jupytext.reads(lesson_as_script(lesson, stage), fmt="py:percent")
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        write_atomically(workspace.path(path), jupytext.writes(book, fmt="ipynb").encode())
        say([f"wrote {path}"])
    if options["OPEN"] == "0":
        return 0
    command = [sys.executable, "-m", "notebook", str(workspace.path(path))]
    environment = script_environment(workspace, workspace.path("pictures"))
    return subprocess.run(command, cwd=workspace.root, env=environment, check=False).returncode


def lesson_as_script(lesson, stage):
    """Turn a lesson into a script of cells: its prose, its python blocks, a check after each."""
    cells = [("", FIRST)]
    pieces = re.split(r"^```python\n(.*?)^```\n", lesson, flags=re.MULTILINE | re.DOTALL)
    for i, piece in enumerate(pieces):
        if i % 2:
            cells.append(("", piece.strip("\n")))
            continue
        for part in re.split(r"(?=^## )", piece, flags=re.MULTILINE):
            if part.strip():
                cells.append((" [markdown]", part.strip("\n")))
            if re.search(rf"make check STAGE={stage.number}", part):
                cells.append(("", f"!{{sys.executable}} ../learn.py check {stage.number}"))
    out = []
    for kind, text in cells:
        mark = "# " if kind else ""
        lines = [f"{mark}{line}".rstrip() if kind else line for line in text.split("\n")]
        lines = [
            f"# {line}" if not kind and line.startswith(("%", "!")) else line for line in lines
        ]
        out.append(f"# %%{kind}\n" + "\n".join(lines))
    return "\n\n".join(out) + "\n"


def _require(*packages):
    """Install what notebooks need into the workspace's environment, once, and say so."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if not missing:
        return
    print(f"Installing {' and '.join(missing)} into .venv (once, about 200 MB) …", flush=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", *missing]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CourseError(
            f"{' and '.join(missing)} could not be installed: {done.stderr.strip()[-200:]}",
            f"{sys.executable} -m pip install {' '.join(missing)}",
        )
    importlib.invalidate_caches()
