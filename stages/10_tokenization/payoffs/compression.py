"""How short a text becomes, for vocabularies of all sizes, and where its tokens begin and end."""

import os
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from tinytorch.tokenization import BPETokenizer

from checker.course import course

sys.path.append(str(course().stage("10").folder / "payoffs"))
from corpus import corpus

text, name = corpus()
cut = len(text) * 9 // 10
seen, new = text[:cut], text[cut:]
largest = BPETokenizer.train(seen, 4096)
sizes = [256, 512, 1024, 2048, 4096]
line = next(line for line in text.splitlines() if "yonder window" in line)

print(f"{name}, learned from nine tenths; characters in a token:")
print("  vocabulary   learned from   the last tenth   one line of it")
rows = []
for size in [size for size in sizes if size < largest.vocab_size] + [largest.vocab_size]:
    tokenizer = BPETokenizer(largest.merges[: size - 256])
    ratios = [len(part) / len(tokenizer.encode(part)) for part in (seen, new)]
    rows.append((size, *ratios))
    tokens = [tokenizer.decode([i]) for i in tokenizer.encode(line)]
    print(f"  {size:10,} {ratios[0]:14.2f} {ratios[1]:16.2f}   {'|'.join(tokens)[:28]}…")
odd = "naïve 東京 🙂 \x00"
assert largest.decode(largest.encode(odd)) == odd
print(f"Never seen, and back: {odd!r}: {len(odd)} characters, ", end="")
print(f"{len(largest.encode(odd))} tokens")
longest = sorted(largest.decode_bytes([i]) for i in range(256, largest.vocab_size))
longest = sorted(longest, key=len, reverse=True)[:3]
print("The longest tokens: " + ", ".join(repr(token.decode()) for token in longest))

folder = Path(os.environ.get("TINYTORCH_PICTURES", "pictures"))
folder.mkdir(parents=True, exist_ok=True)
figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
for column, label in ((1, "learned from"), (2, "the last tenth, new")):
    axis.plot([row[0] for row in rows], [row[column] for row in rows], "o-", label=label)
axis.set(xscale="log", xlabel="vocabulary", ylabel="characters in a token", title=name)
axis.set_xticks([row[0] for row in rows], [f"{row[0]:,}" for row in rows], minor=False)
axis.minorticks_off()
axis.legend()
figure.savefig(folder / "10_compression.png", dpi=110)
print("The picture: pictures/10_compression.png")
