from hypothesis import given
from hypothesis import strategies as st

from profiles.diffing import GONE, NEW, SAME, Piece, pieces, shortened

TEXTS = st.text(alphabet="abc ,.\nä漢", max_size=60)


def read(told, *kinds):
    return "".join(piece.text for piece in told if piece.kind in kinds)


@given(TEXTS, TEXTS)
def test_without_what_came_it_is_the_old_text_and_without_what_went_the_new_one(before, after):
    told = pieces(before, after)
    assert read(told, SAME, GONE) == before
    assert read(told, SAME, NEW) == after


def test_a_changed_word_is_shown_as_one_that_went_and_one_that_came():
    assert pieces("It keeps a registry.", "It kept a registry.") == [
        Piece(SAME, "It "),
        Piece(GONE, "keeps"),
        Piece(NEW, "kept"),
        Piece(SAME, " a registry."),
    ]


def test_words_that_changed_side_by_side_are_one_change():
    assert pieces("a b c.", "x y z.") == [Piece(GONE, "a b c"), Piece(NEW, "x y z"), Piece(SAME, ".")]


def test_the_same_text_is_one_piece_and_none_is_none():
    assert pieces("So.", "So.") == [Piece(SAME, "So.")]
    assert pieces("", "") == []
    assert pieces("", "So.") == [Piece(NEW, "So.")]
    assert pieces("So.", "") == [Piece(GONE, "So.")]


def test_a_very_long_text_is_compared_by_lines():
    before = "".join(f"Line {number} of many words and more.\n" for number in range(1000))
    after = before.replace("Line 500 of", "Line 500 without")
    told = pieces(before, after)
    assert read(told, GONE) == "Line 500 of many words and more.\n"
    assert read(told, SAME, NEW) == after


def test_the_middle_of_what_stayed_is_left_out_and_changes_never_are():
    told = shortened(pieces("x " * 500 + "one" + " y" * 500, "x " * 500 + "two" + " y" * 500))
    assert [piece.kind for piece in told] == [SAME, GONE, NEW, SAME]
    assert all(len(piece.text) < 200 for piece in told)
    assert "…" in told[0].text
    assert "…" in told[-1].text
    gone = shortened(pieces("z " * 500, ""))
    assert read(gone, GONE) == "z " * 500
