"""The characters of Shakespeare as a vocabulary, and what would happen with words."""

import sys
from collections import Counter

from tinytorch.tokenization import CharTokenizer

from checker.course import course

sys.path.append(str(course().stage("10").folder / "payoffs"))
from corpus import corpus

text, name = corpus()
tokenizer = CharTokenizer(text)
ids = tokenizer.encode(text)
assert tokenizer.decode(ids) == text
print(f"{name}: {len(ids):,} ids, {tokenizer.vocab_size} different ones; and back")

line = next(line for line in text.splitlines() if "yonder window" in line)
print(f"  {line}")
print("  " + " ".join(map(str, tokenizer.encode(line)[:24])) + " …")

counts = Counter(ids)
for i, count in counts.most_common(6):
    share = count / len(ids)
    print(f"  {i:4} {tokenizer.characters[i]!r:6}{share:6.1%} {'#' * round(share * 200)}")
rare = [tokenizer.characters[i] for i, _ in counts.most_common()[:-9:-1]]
print(f"  the most seldom: {' '.join(rare)}")

cut = len(text) * 9 // 10
known, later = set(text[:cut].split()), text[cut:].split()
unknown = [word for word in later if word not in known]
print(f"Words instead: {len(known):,} different ones in nine tenths of it. Of the last")
print(f"tenth {len(unknown) / len(later):.1%} are unknown, such as {', '.join(unknown[5:8])}")
