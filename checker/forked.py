"""Children that begin with NumPy and pytest imported, forked from a process that is kept for it.

For course-check, which starts some thousands of them: importing takes longer than most tests. A
learner's check starts its child anew, as every system can.
"""

import contextlib
import multiprocessing
import os
import subprocess
import sys
import threading

__all__ = ["Forked", "can_fork"]

_hiding = threading.Lock()


def can_fork():
    """Tell whether this system forks servers (Linux and macOS do)."""
    return "forkserver" in multiprocessing.get_all_start_methods()


class Forked:
    """A child that carries out one request; what the runner needs of `subprocess.Popen`."""

    def __init__(self, request, folder):
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["checker.child"])
        ours, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=_carry_out, args=(request, folder, theirs))
        with _no_program():
            self.process.start()
        self.pid = self.process.pid
        theirs.close()
        self.stdout = os.fdopen(os.dup(ours.fileno()), "rb")
        ours.close()

    @property
    def returncode(self):
        """Give the exit code, or None while it runs."""
        return self.process.exitcode

    def poll(self):
        """Give the exit code, or None while it runs."""
        return self.process.exitcode

    def wait(self, timeout=None):
        """Wait for its end; TimeoutExpired where that takes too long."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired("checker.child", timeout)
        return self.process.exitcode

    def kill(self):
        """End it at once."""
        self.process.kill()


@contextlib.contextmanager
def _no_program():
    """Hide what runs as the program: every child would import it, and needs none of it."""
    main = sys.modules["__main__"]
    with _hiding:
        hidden = {name: vars(main).pop(name, None) for name in ("__spec__", "__file__")}
        main.__spec__ = None
        try:
            yield
        finally:
            vars(main).update({name: value for name, value in hidden.items() if value is not None})


def _carry_out(request, folder, output):
    """Be the child: in a session of its own, with its output in the pipe."""
    from . import child

    os.setsid()
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(folder)
    child.main(request)
