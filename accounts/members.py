"""Who is a member now, as rows of a table somebody may take away."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO

from accounts.access import with_tier
from accounts.models import Grant, Seat, Suspension, User
from accounts.tiers import Tier

HEADINGS = ["person", "name", "tier now", "since", "until", "how", "organisation"]
# A spreadsheet takes what begins like this for something to compute, or to fetch.
RECKONED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a tier, and the grants that give it."""

    user: User
    tier: Tier
    grants: Sequence[Grant]

    @property
    def since(self) -> datetime:
        return min(grant.starts_at for grant in self.grants)

    @property
    def until(self) -> datetime | None:
        ends = [grant.ends_at for grant in self.grants]
        return None if None in ends else max(end for end in ends if end)


def members(*, at: datetime) -> Iterator[Member]:
    """Yield everybody with a tier at that moment, by address; four queries however many there are."""
    people = list(with_tier(User.objects.all(), at=at).filter(tier_now__gt=Tier.READER).order_by("email"))
    grants = _grants_by_person(at)
    for user in people:
        tier = Tier(user.tier_now)
        yield Member(user, tier, [grant for grant in grants.get(user.pk, []) if grant.tier == tier])


def _grants_by_person(at: datetime) -> dict[int, list[Grant]]:
    barred = set(Suspension.objects.holding(at).exclude(organisation=None).values_list("organisation", flat=True))
    by_organisation: dict[int, list[Grant]] = {}
    by_person: dict[int, list[Grant]] = {}
    for grant in Grant.objects.holding(at).select_related("organisation"):
        holders = by_person if grant.user_id else by_organisation
        holders.setdefault(grant.user_id or grant.organisation_id, []).append(grant)
    for seat in Seat.objects.holding(at).exclude(organisation__in=barred):
        by_person.setdefault(seat.user_id, []).extend(by_organisation.get(seat.organisation_id, []))
    return by_person


def as_csv(rows: Iterable[Member]) -> str:
    """Return the table, with nothing in it that a spreadsheet would compute."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(HEADINGS)
    writer.writerows([harmless(cell) for cell in _cells(member)] for member in rows)
    return file.getvalue()


def _cells(member: Member) -> list[str]:
    organisations = sorted({str(grant.organisation) for grant in member.grants if grant.organisation})
    how = sorted({grant.get_how_display() for grant in member.grants})
    until = f"{member.until:%Y-%m-%d}" if member.until else ""
    dates = [f"{member.since:%Y-%m-%d}", until]
    return [member.user.email, member.user.name, member.tier.title, *dates, "; ".join(how), "; ".join(organisations)]


def harmless(cell: str) -> str:
    """Return what a spreadsheet shows as text, whatever it begins with."""
    return f"'{cell}" if cell.lstrip(" ").startswith(RECKONED) else cell
