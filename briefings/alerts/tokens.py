"""The links in mails. What a link does is signed into it, so it acts on that and on nothing else, for whoever holds it."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils.crypto import salted_hmac

STOP = Signer(salt="briefings.alerts.stop")
CONFIRM = Signer(salt="briefings.alerts.confirm")

What = list[Any]
# What a link may stop. It names what is followed and not the row that says so: a link from an old mail stops also what
# somebody has taken up again since.
FOLLOW, PACE, NEWSLETTER = "follow", "pace", "newsletter"


class Forged(Exception):
    """Nobody of ours wrote this link."""


def stop_url(*what: str | int) -> str:
    return _url("alerts:stop", STOP.sign_object(list(what)))


def confirm_url(subscriber_id: int) -> str:
    return _url("alerts:confirm", CONFIRM.sign_object([subscriber_id]))


def read(signer: Signer, token: str) -> What:
    """Return what a link is about. Raises Forged."""
    try:
        what: What = signer.unsign_object(token)
    except (BadSignature, ValueError) as error:
        raise Forged from error
    return what


def one_click(url: str) -> Mapping[str, str]:
    """The headers by which a mail program offers its own button (RFC 8058)."""
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def digest_of(address: str) -> str:
    """Return what stands for an address in links and counters."""
    return salted_hmac("briefings.alerts.address", address.lower(), algorithm="sha256").hexdigest()


def _url(name: str, token: str) -> str:
    return settings.SITE_URL + reverse(name, args=[token])
