import pytest

from profiles.grading.record import letter_of


@pytest.mark.parametrize(
    ("right", "wrong", "letter"),
    [(14, 0, "A"), (13, 0, "B"), (5, 0, "B"), (8, 2, "C"), (6, 4, "D"), (3, 7, "E"), (4, 0, "F"), (0, 0, "F")],
)
def test_a_record_proposes_a_letter(right, wrong, letter):
    assert letter_of(right, wrong) == letter


def test_one_more_time_right_never_costs_a_letter():
    order = "ABCDE"
    for right in range(30):
        for wrong in range(30):
            before, after = letter_of(right, wrong), letter_of(right + 1, wrong)
            assert before == "F" or order.index(after) <= order.index(before)
