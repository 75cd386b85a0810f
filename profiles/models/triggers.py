"""What an edit leaves behind in its own transaction: marks and touches, written by statement-level triggers.

A trigger writes only what it can read off its own OLD and NEW rows. A join here would look at a snapshot that misses
what others have not committed yet, and their edit would never be graded; joins happen in the fan-out, after commit.
"""

from collections.abc import Callable, Sequence

import pgtrigger

Writer = Callable[[str], str]

BY = "coalesce(nullif(current_setting('assay.by', true), ''), 'sql')"
LANE = "coalesce(nullif(current_setting('assay.lane', true), ''), '0')::smallint"

MARK = "INSERT INTO profiles_mark (profile_id, lane, at, change)"
TOUCH = "INSERT INTO profiles_touch (kind, node, at, change)"
EVERY_PROFILE = """
    INSERT INTO profiles_mark (profile_id, lane, at, change)
    SELECT profile_id, 1, clock_timestamp(), jsonb_build_object('on', '{on}', 'op', 'clear', 'by', {by})
    FROM profiles_gradingstate; RETURN NULL;"""


def marks_on_change(on: str, *, columns: Sequence[str], shows: Sequence[str]) -> list[pgtrigger.Trigger]:
    """Mark the profile that the row itself names, both of them when the row moves.

    `columns` are what the grade reads; `shows` what the history needs to name the row once it is gone.
    """
    return _on_every_event(on, columns, shows, target="profile_id", insert=True, write=_mark)


def touches_on_change(
    on: str, *, node: str, columns: Sequence[str], shows: Sequence[str], kind: str = ""
) -> list[pgtrigger.Trigger]:
    """Leave a touch on the publisher or source in the column `node`; the fan-out finds who rests on it.

    A publisher or source that has just been inserted has nothing resting on it yet: whatever comes to rest on it
    leaves a mark or touch of its own. An edge (derivation) counts from its insertion.
    """
    return _on_every_event(on, columns, shows, target=node, insert=on == "derivation", write=_touch(kind or on))


def _mark(rows: str) -> str:
    return f"{MARK} SELECT target, {LANE}, clock_timestamp(), change FROM ({rows}) AS changes;"


def _touch(kind: str) -> Writer:
    return lambda rows: f"{TOUCH} SELECT '{kind}', target, clock_timestamp(), change FROM ({rows}) AS changes;"


def _on_every_event(
    on: str, columns: Sequence[str], shows: Sequence[str], *, target: str, insert: bool, write: Writer
) -> list[pgtrigger.Trigger]:
    old, new = pgtrigger.Referencing(old="old_rows"), pgtrigger.Referencing(new="new_rows")
    both = pgtrigger.Referencing(old="old_rows", new="new_rows")
    added = [_statement(on, "add", pgtrigger.Insert, new, write(_whole(on, "add", "new_rows", target, shows)))]
    return (added if insert else []) + [
        _statement(on, "change", pgtrigger.Update, both, write(_changed(on, target, columns, shows))),
        _statement(on, "remove", pgtrigger.Delete, old, write(_whole(on, "remove", "old_rows", target, shows))),
        pgtrigger.Trigger(
            name=f"{on}_clear",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=pgtrigger.Truncate,
            func=EVERY_PROFILE.format(on=on, by=BY),
        ),
    ]


def _statement(
    on: str, op: str, operation: pgtrigger.Operation, referencing: pgtrigger.Referencing, body: str
) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=f"{on}_{op}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=referencing,
        func=f"{body} RETURN NULL;",
    )


def _object(alias: str, columns: Sequence[str]) -> str:
    pairs = ", ".join(f"'{column}', {alias}.{column}" for column in columns)
    return f"jsonb_build_object({pairs})"


def _change(on: str, op: str, detail: str) -> str:
    # One row per profile and statement, however many rows it held: an import of 100,000 citations leaves few marks.
    return f"""jsonb_build_object('on', '{on}', 'op', '{op}', 'by', {BY}, 'count', count(*)) || min({detail}::text)::jsonb"""


def _whole(on: str, op: str, rows: str, target: str, shows: Sequence[str]) -> str:
    return f"SELECT r.{target} AS target, {_change(on, op, _object('r', shows))} AS change FROM {rows} r GROUP BY r.{target}"


def _changed(on: str, target: str, columns: Sequence[str], shows: Sequence[str]) -> str:
    # FULL JOIN: a row whose primary key was rewritten is one that went and one that came.
    differs = f"({_columns('o', columns)}) IS DISTINCT FROM ({_columns('n', columns)})"
    detail = (
        f"({_object('s', shows)} || jsonb_build_object('from', {_object('o', columns)}, 'to', {_object('n', columns)}))"
    )
    sides = " UNION ALL ".join(
        f"""SELECT s.{target} AS target, {detail} AS detail
            FROM old_rows o FULL JOIN new_rows n ON n.id = o.id JOIN {rows} s ON s.id = {alias}.id
            WHERE {differs}{extra}"""
        for rows, alias, extra in (
            ("new_rows", "n", ""),
            ("old_rows", "o", f" AND o.{target} IS DISTINCT FROM n.{target}"),
        )
    )
    return f"SELECT target, {_change(on, 'change', 'detail')} AS change FROM ({sides}) AS both_sides GROUP BY target"


def _columns(alias: str, columns: Sequence[str]) -> str:
    # A single column in brackets would not be a row.
    return "ROW(" + ", ".join(f"{alias}.{column}" for column in columns) + ")"


# --- Letters ----------------------------------------------------------------------------------------------------------

# Who set the letter, and on what record: told by the action that does it, for this one change.
TOLD = "coalesce(nullif(current_setting('assay.letter', true), ''), '{}')::jsonb"
BASIS = f"CASE {BY} WHEN 'desk' THEN 'editor' WHEN 'import' THEN 'import' ELSE 'operator' END"


def letter_changes() -> list[pgtrigger.Trigger]:
    """Keep every change of a letter, by whichever door it came. F is what a publisher is filed with unjudged."""
    new, both = pgtrigger.Referencing(new="new_rows"), pgtrigger.Referencing(old="old_rows", new="new_rows")
    moved = "new_rows n JOIN old_rows o ON o.id = n.id AND o.reliability <> n.reliability"
    return [
        _statement("letter", "filed", pgtrigger.Insert, new, _keep("''", "new_rows n", "WHERE n.reliability <> 'F'")),
        _statement("letter", "moved", pgtrigger.Update, both, _keep("o.reliability", moved)),
    ]


def _keep(was: str, rows: str, where: str = "") -> str:
    return f"""
    INSERT INTO profiles_letterchange
        (publisher_id, at, was, letter, basis, reason, "right", wrong, by_id, accepted_by_id)
    SELECT n.id, clock_timestamp(), {was}, n.reliability, coalesce(told ->> 'basis', {BASIS}), n.reliability_reason,
           (told ->> 'right')::int, (told ->> 'wrong')::int, (told ->> 'by')::bigint, (told ->> 'accepted_by')::bigint
    FROM {rows} CROSS JOIN (SELECT {TOLD} AS told) AS teller {where};"""
