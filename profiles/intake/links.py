"""Asking now and then whether the addresses of sources still answer: politely, and without touching a grade."""

import time
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from profiles.intake.addresses import NotAllowed
from profiles.intake.fetching import INTERNET, Limits, NotFetched, NotWelcome, fetch
from profiles.intake.filing import host_of
from profiles.models import LinkCheck, Source

EVERY = timedelta(days=14)
SOONER = timedelta(days=1)  # for one that failed: hosts have bad days
FAILS = 2  # in a row, before an editor is asked to look
STALE = timedelta(days=365)
LOOKED_AT = 200
SECONDS = 5.0  # for each turn, whoever else waits for this process
NO_HEAD = {400, 403, 404, 405, 406, 501, 503}  # what hosts answer that know no HEAD


def checks_links() -> bool:
    """Tell whether this site asks hosts at all: not the demo, not a machine with embedded servers, and only if it fetches."""
    env = settings.ENV
    return env.intake_fetch and not settings.DEMO and not env.embeds_database


def due() -> QuerySet[Source]:
    """Sources whose address has not been asked for a while, those never asked first."""
    old = Q(link=None) | Q(link__checked_at__lt=Now() - EVERY)
    failed = Q(link__failures__gt=0, link__checked_at__lt=Now() - SOONER)
    return (
        Source.objects.exclude(url="").filter(old | failed).order_by(F("link__checked_at").asc(nulls_first=True), "pk")
    )


def to_recheck() -> QuerySet[Source]:
    """Sources whose address failed twice in a row, or that nobody has looked at for a year."""
    return Source.objects.filter(failing() | stale())


def failing() -> Q:
    return Q(link__failures__gte=FAILS)


def stale() -> Q:
    return Q(accessed_on__lt=timezone.now().date() - STALE)


def check_links(limits: Limits = INTERNET, *, seconds: float = SECONDS) -> int:
    """Ask one address of each host that is due, one after the other, until the time is up; return how many."""
    until, asked = time.monotonic() + seconds, 0
    for source in _one_of_each_host(due()[:LOOKED_AT]):
        if time.monotonic() > until:
            break
        check_link(source, limits)
        asked += 1
    return asked


def _one_of_each_host(sources: QuerySet[Source]) -> Iterator[Source]:
    seen: set[str] = set()
    for source in sources:
        if (host := host_of(source.url)) not in seen:
            seen.add(host)
            yield source


def check_link(source: Source, limits: Limits = INTERNET) -> LinkCheck:
    """Ask one address and note what came of it."""
    status, problem, fails = _asked(source.url, limits)
    before = LinkCheck.objects.filter(pk=source.pk).values_list("failures", flat=True).first() or 0
    noted = {"status": status, "problem": problem, "failures": before + 1 if fails else 0, "checked_at": timezone.now()}
    return LinkCheck.objects.update_or_create(source=source, defaults=noted)[0]


def _asked(url: str, limits: Limits) -> tuple[int | None, str, bool]:
    """Return what the host answered, what is wrong in words, and whether that counts as a failure."""
    try:
        page = fetch(url, limits, method="HEAD")
        if page.status in NO_HEAD:
            page = fetch(url, limits)
    except NotWelcome as refused:
        return refused.status, str(refused), False
    except (NotFetched, NotAllowed) as refused:
        status = getattr(refused, "status", None)
        return status, str(refused), not (status and status < 400)
    if page.status < 400:
        return page.status, "", False
    return page.status, f"The host answered {page.status} instead of the page.", True
