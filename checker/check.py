"""`check`: where the learner stands in a stage, and what comes next."""

import contextlib
import json
import subprocess
import sys

from . import __version__
from .cli import say
from .course import course
from .errors import CourseError
from .messages import check_message, notes_message
from .runner import child_environment, timeout_scale
from .source import function, is_stub, meaning
from .verdict import judge, survey
from .workspace import Journal, Workspace, suite_functions

__all__ = ["check_verb", "current_stage", "report"]


def check_verb(options):
    """Check one stage, by default the first on the learner's path that is not green."""
    facts = course()
    if options["AGAINST"] == "reference":
        workspace = Workspace(facts.root / "reference", facts)
    else:
        workspace = Workspace.find(facts)
    fresh = options.on("FRESH")
    if options["N"]:
        from .milestone import check_exercises

        return 0 if check_exercises(workspace, facts.milestone(options["N"])).green else 1
    stage = facts.stage(options["STAGE"]) if options["STAGE"] else current_stage(workspace, fresh)
    verdicts = judge(workspace, [stage], fresh, newer=True)
    new = remember(workspace, verdicts)
    if options.on("JSON"):
        print(json.dumps(report(workspace, verdicts), indent=2))
        return exit_code(verdicts, stage)
    results = workspace.recall("milestones.json", {})
    opened = [
        m
        for m in facts.milestones.values()
        if max(m.requires) == stage.number and not results.get(m.number, {}).get("achieved")
    ]
    lines = check_message(workspace, verdicts, stage.number, Journal(workspace), opened)
    if stage.number in new:
        lines[-2:-2] = payoffs(workspace, verdicts[stage.number])
    lines[-1:-1] = notes_message(notes(workspace, stage))
    say(lines)
    make_branches_once(workspace)
    return exit_code(verdicts, stage)


def make_branches_once(workspace):
    """Make the solution branches at the first check, so that git can show them from then on."""
    if workspace.path("learn.py").is_file() and not workspace.recall("branches.json", {}):
        from .solve import ensure_branches

        with contextlib.suppress(CourseError, OSError):  # solution and branches say why
            ensure_branches(workspace)


def exit_code(verdicts, stage):
    """Give 0 only where every requested test ran and passed."""
    verdict = verdicts[stage.number]
    missed = any(e.state != "passed" for e in verdict.exercises)
    return 0 if verdict.green and not missed else 1


def current_stage(workspace, fresh=False):
    """Find the first stage on the learner's path that is not green, else the last."""
    from .paths import stages_on_path

    on_path = stages_on_path(workspace)
    verdicts = survey(workspace, fresh)
    return next((s for s in on_path if not verdicts[s.number].green), on_path[-1])


def remember(workspace, verdicts):
    """Write what this run found into the journal; give the numbers whose sittings have grown."""
    journal = Journal(workspace)
    before = workspace.recall("sittings.json", {})
    grown = []
    for number, verdict in verdicts.items():
        if not verdict.fresh or verdict.state == "blocked":
            continue
        journal.append(
            stage=number,
            state=verdict.state,
            digest=verdict.digest,
            exercises={e.name: e.state == "passed" for e in verdict.exercises},
            tests=suite_functions(verdict.room.suite) if verdict.green else [],
        )
        if verdict.green and verdict.digest == workspace.digest(verdict.room.paths):
            try:
                from .history import record_pass

                record_pass(workspace, verdict.room)
            except CourseError:
                pass  # without git there is no "what did I change since", and nothing else is lost
        if sittings_done(verdict) > before.get(number, 0):
            grown.append(number)
    if grown:
        done = {number: sittings_done(verdicts[number]) for number in grown}
        workspace.remember("sittings.json", before | done)
    return grown


def sittings_done(verdict):
    """Count the sittings, from the first, all of whose exercises pass."""
    passed = {e.name for e in verdict.exercises if e.state == "passed"}
    done = 0
    for sitting in verdict.room.sittings:
        if not all(e.name in passed for e in sitting.exercises):
            break
        done += 1
    return done


def payoffs(workspace, verdict):
    """Run the payoff of a sitting that has just been finished, and give what it shows."""
    done = sittings_done(verdict)
    sitting = verdict.room.sittings[done - 1]
    if not sitting.payoff:
        return []
    script = verdict.room.folder / sitting.payoff
    shown = run_payoff(workspace, script)
    many = len(verdict.room.sittings)
    title = f"  sitting {done} of {many} done: {sitting.title}"
    if shown is None:
        return [
            "",
            title,
            f"  (its payoff did not run through: python learn.py run {_home(verdict, sitting)})",
        ]
    good = [] if verdict.green else ["", "  A good place to stop."]
    return ["", title, "", *("  " + line for line in shown[:16]), *good]


def _home(verdict, sitting):
    return f"stages/{verdict.room.slug}/{sitting.payoff}"


def run_payoff(workspace, script):
    """Run a payoff with the learner's code; give its lines, or None where it failed."""
    environment = child_environment()
    environment["TINYTORCH_PICTURES"] = str(workspace.path("pictures"))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "checker.script", str(script), str(workspace.root)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            cwd=workspace.root,
            env=environment,
            timeout=30 * timeout_scale(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.rstrip().splitlines() if done.returncode == 0 else None


def notes(workspace, asked):
    """Find what a learner should know about their folder: (sentence, command that mends it)."""
    found = []
    shadows = ["numpy", "random", "math", "typing", "pytest", "copy", "types", "json", "inspect"]
    for name in shadows:
        for path in (f"{name}.py", f"{name}/__init__.py"):
            if workspace.path(path).is_file():
                says = f"{path} hides the module {name} from your own scripts; check passes it by"
                found.append((says, f"git mv {path} my_{path}"))
    if workspace.path("conftest.py").is_file() and workspace.path("learn.py").is_file():
        found.append(("conftest.py is yours; check does not load it", ""))
    if workspace.path("learn.py").is_file() and not workspace.path(asked.lesson).is_file():
        found.append((f"{asked.lesson} is missing", f"make reset {asked.asked} TESTS=1"))
    for stage in workspace.course.stages.values():
        copy = workspace.path(f"stages/{stage.slug}/{stage.suite.name}")
        if copy.is_file() and _text(copy) != _text(stage.suite):
            path = copy.relative_to(workspace.root).as_posix()
            says = f"{path} is not the course's; check runs the course's own"
            found.append((says, f"make reset STAGE={stage.number} TESTS=1"))
    return found[:3]


def _text(path):
    return path.read_bytes().replace(b"\r\n", b"\n")


def report(workspace, verdicts):
    """Give the verdicts in the frozen JSON schema 1."""
    return {
        "schema": 1,
        "course": __version__,
        "stages": [_stage_report(workspace, v) for v in verdicts.values() if v.room.is_stage],
        "milestones": milestone_reports(workspace),
    }


def _stage_report(workspace, verdict):
    return {
        "stage": verdict.room.number,
        "name": verdict.room.module,
        "state": verdict.state,
        "blocked_by": verdict.blocked_by.room.number if verdict.blocked_by else None,
        "passed_at": verdict.held or (__version__ if verdict.green else None),
        "exercises": [
            {
                "name": e.name,
                "passed": e.state == "passed",
                **code_facts(workspace, verdict.room, e.name),
            }
            for e in verdict.exercises
            if not e.extra
        ],
    }


def code_facts(workspace, room, name):
    """Give the digest of an exercise's code and whether it is the reference's."""
    file = room.exercise(name).file
    path = next(p for p in room.paths if p.endswith(f"/{file}"))
    try:
        mine = function(workspace.read(path), name)
    except (CourseError, SyntaxError, ValueError):
        mine = None
    if mine is None or is_stub(mine):
        return {"digest": None, "same_as_reference": False}
    source = workspace.course.solution(room, path)
    theirs = function(source.read_text(encoding="utf-8"), name)
    digest = meaning(mine)
    return {"digest": digest, "same_as_reference": digest == meaning(theirs)}


def milestone_reports(workspace):
    """Give what each milestone measured when it last ran."""
    results = workspace.recall("milestones.json", {})
    return [
        {
            "milestone": number,
            "name": milestone.title,
            "achieved": bool(results.get(number, {}).get("achieved")),
            "values": results.get(number, {}).get("values", {}),
        }
        for number, milestone in workspace.course.milestones.items()
    ]
