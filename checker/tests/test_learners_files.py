"""What learners do to their files, and what the tool says of it, shows and puts back."""

import os
import shutil

import pytest

from checker.branches import solution_files
from checker.course import course
from checker.errors import Usage
from checker.inspect_files import inspect
from checker.source import differences, function
from checker.verdict import judge
from checker.workspace import Workspace

ALPHA, BETA = "tinytorch/alpha.py", "tinytorch/beta.py"


@pytest.fixture
def solved(workspace):
    """A workspace in which both stages have passed."""
    workspace.solve("alpha", "beta")
    assert workspace.run("check", "02").returncode == 0
    return workspace


def said(workspace, *words, code=None, **environment):
    """Run a verb; its output in one line, no traceback, and the exit code that was expected."""
    done = workspace.run(*words, **environment)
    assert "Traceback" not in done.stdout and "own tool failed" not in done.stdout, done.stdout
    assert code is None or done.returncode == code, done.stdout
    return " ".join(done.stdout.split())


def swap(workspace, path, old, new):
    """Replace a piece of a file."""
    text = workspace.read(path)
    assert old in text
    workspace.write(path, text.replace(old, new))


# -- a class or a function that is gone ------------------------------------------------------------


def test_a_renamed_class_is_named_and_nothing_is_written_elsewhere(solved):
    swap(solved, BETA, "class Box", "class Bux")
    before = solved.read(BETA)
    where = "class Box is gone from tinytorch/beta.py, or has another name (line 8 has class Bux)"
    for words in (("check", "02"), ("reset", "02", "AT=Box.quadruple")):
        shown = said(solved, *words, code=1)
        assert where in shown and "next: make reset STAGE=02" in shown
    assert solved.read(BETA) == before
    said(solved, "reset", "02", code=0)
    assert "next to write: Box.quadruple" in said(solved, "check", "02")


def test_a_function_at_the_end_of_a_file_is_put_back_with_a_final_newline(solved):
    text = solved.read(ALPHA)
    for kept in (text[: text.index("def half")].rstrip("\n"), text[: text.index("def half")]):
        solved.write(ALPHA, kept)
        said(solved, "reset", "01", "AT=half", code=0)
        assert solved.read(ALPHA).endswith("return x / 2\n")
        assert said(solved, "check", "01", code=0)


def test_the_first_function_of_a_file_or_a_class_is_put_back_before_the_others(solved):
    text = solved.read(ALPHA)
    start, stop = text.index("def double"), text.index("def total")
    solved.write(ALPHA, text[:start] + text[stop:])
    said(solved, "reset", "01", "AT=double", code=0)
    again = solved.read(ALPHA)
    assert again.index("def double") < again.index("def total")
    assert again.replace('raise NotImplementedError("stage 01: double")', "return x * 2") == text


def test_a_function_never_lands_within_a_class(solved):
    text = solved.read(BETA)
    solved.write(
        BETA, text[: text.index("def quadruple(x)")] + "    def own(self):\n        pass\n"
    )
    said(solved, "reset", "02", "AT=quadruple", code=0)
    assert "    def own(self):\n        pass\n\n\ndef quadruple(x):" in solved.read(BETA)
    said(solved, "check", "02", code=0)


def test_a_function_that_does_not_fit_is_not_written(solved):
    text = solved.read(BETA)
    method = text[text.index("    def quadruple") : text.index("def quadruple(x)")]
    solved.write(BETA, text.replace('    """A box."""\n\n' + method, "  own = 1\n\n\n"))
    before = solved.read(BETA)
    assert "nothing was changed" in said(solved, "reset", "02", "AT=Box.quadruple", code=1)
    assert solved.read(BETA) == before


# -- given code that is changed --------------------------------------------------------------------


COURSE = '''"""A module."""

import numpy as np

__all__ = ["Thing", "work"]


class Thing:
    """A thing."""

    __slots__ = ("data",)

    def __add__(self, other):
        return other

    __radd__ = __add__
    size = property(lambda self: 1)

    @property
    def value(self):
        return 1

    @value.setter
    def value(self, new):
        pass


def work(x, *, scale=1.0):
    """Work."""
    raise NotImplementedError("stage 01: work")


def _helper(x):
    return x


Thing.kind = "thing"
'''


@pytest.mark.parametrize(
    "old, new, name",
    [
        ("__radd__ = __add__", "__radd__ = None", "Thing.__radd__"),
        ('("data",)', '("data", "more")', "Thing.__slots__"),
        ("lambda self: 1", "lambda self: 2", "Thing.size"),
        ("class Thing:", "class Thing(dict):", "class Thing"),
        ("        pass", "        self.x = new", "Thing.value"),
        ("def _helper(x):\n    return x", "def _helper(x):\n    return -x", "_helper"),
        ("def _helper(x):\n    return x", "_helper = abs", "_helper"),
        ("scale=1.0", "scale=2.0", "the head of work"),
        ('Thing.kind = "thing"', 'Thing.kind = "other"', "Thing.kind"),
        ('Thing.kind = "thing"', 'Thing.kind = "thing"\nsetattr(Thing, "x", 1)', "setattr"),
        ("import numpy as np", "import math as np", "import numpy as np"),
        ('["Thing", "work"]', '["Thing"]', "__all__"),
    ],
)
def test_a_change_of_what_is_given_is_found(old, new, name):
    assert old in COURSE
    found = differences(COURSE.replace(old, new), COURSE, ["work"])
    assert any(d.name.startswith(name) for d in found), found


@pytest.mark.parametrize(
    "old, new",
    [
        ('raise NotImplementedError("stage 01: work")', "return _helper(x) * scale"),
        ("x, *, scale=1.0", "x: float, *, scale: float = 1.0"),
        ("def _helper(x):", "# mine\ndef _helper(x):\n    # why\n"),
        ("import numpy as np", "import numpy as np\nimport math, os\nfrom math import pi"),
        ("def _helper(x):", "LIMIT = 3\nclass Own: ...\ndef mine(): ...\ndef _helper(x):"),
        ("    size =", "    def own(self):\n        return 2\n\n    size ="),
        ('["Thing", "work"]', '["Thing", "mine", "work"]'),
        ('"thing"\n', '"thing"\nif __name__ == "__main__":\n    work(1)\n'),
        ('"""A thing."""', '"""My thing."""'),
        ("\n", "\r\n"),
    ],
)  # fmt: skip
def test_what_is_added_is_no_change_of_what_is_given(old, new):
    assert old in COURSE
    assert differences(COURSE.replace(old, new), COURSE, ["work"]) == []


def test_any_change_of_given_code_runs_the_tests_of_all_of_it(solved):
    text = solved.read(ALPHA)
    solved.write(ALPHA, text + "\n\nhalf.__defaults__ = None\n")
    said(solved, "check", "01", code=0)
    solved.write(ALPHA, text + "\n\nhalf = double\n")
    shown = said(solved, "check", "01", code=1)
    assert "half(4) is 8, expected 2.0" in shown
    assert "tinytorch/alpha.py:37 half + " not in shown
    shown = said(solved, "hint", "01", code=1)
    assert "This is not as the course gives it: half (tinytorch/alpha.py:34)" in shown
    shown = said(solved, "diff", "01")
    assert "half" in shown and "-half = double" in shown
    assert "the same code" not in shown


@pytest.mark.parametrize(
    "file, line, noticed_by",
    [
        ("tensor.py", "Tensor.__radd__ = Tensor.__mul__", "tensor_add"),
        ("tensor.py", "del Tensor.__array_ufunc__", "tensor_add"),
        ("tensor.py", "Tensor.__hash__ = None", "tensor_eq"),
        ("tensor.py", "Tensor.view = Tensor.permute", "tensor_reshape"),
        ("op.py", "state = type('State', (), dict(recording=True, kernels={}))()", "op_using"),
    ],
)
def test_what_is_given_in_stage_01_is_noticed_when_it_breaks(tmp_path, file, line, noticed_by):
    facts = course()
    stage = facts.stage("01")
    for path, data in solution_files(facts, stage).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    with open(tmp_path / "tinytorch" / file, "a", encoding="utf-8") as stream:
        stream.write(f"\n{line}\n")
    verdict = judge(Workspace(tmp_path, facts), [stage])["01"]
    assert verdict.state == "in progress"
    assert noticed_by in " ".join(e.test for e in verdict.exercises if e.state == "failed")


def test_added_code_changes_nothing(solved):
    text = solved.read(ALPHA)
    own = "\n\nLIMIT = 3\n\n\ndef helper(x):\n    return x\n"
    solved.write(ALPHA, text.replace("import numpy", "import math\nimport numpy") + own)
    facts = course(str(solved.course_root))
    seen = inspect(Workspace(solved.root, facts), facts.stage("01"))
    assert (seen.given_changed, seen.tried) == ([], set())
    assert "helper: yours alone" in said(solved, "diff", "01", code=0)


# -- package files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [None, "x = 1\n"])
@pytest.mark.parametrize("words", [("01", "TESTS=1"), ("02",)])
def test_a_package_file_is_named_and_put_back(solved, text, words):
    path = solved.path("tinytorch/__init__.py")
    before = path.read_text()
    path.unlink() if text is None else path.write_text(text)
    shown = said(solved, "check", "02", code=1)
    assert "tinytorch/__init__.py: this given file is" in shown
    assert "next: make check STAGE=01" in shown
    assert "make reset STAGE=01 TESTS=1" in said(solved, "check", "01", code=1)
    said(solved, "reset", *words, code=0)
    assert path.read_text() == before
    said(solved, "check", "01", code=0)


def test_a_package_file_may_have_other_line_ends(solved):
    path = solved.path("tinytorch/__init__.py")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    said(solved, "check", "02", code=0)


def test_without_the_whole_package_there_is_still_a_workspace(solved):
    shutil.rmtree(solved.path("tinytorch"))
    shown = said(solved, "check", "01", code=1)
    assert "tinytorch/alpha.py is missing" in shown and "make reset STAGE=01" in shown
    said(solved, "reset", "01", code=0)
    assert "next to write: double" in said(solved, "check", "01")
    assert "tinytorch/beta.py is missing" in said(solved, "diff", "02")


# -- definitions that Python would not take --------------------------------------------------------


def test_of_two_definitions_the_last_counts_and_both_are_named(solved):
    text = solved.read(ALPHA)
    solved.write(ALPHA, text + "\n\ndef double(x):\n    return x * 3\n")
    shown = said(solved, "check", "01", code=1)
    assert "double is defined 2 times, in lines 8 and 34; delete all but one" in shown
    assert function("def f(): 1\ndef f(): 2\n", "f").line == 2


def test_a_property_and_its_setter_are_one_thing():
    text = "class A:\n    @property\n    def x(self): ...\n    @x.setter\n    def x(self, v): ...\n"
    assert function(text, "A.x").line == 3


@pytest.mark.parametrize(
    "instead, says",
    [
        ("double = lambda x: x * 2", "double must be defined here with def; this line assigns it"),
        ("from math import floor as double", "must be defined here with def; this line imports it"),
    ],
)
def test_an_exercise_that_is_not_defined_here(workspace, instead, says):
    text = workspace.read(ALPHA)
    start, stop = text.index("def double"), text.index("def total")
    workspace.write(ALPHA, f"{text[:start]}{instead}\n\n\n{text[stop:]}")
    assert says in said(workspace, "check", "01", code=1)
    workspace.write(ALPHA, f"{text}\n\n{instead}\n")
    assert says in said(workspace, "check", "01", code=1)


def test_an_exercise_on_one_line_or_async(workspace):
    text = workspace.read(ALPHA)
    start, stop = text.index("def double"), text.index("def total")
    rest = text[stop:]
    stub = 'raise NotImplementedError("stage 01: double")'
    for line, says in [
        ("def double(x): return x * 3", "double(2) is 6, expected 4"),
        ('def double(x): "Doc."; return x * 2', "next to write: total"),
        (f"def double(x): {stub}", "double"),
        (f"def double(x): x = 1; {stub}", "NotImplementedError: stage 01: double"),
        (f"def double(x): {stub}; x = 1", "double"),
        ("async def double(x): return x * 2", "double must be written with def, not async def"),
    ]:
        workspace.write(ALPHA, f"{text[:start]}{line}\n\n\n{rest}")
        assert says in said(workspace, "check", "01", code=1)
        said(workspace, "diff", "01", code=0)
        said(workspace, "diff", "01", "AT=double", code=0)
        said(workspace, "reset", "01", "AT=double", code=0)
        assert workspace.read(ALPHA) == text


# -- bytes -----------------------------------------------------------------------------------------


def test_a_byte_order_mark_is_passed_over_and_kept(solved):
    path = solved.path(ALPHA)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    said(solved, "check", "01", code=0)
    assert "the same code as the reference" in said(solved, "diff", "01", code=0)
    said(solved, "reset", "01", "AT=double", code=0)
    assert path.read_bytes().startswith(b'\xef\xbb\xbf"""Stage 01.')
    assert "next to write: double" in said(solved, "check", "01", code=1)


def test_line_ends_of_windows_are_kept_and_no_difference(solved):
    path = solved.path(ALPHA)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    said(solved, "check", "01", code=0)
    assert "the same code as the reference" in said(solved, "diff", "01", code=0)
    said(solved, "reset", "01", "AT=double", code=0)
    text = solved.read(ALPHA)
    solved.path(ALPHA).write_bytes(path.read_bytes().replace(b"def half(x)", b"def own(x)"))
    said(solved, "reset", "01", "AT=half", code=0)
    data = path.read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n") and b"stage 01: double" in data
    assert b"def half(x)" in data and text.count("def half") == 1


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_link_is_written_through(solved, tmp_path):
    target = tmp_path / "elsewhere.py"
    path = solved.path(ALPHA)
    shutil.move(path, target)
    path.symlink_to(target)
    before = target.read_bytes()
    said(solved, "reset", "01", "AT=double", code=0)
    assert path.is_symlink() and b"stage 01: double" in target.read_bytes()
    said(solved, "undo", code=0)
    assert path.is_symlink() and target.read_bytes() == before


# -- hint ------------------------------------------------------------------------------------------


def test_a_hint_where_the_file_cannot_be_read_names_the_fault(solved):
    solved.body("alpha", "double", "return x *")
    shown = said(solved, "hint", "01", code=1)
    assert "tinytorch/alpha.py:14" in shown and "the idea" not in shown
    assert "the idea of total" in said(solved, "hint", "01", "AT=total", code=0)


def test_a_hint_for_a_blocked_stage_says_what_blocks_it(workspace):
    shown = said(workspace, "hint", "02", code=1)
    assert "blocked by stage 01" in shown and "the idea" not in shown
    assert "the idea of Box.quadruple" in said(workspace, "hint", "02", "AT=Box.quadruple", code=0)


def test_an_extra_has_no_hints(solved):
    said(solved, "reset", "01", "AT=half", "EXTRA=1", code=0)
    for words in (("hint", "01"), ("hint", "01", "AT=half")):
        shown = said(solved, *words, code=1)
        assert "half is given code" in shown and "make diff STAGE=01 AT=half" in shown
    assert "+ return x / 2" in said(solved, "diff", "01", "AT=half", code=0)


def test_a_hint_can_be_asked_for_by_its_level(workspace):
    assert "the formula of double" in said(workspace, "hint", "01", "LEVEL=2", code=0)
    assert "the line of double" in said(workspace, "hint", "01", code=0)
    assert "levels go from 1 to 3" in said(workspace, "hint", "01", "LEVEL=4", code=2)


def test_hints_that_cannot_be_remembered(workspace):
    workspace.write(".tinytorch", "a file stands where the folder should be\n")
    shown = said(workspace, "hint", "01", code=0)
    assert "cannot be written" in shown and "AT=double LEVEL=2" in shown


# -- which function is meant -----------------------------------------------------------------------


def test_the_same_name_means_the_same_in_every_verb(workspace):
    for verb in ("hint", "diff", "reset"):
        shown = said(workspace, verb, "02", "AT=nothing", code=2)
        assert "stage 02 has no exercise 'nothing'; it has Box.quadruple" in shown


def test_a_name_that_can_be_several_lists_them():
    stage = course().stage("03")
    with pytest.raises(Usage, match=r"can be Linear\.forward, .* or .*forward; which\?"):
        stage.find("forward")
    assert stage.find("Linear.forward") == ("Linear.forward", "tinytorch/layers.py")
    stage = course().stage("01")
    assert stage.find("exp") == ("exp", "tinytorch/tensor.py")
    assert stage.find("item")[0] == "Tensor.item"
    assert stage.find("max") == ("Tensor.max", "tinytorch/tensor.py")
    with pytest.raises(Usage, match="did you mean"):
        stage.find("brodcast_shapes")
