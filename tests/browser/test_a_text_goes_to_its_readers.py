"""The whole way of a text in a real Chromium: author, editor, schedule, readers, and down again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from profiles import actions
from profiles.models import Profile, Revision
from tests.browser.conftest import log_in, scrolls_sideways
from tests.builders import cite, make_profile, settle

pytestmark = pytest.mark.django_db(transaction=True)

SOON = timezone.now().replace(second=0, microsecond=0) + timedelta(hours=1)


@pytest.fixture
def profile(wanda):
    profile = make_profile("example", name="Example Registry", judgements={"j1": "It was founded in 2004."})
    cite(profile)
    profile.revisions.update(created_by=wanda)
    settle()
    return profile


@pytest.fixture
def seat(open_page):
    """Somebody's own window, open at the home of the desk."""

    def sit(user, **window):
        page = open_page("/livez", **window)
        log_in(page, user)
        page.goto("/admin/")
        return page

    return sit


def said(page):
    # A click waits for the next page to begin, and not for the foot of a long form.
    page.wait_for_load_state()
    return page.inner_text("#container")


def test_a_text_goes_from_its_author_to_its_readers_and_is_taken_down(seat, open_page, wanda, edith, profile):
    author, editor = seat(wanda), seat(edith)

    author.click("text=1 draft of yours")
    author.click("text=Example Registry")
    author.fill("[name=standfirst]", "It keeps a registry.")
    author.click("text=Save and send to review")
    assert "Example Registry is with the editors for review." in said(author)

    editor.reload()
    editor.click("text=1 text to review")
    editor.click("text=Example Registry")
    editor.click("text=Send back to its author")
    assert "Say what is missing: its author reads this sentence." in said(editor)
    editor.fill("[name=reason]", "Who says so? Name the charter.")
    editor.click("text=Send back to its author")

    author.goto("/admin/")
    author.click("text=1 text of yours came back from review")
    author.click("text=Example Registry")
    assert "Who says so? Name the charter." in said(author)
    author.fill("[name=standfirst]", "It keeps a registry, says its charter.")
    author.click("text=Save and send to review")

    editor.goto("/admin/")
    editor.click("text=1 text to review")
    editor.click("text=Example Registry")
    editor.click("input[value=Approve]")
    editor.fill("[name=publish_at]", f"{SOON:%Y-%m-%dT%H:%M}")
    editor.click("input[value=Schedule]")
    assert f"This text is scheduled for {SOON:%Y-%m-%d %H:%M} UTC." in said(editor)

    draft = Revision.objects.get()
    reader = open_page("/profiles/")
    assert "Example Registry" not in reader.inner_text("main")
    assert actions.publish_due(at=SOON - timedelta(seconds=1)) == 0
    assert actions.publish_due(at=SOON) == 1
    settle()
    reader.goto("/profiles/example/")
    assert "It keeps a registry, says its charter." in reader.inner_text("main")
    draft.refresh_from_db()
    assert draft.approved_by == edith

    editor.goto(f"/admin/profiles/revision/{draft.pk}/change/")
    editor.fill("#why-withdrawn", "Its board asked for it.")
    editor.click("input[value=Withdraw]")
    assert "This text is withdrawn." in said(editor)
    assert not Profile.objects.published().exists()
    assert reader.request.get("/profiles/example/").status == 410


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1280])
def test_the_steps_of_a_text_fit_every_window(seat, wanda, edith, profile, width, scheme):
    draft = profile.revisions.get()
    actions.send_to_review(revision_id=draft.pk, by=wanda)
    actions.send_back(revision_id=draft.pk, by=edith, because="Who says so? " * 20)
    actions.send_to_review(revision_id=draft.pk, by=wanda)
    page = seat(edith, width=width, scheme=scheme)
    assert not scrolls_sideways(page)
    page.goto(f"/admin/profiles/revision/{draft.pk}/change/")
    assert not scrolls_sideways(page)
    Revision.objects.filter(pk=draft.pk).update(standfirst="Theirs, at some length. " * 20)
    page.fill("[name=standfirst]", "Mine." + "x" * 200)
    page.click("[name=_save]")
    assert "Saved by somebody else meanwhile" in said(page)
    assert not scrolls_sideways(page)
    page.check("text=Take theirs")
    page.click("[name=_save]")
    assert Revision.objects.get().standfirst.startswith("Theirs")
