"""A working day on the desk in a real Chromium, with no hand but an editor's: from a pasted article to a tombstone."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from profiles import actions
from profiles.models import Derivation, Profile, Source
from tests.browser.conftest import log_in, scrolls_sideways
from tests.builders import PASSWORD, settle, typed_code
from tests.profiles.intake import articles

pytestmark = pytest.mark.django_db(transaction=True)

HARBOUR = "https://harbour.example/heron"
STATEMENT = "Its engineers have used a foreign model for dams."


@pytest.fixture(autouse=True)
def as_if_nobody_had_tried_before(settings):
    cache.clear()
    settings.MFA_TOTP_TOLERANCE = 1  # a code may be typed in the last moment of its half minute


@pytest.fixture
def sit_down(open_page):
    """Somebody comes to work: at the desk's own door, with a password and a code."""

    def sit(user):
        page = open_page("/admin/")
        page.get_by_label("Email").fill(user.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_label("Code").fill(typed_code())
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="What needs a hand").wait_for()
        page.set_default_timeout(10_000)
        return page

    return sit


def said(page):
    page.wait_for_load_state()  # of a page that is still arriving one would read the beginning
    return " ".join(page.inner_text("#container").split())


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def choose(page, field, typed, shown):
    """Pick from one of the admin's choosers, as a person would."""
    page.click(f"#id_{field} + .select2")
    page.keyboard.type(typed)
    page.click(f'.select2-results__option:has-text("{shown}")')


def test_a_day_from_a_pasted_article_to_a_tombstone(sit_down, open_page, edith, frank, mina):
    editor = sit_down(edith)
    make_a_profile(editor)
    write_its_text(editor)
    take_in_two_articles(editor)
    cite_them(editor)

    editor.get_by_role("link", name="Delta Works Authority, revision 1").click()
    press(editor, "Save and send to review")
    assert "Delta Works Authority is with the editors for review." in said(editor)
    assert "You wrote on this text, so another editor approves it." in said(editor)

    second = sit_down(frank)
    at = approve_and_schedule(second)
    reader = open_page("/profiles/")
    assert "Delta Works" not in reader.inner_text("main")
    assert actions.publish_due(at=at) == 1
    settle()
    reader.goto("/profiles/delta-works/")
    read = reader.inner_text("main")
    assert STATEMENT in read
    assert "It adapts what others publish." in read
    assert "Tidewater Press" in read

    correct(editor)
    reader.reload()
    assert "An earlier text named the wrong month." in reader.inner_text("main")

    write_a_briefing(second, editor, reader, mina)
    change_and_go_back(editor, second, reader)
    withdraw(editor)
    tombstone = reader.request.get("/profiles/delta-works/")  # not opened: the console calls its status an error
    assert tombstone.status == 410
    assert "This profile has been withdrawn" in tombstone.text()
    assert "dams" not in tombstone.text()


def make_a_profile(page):
    page.get_by_role("link", name="Add").and_(page.locator("[href='/admin/profiles/profile/add/']")).first.click()
    page.get_by_label("Slug").fill("delta-works")
    page.get_by_role("button", name="Add another Key judgement").click()
    page.locator("#judgements-0").get_by_label("Key", exact=True).fill("j1")
    press(page, "Save and continue editing")
    assert "was added successfully" in said(page)


def write_its_text(page):
    page.get_by_role("link", name="Write its text").click()
    page.get_by_label("Name:", exact=True).fill("Delta Works Authority")
    page.get_by_label("Standfirst:").fill("It keeps the dams of the delta.")
    page.get_by_role("group", name="Statements").get_by_label("j1").fill(STATEMENT)
    sections = page.get_by_role("group", name="Sections")
    sections.get_by_role("button", name="Add a section").click()
    sections.get_by_label("Heading").fill("What happened")
    sections.get_by_label("Text").fill("It adapts what others publish.")
    press(page, "Save and continue editing")
    assert "was added successfully" in said(page)
    assert sections.get_by_label("Heading").input_value() == "What happened"


def take_in_two_articles(page):
    page.goto("/admin/")
    page.locator("#content-main [href='/admin/profiles/intake/add/']").click()
    page.get_by_label("Addresses, or the text of an article").fill(
        f"{articles.FIRST_HAND}\n---\n{HARBOUR}\n\n{articles.SECOND_HAND}"
    )
    page.get_by_label("For the draft").select_option(label="delta-works")
    press(page, "Take in")
    assert "2 articles are on their way." in said(page)

    page.get_by_role("link", name="Northwind's model is being used").click()
    page.get_by_label("Publisher:", exact=True).first.fill("Quay Journal")
    report = page.locator(".intake-proposal", has_text="a report by Tidewater Press")
    report.get_by_label("Accept").check()
    press(page, "File it, with these decisions")
    assert "is on file, with 1 origin linked." in said(page)

    page.get_by_role("link", name="Northwind is letting the coast guard").click()
    page.get_by_label("Publisher:", exact=True).first.fill("Harbour Daily")
    report = page.locator(".intake-proposal", has_text="which goes back to a report by Tidewater Press")
    report.get_by_label("Accept").check()
    assert "Report by Tidewater Press" in report.get_by_label("It repeats").locator("option:checked").inner_text()
    press(page, "File it, with these decisions")
    assert "is on file, with 1 origin linked." in said(page)
    assert Derivation.objects.values("origin").distinct().count() == 1


def cite_them(page):
    page.goto("/admin/profiles/profile/")
    page.get_by_role("link", name="delta-works").click()
    panel = page.locator("#what-if")
    for number, title in enumerate(["Northwind's model is", "Northwind is letting"]):
        page.get_by_role("button", name="Add another Citation").click()
        choose(page, f"citations-{number}-source", title, title)
        row = page.locator(f"#citations-{number}")
        row.get_by_label("Credibility").select_option(label="2 · probably true")
        row.get_by_label(f"j1 · {STATEMENT}").check()
    panel.get_by_text("one independent source, known only at second hand (one further report of the same)").wait_for()
    assert "→ with this 0.19 · Grade D" in panel.inner_text()
    assert "“Report by Tidewater Press” (Tidewater Press) is an origin" in panel.inner_text()
    press(page, "Save and continue editing")
    assert "was changed successfully" in said(page)
    assert not scrolls_sideways(page)


def approve_and_schedule(page):
    page.reload()
    page.get_by_role("link", name="1 text to review").click()
    page.get_by_role("link", name="Delta Works Authority").click()
    press(page, "Approve")
    at = timezone.now().replace(second=0, microsecond=0) + timedelta(hours=1)
    page.get_by_label("Publish at (UTC)").fill(f"{at:%Y-%m-%dT%H:%M}")
    press(page, "Schedule")
    assert f"This text is scheduled for {at:%Y-%m-%d %H:%M} UTC." in said(page)
    return at


def correct(page):
    page.goto("/admin/profiles/profile/")
    page.get_by_role("link", name="delta-works").click()
    page.locator("#corrections-group").get_by_label("Text").first.fill("An earlier text named the wrong month.")
    page.get_by_label("Why (kept in the history):").fill("A reader wrote in.")
    press(page, "Save and continue editing")
    assert "was changed successfully" in said(page)
    settle()


def write_a_briefing(writer, reviewer, reader, member):
    """One writes it, the other reads and publishes it; a member reads it then, and not before."""
    writer.goto("/admin/briefings/teaser/add/")
    choose(writer, "profile", "delta", "delta-works")
    writer.get_by_label("Tier:").select_option(label="Strategic Circle")
    writer.get_by_label("Title:").fill("What the dams cost")
    writer.get_by_label("Text:").fill("Twice what was planned.")
    press(writer, "Save and continue editing")
    press(writer, "Save and send to review")
    assert "What the dams cost is with the editors for review." in said(writer)

    log_in(reader, member)
    reader.goto("/profiles/delta-works/briefing/")
    assert "dams cost" not in reader.inner_text("main")
    back = reviewer.url
    reviewer.goto("/admin/")
    reviewer.get_by_role("link", name="1 briefing to review").click()
    reviewer.get_by_role("link", name="What the dams cost").click()
    press(reviewer, "Save and publish this draft")
    assert "This text is live." in said(reviewer)
    assert not scrolls_sideways(reviewer)
    reviewer.goto(back)
    reader.reload()
    assert "Twice what was planned." in reader.inner_text("main")
    reader.context.clear_cookies()
    reader.goto("/profiles/delta-works/")


def change_and_go_back(editor, second, reader):
    """A second text goes up; then the first is taken up again, from its history."""
    editor.get_by_role("link", name="Delta Works Authority, revision 1").click()
    press(editor, "Write a new draft from this text")
    editor.get_by_label("Standfirst:").fill("It keeps the dams and the gates.")
    press(editor, "Save and send to review")
    second.goto(editor.url)
    press(second, "Save and publish this draft")
    settle()
    reader.reload()
    assert "It keeps the dams and the gates." in reader.inner_text("main")

    second.get_by_role("link", name="Delta Works Authority, revision 1").click()
    second.get_by_role("link", name="History", exact=True).click()
    press(second, "Write a new draft from this text")
    assert second.get_by_label("Standfirst:").input_value() == "It keeps the dams of the delta."
    second.get_by_role("link", name="History", exact=True).click()
    assert "Against the text that readers see" in said(second)
    assert "gates" in " ".join(second.locator("del").all_inner_texts())
    second.go_back()
    press(second, "Save and send to review")
    editor.goto(second.url)
    press(editor, "Save and publish this draft")
    settle()
    reader.reload()
    assert "It keeps the dams of the delta." in reader.inner_text("main")


def withdraw(page):
    page.get_by_role("link", name="Delta Works Authority, revision 3").click()
    page.get_by_label("Why it is withdrawn:").fill("The Authority was closed.")
    press(page, "Withdraw")
    assert "This text is withdrawn." in said(page)
    assert not Profile.objects.published().exists()
    assert Source.objects.count() == 3
