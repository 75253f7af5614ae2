"""Everything in the repo that is generated from something else: writing it, and finding drift."""

import sys

from .course import course
from .facades import facades
from .skeleton import skeleton

__all__ = ["drift", "generated", "workspace_files", "write"]

_LISTED = """\
# Not a question: the files that a workspace takes from the course, and where they stand there.
# Generated from the .toml files of stages and milestones by python -m checker.generate
files:
  type: yaml
  when: false
  default:"""


def generated(course):
    """Map every generated file, as a path from the repo's root, to its text."""
    files = {f"reference/tinytorch/{path}": text for path, text in facades(course).items()}
    for stage in course.stages.values():
        for name in stage.files:
            text = course.solution(stage, name).read_text(encoding="utf-8")
            files[f"stages/{stage.slug}/{name}"] = skeleton(text, stage, name)
    for milestone in course.milestones.values():
        text = course.solution(milestone, "mine.py").read_text(encoding="utf-8")
        files[f"milestones/{milestone.slug}/mine.py"] = skeleton(text, milestone, "mine.py")
    files["template-files.yml"] = _listed(course)
    return files


def workspace_files(course):
    """Map each file that a workspace takes from the course to where it stands in the repo.

    What has not been written yet (a lesson, a suite) is left out; what gives an exercise away
    (knockouts, tests of given code) and the facts in .toml files stay in the course.
    """
    files = {f"tinytorch/{name}": f"reference/tinytorch/{name}" for name in sorted(facades(course))}
    for stage in course.stages.values():
        home = f"stages/{stage.slug}"
        files |= {f"tinytorch/{name}": f"{home}/{name}" for name in stage.files}
        payoffs = sorted(p.name for p in (stage.folder / "payoffs").glob("*.*") if p.is_file())
        shown = ["README.md", stage.suite.name, *(f"payoffs/{name}" for name in payoffs)]
        files |= {f"{home}/{n}": f"{home}/{n}" for n in shown if (stage.folder / n).exists()}
    for milestone in course.milestones.values():
        home = f"milestones/{milestone.slug}"
        shown = ["README.md", milestone.suite.name, milestone.script]
        files |= {f"{home}/{n}": f"{home}/{n}" for n in shown if (milestone.folder / n).exists()}
        files[f"{home}/mine.py"] = f"{home}/mine.py"
    data = "milestones/data/README.md"
    return files | ({data: data} if (course.root / data).exists() else {})


def _listed(course):
    rows = [f"    - {{path: {p}, source: {s}}}" for p, s in workspace_files(course).items()]
    return "\n".join([_LISTED, *rows]) + "\n"


def drift(course):
    """List the generated files that are not what they should be."""
    stale = []
    for path, text in generated(course).items():
        file = course.root / path
        if not file.exists() or file.read_bytes() != text.encode():
            stale.append(path)
    return stale


def write(course):
    """Write every generated file that differs, and give their paths."""
    stale = drift(course)
    for path, text in generated(course).items():
        if path in stale:
            file = course.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
    return stale


def main(arguments):
    """Write what is stale; with --check only name it, and fail."""
    if arguments == ["--check"]:
        stale = drift(course())
        for path in stale:
            print(f"{path} is not what it is generated from; next: make skeletons")
        return 1 if stale else 0
    for path in write(course()):
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
