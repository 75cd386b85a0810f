"""Names for the questions we ask of what lies behind a tier."""

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import models
from django.db.models import F, Value

from accounts.tiers import Tier

if TYPE_CHECKING:
    from briefings.models import Briefing, SourceNote  # noqa: F401

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


class BriefingQuerySet(models.QuerySet["Briefing"]):
    """Briefings, by the tier they open from."""

    def readable_by(self, tier: Tier) -> "BriefingQuerySet":
        """What `gate.can_read` lets that tier read."""
        return self.filter(teaser__tier__lte=tier)

    def as_rows(self) -> "models.QuerySet[Any, tuple[Any, ...]]":
        tier = F("teaser__tier")
        beside = {"title": F("teaser__title"), "publisher": Value(""), "body": F("body")}
        return _rows(self, part=Value(BRIEFING), place=tier, id=F("teaser"), tier=tier, **beside)


class SourceNoteQuerySet(models.QuerySet["SourceNote"]):
    """Source notes, each beside the source it speaks of."""

    def readable_by(self, tier: Tier) -> "SourceNoteQuerySet":
        """What `gate.can_read` lets that tier read."""
        return self.filter(tier__lte=tier)

    def as_rows(self) -> "models.QuerySet[Any, tuple[Any, ...]]":
        source = "citation__source"
        beside = {"title": F(f"{source}__title"), "publisher": F(f"{source}__publisher__name"), "body": F("body")}
        place = F("citation__position")
        return _rows(self, part=Value(NOTE), place=place, id=F("citation"), tier=F("tier"), **beside)
