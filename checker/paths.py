"""Learning paths: which stages a learner has chosen, and how many hours they take."""

import re
import tomllib

from .errors import Usage
from .history import change_files

__all__ = ["choose", "hours", "path_facts", "stages_on_path"]


def path_facts(course):
    """Read the paths and the factors of experience from stages/paths.toml."""
    facts = tomllib.loads((course.root / "stages" / "paths.toml").read_text(encoding="utf-8"))
    experience = facts.pop("experience")
    return facts, experience


def chosen(workspace):
    """Give the names of the learner's path and experience; the defaults where none is recorded."""
    paths, experience = path_facts(workspace.course)
    answers = workspace.answers() if workspace.path(".copier-answers.yml").is_file() else {}
    path, known = answers.get("path"), answers.get("experience")
    return path if path in paths else "systems", known if known in experience else "intermediate"


def stages_on_path(workspace):
    """List the stages of the learner's path, in order."""
    paths, _ = path_facts(workspace.course)
    spans = [span.split("-") for span in paths[chosen(workspace)[0]]["stages"]]
    every = workspace.course.stages.values()
    return [s for s in every if any(a <= s.number <= b for a, b in spans)]


def hours(workspace, stages):
    """Give the least and the most hours that these stages take a learner of this experience."""
    _, experience = path_facts(workspace.course)
    factor = experience[chosen(workspace)[1]]
    return tuple(round(factor * sum(s.hours[i] for s in stages)) for i in (0, 1))


def choose(workspace, **answers):
    """Change the recorded path or experience; Usage error for a name that does not exist."""
    paths, experience = path_facts(workspace.course)
    text = workspace.read(".copier-answers.yml")
    for key, value in answers.items():
        allowed = paths if key == "path" else experience
        if value not in allowed:
            raise Usage(
                f"there is no {key} {value!r}; there is {', '.join(allowed)}",
                f"make path {'TO' if key == 'path' else 'EXPERIENCE'}={next(iter(allowed))}",
            )
        if re.search(rf"^{key}:", text, re.MULTILINE):
            text = re.sub(rf"^{key}:.*$", f"{key}: {value}", text, flags=re.MULTILINE)
        else:
            text = text.rstrip("\n") + f"\n{key}: {value}\n"
    change_files(workspace, "path", {".copier-answers.yml": text.encode()})
