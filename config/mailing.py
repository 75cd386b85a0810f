"""Mails: put into the outbox together with what they tell of, written when they leave, sent until they are gone.

A row in the transaction of its cause is neither lost nor sent for something that never happened. What a mail says is
written at the last moment, for who its reader is by then: who lost a tier meanwhile reads what everybody may read.
A process that dies between handing a mail to the server and noting it sends it again, with the same Message-ID.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.template import Context
from django.template.loader import get_template
from django.utils import timezone, translation

from config.chores import chore
from config.models import MutedAddress, OutgoingMail
from config.site import site

log = logging.getLogger(__name__)

LOOK = timedelta(seconds=5)
AT_A_TIME = 5.0  # seconds; then whoever else waits for this process has a turn
TRIES = 15  # the last about three days after the first
LONGEST_PAUSE = timedelta(hours=6)
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Written:
    """A mail as its reader will see it."""

    subject: str
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


Renderer = Callable[[OutgoingMail], Written | None]
RENDERERS: dict[str, Renderer] = {}


def renders(kind: str) -> Callable[[Renderer], Renderer]:
    """Name the function that writes mails of a kind, or returns None for one that is no longer wanted.

    Apps keep theirs in `mails.py`, where they are found.
    """

    def register(renderer: Renderer) -> Renderer:
        RENDERERS[kind] = renderer
        return renderer

    return register


def post(
    kind: str,
    *,
    to: str,
    key: str,
    user_id: int | None = None,
    about: Mapping[str, Any] | None = None,
    due: datetime | None = None,
) -> None:
    """Put a mail into the outbox; the same key twice is one mail. `about` holds numbers of rows, never text."""
    mail = OutgoingMail(
        key=key, kind=kind, to=to, user_id=user_id, about=dict(about or {}), due_at=due or timezone.now()
    )
    OutgoingMail.objects.bulk_create([mail], ignore_conflicts=True)


def written(template: str, context: Mapping[str, Any], *, headers: Mapping[str, str] | None = None) -> Written:
    """Return what a text template says; its first line is the subject."""
    plain = Context({"site_url": settings.SITE_URL, "site": site(), **context}, autoescape=False)
    said: str = get_template(template).template.render(plain)  # type: ignore[attr-defined]
    subject, _, text = said.strip().partition("\n")
    return Written(subject.strip(), f"{text.strip()}\n", headers or {})


# --- Sending ----------------------------------------------------------------------------------------------------------


@chore(every=LOOK)
def deliver() -> int:
    """Send what is due, for a few seconds; return how many mails left the outbox, sent or dropped."""
    until = time.monotonic() + AT_A_TIME
    done = 0
    while time.monotonic() < until and _deliver_next():
        done += 1
    return done


def _deliver_next() -> bool:
    """Take one mail in a transaction of its own; two processes never take the same one."""
    with transaction.atomic():
        waiting = OutgoingMail.objects.filter(sent_at=None, dropped_at=None, due_at__lte=timezone.now())
        mail = waiting.select_for_update(skip_locked=True).order_by("due_at", "pk").first()
        if mail is None:
            return False
        mail.attempts += 1
        _deliver(mail)
        mail.save()
    return True


def _deliver(mail: OutgoingMail) -> None:
    try:
        with transaction.atomic(), translation.override("en"):  # whoever reads it, and whatever language caused it
            why_not = _why_not(mail)
            said = None if why_not else RENDERERS[mail.kind](mail)
        if said is None:
            _drop(mail, why_not or "No longer wanted.")
            return
        _send(mail, said)
        mail.sent_at, mail.problem = timezone.now(), ""
    except SMTPRecipientsRefused as refused:
        _refused(mail, refused)
    except (SMTPException, OSError) as error:
        _try_again(mail, f"{type(error).__name__}: {error}")
    except Exception as error:
        log.exception("A mail (%s) could not be written.", mail.kind)
        _try_again(mail, f"{type(error).__name__}: {error}")


def _why_not(mail: OutgoingMail) -> str:
    return "The address is muted." if is_muted(mail.to) else ""


def _send(mail: OutgoingMail, said: Written) -> None:
    headers = {"Message-ID": _message_id(mail.key), "Auto-Submitted": "auto-generated", **said.headers}
    message = EmailMessage(
        f"{site().name}: {said.subject}", said.text, from_email=site().sender, to=[mail.to], headers=headers
    )
    if site().contact_address:
        message.reply_to = [site().contact_address]
    message.send()


def _message_id(key: str) -> str:
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{host}>"


def _refused(mail: OutgoingMail, refused: SMTPRecipientsRefused) -> None:
    code, said = next(iter(refused.recipients.values()))
    why = f"{code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"
    if code < 500:
        _try_again(mail, why)
        return
    mute(mail.to, reason=f"The mail server refused it: {why}")
    _drop(mail, why)


def _try_again(mail: OutgoingMail, why: str) -> None:
    log.warning("A mail (%s, number %s) was not sent: %s", mail.kind, mail.pk, why)
    mail.problem = why[:500]
    if mail.attempts >= TRIES:
        mail.dropped_at = timezone.now()
    mail.due_at = timezone.now() + min(timedelta(minutes=2**mail.attempts), LONGEST_PAUSE)


def _drop(mail: OutgoingMail, why: str) -> None:
    mail.dropped_at, mail.problem = timezone.now(), why[:500]


# --- Addresses that get none ------------------------------------------------------------------------------------------


def is_muted(address: str) -> bool:
    return MutedAddress.objects.filter(address=address.lower()).exists()


def mute(address: str, *, reason: str) -> None:
    """Send nothing from the outbox to an address any more. Codes that somebody asks for are sent all the same."""
    MutedAddress.objects.get_or_create(address=address.lower(), defaults={"reason": reason[:500]})


# --- What is kept -----------------------------------------------------------------------------------------------------


@chore(every=timedelta(hours=6))
def clear() -> None:
    """Remove mails a month after they left."""
    gone = timezone.now() - KEPT
    OutgoingMail.objects.filter(Q(sent_at__lt=gone) | Q(dropped_at__lt=gone)).delete()


def export_of(user_id: int) -> list[dict[str, Any]]:
    """What the outbox holds of somebody, for themselves."""
    mails = OutgoingMail.objects.filter(user_id=user_id).order_by("pk")
    return [dict(mail) for mail in mails.values("kind", "to", "made_at", "due_at", "sent_at", "dropped_at")]


def forget(user_id: int) -> None:
    """Remove what the outbox holds of somebody, sent or not."""
    OutgoingMail.objects.filter(user_id=user_id).delete()
