"""Stage 10: characters, byte pairs, and the way back."""

from collections import Counter
from itertools import pairwise

import numpy as np
from tinytorch import tokenization
from tinytorch.tensor import Tensor
from tinytorch.tokenization import (
    BPETokenizer,
    CharTokenizer,
    apply_merges,
    count_pairs,
    learn_merges,
    learn_merges_slowly,
    merge,
    most_frequent,
)

from checker.expect import Mismatch, expect_equal, expect_raises, expect_true

PASSAGE = """\
ROMEO:
But, soft! what light through yonder window breaks?
It is the east, and Juliet is the sun.
Arise, fair sun, and kill the envious moon,
Who is already sick and pale with grief,
That thou her maid art far more fair than she:
It is my lady, O, it is my love!
O, that she knew she were!
She speaks yet she says nothing: what of that?
"""
TEXTS = {  # what a text may be
    "plain": "It is the east,  and Juliet is the sun.\n\n\tArise!",
    "umlauts": "Übergrößenträger",
    "Chinese": "天地玄黃宇宙洪荒",
    "emoji": "a family: 👩‍👩‍👧, a flag: 🇺🇳",
    "control characters": "\x00\x7f\ufeff\u2028_",
    "nothing": "",
}
GIVES_SAME = "A network learns what an id means: the same text has to give the same ids everywhere."


def merges_of_text(words, counts, n):
    """Learn merges in another way: an id is a character of a string, and `replace` merges."""
    words, merges = ["".join(map(chr, word)) for word in words], []
    for new in range(256, 256 + n):
        seen = Counter()
        for word, count in zip(words, counts, strict=True):
            for a, b in pairwise(word):
                seen[ord(a), ord(b)] += count
        pair = min(seen, key=lambda pair: (-seen[pair], pair), default=None)
        if pair is None or seen[pair] < 2:
            break
        words = [word.replace(chr(pair[0]) + chr(pair[1]), chr(new)) for word in words]
        merges.append(pair)
    return merges


def drawn_words(seed, letters=4, words=30):
    """Draw words of a few letters, so that pairs come again and counts are often the same."""
    draw = np.random.default_rng(seed)
    lengths = draw.integers(1, 9, words)
    drawn = [draw.integers(97, 97 + letters, length).tolist() for length in lengths]
    return drawn, draw.integers(1, 6, words).tolist()


def expect_merges(got, expected, what, why=""):
    """Compare two lists of merges; say which is the first that differs."""
    __tracebackhide__ = True
    expect_equal(type(got), list, f"the type of {what}", "A list of pairs.")
    for k, (one, other) in enumerate(zip(got, expected)):  # noqa: B905
        expect_equal(one, other, f"merge {k} of {what}", why)
    expect_equal(len(got), len(expected), f"the number of merges of {what}", why)


# -- CharTokenizer.__init__ -----------------------------------------------------------------------


def test_unit_chartokenizer_init_example():
    tokenizer = CharTokenizer("hello")
    expect_equal(
        tokenizer.characters, ["e", "h", "l", "o"], 'the characters of CharTokenizer("hello")',
        "Each different character once, sorted.",
    )  # fmt: skip
    expect_equal(
        tokenizer.ids, {"e": 0, "h": 1, "l": 2, "o": 3}, 'the ids of CharTokenizer("hello")',
        "ids is the way back: from a character to its place in the list, from 0.",
    )  # fmt: skip
    expect_equal(tokenizer.vocab_size, 4, 'the vocab_size of CharTokenizer("hello")')


def test_unit_chartokenizer_init_sorted():
    text = "the quick brown fox jumps over the lazy dog, 0123456789 times"
    tokenizer, turned = CharTokenizer(text), CharTokenizer(text[::-1])
    expect_equal(tokenizer.characters, turned.characters, "the characters of a reversed text",
                 GIVES_SAME)  # fmt: skip
    expect_equal(
        "".join(tokenizer.characters), " ,0123456789abcdefghijklmnopqrstuvwxyz",
        "the vocabulary of a text with all letters, joined",
        "Sorted: a set alone comes in another order in each run of Python.",
    )  # fmt: skip


def test_unit_chartokenizer_init_every_character():
    tokenizer = CharTokenizer("Öl\n öl\t🙂")
    expect_equal(
        tokenizer.characters, ["\t", "\n", " ", "l", "Ö", "ö", "🙂"],
        "the characters of a text of all sorts",
        "White space and capitals are characters as well, or no text comes back as it was.",
    )  # fmt: skip


# -- CharTokenizer.encode -------------------------------------------------------------------------


def test_unit_chartokenizer_encode_example():
    expect_equal(
        CharTokenizer("hello").encode("hole"), [1, 3, 2, 0],
        'CharTokenizer("hello").encode("hole")', "h is 1, o is 3, l is 2, e is 0.",
    )  # fmt: skip


def test_unit_chartokenizer_encode_each_character():
    tokenizer = CharTokenizer(PASSAGE)
    got = tokenizer.encode(PASSAGE)
    expect_equal(
        len(got), len(PASSAGE), f"the number of ids of {len(PASSAGE)} characters",
        "One id for each character, spaces and line ends too.",
    )  # fmt: skip
    expect_equal("".join(tokenizer.characters[i] for i in got), PASSAGE, "a passage, looked up")
    expect_equal(tokenizer.encode(""), [], "the ids of an empty text")


def test_unit_chartokenizer_encode_unknown():
    tokenizer = CharTokenizer("hello")
    why = (
        "The message says which character, as repr shows it, and where: nobody finds one "
        "odd character among a million otherwise. Leaving it out would change the text."
    )
    for text, at, named in (("hex", 2, "'x'"), ("hell\n", 4, r"'\n'"), ("H", 0, "'H'")):
        expect_raises(
            ValueError, lambda text=text: tokenizer.encode(text),
            f'CharTokenizer("hello").encode({text!r})', why, mentions=(named, at),
        )  # fmt: skip


def test_unit_chartokenizer_encode_last_position():
    text = "o" * 57 + "X"
    expect_raises(
        ValueError, lambda: CharTokenizer("hello").encode(text), "X after 57 o's",
        "The position is counted in the text, from 0.", mentions=("'X'", 57),
    )  # fmt: skip


# -- CharTokenizer.decode -------------------------------------------------------------------------


def test_unit_chartokenizer_decode_example():
    expect_equal(
        CharTokenizer("hello").decode([1, 3, 2, 0]), "hole",
        'CharTokenizer("hello").decode([1, 3, 2, 0])', "The characters of the ids, joined.",
    )  # fmt: skip


def test_unit_chartokenizer_decode_and_back():
    tokenizer = CharTokenizer(PASSAGE)
    expect_equal(
        tokenizer.decode([tokenizer.ids[c] for c in PASSAGE]) == PASSAGE, True,
        "that a passage comes back as it was",
        "Character for character: no space in between, and no white space lost.",
    )  # fmt: skip
    expect_equal(tokenizer.decode([]), "", "the text of no ids")


def test_unit_chartokenizer_decode_beyond_the_end():
    tokenizer = CharTokenizer("hello")
    for i in (4, 99):
        expect_raises(
            IndexError, lambda i=i: tokenizer.decode([0, i]),
            f"id {i} in a vocabulary of 4", "Name the id and the size: ids are 0 to size - 1.",
            mentions=(i, 4),
        )  # fmt: skip


def test_unit_chartokenizer_decode_negative():
    tokenizer = CharTokenizer("hello")
    for i in (-1, -4, -9):
        expect_raises(
            IndexError, lambda i=i: tokenizer.decode([0, i]), f"id {i} in a vocabulary of 4",
            "A Python list counts -1 from its end and gives a character. No tokenizer gave "
            "that id, so somebody has made a mistake, and must hear of it.", mentions=(i, 4),
        )  # fmt: skip


def test_unit_chartokenizer_decode_arrays():
    tokenizer = CharTokenizer("hello")
    for ids in (np.array([1, 0]), Tensor([1, 0]), (1, 0), iter([1, 0])):
        expect_equal(
            tokenizer.decode(ids), "he", f"the text of the ids 1, 0 in a {type(ids).__name__}",
            "A model gives its ids as a tensor. as_list(ids) takes whatever holds ids.",
        )  # fmt: skip


# -- count_pairs ----------------------------------------------------------------------------------


def test_unit_count_pairs_example():
    expect_equal(
        count_pairs([[1, 2, 1, 2], [2, 3]], [10, 1]), {(1, 2): 20, (2, 1): 10, (2, 3): 1},
        "count_pairs([[1, 2, 1, 2], [2, 3]], [10, 1])",
        "(1, 2) stands twice in the first word, and that word comes 10 times.",
    )  # fmt: skip


def test_unit_count_pairs_times_the_word():
    expect_equal(
        count_pairs([[5, 6], [5, 6, 7]], [3, 4]), {(5, 6): 7, (6, 7): 4},
        "count_pairs([[5, 6], [5, 6, 7]], [3, 4])",
        "3 from the first word and 4 from the second: a word counts as often as it comes.",
    )  # fmt: skip


def test_unit_count_pairs_not_across_words():
    expect_equal(
        count_pairs([[1, 2], [3, 4], [5]], [1, 1, 1]), {(1, 2): 1, (3, 4): 1},
        "count_pairs([[1, 2], [3, 4], [5]], [1, 1, 1])",
        "2 and 3 are no neighbours: one ends a word, the other begins one. A word of one id has "
        "no pair.",
    )  # fmt: skip
    expect_equal(count_pairs([], []), {}, "count_pairs([], [])")


def test_unit_count_pairs_overlapping():
    expect_equal(
        count_pairs([[1, 1, 1, 1]], [1]), {(1, 1): 3}, "count_pairs([[1, 1, 1, 1]], [1])",
        "Every two neighbours count, though not all of them could be merged at once.",
    )  # fmt: skip


def test_unit_count_pairs_of_bytes():
    expect_equal(
        count_pairs([b"aba"], [2]), {(97, 98): 2, (98, 97): 2}, 'count_pairs([b"aba"], [2])',
        "A word may be anything that holds ids in order: bytes, a tuple, a list.",
    )  # fmt: skip


# -- most_frequent --------------------------------------------------------------------------------


def test_unit_most_frequent_example():
    expect_equal(
        most_frequent({(7, 8): 5, (2, 9): 5, (1, 1): 3}), (2, 9),
        "most_frequent({(7, 8): 5, (2, 9): 5, (1, 1): 3})",
        "Both (7, 8) and (2, 9) come 5 times; (2, 9) is the smaller pair.",
    )  # fmt: skip


def test_unit_most_frequent_highest_count():
    expect_equal(
        most_frequent({(1, 1): 3, (9, 9): 11, (2, 2): 10}), (9, 9),
        "most_frequent({(1, 1): 3, (9, 9): 11, (2, 2): 10})",
        "The count decides; how small a pair is matters only between equal counts.",
    )  # fmt: skip


def test_unit_most_frequent_ties():
    pairs = [(3, 1), (1, 3), (2, 2), (1, 2)]
    for order in (pairs, pairs[::-1], sorted(pairs)):
        expect_equal(
            most_frequent(dict.fromkeys(order, 4)), (1, 2),
            f"the most frequent of {', '.join(map(str, order))}, each 4 times",
            "Of equal counts the smallest pair: the merges must not hang on the order in which a "
            "dictionary holds its pairs.",
        )  # fmt: skip


def test_unit_most_frequent_once_is_none():
    why = "A pair that comes once makes a token that never serves again: None ends the learning."
    for pairs in ({}, {(1, 2): 1, (2, 3): 1}, {(1, 2): 0}):
        got = most_frequent(pairs)
        expect_true(got is None, f"most_frequent({pairs}) is {got}, expected None", why)
    expect_equal(
        most_frequent({(1, 2): 1, (5, 6): 2}), (5, 6), "most_frequent({(1, 2): 1, (5, 6): 2})",
        "Twice is enough.",
    )  # fmt: skip


# -- merge ----------------------------------------------------------------------------------------


def test_unit_merge_example():
    expect_equal(
        merge([1, 1, 1, 2, 1, 1], (1, 1), 9), [9, 1, 2, 9], "merge([1, 1, 1, 2, 1, 1], (1, 1), 9)",
        "Of three 1s the first two merge and the third is left over; the last two merge.",
    )  # fmt: skip


def test_unit_merge_overlapping():
    for length, expected in ((2, [9]), (3, [9, 1]), (4, [9, 9]), (5, [9, 9, 1])):
        expect_equal(
            merge([1] * length, (1, 1), 9), expected, f"merge({[1] * length}, (1, 1), 9)",
            "From left to right, and each id goes into one merge only.",
        )  # fmt: skip
    expect_equal(merge([1, 2, 1, 2, 1], (1, 2), 9), [9, 9, 1], "merge([1, 2, 1, 2, 1], (1, 2), 9)")


def test_unit_merge_where_it_stands():
    for ids, expected in (
        ([1, 2, 3], [9, 3]), ([3, 1, 2], [3, 9]), ([1, 1, 2, 2], [1, 9, 2]),
        ([1, 3, 2], [1, 3, 2]), ([2, 1], [2, 1]), ([2, 1, 2], [2, 9]), ([1], [1]), ([], []),
    ):  # fmt: skip
        expect_equal(
            merge(ids, (1, 2), 9), expected, f"merge({ids}, (1, 2), 9)",
            "1 and then 2, side by side, become 9; all else stays, at the beginning and at the "
            "end, too.",
        )  # fmt: skip


def test_unit_merge_input_stays():
    ids = [1, 2, 1, 2]
    merge(ids, (1, 2), 9)
    expect_equal(
        ids, [1, 2, 1, 2], "the list that merge was given, afterwards",
        "Make a new list: whoever called still needs the old one.",
    )  # fmt: skip
    for kind in (bytes, tuple):
        expect_equal(merge(kind([1, 2, 3]), (1, 2), 9), [9, 3], f"merge of {kind.__name__} 1 2 3")


# -- learn_merges_slowly --------------------------------------------------------------------------

# Sennrich, Haddow and Birch's own example: es, est, lo, low, ew, new, newest.
PAPER = [b"low", b"lower", b"newest", b"widest"], [5, 2, 6, 3]
PAPER_MERGES = [(101, 115), (256, 116), (108, 111), (258, 119), (101, 119), (110, 260), (261, 257)]


def _check_learning(learn):
    """Check what both ways of learning have to do."""
    __tracebackhide__ = True
    name = learn.__name__
    expect_merges(
        learn(*PAPER, 7), PAPER_MERGES, f"{name} on low x5, lower x2, newest x6, widest x3",
        "101 115 is es, in newest and widest: 6 + 3 times. es becomes 256, and 256 116 is est.",
    )  # fmt: skip


def test_unit_learn_merges_slowly_example():
    expect_equal(
        learn_merges_slowly([[1, 2, 1, 2], [2, 3]], [10, 1], 3), [(1, 2), (256, 256)],
        "learn_merges_slowly([[1, 2, 1, 2], [2, 3]], [10, 1], 3)",
        "(1, 2) becomes 256; then the first word is 256 256. After that no pair comes twice: it "
        "ends with two merges, though three were asked for.",
    )  # fmt: skip


def test_unit_learn_merges_slowly_words_of_a_paper():
    _check_learning(learn_merges_slowly)


def test_unit_learn_merges_slowly_drawn():
    for seed in range(4):
        words, counts = drawn_words(seed)
        expect_merges(
            learn_merges_slowly(words, counts, 20), merges_of_text(words, counts, 20),
            f"30 drawn words (seed {seed})",
            "Count anew after each merge, in the merged words; the new id is 256 + the number "
            "of merges before it.",
        )  # fmt: skip


def test_unit_learn_merges_slowly_how_many():
    for n in (0, 1, 3):
        got = learn_merges_slowly([b"abcdefgh"], [5], n)
        expect_equal(len(got), n, f"the number of merges where {n} are asked for")
    for words, counts in (([], []), ([b"a", b"b"], [9, 9]), ([b"abc"], [1])):
        expect_equal(
            learn_merges_slowly(words, counts, 5), [], f"the merges of {words} with {counts}",
            "Where no pair comes twice there is nothing to merge, and it ends.",
        )  # fmt: skip


def test_unit_learn_merges_slowly_words_stay():
    words = [[1, 2, 1, 2], [2, 3]]
    learn_merges_slowly(words, [10, 1], 2)
    expect_equal(
        words, [[1, 2, 1, 2], [2, 3]], "the list of words that was given, afterwards",
        "It is the caller's: replace words in a list of your own.",
    )  # fmt: skip


# -- learn_merges ---------------------------------------------------------------------------------


class Id(int):
    """An id that counts how often it is compared or looked up."""

    looked = 0

    def __hash__(self):
        Id.looked += 1
        return int.__hash__(self)

    def __eq__(self, other):
        Id.looked += 1
        return int.__eq__(self, other)


def test_unit_learn_merges_example():
    expect_equal(
        learn_merges([[1, 2, 1, 2], [2, 3]], [10, 1], 3), [(1, 2), (256, 256)],
        "learn_merges([[1, 2, 1, 2], [2, 3]], [10, 1], 3)",
        "The same as learn_merges_slowly: (1, 2) becomes 256, then the first word is 256 256, "
        "and no pair comes twice any more.",
    )  # fmt: skip


def test_unit_learn_merges_words_of_a_paper():
    _check_learning(learn_merges)


def test_unit_learn_merges_what_vanished():
    # (1, 2) goes first. That takes 8 of the 9 times that (2, 3) came, so (5, 6) is next.
    expect_merges(
        learn_merges([[1, 2, 3], [2, 3], [1, 2], [5, 6]], [8, 1, 5, 7], 2), [(1, 2), (256, 3)],
        "1 2 3 x8, 2 3 x1, 1 2 x5, 5 6 x7",
        "When 1 2 3 has become 256 3, its 8 times (256, 3) are the most.",
    )  # fmt: skip
    expect_merges(
        learn_merges([[1, 2, 3], [2, 3], [1, 2], [5, 6], [5, 6, 7]], [8, 1, 5, 7, 3], 2),
        [(1, 2), (5, 6)], "1 2 3 x8, 2 3 x1, 1 2 x5, 5 6 x7, 5 6 7 x3",
        "(2, 3) came 9 times. 8 of them vanished when 1 2 3 became 256 3; the count has to say so.",
    )  # fmt: skip
    expect_merges(
        learn_merges([[4, 1, 2], [1, 2], [4, 1], [8, 9]], [8, 9, 2, 9], 2), [(1, 2), (8, 9)],
        "4 1 2 x8, 1 2 x9, 4 1 x2, 8 9 x9",
        "(4, 1) came 10 times. 8 of them vanished: the pair on the left of a merge does, too.",
    )  # fmt: skip


def test_unit_learn_merges_same_as_slowly():
    for seed in range(12):
        words, counts = drawn_words(seed, letters=2 + seed % 4)
        expect_merges(
            learn_merges(words, counts, 40), merges_of_text(words, counts, 40),
            f"30 drawn words (seed {seed})",
            "Exactly the merges of learn_merges_slowly: after each merge the counts have to be "
            "what count_pairs would count anew.",
        )  # fmt: skip


def test_unit_learn_merges_twice_in_a_word():
    words, counts = [[1, 1, 1, 1, 1], [1, 2, 1, 2, 1], [1, 1, 2]], [2, 3, 2]
    expect_merges(
        learn_merges(words, counts, 9), merges_of_text(words, counts, 9),
        "words in which a pair comes several times",
        "A word adds to the count as often as the pair stands in it, and takes away as often.",
    )  # fmt: skip


def test_unit_learn_merges_words_stay():
    words, counts = [[1, 2, 1, 2], [2, 3]], [10, 1]
    learn_merges(words, counts, 2)
    expect_equal(
        words, [[1, 2, 1, 2], [2, 3]], "the list of words that was given, afterwards",
        "It is the caller's: begin with a list of your own, words = list(words).",
    )  # fmt: skip
    for n in (0, 1):
        got = learn_merges([b"abcabc"], [5], n)
        expect_equal(len(got), n, f"the number of merges where {n} are asked for")


def test_unit_learn_merges_touches_few():
    others = [[Id(200), Id(201), Id(200), Id(202), Id(201)] for _ in range(300)]
    words, counts = [list(range(31)), *others], [10_000] + [1] * 300
    Id.looked = 0
    count_pairs(words, counts)
    once, Id.looked = max(Id.looked, 2400), 0
    learn_merges(words, counts, 30)
    expect_true(
        Id.looked <= 6 * once,
        f"{Id.looked:,} looks at ids of words that never change, in 30 merges of another word",
        f"Counting them once takes {once:,}. Count before the loop; in it, look only at the "
        "words that hold the pair: words_by_pair has named them.",
    )  # fmt: skip


# -- apply_merges ---------------------------------------------------------------------------------


class Ranks(dict):
    """Ranks that may be looked up, and not walked through."""

    def _walked(self, *_):
        raise Mismatch(
            "apply_merges walks through all ranks, and there may be 50,000 of them",
            "Ask for the few pairs that stand in the word: `pair in ranks`, `ranks[pair]`.",
        )

    __iter__ = __reversed__ = keys = values = items = copy = _walked


def test_unit_apply_merges_example():
    expect_equal(
        apply_merges([1, 2, 3, 4], {(2, 3): 0, (1, 2): 1, (256, 4): 2}), [1, 258],
        "apply_merges([1, 2, 3, 4], {(2, 3): 0, (1, 2): 1, (256, 4): 2})",
        "(2, 3) has the lowest rank and goes first: 1 256 4. (1, 2) is then no longer there; "
        "(256, 4) is.",
    )  # fmt: skip


def test_unit_apply_merges_looks_up():
    got = apply_merges([1, 2, 3, 4], Ranks({(2, 3): 0, (1, 2): 1, (256, 4): 2}))
    expect_equal(got, [1, 258], "apply_merges([1, 2, 3, 4], ranks)")


def test_unit_apply_merges_lowest_rank_first():
    why = "The order of the ranks decides, as it did while learning, and not the place."
    for ranks, expected in (
        ({(1, 2): 0, (2, 3): 1}, [256, 3]), ({(1, 2): 1, (2, 3): 0}, [1, 256]),
    ):  # fmt: skip
        expect_equal(apply_merges([1, 2, 3], ranks), expected, f"apply_merges([1, 2, 3], {ranks})",
                     why)  # fmt: skip
    ranks = {(3, 4): 0, (1, 2): 1, (2, 256): 2, (257, 256): 3}
    expect_equal(
        apply_merges([1, 2, 3, 4, 2, 3, 4], ranks), [259, 258],
        f"apply_merges([1, 2, 3, 4, 2, 3, 4], {ranks})", why,
    )  # fmt: skip


def test_unit_apply_merges_until_nothing_is_left():
    ranks = {(97, 97): 0, (256, 256): 1, (257, 257): 2}
    for length, expected in ((8, [258]), (7, [257, 256, 97]), (16, [258, 258])):
        expect_equal(
            apply_merges(b"a" * length, ranks), expected, f"apply_merges of {length} a's",
            "A rank's pair is merged everywhere, then the pairs are looked at anew.",
        )  # fmt: skip
    for ids in ([], [1], [1, 2]):
        expect_equal(apply_merges(ids, {(7, 8): 0}), ids, f"apply_merges({ids}, {{(7, 8): 0}})",
                     "Pairs without a rank stay as they are.")  # fmt: skip


def test_unit_apply_merges_as_while_learning():
    for seed in range(4):
        words, counts = drawn_words(seed, letters=3, words=12)
        merges = merges_of_text(words, counts, 15)
        text = ["".join(map(chr, word)) for word in words]
        for k, (a, b) in enumerate(merges):
            text = [word.replace(chr(a) + chr(b), chr(256 + k)) for word in text]
        ranks = {pair: k for k, pair in enumerate(merges)}
        for word, cut in zip(words, text, strict=True):
            expect_equal(
                apply_merges(word, ranks), list(map(ord, cut)),
                f"{bytes(word).decode()} with {len(merges)} merges",
                "A word that was learned from is cut as it was cut at the end of learning.",
            )  # fmt: skip


def test_unit_apply_merges_input_stays():
    ids = [1, 2, 3]
    apply_merges(ids, {(1, 2): 0})
    expect_equal(ids, [1, 2, 3], "the list that apply_merges was given, afterwards",
                 "Make a new list.")  # fmt: skip


# -- BPETokenizer.encode --------------------------------------------------------------------------

HI = [(104, 105)]  # hi


def test_unit_bpetokenizer_encode_example():
    expect_equal(
        BPETokenizer(HI, ["<end>"]).encode("hi hi<end>", special=True), [256, 32, 256, 257],
        'BPETokenizer([(104, 105)], ["<end>"]).encode("hi hi<end>", special=True)',
        "hi is merge 0, so 256; the space is byte 32; <end> comes after the one merge.",
    )  # fmt: skip


def test_unit_bpetokenizer_encode_bytes():
    got = BPETokenizer().encode("Aä€")
    expect_equal(
        got, [65, 195, 164, 226, 130, 172], "the ids of Aä€ without merges",
        "The bytes in UTF-8: A has one, ä two, € three.",
    )  # fmt: skip
    for name, text in TEXTS.items():
        expect_equal(
            bytes(BPETokenizer().encode(text)), text.encode(), f"the bytes of the text {name!r}",
            "Without merges the ids are the bytes, each one, also of what stands between words.",
        )  # fmt: skip


def test_unit_bpetokenizer_encode_spaces():
    for text in (" a  b\n\nc ", "\ta", "a   ", " \n "):
        expect_equal(
            bytes(BPETokenizer().encode(text)), text.encode(), f"the bytes of {text!r}",
            "No white space may be lost. split_chunks leaves it in the chunks; str.split and strip "
            "throw it away.",
        )  # fmt: skip


def test_unit_bpetokenizer_encode_special_in_a_text():
    tokenizer = BPETokenizer(HI, ["<end>"])
    spelled = [256, *b"<end>", 256]
    expect_equal(
        tokenizer.encode("hi<end>hi"), spelled, 'the ids of "hi<end>hi"',
        "What a user types is only text: <end> in it is five characters. With special=True it "
        "would be the token, and any user could end the text.",
    )  # fmt: skip
    expect_equal(tokenizer.encode("hi<end>hi", special=False), spelled, "the same, special=False")


def test_unit_bpetokenizer_encode_special():
    tokenizer = BPETokenizer(HI, ["<|a|>", "<|a|><|b|>", "<|b|>"])
    for text, expected in (
        ("<|b|>", [259]), ("hi<|b|> hi", [256, 259, 32, 256]), ("<|a|><|b|>", [258]),
        ("<|a|><|a|>", [257, 257]), ("<|a", list(b"<|a")), ("", []),
    ):  # fmt: skip
        expect_equal(
            tokenizer.encode(text, special=True), expected, f"the ids of {text!r}, special=True",
            "The tokens are <|a|> 257, <|a|><|b|> 258, <|b|> 259; the longest that fits, and all "
            "else is text. cut_special has cut it already.",
        )  # fmt: skip


def test_unit_bpetokenizer_encode_not_across_chunks():
    got = BPETokenizer([(105, 32), (33, 33), (104, 105)]).encode("hi hi!!")
    expect_equal(
        got, [258, 32, 258, 257], 'the ids of "hi hi!!"',
        "Merge 0 is i and a space. The chunks are hi, the next hi with its space, and !!: i and "
        "the space after it stand in two of them, and what learning kept apart stays apart.",
    )  # fmt: skip


def test_unit_bpetokenizer_encode_remembers_chunks():
    tokenizer, calls = BPETokenizer(HI), []

    def counting(ids, ranks):
        calls.append(bytes(ids))
        return apply_merges(ids, ranks)

    tokenization.apply_merges = counting
    try:
        got = tokenizer.encode("hi" + " hi" * 40)
    finally:
        tokenization.apply_merges = apply_merges
    expect_equal(got, [256] + [32, 256] * 40, "the ids of 41 times hi")
    expect_equal(
        len(calls), 2, "the number of times that merges are applied for 41 times hi",
        "There are two chunks: hi, and hi with a space. self.chunk_ids(chunk) remembers them.",
    )  # fmt: skip


def test_unit_bpetokenizer_encode_trained():
    tokenizer = BPETokenizer.train(PASSAGE, 300)
    got = tokenizer.encode(PASSAGE)
    expect_equal(type(got), list, "the type of the ids", "A list of ints.")
    expect_true(
        len(got) < 0.75 * len(PASSAGE),
        f"{len(got)} tokens for {len(PASSAGE)} characters after learning from them",
        "The merges are hardly used: each chunk goes through self.chunk_ids.",
    )  # fmt: skip
    text = b"".join(tokenizer.token_bytes(i) for i in got).decode()
    expect_equal(text == PASSAGE, True, "that the tokens, joined, are the text")


# -- BPETokenizer.decode --------------------------------------------------------------------------


def test_unit_bpetokenizer_decode_example():
    expect_equal(
        BPETokenizer([(195, 164)]).decode([195, 164, 256, 33, 195]), "ää!�",
        "BPETokenizer([(195, 164)]).decode([195, 164, 256, 33, 195])",
        "195 164 are the two bytes of ä, and 256 is both. The last 195 lacks its second byte: �.",
    )  # fmt: skip


def test_unit_bpetokenizer_decode_characters_of_several_tokens():
    tokenizer = BPETokenizer([(130, 172), (159, 153)])
    for ids, text in (([226, 256], "€"), ([240, 257, 130], "🙂"), ([72, 195, 182], "Hö")):
        expect_equal(
            tokenizer.decode(ids), text, f"the text of {ids}",
            "Join the bytes of all tokens, then decode once: a token may end in the middle of a "
            "character.",
        )  # fmt: skip


def test_unit_bpetokenizer_decode_no_utf8():
    tokenizer = BPETokenizer()
    for ids, text in (([255], "�"), ([97, 128, 98], "a�b"), ([0xE2, 0x82], "�"), ([], "")):
        expect_equal(
            tokenizer.decode(ids), text, f"the text of {ids}",
            "A model writes what it likes. � shows that something was there, and no error ends "
            "the text.",
        )  # fmt: skip


def test_unit_bpetokenizer_decode_half_a_surrogate_pair():
    expect_equal(
        BPETokenizer().decode(b"\xed\xa0\xbda"), "\ud83da", "the text of the bytes ED A0 BD 61",
        'Some programs leave half an emoji in a text. "surrogatepass" brings it back as it was.',
    )  # fmt: skip


def test_unit_bpetokenizer_decode_special():
    expect_equal(
        BPETokenizer(HI, ["<end>"]).decode(Tensor([256, 257, 33])), "hi<end>!",
        "the text of Tensor([256, 257, 33])", "A special token shows as it is spelled.",
    )  # fmt: skip


def test_unit_bpetokenizer_decode_unknown_id():
    tokenizer = BPETokenizer(HI)
    for i in (257, -1):
        expect_raises(
            IndexError, lambda i=i: tokenizer.decode([i]), f"id {i} in a vocabulary of 257",
            "decode_bytes says which id and how many there are; do not catch that.",
            mentions=(i, 257),
        )  # fmt: skip


# -- all of it ------------------------------------------------------------------------------------


def test_module(tmp_path):
    tokenizer = BPETokenizer.train(PASSAGE, 290, special_tokens=["<|end|>"])
    expect_equal(tokenizer.vocab_size, 290, "the size of a vocabulary of 290")
    words = Counter(tokenization.split_chunks(PASSAGE))
    slow = learn_merges_slowly([w.encode() for w in words], list(words.values()), 33)
    expect_merges(tokenizer.merges, slow, "a passage, learned both ways")
    for name, text in {"the passage": PASSAGE, **TEXTS}.items():
        expect_equal(
            tokenizer.decode(tokenizer.encode(text)), text, f"{name}, encoded and decoded",
            "Every text comes back as it was, also what was never learned from.",
        )  # fmt: skip
        ids = tokenizer.encode(text + "<|end|>", special=True)
        expect_equal("".join(tokenizer.stream(ids)), text + "<|end|>", f"{name}, streamed")
    tokenizer.save(tmp_path / "bpe.json")
    loaded = BPETokenizer.load(tmp_path / "bpe.json")
    expect_equal(loaded.encode(PASSAGE), tokenizer.encode(PASSAGE), "the ids after save and load")
    characters = CharTokenizer(PASSAGE)
    characters.save(tmp_path / "characters.json")
    loaded = CharTokenizer.load(tmp_path / "characters.json")
    expect_equal(loaded.decode(characters.encode(PASSAGE)), PASSAGE, "the passage by characters")
    expect_true(
        len(tokenizer.encode(PASSAGE)) < len(characters.encode(PASSAGE)) / 1.5,
        "290 tokens do not make the passage much shorter than characters do",
    )  # fmt: skip
