"""Finding again what is on file: publishers by their name, sources by their address, origins by what others chose."""

from collections.abc import Iterable
from datetime import date
from urllib.parse import urlsplit

from django.db.models import Q, QuerySet
from django.utils.text import slugify
from rapidfuzz import fuzz

from profiles.intake.proposals import A_THING
from profiles.models import Choice, IntakeProposal, Publisher, Source
from profiles.urlkeys import url_key

OFFERED_MAX = 8
LOOKED_AT = 300


def publisher_named(name: str, url: str = "") -> Publisher | None:
    """Return the publisher of that name, whatever its article and capitals; else the one at home where the address is."""
    bare = name.strip().removeprefix("The ").removeprefix("the ").strip()
    if bare:
        spelt = Q(name__iexact=bare) | Q(name__iexact=f"The {bare}") | Q(slug=slugify(bare) or "-")
        if found := Publisher.objects.filter(spelt).order_by("pk").first():
            return found
    return _at_home(url)


def _at_home(url: str) -> Publisher | None:
    host = host_of(url)
    if not host:
        return None
    near = Publisher.objects.filter(homepage__icontains=host).order_by("pk")[:20]
    return next((one for one in near if host_of(one.homepage) == host), None)


def host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def source_on_file(
    *, url: str, publisher: Publisher | None, title: str, published_on: date | None
) -> Source | None:  # fmt: skip
    """Return the source of that normalised address; without one, that of the publisher, title and day."""
    sources = Source.objects.select_related("publisher")
    if key := url_key(url):
        return sources.filter(url_key=key).first()
    return sources.filter(url_key=None, publisher=publisher, title=title, published_on=published_on).first()


def origins_for(proposal: IntakeProposal) -> list[Source]:
    """Return the sources on file that a proposal may mean, the likeliest first.

    Those come first that somebody chose for the same origin of another article, then the other article itself and what it
    is linked to, then what the publisher of that name issued, by its title and day.
    """
    found = [*_chosen_before(proposal), *_of_the_other(proposal), *_of_its_publisher(proposal)]
    own = proposal.intake.source_id
    return [one for one in dict.fromkeys(found) if one.pk != own][:OFFERED_MAX]


def _chosen_before(proposal: IntakeProposal) -> QuerySet[Source]:
    same = IntakeProposal.objects.filter(
        decision=Choice.ACCEPTED, thing=proposal.thing, name__iexact=proposal.name, month=proposal.month
    )
    if not proposal.name:  # "a June paper" of another story would be another paper
        same = same.filter(Q(intake=proposal.other_id or 0) | Q(other=proposal.intake_id))
    chosen = same.exclude(intake=proposal.intake_id) if proposal.thing else same.none()
    return Source.objects.filter(pk__in=chosen.values("origin")).select_related("publisher").order_by("-pk")[:3]


def _of_the_other(proposal: IntakeProposal) -> Iterable[Source]:
    other = proposal.other.source if proposal.other else None
    if other is None:
        return []
    counts = Q(derived__draft_of=None) | Q(derived__draft_of=proposal.intake.profile_id)
    linked = Source.objects.filter(counts, derived__source=other)
    origins = linked.select_related("publisher").order_by("derived__position", "derived__pk")[:3]
    return [other, *origins] if not proposal.thing else [*origins, other]


def _of_its_publisher(proposal: IntakeProposal) -> Iterable[Source]:
    publisher = publisher_named(proposal.name) if proposal.name else None
    if publisher is None:
        return []
    issued = list(publisher.sources.select_related("publisher").order_by("-published_on", "-pk")[:LOOKED_AT])
    said = proposal.intake.title
    return sorted(issued, key=lambda one: -fuzz.token_set_ratio(one.title, said) - 30 * _fits(proposal, one))


def _fits(proposal: IntakeProposal, source: Source) -> int:
    """Count what of the proposal's day is the source's."""
    on = source.published_on
    return sum([on.month == proposal.month, on.day == proposal.day, on.year == proposal.year]) if on else 0


def day_of(proposal: IntakeProposal) -> date | None:
    """Return the day a text names, in the year it must mean; none where it names no day."""
    if not (proposal.month and proposal.day):
        return None
    near = proposal.intake.published_on
    year = proposal.year or (near.year - (proposal.month > near.month) if near else None)
    try:
        return date(year, proposal.month, proposal.day) if year else None
    except ValueError:
        return None


def title_for(proposal: IntakeProposal) -> str:
    """Return what an origin is called that is known only through others, until somebody finds its title."""
    thing = A_THING.get(proposal.thing, "").removeprefix("a ").capitalize()
    return f"{thing} by {proposal.name}" if thing and proposal.name else ""
