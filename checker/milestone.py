"""`milestone`, `run`, `shell`: the learner's framework at work."""

import json
import os
import signal
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

__all__ = ["milestone_verb", "run_script", "run_verb", "shell_verb"]

STOPPED = 130  # the exit code after Ctrl-C
THREADED = ("OPENBLAS", "OMP", "MKL")

# glibc hands large arrays back to the system when they are freed, and gets them anew, page by page,
# at the next step: 10,000 page faults a step of a CNN. Kept by the process, they cost nothing.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(64 * 2**20), "MALLOC_TRIM_THRESHOLD_": str(2**29)}


def milestone_verb(options):
    """Run a milestone: locked until its stages pass, and failed below its threshold."""
    facts = course()
    workspace = Workspace.find(facts)
    if not options["N"]:
        raise Usage("which milestone?", f"make milestone N={int(next(iter(facts.milestones)))}")
    milestone = facts.milestone(options["N"])
    verdict = check_exercises(workspace, milestone, ready_to_run)
    if not ready_to_run(verdict):
        return 1
    return run_milestone(workspace, milestone, after_run(verdict))


def check_exercises(workspace, milestone, quiet=lambda verdict: False):
    """Check what the learner writes for a milestone; say how it stands unless `quiet(verdict)`."""
    verdicts = judge(workspace, [milestone])
    remember(workspace, verdicts)
    verdict = verdicts[milestone.key]
    if not quiet(verdict):
        say(check_message(workspace, verdicts, milestone.key, Journal(workspace)))
    return verdict


def ready_to_run(verdict):
    """Tell whether all that the script needs passes: a sitting with `after_run` may come later."""
    if verdict.green or verdict.problem or verdict.faults or verdict.state == "blocked":
        return verdict.green
    needed = {e.name for s in verdict.room.sittings if not s.after_run for e in s.exercises}
    if len(needed) == len(verdict.room.exercises):
        return False  # test_module counts too
    return needed <= {e.name for e in verdict.exercises if e.state == "passed"}


def run_milestone(workspace, milestone, following=("next: make progress",)):
    """Run the script with the learner's tinytorch and mine.py; keep what it measured.

    Where it is achieved, end with the lines `following`. What the same files have achieved stays
    achieved, whatever a later run is without; a run that was stopped leaves nothing.
    """
    home = workspace.path(f"milestones/{milestone.slug}")
    code, measured = run_script(workspace, milestone, home / "pictures")
    again = ["", f"next: make milestone N={int(milestone.number)}"]
    if code == STOPPED:
        say(again)
        return code
    achieved = code == 0 and bool(measured.get("achieved"))
    kept = workspace.recall("milestones.json", {})
    facts = {"achieved": achieved, "values": measured.get("values", {})}
    facts["digest"] = workspace.digest(milestone.paths)
    before = kept.get(milestone.number, {})
    if achieved or not (before.get("achieved") and before.get("digest") == facts["digest"]):
        workspace.remember("milestones.json", kept | {milestone.number: facts})
    Journal(workspace).append(
        stage=f"m{milestone.number}", state="achieved" if achieved else "missed", **facts
    )
    if achieved:
        say(["", *following])
        return 0
    say(again)
    return code or 1


def run_script(workspace, milestone, pictures, more=None):
    """Run the script in a process of its own; give its exit code and what it has recorded."""
    home = workspace.path(f"milestones/{milestone.slug}")
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        environment = script_environment(workspace, pictures)
        environment |= {"TINYTORCH_RESULT": str(result)} | (more or {})
        if milestone.threads:
            for name in THREADED:
                environment.setdefault(f"{name}_NUM_THREADS", str(milestone.threads))
        script = milestone.folder / milestone.script
        code = _run(workspace, script, [workspace.root, home], environment)
        measured = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {}
    return code, measured


def after_run(verdict):
    """Say what comes after a run that achieved it: the sittings that were not needed for it."""
    later = [(n, s) for n, s in enumerate(verdict.room.sittings, 1) if s.after_run]
    if verdict.green or not later:
        return [f"next: {later[0][1].after_run if later else 'make progress'}"]
    number, sitting = later[0]
    names = ", ".join(e.name for e in sitting.exercises)
    return [
        f"Sitting {number}, {sitting.title}: {names}. {verdict.room.lesson}",
        f"next: make check {verdict.room.asked}            once it is written",
    ]


def script_environment(workspace, pictures):
    """Give the environment in which a learner's scripts run; all cores are theirs."""
    environment = child_environment()
    for name in THREADED:
        environment.pop(f"{name}_NUM_THREADS", None)
        if f"{name}_NUM_THREADS" in os.environ:
            environment[f"{name}_NUM_THREADS"] = os.environ[f"{name}_NUM_THREADS"]
    environment["TINYTORCH_PICTURES"] = str(pictures)
    environment["MPLBACKEND"] = "Agg"
    environment.update({name: os.environ.get(name, kept) for name, kept in KEEP_MEMORY.items()})
    environment.pop("TINYTORCH_LIMIT", None)  # a part of the data is for the course's own tests
    return environment


def _run(workspace, script, folders, environment):
    command = [sys.executable, "-P", "-m", "checker.script", str(script), *map(str, folders)]
    # Ctrl-C reaches the script by itself: it has to have time to say where it stopped.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.run(command, cwd=workspace.root, env=environment, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)


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
