"""What a text says it goes back to."""

import time

import pytest

from profiles.intake.origins import (
    PAPER,
    REPORT,
    STATEMENT,
    When,
    clean_name,
    month_of,
    named_origins,
    said_by,
    sentences,
    told_passages,
)
from tests.profiles.intake import articles


def named(text):
    return [(one.kind, one.name, str(one.when)) for one in named_origins(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The dam broke, as first reported by Tidewater Press.", "Tidewater Press"),
        ("It was reported by the Harbour Daily on Monday.", "Harbour Daily"),
        ("A Tidewater Press report said that the dam broke.", "Tidewater Press"),
        ("In a report by the Institute of Sluices, the dam holds.", "Institute of Sluices"),
        ("An investigation by Harbour Daily found cracks.", "Harbour Daily"),
        ("The dam broke, according to Tidewater Press.", "Tidewater Press"),
        ("The letter, seen by Harbour Daily, names nobody.", "Harbour Daily"),
        ("The Authority told Tidewater Press that the dam holds.", "Tidewater Press"),
        ("Harbour Daily first reported that the dam broke.", "Harbour Daily"),
        ("The dam broke.\n\nVia Harbour Daily\n\nRead more", "Harbour Daily"),
        ("The dam broke.\n[Source: Harbour Daily]", "Harbour Daily"),
        ("The dam broke (via Harbour Daily).", "Harbour Daily"),
        ("According to AFRINIC's report, nothing moved.", "AFRINIC"),
        ("It was first reported by the El País of the coast.", "El País"),
        ("据海潮通讯社报道,大坝已经决口。", "海潮通讯社"),
    ],
)
def test_a_report_is_named_in_many_ways(text, name):
    assert (REPORT, name) in [(kind, found) for kind, found, _when in named(text)]


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("It goes back to a paper they published in June.", (PAPER, "", "June")),
        ("In a June paper, five engineers described it.", (PAPER, "", "June")),
        ("In a June 2024 paper, five engineers described it.", (PAPER, "", "June 2024")),
        ("A study by the Institute of Sluices describes it.", (PAPER, "Institute of Sluices", "")),
        ("Northwind said in a statement that it did not matter.", (STATEMENT, "Northwind", "")),
        ("That is what a press release of Northwind says.", (STATEMENT, "Northwind", "")),
        ("It was first reported by Tidewater Press on Nov. 1.", (REPORT, "Tidewater Press", "1 November")),
        ("It was reported by Tidewater Press on 1 November 2024.", (REPORT, "Tidewater Press", "1 November 2024")),
        ("据海潮大学的论文,大坝不稳。", (PAPER, "海潮大学", "")),
    ],
)
def test_a_paper_a_statement_and_their_time_are_named(text, origin):
    assert named(text) == [origin]


@pytest.mark.parametrize(
    "text",
    [
        "The dam broke on Monday, and nobody was told.",
        "Photo by Ivo Inlet via Tidewater Press",
        "(Image credit: Harbour Pictures via Tidewater Press)",
        "Officials told Congress that the dam holds.",
        "According to experts, the dam holds.",
        "They told reporters in June that it holds.",
        "The report was long.",
        "She walked via Lisbon and on.",
        "",
    ],
)
def test_what_is_no_origin_is_not_named(text):
    assert named(text) == []


def test_an_origin_is_named_once_where_its_time_is_told():
    text = "Harbour Daily reported on the dam. It was first reported by Harbour Daily on Nov. 1. So says a Harbour Daily report."
    assert named(text) == [(REPORT, "Harbour Daily", "1 November")]


def test_the_passage_is_where_the_text_says_so():
    text = "The dam broke. That was first reported by Tidewater Press. The end."
    [one] = named_origins(text)
    assert text[one.start : one.end] == "was first reported by Tidewater Press"


def test_a_text_may_retell_what_it_does_not_name():
    cues = [one.cue for one in told_passages(articles.SECOND_HAND) if not one.is_plain]
    assert cues == ["the recent reports that", "reportedly"]
    assert named(articles.ANOTHER_MATTER) == []


def test_sentences_end_where_they_end():
    text = "It broke on Nov. 1. “Nobody asked,” said Dr. Marsh. “No.” The U.S. dam\nA heading\n大坝。完"
    said = [text[start:end] for start, end in sentences(text)]
    assert said == ["It broke on Nov. 1.", "“Nobody asked,” said Dr. Marsh.", "“No.”", "The U.S. dam", "A heading", "大坝。", "完"]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "number"), [("Jan.", 1), ("Sept.", 9), ("May", 5), ("DECEMBER", 12), ("Marzo", 3), ("Foo", None)]
)
def test_a_month_is_known_by_its_beginning(word, number):
    assert month_of(word) == number


def test_a_name_is_freed_of_what_stood_beside_it():
    assert clean_name("The Harbour Daily’s") == "Harbour Daily"
    assert clean_name("June") == clean_name("However") == ""


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("“It does not matter at all,” Northwind said.", "Northwind"),
        ("“It does not matter at all,” said Paul Piper, its president.", "Paul Piper"),
        ("“It does not matter at all,” Mary Marsh, its head of policy, said.", "Mary Marsh"),
        ("Northwind said in reply: “It does not matter at all.”", "Northwind"),
        ("“It does not matter at all.” Then it rained.", ""),
    ],
)
def test_whoever_is_quoted_is_found_beside_the_quotation(text, who):
    start = text.index("It does not")
    end = text.index("at all") + 6 + (text[text.index("at all") + 6] in ",.")
    assert said_by(text, start, end) == who


@pytest.mark.parametrize(
    "text",
    [
        "A" * 200_000,
        "Aa " * 60_000,
        "according to " * 15_000,
        "“" * 100_000,
        "via " * 50_000,
        "The Report by the " * 11_000,
        "\n" * 200_000,
        "A. " * 60_000,
        "papers published " * 12_000,
        "\x00\ud800\uffff" * 1000,
        "报道" * 50_000,
    ],
    ids=range(11),
)
def test_a_hostile_text_is_read_in_bounded_time(text):
    started = time.monotonic()
    named_origins(text)
    said_by(text, 10, 20)
    assert time.monotonic() - started < 5


def test_a_time_says_what_it_knows():
    assert [str(When(6)), str(When(11, 1)), str(When(11, 1, 2024)), str(When())] == ["June", "1 November", "1 November 2024", ""]  # fmt: skip
