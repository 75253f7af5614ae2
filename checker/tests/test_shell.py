"""The shell of a workspace: blocks can be pasted into it."""

import contextlib
import io

import pytest

from checker.script import Shell


def typed(text):
    """Give what a shell prints after these lines."""
    shell, out, err = Shell({}), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        more = False
        for line in [*text.split("\n"), ""]:
            more = shell.push(line)
        assert not more
    assert err.getvalue() == ""
    return out.getvalue().split()


@pytest.mark.parametrize(
    "text, prints",
    [
        ("x = 1\nprint(x)", ["1"]),
        ("for i in range(3):\n    x = i\nprint(x)", ["2"]),
        ("def f(a):\n    return a\nprint(f(4))", ["4"]),
        ("if False:\n    x = 1\nelse:\n    x = 2\nprint(x)", ["2"]),
        ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    x = 3\nprint(x)", ["3"]),
        ("x = sum(\n    [1, 2]\n)\nprint(x)", ["3"]),
        ("for i in range(2):\n    for j in range(2):\n        x = i, j\nprint(x[0])", ["1"]),
        ('s = """\n  a\nb\n"""\nprint(len(s))', ["7"]),
        ("@staticmethod\ndef f():\n    return 5\nprint(f())", ["5"]),
        ("for i in range(2):\n    x = i\n\nprint(x)", ["1"]),
    ],
)
def test_blocks_can_be_pasted(text, prints):
    assert typed(text) == prints
