"""Closing an account: asked for, thought over for a week, then done, and nothing of the person is left.

What stays is a row without a name, so that the ledger and the audit have no gaps.
"""

import logging
from datetime import datetime, timedelta

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import actions, personal
from accounts.models import Grant, Seat, Suspension, User
from config import mailing
from config.audit import acting

log = logging.getLogger(__name__)

WEEK = timedelta(days=7)
REMINDED = timedelta(days=2)  # before the day
CLOSED = "account closed"


class NotYet(actions.Refused):
    """Something must happen before the account can be closed; `sentences` say what."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(*sentences)
        self.sentences = sentences

    def __str__(self) -> str:
        return " ".join(self.sentences)


def obstacles(user: User) -> list[str]:
    """Return what must happen first, a sentence each."""
    works = user.is_staff or user.is_superuser or user.groups.exists() or user.user_permissions.exists()
    managed = Seat.objects.holding(timezone.now()).filter(user=user, number=1).select_related("organisation")
    return [
        *([_("You work on the desk. Ask an administrator to take your rights there back first.")] if works else []),
        *(
            _(
                "You have the manager’s seat of %(organisation)s. Hand it over to a colleague first, or ask the membership"
                " officers to end the organisation’s membership."
            )
            % {"organisation": seat.organisation}
            for seat in managed
        ),
    ]


# --- Asking, and thinking better of it --------------------------------------------------------------------------------


def ask(*, user: User) -> datetime:
    """Have an account closed a week from now; return the moment. Who has asked already waits no longer. Raises NotYet."""
    with acting(by=user):
        locked = User.objects.select_for_update().get(pk=user.pk)
        if sentences := obstacles(locked):
            raise NotYet(sentences)
        if locked.closes_at is None:
            locked.closes_at = timezone.now() + WEEK
            locked.save(update_fields=["closes_at"])
            _tell(locked, locked.closes_at)
        return locked.closes_at


def _tell(user: User, closes_at: datetime) -> None:
    moment = int(closes_at.timestamp())
    for kind, due in (("closing-asked", None), ("closing-soon", closes_at - REMINDED)):
        key = f"{kind}:{user.pk}:{moment}"
        mailing.post(kind, to=user.email, user_id=user.pk, key=key, about={"closes_at": moment}, due=due)


def keep(*, user: User) -> bool:
    """Stay after all; tell whether there was anything to take back."""
    with acting(by=user):
        return bool(User.objects.filter(pk=user.pk, closed_at=None).exclude(closes_at=None).update(closes_at=None))


# --- Doing it ---------------------------------------------------------------------------------------------------------


def close_due() -> int:
    """Close every account whose week is over, each in a transaction of its own; return how many."""
    due = User.objects.filter(closes_at__lte=timezone.now(), closed_at=None).order_by("closes_at", "pk")
    return sum(close(user_id=pk) for pk in list(due.values_list("pk", flat=True)))


def close(*, user_id: int) -> bool:
    """Erase a person whose week is over, all of it or nothing; tell whether that was done."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user_id)
        if user.closed_at or user.closes_at is None or user.closes_at > timezone.now():
            return False
        if sentences := obstacles(user):
            log.warning("Account %s cannot be closed yet: %s", user_id, " ".join(sentences))
            return False
        _erase(user)
        return True


def _erase(user: User) -> None:
    actions.end_sessions(user=user)
    _end_what_holds(user)
    _forget_what_the_desk_called(user)
    personal.forget(user)
    user.email, user.name = f"closed-{user.pk}@invalid", ""
    user.set_unusable_password()
    user.is_active = False
    user.last_login = user.last_visit = None
    user.closed_at = timezone.now()
    user.save()
    _blank(user)


def _end_what_holds(user: User) -> None:
    now = timezone.now()
    for grant in Grant.objects.select_for_update().filter(user=user):
        if grant.ends_at is None or grant.ends_at > now:
            actions.end_grant(grant=grant, by=user, reason=CLOSED)
    for seat in Seat.objects.holding(now).filter(user=user):
        actions.end_seat(seat=seat, by=user, reason=CLOSED)


def _forget_what_the_desk_called(user: User) -> None:
    """The desk's own log keeps the name of each thing as it was called then: an address, or a grant for an address."""
    for one in (user, *personal.entries_of(user)):
        logged = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(one), object_id=str(one.pk))
        logged.update(object_repr="", change_message="")
    LogEntry.objects.filter(object_repr__in=personal.addresses_of(user)).update(object_repr="")


def _blank(user: User) -> None:
    """Take what was written about the person out of what stays."""
    Grant.objects.filter(user=user).exclude(end_reason=CLOSED).update(end_reason="")
    Grant.objects.filter(user=user).update(evidence="")
    Suspension.objects.filter(user=user).update(reason="")
    personal.audit_of(user).update(reason="", details={})
