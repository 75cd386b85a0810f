"""The mails that became files because no mail server is named: to be read in the browser, in the demo and development."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

SHOWN = 50
BETWEEN = b"-" * 79 + b"\n"  # what Django's backend writes after each mail


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as its reader would see it."""

    to: str
    subject: str
    text: str
    written_at: datetime


@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """What would have been sent, newest first. Holds codes that open accounts, so it exists on no real site."""
    folder = getattr(settings, "EMAIL_FILE_PATH", None)
    if not (settings.DEMO or settings.DEBUG) or not folder:
        raise Http404
    return render(request, "outbox.html", {"mails": newest_mails(Path(folder))})


def newest_mails(folder: Path) -> list[Mail]:
    files = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime, reverse=True)
    return [mail for file in files[:SHOWN] for mail in reversed(mails_in(file))][:SHOWN]


def mails_in(file: Path) -> list[Mail]:
    written_at = datetime.fromtimestamp(file.stat().st_mtime, tz=timezone.get_current_timezone())
    return [read_mail(part, written_at) for part in file.read_bytes().split(BETWEEN) if part.strip()]


def read_mail(raw: bytes, written_at: datetime) -> Mail:
    message = message_from_bytes(raw, policy=policy.default)
    body = message.get_body(("plain",))
    text = body.get_content() if body else ""
    return Mail(str(message["To"]), str(message["Subject"]), text.strip(), written_at)
