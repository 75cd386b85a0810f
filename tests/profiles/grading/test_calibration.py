"""Calibration: what is read, what is forecast, and that the measures measure."""

import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from profiles.grading.calibration import (
    COUNT,
    MAJORITY,
    METHOD,
    BadCases,
    Case,
    Options,
    as_json,
    calibrate,
    forecast_by_count,
    forecast_by_majority,
    forecast_by_method,
    measure,
    read_cases,
    wilson,
    with_learned_letters,
    with_repeats,
)
from profiles.grading.method import DISPUTES, METHOD_VERSION, SUPPORTS, Evidence, grade_evidence
from tests.builders import evidence

ON = date(2026, 6, 30)
LINE = {
    "case": "c1",
    "group": "g1",
    "truth": True,
    "as_of": "2024-12-01",
    "notes": [
        {
            "id": "n1",
            "publisher": "p1",
            "reliability": "B",
            "credibility": 2,
            "stance": "supports",
            "published": "2024-11-01",
            "direct": False,
            "derived_from": ["n0"],
        }
    ],
}


def case(*notes, truth=True, id="c1", group=None, on=ON):
    return Case(id=id, group=group or id, truth=truth, as_of=on, notes=notes)


def line(**changes):
    return json.dumps(LINE | changes)


def note(**changes):
    return line(notes=[LINE["notes"][0] | changes])


# Reading


def test_a_line_is_read_as_the_evidence_it_tells_of():
    (read,) = read_cases([line()])
    assert read == Case(
        id="c1",
        group="g1",
        truth=True,
        as_of=date(2024, 12, 1),
        notes=(
            Evidence(
                id="n1",
                publisher="p1",
                reliability="B",
                credibility=2,
                stance=SUPPORTS,
                published=date(2024, 11, 1),
                direct=False,
                derived_from=("n0",),
            ),
        ),
    )


def test_what_a_note_leaves_out_is_what_nobody_has_judged():
    (read,) = read_cases(
        ['{"case": "c", "truth": false, "as_of": "2024-12-01", "notes": [{"id": "n", "stance": "disputes"}]}']
    )
    assert read == Case("c", "c", False, date(2024, 12, 1), (Evidence(id="n", stance=DISPUTES),), lettered=False)


def test_empty_lines_are_no_cases():
    assert [one.id for one in read_cases(["", line(), "  \r", line(case="c2"), ""])] == ["c1", "c2"]


@pytest.mark.parametrize(
    ("wrong", "field", "right"),
    [
        ("{", "", "this is not JSON"),
        ("[" * 100_000, "", "this is not JSON"),
        ("[]", "", "[] is not a case; write one JSON object"),
        ('{"case": "a", "case": "b"}', "case", "stands here twice"),
        (line(case=7), "case", "7 does not fit; write a name in quotes"),
        (line(case=""), "case", '"" does not fit'),
        (line(group=["g"]), "group", '["g"] does not fit'),
        (line(truth="true"), "truth", '"true" does not fit; write true or false, without quotes'),
        (line(truth=1), "truth", "1 does not fit"),
        (line(as_of="2024-02-30"), "as_of", '"2024-02-30" does not fit; write a day such as "2024-12-01"'),
        (line(as_of="20241201"), "as_of", "write a day"),
        (line(notes={}), "notes", "{} does not fit; write a list"),
        (line(notes=["n1"]), "notes[0]", '"n1" is not a note'),
        (line(verdict=1), "verdict", "there is no such field; the fields are case, group"),
        (line(notes=LINE["notes"] * 2), "notes[1].id", '"n1" is another note\'s'),
        (note(id=None), "notes[0].id", "null does not fit"),
        (note(publisher=3), "notes[0].publisher", "3 does not fit"),
        (note(reliability="G"), "notes[0].reliability", '"G" does not fit; write one of "A", "B", "C", "D", "E", "F"'),
        (note(credibility=7), "notes[0].credibility", "7 does not fit; write one of 1, 2, 3, 4, 5, 6"),
        (note(credibility=True), "notes[0].credibility", "true does not fit"),
        (note(credibility=2.0), "notes[0].credibility", "2.0 does not fit"),
        (note(stance="for"), "notes[0].stance", 'write one of "supports", "disputes", "context"'),
        (note(published="yesterday"), "notes[0].published", "write a day"),
        (note(direct="no"), "notes[0].direct", "write true or false"),
        (note(derived_from="n0"), "notes[0].derived_from", 'write a list of note ids, such as ["n0"]'),
        (note(derived_from=["n1"]), "notes[0].derived_from", "cannot be derived from itself"),
        (note(derived_from=["n0", "n0"]), "notes[0].derived_from", "names one note twice"),
        (note(stanse="for"), "notes[0].stanse", "there is no such field"),
        (line(**{"\x1b[2J": 1}), r"\u001b[2J", "there is no such field"),
    ],
)
def test_a_bad_line_says_its_field_and_what_would_be_right(wrong, field, right):
    with pytest.raises(BadCases) as raised:
        read_cases([line(case="c0"), wrong])
    (problem,) = raised.value.problems
    assert (problem.line, problem.field) == (2, field)
    assert right in problem.right


@pytest.mark.parametrize("name", ["case", "truth", "as_of", "notes"])
def test_a_case_needs_a_name_a_truth_a_day_and_notes(name):
    with pytest.raises(BadCases, match=f"line 1: {name}: is missing"):
        read_cases([json.dumps({key: value for key, value in LINE.items() if key != name})])


def test_every_bad_line_is_told_at_once():
    with pytest.raises(BadCases) as raised:
        read_cases([line(truth=1), line(case="c2"), line(as_of=None), line(case="c2")])
    assert [(one.line, one.field) for one in raised.value.problems] == [(1, "truth"), (3, "as_of"), (4, "case")]


# Forecasts


def test_a_case_is_graded_by_the_method_itself():
    notes = (evidence("a", "B"), evidence("b", "C", stance=DISPUTES), evidence("c", "A", derived_from=("a",)))
    assert forecast_by_method([case(*notes, truth=False)]) == [(grade_evidence(notes, on=ON).score, False)]


def test_an_origin_outside_the_case_is_known_by_its_name():
    reports = [evidence(name, "B", derived_from=("wire",), publisher=name) for name in "ab"]
    assert forecast_by_method([case(*reports)]) == [(0.47, True)]


def test_without_caps_a_score_goes_as_high_as_it_would():
    reports = [evidence(f"a{n}", "A", direct=False) for n in range(50)]
    assert forecast_by_method([case(*reports)]) == [(0.89, True)]
    assert forecast_by_method([case(*reports)], caps=False) == [(0.97, True)]


def test_without_age_an_old_source_counts_in_full():
    old = evidence("a", "A", published=date(1998, 1, 1))
    assert forecast_by_method([case(old)]) == [(0.47, True)]
    assert forecast_by_method([case(old)], age=False) == [(0.92, True)]


def test_the_majority_is_the_share_of_those_who_take_sides():
    for_and_against = [evidence("a"), evidence("b"), evidence("c", stance=DISPUTES), evidence("d", stance="context")]
    assert forecast_by_majority([case(*for_and_against), case()]) == [(0.666667, True), (0.5, True)]


def test_the_naive_count_halves_the_doubt_with_every_link():
    links = [evidence("a"), evidence("b", derived_from=("a",)), evidence("c", stance=DISPUTES)]
    assert forecast_by_count([case(*links), case()]) == [(0.75, True), (0.0, True)]


# Letters


def settled(publisher, right, wrong, *, group=None):
    """Cases that one publisher supported, right so many times and wrong so many."""
    return [
        case(
            Evidence(id="n", publisher=publisher),
            id=f"{publisher}{n}",
            group=group or f"{publisher}{n}",
            truth=n < right,
        )
        for n in range(right + wrong)
    ]


def letters(cases, **options):
    return [one.notes[0].reliability for one in with_learned_letters(cases, **{"folds": 10, "seed": 1, **options})]


def test_letters_are_learned_from_the_other_folds():
    assert set(letters(settled("good", 40, 0))) == {"A"}
    assert set(letters(settled("bad", 0, 40))) == {"E"}
    assert set(letters(settled("new", 4, 0))) == {"F"}


def test_who_disputes_what_is_false_is_right():
    cases = [case(Evidence(id="n", publisher="p", stance=DISPUTES), id=f"c{n}", truth=False) for n in range(40)]
    assert set(letters(cases)) == {"A"}


def test_a_case_does_not_teach_the_letter_it_is_graded_with():
    # Seven, one in each fold: six others are left, and those of one group leave nothing.
    assert set(letters(settled("p", 7, 0), folds=7)) == {"B"}
    assert set(letters(settled("p", 7, 0, group="together"), folds=7)) == {"F"}


def test_several_notes_of_a_publisher_on_one_case_are_one_settled_judgement():
    twice = [case(Evidence(id="n", publisher="p"), Evidence(id="m", publisher="p"), id=f"c{n}") for n in range(5)]
    assert set(letters(twice, folds=5)) == {"F"}


# Measures


def test_the_measures_of_a_few_forecasts_worked_out_by_hand():
    measured = measure([(0.9, True), (0.9, True), (0.9, False), (0.2, False), (0.25, True)], seed=1)
    assert measured.n == 5
    assert measured.accuracy == 0.6
    assert measured.brier == round((0.01 + 0.01 + 0.81 + 0.04 + 0.5625) / 5, 6)
    # The bin of 0.9 is 2.7 forecast and 2 true, the bin of 0.2 and 0.25 is 0.45 and 1.
    assert measured.ece == round((0.7 + 0.55) / 5, 6)
    assert measured.tally == ((0.2, 1, 0), (0.25, 1, 1), (0.9, 3, 2))


def test_a_half_counts_as_yes():
    assert measure([(0.5, True)], seed=1).accuracy == 1.0
    assert measure([(0.49, True)], seed=1).accuracy == 0.0


def test_each_band_tells_how_many_how_sure_how_often_right():
    bands = {one.band.slug: one for one in measure([(0.9, True), (0.95, True), (0.8, False)], seed=1).bands}
    top, next_to_top, middle = bands["a"], bands["a-b"], bands["b-c"]
    assert (top.n, top.mean, top.right, top.low, top.high) == (2, 0.925, 1.0, 0.34238, 1.0)
    assert (next_to_top.n, next_to_top.mean, next_to_top.right) == (1, 0.8, 0.0)
    assert (middle.n, middle.mean, middle.right, middle.low, middle.high) == (0, None, None, None, None)


def test_the_wilson_interval_is_the_one_of_the_books():
    assert [round(end, 4) for end in wilson(8, 10)] == [0.4902, 0.9433]
    assert [round(end, 4) for end in wilson(0, 10)] == [0.0, 0.2775]


def test_who_forecasts_without_fault_shows_the_error_of_a_perfect_forecaster():
    faultless = [(0.7, n < 70) for n in range(100)] + [(0.2, n < 20) for n in range(100)]
    faulty = [(0.7, n < 30) for n in range(100)] + [(0.2, n < 60) for n in range(100)]
    assert measure(faultless, seed=1).ece == 0.0
    assert 0 < measure(faultless, seed=1).perfect_ece < measure(faultless, seed=1).perfect_ece_95 < 0.1
    assert measure(faulty, seed=1).ece == 0.4
    assert measure(faulty, seed=1).perfect_ece == measure(faultless, seed=1).perfect_ece


def test_few_cases_cannot_look_better_calibrated_than_luck_allows():
    assert measure([(0.5, True)], seed=1).perfect_ece == 0.5


# The whole of it


def table(cases=60):
    """Cases with reports for and against, some true, without letters."""
    return [
        case(
            Evidence(id="n1", publisher=f"p{n % 4}", credibility=2, published=date(2026, 6, 1)),
            Evidence(id="n2", publisher=f"p{n % 3 + 4}", credibility=2, derived_from=("n1",)),
            *([Evidence(id="n3", publisher="p9", stance=DISPUTES)] if n % 5 == 0 else []),
            id=f"c{n}",
            group=f"g{n // 2}",
            truth=n % 4 != 0,
        )
        for n in range(cases)
    ]


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others():
    options = Options(learn_letters=True, inject=3)
    once = as_json(calibrate(table(), options))
    assert as_json(calibrate(list(reversed(table())), options)) == once
    assert as_json(calibrate(table(), Options(learn_letters=True, inject=3, seed=2))) != once


def test_what_was_done_stands_beside_what_was_measured():
    told = as_json(calibrate(table(), Options(folds=5, age=False)))
    assert told["options"] == {
        "folds": 5,
        "seed": 1,
        "caps": True,
        "age": False,
        "learn_letters": False,
        "inject": 0,
        "letters": "given",
    }
    assert (told["groups"], told["n"], told[MAJORITY]["n"], told[COUNT]["n"]) == (30, 60, 60, 60)


notes = st.lists(
    st.builds(
        Evidence,
        id=st.sampled_from(["n1", "n2", "n3", "n4"]),
        reliability=st.sampled_from("ABCDEF"),
        credibility=st.integers(1, 6),
        stance=st.sampled_from([SUPPORTS, DISPUTES, "context"]),
        direct=st.booleans(),
        publisher=st.sampled_from(["p1", "p2", "p3"]),
        derived_from=st.sampled_from([(), (), ("n9",), ("n1",)]),
    ),
    max_size=4,
    unique_by=lambda one: one.id,
).filter(lambda found: any(not one.derived_from and one.stance == SUPPORTS for one in found))


@given(notes)
def test_five_repeats_of_a_root_move_no_score(notes):
    before = case(*(one for one in notes if one.id not in one.derived_from))
    after = with_repeats(before, 5)
    assert len(after.notes) == len(before.notes) + 5
    assert forecast_by_method([after]) == forecast_by_method([before])


def test_five_repeats_injected_into_every_case_move_nothing_while_they_are_linked():
    injected = {one.name: one for one in calibrate(table(), Options(inject=5)).injected}
    assert injected[METHOD].moved == 0
    assert injected[METHOD].brier_after == injected[METHOD].brier_before
    assert injected[METHOD].false_after == injected[METHOD].false_before
    # What counts links is moved, and so is the method where nobody has filed the links.
    assert injected[COUNT].moved == 60
    assert injected[f"{METHOD}_without_links"].moved == 60
    assert injected[COUNT].false_after > injected[COUNT].false_before


def test_a_case_that_nothing_supports_has_nothing_to_repeat():
    alone = case(evidence("a", stance=DISPUTES))
    assert with_repeats(alone, 5) == alone


# The command


def run(*arguments):
    out = StringIO()
    call_command("calibrate", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "past.jsonl"
    lines = [line(case=f"c{n}", group=f"g{n}", truth=n % 3 > 0) for n in range(12)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_command_prints_the_measures_the_bands_and_the_comparison(file):
    told = run(file)
    assert told.startswith(
        f"past.jsonl: 12 cases in 12 groups, method {METHOD_VERSION}\nreliability letters as the file gives them\n"
    )
    assert "the method                         12     0.333   0.261   0.197" in told
    assert "  0.35–0.54  C/D        12   0.470   0.667     0.391–0.862" in told
    for name in ("majority share", "naive count 1 - 0.5^n"):
        assert f"\n{name}, by band\n" in told
        assert f"\n{name} " in told


def test_the_command_says_the_same_as_data(file):
    told = json.loads(run(file, "--json", "--inject", 2))
    assert (told["file"], told["n"], told["accuracy"], told["Brier"]) == ("past.jsonl", 12, 0.333333, 0.260900)
    assert told["bands"][3] == {
        "span": "0.35–0.54",
        "band": "C/D",
        "label": "Weak–medium",
        "n": 12,
        "mean": 0.47,
        "right": 0.666667,
        "low": 0.390622,
        "high": 0.86188,
    }
    assert told["tally"] == [[0.47, 12, 8]]
    assert told["injected"][METHOD]["moved"] == 0


def test_the_command_says_when_no_note_has_a_letter(tmp_path):
    path = tmp_path / "past.jsonl"
    path.write_text(note(reliability=None))
    assert "no note has a reliability letter, so all count as F; --learn-letters learns them" in run(path)
    assert "learned from the other folds (4 folds, seed 7)" in run(path, "--learn-letters", "--folds=4", "--seed=7")


def test_the_command_names_the_file_the_line_and_the_field(tmp_path):
    path = tmp_path / "past.jsonl"
    path.write_text(f"{line()}\n\n{note(stance='maybe')}\n")
    with pytest.raises(CommandError) as raised:
        run(path)
    assert str(raised.value) == (
        f'{path}, line 3: notes[0].stance: "maybe" does not fit; write one of "supports", "disputes", "context".'
    )
    assert raised.value.returncode == 1


def test_a_file_without_a_case_is_told_in_a_sentence(tmp_path):
    path = tmp_path / "past.jsonl"
    path.write_text("\n")
    with pytest.raises(CommandError, match="holds no case; write one JSON object a line"):
        run(path)


def test_a_file_that_cannot_be_read_is_told_in_a_sentence(tmp_path):
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        run(tmp_path / "nowhere.jsonl")
    path = tmp_path / "past.jsonl"
    path.write_bytes(line().encode() + b"\n\xff\n")
    with pytest.raises(CommandError, match="line 2: this is not UTF-8"):
        run(path)


@pytest.mark.parametrize("option", ["--folds=1", "--inject=-1"])
def test_an_option_that_makes_no_sense_is_told_in_a_sentence(file, option):
    with pytest.raises(CommandError, match="write"):
        run(file, option)
