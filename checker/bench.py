"""Measure how long a learner waits: `python -m checker.bench [--repeat 7]`.

Prints medians: a warm check (this stage's file just edited, all others known), a check with
nothing changed, and what the suite itself takes of that. Numbers, no verdict.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time

from .course import course
from .runner import run
from .verdict import suite_of
from .workbench import workspace_with

__all__ = ["main"]


def main(arguments):
    """Print a table of seconds for every stage."""
    parser = argparse.ArgumentParser(prog="python -m checker.bench")
    parser.add_argument("--repeat", type=int, default=7)
    repeat = parser.parse_args(arguments).repeat
    facts = course()
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(f"Python {platform.python_version()}; medians of {repeat}, in seconds\n")
    print(f"{'stage':<18}{'warm check':>12}{'nothing changed':>17}{'suite alone':>13}")
    last = list(facts.stages.values())[-1]
    warm = []
    with workspace_with(facts, last) as workspace:
        workspace.path(".copier-answers.yml").write_text("path: systems\n")
        _check(workspace, last)
        for stage in facts.stages.values():
            edited = [_edited(workspace, stage, n) for n in range(repeat)]
            still = [_check(workspace, stage) for _ in range(repeat)]
            alone = [_suite(workspace, stage, facts) for _ in range(3)]
            warm.append(statistics.median(edited))
            name = f"{stage.number} {stage.module}"
            print(f"{name:<18}{warm[-1]:>12.2f}", end="")
            print(f"{statistics.median(still):>17.2f}{statistics.median(alone):>13.2f}", flush=True)
            _check(workspace, last)
    print(f"\nmedian of stages, warm: {statistics.median(warm):.2f}, worst {max(warm):.2f}")
    return 0


def _check(workspace, stage):
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "checker", "check", stage.number],
        cwd=workspace.root,
        capture_output=True,
        check=True,
    )
    return time.perf_counter() - start


def _edited(workspace, stage, number):
    path = workspace.path(stage.paths[-1])
    path.write_text(path.read_text(encoding="utf-8") + f"# {number}\n", encoding="utf-8")
    return _check(workspace, stage)


def _suite(workspace, stage, facts):
    result = run(workspace, [suite_of(stage)], [s.number for s in facts.closure(stage)])
    starts = [e["at"] for e in result.events if e["event"] == "start"]
    return max(starts) - min(starts) if starts else 0.0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
