from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations

import pytest

from profiles.grading.method import (
    METHOD_VERSION,
    ConflictingEvidence,
    Evidence,
    Judgement,
    Link,
    grade_evidence,
    grade_profile,
    natural,
    score_of,
    scores_without,
)

TODAY = date(2026, 6, 30)
FRESH = date(2026, 6, 1)


def report(id, letter="F", digit=2, *, published=FRESH, **fields):
    """Somebody who heard of it."""
    return Evidence(id, letter, digit, published=published, **fields)


def direct(id, letter="F", digit=2, *, published=FRESH, **fields):
    return Evidence(id, letter, digit, published=published, direct=True, **fields)


def against(id, letter="F", digit=2, *, published=FRESH, **fields):
    return Evidence(id, letter, digit, published=published, stance="disputes", **fields)


def grade(*evidence, on=TODAY, known=(), lasting=False):
    return grade_evidence(evidence, on=on, known=known, lasting=lasting)


def profile(*judgements, evidence=(), on=TODAY, known=()):
    return grade_profile(judgements, evidence=evidence, on=on, known=known)


def score(*evidence, **how):
    return grade(*evidence, **how).score


def kinds(things):
    return [thing.kind for thing in things]


# The worked examples


def test_no_supporting_source_scores_zero():
    verdict = grade()
    assert (verdict.score, verdict.band, verdict.label) == (0.0, "D", "Internal monitoring")
    assert verdict.breadth == "no independent sources"
    assert [(step.kind, step.before, step.after) for step in verdict.steps] == [("no-support", 0.0, 0.0)]
    assert (verdict.lines, verdict.warnings, verdict.due, verdict.disputed) == ((), (), None, False)
    assert verdict.method == METHOD_VERSION == 1


@pytest.mark.parametrize(
    ("letter", "expected"), [("A", 0.92), ("B", 0.80), ("C", 0.70), ("F", 0.65), ("D", 0.40), ("E", 0.10)]
)
def test_one_direct_source_scores_what_its_publisher_is_worth(letter, expected):
    assert score(direct(1, letter)) == expected


@pytest.mark.parametrize(
    ("letter", "expected"), [("A", 0.64), ("B", 0.47), ("C", 0.38), ("F", 0.34), ("D", 0.18), ("E", 0.04)]
)
def test_one_source_at_second_hand_scores_less(letter, expected):
    assert score(report(1, letter)) == expected


@pytest.mark.parametrize(("digit", "expected"), [(1, 0.92), (2, 0.92), (3, 0.87), (6, 0.87), (4, 0.59), (5, 0.22)])
def test_what_we_doubt_of_a_direct_source_lowers_it(digit, expected):
    assert score(direct(1, "A", digit)) == expected


def test_a_source_nobody_has_judged_is_neither_trusted_nor_dismissed():
    assert score(direct(1, "F", 6)) == 0.57
    assert score(report(1, "F", 6)) == 0.29
    assert Evidence(1) == Evidence(1, reliability="F", credibility=6, stance="supports", direct=False)


def test_a_second_and_a_third_independent_source_add_less_each():
    assert score(report(1, "B"), report(2, "B")) == 0.67
    assert score(report(1, "B"), report(2, "B"), report(3, "B")) == 0.76


def test_fifty_sources_at_second_hand_never_reach_band_a():
    verdict = grade(*(report(n, "A") for n in range(50)))
    assert (verdict.score, verdict.band) == (0.89, "A/B")
    assert verdict.breadth == "50 independent sources"
    assert verdict.steps[-1].parameters == {"reason": "indirect", "cap": 0.89}


def test_fifty_unreliable_sources_stay_a_weak_signal():
    assert score(*(report(n, "E") for n in range(50))) == 0.13


def test_three_sources_two_of_them_direct():
    verdict = grade(direct(1, "A"), direct(2, "B"), report(3, "C"))
    assert (verdict.score, verdict.band) == (0.98, "A")
    assert verdict.breadth == "three independent sources, two of them direct"


def test_five_reports_of_one_origin_count_once():
    repeats = [report(n, "A", derived_from=("origin",)) for n in range(5)]
    verdict = grade(report("origin", "B"), *repeats)
    assert verdict.score == 0.47
    assert verdict.breadth == "one independent source (five further reports of the same)"


def test_reports_of_an_origin_not_on_file_are_one_line_known_at_second_hand():
    verdict = grade(
        report("c", "C", derived_from=("wire",)),
        report("b", "B", derived_from=("wire",)),
        report("f", "F", derived_from=("c",)),
    )
    assert verdict.score == 0.47
    assert verdict.breadth == ("one independent source, known only at second hand (two further reports of the same)")
    [line] = verdict.lines
    assert (line.key, line.kind, line.lead) == ("source:wire", "report", "b")
    assert (line.origin, line.origin_cited, line.direct) == ("wire", False, False)
    assert (line.repeats, line.members) == (("c", "f"), ("b", "c", "f"))


def test_uncited_origins_of_one_publisher_are_one_line_and_of_unknown_ones_two():
    heard = [report(1, "A", derived_from=("g1",)), report(2, "A", derived_from=("g2",))]
    same = grade(*heard, known=[Link("g1", "press"), Link("g2", "press")])
    assert (same.score, len(same.lines), same.lines[0].key) == (0.64, 1, "publisher:press")
    assert same.lines[0].origins == ("g1", "g2")
    unknown = grade(*heard)
    assert (unknown.score, len(unknown.lines)) == (0.82, 2)
    assert unknown.breadth == "two independent sources, known only at second hand"


def test_filing_an_origin_never_costs():
    known = [Link("g1", "press"), Link("g2", "press")]
    heard = [report(1, "A", derived_from=("g1",)), report(2, "A", derived_from=("g2",))]
    first, second = direct("g1", "F", publisher="press"), direct("g2", "F", publisher="press")
    assert score(*heard, known=known) == 0.64
    assert score(*heard, first, known=known) == 0.65
    assert score(*heard, first, second, known=known) == 0.65


def test_filing_a_second_origin_that_two_reports_share_shows_them_to_be_one_line():
    heard = [report(1, "A", derived_from=("g1", "shared")), report(2, "A", derived_from=("g2", "shared"))]
    assert score(*heard) == 0.82
    assert score(*heard, direct("shared", "F")) == 0.65
    assert score(*heard, *(direct(id, "F") for id in ("shared", "g1", "g2"))) == 0.89


def test_a_report_of_two_cited_origins_repeats_both_and_is_counted_once():
    verdict = grade(direct("o", "B"), direct("o2", "C"), report(3, "A", derived_from=("o", "o2")))
    assert verdict.breadth == "two independent sources, both direct (one further report of the same)"
    assert [line.repeats for line in verdict.lines] == [(3,), (3,)]


def test_two_direct_sources_of_one_publisher_are_one_line():
    verdict = grade(direct(1, "A", publisher="registry"), direct(2, "A", publisher="registry"))
    assert (verdict.score, verdict.breadth) == (0.92, "one independent source, direct")
    assert (verdict.lines[0].key, verdict.lines[0].lead) == ("publisher:registry", 2)


def test_two_sources_that_cite_each_other_are_one_line_with_three_warnings():
    verdict = grade(report("a", "B", derived_from=("b",)), direct("b", "C", derived_from=("a",)))
    assert verdict.score == 0.47
    [line] = verdict.lines
    assert (line.key, line.kind, line.direct) == ("source:a", "ring", False)
    assert [(one.kind, one.parameters["source"]) for one in verdict.warnings] == [
        ("direct-but-derived", "b"),
        ("ring", "a"),
        ("ring", "b"),
    ]


def test_a_dispute_caps_even_a_direct_source():
    verdict = grade(direct(1, "A"), against(2, "F"))
    assert (verdict.score, verdict.disputed) == (0.74, True)
    assert round(verdict.steps[-2].after, 2) == 0.83
    assert verdict.steps[-1].parameters == {"reason": "disputed", "cap": 0.74}


@pytest.mark.parametrize(
    ("dispute", "expected"),
    [(against(2, "B"), 0.52), (against(2, "B", direct=True), 0.14), (against(2, "D"), 0.73)],
)
def test_a_dispute_divides_the_odds(dispute, expected):
    assert score(direct(1, "B"), dispute) == expected


def test_a_dispute_by_an_unreliable_source_does_not_cap():
    evidence = [direct(1, "A"), direct(2, "A")]
    assert score(*evidence, against(3, "D")) == 0.98
    assert score(*evidence, against(3, "E")) == 0.99
    assert score(*evidence, against(3, "F", 5)) == 0.74


def test_a_dispute_caps_when_any_of_its_reports_is_by_a_better_publisher():
    evidence = [direct(1, "A"), direct(2, "A"), against(3, "D")]
    assert score(*evidence) == 0.98
    assert score(*evidence, against(4, "F", derived_from=(3,))) == 0.74


def test_a_dispute_alone_has_nothing_to_dispute():
    verdict = grade(against(1, "A"))
    assert (verdict.score, verdict.breadth) == (0.0, "no independent sources; disputed by one")
    assert kinds(verdict.steps) == ["no-support", "nothing-to-dispute"]
    assert verdict.disputed


@pytest.mark.parametrize(
    ("on", "expected"), [(date(2020, 12, 31), 0.92), (date(2023, 12, 31), 0.72), (date(2060, 1, 1), 0.47)]
)
def test_a_source_holds_for_a_year_then_fades_to_a_quarter(on, expected):
    assert score(direct(1, "A", published=date(2020, 1, 1)), on=on) == expected


@pytest.mark.parametrize(
    ("days", "share"),
    [(-1000, 1), (365, 1), (366, 0.999367), (1460, 0.5), (2554, 0.250158), (2555, 0.25), (9999, 0.25)],
)
def test_the_weight_of_a_source_halves_every_three_years_after_the_first(days, share):
    [step] = grade(direct(1, "A", published=TODAY - timedelta(days=days))).steps
    assert step.parameters["age"] == share


def test_what_lasts_does_not_age():
    founded = direct(1, "A", published=date(1998, 1, 1))
    assert score(founded) == 0.47
    assert score(founded, lasting=True) == 0.92


def test_an_undated_source_counts_for_half_unless_what_it_says_lasts():
    undated = direct(1, "A", published=None)
    assert score(undated) == 0.72
    assert score(undated, lasting=True) == 0.92


def test_a_grade_knows_the_day_on_which_age_will_move_it():
    verdict = grade(direct(1, "A"))
    assert verdict.due == date(2027, 7, 10)
    assert score(direct(1, "A"), on=date(2027, 7, 9)) == 0.92
    assert score(direct(1, "A"), on=date(2027, 7, 10)) == 0.91


# The case the site began from: five texts, of which four carry the claim and all go back to one report of one paper

SEEN = date(2024, 12, 1)
WROTE = date(2024, 11, 5)
KNOWN = [Link("reuters", "reuters", ("paper",)), Link("paper", "academy")]


def four_reports(letters="FBCD", digit=2):
    files = ["000", "001", "002", "004"]
    return [
        report(file, letter, digit, published=WROTE, derived_from=("reuters",), publisher=f"publisher of {file}")
        for file, letter in zip(files, letters, strict=True)
    ]


def test_the_seed_case_counted_by_links_alone_looks_strong():
    as_if_independent = [report(file, letter, published=WROTE) for file, letter in enumerate("FBCFD")]
    assert score(*as_if_independent, on=SEEN) == 0.75


def test_the_seed_case_with_its_links_and_nobody_judged():
    assert score(*four_reports("FFFF", digit=6), on=SEEN, known=KNOWN) == 0.29


def test_the_seed_case_with_its_links_and_example_letters():
    verdict = grade(*four_reports(), on=SEEN, known=KNOWN)
    assert verdict.score == 0.47
    assert verdict.breadth == ("one independent source, known only at second hand (three further reports of the same)")


def test_the_seed_case_rises_as_its_origins_are_filed():
    reuters = report("reuters", "A", published=WROTE, derived_from=("paper",), publisher="reuters")
    evidence = [*four_reports(), reuters]
    assert score(*evidence, on=SEEN, known=KNOWN) == 0.64
    assert score(*evidence, direct("paper", "F", published=WROTE, publisher="academy"), on=SEEN) == 0.65
    evidence.append(direct("paper", "B", published=WROTE, publisher="academy"))
    assert score(*evidence, on=SEEN) == 0.80
    assert score(*evidence, direct("meta", "A", published=WROTE, publisher="meta"), on=SEEN) == 0.97


def test_the_seed_case_five_years_later():
    assert score(*four_reports(), on=date(2029, 12, 1), known=KNOWN) == 0.22


# Lines


def test_a_report_reaches_its_root_through_sources_that_are_not_cited():
    known = [Link("between", None, ("further",)), Link("further", None, ("root",))]
    verdict = grade(direct("root", "B"), report("late", "A", derived_from=("between",)), known=known)
    assert (verdict.score, verdict.lines[0].repeats) == (0.80, ("late",))


def test_known_sources_may_come_as_a_mapping():
    known = {"between": Link("between", None, ("root",))}
    assert score(direct("root", "B"), report("late", "A", derived_from=("between",)), known=known) == 0.80


def test_a_report_reaches_its_root_through_any_of_its_links():
    verdict = grade(direct("root", "B"), report("late", "A", derived_from=("elsewhere", "root")))
    assert (verdict.score, len(verdict.lines)) == (0.80, 1)


def test_the_first_link_names_the_principal_origin():
    verdict = grade(report("late", derived_from=("first", "second")))
    assert [line.key for line in verdict.lines] == ["source:first"]


def test_a_root_takes_the_reports_of_another_uncited_source_of_its_publisher():
    known = [Link("sibling", "press")]
    verdict = grade(direct("root", "B", publisher="press"), report("late", "A", derived_from=("sibling",)), known=known)
    assert (verdict.score, verdict.lines[0].repeats) == (0.80, ("late",))
    assert [(one.kind, one.parameters["source"]) for one in verdict.warnings] == [("origin-not-cited", "sibling")]


def test_an_origin_cited_only_on_the_other_side_is_not_on_file():
    verdict = grade(direct("origin", "A", stance="disputes"), report("late", "B", derived_from=("origin",)))
    assert [(line.side, line.kind) for line in verdict.lines] == [("supports", "report"), ("disputes", "root")]


def test_a_dispute_and_its_repeats_are_one_dispute():
    dispute = [direct("no", "B", stance="disputes"), against("echo", "A", derived_from=("no",))]
    verdict = grade(direct("yes", "B"), *dispute)
    assert (verdict.score, verdict.breadth) == (0.14, "one independent source, direct; disputed by one")


def test_a_report_stays_second_hand_even_when_it_is_flagged_direct():
    verdict = grade(direct("late", "A", derived_from=("origin",)))
    assert (verdict.score, verdict.lines[0].direct) == (0.64, False)


def test_a_line_is_graded_on_its_root_even_when_a_report_would_weigh_more_and_the_step_says_so():
    verdict = grade(report("root", "E"), report("late", "A", derived_from=("root",)))
    assert (verdict.score, verdict.lines[0].lead) == (0.04, "root")
    assert verdict.steps[0].parameters["stronger"] == "late"


def test_equal_roots_of_a_line_are_decided_by_directness_then_by_the_last_id():
    roots = [report(id, "C", publisher="press") for id in ("n2", "n10", "n9")]
    assert grade(*roots).lines[0].lead == "n10"
    assert grade(direct("n1", "A", 4, publisher="press"), report("n2", "B", publisher="press")).lines[0].lead == "n1"


def test_a_direct_root_leads_before_an_equal_one_at_second_hand():
    half_by_age, less_by_distance = direct("n1", "C", 3, published=None), report("n2", "C")
    lines = grade(less_by_distance, half_by_age).lines
    assert [(line.lead, line.weight) for line in lines] == [("n1", lines[1].weight), ("n2", lines[0].weight)]
    both = [replace(one, publisher="press") for one in (half_by_age, less_by_distance)]
    assert grade(*both).lines[0].lead == "n1"


def test_equal_lines_stand_in_the_order_of_their_ids_last_first():
    for ids in permutations(["n2", "n10", "n9"]):
        assert [line.lead for line in grade(*(report(id, "B") for id in ids)).lines] == ["n10", "n9", "n2"]


def test_ids_stand_in_natural_order():
    assert sorted(["n10", "n2", "n1", "m"], key=natural) == ["m", "n1", "n2", "n10"]
    assert sorted([10, 9, 100], key=natural) == [9, 10, 100]


def test_context_takes_no_part():
    base = [direct(1, "B"), report(2, "C", derived_from=("origin",))]
    assert grade(*base, Evidence("other", "A", 1, stance="context", direct=True)) == grade(*base)


def test_a_source_cited_as_context_still_lends_its_links():
    context = Evidence("between", stance="context", derived_from=("root",))
    assert score(direct("root", "B"), report("late", "A", derived_from=("between",)), context) == 0.80


def test_the_same_evidence_twice_counts_once():
    assert grade(direct(1, "B"), direct(1, "B")) == grade(direct(1, "B"))


def test_two_different_evidences_with_one_id_are_an_error():
    with pytest.raises(ConflictingEvidence, match="1 stands here twice"):
        grade(direct(1, "B"), direct(1, "C"))


@pytest.mark.parametrize("wrong", [{"reliability": "G"}, {"credibility": 0}, {"stance": "maybe"}])
def test_evidence_off_the_scales_is_an_error(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Evidence(1, **wrong)


def test_a_chain_of_thousands_is_walked_without_recursion():
    chain = [report(n, derived_from=(n - 1,)) for n in range(1, 3001)]
    assert grade(*chain).breadth == (
        "one independent source, known only at second hand (2999 further reports of the same)"
    )
    assert grade(direct(0, "B"), *chain).score == 0.80


def test_a_ring_of_thousands_is_one_line_named_by_its_smallest_id():
    ring = [report(n, derived_from=((n + 1) % 3000,)) for n in range(3000)]
    verdict = grade(*ring)
    assert [(line.key, line.kind) for line in verdict.lines] == [("source:0", "ring")]
    assert kinds(verdict.warnings) == ["ring"] * 3000


def test_a_source_derived_from_itself_is_a_ring_of_one():
    verdict = grade(report(1, "B", derived_from=(1,)))
    assert (verdict.score, verdict.lines[0].kind, kinds(verdict.warnings)) == (0.47, "ring", ["ring"])


def test_a_report_of_a_ring_is_not_on_it():
    verdict = grade(report("late", derived_from=("g2",)), known=[Link("g1", None, ("g2",)), Link("g2", None, ("g1",))])
    assert (verdict.lines[0].key, verdict.lines[0].kind) == ("source:g1", "ring")
    assert kinds(verdict.warnings) == ["origin-not-cited"]


def test_a_ring_that_leads_to_a_cited_root_repeats_it():
    verdict = grade(
        direct("root", "B"), report("a", "A", derived_from=("b",)), report("b", "A", derived_from=("a", "root"))
    )
    assert (verdict.score, verdict.lines[0].repeats) == (0.80, ("a", "b"))
    assert kinds(verdict.warnings) == ["ring", "ring"]


# Breadth


@pytest.mark.parametrize(
    ("evidence", "breadth"),
    [
        ([direct(1)], "one independent source, direct"),
        ([direct(1), direct(2)], "two independent sources, both direct"),
        ([direct(1), direct(2), direct(3)], "three independent sources, all direct"),
        ([direct(1), report(2)], "two independent sources, one of them direct"),
        (
            [direct(1), report(2, derived_from=("x",))],
            "two independent sources, one of them direct, one known only at second hand",
        ),
        ([report(1), report(2, derived_from=(1,))], "one independent source (one further report of the same)"),
        ([report(n) for n in range(10)], "ten independent sources"),
        ([report(n) for n in range(11)], "11 independent sources"),
        ([report(1), against(2), against(3)], "one independent source; disputed by two"),
    ],
)
def test_breadth_is_said_in_words(evidence, breadth):
    assert grade(*evidence).breadth == breadth


# Steps


def test_each_step_starts_where_the_last_one_ended():
    verdict = grade(direct(1, "A"), direct(2, "B"), report(3, "C"), against(4, "B"), against(5, "D"))
    assert kinds(verdict.steps) == ["support", "support", "support", "dispute", "dispute", "cap"]
    assert [step.before for step in verdict.steps] == [0.0, *(step.after for step in verdict.steps[:-1])]
    assert verdict.steps[-1].after == verdict.score == 0.74


def test_each_line_moves_the_score_by_its_own_share():
    verdict = grade(direct(1, "A"), direct(2, "B"), report(3, "C"), against(4, "D"), against(5, "E"))
    assert [round(step.after, 4) for step in verdict.steps] == [0.92, 0.9741, 0.9795, 0.9695, 0.9677]


def test_a_step_tells_what_a_line_weighs_and_why():
    [step] = grade(direct(7, "B", 3, published=None), report("late", derived_from=(7,))).steps
    assert step.parameters == {
        "line": "source:7",
        "line_kind": "root",
        "lead": "7",
        "reliability": "B",
        "credibility": 3,
        "direct": True,
        "origin": None,
        "roots": 1,
        "repeats": 1,
        "stronger": None,
        "published": None,
        "ageless": False,
        "letter_weight": 1.609438,
        "digit_factor": 0.8,
        "hand_factor": 1.0,
        "age": 0.5,
        "place": 1,
        "share": 1.0,
        "weight": 0.643775,
    }


def test_a_step_names_the_origin_of_the_report_it_stands_on():
    known = [Link("g1", "press"), Link("g2", "press")]
    heard = [report(1, "C", derived_from=("g1",)), report(2, "A", derived_from=("g2",))]
    assert grade(*heard, known=known).steps[0].parameters["origin"] == "g2"


def test_more_lines_than_a_reader_can_follow_share_one_step():
    verdict = grade(*(report(n, "E") for n in range(40)), *(against(n, "E") for n in range(100, 140)))
    assert kinds(verdict.steps) == ["support"] * 24 + ["more-support"] + ["dispute"] * 24 + ["more-dispute"]
    assert verdict.steps[24].parameters == {"lines": 16, "adds": 0.000026824022}
    assert verdict.steps[-1].parameters == {"lines": 16, "adds": 0.000026824022, "times": 2.0}
    assert score_of(verdict.lines) == verdict.score


def test_nothing_is_certain():
    verdict = grade(*(direct(n, "A") for n in range(9)))
    assert verdict.score == 0.99
    assert verdict.steps[-1].parameters == {"reason": "certain", "cap": 0.99}


def test_a_direct_source_too_old_no_longer_opens_band_a():
    support = [direct(n, "B") for n in range(4)]
    half_faded = TODAY - timedelta(days=365 + 1095)
    assert score(*support, direct("a", "A", published=half_faded)) == 0.99
    assert score(*support, direct("a", "A", published=half_faded - timedelta(days=1))) == 0.89


@pytest.mark.parametrize(("digit", "expected"), [(3, 0.99), (6, 0.99), (4, 0.89), (5, 0.89)])
def test_a_doubted_source_does_not_open_band_a(digit, expected):
    assert score(*(direct(n, "B") for n in range(6)), direct("a", "A", digit)) == expected


def test_any_root_of_a_line_may_open_band_a():
    older = TODAY - timedelta(days=365 + 1000)
    line = [direct("older", "A", published=older, publisher="x"), direct("newer", "B", publisher="x")]
    verdict = grade(*line, *(direct(n, "B") for n in range(5)))
    assert "newer" in {one.lead for one in verdict.lines}
    assert verdict.score == 0.99


def test_a_score_without_a_line_is_what_the_others_alone_would_give():
    evidence = [direct(1, "A"), report(2, "B"), report(3, "C", derived_from=("g",)), against(4, "B"), against(5, "E")]
    for line, without in scores_without(grade(*evidence).lines):
        assert without == score(*(one for one in evidence if one.id not in line.members))


def test_a_score_without_one_of_very_many_lines_is_found_too():
    lines = grade(*(report(n, "E") for n in range(150))).lines
    found = scores_without(lines)
    assert [line for line, _ in found] == list(lines)
    assert {without for _, without in found} == {0.13}


def test_without_its_only_direct_source_of_reliability_a_a_profile_leaves_band_a():
    lines = grade(direct("a", "A"), *(direct(n, "B") for n in range(6))).lines
    assert [(line.lead, without) for line, without in scores_without(lines)][:2] == [("a", 0.89), (5, 0.99)]


# Due


@pytest.mark.parametrize(
    "evidence",
    [[], [direct(1, published=None)], [against(1)], [direct(1, "A", published=date(1990, 1, 1))]],
)
def test_what_cannot_age_further_is_never_due(evidence):
    assert grade(*evidence).due is None


def test_what_lasts_is_never_due():
    assert grade(direct(1, "A"), lasting=True).due is None


def test_a_grade_is_due_on_the_day_its_direct_source_no_longer_opens_band_a():
    later = [direct(n, "B", published=date(2029, 12, 1)) for n in range(6)]
    verdict = grade(direct("a", "A"), *later)
    assert (verdict.score, verdict.due) == (0.99, FRESH + timedelta(days=365 + 1095 + 1))
    assert score(direct("a", "A"), *later, on=verdict.due) == 0.89


def test_a_grade_may_be_due_on_the_first_day_of_a_sources_second_year():
    assert grade(report(1, "A"), direct(2, "E", 4)).due == FRESH + timedelta(days=366)


def test_a_source_fades_until_it_has_a_quarter_left():
    nearly = TODAY - timedelta(days=365 + 2100)
    assert (score(direct(1, "A", published=nearly)), grade(direct(1, "A", published=nearly)).due) == (
        0.49,
        date(2026, 7, 12),
    )


def test_a_source_of_the_future_is_fresh():
    verdict = grade(direct(1, "A", published=date(2030, 1, 1)))
    assert (verdict.score, verdict.due) == (0.92, date(2031, 2, 9))


def test_a_due_day_lies_within_the_calendar():
    assert grade(direct(1, "A", published=date(9999, 1, 1)), on=date(9999, 6, 1)).due is None


# Warnings


@pytest.mark.parametrize(
    ("evidence", "kind", "source"),
    [
        ([direct("late", derived_from=("o",))], "direct-but-derived", "late"),
        ([direct("only", "B", 1)], "confirmed-alone", "only"),
        ([report("late", derived_from=("o",))], "origin-not-cited", "o"),
        ([direct("odd", "A", 5)], "reliable-but-improbable", "odd"),
        ([direct("odd", "E", 1), direct("other")], "unreliable-but-confirmed", "odd"),
    ],
)
def test_the_desk_is_warned(evidence, kind, source):
    assert (kind, source) in [(one.kind, one.parameters["source"]) for one in grade(*evidence).warnings]


def test_a_source_confirmed_by_another_line_is_no_reason_to_warn():
    assert grade(direct(1, "B", 1), direct(2, "B")).warnings == ()


# Profiles


def test_a_profile_is_as_sure_as_its_least_sure_essential_judgement():
    verdict = profile(
        Judgement("strong", (direct(1, "A"),)),
        Judgement("weak", (report(2, "B"),), essential=True),
        Judgement("weaker", (report(3, "E"),)),
    )
    assert (verdict.score, verdict.band, verdict.least_sure) == (0.47, "C/D", "weak")
    assert verdict.lines == verdict.judgements["weak"].lines
    assert verdict.breadth == "one independent source"
    assert [(key, one.score, one.essential) for key, one in verdict.judgements.items()] == [
        ("strong", 0.92, True),
        ("weak", 0.47, True),
        ("weaker", 0.04, False),
    ]


def test_the_working_of_a_profile_opens_by_saying_which_judgement_it_is():
    verdict = profile(Judgement("j1", (direct(1, "A"),)), Judgement("j2", (report(2, "B"),), essential=True))
    opening, *rest = verdict.steps
    assert (opening.kind, opening.before, opening.after) == ("least-sure", 0.0, 0.0)
    assert opening.parameters == {"judgement": "j2", "essential": 2, "headline": False}
    assert tuple(rest) == verdict.judgements["j2"].steps


def test_the_headline_is_essential_whatever_its_flag_says():
    verdict = profile(Judgement("headline", (report(1, "E"),)), Judgement("other", (direct(2, "A"),), essential=True))
    assert (verdict.least_sure, verdict.score) == ("headline", 0.04)


def test_of_equally_sure_judgements_the_first_on_the_page_decides():
    judgements = [Judgement(key, (report(key, "B"),), essential=True) for key in ("z", "a", "m")]
    assert profile(*judgements).least_sure == "z"


def test_an_essential_judgement_without_a_citation_scores_zero_and_says_so():
    verdict = profile(Judgement("j1", (direct(1, "A"),)), Judgement("j2", (), essential=True), Judgement("j3", ()))
    assert (verdict.score, verdict.least_sure) == (0.0, "j2")
    assert [(one.kind, one.parameters) for one in verdict.warnings] == [("judgement-not-cited", {"judgement": "j2"})]


def test_a_lasting_judgement_does_not_age_and_the_others_do():
    old = direct(1, "A", published=date(1998, 1, 1))
    verdict = profile(Judgement("founded", (old,), lasting=True), Judgement("still", (old,)))
    assert (verdict.judgements["founded"].score, verdict.judgements["still"].score) == (0.92, 0.47)
    assert (verdict.judgements["founded"].lasting, verdict.judgements["still"].lasting) == (True, False)


def test_a_profile_is_due_when_any_of_its_judgements_is():
    verdict = profile(
        Judgement("j1", (report(1, "E", published=None),)),
        Judgement("j2", (direct(2, "A"),)),
        Judgement("j3", (direct(3, "A", published=FRESH + timedelta(days=9)),)),
    )
    assert (verdict.judgements["j1"].due, verdict.due) == (None, date(2027, 7, 10))


def test_a_profile_without_judgements_is_graded_over_all_its_citations():
    verdict = profile(evidence=[direct(1, "A"), report(2, "B")])
    alone = grade(direct(1, "A"), report(2, "B"))
    assert (verdict.score, verdict.steps, verdict.lines, verdict.due) == (
        alone.score,
        alone.steps,
        alone.lines,
        alone.due,
    )
    assert (verdict.judgements, verdict.least_sure) == ({}, None)


def test_a_citation_attached_to_no_judgement_takes_no_part_and_the_desk_is_warned():
    attached, loose = report(1, "B"), direct(2, "A")
    verdict = profile(Judgement("j1", (attached,)), evidence=[attached, loose, Evidence(3, stance="context")])
    assert verdict.score == 0.47
    assert [(one.kind, one.parameters) for one in verdict.warnings] == [("not-attached", {"source": "2"})]


def test_a_source_cited_for_another_judgement_takes_part_by_its_links_only():
    between = report("between", "A", derived_from=("root",))
    verdict = profile(
        Judgement("j1", (direct("root", "B"), report("late", "A", derived_from=("between",)))),
        Judgement("j2", (between,)),
    )
    assert (verdict.score, verdict.judgements["j1"].lines[0].members) == (0.80, ("late", "root"))


def test_one_source_may_support_one_judgement_and_dispute_another():
    verdict = profile(
        Judgement("j1", (direct(1, "B"),)), Judgement("j2", (direct(2, "A"), against(1, "B")), essential=True)
    )
    assert (verdict.judgements["j1"].disputed, verdict.judgements["j2"].disputed) == (False, True)


def test_one_source_with_two_sets_of_links_is_an_error():
    with pytest.raises(ConflictingEvidence, match="other links"):
        profile(Judgement("j1", (direct(1),)), Judgement("j2", (report(1, derived_from=(2,)),)))


def test_two_judgements_with_one_key_are_an_error():
    with pytest.raises(ValueError, match="'j1'"):
        profile(Judgement("j1", ()), Judgement("j1", ()))


def test_a_warning_that_two_judgements_share_is_given_once():
    late = report("late", "B", derived_from=("o",))
    verdict = profile(Judgement("j1", (late,)), Judgement("j2", (late, direct(2))))
    assert kinds(verdict.warnings) == ["origin-not-cited"]
