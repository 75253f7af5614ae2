"""PyTorch scripts as tutorials have them, run with nothing changed but their import lines."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from checker.tests.conftest import REPO

pytest.importorskip("torch")

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.py"))
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?")


def with_ours(text):
    """Put tinytorch where torch stood in the import lines, and nowhere else."""
    text = re.sub(r"^import torch$", "import tinytorch as torch", text, flags=re.M)
    text = re.sub(r"^(import|from) torch\b", r"\1 tinytorch", text, flags=re.M)
    return text


def run(path):
    """Run a script with both frameworks in reach; give its lines."""
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": str(REPO / "reference"), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_only_the_import_lines_change(script, tmp_path):
    theirs = script.read_text("utf-8")
    ours = with_ours(theirs)
    changed = [
        line for line, other in zip(ours.split("\n"), theirs.split("\n"), strict=True)
        if line != other
    ]  # fmt: skip
    assert changed and all(line.startswith(("import ", "from ")) for line in changed)
    (tmp_path / "ours.py").write_text(ours, encoding="utf-8")
    said, expected = run(tmp_path / "ours.py"), run(script)
    assert len(said) == len(expected) > 3
    for line, other in zip(said, expected, strict=True):
        assert NUMBER.sub("#", line) == NUMBER.sub("#", other)
        for mine, its in zip(NUMBER.findall(line), NUMBER.findall(other), strict=True):
            assert math.isclose(float(mine), float(its), rel_tol=2e-4, abs_tol=1e-6), (line, other)


def test_the_scripts_do_not_mention_ours():
    assert len(SCRIPTS) == 4
    for script in SCRIPTS:
        assert "tinytorch" not in script.read_text("utf-8")
