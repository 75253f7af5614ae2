"""`copier copy` makes the workspace that it should, from a path and from a URL, and updates it."""

import ast
import os
import re
import shutil
import subprocess
import tomllib

import copier
import pytest
import yaml

from checker.cli import VERBS
from checker.course import course
from checker.generate import workspace_files
from checker.tests.conftest import REPO
from checker.tests.small_course import commit, copy, git, real_course, tree

NASTY = 'x = {1: {2: 3}}  # {{ x }} {% for %} {# no #} [[ x ]] [% x %] "{x!r:>{w}}"\n\n'


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with the course at v0.1.0, and a workspace made from its path."""
    home = tmp_path_factory.mktemp("a home")
    folder = real_course(home / "the course", course())
    with open(folder / "stages/01_tensor/tensor.py", "a", encoding="utf-8") as file:
        file.write(NASTY)
    commit(folder, "v0.1.0")
    (home / "said").write_text(copy(folder, home / "ws"), encoding="utf-8")
    return home


def test_every_file_is_the_course_s_byte_for_byte(home):
    made, source = tree(home / "ws"), tree(home / "the course")
    for path, origin in workspace_files(course()).items():
        assert made.pop(path) == source[origin], path
    assert made.pop(".copier-answers.yml")
    assert made == {
        path.removeprefix("template/"): data
        for path, data in source.items()
        if path.startswith("template/") and not path.endswith(".jinja")
    }
    assert NASTY in (home / "ws/tinytorch/tensor.py").read_text(encoding="utf-8")


def test_a_url_at_a_tag_gives_the_same(home, tmp_path):
    url = f"git+file://{(home / 'the course').as_posix().replace(' ', '%20')}"
    copy(url, tmp_path / "ws", "--vcs-ref", "v0.1.0")
    here, there = tree(home / "ws"), tree(tmp_path / "ws")
    answers = there.pop(".copier-answers.yml").decode()
    assert f"_src_path: '{url}'" in answers and "_commit: 'v0.1.0'" in answers
    here.pop(".copier-answers.yml")
    assert here == there


def test_there_are_no_links_and_all_names_are_legal_on_windows(home):
    listed = git(REPO, "ls-files", "template", "copier.yml", "template-files.yml").split("\n")
    names = [*tree(home / "ws"), *listed]
    for name in names:
        for part in name.strip('"').split("/"):
            assert not re.search(r'[<>:"\\|?*\x00-\x1f]|[. ]$', part), name
            assert part.split(".")[0].upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT1"}
    assert len({name.lower() for name in names}) == len(names)
    assert not [path for path in (home / "ws").rglob("*") if path.is_symlink()]
    assert not [path for path in (REPO / "template").rglob("*") if path.is_symlink()]


def test_answers_are_recorded_and_checked(home, tmp_path):
    facts = tomllib.loads((REPO / "stages/paths.toml").read_text(encoding="utf-8"))
    experience = facts.pop("experience")
    asked = yaml.safe_load((REPO / "copier.yml").read_text(encoding="utf-8").split("\n---\n")[0])
    assert asked["path"]["choices"] == {path["title"]: key for key, path in facts.items()}
    assert list(asked["experience"]["choices"].values()) == list(experience)
    source = home / "the course"
    recorded = yaml.safe_load((home / "ws/.copier-answers.yml").read_text(encoding="utf-8"))
    assert recorded == {
        "_commit": "v0.1.0",
        "_src_path": str(source),
        "path": "systems",
        "experience": "intermediate",
    }
    copy(source, tmp_path / "it's", "--data", "path=nlp", "--data", "experience=beginner")
    recorded = yaml.safe_load((tmp_path / "it's/.copier-answers.yml").read_text(encoding="utf-8"))
    assert (recorded["path"], recorded["experience"]) == ("nlp", "beginner")
    with pytest.raises(ValueError, match="path"):
        copier.run_copy(str(source), tmp_path / "no", data={"path": "none"}, quiet=True)


def test_copier_says_how_to_go_on(home):
    said = (home / "said").read_text(encoding="utf-8")
    assert f'cd "{home / "ws"}" && python learn.py' in said


def test_an_update_brings_a_stage_and_keeps_the_learner_s_work(home, tmp_path):
    source, learner = tmp_path / "course", tmp_path / "ws"
    shutil.copytree(home / "the course", source)
    copy(source, learner)
    module = learner / "tinytorch/tensor.py"
    mine = module.read_text(encoding="utf-8").replace(
        'raise NotImplementedError("stage 01: numel")', "return MINE"
    )
    module.write_text(mine, encoding="utf-8")
    commit(learner)
    (source / "stages/05_new").mkdir()
    (source / "stages/05_new/new.py").write_text("# {{ }}\n")
    with open(source / "template-files.yml", "a") as file:
        file.write("    - {path: tinytorch/new.py, source: stages/05_new/new.py}\n")
    skeleton = source / "stages/01_tensor/tensor.py"
    text = skeleton.read_text(encoding="utf-8")
    skeleton.write_text(text.replace('"""', '"""New words. ', 1), encoding="utf-8")
    commit(source, "v0.2.0")
    copier.run_update(str(learner), defaults=True, overwrite=True, quiet=True)
    assert (learner / "tinytorch/new.py").read_text() == "# {{ }}\n"
    updated = module.read_text(encoding="utf-8")
    assert updated == mine.replace('"""', '"""New words. ', 1)
    assert "_commit: 'v0.2.0'" in (learner / ".copier-answers.yml").read_text(encoding="utf-8")


def lost(folder, tag):
    """List the workspace files of a release that the course no longer has."""
    listed = yaml.safe_load(git(folder, "show", f"{tag}:template-files.yml"))["files"]["default"]
    now = yaml.safe_load((folder / "template-files.yml").read_text(encoding="utf-8"))
    now = now["files"]["default"]
    return sorted({file["path"] for file in listed} - {file["path"] for file in now})


def test_no_released_file_is_renamed_or_removed(home, tmp_path):
    """An update would delete it, and all that the learner wrote in it, without a word."""
    for tag in git(REPO, "tag", "--list", "v*").split():
        assert lost(REPO, tag) == []
    source = tmp_path / "course"
    shutil.copytree(home / "the course", source)
    listed = source / "template-files.yml"
    text = listed.read_text(encoding="utf-8")
    listed.write_text(text.replace("path: tinytorch/tensor.py", "path: tinytorch/tensors.py"))
    assert lost(source, "v0.1.0") == ["tinytorch/tensor.py"]


def test_learn_py_is_short_and_can_be_read_by_an_old_python():
    text = (REPO / "template/learn.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 100
    ast.parse(text, feature_version=(3, 8))


def test_the_makefile_has_a_line_for_every_verb(home):
    shown = subprocess.run(
        ["make", "-C", str(home / "ws"), "--no-print-directory"],
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    listed = re.findall(r"^  make (\w+) ", shown, re.MULTILINE)
    assert set(VERBS) - {"branches"} <= set(listed)
    targets = re.findall(r"^([a-z]+): ;", (home / "ws/Makefile").read_text(), re.MULTILINE)
    assert listed == targets


def test_make_passes_on_what_it_was_given_and_nothing_else(home, tmp_path):
    folder = tmp_path / "my workspace, mit Ü"
    folder.mkdir()
    shutil.copy(home / "ws/Makefile", folder)
    (folder / "learn.py").write_text("import sys; print(sys.argv[1:])\n")

    def made(*words, **env):
        command = ["make", "-C", str(folder), "--no-print-directory", *words]
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", env=os.environ | env, check=True
        )
        return ast.literal_eval(done.stdout)

    assert made("check") == ["check"]
    assert made("check", "STAGE=09", "AT=Conv2d.forward") == [
        "check",
        "AT=Conv2d.forward",
        "STAGE=09",
    ]
    assert made("run", 'FILE=it\'s "here" $HOME.py') == ["run", 'FILE=it\'s "here" $HOME.py']
    assert made("hint", STAGE="production") == ["hint"]  # somebody else's variable
