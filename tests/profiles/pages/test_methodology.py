"""The method in words says what the method does."""

import re
from pathlib import Path

import pytest

from profiles.grading import method
from profiles.grading.method import grade_evidence
from profiles.grading.scale import SCALE
from profiles.pages.methodology import FRESH, TODAY, methodology
from tests.builders import evidence

WORDS = re.sub(r"\s+", " ", (Path(__file__).parents[3] / "docs" / "methodology.md").read_text())


def test_the_words_name_every_band_of_the_scale():
    for band in SCALE:
        assert f"| {band.span} | {band.letters} | {band.label} |" in WORDS
    assert ", ".join(f"`{band.slug}`" for band in SCALE[:-1]) + f" and `{SCALE[-1].slug}`" in WORDS


def test_the_words_name_every_weight():
    for letter, chance in method.RIGHT.items():
        assert f"| {letter} | {chance:.2f} | {method.WEIGHT[letter]:.3f} |" in WORDS
    for digit, factor in method.CREDIBILITY.items():
        assert f"| {digit} | {factor:g} |" in WORDS


@pytest.mark.parametrize(
    "sentence",
    [
        f"version {method.METHOD_VERSION} of the method",
        f"1 at first hand, {method.SECOND_HAND:g} at second hand",
        f"1 for the first {method.FRESH_DAYS} days",
        f"halves every {method.HALF_LIFE_DAYS} days and stays at {method.OLDEST:g} or above",
        f"An undated source has {method.UNDATED:g}.",
        f"Each counts for {method.DISCOUNT:g} of the one before it",
        f"Disputes count {method.DISPUTE:g} times",
        f"= {method.DISPUTE:g} · sum of {method.DISCOUNT:g}^k · e",
        f"At most {method.DISPUTED_CAP:.2f} while",
        f"At most {method.INDIRECT_CAP:.2f} unless",
        f"an age factor of at least {method.LIFTING_AGE:g}",
        f"At most {method.CERTAIN_CAP:.2f} always",
    ],
)
def test_the_words_name_every_constant(sentence):
    assert sentence in WORDS


@pytest.mark.parametrize(("direct", "start"), [(True, "one direct source"), (False, "one report at second hand")])
def test_the_words_give_the_score_of_one_source_alone(direct, start):
    letters = "ABCFDE"
    alone = [grade_evidence([evidence("a", one, direct=direct, published=FRESH)], on=TODAY).score for one in letters]
    scores = " / ".join(f"{score:.2f}" for score in alone)
    assert f"| {start}, Reliability {' / '.join(letters)} | {scores} |" in WORDS


def test_the_words_give_scores_that_the_method_gives():
    worked_out = {one.score for one in methodology().examples}
    told = set(re.findall(r"\| (0\.\d\d) \|", WORDS.partition("## Examples")[2].partition("## Over time")[0]))
    assert told
    assert told <= worked_out
