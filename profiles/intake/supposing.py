"""What taking in an article would link, worked out from the same decisions and without writing anything."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from profiles.intake.actions import Decision, Filing, on_file
from profiles.intake.filing import publisher_named
from profiles.models import Source
from profiles.urlkeys import url_key

FIRST_NEW = 2**62  # as in the database, a source that is filed later has a greater id, which decides ties


class Supposed(NamedTuple):
    """A source that would be an origin, on file already or to be filed first."""

    id: int
    publisher: str  # its id; of one that is not on file its name, which is no number
    name: str

    @property
    def is_new(self) -> bool:
        return self.id >= FIRST_NEW


_Same = str | tuple[str, str, date | None]


def supposed(decisions: Iterable[Decision]) -> Iterator[Supposed]:
    """Yield what each accepted proposal would be linked to. Two that describe the same new source mean one."""
    numbers: dict[_Same, int] = {}
    for decision in decisions:
        if decision.accepted and (found := _on_file(decision)):
            yield Supposed(found.pk, str(found.publisher_id), str(found))
        elif decision.accepted and (new := decision.origin):
            number = numbers.setdefault(_same(new), FIRST_NEW + len(numbers))
            yield Supposed(number, _publisher(new.publisher), f"“{new.title}” ({new.publisher})")


def _on_file(decision: Decision) -> Source | None:
    if decision.origin:
        return on_file(decision.origin)
    return Source.objects.filter(pk=decision.origin_id or 0).first()


def _same(new: Filing) -> _Same:
    return url_key(new.url) or (_publisher(new.publisher), new.title, new.published_on)


def _publisher(name: str) -> str:
    found = publisher_named(name)
    return str(found.pk) if found else f"new: {name.strip().casefold().removeprefix('the ')}"
