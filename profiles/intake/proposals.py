"""From an article, and those taken in before, to what it may repeat: each proposal with the passage that made it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from profiles.intake import overlap
from profiles.intake.origins import PAPER, REPORT, STATEMENT, Named, When, named_origins, said_by
from profiles.intake.overlap import Retelling, SameStory, Shared

NAMED, STORY, QUOTATION, PASSAGE = "named", "story", "quotation", "passage"
MOST_PROPOSED = 60

A_THING = {REPORT: "a report", PAPER: "a paper", STATEMENT: "a statement"}


@dataclass(frozen=True, slots=True)
class Article:
    """A text that was taken in. `key` is whatever tells it from the others."""

    key: int
    body: str
    retells: tuple[Retelling, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, key: int, body: str) -> "Article":
        return cls(key, body, tuple(overlap.retellings(body)))


@dataclass(frozen=True, slots=True)
class Place:
    """A passage of another article."""

    key: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Proposed:
    """What an article may repeat, and why we think so.

    `named`: it names that origin itself. `story`: it tells what another article tells, which names it. `quotation`
    and `passage`: it shares those words with another article; a quotation's origin is who said it.
    """

    kind: str
    thing: str
    name: str
    when: When
    start: int
    end: int
    other: Place | None = None
    likeness: float = 100.0

    @property
    def label(self) -> str:
        """The origin in words, the same for the same origin in whichever article."""
        # Not its day: one article knows it, the other does not.
        return label_of(self.thing, self.name, When(self.when.month, year=self.when.year))


def label_of(thing: str, name: str, when: When) -> str:
    """Return an origin in words: whose it is, or else what it was and of when."""
    if not thing:
        return "the same passage"
    if name:
        return f"{A_THING[thing]} by {name}"
    return f"{A_THING[thing]} of {when}" if str(when) else A_THING[thing]


def propose(article: Article, others: Sequence[Article]) -> list[Proposed]:
    """Return what an article may repeat, in the order of its text."""
    named = named_origins(article.body)
    found = [Proposed(NAMED, one.kind, one.name, one.when, one.start, one.end) for one in named]
    for other in others:
        quoted = overlap.shared_quotations(article.body, other.body)
        found += [_quoted(article, other, pair) for pair in quoted]
        copied = overlap.shared_passages(article.body, other.body)
        found += [_copied(other, pair) for pair in copied if not overlap.is_within(pair, quoted)]
    found += _stories(article, others, named)
    return sorted(found, key=lambda one: (one.start, one.kind))[:MOST_PROPOSED]


def _quoted(article: Article, other: Article, pair: Shared) -> Proposed:
    who = said_by(article.body, pair.start, pair.end) or said_by(other.body, pair.other_start, pair.other_end)
    place = Place(other.key, pair.other_start, pair.other_end)
    return Proposed(QUOTATION, STATEMENT, who or "somebody", When(), pair.start, pair.end, place, pair.likeness)


def _copied(other: Article, pair: Shared) -> Proposed:
    place = Place(other.key, pair.other_start, pair.other_end)
    return Proposed(PASSAGE, "", "", When(), pair.start, pair.end, place, pair.likeness)


def _stories(article: Article, others: Iterable[Article], named: Iterable[Named]) -> Iterator[Proposed]:
    """Yield the origins that others name for the story this one tells, unless it names them itself; each once."""
    seen = {_key(one) for one in named}
    for other, same in _same_stories(article, others):
        if _key(same.there) not in seen:
            seen.add(_key(same.there))
            yield _told(other, same)


def _same_stories(article: Article, others: Iterable[Article]) -> Iterator[tuple[Article, SameStory]]:
    mine = [one for one in article.retells if one.told.kind != STATEMENT]
    for other in others:
        theirs = [one for one in other.retells if one.told.kind != STATEMENT and one.told.is_plain]
        yield from ((other, same) for same in overlap.same_story(mine, theirs))


def _told(other: Article, same: SameStory) -> Proposed:
    there = same.there
    place = Place(other.key, there.start, there.end)
    return Proposed(STORY, there.kind, there.name, there.when, same.here.start, same.here.end, place)


def _key(one: Named) -> tuple[str, str]:
    return one.kind, one.name.casefold() or f"{one.when.month}"


def shared_labels(proposed: dict[int, list[Proposed]]) -> dict[str, list[int]]:
    """Return the origins that more than one article goes back to, with those articles."""
    found: dict[str, list[int]] = {}
    for key, each in proposed.items():
        for one in each:
            keys = found.setdefault(one.label, [])
            keys += [article for article in (key, *([one.other.key] if one.other else [])) if article not in keys]
    return {label: sorted(keys) for label, keys in found.items() if len(keys) > 1}
