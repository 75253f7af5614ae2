"""Knockouts: plausible wrong bodies for exercises, to prove that the suites notice them.

A stage's knockouts.py is read, never run. Each function in it is decorated with
`@knockout(of="softmax", killed_by="test_unit_softmax_large_scores", says="...")` and takes the
place of that exercise's body in the reference.
"""

import ast
from dataclasses import dataclass

from .errors import CourseError
from .source import functions

__all__ = ["Knockout", "knockouts"]


@dataclass(frozen=True)
class Knockout:
    """One mistake: which exercise has it, which test notices it, and what it is in words."""

    name: str
    of: str
    killed_by: str
    says: str
    file: str
    text: str  # the body, indented as it stands in knockouts.py (4 spaces)

    def applied(self, text):
        """Give the reference file with the exercise's body replaced by the mistake."""
        found = functions(text).get(self.of)
        if found is None:
            raise CourseError(f"knockout {self.name}: there is no {self.of}")
        indent = " " * (found.node.body[0].col_offset - 4)
        lines = text.split("\n")
        body = [indent + line if line.strip() else line for line in self.text.split("\n")]
        lines[found.body - 1 : found.last] = body
        return "\n".join(lines)


def knockouts(room):
    """Read the knockouts of a stage or a milestone."""
    path = room.folder / "knockouts.py"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = text.split("\n")
    read = []
    for node in ast.parse(text).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        facts = _facts(node, path)
        first = node.body[0].lineno
        read.append(
            Knockout(
                name=node.name,
                of=facts["of"],
                killed_by=facts["killed_by"],
                says=facts["says"],
                file=room.exercise(facts["of"]).file,
                text="\n".join(lines[first - 1 : node.end_lineno]),
            )
        )
    return read


def _facts(node, path):
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "knockout":
            facts = {k.arg: ast.literal_eval(k.value) for k in decorator.keywords}
            if facts.keys() == {"of", "killed_by", "says"}:
                return facts
    raise CourseError(f"{path}: {node.name} needs @knockout(of=..., killed_by=..., says=...)")
