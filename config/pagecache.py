"""One address, one audience: an answer is private unless its view says that everybody gets the same bytes."""

from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from typing import Concatenate, ParamSpec

from django.db.utils import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.http import require_safe

from config import usage

PUBLIC = "public, max-age=60, s-maxage=300, stale-while-revalidate=60"
PRIVATE = "private, no-store"
# A tombstone as well: not kept, it would leave the page it stands for in the caches.
KEPT_STATUSES = {200, 301, 410}

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


class PersonalPage(RuntimeError):
    """A view said that everybody gets the same bytes, and then looked at who is asking."""


def public(view: View[P]) -> View[P]:
    """The same bytes for everybody: no session, no token, no cookie; an ETag made of what is shown.

    What is too large to be held at once comes with an ETag of its own.
    """

    @require_safe
    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        # Django asks for a new token when the one in the reader's cookie is broken; that is not the view's doing.
        request.META.pop("CSRF_COOKIE_NEEDS_UPDATE", None)
        response = view(request, *args, **kwargs)
        if response.status_code not in KEPT_STATUSES:
            return response
        # A page that read the session may name a person; kept by a cache it would be served to the next one.
        if request.session.accessed or request.META.get("CSRF_COOKIE_NEEDS_UPDATE"):
            raise PersonalPage(request.path)
        response["Cache-Control"] = PUBLIC
        if response.status_code == 200:
            usage.seen(request.path, request.META)
            etag = response.get("ETag") or f'"{blake2b(response.content, digest_size=16).hexdigest()}"'
            response["ETag"] = etag
            return get_conditional_response(request, etag=etag, response=response) or response
        return response

    answer.__dict__["is_public"] = True  # templates name the address of such a page as its own
    return answer


class PrivateUnlessPublic:
    """Whatever is not marked public is nobody else's business. Also: without its database the site says so.

    Stands around the sessions and the tokens, so that the last word on cookies and caches is said here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.get("Cache-Control", "").startswith("public"):
            # A session cookie that cannot be one is taken back by Django, which a cache would hand on to everybody.
            response.cookies.clear()
            del response["Vary"]
        else:
            response["Cache-Control"] = PRIVATE
            patch_vary_headers(response, ["Cookie"])
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError | InterfaceError):
            return come_back_later()
        return None


def come_back_later() -> HttpResponse:
    """What a reader is told while the database is away."""
    return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "30"})
