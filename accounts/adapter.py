"""How allauth speaks for this site: in mails whose links are ours, and in a sentence where a mail cannot be sent."""

import logging
from contextlib import suppress
from smtplib import SMTPException
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin, urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as current
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.shortcuts import render

from config.site import site

log = logging.getLogger(__name__)


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """Signing up, in and out."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send what was asked for, or answer that it could not be sent."""
        try:
            self._post(template_prefix, email, context)
        except (SMTPException, OSError) as error:
            log.error("A mail (%s) was not sent: %s", template_prefix, error)
            raise ImmediateHttpResponse(render(current.request, "accounts/mail_not_sent.html", status=503)) from error

    def get_from_email(self) -> str:
        return site().sender

    def format_email_subject(self, subject: str) -> str:
        return f"{site().name}: {subject}"

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        # What it tells of has happened already; refusing to show the next page would not undo it.
        with suppress(ImmediateHttpResponse):
            super().send_notification_mail(*args, **kwargs)

    def _post(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        # allauth builds links from the Host header, which is whatever the sender of the request wrote there.
        links = {name: our_address(value) for name, value in context.items() if name.endswith("_url")}
        here = SimpleNamespace(name=site().name, domain=settings.SITE_URL)
        self.render_mail(template_prefix, email, {"email": email, "current_site": here, **context, **links}).send()


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]
    """Passkeys and authenticator apps show the name of the site, not of the host."""

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": site().name}


def our_address(url: str) -> str:
    """Return the same path at SITE_URL."""
    return urljoin(settings.SITE_URL, urlsplit(url)._replace(scheme="", netloc="").geturl())
