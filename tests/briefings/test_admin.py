"""The desk for what lies behind a tier: authors on drafts, editors everywhere, officers nowhere."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tiers import Tier
from briefings import actions
from briefings.models import Briefing, NoteCount, SourceNote, Teaser
from profiles.models import Citation
from tests.builders import cite, make_briefing, make_note, make_profile, make_user
from tests.profiles.test_admin import form_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(db):
    return make_profile("draft", name="Draft", judgements={"j1": "It is so."})


@pytest.fixture
def tidewater(db):
    return make_profile("tidewater", live=True, name="Tidewater", judgements={"j1": "It is so."})


def of(model, step="changelist", *args):
    return reverse(f"admin:briefings_{model}_{step}", args=args)


def briefing(profile, **fields):
    told = {"title": "What moves it", "summary": "In short.", "contents": "One\nTwo", "body": "## Inside\n\nText."}
    return {"profile": profile.pk, "tier": Tier.STRATEGIC_CIRCLE.value, **told, **fields}


# Briefings


@pytest.mark.parametrize("who", ["wanda", "edith"])
def test_a_briefing_is_written_with_its_teaser_on_one_form(client, request, tidewater, who):
    writer = request.getfixturevalue(who)
    client.force_login(writer)
    assert client.post(of("teaser", "add"), briefing(tidewater)).status_code == 302
    teaser = Teaser.objects.get()
    assert (teaser.title, teaser.contents.split(), teaser.briefing.body) == (
        "What moves it", ["One", "Two"], "## Inside\n\nText.")  # fmt: skip
    assert (teaser.standing, teaser.created_by, teaser.hands) == ("draft", writer, [writer.pk])
    address = of("teaser", "change", teaser.pk)
    form = client.get(address)
    assert "## Inside" in form.text
    changed = form_of(form) | {"title": "What moved it", "body": "Another text.", "tier": "2"}
    assert client.post(address, changed).status_code == 302
    teaser = Teaser.objects.get()
    assert (teaser.title, teaser.briefing.body) == ("What moved it", "Another text.")
    assert teaser.tier == Tier.STRATEGIC_CIRCLE  # it stays where it was begun


def test_a_second_briefing_for_a_tier_is_refused_and_nothing_typed_is_lost(client, edith, draft):
    make_briefing(draft)
    client.force_login(edith)
    response = client.post(of("teaser", "add"), briefing(draft, body="A long text."))
    assert "This profile already has a briefing for that tier." in response.text
    assert "A long text." in response.text
    assert Briefing.objects.count() == 1


def test_a_briefing_needs_a_text_a_title_and_a_tier(client, edith, draft):
    client.force_login(edith)
    response = client.post(of("teaser", "add"), {"profile": draft.pk})
    assert response.text.count("This field is required.") == 3


def test_a_briefing_stays_with_its_profile(client, edith, draft, tidewater):
    teaser = make_briefing(draft).teaser
    client.force_login(edith)
    client.post(of("teaser", "change", teaser.pk), briefing(tidewater))
    assert Teaser.objects.get().profile == draft


def test_what_members_read_is_looked_at_and_a_new_draft_is_written_from_it(client, wanda, tidewater):
    teaser = make_briefing(tidewater, body="The **whole** text.").teaser
    address = of("teaser", "change", teaser.pk)
    client.force_login(wanda)
    page = client.get(address)
    assert "<p>The <strong>whole</strong> text.</p>" in page.text
    assert "See what is typed" not in page.text
    assert client.post(address, briefing(tidewater, body="Mine.")).status_code == 403
    assert client.post(of("teaser", "delete", teaser.pk), {"post": "yes"}).status_code == 403
    draft = Teaser.objects.get(pk=client.post(address, {"_draft": "1"}).url.split("/")[-3])
    assert (draft.number, draft.briefing.body, draft.hands, draft.created_by) == (2, "The **whole** text.", [], wanda)
    form = form_of(client.get(of("teaser", "change", draft.pk)))
    client.post(of("teaser", "change", draft.pk), form | {"body": "The half of it.", "_review": "1"})
    draft.refresh_from_db()
    assert (draft.standing, draft.briefing.body, draft.hands) == ("in review", "The half of it.", [wanda.pk])
    assert Briefing.objects.get(pk=teaser.pk).body == "The **whole** text."
    refused = client.post(address, {"_draft": "1"}, follow=True)
    assert "What lies deeper, revision 2 is a draft already" in refused.text


def test_an_editor_publishes_schedules_and_withdraws_a_briefing_and_an_author_does_not(
    client, wanda, edith, frank, tidewater
):
    draft = make_briefing(tidewater, live=False).teaser
    address = of("teaser", "change", draft.pk)
    client.force_login(wanda)
    for button in ("_approve", "_publish", "_schedule"):
        form = form_of(client.get(address)) | {"publish_at": "2099-01-31T09:00", button: "1"}
        assert client.post(address, form).status_code == 403, button
    client.force_login(edith)
    client.post(address, form_of(client.get(address)) | {"body": "By both.", "_approve": "1"}, follow=True)
    draft.refresh_from_db()
    assert draft.stage == "draft"  # she wrote on it herself
    client.force_login(frank)
    page = client.get(address)
    assert "By both." in page.text
    client.post(address, form_of(page) | {"_approve": "1"})
    client.post(address, form_of(client.get(address)) | {"_schedule": "1", "publish_at": "2099-01-31T09:00"})
    draft.refresh_from_db()
    assert (draft.stage, f"{draft.goes_live_at:%Y-%m-%d %H:%M}") == ("scheduled", "2099-01-31 09:00")
    assert "is published." in client.post(address, form_of(client.get(address)) | {"_publish": "1"}, follow=True).text
    draft.refresh_from_db()
    assert (draft.standing, draft.approved_by) == ("live", frank)
    client.force_login(wanda)
    assert client.post(address, {"_withdraw": "1", "reason": "No."}).status_code == 403
    client.force_login(edith)
    assert "say why" in client.post(address, {"_withdraw": "1"}, follow=True).text
    client.post(address, {"_withdraw": "1", "reason": "It names a person."})
    draft.refresh_from_db()
    assert draft.standing == "withdrawn"
    page = client.get(address).text
    assert "It names a person." in page
    client.post(address, {"_restore": "1"})
    draft.refresh_from_db()
    assert draft.standing == "live"


def test_a_draft_that_a_colleague_saved_meanwhile_is_not_overwritten(client, wanda, edith, tidewater):
    draft = make_briefing(tidewater, live=False, body="As it was.").teaser
    address = of("teaser", "change", draft.pk)
    client.force_login(wanda)
    page = client.get(address)
    opened = form_of(page) | {"_opened": page.context["opened"]}
    client.force_login(edith)
    client.post(address, form_of(client.get(address)) | {"body": "Edith’s."})
    client.force_login(wanda)
    response = client.post(address, opened | {"body": "Wanda’s."})
    told = [(one.name, one.mine, one.theirs) for one in response.context["compared"].differences]
    assert told == [("body", "Wanda’s.", "Edith’s.")]
    assert Briefing.objects.get().body == "Edith’s."


def test_the_history_of_a_draft_tells_it_word_by_word_from_what_members_read(client, edith, tidewater):
    live = make_briefing(tidewater, body="It keeps the dams.").teaser
    draft = make_briefing(tidewater, live=False, body="It keeps the gates.").teaser
    client.force_login(edith)
    page = client.get(of("teaser", "history", draft.pk)).text
    assert "Against the text that readers see" in page
    assert re.search(r"<del>.*dams.*</del><ins>.*gates", page)
    assert "Write a new draft from this text" in client.get(of("teaser", "history", live.pk)).text


def test_authors_remove_drafts_alone(client, wanda, tidewater):
    client.force_login(wanda)
    live, draft = make_briefing(tidewater).teaser, make_briefing(tidewater, live=False).teaser
    chosen = {"action": "delete_selected", "_selected_action": [live.pk, draft.pk], "post": "yes"}
    assert client.post(of("teaser"), chosen).status_code == 403
    assert Briefing.objects.count() == 2
    client.post(of("teaser", "delete", draft.pk), {"post": "yes"})
    assert [one.pk for one in Teaser.objects.all()] == [live.pk]
    assert Briefing.objects.count() == 1


def test_the_home_of_the_desk_counts_briefings_on_their_way(client, wanda, edith, tidewater, draft):
    reviewed, returned = (make_briefing(one, live=False).teaser for one in (tidewater, draft))
    Teaser.objects.update(created_by=wanda)
    for teaser in (reviewed, returned):
        actions.send_to_review(teaser_id=teaser.pk, by=wanda)
    actions.send_back(teaser_id=returned.pk, by=edith, because="Who says so?")
    for user, what in ((edith, "1 briefing to review"), (wanda, "1 briefing of yours came back from review")):
        client.force_login(user)
        waiting = {one.what: one.url for one in client.get("/admin/").context["waiting"]}
        assert what in waiting
        assert client.get(waiting[what]).context["cl"].result_count == 1


def test_a_preview_shows_what_is_typed_as_members_would_read_it_and_saves_nothing(client, edith):
    client.force_login(edith)
    typed = {"title": "What moves it", "tier": "2", "body": "## Inside\n\n<script>alert(1)</script> **bold**"}
    response = client.post(of("teaser", "preview"), typed)
    for words in ("<h4>Inside</h4>", "<strong>bold</strong>", "What moves it", "Leadership Alliance"):
        assert words in response.text
    assert "<script>alert" not in response.text
    assert response["Cache-Control"] == "private, no-store"
    assert not Teaser.objects.exists()
    for odd in ({}, {"tier": "x"}, {"tier": "-1", "body": "\x00"}):
        assert client.post(of("teaser", "preview"), odd).status_code == 200
    assert client.get(of("teaser", "preview")).url == of("teaser")


# Notes


def test_a_note_begins_at_the_source_it_is_about(client, wanda, draft):
    citation = cite(draft)
    client.force_login(wanda)
    assert client.get(of("sourcenote", "add")).url == of("cited")
    assert client.get(of("sourcenote", "add") + "?citation=x").url == of("cited")
    address = f"{of('sourcenote', 'add')}?citation={citation.pk}"
    assert address in client.get(of("cited")).text
    assert f"draft: {citation.source}" in client.get(address).text
    client.post(address, {"citation": citation.pk, "tier": "1", "body": "What we think of it."})
    assert SourceNote.objects.get().body == "What we think of it."
    assert list(NoteCount.objects.values_list("number", flat=True)) == [1]
    assert of("sourcenote", "change", citation.pk) in client.get(of("cited")).text


def test_the_list_of_sources_finds_those_without_a_note(client, edith, draft):
    noted, bare = cite(draft), cite(draft)
    make_note(noted)
    client.force_login(edith)
    for asked, found in (("none", bare), ("some", noted)):
        listed = client.get(of("cited"), {"note": asked, "profile__id__exact": draft.pk}).context["cl"].result_list
        assert [one.pk for one in listed] == [found.pk]


def test_a_second_note_on_a_source_is_refused(client, edith, draft):
    note = make_note(cite(draft))
    client.force_login(edith)
    address = f"{of('sourcenote', 'add')}?citation={note.pk}"
    answer = client.post(address, {"citation": note.pk, "tier": "1", "body": "Another."})
    assert "There is a note on this already" in answer.text
    assert "Another." in answer.text


def test_a_note_goes_to_the_source_it_was_begun_at_and_to_no_other(client, wanda, draft, tidewater):
    ours, live = cite(draft), cite(tidewater)
    client.force_login(wanda)
    address = f"{of('sourcenote', 'add')}?citation={ours.pk}"
    client.post(address, {"citation": live.pk, "tier": "1", "body": "Forged."})
    refused = client.post(
        f"{of('sourcenote', 'add')}?citation={live.pk}", {"citation": live.pk, "tier": "1", "body": "x"}
    )
    assert "An editor does that." in refused.text
    assert not SourceNote.objects.exists()


def test_notes_on_a_live_profile_are_an_editor_s(client, wanda, edith, tidewater):
    note = make_note(cite(tidewater), "What *we* think.")
    address, fields = of("sourcenote", "change", note.pk), {"tier": "2", "body": "Another."}
    client.force_login(wanda)
    assert "<p>What <em>we</em> think.</p>" in client.get(address).text
    assert client.post(address, fields).status_code == 403
    client.force_login(edith)
    client.post(address, fields)
    note.refresh_from_db()
    assert (note.tier, note.body) == (2, "Another.")


def test_a_note_is_previewed_as_well(client, wanda):
    client.force_login(wanda)
    answer = client.post(of("sourcenote", "preview"), {"tier": "1", "body": "It is *old*."})
    assert "<p>It is <em>old</em>.</p>" in answer.text


# Who sees what


@pytest.mark.parametrize("model", ["teaser", "sourcenote", "cited"])
def test_officers_and_members_see_nothing_of_it(client, otto, mina, tidewater, model):
    make_briefing(tidewater, title="What moves it", body="canary")
    make_note(cite(tidewater), "canary")
    thing = Teaser.objects.get() if model == "teaser" else Citation.objects.get()
    pages = [of(model), of(model, "change", thing.pk), of(model, "history", thing.pk)]
    pages += [of(model, "preview"), of(model, "add")] if model != "cited" else []
    for user, refused in ((otto, {403}), (mina, {302})):
        client.force_login(user)
        for address in pages:
            for method in (client.get, client.post):
                answer = method(address, {"body": "x"})
                assert answer.status_code in refused, address
                assert "canary" not in answer.text
    client.force_login(otto)
    assert "Briefing" not in client.get("/admin/").text


def test_who_may_see_teasers_but_no_briefings_sees_neither_here(client, tidewater):
    from django.contrib.auth.models import Permission

    make_briefing(tidewater, body="canary")
    helper = make_user(is_staff=True)
    codes = ["view_teaser", "change_teaser", "add_teaser", "view_sourcenote", "change_sourcenote"]
    helper.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client.force_login(helper)
    assert client.get(of("teaser")).status_code == 403
    assert "canary" not in client.get(of("teaser", "change", Teaser.objects.get().pk)).text


def test_the_profile_s_page_leads_to_both(client, edith, tidewater):
    make_briefing(tidewater)
    client.force_login(edith)
    page = client.get(reverse("admin:profiles_profile_change", args=[tidewater.pk])).text
    for model in ("teaser", "cited"):
        address = f"{of(model)}?profile__id__exact={tidewater.pk}"
        assert address in page
        assert client.get(address).status_code == 200


@pytest.mark.parametrize("model", ["teaser", "sourcenote", "cited"])
def test_a_list_costs_the_same_with_one_row_or_thirty(client, edith, django_assert_num_queries, model):
    def one_more():
        profile = make_profile(live=True, judgements={"j1": "It is so."})
        make_briefing(profile)
        make_note(cite(profile))

    one_more()
    client.force_login(edith)
    client.get(of(model))
    with CaptureQueriesContext(connection) as before:
        client.get(of(model))
    for _ in range(29):
        one_more()
    with django_assert_num_queries(len(before)):
        client.get(of(model))


def test_no_page_of_it_has_inline_script_or_style(client, edith, draft):
    note, teaser = make_note(cite(draft)), make_briefing(draft).teaser
    client.force_login(edith)
    pages = [of(model) for model in ("teaser", "sourcenote", "cited")]
    pages += [of("teaser", "add"), of("teaser", "change", teaser.pk), of("sourcenote", "change", note.pk)]
    for address in pages:
        page = client.get(address)
        assert page.status_code == 200
        assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*\bsrc=)(?![^>]*json)", page.text), address
