"""What a grade would be if something were different, and the step that would raise it most."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.grading import reading
from profiles.grading.method import (
    CREDIBILITY,
    WEIGHT,
    ConflictingEvidence,
    Evidence,
    Judgement,
    Link,
    grade_evidence,
    grade_profile,
)
from profiles.grading.reading import Case
from profiles.grading.what_if import (
    MOST_TRIED,
    NextStep,
    grade_case,
    next_step,
    uncited_origins,
    what_if,
    with_citations,
    with_letter,
    with_source,
)
from profiles.models import Citation, Derivation, JudgementCitation, Publisher, Source
from profiles.models import Judgement as JudgementRow
from profiles.pages import what_if as supposing
from tests.builders import cite, derive, evidence, make_profile, make_publisher, make_source
from tests.profiles.grading.test_properties import bodies, dates, digits, letters, stances, steady

ON = date(2026, 6, 30)


def case_of(*cited, known=(), judgements=None) -> Case:
    """A profile without judgements over this evidence, or with these."""
    claims = tuple(Judgement(key, tuple(body), essential=True) for key, body in (judgements or {}).items())
    everything = tuple(dict.fromkeys([*cited, *(one for claim in claims for one in claim.evidence)]))
    links = {one.id: Link(one.id, one.publisher, one.derived_from) for one in everything}
    return Case(1, True, claims, everything, {**links, **{link.id: link for link in known}})


def body_case(body) -> Case:
    return case_of(*body.evidence, known=body.known)


def step_of(case, **on_file) -> NextStep | None:
    return next_step(case, on=ON, on_file=on_file)


# --- Before and after -------------------------------------------------------------------------------------------------


def test_what_if_without_a_change_is_the_verdict_twice():
    case = case_of(evidence())
    compared = what_if(case, replace(case), on=ON)
    assert compared.before is compared.after
    assert (compared.moves, compared.moves_band, compared.new_warnings, compared.moved_judgements) == (
        False,
        False,
        (),
        {},
    )


def test_what_if_tells_a_move_within_a_band_from_one_across():
    case = case_of(evidence(publisher="p", reliability="B"))
    within = what_if(case, with_letter(case, "p", "A"), on=ON)
    across = what_if(case, with_letter(case, "p", "C"), on=ON)
    assert (within.before.score, within.after.score, within.moves_band) == (0.80, 0.92, True)
    assert (across.before.score, across.after.score, across.moves_band) == (0.80, 0.70, True)
    second_hand = case_of(evidence(publisher="p", reliability="B", direct=False))
    moved = what_if(second_hand, with_letter(second_hand, "p", "C"), on=ON)
    assert (moved.moves, moved.moves_band) == (True, False)


def test_a_judgement_that_moves_alone_is_named():
    sure, unsure = evidence("a", publisher="p"), evidence("b", "D", publisher="q")
    case = case_of(judgements={"j1": [sure], "j2": [unsure]})
    compared = what_if(case, with_letter(case, "p", "B"), on=ON)
    assert (compared.before.score, compared.after.score, compared.moves) == (0.40, 0.40, False)
    assert list(compared.moved_judgements) == ["j1"]


def test_a_letter_changes_every_source_of_its_publisher_and_no_other():
    case = case_of(evidence("a", publisher="p"), evidence("b", publisher="p"), evidence("c", publisher="q"))
    assert [one.reliability for one in with_letter(case, "p", "D").evidence] == ["D", "D", "A"]


def test_a_case_that_a_change_does_not_touch_stays_the_same_object():
    case = case_of(evidence("a", publisher="p"))
    assert with_letter(case, "q", "D") is case
    assert with_letter(case, "p", "A") is case
    assert with_source(case, Link("x", "p"), reliability="E", published=None, above={}) is case


def test_a_link_takes_part_though_only_reports_lead_to_it():
    report = evidence("report", derived_from=("memo",), direct=False)
    case = case_of(report, evidence("paper"), known=[Link("memo", "m")])
    linked = with_source(case, Link("memo", "m", ("paper",)), reliability="F", published=None, above={})
    assert len(grade_case(case, on=ON).lines) == 2
    assert len(grade_case(linked, on=ON).lines) == 1


def test_a_source_that_answers_twice_cannot_be_graded():
    case = case_of(evidence("a"))
    twice = with_citations(case, (), [evidence("a"), evidence("a", credibility=4)], {})
    with pytest.raises(ConflictingEvidence):
        what_if(case, twice, on=ON)


@steady
@given(bodies())
def test_what_if_without_a_change_says_what_the_method_says(body):
    compared = what_if(body_case(body), body_case(body), on=body.on)
    plain = grade_evidence(body.evidence, on=body.on, known=body.known)
    assert (compared.before.score, compared.before.steps, compared.before.lines) == (
        plain.score,
        plain.steps,
        plain.lines,
    )
    assert compared.after == compared.before
    assert not compared.moves


@steady
@given(bodies(), st.sampled_from(["p1", "p2", "p3"]), letters)
def test_a_letter_supposed_is_a_letter_given(body, publisher, letter):
    given_it = [replace(one, reliability=letter) if one.publisher == publisher else one for one in body.evidence]
    supposed = with_letter(body_case(body), publisher, letter)
    assert grade_case(supposed, on=body.on) == grade_profile((), evidence=given_it, on=body.on, known=body.known)


@steady
@given(bodies(), st.data())
def test_links_supposed_are_links_given(body, data):
    source = data.draw(st.sampled_from([*body.evidence, *body.known, Link(99)]))
    link = Link(source.id, "p9", tuple(data.draw(st.lists(st.integers(0, 10), unique=True, max_size=3))))
    facts = {"reliability": data.draw(letters), "published": data.draw(dates)}
    changed = {"derived_from": link.derived_from, "publisher": "p9", **facts}
    given_it = [replace(one, **changed) if one.id == link.id else one for one in body.evidence]
    known = [*(one for one in body.known if one.id != link.id), link]
    supposed = with_source(body_case(body), link, above={}, **facts)
    assert grade_case(supposed, on=body.on) == grade_profile((), evidence=given_it, on=body.on, known=known)


# --- The next best step -----------------------------------------------------------------------------------------------


REPORT = evidence("report", "B", direct=False, derived_from=("memo",), publisher="r")
MEMO = Evidence("memo", "C", published=ON, publisher="m")


def test_the_next_step_is_to_cite_the_origin_that_reports_go_back_to():
    case = case_of(REPORT, known=[Link("memo", "m")])
    assert step_of(case, memo=MEMO) == NextStep("cite", "memo", ("",), True, 0.47, 0.70)


def test_an_origin_that_repeats_another_is_taken_at_second_hand():
    wire = Evidence("wire", "A", published=ON, publisher="w", derived_from=("memo",))
    report = replace(REPORT, derived_from=("wire",))
    case = case_of(report, known=[Link("wire", "w", ("memo",)), Link("memo", "m")])
    assert step_of(case, wire=wire) == NextStep("cite", "wire", ("",), False, 0.47, 0.64)
    assert step_of(case, wire=wire, memo=replace(MEMO, reliability="F")).source == "memo"


def test_the_four_articles_and_their_report_and_paper():
    """The page we start from: four articles, one Reuters report, one paper."""
    articles = [
        evidence(f"n{number}", letter, direct=False, derived_from=("reuters",), publisher=f"p{number}")
        for number, letter in enumerate("FBCD")
    ]
    known = [Link("reuters", "wire", ("paper",)), Link("paper", "academy")]
    reuters = Evidence("reuters", "A", published=ON, publisher="wire", derived_from=("paper",))
    paper = Evidence("paper", "F", published=ON, publisher="academy")
    case = case_of(*articles, known=known)
    step = step_of(case, reuters=reuters)
    assert (step.source, step.before, step.after) == ("reuters", 0.47, 0.64)
    step = step_of(case, reuters=reuters, paper=paper)
    assert (step.source, step.before, step.after) == ("paper", 0.47, 0.65)


def test_one_citation_serves_every_judgement_whose_reports_go_back_to_it():
    case = case_of(judgements={"j1": [REPORT], "j2": [REPORT]}, known=[Link("memo", "m")])
    assert step_of(case, memo=MEMO) == NextStep("cite", "memo", ("j1", "j2"), True, 0.47, 0.70)


def test_a_judgement_may_rest_on_what_the_profile_cites_for_another():
    memo = evidence("memo", "C", publisher="m")
    case = case_of(judgements={"j1": [REPORT], "j2": [memo]})
    assert step_of(case) == NextStep("rest", "memo", ("j1",), True, 0.47, 0.70)


def test_an_origin_that_would_lower_the_grade_is_no_step():
    case = case_of(replace(REPORT, credibility=2), known=[Link("memo", "m")])
    step = step_of(case, memo=replace(MEMO, reliability="E"))
    assert step.kind == "further"


def test_without_an_origin_to_cite_the_next_step_is_to_judge_what_nobody_has_judged():
    case = case_of(evidence("a", "B", credibility=6))
    assert step_of(case) == NextStep("judge", "a", ("",), True, 0.72, 0.80)


def test_with_nothing_else_to_do_the_next_step_is_a_further_source():
    assert step_of(case_of(evidence("a", "B"))) == NextStep("further", None, ("",), True, 0.80, 0.89)
    assert step_of(case_of()) == NextStep("further", None, ("",), True, 0.00, 0.65)


def test_a_further_source_serves_every_judgement_that_holds_the_score_down():
    weak = [evidence(name, "C", publisher=name) for name in ("a", "b", "c")]
    case = case_of(judgements={"j1": [weak[0]], "j2": [weak[1]], "j3": [weak[2], evidence("d")]})
    step = step_of(case)
    assert (step.kind, step.judgements, step.before, step.after) == ("further", ("j1", "j2"), 0.70, 0.86)


def test_where_nothing_raises_the_grade_there_is_no_step():
    certain = [evidence(f"s{number}", publisher=f"p{number}") for number in range(5)]
    assert grade_case(case_of(*certain), on=ON).score == 0.99
    assert step_of(case_of(*certain)) is None


def test_an_origin_of_what_disputes_is_no_step():
    against = replace(REPORT, stance="disputes")
    case = case_of(evidence("a", "B"), against, known=[Link("memo", "m")])
    assert uncited_origins(case) == {}


def test_of_many_origins_the_heaviest_are_tried():
    many = [evidence(f"n{n}", "D", direct=False, derived_from=(f"o{n}",), publisher="p") for n in range(300)]
    known = [Link(f"o{n}", "q") for n in range(300)]
    files = {f"o{n}": Evidence(f"o{n}", "A" if n == 299 else "E", publisher="q") for n in range(300)}
    case = case_of(*many, known=known)
    assert len(uncited_origins(case)) == 300 > MOST_TRIED
    assert step_of(case, **files).source == "o299"


@steady
@given(bodies())
def test_a_step_keeps_its_promise(body):
    case = body_case(body)
    files = {source: Evidence(source, "C", published=ON, publisher="p9") for source in uncited_origins(case)}
    links = {link.id: link for link in body.known}
    files = {
        id: replace(one, publisher=links[id].publisher, derived_from=links[id].derived_from) if id in links else one
        for id, one in files.items()
    }
    step = next_step(case, on=body.on, on_file=files)
    if step is None:
        return
    assert step.before == grade_case(case, on=body.on).score < step.after
    if step.kind == "cite":
        done = replace(files[step.source], credibility=2, direct=step.direct)
        assert grade_evidence([*body.evidence, done], on=body.on, known=body.known).score == step.after
    if step.kind == "judge":
        assert CREDIBILITY[6] < CREDIBILITY[2]
        done = [replace(one, credibility=2) if one.id == step.source else one for one in body.evidence]
        assert grade_evidence(done, on=body.on, known=body.known).score == step.after


# --- On the database: what is supposed is what grading gives once it is saved ------------------------------------------


@pytest.fixture
def world(db):
    """Two live profiles and a draft over six sources of three publishers, some of them derived, some prepared."""
    publishers = [make_publisher(reliability=letter) for letter in "BCF"]
    sources = [make_source(f"Source {n}", publisher=publishers[n % 3]) for n in range(6)]
    derive(sources[0], sources[3])
    derive(sources[3], sources[5])
    derive(sources[1], sources[4])
    live = make_profile(live=True, judgements={"j1": "So.", "j2": "And so."}, essential=["j2"])
    cite(live, sources[0], judgements=["j1", "j2"])
    cite(live, sources[1], judgements=["j1"], direct=True)
    cite(live, sources[2], judgements=["j2"], credibility=6, direct=True)
    plain = make_profile(live=True)
    cite(plain, sources[0], direct=True)
    cite(plain, sources[4], stance="disputes", credibility=3)
    draft = make_profile(judgements={"j1": "Perhaps."})
    cite(draft, sources[1], judgements=["j1"])
    cite(draft, sources[2], judgements=["j1"])
    derive(sources[2], sources[0], draft_of=draft)
    derive(sources[4], sources[5], position=1, draft_of=draft)
    return [live, plain, draft], sources, publishers


def verdicts(profiles, change=supposing.unchanged):
    return {case.profile_id: grade_case(change(case), on=ON) for case in reading.cases([one.pk for one in profiles])}


def undone(save):
    """Save, look, and undo: the next example starts from the same world."""
    from django.db import transaction

    with transaction.atomic():
        save()
        yield
        transaction.set_rollback(True)


def saved(profiles, save):
    for _ in undone(save):
        found = verdicts(profiles)
    return found


@pytest.mark.parametrize("letter", sorted(WEIGHT))
def test_a_letter_supposed_is_what_saving_it_gives(world, letter):
    profiles, _sources, publishers = world
    for publisher in publishers:
        supposed = verdicts(profiles, supposing.relettered(publisher, letter))
        rows = Publisher.objects.filter(pk=publisher.pk)
        assert supposed == saved(profiles, lambda rows=rows: rows.update(reliability=letter))


def save_source(filled):
    Source.objects.filter(pk=filled.id).update(publisher=filled.publisher, published_on=filled.published)
    kept = [origin.id for origin in filled.origins if origin.id]
    Derivation.objects.filter(source=filled.id, draft_of=None).exclude(pk__in=kept).delete()
    for position, pk, source in filled.origins:
        if pk is None:
            Derivation.objects.create(source_id=filled.id, origin_id=source, position=position)


def test_a_derivation_supposed_is_what_saving_it_gives(world):
    profiles, sources, publishers = world
    ids = [source.pk for source in sources]

    @steady
    @given(
        st.sampled_from(sources),
        st.sampled_from(publishers),
        dates,
        st.lists(st.sampled_from(ids), unique=True),
        st.data(),
    )
    def holds(source, publisher, published, origins, data):
        old = supposing.stored_source(source)
        kept = [origin for origin in old.origins if data.draw(st.booleans())]
        there = {source.pk, *(origin.source for origin in kept)}
        new = [supposing.Origin(data.draw(st.integers(0, 2)), None, pk) for pk in origins if pk not in there]
        filled = supposing.FilledSource(source.pk, publisher.pk, published, (*kept, *new))
        assert verdicts(profiles, supposing.resourced(filled)) == saved(profiles, lambda: save_source(filled))

    holds()


def save_citations(profile, judgements, uses):
    for judgement in judgements:
        JudgementRow.objects.filter(pk=judgement.pk).update(
            position=judgement.position, essential=judgement.essential, lasting=judgement.lasting
        )
    profile.citations.all().delete()
    for use in uses:
        citation = Citation.objects.create(
            profile=profile,
            source_id=use.citation.source_id,
            stance=use.citation.stance,
            credibility=use.citation.credibility,
            direct=use.citation.direct,
        )
        for judgement in use.judgements:
            JudgementCitation.objects.create(judgement_id=judgement, citation=citation)


def test_citations_supposed_are_what_saving_them_gives(world):
    profiles, sources, _publishers = world

    @steady
    @given(st.sampled_from(profiles), st.lists(st.sampled_from(sources), unique=True), st.data())
    def holds(profile, cited, data):
        judgements = list(supposing.stored_judgements(profile).values())
        for judgement in judgements:
            judgement.essential, judgement.lasting = data.draw(st.booleans()), data.draw(st.booleans())
            judgement.position = data.draw(st.integers(0, 2))
        uses = []
        for source in cited:
            about = {"stance": data.draw(stances), "credibility": data.draw(digits), "direct": data.draw(st.booleans())}
            resting = frozenset(judgement.pk for judgement in judgements if data.draw(st.booleans()))
            uses.append(supposing.Use(Citation(profile=profile, source=source, **about), resting))
        change = supposing.recited(profile, judgements, uses)
        supposed = verdicts([profile], change)
        assert supposed == saved([profile], lambda: save_citations(profile, judgements, uses))

    holds()


def test_what_is_on_file_supposed_is_what_is_on_file(world):
    profiles, sources, publishers = world
    now = verdicts(profiles)
    for source in sources:
        assert verdicts(profiles, supposing.resourced(supposing.stored_source(source))) == now
    for publisher in publishers:
        assert verdicts(profiles, supposing.relettered(publisher, publisher.reliability)) == now
    for profile in profiles:
        judgements, uses = supposing.stored_judgements(profile).values(), supposing.stored_uses(profile).values()
        assert verdicts([profile], supposing.recited(profile, judgements, uses)) == {profile.pk: now[profile.pk]}
