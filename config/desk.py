from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.apps import apps
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import BadRequest
from django.db import IntegrityError
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import SimpleTemplateResponse, TemplateResponse

from config import wall
from config.audit import acting
from config.site import site
from config.waiting import waiting_for
from profiles.grading.pipeline import editing

WHY_MAX = 500
READS_GATED = "briefings.view_briefing"
KEYS = {"mfa.authenticator", "usersessions.usersession"}  # secrets, and what opens a session: nobody needs to see them


class Desk(AdminSite):
    """The editors' side. Every change made here is one transaction that says where it came from and who made it."""

    index_title = "What needs a hand"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Give a model pages of its own, unless what it holds would be a key to somebody's account."""
        models: list[Any] = [model_or_iterable] if isinstance(model_or_iterable, ModelBase) else list(model_or_iterable)
        super().register([model for model in models if model._meta.label_lower not in KEYS], admin_class, **options)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        name = f"{site().name} desk"
        return {**super().each_context(request), "site_header": name, "site_title": name}

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Hand over to the one door that knows second factors and counts failed attempts."""
        answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return answer

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        waiting, said = waiting_for(request)
        return super().index(request, {"waiting": waiting, "said": said, **(extra_context or {})})

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        checked: Callable[..., HttpResponse] = super().admin_view(view, cacheable)
        answered = behind_the_wall(checked)

        def named(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if "%00" in request.META["QUERY_STRING"]:  # filters hand it on, and PostgreSQL cannot hold it
                raise BadRequest("NUL in the address")
            if request.method != "POST":
                return answered(request, *args, **kwargs)
            try:
                with acting(by=request.user, reason=_why(request)), editing(by="desk"):
                    return answered(request, *args, **kwargs)
            except IntegrityError as error:
                # The forms check first; what comes this far is two people at once. Nothing of this save stands.
                messages.error(request, f"Not saved: {promise_broken(error)}")
                return HttpResponseRedirect(request.get_full_path())

        named.csrf_exempt = getattr(checked, "csrf_exempt", False)  # type: ignore[attr-defined]
        return named

    def asking_view(self, view: Any) -> Any:
        """A view whose POST only asks, with more than an address can carry. It is no edit, and nobody hears of it."""
        # Nor is it in a role of the desk: it opens its own transaction, a snapshot, and needs nothing that is gated.
        return super().admin_view(view)


def _why(request: HttpRequest) -> str:
    """What somebody gave as the reason of a save, for the history."""
    return request.POST.get("_why", "").replace("\x00", "").strip()[:WHY_MAX]


def behind_the_wall(checked: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let the view see the gated tables if the person may: authors and editors do, officers of the membership do not."""

    @wraps(checked)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with wall.acting_as(wall.DESK if request.user.has_perm(READS_GATED) else wall.SITE):
            response = checked(request, *args, **kwargs)
            if isinstance(response, SimpleTemplateResponse):
                response.render()  # now: a list asks the database for its rows while it is being written
            return response

    return answered


def promise_broken(error: IntegrityError) -> str:
    """Return the sentence of the constraint that refused, for the person whose save it was."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    promises = (constraint for model in apps.get_models() for constraint in model._meta.constraints)
    for constraint in promises:
        if constraint.name == name:
            return str(constraint.get_violation_error_message())
    return "somebody else has changed this meanwhile. Look at it again."
