"""Texts of the site: previewed, never overwritten unseen, and every wording kept with who wrote it."""

import re

import pytest
from django.db import Error, connection, transaction
from django.urls import reverse
from django.utils.html import strip_tags

from profiles.models import Page, Ticket, Wording
from tests.builders import make_profile, make_term
from tests.profiles.test_views_site import write_first_pages

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def first_pages(db):
    write_first_pages()


@pytest.fixture
def about():
    return Page.objects.get(slug="about")


def form(name, *args):
    return reverse(f"admin:profiles_{name}", args=args)


def seen(client, page):
    return client.get(form("page_change", page.pk)).context["adminform"].form["seen"].value()


def save(client, page, body, **fields):
    return client.post(form("page_change", page.pk), {"title": page.title, "body": body, **fields})


def test_each_wording_is_kept_with_who_wrote_it_and_when(client, edith, frank, about):
    for editor, body in ((edith, "First."), (frank, "Second.")):
        client.force_login(editor)
        assert save(client, about, body, seen=seen(client, about)).status_code == 302
    newest, before = about.wordings.order_by("-pk")[:2]
    assert [(one.body, one.actor) for one in (newest, before)] == [("Second.", frank.pk), ("First.", edith.pk)]
    page = client.get(form("page_change", about.pk)).text
    assert "Frank (as it stands)" in page
    assert "from a command or the installation" in page
    old = client.get(form("page_wording", about.pk, before.pk)).text
    assert "<p>First.</p>" in old
    assert "Edith" in old


def test_a_save_that_changes_no_word_adds_no_wording(client, edith, about):
    client.force_login(edith)
    before = about.wordings.count()
    for body, more in (("The same.", 1), ("The same.", 1), ("Another.", 2)):
        assert save(client, about, body, seen=seen(client, about)).status_code == 302
        assert about.wordings.count() == before + more


def test_what_is_changed_by_sql_is_kept_too_and_no_wording_is_ever_changed(about):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE profiles_page SET body = 'By SQL.' WHERE id = %s", [about.pk])
    assert (about.wordings.first().body, about.wordings.first().actor) == ("By SQL.", None)
    with pytest.raises(Error, match="Cannot update"), transaction.atomic():
        Wording.objects.update(body="Rewritten.")


def test_of_two_editors_the_second_is_told_and_keeps_what_they_wrote(client, edith, about):
    client.force_login(edith)
    opened = seen(client, about)
    save(client, about, "Mine.", seen=opened)
    answer = save(client, about, "Theirs, written meanwhile.", seen=opened)
    assert "Somebody else has changed this text meanwhile." in answer.text
    assert "Theirs, written meanwhile." in answer.text
    about.refresh_from_db()
    assert about.body == "Mine."


def test_a_preview_shows_what_readers_will_see_and_saves_nothing(client, edith, about):
    client.force_login(edith)
    answer = client.post(form("page_preview"), {"title": "New", "body": "# Head\n\n*Hello* <script>alert(1)</script>"})
    assert "<h2>Head</h2>" in answer.text
    assert "<em>Hello</em>" in answer.text
    assert "<script>alert" not in answer.text
    assert answer["Cache-Control"] == "private, no-store"
    assert not Page.objects.filter(title="New").exists()
    assert f'formaction="{form("page_preview")}"' in client.get(form("page_change", about.pk)).text
    assert client.get(form("page_preview")).status_code == 302


def test_the_introduction_of_a_term_is_previewed_and_kept_alike(client, edith):
    client.force_login(edith)
    term = make_term("region", "Africa")
    assert not term.wordings.exists()
    fields = {"facet": "region", "name": "Africa", "slug": "africa", "introduction": "**Fifty-four** countries."}
    assert client.post(form("term_change", term.pk), fields).status_code == 302
    assert [(one.body, one.actor) for one in term.wordings.all()] == [("**Fifty-four** countries.", edith.pk)]
    preview = client.post(form("term_preview"), {"name": "Africa", "introduction": "**Fifty-four**"})
    assert "<strong>Fifty-four</strong>" in preview.text
    make_profile(live=True, facets={"region": "Africa"})
    assert "<strong>Fifty-four</strong>" in client.get("/facets/region/africa/").text


def test_who_may_not_edit_texts_sees_neither_previews_nor_wordings(client, otto, about):
    client.force_login(otto)
    assert client.post(form("page_preview"), {"title": "x", "body": "y"}).status_code == 302
    assert client.get(form("page_wording", about.pk, about.wordings.first().pk)).status_code == 404


def test_pages_stand_at_three_addresses_and_none_is_removed(client, edith, about):
    client.force_login(edith)
    assert client.get(form("page_add")).status_code == 403
    assert client.post(form("page_delete", about.pk), {"post": "yes"}).status_code == 403
    Page.objects.filter(slug="terms").delete()
    answer = client.post(form("page_add"), {"slug": "elsewhere", "title": "T", "body": "B"})
    assert "A page stands at one of these addresses" in answer.text
    assert client.post(form("page_add"), {"slug": "terms", "title": "T", "body": "B"}).status_code == 302


# --- What the first pages say -------------------------------------------------------------------------------------------


def words(client, address):
    return re.sub(r"\s+", " ", strip_tags(client.get(address).text))


def test_the_page_on_privacy_gives_the_spans_that_the_code_keeps_to(client, settings):
    from config import mailing

    said = words(client, "/privacy/")
    assert f"removed {mailing.KEPT.days} days after the mail has left" in said
    assert f"{Ticket.KEPT.days} days after your report has been answered or closed" in said
    assert settings.SESSION_COOKIE_AGE == 14 * 24 * 3600
    assert "otherwise it ends after two weeks" in said
    assert "no third party learns" in said


def test_whoever_wrote_their_own_page_keeps_it(about):
    Page.objects.filter(slug="about").update(body="Ours.")
    write_first_pages()
    assert Page.objects.get(slug="about").body == "Ours."


def test_the_demo_says_that_it_is_one(client):
    from briefings.demo.pages import say_it_is_a_demo

    say_it_is_a_demo()
    say_it_is_a_demo()
    for address in ("/about/", "/privacy/"):
        assert words(client, address).count("This is a demonstration") == 1
