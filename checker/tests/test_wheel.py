"""What is installed in a workspace: the checker, the course as data, no second tinytorch."""

import subprocess
import sys
import zipfile

from checker.tests.conftest import REPO


def test_only_the_learners_tinytorch_can_be_imported(tmp_path):
    words = ["wheel", "-q", "--disable-pip-version-check", "--no-deps", "-w", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "pip", *words, str(REPO)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
        assert "checker/course/reference/tinytorch/tensor.py" in archive.namelist()
        archive.extractall(tmp_path / "site")
    assert {top for top in tops if not top.endswith(".dist-info")} == {"checker"}
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from checker.course import course\n"
        "print(course().stage('01').title, course().root)\n"
        "import importlib.util as u; print(u.find_spec('tinytorch'))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, str(tmp_path / "site")],
        capture_output=True,
        text=True,
        check=True,
    )
    first, last = done.stdout.splitlines()
    assert first == f"Tensor {tmp_path / 'site' / 'checker' / 'course'}" and last == "None"
