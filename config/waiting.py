"""What needs a hand: the desk opens on it. Whoever knows of something that waits there tells it here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Waiting:
    """A number of things of one kind that wait for somebody, and the list that holds just those."""

    one: str
    many: str
    count: int
    url: str
    since: datetime | None = None  # of the one that waits longest
    note: str = ""
    urgent: bool = False

    @property
    def what(self) -> str:
        return f"{self.count} {self.one if self.count == 1 else self.many}"


Teller = Callable[[HttpRequest], Iterable[Waiting | str]]
_tellers: list[Teller] = []


def told_by(teller: Teller) -> None:
    """Ask this function for whoever opens the desk. It tells only what that person may see, in a fixed number of queries.

    A plain sentence says how things are, without anybody having to do anything.
    """
    if teller not in _tellers:
        _tellers.append(teller)


def waiting_for(request: HttpRequest) -> tuple[list[Waiting], list[str]]:
    """Return what waits for this person, the urgent first, and the sentences beside it."""
    told = [one for teller in _tellers for one in teller(request)]
    waiting = [one for one in told if isinstance(one, Waiting) and one.count]
    return sorted(waiting, key=lambda one: not one.urgent), [one for one in told if isinstance(one, str)]
