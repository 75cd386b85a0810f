"""The programs in docs/calibration turn public data into cases that can be read."""

import json
from importlib import util
from pathlib import Path

import pytest

from profiles.grading.calibration import read_cases
from profiles.grading.method import grade_evidence

FOLDER = Path(__file__).parents[3] / "docs" / "calibration"


def program(name):
    spec = util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(cases):
    return read_cases(json.dumps(case) for case in cases)


# Emergent


def article(number, *, claim="c1", truth="true", stance="for", source="www.Example.org"):
    return {
        "articleId": f"a{number}",
        "claimId": claim,
        "claimTruth": truth,
        "articleHeadlineStance": stance,
        "source": source,
        "articleHeadline": "A headline.",
    }


def test_a_settled_claim_is_a_case_and_its_articles_are_second_hand_notes():
    articles = [article(2, stance="against", source="b.example"), article(1), article(3, stance="observing")]
    (case,) = read(program("convert_emergent").cases(articles))
    assert (case.id, case.group, case.truth, case.lettered) == ("c1", "c1", True, False)
    assert [(note.id, note.publisher, note.stance, note.direct) for note in case.notes] == [
        ("a1", "example.org", "supports", False),
        ("a2", "b.example", "disputes", False),
        ("a3", "example.org", "context", False),
    ]


def test_an_unresolved_claim_is_no_case_and_no_headline_is_kept():
    cases = list(program("convert_emergent").cases([article(1), article(2, claim="c2", truth="unknown")]))
    assert [case["case"] for case in cases] == ["c1"]
    assert "headline" not in json.dumps(cases)


# Flights


@pytest.mark.parametrize(
    ("cell", "minute"),
    [
        ("7:10 a.m.", 430),
        ("12:05 a.m.", 5),
        ("12:05 p.m.", 725),
        ("7:10aDec 1", 430),
        ("12/02/2011 6:55 p.m.", 1135),
        ("Thu  19:25", 1165),
        ("", None),
        ("Not Available", None),
    ],
)
def test_a_time_is_read_however_it_is_written(cell, minute):
    assert program("convert_flights").minute(cell) == minute


def departures(sites):
    """What each site says of so many flights, which all left at 10:00 a.m."""
    flights = program("convert_flights")
    others = dict.fromkeys(flights.TIMES, "")
    dirty = [
        {"src": site, "flight": f"F{n:02d}", **others, "act_dep_time": cell}
        for site, cells in sites.items()
        for n, cell in enumerate(cells)
    ]
    clean = [{**row, **dict.fromkeys(flights.TIMES, "10:00 a.m.")} for row in dirty]
    return flights, *flights.read(dirty, clean)


def test_the_case_is_that_the_time_most_sites_give_is_right():
    flights, given, truth = departures({"a": ["10:00 a.m."], "b": ["10:05 a.m."], "c": ["10:05a"]})
    (case,) = read(flights.cases(given, truth, {}))
    assert (case.id, case.group, case.truth) == ("F00 act_dep_time", "F00", False)
    assert [(note.id, note.stance, note.direct) for note in case.notes] == [
        ("a", "disputes", True),
        ("b", "supports", True),
        ("c", "supports", True),
    ]


def test_sites_that_share_their_mistakes_are_copies_and_sites_that_are_right_are_not():
    right, wrong = ["10:00 a.m."] * 10, ["10:05 a.m."] * 10
    flights, given, truth = departures({"a": right, "b": wrong, "c": right, "d": wrong, "e": wrong[:9]})
    first = flights.copies(given, truth)
    assert first == {"a": "a", "b": "b", "c": "c", "d": "b", "e": "e"}
    case = read(flights.cases(given, truth, first))[0]
    assert [(note.id, note.direct, note.derived_from) for note in case.notes if note.derived_from] == [
        ("d", False, ("b",))
    ]
    assert len(grade_evidence(case.notes, on=case.as_of).lines) == 4
