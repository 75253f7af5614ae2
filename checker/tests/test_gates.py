"""Gates between stages: never open because something was not run."""

import pytest
from pytest_dependency import DependencyItemStatus, DependencyManager

from checker.course import Course
from checker.runner import Suite, run
from checker.workspace import Workspace, suite_functions


def suites(course):
    """Give what the child is asked to run for both stages."""
    return [
        Suite(
            s.number,
            list(s.requires),
            [f"tinytorch.{s.module}"],
            [s.suite],
            suite_functions(s.suite),
        )
        for s in course.stages.values()
    ]


def gates(result):
    """Map each gate to how it ended."""
    ended = {}
    for event in result.of("result"):
        name = event["id"].rpartition("::")[2]
        if name.startswith("gate:"):
            ended[name[5:]] = event["outcome"]
    return ended


@pytest.fixture
def parts(workspace, small_course):
    """A solved workspace as the checker sees it, and the suites of its course."""
    workspace.solve("alpha", "beta")
    course = Course(small_course)
    return workspace, Workspace(workspace.root, course), suites(course)


def test_gates_open_when_all_tests_pass(parts):
    _, seen, wanted = parts
    assert gates(run(seen, wanted, [])) == {"01": "passed", "02": "passed"}


def test_a_failing_test_closes_its_gate_and_all_behind_it(parts):
    fake, seen, wanted = parts
    fake.body("alpha", "total", "return 0")
    result = run(seen, wanted, [])
    assert gates(result) == {"01": "skipped", "02": "skipped"}
    later = [e for e in result.of("result") if e["stage"] == "02"]
    assert {e["outcome"] for e in later} == {"skipped"}


def test_deselected_tests_leave_the_gate_closed(parts):
    _, seen, wanted = parts
    result = run(seen, wanted, [], options=["-k", "double"])
    assert gates(result) == {"01": "skipped", "02": "skipped"}


def test_a_suite_that_cannot_be_imported_leaves_the_gate_closed(parts, tmp_path):
    _, seen, wanted = parts
    broken = tmp_path / "test_alpha.py"
    broken.write_text("def test_module(:\n")
    wanted[0].suites = [broken]
    assert gates(run(seen, wanted, [])).get("01") != "passed"


def test_an_empty_suite_leaves_the_gate_closed(parts, tmp_path):
    _, seen, wanted = parts
    empty = tmp_path / "test_alpha.py"
    empty.write_text("x = 1\n")
    wanted[0].suites, wanted[0].expected = [empty], []
    assert gates(run(seen, wanted, []))["01"] == "skipped"


def test_a_test_that_is_expected_but_missing_leaves_the_gate_closed(parts):
    _, seen, wanted = parts
    wanted[0].expected = [*wanted[0].expected, "test_unit_double_new"]
    assert gates(run(seen, wanted, []))["01"] == "skipped"


def test_a_known_pass_opens_the_gate_without_a_run(parts):
    _, seen, wanted = parts
    result = run(seen, wanted[1:], ["01"])
    assert gates(result) == {"02": "passed"}
    assert gates(run(seen, wanted[1:], [])) == {"02": "skipped"}


def test_an_authors_own_mark_is_kept_beside_the_gate(parts, tmp_path):
    _, seen, wanted = parts
    marked = tmp_path / "test_beta.py"
    marked.write_text(
        "import pytest\n"
        "@pytest.mark.dependency(depends=['nothing of that name'])\n"
        "def test_module():\n    pass\n"
    )
    wanted[1].suites, wanted[1].expected = [marked], ["test_module"]
    assert gates(run(seen, wanted, [])) == {"01": "passed", "02": "skipped"}


def test_pytest_dependency_still_has_what_a_known_pass_is_written_into():
    status = DependencyItemStatus()
    assert set(DependencyItemStatus.Phases) == {"setup", "call", "teardown"}
    status.results = dict.fromkeys(DependencyItemStatus.Phases, "passed")
    assert status.isSuccess()
    assert DependencyManager("session").results == {}
