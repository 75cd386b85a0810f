"""What an approved application makes: the organisation, a year's grant, and the manager's seat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import suspensions_of
from accounts.applications.states import NotPossible
from accounts.models import Application, Grant, Organisation, Seat, User, Version
from accounts.querysets import HoldingQuerySet
from accounts.tiers import Tier
from config import inwords

YEAR = timedelta(days=365)
RENEW_FROM = timedelta(days=60)  # before the end; earlier it would not be a look each year
MANAGERS = 1


@dataclass(frozen=True, slots=True)
class MayApply:
    """Whether somebody may begin an application: the organisation it would renew, or the sentence that says why not."""

    renews: Organisation | None = None
    obstacle: str = ""


def may_apply(user: User, *, at: datetime) -> MayApply:
    if suspensions_of(user, at=at).exists():
        return MayApply(obstacle=_("Your membership is suspended for now. Your account page says why."))
    seat = Seat.objects.holding(at).filter(user=user, number=MANAGERS).select_related("organisation").first()
    if seat is None:
        return MayApply()
    ends, named = _ends(seat.organisation, at), {"organisation": seat.organisation}
    if None in ends:
        return MayApply(obstacle=_("%(organisation)s is a member already, without an end.") % named)
    last = max((end for end in ends if end), default=at)
    if last > at + RENEW_FROM:
        said = _("%(organisation)s is a member until %(last)s; it can be renewed from %(opens)s on.")
        days = {"last": inwords.day(last), "opens": inwords.day(last - RENEW_FROM)}
        return MayApply(obstacle=said % {**named, **days})
    return MayApply(renews=seat.organisation)


def has_seat(user: User, organisation: Organisation, *, at: datetime) -> bool:
    return bool(Seat.objects.holding(at).filter(user=user, organisation=organisation).exists())


def enter(application: Application, text: Version, *, by: User, evidence: str) -> Organisation:
    """Make the organisation a member for a year, from the end of the one it has if it is renewed in time."""
    at = timezone.now()
    organisation = _organisation(application, text)
    ends = [end for end in _ends(organisation, at) if end]
    Grant.objects.create(
        organisation=organisation,
        tier=Tier.LEADERSHIP_ALLIANCE,
        starts_at=at,
        ends_at=max([at, *ends]) + YEAR,
        how=Grant.How.APPLICATION,
        evidence=evidence,
        granted_by=by,
    )
    _seat_the_manager(organisation, application.applicant, at)
    return organisation


def alliance_grants(organisation: Organisation, at: datetime) -> HoldingQuerySet:
    """What makes an organisation a member at that moment."""
    return Grant.objects.holding(at).filter(organisation=organisation, tier=Tier.LEADERSHIP_ALLIANCE)


def _ends(organisation: Organisation, at: datetime) -> Sequence[datetime | None]:
    return list(alliance_grants(organisation, at).values_list("ends_at", flat=True))


def _organisation(application: Application, text: Version) -> Organisation:
    organisation = Organisation()
    if application.renews_id:
        organisation = Organisation.objects.select_for_update().get(pk=application.renews_id)
    organisation.name, organisation.domain = text.organisation, text.domain
    organisation.number_resources = text.resource_list
    organisation.save()
    return organisation


def _seat_the_manager(organisation: Organisation, applicant: User, at: datetime) -> None:
    seats = Seat.objects.holding(at).filter(organisation=organisation)
    manager = seats.filter(number=MANAGERS).first()
    if manager is None:
        seats.filter(user=applicant).update(ends_at=at)
        Seat.objects.create(organisation=organisation, user=applicant, number=MANAGERS, starts_at=at)
    elif manager.user_id != applicant.pk:
        raise NotPossible("The manager's seat was handed over meanwhile; its new holder has to apply for the renewal.")
