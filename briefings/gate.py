"""The gate: what a tier opens, and the only door to the gated tables for whoever reads the site.

Whoever may not read gets nothing to strip: a locked text is never loaded, so no template can print it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from accounts.tiers import Tier
from briefings.models import Briefing, SourceNote, Teaser
from briefings.querysets import BRIEFING, NOTE, Row
from config import prepared, wall
from config.prepared import Question, gap
from profiles.markup import render_markdown


class Part(Protocol):
    """Whatever opens from a tier upwards, once it is up."""

    tier: int

    @property
    def is_up(self) -> bool: ...


def can_read(tier: Tier, part: Part) -> bool:
    """Tell whether a tier opens this part. `readable_by` of the querysets is the same rule in SQL."""
    return part.is_up and tier >= Tier(part.tier) > Tier.READER


@dataclass(frozen=True, slots=True)
class OpenBriefing:
    """A briefing as a member reads it; `html` is rendered and cleaned."""

    title: str
    tier: Tier
    html: str


@dataclass(frozen=True, slots=True)
class OpenNote:
    """A source note as a member reads it, beside the title and the publisher of its source."""

    citation_id: int
    source: str
    publisher: str
    tier: Tier
    html: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What the gate hands over to one reader."""

    briefings: Sequence[OpenBriefing]
    notes: Sequence[OpenNote]

    def __bool__(self) -> bool:
        return bool(self.briefings or self.notes)


NOTHING = Opened((), ())


def open_for(tier: Tier, *, profile_id: int, instead: Teaser | None = None) -> Opened:
    """Return what that tier may read behind a profile: one query, or none for somebody without a tier.

    `instead` is a revision of a briefing that somebody looks at before its time, in the place of the one that is up.
    """
    if tier == Tier.READER:
        return NOTHING
    question = _up() if instead is None else _readable(instead)
    with wall.acting_as(wall.GATE):
        rows = sorted(Row(*row) for row in prepared.answer(question.about(tier=int(tier), profile=profile_id)))
    return Opened(
        [_briefing(row) for row in rows if row.part == BRIEFING], [_note(row) for row in rows if row.part == NOTE]
    )


@cache
def _up() -> Question:
    return _readable()


def _readable(instead: Teaser | None = None) -> Question:
    """What a tier reads behind a profile, with gaps for these two: the rule is that of the querysets, and of them alone."""
    tier, profile = gap("tier", "smallint"), gap("profile", "bigint")
    briefings = Briefing.objects.readable_by(tier, instead=instead).filter(teaser__profile=profile).as_rows()
    notes = SourceNote.objects.readable_by(tier).filter(citation__profile=profile).as_rows()
    return Question.of(briefings.union(notes, all=True))


def written(teaser_ids: Sequence[int]) -> set[int]:
    """Return which of these teasers have a briefing behind them: that there is one, and nothing of what it says."""
    if not teaser_ids:
        return set()
    with wall.acting_as(wall.GATE):
        return set(Briefing.objects.filter(pk__in=teaser_ids).exclude(body="").values_list("pk", flat=True))


def _briefing(row: Row) -> OpenBriefing:
    return OpenBriefing(row.title, Tier(row.tier), render_markdown(row.body, below=2))


def _note(row: Row) -> OpenNote:
    return OpenNote(row.id, row.title, row.publisher, Tier(row.tier), render_markdown(row.body, below=3))
