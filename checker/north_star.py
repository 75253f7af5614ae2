"""Run milestone 4 with the reference, as a learner's run goes, and write docs/north-star.json.

`python -m checker.north_star`, or `make north-star`; `--try 1000` runs it on so many pictures and
writes nothing. The run's pictures are in build/north-star/, its curve in docs/north-star.png. The
file has:

- `accuracy`: the share of the 10,000 test pictures that are right; `classes`: the same by class;
  `train_accuracy`: of 5,000 training pictures; `loss`: the mean of the last epoch
- `seconds`: of training, without loading the data and the test; `steps`, `epochs`, `parameters`
- `history`: for each epoch its number, loss, accuracy on the training pictures as it learns, the
  rate at its end, seconds
- `recipe`: layers, transforms, optimizer, scheduler, highest rate, batch size, seed
- `data`: its title, the file, its sha256
- `machine`: processor, how many CPUs the run may use, platform
- `versions`: Python, NumPy, the library for products and its threads
- `course`: version, and the commit, "-dirty" where files differed from it
- `finished`: the day (UTC)

A run on anything but all of CIFAR-10, a run below the threshold, or one that went on from a
checkpoint, is not written. What the documents say of the result stands behind a line
`<!-- north-star -->` and is written by this module, nowhere else.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np

from . import __version__
from .course import course
from .milestone import THREADED, run_script
from .workbench import workspace_with
from .workspace import write_atomically

__all__ = ["documents", "main", "quote", "quoted"]

MILESTONE = "04"
RESULT, CURVE = "docs/north-star.json", "docs/north-star.png"
PICTURES = "build/north-star"
MARK = "<!-- north-star -->\n"
COPIED = ("accuracy", "train_accuracy", "loss", "classes", "seconds", "steps", "epochs",
          "parameters", "recipe", "history")  # fmt: skip


def main(arguments):
    """Run it, and write the result file and the sentences that quote it; exit code 1 if not."""
    parser = argparse.ArgumentParser(prog="python -m checker.north_star")
    parser.add_argument("--try", type=int, dest="limit", help="so many pictures; writes nothing")
    words = parser.parse_args(arguments)
    facts = course()
    milestone = facts.milestone(MILESTONE)
    commit = commit_of(facts.root)  # before the run: what it is made by
    code, measured = run_reference(facts, milestone, words.limit)
    if why := refusal(code, measured):
        print(f"\n{RESULT} was not written: {why}.")
        return 1
    result = {**result_of(measured["values"]), "data": data_facts(facts, measured["values"])}
    result |= {"machine": machine(), "versions": versions()}
    result["course"] = {"version": __version__, "commit": commit}
    result["finished"] = time.strftime("%Y-%m-%d", time.gmtime())
    write_atomically(facts.root / RESULT, (json.dumps(result, indent=1) + "\n").encode())
    shutil.copyfile(facts.root / PICTURES / "04_curve.png", facts.root / CURVE)
    for path in documents(facts.root):
        text = path.read_text(encoding="utf-8")
        write_atomically(path, quoted(text, result).encode())
    print(f"\nwrote {RESULT}\n{quote(result)}")
    return 0


def run_reference(facts, milestone, limit=None):
    """Run the milestone's script in a workspace of its own: gives (exit code, what it measured)."""
    last = facts.stages[max(milestone.requires)]
    more = {"TINYTORCH_LIMIT": str(limit)} if limit else {}
    with workspace_with(facts, last, room=milestone) as workspace:
        return run_script(workspace, milestone, facts.root / PICTURES, more)


def refusal(code, measured):
    """Say why a run is no result; an empty string where it is one."""
    values = measured.get("values", {})
    if not str(values.get("data", "")).startswith("CIFAR-10"):
        return f"the run was on {values.get('data', 'nothing')}, not on CIFAR-10"
    if code or not measured.get("achieved"):
        return "the run did not achieve the milestone"
    return "the run went on from a checkpoint" if values["resumed"] else ""


def result_of(values):
    """Give what a run measured, in the order of the result file."""
    return {name: values[name] for name in COPIED}


def data_facts(facts, values):
    """Find the file again that the run has used, and give its checksum."""
    spec = importlib.util.spec_from_file_location("find", facts.root / "milestones/data/find.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["find"] = module  # its dataclasses ask for it
    spec.loader.exec_module(module)
    (archive,) = module.find("cifar10", say=lambda line: None).files.values()
    with open(archive, "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"title": values["data"], "file": archive.name, "sha256": digest}


def machine():
    """Name the processor, the CPUs that this process may use, and the platform."""
    count = getattr(os, "sched_getaffinity", None)
    return {
        "processor": processor(),
        "cpus": len(count(0)) if count else os.cpu_count(),
        "platform": platform.platform(),
    }


def processor():
    """Give the name of the processor as the system tells it."""
    try:
        if sys.platform == "linux":
            lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            return next(x.partition(":")[2].strip() for x in lines if x.startswith("model name"))
        if sys.platform == "darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(
                command, capture_output=True, text=True, check=True
            ).stdout.strip()
    except (OSError, StopIteration, subprocess.CalledProcessError):
        pass
    return platform.processor() or platform.machine()


def versions():
    """Give Python, NumPy, and the library that multiplies matrices, with its threads."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    asked = [os.environ.get(f"{name}_NUM_THREADS") for name in THREADED]
    threads = next((int(n) for n in asked if n and n.isdigit()), machine()["cpus"])
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas['name']} {blas['version']}",
        "threads": threads,
    }


def commit_of(root):
    """Give the commit of the course, with -dirty where anything but the result differs from it."""

    def git(*arguments):
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", ".", f":!{RESULT}")
        return git("rev-parse", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


# -- what the documents say of it


def documents(root):
    """List the documents that quote the result."""
    return [root / "README.md", root / "milestones" / "04_cifar10" / "README.md"]


def quote(result):
    """Give the sentence that documents have of the result."""
    on, made = result["machine"], result["versions"]
    return textwrap.fill(
        f"The reference names {result['accuracy']:.2%} of the 10,000 test pictures "
        f"({result['data']['title']}) after {result['epochs']} epochs, "
        f"{result['seconds'] / 60:.1f} minutes of training on {on['cpus']} CPUs "
        f"({on['processor']}), Python {made['python']}, NumPy {made['numpy']}; "
        f"`{RESULT}` has all of it.",
        100, break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def quoted(text, result):
    """Give the text of a document with the sentence behind the mark, up to the next empty line."""
    before, mark, after = text.partition(MARK)
    if not mark:
        return text
    rest = after[1:] if after.startswith("\n") else after.partition("\n\n")[2]
    return before + mark + (f"{quote(result)}\n\n" if result else "\n") + rest


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
