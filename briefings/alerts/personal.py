"""What this app holds of a person: to hand it to them, and to forget it."""

from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import QuerySet

from accounts.models import User
from briefings.alerts import tokens
from briefings.alerts.models import Asked, Follow, Preference, Subscriber
from briefings.alerts.subjects import subjects_of


def export_of(user: User) -> list[dict[str, Any]]:
    """Return what somebody follows, how often they are told, and whether an address of theirs gets the newsletter."""
    follows = list(Follow.objects.filter(user=user))
    subjects = subjects_of(follows)
    preferences = Preference.objects.filter(user=user)
    return [
        *({"kind": "preference", "often": preference.often} for preference in preferences),
        *(
            {
                "kind": "follow",
                "of": subjects[follow.pk].url if follow.pk in subjects else "",
                "name": subjects[follow.pk].name if follow.pk in subjects else "",
                "often": follow.often,
                "followed_at": follow.followed_at.isoformat(),
            }
            for follow in follows
        ),
        *(
            {
                "kind": "newsletter",
                "email": one.email,
                "asked_at": one.asked_at.isoformat(),
                "confirmed_at": one.confirmed_at.isoformat() if one.confirmed_at else None,
            }
            for one in _subscriptions(user)
        ),
    ]


def forget(user: User) -> None:
    """Remove it. Call it before the addresses of the account go, for the newsletter knows people by them alone."""
    Asked.objects.filter(address__in=[tokens.digest_of(address) for address in _addresses(user)]).delete()
    _subscriptions(user).delete()
    Follow.objects.filter(user=user).delete()
    Preference.objects.filter(user=user).delete()


def _addresses(user: User) -> list[str]:
    """Addresses that are shown to be theirs. One that they have only typed may be somebody else's."""
    return list(EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True))


def _subscriptions(user: User) -> "QuerySet[Subscriber]":
    return Subscriber.objects.filter(email__in=[address.lower() for address in _addresses(user)])
