"""What we publish about calibration is what was measured, with the method of now."""

import re
from pathlib import Path

import pytest
from django.utils.formats import date_format

from profiles.grading import calibration
from profiles.grading.calibration import Calibration, Injected, Options, as_json, measure_tally
from profiles.management.commands.calibrate import report
from profiles.pages.measured import FOLDER, MEASURED_ON, measurements, stored

ROOT = Path(__file__).parents[3]
DOCS = (ROOT / "docs" / "methodology.md").read_text()
README = (ROOT / "docs" / "calibration" / "README.md").read_text()
KEYS = sorted(path.stem for path in FOLDER.glob("*.json"))
IN_THE_DOCS = {
    "emergent": "Emergent | learned",
    "emergent_without_letters": "Emergent | none, all F",
    "flights": "Flights | learned",
    "flights_without_letters": "Flights | none, all F",
    "flights_without_links": "Flights, copies not linked | learned",
}


def recomputed(told):
    """The calibration that the stored tallies lead to. What repeats did cannot be seen from a tally and is taken over."""
    options = {name: value for name, value in told["options"].items() if name != "letters"}
    tallies = {calibration.METHOD: told, **{name: told[name] for name in (calibration.MAJORITY, calibration.COUNT)}}
    return Calibration(
        options=Options(**options),
        letters=told["options"]["letters"],
        groups=told["groups"],
        measured={
            name: measure_tally(tuple(map(tuple, one["tally"])), seed=options["seed"]) for name, one in tallies.items()
        },
        injected=tuple(Injected(name, **one) for name, one in told["injected"].items()),
    )


@pytest.mark.parametrize("key", KEYS)
def test_every_published_number_follows_from_the_tally(key):
    told = stored(key)
    assert as_json(recomputed(told)) == {name: value for name, value in told.items() if name not in {"file", "sha256"}}


@pytest.mark.parametrize("key", KEYS)
def test_what_is_published_was_measured_with_the_method_of_now(key):
    assert stored(key)["constants"] == calibration.constants()
    assert stored(key)["method"] == calibration.method.METHOD_VERSION


@pytest.mark.parametrize("key", ["emergent", "flights"])
def test_the_words_give_what_the_command_printed(key):
    printed = "\n".join(report(f"{key}.jsonl", recomputed(stored(key))))
    assert f"\n```\n{printed}\n```\n" in DOCS


def test_the_words_give_every_other_measurement():
    assert sorted(IN_THE_DOCS) == KEYS
    for key, words in IN_THE_DOCS.items():
        told = stored(key)
        assert f"| {words} | {told['accuracy']:.3f} | {told['Brier']:.3f} | {told['ECE']:.3f} |" in DOCS


def test_the_words_and_the_page_name_the_same_day():
    assert f"printed on {date_format(MEASURED_ON, 'j F Y')}," in re.sub(r"\s+", " ", DOCS)


@pytest.mark.parametrize("key", KEYS)
def test_the_files_that_were_measured_can_be_told_by_their_hash(key):
    told = stored(key)
    assert f"| `{told['file']}` | `{told['sha256']}` |" in README


def test_the_words_sum_up_what_the_tables_say():
    emergent, flights = measurements()
    words = re.sub(r"\s+", " ", DOCS)
    summary = f"{emergent.sure_and_right} of {emergent.sure} rumours and {flights.sure_and_right} of {flights.sure} flight times"
    assert summary in words
    top = stored("emergent")[calibration.COUNT]["bands"][0]
    assert f"a mean of {top['mean']:.2f} true that are so in {100 * top['right']:.0f}% of cases" in words
    assert (flights.shares[1].n, flights.shares[1].right) == (2, "0%")
    assert emergent.shares[4].right == emergent.shares[5].right
    assert f"where {flights.shares[2].band.span} came true in {flights.shares[2].right}." in words
    unlinked = emergent.repeated[1]
    assert f"the false rumours from {unlinked.false_before} to {unlinked.false_after}." in words
    assert float(stored("flights_without_letters")["Brier"]) > float(stored("flights")[calibration.MAJORITY]["Brier"])


def test_five_repeats_moved_no_score_in_what_was_measured():
    for key in KEYS:
        assert stored(key)["injected"][calibration.METHOD]["moved"] == 0


def test_a_band_without_a_case_shows_dashes_and_no_dot():
    (emergent, _) = measurements()
    assert (emergent.shares[0].n, emergent.shares[0].right) == (0, "–")
    assert [whisker.band.slug for whisker in emergent.chart.whiskers] == ["a-b", "b-c", "c-d", "d", "internal"]


def test_the_page_shows_what_was_measured(client, db):
    html = client.get("/methodology/").content.decode()
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    for measurement in measurements():
        assert f"{measurement.name}: {measurement.cases} claims" in words
        assert (
            f"Of {measurement.sure} claims that scored 0.75 or more, {measurement.sure_and_right} turned out true"
            in words
        )
        for share in measurement.shares:
            assert f"{share.band.span} {share.n} {share.mean} {share.right} {share.interval}" in words
        for way in measurement.ways:
            assert f"{way.name} {way.accuracy} {way.brier} {way.ece} {way.perfect}" in words
        assert html.count(f'aria-labelledby="{measurement.key}-chart-title {measurement.key}-chart-desc"') == 1
    assert "What this does not show" in words


def test_the_page_draws_one_dot_for_each_band_with_a_case(client, db):
    html = client.get("/methodology/").content.decode()
    charts = re.findall(r'<svg class="reliability-chart".*?</svg>', html, re.DOTALL)
    bands = [sum(share.n > 0 for share in measurement.shares) for measurement in measurements()]
    assert [chart.count("<circle") for chart in charts] == bands
