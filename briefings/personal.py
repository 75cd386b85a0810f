"""What lies beside the accounts and speaks of a person: the reports they sent us, found by their confirmed addresses."""

from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import QuerySet
from django.db.models.functions import Lower

from accounts import personal
from accounts.models import User
from profiles import contact
from profiles.models import Ticket


def tickets_of(user: User) -> QuerySet[Ticket]:
    return Ticket.objects.alias(address=Lower("email")).filter(address__in=confirmed(user))


def confirmed(user: User) -> list[str]:
    return list(EmailAddress.objects.filter(user=user, verified=True).values_list(Lower("email"), flat=True))


def export(user: User) -> list[dict[str, Any]]:
    tickets = tickets_of(user).order_by("pk")
    return [dict(ticket) for ticket in tickets.values("created_at", "name", "email", "message", "answer")]


def forget(user: User) -> None:
    """What was reported stays on the desk; who reported it does not."""
    for address in confirmed(user):
        contact.forget(address)


def register() -> None:
    personal.register("reports", export=export, forget=forget)
