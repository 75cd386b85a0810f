"""Where a reader is logged in, and since when."""

from collections.abc import Callable
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from config import prepared

EVERY = timedelta(minutes=5)  # a list of sessions need not know more exactly, and a question is cheaper than a write
SEEN = """
    SELECT FROM usersessions_usersession
    WHERE session_key = %(session)s AND user_id = %(user)s AND last_seen_at > %(since)s"""


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
            note(request)
        return response


def note(request: HttpRequest) -> None:
    since = timezone.now() - EVERY
    if not prepared.rows(SEEN, session=request.session.session_key, user=request.user.pk, since=since):
        UserSession.objects.create_from_request(request)
