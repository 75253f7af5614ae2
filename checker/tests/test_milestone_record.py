"""What a run of a milestone leaves behind: an achievement stays, a stopped run leaves nothing."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from checker import milestone


class Kept:
    """As much of a workspace as a run's record needs."""

    def __init__(self):
        self.files, self.now = {}, "files as they are"

    def path(self, name):
        return Path(name)

    def digest(self, paths):
        return self.now

    def recall(self, name, default):
        return self.files.get(name, default)

    def remember(self, name, value):
        self.files[name] = value


@pytest.fixture
def run(monkeypatch):
    """Give a workspace, its journal, and a function that runs milestone 4 with a given outcome."""
    workspace, journal = Kept(), []
    room = SimpleNamespace(number="04", slug="04_cifar10", paths=())
    monkeypatch.setattr(
        milestone, "Journal", lambda _: SimpleNamespace(append=lambda **row: journal.append(row))
    )

    def once(code, achieved, values):
        measured = {"achieved": achieved, "values": values}
        monkeypatch.setattr(milestone, "run_script", lambda *_: (code, measured))
        return milestone.run_milestone(workspace, room)

    return workspace, journal, once


def test_a_later_miss_of_the_same_files_takes_nothing_away(run, capsys):
    workspace, journal, once = run
    assert once(0, True, {"accuracy": 0.8}) == 0
    assert once(1, False, {"data": "8x8 digits"}) == 1
    assert workspace.files["milestones.json"]["04"]["values"] == {"accuracy": 0.8}
    assert [row["state"] for row in journal] == ["achieved", "missed"]  # the journal has both
    assert capsys.readouterr().out.rstrip().endswith("next: make milestone N=4")


def test_a_miss_of_changed_files_counts(run):
    workspace, _, once = run
    once(0, True, {"accuracy": 0.8})
    workspace.now = "other files"
    once(1, False, {"accuracy": 0.5})
    assert workspace.files["milestones.json"]["04"]["achieved"] is False


def test_a_stopped_run_leaves_nothing(run, capsys):
    workspace, journal, once = run
    assert once(130, False, {}) == 130
    assert workspace.files == {} and journal == []
    assert "next: make milestone N=4" in capsys.readouterr().out
