"""Course-check finds what it is there to find; each proof goes red by what it looks for."""

import dataclasses

from checker.course import course
from checker.course_check import sitting_problems

facts = course()


def test_sittings_are_done_in_order():
    assert list(sitting_problems(facts, facts.stages["02"])) == []


def test_a_test_that_needs_a_later_sitting():
    stage = facts.stages["05"]
    first, second, *_ = stage.sittings
    swapped = dataclasses.replace(stage, sittings=(second, first))
    found = list(sitting_problems(facts, swapped))
    assert found
    assert all(problem.startswith("after sitting 1, test_unit_") for problem in found)
    assert any("backward_example is failed: stage 05: parents" in problem for problem in found)
