"""What `manage.py calibrate` measured on public data, as the methodology page prints it.

The files in profiles/grading/measured/ are what the command printed with --json, untouched. docs/calibration/README.md
says where the data comes from and how to measure again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from profiles.grading import calibration
from profiles.grading.scale import SCALE, Band
from profiles.pages.charts import Reliability, reliability

FOLDER = Path(calibration.__file__).parent / "measured"
MEASURED_ON = date(2026, 11, 22)
SURE = 0.75


@dataclass(frozen=True, slots=True)
class Share:
    """The cases whose score lay in one band: how many, how sure on average, how often right."""

    band: Band
    n: int
    mean: str
    right: str
    interval: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way to forecast the cases of a set, and how well it did."""

    name: str | Promise
    accuracy: str
    brier: str
    ece: str
    perfect: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """What five repeats of one supporting note in every case did to one way of forecasting."""

    name: str | Promise
    brier_before: str
    brier_after: str
    false_before: str
    false_after: str
    moved: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """One public data set and how the method did on it."""

    key: str
    name: str | Promise
    about: str | Promise
    cases: int
    sure: int
    sure_and_right: int
    shares: Sequence[Share]
    chart: Reliability
    ways: Sequence[Way]
    repeated: Sequence[Repeated]


NAMES: Mapping[str, str | Promise] = {
    calibration.METHOD: _("This method"),
    f"{calibration.METHOD}_without_links": _("This method, the repeats not linked"),
    calibration.MAJORITY: _("Share of the majority"),
    calibration.COUNT: _("Counting links"),
}
SETS = (
    (
        "emergent",
        "Emergent",
        _(
            "Rumours in the news of 2014 and 2015 that journalists followed until they could call them true or false. "
            "Every article counts as a report at second hand."
        ),
    ),
    (
        "flights",
        _("Flights"),
        _(
            "What 38 websites said about the times of a hundred flights in December 2011. The claim is the time that most "
            "sites gave; sites that share their mistakes are linked as copies."
        ),
    ),
)


@cache
def measurements() -> Sequence[Measurement]:
    return [_measurement(key, name, about) for key, name, about in SETS]


def without_links() -> Way:
    """How the method did on the flights where nobody links the sites that copy."""
    return _way(NAMES[calibration.METHOD], stored("flights_without_links"))


def stored(key: str) -> dict[str, Any]:
    """Return what the command printed with --json for one set."""
    told: dict[str, Any] = json.loads((FOLDER / f"{key}.json").read_text(encoding="utf-8"))
    return told


def _measurement(key: str, name: str | Promise, about: str | Promise) -> Measurement:
    told = stored(key)
    sure = [row for row in told["tally"] if row[0] >= SURE]
    return Measurement(
        key=key,
        name=name,
        about=about,
        cases=told["n"],
        sure=sum(made for _score, made, _true in sure),
        sure_and_right=sum(true for _score, _made, true in sure),
        shares=[_share(band, one) for band, one in zip(SCALE, told["bands"], strict=True)],
        chart=_chart(told),
        ways=_ways(key, told),
        repeated=[_repeated(name, one) for name, one in told["injected"].items()],
    )


def _share(band: Band, told: Mapping[str, Any]) -> Share:
    if not told["n"]:
        return Share(band, 0, "–", "–", "–")
    interval = f"{percent(told['low'])}–{percent(told['high'])}"
    return Share(band, told["n"], f"{told['mean']:.2f}", percent(told["right"]), interval)


def _chart(told: Mapping[str, Any]) -> Reliability:
    return reliability(
        [
            (band, one["n"], one["mean"], one["right"], one["low"], one["high"])
            for band, one in zip(SCALE, told["bands"], strict=True)
            if one["n"]
        ]
    )


def _ways(key: str, told: Mapping[str, Any]) -> list[Way]:
    return [
        _way(NAMES[calibration.METHOD], told),
        _way(_("This method, no publisher judged (all F)"), stored(f"{key}_without_letters")),
        _way(NAMES[calibration.MAJORITY], told[calibration.MAJORITY]),
        _way(NAMES[calibration.COUNT], told[calibration.COUNT]),
    ]


def _way(name: str | Promise, told: Mapping[str, Any]) -> Way:
    return Way(
        name,
        percent(told["accuracy"]),
        *(f"{told[measure]:.3f}" for measure in ("Brier", "ECE", "perfect_ECE")),
    )


def _repeated(name: str, told: Mapping[str, Any]) -> Repeated:
    return Repeated(
        name=NAMES[name],
        brier_before=f"{told['brier_before']:.3f}",
        brier_after=f"{told['brier_after']:.3f}",
        false_before=f"{told['false_before']:.2f}",
        false_after=f"{told['false_after']:.2f}",
        moved=told["moved"],
    )


def percent(share: float) -> str:
    return f"{100 * share:.0f}%"
