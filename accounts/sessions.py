"""Where a reader is logged in, and since when."""

from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse


class SeenSessions:
    """Notes that a session is in use, for the reader's own list.

    allauth's own middleware asks every request who it is from. On a page that is the same for everybody that would
    make it a personal one, so this asks only where the answer has been read anyway.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session = request.session
        if response.status_code < 500 and session.accessed and session.session_key and request.user.is_authenticated:
            UserSession.objects.create_from_request(request)
        return response
