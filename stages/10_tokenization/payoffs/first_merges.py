"""The first 20 merges: from the balcony scene, and from your own notes where there are any."""

import sys
from collections import Counter
from pathlib import Path

from tinytorch.tokenization import learn_merges_slowly, split_chunks

from checker.course import course

sys.path.append(str(course().stage("10").folder / "payoffs"))
from corpus import passage


def first_tokens(text, n=20):
    """Learn n merges from a text; give the tokens as texts, and all there is to tell about it."""
    counts = Counter(split_chunks(text))
    words = [chunk.encode() for chunk in counts]
    merges = learn_merges_slowly(words, list(counts.values()), n)
    tokens = [bytes([i]) for i in range(256)]
    for a, b in merges:
        tokens.append(tokens[a] + tokens[b])
    shown = [token.decode("utf-8", "replace").replace(" ", "_") for token in tokens]
    return merges, shown


def told(text, title):
    """Print a table of merges, five in a row: what joins what."""
    merges, shown = first_tokens(text)
    print(f"{title}, {len(text):,} characters; _ is a space:")
    for row in range(0, len(merges), 5):
        cells = [f"{shown[a]} + {shown[b]}" for a, b in merges[row : row + 5]]
        print(f"  {256 + row}   " + "".join(f"{cell:13}" for cell in cells).rstrip())


told(passage(), "Romeo and Juliet")
notes = "\n".join(file.read_text(encoding="utf-8") for file in sorted(Path("notes").glob("*.md")))
if len(notes) >= 1000:
    told(notes, "your notes")
else:
    print("With 1,000 characters in notes/*.md, the merges of your own text stand here.")
