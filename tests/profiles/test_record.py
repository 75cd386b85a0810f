"""A publisher's letter and its record: what is kept of each change, who may make it, and what has been settled."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from profiles import letters, settling
from profiles.grading import pipeline
from profiles.grading.causes import explain_cause
from profiles.grading.pipeline import editing
from profiles.models import (
    Citation,
    Grade,
    GradingState,
    LetterChange,
    Profile,
    Proposal,
    Publisher,
    Settlement,
    Source,
)
from tests.builders import THE_DAY, cite, judge, make_profile, make_publisher, make_revision, make_source, make_user

pytestmark = pytest.mark.django_db


def log_of(publisher):
    return [(one.was, one.letter, one.basis, one.reason) for one in LetterChange.objects.filter(publisher=publisher)]


# --- Every change of a letter is kept ---------------------------------------------------------------------------------


def test_a_letter_set_by_plain_sql_is_kept_as_the_operators():
    publisher = make_publisher(reliability="F")
    assert log_of(publisher) == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE profiles_publisher SET reliability = 'A', reliability_reason = 'A registry.'")
    assert log_of(publisher) == [("F", "A", "operator", "A registry.")]


def test_a_letter_set_by_an_import_is_kept_as_such():
    with editing(by="import"):
        publisher = make_publisher(reliability="C", reliability_reason="It corrects itself.")
    assert log_of(publisher) == [("", "C", "import", "It corrects itself.")]


def test_an_edit_that_leaves_the_letter_alone_is_no_change_of_it():
    publisher = make_publisher(reliability="F")
    Publisher.objects.update(name="Another name", reliability="F")
    assert log_of(publisher) == []


@pytest.mark.parametrize("table", ["letterchange", "settlement", "proposal"])
def test_the_record_cannot_be_emptied(table):
    with pytest.raises(Exception, match="stays on record"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL assay.empties_tables = 'off'; TRUNCATE profiles_{table}")


@pytest.mark.parametrize(
    "statement", ["UPDATE profiles_letterchange SET letter = 'A'", "DELETE FROM profiles_letterchange"]
)
def test_the_log_of_letters_is_only_ever_appended(statement):
    make_publisher(reliability="C")
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_log_outlives_its_publisher():
    publisher = make_publisher(reliability="C")
    number = publisher.pk
    publisher.delete()
    assert LetterChange.objects.get(publisher_id=number).letter == "C"


# --- Settling ---------------------------------------------------------------------------------------------------------


def settle(judgement, outcome="confirmed", *, by=None, on=THE_DAY, reason="The court said so.", replaces=None):
    return settling.settle_judgement(
        judgement_id=judgement.pk, outcome=outcome, on=on, reason=reason, by=by, replaces=replaces
    )


def make_settled(publisher, outcome="confirmed", *, stance="supports", on=THE_DAY, **source):
    """A live profile whose one judgement rests on a source of this publisher, settled."""
    profile = make_profile(live=True, judgements={"j1": "It is so."})
    cite(profile, make_source(publisher=publisher, **source), stance=stance)
    return settle(profile.judgements.get(), outcome, on=on)


def test_a_settlement_keeps_the_wording_that_was_settled_and_who_settled_it(edith):
    profile = make_profile(live=True, judgements={"j1": "It is so."})
    settlement = settle(profile.judgements.get(), by=edith)
    make_revision(profile, live=True, statements={"j1": "It was so."})
    settlement.refresh_from_db()
    assert (settlement.statement, settlement.recorded_by) == ("It is so.", edith)


def test_a_judgement_that_only_a_draft_states_is_settled_in_the_words_of_the_draft():
    profile = make_profile(live=True, judgements={"j1": "It is so."})
    added = judge(profile, "j2")
    make_revision(profile, statements={"j1": "It was so.", "j2": "It is large."})
    assert [settle(one).statement for one in (profile.judgements.get(key="j1"), added)] == ["It is so.", "It is large."]


def test_settling_the_same_twice_is_settling_it_once(edith):
    judgement = make_profile(live=True, judgements={"j1": "It is so."}).judgements.get()
    assert settle(judgement, by=edith) == settle(judgement, by=edith)
    assert Settlement.objects.count() == 1


def test_a_judgement_settled_anew_keeps_what_was_said_before(edith, frank):
    judgement = make_profile(live=True, judgements={"j1": "It is so."}).judgements.get()
    first = settle(judgement, by=edith)
    second = settle(judgement, "refuted", by=frank, reason="The appeal said otherwise.", replaces=first.pk)
    first.refresh_from_db()
    assert (first.withdrawn_by, first.withdrawn_because) == (frank, settling.SUPERSEDED)
    assert list(judgement.settlements.filter(withdrawn_at=None)) == [second]


def test_two_editors_do_not_settle_one_judgement_over_each_other(edith, frank):
    judgement = make_profile(live=True, judgements={"j1": "It is so."}).judgements.get()
    settle(judgement, by=edith)
    with pytest.raises(settling.SettledMeanwhile):
        settle(judgement, "refuted", by=frank)
    assert Settlement.objects.get().outcome == "confirmed"


def test_a_withdrawn_settlement_stays_on_file_and_says_why(edith, frank):
    settlement = make_settled(make_publisher())
    settling.withdraw_settlement(settlement_id=settlement.pk, because="Too early.", by=edith)
    settling.withdraw_settlement(settlement_id=settlement.pk, because="Again.", by=frank)
    settlement.refresh_from_db()
    assert (settlement.withdrawn_by, settlement.withdrawn_because) == (edith, "Too early.")


def test_nothing_is_settled_by_a_day_to_come(edith):
    judgement = make_profile(live=True, judgements={"j1": "It is so."}).judgements.get()
    with pytest.raises(settling.NotYet):
        settle(judgement, by=edith, on=timezone.now().date() + timedelta(days=2))


def test_a_settlement_is_never_removed_and_says_what_it_said():
    make_settled(make_publisher())
    for statement in ("DELETE FROM profiles_settlement", "UPDATE profiles_settlement SET outcome = 'refuted'"):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_one_settlement_stands_per_judgement_whoever_writes_it():
    first = make_settled(make_publisher())
    with pytest.raises(IntegrityError), transaction.atomic():
        Settlement.objects.create(
            judgement=first.judgement, outcome="refuted", settled_on=THE_DAY, reason="By another door."
        )


def test_a_settlement_outlives_its_judgement_and_counts_no_more():
    publisher = make_publisher()
    settlement = make_settled(publisher)
    settlement.judgement.delete()
    assert Settlement.objects.get().statement == "It is so."
    assert settling.record_of(publisher.pk) == settling.Record()


@pytest.mark.django_db(transaction=True)
def test_a_settlement_does_not_move_the_judgements_own_grade():
    profile = make_profile(live=True, judgements={"j1": "It is so."}, cited=True)
    pipeline.sweep()
    before = GradingState.objects.values("seq", "score").get()
    settle(profile.judgements.get(), "refuted")
    pipeline.sweep()
    assert GradingState.objects.values("seq", "score").get() == before


# --- The record -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stance", "outcome", "answer"),
    [
        ("supports", "confirmed", True),
        ("supports", "refuted", False),
        ("disputes", "refuted", True),
        ("disputes", "confirmed", False),
    ],
)
def test_a_publisher_is_right_on_what_it_supported_and_was_confirmed_or_disputed_and_was_refuted(
    stance, outcome, answer
):
    publisher = make_publisher()
    settlement = make_settled(publisher, outcome, stance=stance)
    assert settling.record_of(publisher.pk).answers == {settlement.pk: answer}


def test_context_is_no_side():
    publisher = make_publisher()
    make_settled(publisher, stance="context")
    assert settling.record_of(publisher.pk).answers == {}


def test_a_publisher_counts_once_per_judgement_however_many_of_its_sources_say_so():
    publisher, profile = make_publisher(), make_profile(live=True, judgements={"j1": "It is so."})
    for _ in range(3):
        cite(profile, make_source(publisher=publisher))
    settle(profile.judgements.get())
    record = settling.record_of(publisher.pk)
    assert (record.right, record.wrong) == (1, 0)


def test_a_publisher_on_both_sides_was_neither_right_nor_wrong():
    publisher, profile = make_publisher(), make_profile(live=True, judgements={"j1": "It is so."})
    for stance in ("supports", "disputes"):
        cite(profile, make_source(publisher=publisher), stance=stance)
    settlement = settle(profile.judgements.get())
    record = settling.record_of(publisher.pk)
    assert record.answers == {settlement.pk: None}
    assert (record.right, record.wrong, record.settled) == (0, 0, 0)


def test_who_repeats_is_right_or_wrong_with_its_origin():
    wire, paper = make_publisher(), make_publisher()
    profile = make_profile(live=True, judgements={"j1": "It is so."})
    report = make_source(publisher=wire)
    cite(profile, report)
    cite(profile, make_source(publisher=paper, derived_from=[report]))
    settle(profile.judgements.get(), "refuted")
    assert [settling.record_of(one.pk).wrong for one in (wire, paper)] == [1, 1]


def test_what_came_out_after_the_settlement_knew_the_outcome_and_does_not_count():
    publisher = make_publisher()
    make_settled(publisher, on=THE_DAY, published_on=THE_DAY + timedelta(days=1))
    same_day = make_settled(publisher, on=THE_DAY, published_on=THE_DAY)
    undated = make_settled(publisher, on=THE_DAY, published_on=None)
    assert set(settling.record_of(publisher.pk).answers) == {same_day.pk, undated.pk}


def test_drafts_and_what_was_withdrawn_make_no_record():
    publisher = make_publisher()
    draft = make_profile(judgements={"j1": "It is so."})
    cite(draft, make_source(publisher=publisher))
    settle(draft.judgements.get())
    gone = make_settled(publisher)
    Profile.objects.filter(pk=gone.judgement.profile_id).update(withdrawn_at=timezone.now())
    taken_back = make_settled(publisher)
    settling.withdraw_settlement(settlement_id=taken_back.pk, because="Too early.", by=None)
    unstated = make_settled(publisher)
    make_revision(unstated.judgement.profile, live=True, statements={})
    assert settling.record_of(publisher.pk).answers == {}


def test_a_record_proposes_a_letter_once_five_are_settled():
    publisher = make_publisher()
    for outcome in ["confirmed"] * 3 + ["refuted"]:
        make_settled(publisher, outcome)
    short = settling.record_of(publisher.pk)
    make_settled(publisher, "refuted")
    long = settling.record_of(publisher.pk)
    assert (short.letter, short.is_long_enough) == ("F", False)
    assert (long.right, long.wrong, long.letter, long.is_long_enough) == (3, 2, "D", True)


# --- Letters ----------------------------------------------------------------------------------------------------------


def set_letter(publisher, letter, by, *, reason="Read for a year.", **fields):
    return letters.set_letter(publisher_id=publisher.pk, letter=letter, reason=reason, by=by, **fields)


def test_a_letter_other_than_a_takes_effect_at_once_and_its_record_is_kept_with_it(edith):
    publisher = make_publisher(reliability="F")
    make_settled(publisher)
    assert set_letter(publisher, "B", edith) is None
    publisher.refresh_from_db()
    kept = LetterChange.objects.get()
    assert (publisher.reliability, publisher.reliability_reason) == ("B", "Read for a year.")
    assert (kept.was, kept.letter, kept.basis, kept.right, kept.wrong, kept.by) == ("F", "B", "editor", 1, 0, edith)


def test_what_is_told_of_one_letter_is_not_told_of_the_next(edith):
    publisher = make_publisher(reliability="F")
    with editing(by="desk"):
        set_letter(publisher, "B", edith)
        Publisher.objects.update(reliability="C")
    assert list(LetterChange.objects.order_by("pk").values_list("letter", "by")) == [("B", edith.pk), ("C", None)]


def test_a_letter_is_set_for_a_reason(edith):
    publisher = make_publisher(reliability="F")
    with pytest.raises(letters.ReasonMissing):
        set_letter(publisher, "B", edith, reason="  ")


def test_a_letter_that_moved_since_it_was_looked_at_is_not_overwritten(edith, frank):
    publisher = make_publisher(reliability="B")
    set_letter(publisher, "C", frank, was="B")
    with pytest.raises(letters.LetterMoved):
        set_letter(publisher, "D", edith, was="B")
    publisher.refresh_from_db()
    assert publisher.reliability == "C"


def test_the_record_gives_a_letter_with_its_counts(edith):
    publisher = make_publisher(reliability="F")
    for outcome in ["confirmed"] * 3 + ["refuted"] * 2:
        make_settled(publisher, outcome)
    letters.accept_record(publisher_id=publisher.pk, letter="D", by=edith)
    kept = LetterChange.objects.get()
    assert (kept.letter, kept.basis, kept.right, kept.wrong) == ("D", "record", 3, 2)
    assert kept.reason == "Of 5 settled judgements it was right on 3 and wrong on 2."


def test_a_record_that_proposes_another_letter_by_now_is_not_accepted(edith):
    publisher = make_publisher(reliability="F")
    for _ in range(5):
        settlement = make_settled(publisher)
    settling.withdraw_settlement(settlement_id=settlement.pk, because="Too early.", by=edith)
    with pytest.raises(letters.LetterMoved):
        letters.accept_record(publisher_id=publisher.pk, letter="B", by=edith)


# --- Four eyes --------------------------------------------------------------------------------------------------------


def accept(proposal, by):
    return letters.accept_proposal(proposal_id=proposal.pk, by=by)


def letter_of(publisher):
    return Publisher.objects.get(pk=publisher.pk).reliability


def test_a_letter_a_waits_for_another_editor(edith, frank):
    publisher = make_publisher(reliability="B", reliability_reason="It corrects itself.")
    proposal = set_letter(publisher, "A", edith)
    assert letter_of(publisher) == "B"
    with pytest.raises(letters.NotAccepted):
        accept(proposal, edith)
    assert letter_of(publisher) == "B"
    assert accept(proposal, frank).decision == "accepted"
    kept = LetterChange.objects.latest("pk")
    assert (letter_of(publisher), kept.was, kept.reason) == ("A", "B", "Read for a year.")
    assert (kept.by, kept.accepted_by) == (edith, frank)


def test_a_proposal_is_accepted_once(edith, frank):
    proposal = set_letter(make_publisher(reliability="B"), "A", edith)
    accept(proposal, frank)
    with pytest.raises(letters.NotAccepted, match="Accepted by Frank already"):
        accept(proposal, frank)
    with pytest.raises(letters.NotAccepted, match="Accepted by Frank already"):
        letters.decline_proposal(proposal_id=proposal.pk, by=edith)


def test_a_declined_proposal_leaves_everything_as_it_is_and_stays_on_file(edith, frank):
    publisher = make_publisher(reliability="B")
    proposal = set_letter(publisher, "A", edith)
    letters.decline_proposal(proposal_id=proposal.pk, by=frank, because="One year is short.")
    proposal.refresh_from_db()
    assert (letter_of(publisher), proposal.decision, proposal.decided_because) == (
        "B",
        "declined",
        "One year is short.",
    )


def test_a_letter_that_moved_since_it_was_proposed_overtakes_the_proposal(edith, frank):
    publisher = make_publisher(reliability="B")
    proposal = set_letter(publisher, "A", edith)
    set_letter(publisher, "D", frank, reason="It invented a quote.")
    decided = accept(proposal, frank)
    assert (letter_of(publisher), decided.decision) == ("D", "overtaken")
    assert "went to Reliability D meanwhile" in decided.decided_because


def test_a_record_that_no_longer_gives_an_a_overtakes_the_proposal(edith, frank):
    publisher = make_publisher(reliability="B")
    for _ in range(14):
        settlement = make_settled(publisher)
    proposal = letters.accept_record(publisher_id=publisher.pk, letter="A", by=edith)
    settling.withdraw_settlement(settlement_id=settlement.pk, because="Too early.", by=edith)
    assert (accept(proposal, frank).decision, letter_of(publisher)) == ("overtaken", "B")


def test_a_removed_publisher_overtakes_the_proposal(edith, frank):
    publisher = make_publisher(reliability="B")
    proposal = set_letter(publisher, "A", edith)
    publisher.delete()
    assert accept(proposal, frank).decided_because == "The publisher has been removed."


def test_proposing_ones_own_again_replaces_it_and_anothers_is_left_to_stand(edith, frank):
    publisher = make_publisher(reliability="B")
    first = set_letter(publisher, "A", edith)
    second = set_letter(publisher, "A", edith, reason="Read for two years.")
    with pytest.raises(letters.ProposedAlready):
        set_letter(publisher, "A", frank)
    assert list(Proposal.objects.order_by("pk").values_list("pk", "decision")) == [
        (first.pk, "overtaken"),
        (second.pk, ""),
    ]


def together(*acts):
    """Do these at once, each on a connection of its own; return what each answers or raises."""

    def one(act):
        try:
            return act()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(one, acts))


@pytest.mark.django_db(transaction=True)
def test_a_proposal_that_two_editors_accept_at_once_is_accepted_by_one_of_them(edith, frank):
    wanted = make_publisher(reliability="B")
    proposal = set_letter(wanted, "A", edith)
    george = make_user("george@example.org", name="George", groups=["Editor"])
    answers = together(lambda: accept(proposal, frank), lambda: accept(proposal, george))
    assert sorted(type(one).__name__ for one in answers) == ["NotAccepted", "Proposal"]
    assert list(LetterChange.objects.values_list("was", "letter")) == [("B", "A"), ("", "B")]


@pytest.mark.django_db(transaction=True)
def test_a_letter_set_while_an_a_is_accepted_is_not_lost(edith, frank):
    publisher = make_publisher(reliability="B")
    proposal = set_letter(publisher, "A", edith)
    _accepted, refused = together(
        lambda: accept(proposal, frank), lambda: set_letter(publisher, "D", edith, reason="Sold.", was="B")
    )
    proposal.refresh_from_db()
    came_second = isinstance(refused, letters.LetterMoved)
    assert (letter_of(publisher), proposal.decision) == (("A", "accepted") if came_second else ("D", "overtaken"))


@pytest.mark.django_db(transaction=True)
def test_two_who_propose_the_same_at_once_leave_one_proposal_waiting(edith, frank):
    publisher = make_publisher(reliability="B")
    answers = together(lambda: set_letter(publisher, "A", edith), lambda: set_letter(publisher, "A", frank))
    assert sorted(type(one).__name__ for one in answers) == ["Proposal", "ProposedAlready"]
    assert Proposal.objects.filter(decision="").count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_accepted_moves_the_grade_and_the_history_says_why(edith, frank):
    profile = make_profile(live=True, judgements={"j1": "It is so."})
    citation = cite(profile, make_source("The register", reliability="A"))
    pipeline.sweep()
    accept(letters.propose_direct(citation_id=citation.pk, by=edith), frank)
    pipeline.sweep()
    grade = Grade.objects.latest("seq")
    assert (str(grade.score), explain_cause(grade.causes[0])) == (
        "0.92",
        "The citation of “The register” was edited: direct from no to yes.",
    )


def test_who_has_left_is_somebody_in_the_log_and_what_they_did_stays(edith, frank):
    publisher = make_publisher(reliability="B")
    proposal = set_letter(publisher, "A", edith)
    accept(proposal, frank)
    settlement = settle(make_profile(judgements={"j1": "It is so."}).judgements.get(), by=edith)
    edith.delete()
    frank.delete()
    kept = LetterChange.objects.latest("pk")
    settlement.refresh_from_db()
    assert (kept.letter, kept.by, kept.accepted_by, settlement.recorded_by) == ("A", None, None, None)


def proposed_direct(edith, publisher=None):
    citation = cite(make_profile(live=True), make_source(publisher=publisher or make_publisher(reliability="A")))
    return citation, letters.propose_direct(citation_id=citation.pk, by=edith)


def is_direct(citation):
    return Citation.objects.get(pk=citation.pk).direct


def test_direct_under_an_a_is_held_back_until_another_editor_accepts(edith, frank):
    citation, proposal = proposed_direct(edith)
    citation.direct = True
    assert letters.hold_back([citation]) == [citation]
    assert not citation.direct
    with pytest.raises(letters.NotAccepted):
        accept(proposal, edith)
    accept(proposal, frank)
    assert is_direct(citation)


def test_direct_is_held_back_under_no_other_letter_and_where_it_was_direct_before():
    plain, before = (cite(make_profile(), make_source(reliability=letter), direct=True) for letter in "BA")
    new = Citation(profile=make_profile(), source=make_source(reliability="A"), direct=True)
    moved = cite(make_profile(), make_source(reliability="B"), direct=True)
    moved.source = make_source(reliability="A")
    assert letters.hold_back([plain, before, new, moved]) == [new, moved]
    assert [one.direct for one in (plain, before, new, moved)] == [True, True, False, False]


def test_a_citation_that_changed_since_overtakes_the_proposal(edith, frank):
    elsewhere, proposal = proposed_direct(edith)
    Citation.objects.filter(pk=elsewhere.pk).update(source=make_source(reliability="A"))
    assert accept(proposal, frank).decision == "overtaken"
    assert not is_direct(elsewhere)
    gone, proposal = proposed_direct(edith)
    gone.delete()
    assert accept(proposal, frank).decided_because == "The citation has been removed."
    direct, proposal = proposed_direct(edith)
    Citation.objects.filter(pk=direct.pk).update(direct=True)
    assert accept(proposal, frank).decided_because == "The citation is direct already."


def test_a_proposal_for_the_source_it_had_before_makes_way_for_one_for_the_source_it_has(edith, frank):
    citation, old = proposed_direct(edith)
    Citation.objects.filter(pk=citation.pk).update(source=make_source(reliability="A"))
    new = letters.propose_direct(citation_id=citation.pk, by=frank)
    old.refresh_from_db()
    assert (old.decision, new.decision) == ("overtaken", "")


def test_a_source_with_direct_citations_waits_before_it_comes_under_an_a(edith, frank):
    source, top = make_source("The memo", reliability="C"), make_publisher(reliability="A")
    cite(make_profile(), source, direct=True)
    source.publisher = top
    assert letters.hold_publisher(source) == top
    assert source.publisher.reliability == "C"
    proposal = letters.propose_move(source_id=source.pk, publisher_id=top.pk, by=edith)
    accept(proposal, frank)
    assert Source.objects.get().publisher == top


def test_a_source_without_direct_citations_or_from_another_a_moves_at_once():
    top = make_publisher(reliability="A")
    second_hand, between = make_source(reliability="C"), make_source(reliability="A")
    cite(make_profile(), second_hand)
    cite(make_profile(), between, direct=True)
    for source in (second_hand, between):
        source.publisher = top
        assert letters.hold_publisher(source) is None
        assert source.publisher == top


def test_a_move_that_would_file_a_source_twice_is_not_accepted_and_waits(edith, frank):
    top = make_publisher(reliability="A")
    source = make_source("The memo", reliability="C", published_on=date(2026, 1, 1))
    proposal = letters.propose_move(source_id=source.pk, publisher_id=top.pk, by=edith)
    make_source("The memo", publisher=top, published_on=date(2026, 1, 1))
    with pytest.raises(letters.NotAccepted, match="on file already"):
        accept(proposal, frank)
    proposal.refresh_from_db()
    assert proposal.decision == ""
