"""`python -m checker.wheelhouse FOLDER`: wheels of the course and of all that it needs.

Copied into a workspace as wheelhouse/, they let learn.py set it up without a network. They are
for systems like this one: the same kind of machine, the same version of Python.
"""

import platform
import subprocess
import sys
from pathlib import Path

from .course import course
from .errors import CourseError

__all__ = ["wheelhouse"]


def wheelhouse(root, folder):
    """Fill `folder` with wheels, and give their paths; an older wheel of the course goes away."""
    for old in folder.glob("tinytorch_course-*.whl"):
        old.unlink()
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "--wheel-dir", str(folder), str(root)], check=False)
    if done.returncode:
        raise CourseError("pip could not make all wheels, see above", "make wheelhouse")
    return sorted(folder.glob("*.whl"))


def main(arguments):
    """Make the wheels and say what they are good for."""
    folder = Path(*arguments[:1] or ["wheelhouse"])
    try:
        wheels = wheelhouse(course().root, folder)
    except CourseError as error:
        print(f"{error.message}\nnext: {error.mend}", file=sys.stderr)
        return 1
    size = sum(wheel.stat().st_size for wheel in wheels) / 1e6
    kind = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    print(f"{len(wheels)} wheels, {size:.0f} MB, for {kind}, in {folder}.")
    print("next: copy the folder into a workspace as wheelhouse/")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
