import hashlib
import json
import re
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from profiles.grading.calibration import (
    COUNT,
    MAJORITY,
    METHOD,
    MOST_PROBLEMS,
    BadCases,
    Calibration,
    Case,
    InBand,
    Injected,
    Options,
    as_json,
    calibrate,
    read_cases,
)
from profiles.grading.method import METHOD_VERSION

NAMES = {
    METHOD: "the method",
    MAJORITY: "majority share",
    COUNT: "naive count 1 - 0.5^n",
    f"{METHOD}_without_links": "the method, repeats not linked",
}
LETTERS = {
    "given": "reliability letters as the file gives them",
    "learned": "reliability letters learned from the other folds ({folds} folds, seed {seed})",
    "none": "no note has a reliability letter, so all count as F; --learn-letters learns them from the other folds",
}


class Command(BaseCommand):
    help = "Grade past cases whose truth is known, and say how well the grades did."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="JSON Lines, one case a line")
        parser.add_argument("--folds", type=int, default=10, help="into how many parts letters are learned crosswise")
        parser.add_argument("--seed", type=int, default=1, help="the same seed prints the same numbers")
        parser.add_argument("--no-caps", action="store_false", dest="caps", help="leave the method's caps out")
        parser.add_argument("--no-age", action="store_false", dest="age", help="let nothing age, dated or not")
        parser.add_argument("--inject", type=int, default=0, metavar="N", help="repeat one note N times in every case")
        parser.add_argument(
            "--learn-letters", action="store_true", help="take each publisher's letter from its record in other folds"
        )
        parser.add_argument("--json", action="store_true", help="the same as data")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = _asked(options)
        content = _content(options["file"])
        calibration = calibrate(_cases(options["file"], content), asked)
        if options["json"]:
            told = {"file": options["file"].name, "sha256": hashlib.sha256(content).hexdigest(), **as_json(calibration)}
            self.stdout.write(_as_text(told))
        else:
            self.stdout.write("\n".join(report(options["file"].name, calibration)))


def _asked(options: dict[str, Any]) -> Options:
    if options["folds"] < 2:
        raise CommandError("--folds is how many parts the cases are cut into; write 2 or more.")
    if options["inject"] < 0:
        raise CommandError("--inject is how many repeats to add; write 0 or more.")
    return Options(**{name: options[name] for name in ("folds", "seed", "caps", "age", "learn_letters", "inject")})


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None


def _cases(file: Path, content: bytes) -> list[Case]:
    try:
        # Not splitlines(): it also cuts at marks that may stand inside a JSON text.
        cases = read_cases(content.decode("utf-8-sig").split("\n"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CommandError(f"{file}, line {line}: this is not UTF-8; save the file as UTF-8.") from None
    except BadCases as bad:
        told = [f"{file}, {problem}." for problem in bad.problems[:MOST_PROBLEMS]]
        more = len(bad.problems) - MOST_PROBLEMS
        raise CommandError("\n".join([*told, f"{more} more lines are wrong."] if more > 0 else told)) from None
    if not cases:
        raise CommandError(f"{file} holds no case; write one JSON object a line, as docs/methodology.md shows.")
    return cases


def _as_text(told: dict[str, Any]) -> str:
    """Return JSON with each row of numbers on one line, so that two measurements can be compared by eye."""
    text = json.dumps(told, ensure_ascii=False, indent=1)
    return re.sub(r"\[\n[-0-9.,\s]+\]", lambda row: "".join(row[0].split()).replace(",", ", "), text)


def report(name: str, calibration: Calibration) -> Iterator[str]:
    """Yield what the command prints, line by line."""
    options = calibration.options
    n = calibration.measured[METHOD].n
    yield f"{name}: {n} cases in {calibration.groups} groups, method {METHOD_VERSION}"
    yield LETTERS[calibration.letters].format(folds=options.folds, seed=options.seed)
    yield f"caps {'on' if options.caps else 'off'}, ageing {'on' if options.age else 'off'}"
    yield ""
    yield f"{'':31}{'n':>6}{'accuracy':>10}{'Brier':>8}{'ECE':>8}{'ECE if perfect (95% below)':>28}"
    for key, measured in calibration.measured.items():
        perfect = f"{measured.perfect_ece:.3f} ({measured.perfect_ece_95:.3f})"
        yield (
            f"{NAMES[key]:31}{measured.n:>6}{measured.accuracy:>10.3f}{measured.brier:>8.3f}{measured.ece:>8.3f}"
            f"{perfect:>28}"
        )
    for key, measured in calibration.measured.items():
        yield from ("", f"{NAMES[key]}, by band")
        yield f"  {'score':11}{'grade':7}{'n':>6}{'mean':>8}{'right':>8}{'95% interval':>16}"
        yield from map(_band_line, measured.bands)
    if calibration.injected:
        yield from ("", f"{options.inject} repeats of one supporting note in every case, before → after")
        yield f"{'':31}{'Brier':>16}{'mean of the false':>20}{'cases moved':>14}"
        yield from map(_injected_line, calibration.injected)


def _band_line(one: InBand) -> str:
    start = f"  {one.band.span:11}{one.band.letters:7}{one.n:>6}"
    if one.n == 0:
        return f"{start}{'–':>8}{'–':>8}{'–':>16}"
    return f"{start}{one.mean:>8.3f}{one.right:>8.3f}{f'{one.low:.3f}–{one.high:.3f}':>16}"


def _injected_line(one: Injected) -> str:
    brier = f"{one.brier_before:.3f} → {one.brier_after:.3f}"
    false = "–" if one.false_before is None else f"{one.false_before:.3f} → {one.false_after:.3f}"
    return f"{NAMES[one.name]:31}{brier:>16}{false:>20}{one.moved:>14}"
