"""Whatever a learner's files do, there is one clear sentence, a command, and no lost line."""

import os
import shutil
import subprocess
import time

import pytest

from checker.tests.fake import FakeWorkspace


def after(workspace, *says, code=1, stage="01"):
    """Check a stage, and require an exit code, pieces of text, a next line, and no traceback."""
    before = {p: p.read_bytes() for p in (workspace.root / "tinytorch").rglob("*.py")}
    done = workspace.run("check", stage)
    assert done.returncode == code, done.stdout
    flat = " ".join(done.stdout.split())
    for text in says:
        assert text in flat, done.stdout
    assert "Traceback" not in done.stdout
    assert "next: " in done.stdout.strip().splitlines()[-1], done.stdout
    lines = done.stdout.rstrip().split("\n")
    assert len(lines) <= 14 and max(map(len, lines)) <= 80, done.stdout
    assert before == {p: p.read_bytes() for p in before}
    return done.stdout


def test_a_syntax_error_is_named_with_its_line(workspace):
    workspace.body("alpha", "double", "return x *")
    after(workspace, "tinytorch/alpha.py:14", "invalid syntax", "return x *")


def test_wrong_indentation_is_named(workspace):
    workspace.body("alpha", "double", "y = x\n   return y")
    after(workspace, "tinytorch/alpha.py:15", "indent")


def test_a_conflict_of_an_update_is_named_as_such(workspace):
    workspace.body("alpha", "double", "<<<<<<< before updating\nreturn 1\n=======\nreturn 2")
    after(workspace, "two versions stand in the file")


def test_a_conflict_within_a_docstring_is_named_too(workspace):
    workspace.solve("alpha")
    text = workspace.read("tinytorch/alpha.py")
    marked = '"""<<<<<<< before updating\nOne.\n=======\nTwo.\n>>>>>>> after updating\n"""'
    marked = marked.replace('"""<', '"""\n<')
    workspace.write("tinytorch/alpha.py", text.replace('"""Stage 01."""', marked))
    after(workspace, "two versions stand in the file", "tinytorch/alpha.py:2")


def test_an_error_at_import_names_its_place(workspace):
    workspace.write("tinytorch/alpha.py", workspace.read("tinytorch/alpha.py") + "\n1 / 0\n")
    after(workspace, "cannot be imported: ZeroDivisionError", "tinytorch/alpha.py:")


def test_a_loop_without_end_is_ended_and_located(workspace):
    workspace.body("alpha", "double", "while True:\n    pass")
    after(workspace, "was still running after 3 s", "tinytorch/alpha.py:1", "in double")


def test_a_loop_that_swallows_everything_is_ended(workspace):
    workspace.body(
        "alpha",
        "double",
        "while True:\n    try:\n        pass\n    except BaseException:\n        pass",
    )
    after(workspace, "was still running after 3 s")


def test_a_loop_at_import_is_ended_and_located(workspace):
    workspace.write(
        "tinytorch/alpha.py", workspace.read("tinytorch/alpha.py") + "\nwhile True:\n    pass\n"
    )
    after(workspace, "import of tinytorch.alpha was still running", "<module>")


def test_sys_exit_is_no_pass(workspace):
    workspace.body("alpha", "double", "import sys\nsys.exit(0)")
    after(workspace, "SystemExit")


def test_sys_exit_at_import_is_no_pass(workspace):
    text = workspace.read("tinytorch/alpha.py")
    workspace.write("tinytorch/alpha.py", text + "\nimport sys\nsys.exit(0)\n")
    after(workspace, "ends the program (sys.exit) while it is imported")


def test_os_exit_is_no_pass(workspace):
    workspace.body("alpha", "double", "import os\nos._exit(0)")
    after(workspace, "Python itself ended (exit code 0)", "os._exit")


def test_os_exit_at_import_is_no_pass(workspace):
    text = workspace.read("tinytorch/alpha.py")
    workspace.write("tinytorch/alpha.py", text + "\nimport os\nos._exit(0)\n")
    after(workspace, "Python itself ended (exit code 0)", "import of tinytorch.alpha")


def test_keyboard_interrupt_is_no_pass(workspace):
    workspace.body("alpha", "double", "raise KeyboardInterrupt")
    after(workspace, "raises KeyboardInterrupt")


def test_recursion_without_end(workspace):
    workspace.body("alpha", "double", "return double(x)")
    after(workspace, "RecursionError", "tinytorch/alpha.py:")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="only Linux limits memory")
def test_a_hundred_gigabytes(workspace):
    workspace.body("alpha", "double", "np.ones(100 * 2**30 // 8)\nreturn x * 2")
    after(workspace, "Unable to allocate 100. GiB")


def test_a_million_lines(workspace):
    workspace.body("alpha", "double", "for i in range(10**6):\n    print(i)\nreturn x * 3")
    after(workspace, "it printed 1000000 lines:", "| 0", "double(2) is 6")


def test_threads_and_children_left_behind_hold_nobody_up(workspace):
    workspace.solve("alpha")
    workspace.body(
        "alpha",
        "double",
        "import subprocess, sys, threading, time\n"
        "threading.Thread(target=time.sleep, args=(50,)).start()\n"
        'subprocess.Popen([sys.executable, "-c", "import time; time.sleep(50)"])\n'
        "return x * 2",
    )
    start = time.monotonic()
    after(workspace, "passed", code=0)
    assert time.monotonic() - start < 20
    orphans = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert "import time; time.sleep(50)" not in orphans


def test_the_raise_left_above(workspace):
    raised = 'raise NotImplementedError("stage 01: double")'
    workspace.body("alpha", "double", f"{raised}\nreturn x * 2")
    after(
        workspace, "line 14 stops before your code is reached", "<- yours, 1 line", "Delete line 14"
    )


def test_the_raise_left_below(workspace):
    workspace.body("alpha", "double", 'y = x\nraise NotImplementedError("stage 01: double")')
    after(workspace, "line 15 still raises after your code", "Delete line 15")


def test_a_function_that_is_gone_can_be_put_back(workspace):
    workspace.solve("alpha")
    whole = workspace.read("tinytorch/alpha.py")
    start, stop = whole.index("def total"), whole.index("def half")
    workspace.write("tinytorch/alpha.py", whole[:start] + whole[stop:])
    after(workspace, "total is gone from the file", "make reset STAGE=01 AT=total")
    assert workspace.run("reset", "01", "AT=total").returncode == 0
    after(workspace, "next to write: total", "passed: double")


def test_given_code_that_is_gone(workspace):
    text = workspace.read("tinytorch/alpha.py")
    workspace.write("tinytorch/alpha.py", text[: text.index("def half")])
    after(workspace, "half, which the course gives, is gone")


def test_a_numpy_of_their_own_is_passed_by_and_named(workspace):
    workspace.solve("alpha")
    workspace.write("numpy.py", "raise ValueError('not NumPy')\n")
    after(workspace, "passed", "numpy.py hides the module numpy", "git mv numpy.py", code=0)


def test_edited_tests_are_not_run(workspace):
    workspace.write("stages/01_alpha/test_alpha.py", "def test_module():\n    pass\n")
    workspace.body("alpha", "double", "return 1")
    after(workspace, "expected 4", "is not the course's", "make reset STAGE=01 TESTS=1")
    assert workspace.run("reset", "01", "TESTS=1").returncode == 0
    assert "expect_equal" in workspace.read("stages/01_alpha/test_alpha.py")


def test_patched_numpy_testing_is_noticed(workspace):
    workspace.solve("alpha")
    text = workspace.read("tinytorch/alpha.py")
    patch = "\nimport numpy.testing\nnumpy.testing.assert_allclose = lambda *a, **k: None\n"
    workspace.write("tinytorch/alpha.py", text + patch)
    after(workspace, "your code replaces numpy.testing.assert_allclose")


def test_a_patched_comparison_is_noticed(workspace):
    workspace.body("alpha", "double", "return None")
    workspace.body("alpha", "total", "return None")
    text = workspace.read("tinytorch/alpha.py")
    patch = "\nimport numpy\nnumpy.allclose = lambda *a, **k: True\n"
    workspace.write("tinytorch/alpha.py", text + patch)
    after(workspace, "your code replaces numpy.allclose")


def test_a_conftest_is_not_loaded(workspace):
    workspace.body("alpha", "double", "return None")
    workspace.write("conftest.py", "def pytest_pyfunc_call(pyfuncitem):\n    return True\n")
    after(workspace, "double(2) is None, expected 4", "conftest.py is yours")


def test_skipping_is_no_pass(workspace):
    workspace.solve("alpha")
    workspace.body("alpha", "double", 'import pytest\npytest.skip("no time")')
    after(workspace, "in progress", "Skipped: no time")


def test_a_file_that_is_not_utf8(workspace):
    workspace.path("tinytorch/alpha.py").write_bytes(b"# caf\xe9\n")
    after(workspace, "is not UTF-8 text (line 1)")


def test_a_file_with_null_bytes(workspace):
    workspace.path("tinytorch/alpha.py").write_bytes(b"x = 1\0\n")
    after(workspace, "Python cannot read it")


def test_a_file_that_is_missing(workspace):
    workspace.path("tinytorch/alpha.py").unlink()
    done = workspace.run("check", "01")
    assert done.returncode == 1
    assert "tinytorch/alpha.py" in done.stdout and "make reset STAGE=01" in done.stdout
    assert workspace.run("reset", "01").returncode == 0
    after(workspace, "not started")


def test_a_same_size_edit_in_the_same_second_is_seen(workspace):
    workspace.solve("alpha")
    path = workspace.path("tinytorch/alpha.py")
    cached = path.parent / "__pycache__"
    subprocess.run(["python3", "-c", "import tinytorch.alpha"], cwd=workspace.root, check=False)
    stamp = path.stat()
    path.write_text(path.read_text().replace("return x * 2", "return x * 3"))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    after(workspace, "double(2) is 6")
    shutil.rmtree(cached, ignore_errors=True)


# -- git, and the folder ----------------------------------------------------------------------


def test_without_a_repository_checks_work_and_changes_do_not(small_course, tmp_path):
    workspace = FakeWorkspace(tmp_path / "w", small_course, git=False)
    workspace.body("alpha", "double", "return x + 2")
    after(workspace, "expected [2. 4.]")
    before = workspace.read("tinytorch/alpha.py")
    done = workspace.run("solution", "01")
    assert done.returncode == 1 and "not a git repository" in " ".join(done.stdout.split())
    assert "python learn.py setup" in done.stdout
    assert workspace.read("tinytorch/alpha.py") == before


def test_inside_another_repository_that_one_is_left_alone(small_course, tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    workspace = FakeWorkspace(tmp_path / "w", small_course, git=False)
    done = workspace.run("solution", "01")
    assert done.returncode == 1 and "not a git repository" in " ".join(done.stdout.split())
    refs = subprocess.run(["git", "for-each-ref"], cwd=tmp_path, capture_output=True, text=True)
    assert refs.stdout == ""


def test_without_git_there_is_a_sentence(workspace, tmp_path):
    done = workspace.run("solution", "01", PATH=str(tmp_path))
    assert done.returncode == 1 and "git is not installed" in done.stdout
    done = workspace.run("check", "01", PATH=str(tmp_path))
    assert "not started" in done.stdout and "Traceback" not in done.stdout


def test_without_a_git_user_backups_work(workspace, tmp_path):
    done = workspace.run("solution", "01", HOME=str(tmp_path), GIT_CONFIG_NOSYSTEM="1")
    assert done.returncode == 0, done.stdout
    after(workspace, "passed", code=0)


@pytest.mark.parametrize("situation", ["detached", "unborn", "dirty"])
def test_solution_and_undo_in_any_state_of_the_repository(small_course, tmp_path, situation):
    workspace = FakeWorkspace(tmp_path / "w", small_course, git=situation != "unborn")
    if situation == "unborn":
        workspace.git("init", "-q", "-b", "main")
    if situation == "detached":
        workspace.git("checkout", "-q", "--detach")
    workspace.body("alpha", "double", "return x + x  # mine")
    workspace.write("notes/new.md", "untracked\n")
    status = workspace.git("status", "--porcelain", "-uall")
    before = workspace.path("tinytorch/alpha.py").read_bytes()
    assert workspace.run("solution", "01").returncode == 0
    after(workspace, "passed", code=0)
    assert workspace.run("undo").returncode == 0
    assert workspace.path("tinytorch/alpha.py").read_bytes() == before
    assert workspace.git("status", "--porcelain", "-uall") == status


def test_undo_brings_back_untracked_files_and_line_ends_exactly(workspace):
    workspace.write(".gitattributes", "* text=auto eol=lf\n")
    data = b'"""Stage 02."""\r\n# mine \xc3\xa9\r\n'
    workspace.git("rm", "-q", "--cached", "tinytorch/beta.py")
    workspace.path("tinytorch/beta.py").write_bytes(data)
    workspace.run("solution", "THROUGH=02")
    assert workspace.path("tinytorch/beta.py").read_bytes() != data
    workspace.run("undo")
    assert workspace.path("tinytorch/beta.py").read_bytes() == data


def test_undo_goes_back_step_by_step_and_then_says_so(workspace):
    first = workspace.read("tinytorch/alpha.py")
    workspace.run("solution", "01")
    second = workspace.read("tinytorch/alpha.py")
    workspace.run("reset", "01", "AT=double")
    assert workspace.read("tinytorch/alpha.py") != second
    assert "reset STAGE=01 AT=double" in workspace.run("undo").stdout
    assert workspace.read("tinytorch/alpha.py") == second
    workspace.run("undo")
    assert workspace.read("tinytorch/alpha.py") == first
    done = workspace.run("undo")
    assert done.returncode == 1 and "nothing to undo" in done.stdout


def test_what_undo_replaces_is_kept_too(workspace):
    workspace.run("solution", "01")
    workspace.body("alpha", "double", "return x + x  # later work")
    workspace.run("undo")
    refs = workspace.git("for-each-ref", "refs/course/undone", "--format=%(refname)").split()
    kept = [workspace.git("show", f"{ref}:tinytorch/alpha.py") for ref in refs]
    assert any("later work" in text for text in kept)


@pytest.mark.skipif(
    os.name != "posix" or (os.geteuid() == 0 and not shutil.which("setpriv")),
    reason="root may write everywhere, unless setpriv takes that right away",
)
def test_a_read_only_folder(workspace):
    humble = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    tree = [workspace.root, *(p for p in workspace.root.rglob("*") if ".git" not in p.parts)]
    for path in tree:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        before = workspace.read("tinytorch/alpha.py")
        done = workspace.run("solution", "01", prefix=humble)
        assert done.returncode == 1, done.stdout
        assert "read-only; nothing was changed" in " ".join(done.stdout.split())
        assert "chmod" in done.stdout
        assert workspace.read("tinytorch/alpha.py") == before
        done = workspace.run("check", "01", prefix=humble)
        assert "not started" in done.stdout and "Traceback" not in done.stdout
    finally:
        for path in tree:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_outside_a_workspace(workspace, tmp_path):
    workspace.root = tmp_path
    done = workspace.run("check", "01")
    assert done.returncode == 1 and "is not inside a workspace" in " ".join(done.stdout.split())


@pytest.mark.parametrize("asked, says", [("99", "stages go from 01 to 02"), ("alfa", "mean alpha")])
def test_a_stage_that_does_not_exist(workspace, asked, says):
    done = workspace.run("check", f"STAGE={asked}")
    assert done.returncode == 2 and says in done.stdout and "next: make check" in done.stdout


def test_words_that_a_verb_does_not_take(workspace):
    done = workspace.run("check", "COLOUR=red")
    assert done.returncode == 2 and "check does not take 'COLOUR=red'" in done.stdout
