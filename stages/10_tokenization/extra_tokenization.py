"""Stage 10: tests of the given code, for whoever rewrites it."""

import json

import numpy as np
from tinytorch import tokenization
from tinytorch.tensor import Tensor
from tinytorch.tokenization import (
    BPETokenizer,
    CharTokenizer,
    as_bytes,
    as_list,
    split_chunks,
    words_by_pair,
)

from checker.expect import expect_equal, expect_raises, expect_true


def test_extra_words_by_pair_where_each_is():
    where = words_by_pair([[1, 2, 1, 2], [2, 3], [1, 2], [7]])
    expect_equal(dict(where), {(1, 2): {0, 2}, (2, 1): {0}, (2, 3): {1}}, "the words of each pair")
    expect_equal(where[9, 9], set(), "the words of a pair that is not there yet")


def test_extra_words_by_pair_of_bytes():
    expect_equal(dict(words_by_pair([b"aaa"])), {(97, 97): {0}}, 'words_by_pair([b"aaa"])')


def test_extra_split_chunks_kinds():
    for text, chunks in (
        ("I don't  know 2 words.", ["I", " don", "'t", " ", " know", " 2", " words", "."]),
        ("we'll, I've!", ["we", "'ll", ",", " I", "'ve", "!"]),
        ("a1b_c", ["a", "1", "b", "_", "c"]),
        ("\n\n  x", ["\n\n ", " x"]),
        ("x \n", ["x", " \n"]),
        ("Größe 天地", ["Größe", " 天地"]),
        ("", []),
    ):
        expect_equal(split_chunks(text), chunks, f"the chunks of {text!r}")


def test_extra_split_chunks_cover_every_character():
    characters = [chr(i) for i in range(0, 0x110000, 7)]  # halves of surrogate pairs, too
    for text in ("".join(characters), " ".join(characters), "\n" * 99, "x" * 99, "'" * 99):
        expect_true("".join(split_chunks(text)) == text, "a character is in no chunk")


def test_extra_split_chunks_bounded():
    for text in ("x" * 99, "1" * 99, "!" * 99, " " * 99, "地" * 99):
        longest = max(map(len, split_chunks(" " + text)))
        expect_true(longest <= 17, f"a chunk of {longest} characters of {text[:3]}…")


def test_extra_as_bytes_utf8():
    expect_equal(as_bytes("aä€🙂"), "aä€🙂".encode(), "the bytes of aä€🙂")
    expect_equal(as_bytes("\ud83d"), b"\xed\xa0\xbd", "the bytes of half a surrogate pair")


def test_extra_as_list_whatever_holds_ids():
    for ids in ([1, 2], (1, 2), np.array([1, 2]), Tensor([1, 2]), b"\x01\x02", iter([1, 2])):
        expect_equal(as_list(ids), [1, 2], f"the ids of a {type(ids).__name__}")
    expect_equal([type(i) for i in as_list(np.array([1]))], [int], "the type of an array's id")


def test_extra_chartokenizer_vocab_size_counts():
    expect_equal(CharTokenizer("").vocab_size, 0, "the vocab_size of no text")
    expect_equal(CharTokenizer("aba").vocab_size, 2, "the vocab_size of aba")


def test_extra_chartokenizer_load_what_was_saved(tmp_path):
    for text in ("hello", "", "Öl\n🙂\x00", "\ud83d\ude42"):
        CharTokenizer(text).save(tmp_path / "c.json")
        expect_equal(
            CharTokenizer.load(tmp_path / "c.json").characters, sorted(set(text)),
            f"the characters of {text!r} after save and load",
        )  # fmt: skip
    expect_equal([p.name for p in tmp_path.iterdir()], ["c.json"], "the files after save")


def test_extra_chartokenizer_load_damaged(tmp_path):
    file = tmp_path / "c.json"
    CharTokenizer("hello").save(file)
    whole = file.read_text(encoding="utf-8")
    kept = json.loads(whole)
    BPETokenizer().save(tmp_path / "b.json")
    for what, text in {
        "half a file": whole[: len(whole) // 2],
        "an empty file": "",
        "a number": "3",
        "a list": "[]",
        "another kind": (tmp_path / "b.json").read_text(encoding="utf-8"),
        "a later version": json.dumps(kept | {"version": 2}),
        "no characters": json.dumps({k: kept[k] for k in ("kind", "version")}),
        "characters twice": json.dumps(kept | {"characters": ["a", "a"]}),
        "a word": json.dumps(kept | {"characters": ["a", "hello"]}),
        "numbers": json.dumps(kept | {"characters": [1, 2]}),
    }.items():
        file.write_text(text, encoding="utf-8")
        expect_raises(ValueError, lambda: CharTokenizer.load(file), what, mentions=("c.json",))
    file.write_bytes(b"\xff\xfe")
    expect_raises(ValueError, lambda: CharTokenizer.load(file), "bytes that are no UTF-8")
    expect_raises(FileNotFoundError, lambda: CharTokenizer.load(tmp_path / "no"), "no file")


def test_extra_bpetokenizer_load_what_was_saved(tmp_path):
    before = BPETokenizer([(104, 105), (256, 33)], ["<|end|>", "🙂"])
    before.save(tmp_path / "b.json")
    after = BPETokenizer.load(tmp_path / "b.json")
    expect_equal(after.merges, before.merges, "the merges after save and load")
    expect_equal(after.special_tokens, before.special_tokens, "the special tokens")
    expect_equal(after.encode("hi!🙂", special=True), [256, 33, 259], "the ids of hi!🙂")


def test_extra_bpetokenizer_load_damaged(tmp_path):
    file = tmp_path / "b.json"
    BPETokenizer([(104, 105)], ["<|end|>"]).save(file)
    whole = file.read_text(encoding="utf-8")
    kept = json.loads(whole)
    for what, text in {
        "half a file": whole[: len(whole) // 2],
        "merges of ids that are not there": json.dumps(kept | {"merges": [[104, 300]]}),
        "a merge of three": json.dumps(kept | {"merges": [[104, 105, 106]]}),
        "a merge that is a number": json.dumps(kept | {"merges": [7]}),
        "a merge of half ids": json.dumps(kept | {"merges": [[104, 0.5]]}),
        "no special tokens": json.dumps({k: v for k, v in kept.items() if k[0] != "s"}),
        "a special token that is a number": json.dumps(kept | {"special_tokens": [7]}),
    }.items():
        file.write_text(text, encoding="utf-8")
        expect_raises(ValueError, lambda: BPETokenizer.load(file), what, mentions=("b.json",))


def test_extra_write_json_keeps_the_old_file(tmp_path):
    file = tmp_path / "t.json"
    tokenization.write_json(file, "Thing", content=[1])
    expect_raises(
        TypeError, lambda: tokenization.write_json(file, "Thing", content={1, 2}), "a set"
    )
    expect_equal(tokenization.read_json(file, "Thing")["content"], [1], "the file after a failure")
    expect_equal([p.name for p in tmp_path.iterdir()], ["t.json"], "the files after a failure")


def test_extra_bpetokenizer_init_checks():
    for what, merges, special in (
        ("an id that is not there yet", [(1, 256)], []),
        ("a negative id", [(1, -1)], []),
        ("a merge of one", [(1,)], []),
        ("a merge that comes twice", [(1, 2), (1, 2)], []),
        ("an empty special token", [], [""]),
        ("one text for a list of special tokens", [], "<a>"),
        ("a special token that comes twice", [], ["<a>", "<a>"]),
    ):
        expect_raises(ValueError, lambda m=merges, s=special: BPETokenizer(m, s), what)
    merges = [(1, 2)]
    tokenizer = BPETokenizer(merges)
    merges.append((3, 4))
    expect_equal(tokenizer.merges, [(1, 2)], "the merges after the caller's list has grown")


def test_extra_bpetokenizer_train_sizes():
    text = "low lower lowest slow slower slowest " * 3
    tokenizer = BPETokenizer.train(text, 262, ["<a>", "<b>"])
    expect_equal(len(tokenizer.merges), 4, "the merges of a vocabulary of 262, 2 of them special")
    expect_equal(tokenizer.special_tokens, {"<a>": 260, "<b>": 261}, "the special tokens")
    expect_equal(tokenizer.vocab_size, 262, "its size")
    expect_true(
        BPETokenizer.train(text, 9999).vocab_size < 300, "a pair that comes once was merged"
    )
    expect_equal(BPETokenizer.train("", 300).vocab_size, 256, "the size learned from no text")
    expect_raises(ValueError, lambda: BPETokenizer.train(text, 257, ["<a>", "<b>"]), "size 257",
                  mentions=(257, 2))  # fmt: skip


def test_extra_bpetokenizer_train_counts_words():
    # ab comes 3 times in one word, cd 4 times in four; ab stands in more different words.
    tokenizer = BPETokenizer.train("cd cd cd cd xab yab zab", 257)
    expect_equal(tokenizer.merges, [(99, 100)], "the first merge")


def test_extra_bpetokenizer_token_bytes_of_each_kind():
    tokenizer = BPETokenizer([(195, 164)], ["<a>"])
    expect_equal([tokenizer.token_bytes(i) for i in (65, 256, 257)], [b"A", b"\xc3\xa4", b"<a>"],
                 "the bytes of 65, 256, 257")  # fmt: skip
    for i in (-1, 258):
        expect_raises(IndexError, lambda i=i: tokenizer.token_bytes(i), f"id {i}",
                      mentions=(i, 258))  # fmt: skip


def test_extra_bpetokenizer_decode_bytes_joined():
    tokenizer = BPETokenizer([(195, 164)])
    expect_equal(
        tokenizer.decode_bytes(Tensor([256, 195])), b"\xc3\xa4\xc3", "the bytes of 256 195"
    )


def test_extra_bpetokenizer_stream_whole_characters():
    tokenizer = BPETokenizer([(130, 172)])
    for ids, pieces in (
        ([72, 226, 256, 33], ["H", "€", "!"]), ([240, 159, 153, 130], ["🙂"]),
        ([65, 226], ["A", "�"]), ([255, 65], ["�", "A"]), ([], []),
    ):  # fmt: skip
        expect_equal(list(tokenizer.stream(iter(ids))), pieces, f"the pieces of {ids}")


def test_extra_bpetokenizer_stream_at_once():
    asked = []

    def ids():
        for i in (65, 66):
            asked.append(i)
            yield i

    pieces = BPETokenizer().stream(ids())
    expect_equal(next(pieces), "A", "the first piece")
    expect_equal(asked, [65], "the ids that were asked for by then")


def test_extra_bpetokenizer_chunk_ids_bounded():
    tokenizer, limit = BPETokenizer([(104, 105)]), tokenization.CACHED_CHUNKS
    expect_equal(tokenizer.chunk_ids("hi"), (256,), "the ids of hi")
    tokenization.CACHED_CHUNKS = 3
    try:
        for chunk in "abcdefgh":
            tokenizer.chunk_ids(chunk)
            expect_true(len(tokenizer._cache) <= 3, "more chunks are remembered than allowed")
    finally:
        tokenization.CACHED_CHUNKS = limit
    expect_equal(tokenizer.chunk_ids("hi"), (256,), "the ids of hi, after it was forgotten")


def test_extra_bpetokenizer_cut_special_longest():
    tokenizer = BPETokenizer([], ["<a>", "<a><b>", "."])
    for text in ("x<a><b>y.z", "<a><a><b>", "", "nothing"):
        expect_equal("".join(tokenizer.cut_special(text)), text, f"the parts of {text!r}, joined")
    parts = [part for part in tokenizer.cut_special("x<a><b>y.z") if part]
    expect_equal(parts, ["x", "<a><b>", "y", ".", "z"], "the parts of x<a><b>y.z")
    expect_equal("".join(BPETokenizer().cut_special("a|b")), "a|b", "a text without special tokens")
