"""A text on the desk: the buttons under it, for whoever may press them, and what they say."""

import html
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from profiles import actions
from profiles.models import Profile, Revision, Stage
from tests.builders import make_profile, make_user
from tests.profiles.test_admin import form_of, on_the_desk

pytestmark = pytest.mark.django_db

SOON = (timezone.now() + timedelta(hours=1)).replace(second=0, microsecond=0)


@pytest.fixture
def draft():
    """A draft that could be published."""
    return make_profile("example", name="Example", judgements={"j1": "It is so."}, cited=True).revisions.get()


def opened(client, draft):
    """The form of a text as a browser has it: every field, and the edit that is on the screen."""
    response = client.get(on_the_desk(Revision, draft.pk))
    return form_of(response) | {"_seen": draft.edit}


def press(client, draft, button, form=None, **changes):
    """Press one of the buttons under the text; return the page that follows, and read the text anew."""
    form = opened(client, draft) if form is None else form
    response = client.post(on_the_desk(Revision, draft.pk), form | {button: "1"} | changes, follow=True)
    if response.status_code == 200:
        draft.refresh_from_db()
    return html.unescape(response.text)


def offered(client, draft):
    """The names of the buttons under the text."""
    text = client.get(on_the_desk(Revision, draft.pk)).text
    way = text.partition('class="way"')[2]
    return re.findall(r'<input type="submit" name="(_\w+)"', way)


def test_a_text_passes_from_author_to_editor_and_up(client, wanda, edith, draft):
    client.force_login(wanda)
    assert offered(client, draft) == []  # not hers yet
    press(client, draft, "_save", standfirst="A registry.")
    assert offered(client, draft) == ["_review"]
    assert "Example is with the editors for review." in press(client, draft, "_review")
    assert offered(client, draft) == ["_take_back"]
    client.force_login(edith)
    assert offered(client, draft) == ["_take_back", "_send_back", "_approve", "_publish"]
    page = press(client, draft, "_send_back")
    assert "Say what is missing: its author reads this sentence." in page
    assert draft.stage == Stage.IN_REVIEW
    press(client, draft, "_send_back", reason="Who says so?")
    client.force_login(wanda)
    assert "Who says so?" in client.get(on_the_desk(Revision, draft.pk)).text
    press(client, draft, "_review", standfirst="A registry, says its charter.")
    client.force_login(edith)
    assert "Example is approved." in press(client, draft, "_approve")
    assert offered(client, draft) == ["_send_back", "_schedule", "_publish"]
    press(client, draft, "_schedule", publish_at=f"{SOON:%Y-%m-%dT%H:%M}")
    assert (draft.stage, draft.goes_live_at) == (Stage.SCHEDULED, SOON)
    assert f"scheduled</strong> for {SOON:%Y-%m-%d %H:%M} UTC" in client.get(on_the_desk(Revision, draft.pk)).text
    press(client, draft, "_unschedule")
    assert "Example is published." in press(client, draft, "_publish")
    assert draft.approved_by == edith
    assert offered(client, draft) == ["_draft", "_withdraw"]


def test_what_an_editor_types_is_saved_before_the_step_and_makes_it_theirs(client, edith, frank, draft):
    client.force_login(edith)
    page = press(client, draft, "_approve", standfirst="My own words.")
    assert "You wrote on this text yourself; it takes another editor to approve it." in page
    assert (draft.standfirst, draft.stage) == ("My own words.", Stage.DRAFT)
    assert "You wrote on this text, so another editor approves it." in page
    client.force_login(frank)
    assert "is approved" in press(client, draft, "_approve")


def test_an_only_editor_is_told_that_nobody_else_looks(client, edith, draft):
    client.force_login(edith)
    press(client, draft, "_save", standfirst="My own words.")
    page = html.unescape(client.get(on_the_desk(Revision, draft.pk)).text)
    assert "There is no other editor, so you may approve it yourself; its history says so." in page
    press(client, draft, "_approve")
    assert "There was no other editor." in client.get(on_the_desk(Revision, draft.pk)).text


def test_a_button_pressed_on_words_that_have_changed_says_so(client, edith, wanda, draft):
    client.force_login(edith)
    stale = opened(client, draft)
    client.force_login(wanda)
    press(client, draft, "_save", what_to_watch="The vote.")
    client.force_login(edith)
    page = press(client, draft, "_approve", stale | {"what_to_watch": "The vote."})
    assert "The draft was changed after you opened it, so nothing was approved. Read it again." in page
    assert draft.stage == Stage.DRAFT


def test_a_button_for_a_stage_that_has_passed_says_so(client, edith, frank, draft):
    client.force_login(edith)
    press(client, draft, "_review")
    stale = opened(client, draft)
    actions.approve_revision(revision_id=draft.pk, by=frank)
    actions.publish_revision(revision_id=draft.pk, by=frank)
    assert client.post(on_the_desk(Revision, draft.pk), stale | {"_approve": "1"}).status_code == 403
    live = Profile.objects.get()
    again = actions.start_draft(profile_id=live.pk)
    stale = opened(client, again)
    actions.approve_revision(revision_id=again.pk, by=frank)
    actions.schedule_revision(revision_id=again.pk, by=frank, at=SOON)
    assert "This text is scheduled by now." in press(client, again, "_review", stale)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Say when: a day and a minute, in UTC."),
        ("tomorrow", "Write a day and a minute in UTC, such as 2027-01-31 09:00."),
        ("2020-01-01T00:00", "That has passed; it is "),
    ],
)
def test_a_time_that_is_none_is_told_beside_its_field_and_nothing_typed_is_lost(client, edith, draft, typed, says):
    client.force_login(edith)
    press(client, draft, "_approve")
    page = press(client, draft, "_schedule", publish_at=typed, standfirst="Just typed.")
    assert says in page
    assert "Just typed." in page
    assert draft.stage == Stage.APPROVED


@pytest.mark.parametrize("button", ["_approve", "_send_back", "_schedule", "_unschedule", "_publish"])
def test_an_author_takes_no_step_of_an_editor(client, wanda, draft, button):
    client.force_login(wanda)
    form = opened(client, draft) | {button: "1", "standfirst": "Mine.", "reason": "x", "publish_at": "2099-01-01T00:00"}
    assert client.post(on_the_desk(Revision, draft.pk), form).status_code == 403
    draft.refresh_from_db()
    assert (draft.stage, draft.standfirst) == (Stage.DRAFT, "")


def test_an_author_sends_no_draft_of_others_to_review(client, wanda, draft):
    client.force_login(wanda)
    assert client.post(on_the_desk(Revision, draft.pk), opened(client, draft) | {"_review": "1"}).status_code == 403


def test_a_live_text_is_withdrawn_for_a_reason_and_put_up_again(client, edith, wanda, draft):
    actions.publish_revision(revision_id=draft.pk)
    address = on_the_desk(Revision, draft.pk)
    client.force_login(wanda)
    assert client.post(address, {"_withdraw": "1", "reason": "x"}).status_code == 403
    client.force_login(edith)
    assert "Not withdrawn: say why." in client.post(address, {"_withdraw": "1", "reason": " "}, follow=True).text
    page = client.post(address, {"_withdraw": "1", "reason": "Its board asked for it."}, follow=True).text
    assert "This text is <strong>withdrawn</strong>" in page
    assert "Its board asked for it." in page
    assert offered(client, draft) == ["_draft", "_restore"]
    client.post(address, {"_restore": "1"})
    assert Profile.objects.get().is_live


def test_texts_are_found_by_where_they_stand_and_whose_they_are(client, edith, wanda, draft):
    client.force_login(wanda)
    press(client, draft, "_save", standfirst="Mine.")
    client.force_login(edith)
    actions.publish_revision(revision_id=make_profile(judgements={"j1": "So."}, cited=True).revisions.get().pk)

    def found(**asked):
        response = client.get(reverse("admin:profiles_revision_changelist"), asked)
        return [one.pk for one in response.context["cl"].result_list]

    assert found(standing="writing") == [draft.pk]
    assert found(standing="in-review") == []
    assert len(found(standing="published")) == 1
    assert found(writer="me") == []
    client.force_login(wanda)
    assert found(writer="me") == [draft.pk]


def test_the_form_lists_what_stands_in_the_way_of_publishing(client, edith, draft):
    draft.profile.citations.all().delete()
    client.force_login(edith)
    page = client.get(on_the_desk(Revision, draft.pk)).text
    assert "Before it can be published" in page
    assert "The profile cites no source; cite at least one." in page
    assert "cites no source" in press(client, draft, "_approve")
    assert draft.stage == Stage.DRAFT


def test_a_superuser_without_a_group_may_take_every_step(client, draft):
    client.force_login(make_user("root@example.org", is_staff=True, is_superuser=True))
    press(client, draft, "_publish")
    assert Profile.objects.get().is_live


def test_a_text_that_nobody_changes_any_more_is_read_in_words(client, edith):
    words = {
        "sections": [{"heading": "What happened", "body": "Much.\n\nAnd more."}],
        "outlook": {"quarter": {"headline": "Quiet", "body": ""}},
        "aliases": ["EX", "A, with a comma"],
    }
    live = make_profile(
        "example", live=True, name="Example", judgements={"j1": "It is <b>so</b>."}, **words
    ).live_revision
    client.force_login(edith)
    page = client.get(on_the_desk(Revision, live.pk)).text
    assert "&quot;heading&quot;" not in page
    for told in (
        "<strong>j1</strong> It is &lt;b&gt;so&lt;/b&gt;.",
        "<strong>What happened</strong><p>Much.</p>\n<p>And more.</p>",
        "<strong>This quarter: Quiet</strong>",
        '<div role="listitem"><span class="as-typed">A, with a comma</span></div>',
        "<label>What it does:</label>",
    ):
        assert told in page
