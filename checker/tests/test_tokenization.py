"""Stage 10 for any text: round trips, and merges against a search by brute force."""

import itertools
import random

import pytest

pytest.importorskip("hypothesis")

from hypothesis import given, settings
from hypothesis import strategies as st
from tinytorch.tokenization import (
    BPETokenizer,
    CharTokenizer,
    apply_merges,
    learn_merges,
    learn_merges_slowly,
    split_chunks,
)

any_text = st.text(st.characters())  # halves of surrogate pairs, too
alike = st.lists(st.text("ab", max_size=9), max_size=8).map(" ".join)


def words_with_counts(letters):
    word = st.lists(st.sampled_from(letters), max_size=10)
    return st.lists(st.tuples(word, st.integers(1, 4)), max_size=12)


def brute_force(words, counts, n):
    """Learn merges from one flat list in which None is the border, every word spelled out."""
    flat = []
    for word, count in zip(words, counts, strict=True):
        flat += [*word, None] * count
    merges = []
    for new in range(256, 256 + n):
        seen = [pair for pair in itertools.pairwise(flat) if None not in pair]
        ranked = sorted(set(seen), key=lambda pair: (-seen.count(pair), *pair))
        if not ranked or seen.count(ranked[0]) < 2:
            break
        i = 0
        while i + 1 < len(flat):
            if (flat[i], flat[i + 1]) == ranked[0]:
                flat[i : i + 2] = [new]
            i += 1
        merges.append(ranked[0])
    return merges


@settings(max_examples=150, deadline=None)
@given(words_with_counts([97, 98]), st.integers(0, 8))
def test_merges_are_those_of_a_search_by_brute_force(drawn, n):
    words, counts = [word for word, _ in drawn], [count for _, count in drawn]
    expected = brute_force(words, counts, n)
    assert learn_merges_slowly(words, counts, n) == expected
    assert learn_merges(words, counts, n) == expected


@settings(max_examples=200, deadline=None)
@given(words_with_counts([97, 98, 99, 100]))
def test_corrected_counts_are_those_counted_anew(drawn):
    words, counts = [word for word, _ in drawn], [count for _, count in drawn]
    assert learn_merges(words, counts, 40) == learn_merges_slowly(words, counts, 40)


@settings(max_examples=100, deadline=None)
@given(words_with_counts([97, 98, 99]))
def test_a_word_is_cut_as_it_was_when_the_merges_were_learned(drawn):
    words, counts = [word for word, _ in drawn], [count for _, count in drawn]
    merges = learn_merges(words, counts, 20)
    ranks = {pair: k for k, pair in enumerate(merges)}
    for word in words:
        ids = list(word)
        for new, (a, b) in enumerate(merges, 256):  # each merge once, everywhere, in order
            i = 0
            while i + 1 < len(ids):
                if ids[i] == a and ids[i + 1] == b:
                    ids[i : i + 2] = [new]
                i += 1
        assert apply_merges(word, ranks) == ids


@settings(max_examples=300, deadline=None)
@given(any_text, any_text)
def test_any_text_comes_back(learned, text):
    tokenizer = BPETokenizer.train(learned * 3, 300, ["<|end|>"])
    for said in (text, learned, text + "<|end|>" + learned):
        for special in (False, True):
            assert tokenizer.decode(tokenizer.encode(said, special=special)) == said
    characters = CharTokenizer(text)
    assert characters.decode(characters.encode(text)) == text


@settings(max_examples=300, deadline=None)
@given(any_text)
def test_chunks_are_the_text_and_none_is_empty(text):
    chunks = split_chunks(text)
    assert "".join(chunks) == text
    assert all(1 <= len(chunk) <= 17 for chunk in chunks)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 299), max_size=30))
def test_any_ids_are_a_text_and_a_stream_of_the_same(ids):
    text = "the theatre thereby, über über überall 東京東京 🙂🙂 " * 3
    tokenizer = BPETokenizer.train(text, 300)
    ids = [i for i in ids if i < tokenizer.vocab_size]
    data = tokenizer.decode_bytes(ids)
    streamed = "".join(tokenizer.stream(ids))
    assert streamed == data.decode("utf-8", "replace")
    if not any(0xD800 <= ord(c) < 0xE000 for c in tokenizer.decode(ids)):
        assert tokenizer.decode(ids) == streamed


@settings(max_examples=100, deadline=None)
@given(alike, st.lists(st.sampled_from(["<a>", "<b>", "<a><b>", "|", "a.b"]), unique=True))
def test_no_special_token_in_plain_text(text, special):
    tokenizer = BPETokenizer([(97, 98)], special)
    said = text + "".join(special) + text
    assert max(tokenizer.encode(said), default=0) < 257
    for token, i in tokenizer.special_tokens.items():
        assert tokenizer.encode(token, special=True) == [i]


@settings(max_examples=50, deadline=None)
@given(text=any_text)
def test_files_keep_everything(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("kept")
    special = sorted(set(filter(None, text.split()[:2])))
    before = BPETokenizer.train(text * 2, 256 + len(special) + 20, special)
    before.save(folder / "b.json")
    after = BPETokenizer.load(folder / "b.json")
    assert (after.merges, after.special_tokens) == (before.merges, before.special_tokens)
    CharTokenizer(text).save(folder / "c.json")
    assert CharTokenizer.load(folder / "c.json").ids == CharTokenizer(text).ids


def test_work_grows_with_the_text_and_not_with_its_square(monkeypatch):
    from tinytorch import tokenization

    plain, walked = tokenization.merge, []
    monkeypatch.setattr(
        tokenization, "merge", lambda ids, *rest: walked.append(len(ids)) or plain(ids, *rest)
    )
    draw = random.Random(0)
    signs = [chr(0x4E00 + i) for i in range(200)]
    for make in (lambda n: "a" * n, lambda n: "".join(draw.choices(signs, k=n))):
        work = []
        for n in (2000, 8000):
            text = make(n)
            walked.clear()
            tokenizer = BPETokenizer.train(text, 256 + 50)
            tokenizer.encode(text)
            work.append(sum(walked))
        assert work[1] <= 6 * work[0] + 200, work
