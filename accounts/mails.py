"""What members are told by mail of what happened to their membership and account. No mail holds what a tier opens."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from accounts.access import tier_of
from accounts.applications import mails as _of_applications  # noqa: F401  (it has more kinds)
from accounts.ledger import state_of
from accounts.models import Grant, Seat, Suspension, User
from accounts.tiers import Tier
from config import mailing
from config.mailing import Written
from config.models import OutgoingMail

HOLDS = "holds now"


def reader_of(mail: OutgoingMail) -> User | None:
    """Whoever it is to, while the account is open."""
    return User.objects.filter(pk=mail.user_id or 0, closed_at=None).first()


def on(model: Any, kind: str, *states: str) -> Callable[[OutgoingMail], Written | None]:
    """Have mails of a kind tell of one row, while it is in one of these states and its reader is there."""

    def write(mail: OutgoingMail) -> Written | None:
        user, now = reader_of(mail), timezone.now()
        entry = model.objects.filter(pk=mail.about[model._meta.model_name]).first()
        if user is None or entry is None or state_of(entry, at=now) not in states:
            return None
        return mailing.written(
            f"accounts/mails/{kind}.txt",
            {"user": user, "entry": entry, "tier": tier_of(user, at=now), "reader": Tier.READER},
        )

    return mailing.renders(kind)(write)


circle_welcome = on(Grant, "circle-welcome", HOLDS)
grant_given = on(Grant, "grant-given", HOLDS)
grant_ended = on(Grant, "grant-ended", "over", "never held")
seat_given = on(Seat, "seat-given", HOLDS)
seat_ended = on(Seat, "seat-ended", "over", "never held")
suspended = on(Suspension, "suspended", HOLDS)
lifted = on(Suspension, "lifted", "over", "never held")


# --- Closing an account -----------------------------------------------------------------------------------------------


def _closing(kind: str) -> Callable[[OutgoingMail], Written | None]:
    def write(mail: OutgoingMail) -> Written | None:
        user = reader_of(mail)
        # Who thought better of it, and asked again since, is told of the new day by another mail.
        if user is None or user.closes_at is None or int(user.closes_at.timestamp()) != mail.about["closes_at"]:
            return None
        return mailing.written(f"accounts/mails/{kind}.txt", {"user": user})

    return mailing.renders(kind)(write)


closing_asked = _closing("closing-asked")
closing_soon = _closing("closing-soon")
