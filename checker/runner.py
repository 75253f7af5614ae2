"""Running suites over a learner's code in the guarded child process, and reading what it says."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

__all__ = [
    "Run",
    "Suite",
    "child_environment",
    "end_group",
    "kill_group",
    "run",
    "timeout_scale",
    "watched_frames",
]

STEP_SECONDS = 10.0  # one test, or one import
TOTAL_SECONDS = 120.0
GIGABYTES = 4.0
OUTPUT_LIMIT = 20_000


@dataclass
class Suite:
    """What the child is to run for one stage or milestone."""

    number: str
    requires: list
    modules: list
    suites: list
    expected: list


@dataclass
class Run:
    """What came back: the events, and how the process ended."""

    events: list
    finished: bool
    timed_out: bool  # by the clock of the parent, or by the watchdog of the child
    code: int | None
    output: str
    watchdog: list = field(default_factory=list)  # [path, line, function], innermost first
    seconds: float = 0.0

    def of(self, *kinds, stage=None):
        """Give the events of these kinds, in order; of one stage, if it is named."""
        found = [event for event in self.events if event["event"] in kinds]
        return [e for e in found if stage is None or e.get("stage") == stage]

    @property
    def culprit(self):
        """Give the stage in which the run came to its end too early, or None."""
        for event in self.of("import"):
            return event["stage"]
        if self.finished:
            return None
        last = self.of("start", "importing")
        return last[-1]["stage"] if last else None

    def completed(self, stage):
        """Tell whether all tests of a stage were run, or left out for a reason: its gate came."""
        return any("::gate:" in event["id"] for event in self.of("result", stage=stage))


def timeout_scale():
    """Give the factor by which slow machines stretch all limits (COURSE_TIMEOUT_SCALE)."""
    try:
        return max(float(os.environ.get("COURSE_TIMEOUT_SCALE", "1")), 0.1)
    except ValueError:
        return 1.0


def child_environment():
    """Give the environment of processes that run a learner's code."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST"))}
    for name in ("OPENBLAS", "OMP", "MKL"):
        environment[f"{name}_NUM_THREADS"] = "1"
    return environment | {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "PYTHONNOUSERSITE": "1",
    }


def run(workspace, suites, passed, extra_path=(), options=(), start=None, bytecode=None):
    """Run these suites with the learner's code; `passed` are stages whose gates are open.

    `start(request, folder)` starts the child, another way than usual; `bytecode` is a folder of
    compiled files that are known to be true to their sources.
    """
    started = time.perf_counter()
    scratch = Path(tempfile.mkdtemp(prefix="course-"))
    try:
        request = _request(workspace, suites, passed, extra_path, options, scratch)
        request["bytecode"] = str(bytecode or scratch / "none")
        (scratch / "request.json").write_text(json.dumps(request), encoding="utf-8")
        process = (start or _start)(str(scratch / "request.json"), workspace.root)
        output, timed_out = _drain(process, TOTAL_SECONDS * timeout_scale())
        events = _events(scratch / "events.jsonl")
        dump = scratch / "watchdog.txt"
        return Run(
            events=events,
            finished=any(event["event"] == "finished" for event in events),
            timed_out=timed_out or (dump.exists() and dump.stat().st_size > 0),
            code=process.returncode,
            output=output,
            watchdog=watched_frames(dump, workspace),
            seconds=time.perf_counter() - started,
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _start(request, folder):
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "checker.child", request],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=child_environment(),
        start_new_session=os.name == "posix",
    )


def _request(workspace, suites, passed, extra_path, options, scratch):
    return {
        "stages": [
            {
                "number": s.number,
                "requires": s.requires,
                "suites": [str(path) for path in s.suites],
                "expected": s.expected,
            }
            for s in suites
        ],
        "imports": [[s.number, s.modules] for s in suites],
        "passed": sorted(passed),
        "path": [str(workspace.root), *map(str, extra_path)],
        "roots": [str(workspace.root / "tinytorch"), str(workspace.root / "milestones")],
        "root": str(workspace.course.root),
        "ini": str(Path(__file__).parent / "suite.ini"),
        "scratch": str(scratch),
        "events": str(scratch / "events.jsonl"),
        "watchdog": str(scratch / "watchdog.txt"),
        "seconds": STEP_SECONDS * timeout_scale(),
        "gigabytes": GIGABYTES,
        "options": list(options),
    }


def _drain(process, seconds):
    """Read what the child prints, keep the head of it, and end the child and its kin in time."""
    kept = []

    def read():
        size = 0
        while chunk := process.stdout.read1(65536):
            if size < OUTPUT_LIMIT:
                kept.append(chunk[: OUTPUT_LIMIT - size])
                size += len(kept[-1])

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    timed_out = False
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        timed_out = True
    finally:
        end_group(process)
    reader.join(timeout=1.0)
    return b"".join(kept).decode("utf-8", "replace"), timed_out


def end_group(process):
    """End a child and everything that it started."""
    if os.name == "posix" or process.poll() is None:
        kill_group(process.pid)
    if process.poll() is None:
        process.kill()
    process.wait()


def kill_group(number):
    """Kill the process of this number, which leads a session of its own, and all its kin."""
    if os.name == "posix":
        try:
            os.killpg(number, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    else:
        subprocess.run(
            ["taskkill", "/F", "/T", "/PID", str(number)], capture_output=True, check=False
        )


def _events(path):
    found = []
    if path.exists():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue  # the process ended within a line
    return found


def watched_frames(path, workspace):
    """Read the learner's frames out of a traceback that the watchdog wrote."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    newest = text.rpartition("most recent call first")[2]
    frames = []
    for file, line, name in re.findall(r'File "(.+)", line (\d+) in (.+)', newest):
        try:
            relative = Path(file).resolve().relative_to(workspace.root).as_posix()
        except ValueError:
            continue
        if relative.startswith(("tinytorch/", "milestones/")):
            frames.append([relative, int(line), name])
    return frames
