"""The ledger as the desk reads it: what somebody had, has and will have, and what was done about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import ngettext

from accounts.access import grants_of, suspensions_of, tier_of
from accounts.models import Application, Grant, Organisation, Seat, Suspension, User
from config.models import AuditEntry

SHOWN = 50  # entries of the audit; who wants to see more has all of it under Audit entries


# --- In words ---------------------------------------------------------------------------------------------------------


def state_of(entry: Grant | Seat | Suspension, *, at: datetime) -> str:
    """Where a span of time stands to that moment: what comes, what is, what was."""
    if entry.ends_at and entry.ends_at == entry.starts_at:
        return "never held"
    if entry.starts_at > at:
        return "to come"
    return "over" if entry.ends_at and entry.ends_at <= at else "holds now"


def tier_in_words(user: User, *, at: datetime) -> str:
    """Return what somebody may read at that moment, and by what; or what is in the way."""
    if user.closed_at:
        return f"none; the account was closed on {day(user.closed_at)}"
    if not user.is_active:
        return "none; the account is switched off"
    tier = tier_of(user, at=at)
    by = [by_what(grant) for grant in grants_of(user, at=at).select_related("organisation") if grant.tier == tier]
    barred = [in_the_way(one) for one in suspensions_of(user, at=at).select_related("organisation")]
    return "; ".join([f"{tier.title}: {', '.join(by) or 'no grant holds now'}", *barred])


def by_what(grant: Grant) -> str:
    until = f" until {day(grant.ends_at)}" if grant.ends_at else ""
    seat = f" through a seat of {grant.organisation}" if grant.organisation else ""
    return f"{grant.get_how_display().lower()} on {day(grant.starts_at)}{until}{seat}"


def in_the_way(suspension: Suspension) -> str:
    until = f" until {day(suspension.ends_at)}" if suspension.ends_at else ""
    return f"{suspension.organisation or 'the person'} is suspended{until}"


def day(moment: datetime) -> str:
    return f"{moment:%-d %B %Y}"


# --- What the page of a person or an organisation shows ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A grant, a seat or a suspension, and where it stands now."""

    entry: Grant | Seat | Suspension
    state: str


@dataclass(frozen=True, slots=True)
class Done:
    """An entry of the audit, with the name of whoever did it."""

    entry: AuditEntry
    actor: str

    @property
    def what(self) -> str:
        return self.entry.verb.replace(".", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Ledger:
    """Everything the ledger and the audit say of a person or an organisation, newest first."""

    grants: Sequence[Line]
    seats: Sequence[Line]
    suspensions: Sequence[Line]
    done: Sequence[Done]


@dataclass(frozen=True, slots=True)
class Doors:
    """How somebody comes into their account: of a second factor its kind, of a session no more than that it is there."""

    addresses: Sequence[EmailAddress]
    factors: Sequence[str]
    sessions: int
    last_seen: datetime | None


def ledger_of_person(user: User) -> Ledger:
    """Their own entries, and the grants and suspensions of organisations they have or had a seat of."""
    seats = Seat.objects.filter(user=user)
    theirs = Q(user=user) | Q(organisation__in=seats.values("organisation"))
    return _ledger(Grant.objects.filter(theirs), seats, Suspension.objects.filter(theirs), user)


def ledger_of_organisation(organisation: Organisation) -> Ledger:
    mine = {"organisation": organisation}
    return _ledger(
        Grant.objects.filter(**mine), Seat.objects.filter(**mine), Suspension.objects.filter(**mine), organisation
    )


def _ledger(
    grants: QuerySet[Grant], seats: QuerySet[Seat], suspensions: QuerySet[Suspension], of: User | Organisation
) -> Ledger:
    seats = seats.order_by("-starts_at", "number")
    given = _lines(grants.select_related("user", "organisation", "granted_by", "ended_by"))
    seated = _lines(seats.select_related("user", "organisation"))
    barred = _lines(suspensions.select_related("user", "organisation", "by"))
    return Ledger(given, seated, barred, _done(of, [*given, *seated, *barred]))


def _lines(entries: QuerySet[Grant] | QuerySet[Seat] | QuerySet[Suspension]) -> list[Line]:
    now = timezone.now()
    return [Line(entry, state_of(entry, at=now)) for entry in entries]


def _done(of: User | Organisation, lines: Sequence[Line]) -> list[Done]:
    entries = list(AuditEntry.objects.filter(about(of, [line.entry for line in lines]))[:SHOWN])
    names = User.objects.in_bulk({entry.actor for entry in entries if entry.actor})
    return [Done(entry, _name(entry.actor, names)) for entry in entries]


def about(of: User | Organisation, entries: Sequence[Grant | Seat | Suspension | Application]) -> Q:
    """The entries of the audit on somebody and on what the ledger holds of them."""
    wanted = Q(subject_kind=of._meta.model_name, subject_id=of.pk)
    for kind in ("grant", "seat", "suspension", "application"):
        numbers = [entry.pk for entry in entries if entry._meta.model_name == kind]
        wanted |= Q(subject_kind=kind, subject_id__in=numbers)
    return wanted


def _name(actor: int | None, names: dict[int, User]) -> str:
    if actor is None:
        return "not by a person"
    return names[actor].get_full_name() if actor in names else f"somebody who is gone ({actor})"


# --- How somebody comes in --------------------------------------------------------------------------------------------


def doors_of(user: User) -> Doors:
    sessions = living_sessions(user).aggregate(last_seen=Max("last_seen_at"))
    return Doors(
        list(EmailAddress.objects.filter(user=user).order_by("-primary", "email")),
        factors_of(user),
        living_sessions(user).count(),
        sessions["last_seen"],
    )


def living_sessions(user: User) -> "QuerySet[UserSession]":
    """The browsers somebody is logged in from; one that was closed long ago stays listed until it is looked for."""
    living = Session.objects.filter(expire_date__gt=timezone.now()).values("pk")
    sessions: QuerySet[UserSession] = UserSession.objects.filter(user=user, session_key__in=living)
    return sessions


FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN, Authenticator.Type.RECOVERY_CODES)


def factors_of(user: User) -> list[str]:
    """Second factors by their kind, in words."""
    kinds = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    counted = ((kind, kinds.count(kind)) for kind in FACTORS)
    return [_in_words(kind, number) for kind, number in counted if number]


def _in_words(kind: Authenticator.Type, number: int) -> str:
    said = {
        Authenticator.Type.TOTP: ngettext("authenticator app", "%(number)d authenticator apps", number),
        Authenticator.Type.WEBAUTHN: ngettext("security key", "%(number)d security keys", number),
        Authenticator.Type.RECOVERY_CODES: ngettext(
            "set of recovery codes", "%(number)d sets of recovery codes", number
        ),
    }
    return said[kind] % {"number": number}
