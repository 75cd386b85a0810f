from decimal import Decimal

import pytest

from profiles.grading.scale import SCALE, band_of, hundredths


def test_the_published_scale_stands_word_for_word():
    assert [(band.span, band.letters, band.label, band.slug) for band in SCALE] == [
        ("0.90–1.00", "A", "High — direct sources", "a"),
        ("0.75–0.89", "A/B", "Strong", "a-b"),
        ("0.55–0.74", "B/C", "Medium", "b-c"),
        ("0.35–0.54", "C/D", "Weak–medium", "c-d"),
        ("0.10–0.34", "D", "Weak signal", "d"),
        ("0.00–0.09", "D", "Internal monitoring", "internal"),
    ]


def test_every_hundredth_lies_in_exactly_one_band():
    for points in range(101):
        [band] = [band for band in SCALE if band.floor <= points <= band.ceiling]
        assert band_of(points / 100) == band


@pytest.mark.parametrize(
    ("score", "slug"), [(0.894999, "a-b"), (0.895, "a"), (0.745, "a-b"), (0.0949, "internal"), (0.095, "d")]
)
def test_an_unrounded_score_lies_in_the_band_of_its_rounded_one(score, slug):
    assert band_of(score).slug == slug


def test_a_score_read_from_the_database_has_a_band():
    assert band_of(Decimal("0.47")).letters == "C/D"


@pytest.mark.parametrize("score", [-0.01, 1.01])
def test_a_score_beyond_the_scale_is_an_error(score):
    with pytest.raises(ValueError, match="between 0 and 1"):
        band_of(score)


@pytest.mark.parametrize(
    ("score", "points"), [(0.145, 15), (0.285, 29), (0.575, 58), (0.1449, 14), (0.0, 0), (1.0, 100)]
)
def test_a_half_rounds_up_however_it_is_held(score, points):
    assert hundredths(score) == points
