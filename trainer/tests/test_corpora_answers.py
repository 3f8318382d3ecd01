"""The answers of generated examples are right: each is found again by a rule that shares no code with its generator."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from trainer import corpora
from trainer.corpora import Examples, Labelled, Pair, Tagged, catalogues, reviews_en, reviews_zh, word_classes
from trainer.corpora.phrasebook import number_en, number_zh
from trainer.corpora.reviews import Language


def examples(name: str, **options: int) -> list[Pair]:
    data = corpora.load(name, **options)
    assert isinstance(data, Examples)
    found = [*data.train[:1_000], *data.held_out]
    for title, part in data.slices.items():
        found += [] if title in ("real", "project") else part
    assert all(isinstance(example, Pair) for example in found)
    return [example for example in found if isinstance(example, Pair)]


def test_copies_and_reversals_are_exact() -> None:
    assert all(pair.target == pair.source for pair in examples("copy"))
    assert all(pair.target == pair.source[::-1] for pair in examples("reverse"))
    for name in ("copy", "reverse"):
        lengths = {len(pair.source.split()) for pair in examples(name, length=7)}
        assert lengths == {2, 3, 4, 5, 6, 7}


def test_a_recalled_value_stands_after_its_key_at_the_named_distance() -> None:
    data = corpora.load("recall", distance=64)
    assert isinstance(data, Examples)
    assert set(data.slices) == {f"distance-{n}" for n in (4, 8, 16, 32, 64)}
    for title, part in {"": data.train[:500], **data.slices}.items():
        for source, target in part:
            *told, ask, key = str(source).split()
            assert ask == "?"
            keys = told[::2]
            assert keys.count(key) == 1
            assert told[2 * keys.index(key) + 1] == target
            if title:
                assert len(told) + 2 - (2 * keys.index(key) + 1) - 1 == int(title.partition("-")[2])


def test_an_induction_goes_on_as_before() -> None:
    offsets = set()
    for source, target in examples("induction"):
        *row, again = source.split()
        assert len(set(row)) == len(row)
        assert row[row.index(again) + 1 :] == target.split()
        offsets.add(len(row) - row.index(again))
    assert len(offsets) > 10


def test_every_fact_is_asked_and_no_key_twice() -> None:
    data = corpora.load("facts", size=512)
    assert isinstance(data, Examples)
    assert data.train == data.held_out
    assert len({fact[0] for fact in data.train}) == 512
    small = corpora.load("facts", size=16)
    assert isinstance(small, Examples)
    assert small.train == data.train[:16]


GOES = re.compile(r"(\w+ \w+) went to the (\w+)\.")
TAKES = re.compile(r"(\w+ \w+) took the (\w+)\.")
GIVES = re.compile(r"(\w+ \w+) gave the (\w+) to (\w+ \w+)\.")
DROPS = re.compile(r"(\w+ \w+) put down the (\w+)\.")


def answer(source: str) -> str:
    """Read the story again from its beginning, by its words."""
    *lines, question = re.findall(r"[^.?]+[.?]", source)
    where: dict[str, str] = {}
    who: dict[str, str] = {}
    lies: dict[str, str] = {}
    for line in lines:
        if found := GOES.search(line):
            where[found[1]] = found[2]
        elif found := TAKES.search(line):
            who[found[2]] = found[1]
        elif found := GIVES.search(line):
            assert who[found[2]] == found[1]
            assert where[found[1]] == where[found[3]]
            who[found[2]] = found[3]
        elif found := DROPS.search(line):
            assert who[found[2]] == found[1]
            who[found[2]] = "nobody"
            lies[found[2]] = where.get(found[1], "unknown")
    if found := re.search(r"Who has the (\w+)\?", question):
        return who.get(found[1], "unknown")
    if found := re.search(r"Where is the (\w+)\?", question):
        holder = who.get(found[1], "unknown")
        return lies[found[1]] if holder == "nobody" else where.get(holder, "unknown")
    return where.get(question.removeprefix(" Where is ").rstrip("?"), "unknown")


@pytest.mark.parametrize("options", [{}, {"facts": 12, "people": 2, "distractors": 8}, {"facts": 2, "distractors": 0}])
def test_questions_are_answered_by_their_stories(options: dict[str, int]) -> None:
    found = examples("stories-qa", **options)
    assert [pair.target for pair in found] == [answer(pair.source) for pair in found]


def test_questions_have_their_share_of_unanswerable_ones_and_new_names() -> None:
    data = corpora.load("stories-qa")
    assert isinstance(data, Examples)
    counts = Counter(pair[1] for pair in data.train)
    assert 0.2 < counts["unknown"] / len(data.train) < 0.3
    assert counts.most_common(1)[0][0] == "unknown"
    assert {pair[1] for pair in data.slices["unanswerable"]} == {"unknown"}

    def people(part: tuple[corpora.Example, ...]) -> set[str]:
        return {
            name for pair in part for name in re.findall(r"[A-Z]\w+ [A-Z]\w+", str(pair[0]).replace("Where is", ""))
        }

    trained, measured = people(data.train), people(data.held_out)
    assert len(trained) == 96
    assert not trained & measured
    assert {word for name in measured for word in name.split()} <= {w for name in trained for w in name.split()}
    for title in ("facts-2", "facts-4"):
        for pair in data.slices[title]:
            told = sum(len(rule.findall(str(pair[0]))) for rule in (GOES, TAKES, GIVES, DROPS))
            assert told == int(title[-1])


def sentiment(text: str, good: set[str], bad: set[str], *, english: bool) -> str:
    """What follows "but", or the main clause, counts; a negator turns it."""
    although, buts = ("although", ", but ") if english else ("虽然", "(?:但是|可是)")
    text = text.lower() if english else text
    if len(parts := re.split(buts, text)) > 1:
        text = parts[-1]
    elif although in text:
        before, _, after = text.partition(although)
        inside = any(word in before for word in good | bad)
        text = before if inside else after.partition(",")[2]
    negators = r"\b(?:not|never|nobody|nothing|cannot)\b" if english else "不|没有"
    has = set(re.findall(r"\w+", text)).__contains__ if english else text.__contains__
    sign = sum(map(has, good)) - sum(map(has, bad))
    assert sign
    return "positive" if (sign > 0) != bool(re.search(negators, text)) else "negative"


@pytest.mark.parametrize(("name", "language"), [("reviews", reviews_en.ENGLISH), ("reviews-zh", reviews_zh.CHINESE)])
def test_labels_of_reviews_follow_from_their_words(name: str, language: Language) -> None:
    good, bad = ({word for words in slots.values() for word in words} for slots in (language.good, language.bad))
    data = corpora.load(name)
    assert isinstance(data, Examples)
    measured = [*data.held_out, *data.slices["negation"], *data.slices["contrast"]]
    for text, label in [*data.train, *measured]:
        assert sentiment(str(text), good, bad, english=name == "reviews") == label, text


@pytest.mark.parametrize("name", ["reviews", "reviews-zh"])
def test_sentences_of_our_own_are_many_and_balanced(name: str) -> None:
    data = corpora.load(name)
    assert isinstance(data, Examples)
    own = data.slices["project"]
    assert len(own) == len({example[0] for example in own}) >= 100
    assert set(Counter(example[1] for example in own).values()) == {len(own) // 2}
    assert all(isinstance(example, Labelled) and "  " not in example.text for example in own)


def test_tags_are_sound_and_measured_names_are_new() -> None:
    data = corpora.load("entities")
    assert isinstance(data, Examples)

    def names(part: tuple[corpora.Example, ...]) -> set[str]:
        found: set[str] = set()
        for example in part:
            assert isinstance(example, Tagged)
            assert len(example.words) == len(example.tags)
            before = "O"
            for word, tag in zip(*example, strict=True):
                assert tag == "O" or tag[:2] in ("B-", "I-")
                assert tag[:2] != "I-" or before[2:] == tag[2:]
                before = tag
                if tag in ("B-PER", "I-PER", "B-LOC"):
                    found.add(word)
        return found

    directions = {"New", "Upper", "Port", "Lake"}
    trained = names(data.train)
    assert len(trained) > 500
    assert trained & names(data.held_out) <= directions
    assert {tag[2:] for tag in data.classes} - {""} == {"PER", "ORG", "LOC", "DATE"}
    assert all(word.isascii() for example in data.slices["en"] for word in example[0])


UNITS = {"十": 10, "百": 100, "千": 1000}


def value_zh(text: str) -> int:
    total, digit = 0, 0
    for sign in text:
        if sign in UNITS:
            total += (digit or 1) * UNITS[sign]
            digit = 0
        else:
            digit = "零一二三四五六七八九".index(sign)
    return total + digit


def value_en(text: str) -> int:
    ones = {
        word: n
        for n, word in enumerate(
            ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"]
        )
    }
    ones |= {
        word: n + 12 for n, word in enumerate(["twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"])
    }
    ones |= {"eighteen": 18, "nineteen": 19}
    tens = {
        word: 10 * n
        for n, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
    }
    total, part = 0, 0
    for word in text.replace("-", " ").split():
        if word == "hundred":
            part *= 100
        elif word == "thousand":
            total, part = 1000 * part, 0
        elif word != "and":
            part += (ones | tens)[word]
    return total + part


def test_number_words_mean_their_numbers() -> None:
    for n in range(10_000):
        assert value_en(number_en(n)) == value_zh(number_zh(n)) == n
    assert number_zh(10) == "十"
    assert number_zh(1001) == "一千零一"
    assert number_zh(110) == "一百一十"


def test_translations_keep_their_figures_and_are_never_two() -> None:
    targets: dict[str, str] = {}
    months = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
    for source, target in examples("translation"):
        assert targets.setdefault(source, target) == target
        figures = re.findall(r"\d+", source) + [str(i + 1) for i, month in enumerate(months) if month in source]
        assert sorted(figures) == sorted(re.findall(r"\d+", target))
        assert not re.search("[a-zA-Z]", target)


def test_recombined_translations_are_made_of_known_words() -> None:
    data = corpora.load("translation", size=8_000)
    assert isinstance(data, Examples)
    known = {word for pair in data.train for word in re.findall(r"\w+", str(pair[0]))}
    assert {w for pair in data.slices["recombined"] for w in re.findall(r"\b[a-z]+", str(pair[0]))} <= known
    assert len(data.slices["real"]) > 300
    assert all(max(map(len, pair)) <= 60 for pair in data.slices["real"])


def test_words_have_one_class_and_stand_in_the_text() -> None:
    classes = word_classes()
    text = corpora.corpus_text("word-classes")
    counts = Counter(text.split())
    assert len(set(classes.values())) == 14
    assert min(counts[word] for word in classes) > 40
    assert not re.search(r"\ba [aeiou]", text)


def test_the_chinese_stories_are_chinese() -> None:
    text = corpora.corpus_text("stories-zh")
    assert len(text) > 200_000
    assert not re.search("[a-zA-Z{}]", text)
    stories = text.strip().split("\n\n")
    assert len(set(stories)) == len(stories) == 2_000


def test_the_english_stories_are_whole_sentences() -> None:
    text = corpora.corpus_text("stories")
    assert not re.search(r"[{}]|  |\. [a-z]", text)
    stories = text.strip().split("\n\n")
    assert len(set(stories)) == len(stories) == 2_000


def test_a_catalogue_of_either_byte_order_is_read() -> None:
    for order in ("little", "big"):
        entries = [(b"", b"Language: xx\n"), (b"month\x04May", b"Mai"), (b"day\0days", b"Tag\0Tage")]
        start = 28 + 16 * len(entries)
        tables, blob = [b"", b""], b""
        for side in (0, 1):
            for entry in entries:
                tables[side] += len(entry[side]).to_bytes(4, order) + (start + len(blob)).to_bytes(4, order)
                blob += entry[side] + b"\0"
        numbers = (0x950412DE, 0, len(entries), 28, 28 + 8 * len(entries), 0, 0)
        data = b"".join(number.to_bytes(4, order) for number in numbers) + b"".join(tables) + blob
        assert catalogues.read_mo(data) == {"May": "Mai", "day": "Tag"}
    with pytest.raises(ValueError, match="no catalogue"):
        catalogues.read_mo(b"PK" + bytes(40))
