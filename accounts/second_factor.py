"""Nobody works on the desk with a password alone."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.db.utils import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.pagecache import come_back_later

# Recovery codes stand in for one of these when it is lost; alone they are a list of passwords.
SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
ASK = _("The desk needs a second factor. Set up an authenticator app or add a security key, then come back.")


class SecondFactorForStaff:
    """Sends staff who have no second factor from every page of the desk to where they can set one up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if not settings.SECOND_FACTOR_FOR_STAFF or not on_the_desk(request):
            return None
        try:
            lacking = request.user.is_staff and not is_mfa_enabled(request.user, SECOND_FACTORS)
        except (OperationalError, InterfaceError):  # what a middleware raises reaches no handler but the one for 500
            return come_back_later()
        if not lacking:
            return None
        messages.warning(request, ASK)
        return HttpResponseRedirect(reverse("mfa_index"))


def on_the_desk(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and "admin" in match.namespaces and match.url_name != "logout"
