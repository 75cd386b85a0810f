"""The protocol of grading: what leaves a mark, what a grade takes, and who wins."""

import threading
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import psycopg
import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.models.functions import Now

from profiles.grading import pipeline
from profiles.grading.causes import explain_cause
from profiles.management.commands.drain import drain
from profiles.models import (
    Citation,
    Derivation,
    Grade,
    GradingState,
    Judgement,
    JudgementCitation,
    Mark,
    Profile,
    Publisher,
    Revision,
    Source,
    Touch,
)
from tests.builders import cite, derive, judge, make_profile, make_publisher, make_revision, make_source

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def profile():
    """A live profile that rests on one report and its origin, graded and quiet."""
    profile = make_profile("example", live=True, judgements={"j1": "It was founded in 2004.", "j2": "It is large."})
    cite(profile, make_source("The report", derived_from=[make_source("The origin")]), judgements=["j1"])
    drain()
    return profile


def pending():
    return Mark.objects.count() + Touch.objects.count()


def score(profile):
    return GradingState.objects.get(pk=profile.pk).score


def last_cause(profile):
    return Grade.objects.filter(profile=profile).latest("seq").causes[0]


@contextmanager
def elsewhere():
    """A connection of somebody else, in a transaction of its own."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        yield other


def in_a_thread(work):
    def run():
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


# --- What leaves a mark -----------------------------------------------------------------------------------------------

EDITS = {
    "a citation added": lambda p: cite(p, judgements=["j1"]),
    "a citation's stance changed": lambda p: p.citations.update(stance="disputes"),
    "a citation's digit changed": lambda p: p.citations.update(credibility=5),
    "a citation's directness changed": lambda p: p.citations.update(direct=True),
    "a citation deleted": lambda p: p.citations.all().delete(),
    "a judgement added": lambda p: judge(p, "j3"),
    "a judgement made essential": lambda p: p.judgements.filter(key="j2").update(essential=True),
    "a judgement made lasting": lambda p: p.judgements.filter(key="j1").update(lasting=True),
    "a judgement moved on the page": lambda p: p.judgements.filter(key="j2").update(position=9),
    "a judgement deleted": lambda p: p.judgements.filter(key="j2").delete(),
    "a link added": lambda p: JudgementCitation.objects.create(
        judgement=p.judgements.get(key="j2"), citation=p.citations.get()
    ),
    "a link removed": lambda p: JudgementCitation.objects.all().delete(),
    "a publisher's letter changed": lambda p: Publisher.objects.update(reliability="E"),
    "a source dated": lambda p: Source.objects.update(published_on=None),
    "a source given to another publisher": lambda p: Source.objects.update(publisher=make_publisher()),
    "a derivation added": lambda p: derive(Source.objects.get(title="The origin"), make_source("Its origin")),
    "a derivation removed": lambda p: Derivation.objects.all().delete(),
    "a new text published": lambda p: Profile.objects.filter(pk=p.pk).update(
        live_revision=make_revision(p, live=True, statements={"j1": "Anew."})
    ),
    "a profile withdrawn": lambda p: Profile.objects.filter(pk=p.pk).update(withdrawn_at="2026-01-01T00:00Z"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_an_edit_is_pending_until_it_is_graded(profile, edit):
    edit(profile)
    assert pending() > 0
    drain()
    assert pending() == 0
    assert list(pipeline.audit()) == []


SAME = {
    "a citation saved unchanged": lambda p: p.citations.get().save(),
    "what a citation establishes": lambda p: p.citations.update(establishes="Something."),
    "a publisher's reason": lambda p: Publisher.objects.update(reliability_reason="Because."),
    "a source's title": lambda p: Source.objects.filter(title="The origin").update(title="Its name"),
    "a letter set to what it was": lambda p: Publisher.objects.update(reliability="B"),
    "a new publisher": lambda p: make_publisher(),
    "a new source": lambda p: make_source(),
    "a draft of the text": lambda p: make_revision(p, statements={"j1": "Anew."}),
}


@pytest.mark.parametrize("edit", SAME.values(), ids=SAME.keys())
def test_what_no_grade_reads_leaves_no_mark(profile, edit):
    edit(profile)
    assert pending() == 0


RAW = {
    "update": "UPDATE profiles_citation SET credibility = 5",
    "insert": "INSERT INTO profiles_derivation (source_id, origin_id, position)"
    " SELECT o.id, r.id, 0 FROM profiles_source o, profiles_source r WHERE o.title = 'The origin' AND r.title = 'The report'",
    "delete": "DELETE FROM profiles_judgementcitation",
    "delete that cascades": "DELETE FROM profiles_citation",
    "truncate": "TRUNCATE profiles_judgementcitation",
    "truncate that cascades": "TRUNCATE profiles_citation CASCADE",
    "a changed primary key": "UPDATE profiles_derivation SET id = id + 1000",
}


@pytest.mark.parametrize("statement", RAW.values(), ids=RAW.keys())
def test_plain_sql_counts_like_any_other_edit(profile, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
    assert pending() > 0
    drain()
    assert pending() == 0
    assert list(pipeline.audit()) == []
    assert all(explain_cause(cause) for grade in Grade.objects.all() for cause in grade.causes)


@pytest.mark.parametrize("day", ["infinity", "0044-03-15 BC", "10000-01-01"])
def test_a_day_that_no_page_can_read_is_refused(profile, day):
    with pytest.raises(IntegrityError, match="source_days"), connection.cursor() as cursor:
        cursor.execute("UPDATE profiles_source SET published_on = %s::date", [day])


def test_rows_copied_into_the_database_count(profile):
    source = make_source()
    with elsewhere() as other, other.cursor() as cursor:
        columns = "profile_id, source_id, position, stance, credibility, direct, establishes"
        with cursor.copy(f"COPY profiles_citation ({columns}) FROM STDIN") as copy:
            copy.write_row((profile.pk, source.pk, 1, "supports", 1, True, ""))
    assert Mark.objects.count() == 1


def test_a_thousand_rows_in_one_statement_leave_one_mark(profile):
    Citation.objects.bulk_create(
        Citation(profile=profile, source=source) for source in [make_source() for _ in range(20)]
    )
    (mark,) = Mark.objects.all()
    assert mark.change["count"] == 20


def test_a_citation_that_moves_marks_both_profiles(profile):
    other = make_profile("other", live=True)
    drain()
    JudgementCitation.objects.all().delete()
    drain()
    profile.citations.update(profile=other)
    assert set(Mark.objects.values_list("profile_id", flat=True)) == {profile.pk, other.pk}


def test_a_rolled_back_edit_leaves_nothing(profile):
    with transaction.atomic():
        profile.citations.update(credibility=5)
        transaction.set_rollback(True)
    assert pending() == 0


def test_deleting_a_profile_leaves_nothing_pending():
    profile = make_profile("draft", judgements={"j1": "It is."})
    cite(profile)
    drain()
    profile.delete()
    drain()
    assert pending() == 0


# --- Fan-out ----------------------------------------------------------------------------------------------------------


def test_changing_a_source_regrades_every_profile_that_rests_on_it():
    origin = make_source()
    report = make_source(derived_from=[make_source(derived_from=[origin])])
    on_the_origin, on_the_report, on_neither = (make_profile(live=True, judgements={"j1": "It is."}) for _ in range(3))
    cite(on_the_origin, origin)
    cite(on_the_report, report)
    cite(on_neither)
    drain()
    origin.publisher.reliability = "E"
    origin.publisher.save()
    pipeline.fan_out()
    assert set(Mark.objects.values_list("profile_id", flat=True)) == {on_the_origin.pk, on_the_report.pk}


def test_a_ring_of_derivations_ends():
    first, second = make_source(), make_source()
    derive(first, second)
    derive(second, first)
    profile = make_profile(live=True, judgements={"j1": "It is."})
    cite(profile, first)
    drain()
    Source.objects.update(published_on="2020-01-01")
    drain()
    assert list(pipeline.audit()) == []


def test_a_chain_of_a_thousand_repeats_is_followed_to_its_end():
    publisher = make_publisher()
    chain = Source.objects.bulk_create(Source(publisher=publisher, title=f"Link {n}") for n in range(1000))
    Derivation.objects.bulk_create(Derivation(source=source, origin=origin) for origin, source in pairwise(chain))
    profile = make_profile(live=True, judgements={"j1": "It is."})
    cite(profile, chain[-1])
    drain()
    Source.objects.filter(pk=chain[0].pk).update(publisher=make_publisher())
    assert drain() == 1


def test_a_derivation_prepared_on_a_draft_moves_only_that_draft():
    origin, report = make_source("Origin"), make_source("Report", reliability="A")
    live = make_profile(live=True, judgements={"j1": "It is."})
    draft = make_profile(judgements={"j1": "It is."})
    for profile in (live, draft):
        cite(profile, origin, direct=True)
        cite(profile, report, direct=True)
    drain()
    before = score(live)
    assert score(draft) == before
    derive(report, origin, draft_of=draft)
    drain()
    assert score(live) == before
    assert score(draft) < before


# --- Grading ----------------------------------------------------------------------------------------------------------


def test_regrading_an_unchanged_profile_adds_nothing(profile):
    before = list(Grade.objects.values_list("pk", flat=True))
    pipeline.mark([profile.pk], change={})
    drain()
    assert list(Grade.objects.values_list("pk", flat=True)) == before


def test_a_grade_names_what_moved_it(profile):
    reuters = Publisher.objects.filter(sources__title="The report")
    reuters.update(name="Reuters")
    with pipeline.editing(by="desk"):
        reuters.update(reliability="A")
    drain()
    assert last_cause(profile) == {
        "on": "publisher",
        "op": "change",
        "by": "desk",
        "count": 1,
        "name": "Reuters",
        "from": {"reliability": "B"},
        "to": {"reliability": "A"},
    }


def test_an_edit_by_plain_sql_is_named_as_the_operators(profile):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE profiles_publisher SET reliability = 'E'")
    drain()
    assert last_cause(profile)["by"] == "sql"


def test_a_draft_is_graded_for_the_desk_and_has_no_history():
    profile = make_profile(judgements={"j1": "It is."})
    cite(profile, direct=True)
    drain()
    assert score(profile) == Decimal("0.80")
    assert not Grade.objects.exists()


def test_a_judgement_counts_from_the_revision_that_states_it(profile):
    before = score(profile)
    judge(profile, "j3", essential=True)
    drain()
    assert score(profile) == before
    revision = make_revision(profile, live=True, statements={"j1": "It is.", "j3": "It is not cited."})
    Profile.objects.filter(pk=profile.pk).update(live_revision=revision)
    drain()
    assert score(profile) == 0


def test_grades_cannot_be_changed_or_removed(profile):
    for statement in ("UPDATE profiles_grade SET score = 1", "DELETE FROM profiles_grade"):
        with pytest.raises(Exception, match="Cannot"), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_history_cannot_be_emptied(profile):
    with connection.cursor() as cursor, pytest.raises(Exception, match="only ever appended"):
        cursor.execute("SET assay.empties_tables = 'off'; TRUNCATE profiles_grade")
    assert Grade.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SET assay.empties_tables = 'on'")


def test_approved_text_cannot_be_changed(profile):
    with pytest.raises(Exception, match="never changes"):
        Revision.objects.filter(profile=profile).update(standfirst="Something else.")


def test_age_alone_moves_a_grade_on_the_day_it_is_due(profile):
    state = GradingState.objects.get(pk=profile.pk)
    GradingState.objects.update(due_on=pipeline.today(), as_of=pipeline.today() - timedelta(days=30))
    assert pipeline.waiting() == [profile.pk]
    drain()
    assert GradingState.objects.get(pk=profile.pk).due_on == state.due_on


def test_a_profile_graded_by_an_older_method_is_graded_again(profile):
    GradingState.objects.update(method=0)
    assert pipeline.waiting() == [profile.pk]
    assert drain() == 1


def test_an_older_worker_leaves_what_a_newer_method_graded(profile):
    GradingState.objects.update(method=pipeline.METHOD_VERSION + 1)
    profile.citations.update(credibility=5)
    assert drain() == 0
    assert Mark.objects.exists()


def test_a_clock_that_was_ahead_does_not_freeze_the_grade(profile):
    GradingState.objects.update(as_of=pipeline.today() + timedelta(days=400))
    assert drain() == 1
    assert GradingState.objects.get(pk=profile.pk).as_of == pipeline.today()


def test_a_batch_costs_the_same_queries_however_many_profiles(django_assert_num_queries):
    def marked(count):
        profiles = [make_profile(live=True, judgements={"j1": "It is."}, cited=True) for _ in range(count)]
        return [profile.pk for profile in profiles]

    few, many = marked(2), marked(20)
    with django_assert_num_queries(16, exact=False) as first:
        assert pipeline.regrade(few) == 2
    with django_assert_num_queries(len(first.captured_queries)):
        assert pipeline.regrade(many) == 20


def test_a_state_that_was_lost_is_made_anew_after_the_last_grade(profile):
    GradingState.objects.all().delete()
    assert [difference.what for difference in pipeline.audit()] == ["grading state"]
    pipeline.mark([profile.pk], change={})
    drain()
    assert list(pipeline.audit()) == []
    profile.citations.update(credibility=5)
    drain()
    assert list(Grade.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2]


# --- Poison -----------------------------------------------------------------------------------------------------------


def test_a_profile_that_cannot_be_graded_never_blocks_the_others(profile):
    poisoned = make_profile("poisoned", live=True)
    source = make_source()
    cite(poisoned, source, stance="supports")
    cite(poisoned, source, stance="disputes")
    profile.citations.update(credibility=5)
    drain()
    state = GradingState.objects.get(pk=poisoned.pk)
    assert state.failures == 1
    assert "ConflictingEvidence" in state.last_error
    assert state.next_try_at > state.failed_at
    assert not Mark.objects.filter(profile_id=profile.pk).exists()


def test_an_edit_that_cures_a_poisoned_profile_is_graded_at_once():
    poisoned = make_profile("poisoned", live=True)
    source = make_source()
    cite(poisoned, source)
    wrong = cite(poisoned, source, stance="disputes")
    drain()
    assert drain() == 0
    wrong.delete()
    assert drain() == 1
    assert GradingState.objects.get(pk=poisoned.pk).failures == 0


# --- Races ------------------------------------------------------------------------------------------------------------


def test_an_uncommitted_citation_and_an_edit_of_its_source_both_count(profile):
    """The case that a trigger with a join loses: neither transaction sees the other."""
    source = make_source("Shared", reliability="B")
    j1 = profile.judgements.get(key="j1")
    with elsewhere() as other:
        citation = other.execute(
            "INSERT INTO profiles_citation (profile_id, source_id, position, stance, credibility, direct, establishes)"
            " VALUES (%s, %s, 1, 'supports', 2, true, '') RETURNING id",
            [profile.pk, source.pk],
        ).fetchone()[0]
        other.execute(
            "INSERT INTO profiles_judgementcitation (judgement_id, citation_id) VALUES (%s, %s)", [j1.pk, citation]
        )
        Publisher.objects.filter(pk=source.publisher_id).update(reliability="A")
        drain()  # takes the touch while the citation is still invisible
        other.commit()
    drain()
    assert score(profile) > Decimal("0.9")
    assert list(pipeline.audit()) == []


def test_an_edit_that_commits_while_the_profile_is_graded_keeps_its_mark(profile, monkeypatch):
    read = pipeline.reading.cases

    def edit_meanwhile(ids):
        cases = list(read(ids))
        in_a_thread(lambda: Citation.objects.update(credibility=5)).join()
        return cases

    monkeypatch.setattr(pipeline.reading, "cases", edit_meanwhile)
    pipeline.mark([profile.pk], change={})
    pipeline.regrade([profile.pk])
    monkeypatch.undo()
    assert Mark.objects.count() == 1
    drain()
    assert list(pipeline.audit()) == []


def test_an_editor_never_waits_for_a_worker(profile):
    with elsewhere() as worker:
        worker.execute("SELECT 1 FROM profiles_gradingstate FOR NO KEY UPDATE")
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '500ms'")
        cite(profile, judgements=["j2"])
        profile.citations.update(credibility=3)


def test_two_workers_never_grade_the_same_profile_at_once(profile):
    pipeline.mark([profile.pk], change={})
    with elsewhere() as worker:
        worker.execute("SELECT 1 FROM profiles_gradingstate FOR NO KEY UPDATE")
        assert pipeline.regrade([profile.pk]) == 0
    assert pipeline.regrade([profile.pk]) == 1


def test_a_worker_that_dies_gives_the_marks_back(profile, monkeypatch):
    profile.citations.update(credibility=5)
    monkeypatch.setattr(pipeline, "_append_grades", lambda *_: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        pipeline.sweep()
    monkeypatch.undo()
    assert Mark.objects.exists()
    drain()
    assert list(pipeline.audit()) == []


def test_editors_come_first_and_never_starve_the_rest():
    ids = [make_profile().pk for _ in range(8)]
    drain()
    pipeline.mark(ids[:4], change={}, lane=pipeline.BULK)
    pipeline.mark(ids[4:], change={}, lane=pipeline.EDITORS)
    assert pipeline.waiting() == [*ids[4:7], ids[0], ids[7], *ids[1:4]]


def test_an_edit_does_not_wait_for_the_bulk_work_that_was_there_before(profile, monkeypatch):
    bulk = [make_profile().pk for _ in range(6)]
    drain()
    pipeline.mark(bulk, change={}, lane=pipeline.BULK)
    order = []
    regrade = pipeline.regrade

    def then_somebody_edits(ids):
        if not order:
            pipeline.mark([profile.pk], change={}, lane=pipeline.EDITORS)
        order.extend(ids)
        return regrade(ids)

    monkeypatch.setattr(pipeline, "BATCH", 2)
    monkeypatch.setattr(pipeline, "regrade", then_somebody_edits)
    pipeline.sweep()
    assert order == [*bulk[:2], profile.pk, *bulk[2:]]


def test_two_workers_share_the_work_and_do_none_of_it_twice(monkeypatch):
    ids = [make_profile().pk for _ in range(4)]
    drain()
    pipeline.mark(ids, change={}, lane=pipeline.BULK)
    assert pipeline.regrade(ids[:2]) == 2
    assert pipeline.regrade(ids) == 2
    assert pipeline.regrade(ids) == 0


def test_one_that_raises_holds_up_nobody_else(monkeypatch):
    ids = [make_profile().pk for _ in range(7)]
    drain()
    pipeline.mark(ids, change={}, lane=pipeline.BULK)
    cases = pipeline.reading.cases

    def poisoned(profile_ids):
        if ids[4] in profile_ids:
            raise ArithmeticError("poison")
        return cases(profile_ids)

    monkeypatch.setattr(pipeline.reading, "cases", poisoned)
    assert pipeline.regrade(ids) == 6
    assert list(GradingState.objects.filter(failures__gt=0).values_list("pk", flat=True)) == [ids[4]]


def test_the_mark_of_one_that_backs_off_does_not_send_the_bulk_work_back_to_look(profile, monkeypatch):
    bulk = [make_profile().pk for _ in range(6)]
    drain()
    pipeline.mark([profile.pk], change={}, lane=pipeline.EDITORS)
    GradingState.objects.filter(pk=profile.pk).update(
        failures=1, failed_at=Now(), next_try_at=Now() + timedelta(hours=1)
    )
    pipeline.mark(bulk, change={}, lane=pipeline.BULK)
    looked = []
    waiting = pipeline.waiting
    monkeypatch.setattr(pipeline, "BATCH", 2)
    monkeypatch.setattr(pipeline, "waiting", lambda: looked.append(waiting()) or looked[-1])
    assert pipeline.sweep() == 6
    assert looked == [bulk, []]


def test_the_same_verdict_is_not_written_again(profile):
    GradingState.objects.update(verdict={"kept": "as it is"})
    pipeline.mark([profile.pk], change={})
    assert drain() == 1
    assert GradingState.objects.get().verdict == {"kept": "as it is"}


def test_a_verdict_of_a_draft_becomes_a_grade_once_it_is_up_again(profile):
    Profile.objects.update(withdrawn_at="2026-01-01T00:00Z")
    profile.citations.update(credibility=5)
    drain()
    Profile.objects.update(withdrawn_at=None)
    drain()
    assert Grade.objects.latest("seq").score == score(profile)
    assert list(pipeline.audit()) == []


def test_the_deciding_working_is_kept_once_and_read_whole(profile):
    with connection.cursor() as cursor:
        cursor.execute("SELECT verdict->'judgements'->'j1' ? 'steps' FROM profiles_gradingstate")
        assert cursor.fetchone() == (False,)
    told = GradingState.objects.get().verdict
    assert told["least_sure"] == "j1"
    assert told["judgements"]["j1"]["steps"] == told["steps"][1:]
    assert told["judgements"]["j1"]["lines"] == told["lines"]
    assert told["judgements"]["j2"]["steps"] != told["steps"][1:]


def test_two_edits_of_one_source_are_two_causes(profile):
    origin = Source.objects.filter(title="The origin")
    origin.update(published_on="2020-01-01")
    origin.update(publisher=make_publisher("The Agency"))
    drain()
    told = [explain_cause(cause) for cause in Grade.objects.filter(profile=profile).latest("seq").causes]
    assert [sentence.split(" is now ")[1].split(",")[0] for sentence in told] == [
        "dated 1 January 2020",
        "filed under The Agency",
    ]


# --- Nudges -----------------------------------------------------------------------------------------------------------


def test_a_broken_broker_never_breaks_a_save(profile, settings, monkeypatch):
    monkeypatch.setattr(pipeline, "_silent_until", 0.0)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with pipeline.editing(by="desk"):
        profile.citations.update(credibility=5)
    assert Mark.objects.exists()
    assert pipeline._silent_until > 0


def test_a_broker_that_drags_delays_one_save_alone(profile, settings, monkeypatch):
    monkeypatch.setattr(pipeline, "_silent_until", 0.0)
    monkeypatch.setattr(pipeline, "DRAGGING", 0.0)
    pipeline.heard()
    sent = []
    monkeypatch.setattr(pipeline, "_send", lambda: sent.append(1))
    for _save in range(2):
        pipeline.heard()
        pipeline.nudge()
    assert sent == [1]


def test_a_burst_of_edits_sends_one_message(profile, monkeypatch):
    sent = []
    monkeypatch.setattr(pipeline, "_send", lambda: sent.append(1))
    monkeypatch.setattr(pipeline, "_silent_until", 0.0)
    pipeline.heard()
    for digit in (3, 4, 5):
        with pipeline.editing(by="desk"):
            profile.citations.update(credibility=digit)
    assert sent == [1]


# --- Audit ------------------------------------------------------------------------------------------------------------


def test_the_audit_finds_a_grade_that_is_not_what_the_evidence_gives(profile):
    GradingState.objects.update(verdict={**GradingState.objects.get().verdict, "score": 0.99})
    assert [difference.what for difference in pipeline.audit()] == ["state: score"]


def test_health_tells_what_waits_and_since_when(profile):
    assert pipeline.health() == pipeline.Health(0, 0, 0, 0)
    profile.citations.update(credibility=5)
    Judgement.objects.update(lasting=True)
    health = pipeline.health()
    assert (health.marks, health.touches, health.failing) == (2, 0, 0)
    assert health.oldest_seconds > 0
