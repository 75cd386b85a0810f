"""A text on its way to readers: who may take which step, and what voids one."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from config.audit import acting
from profiles import actions, stages
from profiles.models import FacetValue, Profile, Revision, RevisionStep, Stage
from tests.builders import cite, make_profile, make_revision, make_term, make_user

pytestmark = pytest.mark.django_db

SOON = timezone.now().replace(second=0, microsecond=0) + timedelta(hours=1)


@pytest.fixture
def profile():
    """A draft that could be published."""
    return make_profile("example", name="Example Registry", judgements={"j1": "It is so."}, cited=True)


@pytest.fixture
def draft(profile):
    return profile.revisions.get()


def write(draft, by, **words):
    """Change the words as the desk does, in somebody's name."""
    with acting(by=by):
        Revision.objects.filter(pk=draft.pk).update(**(words or {"standfirst": f"{by} was here."}))
    draft.refresh_from_db()


def stage(draft):
    draft.refresh_from_db()
    return draft.stage


def steps(draft):
    return [(step.was, step.stage, step.by) for step in draft.steps.order_by("pk")]


def test_a_text_goes_from_its_author_to_an_editor_and_up(draft, wanda, edith):
    write(draft, wanda)
    actions.send_to_review(revision_id=draft.pk, by=wanda)
    actions.approve_revision(revision_id=draft.pk, by=edith, seen=1)
    actions.publish_revision(revision_id=draft.pk, by=wanda)
    assert steps(draft) == [
        ("draft", "in-review", wanda),
        ("in-review", "approved", edith),
        ("approved", "published", wanda),
    ]
    draft.refresh_from_db()
    assert (draft.approved_by, draft.standing) == (edith, "live")


def test_a_step_that_was_taken_already_is_not_taken_twice(draft, edith):
    for _ in range(2):
        actions.send_to_review(revision_id=draft.pk, by=edith)
        assert draft.steps.count() == 1
    for _ in range(2):
        actions.approve_revision(revision_id=draft.pk, by=edith, seen=0)
    for _ in range(2):
        actions.schedule_revision(revision_id=draft.pk, by=edith, at=SOON)
    assert draft.steps.count() == 3


def test_a_step_from_another_stage_is_refused_in_a_sentence(draft, edith):
    with pytest.raises(stages.NotAtThisStage, match="This text is draft by now"):
        actions.schedule_revision(revision_id=draft.pk, by=edith, at=SOON)
    with pytest.raises(stages.NotAtThisStage):
        actions.send_back(revision_id=draft.pk, by=edith, because="No.")
    assert steps(draft) == []


def test_what_is_sent_back_says_what_is_missing_until_it_is_sent_again(draft, wanda, edith):
    actions.send_to_review(revision_id=draft.pk, by=wanda)
    with pytest.raises(stages.ReasonMissing):
        actions.send_back(revision_id=draft.pk, by=edith, because=" ")
    actions.send_back(revision_id=draft.pk, by=edith, because="Who says so?")
    draft.refresh_from_db()
    assert (draft.stage, draft.returned_because) == (Stage.DRAFT, "Who says so?")
    actions.send_to_review(revision_id=draft.pk, by=wanda)
    draft.refresh_from_db()
    assert draft.returned_because == ""
    actions.take_back(revision_id=draft.pk, by=wanda)
    assert stage(draft) == Stage.DRAFT


# --- Four eyes --------------------------------------------------------------------------------------------------------


def test_nobody_approves_a_text_they_have_a_hand_in(draft, edith, frank, wanda):
    write(draft, edith)
    write(draft, wanda, standfirst="The last word.")
    assert draft.hands == [edith.pk, wanda.pk]
    for act in (actions.approve_revision, actions.publish_revision):
        with pytest.raises(stages.OwnWork, match="takes another editor"):
            act(revision_id=draft.pk, by=edith)
    assert not Profile.objects.get().is_live
    actions.approve_revision(revision_id=draft.pk, by=frank)
    actions.publish_revision(revision_id=draft.pk, by=edith)  # with Frank's approval
    draft.refresh_from_db()
    assert draft.approved_by == frank


def test_a_sole_editor_approves_their_own_and_the_step_says_so(draft, edith, wanda):
    write(draft, edith)
    actions.approve_revision(revision_id=draft.pk, by=edith)
    assert draft.steps.get().alone


def test_somebody_who_has_left_the_desk_is_no_second_pair_of_eyes(draft, edith, frank):
    write(draft, edith)
    frank.is_staff = False
    frank.save()
    actions.approve_revision(revision_id=draft.pk, by=edith)
    assert stage(draft) == Stage.APPROVED


def test_a_copied_draft_has_nobodys_hand_in_it_yet(profile, draft, edith, frank):
    make_term("region", "Africa")
    FacetValue.objects.create(revision=draft, term=make_term("region", "Africa"))
    actions.publish_revision(revision_id=draft.pk)
    with acting(by=edith):
        copy = actions.start_draft(profile_id=profile.pk, by=edith)
    copy.refresh_from_db()
    assert (copy.hands, copy.edit, copy.created_by) == ([], 0, edith)
    actions.approve_revision(revision_id=copy.pk, by=edith)
    assert stage(copy) == Stage.APPROVED


# --- What voids an approval -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheduled", [False, True])
def test_a_change_of_the_words_voids_the_approval_by_whichever_door_it_comes(draft, edith, wanda, scheduled):
    actions.approve_revision(revision_id=draft.pk, by=edith)
    if scheduled:
        actions.schedule_revision(revision_id=draft.pk, by=edith, at=SOON)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE profiles_revision SET name = 'Another' WHERE id = %s", [draft.pk])
    draft.refresh_from_db()
    assert (draft.stage, draft.goes_live_at, draft.edit) == (Stage.DRAFT, None, 1)
    assert draft.steps.first().reason == "The text was changed after its approval."


def test_a_facet_is_part_of_the_words(draft, edith, wanda):
    value = FacetValue.objects.create(revision=draft, term=make_term("region", "Africa"))
    actions.approve_revision(revision_id=draft.pk, by=edith)
    value.save()
    assert stage(draft) == Stage.APPROVED  # nothing is different
    with acting(by=wanda):
        value.delete()
    assert stage(draft) == Stage.DRAFT
    assert draft.hands == [wanda.pk]


def test_saving_the_same_words_voids_nothing(draft, edith):
    actions.approve_revision(revision_id=draft.pk, by=edith)
    Revision.objects.filter(pk=draft.pk).update(name=draft.name)
    assert stage(draft) == Stage.APPROVED


def test_an_approval_of_words_that_have_changed_is_refused(draft, edith, wanda):
    write(draft, wanda)
    with pytest.raises(stages.ChangedMeanwhile, match="nothing was approved"):
        actions.approve_revision(revision_id=draft.pk, by=edith, seen=0)
    with pytest.raises(stages.ChangedMeanwhile):
        actions.publish_revision(revision_id=draft.pk, by=edith, seen=0)
    assert stage(draft) == Stage.DRAFT


def test_a_change_back_to_the_approved_words_needs_a_new_approval(draft, edith):
    name = draft.name
    actions.approve_revision(revision_id=draft.pk, by=edith)
    for words in ("Another", name):
        Revision.objects.filter(pk=draft.pk).update(name=words)
    assert stage(draft) == Stage.DRAFT
    assert stages.approver_of(draft) is None


# --- On time ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def scheduled(draft, edith, frank):
    actions.approve_revision(revision_id=draft.pk, by=edith)
    actions.schedule_revision(revision_id=draft.pk, by=frank, at=SOON + timedelta(seconds=42))
    draft.refresh_from_db()
    return draft


def test_a_text_goes_up_at_its_minute_and_not_before(scheduled, edith, frank):
    assert scheduled.goes_live_at == SOON
    assert actions.publish_due(at=SOON - timedelta(microseconds=1)) == 0
    assert actions.publish_due() == 0
    assert actions.publish_due(at=SOON) == 1
    scheduled.refresh_from_db()
    assert (scheduled.standing, scheduled.approved_by, scheduled.goes_live_at) == ("live", edith, None)
    assert steps(scheduled)[-1] == ("scheduled", "published", frank)


def test_the_databases_clock_says_when(scheduled):
    Revision.objects.filter(pk=scheduled.pk).update(goes_live_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert actions.publish_due() == 1


def test_a_time_that_has_passed_is_no_schedule(draft, edith):
    actions.approve_revision(revision_id=draft.pk, by=edith)
    with pytest.raises(stages.NotInTheFuture, match="2020-01-01 00:00 UTC has passed"):
        actions.schedule_revision(revision_id=draft.pk, by=edith, at=datetime(2020, 1, 1, tzinfo=UTC))


def test_a_flaw_found_on_time_leaves_the_text_down_and_says_why(scheduled, profile):
    other = make_profile(name="Other", judgements={"j1": "So."}, cited=True)
    actions.approve_revision(revision_id=other.revisions.get().pk)
    actions.schedule_revision(revision_id=other.revisions.get().pk, at=SOON)
    profile.citations.all().delete()
    assert actions.publish_due(at=SOON) == 1
    scheduled.refresh_from_db()
    assert (scheduled.stage, scheduled.goes_live_at) == (Stage.APPROVED, None)
    assert "The profile cites no source" in scheduled.returned_because
    assert Profile.objects.get(pk=other.pk).is_live
    assert actions.publish_due(at=SOON) == 0


def test_a_text_that_raises_keeps_no_other_back(scheduled, monkeypatch, caplog):
    other = make_profile(name="Other", judgements={"j1": "So."}, cited=True).revisions.get()
    actions.approve_revision(revision_id=other.pk)
    actions.schedule_revision(revision_id=other.pk, at=SOON)

    def broken(revision):
        if revision.pk == scheduled.pk:
            raise RuntimeError("out of paper")

    monkeypatch.setattr(actions, "refuse_flaws", broken)
    assert actions.publish_due(at=SOON) == 1
    scheduled.refresh_from_db()
    assert (scheduled.stage, scheduled.returned_because) == (Stage.APPROVED, actions.BROKEN)
    assert "out of paper" in caplog.text


def test_the_time_can_be_moved_and_taken_back(scheduled, edith):
    actions.schedule_revision(revision_id=scheduled.pk, by=edith, at=SOON + timedelta(hours=1))
    assert actions.publish_due(at=SOON) == 0
    actions.unschedule_revision(revision_id=scheduled.pk, by=edith)
    assert actions.publish_due(at=SOON + timedelta(hours=2)) == 0
    scheduled.refresh_from_db()
    assert (scheduled.stage, stages.approver_of(scheduled)) == (Stage.APPROVED, edith.pk)


def test_withdrawing_a_profile_takes_its_draft_off_the_schedule(profile, draft, edith):
    actions.publish_revision(revision_id=draft.pk)
    copy = actions.start_draft(profile_id=profile.pk)
    actions.approve_revision(revision_id=copy.pk, by=edith)
    actions.schedule_revision(revision_id=copy.pk, by=edith, at=SOON)
    actions.withdraw_profile(profile_id=profile.pk, by=edith, reason="Its board asked for it.")
    assert actions.publish_due(at=SOON) == 0
    assert stage(copy) == Stage.APPROVED
    step = draft.steps.first()
    assert (step.stage, step.by, step.reason) == (Stage.WITHDRAWN, edith, "Its board asked for it.")
    actions.restore_profile(profile_id=profile.pk, by=edith)
    assert steps(draft)[-1] == ("withdrawn", "published", edith)


# --- Several at once --------------------------------------------------------------------------------------------------


def together(*acts):
    """Do these at the same moment, each on a connection of its own; return what came of each."""
    start, said = threading.Barrier(len(acts)), [None] * len(acts)

    def do(number, act):
        try:
            start.wait(10)
            said[number] = act()
        except (stages.Refused, actions.NoDraft) as refused:
            said[number] = type(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return said


@pytest.mark.django_db(transaction=True)
def test_two_workers_publish_what_is_due_once():
    for _ in range(3):
        draft = make_profile(judgements={"j1": "So."}, cited=True).revisions.get()
        actions.approve_revision(revision_id=draft.pk)
        actions.schedule_revision(revision_id=draft.pk, at=SOON)
    published = together(*[lambda: actions.publish_due(at=SOON)] * 4)
    assert sum(published) == 3
    assert Profile.objects.published().count() == 3
    assert RevisionStep.objects.filter(stage=Stage.PUBLISHED).count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_while_publishing_leaves_it_to_the_next():
    draft = make_profile(judgements={"j1": "So."}, cited=True).revisions.get()
    actions.approve_revision(revision_id=draft.pk)
    actions.schedule_revision(revision_id=draft.pk, at=SOON)

    locked, killed, worker = threading.Event(), threading.Event(), []

    def work():
        try:
            with transaction.atomic():
                worker.append(connection.connection.info.backend_pid)
                actions.publish_due(at=SOON)
                locked.set()
                killed.wait(10)
        except OperationalError:
            worker.append("died")
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    locked.wait(10)
    assert actions.publish_due(at=SOON) == 0  # it is being published elsewhere
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [worker[0]])
    killed.set()
    thread.join(20)
    assert worker[1:] == ["died"]
    assert not Profile.objects.get().is_live
    assert actions.publish_due(at=SOON) == 1
    assert Profile.objects.get().is_live


@pytest.mark.django_db(transaction=True)
def test_an_approval_and_an_edit_at_once_never_end_with_other_words_approved():
    edith = make_user("edith@example.org", groups=["Editor"])
    for turn in range(5):
        draft = make_profile(judgements={"j1": "So."}, cited=True).revisions.get()
        together(
            lambda draft=draft: actions.approve_revision(revision_id=draft.pk, by=edith, seen=0),
            lambda draft=draft, turn=turn: Revision.objects.filter(pk=draft.pk).update(standfirst=f"Turn {turn}"),
        )
        draft.refresh_from_db()
        assert (draft.edit, draft.stage) == (1, Stage.DRAFT)


@pytest.mark.django_db(transaction=True)
def test_of_two_editors_one_approves_and_one_sends_back():
    edith, frank = (make_user(f"{name}@example.org", groups=["Editor"]) for name in ("edith", "frank"))
    draft = make_profile(judgements={"j1": "So."}, cited=True).revisions.get()
    actions.send_to_review(revision_id=draft.pk)
    said = together(
        lambda: actions.approve_revision(revision_id=draft.pk, by=edith, seen=0),
        lambda: actions.send_back(revision_id=draft.pk, by=frank, because="Who says so?"),
    )
    draft.refresh_from_db()
    # Approved first, it was sent back all the same; sent back first, it was a draft that Edith approved, or refused.
    assert draft.steps.count() == 3
    assert said == [None, None]
    assert draft.stage == draft.steps.first().stage


def test_a_draft_that_was_discarded_meanwhile_is_said_to_be(profile, draft, edith):
    actions.publish_revision(revision_id=draft.pk)
    copy = make_revision(profile)
    actions.discard_draft(profile_id=profile.pk)
    with pytest.raises(actions.NoDraft, match="discarded"):
        actions.approve_revision(revision_id=copy.pk, by=edith)
    with pytest.raises(actions.NoDraft, match="was published before"):
        actions.send_to_review(revision_id=draft.pk)


def test_a_text_with_flaws_is_neither_approved_nor_scheduled(profile, draft, edith):
    actions.approve_revision(revision_id=draft.pk, by=edith)
    profile.citations.all().delete()
    with pytest.raises(actions.NotPublishable):
        actions.schedule_revision(revision_id=draft.pk, by=edith, at=SOON)
    actions.send_back(revision_id=draft.pk, by=edith, because="Cite something.")
    with pytest.raises(actions.NotPublishable):
        actions.approve_revision(revision_id=draft.pk, by=edith)
    cite(profile)
    actions.approve_revision(revision_id=draft.pk, by=edith)
