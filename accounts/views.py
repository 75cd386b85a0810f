from typing import cast

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import actions, closing, personal, seats
from accounts.access import standing_of
from accounts.applications.forms import InvitationForm
from accounts.applications.membership import may_apply
from accounts.applications.progress import progress_of
from accounts.ledger import doors_of
from accounts.membership import membership_of
from accounts.models import User
from accounts.panels import panels_for
from accounts.visits import last_visit
from config import languages
from config.audit import record


@require_safe
@login_required
def account_home(request: HttpRequest) -> HttpResponse:
    """The reader's own page."""
    return home_page(request)


def home_page(
    request: HttpRequest, *, invitation_form: InvitationForm | None = None, inviting_for: int | None = None
) -> HttpResponse:
    """The reader's own page, with the form of an invitation that could not be sent, if there is one."""
    user = cast(User, request.user)
    membership = membership_of(user, at=timezone.now())
    context = {
        "membership": membership,
        "offers": seats.offered_to(user),
        "doors": doors_of(user),
        "panels": panels_for(user, membership.tier, last_visit(request, user)),
        "progress": progress_of(user),
        "renews": may_apply(user, at=timezone.now()).renews,
        "invitation_form": InvitationForm(),
        "refused_form": invitation_form,
        "inviting_for": inviting_for,
        # A form that came back stands at an address that nobody can ask for again.
        "versions": languages.versions(reverse("accounts:home")),
    }
    return render(request, "accounts/account_home.html", context)


@require_safe
def corner(request: HttpRequest) -> HttpResponse:
    """The corner of the header, which public pages load apart because they are the same for everybody."""
    return render(request, "accounts/_corner.html")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def circle(request: HttpRequest) -> HttpResponse:
    """Join the Strategic Circle: one button, then back to where the reader came from."""
    user = cast(User, request.user)
    back = _back(request)
    if request.method == "POST":
        try:
            actions.join_circle(user=user)
        except actions.NotVerified:
            messages.error(request, _("Confirm your email address first; then you can join."))
            return redirect("account_email")
        messages.success(request, _("Welcome to the Strategic Circle. Its briefings and source notes are open to you."))
        return redirect(back)
    context = {"standing": standing_of(user, at=timezone.now()), "back": back}
    return render(request, "accounts/circle.html", context)


@require_http_methods(["POST"])
@login_required
def leave_circle(request: HttpRequest) -> HttpResponse:
    actions.leave_circle(user=cast(User, request.user))
    messages.success(request, _("You have left the Strategic Circle. You can join again at any time."))
    return redirect("accounts:home")


# --- What a reader may do with their own account -----------------------------------------------------------------------


@require_http_methods(["POST"])
@login_required
def export(request: HttpRequest) -> HttpResponse:
    """Everything we hold on the reader, as a file. A POST, for it leaves an entry in the audit."""
    user = cast(User, request.user)
    with transaction.atomic():
        record("account.exported", user, by=user)
        held = personal.everything_on(user)
    named = f'attachment; filename="assay-{timezone.now():%Y-%m-%d}.json"'
    dumps = {"indent": 2, "ensure_ascii": False}
    return JsonResponse(held, json_dumps_params=dumps, headers={"Content-Disposition": named})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
def close(request: HttpRequest) -> HttpResponse:
    """Close the account a week from now. The password or a second factor is asked for again before anything is shown."""
    user = cast(User, request.user)
    if request.method == "POST":
        try:
            closing.ask(user=user)
        except closing.NotYet:
            return redirect("accounts:close")
        return redirect("accounts:home")
    context = {"obstacles": closing.obstacles(user), "day": timezone.now() + closing.WEEK}
    return render(request, "accounts/close.html", context)


@require_http_methods(["POST"])
@login_required
def keep(request: HttpRequest) -> HttpResponse:
    """Stay after all: one POST, and the week is forgotten."""
    if closing.keep(user=cast(User, request.user)):
        messages.success(request, _("Your account stays open. Nothing of it was removed."))
    return redirect("accounts:home")


def _back(request: HttpRequest) -> str:
    """Where the reader came from, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    own = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=settings.SECURE_BEHIND_TLS)
    return wanted if own and wanted.startswith("/") else reverse("accounts:home")
