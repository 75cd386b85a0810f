"""A stored grade can be recomputed by hand: from its own steps, the day it was given, and what /methodology/ prints.

What follows is a second implementation of the sum, which knows nothing of the first one but its published numbers.
"""

import json
import math
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.grading import working
from profiles.grading.method import Evidence, Judgement, grade_evidence, grade_profile
from profiles.pages.methodology import methodology
from tests.profiles.grading.test_properties import FRESH, TODAY, bodies, dates, days, digits, letters, stances, steady

PRINTED = methodology()
NUMBERS = PRINTED.constants
# The table prints the weight to three decimals; the score of one direct source alone, 1 − exp(−w), is printed exactly.
WEIGHT = {letter.letter: -math.log(1 - float(letter.direct)) for letter in PRINTED.letters}
FACTOR = {digit.digit: float(digit.factor) for digit in PRINTED.digits}
CLOSE = 1e-9


def stored(verdict):
    return json.loads(json.dumps(working.as_json(verdict)))


def age_of(said, on):
    if said["ageless"]:
        return 1.0
    if said["published"] is None:
        return float(NUMBERS.undated)
    late = (on - date.fromisoformat(said["published"])).days - NUMBERS.fresh_days
    return max(float(NUMBERS.oldest), 0.5 ** (late / NUMBERS.half_life_days)) if late > 0 else 1.0


def force_of(said, on):
    """What the line of one step weighs, and every factor that the step names on its own account."""
    hand = 1.0 if said["direct"] else float(NUMBERS.second_hand)
    factors = [WEIGHT[said["reliability"]], FACTOR[said["credibility"]], hand, age_of(said, on)]
    told = [said[name] for name in ("letter_weight", "digit_factor", "hand_factor", "age")]
    assert told == pytest.approx(factors, abs=1e-6)
    assert said["weight"] == pytest.approx(math.prod(factors), abs=1e-6)
    assert said["share"] == pytest.approx(float(NUMBERS.discount) ** (said["place"] - 1), abs=1e-6)
    return math.prod(factors) * float(NUMBERS.discount) ** (said["place"] - 1)


def belief(support, dispute):
    odds = (math.exp(support) - 1) * math.exp(-dispute)
    return odds / (1 + odds)


def cap_of(lines):
    if any(line["holds"] for line in lines):
        return "disputed", float(NUMBERS.disputed_cap)
    if any(line["lifts"] for line in lines):
        return "certain", float(NUMBERS.certain_cap)
    return "indirect", float(NUMBERS.indirect_cap)


def recompute(told, on):
    """Walk the stored steps; every `before` and `after` must be what the published numbers give."""
    support = dispute = score = 0.0
    for step in told["steps"]:
        kind, said = step["kind"], step["parameters"]
        assert step["before"] == pytest.approx(score, abs=CLOSE)
        if kind in ("support", "more-support"):
            support += said["adds"] if "adds" in said else force_of(said, on)
            score = belief(support, 0)
        elif kind in ("dispute", "more-dispute"):
            assert said["times"] == float(NUMBERS.dispute)
            dispute += said["times"] * (said["adds"] if "adds" in said else force_of(said, on))
            score = belief(support, dispute)
        elif kind == "cap":
            assert (said["reason"], said["cap"]) == cap_of(told["lines"])
            assert score > said["cap"]
            score = said["cap"]
        else:
            assert kind in {"least-sure", "no-support", "nothing-to-dispute"}
        assert step["after"] == pytest.approx(score, abs=CLOSE)
    assert score <= cap_of(told["lines"])[1] + CLOSE
    assert told["score"] == math.floor(100 * score + 0.5 + 1e-9) / 100
    return support, dispute


@steady
@given(bodies())
def test_every_step_of_any_grade_can_be_recomputed_by_hand(body):
    told = stored(body.grade())
    support, dispute = recompute(told, body.on)
    assert [step for step in working.by_hand(told["steps"]) if not step] == []
    strongest = [float(NUMBERS.discount) ** rank for rank in range(100)]
    for side, total, times in (("supports", support, 1), ("disputes", dispute, float(NUMBERS.dispute))):
        weights = [line["weight"] for line in told["lines"] if line["side"] == side]
        wanted = times * math.fsum(share * weight for share, weight in zip(strongest, weights, strict=False))
        # A dispute with nothing to dispute is a step, and no sum.
        assert total == pytest.approx(wanted if support else 0, abs=1e-8)


@steady
@given(
    st.lists(st.tuples(letters, digits, stances, dates, st.booleans()), min_size=40, max_size=120), days, st.booleans()
)
def test_a_grade_on_more_lines_than_are_told_one_by_one_can_be_recomputed_by_hand(sources, on, lasting):
    evidence = [
        Evidence(id, letter, digit, stance, published, direct)
        for id, (letter, digit, stance, published, direct) in enumerate(sources)
    ]
    told = stored(grade_evidence(evidence, on=on, lasting=lasting))
    recompute(told, on)
    counted = sum(said.get("lines", 1) for said in (step["parameters"] for step in told["steps"]))
    capped = told["steps"][-1]["kind"] == "cap"
    assert counted - capped == len(told["lines"])


@steady
@given(st.lists(bodies(), min_size=1, max_size=4), days)
def test_every_judgement_of_a_profile_can_be_recomputed_by_hand(drawn, on):
    judgements = [
        Judgement(
            f"j{number}",
            tuple(
                Evidence(f"{number}:{one.id}", one.reliability, one.credibility, one.stance, one.published, one.direct)
                for one in body.evidence
            ),
            essential=number % 2 == 0,
            lasting=body.lasting,
        )
        for number, body in enumerate(drawn)
    ]
    told = stored(grade_profile(judgements, on=on))
    for one in (told, *told["judgements"].values()):
        recompute(one, on)
    least = min((one["score"] for one in told["judgements"].values() if one["essential"]), default=None)
    assert told["score"] == told["judgements"][told["least_sure"]]["score"] == least


# Words for the sum

OLD = TODAY - timedelta(days=365 + 1095)


def arithmetic(*evidence, on=TODAY):
    return working.by_hand(stored(grade_evidence(evidence, on=on))["steps"])


def test_the_arithmetic_of_one_line_is_its_factors_and_its_sum():
    assert arithmetic(Evidence("a", "B", 2, published=FRESH)) == [
        "1.609 × 1 × 0.4 × 1 × 1 = 0.644; S = 0.644; 1 − exp(−0.644) = 0.475"
    ]


def test_the_arithmetic_runs_through_supports_disputes_and_caps():
    evidence = [
        Evidence("a", "A", 2, published=FRESH, direct=True),
        Evidence("b", "B", 3, published=OLD, direct=True),
        Evidence("c", "F", 2, "disputes", published=OLD),
        Evidence("d", "E", 5, "disputes"),
    ]
    assert arithmetic(*evidence) == [
        "2.526 × 1 × 1 × 1 × 1 = 2.526; S = 2.526; 1 − exp(−2.526) = 0.920",
        "1.609 × 0.8 × 1 × 0.5 × 0.7 = 0.451; S = 2.526 + 0.451 = 2.976; 1 − exp(−2.976) = 0.949",
        "1.05 × 1 × 0.4 × 1 × 1 × 2 = 0.84; D = 0.84; "
        "odds = (exp(2.976) − 1) × exp(−0.84) = 8.038; 8.038 / (1 + 8.038) = 0.889",
        "0.105 × 0.1 × 0.4 × 1 × 0.7 × 2 = 0.0059; D = 0.84 + 0.0059 = 0.846; "
        "odds = (exp(2.976) − 1) × exp(−0.846) = 7.991; 7.991 / (1 + 7.991) = 0.889",
        "min(0.889, 0.74) = 0.740",
    ]


def test_the_arithmetic_of_many_lines_ends_with_what_the_weakest_add_together():
    many = [Evidence(number, "B", 2, published=FRESH) for number in range(30)]
    assert arithmetic(*many)[24] == "0.000363; S = 2.146 + 0.000363 = 2.146; 1 − exp(−2.146) = 0.883"


def test_no_support_has_an_arithmetic_of_its_own():
    assert arithmetic(Evidence("a", "B", 2, "disputes")) == ["S = 0; 1 − exp(0) = 0.000", "S = 0; odds = 0.000"]


def test_the_opening_of_a_profile_moves_nothing():
    told = stored(grade_profile([Judgement("j1", (Evidence("a", "B"),))], on=TODAY))
    assert working.by_hand(told["steps"])[0] == ""
    assert working.by_hand(told["steps"])[1:] == working.by_hand(told["judgements"]["j1"]["steps"])


def test_a_grade_stored_before_its_steps_kept_their_factors_shows_no_arithmetic():
    told = stored(grade_evidence([Evidence("a", "B"), Evidence("b", "C")], on=TODAY))
    del told["steps"][1]["parameters"]["letter_weight"]
    assert working.by_hand(told["steps"]) == ["", ""]
