"""Who did what to what, and why: written by triggers where a row changes, by `record` where none does.

A trigger knows the rows; who sits behind them and why is told by the transaction (`acting`). What comes by SQL leaves
its entry too, with nobody as its actor.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pgtrigger
from django.db import connection, models, transaction

ACTOR = "nullif(current_setting('assay.actor', true), '')::bigint"
REASON = "coalesce(current_setting('assay.reason', true), '')"
ENTRY = "INSERT INTO config_auditentry (at, actor, verb, subject_kind, subject_id, reason, details)"

TOLD = "SELECT coalesce(current_setting('assay.actor', true), ''), coalesce(current_setting('assay.reason', true), '')"
TELL = "SELECT set_config('assay.actor', %s, true), set_config('assay.reason', %s, true)"


# --- For whoever changes something ------------------------------------------------------------------------------------


@contextmanager
def acting(*, by: Any = None, reason: str = "") -> Iterator[None]:
    """One transaction whose audit entries name the user (None: nobody) and the reason."""
    inside = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        before = cursor.execute(TOLD).fetchone() if inside else None
        cursor.execute(TELL, [_number(by), reason])
        yield
        if before:  # what follows in the outer transaction is done by whoever did what came before
            cursor.execute(TELL, before)


def record(
    verb: str, subject: models.Model, *, by: Any = None, reason: str = "", **details: str | int | bool | None
) -> None:
    """Write an entry for what changes no row: an export, a read that was refused.

    Details are numbers, slugs and choices: never gated text, never an address or a name.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"{ENTRY} SELECT clock_timestamp(), coalesce(nullif(%s, '')::bigint, {ACTOR}), %s, %s, %s,"
            f" coalesce(nullif(%s, ''), {REASON}), %s::jsonb",
            [_number(by), verb, subject._meta.model_name, subject.pk, reason, json.dumps(details)],
        )


def _number(user: Any) -> str:
    return "" if user is None or user.pk is None else str(user.pk)


# --- For models -------------------------------------------------------------------------------------------------------


def audited(
    verb: str,
    on: pgtrigger.Operation,
    *,
    kind: str,
    subject: str = "id",
    says: Sequence[str] = (),
    when: str = "",
    by: str = "",
    why: str = "",
) -> pgtrigger.Trigger:
    """Write an entry for each row that is inserted, changed or deleted.

    `says` are the columns it shows, of a change as they were and as they are: numbers, days and choices, never text or an
    address. `when` is a condition in SQL over OLD and NEW; `by` and `why` are columns of the row that name the actor and
    the reason where the transaction does not.
    """
    row = "OLD" if on is pgtrigger.Delete else "NEW"
    actor = f"coalesce({ACTOR}, {row}.{by})" if by else ACTOR
    reason = f"coalesce(nullif({REASON}, ''), {row}.{why})" if why else REASON
    shown = _shown(on, row, says)
    return pgtrigger.Trigger(
        name=f"audit_{verb.replace('.', '_')}",
        when=pgtrigger.After,
        operation=on,
        condition=pgtrigger.Condition(when) if when else None,
        func=f"""
                {ENTRY}
                VALUES (clock_timestamp(), {actor}, '{verb}', '{kind}', {row}.{subject}, {reason}, {shown});
                RETURN NULL;""",
    )


def changes(*columns: str) -> str:
    """The condition that one of the columns is another than it was."""
    return f"{_row('OLD', columns)} IS DISTINCT FROM {_row('NEW', columns)}"


def _row(alias: str, columns: Sequence[str]) -> str:
    return "ROW(" + ", ".join(f"{alias}.{column}" for column in columns) + ")"


def _shown(on: pgtrigger.Operation, row: str, says: Sequence[str]) -> str:
    if on is pgtrigger.Update:
        return f"jsonb_build_object('was', {_object('OLD', says)}, 'is', {_object('NEW', says)})"
    return _object(row, says)


def _object(alias: str, columns: Sequence[str]) -> str:
    return "jsonb_build_object(" + ", ".join(f"'{column}', {alias}.{column}" for column in columns) + ")"


def never_emptied(rows: str, sentence: str) -> pgtrigger.Trigger:
    """Refuse TRUNCATE, which no trigger on rows would see."""
    return pgtrigger.Trigger(
        name=f"{rows}_are_never_emptied",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        # Tests that really commit empty every table between them, and say so.
        func=f"""
                IF current_setting('assay.empties_tables', true) IS DISTINCT FROM 'on' THEN
                    RAISE EXCEPTION '{sentence}';
                END IF; RETURN NULL;""",
    )
