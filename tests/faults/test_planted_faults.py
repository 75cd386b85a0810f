"""The harness can fail: two mistakes that look reasonable, planted in the protocol, and the edits they lose."""

from contextlib import contextmanager

import pytest
from django.db import connection

from profiles.grading import pipeline, reading
from profiles.models import Publisher, Source
from tests.faults.explorer import (
    add_a_citation,
    add_a_profile,
    another_editor,
    change_a_letter,
    edit_a_citation,
    edit_a_source,
    explore,
    explore_midway,
    link_a_judgement,
    make_world,
    mark_a_judgement_essential,
    publish,
    sql,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "nudge", lambda: None)
    return make_world(tmp_path)


def of_stale_grades(wrongs):
    """Return whether this is the worst of all: grades that are not true, and nothing left that would say so."""
    return bool(wrongs) and all(" is stored as " in wrong for wrong in wrongs)


# --- Fan-out inside the trigger ---------------------------------------------------------------------------------------

# What anybody would write first: whoever rests on the row is marked at once, by a join.
AT_ONCE = """
    CREATE FUNCTION planted_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    WITH RECURSIVE resting (id) AS (
        SELECT source.id FROM new_rows JOIN profiles_source source ON source.{column} = new_rows.id
        UNION
        SELECT derivation.source_id FROM resting JOIN profiles_derivation derivation ON derivation.origin_id = resting.id)
    INSERT INTO profiles_mark (profile_id, lane, at, change)
    SELECT DISTINCT citation.profile_id, 0, clock_timestamp(),
           '{{"on": "{on}", "op": "change", "by": "sql", "count": 1}}'::jsonb
    FROM resting JOIN profiles_citation citation ON citation.source_id = resting.id;
    RETURN NULL; END $$;
    CREATE TRIGGER planted AFTER UPDATE ON {table} REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION planted_{table}()"""


@contextmanager
def fan_out_inside_the_trigger(model, *, on, column):
    table = model._meta.db_table
    good = next(trigger for trigger in model._meta.triggers if trigger.name == f"{on}_change").get_pgid(model)
    sql(f"ALTER TABLE {table} DISABLE TRIGGER {good}")
    sql(AT_ONCE.format(table=table, on=on, column=column))
    try:
        yield
    finally:
        sql(f"DROP FUNCTION planted_{table} CASCADE; ALTER TABLE {table} ENABLE TRIGGER {good}")


PLANTED = {
    "publisher": (change_a_letter, Publisher, "publisher_id"),
    "source": (edit_a_source, Source, "id"),
}


def lost_meanwhile(first, world):
    """The second edits that leave stale grades, with what is wrong."""
    seconds = [add_a_profile, edit_a_citation, link_a_judgement, publish]
    with another_editor() as editor:
        found = {second: explore(first, second, world, editor).wrongs for second in seconds}
    return {second: wrongs for second, wrongs in found.items() if wrongs}


@pytest.mark.parametrize("on", PLANTED)
def test_a_trigger_that_fans_out_overlooks_the_profile_it_cannot_see_yet(world, on):
    edit, model, column = PLANTED[on]
    with fan_out_inside_the_trigger(model, on=on, column=column):
        lost = lost_meanwhile(edit, world)
    assert list(lost) == [add_a_profile]
    assert of_stale_grades(lost[add_a_profile])
    assert lost_meanwhile(edit, world) == {}


# --- Evidence read before the marks are taken -------------------------------------------------------------------------


@contextmanager
def evidence_read_before_the_marks_are_taken(monkeypatch):
    held, read, take = [], reading.cases, pipeline._take_marks

    def take_after_reading(profile_ids):
        held.append(list(reading.cases(profile_ids)))
        return take(profile_ids)

    def what_was_read(profile_ids):
        return held.pop() if held else read(profile_ids)

    def without_one_snapshot(execute, statement, *arguments):
        # In one snapshot the order would not matter.
        if statement != "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ":
            return execute(statement, *arguments)

    with monkeypatch.context() as planted, connection.execute_wrapper(without_one_snapshot):
        planted.setattr(pipeline, "_take_marks", take_after_reading)
        planted.setattr(reading, "cases", what_was_read)
        yield


LEAVING_MARKS = [add_a_citation, edit_a_citation, link_a_judgement, mark_a_judgement_essential]


def lost_midway(world):
    """The edits that leave stale grades when they commit in the middle of a grading, with what is wrong."""
    with another_editor() as editor:
        firsts = [*LEAVING_MARKS, change_a_letter]
        found = {first: explore_midway(first, edit_a_source, world, editor) for first in firsts}
    return {first: wrongs for first, wrongs in found.items() if wrongs}


def test_evidence_that_is_read_before_the_marks_are_taken_loses_what_commits_in_between(world, monkeypatch):
    with evidence_read_before_the_marks_are_taken(monkeypatch):
        lost = lost_midway(world)
    # A letter leaves a touch, which no grading takes.
    assert list(lost) == LEAVING_MARKS
    assert all(map(of_stale_grades, lost.values()))
    assert lost_midway(world) == {}
