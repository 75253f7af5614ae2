"""Mistakes that learners make in stage 10, each with the test that notices it."""


@knockout(
    of="CharTokenizer.__init__",
    killed_by="test_unit_chartokenizer_init_sorted",
    says="the vocabulary comes in the order of a set, another one in each run",
)
def set_alone(self, text):
    self.characters = list(set(text))
    self.ids = {character: i for i, character in enumerate(self.characters)}


@knockout(
    of="CharTokenizer.__init__",
    killed_by="test_unit_chartokenizer_init_example",
    says="characters are numbered as they first appear, not sorted",
)
def order_of_appearance(self, text):
    self.characters = list(dict.fromkeys(text))
    self.ids = {character: i for i, character in enumerate(self.characters)}


@knockout(
    of="CharTokenizer.__init__",
    killed_by="test_unit_chartokenizer_init_example",
    says="a character that comes twice is there twice",
)
def each_time_it_comes(self, text):
    self.characters = sorted(text)
    self.ids = {character: i for i, character in enumerate(self.characters)}


@knockout(
    of="CharTokenizer.__init__",
    killed_by="test_unit_chartokenizer_init_example",
    says="ids begin at 1",
)
def ids_from_one(self, text):
    self.characters = sorted(set(text))
    self.ids = {character: i for i, character in enumerate(self.characters, 1)}


@knockout(
    of="CharTokenizer.__init__",
    killed_by="test_unit_chartokenizer_init_every_character",
    says="white space is not in the vocabulary",
)
def white_space_lost(self, text):
    self.characters = sorted(set("".join(text.split())))
    self.ids = {character: i for i, character in enumerate(self.characters)}


@knockout(
    of="CharTokenizer.__init__",
    killed_by="test_unit_chartokenizer_init_every_character",
    says="capitals become small letters",
)
def small_letters_only(self, text):
    self.characters = sorted(set(text.lower()))
    self.ids = {character: i for i, character in enumerate(self.characters)}


@knockout(
    of="CharTokenizer.encode",
    killed_by="test_unit_chartokenizer_encode_unknown",
    says="an unknown character is left out in silence",
)
def unknown_dropped(self, text):
    return [self.ids[character] for character in text if character in self.ids]


@knockout(
    of="CharTokenizer.encode",
    killed_by="test_unit_chartokenizer_encode_unknown",
    says="an unknown character becomes the first of the vocabulary",
)
def unknown_is_zero(self, text):
    return [self.ids.get(character, 0) for character in text]


@knockout(
    of="CharTokenizer.encode",
    killed_by="test_unit_chartokenizer_encode_unknown",
    says="an unknown character is a bare KeyError",
)
def bare_key_error(self, text):
    return [self.ids[character] for character in text]


@knockout(
    of="CharTokenizer.encode",
    killed_by="test_unit_chartokenizer_encode_last_position",
    says="the message counts positions from 1",
)
def position_from_one(self, text):
    ids = []
    for position, character in enumerate(text, 1):
        if character not in self.ids:
            raise ValueError(f"{character!r} at position {position} is not in the vocabulary")
        ids.append(self.ids[character])
    return ids


@knockout(
    of="CharTokenizer.encode",
    killed_by="test_unit_chartokenizer_encode_example",
    says="the number in Unicode is given, not the id",
)
def ord_for_id(self, text):
    for position, character in enumerate(text):
        if character not in self.ids:
            raise ValueError(f"{character!r} at position {position} is not in the vocabulary")
    return [ord(character) for character in text]


@knockout(
    of="CharTokenizer.decode",
    killed_by="test_unit_chartokenizer_decode_negative",
    says="a negative id counts from the end of the list",
)
def negative_id(self, ids):
    text = []
    for i in as_list(ids):
        if i >= self.vocab_size:
            raise IndexError(f"decode: id {i} is not in a vocabulary of {self.vocab_size}")
        text.append(self.characters[i])
    return "".join(text)


@knockout(
    of="CharTokenizer.decode",
    killed_by="test_unit_chartokenizer_decode_beyond_the_end",
    says="an id that is too large is an IndexError without the numbers",
)
def bare_index_error(self, ids):
    return "".join(self.characters[i] for i in as_list(ids))


@knockout(
    of="CharTokenizer.decode",
    killed_by="test_unit_chartokenizer_decode_beyond_the_end",
    says="the id that equals the size passes the check",
)
def size_itself_allowed(self, ids):
    text = []
    for i in as_list(ids):
        if not 0 <= i <= self.vocab_size:
            raise IndexError(f"decode: id {i} is not in a vocabulary of {self.vocab_size}")
        text.append(self.characters[i])
    return "".join(text)


@knockout(
    of="CharTokenizer.decode",
    killed_by="test_unit_chartokenizer_decode_example",
    says="characters are joined with spaces",
)
def joined_by_spaces(self, ids):
    for i in (ids := as_list(ids)):
        if not 0 <= i < self.vocab_size:
            raise IndexError(f"decode: id {i} is not in a vocabulary of {self.vocab_size}")
    return " ".join(self.characters[i] for i in ids)


@knockout(
    of="CharTokenizer.decode",
    killed_by="test_unit_chartokenizer_decode_example",
    says="a list of characters comes, not a text",
)
def a_list_comes(self, ids):
    for i in (ids := as_list(ids)):
        if not 0 <= i < self.vocab_size:
            raise IndexError(f"decode: id {i} is not in a vocabulary of {self.vocab_size}")
    return [self.characters[i] for i in ids]


@knockout(
    of="CharTokenizer.decode",
    killed_by="test_unit_chartokenizer_decode_arrays",
    says="only a list of Python ints can be decoded",
)
def tensors_refused(self, ids):
    for i in ids:
        if not (isinstance(i, int) and 0 <= i < self.vocab_size):
            raise IndexError(f"decode: id {i} is not in a vocabulary of {self.vocab_size}")
    return "".join(self.characters[i] for i in ids)


@knockout(
    of="count_pairs",
    killed_by="test_unit_count_pairs_example",
    says="how often the word comes is forgotten",
)
def word_counts_once(words, counts):
    pairs = {}
    for word in words:
        for pair in pairwise(word):
            pairs[pair] = pairs.get(pair, 0) + 1
    return pairs


@knockout(
    of="count_pairs",
    killed_by="test_unit_count_pairs_times_the_word",
    says="a pair's count is replaced by the next word's",
)
def last_word_wins(words, counts):
    pairs = {}
    for word, count in zip(words, counts, strict=True):
        for pair, times in Counter(pairwise(word)).items():
            pairs[pair] = times * count
    return pairs


@knockout(
    of="count_pairs",
    killed_by="test_unit_count_pairs_example",
    says="a pair that stands twice in a word counts once",
)
def once_a_word(words, counts):
    pairs = {}
    for word, count in zip(words, counts, strict=True):
        for pair in set(pairwise(word)):
            pairs[pair] = pairs.get(pair, 0) + count
    return pairs


@knockout(
    of="count_pairs",
    killed_by="test_unit_count_pairs_not_across_words",
    says="the last id of a word and the first of the next are counted as a pair",
)
def across_words(words, counts):
    pairs, last = {}, []
    for word, count in zip(words, counts, strict=True):
        for pair in pairwise([*last, *word]):
            pairs[pair] = pairs.get(pair, 0) + count
        last = list(word[-1:])
    return pairs


@knockout(
    of="count_pairs",
    killed_by="test_unit_count_pairs_overlapping",
    says="of three equal ids only one pair is counted",
)
def no_overlap(words, counts):
    pairs = {}
    for word, count in zip(words, counts, strict=True):
        i = 0
        while i + 1 < len(word):
            pair = (word[i], word[i + 1])
            pairs[pair] = pairs.get(pair, 0) + count
            i += 2 if pair[0] == pair[1] else 1
    return pairs


@knockout(
    of="count_pairs",
    killed_by="test_unit_count_pairs_example",
    says="(1, 2) and (2, 1) are counted as one",
)
def order_ignored(words, counts):
    pairs = {}
    for word, count in zip(words, counts, strict=True):
        for pair in pairwise(word):
            pair = tuple(sorted(pair))
            pairs[pair] = pairs.get(pair, 0) + count
    return pairs


@knockout(
    of="most_frequent",
    killed_by="test_unit_most_frequent_example",
    says="of equal counts the one that the dictionary holds first is taken",
)
def first_found(pairs):
    pair = max(pairs, key=pairs.get, default=None)
    return None if pair is None or pairs[pair] < 2 else pair


@knockout(
    of="most_frequent",
    killed_by="test_unit_most_frequent_example",
    says="of equal counts the largest pair is taken",
)
def largest_pair(pairs):
    top = max(pairs.values(), default=0)
    if top < 2:
        return None
    return max(pair for pair, count in pairs.items() if count == top)


@knockout(
    of="most_frequent",
    killed_by="test_unit_most_frequent_ties",
    says="of equal counts the one with the smallest second id is taken",
)
def smallest_second(pairs):
    top = max(pairs.values(), default=0)
    if top < 2:
        return None
    return min([p for p, count in pairs.items() if count == top], key=lambda p: (p[1], p[0]))


@knockout(
    of="most_frequent",
    killed_by="test_unit_most_frequent_highest_count",
    says="the smallest pair is taken, however often it comes",
)
def smallest_of_all(pairs):
    return min([pair for pair, count in pairs.items() if count > 1], default=None)


@knockout(
    of="most_frequent",
    killed_by="test_unit_most_frequent_once_is_none",
    says="pairs that come once are merged, too",
)
def once_is_enough(pairs):
    top = max(pairs.values(), default=0)
    if top < 1:
        return None
    return min(pair for pair, count in pairs.items() if count == top)


@knockout(
    of="most_frequent",
    killed_by="test_unit_most_frequent_once_is_none",
    says="where there are no pairs it crashes",
)
def empty_is_an_error(pairs):
    top = max(pairs.values())
    if top < 2:
        return None
    return min(pair for pair, count in pairs.items() if count == top)


@knockout(
    of="most_frequent",
    killed_by="test_unit_most_frequent_once_is_none",
    says="pairs that come twice are not merged",
)
def twice_is_too_little(pairs):
    top = max(pairs.values(), default=0)
    if top <= 2:
        return None
    return min(pair for pair, count in pairs.items() if count == top)


@knockout(
    of="merge",
    killed_by="test_unit_merge_example",
    says="an id goes into two merges: of three in a row two new ones are made",
)
def overlapping(ids, pair, new):
    hits = [tuple(p) == tuple(pair) for p in pairwise(ids)]
    covered = {i + 1 for i, hit in enumerate(hits) if hit}
    starts = {i for i, hit in enumerate(hits) if hit}
    return [new if i in starts else x for i, x in enumerate(ids) if i in starts or i not in covered]


@knockout(
    of="merge",
    killed_by="test_unit_merge_where_it_stands",
    says="the last id is lost where it is in no pair",
)
def last_id_lost(ids, pair, new):
    merged, i = [], 0
    while i < len(ids) - 1:
        if (ids[i], ids[i + 1]) == pair:
            merged.append(new)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


@knockout(
    of="merge",
    killed_by="test_unit_merge_where_it_stands",
    says="it looks at the id after the last",
)
def looks_beyond_the_end(ids, pair, new):
    merged, i = [], 0
    while i < len(ids):
        if ids[i] == pair[0] and ids[i + 1] == pair[1]:
            merged.append(new)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


@knockout(
    of="merge",
    killed_by="test_unit_merge_overlapping",
    says="it merges from right to left",
)
def from_the_right(ids, pair, new):
    merged, i = [], len(ids) - 1
    while i >= 0:
        if i and (ids[i - 1], ids[i]) == pair:
            merged.append(new)
            i -= 2
        else:
            merged.append(ids[i])
            i -= 1
    return merged[::-1]


@knockout(
    of="merge",
    killed_by="test_unit_merge_example",
    says="only the first place is merged",
)
def first_place_only(ids, pair, new):
    for i, found in enumerate(pairwise(ids)):
        if found == pair:
            return [*ids[:i], new, *ids[i + 2 :]]
    return list(ids)


@knockout(
    of="merge",
    killed_by="test_unit_merge_where_it_stands",
    says="the second id of the pair stays behind the new one",
)
def second_id_stays(ids, pair, new):
    pairs = list(pairwise([*ids, None]))
    return [new if found == pair else found[0] for found in pairs]


@knockout(
    of="merge",
    killed_by="test_unit_merge_where_it_stands",
    says="2 1 is merged like 1 2",
)
def either_order(ids, pair, new):
    merged = []
    for i in ids:
        if merged and {merged[-1], i} == set(pair) and (merged[-1] != i or pair[0] == pair[1]):
            merged[-1] = new
        else:
            merged.append(i)
    return merged


@knockout(
    of="merge",
    killed_by="test_unit_merge_input_stays",
    says="the list that was given is changed",
)
def in_place(ids, pair, new):
    if not isinstance(ids, list):
        ids = list(ids)
    i = 0
    while i < len(ids) - 1:
        if (ids[i], ids[i + 1]) == pair:
            ids[i : i + 2] = [new]
        i += 1
    return ids


@knockout(
    of="learn_merges_slowly",
    killed_by="test_unit_learn_merges_slowly_example",
    says="new ids begin at 0, and are bytes",
)
def ids_from_zero(words, counts, n):
    merges = []
    while len(merges) < n:
        pair = most_frequent(count_pairs(words, counts))
        if pair is None:
            break
        words = [merge(word, pair, len(merges)) for word in words]
        merges.append(pair)
    return merges


@knockout(
    of="learn_merges_slowly",
    killed_by="test_unit_learn_merges_slowly_example",
    says="the first merge gets id 257",
)
def ids_one_too_many(words, counts, n):
    merges = []
    while len(merges) < n:
        pair = most_frequent(count_pairs(words, counts))
        if pair is None:
            break
        merges.append(pair)
        words = [merge(word, pair, 256 + len(merges)) for word in words]
    return merges


@knockout(
    of="learn_merges_slowly",
    killed_by="test_unit_learn_merges_slowly_example",
    says="pairs are counted once, before the first merge",
)
def counted_once(words, counts, n):
    pairs = count_pairs(words, counts)
    merges = []
    while len(merges) < n:
        pair = most_frequent(pairs)
        if pair is None:
            break
        words = [merge(word, pair, 256 + len(merges)) for word in words]
        del pairs[pair]
        merges.append(pair)
    return merges


@knockout(
    of="learn_merges_slowly",
    killed_by="test_unit_learn_merges_slowly_example",
    says="it does not end where no pair comes twice",
)
def no_early_end(words, counts, n):
    merges = []
    while len(merges) < n:
        pair = most_frequent(count_pairs(words, counts))
        words = [merge(word, pair, 256 + len(merges)) for word in words]
        merges.append(pair)
    return merges


@knockout(
    of="learn_merges_slowly",
    killed_by="test_unit_learn_merges_slowly_how_many",
    says="it learns one merge where none is asked for",
)
def no_merge_asked(words, counts, n):
    merges = []
    while True:
        pair = most_frequent(count_pairs(words, counts))
        if pair is None:
            break
        words = [merge(word, pair, 256 + len(merges)) for word in words]
        merges.append(pair)
        if len(merges) >= n:
            break
    return merges


@knockout(
    of="learn_merges_slowly",
    killed_by="test_unit_learn_merges_slowly_words_stay",
    says="the caller's list of words is changed",
)
def callers_words(words, counts, n):
    merges = []
    while len(merges) < n:
        pair = most_frequent(count_pairs(words, counts))
        if pair is None:
            break
        for i, word in enumerate(words):
            words[i] = merge(word, pair, 256 + len(merges))
        merges.append(pair)
    return merges


@knockout(
    of="learn_merges_slowly",
    killed_by="test_unit_learn_merges_slowly_words_of_a_paper",
    says="every word counts once",
)
def counts_of_words_left_out(words, counts, n):
    merges = []
    while len(merges) < n:
        pair = most_frequent(count_pairs(words, [2] * len(words)))
        if pair is None:
            break
        words = [merge(word, pair, 256 + len(merges)) for word in words]
        merges.append(pair)
    return merges


@knockout(
    of="learn_merges",
    killed_by="test_unit_learn_merges_touches_few",
    says="it counts everything anew after each merge",
)
def the_slow_one(words, counts, n):
    return learn_merges_slowly(words, counts, n)


@knockout(
    of="learn_merges",
    killed_by="test_unit_learn_merges_touches_few",
    says="each merge goes through all words, though it changes few",
)
def every_word_merged(words, counts, n):
    words = list(words)
    pairs, where = count_pairs(words, counts), words_by_pair(words)
    merges = []
    while len(merges) < n and (pair := most_frequent(pairs)) is not None:
        for i in range(len(words)):
            for old in pairwise(words[i]):
                pairs[old] -= counts[i]
            words[i] = merge(words[i], pair, 256 + len(merges))
            for new in pairwise(words[i]):
                pairs[new] = pairs.get(new, 0) + counts[i]
                where[new].add(i)
        merges.append(pair)
    return merges


@knockout(
    of="learn_merges",
    killed_by="test_unit_learn_merges_touches_few",
    says="only the words with the pair are merged, but all are counted again",
)
def recounted(words, counts, n):
    words = list(words)
    where = words_by_pair(words)
    merges = []
    while len(merges) < n and (pair := most_frequent(count_pairs(words, counts))) is not None:
        for i in where.pop(pair):
            words[i] = merge(words[i], pair, 256 + len(merges))
            for new in pairwise(words[i]):
                where[new].add(i)
        merges.append(pair)
    return merges


@knockout(
    of="learn_merges",
    killed_by="test_unit_learn_merges_what_vanished",
    says="what vanished is not taken away from the counts; only the pair itself is",
)
def vanished_not_taken_away(words, counts, n):
    words = list(words)
    pairs, where = count_pairs(words, counts), words_by_pair(words)
    merges = []
    while len(merges) < n and (pair := most_frequent(pairs)) is not None:
        for i in where.pop(pair):
            words[i] = merge(words[i], pair, 256 + len(merges))
            for new in pairwise(words[i]):
                if 256 + len(merges) in new:
                    pairs[new] = pairs.get(new, 0) + counts[i]
                    where[new].add(i)
        del pairs[pair]
        merges.append(pair)
    return merges


@knockout(
    of="learn_merges",
    killed_by="test_unit_learn_merges_what_vanished",
    says="the count of the pair to the left of a merge is not corrected",
)
def left_neighbour_forgotten(words, counts, n):
    words = list(words)
    pairs, where = count_pairs(words, counts), words_by_pair(words)
    merges = []
    while len(merges) < n and (pair := most_frequent(pairs)) is not None:
        for i in where.pop(pair):
            for old in pairwise(words[i]):
                if old == pair or old[1] != pair[0]:
                    pairs[old] -= counts[i]
            words[i] = merge(words[i], pair, 256 + len(merges))
            for new in pairwise(words[i]):
                pairs[new] = pairs.get(new, 0) + counts[i]
                where[new].add(i)
        merges.append(pair)
    return merges


@knockout(
    of="learn_merges",
    killed_by="test_unit_learn_merges_example",
    says="one is taken away, not the count of the word",
)
def taken_away_once(words, counts, n):
    words = list(words)
    pairs, where = count_pairs(words, counts), words_by_pair(words)
    merges = []
    while len(merges) < n and (pair := most_frequent(pairs)) is not None:
        for i in where.pop(pair):
            for old in pairwise(words[i]):
                pairs[old] -= 1
            words[i] = merge(words[i], pair, 256 + len(merges))
            for new in pairwise(words[i]):
                pairs[new] = pairs.get(new, 0) + counts[i]
                where[new].add(i)
        merges.append(pair)
    return merges


@knockout(
    of="learn_merges",
    killed_by="test_unit_learn_merges_example",
    says="one is added, not the count of the word",
)
def added_once(words, counts, n):
    words = list(words)
    pairs, where = count_pairs(words, counts), words_by_pair(words)
    merges = []
    while len(merges) < n and (pair := most_frequent(pairs)) is not None:
        for i in where.pop(pair):
            for old in pairwise(words[i]):
                pairs[old] -= counts[i]
            words[i] = merge(words[i], pair, 256 + len(merges))
            for new in pairwise(words[i]):
                pairs[new] = pairs.get(new, 0) + 1
                where[new].add(i)
        merges.append(pair)
    return merges


@knockout(
    of="learn_merges",
    killed_by="test_unit_learn_merges_same_as_slowly",
    says="which words hold a new pair is not noted",
)
def new_pairs_not_noted(words, counts, n):
    words = list(words)
    pairs, where = count_pairs(words, counts), words_by_pair(words)
    merges = []
    while len(merges) < n and (pair := most_frequent(pairs)) is not None:
        for i in where.pop(pair):
            for old in pairwise(words[i]):
                pairs[old] -= counts[i]
            words[i] = merge(words[i], pair, 256 + len(merges))
            for new in pairwise(words[i]):
                pairs[new] = pairs.get(new, 0) + counts[i]
        merges.append(pair)
    return merges


@knockout(
    of="learn_merges",
    killed_by="test_unit_learn_merges_example",
    says="a pair that stands twice in a word is corrected once",
)
def once_for_each_pair_of_a_word(words, counts, n):
    words = list(words)
    pairs, where = count_pairs(words, counts), words_by_pair(words)
    merges = []
    while len(merges) < n and (pair := most_frequent(pairs)) is not None:
        for i in where.pop(pair):
            for old in set(pairwise(words[i])):
                pairs[old] -= counts[i]
            words[i] = merge(words[i], pair, 256 + len(merges))
            for new in set(pairwise(words[i])):
                pairs[new] = pairs.get(new, 0) + counts[i]
                where[new].add(i)
        merges.append(pair)
    return merges


@knockout(
    of="learn_merges",
    killed_by="test_unit_learn_merges_example",
    says="the first merge gets id 257",
)
def new_id_one_too_many(words, counts, n):
    words = list(words)
    pairs, where = count_pairs(words, counts), words_by_pair(words)
    merges = []
    while len(merges) < n and (pair := most_frequent(pairs)) is not None:
        for i in where.pop(pair):
            for old in pairwise(words[i]):
                pairs[old] -= counts[i]
            words[i] = merge(words[i], pair, 257 + len(merges))
            for new in pairwise(words[i]):
                pairs[new] = pairs.get(new, 0) + counts[i]
                where[new].add(i)
        merges.append(pair)
    return merges


@knockout(
    of="learn_merges",
    killed_by="test_unit_learn_merges_words_stay",
    says="the caller's list of words is changed",
)
def callers_list(words, counts, n):
    pairs, where = count_pairs(words, counts), words_by_pair(words)
    merges = []
    while len(merges) < n and (pair := most_frequent(pairs)) is not None:
        for i in where.pop(pair):
            for old in pairwise(words[i]):
                pairs[old] -= counts[i]
            words[i] = merge(words[i], pair, 256 + len(merges))
            for new in pairwise(words[i]):
                pairs[new] = pairs.get(new, 0) + counts[i]
                where[new].add(i)
        merges.append(pair)
    return merges


@knockout(
    of="learn_merges",
    killed_by="test_unit_learn_merges_example",
    says="it does not end where no pair comes twice",
)
def no_end(words, counts, n):
    words = list(words)
    pairs, where = count_pairs(words, counts), words_by_pair(words)
    merges = []
    while len(merges) < n:
        pair = most_frequent(pairs)
        for i in where.pop(pair):
            for old in pairwise(words[i]):
                pairs[old] -= counts[i]
            words[i] = merge(words[i], pair, 256 + len(merges))
            for new in pairwise(words[i]):
                pairs[new] = pairs.get(new, 0) + counts[i]
                where[new].add(i)
        merges.append(pair)
    return merges


@knockout(
    of="apply_merges",
    killed_by="test_unit_apply_merges_example",
    says="the first pair that has a rank is merged, not the one with the lowest",
)
def from_left_to_right(ids, ranks):
    ids = list(ids)
    while known := [pair for pair in pairwise(ids) if pair in ranks]:
        ids = merge(ids, known[0], 256 + ranks[known[0]])
    return ids


@knockout(
    of="apply_merges",
    killed_by="test_unit_apply_merges_lowest_rank_first",
    says="the highest rank goes first",
)
def highest_rank_first(ids, ranks):
    ids = list(ids)
    while known := [pair for pair in pairwise(ids) if pair in ranks]:
        pair = max(known, key=ranks.get)
        ids = merge(ids, pair, 256 + ranks[pair])
    return ids


@knockout(
    of="apply_merges",
    killed_by="test_unit_apply_merges_example",
    says="the smallest pair goes first, not the one with the lowest rank",
)
def smallest_pair_first(ids, ranks):
    ids = list(ids)
    while known := [pair for pair in pairwise(ids) if pair in ranks]:
        pair = min(known)
        ids = merge(ids, pair, 256 + ranks[pair])
    return ids


@knockout(
    of="apply_merges",
    killed_by="test_unit_apply_merges_until_nothing_is_left",
    says="only one merge is done",
)
def one_merge_only(ids, ranks):
    ids = list(ids)
    if known := [pair for pair in pairwise(ids) if pair in ranks]:
        pair = min(known, key=ranks.get)
        ids = merge(ids, pair, 256 + ranks[pair])
    return ids


@knockout(
    of="apply_merges",
    killed_by="test_unit_apply_merges_until_nothing_is_left",
    says="pairs that a merge makes are not looked at",
)
def looked_at_once(ids, ranks):
    ids = list(ids)
    for pair in sorted({pair for pair in pairwise(ids) if pair in ranks}, key=ranks.get):
        ids = merge(ids, pair, 256 + ranks[pair])
    return ids


@knockout(
    of="apply_merges",
    killed_by="test_unit_apply_merges_example",
    says="the rank is taken for the id",
)
def rank_for_id(ids, ranks):
    ids = list(ids)
    while known := [pair for pair in pairwise(ids) if pair in ranks]:
        pair = min(known, key=ranks.get)
        ids = merge(ids, pair, ranks[pair])
    return ids


@knockout(
    of="apply_merges",
    killed_by="test_unit_apply_merges_looks_up",
    says="every merge that was ever learned is tried on each word",
)
def all_ranks_walked(ids, ranks):
    ids = list(ids)
    for pair, rank in ranks.items():
        ids = merge(ids, pair, 256 + rank)
    return ids


@knockout(
    of="apply_merges",
    killed_by="test_unit_apply_merges_example",
    says="a pair without a rank is a KeyError",
)
def unknown_pair_crashes(ids, ranks):
    ids = list(ids)
    while len(ids) > 1:
        pair = min(pairwise(ids), key=lambda pair: ranks[pair])
        ids = merge(ids, pair, 256 + ranks[pair])
    return ids


@knockout(
    of="BPETokenizer.encode",
    killed_by="test_unit_bpetokenizer_encode_spaces",
    says="the text is split at spaces, and they are lost",
)
def spaces_lost(self, text, special=False):
    ids = []
    for part in self.cut_special(text) if special else [text]:
        if special and part in self.special_tokens:
            ids.append(self.special_tokens[part])
        else:
            for word in part.split():
                ids += self.chunk_ids(word)
    return ids


@knockout(
    of="BPETokenizer.encode",
    killed_by="test_unit_bpetokenizer_encode_spaces",
    says="the space in front of a word is stripped",
)
def chunks_stripped(self, text, special=False):
    ids = []
    for part in self.cut_special(text) if special else [text]:
        if special and part in self.special_tokens:
            ids.append(self.special_tokens[part])
        else:
            for chunk in split_chunks(part):
                ids += self.chunk_ids(chunk.strip())
    return ids


@knockout(
    of="BPETokenizer.encode",
    killed_by="test_unit_bpetokenizer_encode_special_in_a_text",
    says="special tokens are recognised in plain text",
)
def always_special(self, text, special=False):
    ids = []
    for part in self.cut_special(text):
        if part in self.special_tokens:
            ids.append(self.special_tokens[part])
        else:
            for chunk in split_chunks(part):
                ids += self.chunk_ids(chunk)
    return ids


@knockout(
    of="BPETokenizer.encode",
    killed_by="test_unit_bpetokenizer_encode_example",
    says="special=True is ignored",
)
def never_special(self, text, special=False):
    ids = []
    for chunk in split_chunks(text):
        ids += self.chunk_ids(chunk)
    return ids


@knockout(
    of="BPETokenizer.encode",
    killed_by="test_unit_bpetokenizer_encode_not_across_chunks",
    says="the text is not cut into chunks",
)
def one_long_chunk(self, text, special=False):
    ids = []
    for part in self.cut_special(text) if special else [text]:
        if special and part in self.special_tokens:
            ids.append(self.special_tokens[part])
        else:
            ids += self.chunk_ids(part)
    return ids


@knockout(
    of="BPETokenizer.encode",
    killed_by="test_unit_bpetokenizer_encode_remembers_chunks",
    says="merges are applied to each chunk again, however often it comes",
)
def nothing_remembered(self, text, special=False):
    ids = []
    for part in self.cut_special(text) if special else [text]:
        if special and part in self.special_tokens:
            ids.append(self.special_tokens[part])
        else:
            for chunk in split_chunks(part):
                ids += apply_merges(as_bytes(chunk), self.ranks)
    return ids


@knockout(
    of="BPETokenizer.encode",
    killed_by="test_unit_bpetokenizer_encode_example",
    says="no merges are applied",
)
def bytes_only(self, text, special=False):
    ids = []
    for part in self.cut_special(text) if special else [text]:
        if special and part in self.special_tokens:
            ids.append(self.special_tokens[part])
        else:
            ids += as_bytes(part)
    return ids


@knockout(
    of="BPETokenizer.encode",
    killed_by="test_unit_bpetokenizer_encode_example",
    says="the ids of each chunk stay in a tuple of their own",
)
def list_of_lists(self, text, special=False):
    ids = []
    for part in self.cut_special(text) if special else [text]:
        if special and part in self.special_tokens:
            ids.append(self.special_tokens[part])
        else:
            ids += [self.chunk_ids(chunk) for chunk in split_chunks(part)]
    return ids


@knockout(
    of="BPETokenizer.decode",
    killed_by="test_unit_bpetokenizer_decode_characters_of_several_tokens",
    says="each token is decoded by itself, which breaks characters of several tokens",
)
def token_by_token(self, ids):
    return "".join(self.token_bytes(i).decode("utf-8", "replace") for i in as_list(ids))


@knockout(
    of="BPETokenizer.decode",
    killed_by="test_unit_bpetokenizer_decode_example",
    says="bytes that are no UTF-8 end in an error",
)
def strict(self, ids):
    return self.decode_bytes(ids).decode("utf-8")


@knockout(
    of="BPETokenizer.decode",
    killed_by="test_unit_bpetokenizer_decode_no_utf8",
    says="bytes that are no UTF-8 disappear",
)
def ignored(self, ids):
    data = self.decode_bytes(ids)
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "ignore")


@knockout(
    of="BPETokenizer.decode",
    killed_by="test_unit_bpetokenizer_decode_half_a_surrogate_pair",
    says="half a surrogate pair does not come back",
)
def replace_alone(self, ids):
    return self.decode_bytes(ids).decode("utf-8", "replace")


@knockout(
    of="BPETokenizer.decode",
    killed_by="test_unit_bpetokenizer_decode_example",
    says="each byte is a character",
)
def latin(self, ids):
    return self.decode_bytes(ids).decode("latin-1")


@knockout(
    of="BPETokenizer.decode",
    killed_by="test_unit_bpetokenizer_decode_unknown_id",
    says="an id that does not exist is skipped",
)
def unknown_id_skipped(self, ids):
    data = b"".join(self.token_bytes(i) for i in as_list(ids) if 0 <= i < self.vocab_size)
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")
