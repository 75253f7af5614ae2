"""Gates between stages, with pytest-dependency: a stage's tests wait for the stages it requires.

Each stage ends in a gate, a test of its own that depends on every test of the stage and on every
suite that could not be collected. Tests of later stages depend on the gates. A gate is never open
because there was nothing to test.
"""

import os

import pytest
from pytest_dependency import DependencyItemStatus, DependencyManager

__all__ = ["Gate", "Gates", "open_gate"]


class Gate(pytest.Item):
    """Stands at a stage's end; pytest-dependency skips it unless all it depends on has passed."""

    def runtest(self):
        """Do nothing: to be reached is to be open."""

    def reportinfo(self):
        """Give a place for reports."""
        return self.path, None, self.name


def open_gate(session, name):
    """Record a gate as passed without running its stage, because its result is known."""
    status = DependencyItemStatus()
    status.results = dict.fromkeys(DependencyItemStatus.Phases, "passed")
    manager = getattr(session, "dependencyManager", None) or DependencyManager("session")
    session.dependencyManager = manager
    manager.results[name] = status


class Gates:
    """The plugin: `stages` in order, each with suites and expected tests; `passed` numbers."""

    def __init__(self, stages, passed):
        self.stages, self.passed = stages, passed
        self.uncollected = {}  # suite path -> [node ids]

    def pytest_configure(self, config):
        """Refuse to be spread over several processes, which would not see each other's gates."""
        if getattr(config.option, "numprocesses", None):
            raise pytest.UsageError("gates need all tests in one process: leave out -n")

    def pytest_collectreport(self, report):
        """Remember suites that failed to be collected."""
        if report.failed:
            path = os.path.realpath(str(report.fspath))
            self.uncollected.setdefault(path, []).append(report.nodeid)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, session, config, items):
        """Put the stages in order and tie each to the gates before it."""
        before = list(items)
        result = yield
        kept = {id(item) for item in items}
        ordered = []
        for number in self.passed:
            open_gate(session, f"gate:{number}")
        for stage in self.stages:
            ordered += self._stage(session, stage, before, kept)
        items[:] = ordered
        return result

    def _stage(self, session, stage, before, kept):
        suites = [os.path.realpath(path) for path in stage["suites"]]
        gates = [f"gate:{number}" for number in stage["requires"]]
        mine = [item for item in before if os.path.realpath(str(item.path)) in suites]
        mine.sort(key=lambda item: _position(item, stage["expected"]))
        for item in mine:
            item.stage = stage["number"]
            own = list(item.iter_markers("dependency"))
            wanted = [d for mark in own for d in mark.kwargs.get("depends", [])]
            item.add_marker(
                pytest.mark.dependency(scope="session", depends=gates + wanted), append=False
            )
        names = [item.nodeid for item in mine]
        have = {getattr(item, "originalname", item.name) for item in mine}
        names += [
            f"{suite}::{name}" for suite in suites for name in stage["expected"] if name not in have
        ]
        names += [node for suite in suites for node in self.uncollected.get(suite, [])]
        gate = Gate.from_parent(session, name=f"gate:{stage['number']}")
        gate.stage = stage["number"]
        gate.add_marker(
            pytest.mark.dependency(
                name=gate.name,
                scope="session",
                depends=gates + (names or [f"stage {stage['number']} has no tests"]),
            )
        )
        return [item for item in mine if id(item) in kept] + [gate]


def _position(item, expected):
    name = getattr(item, "originalname", item.name)
    return expected.index(name) if name in expected else len(expected)
