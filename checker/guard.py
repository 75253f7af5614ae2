"""What guards a process that runs a learner's code: against too much time, and too much memory.

This is for accidents. It is no sandbox.
"""

import faulthandler
import os
import sys

from . import expect

__all__ = ["Watchdog", "cut", "describe", "limit_memory"]


class Watchdog:
    """Ends the process when one step takes too long, and says where it was; even inside C."""

    def __init__(self, path, seconds):
        self.stream = open(path, "w", encoding="utf-8")  # noqa: SIM115
        self.seconds = seconds

    def restart(self):
        """Give the next step its full time."""
        faulthandler.dump_traceback_later(self.seconds, file=self.stream, exit=True)

    def stop(self):
        """Nothing more is awaited."""
        faulthandler.cancel_dump_traceback_later()


def limit_memory(gigabytes):
    """Allow this much on top of what is mapped already, where the system can (Linux)."""
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as stream:
            mapped = int(stream.read().split()[0]) * resource.getpagesize()
        ceiling = mapped + int(gigabytes * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, resource.RLIM_INFINITY))
    except (ImportError, OSError, ValueError):
        pass  # macOS and Windows have no such limit; the README says so


def describe(error, roots):
    """Give an exception as plain facts: what it says, and where in the learner's files it rose."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        root = next((r for r in roots if path.startswith(r + os.sep)), None)
        if root:
            relative = os.path.relpath(path, os.path.dirname(root)).replace(os.sep, "/")
            name = trace.tb_frame.f_code.co_qualname if sys.version_info >= (3, 11) else ""
            frames.append([relative, trace.tb_lineno, name])
        trace = trace.tb_next
    facts = {"type": type(error).__name__, "message": cut(str(error)), "frames": frames[-6:]}
    if isinstance(error, expect.Mismatch):
        facts |= {
            key: cut(getattr(error, key))
            for key in ("headline", "why", "expected", "got", "relation")
        }
    if isinstance(error, SyntaxError) and error.filename:
        root = next((r for r in roots if error.filename.startswith(r + os.sep)), "")
        relative = os.path.relpath(error.filename, os.path.dirname(root)).replace(os.sep, "/")
        facts["frames"] = [[relative, error.lineno or 0, ""]]
        facts["message"] = error.msg
    return facts


def cut(text, limit=600):
    """Give a text, shortened where it is too long for a message."""
    return text if text is None or len(text) <= limit else text[:limit] + " …"
