"""What we hold on a person: each app says what that is, how it is handed over, and how it is forgotten.

Accounts cannot know what others keep, so they tell: `register` in an app's `ready()`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Q, QuerySet

from accounts.ledger import about
from accounts.models import Application, Grant, Seat, Suspension, User
from config import mailing
from config.models import AuditEntry, MutedAddress

Export = Callable[[User], Any]
Forget = Callable[[User], object]


@dataclass(frozen=True, slots=True)
class Part:
    """Something held on a person: `export` returns it as plain values, `forget` removes it for good."""

    export: Export
    forget: Forget


PARTS: dict[str, Part] = {}


def register(name: str, *, export: Export, forget: Forget) -> None:
    """Have one more part handed over and forgotten. Both run in the transaction of who asks; a name is registered once."""
    PARTS[name] = Part(export, forget)


def everything_on(user: User) -> dict[str, Any]:
    return {name: part.export(user) for name, part in PARTS.items()}


def forget(user: User) -> None:
    """Forget all parts. Addresses go last, for others may find what is theirs by them."""
    for part in reversed(PARTS.values()):
        part.forget(user)


# --- What lies here ---------------------------------------------------------------------------------------------------


def _account(user: User) -> dict[str, Any]:
    told = ["email", "name", "date_joined", "last_login", "last_visit", "closes_at"]
    return {name: getattr(user, name) for name in told}


def _grants(user: User) -> list[Any]:
    told = ["tier", "organisation__name", "starts_at", "ends_at", "how", "evidence", "end_reason"]
    return _values(Grant.objects.filter(user=user), *told)


def _audit(user: User) -> list[Any]:
    return _values(audit_of(user), "at", "verb", "subject_kind", "subject_id", "reason", "details", "actor")


def audit_of(user: User) -> QuerySet[AuditEntry]:
    """What the audit says of somebody, or of what they did."""
    return AuditEntry.objects.filter(about(user, entries_of(user)) | Q(actor=user.pk))


def entries_of(user: User) -> list[Grant | Seat | Suspension | Application]:
    """What the ledger holds of somebody by themselves, and what they applied for."""
    held = [entry for model in (Grant, Seat, Suspension) for entry in model.objects.filter(user=user)]
    return [*held, *Application.objects.filter(applicant=user)]


def _values(rows: Any, *names: str) -> list[Any]:
    return [dict(row) for row in rows.order_by("pk").values(*names)]


def _forget_mails(user: User) -> None:
    mailing.forget(user.pk)
    MutedAddress.objects.filter(address__in=[address.lower() for address in addresses_of(user)]).delete()


def addresses_of(user: User) -> list[str]:
    return [
        user.email,
        *EmailAddress.objects.filter(user=user).exclude(email=user.email).values_list("email", flat=True),
    ]


def _stays(user: User) -> None:
    """The row stays for the ledger's sake; accounts/closing.py empties it."""


def _of(model: Any, *names: str) -> tuple[Export, Forget]:
    """Rows of theirs, handed over by these columns and removed."""
    return (
        lambda user: _values(model.objects.filter(user=user), *names),
        lambda user: model.objects.filter(user=user).delete(),
    )


def _register_own() -> None:
    addresses, forget_addresses = _of(EmailAddress, "email", "verified", "primary")
    factors, forget_factors = _of(Authenticator, "type", "created_at", "last_used_at")
    sessions, forget_sessions = _of(UserSession, "ip", "user_agent", "created_at", "last_seen_at")
    seats, _ledger_stays = _of(Seat, "organisation__name", "number", "starts_at", "ends_at")
    suspensions, _ledger_stays = _of(Suspension, "starts_at", "ends_at", "reason")
    register("account", export=_account, forget=_stays)
    register("addresses", export=addresses, forget=forget_addresses)
    register("second factors", export=factors, forget=forget_factors)
    register("sessions", export=sessions, forget=forget_sessions)
    register("grants", export=_grants, forget=_stays)
    register("seats", export=seats, forget=_stays)
    register("suspensions", export=suspensions, forget=_stays)
    register("audit", export=_audit, forget=_stays)
    register("mails", export=lambda user: mailing.export_of(user.pk), forget=_forget_mails)


_register_own()
