"""Names for the questions we ask of what lies behind a tier."""

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.expressions import RawSQL

from accounts.tiers import Tier

if TYPE_CHECKING:
    from briefings.models import Briefing, SourceNote, Teaser  # noqa: F401

BRIEFING, NOTE = 0, 1


class Row(NamedTuple):
    """A briefing or a note as one query reads both; rows sort as the page shows them."""

    part: int  # BRIEFING or NOTE
    place: int  # a briefing's tier, or where the profile cites the note's source
    id: int  # of the teaser or the citation
    tier: int
    title: str  # of the briefing or the source
    publisher: str
    body: str


def _rows(queryset: "models.QuerySet[Any]", **columns: Any) -> "models.QuerySet[Any, tuple[Any, ...]]":
    named = {f"row_{name}": columns[name] for name in Row._fields}
    rows: models.QuerySet[Any, tuple[Any, ...]] = queryset.annotate(**named).values_list(*named)
    return rows


def up(beside: str = "", *, instead: "Teaser | None" = None) -> Q:
    """What readers see of each briefing: the revision published last, unless it is withdrawn. `Teaser.is_up` in SQL.

    For whoever looks at another one before its time, that stands `instead` of the one of its tier. `beside` leads from
    what is asked to the teaser.
    """
    live = Q(**{f"{beside}current": True, f"{beside}withdrawn_at": None})
    if instead is None:
        return live
    return live & ~Q(**{f"{beside}tier": instead.tier}) | Q(**{f"{beside}id": instead.pk})


class TeaserQuerySet(models.QuerySet["Teaser"]):
    """Revisions of briefings, without their bodies."""

    def live(self, *, instead: "Teaser | None" = None) -> "TeaserQuerySet":
        """What readers see, once the profile is live as well."""
        return self.filter(up(instead=instead))

    def of_one(self, teaser: "Teaser") -> "TeaserQuerySet":
        """All revisions of the briefing that this is one of."""
        return self.filter(profile=teaser.profile_id, tier=teaser.tier)


class BriefingQuerySet(models.QuerySet["Briefing"]):
    """Briefings, by the tier they open from."""

    def readable_by(self, tier: Tier | RawSQL, *, instead: "Teaser | None" = None) -> "BriefingQuerySet":
        """What `gate.can_read` lets that tier read."""
        return self.filter(up("teaser__", instead=instead), teaser__tier__lte=tier)

    def as_rows(self) -> "models.QuerySet[Any, tuple[Any, ...]]":
        tier = F("teaser__tier")
        beside = {"title": F("teaser__title"), "publisher": Value(""), "body": F("body")}
        return _rows(self, part=Value(BRIEFING), place=tier, id=F("teaser"), tier=tier, **beside)


class SourceNoteQuerySet(models.QuerySet["SourceNote"]):
    """Source notes, each beside the source it speaks of."""

    def readable_by(self, tier: Tier | RawSQL) -> "SourceNoteQuerySet":
        """What `gate.can_read` lets that tier read."""
        return self.filter(tier__lte=tier)

    def as_rows(self) -> "models.QuerySet[Any, tuple[Any, ...]]":
        source = "citation__source"
        beside = {"title": F(f"{source}__title"), "publisher": F(f"{source}__publisher__name"), "body": F("body")}
        place = F("citation__position")
        return _rows(self, part=Value(NOTE), place=place, id=F("citation"), tier=F("tier"), **beside)
