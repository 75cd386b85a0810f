"""The pages editors live in, in a real Chromium: within the site's policy, by the rules of access, and as wide as the window."""

import pytest

from profiles import actions, contact
from profiles.intake.actions import take
from profiles.models import Intake
from tests.browser.conftest import log_in, scrolls_sideways, what_axe_finds
from tests.builders import cite, make_application, make_profile, make_publisher, make_source, settle
from tests.profiles.intake import articles

pytestmark = pytest.mark.django_db(transaction=True)

STATEMENTS = {"j1": "It was founded in 2004 by five operators of networks.", "j2": "It is the largest of its region."}


@pytest.fixture
def full_desk(wanda, edith, mina):
    """Something on each of the pages; returns the profile, whose draft is in review."""
    profile = make_profile(
        "example-registry", name="Example Registry", live=True, judgements=STATEMENTS, facets={"category": "Registry"}
    )
    wire = make_publisher("Example Wire", reliability_reason="It corrects itself in public.")
    report = make_source(
        "A report on the registry and on those who founded it", publisher=wire, url="https://wire.example/report"
    )
    cite(profile, make_source("What the report said", derived_from=[report]), direct=False)
    cite(profile, report, judgements=list(STATEMENTS), establishes="The founding charter, which it quotes in full.")
    draft = actions.start_draft(profile_id=profile.pk, by=wanda)
    actions.send_to_review(revision_id=draft.pk, by=wanda)
    contact.open_ticket(
        message="Its founding year is 2005. " * 9, profile=profile, name="Rita", email="rita@example.org"
    )
    take(pasted="\n---\n".join(articles.ALL), by=edith)
    make_application(mina)
    settle()
    return profile


def pages_of(profile, edith, otto):
    """The pages that are used most, by who uses them."""
    cited = profile.citations.select_related("source").last().source
    draft = profile.revisions.latest("number")
    article = Intake.objects.get(title__startswith="Northwind is letting")
    yield (
        edith,
        {
            "home": "/admin/",
            "profiles": "/admin/profiles/profile/",
            "profile": f"/admin/profiles/profile/{profile.pk}/change/",
            "text": f"/admin/profiles/revision/{draft.pk}/change/",
            "published text": f"/admin/profiles/revision/{profile.live_revision_id}/change/",
            "sources": "/admin/profiles/source/",
            "source": f"/admin/profiles/source/{cited.pk}/change/",
            "publisher": f"/admin/profiles/publisher/{cited.publisher_id}/change/",
            "paste": "/admin/profiles/intake/add/",
            "review": f"/admin/profiles/intake/{article.pk}/change/",
            "tickets": "/admin/profiles/ticket/",
        },
    )
    yield otto, {"applications": "/admin/accounts/application/"}


def window_of(open_page, user, **window):
    page = open_page("/livez", **window)
    log_in(page, user)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_used_most_break_no_rule_of_access_and_no_policy(open_page, full_desk, edith, otto, scheme):
    for user, pages in pages_of(full_desk, edith, otto):
        page = window_of(open_page, user, scheme=scheme)
        for name, path in pages.items():
            page.goto(path, wait_until="networkidle")
            assert page.locator("#content-main").is_visible(), name
            assert what_axe_finds(page) == [], name


@pytest.mark.parametrize("width", [390, 820, 1280])
def test_the_pages_used_most_fit_every_window(open_page, full_desk, edith, otto, width):
    for user, pages in pages_of(full_desk, edith, otto):
        page = window_of(open_page, user, width=width)
        for name, path in pages.items():
            page.goto(path)
            assert not scrolls_sideways(page), name


def test_a_text_is_written_in_plain_fields_and_kept_as_it_was_typed(open_page, full_desk, edith, otto):
    [[_, pages], _] = pages_of(full_desk, edith, otto)
    page = window_of(open_page, edith)
    page.goto(pages["text"])
    page.get_by_role("group", name="Statements").get_by_label("j2").fill("It is the largest.")
    outlook = page.get_by_role("group", name="Outlook").get_by_role("group", name="This quarter")
    outlook.get_by_label("Headline").fill("Quiet")
    sections = page.get_by_role("group", name="Sections")
    for number, heading in enumerate(["What happened", "Why it matters", "Taken back"]):
        sections.get_by_role("button", name="Add a section").click()
        sections.get_by_label("Heading").nth(number).fill(heading)
        sections.get_by_label("Text").nth(number).fill(f"{heading}.\n\nAnd more.")
    sections.get_by_role("button", name="Remove section 3").click()
    sections.get_by_role("button", name="Move section 2 up").click()
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_text("was changed successfully").wait_for()
    draft = full_desk.revisions.latest("number")
    assert draft.statements == STATEMENTS | {"j2": "It is the largest."}
    assert draft.outlook == {"quarter": {"headline": "Quiet", "body": ""}}
    assert draft.sections == [
        {"heading": "Why it matters", "body": "Why it matters.\n\nAnd more."},
        {"heading": "What happened", "body": "What happened.\n\nAnd more."},
    ]


def test_what_cannot_be_read_as_json_stays_in_the_form_as_it_was_typed(open_page, full_desk, edith, otto):
    [[_, pages], _] = pages_of(full_desk, edith, otto)
    page = window_of(open_page, edith, scripts=False)
    page.goto(pages["text"])
    page.fill("[name=sections]", "[{")
    page.get_by_role("button", name="Save", exact=True).click()
    assert page.input_value("[name=sections]") == "[{"
