"""The home of the desk: what needs a hand, each with the list that holds just that."""

import html
import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config import waiting as registry
from config.waiting import Waiting
from profiles import actions
from profiles.grading import pipeline
from profiles.models import GradingState, Mark, Profile, Proposal, Revision, Ticket
from tests.builders import cite, make_profile, make_publisher, make_revision, make_source, make_user

pytestmark = pytest.mark.django_db

NOW = timezone.now()
SOON = NOW.replace(second=0, microsecond=0) + timedelta(hours=1)


@pytest.fixture(autouse=True)
def nobody_has_swept():
    cache.delete(pipeline.LAST_SWEEP)


def told(client):
    """What the home says, by sentence, with the number of rows in the list it leads to."""
    response = client.get("/admin/")
    assert response.status_code == 200
    return {one.what: listed(client, one.url) for one in response.context["waiting"]}


def listed(client, url):
    return client.get(url).context["cl"].result_count


def number(what):
    return int(re.match(r"\d+", what)[0])


def fill(wanda, turn):
    """Something of every kind that can wait."""
    texts = [make_profile(f"text-{turn}-{n}", judgements={"j1": "So."}, cited=True).revisions.get() for n in range(6)]
    reviewed, returned, approved, scheduled, held, _written = pks = [text.pk for text in texts]
    Revision.objects.filter(pk__in=pks).update(created_by=wanda)
    for pk in (reviewed, returned):
        actions.send_to_review(revision_id=pk, by=wanda)
    actions.send_back(revision_id=returned, because="Who says so?")
    for pk in (approved, scheduled, held):
        actions.approve_revision(revision_id=pk)
    for pk in (held, scheduled):
        actions.schedule_revision(revision_id=pk, at=SOON)
    Revision.objects.filter(pk=held).update(goes_live_at=NOW - timedelta(hours=1))
    texts[4].profile.citations.all().delete()
    actions.publish_due()
    live = make_profile(f"live-{turn}", live=True, cited=True, judgements={"j1": "So."}, next_review=NOW.date())
    make_profile(f"later-{turn}", live=True, next_review=NOW.date() + timedelta(days=1))
    cite(live, make_source(url=f"https://example.org/{turn}", accessed_on="2020-01-01"), judgements=[])
    cite(live, make_source(url=f"https://example.org/new/{turn}", accessed_on=NOW.date()), judgements=[])
    GradingState.objects.filter(profile=live).update(failures=1, verdict={"lines": [{"side": "supports"}]})
    Proposal.objects.create(opens="letter", publisher=make_publisher(), about="A letter", reason="Because.")
    Ticket.objects.create(message="A typo.")


@pytest.fixture
def world(edith, wanda):
    fill(wanda, turn=1)


def test_the_home_counts_what_needs_a_hand_and_leads_to_it(client, edith, world):
    client.force_login(edith)
    found = told(client)
    assert [re.sub(r"^\d+ ", "", what) for what in found] == [
        "text did not go up when it was due",
        "grade fails",
        "text to review",
        "approved text has no date",
        "text is scheduled",
        "proposal waits for another editor",
        "report of a reader",
        "profile is due for verification",
        "profile rests on one line",
        "grades are being updated",
        "source to look at again",
    ]
    assert {what: number(what) for what in found} == found


def test_an_author_sees_what_is_theirs(client, wanda, world):
    client.force_login(wanda)
    found = told(client)
    assert "1 text of yours came back from review" in found
    assert "1 draft of yours" in found
    assert "1 text did not go up when it was due" in found  # it is hers
    assert not any("to review" in what or "proposal" in what for what in found)
    assert {what: number(what) for what in found} == found
    stranger = make_user("walter@example.org", groups=["Author"])
    client.force_login(stranger)
    assert not any("yours" in what or "did not go up" in what for what in told(client))


def test_the_home_says_since_when_and_until_when(client, edith, wanda, world):
    client.force_login(edith)
    text = html.unescape(client.get("/admin/").text)
    assert f"since {NOW:%Y-%m-%d}" in text
    assert f"The next one on {SOON:%Y-%m-%d %H:%M} UTC." in text
    assert f"The first since {NOW:%Y-%m-%d}." in text


def test_the_home_costs_the_same_queries_however_much_waits(client, edith, wanda, world, django_assert_num_queries):
    client.force_login(edith)
    client.get("/admin/")
    with CaptureQueriesContext(connection) as once:
        client.get("/admin/")
    fill(wanda, turn=2)
    with django_assert_num_queries(len(once)):
        client.get("/admin/")


def test_a_home_where_nothing_waits_says_so(client, edith):
    client.force_login(edith)
    assert "Nothing waits for you." in client.get("/admin/").text


def test_the_home_says_whether_anybody_grades(client, edith):
    client.force_login(edith)
    assert "When a worker last looked for work is not known" in client.get("/admin/").text
    pipeline.swept()
    assert "A worker last looked for work on" in client.get("/admin/").text
    cache.set(pipeline.LAST_SWEEP, (NOW - timedelta(minutes=5)).isoformat())
    assert "1 worker is missing: nobody looks for work" in client.get("/admin/").text


def test_whoever_may_see_none_of_it_is_told_none_of_it(client, otto, world):
    client.force_login(otto)
    response = client.get("/admin/")
    assert response.context["said"] == []
    assert not any("profile" in one.url for one in response.context["waiting"])


def test_another_app_tells_of_its_own(client, otto, monkeypatch):
    monkeypatch.setattr(registry, "_tellers", [])
    registry.told_by(lambda request: [Waiting("application", "applications", 2, "/admin/somewhere/")])
    client.force_login(otto)
    assert '<a href="/admin/somewhere/">2 applications</a>' in client.get("/admin/").text


def test_a_withdrawn_or_unpublished_profile_is_due_for_nothing(client, edith):
    make_profile("draft", next_review=NOW.date())
    gone = make_profile("gone", live=True, next_review=NOW.date())
    make_revision(gone)
    actions.withdraw_profile(profile_id=gone.pk)
    Mark.objects.all().delete()
    client.force_login(edith)
    assert told(client) == {}
    assert Profile.objects.count() == 2
