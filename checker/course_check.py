"""Prove the course: `python -m checker.course_check [--stage 05 | --milestone 2] [--knockouts]`.

Skeletons are red for the right reason, solutions green at every prefix, every knockout is killed
by the test that it names, lessons run, hints and facts are complete. Prints what it found and ends
with a closing line of counts; exit code 1 where anything is wrong.
"""

import argparse
import ast
import itertools
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from .check import run_payoff
from .cli import parse
from .course import course, test_slug
from .errors import CourseError
from .facades import public
from .generate import drift
from .knockouts import knockouts
from .runner import child_environment
from .source import function
from .verdict import judge
from .workbench import failing, last_required, run_suite, workspace_with
from .workspace import suite_functions

__all__ = ["main"]

SECTIONS = ("Together", "What it costs", "Explain it", "In PyTorch", "More")


def main(arguments):
    """Run all proofs, or those that the words choose, and print what they found."""
    parser = argparse.ArgumentParser(prog="python -m checker.course_check")
    parser.add_argument("--stage", help="prove this stage only")
    parser.add_argument("--milestone", help="prove this milestone only")
    parser.add_argument("--knockouts", action="store_true", help="run the knockouts only")
    words = parser.parse_args(arguments)
    facts = course()
    rooms = [*facts.stages.values(), *facts.milestones.values()]
    if words.stage:
        rooms = [facts.stage(words.stage)]
    if words.milestone:
        rooms = [facts.milestone(words.milestone)]
    proofs = [proof for room in rooms for proof in _proofs(facts, room, words.knockouts)]
    if not (words.stage or words.milestone or words.knockouts):
        proofs = [("generated files", lambda: drift_problems(facts)), *proofs]
    failed = 0
    with ThreadPoolExecutor(2) as pool:
        for (name, _), problems in zip(proofs, pool.map(_carefully, proofs), strict=True):
            print(f"{'ok    ' if not problems else 'FAILED'} {name}", flush=True)
            for problem in problems:
                print(f"         {problem}")
            failed += bool(problems)
    print(f"{len(proofs) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _carefully(proof):
    try:
        return list(proof[1]())
    except CourseError as error:
        return [error.message]


def _proofs(facts, room, knockouts_only):
    """List (name, function giving problems) for one stage or milestone."""
    proofs = []
    if not knockouts_only:
        proofs = [
            (f"{room.label}: facts and hints", lambda: fact_problems(facts, room)),
            (f"{room.label}: suite in order", lambda: suite_problems(facts, room)),
            (
                f"{room.label}: skeleton red for the right reason",
                lambda: skeleton_problems(facts, room),
            ),
            (f"{room.label}: solution green", lambda: solution_problems(facts, room)),
        ]
        if room.is_stage:
            proofs += [
                (f"{room.label}: imports", lambda: import_problems(facts, room)),
                (f"{room.label}: sitting by sitting", lambda: sitting_problems(facts, room)),
                (f"{room.label}: tests of given code", lambda: given_problems(facts, room)),
                (f"{room.label}: lesson", lambda: lesson_problems(facts, room)),
                (f"{room.label}: payoffs", lambda: payoff_problems(facts, room)),
            ]
        if room.is_stage and _with_gradients(facts, room):
            proofs += [
                (f"{room.label}: rules for every input", lambda: rule_problems(facts, room)),
                (
                    f"{room.label}: gradients reach every parameter",
                    lambda: parameter_problems(facts, room),
                ),
            ]
        proofs.append(
            (f"{room.label}: every exercise has a knockout", lambda: coverage_problems(room))
        )
    for knockout in knockouts(room):
        name = f"{room.label}: knockout {knockout.name} of {knockout.of}"
        proofs.append((name, lambda knockout=knockout: knockout_problems(facts, room, knockout)))
    return proofs


def drift_problems(facts):
    """Generated files that are not what they should be."""
    return [f"{path} is stale: make skeletons" for path in drift(facts)]


def fact_problems(facts, room):
    """Names that do not exist, hints that are missing, minutes that do not fit the hours."""
    for exercise in room.exercises:
        found = function(facts.solution(room, exercise.file).read_text("utf-8"), exercise.name)
        if found is None:
            yield f"exercise {exercise.name} is not in {exercise.file}"
        elif ">>>" not in (ast.get_docstring(found.node) or ""):
            yield f"exercise {exercise.name} has no worked example in its docstring"
        if len(exercise.hints) != 3 or not all(hint.strip() for hint in exercise.hints):
            yield f"exercise {exercise.name} needs three hints"
    if not room.is_stage:
        return
    for given in room.given:
        text = (facts.reference / given.file).read_text("utf-8")
        if function(text, given.name) is None and f"class {given.name}" not in text:
            yield f"given {given.name} is not in {given.file}"
        if given.kind not in ("twin", "plumbing", "read"):
            yield f"given {given.name}: {given.kind!r} is not twin, plumbing or read"
        if given.kind == "read" and not given.question.strip():
            yield f"given {given.name} is to be read, but there is no question"
    minutes = sum(sitting.minutes for sitting in room.sittings)
    if not 60 * room.hours[0] <= minutes <= 60 * room.hours[1]:
        yield f"{minutes} minutes of sittings are not {room.hours[0]}-{room.hours[1]} hours"
    every = {name for file in room.files for name in public(facts, file)}
    for facade, names in room.facades.items():
        for name in set(names) - every:
            yield f"{facade} hands on {name}, which no __all__ of the stage holds"


def suite_problems(facts, room):
    """Tests without an exercise, exercises without tests, an example that is not first."""
    tests = suite_functions(room.suite)
    if tests.count("test_module") != 1 or (tests and tests[-1] != "test_module"):
        yield "the suite needs exactly one test_module, at its end"
    owned = {}
    for test in tests[:-1]:
        owner = _owner(room, test)
        if owner is None:
            yield f"{test} belongs to no exercise"
        else:
            owned.setdefault(owner, []).append(test)
    for exercise in room.exercises:
        own = owned.get(exercise.name, [])
        if not own or not own[0].endswith("_example"):
            yield f"the first test of {exercise.name} is not its example"


def _owner(room, test):
    """Name the exercise that a test belongs to, or give None."""
    slugs = {test_slug(e.name): e.name for e in room.exercises}
    fitting = [slug for slug in slugs if test.startswith(f"test_unit_{slug}_")]
    return slugs[max(fitting, key=len)] if fitting else None


def sitting_problems(facts, room):
    """Tests that fail at the end of their sitting, because a later one is not yet written."""
    done = set()
    for number, sitting in enumerate(room.sittings[:-1], 1):
        done |= {exercise.name for exercise in sitting.exercises}
        later = [e for s in room.sittings[number:] for e in s.exercises]
        with workspace_with(facts, room, _with_stubs(facts, room, later)) as workspace:
            result, _ = run_suite(facts, workspace, room)
        if not result.finished:
            yield f"the run after sitting {number} did not finish: {result.output[-300:]}"
        for event in result.of("result"):
            name = event["id"].rpartition("::")[2].partition("[")[0]
            if event["outcome"] != "passed" and _owner(room, name) in done:
                said = event.get("error", {}).get("message", "")
                yield f"after sitting {number}, {name} is {event['outcome']}: {said[:90]}"


def given_problems(facts, room, changes=None):
    """Tests of given code that fail or belong to nothing, and twins that have none."""
    extras = suite_functions(room.extras)
    starts = {given.name: f"test_extra_{test_slug(given.name)}_" for given in room.given}
    for test in extras:
        if not test.startswith(tuple(starts.values())):
            yield f"{test} belongs to nothing that is given"
    for given in room.given:
        if given.kind == "twin" and not any(t.startswith(starts[given.name]) for t in extras):
            yield f"given {given.name}, a twin, has no test"
    if not extras:
        return
    with workspace_with(facts, room, changes) as workspace:
        result, expected = run_suite(facts, workspace, room, extras)
    ended = {}
    for event in result.of("result"):
        ended[event["id"].rpartition("::")[2].partition("[")[0]] = event
    for name in expected:
        event = ended.get(name, {"outcome": "not run"})
        if event["outcome"] != "passed":
            said = event.get("error", {}).get("message", "")
            yield f"{name} is {event['outcome']}: {said[:90]}"


def skeleton_problems(facts, room):
    """Tests that pass, or fail for another reason than a stub, when nothing is written."""
    skeleton = {p: (room.folder / p.rpartition("/")[2]).read_text("utf-8") for p in room.paths}
    with workspace_with(facts, last_required(facts, room), skeleton, room) as workspace:
        result, expected = run_suite(facts, workspace, room)
    if not result.finished:
        yield f"the run did not finish: {result.output[-300:]}"
    failed = {}
    for event in result.of("result"):
        name = event["id"].rpartition("::")[2].partition("[")[0]
        if event["outcome"] == "failed":
            failed[name] = event["error"]
    for name in expected:
        error = failed.get(name)
        if error is None:
            yield f"{name} does not fail on the skeleton"
        elif not error["message"].startswith(f"{room.label}: ") or (
            error["type"] != "NotImplementedError"
        ):
            yield f"{name} fails by {error['type']}: {error['message'][:90]}"


def solution_problems(facts, room):
    """What is not green when all stages up to this one are solved and later ones are skeletons."""
    through = room if room.is_stage else last_required(facts, room)
    with workspace_with(facts, through, room=room) as workspace:
        verdicts = judge(workspace, [room])
        for verdict in verdicts.values():
            if verdict.state != "passed":
                errors = [e.error for e in verdict.exercises if e.error]
                said = (
                    errors[0]["message"][:200] if errors else str(verdict.problem or verdict.module)
                )
                yield f"{verdict.room.label} is {verdict.state}: {said}"


def import_problems(facts, room):
    """Imports of other than NumPy, the standard library, and stages that this one may use."""
    allowed = set(room.files)
    for number in room.uses:
        allowed |= set(facts.stages[number].files)
    required = {s.number for s in facts.closure(room)} | {room.number}
    yield from (f"uses {n}, which it does not require" for n in room.uses if n not in required)
    for file in room.files:
        for node in ast.walk(ast.parse((facts.reference / file).read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                if f"{node.module}.py" not in allowed and not _lazy(facts, room, file, node):
                    yield f"{file}:{node.lineno} imports .{node.module}, which is not in uses"
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                names = (
                    [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
                )
                for name in names:
                    top = name.partition(".")[0]
                    if top != "numpy" and top not in sys.stdlib_module_names:
                        yield f"{file}:{node.lineno} imports {name}"


def _lazy(facts, room, file, node):
    """Allow the one seam: Tensor.backward calls the walk that stage 05 writes."""
    return room.number == "01" and node.module == "autograd" and node.col_offset > 0


def rule_problems(facts, room, changes=None):
    """Inputs of operations for which there is neither a rule nor a word that they are constant."""
    return _gradient_problems(facts, room, False, changes)


def parameter_problems(facts, room, changes=None):
    """Parameters that no gradient reaches from the output of the layer that owns them."""
    return _gradient_problems(facts, room, True, changes)


def _with_gradients(facts, room):
    """List the stages that a room answers for: its own, and in that of the rules all before it.

    Empty where a stage does not build on the rules.
    """
    before = facts.closure(room)
    if "autograd.py" in room.files:
        return [*before, room]
    return [room] if any("autograd.py" in stage.files for stage in before) else []


def _gradient_problems(facts, room, layers, changes):
    """Ask the modules of a stage, with the reference up to it, what is missing."""
    rooms = _with_gradients(facts, room)
    lines = {built: given for stage in rooms for built, given in stage.layers.items()}
    modules = [file.removesuffix(".py") for stage in rooms for file in stage.files]
    request = json.dumps({"modules": modules, "layers": lines if layers else None})
    with workspace_with(facts, room, changes) as workspace:
        done = _run_python(workspace, "-m", "checker.gradients", str(workspace.root), request)
    if done.returncode:
        return [f"the modules cannot be asked: {done.stderr.strip()[-300:]}"]
    return done.stdout.splitlines()


def lesson_problems(facts, room):
    """Blocks that do not run, commands and sections that are not, solutions given away."""
    path = room.folder / "README.md"
    if not path.exists():
        yield "there is no lesson"
        return
    lesson = path.read_text("utf-8")
    heads = re.findall(r"^## (.+)$", lesson, re.MULTILINE)
    yield from (f"the section {s!r} is missing" for s in SECTIONS if s not in heads)
    for command in re.findall(r"`(?:make|python learn\.py) ([^`]+)`", lesson):
        try:
            _, options = parse(command.split("      ")[0].split())
            if options["STAGE"]:
                facts.stage(options["STAGE"])
        except CourseError as error:
            if not re.search(r"[A-Z…]{2,}$|=NN", command):
                yield f"the command {command!r}: {error.message}"
    for exercise in room.exercises:
        if exercise.name not in lesson and exercise.name.rpartition(".")[2] not in lesson:
            yield f"{exercise.name} is not mentioned"
    yield from _given_away(facts, room, lesson)
    yield from _block_problems(facts, room, lesson)


def _given_away(facts, room, lesson):
    """Find bodies of exercises, two or more statements in a row, that stand in the lesson."""
    said = re.sub(r"\s+", "", lesson)
    for exercise in room.exercises:
        text = (facts.reference / exercise.file).read_text("utf-8")
        found = function(text, exercise.name)
        lines = [re.sub(r"\s+", "", x) for x in text.split("\n")[found.body - 1 : found.last]]
        lines = [line for line in lines if line]
        body = "".join(lines)
        if len(lines) > 1 and len(body) > 30 and body in said:
            yield f"the body of {exercise.name} stands in the lesson"
        for first, second in itertools.pairwise(lines):
            if len(first + second) > 50 and first + second in said:
                yield f"two lines of {exercise.name} stand in the lesson: {first[:40]}"


def _block_problems(facts, room, lesson):
    """Run the python blocks of a lesson in order, in one namespace, with the reference."""
    blocks = re.findall(r"^```python\n(.*?)^```", lesson, re.MULTILINE | re.DOTALL)
    script = "import os, sys\nsys.path.insert(0, sys.argv[1])\n"
    script += "".join(
        f"print('block {n}', file=sys.stderr)\n{block}\n" for n, block in enumerate(blocks, 1)
    )
    with workspace_with(facts, room) as workspace:
        done = _run_text(workspace, script)
        if done.returncode:
            yield f"a block does not run: {done.stderr.strip()[-400:]}"
            return
        for number, block in enumerate(blocks, 1):
            alone = _run_text(workspace, ALONE + block)
            if alone.returncode:
                yield f"block {number} does not run alone: {alone.stderr.strip()[-200:]}"
            pasted = _run_text(workspace, PASTED + repr(block))
            if "Error" in pasted.stderr or pasted.returncode:
                yield f"block {number} cannot be pasted: {pasted.stderr.strip()[-200:]}"
    printed = [line.strip() for line in done.stdout.splitlines()]
    for block in blocks:
        promises = re.findall(r"print\(.*\)\s+# (\S.*)$", block, re.MULTILINE)
        for promise in (part.strip() for said in promises for part in said.split(", then ")):
            stem = promise.split("…")[0].strip()
            if not any(
                line == promise or ("…" in promise and line.startswith(stem)) for line in printed
            ):
                yield f"the lesson promises {promise!r}, which nothing printed"


ALONE = "import sys\nsys.path.insert(0, sys.argv[1])\n"
PASTED = (
    ALONE + "from checker.script import Shell\n"
    "shell = Shell({})\n"
    "feed = lambda text: [shell.push(line) for line in [*text.split('\\n'), '']]\n"
    "feed("
)


def _run_text(workspace, text):
    path = workspace.path("lesson.py")
    path.write_text(text + (")" if text.startswith(PASTED) else ""), encoding="utf-8")
    return _run_python(workspace, "-W", "ignore", str(path), str(workspace.root))


def _run_python(workspace, *arguments):
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=workspace.root,
        env=child_environment() | {"MPLBACKEND": "Agg"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=600,
        check=False,
    )


def payoff_problems(facts, room):
    """Payoffs that are missing, fail, are too long, or need what a later sitting writes."""
    for number, sitting in enumerate(room.sittings, 1):
        script = room.folder / (sitting.payoff or "missing")
        if not script.exists():
            yield f"the payoff of {sitting.title!r} is missing"
            continue
        later = [e for s in room.sittings[number:] for e in s.exercises]
        with workspace_with(facts, room, _with_stubs(facts, room, later)) as workspace:
            lines = run_payoff(workspace, script)
        if not lines:
            yield f"{sitting.payoff} fails, or prints nothing"
        else:
            if len(lines) > 16 or max(map(len, lines)) > 77:
                yield f"{sitting.payoff} prints {len(lines)} lines of up to {max(map(len, lines))}"


def _with_stubs(facts, room, exercises):
    from .skeleton import replace_body, stub_text

    texts = {}
    for exercise in exercises:
        path = f"tinytorch/{exercise.file}"
        text = texts.get(path) or (facts.reference / exercise.file).read_text("utf-8")
        texts[path] = replace_body(text, exercise.name, stub_text(room, exercise.name))
    return texts


def coverage_problems(room):
    """Exercises without a knockout, and knockouts that name no test or say nothing."""
    found = knockouts(room)
    tests = suite_functions(room.suite)
    for exercise in room.exercises:
        if not any(k.of == exercise.name for k in found):
            yield f"{exercise.name} has no knockout"
    for knockout in found:
        if knockout.killed_by not in tests:
            yield f"{knockout.name} names {knockout.killed_by}, which does not exist"
        if not knockout.says.strip():
            yield f"{knockout.name} does not say what the mistake is"


def knockout_problems(facts, room, knockout):
    """Tell whether the test that a knockout names notices it."""
    path = next(p for p in room.paths if p.endswith(f"/{knockout.file}"))
    text = knockout.applied(facts.solution(room, knockout.file).read_text("utf-8"))
    if knockout.killed_by in failing(facts, room, path, text, knockout.killed_by):
        return
    failed = failing(facts, room, path, text)
    if knockout.killed_by not in failed:
        others = ", ".join(sorted(failed)) or "none"
        yield f"{knockout.killed_by} does not notice it; failing: {others}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
