"""Sets this workspace up, if need be, and runs the course's checker: python learn.py VERB ..."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).absolute().parent
VENV, WHEELS = HERE / ".venv", HERE / "wheelhouse"
AGAIN = "next: python learn.py setup"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "course.txt"  # written last: a .venv without it is half made
ENV = dict(os.environ, PYTHONUTF8="1", TINYTORCH_WORKSPACE=str(HERE))
for unwanted in ("PYTHONPATH", "PYTHONHOME", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
    ENV.pop(unwanted, None)


def main(args):
    ENV.update(arg.split("=", 1) for arg in args if arg.startswith("COURSE="))
    args = [arg for arg in args if not arg.startswith("COURSE=")] or ["check"]
    facts = dict(row.partition(": ")[::2] for row in read(HERE / ".copier-answers.yml").split("\n"))
    facts = {k: v[1:-1].replace("''", "'") if v[:1] == "'" else v for k, v in facts.items()}
    source, commit = facts.get("_src_path", ""), facts.get("_commit", "")
    if args == ["setup"] or read(STAMP) != source + "@" + commit or not PYTHON.exists():
        set_up(source, commit)
    if args == ["setup"]:
        sys.exit(print("Everything is set up.\nnext: python learn.py check"))
    become(PYTHON, "-P", "-m", "checker", *args)


def read(path):
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def become(*command):
    if os.name == "nt":
        sys.exit(subprocess.call(command, env=ENV))
    os.execvpe(command[0], command, ENV)


def run(*command, failure=None, mend=AGAIN):
    """Tell whether a command succeeds; where it has to, `failure` begins the message."""
    done = subprocess.run(command, cwd=HERE, env=ENV, stdin=-3, stdout=-1, stderr=-2)
    if done.returncode and failure:
        lines = ["no reason given", *done.stdout.decode("utf-8", "replace").split("\n")]
        lines.sort(key=lambda line: 2 * line.lower().startswith(("error", "fatal")) + bool(line))
        sys.exit(f"{failure}: {lines[-1].strip()}\n{mend}")
    return not done.returncode


def fetch(source, commit):
    """Give the folder of the course at the commit; a lost source is looked for beside us."""
    source = source.removeprefix("git+").replace("gh:", "https://github.com/")
    if not ("://" in source or "@" in source or (os.path.isabs(source) and os.path.exists(source))):
        near = [Path(source), HERE.parent / source, *sorted(HERE.parent.iterdir())]
        found = [str(path.resolve()) for path in near if (path / "template/learn.py").exists()]
        source = (*found, source)[0]
        print("The course is taken from " + source, file=sys.stderr)
    if os.path.isdir(source) and not (commit and shutil.which("git")):
        print("The course is taken as it is now, from " + source, file=sys.stderr)
        return source
    git = shutil.which("git") or sys.exit("git is not installed.\nnext: install it, then try again")
    folder, mend = VENV / "course", AGAIN + " COURSE=/path/to/the/course"
    shutil.rmtree(folder, ignore_errors=True)
    refs = "remote.origin.fetch=+refs/course/dev/*:refs/course/dev/*"
    clone = [git, "clone", "--quiet", "--no-checkout", "-c", refs, "--", source, folder]
    run(*clone, failure="The course could not be fetched", mend=mend)
    checkout = [git, "-C", folder, "checkout", "--quiet", "--detach", commit, "--"]
    run(*checkout, failure="This workspace's version is not in " + source, mend=mend)
    return folder


def set_up(source, commit):
    """Make .venv unless it is complete, and put the course into it."""
    test = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
    names = (sys.executable, "python3.13", "python3.12", "python3.11", "python3", "py")
    able = (name for name in names if shutil.which(name) and run(name, "-Ic", test))
    need = "Python 3.11 or newer, with venv, is needed.\nnext: get it from https://www.python.org"
    python = next(able, None) or sys.exit(need + " (Debian, Ubuntu: sudo apt install python3-venv)")
    if python != sys.executable:
        become(python, __file__, *sys.argv[1:])
    if not (STAMP.exists() and PYTHON.exists()):
        print("Making .venv, once: about half a minute ...", file=sys.stderr)
        shutil.rmtree(VENV, ignore_errors=True)
        run(sys._base_executable, "-P", "-m", "venv", VENV, failure=".venv could not be made")
    print("Installing the course into .venv ...", file=sys.stderr)
    pip = [PYTHON, "-P", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    exact = "==" + commit[1:] if commit[:1] == "v" and "-" not in commit else ""
    wheels = ["--no-index", "--force-reinstall", "-f", WHEELS, "tinytorch-course" + exact]
    what = wheels if WHEELS.is_dir() else [fetch(ENV.get("COURSE") or source, commit)]
    run(*pip, *what, failure="pip could not install the course")
    subprocess.run([PYTHON, "-P", "-m", "checker.repository"], env=ENV)
    shutil.rmtree(VENV / "course", ignore_errors=True)
    STAMP.write_text(source + "@" + commit, encoding="utf-8")


sys.excepthook = lambda kind, error, _: print(f"{kind.__name__} {error}\n{AGAIN}", file=sys.stderr)
main(sys.argv[1:])
