"""A membership lasts a year. Its manager is reminded in time, and applies again from what was written last time."""

from datetime import datetime, timedelta

from accounts.applications.membership import MANAGERS
from accounts.applications.states import State
from accounts.models import Application, Grant, Organisation, Seat, User, Version
from accounts.tiers import Tier
from config import mailing

REMINDERS = {"a month before": timedelta(days=30), "a week before": timedelta(days=7)}


def remind(*, at: datetime) -> None:
    """Put the reminders that are due into the outbox, each once for each grant."""
    first = max(REMINDERS.values())
    soon = Grant.objects.holding(at).filter(
        tier=Tier.LEADERSHIP_ALLIANCE, organisation__isnull=False, ends_at__lte=at + first
    )
    for grant in soon:
        if is_due(grant, at=at):
            _remind(grant, at)


def is_due(grant: Grant, *, at: datetime) -> bool:
    """Whether a membership ends with this grant, unless somebody does something about it."""
    others = Grant.objects.holding(at).filter(organisation=grant.organisation, tier=grant.tier).exclude(pk=grant.pk)
    lasts = others.filter(ends_at=None).exists() or others.filter(ends_at__gt=grant.ends_at).exists()
    applied = Application.objects.filter(renews=grant.organisation, state=State.SUBMITTED).exists()
    ended = grant.ends_at is None or grant.ends_at <= at
    return not (lasts or applied or ended)


def _remind(grant: Grant, at: datetime) -> None:
    manager = (
        Seat.objects.holding(at)
        .filter(organisation=grant.organisation, number=MANAGERS, user__is_active=True)
        .select_related("user")
        .first()
    )
    if manager is None or grant.ends_at is None:
        return
    # One that was missed is not made up for a week later by two mails at once.
    when = min((span, name) for name, span in REMINDERS.items() if grant.ends_at <= at + span)[1]
    mailing.post(
        "renewal-due",
        to=manager.user.email,
        user_id=manager.user.pk,
        key=f"renewal-due:{grant.pk}:{when}",
        about={"grant": grant.pk},
    )


def start_for(applicant: User, renews: Organisation | None) -> Version:
    """What a new application is filled in with: what they wrote last, or what is known of the organisation."""
    last = Application.objects.filter(applicant=applicant, version__gt=0).order_by("-created_at").first()
    if last:
        return last.text().as_a_start()
    if renews:
        resources = "\n".join(renews.number_resources)
        return Version(organisation=renews.name, domain=renews.domain, resources=resources)
    return Version()
