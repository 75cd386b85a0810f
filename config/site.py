"""The site's own record: what it is called, and who answers for it. Everybody who prints its name asks here.

A process asks the database at most every few seconds, so a page costs no query for it, and a change shows soon after.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.contrib.sites.requests import RequestSite
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.functional import SimpleLazyObject

from config.addresses import address
from config.models import Site

KNOWN_FOR = 5.0  # seconds
COLUMNS = ("name", "contact_address", "imprint", "logo_digest", "logo_width", "logo_height")


@dataclass(frozen=True, slots=True)
class Record:
    """The record as pages and mails show it."""

    name: str = "Assay"
    contact_address: str = ""
    imprint: str = ""
    logo_digest: str = ""
    logo_width: int = 0
    logo_height: int = 0

    @property
    def logo_url(self) -> str:
        return address("logo", self.logo_digest, "webp") if self.logo_digest else ""

    @property
    def imprint_lines(self) -> list[str]:
        return [line.strip() for line in self.imprint.splitlines() if line.strip()]

    @property
    def sender(self) -> str:
        """What stands in the From of a mail: this name, and the address that the settings give."""
        return formataddr((self.name, parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))


_known: tuple[Record, float] = (Record(), 0.0)


def site() -> Record:
    """Return the record; while the database is away, the last one that was seen."""
    global _known
    record, until = _known
    now = time.monotonic()
    if now < until:
        return record
    try:
        row = Site.objects.filter(pk=Site.THE_ONE).values(*COLUMNS).first()
    except DatabaseError:
        return record
    _known = (Record(**row) if row else Record(), now + KNOWN_FOR)
    return _known[0]


def forget() -> None:
    """Ask the database the next time, and once more when this transaction has committed."""
    _forget()
    transaction.on_commit(_forget)


def _forget() -> None:
    global _known
    _known = (_known[0], 0.0)


def shown(request: HttpRequest) -> dict[str, Any]:
    """For templates: `site`, looked up by whoever prints it."""
    return {"site": SimpleLazyObject(site)}


class NoOtherSite:
    """Takes away the `site` that allauth's doors bring along: it is called after the host, and would stand over ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_template_response(self, request: HttpRequest, response: TemplateResponse) -> TemplateResponse:
        brought = response.context_data or {}
        if isinstance(brought.get("site"), RequestSite):
            del brought["site"]
        return response
