"""milestones/data/find.py: every place in its order, said aloud; nothing damaged is used."""

import functools
import gzip
import hashlib
import http.server
import os
import socket
import sys
import threading
import time
from dataclasses import replace

import pytest

from checker.course import course

sys.path.insert(0, str(course().root / "milestones" / "data"))
import find as finder
from find import DATA, DataError, DataSet, File, cache_folder, find

NOWHERE = "http://127.0.0.1:9/"
PICTURES, LABELS = b"pictures " * 1000, b"labels"


def sums(data):
    return {f"md5:{hashlib.md5(data).hexdigest()}": ""}


@pytest.fixture
def tiny(monkeypatch):
    """Put a small data set of two files into the table."""
    files = (
        File("pictures.gz", len(PICTURES), sums(PICTURES), unpack=True),
        File("labels.txt", None, sums(LABELS) | {"md5:" + "0" * 32: "another edition"}),
    )
    data = DataSet("Tiny", "tiny", files, ("http://127.0.0.1:9/a/", "http://127.0.0.1:9/b/"))
    monkeypatch.setitem(DATA, "tiny", data)
    return data


@pytest.fixture
def home(tmp_path):
    """Give an environment whose cache is empty and whose mirror leads nowhere."""
    cache = str(tmp_path / "cache")
    return {
        "HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": cache, "LOCALAPPDATA": cache,
        "TINYTORCH_MIRROR": NOWHERE,
    }  # fmt: skip


def put(folder, pictures=PICTURES, labels=LABELS):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pictures.gz").write_bytes(gzip.compress(pictures))
    (folder / "labels.txt").write_bytes(labels)
    return folder


def looked_for(environ, name="tiny"):
    """Give what was found, and the lines that were said."""
    lines = []
    return find(name, lines.append, environ), lines


@pytest.fixture
def server(tmp_path):
    """Serve a folder on the loopback; give (folder, address, the paths asked for)."""
    folder, asked = tmp_path / "served", []
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, text, *values):
            asked.append(self.path)

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{httpd.server_port}/", asked
        httpd.shutdown()


# -- the order


@pytest.mark.parametrize("inner", ["tiny", "."])
def test_the_folder_that_was_named_comes_first(tiny, home, tmp_path, inner):
    put(cache_folder(home) / "tiny")
    named = put(tmp_path / "mine" / inner)
    found, lines = looked_for(home | {"TINYTORCH_DATA": str(tmp_path / "mine")})
    assert {path.parent.resolve() for path in found.files.values()} == {named.resolve()}
    assert found.title == "Tiny" and list(found.files) == ["pictures.gz", "labels.txt"]
    assert len(lines) == 1 and "TINYTORCH_DATA" in lines[0] and str(named) in lines[0]


def test_an_unpacked_file_will_do(tiny, home, tmp_path):
    put(tmp_path / "mine")
    (tmp_path / "mine" / "pictures.gz").unlink()
    (tmp_path / "mine" / "pictures").write_bytes(PICTURES)
    found, _ = looked_for(home | {"TINYTORCH_DATA": str(tmp_path / "mine")})
    assert found.files["pictures.gz"].name == "pictures"


def test_then_comes_the_cache_and_it_is_said(tiny, home, tmp_path):
    (tmp_path / "empty").mkdir()
    put(cache_folder(home) / "tiny")
    found, lines = looked_for(home | {"TINYTORCH_DATA": str(tmp_path / "empty")})
    assert found.files["labels.txt"].parent == cache_folder(home) / "tiny"
    assert "not in TINYTORCH_DATA" in lines[0] and "from the cache" in lines[1]
    assert len(lines) == 2


def test_then_comes_a_download_which_fills_the_cache(tiny, home, server):
    folder, address, asked = server
    put(folder)
    found, lines = looked_for(home | {"TINYTORCH_MIRROR": address})
    assert sorted(asked) == ["/labels.txt", "/pictures.gz"]
    assert len(lines) == 2 and all("downloading" in line for line in lines)
    assert found.files["labels.txt"].read_bytes() == LABELS
    again, lines = looked_for(home)
    assert again == found and "from the cache" in lines[0]
    assert not list(cache_folder(home).rglob("*.tmp"))


def test_nowhere_is_none_and_every_mirror_is_named(tiny, home):
    del home["TINYTORCH_MIRROR"]
    found, lines = looked_for(home)
    assert found is None and len(lines) == 2
    assert all("no download from 127.0.0.1:9" in line for line in lines)


def test_the_second_mirror_is_tried(tiny, home, server, monkeypatch):
    folder, address, _ = server
    put(folder)
    monkeypatch.setitem(DATA, "tiny", replace(tiny, mirrors=(NOWHERE, address)))
    del home["TINYTORCH_MIRROR"]
    found, lines = looked_for(home)
    assert found and "no download from 127.0.0.1:9" in lines[0]


# -- what is damaged


@pytest.mark.parametrize(
    "harm, reason",
    [
        (lambda f: (f / "pictures.gz").write_bytes(b"not gzip at all"), "15 bytes, not 9,000"),
        (lambda f: (f / "pictures.gz").write_bytes(gzip.compress(PICTURES)[:40]), "cannot be read"),
        (lambda f: put(f, pictures=PICTURES[:-1]), "8,999 bytes, not 9,000"),
        (lambda f: put(f, pictures=PICTURES * 9), "more than 9,000 bytes"),
        (lambda f: put(f, pictures=PICTURES[:-1] + b"!"), "its checksum is another one"),
        (lambda f: put(f, labels=b"other"), "its checksum is another one"),
        (lambda f: (f / "labels.txt").unlink(), "has no labels.txt"),
    ],
)
def test_damage_in_the_named_folder_is_refused(tiny, home, tmp_path, harm, reason):
    put(cache_folder(home) / "tiny")  # whole, and all the same not taken
    harm(put(tmp_path / "mine"))
    with pytest.raises(DataError, match=reason) as caught:
        looked_for(home | {"TINYTORCH_DATA": str(tmp_path / "mine")})
    assert str(tmp_path / "mine") in str(caught.value)


def test_a_folder_that_is_not_there_is_refused(tiny, home, tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        looked_for(home | {"TINYTORCH_DATA": str(tmp_path / "nothing")})


def test_a_damaged_cache_is_fetched_anew_and_that_is_said(tiny, home, server):
    folder, address, asked = server
    put(folder)
    put(cache_folder(home) / "tiny", labels=b"damaged")
    found, lines = looked_for(home | {"TINYTORCH_MIRROR": address})
    assert "the cache is damaged" in lines[0] and asked == ["/labels.txt"]
    assert found.files["labels.txt"].read_bytes() == LABELS


@pytest.mark.parametrize("harm", [{"pictures": PICTURES[:-1] + b"!"}, {"labels": b"<html>"}])
def test_a_download_with_another_checksum_is_not_kept(tiny, home, server, harm):
    folder, address, _ = server
    put(folder, **harm)
    found, lines = looked_for(home | {"TINYTORCH_MIRROR": address})
    assert found is None and "checksum is another one" in lines[-1]
    kept = {path.name for path in cache_folder(home).rglob("*") if path.is_file()}
    assert kept <= {"pictures.gz"} and len(kept) == ("labels" in harm)


def test_what_a_mirror_lacks_is_said(tiny, home, server):
    _, address, _ = server
    found, lines = looked_for(home | {"TINYTORCH_MIRROR": address})
    assert found is None and "File not found" in lines[-1]


def test_a_server_that_says_nothing_is_left_in_time(tiny, home, monkeypatch):
    monkeypatch.setattr(finder, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        started = time.monotonic()
        found, lines = looked_for(home | {"TINYTORCH_MIRROR": address})
    assert found is None and "timed out" in lines[-1] and time.monotonic() - started < 5


def test_an_answer_that_breaks_off_is_not_kept(tiny, home):
    class Short(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"abc")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Short) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        found, lines = looked_for(
            home | {"TINYTORCH_MIRROR": f"http://127.0.0.1:{httpd.server_port}"}
        )
        httpd.shutdown()
    assert found is None and "no download" in lines[-1]
    assert not [p for p in cache_folder(home).rglob("*") if p.is_file()]


def test_a_cache_that_cannot_be_written_is_said(tiny, home, tmp_path):
    (tmp_path / "cache").write_text("a file where a folder should be")
    found, lines = looked_for(home)
    assert found is None and "cannot be kept" in lines[-1]


# -- facts


def test_another_edition_is_called_by_its_name(tiny, home, tmp_path, monkeypatch):
    labels = b"another"
    digests = {**sums(LABELS), f"sha256:{hashlib.sha256(labels).hexdigest()}": "Tiny, remade"}
    files = (tiny.files[0], File("labels.txt", None, digests))
    monkeypatch.setitem(DATA, "tiny", replace(tiny, files=files))
    put(tmp_path / "mine", labels=labels)
    found, lines = looked_for(home | {"TINYTORCH_DATA": str(tmp_path / "mine")})
    assert found.title == "Tiny, remade" and lines[0].startswith("Tiny, remade: ")


@pytest.mark.parametrize(
    "environ, platform, expected",
    [
        ({"HOME": "/h"}, "linux", "/h/.cache/tinytorch"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "linux", "/x/tinytorch"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "not/absolute"}, "linux", "/h/.cache/tinytorch"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "darwin", "/h/Library/Caches/tinytorch"),
        ({"LOCALAPPDATA": "/l", "USERPROFILE": "/u"}, "win32", "/l/tinytorch"),
        ({"USERPROFILE": "/u"}, "win32", "/u/AppData/Local/tinytorch"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="the paths are POSIX paths")
def test_the_cache_is_where_the_system_wants_it(environ, platform, expected):
    assert str(cache_folder(environ, platform)) == expected


def test_the_table_is_complete():
    for data in DATA.values():
        assert data.title and data.files and data.mirrors
        assert all(
            mirror.startswith("https://") and mirror.endswith("/") for mirror in data.mirrors
        )
        for file in data.files:
            for digest in file.digests:
                kind, _, digits = digest.partition(":")
                assert len(digits) == 2 * hashlib.new(kind).digest_size and int(digits, 16)


@pytest.mark.skipif(not os.environ.get("TINYTORCH_DATA"), reason="TINYTORCH_DATA is not set")
@pytest.mark.parametrize("name", DATA)
def test_the_real_data_sets_are_found(name):
    found, lines = looked_for({"TINYTORCH_DATA": os.environ["TINYTORCH_DATA"], "HOME": "/nowhere",
                               "TINYTORCH_MIRROR": NOWHERE}, name)  # fmt: skip
    assert found is None or found.title.startswith(DATA[name].title), lines
