"""Running a milestone's script and its suite with a given mine.py, for the tests of milestones."""

import json
import os
import re
import subprocess
import sys

from checker.course import course

COURSE = course()


def solution(room):
    """Give the text of the reference for a milestone."""
    return (COURSE.root / "reference" / "milestones" / f"{room.slug}.py").read_text("utf-8")


def environment(folder, **more):
    """Give an environment in which mine.py of `folder` and the reference are found, nothing else.

    No data set of the machine's: the cache is empty, and the mirror leads nowhere.
    """
    paths = [str(COURSE.reference.parent), str(folder), str(COURSE.root)]
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("TINYTORCH_")},
        "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1", "XDG_CACHE_HOME": str(folder / "cache"),
        "LOCALAPPDATA": str(folder / "cache"), "HOME": str(folder),
        "TINYTORCH_MIRROR": "http://127.0.0.1:9/", **more,
    }  # fmt: skip


def script(room, folder, **more):
    """Give the arguments of subprocess for the script of a milestone."""
    more = {"TINYTORCH_PICTURES": str(folder / "p" / "q")} | more
    env = environment(folder, TINYTORCH_RESULT=str(folder / "r.json"), **more)
    return {
        "args": [sys.executable, str(room.folder / room.script)], "env": env, "cwd": folder,
        "text": True, "stdin": subprocess.DEVNULL,
    }  # fmt: skip


def run(room, folder, mine, timeout=120, **more):
    """Run the script with this mine.py; give its exit code, its lines and its result."""
    (folder / "mine.py").write_text(mine, encoding="utf-8")
    done = subprocess.run(**script(room, folder, **more), capture_output=True, timeout=timeout)
    assert "Traceback" not in done.stderr, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) < 40, done.stdout
    long = [line for line in lines if len(line) > 80 and str(folder) not in line]
    assert not long, long
    return done.returncode, lines, json.loads((folder / "r.json").read_text("utf-8"))


def suite(room, folder, mine):
    """Run the tests of mine.py; give (name, what it said) of those that fail.

    importlib, since otherwise pytest would put the folder of the suite, which holds the skeleton
    of mine.py, before all others.
    """
    (folder / "mine.py").write_text(mine, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rf", "-p", "no:cacheprovider", "-o",
         "addopts=", "--noconftest", "--import-mode=importlib", str(room.suite)],
        env=environment(folder, COLUMNS="400"), cwd=folder, text=True, capture_output=True,
    )  # fmt: skip
    assert "passed" in done.stdout or "failed" in done.stdout, done.stdout + done.stderr
    return re.findall(r"^FAILED \S+::(\w+)(.*)$", done.stdout, re.M)
