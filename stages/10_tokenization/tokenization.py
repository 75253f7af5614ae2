"""Tokenizers: text to numbers and back, by characters and by byte pairs (stage 10).

Order of the file: the character tokenizer; byte-pair encoding, how merges are learned and applied;
the tokenizer that is made of them; the files in which both are kept. No tensors yet: an id is an
int, and what an id means is learned in the next stage.
"""

import codecs
import json
import os
import re
from collections import Counter, defaultdict
from itertools import pairwise

__all__ = [
    "BPETokenizer",
    "CharTokenizer",
    "apply_merges",
    "count_pairs",
    "learn_merges",
    "learn_merges_slowly",
    "merge",
    "most_frequent",
    "split_chunks",
]

VERSION = 1  # of the files


class CharTokenizer:
    """A token for each character of a text: a short vocabulary, and long sequences."""

    def __init__(self, text):
        """Number the different characters of `text`, in sorted order, from 0.

        `characters` is their list, id to character; `ids` is the dictionary back. Sorted, so that
        the same text gives the same ids whenever and wherever it runs, which a set alone does not.

        >>> tokenizer = CharTokenizer("hello")
        >>> tokenizer.characters, tokenizer.ids
        (['e', 'h', 'l', 'o'], {'e': 0, 'h': 1, 'l': 2, 'o': 3})
        """
        raise NotImplementedError("stage 10: CharTokenizer.__init__")

    @property
    def vocab_size(self):
        return len(self.characters)

    def encode(self, text):
        """Give the list of the ids of the characters of `text`.

        ValueError where a character is not in the vocabulary: it names the character as `repr`
        shows it, and its position. To drop it in silence would change the text.

        >>> CharTokenizer("hello").encode("hole")
        [1, 3, 2, 0]
        """
        raise NotImplementedError("stage 10: CharTokenizer.encode")

    def decode(self, ids):
        """Give the text of these ids: ints, or an array or tensor of one axis.

        IndexError where an id is not in the vocabulary; it names the id and the size. An id below
        0 is not in it either, though a Python list would take it.

        >>> CharTokenizer("hello").decode([1, 3, 2, 0])
        'hole'
        """
        raise NotImplementedError("stage 10: CharTokenizer.decode")

    def save(self, file):
        """Write the vocabulary as JSON; `load` reads it."""
        write_json(file, type(self).__name__, characters=self.characters)

    @classmethod
    def load(cls, file):
        """Read what `save` wrote; ValueError where the file is damaged or holds something else."""
        with reading(file):
            characters = read_json(file, cls.__name__)["characters"]
            if sorted({c for c in characters if len(c) == 1}) != characters:
                raise ValueError("its characters are not sorted single ones")
        return cls(characters)

    def __repr__(self):
        return f"CharTokenizer({self.vocab_size} characters)"


# -- byte-pair encoding: words are lists of ids, and counts[i] says how often word i comes


def count_pairs(words, counts):
    """Count the pairs of neighbours in all words: a dictionary (a, b) -> how often.

    Word i comes counts[i] times, and so does each pair in it. No pair reaches from one word into
    the next.

    >>> count_pairs([[1, 2, 1, 2], [2, 3]], [10, 1])
    {(1, 2): 20, (2, 1): 10, (2, 3): 1}
    """
    raise NotImplementedError("stage 10: count_pairs")


def most_frequent(pairs):
    """Give the pair with the highest count; of several with the same, the smallest.

    None where no pair comes twice: a merge would then save one token and never serve again. The
    rule for ties makes the merges a matter of the text alone, and not of the order in which a
    dictionary happens to hold its pairs.

    >>> most_frequent({(7, 8): 5, (2, 9): 5, (1, 1): 3})
    (2, 9)
    """
    raise NotImplementedError("stage 10: most_frequent")


def merge(ids, pair, new):
    """Give the list of ids in which each `pair` of neighbours has become the one id `new`.

    From left to right, and an id goes into one merge only: of three a in a row the first two
    become aa. `new` is an id that is not in `ids` yet.

    >>> merge([1, 1, 1, 2, 1, 1], (1, 1), 9)
    [9, 1, 2, 9]
    """
    raise NotImplementedError("stage 10: merge")


def learn_merges_slowly(words, counts, n):
    """Learn up to n merges: count all pairs, merge the most frequent, and again.

    Gives a list of pairs; merge k makes the id 256 + k (Sennrich, Haddow and Birch 2016). It ends
    early where `most_frequent` gives None. Each round reads each word: kept to test
    `learn_merges` against.

    >>> learn_merges_slowly([[1, 2, 1, 2], [2, 3]], [10, 1], 3)
    [(1, 2), (256, 256)]
    """
    raise NotImplementedError("stage 10: learn_merges_slowly")


def learn_merges(words, counts, n):
    """Give the same merges as `learn_merges_slowly`, and touch only the words that hold the pair.

    Pairs are counted once. When a word changes, what its pairs counted is taken away, and
    what the pairs of the new word count is added; `words_by_pair` says which words those are, and
    learns of the new pairs. Words of the caller stay as they are.

    >>> learn_merges([[1, 2, 1, 2], [2, 3]], [10, 1], 3)
    [(1, 2), (256, 256)]
    """
    raise NotImplementedError("stage 10: learn_merges")


def words_by_pair(words):
    """Map each pair to the set of the numbers of the words that hold it."""
    where = defaultdict(set)
    for i, word in enumerate(words):
        for pair in pairwise(word):
            where[pair].add(i)
    return where


def apply_merges(ids, ranks):
    """Merge what can be merged, in the order in which it was learned.

    `ranks` maps a pair to its rank k, the number of its merge, and the pair becomes 256 + k. Of the
    pairs that are there, the one of the lowest rank goes first, wherever it stands, until none
    has a rank: so a word is cut as it was when the merges were learned.

    >>> apply_merges([1, 2, 3, 4], {(2, 3): 0, (1, 2): 1, (256, 4): 2})
    [1, 258]
    """
    raise NotImplementedError("stage 10: apply_merges")


# -- the tokenizer

# GPT-2's pattern (Radford et al. 2019) for Python's own `re`, which has no \p{L}: what is in \w and
# is neither a digit nor _ is a letter. At most 16 characters: where a language writes no spaces,
# a page would be one chunk, and each merge would walk through all of it.
CHUNK = re.compile(
    r"'(?:[sdmt]|ll|ve|re)"  # the end of I'll, don't, that's
    r"| ?[^\W\d_]{1,16}"  # letters, with the space in front of them
    r"| ?\d{1,16}"
    r"| ?(?:[^\s\w]|_){1,16}"  # other signs
    r"|\s{1,16}(?!\S)|\s{1,16}"  # white space; its last one belongs to what follows
)

CACHED_CHUNKS = 100_000  # how many chunks a tokenizer remembers


def split_chunks(text):
    """Cut a text into chunks, over whose borders nothing is merged; joined they are the text.

    >>> split_chunks("I don't  know 2 words.")
    ['I', ' don', "'t", ' ', ' know', ' 2', ' words', '.']
    """
    return CHUNK.findall(text)


def as_bytes(text):
    """Give the UTF-8 bytes of a text: 1 to 4 a character.

    Half a surrogate pair, which some programs leave in a text, has no bytes in UTF-8; it gets the
    three that it would have, and `decode` brings it back.
    """
    return text.encode("utf-8", "surrogatepass")


class BPETokenizer:
    """Byte-pair encoding at the level of bytes: no text is unknown, and frequent ones are short.

    Ids 0 to 255 are bytes, 256 + k is merge k, and after the merges come the special tokens, such
    as "<|endoftext|>", which stand for something that is no text.
    """

    def __init__(self, merges=(), special_tokens=()):
        """Take the merges, in their order, and special tokens; ValueError where they do not fit."""
        self.merges = [tuple(pair) for pair in merges]
        self.ranks = {pair: k for k, pair in enumerate(self.merges)}
        self._bytes = [bytes([i]) for i in range(256)]
        for k, pair in enumerate(self.merges):
            if len(pair) != 2 or not all(type(i) is int and 0 <= i < 256 + k for i in pair):
                raise ValueError(f"merge {k} is {pair}, not two ids from 0 to {255 + k}")
            self._bytes.append(self._bytes[pair[0]] + self._bytes[pair[1]])
        if len(self.ranks) < len(self.merges):
            raise ValueError("a merge comes twice")
        named, first = list(special_tokens), len(self._bytes)
        if isinstance(special_tokens, str) or not all(isinstance(t, str) and t for t in named):
            raise ValueError(
                f"special_tokens is a list of texts, none empty, not {special_tokens!r}"
            )
        self.special_tokens = {token: first + i for i, token in enumerate(named)}
        if len(self.special_tokens) < len(named):
            raise ValueError("a special token comes twice")
        self._bytes += map(as_bytes, named)
        longest_first = sorted(named, key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        self._cache = {}

    @classmethod
    def train(cls, text, vocab_size, special_tokens=()):
        """Learn from a text: `vocab_size` ids, bytes and special tokens included.

        ValueError where it is less than those. There are fewer in the end where the text is so
        short that no pair comes twice any more. Each different chunk is one word for
        `learn_merges`, with its count.
        """
        n = vocab_size - 256 - len(special_tokens)
        if n < 0:
            raise ValueError(
                f"a vocabulary of {vocab_size} has no room for 256 bytes and "
                f"{len(special_tokens)} special tokens"
            )
        counts = Counter(split_chunks(text))
        words = [as_bytes(chunk) for chunk in counts]
        return cls(learn_merges(words, list(counts.values()), n), special_tokens)

    @property
    def vocab_size(self):
        return len(self._bytes)

    def encode(self, text, special=False):
        """Give the list of the ids of `text`.

        `split_chunks` cuts it, and `chunk_ids` gives the ids of a chunk. A text is only a text:
        where the spelling of a special token stands in it, it is encoded like any other. With
        `special=True`, for texts that you wrote yourself, it becomes the token's one id.

        >>> BPETokenizer([(104, 105)], ["<end>"]).encode("hi hi<end>", special=True)
        [256, 32, 256, 257]
        """
        raise NotImplementedError("stage 10: BPETokenizer.encode")

    def decode(self, ids):
        """Give the text of these ids: ints, or an array or tensor of one axis.

        All bytes are joined first, since a character's may come from several tokens, then decoded
        with "surrogatepass". Where that is no UTF-8 (a UnicodeDecodeError), as a model may write
        it, they are decoded with "replace", which puts � for what cannot be read.

        >>> BPETokenizer([(195, 164)]).decode([195, 164, 256, 33, 195])
        'ää!�'
        """
        raise NotImplementedError("stage 10: BPETokenizer.decode")

    def decode_bytes(self, ids):
        """Give the bytes of all these ids, joined."""
        return b"".join([self.token_bytes(i) for i in as_list(ids)])

    def token_bytes(self, id):
        """Give the bytes of one token; IndexError where there is no such id."""
        if not 0 <= id < len(self._bytes):
            raise IndexError(f"id {id} is not in a vocabulary of {len(self._bytes)}")
        return self._bytes[id]

    def stream(self, ids):
        """Yield the text of ids piece by piece, as they come; a character waits until it is whole.

        Joined, the pieces are what `decode` gives, but for halves of surrogate pairs, which are
        replaced here.
        """
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for i in ids:
            if piece := decoder.decode(self.token_bytes(i)):
                yield piece
        if piece := decoder.decode(b"", final=True):
            yield piece

    def chunk_ids(self, chunk):
        """Give the ids of one chunk; they are remembered, since most chunks come again."""
        ids = self._cache.get(chunk)
        if ids is None:
            if len(self._cache) >= CACHED_CHUNKS:
                self._cache.clear()
            ids = self._cache[chunk] = tuple(apply_merges(as_bytes(chunk), self.ranks))
        return ids

    def cut_special(self, text):
        """Yield the parts of a text: its special tokens, the longest that fits, and the rest."""
        end = 0
        for found in self._special.finditer(text):
            yield text[end : found.start()]
            yield found[0]
            end = found.end()
        yield text[end:]

    def save(self, file):
        """Write merges and special tokens as JSON; `load` reads them."""
        special = list(self.special_tokens)
        write_json(file, type(self).__name__, merges=self.merges, special_tokens=special)

    @classmethod
    def load(cls, file):
        """Read what `save` wrote; ValueError where the file is damaged or holds something else."""
        with reading(file):
            kept = read_json(file, cls.__name__)
            return cls(kept["merges"], kept["special_tokens"])

    def __repr__(self):
        special = f", {len(self.special_tokens)} special tokens" if self.special_tokens else ""
        return f"BPETokenizer({len(self.merges)} merges{special})"


# -- what both need


def as_list(ids):
    """Give the ids of a list, an array or a tensor as Python ints."""
    return ids.tolist() if hasattr(ids, "tolist") else list(ids)


def write_json(file, kind, **content):
    """Write a tokenizer's file; it appears whole or not at all."""
    draft = f"{os.fspath(file)}.{os.getpid()}.tmp"
    try:
        with open(draft, "w", encoding="utf-8") as stream:
            json.dump({"kind": kind, "version": VERSION, **content}, stream)
        os.replace(draft, file)
    finally:
        if os.path.exists(draft):
            os.remove(draft)


def read_json(file, kind):
    """Read a tokenizer's file of this kind, as a dictionary."""
    with open(file, encoding="utf-8") as stream:
        kept = json.load(stream)
    if kept["kind"] != kind or kept["version"] != VERSION:
        raise ValueError(f"it says {kept['kind']} of version {kept['version']}")
    return kept


class reading:
    """A context in which whatever is wrong with a file becomes one sentence."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, (ValueError, TypeError, KeyError)):
            raise ValueError(
                f"{os.fspath(self.file)} is damaged, or no tokenizer of this kind: {error}"
            ) from None
