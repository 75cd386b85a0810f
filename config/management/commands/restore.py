import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from redis import Redis, RedisError

from config import backup, content, halfway
from config.processes import Unavailable
from config.stack import database_at_hand

# Who holds a row in one of these has something to lose; the other tables are filled by the migrations themselves.
CONTENT = ("accounts_user", "profiles_profile", "profiles_source", "profiles_publisher")


class Command(BaseCommand):
    help = "Put a backup in place of the database and the figures. All or nothing."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="A file written by manage.py backup.")
        parser.add_argument("--replace", action="store_true", help="Give up what the database holds now.")

    def handle(self, *args: Any, file: Path, replace: bool, **options: Any) -> None:
        try:
            with database_at_hand(settings.ENV), tempfile.TemporaryDirectory(prefix="assay-restore-") as folder:
                contents = self.restore(file, Path(folder), replace)
        except (backup.CannotRestore, Unavailable) as error:
            raise CommandError(f"{error} Nothing was changed.") from None
        except OSError as error:
            raise CommandError(f"{error.filename} cannot be used: {error.strerror}. Nothing was changed.") from None
        self.stdout.write(f"Restored the backup of {contents.made}, with {contents.figures} figures.")

    def restore(self, file: Path, folder: Path, replace: bool) -> backup.Contents:
        with backup.opened(file, folder) as contents:
            self.refuse_newer(contents)
            self.refuse_halfway(contents)
            if not replace and content_tables():
                raise backup.CannotRestore("The database is not empty; --replace gives up what it holds.")
            backup.restore_figures(folder, settings.MEDIA_ROOT)
            connection.close()
            backup.restore_database(settings.ENV.database_url, folder)
        call_command("migrate", interactive=False, verbosity=0)
        forget_kept_pages()
        return contents

    def refuse_newer(self, contents: backup.Contents) -> None:
        on_disk = MigrationLoader(None).disk_migrations
        known = set(on_disk).union(*(migration.replaces for migration in on_disk.values()))
        unknown = [
            f"{app}.{name}" for app, names in contents.migrations.items() for name in names if (app, name) not in known
        ]
        if unknown:
            raise backup.CannotRestore(
                f"The backup was made by a newer Assay ({unknown[-1]} is unknown here); upgrade first."
            )

    def refuse_halfway(self, contents: backup.Contents) -> None:
        applied = [(app, name) for app, names in contents.migrations.items() for name in names]
        if apps := halfway.apps_halfway(applied):
            which = ", ".join(apps)
            raise backup.CannotRestore(f"The backup lacks some earlier migrations of {which}. {halfway.ADVICE}")


def content_tables() -> list[str]:
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor)) & set(CONTENT)
        return [table for table in sorted(there) if has_rows(cursor, table)]


def has_rows(cursor: Any, table: str) -> bool:
    cursor.execute(f"SELECT EXISTS (SELECT FROM {connection.ops.quote_name(table)})")  # noqa: S608
    return bool(cursor.fetchone()[0])


def forget_kept_pages() -> None:
    """Pages are kept under version numbers, which the restored database would hand out a second time."""
    content.leap()
    try:
        with Redis.from_url(settings.ENV.redis_url, socket_connect_timeout=1, socket_timeout=5) as server:
            for key in server.scan_iter(match="assay:*"):
                server.delete(key)
    except RedisError:
        pass
