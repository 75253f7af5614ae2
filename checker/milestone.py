"""`milestone`, `run`, `shell`: the learner's framework at work."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .check import remember
from .cli import say
from .course import course
from .errors import CourseError, Usage
from .messages import check_message
from .runner import child_environment
from .verdict import judge
from .workspace import Journal, Workspace

__all__ = ["milestone_verb", "run_verb", "shell_verb"]

THREADED = ("OPENBLAS", "OMP", "MKL")


def milestone_verb(options):
    """Run a milestone: locked until its stages pass, and failed below its threshold."""
    facts = course()
    workspace = Workspace.find(facts)
    if not options["N"]:
        raise Usage("which milestone?", f"make milestone N={int(next(iter(facts.milestones)))}")
    milestone = facts.milestone(options["N"])
    code = check_exercises(workspace, milestone, quiet=True)
    return code or run_milestone(workspace, milestone)


def check_exercises(workspace, milestone, quiet=False):
    """Check what the learner writes for a milestone; with `quiet` say nothing where it is green."""
    verdicts = judge(workspace, [milestone])
    remember(workspace, verdicts)
    green = verdicts[milestone.key].green
    if not (green and quiet):
        say(check_message(workspace, verdicts, milestone.key, Journal(workspace)))
    return 0 if green else 1


def run_milestone(workspace, milestone):
    """Run the script with the learner's tinytorch and mine.py; keep what it measured."""
    script = milestone.folder / milestone.script
    home = workspace.path(f"milestones/{milestone.slug}")
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        environment = script_environment(workspace, home / "pictures")
        environment["TINYTORCH_RESULT"] = str(result)
        if milestone.threads:
            for name in THREADED:
                environment.setdefault(f"{name}_NUM_THREADS", str(milestone.threads))
        code = _run(workspace, script, [workspace.root, home], environment)
        measured = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {}
    achieved = code == 0 and bool(measured.get("achieved"))
    kept = workspace.recall("milestones.json", {})
    facts = {"achieved": achieved, "values": measured.get("values", {})}
    facts["digest"] = workspace.digest(milestone.paths)
    workspace.remember("milestones.json", kept | {milestone.number: facts})
    Journal(workspace).append(
        stage=f"m{milestone.number}", state="achieved" if achieved else "missed", **facts
    )
    if achieved:
        say(["", "next: make progress"])
        return 0
    say(["", f"next: make milestone N={int(milestone.number)}"])
    return code or 1


def script_environment(workspace, pictures):
    """Give the environment in which a learner's scripts run; all cores are theirs."""
    environment = child_environment()
    for name in THREADED:
        environment.pop(f"{name}_NUM_THREADS", None)
        if f"{name}_NUM_THREADS" in os.environ:
            environment[f"{name}_NUM_THREADS"] = os.environ[f"{name}_NUM_THREADS"]
    environment["TINYTORCH_PICTURES"] = str(pictures)
    environment["MPLBACKEND"] = "Agg"
    return environment


def _run(workspace, script, folders, environment):
    command = [sys.executable, "-P", "-m", "checker.script", str(script), *map(str, folders)]
    return subprocess.run(command, cwd=workspace.root, env=environment, check=False).returncode


def run_verb(options):
    """Run a script of the learner's with their tinytorch, from anywhere in the workspace."""
    workspace = Workspace.find(course())
    asked = options["FILE"]
    if not asked:
        raise Usage("which file is to be run?", "python learn.py run notes/try.py")
    here = next((p for p in (Path(asked), workspace.path(asked)) if p.is_file()), None)
    if here is None:
        raise CourseError(f"there is no file {asked}", "python learn.py run notes/try.py")
    environment = script_environment(workspace, workspace.path("pictures"))
    return _run(workspace, here.resolve(), [workspace.root, here.resolve().parent], environment)


def shell_verb(options):
    """Open an interactive Python with the learner's tinytorch."""
    workspace = Workspace.find(course())
    environment = script_environment(workspace, workspace.path("pictures"))
    return _run(workspace, "-", [workspace.root], environment)
