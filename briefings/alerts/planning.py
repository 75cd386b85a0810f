"""Who is to be written to now. Each round posts mails and moves the cursors of their follows in one transaction.

So a mail and the note that its news has been told are kept or lost together: a process that dies in between leaves what
was there before, and the next one does it again. The mails' keys name a follow and where its cursor stood; no cursor
stands anywhere twice.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from allauth.account.models import EmailAddress
from django.db import transaction

from briefings.alerts.hearing import Hearing
from briefings.alerts.models import Asked, Follow, News, Often, Subscriber
from briefings.alerts.news import alone
from config import mailing

HOUR, MONDAY = 7, 0  # when digests leave, UTC
PEOPLE = 200  # in one transaction
UNCONFIRMED, ASKED = timedelta(days=7), timedelta(days=1)


def opened_at(pace: str, at: datetime) -> datetime | None:
    """When the window of a digest opened that was last to open; None for what knows no windows.

    A digest tells what was noticed before its window opened, so it tells the same whenever it is written.
    """
    if pace not in (Often.DAILY, Often.WEEKLY):
        return None
    opened = at.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    back = (at.weekday() - MONDAY) % 7 if pace == Often.WEEKLY else 0
    opened -= timedelta(days=back)
    step = timedelta(days=7 if pace == Often.WEEKLY else 1)
    return opened if opened <= at else opened - step


# --- Followers --------------------------------------------------------------------------------------------------------


def plan_alerts(*, at: datetime) -> int:
    """Post whatever followers are to be told by now; return how many mails that were."""
    posted = 0
    for pace in Often.values:
        while (now := _plan_some(pace, at)) is not None:
            posted += now
    return posted


def _plan_some(pace: str, at: datetime) -> int | None:
    """Plan for some of the people whose follows have not been looked at; None once there are none, or not ours to do."""
    with transaction.atomic():
        if not alone():
            return None
        to = News.objects.newest(before=opened_at(pace, at))
        follows = _next_follows(pace, to)
        if not follows:
            return None
        posted = 0 if pace == Often.NEVER else _post_alerts(follows, pace, to)
        Follow.objects.filter(pk__in=[follow.pk for follow in follows]).update(told_to=to)
        return posted


def _next_follows(pace: str, to: int) -> Sequence[Follow]:
    waiting = Follow.objects.told(pace).filter(told_to__lt=to)
    people = waiting.order_by("user").values_list("user", flat=True).distinct()[:PEOPLE]
    return list(waiting.filter(user__in=list(people)).order_by("user", "pk"))


def _post_alerts(follows: Sequence[Follow], pace: str, to: int) -> int:
    news = News.objects.public().between(min(follow.told_to for follow in follows), to)
    hearing = Hearing(list(news))
    addresses = addresses_of({follow.user_id for follow in follows})
    posted = 0
    for user_id, theirs in groupby(follows, key=lambda follow: follow.user_id):
        told = [follow for follow in theirs if hearing.heard_by(follow, after=follow.told_to)]
        if told and user_id in addresses:
            _post_alert(user_id, addresses[user_id], told, pace, to)
            posted += 1
    return posted


def _post_alert(user_id: int, address: str, follows: Sequence[Follow], pace: str, to: int) -> None:
    first = follows[0]
    mailing.post(
        "alerts",
        to=address,
        user_id=user_id,
        key=f"alerts:{first.pk}:{first.told_to}",
        about={"pace": pace, "to": to, "after": {str(follow.pk): follow.told_to for follow in follows}},
    )


def addresses_of(user_ids: Iterable[int]) -> dict[int, str]:
    """Where people with an open account can be written to: at an address they have confirmed."""
    confirmed = EmailAddress.objects.filter(user__in=user_ids, user__is_active=True, verified=True)
    return dict(confirmed.order_by("primary", "-pk").values_list("user_id", "email"))


# --- The newsletter ---------------------------------------------------------------------------------------------------


def plan_newsletter(*, at: datetime) -> int:
    """Post this week's newsletter to whoever has not been sent it; return how many mails that were."""
    posted = 0
    while (now := _plan_some_newsletters(at)) is not None:
        posted += now
    return posted


def _plan_some_newsletters(at: datetime) -> int | None:
    with transaction.atomic():
        if not alone():
            return None
        to = News.objects.newest(before=opened_at(Often.WEEKLY, at))
        waiting = Subscriber.objects.filter(confirmed_at__isnull=False, told_to__lt=to).order_by("pk")
        subscribers = list(waiting[:PEOPLE])
        if not subscribers:
            return None
        told = _post_newsletters(subscribers, to)
        Subscriber.objects.filter(pk__in=[one.pk for one in subscribers]).update(told_to=to)
        return told


def _post_newsletters(subscribers: Sequence[Subscriber], to: int) -> int:
    newest = News.objects.in_the_newsletter().between(min(one.told_to for one in subscribers), to).newest()
    told = [one for one in subscribers if one.told_to < newest]
    for one in told:
        about = {"subscriber": one.pk, "after": one.told_to, "to": to}
        mailing.post("newsletter", to=one.email, key=f"newsletter:{one.pk}:{one.told_to}", about=about)
    return len(told)


# --- What is not kept -------------------------------------------------------------------------------------------------


def tidy(*, at: datetime) -> None:
    """Forget addresses whose owner did not answer within a week, and after a day who typed an address."""
    Subscriber.objects.filter(confirmed_at=None, asked_at__lt=at - UNCONFIRMED).delete()
    Asked.objects.filter(at__lt=at - ASKED).delete()
