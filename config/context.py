"""What every template knows besides its view's context."""

from django.conf import settings
from django.http import HttpRequest


def canonical(request: HttpRequest) -> dict[str, str]:
    """Name the address of a page that is the same for everybody; others have none that anybody should keep."""
    match = request.resolver_match
    is_public = match is not None and getattr(match.func, "is_public", False)
    return {"canonical": f"{settings.SITE_URL}{request.path}" if is_public else ""}
