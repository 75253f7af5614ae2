"""Stage 08: a data set larger than the memory it may use, measured in a process of its own.

Resident memory is what the system says (VmHWM of /proc, the highest so far), so this runs where
there is a /proc. The control reads the same file through one map that stays open.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from checker.tests.conftest import REPO

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")

MEGABYTE = 2**20
ROWS, WIDTH = 65_536, 1024  # 256 MB of float32

CHILD = """
import json, resource, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from tinytorch.dataloader import DataLoader, Dataset
from tinytorch.readers import MemoryMapDataset

def megabytes(name):
    text = open("/proc/self/status").read()
    return int(text.split(name + ":")[1].split()[0]) / 1024

class OneMap(Dataset):
    def __init__(self, path):
        self.rows = np.load(path, mmap_mode="r")
    def __len__(self):
        return len(self.rows)
    def __getitem__(self, index):
        return (np.array(self.rows[index]),)

path, resident, shuffle, workers = sys.argv[2], int(sys.argv[3]), *map(int, sys.argv[4:6])
data = MemoryMapDataset(path, resident=resident) if resident else OneMap(path)
loader = DataLoader(data, 64, shuffle=bool(shuffle), generator=0, num_workers=workers)
next(iter(loader))
before = megabytes("VmRSS")
resource.setrlimit(resource.RLIMIT_DATA, (300 << 20, 300 << 20))
total, count = 0.0, 0
for (rows,) in loader:
    total += float(rows.data[:, 0].sum(dtype=np.float64))
    count += len(rows)
held = None
try:
    held = np.fromfile(path, np.uint8, count=int(sys.argv[6]) << 20) if int(sys.argv[6]) else None
except MemoryError:
    held = "refused"
print(json.dumps([megabytes("VmHWM") - before, total, count, held == "refused"]))
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "rows.npy"
    rows = np.lib.format.open_memmap(path, "w+", np.float32, (ROWS, WIDTH))
    for start in range(0, ROWS, 4096):
        rows[start : start + 4096] = np.arange(start, start + 4096)[:, None]
    rows.flush()
    del rows
    yield path
    path.unlink()


def read(path, resident, shuffle=0, workers=0, at_once=0):
    """Read an epoch in a child; gives (growth in MB, sum, count, was reading at once refused)."""
    words = [REPO / "reference", path, resident, shuffle, workers, at_once]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *map(str, words)],
        capture_output=True, text=True, timeout=300, check=False,
        env={"OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("shuffle", [0, 1])
@pytest.mark.parametrize("workers", [0, 1])
def test_resident_growth_is_bounded(large, shuffle, workers):
    growth, total, count, _ = read(large, 32 * MEGABYTE, shuffle, workers)
    assert count == ROWS and total == ROWS * (ROWS - 1) / 2  # every row, once
    assert growth < 64, f"{growth:.0f} MB for a file of 256 MB and a limit of 32"


def test_one_map_that_stays_open_grows_with_the_file(large):
    growth, *_ = read(large, 0)
    assert growth > 200, f"the control grew by {growth:.0f} MB only: nothing is shown by it"


def test_the_file_does_not_fit_at_once(tmp_path):
    """With 300 MB allowed, a file of 512 MB is read through the map, and cannot be read at once."""
    path = tmp_path / "large.npy"
    rows = np.lib.format.open_memmap(path, "w+", np.float32, (2 * ROWS, WIDTH))
    del rows  # holes: no disk is used
    try:
        growth, total, count, refused = read(path, 32 * MEGABYTE, 1, 1, at_once=512)
    finally:
        path.unlink()
    assert refused and count == 2 * ROWS and total == 0
    assert growth < 64
