"""The verbs on a small course: what they say, what they change, what they leave alone."""

import json

import pytest


@pytest.fixture
def solved(workspace):
    """A workspace in which both stages have passed."""
    workspace.solve("alpha", "beta")
    assert workspace.run("check", "02").returncode == 0
    return workspace


def report(workspace, *words):
    """Give the JSON of a verb."""
    return json.loads(workspace.run(*words, "--json").stdout)


def states(workspace):
    """Give the state of each stage."""
    return [stage["state"] for stage in report(workspace, "progress")["stages"]]


# -- the five states -------------------------------------------------------------------------------


def test_nothing_written_is_not_started_and_names_the_first_exercise(workspace):
    done = workspace.run("check", "01")
    assert done.returncode == 1
    assert "not started      0 of 2 exercises" in done.stdout
    assert "Begin with double: tinytorch/alpha.py:8" in done.stdout
    assert states(workspace) == ["not started", "blocked"]


def test_a_comment_is_no_beginning(workspace):
    text = workspace.read("tinytorch/alpha.py")
    workspace.write("tinytorch/alpha.py", text + "# mine\n")
    assert states(workspace) == ["not started", "blocked"]


def test_the_way_from_not_started_to_passed_and_regressed(workspace):
    workspace.body("alpha", "double", "return x * 2")
    assert states(workspace) == ["in progress", "blocked"]
    workspace.solve("alpha")
    assert states(workspace) == ["passed", "not started"]
    workspace.solve("beta")
    assert states(workspace) == ["passed", "passed"]
    workspace.body("alpha", "double", "return x * 3")
    assert states(workspace) == ["regressed", "blocked"]
    workspace.body("alpha", "double", "return x * 2")
    assert states(workspace) == ["passed", "passed"]


def test_a_broken_earlier_stage_is_named_as_the_cause_with_its_line(solved):
    solved.body("alpha", "double", "return x * 3")
    done = solved.run("check", "02")
    assert done.returncode == 1
    assert "stage 02 beta: blocked by stage 01, which passed today at" in done.stdout
    assert "double(2) is 6, expected 4" in done.stdout
    assert "your change: tinytorch/alpha.py:14" in done.stdout
    assert "next: make check STAGE=01" in done.stdout


def test_without_history_regressed_reads_in_progress(solved):
    (solved.root / ".tinytorch" / "journal.jsonl").unlink()
    solved.body("alpha", "double", "return x * 3")
    assert states(solved)[0] == "in progress"


def test_a_damaged_memory_does_no_harm(solved):
    for name in ("journal.jsonl", "results.json", "sittings.json", "branches.json"):
        (solved.root / ".tinytorch" / name).write_bytes(b"\xff{not json\n")
    assert solved.run("check", "02").returncode == 0


def test_an_unfinished_exercise_waits_for_the_one_it_needs(workspace):
    workspace.body("alpha", "total", "return double(values[0]) * 0 + sum(values)")
    done = workspace.run("check", "01")
    assert "next to write: double" in done.stdout and done.returncode == 1
    assert "total waits for double" in done.stdout


# -- what is run, and what is remembered -----------------------------------------------------------


def test_an_unchanged_workspace_is_not_run_again(solved):
    first = len((solved.root / ".tinytorch" / "journal.jsonl").read_text().splitlines())
    assert solved.run("check", "02").returncode == 0
    again = len((solved.root / ".tinytorch" / "journal.jsonl").read_text().splitlines())
    assert again == first


def test_any_python_file_of_theirs_can_change_the_result(solved):
    text = solved.read("tinytorch/alpha.py")
    solved.write("tinytorch/alpha.py", text + "\nfrom . import mine\n")
    solved.write("tinytorch/mine.py", "")
    assert solved.run("check", "02").returncode == 0
    solved.write("tinytorch/mine.py", "raise ValueError('boom')\n")
    done = solved.run("check", "02")
    assert done.returncode == 1 and "boom" in done.stdout


def test_given_code_that_was_rewritten_is_tested(solved):
    solved.body("alpha", "half", "return x / 3")
    done = solved.run("check", "01")
    assert done.returncode == 1 and "half(4) is 1.333" in done.stdout
    solved.body("alpha", "half", "return x * 0.5")
    assert solved.run("check", "01").returncode == 0


def test_an_extra_is_a_stub_with_its_tests(solved):
    done = solved.run("reset", "01", "AT=half", "EXTRA=1")
    assert done.returncode == 0 and "Yours to write, by its docstring: half" in done.stdout
    assert 'raise NotImplementedError("stage 01: half")' in solved.read("tinytorch/alpha.py")
    done = solved.run("check", "01")
    assert done.returncode == 1 and "half" in done.stdout
    solved.body("alpha", "half", "return x / 2")
    assert solved.run("check", "01").returncode == 0


# -- hint, diff, solution, reset -------------------------------------------------------------------


def test_hints_come_in_three_levels_and_stay_at_the_last(workspace):
    said = [workspace.run("hint", "01").stdout for _ in range(4)]
    assert ["the idea of double" in said[0], "the formula of double" in said[1]] == [True, True]
    assert "the line of double" in said[2] and "the line of double" in said[3]
    assert "make diff STAGE=01 AT=double" in said[3]
    assert "the idea of total" in workspace.run("hint", "01", "AT=total").stdout


def test_a_hint_for_what_does_not_exist_lists_what_does(workspace):
    done = workspace.run("hint", "01", "AT=triple")
    assert done.returncode == 2 and "double, total" in done.stdout


def test_diff_compares_function_by_function(workspace):
    workspace.body("alpha", "double", "return x + x")
    done = workspace.run("diff", "01")
    assert "tinytorch/alpha.py:8 double" in done.stdout
    assert "-    return x + x" in done.stdout and "+    return x * 2" in done.stdout
    assert "half" not in done.stdout
    workspace.body("alpha", "double", "return  (x*2)  # the same")
    assert "same code, written differently" in workspace.run("diff", "01", "AT=double").stdout


def test_diff_since_passed(solved):
    solved.body("alpha", "double", "return x * 3")
    done = solved.run("diff", "01", "SINCE=passed")
    assert "-    return x * 3" in done.stdout and "+    return x * 2" in done.stdout


def test_solution_through_fills_all_stages_up_to_one(workspace):
    assert workspace.run("solution", "THROUGH=02").returncode == 0
    assert workspace.run("check", "02").returncode == 0
    facts = report(workspace, "check", "02")["stages"]
    assert all(e["same_as_reference"] and e["passed"] for s in facts for e in s["exercises"])


def test_resetting_one_function_leaves_the_others(solved):
    assert solved.run("reset", "01", "AT=double").returncode == 0
    text = solved.read("tinytorch/alpha.py")
    assert 'raise NotImplementedError("stage 01: double")' in text and "out = out + value" in text


def test_solution_without_a_stage_asks_which(workspace):
    done = workspace.run("solution")
    assert done.returncode == 2 and "next: make solution STAGE=01" in done.stdout


# -- branches --------------------------------------------------------------------------------------


def test_solution_branches_appear_at_the_first_check_and_git_can_show_them(workspace):
    workspace.run("check", "01")
    shown = workspace.git("diff", "solution/01-alpha", "--", "tinytorch/alpha.py")
    assert "+    raise NotImplementedError" in shown
    commits = workspace.git("log", "--format=%s|%an|%ad|%P", "--date=unix", "solution/02-beta")
    subjects = [line.split("|")[0] for line in commits.splitlines()]
    assert subjects == ["02-beta", "01-alpha", "00-skeleton"]
    assert commits.splitlines()[-1].endswith("|course|1767225600|")
    assert workspace.git("status", "--porcelain") == ""


def test_branches_have_the_same_shas_everywhere(small_course, workspace, tmp_path):
    from checker.tests.fake import FakeWorkspace

    other = FakeWorkspace(tmp_path / "other", small_course)
    first, second = workspace.run("branches").stdout, other.run("branches").stdout
    assert first == second and first.count("solution/") == 3


def test_a_branch_of_the_learners_is_never_moved(workspace):
    workspace.git("branch", "solution/01-alpha")
    workspace.git("pack-refs", "--all")
    before = workspace.git("rev-parse", "solution/01-alpha")
    done = workspace.run("branches")
    assert done.returncode == 1 and "is not the course's" in done.stdout
    assert workspace.git("rev-parse", "solution/01-alpha") == before


def test_a_branch_named_solution_is_no_riddle(workspace):
    workspace.git("branch", "solution")
    done = workspace.run("branches")
    assert done.returncode == 1 and "git branch -m solution my-solution" in done.stdout


def test_a_checked_out_solution_branch_is_not_moved(workspace):
    workspace.run("branches")
    workspace.git("switch", "-q", "--orphan", "x")
    workspace.git("switch", "-q", "-f", "main")
    workspace.git("symbolic-ref", "HEAD", "refs/heads/solution/01-alpha")
    done = workspace.run("branches")
    assert done.returncode == 1 and "git switch main" in done.stdout


# -- output ----------------------------------------------------------------------------------------


def test_the_json_of_check_has_its_schema(workspace):
    workspace.body("alpha", "double", "return x + x")
    facts = report(workspace, "check", "01")
    assert facts["schema"] == 1 and set(facts) == {"schema", "course", "stages", "milestones"}
    (stage,) = facts["stages"]
    assert set(stage) == {"stage", "name", "state", "blocked_by", "passed_at", "exercises"}
    double, total = stage["exercises"]
    assert set(double) == {"name", "passed", "digest", "same_as_reference"}
    assert double["passed"] and not double["same_as_reference"] and len(double["digest"]) == 16
    assert total == {"name": "total", "passed": False, "digest": None, "same_as_reference": False}


def test_piped_output_has_no_colour(workspace):
    assert "\x1b" not in workspace.run("check", "01").stdout


def test_an_old_console_shows_what_it_can(solved):
    done = solved.run("check", "02", PYTHONIOENCODING="cp1252", PYTHONUTF8="0")
    assert done.returncode == 0 and "passed" in done.stdout


def test_the_path_can_be_changed(workspace):
    assert "* systems" in workspace.run("path").stdout
    assert "* nlp" in workspace.run("path", "nlp").stdout
    assert "path: nlp" in workspace.read(".copier-answers.yml")
    done = workspace.run("path", "TO=scenic")
    assert done.returncode == 2 and "systems, fast, nlp" in done.stdout


def test_check_imports_nothing_that_it_does_not_need(workspace):
    import subprocess
    import sys

    workspace.body("alpha", "double", "return x + 2")
    workspace.run("check", "01")
    script = (
        "import sys, os; os.environ['COURSE_ROOT'] = sys.argv[1]\n"
        "from checker.cli import main; main(['check', '01'])\n"
        "heavy = {'git', 'copier', 'matplotlib', 'jupytext', 'yaml', 'jinja2', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(workspace.course_root)],
        cwd=workspace.root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_a_lesson_becomes_cells():
    from checker.course import course
    from checker.notebook import lesson_as_script

    stage = course().stage("01")
    text = "# Title\n\nWords.\n\n```python\nx = 1\n```\n\n`make check STAGE=01`\n"
    script = lesson_as_script(text, stage)
    assert script.count("# %%") == 5
    assert "\nx = 1\n" in script and "# # Title" in script and "learn.py check 01" in script
