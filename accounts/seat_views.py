"""The seats of an organisation, as its manager and whoever is invited see them."""

from collections.abc import Callable
from functools import partial
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts import seats
from accounts.actions import SeatsTaken
from accounts.applications.forms import InvitationForm
from accounts.applications.membership import MANAGERS
from accounts.models import Invitation, Organisation, Seat, User
from accounts.views import home_page
from config.languages import front_pages

FULL = gettext_lazy("All three seats are taken or offered. Take one back first.")
NOT_YOURS = gettext_lazy("The seats of this organisation are managed by somebody else now.")


@require_http_methods(["POST"])
@login_required
def invite(request: HttpRequest, pk: int) -> HttpResponse:
    organisation = get_object_or_404(_managed(request), pk=pk)
    form = InvitationForm(request.POST)
    if form.is_valid():
        try:
            seats.invite(organisation=organisation, email=form.cleaned_data["email"], by=cast(User, request.user))
        except (seats.NotNow, SeatsTaken, seats.NotTheManager) as refused:
            form.add_error("email", _sentence(refused))
        else:
            said = _("An invitation to %(address)s is on its way. It holds for seven days.")
            messages.success(request, said % {"address": form.cleaned_data["email"]})
            return redirect("accounts:home")
    return home_page(request, invitation_form=form, inviting_for=organisation.pk)


@require_http_methods(["POST"])
@login_required
def withdraw_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation, pk=pk, organisation__in=_managed(request))
    step = partial(seats.withdraw_invitation, invitation=invitation, by=cast(User, request.user))
    return _taken(request, step, _("The invitation to %(address)s no longer holds.") % {"address": invitation.email})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, then take a colleague's seat back."""
    seat = get_object_or_404(_colleagues(request), pk=pk)
    if request.method != "POST":
        return render(request, "accounts/seat_remove.html", {"seat": seat})
    step = partial(seats.remove, seat=seat, by=cast(User, request.user))
    return _taken(request, step, _("%(name)s has no seat any more.") % {"name": seat.user.get_full_name()})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, then change seats with a colleague."""
    seat = get_object_or_404(_colleagues(request), pk=pk)
    if request.method != "POST":
        return render(request, "accounts/seat_hand_over.html", {"seat": seat})
    step = partial(seats.hand_over, seat=seat, by=cast(User, request.user))
    said = {"name": seat.user.get_full_name(), "organisation": seat.organisation}
    return _taken(request, step, _("%(name)s manages the seats of %(organisation)s now.") % said)


def _taken(request: HttpRequest, step: Callable[[], object], done: str) -> HttpResponse:
    """Take a step, and say on the reader's own page what came of it."""
    try:
        step()
    except (seats.NotNow, seats.NotTheManager) as refused:
        messages.error(request, _sentence(refused))
    else:
        messages.success(request, done)
    return redirect("accounts:home")


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """What a link in a mail leads to. Looking at it does nothing: mail scanners follow links too."""
    try:
        offered = seats.invitation_with(secret)
        if request.method == "POST" and request.user.is_authenticated:
            return _accepted(request, offered, secret)
    except seats.NoInvitation:
        response = render(request, "accounts/invitation_gone.html", front_pages(), status=404)
    else:
        response = render(request, "accounts/invitation.html", {"invitation": offered})
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, noarchive"
    return response


def _accepted(request: HttpRequest, offered: Invitation, secret: str) -> HttpResponse:
    try:
        seat = seats.accept(token=secret, user=cast(User, request.user))
    except (seats.NotInvited, seats.NotNow, SeatsTaken) as refused:
        problem = _sentence(refused)
        return render(request, "accounts/invitation.html", {"invitation": offered, "problem": problem})
    said = _("You have a seat of %(organisation)s now. The Alliance’s briefings are open to you.")
    messages.success(request, said % {"organisation": seat.organisation})
    return redirect("accounts:home")


def _managed(request: HttpRequest) -> QuerySet[Organisation]:
    mine = Seat.objects.holding(timezone.now()).filter(user=cast(User, request.user), number=MANAGERS)
    return Organisation.objects.filter(pk__in=mine.values("organisation"))


def _colleagues(request: HttpRequest) -> QuerySet[Seat]:
    there = Seat.objects.holding(timezone.now()).exclude(number=MANAGERS)
    return there.filter(organisation__in=_managed(request)).select_related("organisation", "user")


def _sentence(refused: Exception) -> str:
    if isinstance(refused, SeatsTaken):
        return str(FULL)
    if isinstance(refused, seats.NotTheManager):
        return str(NOT_YOURS)
    if isinstance(refused, seats.NotInvited):
        return _(
            "This invitation is for another address. Log in with the account that has it, or confirm it on this one."
        )
    return str(refused)
