"""Migrations that were put together into one: a site has all of them or none, or it comes from their middle."""

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

ADVICE = "Go to the release before the one that put them together (docs/operations.md), migrate there, and come back."


def apps_halfway(applied: Iterable[tuple[str, str]] | None = None) -> list[str]:
    """Return the apps of which some but not all are applied, here or in a backup. Django would find nothing pending there."""
    held = set(MigrationRecorder(connection).applied_migrations() if applied is None else applied)
    together = [set(one.replaces) for one in MigrationLoader(None).disk_migrations.values() if one.replaces]
    return sorted({app for names in together if names & held and names - held for app, _name in names})


def check_halfway(databases: Any = None, **options: Any) -> list[CheckMessage]:
    """`migrate` asks this before it touches a table."""
    if not databases or not (apps := apps_halfway()):
        return []
    which = ", ".join(apps)
    return [Error(f"Only some of the earlier migrations of {which} were applied.", hint=ADVICE, id="assay.E001")]
