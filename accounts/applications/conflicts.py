"""What an officer should know before deciding: who is a member already with the same, or with what only looks the same."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.applications import actions
from accounts.applications.states import State
from accounts.models import Application, Grant, Organisation, Suspension, User, Version
from accounts.tiers import Tier

ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "8": "b", "-": "", "_": ""})
PAIRS = {"rn": "m", "vv": "w", "cl": "d"}


def conflicts_of(application: Application, *, officer: User) -> list[str]:
    """Sentences, the weightiest first; none where nothing stands in the way."""
    text, at = application.text(), timezone.now()
    found = (
        [] if not actions.is_own(application, officer) else ["This application is your own, or your organisation's."]
    )
    found += [*_members(application, text, at), *_suspended(application, at)]
    return [*found, *_applicants(application, text), *_looks(application, text)]


def overlaps(application: Application) -> bool:
    """Whether approving would make a second organisation of one that is a member already."""
    return any(_members(application, application.text(), timezone.now()))


def _members(application: Application, text: Version, at: datetime) -> Iterator[str]:
    holding = Grant.objects.holding(at).filter(tier=Tier.LEADERSHIP_ALLIANCE).values("organisation")
    same = Q(number_resources__overlap=text.resource_list)
    if text.domain:
        same |= Q(domain__iexact=text.domain)
    for organisation in _others(application).filter(same, pk__in=holding):
        yield f"{organisation} is a member already, with the same domain or resource."


def _suspended(application: Application, at: datetime) -> Iterator[str]:
    if application.renews and Suspension.objects.holding(at).filter(organisation=application.renews).exists():
        yield "The organisation is suspended; a new grant opens nothing until that is lifted."


def _applicants(application: Application, text: Version) -> Iterator[str]:
    others = Application.objects.filter(state__in=[State.SUBMITTED, State.NEEDS_INFORMATION]).exclude(pk=application.pk)
    for other in others.select_related("applicant"):
        wrote = other.text()
        if (text.domain and wrote.domain == text.domain) or set(wrote.resource_list) & set(text.resource_list):
            yield f"{other} by {other.applicant} names the same domain or resource."


def _looks(application: Application, text: Version) -> Iterator[str]:
    if any(label.startswith("xn--") for label in text.domain.split(".")):
        yield f"{text.domain} is written in letters that may look like others: {_shown(text.domain)}."
    for organisation in _others(application).exclude(domain=""):
        if text.domain and organisation.domain != text.domain and looks_like(organisation.domain, text.domain):
            yield f"{text.domain} looks like {organisation.domain}, which is the domain of {organisation}."


def _others(application: Application) -> QuerySet[Organisation]:
    every = Organisation.objects.all()
    return every.exclude(pk=application.renews.pk) if application.renews else every


def looks_like(one: str, other: str) -> bool:
    """Whether two domains could be taken for each other at a glance."""
    return _skeleton(one) == _skeleton(other)


def _skeleton(domain: str) -> str:
    name = domain.lower().rpartition(".")[0]
    for pair, letter in PAIRS.items():
        name = name.replace(pair, letter)
    return name.translate(ALIKE)


def _shown(domain: str) -> str:
    try:
        return domain.encode().decode("idna")
    except UnicodeError:
        return domain
