"""Course-check finds operations without rules and parameters that no gradient reaches."""

import pytest

from checker.course import course
from checker.course_check import _proofs, parameter_problems, rule_problems

facts = course()


def changed(file, *replacements):
    """Give a file of the reference with some text replaced, as a change of a workspace."""
    text = (facts.reference / file).read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return {f"tinytorch/{file}": text}


def added(file, more):
    """Give a file of the reference with some text at its end."""
    return {f"tinytorch/{file}": (facts.reference / file).read_text(encoding="utf-8") + more}


def test_the_proofs_are_there_from_the_rules_on():
    for number, stage in facts.stages.items():
        names = " ".join(name for name, _ in _proofs(facts, stage, knockouts_only=False))
        builds_on_rules = "05" in {number, *(s.number for s in facts.closure(stage))}
        assert ("rules for every input" in names) == builds_on_rules
        assert ("gradients reach every parameter" in names) == builds_on_rules


def test_the_reference_is_complete():
    stage = facts.stages["05"]
    assert rule_problems(facts, stage) == []
    assert parameter_problems(facts, stage) == []


def problems(proof, changes, number="05"):
    return proof(facts, facts.stages[number], changes)


def test_a_rule_taken_out():
    changes = changed("autograd.py", ('@gradient(tanh, "x")\n', ""))
    assert problems(rule_problems, changes) == [
        "tanh: input 'x' has no gradient rule and is not declared constant"
    ]


def test_one_of_two_rules_taken_out():
    changes = changed("autograd.py", ('@matmul_gradient("b")\n', ""))
    assert problems(rule_problems, changes) == [
        "matmul: input 'b' has no gradient rule and is not declared constant"
    ]


def test_an_operation_added_without_a_rule():
    more = "\n\n@Op\ndef cube(x, other=None, *, scale=1):\n    return x**3\n"
    found = problems(rule_problems, added("tensor.py", more))
    assert [line.split(" has ")[0] for line in found] == ["cube: input 'x'", "cube: input 'other'"]


def test_an_operation_inside_a_class():
    more = "\n\nclass Kept:\n    @Op\n    def hidden(x):\n        return x\n"
    assert len(problems(rule_problems, added("activations.py", more))) == 1


def test_a_constant_that_is_no_input():
    changes = changed("losses.py", ('@Op(constant=("target",)', '@Op(constant=("targets",)'))
    first, second = problems(rule_problems, changes)
    assert first == "cross_entropy: constant 'targets' is none of its inputs logits, target"
    assert "'target' has no gradient rule" in second


@pytest.mark.parametrize("ends", ["", ", *, diagonal"])
def test_a_rule_that_cannot_be_called(ends):
    old = "def tril_x(g, out, x, *, diagonal=0):"
    changes = changed("autograd.py", (old, f"def tril_x(g, out, x{ends}):"))
    assert problems(rule_problems, changes) == [
        "tril: the rule tril_x does not take its inputs and parameters"
    ]


@pytest.mark.parametrize(
    ("old", "new", "missed"),
    [
        ("x @ self.weight.T", "x @ self.weight.detach().T", "weight"),
        ("out + self.bias", "out + Tensor(self.bias.data)", "bias"),
    ],
)
def test_a_parameter_that_is_cut_off(old, new, missed):
    found = problems(parameter_problems, changed("layers.py", (old, new)))
    assert f"Linear(3, 2): no gradient reaches {missed}" in found
    assert any(line.endswith(f"no gradient reaches 1.{missed}") for line in found), "in Sequential"
    assert len(found) == 1 + 2 + (missed == "weight"), "the one without bias has a weight, too"


def test_a_layer_that_nobody_declared():
    more = """

class Scale(Module):
    def __init__(self):
        super().__init__()
        self.factor = Parameter([1.0])

    def forward(self, x):
        return x * self.factor


class Shift(Module):
    def __init__(self, by):
        super().__init__()


__all__ += ["Scale", "Shift"]
"""
    found = problems(parameter_problems, added("layers.py", more))
    assert found == [
        f"{name} is in no line of [layers] in stage.toml: how is it built and run?"
        for name in ("Scale", "Shift")
    ]


def test_a_line_that_does_not_run(monkeypatch):
    layers = {"Linear(3, 2)": "randn(4, 5)", "Softmax(1)": "randn(2, 2)"}
    monkeypatch.setitem(facts.stages["03"].__dict__, "layers", layers)
    (found,) = problems(parameter_problems, {})
    assert found.startswith("Linear(3, 2) of randn(4, 5): ValueError: matmul")


def test_a_module_that_does_not_import():
    (found,) = problems(rule_problems, added("autograd.py", "\n1 / 0\n"))
    assert "ZeroDivisionError" in found
