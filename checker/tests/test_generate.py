"""Generated files are what they should be, and skeletons leave out bodies and nothing else."""

import ast
from types import SimpleNamespace

import pytest

from checker.course import course
from checker.errors import CourseError
from checker.generate import drift, generated, workspace_files, write
from checker.skeleton import skeleton
from checker.source import functions


def stubbed(text, *names):
    room = SimpleNamespace(
        label="stage 07", exercises=[SimpleNamespace(name=name, file="m.py") for name in names]
    )
    return skeleton(text, room, "m.py")


def raised(name):
    return f'raise NotImplementedError("stage 07: {name}")'


def test_nothing_has_drifted():
    assert drift(course()) == []


def test_drift_is_found_and_mended(tmp_path):
    facts = course()
    root = tmp_path / "course"
    for path, text in generated(facts).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
    facts_of = {"root": root, "reference": facts.reference, "solution": facts.solution}
    here = SimpleNamespace(**facts_of, stages=facts.stages, milestones={})
    assert write(here) == ["template-files.yml"]  # it lists no milestones any more
    assert drift(here) == []
    (root / "stages/01_tensor/op.py").write_text("changed")
    assert write(here) == ["stages/01_tensor/op.py"]


@pytest.mark.parametrize("stage", course().stages.values(), ids=lambda stage: stage.slug)
def test_a_skeleton_is_its_reference_without_the_bodies(stage):
    for file in stage.files:
        reference = (course().reference / file).read_text(encoding="utf-8").split("\n")
        made = (stage.folder / file).read_text(encoding="utf-8").split("\n")
        found = functions("\n".join(reference))
        bodies = [found[e.name] for e in stage.exercises if e.file == file]
        dropped = {n for body in bodies for n in range(body.body, body.last + 1)}
        stubs = [line for line in made if "raise NotImplementedError(" in line]
        assert [line for n, line in enumerate(reference, 1) if n not in dropped] == [
            line for line in made if line not in stubs
        ]
        assert {line.strip() for line in stubs} == {
            f'raise NotImplementedError("stage {stage.number}: {body.name}")' for body in bodies
        }


def test_the_list_names_every_file_of_the_learner_and_nothing_that_gives_an_answer():
    facts = course()
    files = workspace_files(facts)
    rooms = [*facts.stages.values(), *facts.milestones.values()]
    assert {path for room in rooms for path in room.paths} <= set(files)
    for path, source in files.items():
        assert (facts.root / source).is_file(), source
        assert not path.startswith("reference") and "knockout" not in path and "extra_" not in path
        own = path.startswith("tinytorch/")
        assert source == path or (own and source.rpartition("/")[2] == path.rpartition("/")[2])


OVERLOADS = "@overload\ndef f(x: int) -> int: ...\n@overload\ndef f(x: str) -> str: ...\n"
TORTURE = {
    "decorators": (
        "@a\n@b(1)\ndef f(x):\n    '''d'''\n    return x\n\n\nz = 1\n",
        "@a\n@b(1)\ndef f(x):\n    '''d'''\n    RAISE\n\n\nz = 1\n",
    ),
    "two statements on a line": (
        "def f():\n    x = 1; y = 2\n    return x; y\n",
        "def f():\n    RAISE\n",
    ),
    "async": ("async def f():\n    await g()\n", "async def f():\n    RAISE\n"),
    "nested": (
        "def f():\n    '''d'''\n    def g():\n        return 1\n    return g\n",
        "def f():\n    '''d'''\n    RAISE\n",
    ),
    "nested and decorated, first": (
        "def f():\n    @h\n    def g():\n        return 1\n    return g\n",
        "def f():\n    RAISE\n",
    ),
    "generator": ("def f():\n    '''d'''\n    yield 1\n", "def f():\n    '''d'''\n    RAISE\n"),
    "raw docstring": (
        'def f():\n    r"""\\alpha"""\n    return 1\n',
        'def f():\n    r"""\\alpha"""\n    RAISE\n',
    ),
    "signature on many lines": (
        "def f(\n    a,  # one\n    b=(1,\n       2),\n) -> int:\n    return a\n",
        "def f(\n    a,  # one\n    b=(1,\n       2),\n) -> int:\n    RAISE\n",
    ),
    "a docstring that ends like a comment": (
        "def f():\n    '''d\n    # e'''\n    return 1\n",
        "def f():\n    '''d\n    # e'''\n    RAISE\n",
    ),
    "only a docstring": ("def f():\n    '''d'''\n", "def f():\n    '''d'''\n    RAISE\n"),
    "CRLF": ("def f():\r\n    return 1\r\n\r\nz = 1\r\n", "def f():\r\n    RAISE\r\n\r\nz = 1\r\n"),
    "form feed": (
        "\x0cdef f():\n    return '\x0c'\n\x0cz = 1\n",
        "\x0cdef f():\n    RAISE\n\x0cz = 1\n",
    ),
    "no final newline": ("def f():\n    return 1", "def f():\n    RAISE"),
    "comments at the end of the body": (
        "def f():\n    return 1\n    # because of\n\n    # this\n\n# of the module\nz = 1\n",
        "def f():\n    RAISE\n\n# of the module\nz = 1\n",
    ),
    "comments at its start": (
        "def f():\n    # the trick is\n    return 1\n",
        "def f():\n    RAISE\n",
    ),
    "a string over many lines at the end": (
        "def f():\n    return '''a\nb\n'''\nz = 1\n",
        "def f():\n    RAISE\nz = 1\n",
    ),
    "not ASCII": ("def f():\n    ü = 'äöü'; return ü\n", "def f():\n    RAISE\n"),
    "overload": (OVERLOADS + "def f(x):\n    return x\n", OVERLOADS + "def f(x):\n    RAISE\n"),
}


@pytest.mark.parametrize("case", TORTURE)
def test_only_the_body_goes(case):
    text, wanted = TORTURE[case]
    made = stubbed(text, "f")
    assert made == wanted.replace("RAISE", raised("f"))
    ast.parse(made)


def test_a_method_of_a_nested_class():
    text = "class A:\n    class B:\n        def f(self):\n            return 1\n\n        g = f\n"
    wanted = text.replace("return 1", raised("A.B.f"))
    assert stubbed(text, "A.B.f") == wanted


def test_getter_and_setter_of_a_property_go_together():
    text = (
        "class A:\n    @property\n    def f(self):\n        return 1\n\n"
        "    @f.setter\n    def f(self, x):\n        self.x = x\n"
    )
    wanted = text.replace("return 1", raised("A.f")).replace("self.x = x", raised("A.f"))
    assert stubbed(text, "A.f") == wanted


def test_several_exercises_of_a_file():
    text = "def a():\n    return 1\n\n\ndef b():\n    return 2\n"
    assert stubbed(text, "b", "a") == text.replace("return 1", raised("a")).replace(
        "return 2", raised("b")
    )


CANNOT = (
    "def f(): return 1\n",
    "def f(): 'd'\n",
    "def f(\n    x): return 1\n",
    "def f():\n    'd'; x = 1\n    return x\n",
    "def g():\n    pass\n",
)


@pytest.mark.parametrize("text", CANNOT)
def test_what_cannot_be_stubbed_is_refused(text):
    with pytest.raises(CourseError):
        stubbed(text, "f")


def test_what_is_under_an_if_is_refused_and_not_leaked():
    with pytest.raises(CourseError):
        stubbed("if True:\n    def f():\n        return 1\n", "f")
