"""What readers report: a ticket on the desk, and a ceiling on how many one address may file."""

from django.core.cache import cache
from django.db import transaction
from django.utils.crypto import salted_hmac

from profiles.models import Profile, Ticket

TICKETS_AN_HOUR = 5
HOUR = 3600


def open_ticket(*, message: str, profile: Profile | None = None, name: str = "", email: str = "") -> Ticket:
    with transaction.atomic():
        return Ticket.objects.create(profile=profile, name=name, email=email, message=message)


def may_report(address: str) -> bool:
    """Take one of the address's places for this hour; False when all are taken. Only a digest of it is kept, in Redis."""
    # add() sets a place only if it is free, so two requests at once cannot take the same one.
    digest = salted_hmac("profiles.contact", address, algorithm="sha256").hexdigest()
    return any(cache.add(f"contact:{digest}:{place}", 1, HOUR) for place in range(TICKETS_AN_HOUR))
