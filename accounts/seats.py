"""The three seats of an organisation: inviting, accepting, removing and handing over by its manager, and leaving.

Each locks the organisation first, as `give_seat` does, so that of two at once the second one finds what is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.actions import SeatsTaken, give_seat
from accounts.applications.membership import MANAGERS, alliance_grants
from accounts.applications.rdap import same_address
from accounts.models import SEATS, Invitation, Organisation, Seat, Suspension, User
from config import mailing
from config.audit import acting

VALID_FOR = timedelta(days=7)
MOST_A_DAY = 10  # of one organisation
MOST_TO_ONE = 3  # mails to one address in a week


class NotTheManager(Exception):
    """The seat from which this is done is somebody else's by now."""


class NotYourSeat(Exception):
    """Somebody else sits there."""


class NotNow(Exception):
    """It cannot be done as things stand; the text is a sentence."""


class NoInvitation(Exception):
    """There is none with this link any more: accepted, withdrawn, run out, or never made."""


class NotInvited(Exception):
    """The invitation is for an address that this person has not confirmed as theirs."""


# --- Inviting ---------------------------------------------------------------------------------------------------------


def invite(*, organisation: Organisation, email: str, by: User) -> Invitation:
    """Offer a seat to an address, whoever it belongs to. A second invitation takes the place of the first.

    Raises NotTheManager, SeatsTaken, and NotNow where a ceiling is reached or the membership has ended.
    """
    with _managed(organisation, by):
        at = timezone.now()
        _check_membership(organisation)
        if any(same_address(seat.user.email, email) for seat in _seats(organisation)):
            raise NotNow(_("This address has a seat already."))
        _check_ceilings(organisation, email)
        open_ones = Invitation.objects.open(at).filter(organisation=organisation)
        open_ones.filter(email__iexact=email).update(withdrawn_at=at)
        if len(_seats(organisation)) + open_ones.count() >= SEATS:
            raise SeatsTaken(organisation.pk)
        invitation = Invitation(organisation=organisation, email=email, invited_by=by, expires_at=at + VALID_FOR)
        invitation.token_hash = Invitation.hash_of(invitation.token)
        invitation.save()
        mailing.post("invited", to=email, key=f"invited:{invitation.pk}", about={"invitation": invitation.pk})
        return invitation


def withdraw_invitation(*, invitation: Invitation, by: User) -> None:
    with _managed(invitation.organisation, by):
        Invitation.objects.open(timezone.now()).filter(pk=invitation.pk).update(withdrawn_at=timezone.now())


def invitation_with(token: str) -> Invitation:
    """Return the open invitation that a link leads to, or raise NoInvitation."""
    found = Invitation.objects.open(timezone.now()).filter(token_hash=Invitation.hash_of(token))
    invitation = found.select_related("organisation", "invited_by").first()
    if invitation is None:
        raise NoInvitation
    return invitation


def offered_to(user: User) -> list[Invitation]:
    """Return the open invitations for addresses that somebody has confirmed as theirs."""
    mine = _confirmed(user)
    theirs = Q(pk__in=[])
    for address in mine:
        theirs |= Q(email__iexact=address)
    found = Invitation.objects.open(timezone.now()).filter(theirs).select_related("organisation", "invited_by")
    return [one for one in found if any(same_address(address, one.email) for address in mine)]


def accept(*, invitation: Invitation, user: User) -> Seat:
    """Take the seat that was offered. Raises NoInvitation, NotInvited, SeatsTaken and NotNow."""
    with acting(by=user):
        _lock(invitation.organisation)
        if not Invitation.objects.open(timezone.now()).filter(pk=invitation.pk).exists():
            raise NoInvitation
        if not any(same_address(address, invitation.email) for address in _confirmed(user)):
            raise NotInvited(invitation.pk)
        _check_membership(invitation.organisation)
        seat = give_seat(organisation=invitation.organisation, user=user, first=MANAGERS + 1)
        invitation.accepted_at, invitation.accepted_by = timezone.now(), user
        invitation.save(update_fields=["accepted_at", "accepted_by"])
        _tell("seat-taken", seat, to=user)
        if manager := _manager(invitation.organisation):
            _tell("seat-filled", seat, to=manager.user)
        return seat


def _confirmed(user: User) -> list[str]:
    return list(EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True))


def _check_ceilings(organisation: Organisation, email: str) -> None:
    now = timezone.now()
    sent = Invitation.objects.filter(organisation=organisation)
    if sent.filter(created_at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY:
        said = ngettext(
            "%(number)d invitation went out within a day. Please go on tomorrow.",
            "%(number)d invitations went out within a day. Please go on tomorrow.",
            MOST_A_DAY,
        )
        raise NotNow(said % {"number": MOST_A_DAY})
    if sent.filter(email__iexact=email, created_at__gt=now - VALID_FOR).count() >= MOST_TO_ONE:
        said = ngettext(
            "This address was invited %(number)d time within a week. Ask whether the mails arrive.",
            "This address was invited %(number)d times within a week. Ask whether the mails arrive.",
            MOST_TO_ONE,
        )
        raise NotNow(said % {"number": MOST_TO_ONE})


def _check_membership(organisation: Organisation) -> None:
    at = timezone.now()
    if not alliance_grants(organisation, at).exists():
        raise NotNow(_("The membership of %(organisation)s has ended.") % {"organisation": organisation})
    if Suspension.objects.holding(at).filter(organisation=organisation).exists():
        raise NotNow(_("The membership of %(organisation)s is suspended for now.") % {"organisation": organisation})


# --- Seats ------------------------------------------------------------------------------------------------------------


def remove(*, seat: Seat, by: User) -> None:
    """Take a colleague's seat back. Removing twice is removing once. Raises NotTheManager, and NotNow for one's own."""
    with _managed(seat.organisation, by):
        if seat.number == MANAGERS:
            raise NotNow(_("The manager's seat is handed over, not removed."))
        if Seat.objects.filter(pk=seat.pk, ends_at=None).update(ends_at=timezone.now()):
            _tell("seat-removed", seat, to=seat.user)


def leave(*, seat: Seat, by: User) -> None:
    """Give one's own seat back. Leaving twice is leaving once. Raises NotYourSeat, and NotNow for the manager's."""
    with acting(by=by):
        _lock(seat.organisation)
        # Not the row in hand: a colleague who was handed the seats a moment ago is the manager now.
        mine = Seat.objects.filter(pk=seat.pk, user=by).first()
        if mine is None:
            raise NotYourSeat(seat.pk)
        if mine.number == MANAGERS and mine.ends_at is None:
            raise NotNow(_("The manager’s seat is handed over to a colleague, not left."))
        left = Seat.objects.filter(pk=mine.pk, ends_at=None).update(ends_at=timezone.now())
        if left and (manager := _manager(seat.organisation)):
            _tell("seat-left", mine, to=manager.user)


def hand_over(*, seat: Seat, by: User) -> Seat:
    """Make a colleague the manager; the two change seats. Raises NotTheManager, and NotNow for a seat that has ended."""
    with _managed(seat.organisation, by) as manager:
        at = timezone.now()
        heir = Seat.objects.holding(at).filter(pk=seat.pk).select_related("user").first()
        if heir is None or heir.number == MANAGERS:
            raise NotNow(_("This seat has ended meanwhile."))
        Seat.objects.filter(pk__in=[heir.pk, manager.pk]).update(ends_at=at)
        seated = {"organisation": seat.organisation, "starts_at": at}
        now_manager = Seat.objects.create(user=heir.user, number=MANAGERS, **seated)
        former = Seat.objects.create(user=by, number=heir.number, **seated)
        _tell("handed-over", now_manager, to=heir.user)
        _tell("handed-on", former, to=by)
        return now_manager


@contextmanager
def _managed(organisation: Organisation, by: User) -> Iterator[Seat]:
    """The manager's seat, locked with its organisation, for whoever has it."""
    with acting(by=by):
        _lock(organisation)
        manager = _manager(organisation)
        if manager is None or manager.user_id != by.pk:
            raise NotTheManager(organisation.pk)
        yield manager


def _lock(organisation: Organisation) -> None:
    Organisation.objects.select_for_update().get(pk=organisation.pk)


def _seats(organisation: Organisation) -> list[Seat]:
    return list(Seat.objects.holding(timezone.now()).filter(organisation=organisation).select_related("user"))


def _manager(organisation: Organisation) -> Seat | None:
    return next((seat for seat in _seats(organisation) if seat.number == MANAGERS), None)


def _tell(kind: str, seat: Seat, *, to: User) -> None:
    mailing.post(kind, to=to.email, user_id=to.pk, key=f"{kind}:{seat.pk}", about={"seat": seat.pk})
