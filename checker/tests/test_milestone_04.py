"""Milestone 4: the whole run on small drawn pictures, a short one on CIFAR-10, and what goes wrong.

That the suite notices every known mistake is proved by course-check; the full run on CIFAR-10 is
`make north-star`.
"""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from checker.course import course
from checker.skeleton import replace_body
from checker.tests.milestone_runs import environment, run, solution, suite

ROOM = course().milestone("04")
SOLUTION = solution(ROOM)
PICTURES = ["04_answers.png", "04_confusion.png", "04_curve.png", "04_filters.png"]

SMALL = '''
    return Sequential(
        Conv2d(3, 8, 3, stride=2, padding=1), BatchNorm2d(8), MaxPool2d(4), ReLU(),
        Flatten(), Dropout(0.1), Linear(8 * 4 * 4, 10),
    )
'''  # fmt: skip
MINE = replace_body(SOLUTION, "build_model", SMALL).replace("0.004", "0.02")
# The script, on pictures that find() takes for CIFAR-10, with a checkpoint after every 2 batches.
DRAWN = """
import runpy, sys
from pathlib import Path
script, folder, title = sys.argv[1:]
sys.path.insert(0, str(Path(script).parents[1] / "data"))
import find
find.find = lambda name, say: find.Found(title, {"a": Path(folder)})
text = Path(script).read_text(encoding="utf-8")
assert "EVERY = 100" in text
space = {"__name__": "__main__", "__file__": script}
exec(compile(text.replace("EVERY = 100", "EVERY = 2"), script, "exec"), space)
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Draw 640 pictures of 10 classes, each with its own colours, and 200 for the test."""
    folder = tmp_path_factory.mktemp("drawn")
    rng = np.random.default_rng(0)
    tints = rng.integers(60, 196, (10, 3, 2))
    names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
    for name in names:
        labels = rng.integers(0, 10, 200 if name.startswith("test") else 128)
        halves = np.repeat(tints[labels], 16, axis=2)[:, :, :, None]  # (N, 3, 32, 1)
        images = (halves + rng.normal(0, 25, (len(labels), 3, 32, 32))).clip(0, 255)
        rows = np.concatenate([labels[:, None], images.reshape(len(labels), -1)], axis=1)
        (folder / name).write_bytes(rows.astype(np.uint8).tobytes())
    return folder


def begin(folder, drawn, mine, title="CIFAR-10, drawn", **more):
    """Start the script on drawn pictures."""
    (folder / "mine.py").write_text(mine, encoding="utf-8")
    env = environment(folder, TINYTORCH_RESULT=str(folder / "r.json"),
                      TINYTORCH_PICTURES=str(folder / "p"), **more)  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", DRAWN, str(ROOM.folder / ROOM.script), str(drawn), title],
        env=env, cwd=folder, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip


def end(folder, process):
    """Wait for it: gives its exit code, its words, and what it recorded."""
    out, err = process.communicate(timeout=100)
    assert "Traceback" not in err, err
    assert not [line for line in out.splitlines() if len(line) > 80 and str(folder) not in line]
    result = folder / "r.json"
    return process.returncode, said(out), json.loads(result.read_text()) if result.exists() else {}


def said(text):
    return " ".join(text.split())


def few(epochs, mine=MINE):
    assert "epochs = 10" in mine
    return mine.replace("epochs = 10", f"epochs = {epochs}")


# -- whole runs on drawn pictures

KILLED = (
    few(6).replace(
        "    return Compose(",
        "    RandomCrop.forward = counted(RandomCrop.forward)\n    return Compose(",
    )
    + '''

def counted(forward):
    """Count the batches; at one of them the process is killed, as by a power cut."""
    import os

    calls = []

    def counting(self, images):
        calls.append(1)
        if str(len(calls)) == os.environ.get("KILL_AT"):
            os.kill(os.getpid(), 9)
        return forward(self, images)

    return counting
'''
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, drawn):
    """Give what one run from beginning to end came to, and its folder."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, end(folder, begin(folder, drawn, KILLED))


def test_a_whole_run_achieves_it(whole):
    folder, (code, words, result) = whole
    assert code == 0 and words.endswith("achieved")
    assert "On CIFAR-10, drawn. Best: " in words
    values = result["values"]
    assert result["achieved"] is True and result["milestone"] == "04"
    assert values["data"] == "CIFAR-10, drawn" and values["accuracy"] >= 0.75
    assert values["steps"] == 30 and values["epochs"] == 6 and values["resumed"] is False
    assert values["parameters"] == 8 * 27 + 8 + 16 + 128 * 10 + 10
    assert len(values["history"]) == 6 and len(values["classes"]) == 10
    assert 0 < values["seconds"] < 100 and values["recipe"]["scheduler"] == "OneCycleLR"
    assert sorted(path.name for path in (folder / "p").iterdir()) == PICTURES
    assert not list(folder.glob("*.npz*"))  # what is finished needs no checkpoint


@pytest.mark.parametrize("at", [8, 18])
def test_a_killed_run_goes_on_bit_for_bit(tmp_path, drawn, whole, at):
    process = begin(tmp_path, drawn, KILLED, KILL_AT=str(at))
    process.communicate(timeout=100)
    assert process.returncode not in (0, 1) and not (tmp_path / "r.json").exists()
    assert (tmp_path / "cifar10.npz").exists()
    code, words, result = end(tmp_path, begin(tmp_path, drawn, KILLED))
    assert code == 0 and re.search(r"It goes on where a run was stopped: in epoch \d, after", words)
    assert "epoch 6/6" in words and ("epoch 1/6" not in words or at == 8)
    _, (_, _, expected) = whole
    assert result["values"]["resumed"] is True
    assert untimed(result) == untimed(expected)
    assert not list(tmp_path.glob("*.npz*"))


def untimed(result):
    """Give what was measured, without times; floats in JSON have all their digits."""
    values = result["values"]
    history = [{k: v for k, v in row.items() if k != "seconds"} for row in values["history"]]
    same = {k: v for k, v in values.items() if k not in ("seconds", "resumed")}
    return same | {"history": history}


@pytest.mark.parametrize("what", ["mine.py", "the data", "damage"])
def test_a_run_from_other_files_begins_anew(tmp_path, drawn, what):
    process = begin(tmp_path, drawn, KILLED, KILL_AT="8")
    process.communicate(timeout=100)
    kept = (tmp_path / "cifar10.npz").read_bytes()
    if what == "damage":
        (tmp_path / "cifar10.npz").write_bytes(kept[:5000])
    mine = few(1, KILLED.replace("epochs = 6", "epochs = 10")) if what == "mine.py" else KILLED
    title = "CIFAR-10, others" if what == "the data" else "CIFAR-10, drawn"
    code, words, result = end(tmp_path, begin(tmp_path, drawn, mine, title))
    assert code in (0, 1) and result["values"]["resumed"] is False
    assert "A new run: " in words and ("is damaged" if what == "damage" else f"({what})") in words
    assert "The checkpoint of the old one is now cifar10_old.npz." in words
    old = (tmp_path / "cifar10_old.npz").read_bytes()
    assert old == (kept[:5000] if what == "damage" else kept)
    assert not (tmp_path / "cifar10.npz").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_ctrl_c_says_from_where_it_goes_on(tmp_path, drawn):
    process = begin(tmp_path, drawn, few(600))
    for line in process.stdout:
        if line.startswith("epoch 1/"):
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130 and "Traceback" not in err
    assert "You stopped it." in out
    assert "The next run goes on in epoch" in out.splitlines()[-1]
    assert not (tmp_path / "r.json").exists()


def test_too_few_right_answers_miss_it(tmp_path, drawn):
    mine = few(5).replace("0.02", "1e-7")
    code, words, result = end(tmp_path, begin(tmp_path, drawn, mine))
    assert code == 1 and result["achieved"] is False and result["values"]["accuracy"] < 0.75
    share = f"{result['values']['accuracy']:.2%}"
    assert f"missed: {share} of the test pictures, needed 75%" in words
    assert "the curve: " in words and "likely: " in words and "try: " in words


def test_a_loss_that_is_no_number_stops_it(tmp_path, drawn):
    mine = few(5).replace("0.02", "1e30")
    code, words, result = end(tmp_path, begin(tmp_path, drawn, mine))
    assert code == 1 and result["achieved"] is False
    assert "missed: training: it raises ValueError: the loss is" in words
    assert "try: a max_lr ten times smaller" in words


@pytest.mark.parametrize(
    "name, body, expected",
    [
        ("build_model", "return None", "missed: build_model"),
        ("build_model", "return Sequential(Flatten(), Linear(3072, 4))", "give (3, 4), needed"),
        ("augment", "return None", "augment: it gave back NoneType"),
        ("augment", "return lambda x: x", "become uint8 (3, 3, 32, 32), needed float32"),
        ("augment", "return RandomCrop(28)", "become uint8 (3, 3, 28, 28), needed float32"),
        ("augment", "return 1 / 0", "augment: it raises ZeroDivisionError"),
        ("configure", "return None", "missed: configure"),
    ],
)
def test_nonsense_misses_it_with_a_sentence(modules, monkeypatch, tmp_path, name, body, expected):
    use(modules, monkeypatch, replace_body(MINE, name, body), tmp_path)
    images, labels = np.zeros((4, 3, 32, 32), np.uint8), np.arange(4)
    images += np.arange(32, dtype=np.uint8)
    pictures = modules.Pictures("none", (images, labels), (images, labels))
    with pytest.raises(modules.Stop) as stop:
        modules.experiment(pictures, {}, tmp_path / "c.npz")
    missed = modules.judge({}, 0.75, str(stop.value), False)
    assert expected in f"missed: {missed[0]}"
    assert modules.advice(missed[0]).startswith("one call of it")


# -- in this process


@pytest.fixture(scope="module")
def modules():
    """Import the script, with the reference."""
    sys.path[:0] = [str(course().reference.parent), str(ROOM.folder)]
    spec = importlib.util.spec_from_file_location("cifar10", ROOM.folder / "cifar10.py")
    found = importlib.util.module_from_spec(spec)
    before = sys.path[:]
    sys.modules["cifar10"] = found
    spec.loader.exec_module(found)
    sys.path[:] = before
    return found


def use(modules, monkeypatch, mine, folder):
    """Let this text be the learner's mine.py, in this process."""
    space = {}
    exec(mine, space)
    (folder / "mine.py").write_text(mine, encoding="utf-8")
    module = SimpleNamespace(**space, __file__=str(folder / "mine.py"))
    monkeypatch.setitem(sys.modules, "mine", module)
    return module


@pytest.mark.skipif(not os.environ.get("TINYTORCH_DATA"), reason="TINYTORCH_DATA is not set")
def test_one_epoch_of_5000_pictures_of_cifar10(modules, monkeypatch, tmp_path, capsys):
    """The loss falls, and every parameter moves; what comes out does not count."""
    monkeypatch.setenv("TINYTORCH_MIRROR", "http://127.0.0.1:9/")  # what is not there stays away
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    mine = use(modules, monkeypatch, few(1, SOLUTION), tmp_path)
    pictures = modules.load(5000)
    if pictures is None:
        pytest.skip("no CIFAR-10 in TINYTORCH_DATA")
    values = {}
    model, outcome = modules.experiment(pictures, values, tmp_path / "c.npz")
    losses = np.array(outcome.watch.losses)
    assert losses.shape == (40,) and values["steps"] == 40
    assert losses[:13].mean() - losses[-13:].mean() > 0.25
    modules.manual_seed(modules.SEED)
    started = dict(mine.build_model().named_parameters())
    ended = dict(model.named_parameters())
    assert started.keys() == ended.keys()
    still = [name for name, p in ended.items() if not (p.data != started[name].data).any()]
    assert not still
    assert outcome.accuracy > 0.25 and len(outcome.labels) == 1000
    missed = modules.judge(values, 0.1, None, pictures.short)
    assert "a short run, of CIFAR-10" in missed[-1] and "does not count" in missed[-1]
    mean, std = pictures.statistics
    channels = pictures.train[0].transpose(1, 0, 2, 3).reshape(3, -1) / 255
    assert np.allclose(mean, channels.mean(axis=1)) and np.allclose(std, channels.std(axis=1))


def test_offline_two_networks_read_digits_and_it_does_not_count(tmp_path):
    code, lines, result = run(ROOM, tmp_path, SOLUTION)
    words = said(" ".join(lines))
    assert code == 1 and result["achieved"] is False and "achieved" not in lines
    assert "CIFAR-10 is not to be had. For it: go online once (170 MB), or put" in words
    assert "cifar-10-binary.tar.gz into a folder and name that folder in TINYTORCH_DATA" in words
    assert "missed: this milestone is about CIFAR-10, and digits do not stand in for it" in words
    assert "It does not count." in words
    values = result["values"]
    assert values["data"] == "8x8 digits" and "accuracy" not in values
    cnn, mlp = values["networks"]["CNN"], values["networks"]["MLP"]
    assert abs(cnn["parameters"] / mlp["parameters"] - 1) < 0.05
    assert min(cnn["right"], mlp["right"]) > 0.95
    assert cnn["moved"] > mlp["moved"] + 0.1


def test_what_has_moved_has_moved_by_one_pixel(modules):
    from without import moved

    picture = np.arange(8.0).reshape(1, 1, 2, 4)
    assert moved(picture).tolist() == [[[[0, 0, 1, 2], [0, 4, 5, 6]]]]


REFERENCE = [0.45, 0.57, 0.62, 0.65, 0.67, 0.70, 0.72, 0.75, 0.78, 0.79]


@pytest.mark.parametrize(
    "accuracies, epochs, expected",
    [
        (REFERENCE, 10, 0),
        ([0.174, 0.30, 0.355, 0.431, 0.463, 0.505, 0.571, 0.614, 0.613, 0.62], 10, 0),
        ([0.10, 0.10, 0.10], 10, 1),
        ([0.2, 0.26, 0.30, 0.33, 0.35], 10, 1),
        ([0.2, 0.26, 0.30, 0.33, 0.41, 0.43, 0.44, 0.46], 10, 1),
        ([0.10, 0.20], 2, 0),
        ([0.10, 0.15, 0.24], 30, 0),
    ],
)
def test_a_hopeless_run_is_told_early_and_no_other(modules, accuracies, epochs, expected):
    words = [modules.hopeless(accuracies[: n + 1], epochs) for n in range(len(accuracies))]
    assert bool(words[-1]) == bool(expected)
    assert expected or not any(words)


@pytest.mark.parametrize(
    "losses, rates, expected",
    [
        (np.full(300, 2.303), np.full(300, 0.004), "still 2.30 after 300 steps"),
        (np.full(300, 2.303), np.linspace(1e-4, 1e-3, 300), ""),  # the rate has not risen yet
        (np.full(199, 2.303), np.full(199, 0.004), ""),
        (np.full(300, 9.0), np.full(300, 0.004), "the loss is 9.0 after 300 steps"),
        (np.linspace(2.3, 1.9, 300), np.full(300, 0.004), ""),
    ],
)
def test_a_blind_run_is_told_early_and_no_other(modules, losses, rates, expected):
    word = modules.blind(list(losses), list(rates), 0.004)
    assert bool(word) == bool(expected) and expected in word


def test_words_come_once_and_the_time_is_forecast(modules, capsys):
    watch = modules.Lookout(10, 100, 0.004, {})
    optimizer = SimpleNamespace(param_groups=[{"lr": 0.004}])
    history = [{"epoch": 1, "loss": 2.3, "accuracy": 0.1, "seconds": 1.0}] * 5
    with watch:
        watch.right = 0.1
        for batch in range(300):
            watch.on_batch_end(SimpleNamespace(loss=2.3, optimizer=optimizer, epoch=0, batch=batch))
        watch.on_epoch_end(SimpleNamespace(history=history))
        watch.on_epoch_end(SimpleNamespace(history=history))
    words = said(capsys.readouterr().out)
    assert words.count("early word: the loss is still 2.30") == 1
    assert words.count("early word: 10% of the training pictures are right after 5 of 10") == 1
    assert words.count("Ctrl-C is safe: the next run goes on where this one stopped") == 1
    other = modules.Lookout(10, 100, 0.004, {})
    other.load_state_dict(watch.state_dict())
    assert other.said == ["blind", "slow"] and other.losses == watch.losses


def outcome(losses, known, right, learning, epochs):
    rates = np.sin(np.linspace(0.1, 3.1, len(losses)))
    watch = SimpleNamespace(losses=losses, rates=rates, epochs=epochs)
    return SimpleNamespace(
        watch=watch, train_accuracy=known, accuracy=right, history=[{"accuracy": learning}]
    )


@pytest.mark.parametrize(
    "losses, known, right, learning, epochs, likely",
    [
        (np.full(600, 2.31), 0.1, 0.1, 0.1, 10, "next to nothing was learnt"),
        (np.r_[2.3, np.full(100, 9.0), np.full(500, 1.4)], 0.5, 0.5, 0.5, 10, "too large"),
        (np.linspace(2.3, 1.1, 600), 0.62, 0.61, 0.6, 3, "stopped too early"),
        (np.linspace(2.3, 1.3, 600), 0.74, 0.72, 0.55, 10, "harder than it needs to be"),
        (np.linspace(2.3, 0.1, 600), 0.99, 0.72, 0.98, 10, "by heart"),
        (np.linspace(2.3, 0.9, 600), 0.72, 0.70, 0.68, 10, "too small"),
    ],
)
def test_a_curve_is_explained(modules, losses, known, right, learning, epochs, likely):
    parts = modules.diagnosis(outcome(losses, known, right, learning, epochs))
    assert len(parts) == 3 and likely in parts[1], parts


def test_passed_and_not_yet_proud_is_told_what_to_try(modules, capsys):
    values = {"data": "CIFAR-10", "accuracy": 0.77, "train_accuracy": 0.79, "seconds": 900.0}
    values["classes"] = {"cat": 0.5, "ship": 0.9}
    goal = {"threshold": 0.75, "proud": 0.8, "seconds": 720}
    found = outcome(np.linspace(2.3, 0.7, 600), 0.79, 0.77, 0.76, 10)
    modules.report(values, found, goal, [], "20")
    words = said(capsys.readouterr().out)
    assert words.endswith("achieved") and "80% is the goal; you have passed 75%." in words
    assert "Best: ship, 90% right; worst: cat, 50%." in words
    assert "You said 20 of 100; it got wrong 23.0." in words
    assert "80% in 12 minutes on 2 cores, and it took 15.0" in words


# -- the suite


def test_the_reference_passes_its_suite(tmp_path):
    assert suite(ROOM, tmp_path, SOLUTION) == []


def test_the_skeleton_says_that_it_is_not_written(tmp_path):
    mine = (ROOM.folder / "mine.py").read_text("utf-8")
    failed = suite(ROOM, tmp_path, mine)
    tests = re.findall(r"^def (test_\w+)", ROOM.suite.read_text("utf-8"), re.M)
    assert [name for name, _ in failed] == tests
    assert all("milestone 4: " in words for _, words in failed)


@pytest.mark.parametrize("name", ["build_model", "augment", "configure"])
def test_a_forgotten_return_is_said_by_name(tmp_path, name):
    failed = dict(suite(ROOM, tmp_path, replace_body(SOLUTION, name, "pass")))
    assert f"{name} gives None, expected " in failed[f"test_unit_{name}_example"]


def test_what_stays_in_its_place_is_moved_by_0_and_not_by_minus_0(tmp_path):
    failed = suite(ROOM, tmp_path, SOLUTION.replace("RandomCrop(32, padding=2)", "RandomCrop(32)"))
    assert "moved up or down by 0 pixels" in said(dict(failed)["test_unit_augment_shifts"])


@pytest.mark.parametrize(
    "found, put",
    [
        ("padding=2", "padding=4"),
        ("epochs = 10", "epochs = 3"),
        ("0.004", "0.4"),
        ("layers += [BatchNorm2d(channels), ReLU()]", "layers += [ReLU()]"),
        ("(32, 64, 128)", "(16, 32, 128)"),
        ("RandomHorizontalFlip(),", "RandomHorizontalFlip(0.4),"),
    ],
)
def test_experiments_pass_the_suite_and_are_judged_by_the_run(tmp_path, found, put):
    assert found in SOLUTION
    assert suite(ROOM, tmp_path, SOLUTION.replace(found, put)) == []


def test_a_part_of_the_data_cannot_be_asked_for_by_a_learner(monkeypatch):
    from checker.milestone import script_environment

    monkeypatch.setenv("TINYTORCH_LIMIT", "10")
    assert "TINYTORCH_LIMIT" not in script_environment(None, "pictures")
