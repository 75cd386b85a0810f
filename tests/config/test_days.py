"""A day as an element of a page."""

from datetime import UTC, date, datetime

import pytest
from django.template import engines
from django.utils import translation


@pytest.mark.parametrize(
    ("on", "language", "element"),
    [
        (date(2026, 3, 2), "en", '<time datetime="2026-03-02">2 March 2026</time>'),
        (date(2026, 3, 2), "zh-hans", '<time datetime="2026-03-02">2026年3月2日</time>'),
        (
            datetime(2026, 3, 2, 23, 59, 1, 5, tzinfo=UTC),
            "en",
            '<time datetime="2026-03-02T23:59:01.000005+00:00">2 March 2026</time>',
        ),
    ],
)
def test_a_day_is_told_to_readers_in_their_language_and_to_machines(on, language, element):
    page = engines["django"].from_string("{% day on %} {% day on as when %}{% if when %}{{ when }}{% endif %}")
    with translation.override(language):
        assert page.render({"on": on}) == f"{element} {element}"
