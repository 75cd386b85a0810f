import pytest

from profiles.grading.scale import SCALE
from profiles.pages import charts


def test_the_ruler_has_a_segment_for_each_band_and_no_gap():
    segments = charts.ruler(0.5).segments
    assert [segment.band for segment in segments] == list(reversed(SCALE))
    ends = [round(segment.start + segment.length, 1) for segment in segments]
    assert [segment.start for segment in segments] == [0.0, *ends[:-1]]
    assert ends[-1] == charts.RULER_WIDTH


@pytest.mark.parametrize("score", [0.0, 0.09, 0.1, 0.34, 0.35, 0.54, 0.55, 0.74, 0.75, 0.89, 0.9, 0.99])
def test_the_marker_stands_in_the_band_of_its_score(score):
    ruler = charts.ruler(score)
    (segment,) = [one for one in ruler.segments if one.start <= ruler.marker < one.start + one.length]
    assert segment.band.floor <= round(100 * score) <= segment.band.ceiling


def test_a_history_steps_from_grade_to_grade_and_reaches_the_right_edge():
    history = charts.history([(1, 0.0), (2, 1.0)], width=100, height=112)
    assert [(dot.seq, dot.y) for dot in history.dots] == [(1, 106.0), (2, 6.0)]
    assert history.line == "M6.0 106.0H50.0V6.0H94"


def test_the_bands_behind_a_history_have_the_highest_on_top():
    bands = charts.history([(1, 0.5)], width=100, height=112).bands
    assert bands[-1].band.letters == "A"
    assert bands[-1].start == min(band.start for band in bands) == charts.EDGE
    assert round(bands[0].start + bands[0].length, 1) == 106.0


def test_no_grades_draw_no_line():
    assert charts.history([], width=100, height=100).line == ""


@pytest.mark.parametrize(
    ("before", "after", "start", "length", "direction"),
    [
        (0.0, 0.8, 0.0, 160.0, "up"),
        (0.8, 0.3, 60.0, 100.0, "down"),
        (0.5, 0.5, 100.0, charts.THINNEST, "same"),
        (1.0, 1.0, 198.5, charts.THINNEST, "same"),
    ],
)
def test_a_bar_reaches_from_the_score_before_to_the_score_after(before, after, start, length, direction):
    bar = charts.bar(before, after)
    assert (bar.start, bar.length, bar.direction) == (start, length, direction)


def test_a_band_as_right_as_it_is_sure_stands_on_the_diagonal():
    chart = charts.reliability([(SCALE[0], 10, 1.0, 1.0, 0.7, 1.0), (SCALE[-1], 10, 0.0, 0.0, 0.0, 0.3)])
    sure, unsure = chart.whiskers
    (left, bottom), _, (right, top) = [(across.at, up.at) for across, up in chart.ticks]
    assert (sure.x, sure.y) == (right, top)
    assert (unsure.x, unsure.y) == (left, bottom)
    assert (left, right, top, bottom) == (chart.left, chart.right, chart.top, chart.bottom)
    assert sure.high == top < sure.low < bottom
