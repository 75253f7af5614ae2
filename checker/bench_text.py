"""Measure the tokenizers of the reference: `python -m checker.bench_text [--repeat 5]`.

Seconds to learn 1,000 merges, and MB/s to encode with a tokenizer that remembers nothing yet: on
tiny Shakespeare where it lies on this disk, and on made-up texts that are hard for byte pairs.
"""

import argparse
import os
import platform
import random
import sys
import time
from pathlib import Path

from .course import course

__all__ = ["main"]

MERGES = 1000


def main(arguments):
    """Print a table: the best of several runs for each text."""
    parser = argparse.ArgumentParser(prog="python -m checker.bench_text")
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args(arguments).repeat
    sys.path[:0] = [str(course().reference.parent)]
    from tinytorch.tokenization import BPETokenizer, CharTokenizer

    print(f"\n{platform.system()} {platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(f"Python {platform.python_version()}; {MERGES:,} merges\n")
    print(f"{'':<34}{'MB':>6}{'merges':>8}{'learn, s':>10}{'encode, MB/s':>14}{'characters':>12}")
    for name, text, times in texts(repeat):
        size = len(text.encode()) / 1e6
        learn, tokenizer = best(times, lambda text=text: BPETokenizer.train(text, 256 + MERGES))
        characters = CharTokenizer(text)
        fresh = [BPETokenizer(tokenizer.merges) for _ in range(times)]
        encode, ids = best(times, lambda text=text, fresh=fresh: fresh.pop().encode(text))
        if tokenizer.decode(ids) != text:
            raise AssertionError(f"{name} does not come back as it was")
        single, _ = best(times, lambda text=text, all=characters: all.encode(text))
        print(f"{name:<34}{size:>6.1f}{len(tokenizer.merges):>8,}{learn:>10.2f}", end="")
        print(f"{size / encode:>14.1f}{size / single:>12.1f}", flush=True)
    return 0


def best(times, work):
    """Give the least time of several runs, and what the last one gave."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def texts(repeat):
    """Yield (name, text, how often): what a learner has, then the worst."""
    file = Path(os.environ.get("TINYTORCH_DATA", "../shared/data")) / "tinyshakespeare.txt"
    if file.is_file():
        yield "tiny Shakespeare", file.read_text(encoding="utf-8"), repeat
    else:
        print("tiny Shakespeare is not there: TINYTORCH_DATA names the folder that holds it")
    draw = random.Random(0)
    yield "one letter", "a" * 1_000_000, repeat
    yield "one chunk of ten letters, drawn", "".join(draw.choices("abcdefghij", k=100_000)), repeat
    signs = [chr(0x4E00 + 7 * i) for i in range(3000)]
    often = [1 / (i + 1) for i in range(3000)]
    yield "3,000 Chinese signs, no spaces", "".join(draw.choices(signs, often, k=333_333)), 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
