"""What two texts have in common."""

import time

import pytest

from profiles.intake.overlap import (
    Shared,
    is_within,
    quotations,
    retellings,
    same_story,
    shared_passages,
    shared_quotations,
    shingles,
    words_of,
)
from tests.profiles.intake import articles

LONG = (
    "The gates were opened at four in the morning although the keeper had been told to wait for the council "
    "and the water took the lower road with it before anybody could be warned."
)


def said(text, pairs):
    return [text[pair.start : pair.end] for pair in pairs]


def test_words_know_where_they_stand():
    text = "Don’t open the GATES!"
    words = words_of(text)
    assert words.said == ("don't", "open", "the", "gates")
    assert [text[start:end] for start, end in words.spans] == ["Don’t", "open", "the", "GATES"]
    assert words.between(3, 11) == ("open",)


def test_shingles_are_the_same_everywhere():
    assert shingles(words_of("one two three four five six")) == [4475916206259131367, 4322731170382286266]
    assert shingles(words_of("One, two: three four FIVE")) == shingles(words_of("one two three four five"))
    assert shingles(words_of("one two three four")) == []


@pytest.mark.parametrize("marks", ["“{}”", '"{}"', "‘{}’", "«{}»", "「{}」"])
def test_quotations_are_found_in_all_their_marks(marks):
    text = f"She said: {marks.format('nobody’s gates were ever opened here')} and left."
    assert [text[start:end] for start, end in quotations(text)] == ["nobody’s gates were ever opened here"]


def test_a_word_or_two_in_quotation_marks_is_no_quotation():
    assert quotations("The “open gate” of the “old” dam's keepers' house.") == []


def test_a_quotation_is_shared_whatever_its_marks():
    pairs = shared_quotations(articles.SECOND_HAND, articles.FIRST_HAND)
    [quoted] = said(articles.SECOND_HAND, pairs)
    assert quoted.startswith("In a valley where everybody has a pump")
    assert articles.FIRST_HAND[pairs[0].other_start :].startswith("In a valley where")
    assert pairs[0].likeness == 100


def test_a_shortened_or_slightly_changed_quotation_is_shared_too():
    whole = "“We opened the gates at four because nobody had told us to wait,” she said."
    assert shared_quotations("“the gates at four because nobody had told us to wait,” she said.", whole)
    assert shared_quotations("“We opened the gates at four as nobody had told us to wait.”", whole)
    assert not shared_quotations("“We closed the doors at noon since everybody wanted lunch and tea.”", whole)


def test_a_passage_in_the_same_words_is_shared():
    text, other = (
        f"Something of my own.\n{LONG} And on.",
        f"Quite another start, longer than that one.\n{LONG} The end.",
    )
    [pair] = shared_passages(text, other)
    assert text[pair.start : pair.end] == other[pair.other_start : pair.other_end] == LONG.removesuffix(".")


def test_a_passage_in_nearly_the_same_words_is_shared_and_says_how_alike_it_is():
    changed = LONG.replace("at four in the morning", "before four in the morning").replace("lower road", "only road")
    [pair] = shared_passages(LONG, changed)
    assert 80 < pair.likeness < 100


def test_two_texts_in_their_own_words_share_no_passage():
    assert shared_passages(articles.PLAIN, articles.REWRITTEN) == []
    assert shared_passages(LONG, "") == shared_passages("", LONG) == []


def test_what_is_shared_in_chinese_is_found():
    whole = "委员会说大坝的闸门在凌晨四点被打开尽管管理员被告知要等待委员会的决定而洪水冲走了下面的道路"
    text, other = f"昨天,{whole}。", f"据报道,{whole},没有人受伤。"
    [pair] = shared_passages(text, other)
    assert text[pair.start : pair.end] == whole
    assert said(f"他说:「{whole}」", shared_quotations(f"他说:「{whole}」", f"“{whole}”她说")) == [whole]


def test_a_passage_within_a_quotation_says_nothing_new():
    assert is_within(Shared(10, 50, 0, 0, 100), [Shared(0, 60, 0, 0, 100)])
    assert not is_within(Shared(10, 50, 0, 0, 100), [Shared(0, 25, 0, 0, 100)])


def test_the_same_story_is_told_by_those_who_speak_of_the_same():
    told = {text: retellings(text) for text in articles.ALL}
    story = same_story(told[articles.SECOND_HAND], told[articles.FIRST_HAND])
    assert {pair.there.name for pair in story if pair.there.kind == "report"} >= {"Tidewater Press"}
    assert same_story(told[articles.ANOTHER_MATTER], told[articles.FIRST_HAND]) == []


@pytest.mark.parametrize(
    "text",
    ["gate " * 40_000, "“gate gate gate gate gate” " * 8_000, '"' * 100_000, "‘a" * 90_000, "“" + "a b " * 50_000, "\ud800 " * 9],
    ids=range(6),
)  # fmt: skip
def test_hostile_texts_are_compared_in_bounded_time(text):
    started = time.monotonic()
    shared_quotations(text, text)
    shared_passages(text, text)
    retellings(text)
    assert time.monotonic() - started < 8
