"""Everything in the repo that is generated from something else: writing it, and finding drift."""

from .course import course
from .facades import facades
from .skeleton import skeleton

__all__ = ["drift", "generated", "write"]


def generated(course):
    """Map every generated file, as a path from the repo's root, to its text."""
    files = {f"reference/tinytorch/{path}": text for path, text in facades(course).items()}
    listed = []
    for stage in course.stages.values():
        for name in stage.files:
            text = (course.reference / name).read_text(encoding="utf-8")
            files[f"stages/{stage.slug}/{name}"] = skeleton(text, stage, name)
            listed.append(f"- {{slug: {stage.slug}, name: {name}}}")
    for milestone in course.milestones.values():
        solution = course.root / "reference" / "milestones" / f"{milestone.slug}.py"
        text = solution.read_text(encoding="utf-8")
        files[f"milestones/{milestone.slug}/mine.py"] = skeleton(text, milestone, "mine.py")
    return files


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


if __name__ == "__main__":
    for path in write(course()):
        print(f"wrote {path}")
