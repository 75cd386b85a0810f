from datetime import UTC, date, datetime

import pytest

from config import inwords
from tests import pseudo

WORDINGS = ("It is away.", "Asked %(number)s times by %(who)s.")


def test_parts_are_put_together_as_english_does():
    assert inwords.separated(["one", 2, "three"]) == "one, 2, three"
    assert inwords.side_by_side(["it fell", "it rose"]) == "it fell; it rose"
    assert inwords.separated([]) == ""


def test_days_are_written_as_english_does():
    assert inwords.day(date(2026, 6, 3)) == "3 June 2026"
    assert inwords.day(datetime(2026, 6, 3, 14, 5, tzinfo=UTC)) == "3 June 2026"


@pytest.mark.parametrize("stored", ["It is away.", "Asked 3 times by (somebody).", "Somebody's own words.", ""])
def test_a_stored_sentence_is_told_in_english_as_it_was_stored(stored):
    assert inwords.told_again(stored, WORDINGS) == stored


def test_a_stored_sentence_is_told_again_in_another_language_and_what_varies_stays(monkeypatch):
    with pseudo.spoken(monkeypatch):
        assert (
            inwords.told_again("Asked 3 times by (somebody).", WORDINGS) == "字字字字字 3 字字字字字 字字 (somebody)."
        )
        assert inwords.told_again("Asked 3 times.", WORDINGS) == "Asked 3 times."
