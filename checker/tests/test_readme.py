"""What the README shows is what happens."""

import re

import pytest

from checker.cli import parse
from checker.course import course
from checker.tests.conftest import REPO
from checker.tests.sessions import commands, rendered

README = (REPO / "README.md").read_text(encoding="utf-8")


def timeless(text):
    """Take dates and durations out."""
    text = re.sub(r"passed (today at \d\d:\d\d|on \d{1,2} \w+)", "passed DATE", text)
    return re.sub(r", \d+ (min|h \d\d min) \(stage says", ", TIME (stage says", text)


def test_sessions_show_real_output():
    assert timeless(rendered(README)) == timeless(README)


@pytest.mark.parametrize("command", commands(README))
def test_every_command_exists(command):
    words = command.removeprefix("python learn.py ").removeprefix("make ").split()
    if command.startswith("make "):
        targets = re.findall(r"^([a-z-]+):", (REPO / "Makefile").read_text("utf-8"), re.MULTILINE)
        if words[0] in targets and words[0] != "check":
            return
    verb, options = parse([word for word in words if not word.startswith("AGAINST")])
    if options["STAGE"] and options["STAGE"] in course().stages:
        course().stage(options["STAGE"])
    assert verb == words[0]


def test_the_table_of_stages_is_what_the_stages_say():
    for stage in course().stages.values():
        low, high = stage.hours
        row = f"| {stage.number} {stage.title} | {stage.builds} | {low}-{high} | "
        assert f"{row}{len(stage.exercises)} |" in README, row
