"""What every address of the API has in common: who may ask how, how often, from where, and what is kept."""

from collections.abc import Callable
from functools import wraps

from allauth.account.adapter import get_adapter
from django.db.utils import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from config.pagecache import public
from profiles.api import limits, problems

METHODS = "GET, HEAD, OPTIONS"
# Everybody gets the same bytes, so any page of any site may read them; `Vary: Origin` is not needed for a star.
OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, Retry-After, RateLimit, RateLimit-Policy",
    "RateLimit-Policy": limits.POLICY,
    "X-Robots-Tag": "noindex",
}
PREFLIGHT = {
    "Allow": METHODS,
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": "Accept, Content-Type, If-None-Match",
    "Access-Control-Max-Age": "86400",
}

View = Callable[..., HttpResponse]


def door(view: View, *, cost: int = 1) -> View:
    """Let readers in to a view that tells everybody the same."""
    shown = public(_asked_with_get(view))

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = _turned_away(request, cost) or _answer(shown, request, *args, **kwargs)
        for name, value in OPEN.items():
            response[name] = value
        return response

    return answer


def _turned_away(request: HttpRequest, cost: int) -> HttpResponse | None:
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers=PREFLIGHT)
    if request.method not in {"GET", "HEAD"}:
        return problems.answer(problems.NOT_ALLOWED, f"Ask with {METHODS}.", headers={"Allow": METHODS})
    if wait := limits.seconds_to_wait(get_adapter().get_client_ip(request), cost=cost):
        detail = f"At most {limits.A_MINUTE} requests a minute. Please ask again in {wait} seconds."
        return problems.answer(problems.TOO_MANY, detail, headers=limits.headers(wait))
    return None


def _answer(shown: View, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    try:
        return shown(request, *args, **kwargs)
    except (OperationalError, InterfaceError):
        detail = "Please ask again in half a minute."
        return problems.answer(problems.AWAY, detail, headers={"Retry-After": "30"})


def _asked_with_get(view: View) -> View:
    """ninja knows no HEAD; the server in front of us leaves the body away."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        method, request.method = request.method, "GET"
        try:
            return view(request, *args, **kwargs)
        finally:
            request.method = method

    return answer
