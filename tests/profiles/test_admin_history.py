"""What every row once said: kept by whichever door a change came, and told on the desk in words."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.audit import acting
from profiles import actions
from profiles.admin.history import event_model
from profiles.models import (
    Citation,
    Correction,
    Derivation,
    FacetValue,
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
from tests.builders import cite, derive, make_profile, make_publisher, make_revision, make_source, make_user
from tests.profiles.test_admin import form_of, on_the_desk

pytestmark = pytest.mark.django_db

KEPT = [
    Publisher, Source, Derivation, Citation, Judgement, JudgementCitation, Profile, Revision, FacetValue, Correction,
]  # fmt: skip


def events(row):
    return list(event_model(type(row)).objects.filter(pgh_obj_id=row.pk).order_by("pgh_id"))


def labels(row):
    return [event.pgh_label for event in events(row)]


def told(client, row):
    response = client.get(reverse(f"admin:profiles_{row._meta.model_name}_history", args=[row.pk]))
    assert response.status_code == 200
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", response.text.partition('class="history"')[2])))


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


# --- What is kept -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", KEPT)
def test_the_history_of_texts_and_evidence_is_kept(model):
    assert event_model(model) is not None


@pytest.mark.parametrize("model", [Grade, GradingState, Mark, Touch])
def test_grading_has_a_history_of_its_own_and_gets_no_other(model):
    assert event_model(model) is None


def test_every_door_leaves_the_same_history():
    publisher = make_publisher(reliability="C")
    publisher.reliability = "B"
    publisher.save()
    Publisher.objects.filter(pk=publisher.pk).update(reliability="D")
    Publisher.objects.bulk_update([Publisher(pk=publisher.pk, reliability="E")], ["reliability"])
    sql("UPDATE profiles_publisher SET reliability = 'F' WHERE id = %s", publisher.pk)
    sql("DELETE FROM profiles_publisher WHERE id = %s", publisher.pk)
    assert [(event.pgh_label, event.reliability) for event in events(publisher)] == [
        ("insert", "C"),
        ("update", "B"),
        ("update", "D"),
        ("update", "E"),
        ("update", "F"),
        ("delete", "F"),
    ]


def test_a_row_that_was_copied_in_has_a_history():
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY profiles_publisher (slug, name, reliability, reliability_reason, homepage) FROM STDIN"
        ) as copy,
    ):
        copy.write_row(("copied", "Copied", "B", "", ""))
    assert labels(Publisher.objects.get()) == ["insert"]


def test_what_changes_nothing_is_no_event():
    source = make_source()
    source.save()
    Source.objects.update(title=source.title)
    assert labels(source) == ["insert"]


def test_removing_a_profile_keeps_the_history_of_all_its_parts():
    profile = make_profile(judgements={"j1": "So."}, cited=True, facets={"region": "Africa"})
    parts = [
        profile,
        profile.judgements.get(),
        profile.citations.get(),
        JudgementCitation.objects.get(),
        profile.revisions.get(),
        FacetValue.objects.get(),
    ]
    kept = [(type(part), part.pk) for part in parts]
    profile.delete()
    for model, pk in kept:
        assert event_model(model).objects.filter(pgh_obj_id=pk).latest("pgh_id").pgh_label == "delete", model


def test_the_history_says_who_and_why_of_whoever_told_the_transaction(edith):
    publisher = make_publisher()
    with acting(by=edith, reason="It corrects itself."):
        Publisher.objects.update(reliability="A")
    Publisher.objects.update(reliability="C")
    assert [(event.actor, event.reason) for event in events(publisher)] == [
        (None, ""),
        (edith.pk, "It corrects itself."),
        (None, ""),
    ]


def test_what_only_moves_a_text_along_is_no_change_of_its_words(edith):
    draft = make_profile(judgements={"j1": "So."}, cited=True).revisions.get()
    actions.send_to_review(revision_id=draft.pk)
    actions.approve_revision(revision_id=draft.pk, by=edith)
    assert labels(draft) == ["insert"]


# --- What is told -----------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(client, edith):
    client.force_login(edith)
    return client


def test_a_save_on_the_desk_tells_who_why_and_which_words(desk, edith):
    publisher = make_publisher("Wire", reliability="C", reliability_reason="It invented a quote.")
    address = on_the_desk(Publisher, publisher.pk)
    form = form_of(desk.get(address)) | {
        "reliability": "B",
        "reliability_reason": "It corrected the quote.",
        "_why": "Asked for by Frank.",
    }
    assert desk.post(address, form).status_code == 302
    text = told(desk, publisher)
    assert "UTC · Edith Asked for by Frank. Publisher changed" in text
    assert "Reliability [removed: C · fairly reliable][added: B · usually reliable]" in text
    assert "It [removed: invented a][added: corrected the] quote." in text
    assert "nobody on the desk: a command, a worker or SQL Publisher added" in text


def test_what_was_typed_as_the_reason_survives_a_mistake_beside_it(desk):
    publisher = make_publisher()
    address = on_the_desk(Publisher, publisher.pk)
    response = desk.get(address)
    form = form_of(response) | {"_opened": response.context["opened"], "name": "", "_why": "A <reason>."}
    assert 'value="A &lt;reason&gt;."' in desk.post(address, form).text


def test_a_text_is_told_as_it_is_read_and_against_the_live_one(desk):
    profile = make_profile("example", live=True, name="Example", standfirst="It keeps a registry.")
    draft = make_revision(
        profile,
        name="Example",
        standfirst="It kept a registry.",
        facets={"region": "Africa"},
        sections=[{"heading": "What happened", "body": "Something."}],
    )
    Revision.objects.filter(pk=draft.pk).update(sections=[{"heading": "What happened", "body": "Nothing."}])
    draft.facet_values.update(rationale="It is there.")
    draft.facet_values.all().delete()
    text = told(desk, draft)
    against, changes = text.split("Every change, newest first")
    assert "Standfirst It [removed: keeps][added: kept] a registry." in against
    assert "Sections What happened [removed: Something][added: Nothing]." in changes
    assert "Facet “Africa” removed" in changes
    assert "Rationale [added: It is there.]" in changes


def test_a_profile_is_told_with_its_evidence(desk):
    profile = make_profile("example", live=True, judgements={"j1": "So."})
    citation = cite(profile, make_source("The report"))
    Citation.objects.update(credibility=5, direct=True)
    actions.add_correction(profile_id=profile.pk, text="It was 2023.")
    citation.delete()
    text = told(desk, profile)
    for sentence in (
        "Citation “The report” removed",
        "Credibility [removed: 2 · probably true][added: 5 · improbable]",
        "Direct [removed: no][added: yes]",
        "Link “j1” · “The report” added",
        "Key judgement “j1” added",
        "[added: It was 2023.]",
        "Live revision [added: Example, revision 1]",
    ):
        assert sentence in text


def test_a_source_is_told_with_what_it_repeats(desk):
    source, origin = make_source("The echo"), make_source("The memo")
    derive(source, origin).delete()
    text = told(desk, source)
    assert "Derivation “The memo” added" in text
    assert "Derivation “The memo” removed" in text
    origin.delete()
    assert f"“no. {origin.pk}, removed meanwhile”" not in text
    assert "removed meanwhile”" in told(desk, source)


def test_what_was_removed_is_found_with_all_it_said(desk, edith):
    source = make_source("The doomed")
    pk = source.pk
    with acting(by=edith, reason="Filed twice."):
        source.delete()
    page = desk.get(reverse("admin:profiles_source_removed")).text
    assert "The doomed" in page
    assert "Edith. Filed twice." in page
    source.pk = pk
    assert "[removed: The doomed]" in told(desk, source)
    assert 'href="removed/"' in desk.get(reverse("admin:profiles_source_changelist")).text
    assert "Nothing was removed yet." in desk.get(reverse("admin:profiles_publisher_removed")).text


def test_a_history_goes_on_on_another_page(desk):
    source = make_source("Version 0")
    table = event_model(Source)
    for number in range(1, 130):
        Source.objects.update(title=f"Version {number}")
    # One transaction has one time; here each save had its own.
    for place, event in enumerate(table.objects.order_by("pgh_id")):
        table.objects.filter(pk=event.pk).update(pgh_created_at=timezone.now() + timedelta(seconds=place))
    response = desk.get(reverse("admin:profiles_source_history", args=[source.pk]))
    assert (len(response.context["saves"]), ">30<" in re.sub("\\[.*?\\]|<span.*?</span>", "", response.text)) == (
        100,
        True,
    )
    older = desk.get(response.request["PATH_INFO"], {"before": response.context["older"]})
    assert (len(older.context["saves"]), older.context["older"]) == (30, "")


@pytest.mark.parametrize("before", ["x", "2026-13-45T00:00", "1" * 100, "\U0001f600"])
def test_a_time_that_is_none_shows_the_newest(desk, before):
    source = make_source("The report")
    address = reverse("admin:profiles_source_history", args=[source.pk])
    assert "The report" in desk.get(address, {"before": before}).text


def test_the_history_costs_the_same_queries_however_long(desk, django_assert_num_queries):
    profile = make_profile("example", live=True, judgements={"j1": "So."}, cited=True)
    Citation.objects.update(credibility=3)
    address = reverse("admin:profiles_profile_history", args=[profile.pk])
    desk.get(address)
    with CaptureQueriesContext(connection) as once:
        desk.get(address)
    for _ in range(5):
        cite(profile)
        Citation.objects.update(credibility=4)
    with django_assert_num_queries(len(once)):
        desk.get(address)


def test_a_history_is_for_whoever_may_see_the_thing_and_of_what_is_gone_for_editors(client, wanda, otto):
    source, gone = make_source(), make_source()
    pk = gone.pk
    gone.delete()
    there, removed = (reverse("admin:profiles_source_history", args=[number]) for number in (source.pk, pk))
    client.force_login(wanda)
    assert client.get(there).status_code == 200
    assert client.get(removed).status_code == 403
    assert client.get(reverse("admin:profiles_source_removed")).status_code == 403
    client.force_login(otto)
    assert client.get(there).status_code == 403
    client.force_login(make_user("root@example.org", is_staff=True, is_superuser=True))
    assert client.get(removed).status_code == 200
    for unknown in ("0", "x", "9" * 30):
        assert client.get(f"/admin/profiles/source/{unknown}/history/").status_code == 404


def test_what_has_no_history_of_rows_shows_what_was_done_on_the_desk(desk, edith):
    from tests.builders import make_term

    term = make_term("region", "Africa")
    assert desk.get(reverse("admin:profiles_term_history", args=[term.pk])).status_code == 200


# --- Taking back ------------------------------------------------------------------------------------------------------


def test_an_older_text_is_taken_up_again_as_a_new_draft(desk):
    profile = make_profile(
        "example", judgements={"j1": "So."}, cited=True, facets={"region": "Africa"}, standfirst="Old."
    )
    old = actions.publish_revision(revision_id=profile.revisions.get().pk)
    newer = actions.start_draft(profile_id=profile.pk)
    Revision.objects.filter(pk=newer.pk).update(standfirst="New.")
    FacetValue.objects.filter(revision=newer).delete()
    response = desk.post(on_the_desk(Revision, old.pk), {"_draft": "1"}, follow=True)
    assert "revision 2 is a draft already; publish or delete it first." in response.text
    actions.publish_revision(revision_id=newer.pk)
    desk.post(on_the_desk(Revision, old.pk), {"_draft": "1"})
    draft = profile.revisions.get(approved_at=None)
    assert (draft.number, draft.standfirst, draft.facet_values.get().term.name) == (3, "Old.", "Africa")
    assert Profile.objects.get().live_revision == newer
