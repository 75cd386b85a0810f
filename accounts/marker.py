"""A cookie that says no more than "somebody is logged in here".

Public pages are the same bytes for everybody, and a script cannot see the session. Without this mark each visit of a
stranger would cost one more request, only to learn that there is nobody to greet.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

MARKER = "assay_member"


class Marker:
    """Sets the mark with the session and takes it back with it. Pages that never looked at the session are left alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.session.accessed:
            marked = MARKER in request.COOKIES
            if request.user.is_authenticated and not marked:
                secure = settings.SESSION_COOKIE_SECURE
                response.set_cookie(MARKER, "1", settings.SESSION_COOKIE_AGE, secure=secure, samesite="Lax")
            elif marked and not request.user.is_authenticated:
                response.delete_cookie(MARKER, samesite="Lax")
        return response
