"""Read a file of 96 MB in shuffled batches; 16 MB of it, and four batches, may be in memory."""

import tempfile
import time
from pathlib import Path

import numpy as np
from tinytorch.dataloader import DataLoader
from tinytorch.readers import MemoryMapDataset

ROWS, WIDTH, BATCH = 8_192, 3_072, 256  # pictures of 32 x 32 in three colours, as float32


def resident():
    """Give the memory in use now, in MB; nan where the system does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    return int(status.read_text().split("VmRSS:")[1].split()[0]) / 1024


def say(batches, more):
    """Print a line with a bar."""
    bar = "" if more != more else "#" * round(max(more, 0) / 5)
    megabytes = batches * BATCH * WIDTH * 4 >> 20
    print(f"{batches:3} batches  {megabytes:3} MB read, {more:4.0f} MB more in memory {bar}")


with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    path = Path(folder) / "pictures.npy"
    rows = np.lib.format.open_memmap(path, "w+", np.float32, (ROWS, WIDTH))
    rows[:] = np.arange(ROWS)[:, None]  # row i holds i everywhere, so that it can be checked
    del rows
    size = path.stat().st_size >> 20
    print(f"{size} MB, {ROWS:,} pictures; allowed: 16 MB mapped and 4 batches copied, 3 MB each")
    data = MemoryMapDataset(path, resident=16 << 20)
    loader = DataLoader(data, BATCH, shuffle=True, generator=0, num_workers=1)
    before, highest, most, start = resident(), 0.0, 0.0, time.perf_counter()
    times_seen = np.zeros(ROWS, int)
    for at, (pictures,) in enumerate(loader, 1):
        times_seen[pictures.data[:, -1].astype(int)] += 1
        more = resident() - before
        highest, most = max(highest, more), max(most, more)
        if at % 4 == 0:
            say(at, most)  # the most of these four batches
            most = 0.0
    seconds = time.perf_counter() - start
    print(f"in {seconds:.1f} s, shuffled, never more than {highest:.0f} MB; a thread loads ahead")
    once = "yes" if (times_seen == 1).all() else "NO"
    print(f"was each picture seen exactly once? {once}")
    print("and the whole file at once:")
    before = resident()
    everything = np.load(path)
    say(ROWS // BATCH, resident() - before)
    del everything
