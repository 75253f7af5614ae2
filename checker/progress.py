"""`progress` and `path`: the map of stages and milestones, hours left, and what comes next."""

import json

from .check import milestone_reports, remember, report
from .cli import say
from .course import course
from .messages import COLOURS, Line
from .paths import choose, chosen, hours, path_facts, stages_on_path
from .verdict import survey
from .workspace import Workspace

__all__ = ["path_verb", "progress_verb"]


def progress_verb(options):
    """Show where the learner stands on their path."""
    workspace = Workspace.find(course())
    verdicts = survey(workspace)
    remember(workspace, verdicts)
    if options.on("JSON"):
        print(json.dumps(report(workspace, verdicts), indent=2))
        return 0
    say(progress_lines(workspace, verdicts))
    return 0


def progress_lines(workspace, verdicts):
    """Give a line for each stage and milestone, phase by phase, and what comes next."""
    facts = workspace.course
    on_path = stages_on_path(workspace)
    results = {r["milestone"]: r["achieved"] for r in milestone_reports(workspace)}
    lines, phase = [], None
    for stage in on_path:
        if stage.phase != phase:
            phase = stage.phase
            lines += [*([""] if lines else []), Line(phase, (0, len(phase), "bold"))]
        lines.append(_stage_line(verdicts[stage.number]))
        for milestone in facts.milestones.values():
            if milestone.requires and max(milestone.requires) == stage.number:
                lines.append(_milestone_line(milestone, results[milestone.number], verdicts))
    left = [s for s in on_path if not verdicts[s.number].green]
    low, high = hours(workspace, left)
    path, experience = chosen(workspace)
    paths, _ = path_facts(facts)
    done = len(on_path) - len(left)
    remaining = f"; {low}-{high} hours left" if left else ""
    lines += ["", f"{done} of {len(on_path)} stages passed{remaining}"]
    lines.append(f"path: {paths[path]['title']}; experience: {experience}")
    return [*lines, "", _next_step(facts, left, results, verdicts)]


def _next_step(facts, left, results, verdicts):
    for milestone in facts.milestones.values():
        is_open = all(verdicts[n].green for n in milestone.requires)
        if is_open and not results[milestone.number]:
            return f"next: make milestone N={int(milestone.number)}"
    if left:
        return f"next: make check STAGE={left[0].number}"
    return "next: make update                   brings in what is new in the course"


def _stage_line(verdict):
    room = verdict.room
    state = verdict.state
    if verdict.blocked_by is not None:
        state = f"blocked by {verdict.blocked_by.room.number}"
    if verdict.held:
        state += f" (at {verdict.held})"
    count = f"{verdict.done:2} of {len(room.exercises):2}" if state != "passed" else " " * 8
    bar = _bar(verdict.done, len(room.exercises))
    text = f"  {room.number}  {room.title:<14} {bar}  {count}  {state}"
    start = text.rindex(state)
    return Line(text, (start, len(text), COLOURS[verdict.state]))


def _bar(done, total, width=12):
    full = round(width * done / total) if total else 0
    return "#" * full + "." * (width - full)


def _milestone_line(milestone, achieved, verdicts):
    is_open = all(verdicts[n].green for n in milestone.requires)
    state = "achieved" if achieved else "open" if is_open else "locked"
    text = f"      milestone {int(milestone.number)}, {milestone.year} {milestone.title}: {state}"
    style = {"achieved": "green", "open": "yellow", "locked": "cyan"}[state]
    return Line(text, (len(text) - len(state), len(text), style))


def path_verb(options):
    """Show the learning paths, or change to another."""
    workspace = Workspace.find(course())
    answers = {"path": options["TO"], "experience": options["EXPERIENCE"]}
    answers = {key: value for key, value in answers.items() if value}
    if answers:
        choose(workspace, **answers)
    path, experience = chosen(workspace)
    paths, factors = path_facts(workspace.course)
    for name, facts in paths.items():
        print(f"{'*' if name == path else ' '} {name:<8} {facts['title']}")
    print()
    for name, factor in factors.items():
        print(f"{'*' if name == experience else ' '} {name:<13} hours x {factor}")
    other = next(name for name in paths if name != path)
    say(["", f"next: make path TO={other}   or   make check"])
    return 0
