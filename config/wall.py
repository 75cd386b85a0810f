"""The second wall: roles of PostgreSQL, so that a check forgotten in a view ends in "permission denied", not in a leak.

Whoever serves pages or grades starts in the role `site`, which has no right on a gated table. The gate raises it to
`gate`, which may read them, and the desk to `desk`, which may write them, each for one short transaction. This is
against slips: SQL that somebody smuggles in could reset a role.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Warning
from django.db import DatabaseError, connection, connections, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from config import prepared

SITE, GATE, DESK = "site", "gate", "desk"
ROLES = (SITE, GATE, DESK)
LONGEST = 63  # bytes; PostgreSQL cuts off what is longer, and two databases would share their roles
LOCK = 7_219_435_802  # any number that nothing else locks

logger = logging.getLogger("assay.wall")


def role_name(kind: str, database: str | None = None) -> str:
    """Roles belong to the whole server, so each database has its own, by name."""
    database = database or str(connection.settings_dict["NAME"])
    if len(database.encode()) + len(kind) + 1 > LONGEST:
        digest = hashlib.sha256(database.encode()).hexdigest()[:12]
        database = f"{database.encode()[:40].decode(errors='ignore')}_{digest}"
    return f"{database}_{kind}"


def gated_tables() -> list[str]:
    """Return the tables that only the gate and the desk may open: a model says so by `gated = True`."""
    return sorted(model._meta.db_table for model in apps.get_models() if getattr(model, "gated", False))


@contextmanager
def acting_as(kind: str) -> Iterator[None]:
    """One transaction in that role; where there is no wall, simply one transaction."""
    nested = connection.in_atomic_block
    with transaction.atomic():
        former = _take(kind)
        yield
        # SET LOCAL lasts until the outermost transaction ends. After an error there is nothing to do: rolling back
        # takes the role back as well.
        if nested and former and not connection.needs_rollback:
            prepared.rows("SELECT set_config('role', %(former)s, true)", former=former)


TAKE = """
    SELECT former, set_config('role', rolname, true)
    FROM (SELECT current_setting('role') AS former, rolname FROM pg_roles
          WHERE rolname = %(role)s AND pg_has_role(session_user, oid, %(may)s) OFFSET 0) AS ours"""


def _take(kind: str) -> str:
    """Take the role and return the one before it, or nothing where the role is not ours to take."""
    return next((former for former, _taken in prepared.rows(TAKE, role=role_name(kind), may=_may_take())), "")


def _may_take() -> str:
    # Since 16 one may be a member of a role and still not be allowed to change into it.
    return "SET" if _server() >= 160000 else "MEMBER"


def _server() -> int:
    connection.ensure_connection()
    assert connection.connection is not None
    return int(connection.connection.info.server_version)


# --- Building it ------------------------------------------------------------------------------------------------------

OUR_TABLES = """
    SELECT relname, relkind = 'S' FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND pg_has_role(current_user, relowner, 'USAGE')
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
    ORDER BY relname
"""


def build_after_migrate(sender: AppConfig, using: str, **told: Any) -> None:
    """Give the rights anew after the last app has been migrated: a new table has none, nor has one from a backup."""
    with_models = [app for app in apps.get_app_configs() if app.models_module]
    if sender.label == with_models[-1].label and connections[using].vendor == "postgresql":
        build()


def build() -> str:
    """Make the roles and give them their rights. Return why there is no wall, or nothing."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # Two migrations at once would both find no role, or change the same row of the catalogue.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            _make_roles(cursor)
            _give_rights(cursor)
    except DatabaseError as error:
        logger.warning("No second wall: %s", str(error).strip().splitlines()[0])
    return missing()


def _make_roles(cursor: CursorWrapper) -> None:
    for name in map(role_name, ROLES):
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
        if not cursor.fetchone():
            cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
        cursor.execute("SELECT pg_has_role(session_user, %s, %s)", [name, _may_take()])
        if not cursor.fetchone()[0]:
            granted = sql.SQL("GRANT {} TO SESSION_USER").format(sql.Identifier(name))
            cursor.execute(granted + sql.SQL(" WITH SET TRUE, INHERIT FALSE") if _server() >= 160000 else granted)


def _give_rights(cursor: CursorWrapper) -> None:
    cursor.execute(OUR_TABLES)
    found = cursor.fetchall()
    gated = set(gated_tables())
    tables = [name for name, is_sequence in found if not is_sequence]
    public = [name for name in tables if name not in gated]
    closed = [name for name in tables if name in gated]
    everybody = _names([role_name(kind) for kind in ROLES])
    give = [
        ("GRANT USAGE ON SCHEMA public TO {roles}", ["public"], everybody),
        ("GRANT SELECT, INSERT, UPDATE, DELETE ON {names} TO {roles}", public, everybody),
        ("GRANT USAGE, SELECT ON SEQUENCE {names} TO {roles}", [name for name, is_one in found if is_one], everybody),
        ("REVOKE ALL ON {names} FROM PUBLIC, {roles}", closed, everybody),
        ("GRANT SELECT ON {names} TO {roles}", closed, _names([role_name(GATE)])),
        ("GRANT SELECT, INSERT, UPDATE, DELETE ON {names} TO {roles}", closed, _names([role_name(DESK)])),
    ]
    for statement, names, roles in give:
        if names:
            cursor.execute(sql.SQL(statement).format(names=_names(names), roles=roles))


def _names(names: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


# --- Looking at it ----------------------------------------------------------------------------------------------------


def missing() -> str:
    """Return in words why the second wall does not stand, or nothing if it does."""
    with connection.cursor() as cursor:
        for name in map(role_name, ROLES):
            cursor.execute(
                "SELECT pg_has_role(session_user, oid, %s) FROM pg_roles WHERE rolname = %s", [_may_take(), name]
            )
            found = cursor.fetchone()
            if not found:
                return f"there is no role {name}, and the database user may not have been allowed to make it"
            if not found[0]:
                return f"the database user may not change into the role {name}"
        for table in gated_tables():
            cursor.execute(
                "SELECT has_table_privilege(%s, oid, 'SELECT'), has_table_privilege(%s, oid, 'SELECT')"
                " FROM pg_class WHERE oid = to_regclass(%s)",
                [role_name(SITE), role_name(GATE), table],
            )
            site, gate = cursor.fetchone() or (False, True)
            if site:
                return f"the role {role_name(SITE)} may read {table}"
            if not gate:
                return f"the role {role_name(GATE)} may not read {table}; run manage.py migrate"
    return ""


ADVICE = (
    "give the database user CREATEROLE and run manage.py migrate, or the site stands on the checks of its code alone"
)


def check_wall(app_configs: object, **told: Any) -> list[CheckMessage]:
    """`check --deploy`: a site without its second wall works, and whoever runs it should know."""
    try:
        lack = missing()
    except DatabaseError:
        lack = "the database does not answer"
    return [Warning(f"There is no second wall in the database: {lack}.", hint=ADVICE, id="config.W001")] if lack else []
