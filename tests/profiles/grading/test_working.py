import json
from datetime import date

import pytest
from django.utils import translation

from profiles.grading import method, working
from profiles.grading.method import Evidence, Judgement, Link, grade_evidence, grade_profile
from profiles.grading.scale import SCALE

TODAY = date(2026, 6, 30)
FRESH = date(2026, 6, 1)
NAMES = {
    "1": "Annual report, Registry",
    "2": "Wire story, Agency",
    "3": "Column, Paper",
    "9": "June paper, Academy",
    "judgement:j2": "It serves the region.",
}


def source(id, letter="B", digit=2, *, published=FRESH, **fields):
    return Evidence(id, letter, digit, published=published, **fields)


def grade(*evidence, **how):
    return grade_evidence(evidence, on=TODAY, **how)


def told(*evidence, **how):
    return [working.explain_step(step, NAMES) for step in grade(*evidence, **how).steps]


def everything():
    """A profile whose verdict has something of everything."""
    return grade_profile(
        [
            Judgement("j1", (source(1, "A", direct=True), source(2, derived_from=(9,)), source(3, stance="disputes"))),
            Judgement("j2", (source(2, derived_from=(9,)), source(3, "C", 1)), essential=True, lasting=True),
            Judgement("j3", ()),
        ],
        evidence=[source(1, "A", direct=True), source(4)],
        known=[Link(9, "academy")],
        on=TODAY,
    )


# As JSON


def test_a_verdict_comes_back_from_json_as_it_went():
    stored = working.as_json(everything())
    assert json.loads(json.dumps(stored)) == stored


def test_the_json_holds_all_that_a_grade_stores():
    stored = working.as_json(everything())
    common = {"score", "band", "label", "breadth", "disputed", "steps", "lines", "warnings", "due", "method"}
    assert set(stored) == common | {"least_sure", "judgements"}
    assert [set(judgement) for judgement in stored["judgements"].values()] == [common | {"essential", "lasting"}] * 3
    assert (stored["score"], stored["band"], stored["label"]) == (0.63, "B/C", "Medium")
    assert (stored["least_sure"], stored["judgements"]["j2"]["lasting"]) == ("j2", True)
    assert stored["due"] == "2028-05-05"


def test_the_json_of_a_line_names_sources_by_strings():
    [line] = working.as_json(grade(source(12), source(7, derived_from=(12,)), source(30, derived_from=(12,))))["lines"]
    assert line == {
        "key": "source:12",
        "kind": "root",
        "side": "supports",
        "lead": "12",
        "direct": False,
        "weight": 0.643775164974,
        "origins": ["12"],
        "origin_cited": True,
        "repeats": ["7", "30"],
        "members": ["7", "12", "30"],
        "lifts": False,
        "holds": False,
    }
    assert tuple(line) == method.Line._fields


def test_one_body_of_evidence_has_the_same_shape_without_judgements():
    stored = working.as_json(grade(source(1)))
    assert (stored["least_sure"], stored["judgements"]) == (None, {})
    assert set(stored) == set(working.as_json(everything()))


# The Admiralty wording


def test_letters_and_digits_are_said_in_the_words_of_the_admiralty_scale():
    assert [working.reliability_in_words(letter) for letter in "ABCDEF"] == [
        "completely reliable",
        "usually reliable",
        "fairly reliable",
        "not usually reliable",
        "unreliable",
        "cannot be judged",
    ]
    assert [working.credibility_in_words(digit) for digit in range(1, 7)] == [
        "confirmed by other sources",
        "probably true",
        "possibly true",
        "doubtful",
        "improbable",
        "cannot be judged",
    ]


def test_every_label_of_the_scale_can_be_translated():
    assert [working.label_in_words(band.label) for band in SCALE] == [band.label for band in SCALE]


# Steps in words


def test_the_strongest_line_is_told_with_what_it_is_and_what_adds_nothing():
    assert told(source(1, "A", direct=True), source(2, derived_from=(1,)), source(3, derived_from=(2,))) == [
        "The strongest line of evidence is Annual report, Registry: a direct source; "
        "Reliability A (completely reliable); credibility 2 (probably true); "
        "two further reports of the same add nothing."
    ]


def test_a_further_line_is_told_with_its_share():
    assert told(source(1, "A", direct=True), source(2, "F", 6))[1] == (
        "A further independent line, counted at 70%, is Wire story, Agency: a source at second hand; "
        "Reliability F (cannot be judged); credibility 6 (cannot be judged)."
    )


def test_a_line_without_its_origin_names_what_it_goes_back_to():
    assert told(source(2, derived_from=(9,))) == [
        "The strongest line of evidence is Wire story, Agency: "
        "a report that goes back to June paper, Academy, which is not cited here; "
        "Reliability B (usually reliable); credibility 2 (probably true)."
    ]


def test_a_ring_is_told_as_a_ring():
    assert (
        "one of several reports that go back to each other;"
        in told(source(1, derived_from=(2,)), source(2, derived_from=(1,)))[0]
    )


def test_age_is_told_where_it_counts():
    old, undated = source(1, published=date(2022, 7, 1)), source(1, published=None)
    assert "; published on 1 July 2022 and counted at 50% for its age." in told(old)[0]
    assert "; undated, so it counts for half." in told(undated)[0]
    for sentence in (*told(old, lasting=True), *told(undated, lasting=True), *told(source(1))):
        assert sentence.endswith("credibility 2 (probably true).")


def test_further_sources_of_one_publisher_are_told_to_add_nothing():
    roots = [source(id, publisher="registry") for id in (1, 2, 3)]
    assert told(*roots[:2])[0].endswith("; one more source of the same publisher adds nothing.")
    assert told(*roots)[0].endswith("; two more sources of the same publisher add nothing.")


def test_a_poor_origin_that_lowers_its_line_is_told():
    assert told(source(1, "E"), source(2, "A", derived_from=(1,)))[0].endswith(
        "; one further report of the same adds nothing; "
        "Wire story, Agency would weigh more, but a line is graded on its origin once that is cited."
    )


def test_disputes_and_caps_are_told():
    disputes = [source(2, stance="disputes"), source(3, "E", stance="disputes")]
    _, first, second, cap = told(
        source(1, "A", 1, direct=True), *[source(n, "B", direct=True) for n in (5, 6)], *disputes
    )[2:]
    assert first == (
        "This is disputed, and a dispute weighs double, by Wire story, Agency: a source at second hand; "
        "Reliability B (usually reliable); credibility 2 (probably true)."
    )
    assert second.startswith("It is disputed further, counted at 70%, by Column, Paper: ")
    assert cap == "While a source of Reliability A, B, C or F disputes this, the score goes no higher than 0.74."


def test_the_other_caps_are_told():
    assert told(*(source(n, "B", direct=True) for n in range(9)))[-1] == (
        "Without a direct source of Reliability A that is neither doubtful nor improbable nor too old, "
        "the score goes no higher than 0.89."
    )
    assert told(*(source(n, "A", direct=True) for n in range(9)))[-1] == (
        "Nothing is certain: no score goes higher than 0.99."
    )


def test_no_evidence_and_a_dispute_with_nothing_to_dispute_are_told():
    assert told(source(1, stance="disputes")) == [
        "Nothing on file supports this.",
        "What disputes this finds nothing to dispute.",
    ]


def test_very_many_lines_share_a_sentence():
    many = [source(n, "E") for n in range(30)]
    against = [source(n, "E", stance="disputes") for n in range(100, 130)]
    sentences = told(*many, *against)
    assert sentences[24] == "The 6 weaker lines behind these add what is left to add."
    assert sentences[-1] == "The 6 weaker disputes behind these take what is left to take."


def test_a_profile_says_first_which_judgement_decides():
    assert working.explain_step(everything().steps[0], NAMES) == (
        "The profile is as sure as its least sure essential judgement: “It serves the region.”."
    )
    alone = grade_profile([Judgement("j1", (source(1),)), Judgement("j2", ())], on=TODAY)
    assert working.explain_step(alone.steps[0], {}) == (
        "The profile is graded on its one essential judgement, the headline: “j1”."
    )


def test_a_stored_step_is_told_like_a_fresh_one():
    verdict = everything()
    stored = json.loads(json.dumps(working.as_json(verdict)))
    assert [working.explain_step(step, NAMES) for step in stored["steps"]] == [
        working.explain_step(step, NAMES) for step in verdict.steps
    ]


def test_a_source_without_a_name_is_told_by_its_id():
    assert "is source 77: " in working.explain_step(grade(source(77)).steps[0], {})


def test_a_title_with_a_percent_sign_does_no_harm():
    assert "is 100% of %(name)s: " in working.explain_step(grade(source(1)).steps[0], {"1": "100% of %(name)s"})


# Warnings in words


@pytest.mark.parametrize(
    ("evidence", "sentence"),
    [
        (
            [source(1), source(2, direct=True, derived_from=(1,))],
            "Wire story, Agency is marked as direct but is derived from another source; it counts as second-hand.",
        ),
        (
            [source(1), source(2, derived_from=(1, 2))],
            "Wire story, Agency goes back to itself through a ring of links; one of those links must be wrong.",
        ),
        (
            [source(2, digit=1)],
            "Wire story, Agency is marked as confirmed by other sources, but there is only one line of evidence here.",
        ),
        (
            [source(2, derived_from=(9,))],
            "June paper, Academy is an origin that the reports go back to, but it is not cited beside them.",
        ),
        (
            [source(2, "A", 5)],
            "Wire story, Agency comes from a publisher of Reliability A, yet is marked improbable; look at both again.",
        ),
        (
            [source(1), source(2, "E", 1)],
            "Wire story, Agency comes from a publisher of Reliability E, yet is marked confirmed; look at both again.",
        ),
    ],
)
def test_warnings_are_told(evidence, sentence):
    [warning] = grade(*evidence).warnings
    assert working.explain_warning(warning, NAMES) == sentence


def test_the_warnings_of_a_profile_are_told_from_what_is_stored():
    verdict = grade_profile(
        [Judgement("j1", (source(1),)), Judgement("j2", (), essential=True)], evidence=[source(2)], on=TODAY
    )
    stored = working.as_json(verdict)["warnings"]
    assert [working.explain_warning(warning, NAMES) for warning in stored] == [
        "“It serves the region.” is essential but rests on no citation.",
        "Wire story, Agency is attached to no judgement, so it takes no part in the grade.",
    ]


def test_there_is_a_sentence_for_every_kind_of_step_and_warning_and_for_no_other():
    many = [*(source(n, "E") for n in range(30)), *(source(n, stance="disputes") for n in range(100, 130))]
    odd = [source(1, "A", 5), source(2, "E", 1), source(3, direct=True, derived_from=(3,))]
    bodies = [
        many,
        odd,
        [source(1, digit=1)],
        [source(2, derived_from=(9,))],
        [source(1, stance="disputes")],
        [source(n, "A") for n in range(30)],
    ]
    empty = grade_profile([Judgement("j1", ())], evidence=[source(1)], on=TODAY)
    verdicts = [empty, *(grade(*body) for body in bodies)]
    assert {step.kind for verdict in verdicts for step in verdict.steps} == set(working.SENTENCES)
    assert {warning.kind for verdict in verdicts for warning in verdict.warnings} == set(working.WARNINGS)


# Breadth in words


@pytest.mark.parametrize(
    "evidence",
    [
        [],
        [source(1, direct=True)],
        [source(1, direct=True), source(2, direct=True)],
        [source(n, direct=True) for n in range(3)],
        [source(1, direct=True), source(2, derived_from=(9,)), source(3, derived_from=(2,))],
        [source(1, derived_from=(8,)), source(2, derived_from=(9,))],
        [source(n) for n in range(11)],
        [source(1), *(source(n, derived_from=(1,)) for n in range(2, 9)), source(20, stance="disputes")],
        [source(20, stance="disputes"), source(21, stance="disputes")],
    ],
)
def test_breadth_in_english_words_is_what_the_verdict_says(evidence):
    verdict = grade(*evidence)
    with translation.override("en"):
        assert working.breadth_in_words(verdict.lines) == verdict.breadth
        assert working.breadth_in_words(working.as_json(verdict)["lines"]) == verdict.breadth


# What carries the grade


def test_what_carries_a_grade_is_the_score_without_each_line():
    verdict = grade(source(1, "A", direct=True), source(2, "B"), source(3, "C", stance="disputes"))
    carried = working.without_each_line(verdict.lines)
    assert verdict.score == 0.74
    assert [(one.line.lead, one.without) for one in carried] == [(1, 0.26), (2, 0.74), (3, 0.95)]


def test_what_carries_a_profile_is_what_carries_its_least_sure_judgement():
    judgements = [Judgement("j1", (source(1, "A", direct=True),)), Judgement("j2", (source(2),), essential=True)]
    carried = working.without_each_line(grade_profile(judgements, on=TODAY).lines)
    assert [(one.line.lead, one.without) for one in carried] == [(2, 0.0)]


def test_what_carries_a_stored_grade_needs_no_evidence():
    verdict = grade(source(1, "A", direct=True), source(2, derived_from=(9,)), source(3, "D", stance="disputes"))
    stored = json.loads(json.dumps(working.as_json(verdict)))["lines"]
    fresh = [(str(one.line.lead), one.without) for one in working.without_each_line(verdict.lines)]
    assert [(one.line.lead, one.without) for one in working.without_each_line(stored)] == fresh
