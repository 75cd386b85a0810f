"""What goes wrong, told as RFC 9457 wants it: one shape for every refusal."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of refusal; the documentation explains it under `#<slug>`."""

    status: int
    slug: str
    title: str


NOT_FOUND = Kind(404, "not-found", "There is nothing at this address.")
NOT_ALLOWED = Kind(405, "method-not-allowed", "This can only be read.")
UNREADABLE = Kind(422, "invalid-parameters", "A parameter is not what it should be.")
TOO_MANY = Kind(429, "too-many-requests", "Too many requests came from this address.")
AWAY = Kind(503, "unavailable", "The database is away for a moment.")
KINDS = (NOT_FOUND, NOT_ALLOWED, UNREADABLE, TOO_MANY, AWAY)


class Unreadable(Exception):
    """Parameters that cannot be what they say: a sentence for each, by name."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(errors)
        self.errors = errors


def answer(
    kind: Kind, detail: str, *, errors: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    told: dict[str, object] = {
        "type": f"{settings.SITE_URL}/api/#{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
    }
    if errors:
        told["errors"] = [{"parameter": name, "detail": sentence} for name, sentence in errors.items()]
    return HttpResponse(json.dumps(told), status=kind.status, content_type=MEDIA_TYPE, headers=dict(headers or {}))


def not_found(request: HttpRequest, _error: object = None) -> HttpResponse:
    # Unknown, withdrawn and unpublished are answered alike.
    return answer(NOT_FOUND, "Nothing public has this address.")


def unreadable(request: HttpRequest, error: Any) -> HttpResponse:
    names = list(error.errors)
    return answer(UNREADABLE, f"{_listed(names)} cannot be read.", errors=error.errors)


def _listed(names: Sequence[str]) -> str:
    quoted = [f"“{name[:40]}”" for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
