"""The desk, through its forms: what an editor saves is what gets graded."""

import html

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from profiles.actions import withdraw_profile
from profiles.admin.profiles import ONE_LINE, ProfileAdmin
from profiles.grading.causes import explain_cause
from profiles.models import Citation, Grade, GradingState, Judgement, Profile, Publisher, Revision, Source
from profiles.models.shapes import WANTED
from tests.builders import cite, make_profile, make_publisher, make_revision, make_source, make_term, make_user, settle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def profile():
    profile = make_profile("example", live=True, judgements={"j1": "It was founded in 2004.", "j2": "It is large."})
    cite(profile, make_source("The report", reliability="B"), direct=True)
    settle()
    return profile


def form_of(response):
    """Everything a browser would send back unchanged."""
    data = {}
    for form in [response.context["adminform"].form]:
        data |= {form.add_prefix(name): value for name, value in values(form).items()}
    for formset in response.context["inline_admin_formsets"]:
        forms = [formset.formset.management_form, *formset.formset.forms]
        for form in forms:
            data |= {form.add_prefix(name): value for name, value in values(form).items()}
    return {name: value for name, value in data.items() if value is not False}


def values(form):
    shown = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else value for name, value in shown.items()}


def on_the_desk(model, pk=None):
    name = model._meta.model_name
    return reverse(f"admin:profiles_{name}_change", args=[pk]) if pk else reverse(f"admin:profiles_{name}_add")


def save(client, model, pk, **changes):
    address = on_the_desk(model, pk)
    response = client.post(address, form_of(client.get(address)) | changes)
    assert response.status_code == 302, response.context["errors"] if response.context else response
    settle()


def last_cause(profile):
    return explain_cause(Grade.objects.filter(profile=profile).latest("seq").causes[0])


def score(profile):
    return str(GradingState.objects.get(pk=profile.pk).score)


def test_a_changed_letter_moves_the_grade_and_says_why(client, edith, profile):
    client.force_login(edith)
    publisher = Publisher.objects.get()
    save(client, Publisher, publisher.pk, reliability="C", reliability_reason="It invented a quote.")
    assert score(profile) == "0.70"
    assert last_cause(profile) == f"{publisher.name} went from Reliability B to Reliability C."


def test_the_desk_says_what_to_look_at(client, edith, profile):
    client.force_login(edith)
    address = on_the_desk(Profile, profile.pk)
    assert "is an origin" not in client.get(address).text
    cite(profile, make_source("The echo", derived_from=[make_source("The lost memo")]), judgements=["j2"])
    cite(profile, make_source("The aside"), judgements=[])
    Judgement.objects.filter(key="j1").update(essential=True)
    Citation.objects.filter(source__title="The report").update(credibility=5, direct=False)
    settle()
    text = html.unescape(client.get(address).text)
    assert "“The lost memo”" in text
    assert "is an origin that the reports go back to, but it is not cited beside them." in text
    assert "“The aside”" in text
    assert "is attached to no judgement, so it takes no part in the grade." in text
    assert "Too little is on file to publish a view" in text


def test_the_desk_flags_and_finds_grades_that_rest_on_one_line(client, edith, profile):
    client.force_login(edith)
    several = make_profile("several", live=True, judgements={"j1": "It is."})
    for _ in range(2):
        cite(several)
    bare = make_profile("bare", live=True, judgements={"j1": "It is."})
    cite(bare, stance="disputes")
    settle()
    cite(make_profile("not-graded-yet", live=True))

    def found(**asked):
        response = client.get(reverse("admin:profiles_profile_changelist"), asked)
        return {one.slug: ProfileAdmin(Profile, admin.site).flags(one) for one in response.context["cl"].result_list}

    assert found() == {"bare": "", "example": "one line of evidence", "not-graded-yet": "being updated", "several": ""}
    assert found(rests_on="one") == {"example": "one line of evidence"}
    assert found(rests_on="several") == {"several": ""}
    assert found(rests_on="none") == {"bare": ""}
    withdraw_profile(profile_id=profile.pk)
    settle()
    assert found()["example"] == "withdrawn, one line of evidence"
    report = Source.objects.get(title="The report")
    text = html.unescape(client.get(on_the_desk(Profile, profile.pk)).text)
    sentence = f"rests on one line of evidence: without “The report” ({report.publisher.name}) it would be 0.00."
    assert sentence in text
    assert ONE_LINE in text
    assert sentence not in client.get(on_the_desk(Profile, several.pk)).text


def test_the_list_of_profiles_costs_the_same_queries_with_one_or_many(
    client, edith, profile, django_assert_num_queries
):
    client.force_login(edith)
    address = reverse("admin:profiles_profile_changelist")
    client.get(address)
    with CaptureQueriesContext(connection) as one:
        client.get(address)
    for _ in range(5):
        make_profile(live=True, cited=True)
    settle()
    with django_assert_num_queries(len(one)):
        client.get(address)


def test_a_changed_date_moves_the_grade_and_says_why(client, edith, profile):
    client.force_login(edith)
    save(client, Source, Source.objects.get().pk, published_on="2020-01-01")
    assert score(profile) < "0.80"
    assert last_cause(profile) == "“The report” is now dated 1 January 2020, before: dated 1 June 2026."


def test_a_derivation_added_on_the_desk_moves_the_grade_and_says_why(client, edith, profile):
    client.force_login(edith)
    origin = make_source("The origin")
    save(
        client,
        Source,
        Source.objects.get(title="The report").pk,
        **{"derivations-TOTAL_FORMS": "1", "derivations-0-origin": origin.pk, "derivations-0-position": "0"},
    )
    assert score(profile) == "0.47"
    assert last_cause(profile) == "“The report” is now known to repeat “The origin”."


def test_a_citation_added_on_the_desk_rests_under_the_chosen_judgements(client, edith, profile):
    client.force_login(edith)
    source = make_source("Another report", reliability="D")
    save(
        client,
        Profile,
        profile.pk,
        **{
            "citations-TOTAL_FORMS": "2",
            "citations-1-source": source.pk,
            "citations-1-position": "1",
            "citations-1-stance": "supports",
            "citations-1-credibility": "2",
            "citations-1-direct": "on",
            "citations-1-rests": [Judgement.objects.get(key="j1").pk],
        },
    )
    citation = Citation.objects.get(source=source)
    assert [judgement.key for judgement in citation.judgements.all()] == ["j1"]
    assert score(profile) == "0.86"


def test_a_judgement_marked_essential_moves_the_grade(client, edith, profile):
    client.force_login(edith)
    save(client, Profile, profile.pk, **{"judgements-1-essential": "on"})
    assert score(profile) == "0.00"
    assert last_cause(profile) == "“It is large” is now an essential judgement."


def test_a_judgement_can_rest_on_a_source_only_once(client, edith, profile):
    client.force_login(edith)
    address = on_the_desk(Profile, profile.pk)
    changes = {
        "citations-TOTAL_FORMS": "2",
        "citations-1-source": Source.objects.get().pk,
        "citations-1-position": "1",
        "citations-1-stance": "disputes",
        "citations-1-credibility": "2",
        "citations-1-rests": [Judgement.objects.get(key="j1").pk],
    }
    response = client.post(address, form_of(client.get(address)) | changes)
    assert "j1 can rest on “The report” only once." in response.text
    assert Citation.objects.count() == 1


def test_a_draft_is_published_from_its_form(client, edith, profile):
    client.force_login(edith)
    draft = make_revision(profile, name="Example Registry", statements={"j1": "It was founded in 2004."})
    save(client, Revision, draft.pk, _publish="1", standfirst="A registry.")
    profile.refresh_from_db()
    assert profile.live_revision == draft
    assert profile.live_revision.standfirst == "A registry."


def test_a_text_with_a_flaw_is_saved_and_not_published(client, edith, profile):
    client.force_login(edith)
    draft = make_revision(profile, name="Example", statements={"j1": "It was founded in 2004."})
    address = on_the_desk(Revision, draft.pk)
    response = client.post(address, form_of(client.get(address)) | {"name": "The report", "_publish": "1"}, follow=True)
    assert "The name is the title of one of the sources" in response.text
    profile.refresh_from_db()
    assert profile.live_revision != draft
    assert Revision.objects.get(pk=draft.pk).name == "The report"


def test_a_new_draft_of_no_text_is_not_found(client, edith):
    client.force_login(edith)
    assert client.post("/admin/profiles/revision/one/change/", {"_draft": "1"}).status_code == 404


def test_a_new_draft_starts_from_the_live_text(client, edith, profile):
    client.force_login(edith)
    client.post(on_the_desk(Revision, profile.live_revision_id), {"_draft": "1"})
    draft = profile.revisions.get(approved_at=None)
    assert draft.statements == profile.live_revision.statements


def test_a_profile_is_withdrawn_and_put_up_again(client, edith, wanda, profile):
    address, chosen = reverse("admin:profiles_profile_changelist"), {"_selected_action": [profile.pk]}
    client.force_login(wanda)
    client.post(address, {"action": "withdraw", **chosen})
    assert client.get("/profiles/example/").status_code == 200
    client.force_login(edith)
    client.post(address, {"action": "withdraw", **chosen})
    assert client.get("/profiles/example/").status_code == 410
    client.post(address, {"action": "put_up_again", **chosen})
    assert client.get("/profiles/example/").status_code == 200


def test_an_author_does_not_touch_what_is_live(client, wanda, profile):
    client.force_login(wanda)
    live, source = on_the_desk(Profile, profile.pk), on_the_desk(Source, Source.objects.get().pk)
    assert client.post(live, {}).status_code == 403
    assert client.post(source, {}).status_code == 403
    draft = make_profile("draft", judgements={"j1": "It is."})
    assert client.get(on_the_desk(Profile, draft.pk)).status_code == 200
    revision = draft.revisions.get()
    address = on_the_desk(Revision, revision.pk)
    assert client.post(address, form_of(client.get(address)) | {"_publish": "1"}).status_code == 403


def test_grades_are_shown_on_the_desk_and_nobody_edits_them(client, profile):
    client.force_login(make_user("root@example.org", is_staff=True, is_superuser=True))
    grade = Grade.objects.get()
    response = client.get(on_the_desk(Grade, grade.pk))
    assert response.status_code == 200
    assert client.post(on_the_desk(Grade, grade.pk), {"score": "1"}).status_code == 403
    for model in (Profile, Source, Publisher, Revision, Grade, GradingState):
        listed = client.get(reverse(f"admin:profiles_{model._meta.model_name}_changelist"))
        assert listed.status_code == 200
    assert "0.80 · Grade A/B · Strong" in client.get(reverse("admin:profiles_profile_changelist")).text


def test_the_officer_sees_no_profile_on_the_desk(client, otto, profile):
    client.force_login(otto)
    assert client.get(reverse("admin:profiles_profile_changelist")).status_code == 403


def test_a_publisher_in_use_cannot_be_deleted(client, edith, profile):
    client.force_login(edith)
    used, unused = Publisher.objects.get(), make_publisher()
    for publisher in (used, unused):
        client.post(reverse("admin:profiles_publisher_delete", args=[publisher.pk]), {"post": "yes"})
    assert list(Publisher.objects.all()) == [used]


def test_the_list_of_sources_counts_them_once(client, edith, profile):
    client.force_login(edith)
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/admin/profiles/source/").status_code == 200
    counts = [one for one in asked.captured_queries if "COUNT(*)" in one["sql"] and "profiles_source" in one["sql"]]
    assert len(counts) == 1


# --- Bad input --------------------------------------------------------------------------------------------------------


def refused(client, model, pk, **changes):
    """What the form says when it does not take the changes."""
    address = on_the_desk(model, pk)
    response = client.post(address, form_of(client.get(address)) | changes)
    assert response.status_code == 200
    return html.unescape(response.text)


def test_a_source_cannot_be_derived_from_itself(client, edith, profile):
    client.force_login(edith)
    source = Source.objects.get()
    says = refused(
        client,
        Source,
        source.pk,
        **{"derivations-TOTAL_FORMS": "1", "derivations-0-origin": source.pk, "derivations-0-position": "0"},
    )
    assert "A source cannot be derived from itself." in says


def test_a_source_that_is_on_file_is_not_filed_twice(client, edith, profile):
    client.force_login(edith)
    source, other = make_source("One", url="https://www.example.org/a/?utm_source=x"), make_source("Two")
    assert "on file already: “One”" in refused(client, Source, other.pk, url="http://example.org/a")
    publisher = source.publisher_id
    bare = make_source("Three", publisher=source.publisher)
    says = refused(client, Source, other.pk, title="Three", publisher=publisher, published_on=str(bare.published_on))
    assert "on file already: “Three”" in says


def test_an_address_too_long_for_the_index_is_said_to_be(client, edith, profile):
    client.force_login(edith)
    says = refused(client, Source, Source.objects.get().pk, url="https://example.org/" + "ä" * 1100)
    assert "This address is longer than 2000 bytes." in says


def test_a_facet_is_answered_once(client, edith):
    client.force_login(edith)
    profile = make_profile("draft", facets={"region": "Africa"})
    says = refused(
        client,
        Revision,
        profile.revisions.get().pk,
        **{"facet_values-TOTAL_FORMS": "2", "facet_values-1-term": make_term("region", "Europe").pk},
    )
    assert "Region is answered twice" in says


def test_what_two_people_break_together_is_told_in_the_words_of_the_promise(client, edith, profile, monkeypatch):
    client.force_login(edith)
    monkeypatch.setattr(Source, "clean", lambda source: None)  # the other one saves after our form has checked
    make_source("One", url="https://example.org/a")
    address = on_the_desk(Source, Source.objects.get(title="The report").pk)
    response = client.post(address, form_of(client.get(address)) | {"url": "https://example.org/a"}, follow=True)
    assert "Not saved: somebody else has changed this meanwhile. Look at it again." in response.text
    assert Source.objects.get(title="The report").url == ""


@pytest.mark.parametrize(
    ("field", "held"),
    [
        ("statements", '["It was founded in 2004."]'),
        ("statements", '{"j1": 5}'),
        ("statements", '{"j1": "NUL \\u0000"}'),
        ("statements", '{"": "Of no judgement."}'),
        ("sections", '{"heading": "What happened", "body": "Something."}'),
        ("sections", '[{"heading": "What happened"}]'),
        ("sections", '[{"heading": "What happened", "body": null}]'),
        ("outlook", '["now"]'),
        ("outlook", '{"now": "Quiet."}'),
        ("outlook", '{"soon": {"headline": "Quiet"}}'),
    ],
)
def test_a_text_that_no_page_could_show_is_refused_with_what_would_be_right(client, edith, profile, field, held):
    client.force_login(edith)
    draft = make_revision(profile, statements={"j1": "It was founded in 2004."})
    assert WANTED[field] in refused(client, Revision, draft.pk, **{field: held})


def test_an_emptied_text_holds_nothing(client, edith, profile):
    client.force_login(edith)
    draft = make_revision(profile, statements={"j1": "So."}, sections=[{"heading": "A", "body": "B"}])
    save(client, Revision, draft.pk, statements="", sections="", outlook="")
    draft.refresh_from_db()
    assert (draft.statements, draft.sections, draft.outlook) == ({}, [], {})


def test_a_citation_of_a_judgement_that_has_gone_meanwhile_is_told_so(client, edith, profile):
    client.force_login(edith)
    address = on_the_desk(Profile, profile.pk)
    stale = form_of(client.get(address))
    gone = profile.judgements.get(key="j2").pk
    profile.judgements.filter(pk=gone).delete()
    response = client.post(address, stale | {"citations-0-rests": [gone]})
    assert response.status_code == 200
    assert f"{gone} is not one of the available choices" in response.text


def test_a_nul_in_the_address_of_the_desk_is_a_bad_request(client, edith):
    client.force_login(edith)
    address = reverse("admin:profiles_source_changelist")
    assert client.get(f"{address}?language=%00").status_code == 400


def test_a_profile_of_many_citations_is_saved_on_the_desk(client, edith, profile):
    client.force_login(edith)
    publisher = make_publisher()
    for number in range(150):
        cite(profile, make_source(f"Of many, {number}", publisher=publisher))
    settle()
    save(client, Profile, profile.pk, last_verified="2026-06-01")
    profile.refresh_from_db()
    assert str(profile.last_verified) == "2026-06-01"


def test_a_citation_names_the_judgements_it_may_support_in_their_words(client, edith, profile):
    client.force_login(edith)
    text = html.unescape(client.get(on_the_desk(Profile, profile.pk)).text)
    statement = profile.live_revision.statements["j1"]
    assert f"j1 · {statement}" in text


# --- Deleting a profile -----------------------------------------------------------------------------------------------


@pytest.fixture
def root(client):
    client.force_login(make_user("root@example.org", is_staff=True, is_superuser=True))


def test_a_draft_is_deleted_with_all_that_is_its_own(client, root):
    draft = make_profile("never-read", judgements={"j1": "It is large."})
    source = cite(draft, make_source("The report"), direct=True).source
    settle()
    address = reverse("admin:profiles_profile_delete", args=[draft.pk])
    assert "Yes, I’m sure" in html.unescape(client.get(address).text)
    assert client.post(address, {"post": "yes"}).status_code == 302
    settle()
    left = [Profile, Revision, Citation, Judgement, GradingState]
    assert [model.objects.count() for model in left] == [0] * len(left)
    assert Source.objects.get() == source


def test_what_was_published_is_withdrawn_and_not_deleted(client, root, profile):
    withdraw_profile(profile_id=profile.pk, by=None)
    address = reverse("admin:profiles_profile_delete", args=[profile.pk])
    assert client.post(address, {"post": "yes"}).status_code == 403
    assert address not in client.get(reverse("admin:profiles_profile_change", args=[profile.pk])).text
    chosen = {"action": "delete_selected", "_selected_action": [profile.pk], "post": "yes"}
    told = client.post(reverse("admin:profiles_profile_changelist"), chosen).text
    assert "example has been published: withdraw it" in told
    assert Profile.objects.get() == profile
