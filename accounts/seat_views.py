"""The seats of an organisation, as its manager, whoever has one and whoever is invited see them."""

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
from django.views.decorators.http import require_http_methods, require_safe

from accounts import seats
from accounts.actions import SeatsTaken
from accounts.applications.forms import InvitationForm
from accounts.applications.membership import MANAGERS
from accounts.models import Invitation, Organisation, Seat, User
from accounts.views import home_page

FULL = gettext_lazy("All three seats are taken or offered. Take one back first.")
NOT_YOURS = gettext_lazy("The seats of this organisation are managed by somebody else now.")
OFFERED = "invitation"  # in the session: the secret of the link that was followed
TOKEN_LENGTH = 64


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


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, then give one's own seat back."""
    seat = get_object_or_404(_my_seats(request), pk=pk)
    if request.method != "POST":
        return render(request, "accounts/seat_leave.html", {"seat": seat})
    step = partial(seats.leave, seat=seat, by=cast(User, request.user))
    return _taken(
        request, step, _("You have left your seat of %(organisation)s.") % {"organisation": seat.organisation}
    )


def _taken(request: HttpRequest, step: Callable[[], object], done: str) -> HttpResponse:
    """Take a step, and say on the reader's own page what came of it."""
    try:
        step()
    except (seats.NotNow, seats.NotTheManager, seats.NotYourSeat) as refused:
        messages.error(request, _sentence(refused))
    else:
        messages.success(request, done)
    return redirect("accounts:home")


@require_safe
def invitation_link(request: HttpRequest, secret: str) -> HttpResponse:
    """What the link in a mail leads to. Looking at it does nothing: mail scanners follow links too.

    The secret goes into the session, where it waits while an account is made and confirmed, and out of the address:
    otherwise it would stand in the `next` of the log-in page, in what the next page is told, and in logs.
    """
    request.session[OFFERED] = secret[:TOKEN_LENGTH]
    return _unseen(redirect("accounts:invitation"))


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """The invitation whose link was followed in this browser."""
    try:
        offered = seats.invitation_with(request.session.get(OFFERED, ""))
        if request.method == "POST" and request.user.is_authenticated:
            return _accepted(request, offered)
    except seats.NoInvitation:
        if request.user.is_authenticated and OFFERED not in request.session:
            return redirect("accounts:home")  # which shows what is offered to whoever is there
        request.session.pop(OFFERED, None)
        return _unseen(render(request, "accounts/invitation_gone.html", status=404))
    return _unseen(render(request, "accounts/invitation.html", {"invitation": offered}))


@require_http_methods(["POST"])
@login_required
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a seat that the reader's own page shows, without the link from the mail."""
    offered = next((one for one in seats.offered_to(cast(User, request.user)) if one.pk == pk), None)
    try:
        if offered is None:
            raise seats.NoInvitation
        return _accepted(request, offered)
    except seats.NoInvitation:
        messages.error(request, _("This invitation does not hold any more."))
        return redirect("accounts:home")


def _accepted(request: HttpRequest, offered: Invitation) -> HttpResponse:
    try:
        seat = seats.accept(invitation=offered, user=cast(User, request.user))
    except (seats.NotInvited, seats.NotNow, SeatsTaken) as refused:
        shown = {"invitation": offered, "problem": _sentence(refused)}
        return _unseen(render(request, "accounts/invitation.html", shown))
    request.session.pop(OFFERED, None)
    said = _("You have a seat of %(organisation)s now. The Alliance’s briefings are open to you.")
    messages.success(request, said % {"organisation": seat.organisation})
    return redirect("accounts:home")


def _unseen(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, noarchive"
    return response


def _my_seats(request: HttpRequest) -> QuerySet[Seat]:
    mine = Seat.objects.holding(timezone.now()).filter(user=cast(User, request.user)).exclude(number=MANAGERS)
    return mine.select_related("organisation")


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
    if isinstance(refused, seats.NotYourSeat):
        return _("This seat is not yours any more.")
    if isinstance(refused, seats.NotInvited):
        return _(
            "This invitation is for another address. Log in with the account that has it, or confirm it on this one."
        )
    return str(refused)
