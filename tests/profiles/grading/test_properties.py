"""What must hold for any body of evidence. The same examples in every run: a failure here is a failure everywhere."""

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from profiles.grading.method import (
    Evidence,
    Judgement,
    Link,
    discounted,
    grade_evidence,
    grade_profile,
    natural,
    score_of,
    scores_without,
)
from profiles.grading.scale import band_of, hundredths

settings.register_profile("steady", derandomize=True, database=None, deadline=None, max_examples=50)
steady = settings.get_profile("steady")

TODAY = date(2026, 6, 30)
FRESH = date(2026, 6, 1)
NEW = 90  # an id, and an origin, that no body below knows
NEW_ORIGIN = 91
WORST_FIRST = "EDFCBA"

letters = st.sampled_from("ABCDEF")
digits = st.integers(1, 6)
dates = st.none() | st.dates(date(2012, 1, 1), date(2028, 1, 1))
days = st.dates(date(2020, 1, 1), date(2040, 1, 1))
publishers = st.sampled_from([None, "p1", "p2", "p3"])
stances = st.sampled_from(["supports", "supports", "supports", "disputes", "context"])


@dataclass(frozen=True)
class Body:
    evidence: tuple[Evidence, ...]
    known: tuple[Link, ...]
    on: date
    lasting: bool

    def grade(self, *more, without=(), **changes):
        how = {"on": self.on, "known": self.known, "lasting": self.lasting} | changes
        kept = [one for one in self.evidence if one not in without]
        return grade_evidence([*kept, *more], **how)

    def side(self, stance):
        return [one for one in self.evidence if one.stance == stance]

    def origins(self):
        """What the supporting evidence goes back to: sources without links of their own, itself among them."""
        links = {source.id: source.derived_from for source in (*self.evidence, *self.known)}
        reached = {end for one in self.side("supports") for end in (one.id, *ancestors(one.id, links))}
        return {source for source in reached if not links.get(source)}

    def named_origins(self):
        """Those nobody cites yet."""
        return sorted(self.origins() - {one.id for one in self.evidence})


def ancestors(source, links):
    found, waiting = set(), [source]
    while waiting:
        fresh = set(links.get(waiting.pop(), ())) - found
        found |= fresh
        waiting.extend(fresh)
    return found


@st.composite
def bodies(draw, most_links=3, rings=True):
    """Up to eight sources and three that nobody describes, linked at random; some are cited, the others only known."""
    evidence, known = [], []
    for source in range(draw(st.integers(0, 8))):
        lowest = 0 if rings else source + 1
        links = draw(st.lists(st.integers(lowest, 10), max_size=most_links, unique=True))
        facts = {"publisher": draw(publishers), "derived_from": tuple(links)}
        if draw(st.integers(0, 3)):
            evidence.append(draw(citations(source, **facts)))
        else:
            known.append(Link(source, **facts))
    return Body(tuple(evidence), tuple(known), draw(days), draw(st.booleans()))


def citations(source, stance=stances, **facts):
    return st.builds(
        Evidence,
        id=st.just(source),
        reliability=letters,
        credibility=digits,
        stance=stance,
        published=dates,
        direct=st.booleans(),
        **{name: st.just(value) for name, value in facts.items()},
    )


def new_support(**facts):
    return citations(NEW, st.just("supports"), **facts)


@steady
@given(bodies(), st.randoms(use_true_random=False))
def test_the_order_of_the_evidence_never_matters(body, random):
    evidence, known = list(body.evidence), list(body.known)
    random.shuffle(evidence)
    random.shuffle(known)
    assert grade_evidence(evidence, on=body.on, known=known, lasting=body.lasting) == body.grade()


@steady
@given(bodies())
def test_score_band_and_steps_agree_and_lie_on_the_scale(body):
    verdict = body.grade()
    band = band_of(verdict.score)
    assert 0 <= verdict.score <= 0.99
    assert (verdict.band, verdict.label) == (band.letters, band.label)
    assert verdict.steps[0].before == 0
    assert all(last.after == step.before for last, step in pairwise(verdict.steps))
    assert hundredths(verdict.steps[-1].after) / 100 == verdict.score == score_of(verdict.lines)


@steady
@given(
    bodies(), new_support(publisher="new", derived_from=()) | new_support(publisher=None, derived_from=(NEW_ORIGIN,))
)
def test_a_new_independent_support_never_lowers(body, support):
    assert body.grade(support).score >= body.grade().score


@steady
@given(bodies(), st.data())
def test_a_repeat_of_a_cited_origin_adds_exactly_nothing(body, data):
    roots = [one.id for one in body.side("supports") if not one.derived_from]
    assume(roots)
    links = (*data.draw(st.lists(st.integers(0, 10), max_size=2)), data.draw(st.sampled_from(roots)))
    repeat = data.draw(new_support(publisher="new", derived_from=links))
    assert body.grade(repeat).steps[-1].after == body.grade().steps[-1].after


@steady
@given(bodies(), st.data())
def test_a_weaker_report_of_an_uncited_origin_adds_exactly_nothing(body, data):
    heard = [line for line in body.grade().lines if line.side == "supports" and not line.origin_cited]
    assume(heard)
    line = data.draw(st.sampled_from(heard))
    report = data.draw(new_support(publisher="new", derived_from=(line.lead,)))
    alone = grade_evidence([report], on=body.on, lasting=body.lasting).lines[0]
    assume(alone.weight <= line.weight)
    assert body.grade(report).steps[-1].after == body.grade().steps[-1].after


@steady
@given(bodies(), citations(NEW, st.just("disputes"), publisher="new"), st.lists(st.integers(0, 11), max_size=2))
def test_a_new_dispute_never_raises(body, dispute, links):
    assert body.grade(replace(dispute, derived_from=tuple(links))).score <= body.grade().score


@steady
@given(bodies(), st.integers(1, 9000))
def test_a_later_date_never_raises(body, later):
    assert body.grade(on=body.on + timedelta(days=later)).score <= body.grade().score


@steady
@given(bodies(), citations(NEW, st.just("supports"), publisher="new"), st.integers(1, 3))
def test_band_a_needs_a_direct_source_of_reliability_a(body, support, times):
    more = [replace(support, id=NEW + n, publisher=f"new {n}", credibility=2) for n in range(4 * times)]
    verdict = body.grade(*more)
    roots = [one for one in (*body.side("supports"), *more) if not one.derived_from]
    assert verdict.band != "A" or any(root.direct and root.reliability == "A" for root in roots)


@steady
@given(bodies(), citations(NEW, st.just("disputes"), publisher="new"))
def test_an_open_dispute_keeps_the_score_at_074_or_less(body, dispute):
    proofs = [Evidence(NEW + 1 + n, "A", 2, published=body.on, direct=True) for n in range(3)]
    assume(dispute.reliability not in "DE")
    assert body.grade(*proofs, dispute).score <= 0.74


@steady
@given(bodies(), st.data())
def test_context_is_ignored(body, data):
    described = data.draw(st.sampled_from([*body.known, Link(NEW, "new", (0, NEW_ORIGIN))]))
    facts = {"publisher": described.publisher, "derived_from": described.derived_from}
    assert body.grade(data.draw(citations(described.id, st.just("context"), **facts))) == body.grade()


@steady
@given(bodies(), new_support(publisher="p1", derived_from=()) | new_support(publisher="p1", derived_from=(8,)))
def test_what_nobody_has_judged_stands_between_good_and_bad(body, one):
    by_letter = [body.grade(replace(one, reliability=letter)).score for letter in "DFC"]
    four, six, three = (body.grade(replace(one, credibility=digit)).score for digit in (4, 6, 3))
    assert by_letter == sorted(by_letter)
    assert four <= six == three


@steady
@given(bodies(), st.data())
def test_a_better_letter_never_hurts(body, data):
    assume(body.side("supports"))
    one = data.draw(st.sampled_from(body.side("supports")))
    scores = [body.grade(replace(one, reliability=letter), without=[one]).score for letter in WORST_FIRST]
    assert scores == sorted(scores)


def filed(data, body, origin):
    """The origin as an editor files it, with the publisher we know it to have: direct, fresh, judged or not."""
    known = {link.id: link.publisher for link in body.known}
    letter, digit = data.draw(st.sampled_from("ABCF")), data.draw(st.integers(1, 2))
    return Evidence(origin, letter, digit, published=body.on, direct=True, publisher=known.get(origin))


@steady
@given(bodies(most_links=1), st.data())
def test_filing_some_named_origins_never_lowers(body, data):
    assume(body.named_origins())
    origins = data.draw(st.sets(st.sampled_from(body.named_origins()), min_size=1))
    assert body.grade(*(filed(data, body, origin) for origin in sorted(origins))).score >= body.grade().score


@steady
@given(bodies(rings=False), st.data())
def test_filing_all_named_origins_never_lowers_however_many_a_report_names(body, data):
    assume(body.named_origins())
    # An origin that is cited for something else cannot be filed as a support, so not all would be.
    assume(not body.origins() & {one.id for one in body.evidence if one.stance != "supports"})
    assert body.grade(*(filed(data, body, origin) for origin in body.named_origins())).score >= body.grade().score


@steady
@given(st.lists(st.floats(0.001, 2.6), max_size=150), st.floats(0.001, 2.6), st.data())
def test_the_rank_discount_is_monotone(weights, more, data):
    assert discounted([*weights, more]) >= discounted(weights)
    assume(weights)
    place = data.draw(st.integers(0, len(weights) - 1))
    raised = [*weights[:place], weights[place] + more, *weights[place + 1 :]]
    assert discounted(raised) >= discounted(weights)


# Beyond the published properties


@steady
@given(bodies())
def test_the_due_day_is_the_first_on_which_age_changes_the_score(body):
    verdict = body.grade()
    if verdict.due is None:
        assert body.grade(on=body.on + timedelta(days=7305)).score == verdict.score
    else:
        assert body.on < verdict.due
        assert body.grade(on=verdict.due).score < verdict.score
        assert body.grade(on=verdict.due - timedelta(days=1)).score == verdict.score


@steady
@given(bodies())
def test_a_score_without_a_line_is_the_score_of_the_rest(body):
    verdict = body.grade()
    for line, without in scores_without(verdict.lines):
        gone = [one for one in body.evidence if one.id in line.members and one.stance == line.side]
        links = [Link(one.id, one.publisher, one.derived_from) for one in gone]
        assert body.grade(without=gone, known=(*body.known, *links)).score == without


@steady
@given(st.lists(bodies(), min_size=1, max_size=3), st.lists(st.booleans(), min_size=3, max_size=3))
def test_a_profile_is_never_surer_than_an_essential_judgement(found, essential):
    # One body's sources are another's strangers: each gets ids of its own.
    judgements = [
        Judgement(f"j{place}", tuple(moved(one, 100 * place) for one in body.evidence), flag, body.lasting)
        for place, (body, flag) in enumerate(zip(found, essential, strict=False))
    ]
    verdict = grade_profile(judgements, on=TODAY)
    scores = [one.score for one in verdict.judgements.values() if one.essential]
    assert verdict.score == min(scores) == verdict.judgements[verdict.least_sure].score
    assert verdict.judgements["j0"].essential
    assert all(verdict.due <= one.due for one in verdict.judgements.values() if one.due)


def moved(one, by):
    return replace(one, id=one.id + by, derived_from=tuple(origin + by for origin in one.derived_from))


def slow_lines(body, stance):
    """Section 3 of the method read word by word: every line with the ids of its members."""
    links = {source.id: source.derived_from for source in (*body.known, *body.evidence)}
    publishers = {source.id: source.publisher for source in (*body.known, *body.evidence)}
    side = body.side(stance)
    roots = {one.id for one in side if not one.derived_from}
    lines = {}
    for one in side:
        reached = ({one.id} | ancestors(one.id, links)) & roots
        for origin in reached or {slow_origin(one.id, links)}:
            publisher = publishers.get(origin)
            key = f"publisher:{publisher}" if publisher else f"source:{origin}"
            lines.setdefault(key, set()).add(one.id)
    return lines


def slow_origin(source, links):
    path = [source]
    while links.get(path[-1]):
        following = links[path[-1]][0]
        if following in path:
            return min(path[path.index(following) :], key=natural)
        path.append(following)
    return path[-1]


@settings(steady, max_examples=100)
@given(bodies())
def test_the_lines_are_those_a_slow_reading_of_the_rules_finds(body):
    verdict = body.grade()
    for stance in ("supports", "disputes"):
        found = {line.key: set(line.members) for line in verdict.lines if line.side == stance}
        assert found == slow_lines(body, stance)


@steady
@given(bodies())
def test_the_score_is_the_published_formula_of_its_lines(body):
    verdict = body.grade()
    support, dispute = (
        math.fsum(0.7**k * weight for k, weight in enumerate(sorted(weights, reverse=True)))
        for weights in (
            [line.weight for line in verdict.lines if line.side == "supports"],
            [2 * line.weight for line in verdict.lines if line.side == "disputes"],
        )
    )
    odds = (math.exp(support) - 1) * math.exp(-dispute)
    open_dispute = any(one.reliability not in "DE" for one in body.side("disputes"))
    lifted = any(line.lifts for line in verdict.lines)
    cap = 0.74 if open_dispute else 0.99 if lifted else 0.89
    assert abs(verdict.steps[-1].after - min(cap, odds / (1 + odds))) < 1e-9


@steady
@given(bodies())
def test_a_source_on_a_ring_is_one_that_leads_back_to_itself(body):
    links = {source.id: source.derived_from for source in (*body.known, *body.evidence)}
    warned = {one.parameters["source"] for one in body.grade().warnings if one.kind == "ring"}
    graded = [one.id for one in body.evidence if one.stance != "context"]
    assert warned == {str(source) for source in graded if source in ancestors(source, links)}
