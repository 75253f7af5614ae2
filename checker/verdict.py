"""From files, cached results and a run to the state of every stage."""

import hashlib
from dataclasses import dataclass, field

from .course import test_slug
from .inspect_files import inspect
from .runner import Suite, run
from .workspace import Journal, environment_key, suite_functions

__all__ = ["ExerciseResult", "Verdict", "judge", "survey"]

CACHE = "results.json"


@dataclass
class ExerciseResult:
    """One exercise: passed, todo (nothing written), waiting (for another), failed, or unknown."""

    name: str
    state: str
    error: dict | None = None
    test: str = ""
    waits_for: str = ""
    extra: bool = False


@dataclass
class Verdict:
    """What is to be said of one stage or milestone."""

    room: object
    state: str  # not started, in progress, passed, regressed, blocked
    exercises: list = field(default_factory=list)
    module: dict | None = None  # error of test_module
    problem: dict | None = None  # what kept the suite from being run to its end
    faults: list = field(default_factory=list)
    leftovers: dict = field(default_factory=dict)
    lines: dict = field(default_factory=dict)
    blocked_by: object = None  # the verdict of the root cause
    held: str = ""  # the course version at which it passed, where newer tests are untried
    new_tests: list = field(default_factory=list)
    fresh: bool = False  # found just now, not remembered
    passed_before: dict | None = None
    printed: tuple = ()
    digest: str = ""  # of the room's files as they were when this was found

    @property
    def green(self):
        """Tell whether gates behind this one are open."""
        return self.state == "passed"

    @property
    def done(self):
        """Count the exercises that pass."""
        return sum(e.state == "passed" and not e.extra for e in self.exercises)

    @property
    def first(self):
        """Give the exercise to speak of: the first that fails, else the first not written."""
        for wanted in (("failed",), ("todo",), ("waiting", "unknown")):
            for exercise in self.exercises:
                if exercise.state in wanted:
                    return exercise
        return None

    @property
    def sitting(self):
        """Give the number of the sitting that holds the first exercise that is not done."""
        done = {e.name for e in self.exercises if e.state == "passed"}
        for number, sitting in enumerate(self.room.sittings, 1):
            if any(e.name not in done for e in sitting.exercises):
                return number
        return len(self.room.sittings)


def judge(workspace, targets, fresh=False, newer=False):
    """Give the verdicts of these rooms and of all that they require, by number, in order.

    Runs, in one child process, what is not known from an earlier run of the same files. A stage
    that passed at another version of the course stays passed; with `newer`, the tests that have
    come since are tried on the targets, too.
    """
    ordered = _with_required(workspace.course, targets)
    journal = Journal(workspace)
    cache = {} if fresh else workspace.recall(CACHE, {})
    known, to_run, keys, digests = {}, [], {}, {}
    for room in ordered:
        digests[room.key] = workspace.digest(room.paths)
        keys[room.key] = cache_key(workspace, room)
        remembered = _remembered(room, cache, keys[room.key], journal)
        ready = all(number not in known or known[number].green for number in room.requires)
        if ready and remembered is not None and remembered.green:
            known[room.key] = remembered
            continue
        seen = inspect(workspace, room)
        trying = newer and room in targets
        verdict = _without_running(workspace, room, seen, known, remembered, journal, trying)
        if verdict is None:
            to_run.append((room, seen))
        else:
            known[room.key] = verdict
    if to_run:
        _run(workspace, to_run, known)
        for room, _ in to_run:
            if _settle(workspace, known[room.key], journal):
                cache[room.key] = [keys[room.key], _pack(known[room.key])]
        workspace.remember(CACHE, cache)
    _name_root_causes(ordered, known)
    for room in ordered:
        known[room.key].digest = digests[room.key]
        _hold(known[room.key])
    return {key: known[key] for key in sorted(known)}


def _with_required(course, targets):
    """List rooms and all that they require, in order, each once."""
    rooms = {room.key: room for target in targets for room in [*course.closure(target), target]}
    return [rooms[key] for key in sorted(rooms)]


def _settle(workspace, verdict, journal):
    """Compare what a run found with the history; tell whether it may be remembered."""
    verdict.passed_before = journal.last_pass(verdict.room)
    if verdict.state in ("passed", "blocked"):
        return verdict.state == "passed"
    if _holds(workspace, verdict.room, verdict.passed_before):
        verdict.state, verdict.held = "passed", verdict.passed_before["course"]
        verdict.fresh = False
        return False
    if verdict.state == "in progress" and verdict.passed_before:
        verdict.state = "regressed"
    return verdict.problem is None


def survey(workspace, fresh=False):
    """Give the verdicts of all stages of the course."""
    return judge(workspace, list(workspace.course.stages.values()), fresh)


def cache_key(workspace, room):
    """Name everything that the result of a room depends on."""
    course = workspace.course
    stages = [*course.closure(room)] + [room]
    total = hashlib.sha256(environment_key().encode())
    for one in stages:
        for path in (one.suite, getattr(one, "extras", None), one.folder / "stage.toml"):
            if path is not None and path.exists():
                total.update(path.read_bytes())
        total.update(workspace.digest(one.paths).encode())
    total.update(workspace.digest(workspace.unowned()).encode())
    return total.hexdigest()[:20]


def _remembered(room, cache, key, journal):
    """Give the verdict of an earlier run of the same files, or None."""
    stored = cache.get(room.key)
    if not stored or stored[0] != key:
        return None
    verdict = _unpack(room, stored[1])
    verdict.passed_before = journal.last_pass(room)
    if verdict.state in ("in progress", "regressed"):
        verdict.state = "regressed" if verdict.passed_before else "in progress"
    return verdict


def _without_running(workspace, room, seen, known, remembered, journal, trying):
    """Give the verdict where files or memory decide it, else None."""
    names = [e.name for e in room.exercises]
    entry = journal.last_pass(room)
    common = {"faults": seen.faults, "leftovers": seen.leftovers, "lines": seen.lines}
    common["passed_before"] = entry
    required = [known.get(number) for number in room.requires]
    if any(v is not None and not v.green for v in required):
        exercises = [_unrun(name, seen) for name in names]
        return Verdict(room, "blocked", exercises, **common)
    if _holds(workspace, room, entry) and not trying:
        exercises = [ExerciseResult(name, "passed") for name in names]
        return Verdict(room, "passed", exercises, held=entry["course"], **common)
    if seen.faults:
        exercises = [_unrun(name, seen) for name in names]
        state = "regressed" if entry else "in progress"
        return Verdict(room, state, exercises, fresh=True, **common)
    if remembered is not None:
        remembered.lines, remembered.leftovers = seen.lines, seen.leftovers
        return remembered
    if seen.pristine and None not in required:
        exercises = [ExerciseResult(name, "todo") for name in names]
        return Verdict(room, "regressed" if entry else "not started", exercises, **common)
    return None


def _holds(workspace, room, entry):
    """Tell whether a pass at another course version still counts: the files are as they were."""
    from . import __version__

    return bool(
        entry
        and entry.get("course") != __version__
        and entry.get("digest") == workspace.digest(room.paths)
    )


def _unrun(name, seen):
    return ExerciseResult(name, "todo" if name in seen.stubs else "unknown")


def _run(workspace, to_run, known):
    """Run rooms in child processes until each has its verdict.

    One process runs them all. Where it ends in one of them, that one is to blame, what depends on
    it is blocked, and the others are run again without it.
    """
    remaining = list(to_run)
    while remaining:
        suites = [_suite(room, seen) for room, seen in remaining]
        extra_path = [workspace.path(r.paths[0]).parent for r, _ in remaining if not r.is_stage]
        passed = [key for key, verdict in known.items() if verdict.green]
        result = run(workspace, suites, passed, extra_path)
        culprit = result.culprit or (None if result.finished else remaining[0][0].key)
        rest = []
        for (room, seen), suite in zip(remaining, suites, strict=True):
            required = [known.get(number) for number in room.requires]
            if any(v is not None and not v.green for v in required):
                exercises = [_unrun(e.name, seen) for e in room.exercises]
                known[room.key] = Verdict(room, "blocked", exercises, lines=seen.lines)
            elif room.key == culprit or result.completed(room.key):
                known[room.key] = _from_events(room, seen, suite, result)
            else:
                rest.append((room, seen))
        if len(rest) == len(remaining):
            room, seen = rest.pop(0)
            known[room.key] = _from_events(room, seen, suites[0], result)
        remaining = rest


def _suite(room, seen):
    """Say what the child is to run for a room: its suite, and tests of given code that changed."""
    tried = {test_slug(name) for name in seen.tried}
    extras = suite_functions(room.extras) if room.is_stage and tried else []
    if not seen.given_changed:
        extras = [n for n in extras if any(n.startswith(f"test_extra_{c}_") for c in tried)]
    return suite_of(room, extras)


def suite_of(room, extras=()):
    """Say what the child is to run for a room, with these tests of given code besides."""
    modules = [path[:-3].replace("/", ".") for path in room.paths] if room.is_stage else ["mine"]
    return Suite(
        number=room.key,
        requires=list(room.requires),
        modules=modules,
        suites=[room.suite] + ([room.extras] if extras else []),
        expected=[*suite_functions(room.suite), *extras],
    )


def _from_events(room, seen, suite, result):
    outcomes, errors, printed = {}, {}, {}
    for event in result.of("result"):
        if event.get("stage") == suite.number:
            name = event["id"].rpartition("::")[2].partition("[")[0]
            if event["outcome"] != "passed" or name not in outcomes:
                outcomes[name] = event["outcome"]
            if "error" in event:
                errors.setdefault(name, event["error"])
                if event.get("printed"):
                    printed[name] = (event["printed"], event["lines"])
    verdict = Verdict(room, "in progress", leftovers=seen.leftovers, lines=seen.lines, fresh=True)
    owners = _owners(room, seen, suite.expected)
    names = [e.name for e in room.exercises]
    for name in [*names, *sorted(seen.tried)]:
        tests = [t for t in suite.expected if owners.get(t) == name]
        one = _exercise(name, tests, outcomes, errors, seen, name not in names)
        if name in names or (tests and (name in seen.changed or one.state == "failed")):
            verdict.exercises.append(one)
    verdict.module = errors.get("test_module")
    first = verdict.first
    if first is not None and first.test in printed:
        verdict.printed = printed[first.test]
    verdict.problem = _problem(suite, result)
    everything = all(outcomes.get(name) == "passed" for name in suite.expected)
    if everything and suite.expected and verdict.problem is None:
        verdict.state = "passed"
    elif seen.untouched and verdict.problem is None and not verdict.done:
        verdict.state = "not started"
    return verdict


def _owners(room, seen, tests):
    """Map each test to the exercise, or changed given name, whose name its own begins with."""
    slugs = {f"test_unit_{test_slug(e.name)}": e.name for e in room.exercises}
    slugs |= {f"test_extra_{test_slug(name)}": name for name in seen.tried}
    owners = {}
    for test in tests:
        fitting = [slug for slug in slugs if test == slug or test.startswith(slug + "_")]
        if fitting:
            owners[test] = slugs[max(fitting, key=len)]
    return owners


def _exercise(name, tests, outcomes, errors, seen, extra):
    failing = [test for test in tests if outcomes.get(test) != "passed"]
    if tests and not failing:
        return ExerciseResult(name, "passed", extra=extra)
    if name in seen.stubs:
        return ExerciseResult(name, "todo", extra=extra)
    told = [test for test in failing if test in errors]
    waiting = [(test, stub_of(errors[test], name, seen)) for test in told]
    real = [test for test, other in waiting if not other]
    if real:
        return ExerciseResult(name, "failed", errors[real[0]], real[0], extra=extra)
    if waiting:
        test, other = waiting[0]
        return ExerciseResult(name, "waiting", errors[test], test, other, extra=extra)
    return ExerciseResult(name, "unknown", extra=extra)


def stub_of(error, name, seen):
    """Name the other exercise whose stub this error comes from, or give an empty string."""
    if error.get("type") != "NotImplementedError":
        return ""
    other = error["message"].partition(": ")[2]
    return other if other != name and other in seen.stubs else ""


def _problem(suite, result):
    """Give what kept this suite from being run to its end, as facts for a message, or None."""
    stage = suite.number
    for event in result.of("stranger"):
        return {"kind": "stranger", "file": event["file"]}
    for event in result.of("import", stage=stage):
        return {"kind": "import", "module": event["module"], "error": event["error"]}
    for event in result.of("patched", stage=stage):
        return {"kind": "patched", "names": event["names"]}
    for event in result.of("collect"):
        mine = any(str(path).replace("\\", "/").endswith(event["id"]) for path in suite.suites)
        if mine and "error" in event:
            return {"kind": "collect", "error": event["error"]}
    if result.completed(stage) or result.finished:
        return None
    during = _during(result, stage)
    for event in result.of("stopped"):
        return {"kind": "stopped", "error": event["error"], "during": during}
    if result.timed_out:
        return {"kind": "time", "frames": result.watchdog, "during": during}
    ended = [event["code"] for event in result.of("ended")]
    code = f"pytest's {ended[0]}" if ended else result.code
    return {"kind": "crash", "code": code, "during": during, "output": result.output}


def _during(result, stage):
    for event in reversed(result.of("start", "importing", stage=stage)):
        if event["event"] == "start":
            return event["id"].rpartition("::")[2]
        return f"import of {event['module']}"
    return "the start"


def _name_root_causes(ordered, known):
    for room in ordered:
        verdict = known[room.key]
        if verdict.state != "blocked":
            continue
        for number in sorted(room.requires):
            cause = known.get(number)
            if cause is not None and not cause.green:
                verdict.blocked_by = cause.blocked_by or cause
                break


def _hold(verdict):
    """List the tests that are newer than the pass that holds."""
    if verdict.held:
        known = set(verdict.passed_before.get("tests", ()))
        verdict.new_tests = [n for n in suite_functions(verdict.room.suite) if n not in known]


def _pack(verdict):
    return {
        "state": verdict.state,
        "exercises": [vars(e) for e in verdict.exercises],
        "module": verdict.module,
        "printed": list(verdict.printed),
        "lines": verdict.lines,
    }


def _unpack(room, facts):
    exercises = [ExerciseResult(**e) for e in facts["exercises"]]
    return Verdict(
        room,
        facts["state"],
        exercises,
        module=facts["module"],
        printed=tuple(facts["printed"]),
        lines=facts.get("lines", {}),
    )
