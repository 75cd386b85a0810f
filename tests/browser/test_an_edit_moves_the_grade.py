"""The whole way, with every part real: an editor on the desk, a Celery worker, a reader."""

import re

import pytest

from profiles.grading import pipeline
from profiles.models import Grade
from tests.builders import PASSWORD, cite, make_profile, make_publisher, make_source, settle, typed_code
from tests.faults.test_workers import wait_until, worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def profile():
    profile = make_profile("example", name="Example Registry", live=True, judgements={"j1": "It was founded in 2004."})
    wire = make_publisher("Example Wire", reliability="B")
    cite(profile, make_source("The report", publisher=wire), direct=True)
    settle()
    return profile


def test_an_editor_changes_a_letter_and_the_page_moves_by_itself(open_page, edith, profile, monkeypatch, settings):
    settings.MFA_TOTP_TOLERANCE = 1  # the code may be typed in the last moment of its half minute
    monkeypatch.setattr(pipeline, "_silent_until", 0.0)
    reader = open_page("/profiles/example/")
    assert "0.80" in reader.inner_text("main")

    desk = open_page("/admin/")
    desk.fill("[name=login]", edith.email)
    desk.fill("[name=password]", PASSWORD)
    desk.keyboard.press("Enter")
    desk.fill("[name=code]", typed_code())
    desk.keyboard.press("Enter")
    desk.click("text=Publishers")
    desk.click("text=Example Wire")
    desk.select_option("[name=reliability]", "C")
    desk.fill("[name=reliability_reason]", "It invented a quote.")
    with worker():
        desk.click("[name=_save]")
        wait_until(lambda: Grade.objects.count() == 2)

    reader.reload()
    shown = re.sub(r"\s+", " ", reader.inner_text("main"))
    assert "0.70" in shown
    assert "Example Wire went from Reliability B to Reliability C." in shown
