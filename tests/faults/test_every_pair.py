"""Every ordered pair of edits, the first one uncommitted while the second is graded: none may be lost."""

import pytest

from profiles.grading import pipeline
from tests.faults import settled
from tests.faults.explorer import (
    EDITS,
    add_a_citation,
    add_a_derivation,
    add_a_profile,
    another_editor,
    change_a_letter,
    copy_rows,
    delete_a_citation,
    delete_a_judgement,
    delete_a_profile,
    delete_a_source,
    delete_in_a_cascade,
    edit_a_citation,
    edit_a_source,
    empty_the_citations,
    empty_the_derivations,
    explore,
    explore_midway,
    import_a_dossier,
    link_a_judgement,
    make,
    make_world,
    merge_a_source,
    move_a_citation,
    publish,
    put_rows_back,
    remove_a_derivation,
    restore,
    unlink_a_judgement,
    update_in_bulk,
    withdraw,
    write_plain_sql,
)

pytestmark = pytest.mark.django_db(transaction=True)

EMPTYING = {empty_the_derivations, empty_the_citations}
USES_DERIVATIONS = {
    *(merge_a_source, delete_a_source, add_a_derivation, remove_a_derivation, publish, restore, import_a_dossier),
    *(delete_in_a_cascade, delete_a_profile),
}
USES_CITATIONS = {
    *(add_a_citation, edit_a_citation, move_a_citation, delete_a_citation, link_a_judgement, unlink_a_judgement),
    *(delete_a_judgement, merge_a_source, delete_a_source, publish, restore, import_a_dossier, update_in_bulk),
    *(write_plain_sql, copy_rows, delete_in_a_cascade, add_a_profile, delete_a_profile),
}
SAME_ROW = [
    {delete_a_citation, delete_a_judgement},
    {unlink_a_judgement, delete_a_judgement},
    {merge_a_source, update_in_bulk},
    {change_a_letter, import_a_dossier},
]


def must_wait(first, second):
    """PostgreSQL lets nobody change a row, or empty a table, that somebody else is changing: these come one by one."""
    both = {first, second}
    return (
        (first == second and first not in {copy_rows, add_a_profile})
        or both in SAME_ROW
        or (empty_the_derivations in both and bool(both & USES_DERIVATIONS))
        or (empty_the_citations in both and bool(both & USES_CITATIONS))
    )


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "nudge", lambda: None)
    return make_world(tmp_path)


def names(edits):
    return [edit.__name__ for edit in edits]


def test_every_edit_but_two_makes_a_stored_grade_wrong(world):
    unmoved = []
    for edit in EDITS:
        put_rows_back()
        assert settled.wrongs() == []
        make(edit, world)
        if not list(pipeline.audit()):
            unmoved.append(edit)
    assert unmoved == [withdraw, delete_a_profile]


@pytest.mark.parametrize("first", EDITS, ids=names(EDITS))
def test_no_edit_is_lost_while_another_one_is_uncommitted(world, first):
    with another_editor() as editor:
        outcomes = {second: explore(first, second, world, editor) for second in EDITS}
    assert {second.__name__: outcome.wrongs for second, outcome in outcomes.items() if outcome.wrongs} == {}
    waited = [second for second in EDITS if outcomes[second].waited]
    assert names(waited) == names(second for second in EDITS if must_wait(first, second))
    # Whoever empties a table shuts out its readers too; nobody else keeps the grading of what is committed waiting.
    ungraded = [second for second in EDITS if outcomes[second].ungraded]
    assert names(ungraded) == names(second for second in EDITS if first in EMPTYING and second not in waited)


def test_no_edit_is_lost_that_commits_in_the_middle_of_a_grading(world):
    wrongs = {}
    with another_editor() as editor:
        for first in EDITS:
            if first not in EMPTYING:
                second = change_a_letter if first == edit_a_source else edit_a_source
                wrongs[first.__name__] = explore_midway(first, second, world, editor)
    assert {first: found for first, found in wrongs.items() if found} == {}
