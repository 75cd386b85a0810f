"""The intake on the desk: paste, look, decide."""

import html

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from profiles.admin.intake import IntakeAdmin
from profiles.intake import actions
from profiles.models import Choice, Derivation, Intake, IntakeText, Progress, Publisher, Source
from tests.builders import cite, derive, make_profile, make_publisher, make_source, make_user
from tests.profiles.intake import articles

pytestmark = pytest.mark.django_db

LIST, PASTE = "/admin/profiles/intake/", "/admin/profiles/intake/add/"


@pytest.fixture
def desk(client, edith):
    client.force_login(edith)
    return client


def paste(client, text, **fields):
    response = client.post(PASTE, {"pasted": text, **fields})
    assert response.status_code == 302, response.context["form"].errors
    return Intake.objects.latest("pk")


def page_of(intake):
    return reverse("admin:profiles_intake_change", args=[intake.pk])


def shown(response):
    assert response.status_code == 200
    return " ".join(html.unescape(response.text).split())


def form_of(response):
    """Everything a browser would send back unchanged."""
    forms = [response.context["filing"], *(form for _shown, form in response.context["asked"])]
    fields = [field for form in forms if form for field in form]
    return {field.html_name: "" if field.value() is None else field.value() for field in fields} | {"_take_in": "1"}


def filled(client, intake, **changes):
    """The form as it would be sent: the source's facts given, and by proposal what is said of it."""
    data = form_of(client.get(page_of(intake)))
    data |= {"authors": "\n".join(data.get("authors", [])), "publisher": "Harbour Daily", "published_on": "2024-11-04"}
    return data | changes


def proposal(intake, **fields):
    return intake.proposals.get(**fields)


# --- Who --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "status"), [("wanda", 200), ("edith", 200), ("otto", 403), ("mina", 302)])
def test_authors_and_editors_take_in_articles_and_nobody_else(client, request, who, status):
    [intake] = actions.take(pasted=articles.FIRST_HAND)
    client.force_login(request.getfixturevalue(who))
    for address in (LIST, PASTE, page_of(intake)):
        assert client.get(address).status_code == status
    for address, data in ((PASTE, {"pasted": articles.PLAIN}), (page_of(intake), {"_dismiss": "1"})):
        posted = client.post(address, data)
        assert (posted.status_code == 302 and "/login" not in posted["Location"]) is (status == 200)
    intake.refresh_from_db()
    assert (intake.progress == Progress.DISMISSED) is (status == 200)


def test_whoever_may_only_look_changes_nothing(client):
    looker = make_user(is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename__in=["view_intake", "view_briefing"]))
    [intake] = actions.take(pasted=articles.FIRST_HAND)
    client.force_login(looker)
    assert "File it" not in shown(client.get(page_of(intake)))
    assert client.post(page_of(intake), {"_dismiss": "1"}).status_code == 403


def test_an_article_that_is_not_there_is_not_found(desk):
    assert desk.get("/admin/profiles/intake/99999/change/").status_code in {302, 404}
    assert desk.get("/admin/profiles/intake/zzz/change/").status_code in {302, 404}


# --- Paste ------------------------------------------------------------------------------------------------------------


def test_a_pasted_text_leads_to_what_was_read_and_proposed(desk):
    intake = paste(desk, articles.FIRST_HAND)
    text = shown(desk.get(page_of(intake)))
    assert "It names a report by Tidewater Press, 1 November." in text
    assert "<mark>first reported by Tidewater Press</mark>" in text
    assert "No source on file" not in text
    assert f'<span id="passage-{proposal(intake, thing="report").pk}"></span><mark>' in text


def test_what_is_wrong_stands_beside_the_field_and_nothing_typed_is_lost(desk):
    response = desk.post(PASTE, {"pasted": "https://example.org/a\n---\nMy own text."})
    assert response.context["form"].errors["pasted"] == [actions.OFF]
    assert "My own text." in shown(response)
    assert Intake.objects.count() == 0


def test_several_texts_lead_to_the_list_with_their_progress(desk):
    desk.post(PASTE, {"pasted": "\n---\n".join(articles.ALL)})
    Intake.objects.create(url="https://example.org/a", progress=Progress.FAILED, problem="The host is away.")
    text = shown(desk.get(LIST))
    assert text.count("read, waits for you") >= 5
    assert "failed: The host is away." in text
    assert "Edith" in text


def test_the_list_costs_the_same_queries_with_one_article_or_many(desk, django_assert_num_queries):
    paste(desk, articles.PLAIN)
    desk.get(LIST)
    with CaptureQueriesContext(connection) as one:
        desk.get(LIST)
    asked = len(one)
    desk.post(PASTE, {"pasted": "\n---\n".join(articles.ALL)})
    desk.get(LIST)
    with django_assert_num_queries(asked):
        desk.get(LIST)


def test_an_article_on_its_way_says_so_and_one_that_failed_says_why(desk):
    queued = Intake.objects.create(url="https://example.org/a")
    assert "The worker reads it in a moment." in shown(desk.get(page_of(queued)))
    failed = Intake.objects.create(url="https://example.org/b?c=d&e=f", progress="failed", problem="It is away.")
    text = shown(desk.get(page_of(failed)))
    assert "It is away." in text
    assert "?address=https%3A%2F%2Fexample.org%2Fb%3Fc%3Dd%26e%3Df" in text
    assert "https://example.org/b?c=d&e=f" in shown(
        desk.get(f"{PASTE}?address=https%3A%2F%2Fexample.org%2Fb%3Fc%3Dd%26e%3Df")
    )
    desk.post(page_of(failed), {"_again": "1"})
    failed.refresh_from_db()
    assert failed.progress == Progress.QUEUED


# --- Decide -----------------------------------------------------------------------------------------------------------


def test_accepting_and_rejecting_files_the_source_and_links_what_was_accepted(desk):
    intake = paste(desk, articles.FIRST_HAND)
    report, paper = (proposal(intake, thing=thing) for thing in ("report", "paper"))
    changes = {f"p{report.pk}-decision": "accept", f"p{paper.pk}-decision": "reject", "authors": "Ann A\nBo, B"}
    response = desk.post(page_of(intake), filled(desk, intake, **changes), follow=True)
    assert "is on file, with 1 origin linked." in shown(response)
    [link] = Derivation.objects.all()
    assert (link.source.publisher.name, link.source.authors) == ("Harbour Daily", ["Ann A", "Bo, B"])
    assert (link.origin.title, link.origin.publisher.name) == ("Report by Tidewater Press", "Tidewater Press")
    assert {one.decision for one in intake.proposals.all()} == {Choice.ACCEPTED, Choice.REJECTED}
    text = shown(desk.get(page_of(intake)))
    assert "Every proposal is decided." in text
    assert "Accepted: " in text.replace("</strong>", "")


def test_the_facts_can_be_put_right_before_anything_is_filed(desk):
    intake = paste(desk, articles.FIRST_HAND)
    data = filled(desk, intake, title="A better title", language="en", url="https://example.org/a")
    desk.post(page_of(intake), data)
    source = Source.objects.get()
    assert (source.title, source.language, source.url) == ("A better title", "en", "https://example.org/a")
    assert source.accessed_on


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"title": ""}, "title", "This field is required."),
        ({"publisher": ""}, "publisher", "This field is required."),
        ({"published_on": "in June"}, "published_on", "Enter a valid date."),
        ({"url": "not an address"}, "url", "Enter a valid URL."),
        ({"authors": "A" * 300}, "authors", "A name has at most 200 characters"),
        ({"url": "https://example.org/" + "ü" * 1900}, "url", "longer than 2000 bytes"),
    ],
)
def test_a_fact_that_cannot_be_filed_is_told_beside_its_field(desk, changes, field, sentence):
    intake = paste(desk, articles.FIRST_HAND)
    response = desk.post(page_of(intake), filled(desk, intake, **changes))
    assert sentence in response.context["filing"].errors[field][0]
    assert Source.objects.count() == 0


def test_an_accepted_origin_needs_a_title_and_a_publisher_or_the_address_of_one_on_file(desk):
    intake = paste(desk, articles.FIRST_HAND)
    paper = proposal(intake, thing="paper")
    accept = {f"p{paper.pk}-decision": "accept"}
    response = desk.post(page_of(intake), filled(desk, intake, **accept))
    [errors] = [form.errors for _shown, form in response.context["asked"] if form.errors]
    assert errors == {"title": ["Give the origin a title."], "publisher": ["Say who published it."]}
    there = make_source("Gates and models", url="https://example.org/paper")
    by_address = {f"p{paper.pk}-url": "http://www.example.org/paper/?utm_source=x"}
    desk.post(page_of(intake), filled(desk, intake, **accept, **by_address))
    assert Derivation.objects.get().origin == there


def test_a_source_on_file_is_found_again_and_said_to_be(desk):
    make_source("As filed", publisher=make_publisher("Harbour Daily", reliability="C"), url="https://example.org/a")
    intake = paste(desk, f"https://example.org/a\n{articles.FIRST_HAND}")
    text = shown(desk.get(page_of(intake)))
    assert "This source is on file already, as “As filed”; it stays as it is" in text
    desk.post(page_of(intake), filled(desk, intake, title="Otherwise"))
    assert Source.objects.get().title == "As filed"


def test_whether_a_publisher_is_new_is_said_before_it_is_filed(desk):
    make_publisher("Harbour Daily", reliability="C")
    intake = paste(desk, articles.FIRST_HAND)
    Intake.objects.update(publisher_name="Harbour Daily")
    assert "Harbour Daily is on file, Reliability C." in shown(desk.get(page_of(intake)))
    Intake.objects.update(publisher_name="Quay News")
    assert "Quay News is not on file; it will be, with Reliability F" in shown(desk.get(page_of(intake)))
    desk.post(page_of(intake), filled(desk, intake, publisher="Quay News"))
    assert Publisher.objects.get(name="Quay News").reliability == "F"


def test_the_origin_of_one_article_is_chosen_for_the_next_without_typing(desk):
    first, second = actions.take(pasted=f"{articles.FIRST_HAND}\n---\n{articles.SECOND_HAND}")
    report = proposal(first, thing="report")
    desk.post(page_of(first), filled(desk, first, **{f"p{report.pk}-decision": "accept"}))
    again = proposal(second, kind="story", thing="report")
    desk.post(page_of(second), filled(desk, second, title="Two", **{f"p{again.pk}-decision": "accept"}))
    links = Derivation.objects.all()
    assert len(links) == 2
    assert len({link.origin_id for link in links}) == 1


def test_a_decision_on_what_a_colleague_has_decided_meanwhile_is_told_and_undone(desk, frank):
    intake = paste(desk, articles.FIRST_HAND)
    report = proposal(intake, thing="report")
    data = filled(desk, intake, **{f"p{report.pk}-decision": "accept"})
    other = desk.__class__()
    other.force_login(frank)
    other.post(page_of(intake), filled(other, intake, **{f"p{report.pk}-decision": "reject"}))
    response = desk.post(page_of(intake), data, follow=True)
    assert "Somebody else has decided one of these proposals meanwhile." in shown(response)
    assert Derivation.objects.count() == 0


def test_an_author_is_told_that_an_editor_links_what_is_live_or_prepares_it_on_a_draft(client, wanda):
    publisher = make_publisher("Harbour Daily")
    live = make_source("On file", publisher=publisher, url="https://example.org/a")
    cite(make_profile("live", live=True), live)
    draft = make_profile("a-draft")
    client.force_login(wanda)
    intake = paste(client, f"https://example.org/a\n{articles.FIRST_HAND}")
    report = proposal(intake, thing="report")
    accept = {f"p{report.pk}-decision": "accept"}
    response = client.post(page_of(intake), filled(client, intake, **accept))
    assert "A live profile rests on this source, so an editor links it" in shown(response)
    assert Derivation.objects.count() == 0
    client.post(page_of(intake), filled(client, intake, **accept, profile=draft.pk))
    assert Derivation.objects.get().draft_of == draft


def test_a_live_profile_is_not_offered_as_a_draft(desk):
    live = make_profile("live", live=True)
    response = desk.post(PASTE, {"pasted": articles.PLAIN, "profile": live.pk})
    assert "Select a valid choice" in response.context["form"].errors["profile"][0]


def test_an_origin_that_would_be_the_source_itself_is_refused_beside_it(desk):
    intake = paste(desk, articles.FIRST_HAND)
    report = proposal(intake, thing="report")
    itself = {"title": "One", "url": "https://example.org/a", f"p{report.pk}-url": "https://example.org/a"}
    response = desk.post(
        page_of(intake),
        filled(desk, intake, **itself, **{f"p{report.pk}-decision": "accept"}),
    )
    assert "cannot be derived from itself" in shown(response)
    assert (Source.objects.count(), Publisher.objects.count()) == (0, 0)


def test_a_passage_of_half_an_article_is_shown_by_its_ends(desk):
    actions.take(pasted=f"{articles.SECOND_HAND}\n---\nCopied word for word\n{articles.SECOND_HAND}")
    copy = Intake.objects.get(title="Copied word for word")
    whole = proposal(copy, kind="passage")
    text = shown(desk.get(page_of(copy)))
    says = text.partition(f'id="proposal-{whole.pk}"')[2].partition("</blockquote>")[0]
    assert whole.end - whole.start > 700
    assert "Northwind has announced" in says
    assert len(says) < 1500


def test_put_aside_is_put_aside(desk):
    intake = paste(desk, articles.FIRST_HAND)
    desk.post(page_of(intake), {"_dismiss": "1"})
    intake.refresh_from_db()
    assert intake.progress == Progress.DISMISSED
    assert "Tidewater" not in shown(desk.get(page_of(intake))).replace(str(intake), "")


def test_a_text_that_was_forgotten_is_said_to_be(desk):
    intake = paste(desk, articles.FIRST_HAND)
    IntakeText.objects.all().delete()
    assert "The text is no longer kept." in shown(desk.get(page_of(intake)))


def test_an_article_that_has_gone_is_named_no_more(desk):
    first, second = actions.take(pasted=f"{articles.FIRST_HAND}\n---\n{articles.SECOND_HAND}")
    first.delete()
    assert "“an article that has gone”" in shown(desk.get(page_of(second)))


def test_what_others_wrote_cannot_write_on_the_desk(desk):
    bad = "<script>alert(1)</script> was first reported by <b>Tidewater Press</b>, according to Evil<img src=x>."
    intake = paste(desk, f"<script>alert(2)</script>\n{bad}")
    text = desk.get(page_of(intake)).text
    assert "<script>alert" not in text
    assert "<img src=x>" not in text


def test_the_columns_of_the_list_can_be_sorted_and_searched(desk):
    paste(desk, articles.FIRST_HAND)
    assert desk.get(LIST, {"q": "Northwind", "o": "1", "progress": "read"}).status_code == 200
    assert IntakeAdmin.search_fields == ["title", "url", "publisher_name"]


def test_links_on_file_are_offered_from_the_other_article(desk):
    first, second = actions.take(pasted=f"{articles.FIRST_HAND}\n---\n{articles.SECOND_HAND}")
    desk.post(page_of(first), filled(desk, first, title="First"))
    first.refresh_from_db()
    derive(first.source, make_source("Northwind's statement"))
    quoted = proposal(second, kind="quotation")
    text = shown(desk.get(page_of(second)))
    assert f'name="p{quoted.pk}-origin"' in text
    assert "“Northwind's statement”" in text
