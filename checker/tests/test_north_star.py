"""The north star: what is no result is not written, and documents quote the written one alone."""

import json
import re

import pytest

from checker import north_star
from checker.tests.conftest import REPO

HISTORY = [{"epoch": 1, "loss": 1.0, "accuracy": 0.7, "lr": 0.001, "seconds": 60.0}]
VALUES = {
    "data": "CIFAR-10, JPEG-decoded", "accuracy": 0.8012, "train_accuracy": 0.85, "loss": 0.6,
    "classes": {"cat": 0.6}, "seconds": 601.0, "steps": 3910, "epochs": 10, "parameters": 620810,
    "recipe": {"seed": 0}, "history": HISTORY, "resumed": False,
}  # fmt: skip
DATA = {"title": VALUES["data"], "file": "cifar-10-binary.tar.gz", "sha256": "0" * 64}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Let result and documents be written to a folder, and the run be one that was measured."""
    text = f"# A\n\nBefore.\n\n{north_star.MARK}\nAfter.\n"
    for name in ("one.md", "two.md"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "none.md").write_text("no mark\n", encoding="utf-8")
    monkeypatch.setattr(north_star, "RESULT", str(tmp_path / "result.json"))
    (tmp_path / "04_curve.png").write_bytes(b"the curve")
    monkeypatch.setattr(north_star, "PICTURES", str(tmp_path))
    monkeypatch.setattr(north_star, "CURVE", str(tmp_path / "curve.png"))
    names = ("one.md", "two.md", "none.md")
    monkeypatch.setattr(north_star, "documents", lambda root: [tmp_path / name for name in names])
    monkeypatch.setattr(north_star, "data_facts", lambda facts, values: DATA)
    monkeypatch.setattr(north_star, "commit_of", lambda root: "abc-dirty")
    return tmp_path


def ran(monkeypatch, code, measured):
    monkeypatch.setattr(north_star, "run_reference", lambda *words: (code, measured))
    return north_star.main([])


def test_a_result_is_written_and_quoted(place, monkeypatch, capsys):
    for accuracy, shown in ((0.8012, "80.12%"), (0.8123, "81.23%")):  # the second replaces it
        measured = {"achieved": True, "values": VALUES | {"accuracy": accuracy}}
        assert ran(monkeypatch, 0, measured) == 0
        result = json.loads((place / "result.json").read_text("utf-8"))
        assert result["accuracy"] == accuracy and result["data"] == DATA
        assert (place / "curve.png").read_bytes() == b"the curve"
        assert result["course"]["commit"] == "abc-dirty" and result["history"] == HISTORY
        for name in ("one.md", "two.md"):
            text = (place / name).read_text("utf-8")
            assert " ".join(text.split()).count(f"The reference names {shown} of the 10,000") == 1
            assert text.startswith("# A\n\nBefore.\n\n") and text.endswith("\n\nAfter.\n")
            assert "10.0 minutes" in " ".join(text.split())
            assert north_star.quoted(text, result) == text
        assert (place / "none.md").read_text("utf-8") == "no mark\n"
        assert shown in " ".join(capsys.readouterr().out.split())


def test_the_schema_is_what_is_written(place, monkeypatch):
    assert ran(monkeypatch, 0, {"achieved": True, "values": VALUES}) == 0
    result = json.loads((place / "result.json").read_text("utf-8"))
    described = set(re.findall(r"`(\w+)`", north_star.__doc__))
    assert set(result) == described


@pytest.mark.parametrize(
    "code, measured, why",
    [
        (1, {}, "the run was on nothing, not on CIFAR-10"),
        (0, {"achieved": True, "values": VALUES | {"data": "8x8 digits"}}, "on 8x8 digits, not"),
        (1, {"achieved": False, "values": VALUES}, "did not achieve the milestone"),
        (0, {"achieved": False, "values": VALUES}, "did not achieve the milestone"),
        (0, {"achieved": True, "values": VALUES | {"resumed": True}}, "from a checkpoint"),
    ],
)  # fmt: skip
def test_what_is_no_result_is_not_written(place, monkeypatch, capsys, code, measured, why):
    assert ran(monkeypatch, code, measured) == 1
    assert why in capsys.readouterr().out
    assert not (place / "result.json").exists()
    assert "The reference" not in (place / "one.md").read_text("utf-8")


def test_documents_quote_the_recorded_result_and_no_other():
    path = REPO / north_star.RESULT
    result = json.loads(path.read_text("utf-8")) if path.exists() else None
    for document in north_star.documents(REPO):
        text = document.read_text("utf-8")
        assert text.count(north_star.MARK) == 1, document
        assert north_star.quoted(text, result) == text, f"{document}: make north-star writes it"
    if result:
        assert result["accuracy"] >= 0.75 and result["data"]["title"].startswith("CIFAR-10")
        assert len(result["history"]) == result["epochs"]


def test_machine_and_versions_are_told():
    assert north_star.machine()["cpus"] >= 1 and north_star.machine()["processor"]
    versions = north_star.versions()
    assert re.match(r"\S+ \d", versions["blas"]) and versions["threads"] >= 1


def test_the_commit_is_told():
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?|unknown", north_star.commit_of(REPO))
