"""What the project's own tests share."""

import importlib.util
import os
import signal
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO / "reference"), str(REPO)]


import pytest  # noqa: E402

from checker.tests.fake import FakeWorkspace, make_course  # noqa: E402

# Whoever starts the tests in the background may have Ctrl-C ignored, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config):
    """Refuse to run in CI without what comparisons need: they would be skipped, and look green."""
    missing = [name for name in ("torch", "hypothesis") if importlib.util.find_spec(name) is None]
    if missing and os.environ.get("CI", "").lower() in ("1", "true"):
        raise pytest.UsageError(f"CI has to compare with PyTorch: {', '.join(missing)} not found")


@pytest.fixture(scope="session")
def small_course(tmp_path_factory):
    """A course of two small stages."""
    root = tmp_path_factory.mktemp("course")
    make_course(root)
    return root


@pytest.fixture
def workspace(small_course, tmp_path):
    """A fresh workspace of the small course."""
    return FakeWorkspace(tmp_path / "my work", small_course)
