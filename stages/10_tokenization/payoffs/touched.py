"""How long a merge takes by counting everything, and how long by counting what it touched."""

import os
import statistics
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from tinytorch.tokenization import learn_merges, learn_merges_slowly, merge, split_chunks

from checker.course import course

sys.path.append(str(course().stage("10").folder / "payoffs"))
from corpus import corpus

text, name = corpus()
print(name)
print(f"{'seconds: 5 merges slowly':>52}{'5 yours':>9}{'1,000':>9}")
for part in (16, 4, 1):
    counts = Counter(split_chunks(text[: len(text) // part]))
    words, times = [chunk.encode() for chunk in counts], list(counts.values())
    seconds = []
    for learn, n in ((learn_merges_slowly, 5), (learn_merges, 5), (learn_merges, 1000)):
        start = time.perf_counter()
        merges = learn(words, times, n)
        seconds.append(time.perf_counter() - start)
    slow, few, many = seconds
    print(f"{len(text) // part:10,} characters {len(words):7,} words", end="")
    print(f"{slow:14.3f}{few:9.3f}{many:9.3f}  ({len(merges):,})")
print(f"At that pace {len(merges):,} merges would take {slow / 5 * len(merges):,.1f} s", end="")
print(f", {slow / 5 * len(merges) / many:,.0f} times as long.")

touched, words = [], [list(word) for word in words]
for k, pair in enumerate(merges[:300]):
    hit = [i for i, word in enumerate(words) if pair in pairwise(word)]
    touched.append(len(hit))
    for i in hit:
        words[i] = merge(words[i], pair, 256 + k)
for first, last in ((0, 10), (10, 100), (100, 300)):
    middle = statistics.median(touched[first:last])
    print(f"merges {first + 1:3} to {last:3} touch {middle:5.0f} of {len(words):,} words", end="")
    print(f" (median), {middle / len(words):.1%}")

folder = Path(os.environ.get("TINYTORCH_PICTURES", "pictures"))
folder.mkdir(parents=True, exist_ok=True)
figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
axis.plot(range(1, len(touched) + 1), touched, lw=1)
axis.axhline(len(words), color="0.6", ls="--")
axis.annotate("all words", (len(touched), len(words)), ha="right", va="bottom")
axis.set(xlabel="merge", ylabel="words that it touches", yscale="log", title=name)
figure.savefig(folder / "10_touched.png", dpi=110)
print("The picture: pictures/10_touched.png")
