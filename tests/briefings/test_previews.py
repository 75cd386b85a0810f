"""A text before its time: on the desk through every reader's eyes, and at secret addresses that open no more than they say."""

import html
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from accounts.tiers import Tier
from briefings import actions, previews, staff
from briefings.models import PreviewLink, Teaser
from config.models import AuditEntry
from profiles.actions import publish_revision, withdraw_profile
from profiles.models import Figure, Revision
from tests.builders import cite, derive, make_briefing, make_note, make_profile, make_source, make_user

pytestmark = pytest.mark.django_db

CIRCLE, ALLIANCE, NOTE, OTHER = "canary-circle", "canary-alliance", "canary-note", "canary-other"
SEES = {"stranger": set(), "expired": set(), "circle": {CIRCLE, NOTE}, "alliance": {CIRCLE, NOTE, ALLIANCE}}


@pytest.fixture
def draft():
    """A draft with something behind each tier, beside a live profile that has as much."""
    other = make_profile("other", live=True, name="Other")
    make_briefing(other, body=OTHER)
    profile = make_profile(
        "example", name="Example Registry", standfirst="As yet unheard of.", judgements={"j1": "So."}
    )
    make_briefing(profile, body=CIRCLE)
    make_briefing(profile, Tier.LEADERSHIP_ALLIANCE, title="For holders", body=ALLIANCE)
    make_note(cite(profile), NOTE)
    return profile.revisions.get()


def on_the_desk(draft, persona):
    return reverse("admin:briefings_preview", args=[draft.pk, persona])


def share(draft, persona, by):
    _link, secret = previews.make_link(revision_id=draft.pk, persona=persona, by=by)
    return f"/preview/{secret}/"


def canaries(response):
    whole = response.text + str(response.headers)
    return {canary for canary in (CIRCLE, ALLIANCE, NOTE, OTHER) if canary in whole}


# --- On the desk ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("persona", SEES)
def test_a_draft_is_seen_on_the_desk_as_each_reader_would_see_it(client, wanda, draft, persona):
    client.force_login(wanda)
    response = client.get(on_the_desk(draft, persona))
    assert response.status_code == 200
    assert "As yet unheard of." in response.text
    assert "Preview." in response.text
    assert canaries(response) == SEES[persona]


def test_each_reader_is_offered_their_next_step(client, edith, draft):
    client.force_login(edith)
    assert "Log in" in client.get(on_the_desk(draft, "stranger")).text
    assert "Join the Strategic Circle" in client.get(on_the_desk(draft, "expired")).text
    assert "About the Leadership Alliance" in client.get(on_the_desk(draft, "circle")).text


def test_the_live_page_stays_as_it_is_while_a_draft_is_looked_at(client, edith, draft):
    publish_revision(revision_id=draft.pk)
    profile = draft.profile
    newer = Revision.objects.create(profile=profile, number=2, name="Example", standfirst="The new words.")
    client.force_login(edith)
    assert "The new words." in client.get(on_the_desk(newer, "stranger")).text
    profile.refresh_from_db()
    assert profile.live_revision == draft
    assert "The new words." not in client.get("/profiles/example/").text


def test_what_a_draft_prepares_shows_in_its_own_preview_alone(client, edith, draft):
    report = make_source("The echo")
    cite(draft.profile, report)
    derive(report, make_source("The hidden memo"), draft_of=draft.profile)
    other = make_profile("another", judgements={"j1": "So."})
    cite(other, report)
    client.force_login(edith)
    assert "The hidden memo" in client.get(on_the_desk(draft, "stranger")).text
    assert "The hidden memo" not in client.get(on_the_desk(other.revisions.get(), "stranger")).text


def test_whoever_may_not_read_briefings_looks_as_a_reader_without_a_tier_alone(client, draft):
    user = make_user("walter@example.org", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_revision"))
    client.force_login(user)
    assert client.get(on_the_desk(draft, "stranger")).status_code == 200
    assert client.get(on_the_desk(draft, "circle")).status_code == 403
    page = client.get(reverse("admin:briefings_previews", args=[draft.pk])).text
    assert "a member of" not in page
    with pytest.raises(previews.NotYours):
        share(draft, "alliance", user)


@pytest.mark.parametrize("persona", SEES)
def test_the_officer_sees_no_preview(client, otto, draft, persona):
    client.force_login(otto)
    assert client.get(on_the_desk(draft, persona)).status_code == 403
    assert client.get(reverse("admin:briefings_previews", args=[draft.pk])).status_code == 403
    assert client.get(reverse("admin:briefings_preview_figure", args=[draft.pk])).status_code == 403


def test_a_preview_of_no_text_or_through_nobodys_eyes_is_not_found(client, edith, draft):
    client.force_login(edith)
    assert client.get(on_the_desk(draft, "nobody")).status_code == 404
    assert client.get(reverse("admin:briefings_preview", args=[0, "stranger"])).status_code == 404


# --- Secret addresses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("persona", SEES)
def test_a_secret_address_opens_one_text_as_one_reader(client, edith, draft, persona):
    response = client.get(share(draft, persona, edith))
    assert response.status_code == 200
    assert "As yet unheard of." in response.text
    assert canaries(response) == SEES[persona]
    assert {name: response[name] for name in previews.HEADERS} == previews.HEADERS
    assert '<meta name="robots" content="noindex, noarchive">' in response.text
    assert 'rel="canonical"' not in response.text
    assert not response.cookies


def test_a_secret_address_opens_nothing_else(client, edith, draft):
    client.get(share(draft, "alliance", edith))
    assert canaries(client.get("/profiles/other/briefing/")) == set()
    assert client.get("/profiles/example/").status_code == 404
    assert client.get("/profiles/example/briefing/").status_code == 404


def test_the_secret_is_told_once_and_kept_nowhere(client, edith, draft):
    client.force_login(edith)
    address = reverse("admin:briefings_previews", args=[draft.pk])
    page = client.post(address, {"_share": "1", "persona": "circle"}).text
    (path,) = set(re.findall(r"/preview/[\w-]{32}/", page))
    assert client.get(path).status_code == 200
    assert path not in client.get(address).text
    link = PreviewLink.objects.get()
    assert path.strip("/").rpartition("/")[2] not in str(vars(link))
    assert link.expires_at - link.made_at == pytest.approx(timedelta(hours=72), abs=timedelta(seconds=5))
    entry = AuditEntry.objects.get(verb="preview.shared")
    assert (entry.actor, entry.subject_id, entry.details) == (
        edith.pk,
        draft.pk,
        {"link": link.pk, "persona": "circle"},
    )


def test_each_opening_is_counted_and_asking_for_headers_is_none(client, edith, draft):
    path = share(draft, "stranger", edith)
    client.get(path), client.get(path), client.head(path)
    link = PreviewLink.objects.get()
    assert link.opened == 2
    assert link.last_opened_at is not None
    client.force_login(edith)
    assert "opened 2 times" in client.get(reverse("admin:briefings_previews", args=[draft.pk])).text


def test_a_closed_address_opens_nothing(client, edith, wanda, draft):
    path = share(draft, "circle", edith)
    link, address = PreviewLink.objects.get(), reverse("admin:briefings_previews", args=[draft.pk])
    client.force_login(wanda)
    assert client.post(address, {"_close": link.pk}).status_code == 403  # it is not hers
    assert client.get(path).status_code == 200
    client.force_login(edith)
    client.post(address, {"_close": link.pk})
    client.post(address, {"_close": link.pk})
    assert client.get(path).status_code == 404
    assert AuditEntry.objects.filter(verb="preview.closed").count() == 1
    assert "closed" in client.get(address).text


def test_an_address_expires_by_itself(client, edith, draft):
    path = share(draft, "circle", edith)
    PreviewLink.objects.update(expires_at=timezone.now())
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("lost", ["group", "staff", "account"])
def test_an_address_dies_with_the_permission_of_whoever_made_it(client, wanda, draft, lost):
    path = share(draft, "circle", wanda)
    assert client.get(path).status_code == 200
    if lost == "group":
        wanda.groups.clear()
    elif lost == "staff":
        wanda.is_staff = False
        wanda.save()
    else:
        wanda.is_active = False
        wanda.save()
    assert client.get(path).status_code == 404
    staff.join(wanda, staff.AUTHOR)


def test_a_withdrawn_profile_is_shown_at_no_secret_address(client, edith, draft):
    path = share(draft, "circle", edith)
    publish_revision(revision_id=draft.pk)
    assert client.get(path).status_code == 200
    withdraw_profile(profile_id=draft.profile_id)
    assert client.get(path).status_code == 404


def test_a_dead_address_answers_like_one_that_never_was(client, edith, draft):
    path = share(draft, "circle", edith)
    PreviewLink.objects.update(revoked_at=timezone.now())
    dead, never = client.get(path), client.get(f"/preview/{'x' * 32}/")
    assert (dead.status_code, dead.content) == (never.status_code, never.content) == (404, dead.content)
    assert sorted(dead.headers.items()) == sorted(never.headers.items())


def test_whoever_looks_is_told_that_the_text_has_changed_since(client, edith, draft):
    path = share(draft, "stranger", edith)
    assert "The text was changed after" not in client.get(path).text
    Revision.objects.filter(pk=draft.pk).update(standfirst="Other words.")
    page = client.get(path).text
    assert "The text was changed after it was sent to you" in page
    assert "Other words." in page


def test_the_picture_of_a_draft_comes_with_its_preview_and_no_other_way(client, edith, draft):
    figure = Figure.objects.create(digest="a" * 64, extension="webp", width=16, height=9, filename="a.webp")
    default_storage.save(figure.path, ContentFile(b"a picture"))
    Revision.objects.filter(pk=draft.pk).update(figure=figure, figure_alt="A picture.")
    path = share(draft, "stranger", edith)
    assert f'<img src="{path}figure/"' in client.get(path).text
    response = client.get(f"{path}figure/")
    assert b"".join(response.streaming_content) == b"a picture"
    assert response["Cache-Control"] == "private, no-store"
    assert client.get(figure.get_absolute_url()).status_code == 404
    PreviewLink.objects.update(revoked_at=timezone.now())
    assert client.get(f"{path}figure/").status_code == 404


def test_editors_see_every_address_and_close_them(client, edith, wanda, draft):
    path = share(draft, "circle", wanda)
    address = reverse("admin:briefings_previewlink_changelist")
    client.force_login(wanda)
    assert client.get(address).status_code == 403
    client.force_login(edith)
    assert "open until" in client.get(address).text
    client.post(address, {"action": "revoke", "_selected_action": [PreviewLink.objects.get().pk]})
    assert client.get(path).status_code == 404


def test_a_text_leads_to_its_previews(client, wanda, draft):
    client.force_login(wanda)
    address = reverse("admin:briefings_previews", args=[draft.pk])
    assert (
        f'<a href="{address}">Preview and share</a>' in client.get(f"/admin/profiles/revision/{draft.pk}/change/").text
    )
    page = html.unescape(client.get(address).text)
    for words in ("a stranger", "a member of the Strategic Circle", "somebody whose membership has ended"):
        assert words in page


@pytest.mark.parametrize("posted", [{"_share": "1", "persona": "king"}, {"_share": "1"}])
def test_an_address_for_nobodys_eyes_is_not_made(client, edith, draft, posted):
    client.force_login(edith)
    response = client.post(reverse("admin:briefings_previews", args=[draft.pk]), posted)
    assert "Choose as whom the text is to be seen." in response.text
    assert not PreviewLink.objects.exists()


# --- Briefings --------------------------------------------------------------------------------------------------------


UNAPPROVED = "canary-draft"


@pytest.fixture
def revised():
    """The draft of a briefing whose approved revision members read already, beside another that is not touched."""
    profile = make_profile("example", live=True, name="Example Registry", judgements={"j1": "So."})
    make_briefing(profile, body=CIRCLE)
    make_briefing(profile, Tier.LEADERSHIP_ALLIANCE, title="For holders", body=ALLIANCE)
    make_note(cite(profile), NOTE)
    return make_briefing(profile, live=False, title="Revised", summary="Other words.", body=UNAPPROVED).teaser


SEES_REVISED = {
    "stranger": set(),
    "expired": set(),
    "circle": {UNAPPROVED, NOTE},
    "alliance": {UNAPPROVED, NOTE, ALLIANCE},
}


def share_briefing(teaser, persona, by):
    return f"/preview/{previews.make_link(teaser_id=teaser.pk, persona=persona, by=by)[1]}/"


@pytest.mark.parametrize("persona", SEES_REVISED)
def test_the_draft_of_a_briefing_is_seen_as_each_reader_would_see_it(client, wanda, revised, persona):
    client.force_login(wanda)
    on_desk = client.get(reverse("admin:briefings_briefing_preview", args=[revised.pk, persona]))
    shared = client.get(share_briefing(revised, persona, wanda))
    for response in (on_desk, shared):
        assert response.status_code == 200
        assert "Revised" in response.text
        assert "What lies deeper" not in response.text
        found = canaries(response) | ({UNAPPROVED} if UNAPPROVED in response.text else set())
        assert found == SEES_REVISED[persona]
        assert {name: response[name] for name in previews.HEADERS} == previews.HEADERS
    assert canaries(client.get("/profiles/example/briefing/")) == set()
    assert "Revised" not in client.get("/profiles/example/briefing/").text


def test_an_address_of_a_briefing_is_made_counted_and_closed_as_that_of_any_text(client, edith, otto, revised):
    client.force_login(edith)
    address = reverse("admin:briefings_briefing_previews", args=[revised.pk])
    assert address in client.get(reverse("admin:briefings_teaser_change", args=[revised.pk])).text
    page = client.post(address, {"_share": "1", "persona": "circle"}).text
    (path,) = set(re.findall(r"/preview/[\w-]{32}/", page))
    assert UNAPPROVED in client.get(path).text
    Teaser.objects.filter(pk=revised.pk).update(summary="Once more.")
    assert "The text was changed after it was sent to you" in client.get(path).text
    assert "opened 2 times" in client.get(address).text
    assert client.get(f"{path}figure/").status_code == 404
    assert "Revised, revision 2" in client.get(reverse("admin:briefings_previewlink_changelist")).text
    client.post(address, {"_close": PreviewLink.objects.get().pk})
    assert client.get(path).status_code == 404
    client.force_login(otto)
    assert client.get(address).status_code == 403


@pytest.mark.parametrize("lost", ["the right to read briefings", "the briefing", "the profile"])
def test_an_address_of_a_briefing_dies_with_what_it_shows_and_with_its_makers_permission(client, edith, revised, lost):
    user = make_user("walter@example.org", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_revision", "view_briefing"]))
    path = share_briefing(revised, "stranger", type(user).objects.get(pk=user.pk))
    actions.publish_briefing(teaser_id=revised.pk, by=edith)
    assert client.get(path).status_code == 200
    if lost == "the briefing":
        actions.withdraw_briefing(teaser_id=revised.pk)
    elif lost == "the profile":
        withdraw_profile(profile_id=revised.profile_id)
    else:
        user.user_permissions.set(Permission.objects.filter(codename="view_revision"))
    assert client.get(path).status_code == 404
