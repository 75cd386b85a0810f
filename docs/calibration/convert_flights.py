"""Turn the Flights data of the deep-web study into the table that `manage.py calibrate` reads.

    python docs/calibration/convert_flights.py dirty.csv clean.csv > flights.jsonl

Each time of each flight is a case: that the time most sites give is the right one. A site that gives it supports, a site
that gives another disputes, both at first hand. Of sites that copy from each other, the first in the alphabet that gives
a time is the origin of it and the others are derived from it; `--no-links` leaves that out.
"""

import csv
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

TIMES = ("sched_dep_time", "act_dep_time", "sched_arr_time", "act_arr_time")
TAKEN_ON = "2011-12-01"  # the day the flights are of
MISTAKES, SHARED = 10, 0.9  # that many mistakes, and that share of them the same, is copying

Object = tuple[str, str]  # a flight and which of its times
Given = dict[Object, dict[str, int]]  # by object, what each site says, as a minute of the day


def minute(text: str) -> int | None:
    """Return the minute of the day that stands in a cell, however it is written."""
    found = re.search(r"(\d{1,2}):(\d\d)\s*([ap])?", text)
    if not found:
        return None
    hour, minutes, half = int(found[1]), int(found[2]), found[3]
    return (hour % 12 + 12 * (half == "p") if half else hour) * 60 + minutes


def read(dirty: Iterable[Mapping[str, str]], clean: Iterable[Mapping[str, str]]) -> tuple[Given, dict[Object, int]]:
    given: Given = defaultdict(dict)
    truth: dict[Object, int] = {}
    for said, right in zip(dirty, clean, strict=True):
        for name in TIMES:
            one = (said["flight"], name)
            truth[one] = minute(right[name])
            if (value := minute(said[name])) is not None:
                given[one].setdefault(said["src"], value)
    return given, truth


def usual(said: Mapping[str, int]) -> int:
    """Return what most sites say; of equals the earliest."""
    counted = Counter(said.values())
    return min(counted, key=lambda value: (-counted[value], value))


def copies(given: Given, truth: Mapping[Object, int]) -> dict[str, str]:
    """Return for each site the first of its group. Sites that share their mistakes are a group.

    Shared mistakes are the mark of copying; sites that are right agree without it. So this looks at the truth.
    """
    first = {site: site for said in given.values() for site in said}
    for one, other in combinations(sorted(first), 2):
        if _share_mistakes(one, other, given, truth):
            joined = {first[one], first[other]}
            first = {site: min(joined) if group in joined else group for site, group in first.items()}
    return first


def _share_mistakes(one: str, other: str, given: Given, truth: Mapping[Object, int]) -> bool:
    both = [(said[one], said[other], truth[at]) for at, said in given.items() if one in said and other in said]
    mistakes = [(mine, yours) for mine, yours, right in both if (mine, yours) != (right, right)]
    return len(mistakes) >= MISTAKES and sum(mine == yours for mine, yours in mistakes) >= SHARED * len(mistakes)


def cases(given: Given, truth: Mapping[Object, int], first: Mapping[str, str]) -> Iterator[dict[str, object]]:
    for (flight, name), said in sorted(given.items()):
        asserted = usual(said)
        yield {
            "case": f"{flight} {name}",
            "group": flight,
            "truth": truth[flight, name] == asserted,
            "as_of": TAKEN_ON,
            "notes": list(_notes(said, asserted, first)),
        }


def _notes(said: Mapping[str, int], asserted: int, first: Mapping[str, str]) -> Iterator[dict[str, object]]:
    origin: dict[tuple[str, int], str] = {}
    for site, value in sorted(said.items()):
        copied = origin.setdefault((first.get(site, site), value), site)
        yield {
            "id": site,
            "publisher": site,
            "credibility": 2,
            "stance": "supports" if value == asserted else "disputes",
            "direct": copied == site,
            "derived_from": [] if copied == site else [copied],
        }


if __name__ == "__main__":
    paths = [argument for argument in sys.argv[1:] if argument != "--no-links"]
    with open(paths[0], encoding="utf-8", newline="") as dirty, open(paths[1], encoding="utf-8", newline="") as clean:
        given, truth = read(csv.DictReader(dirty), csv.DictReader(clean))
    for case in cases(given, truth, {} if "--no-links" in sys.argv else copies(given, truth)):
        print(json.dumps(case))
