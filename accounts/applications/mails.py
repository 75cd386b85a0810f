"""What applicants, managers and whoever has or is offered a seat are told by mail, written when it leaves."""

from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.applications import renewal
from accounts.applications.states import State
from accounts.models import ApplicationEvent, Grant, Invitation, Seat
from config import mailing
from config.mailing import Written
from config.models import OutgoingMail

DECISION_WITHIN = "five working days"


def _application(kind: str) -> mailing.Renderer:
    def render(mail: OutgoingMail) -> Written | None:
        event = ApplicationEvent.objects.select_related("application__granted").get(pk=mail.about["event"])
        return _of(event, f"accounts/mails/{kind}.txt")

    return render


def _of(event: ApplicationEvent, template: str) -> Written | None:
    application = event.application
    if event.became == State.NEEDS_INFORMATION and application.state != State.NEEDS_INFORMATION:
        return None  # answered before it left
    context: dict[str, Any] = {
        "application": application,
        "organisation": application.text().organisation,
        "reason": event.reason,
        "within": DECISION_WITHIN,
        "url": reverse("accounts:application"),
    }
    return mailing.written(template, context)


for _kind in ("received", "question", "approved", "refused", "withdrawn", "expired"):
    mailing.renders(f"application-{_kind}")(_application(f"application_{_kind}"))


@mailing.renders("renewal-due")
def renewal_due(mail: OutgoingMail) -> Written | None:
    grant = Grant.objects.select_related("organisation").get(pk=mail.about["grant"])
    if not renewal.is_due(grant, at=timezone.now()):
        return None
    return mailing.written("accounts/mails/renewal_due.txt", {"grant": grant, "url": reverse("accounts:application")})


@mailing.renders("invited")
def invited(mail: OutgoingMail) -> Written | None:
    """Holds the only copy of the link there is."""
    open_ones = Invitation.objects.open(timezone.now()).select_related("organisation", "invited_by")
    invitation = open_ones.filter(pk=mail.about["invitation"]).first()
    if invitation is None:
        return None
    url = reverse("accounts:invitation_link", args=[invitation.token])
    return mailing.written("accounts/mails/invited.txt", {"invitation": invitation, "url": url})


def _seat(kind: str) -> mailing.Renderer:
    def render(mail: OutgoingMail) -> Written | None:
        seat = Seat.objects.select_related("organisation", "user").get(pk=mail.about["seat"])
        return mailing.written(f"accounts/mails/{kind}.txt", {"seat": seat, "url": reverse("accounts:home")})

    return render


for _kind in ("taken", "filled", "removed", "left"):
    mailing.renders(f"seat-{_kind}")(_seat(f"seat_{_kind}"))
for _kind in ("over", "on"):
    mailing.renders(f"handed-{_kind}")(_seat(f"handed_{_kind}"))
