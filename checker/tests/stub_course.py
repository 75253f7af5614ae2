"""A course, installed in a second, without a network: its checker says how it was called."""

import shutil

from checker.tests.conftest import REPO
from checker.tests.small_course import commit

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""

BACKEND = '''
"""Makes a wheel of checker/ with nothing but zipfile."""

import pathlib
import zipfile

NAME = "tinytorch_course-{version}"


def build_wheel(folder, config_settings=None, metadata_directory=None):
    info = NAME + ".dist-info"
    name = NAME + "-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        for path in sorted(pathlib.Path("checker").glob("*.py")):
            wheel.write(path, path.as_posix())
        wheel.writestr(
            info + "/METADATA",
            "Metadata-Version: 2.1\\nName: tinytorch-course\\nVersion: {version}\\n",
        )
        wheel.writestr(
            info + "/WHEEL",
            "Wheel-Version: 1.0\\nGenerator: stub\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        )
        wheel.writestr(info + "/RECORD", "")
    return name
'''

MAIN = """
import json, os, sys

from . import __version__

print(json.dumps({
    "version": __version__,
    "arguments": sys.argv[1:],
    "workspace": os.environ["TINYTORCH_WORKSPACE"],
    "utf8": sys.flags.utf8_mode,
    "path": sys.path,
    "tinytorch": __import__("importlib.util").util.find_spec("tinytorch") is not None,
    "lost": [name for name in ("PYTHONPATH", "GIT_DIR") if name in os.environ],
}))
sys.exit(7 if "seven" in sys.argv else 0)
"""


def stub_course(folder, version="1.0", tag="v1.0"):
    """Write the stub, or another version of it, and commit it."""
    (folder / "checker").mkdir(parents=True, exist_ok=True)
    (folder / "template").mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND.replace("{version}", version))
    (folder / "checker/__init__.py").write_text(f"__version__ = {version!r}\n")
    (folder / "checker/__main__.py").write_text(MAIN)
    shutil.copy(REPO / "checker/repository.py", folder / "checker")
    shutil.copy(REPO / "template/learn.py", folder / "template")
    commit(folder, tag)
    return folder


def stub_workspace(folder, source, commit="v1.0"):
    """Write the files of a workspace that learn.py looks at."""
    folder.mkdir(parents=True)
    (folder / "tinytorch").mkdir()
    (folder / "tinytorch/__init__.py").write_text("")
    for name in ("learn.py", ".gitignore"):
        shutil.copy(REPO / "template" / name, folder / name)
    answers(folder, source, commit)
    return folder


def answers(folder, source, commit):
    """Write what copier records."""
    quoted = str(source).replace("'", "''")
    text = f"# from the course\n_commit: '{commit}'\n_src_path: '{quoted}'\npath: 'systems'\n"
    (folder / ".copier-answers.yml").write_text(text, encoding="utf-8")
