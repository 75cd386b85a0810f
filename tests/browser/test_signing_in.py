"""Signing up and in with every part real: a code from a mail, a passkey, an authenticator app."""

import re
from uuid import uuid4

import pytest
from django.core import mail

from accounts.models import User
from tests.browser.conftest import log_in, scrolls_sideways, what_axe_finds
from tests.builders import PASSWORD, make_briefing, make_profile, make_user, typed_code

pytestmark = pytest.mark.django_db(transaction=True)

PASSKEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(autouse=True)
def as_if_nobody_had_tried_before(settings):
    settings.CACHES = {"default": settings.CACHES["default"] | {"KEY_PREFIX": f"assay-{uuid4()}"}}
    settings.MFA_TOTP_TOLERANCE = 1  # a code may be typed in the last moment of its half minute


def confirm_password(page, address):
    """Open a page that asks for the password again first."""
    page.goto(address)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{address}")


def code_in_the_mail():
    return re.search(r"^[A-Z0-9-]{6,}$", mail.outbox[-1].body, re.MULTILINE)[0]


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_reader_signs_up_confirms_joins_and_reads(open_page, scripts):
    make_briefing(make_profile("tidewater", live=True, name="Tidewater"), body="What only members read.")
    page = open_page("/accounts/signup/", width=390, scripts=scripts)
    page.fill("[name=email]", "new@example.org")
    page.fill("[name=password1]", "a-long-enough-secret")
    page.fill("[name=password2]", "a-long-enough-secret")
    page.keyboard.press("Enter")
    page.wait_for_selector("[name=code]")
    page.fill("[name=code]", code_in_the_mail())
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/")
    assert "new@example.org" in page.get_by_role("main").inner_text()
    assert User.objects.filter(email="new@example.org").exists()
    page.goto("/profiles/tidewater/briefing/")
    assert "What only members read." not in page.content()
    page.get_by_role("link", name="Join the Strategic Circle").click()
    page.get_by_role("button", name="Join the Strategic Circle").click()
    page.wait_for_url("**/profiles/tidewater/briefing/")
    page.get_by_text("What only members read.").wait_for()


def test_a_reader_adds_a_passkey_and_logs_in_with_it(open_page, mina):
    page = open_page("/accounts/login/")
    log_in(page, mina)
    keys = page.context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": PASSKEY})
    confirm_password(page, "/accounts/2fa/webauthn/add/")
    page.check("[name=passwordless]")
    page.get_by_role("button", name="Add").click()
    page.get_by_text("Security key added.").wait_for()
    assert "security key has been added" in mail.outbox[-1].body

    page.context.clear_cookies()
    page.goto("/accounts/login/?next=/accounts/2fa/webauthn/")
    page.get_by_role("button", name="Log in with a passkey").click()
    page.get_by_role("heading", name="Security keys").wait_for()
    assert "Passkey" in page.get_by_role("main").inner_text()


def test_an_editor_sets_up_an_authenticator_app_and_the_desk_opens(open_page):
    page = open_page("/accounts/login/")
    log_in(page, make_user("newcomer@example.org", groups=["Editor"], second_factor=False))
    page.goto("/admin/")
    assert "The desk needs a second factor" in page.get_by_role("main").inner_text()
    confirm_password(page, "/accounts/2fa/totp/activate/")
    page.fill("[name=code]", typed_code(page.text_content("#secret")))
    page.keyboard.press("Enter")
    page.wait_for_url("**/recovery-codes/")
    assert len(page.input_value("#recovery_codes").split()) == 10
    page.goto("/admin/")
    assert page.get_by_role("heading", name="What needs a hand").is_visible()


def test_no_page_of_an_account_breaks_a_rule_of_access_on_a_phone(open_page, edith):
    page = open_page("/accounts/login/", width=320)
    doors = ["login/", "signup/", "login/code/", "password/reset/"]
    pages = ["email/", "2fa/", "2fa/webauthn/", "sessions/", "2fa/reauthenticate/"]
    for address in [*doors, None, *pages]:
        if address is None:
            log_in(page, edith)
            continue
        page.goto(f"/accounts/{address}")
        assert page.url.endswith(address)
        assert not scrolls_sideways(page), address
        assert what_axe_finds(page) == [], address
