"""The facts of the course, read from the .toml files of its stages and milestones."""

import functools
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from .errors import CourseError, Usage
from .source import functions

__all__ = ["Course", "Exercise", "Given", "Milestone", "Sitting", "Stage", "course", "test_slug"]


@dataclass(frozen=True)
class Exercise:
    """One name that the learner writes: where, after which hints, for how many points."""

    name: str
    file: str
    hints: tuple[str, ...]
    points: int


@dataclass(frozen=True)
class Given:
    """A name that stands complete in the skeleton, and why (twin, plumbing or read)."""

    name: str
    file: str
    kind: str
    question: str


@dataclass(frozen=True)
class Sitting:
    """An evening's work: some exercises, and what running the result shows."""

    title: str
    minutes: int
    payoff: str | None
    exercises: tuple[Exercise, ...]
    after_run: str | None = None  # of a milestone: not needed for its run, but for this command


@dataclass(frozen=True)
class Room:
    """What stages and milestones share: a folder, exercises, and the learner's files."""

    number: str
    slug: str
    folder: Path
    title: str
    requires: tuple[str, ...]
    sittings: tuple[Sitting, ...]

    is_stage = False

    @property
    def key(self):
        """Name the room in tables of results: 01, or m01 for a milestone."""
        return self.number

    @property
    def exercises(self):
        """All exercises, in the order in which they are written."""
        return tuple(e for sitting in self.sittings for e in sitting.exercises)

    @property
    def names(self):
        """Map every function of the room's files, exercises first, to the path of its file."""
        paths = {path.rpartition("/")[2]: path for path in self.paths}
        found = {e.name: paths[e.file] for e in self.exercises if e.file in paths}
        for path in self.paths:
            skeleton = self.folder / path.rpartition("/")[2]
            if skeleton.exists():
                text = skeleton.read_text(encoding="utf-8")
                found = found | {n: path for n in functions(text) if n not in found}
        return found

    def find(self, asked):
        """Give the one function of the room that is meant: (name, path of its file).

        A whole name comes first, then the last part of one: of an exercise's, else of any. A
        Usage error lists several that fit, or, where none does, the exercises.
        """
        names, exercises = self.names, [e.name for e in self.exercises]
        if asked in names:
            return asked, names[asked]
        fitting = [n for n in names if n.rpartition(".")[2] == asked]
        fitting = [n for n in fitting if n in exercises] or fitting
        if len(fitting) > 1:
            raise Usage(
                f"{asked!r} can be {', '.join(fitting[:-1])} or {fitting[-1]}; which?",
                f"AT={fitting[0]}, for example",
            )
        if not fitting:
            import difflib

            near = difflib.get_close_matches(asked, names, n=1, cutoff=0.75)
            meant = f" (did you mean {near[0]}?)" if near else ""
            raise Usage(
                f"{self.label} has no exercise {asked!r}{meant}; it has " + ", ".join(exercises)
            )
        return fitting[0], names[fitting[0]]

    def exercise(self, asked):
        """Find an exercise by its name, or by the last part of it; else a Usage error."""
        exact = {e.name: e for e in self.exercises}
        if asked in exact:
            return exact[asked]
        name, _ = self.find(asked)
        if name not in exact:
            raise Usage(f"{name} is given code of {self.label}, not an exercise")
        return exact[name]


@dataclass(frozen=True)
class Stage(Room):
    """One of the twenty stages."""

    module: str
    phase: str
    hours: tuple[int, int]
    difficulty: int
    optional: tuple[str, ...]
    uses: tuple[str, ...]
    files: tuple[str, ...]
    builds: str
    matters: str
    explain: str
    facades: dict
    layers: dict  # what builds a layer, and what goes in: for the proof that gradients reach it
    given: tuple[Given, ...]

    is_stage = True

    @property
    def label(self):
        """Name the stage in messages."""
        return f"stage {self.number}"

    @property
    def asked(self):
        """Give the word that names the stage in a command."""
        return f"STAGE={self.number}"

    @property
    def suite(self):
        """Path of the test file."""
        return self.folder / f"test_{self.module}.py"

    @property
    def extras(self):
        """Path of the tests of given code, which need not exist."""
        return self.folder / f"extra_{self.module}.py"

    @property
    def lesson(self):
        """Path of the lesson in a workspace."""
        return f"stages/{self.slug}/README.md"

    @property
    def branch(self):
        """Name of the branch that holds the solution up to here."""
        return f"solution/{self.slug.replace('_', '-')}"

    @property
    def paths(self):
        """The learner's files, relative to the workspace."""
        return tuple(f"tinytorch/{name}" for name in self.files)


@dataclass(frozen=True)
class Milestone(Room):
    """One of the six milestones."""

    year: int
    goal: str
    minutes: int
    script: str
    threads: int | None  # of NumPy's library for products; None: as many as there are cores

    @property
    def key(self):
        """Name the milestone in tables of results."""
        return f"m{self.number}"

    @property
    def asked(self):
        """Give the word that names the milestone in a command."""
        return f"N={int(self.number)}"

    @property
    def label(self):
        """Name the milestone in messages."""
        return f"milestone {int(self.number)}"

    @property
    def paths(self):
        """The learner's files, relative to the workspace."""
        return (f"milestones/{self.slug}/mine.py",)

    @property
    def suite(self):
        """Path of the test file."""
        return self.folder / "test_mine.py"

    @property
    def lesson(self):
        """Path of the story in a workspace."""
        return f"milestones/{self.slug}/README.md"


class Course:
    """All stages and milestones below one root folder."""

    def __init__(self, root):
        self.root = Path(root)
        self.reference = self.root / "reference" / "tinytorch"
        self.stages = {s.number: s for s in map(_stage, _folders(self.root / "stages"))}
        self.milestones = {m.number: m for m in map(_milestone, _folders(self.root / "milestones"))}

    def stage(self, asked):
        """Find a stage by 9, 09 or its name; a Usage error suggests the nearest name."""
        text = str(asked).strip().lower()
        for stage in self.stages.values():
            if text in (stage.number, stage.number.lstrip("0"), stage.module, stage.slug):
                return stage
        import difflib

        names = [s.module for s in self.stages.values()]
        near = difflib.get_close_matches(text, names, n=1, cutoff=0.5)
        last = max(self.stages)
        hint = f"did you mean {near[0]}?" if near else f"stages go from 01 to {last}"
        shown = self.stage(near[0]).number if near else min(self.stages)
        raise Usage(f"there is no stage {str(asked)!r}: {hint}", f"make check STAGE={shown}")

    def milestone(self, asked):
        """Find a milestone by 1, 01 or its slug; a Usage error says which there are."""
        text = str(asked).strip().lower()
        for milestone in self.milestones.values():
            if text in (milestone.number, milestone.number.lstrip("0"), milestone.slug):
                return milestone
        have = ", ".join(str(int(n)) for n in self.milestones)
        raise Usage(f"there is no milestone {str(asked)!r}; there is {have}", "make milestone N=1")

    def closure(self, stage):
        """All stages that `stage` requires, directly or not, in order; without itself."""
        found, todo = set(), list(stage.requires)
        while todo:
            number = todo.pop()
            if number not in found:
                found.add(number)
                todo.extend(self.stages[number].requires)
        return [self.stages[n] for n in sorted(found)]

    def solution(self, room, path):
        """Say where the reference of one of a room's files stands; `path` may be its name only."""
        if room.is_stage:
            return self.reference / path.rpartition("/")[2]
        return self.root / "reference" / "milestones" / f"{room.slug}.py"

    def room_of(self, path):
        """Find the stage or milestone that owns a learner's file."""
        for room in [*self.stages.values(), *self.milestones.values()]:
            if path in room.paths:
                return room
        return None


@functools.cache
def course(root=None):
    """Give the installed course, or that of a checkout around this package."""
    root = root or os.environ.get("COURSE_ROOT")
    if root is None:
        here = Path(__file__).resolve().parent
        root = here / "course" if (here / "course").is_dir() else here.parent
    if not (Path(root) / "stages").is_dir():
        raise CourseError(
            f"the course's files are not at {root}: the installation is not complete",
            "python learn.py setup",
        )
    return Course(root)


def test_slug(name):
    """Give an exercise's name as it stands in the names of its tests.

    >>> test_slug("Linear.__init__"), test_slug("kaiming_uniform_")
    ('linear_init', 'kaiming_uniform')
    """
    return re.sub(r"_+", "_", name.lower().replace(".", "_")).strip("_")


def _folders(parent):
    return sorted(p for p in parent.glob("[0-9][0-9]_*") if p.is_dir())


def _read(folder, name):
    path = folder / name
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise CourseError(f"{path}: {error}") from None


def _sittings(facts, default_file):
    return tuple(
        Sitting(
            title=sitting["title"],
            minutes=sitting["minutes"],
            payoff=sitting.get("payoff"),
            exercises=tuple(
                Exercise(
                    name=exercise["name"],
                    file=exercise.get("file", default_file),
                    hints=tuple(exercise["hints"]),
                    points=exercise.get("points", 1),
                )
                for exercise in sitting["exercise"]
            ),
            after_run=sitting.get("after_run"),
        )
        for sitting in facts.get("sitting", [])
    )


def _stage(folder):
    facts = _read(folder, "stage.toml")
    module = facts.get("module", folder.name[3:])
    main = f"{module}.py"
    return Stage(
        number=folder.name[:2],
        slug=folder.name,
        folder=folder,
        title=facts["title"],
        requires=tuple(facts["requires"]),
        sittings=_sittings(facts, main),
        module=module,
        phase=facts["phase"],
        hours=tuple(facts["hours"]),
        difficulty=facts["difficulty"],
        optional=tuple(facts.get("optional", ())),
        uses=tuple(facts["uses"]),
        files=tuple(facts.get("files", [main])),
        builds=facts["builds"],
        matters=facts["matters"],
        explain=facts["explain"],
        facades=facts.get("facades", {}),
        layers=facts.get("layers", {}),
        given=tuple(
            Given(name, given.get("file", main), given["kind"], given.get("question", ""))
            for given in facts.get("given", [])
            for name in given["names"]
        ),
    )


def _milestone(folder):
    facts = _read(folder, "milestone.toml")
    return Milestone(
        number=folder.name[:2],
        slug=folder.name,
        folder=folder,
        title=facts["title"],
        requires=tuple(facts["requires"]),
        sittings=_sittings(facts, "mine.py"),
        year=facts["year"],
        goal=facts["goal"],
        minutes=facts["minutes"],
        script=facts["script"],
        threads=facts.get("threads"),
    )
