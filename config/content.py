"""Which content a public page shows: a number that differs whenever it could show something else.

Triggers leave a row for each statement that changed what readers see, in its own transaction; a version is the sum of
the rows that one snapshot sees. So it moves at the very moment an edit becomes visible, and never before: a counter
would make editors wait for each other, and a sequence moves while the edit is still to be committed, so that the old
page would be kept under the new number.
"""

from datetime import timedelta
from typing import Any

import pgtrigger
import psycopg
from django.db import connection

from config.chores import chore

# What a row speaks of. Whatever changes counts for EVERYTHING; pages of one profile look at the other three alone.
EVERYTHING, SHARED, PROFILE, REVISION = range(4)

COUNT = "INSERT INTO config_contentchange (kind, thing, n)"
# No version may come back after the table was emptied or restored: pages of its first life may still be kept.
LEAP = f"{COUNT} SELECT kind, 0, (random() * 1e12)::bigint + 1 FROM unnest(ARRAY[{EVERYTHING}, {SHARED}]) AS kind"


# --- For models -------------------------------------------------------------------------------------------------------


def shown(
    kind: int, *, thing: str = "0", where: str = "true", fresh: bool = True, rewritten: bool = False
) -> list[pgtrigger.Trigger]:
    """Count each statement that changes a row of this table that readers may see.

    `thing` is the column that names the profile or revision; `where` tells, over a row `r`, whether it may be seen at
    all; `fresh` is False where a new row shows nowhere until another one, which is counted, points at it; `rewritten`
    where an update always says something new, so that comparing would only cost.
    """
    old, new = pgtrigger.Referencing(old="old_rows"), pgtrigger.Referencing(new="new_rows")
    both = pgtrigger.Referencing(old="old_rows", new="new_rows")
    # Both sides of every row that is not what it was: a save that changed nothing is no change.
    compared = "(TABLE new_rows EXCEPT ALL TABLE old_rows) UNION ALL (TABLE old_rows EXCEPT ALL TABLE new_rows)"
    changed = "TABLE new_rows" if rewritten else compared
    wanted = kind, thing, where
    return [
        *([_counted("add", pgtrigger.Insert, "TABLE new_rows", new, *wanted)] if fresh else []),
        _counted("change", pgtrigger.Update, changed, both, *wanted),
        _counted("remove", pgtrigger.Delete, "TABLE old_rows", old, *wanted),
        _statement("clear", pgtrigger.Truncate, LEAP),
    ]


def _counted(
    verb: str,
    operation: pgtrigger.Operation,
    rows: str,
    referencing: pgtrigger.Referencing,
    kind: int,
    thing: str,
    where: str,
) -> pgtrigger.Trigger:
    if kind == EVERYTHING:
        body = f"{COUNT} SELECT {EVERYTHING}, 0, 1 WHERE EXISTS (SELECT FROM ({rows}) AS r WHERE {where})"
    else:
        body = f"""WITH moved AS MATERIALIZED (SELECT DISTINCT {thing}::bigint AS thing FROM ({rows}) AS r WHERE {where})
                {COUNT} SELECT {kind}, thing, 1 FROM moved
                UNION ALL SELECT {EVERYTHING}, 0, 1 WHERE EXISTS (SELECT FROM moved)"""
    return _statement(verb, operation, body, referencing)


def _statement(
    verb: str, operation: pgtrigger.Operation, body: str, referencing: pgtrigger.Referencing | None = None
) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=f"shown_{verb}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=referencing,
        func=f"""
                {body};
                RETURN NULL;""",
    )


# --- Reading a version ------------------------------------------------------------------------------------------------

OF_EVERYTHING = f"SELECT coalesce(sum(n), 0)::text FROM config_contentchange WHERE kind = {EVERYTHING} AND thing = 0"


def of_everything(**address: str) -> str | None:
    """The version of a page that may show anything: a list, a feed, the front page."""
    return ask(OF_EVERYTHING)


def ask(query: str, **parameters: Any) -> str | None:
    """Return the one text that the query answers with, or None where it finds nothing.

    Past Django's own cursor: this is asked for every page, and is most of what a kept one costs.
    """
    connection.ensure_connection()
    assert connection.connection is not None
    with psycopg.Cursor(connection.connection) as cursor:
        row = cursor.execute(query, parameters, prepare=True).fetchone()
    return row[0] if row else None


# --- Looking after it -------------------------------------------------------------------------------------------------

# One statement: every snapshot sees the rows or their sum, and never both or neither.
FOLD = f"""
    WITH several AS (
        SELECT kind, thing FROM config_contentchange GROUP BY kind, thing HAVING count(*) > 1
    ), taken AS (
        DELETE FROM config_contentchange WHERE id IN (
            SELECT id FROM config_contentchange JOIN several USING (kind, thing)
            LIMIT 50000 FOR UPDATE OF config_contentchange SKIP LOCKED)
        RETURNING kind, thing, n
    )
    {COUNT} SELECT kind, thing, sum(n) FROM taken GROUP BY kind, thing"""


@chore(every=timedelta(seconds=5))
def fold() -> None:
    """Put one row in place of the many that speak of one thing."""
    with connection.cursor() as cursor:
        cursor.execute(FOLD)


def leap() -> None:
    """Make every version one that never was."""
    with connection.cursor() as cursor:
        cursor.execute(LEAP)
