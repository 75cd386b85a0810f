"""What lies behind a profile, as far as anyone may know. Whoever keeps it tells; this app does not know who that is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deeper:
    """One thing that opens from a tier upwards: its title, what it is about, what it holds, and who may read it."""

    title: str
    summary: str
    contents: tuple[str, ...]
    tier: str
    tier_slug: str
    tier_url: str
    and_above: bool


Teller = Callable[[int], Sequence[Deeper]]
_tellers: list[Teller] = []


def told_by(teller: Teller) -> None:
    """Ask this function about every profile from now on. It may tell only what anyone may know."""
    if teller not in _tellers:
        _tellers.append(teller)


def lies_behind(profile_id: int) -> list[Deeper]:
    return [one for teller in _tellers for one in teller(profile_id)]
