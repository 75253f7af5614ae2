"""Course-check finds what it is there to find; each proof goes red by what it looks for."""

import dataclasses

from checker.course import course
from checker.course_check import given_problems, knockout_problems, sitting_problems
from checker.knockouts import knockouts

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


def test_given_code_is_right():
    assert list(given_problems(facts, facts.stages["05"])) == []


def test_given_code_that_is_wrong():
    text = (facts.reference / "autograd.py").read_text(encoding="utf-8")
    old = "return -g * out / b"
    assert text.count(old) == 1
    changes = {"tinytorch/autograd.py": text.replace(old, "return g * out / b")}
    found = list(given_problems(facts, facts.stages["05"], changes))
    assert any("test_extra_div_b_differences is failed: div_b for" in problem for problem in found)


def test_twins_without_tests():
    stage = facts.stages["05"]
    first, *others = stage.given
    assert (first.name, first.kind) == ("sub_a", "twin")
    renamed = dataclasses.replace(first, name="other")
    found = list(given_problems(facts, dataclasses.replace(stage, given=(renamed, *others))))
    assert found == [
        "test_extra_sub_a_differences belongs to nothing that is given",
        "given other, a twin, has no test",
    ]


def knocked_out(**changes):
    """Give the problems of a knockout of stage 02 with some facts changed."""
    stage = facts.stages["02"]
    known = next(k for k in knockouts(stage) if k.name == "absolute_value")
    return list(knockout_problems(facts, stage, dataclasses.replace(known, **changes)))


def test_a_knockout_that_its_test_notices():
    assert knocked_out() == []


def test_a_knockout_that_its_test_does_not_notice():
    (problem,) = knocked_out(killed_by="test_unit_softmax_example")
    start = "test_unit_softmax_example does not notice it; failing: test_module, test_unit_relu_"
    assert problem.startswith(start)


def test_a_knockout_that_is_no_mistake():
    (problem,) = knocked_out(text="    return np.maximum(x, 0)")
    assert problem == "test_unit_relu_example does not notice it; failing: none"


def test_a_knockout_that_ends_the_process_counts_as_noticed():
    assert knocked_out(text="    import os\n    os._exit(3)") == []


def test_every_knockout_begins_with_the_solution():
    assert knocked_out(text="    return np.abs(x)\n\n\nopen('left', 'w').close()") == []
    assert len(knocked_out(text="    return np.maximum(x, 0)")) == 1
