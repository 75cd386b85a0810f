"""Two editors at once: the second save overwrites nothing silently, and nothing that was typed is lost."""

import html
import json
import re
import threading

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from profiles.models import Citation, Profile, Publisher, Revision, Source
from tests.builders import cite, judge, make_profile, make_publisher, make_source, make_term, make_user
from tests.profiles.test_admin import form_of, on_the_desk

pytestmark = pytest.mark.django_db


def opened(client, row):
    """The form as a browser has it, with what it was opened with."""
    response = client.get(on_the_desk(type(row), row.pk))
    return form_of(response) | {"_opened": response.context["opened"]}


def send(client, row, form, **changes):
    return client.post(on_the_desk(type(row), row.pk), form | changes)


def again(client, row, response, **choices):
    """Send the page back as it came, with the choices that are preset unless others are made."""
    preset = {one.choice: one.preset for one in response.context["compared"].differences}
    form = form_of(response) | {"_opened": response.context["opened"]} | preset
    return client.post(on_the_desk(type(row), row.pk), form | choices)


def choices(response):
    return {one.name: (one.mine, one.theirs, one.preset) for one in response.context["compared"].differences}


@pytest.fixture
def draft():
    return make_profile(
        "example", name="Example", standfirst="As it was.", facets={"region": "Africa"}, aliases=["One", "Two"]
    ).revisions.get()


@pytest.fixture
def desk(client, edith):
    client.force_login(edith)
    return client


def test_a_save_that_nobody_else_came_before_goes_through(desk, draft):
    response = send(desk, draft, opened(desk, draft), standfirst="Mine.\r\nTwo lines.")
    assert response.status_code == 302
    draft.refresh_from_db()
    form = opened(desk, draft)
    assert send(desk, draft, form).status_code == 302  # line ends of a browser are no change


def test_both_texts_are_shown_and_nothing_is_saved_before_one_is_chosen(desk, draft, frank):
    form = opened(desk, draft)
    other = Client()
    other.force_login(frank)
    assert send(other, draft, opened(other, draft), standfirst="Theirs.").status_code == 302
    response = send(desk, draft, form, standfirst="Mine.", base="Mauritius")
    page = html.unescape(response.text)
    assert response.status_code == 200
    assert "Not saved yet: somebody else saved this while you were writing." in page
    assert "Last by Frank" in page
    assert choices(response) == {"standfirst": ("Mine.", "Theirs.", "mine")}
    assert "Mine." in page
    assert "Mauritius" in page
    draft.refresh_from_db()
    assert (draft.standfirst, draft.base) == ("Theirs.", "")


@pytest.mark.parametrize(("choice", "kept"), [("mine", "Mine."), ("theirs", "Theirs.")])
def test_what_was_chosen_is_saved_with_everything_else_that_was_typed(desk, draft, choice, kept):
    form = opened(desk, draft)
    Revision.objects.filter(pk=draft.pk).update(standfirst="Theirs.")
    response = send(desk, draft, form, standfirst="Mine.", base="Mauritius")
    assert again(desk, draft, response, **{"_choose-standfirst": choice}).status_code == 302
    draft.refresh_from_db()
    assert (draft.standfirst, draft.base) == (kept, "Mauritius")


def test_what_only_they_have_changed_is_theirs_unless_one_says_otherwise(desk, draft):
    form = opened(desk, draft)
    Revision.objects.filter(pk=draft.pk).update(standfirst="Theirs.", aliases=["Two", "Three"])
    response = send(desk, draft, form, base="Mauritius")
    assert choices(response) == {
        "standfirst": ("As it was.", "Theirs.", "theirs"),
        "aliases": ("One\nTwo", "Two\nThree", "theirs"),
    }
    again(desk, draft, response)
    draft.refresh_from_db()
    assert (draft.standfirst, draft.aliases, draft.base) == ("Theirs.", ["Two", "Three"], "Mauritius")


def test_the_same_change_by_both_is_no_conflict(desk, draft):
    form = opened(desk, draft)
    Revision.objects.filter(pk=draft.pk).update(standfirst="The same.")
    assert send(desk, draft, form, standfirst="The same.").status_code == 302


def test_a_third_save_while_one_chooses_is_shown_as_well(desk, draft):
    form = opened(desk, draft)
    Revision.objects.filter(pk=draft.pk).update(standfirst="Theirs.")
    response = send(desk, draft, form, standfirst="Mine.")
    Revision.objects.filter(pk=draft.pk).update(standfirst="A third.")
    response = again(desk, draft, response, **{"_choose-standfirst": "theirs"})
    assert choices(response)["standfirst"][1] == "A third."
    draft.refresh_from_db()
    assert draft.standfirst == "A third."


def test_a_form_with_another_mistake_still_knows_what_it_was_opened_with(desk, draft):
    form = opened(desk, draft)
    response = send(desk, draft, form, name="", standfirst="Mine.")
    assert response.status_code == 200
    Revision.objects.filter(pk=draft.pk).update(standfirst="Theirs.")
    response = send(desk, draft, form_of(response) | {"_opened": response.context["opened"]}, name="Example")
    assert choices(response) == {"standfirst": ("Mine.", "Theirs.", "mine")}


@pytest.mark.parametrize(
    "broken", ["", "[]", "{}", '{"fields": 1}', "\x01", '{"fields": {}, "rows": {"facet_values": 1}}']
)
def test_a_form_that_does_not_say_what_it_was_opened_with_is_saved_as_before(desk, draft, broken):
    form = opened(desk, draft) | {"_opened": broken}
    assert send(desk, draft, form, standfirst="Mine.").status_code == 302


# --- Rows -------------------------------------------------------------------------------------------------------------


def test_a_row_that_both_have_changed_is_chosen_as_one(desk, draft):
    value, form = draft.facet_values.get(), opened(desk, draft)
    draft.facet_values.update(rationale="Theirs.")
    response = send(desk, draft, form, **{"facet_values-0-rationale": "Mine."})
    assert choices(response) == {f"facet_values-{value.pk}": ("Rationale: Mine.", "Rationale: Theirs.", "mine")}
    again(desk, draft, response, **{f"_choose-facet_values-{value.pk}": "theirs"})
    assert draft.facet_values.get().rationale == "Theirs."


def test_a_row_that_one_removes_and_the_other_changes_is_chosen(desk, draft):
    value, form = draft.facet_values.get(), opened(desk, draft)
    draft.facet_values.update(rationale="Theirs.")
    response = send(desk, draft, form, **{"facet_values-0-DELETE": "on"})
    assert choices(response)[f"facet_values-{value.pk}"][::2] == ("removed", "mine")
    again(desk, draft, response, **{f"_choose-facet_values-{value.pk}": "theirs", "facet_values-0-DELETE": "on"})
    assert draft.facet_values.get().rationale == "Theirs."


def test_a_row_that_they_removed_is_gone_or_taken_up_again_if_one_wrote_into_it(desk, draft):
    untouched, form = opened(desk, draft), opened(desk, draft)
    draft.facet_values.all().delete()
    response = send(desk, draft, untouched, standfirst="Mine.")
    assert "that you had not changed; it is gone" in response.text
    assert again(desk, draft, response).status_code == 302
    assert not draft.facet_values.exists()
    response = send(desk, draft, form | {"standfirst": "Mine."}, **{"facet_values-0-rationale": "Mine."})
    assert "what you wrote stands below as a new one" in response.text
    assert again(desk, draft, response).status_code == 302
    assert draft.facet_values.get().rationale == "Mine."


def test_a_row_that_they_added_is_shown_and_stays(desk, draft):
    form = opened(desk, draft)
    draft.facet_values.create(term=make_term("topic", "Names"), rationale="Theirs.")
    response = send(desk, draft, form, standfirst="Mine.")
    assert "Somebody else has added “Topic: Names”; it stands below." in response.text
    assert again(desk, draft, response).status_code == 302
    draft.refresh_from_db()
    assert (draft.standfirst, draft.facet_values.count()) == ("Mine.", 2)


@pytest.fixture
def profile():
    profile = make_profile("cited", live=True, judgements={"j1": "So.", "j2": "So too."})
    cite(profile, make_source("The report"), establishes="That it is so.")
    cite(profile, make_source("The other"))
    return profile


def test_a_citation_that_two_editors_change_is_shown_with_what_both_say(desk, profile):
    form, citation = opened(desk, profile), profile.citations.get(source__title="The report")
    Citation.objects.filter(pk=citation.pk).update(credibility=5, direct=True)
    response = send(desk, profile, form, **{"citations-0-establishes": "That it is not."})
    ((name, (mine, theirs, preset)),) = choices(response).items()
    assert name == f"citations-{citation.pk}"
    assert (sorted(mine.splitlines()), preset) == (
        ["Credibility: 2 · probably true", "Direct: no", "Establishes: That it is not."],
        "mine",
    )
    assert "Credibility: 5 · improbable" in theirs
    again(desk, profile, response)
    citation.refresh_from_db()
    assert (citation.credibility, citation.establishes) == (2, "That it is not.")


def test_an_editor_of_one_citation_does_not_undo_that_of_another(desk, profile):
    form, other = opened(desk, profile), profile.citations.get(source__title="The other")
    Citation.objects.filter(pk=other.pk).update(credibility=5)
    response = send(desk, profile, form, **{"citations-0-establishes": "That it is not."})
    assert [preset for _mine, _theirs, preset in choices(response).values()] == ["theirs"]
    assert again(desk, profile, response).status_code == 302
    assert list(profile.citations.values_list("credibility", "establishes")) == [(2, "That it is not."), (5, "")]


def test_a_judgement_added_meanwhile_stays(desk, profile):
    form = opened(desk, profile)
    judge(profile, "j3")
    response = send(desk, profile, form, last_verified="2026-06-01")
    assert "Somebody else has added “j3”" in response.text
    assert again(desk, profile, response).status_code == 302
    assert profile.judgements.count() == 3
    assert str(Profile.objects.get(pk=profile.pk).last_verified) == "2026-06-01"


def test_a_source_and_a_publisher_see_others_as_well(desk):
    source = make_source("The report", publisher=make_publisher("Wire"))
    form = opened(desk, source)
    Source.objects.filter(pk=source.pk).update(title="Their title", published_on="2020-01-01")
    response = send(desk, source, form, title="My title")
    assert choices(response) == {
        "title": ("My title", "Their title", "mine"),
        "published_on": ("2026-06-01", "2020-01-01", "theirs"),
    }
    publisher = source.publisher
    form = opened(desk, publisher)
    Publisher.objects.filter(pk=publisher.pk).update(reliability="D", reliability_reason="It invented a quote.")
    response = send(desk, publisher, form, reliability="C", reliability_reason="It corrects itself.")
    assert choices(response)["reliability"] == ("C · fairly reliable", "D · not usually reliable", "mine")
    assert again(desk, publisher, response).status_code == 302
    publisher.refresh_from_db()
    assert (publisher.reliability, publisher.reliability_reason) == ("C", "It corrects itself.")


def test_what_is_shown_of_others_is_text_and_no_markup(desk, draft):
    form = opened(desk, draft)
    Revision.objects.filter(pk=draft.pk).update(standfirst="<script>alert(1)</script>")
    assert "<script>alert" not in send(desk, draft, form, standfirst="Mine.").text


def test_the_form_says_what_it_was_opened_with_in_little_room(desk, profile):
    for number in range(60):
        cite(profile, make_source(f"Of many, {number}"))
    told = json.loads(opened(desk, profile)["_opened"])
    assert len(told["rows"]["citations"]) == 62
    assert len(json.dumps(told)) < 3000


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_the_same_moment_the_second_is_told_of_the_first():
    draft = make_profile("example", standfirst="As it was.").revisions.get()
    people = [make_user(f"{name}@example.org", name=name, groups=["Editor"]) for name in ("Edith", "Frank")]
    clients, answers = [Client() for _ in people], {}
    for client, person in zip(clients, people, strict=True):
        client.force_login(person)
    forms = [opened(client, draft) for client in clients]
    start = threading.Barrier(2)

    def save(number):
        start.wait(10)
        try:
            answers[number] = send(clients[number], draft, forms[number], standfirst=f"By {people[number].name}.")
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    first, second = sorted(answers, key=lambda number: -answers[number].status_code)
    assert [answers[first].status_code, answers[second].status_code] == [302, 200]
    draft.refresh_from_db()
    assert draft.standfirst == f"By {people[first].name}."
    assert re.search(f"By {people[second].name}", answers[second].text)


def test_a_button_pressed_over_others_changes_takes_no_step(desk, draft, profile):
    cite(draft.profile)
    form = opened(desk, draft)
    Revision.objects.filter(pk=draft.pk).update(standfirst="Theirs.")
    response = send(desk, draft, form, _approve="1", _seen="0")
    assert choices(response)["standfirst"][2] == "theirs"
    draft.refresh_from_db()
    assert draft.stage == "draft"
    assert reverse("admin:profiles_revision_change", args=[draft.pk]) == response.request["PATH_INFO"]
