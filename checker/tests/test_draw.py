"""`make draw`: the server survives anything, and in Chromium drawn digits are recognised."""

import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

from checker.branches import solution_files
from checker.course import course
from checker.skeleton import replace_body
from checker.tests.handwriting import DIGITS, dense

COURSE = course()
ROOM = COURSE.milestone("3")
HOME = f"milestones/{ROOM.slug}"
MINE = f"{HOME}/mine.py"
SOLUTION = COURSE.solution(ROOM, "mine.py").read_text(encoding="utf-8")
PAGE = (ROOM.folder / "page" / "page.html").read_text(encoding="utf-8")
UNTRAINED = """
import sys
sys.path.append({folder!r})
import mine, trained
about = trained.Trained(mine.build_model(), 0.13, 0.31, "MNIST", 0.98)
trained.save_trained(about, trained.trained_file())
"""


def make_workspace(root):
    """Write a workspace with all stages and milestone 3 solved; nothing is trained."""
    files = solution_files(COURSE, list(COURSE.stages.values())[-1])
    files[MINE] = SOLUTION.encode()
    files[".copier-answers.yml"] = b"_commit: v0\n_src_path: /x\npath: systems\n"
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def script(workspace, path, **environment):
    """Run a script with a workspace's tinytorch and mine.py."""
    command = [sys.executable, "-P", "-m", "checker.script", path, workspace, workspace / HOME]
    done = subprocess.run(
        [*map(str, command)], cwd=workspace, env=os.environ | environment, text=True,
        capture_output=True, stdin=subprocess.DEVNULL, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def knows_nothing(tmp_path_factory):
    """A workspace whose network is saved as if it had been trained: its answers are chance."""
    root = make_workspace(tmp_path_factory.mktemp("draw") / "my work")
    (root / "save.py").write_text(UNTRAINED.format(folder=str(ROOM.folder)), encoding="utf-8")
    script(root, root / "save.py")
    return root


@pytest.fixture
def workspace(knows_nothing, tmp_path):
    """A copy of that workspace, to be changed."""
    return shutil.copytree(knows_nothing, tmp_path / "my work")


class Page:
    """A running `draw`, asked as the page asks it."""

    def __init__(self, process, said):
        self.process, self.said = process, said
        self.address = re.search(r"http://127\.0\.0\.1:\d+/", said)[0]

    def ask(self, path="", body=None, kind="application/json", **headers):
        """Give (status, text) of a request."""
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        if body is not None:
            headers["Content-Type"] = kind
        request = urllib.request.Request(self.address + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def read(self, drawing):
        """Give what the server says to a drawing."""
        return json.loads(self.ask("answer", sent(drawing))[1])

    def about(self):
        """Give what it says of the network."""
        return json.loads(self.ask("about")[1])


def sent(drawing):
    """Give a drawing as the page sends it."""
    ink = base64.b64encode(drawing.tobytes()).decode()
    return json.dumps({"height": len(drawing), "width": len(drawing[0]), "ink": ink}).encode()


def one(shape=(280, 280)):
    """Draw a stroke from the top to the bottom."""
    drawing = np.zeros(shape, np.uint8)
    drawing[shape[0] // 8 : -shape[0] // 8, shape[1] // 2 : shape[1] // 2 + shape[1] // 10] = 255
    return drawing


@contextmanager
def drawing_page(workspace, *words, **environment):
    """Run `draw` and end it as Ctrl-C does."""
    environment = os.environ | {"NO_BROWSER": "1", "COURSE_TIMEOUT_SCALE": "1"} | environment
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "checker", "draw", *words], cwd=workspace, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
    )  # fmt: skip
    try:
        said = ""
        while "Ctrl-C ends it." not in said:
            line = process.stdout.readline()
            assert line, f"draw ended: {said}"
            said += line
        yield Page(process, said)
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=30)[0]
        assert process.returncode == 0 and "Traceback" not in rest, rest
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def page(knows_nothing):
    """A page that stands as long as nothing is changed in the workspace."""
    with drawing_page(knows_nothing) as page:
        yield page


# -- what is asked for, and what comes back


def test_a_drawing_is_answered_by_ten_chances_and_what_the_network_saw(page):
    facts = page.read(one())
    assert set(facts) == {"digit", "chances", "sees"}
    assert len(facts["chances"]) == 10 and abs(sum(facts["chances"]) - 1) < 1e-3
    assert facts["digit"] == int(np.argmax(facts["chances"]))
    seen = np.array(facts["sees"])
    assert seen.shape == (28, 28) and seen.max() == 255 and seen[14, 14] == 255
    assert page.about()["about"].startswith("Your network learned from 60,000")


def test_an_empty_sheet_is_no_question(page):
    assert page.read(np.zeros((280, 280), np.uint8)) == {"empty": True}


@pytest.mark.parametrize("shape", [(1, 1), (1, 1000), (1000, 3), (28, 28), (300, 200)])
def test_any_size_is_read(page, shape):
    assert len(page.read(np.full(shape, 255, np.uint8))["chances"]) == 10


NONSENSE = {
    "nothing": b"",
    "half": b'{"height": 1, "wid',
    "no object": b"[1, 2, 3]",
    "null": b"null",
    "not utf-8": b"\xff\xfe\x00",
    "deep": b"[" * 200_000,
    "no ink": b'{"height": 1, "width": 1}',
    "ink is a number": b'{"height": 1, "width": 1, "ink": 255}',
    "not base64": b'{"height": 1, "width": 1, "ink": "a b"}',
    "beyond ascii": '{"height": 1, "width": 1, "ink": "é"}'.encode(),
    "too little": b'{"height": 2, "width": 2, "ink": "/w=="}',
    "negative": b'{"height": -1, "width": -1, "ink": "/w=="}',
    "zero": b'{"height": 0, "width": 0, "ink": ""}',
    "text": b'{"height": "1", "width": 1, "ink": "/w=="}',
    "true": b'{"height": true, "width": true, "ink": "/w=="}',
    "fraction": b'{"height": 1.0, "width": 1.0, "ink": "/w=="}',
    "huge sides": b'{"height": 1000000000, "width": 1000000000, "ink": "/w=="}',
    "nan": b'{"height": NaN, "width": Infinity, "ink": "/w=="}',
}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_gets_a_sentence(page, body):
    status, text = page.ask("answer", body)
    assert status == 400 and json.loads(text)["error"].endswith(".")
    assert len(page.read(one())["chances"]) == 10


def test_what_is_too_long_is_not_read_to_its_end(page):
    try:
        status, text = page.ask("answer", b"x" * 50_000_000)
        assert status == 413 and "at most 1000000 bytes" in text
    except (ConnectionError, urllib.error.URLError):
        pass  # the connection was closed before all of it was sent
    assert len(page.read(one())["chances"]) == 10


def test_other_ways_lead_nowhere(page):
    assert page.ask("answer")[0] == 405
    assert page.ask("mine.py")[0] == 404
    assert page.ask("../../etc/passwd")[0] == 404
    assert page.ask("answer", sent(one()), kind="text/plain")[0] == 415


def test_only_this_machine_is_answered_and_only_under_its_own_name(page):
    assert page.ask(Host="evil.example")[0] == 400
    port = int(page.address.rpartition(":")[2].strip("/"))
    found = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), port)}
    for other in found - {"127.0.0.1", "127.0.1.1", "::1"}:
        with pytest.raises(OSError), socket.create_connection((other, port), timeout=2):
            pass


def test_many_at_once_are_answered_or_told_so(page):
    with ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda _: page.ask("answer", sent(one())), range(200)))
    assert {status for status, _ in replies} <= {200, 503}
    assert sum(status == 200 for status, _ in replies) >= 8
    assert len(page.read(one())["chances"]) == 10


def test_the_page_is_one_file_without_outside_assets(page):
    assert page.ask()[1] == PAGE
    assert not re.search(r"(src|href)=[\"'](?!data:)|url\(|@import|https?://", PAGE)


def test_two_pages_at_once_have_two_ports(page, workspace):
    with drawing_page(workspace) as other:
        assert other.address != page.address and len(other.read(one())["chances"]) == 10
        port = other.address.rpartition(":")[2].strip("/")
        done = draw(workspace, f"PORT={port}")
        assert done.returncode == 1 and f"port {port} cannot be used" in done.stdout


# -- what can be wrong in a workspace


def draw(workspace, *words):
    """Run `draw` where it is to end by itself."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "checker", "draw", *words], cwd=workspace, text=True,
        env=os.environ | {"NO_BROWSER": "1"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "8_0", "9" * 5000])
def test_a_port_is_a_number(workspace, port):
    done = draw(workspace, f"PORT={port}")
    assert done.returncode == 2 and "a port is a number from 1 to 65535" in done.stdout


def test_without_a_trained_network_it_says_how_to_train_one(workspace):
    (workspace / HOME / "mnist.npz").unlink()
    done = draw(workspace)
    assert done.returncode == 1
    assert done.stdout == "There is no trained network yet.\n\nnext: make milestone N=3\n"


def test_a_network_that_goes_away_and_comes_back(workspace):
    file = workspace / HOME / "mnist.npz"
    with drawing_page(workspace) as page:
        file.rename(workspace / "away")
        expected = {"error": "There is no trained network yet.", "mend": "make milestone N=3"}
        assert page.read(one()) == page.about() == expected
        file.write_bytes((workspace / "away").read_bytes()[:1000])
        facts = page.read(one())
        assert "is damaged" in facts["error"] and facts["mend"] == "make milestone N=3"
        (workspace / "away").rename(file)
        assert "chances" in page.read(one())


WRONG = {  # body of preprocess: (error, mend)
    "return 1 / 0": ("ZeroDivisionError: division by zero", None),
    "return None": ("preprocess gives None: is a return missing?", "make hint"),
    "return drawing / 255": ("preprocess gives shape (280, 280); the network", "make hint"),
    "return np.full((28, 28), 200)": ("gives numbers from 200 to 200; the network", "make hint"),
    "return np.full((28, 28), np.nan)": ("preprocess gives numbers that are nan", "make hint"),
    "return 'a picture'": ("preprocess gives a str, not an array", "make hint"),
    "return [[1], [1, 2]]": ("preprocess gives a list, not an array", "make hint"),
    "raise SystemExit(3)": ("SystemExit: 3", None),
    "raise KeyboardInterrupt": ("KeyboardInterrupt", None),
    "return np.zeros(10**12)": ("MemoryError", None),
    "return preprocess(drawing)": ("RecursionError", None),
    "os._exit(0)": ("Your code ended its process", None),
    "os.kill(os.getpid(), 9)": ("Your code ended its process", None),
    "raise NotImplementedError('milestone 3: preprocess')": (
        "preprocess is not written yet.", "make hint N=3 AT=preprocess",
    ),
    "return net": ("NameError: name 'net' is not defined", None),
}  # fmt: skip


def with_body(workspace, body):
    """Put a body into preprocess."""
    text = SOLUTION.replace("import numpy as np", "import os\n\nimport numpy as np", 1)
    (workspace / MINE).write_text(replace_body(text, "preprocess", body), encoding="utf-8")


def test_what_goes_wrong_is_said_with_its_place_and_mended_without_a_restart(workspace):
    with drawing_page(workspace) as page:
        for body, (error, mend) in WRONG.items():
            with_body(workspace, body)
            facts = page.read(one())
            assert error in facts["error"], (body, facts)
            assert (mend or "") in facts.get("mend", ""), (body, facts)
            if body.startswith("return 1") or "NotImpl" in body:
                line = (workspace / MINE).read_text("utf-8").split("\n").index("    " + body) + 1
                assert facts["where"] == f"{MINE}:{line}" and facts["code"] == body
        (workspace / MINE).write_text("def preprocess(\n", encoding="utf-8")
        facts = page.read(one())
        assert facts["error"].startswith("SyntaxError") and facts["where"] == f"{MINE}:1"
        (workspace / MINE).write_text(SOLUTION.replace("Linear(128, 10)", "Linear(128, 11)"))
        facts = page.read(one())
        assert "(11, 128), not (10, 128)" in facts["error"]
        assert facts["mend"] == "make milestone N=3"
        (workspace / MINE).write_text(SOLUTION, encoding="utf-8")
        assert "chances" in page.read(one())


def test_what_the_code_prints_is_not_taken_for_an_answer(workspace):
    body = "print('{}' * 1000, flush=True)\n    os.write(1, b'{}')\n    return input()"
    with drawing_page(workspace) as page:
        with_body(workspace, body)
        assert page.read(one())["error"].startswith("EOFError")


@pytest.mark.parametrize("loop", ["while True: pass", "np.linalg.svd(np.ones((5000, 5000)))"])
def test_a_loop_without_end_is_stopped_and_named(workspace, loop):
    with drawing_page(workspace, COURSE_TIMEOUT_SCALE="0.2") as page:
        with_body(workspace, loop)
        line = (workspace / MINE).read_text("utf-8").split("\n").index("    " + loop) + 1
        facts = page.read(one())
        assert "still running after 1 s" in facts["error"]
        assert facts["where"] == f"{MINE}:{line}" and facts["code"] == loop
        assert page.ask()[0] == 200
        (workspace / MINE).write_text(SOLUTION, encoding="utf-8")
        assert "chances" in page.read(one())


def test_ctrl_c_ends_it_although_the_code_is_still_running(workspace):
    with drawing_page(workspace) as page:
        with_body(workspace, "while True: pass")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(page.read, one())  # which fails, when the server ends
            time.sleep(1.5)
            start = time.monotonic()
            page.process.send_signal(signal.SIGINT)
            page.process.wait(timeout=30)
            assert time.monotonic() - start < 4


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_nothing_is_left_behind_when_the_server_is_killed(workspace):
    with pytest.raises(AssertionError), drawing_page(workspace) as page:
        page.read(one())
        readers = children(page.process.pid)
        assert len(readers) == 1
        page.process.kill()
        page.process.wait()
    deadline = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{number}") for number in readers):
        assert time.monotonic() < deadline, "the reader lives on"
        time.sleep(0.05)


def children(number):
    """List the children of a process."""
    with open(f"/proc/{number}/task/{number}/children", encoding="ascii") as stream:
        return stream.read().split()


# -- in a browser


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A workspace in which the milestone's own script has trained the reference.

    For two epochs on MNIST where TINYTORCH_DATA has it, else for six on the embedded digits.
    """
    root = make_workspace(tmp_path_factory.mktemp("trained") / "ws")
    data = {"TINYTORCH_MIRROR": "http://127.0.0.1:9/", "XDG_CACHE_HOME": str(root)}
    if "TINYTORCH_DATA" in os.environ:
        (root / MINE).write_text(SOLUTION.replace("epochs = 6", "epochs = 2"), encoding="utf-8")
        data = {}
    pictures = tmp_path_factory.mktemp("pictures")
    data["OPENBLAS_NUM_THREADS"] = "1"  # on a busy machine two are slower than one
    script(root, ROOM.folder / ROOM.script, TINYTORCH_PICTURES=str(pictures), **data)
    return root


@pytest.fixture(scope="module")
def chromium():
    """Where Chromium and its driver are; in CI they have to be there."""
    found = [
        shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver"),
    ]  # fmt: skip
    if all(found):
        return found
    missing = "Chromium and chromedriver are not installed (Debian: chromium, chromium-driver)"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(missing + ", and CI has to try the page")
    return pytest.skip(missing)


@contextmanager
def browser(chromium, profile, width=1000, height=720, phone=False, dark=False):
    """Start a headless Chromium whose window is a desktop's or a phone's."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium[0]
    for flag in (
        "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
        "disable-background-networking", "disable-component-update", "disable-sync",
        "disable-dev-shm-usage", f"window-size={width},{height}", f"user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(chromium[1]))
    try:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1 + phone}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics | {"mobile": phone})
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        yield driver
        severe = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
        assert not severe, severe
    finally:
        driver.quit()


def stroke_by_stroke(driver, strokes, pointer="mouse"):
    """Draw with real pointer events, and give the digit that the page shows."""
    from selenium.webdriver.common.actions.action_builder import ActionBuilder
    from selenium.webdriver.common.actions.pointer_input import PointerInput

    canvas = driver.find_element("id", "drawing")
    side = canvas.size["width"]
    actions = ActionBuilder(driver, mouse=PointerInput(pointer, "hand"), duration=4)
    for stroke in strokes:
        for i, (x, y) in enumerate(dense(stroke)):
            place = round((x - 50) / 100 * side), round((y - 50) / 100 * side)
            actions.pointer_action.move_to(canvas, *place)
            if i == 0:
                actions.pointer_action.pointer_down()
        actions.pointer_action.pointer_up()
    actions.perform()
    return shown(driver)


def shown(driver):
    """Wait until nothing is asked any more; give the digit that the page shows."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(driver, 20, 0.02).until(lambda d: not d.execute_script("return asking"))
    return driver.find_element("id", "digit").text


def test_three_drawn_digits_are_recognised(trained, chromium, tmp_path):
    with drawing_page(trained) as page, browser(chromium, tmp_path / "profile") as driver:
        driver.get(page.address)
        shown(driver)
        for digit in (3, 7, 0):
            assert stroke_by_stroke(driver, DIGITS[digit][0]) == str(digit)
            said = driver.find_element("id", "sure").text
            assert said.startswith(f"It reads a {digit}, ")
            bars = driver.find_elements("css selector", "#bars li.best")
            assert len(bars) == 1 and bars[0].text.startswith(f"{digit}\n")
            driver.find_element("id", "clear").click()
            assert shown(driver) == ""
        keep(driver, trained, tmp_path)


def keep(driver, trained, folder):
    """Take the picture that the documentation shows; DRAW_PICTURE=path keeps it."""
    stroke_by_stroke(driver, DIGITS[4][1])
    time.sleep(0.3)  # the bars move
    picture = folder / "page.png"
    driver.save_screenshot(str(picture))
    assert 5_000 < picture.stat().st_size < 200_000
    if os.environ.get("DRAW_PICTURE"):
        shutil.copy(picture, os.environ["DRAW_PICTURE"])


def test_most_of_thirty_drawings_are_recognised(trained, chromium, tmp_path):
    """Each digit in three handwritings; a 1 with a flag is none of MNIST's."""
    with drawing_page(trained) as page, browser(chromium, tmp_path / "profile") as driver:
        driver.get(page.address)
        right = 0
        for digit, hands in DIGITS.items():
            for strokes in hands:
                right += stroke_by_stroke(driver, strokes) == str(digit)
                driver.execute_script("clear()")
        assert right >= (27 if page.about()["data"] == "MNIST" else 21), right


def test_a_phone_in_the_dark(trained, chromium, tmp_path):
    """A finger draws, nothing scrolls sideways, and the sheet is dark."""
    with (
        drawing_page(trained) as page,
        browser(chromium, tmp_path / "profile", 360, 740, phone=True, dark=True) as driver,
    ):
        driver.get(page.address)
        assert stroke_by_stroke(driver, DIGITS[2][0], "touch") == "2"
        assert driver.execute_script("return document.documentElement.scrollWidth") <= 360
        assert driver.execute_script("return scrollY") == 0
        colours = "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
        back, ink = (
            sum(map(int, re.findall(r"\d+", c)[:3])) for c in driver.execute_script(colours)
        )
        assert back < 150 < 600 < ink


def test_the_keyboard_clears_and_takes_back(knows_nothing, chromium, tmp_path):
    from selenium.webdriver.common.keys import Keys

    with drawing_page(knows_nothing) as page, browser(chromium, tmp_path / "profile") as driver:
        driver.get(page.address)
        count = "return strokes.length"
        body = driver.find_element("tag name", "body")
        stroke_by_stroke(driver, DIGITS[4][0])
        assert driver.execute_script(count) == 2
        body.send_keys(Keys.CONTROL, "z")
        assert driver.execute_script(count) == 1
        body.send_keys(Keys.ESCAPE)
        assert driver.execute_script(count) == 0 and shown(driver) == ""
        stroke_by_stroke(driver, DIGITS[4][0])
        body.send_keys(Keys.TAB)
        assert driver.execute_script("return document.activeElement.id") == "clear"
        driver.switch_to.active_element.send_keys(Keys.ENTER)
        assert driver.execute_script(count) == 0


def test_a_mistake_is_shown_on_the_page_until_it_is_mended(workspace, chromium, tmp_path):
    with drawing_page(workspace) as page, browser(chromium, tmp_path / "profile") as driver:
        driver.get(page.address)
        stroke_by_stroke(driver, DIGITS[1][0])
        wrong = driver.find_element("id", "wrong")
        assert not wrong.is_displayed()
        with_body(workspace, "return 1 / 0")
        driver.execute_script("clear()")
        stroke_by_stroke(driver, DIGITS[1][0])
        assert "ZeroDivisionError: division by zero" in wrong.text
        assert f"{MINE}:" in wrong.text and "return 1 / 0" in wrong.text
        (workspace / HOME / "mnist.npz").rename(workspace / "away")
        driver.execute_script("ask()")
        shown(driver)
        assert wrong.text == "There is no trained network yet.\nnext: make milestone N=3"
        (workspace / "away").rename(workspace / HOME / "mnist.npz")
        (workspace / MINE).write_text(SOLUTION, encoding="utf-8")
        driver.execute_script("ask()")
        assert shown(driver) != "" and not wrong.is_displayed()
