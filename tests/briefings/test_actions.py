"""A briefing on its way to members: by revisions, each approved as it was read, and down again at once."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from accounts.tiers import Tier
from briefings import actions
from briefings.gate import open_for
from briefings.models import Briefing, BriefingStep, Teaser
from config.audit import acting
from config.models import AuditEntry
from profiles import stages
from profiles.actions import DraftThere, NoDraft, NotPublishable, NotPublished, publish_due
from profiles.models import Profile, Stage
from tests.builders import make_briefing, make_profile
from tests.conftest import behind_the_wall
from tests.profiles.test_stages import together

pytestmark = pytest.mark.django_db

SOON = timezone.now().replace(second=0, microsecond=0) + timedelta(hours=1)


@pytest.fixture
def tidewater():
    return make_profile("tidewater", live=True, name="Tidewater")


@pytest.fixture
def live(tidewater):
    return make_briefing(tidewater, title="What moves it", summary="In short.", body="The first words.").teaser


@pytest.fixture
def draft(live):
    """A revision of what members read already."""
    return actions.start_draft(of=live.pk)


def write(draft, by, **words):
    told = {"title": draft.title, "summary": draft.summary, "contents": draft.contents, "body": f"By {by}."}
    with acting(by=by):
        actions.write(draft, actions.Words(**{**told, **words}))
    draft.refresh_from_db()


def read():
    """What a member of the Alliance reads, by title."""
    profile = Profile.objects.get(slug="tidewater")
    opened = open_for(Tier.LEADERSHIP_ALLIANCE, profile_id=profile.pk)
    return {one.title: str(one.html).strip() for one in opened.briefings}


def everywhere():
    """What a stranger is told of it, wherever that is."""
    client = Client()
    pages = ("/profiles/tidewater/", "/profiles/tidewater/briefing/", "/feed/", "/api/v1/profiles/tidewater/", "/")
    return "".join(client.get(page).text for page in pages)


def steps(teaser):
    return [(step.was, step.stage, step.by) for step in teaser.steps.order_by("pk")]


def test_what_members_read_stays_up_until_the_new_words_are_published(live, draft, wanda, edith):
    write(draft, wanda, title="What moved it")
    assert read() == {"What moves it": "<p>The first words.</p>"}
    actions.send_to_review(teaser_id=draft.pk, by=wanda)
    actions.approve_briefing(teaser_id=draft.pk, by=edith, seen=draft.edit)
    assert "What moved it" not in everywhere()
    actions.publish_briefing(teaser_id=draft.pk, by=wanda)
    assert read() == {"What moved it": f"<p>By {wanda}.</p>"}
    assert "What moves it" not in everywhere()
    assert "What moved it" in everywhere()
    draft.refresh_from_db(), live.refresh_from_db()
    assert (draft.standing, draft.approved_by, live.standing) == ("live", edith, "replaced")
    assert steps(draft) == [
        ("draft", "in-review", wanda),
        ("in-review", "approved", edith),
        ("approved", "published", wanda),
    ]


def test_a_draft_is_shown_to_nobody_until_it_is_published(tidewater, edith):
    draft = make_briefing(tidewater, live=False, title="What moves it").teaser
    assert read() == {}
    assert "What moves it" not in everywhere()
    actions.publish_briefing(teaser_id=draft.pk, by=edith)
    assert read() == {"What moves it": "<p>The body.</p>"}
    assert "What moves it" in everywhere()


def test_an_old_revision_is_taken_up_again_as_a_new_one(live, draft, edith):
    write(draft, edith)
    with pytest.raises(DraftThere, match="revision 2 is a draft already"):
        actions.start_draft(of=live.pk)
    assert actions.start_draft(of=draft.pk) == draft
    actions.publish_briefing(teaser_id=draft.pk)
    again = actions.start_draft(of=live.pk, by=edith)
    again.refresh_from_db()
    assert (again.number, again.briefing.body, again.hands, again.edit, again.created_by) == (
        3, "The first words.", [], 0, edith)  # fmt: skip


# --- Four eyes --------------------------------------------------------------------------------------------------------


def test_nobody_approves_a_briefing_they_have_a_hand_in(draft, edith, frank):
    write(draft, edith)
    assert draft.hands == [edith.pk]
    for act in (actions.approve_briefing, actions.publish_briefing):
        with pytest.raises(stages.OwnWork, match="takes another editor"):
            act(teaser_id=draft.pk, by=edith)
    actions.approve_briefing(teaser_id=draft.pk, by=frank)
    actions.publish_briefing(teaser_id=draft.pk, by=edith)
    draft.refresh_from_db()
    assert draft.approved_by == frank


@pytest.mark.parametrize("changed", ["body", "title"])
@pytest.mark.parametrize("scheduled", [False, True])
def test_a_change_of_the_words_voids_the_approval_by_whichever_door_it_comes(draft, edith, scheduled, changed):
    actions.approve_briefing(teaser_id=draft.pk, by=edith)
    if scheduled:
        actions.schedule_briefing(teaser_id=draft.pk, by=edith, at=SOON)
    rows = Briefing.objects.filter(pk=draft.pk) if changed == "body" else Teaser.objects.filter(pk=draft.pk)
    rows.update(**{changed: getattr(rows.get(), changed)})
    draft.refresh_from_db()
    assert draft.stage == (Stage.SCHEDULED if scheduled else Stage.APPROVED)  # the same words
    rows.update(**{changed: "Other words."})
    draft.refresh_from_db()
    assert (draft.stage, draft.goes_live_at, draft.edit) == (Stage.DRAFT, None, 1)
    assert draft.steps.first().reason == "The text was changed after its approval."


def test_an_approval_of_words_that_have_changed_is_refused(draft, edith, wanda):
    write(draft, wanda)
    with pytest.raises(stages.ChangedMeanwhile, match="nothing was approved"):
        actions.publish_briefing(teaser_id=draft.pk, by=edith, seen=0)
    assert read() == {"What moves it": "<p>The first words.</p>"}


@pytest.mark.parametrize(
    "edit",
    [
        lambda live: Teaser.objects.filter(pk=live.pk).update(summary="Another."),
        lambda live: Teaser.objects.filter(pk=live.pk).update(approved_at=None),
        lambda live: Briefing.objects.filter(pk=live.pk).update(body="Another."),
        lambda live: Briefing.objects.filter(pk=live.pk).delete(),
    ],
)
def test_what_was_approved_never_changes(live, edit):
    with pytest.raises(DatabaseError, match="An approved briefing never changes"), transaction.atomic():
        edit(live)


def test_a_briefing_without_a_text_is_neither_approved_nor_published(tidewater):
    draft = make_briefing(tidewater, live=False, body="").teaser
    for act in (actions.approve_briefing, actions.publish_briefing):
        with pytest.raises(NotPublishable, match="has no text yet"):
            act(teaser_id=draft.pk)


# --- On time ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def scheduled(draft, edith, frank):
    write(draft, frank, body="On time.")
    actions.approve_briefing(teaser_id=draft.pk, by=edith)
    actions.schedule_briefing(teaser_id=draft.pk, by=frank, at=SOON + timedelta(seconds=42))
    return draft


def test_a_briefing_goes_up_at_its_minute_by_a_worker_that_may_read_none(scheduled, frank):
    with behind_the_wall():
        assert publish_due(at=SOON - timedelta(microseconds=1)) == 0
        assert publish_due(at=SOON) == 1
        assert publish_due(at=SOON) == 0
    assert read() == {"What moves it": "<p>On time.</p>"}
    assert steps(scheduled)[-1] == ("scheduled", "published", frank)
    entry = AuditEntry.objects.filter(verb="briefing.published").latest("pk")
    assert (entry.subject_id, entry.actor, entry.reason) == (
        scheduled.pk, frank.pk, f"As scheduled for {SOON:%Y-%m-%d %H:%M} UTC.")  # fmt: skip


def test_a_flaw_found_on_time_leaves_the_briefing_down_and_says_why(scheduled, monkeypatch):
    monkeypatch.setattr(actions, "written", lambda pks: set())
    with behind_the_wall():
        assert publish_due(at=SOON) == 0
    scheduled.refresh_from_db()
    assert (scheduled.stage, scheduled.returned_because) == (
        Stage.APPROVED, "The briefing has no text yet; write one.")  # fmt: skip
    assert read() == {"What moves it": "<p>The first words.</p>"}


@pytest.mark.django_db(transaction=True)
def test_two_workers_publish_what_is_due_once():
    for _ in range(2):
        draft = make_briefing(make_profile(live=True), live=False).teaser
        actions.approve_briefing(teaser_id=draft.pk)
        actions.schedule_briefing(teaser_id=draft.pk, at=SOON)
    assert sum(together(*[lambda: publish_due(at=SOON)] * 3)) == 2
    assert BriefingStep.objects.filter(stage=Stage.PUBLISHED).count() == Teaser.objects.live().count() == 2


# --- Withdrawing ------------------------------------------------------------------------------------------------------


def test_a_withdrawn_briefing_is_nowhere_and_can_be_put_up_again(live, scheduled, edith):
    actions.withdraw_briefing(teaser_id=live.pk, by=edith, reason="It names a person.")
    assert read() == {}
    assert not [words for words in ("What moves it", "In short.") if words in everywhere()]
    assert publish_due(at=SOON) == 0
    scheduled.refresh_from_db(), live.refresh_from_db()
    assert (live.standing, scheduled.stage) == ("withdrawn", Stage.APPROVED)
    assert steps(live)[-1] == ("published", "withdrawn", edith)
    assert AuditEntry.objects.get(verb="briefing.withdrawn").reason == "It names a person."
    actions.restore_briefing(teaser_id=live.pk, by=edith)
    assert read() == {"What moves it": "<p>The first words.</p>"}
    assert steps(live)[-1] == ("withdrawn", "published", edith)


def test_a_new_revision_takes_the_place_of_one_that_was_withdrawn(live, draft, edith):
    actions.withdraw_briefing(teaser_id=live.pk)
    actions.publish_briefing(teaser_id=draft.pk)
    with pytest.raises(NotPublished):
        actions.restore_briefing(teaser_id=live.pk)
    live.refresh_from_db()
    assert live.standing == "replaced"
    assert len(read()) == 1


def test_the_briefings_of_two_tiers_go_their_ways_apart(tidewater, live):
    other = make_briefing(tidewater, Tier.LEADERSHIP_ALLIANCE, title="For holders").teaser
    actions.withdraw_briefing(teaser_id=live.pk)
    assert set(read()) == {"For holders"}
    assert actions.start_draft(of=other.pk).number == 2


def test_steps_are_safe_to_repeat_and_refused_where_there_is_no_draft(live, draft, edith):
    for _ in range(2):
        actions.approve_briefing(teaser_id=draft.pk, by=edith, seen=0)
        actions.schedule_briefing(teaser_id=draft.pk, by=edith, at=SOON)
        actions.unschedule_briefing(teaser_id=draft.pk, by=edith)
    for _ in range(2):
        actions.publish_briefing(teaser_id=draft.pk, by=edith)
    for _ in range(2):
        actions.withdraw_briefing(teaser_id=draft.pk)
    assert BriefingStep.objects.filter(teaser=draft, stage=Stage.PUBLISHED).count() == 1
    with pytest.raises(NoDraft, match="was published before"):
        actions.send_to_review(teaser_id=draft.pk)
    with pytest.raises(NoDraft):
        actions.publish_briefing(teaser_id=live.pk)
    with pytest.raises(NoDraft, match="discarded"):
        actions.take_back(teaser_id=0)
