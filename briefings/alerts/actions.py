"""Everything readers change about what they are told: one transaction each, safe to repeat."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from briefings.alerts import tokens
from briefings.alerts.models import Asked, Follow, News, Often, Preference, Subscriber
from briefings.alerts.subjects import Subject
from config import mailing

FOLLOWS_MAX = 500
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Mails to addresses that somebody typed, who may not be their owner: together they must not fill anybody's mailbox.
TO_ONE_ADDRESS_A_DAY = 3
FROM_ONE_CLIENT_AN_HOUR = 5
TO_STRANGERS_AN_HOUR = 200
LOCK = 7_219_435_812  # any number that nothing else locks


class NotVerified(Exception):
    """The person has not confirmed an address yet."""


class TooManyFollows(Exception):
    """The person follows as much as one person may."""


class AskedTooOften(Exception):
    """This client has asked for mails to strangers often enough for an hour, or all clients together have."""


# --- Following --------------------------------------------------------------------------------------------------------


def follow(*, user: User, subject: Subject, often: str = "") -> Follow:
    """Follow something from now on; what is followed already is told as often as this says.

    Raises NotVerified, TooManyFollows.
    """
    if not EmailAddress.objects.filter(user=user, verified=True).exists():
        raise NotVerified(user.pk)
    with transaction.atomic():
        followed = Follow.objects.filter(user=user)
        if not followed.filter(**subject.column).exists() and followed.count() >= FOLLOWS_MAX:
            raise TooManyFollows(user.pk)
        made, _new = Follow.objects.update_or_create(
            user=user,
            **subject.column,
            defaults={"often": often},
            create_defaults={"often": often, "told_to": News.objects.newest()},
        )
        return made


def unfollow(*, user: User, subject: Subject) -> None:
    Follow.objects.filter(user=user, **subject.column).delete()


def change(*, user: User, follow_id: int, often: str) -> None:
    """Tell one of somebody's follows how often; a follow that has gone stays gone."""
    Follow.objects.filter(user=user, pk=follow_id).update(often=often)


def remove(*, user: User, follow_id: int) -> None:
    Follow.objects.filter(user=user, pk=follow_id).delete()


def prefer(*, user: User, often: str) -> None:
    """Say how often somebody is written to where a follow does not say it."""
    Preference.objects.update_or_create(user=user, defaults={"often": often})


# --- The newsletter ---------------------------------------------------------------------------------------------------


def subscribe(*, email: str, client: str) -> None:
    """Ask an address whether it wants the newsletter. Known or not, it gets one mail, and its sender one answer.

    Raises AskedTooOften, which says nothing about the address.
    """
    email, digest = email.lower(), tokens.digest_of(email)
    with transaction.atomic():
        if not _may_ask(digest, client):
            return
        subscriber, _new = Subscriber.objects.update_or_create(
            email=email, defaults={"asked_at": timezone.now()}, create_defaults={"digest": digest}
        )
        asked = Asked.objects.create(address=digest, client=tokens.digest_of(client))
        mailing.post(
            "newsletter_question",
            to=subscriber.email,
            key=f"newsletter_question:{asked.pk}",
            about={"subscriber": subscriber.pk},
        )


def _may_ask(digest: str, client: str) -> bool:
    """Tell whether this address may be written to. One at a time, so that two requests never take the same place."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    now = timezone.now()
    last_hour = Asked.objects.filter(at__gt=now - HOUR)
    if last_hour.filter(client=tokens.digest_of(client)).count() >= FROM_ONE_CLIENT_AN_HOUR:
        raise AskedTooOften
    if last_hour.count() >= TO_STRANGERS_AN_HOUR:
        raise AskedTooOften
    return Asked.objects.filter(at__gt=now - DAY, address=digest).count() < TO_ONE_ADDRESS_A_DAY


def confirm(*, subscriber_id: int) -> bool:
    """Start the newsletter; False where the question has been forgotten meanwhile. Confirming twice changes nothing."""
    with transaction.atomic():
        subscriber = Subscriber.objects.select_for_update().filter(pk=subscriber_id).first()
        if subscriber is None:
            return False
        if subscriber.confirmed_at is None:
            subscriber.confirmed_at, subscriber.told_to = timezone.now(), News.objects.newest()
            subscriber.save(update_fields=["confirmed_at", "told_to"])
        return True


# --- The links in mails -----------------------------------------------------------------------------------------------


def stop(what: tokens.What) -> None:
    """Do what a signed link says: stop one follow, one digest or the newsletter. Doing it again changes nothing."""
    match what:
        case [tokens.FOLLOW, int(user_id), str(kind), int(subject_id)]:
            Follow.objects.filter(user=user_id, **{f"{kind}_id": subject_id}).delete()
        case [tokens.PACE, int(user_id), str(pace)]:
            _stop_pace(user_id, pace)
        case [tokens.NEWSLETTER, str(digest)]:
            Subscriber.objects.filter(digest=digest).delete()


def _stop_pace(user_id: int, pace: str) -> None:
    """What somebody follows at this pace stays on their list, and no mail comes of it."""
    with transaction.atomic():
        at_this_pace = Follow.objects.told(pace).filter(user=user_id)
        follow_ids = list(at_this_pace.values_list("pk", flat=True))
        Follow.objects.filter(pk__in=follow_ids).update(often=Often.NEVER)
        Preference.objects.filter(user=user_id, often=pace).update(often=Often.NEVER)
