"""Every command that a message names is one that exists."""

import re

import pytest

from checker.cli import VERBS
from checker.tests.conftest import REPO

OTHERS = {"setup", "help", "VERB"}  # of learn.py and the Makefiles
REPO_ONLY = {"workspace", "test", "skeletons", "wheelhouse", "north-star"}
FILES = [*REPO.glob("checker/*.py"), *REPO.glob("template/**/*"), *REPO.glob("stages/*/README.md")]


@pytest.mark.parametrize("path", [p for p in FILES if p.is_file()], ids=lambda p: p.name)
def test_commands_exist(path):
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"(?:python learn\.py|[`\"' ]make) ([a-z-]+)(?: [A-Z]+=|[`\"'\n]|$)", text)
    unknown = {verb for verb in named if verb not in VERBS} - OTHERS - REPO_ONLY
    assert not unknown, f"{path}: {unknown}"


def test_the_makefile_of_a_workspace_lists_only_verbs():
    makefile = (REPO / "template" / "Makefile").read_text(encoding="utf-8")
    listed = set(re.findall(r"^([a-z]+): ; ", makefile, re.MULTILINE))
    assert listed - {"setup"} <= set(VERBS) and "check" in listed
