"""The guarded child process: runs suites over a learner's code and writes what happened as JSON.

Started by `runner.py` as `python -P -m checker.child REQUEST`. It imports NumPy and pytest before
anything of the learner's, so that no file of theirs can stand in for them, and limits its own
memory; a watchdog below Python ends a test that does not. This guards against accidents. It is no
sandbox.
"""

import contextlib
import importlib
import json
import os
import sys
import time

import numpy as np
import numpy.random
import numpy.testing
import pytest
import pytest_dependency
from _pytest.config import default_plugins

from . import expect
from .gates import Gate, Gates
from .guard import Watchdog, cut, describe, limit_memory

__all__ = ["main"]

# What pytest would import when it starts. By then no compiled file is looked at (see `main`), and
# all of this would be compiled anew in every check.
for _plugin in default_plugins:
    with contextlib.suppress(ImportError):
        importlib.import_module(f"_pytest.{_plugin}")
for _late in ("_pytest._argcomplete", "pdb", "zipfile", "xml.etree.ElementTree"):
    with contextlib.suppress(ImportError):
        importlib.import_module(_late)


class Events:
    """A file of JSON lines that the parent reads; each line is flushed, for what may come next."""

    def __init__(self, path):
        self.stream = open(path, "a", encoding="utf-8")  # noqa: SIM115

    def send(self, event, **facts):
        """Write one event."""
        self.stream.write(json.dumps({"event": event, "at": time.monotonic(), **facts}) + "\n")
        self.stream.flush()


def guarded():
    """Collect what a learner's code must leave as it is: NumPy, its testing, pytest, our checks."""
    modules = (np, numpy.testing, pytest, expect)
    return {
        (m.__name__, n): v for m in modules for n, v in vars(m).items() if not n.startswith("_")
    }


def patched(before):
    """Name what is no longer the object that it was."""
    return sorted(
        f"{module}.{name}"
        for (module, name), value in before.items()
        if getattr(sys.modules[module], name, None) is not value
    )


class Reporter:
    """The pytest plugin that turns reports into events and keeps tests out of each other's way."""

    def __init__(self, events, watchdog, roots, before):
        self.events, self.watchdog, self.roots, self.before = events, watchdog, roots, before

    def look_for_patches(self, stage):
        """Charge what is no longer what it was to the stage at hand, and put it back."""
        names = patched(self.before)
        if names:
            self.events.send("patched", stage=stage, names=names)
            for (module, name), value in self.before.items():
                setattr(sys.modules[module], name, value)  # for the other stages' tests

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        """Say which test begins, and give it the global state that the one before it found."""
        self.watchdog.restart()
        stage = getattr(item, "stage", None)
        self.events.send("start", id=item.nodeid, stage=stage)
        if isinstance(item, Gate):
            self.look_for_patches(stage)
        floats, state, here, environment = (
            np.geterr(),
            np.random.get_state(),
            os.getcwd(),
            dict(os.environ),
        )
        try:
            return (yield)
        finally:
            np.seterr(**floats)
            np.random.set_state(state)
            os.chdir(here)
            if dict(os.environ) != environment:
                os.environ.clear()
                os.environ.update(environment)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        """Report each test once: when it did not pass, or when its call was done."""
        report = yield
        if report.when == "call" or report.outcome != "passed":
            facts = {"id": item.nodeid, "stage": getattr(item, "stage", None)}
            if report.outcome == "failed" or (report.when == "call" and call.excinfo):
                facts["error"] = describe(call.excinfo.value, self.roots)
                facts["printed"] = cut(report.capstdout, 1500)
                facts["lines"] = report.capstdout.count("\n")
            self.events.send("result", outcome=report.outcome, **facts)
        return report

    def pytest_collectreport(self, report):
        """Report a suite that could not be imported."""
        if report.failed:
            self.events.send("collect", id=report.nodeid, text=cut(str(report.longrepr)))

    def pytest_exception_interact(self, call, report):
        """Add to a failed collection what the exception was."""
        if isinstance(report, pytest.CollectReport):
            self.events.send(
                "collect", id=report.nodeid, error=describe(call.excinfo.value, self.roots)
            )

    def pytest_keyboard_interrupt(self, excinfo):
        """Report that the learner's code raised KeyboardInterrupt, or that Ctrl-C was pressed."""
        self.events.send("stopped", error=describe(excinfo.value, self.roots))

    def pytest_internalerror(self, excinfo):
        """Report what broke pytest itself, such as sys.exit while a suite is collected."""
        self.events.send("stopped", error=describe(excinfo.value, self.roots))


def import_stages(request, events, watchdog, roots, reporter):
    """Import the learner's modules stage by stage; stop at the first that cannot be imported."""
    for number, modules in request["imports"]:
        for module in modules:
            watchdog.restart()
            events.send("importing", stage=number, module=module)
            try:
                importlib.import_module(module)
            except BaseException as error:
                events.send("import", stage=number, module=module, error=describe(error, roots))
                return number
        reporter.look_for_patches(number)
    return None


def main(path):
    """Carry out a request and end the process without waiting for threads that were left behind."""
    with open(path, encoding="utf-8") as stream:
        request = json.load(stream)
    events = Events(request["events"])
    watchdog = Watchdog(request["watchdog"], request["seconds"])
    before = guarded()
    roots = [os.path.realpath(root) for root in request["roots"]]
    sys.path[:0] = [os.path.realpath(p) for p in request["path"]]
    sys.dont_write_bytecode = True
    # an empty folder: a .pyc of the same second and size would be taken for what was just saved
    sys.pycache_prefix = request["bytecode"]
    limit_memory(request["gigabytes"])
    reporter = Reporter(events, watchdog, roots, before)
    broken = import_stages(request, events, watchdog, roots, reporter)
    order = [s["number"] for s in request["stages"]]
    stages = request["stages"][: order.index(broken) if broken else None]
    for name, module in list(sys.modules.items()):
        home = getattr(module, "__file__", None) or ""
        strange = not any(os.path.realpath(home).startswith(root + os.sep) for root in roots)
        if name.split(".")[0] == "tinytorch" and home and strange:
            events.send("stranger", module=name, file=home)
    if stages:
        arguments = ["-q", "--tb=no", "--noconftest", "--assert=plain", "--import-mode=importlib"]
        arguments += ["-p", "no:cacheprovider", "-p", "no:doctest", "--capture=sys"]
        arguments += ["-c", request["ini"], "--rootdir", request["root"], "-W", "ignore"]
        arguments += request.get("options", [])
        gates = Gates(stages, request["passed"])
        code = pytest.main(
            arguments + [path for stage in stages for path in stage["suites"]],
            plugins=[pytest_dependency, gates, reporter],
        )
    else:
        code = 0
    watchdog.stop()
    events.send("finished" if int(code) in (0, 1, 5) else "ended", code=int(code))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
