"""What every template knows besides its view's context."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from config import languages


def canonical(request: HttpRequest) -> dict[str, str]:
    """Name the address of a page that is the same for everybody; others have none that anybody should keep."""
    match = request.resolver_match
    is_public = match is not None and getattr(match.func, "is_public", False)
    return {"canonical": f"{settings.SITE_URL}{request.path}" if is_public else ""}


def versions(request: HttpRequest) -> dict[str, Any]:
    """Name the same page in the other languages, for pages that have any."""
    if not languages.has_versions(request.resolver_match):
        return {"versions": []}
    return {"versions": languages.versions(request.path, request.GET.urlencode())}
