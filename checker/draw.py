"""`draw`: one local page with a canvas; the learner's trained network reads what is drawn on it.

The server runs none of the learner's code. That is done by a reader, a process of its own, which
is ended when it takes too long and started anew when a file of theirs has changed.
"""

import asyncio
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import webbrowser
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from .cli import say
from .course import course
from .errors import CourseError, Usage
from .milestone import script_environment
from .runner import kill_group, timeout_scale, watched_frames
from .workspace import Workspace

__all__ = ["Reader", "application", "draw_verb"]

HOST = "127.0.0.1"  # nobody else's machine can reach it
PORT = 8028
SECONDS = 5.0  # for one drawing
BODY_LIMIT = 1_000_000  # bytes; a drawing of the page has 105 kB
QUEUE_LIMIT = 8
LINE_LIMIT = 2**20
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def draw_verb(options):
    """Serve the page until Ctrl-C."""
    facts = course()
    workspace = Workspace.find(facts)
    milestone = facts.milestone("3")
    port = port_of(options["PORT"])
    try:
        asyncio.run(serve(workspace, milestone, port))
    except KeyboardInterrupt:
        print()
    return 0


def port_of(asked):
    """Read PORT=; None where none was asked for."""
    if asked is None:
        return None
    if not (asked.isdecimal() and len(asked) < 6 and 0 < int(asked) < 65536):
        raise Usage(f"PORT={asked}: a port is a number from 1 to 65535", f"make draw PORT={PORT}")
    return int(asked)


async def serve(workspace, milestone, port):
    """See that there is a trained network, say where the page is, and serve it."""
    reader = Reader(workspace, milestone)
    try:
        about = await reader.ask({})
        if "error" in about:
            where = f" ({about['where']})" if about.get("where") else ""
            raise CourseError(about["error"] + where, about.get("mend"))
        listener = listen(port)
        address = f"http://{HOST}:{listener.getsockname()[1]}/"
        say([*textwrap.wrap(about["about"], 79), "", f"Draw at {address}", "Ctrl-C ends it."])
        sys.stdout.flush()
        app = application(reader, milestone.folder / "page" / "page.html")
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, limit_concurrency=64,
            timeout_graceful_shutdown=1, ws="none", server_header=False,
        )  # fmt: skip
        if browser_wanted():
            asyncio.get_running_loop().run_in_executor(None, webbrowser.open, address)
        await Server(config, reader).serve(sockets=[listener])
    finally:
        await reader.close()


class Server(uvicorn.Server):
    """A server that does not wait for the learner's code when it is to end."""

    def __init__(self, config, reader):
        super().__init__(config)
        self.reader = reader

    def handle_exit(self, sig, frame):
        """End the reader first, so that whoever waits for its answer waits no longer."""
        self.reader.stop()
        super().handle_exit(sig, frame)


def listen(port):
    """Open a socket that listens: on the port asked for, or on ours, or on any that is free."""
    for number in (port,) if port else (PORT, 0):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if os.name == "posix":  # on Windows it would let two servers share the port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, number))
            listener.listen()
            return listener
        except OSError as error:
            listener.close()
            reason = error.strerror
    raise CourseError(f"port {port} cannot be used: {reason}", "make draw   (takes a free one)")


def browser_wanted():
    """Tell whether to open a browser: on a terminal with a screen, unless NO_BROWSER is set."""
    if os.environ.get("NO_BROWSER") or not sys.stdout.isatty():
        return False
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(screen) or sys.platform in ("darwin", "win32")


# -- the process that runs the learner's code


class Reader:
    """The process in which the learner's code reads drawings, one after another."""

    def __init__(self, workspace, milestone, seconds=SECONDS):
        self.workspace, self.milestone = workspace, milestone
        self.seconds = seconds * timeout_scale()
        self.script = milestone.folder / "page" / "reader.py"
        self.home = workspace.path(f"milestones/{milestone.slug}")
        self.scratch = Path(tempfile.mkdtemp(prefix="course-draw-"))
        self.lock, self.waiting = asyncio.Lock(), 0
        self.process, self.files, self.stopped = None, None, False

    async def ask(self, question):
        """Give the answer to a question, a dict; where there is none, a dict with an error."""
        if self.waiting >= QUEUE_LIMIT:
            return {"error": "Too many drawings at once; draw on.", "busy": True}
        self.waiting += 1
        try:
            async with self.lock:
                return await self._ask(question)
        finally:
            self.waiting -= 1

    async def _ask(self, question):
        if self.stopped:
            return {"error": "The page's server is ending."}
        files = self._files()
        if self.process is None or self.process.returncode is not None or files != self.files:
            self._end()
            self.files = files
        done = False
        try:
            if self.process is None and not await self._start():
                said = "The process that reads did not start. It is not your code's fault."
                return {"error": said, "mend": "make draw"}
            self.process.stdin.write(json.dumps(question).encode() + b"\n")
            line = await asyncio.wait_for(self.process.stdout.readline(), self.seconds + 5)
            answer = json.loads(line)
            done = True
            return answer
        except (TimeoutError, OSError, ValueError):
            return self._post_mortem()
        finally:
            if not done:  # what it still says would be taken for the answer to the next question
                self._end()

    async def _start(self):
        """Start the process, and give the line by which it says that it is there."""
        environment = script_environment(self.workspace, self.home / "pictures")
        folders = [self.workspace.root, self.home]
        command = [sys.executable, "-P", "-m", "checker.script", self.script, *folders]
        self._dump.unlink(missing_ok=True)
        environment |= {
            "TINYTORCH_WATCHDOG": str(self._dump),
            "TINYTORCH_SECONDS": str(self.seconds),
            "PYTHONPYCACHEPREFIX": str(self.scratch / "none"),  # a stale .pyc is never read
        }
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.workspace.root,
            env=environment,
            start_new_session=os.name == "posix",  # Ctrl-C is for the server
            limit=LINE_LIMIT,
        )
        self.process = process
        return await asyncio.wait_for(process.stdout.readline(), 60)

    @property
    def _dump(self):
        return self.scratch / "watchdog.txt"

    def _post_mortem(self):
        """Say why the process did not answer."""
        frames = watched_frames(self._dump, self.workspace)
        if self._dump.exists() and self._dump.stat().st_size:
            said = f"Your code was still running after {self.seconds:g} s, and was stopped."
            return {"error": said} | place_of(self.workspace, frames)
        return {
            "error": "Your code ended its process, or ran out of memory: there is no answer.",
            "where": self.milestone.paths[0],
        }

    def _files(self):
        """Give what a change of the learner's changes: names, times and sizes of their files."""
        found = [*self.home.glob("*.py"), *self.home.glob("*.npz")]
        found += (self.workspace.root / "tinytorch").rglob("*.py")
        facts = []
        for path in sorted(found):
            try:
                stat = path.stat()
            except OSError:
                continue  # gone between the two calls
            facts.append((path, stat.st_mtime_ns, stat.st_size))
        return facts

    def stop(self):
        """Answer nothing more."""
        self.stopped = True
        if self.process is not None and self.process.returncode is None:
            kill_group(self.process.pid)

    def _end(self):
        if self.process is not None and self.process.returncode is None:
            kill_group(self.process.pid)
        self.process = None

    async def close(self):
        """End the process and leave nothing behind."""
        process = self.process
        self.stop()
        if process is not None:
            await process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)


def place_of(workspace, frames):
    """Give the innermost frame as the page shows it: file and line, and what stands there."""
    if not frames:
        return {}
    path, line, _ = frames[0]
    try:
        code = workspace.read(path).split("\n")[line - 1].strip()
    except (CourseError, IndexError):
        code = ""
    return {"where": f"{path}:{line}", "code": code}


# -- the page and its two questions


def application(reader, page):
    """Give the ASGI application: the page, what there is to say of the network, and answers."""

    async def show(request):
        return HTMLResponse(page.read_text(encoding="utf-8"), headers=HEADERS)

    async def about(request):
        return reply(await reader.ask({}))

    async def answer(request):
        question = await drawing_of(request)
        return reply(await reader.ask(question))

    def reply(facts):
        status = 503 if facts.get("busy") else 200
        return JSONResponse(facts, status_code=status, headers=HEADERS)

    async def refused(request, error):
        return JSONResponse({"error": error.detail}, error.status_code, headers=HEADERS)

    async def failed(request, error):
        said = f"The page's own server failed: {type(error).__name__}. It is not your code's fault."
        return JSONResponse({"error": said}, 500, headers=HEADERS)

    @asynccontextmanager
    async def lifespan(app):
        yield
        await reader.close()

    return Starlette(
        routes=[
            Route("/", show),
            Route("/about", about),
            Route("/answer", answer, methods=["POST"]),
        ],
        # a page of somebody else's cannot ask under a name of its own
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
        exception_handlers={HTTPException: refused, Exception: failed},
        lifespan=lifespan,
    )


async def drawing_of(request):
    """Read {"height", "width", "ink"} from a request, ink in base64; else an HTTPException."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise HTTPException(415, "A drawing comes as application/json.")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_LIMIT:
            raise HTTPException(413, f"A drawing has at most {BODY_LIMIT} bytes.")
    try:
        facts = json.loads(body)
        height, width, ink = facts["height"], facts["width"], facts["ink"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise HTTPException(400, "A drawing is JSON with height, width and ink.") from None
    return {"drawing": checked(height, width, ink)}


def checked(height, width, ink):
    """Give the drawing as it is handed on; an HTTPException where its numbers do not fit."""
    sides = [side for side in (height, width) if type(side) is int and 1 <= side <= 1000]
    if len(sides) < 2 or not isinstance(ink, str):
        raise HTTPException(400, "height and width are whole numbers from 1 to 1000, ink is text.")
    try:
        size = len(base64.b64decode(ink, validate=True))
    except ValueError:
        raise HTTPException(400, "ink is not base64.") from None
    if size != height * width:
        raise HTTPException(
            400, f"ink has {size} bytes, {height} x {width} pixels are {height * width}."
        )
    return [height, width, ink]
