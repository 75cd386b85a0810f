"""Parts of a reader's own page that other apps bring along: this one cannot know what is new in theirs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from accounts.tiers import Tier


@dataclass(frozen=True, slots=True)
class Panel:
    """A template, and what it is given under the name `panel`."""

    template: str
    told: Mapping[str, Any]


Teller = Callable[[User, Tier, datetime | None], Panel | None]
_tellers: list[Teller] = []


def shown_by(teller: Teller) -> None:
    """Ask this function for a panel from now on; it is given the reader, their tier and when they last came."""
    if teller not in _tellers:
        _tellers.append(teller)


def panels_for(user: User, tier: Tier, since: datetime | None) -> Sequence[Panel]:
    return [panel for teller in _tellers if (panel := teller(user, tier, since))]
