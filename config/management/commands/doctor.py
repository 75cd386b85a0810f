import difflib
import os
import platform
import shutil
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError
from redis import Redis, RedisError

from config import backup, env, halfway, wall
from config.celery import app as celery
from config.processes import Unavailable
from config.stack import running_at

PENDING_TOO_LONG = 300  # seconds; the sweep comes by twice a second
ROOM = 500 << 20
OK, NOTE, MISSING = "ok", "note", "MISSING"


class Finding(NamedTuple):
    """One thing looked at: whether it is well, and what is to be done about it if not."""

    what: str
    state: str
    words: str


class Command(BaseCommand):
    help = "Say what is configured, reachable and missing. Exits 1 when something that is needed is missing."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="Say only what is missing.")

    def handle(self, *args: Any, quiet: bool, **options: Any) -> None:
        findings = [finding for look in LOOKS for finding in look()]
        for finding in findings:
            if not quiet or finding.state == MISSING:
                self.stdout.write(f"{finding.what:<18}{finding.state:<9}{finding.words}")
        if any(finding.state == MISSING for finding in findings):
            raise SystemExit(1)


def look_at_python() -> Iterator[Finding]:
    yield Finding("Python", OK, f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def look_at_mode() -> Iterator[Finding]:
    if settings.DEBUG:
        yield Finding("Mode", NOTE, "development (DEBUG=1): errors show their insides; never on the internet")
    elif settings.DEMO:
        yield Finding("Mode", NOTE, "demo (DEMO=1): seeded accounts with a known password; never on the internet")
    else:
        yield Finding("Mode", OK, "production")
    yield from look_at_address()


def look_at_address() -> Iterator[Finding]:
    if not settings.SITE_URL.startswith("https:") and not env.is_local(settings.SITE_URL):
        yield Finding("Address", NOTE, f"{settings.SITE_URL}: readers' passwords travel in the open without https")
    else:
        yield Finding("Address", OK, settings.SITE_URL)


def look_at_site() -> Iterator[Finding]:
    if address := running_at(settings.DATA_DIR):
        yield Finding("Site", OK, f"make run keeps it at {address}, in a mode of its own")


def look_at_names() -> Iterator[Finding]:
    """A variable that is nearly one of ours is one of ours, misspelt."""
    for name in sorted(set(os.environ) - set(env.NAMES)):
        if near := difflib.get_close_matches(name, env.NAMES, n=1, cutoff=0.88):
            yield Finding("Environment", NOTE, f"{name} is set and means nothing here; {near[0]} would")


def look_at_database() -> Iterator[Finding]:
    where = (
        "embedded"
        if settings.ENV.embeds_database
        else f"at {urlsplit(settings.ENV.database_url).hostname or 'a socket'}"
    )
    try:
        with connection.cursor() as cursor:
            version = cursor.connection.info.server_version
    except DatabaseError as error:
        advice = "start it with make run" if settings.ENV.embeds_database else "start it, or correct DATABASE_URL"
        yield Finding("Database", MISSING, f"{where}, does not answer ({first_line(error)}); {advice}")
        return
    yield Finding("Database", OK, f"PostgreSQL {version // 10000}.{version % 10000}, {where}")
    yield from look_at_migrations()
    yield from look_at_wall()
    yield from look_at_marks()
    yield from look_at_outbox()
    yield from look_at_second_factors()
    yield from look_at_backups(version // 10000)


def look_at_migrations() -> Iterator[Finding]:
    if apps := halfway.apps_halfway():
        yield Finding(
            "Tables", MISSING, f"some earlier migrations of {', '.join(apps)} were never applied. {halfway.ADVICE}"
        )
        return
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        yield Finding("Tables", MISSING, f"{len(pending)} migrations are not applied; run manage.py migrate")
    else:
        yield Finding("Tables", OK, f"{len(executor.loader.applied_migrations)} migrations applied, none pending")


def look_at_wall() -> Iterator[Finding]:
    if lack := wall.missing():
        yield Finding("Second wall", NOTE, f"none: {lack}; {wall.ADVICE}")
    else:
        yield Finding("Second wall", OK, f"pages and workers have no right on {', '.join(wall.gated_tables())}")


def look_at_marks() -> Iterator[Finding]:
    if not has_table("profiles_mark"):
        return
    count, age = ask("SELECT count(*), coalesce(extract(epoch FROM now() - min(at)), 0) FROM profiles_mark")
    if age > PENDING_TOO_LONG:
        words = f"{count} edits wait, the oldest for {age:.0f} s; is the worker or manage.py drain --loop running?"
        yield Finding("Grading", MISSING, words)
    else:
        yield Finding("Grading", OK, f"{count} edits wait to be graded")
    yield from look_at_failures()


def look_at_failures() -> Iterator[Finding]:
    (failing,) = ask("SELECT count(*) FROM profiles_gradingstate WHERE failures > 0")
    if failing:
        yield Finding("Grading", NOTE, f"{failing} profiles could not be graded; the desk says why")


def look_at_outbox() -> Iterator[Finding]:
    if not has_table("config_outgoingmail"):
        return
    waiting = "SELECT count(*) FROM config_outgoingmail WHERE sent_at IS NULL AND dropped_at IS NULL"
    (failed,), (late,) = (
        ask(f"{waiting} AND attempts > 0"),
        ask(f"{waiting} AND due_at < now() - interval '10 minutes'"),
    )
    if late:
        words = f"{late} mails wait for more than ten minutes; is the worker or manage.py drain --loop running?"
        yield Finding("Outbox", MISSING, words)
    elif failed:
        yield Finding("Outbox", NOTE, f"{failed} mails could not be sent yet and are tried again; the log says why")
    else:
        yield Finding("Outbox", OK, "no mail is late")


def look_at_second_factors() -> Iterator[Finding]:
    if not (apps.is_installed("allauth.mfa") and has_table("mfa_authenticator")):
        return
    staff = "SELECT count(*) FROM accounts_user u WHERE is_staff AND is_active"
    (bare,) = ask(f"{staff} AND NOT EXISTS (SELECT FROM mfa_authenticator WHERE user_id = u.id)")
    state = NOTE if bare else OK
    yield Finding("Second factor", state, f"{bare} of {ask(staff)[0]} people of the desk have not set one up")


def look_at_backups(server: int) -> Iterator[Finding]:
    try:
        program = backup.client_program("pg_dump", server)
        yield Finding("Backup tool", OK, f"pg_dump {backup.program_version(program)}")
    except Unavailable as error:
        yield Finding("Backup tool", NOTE, str(error))


def look_at_redis() -> Iterator[Finding]:
    where = "embedded" if settings.ENV.embeds_redis else f"at {urlsplit(settings.ENV.redis_url).hostname or 'a socket'}"
    try:
        with Redis.from_url(settings.ENV.redis_url, socket_timeout=2, socket_connect_timeout=2) as server:
            version = server.info("server")["redis_version"]
    except RedisError as error:
        words = f"{where}, does not answer ({first_line(error)}); pages are served and grades move all the same, slower"
        yield Finding("Redis", MISSING, words)
        return
    yield Finding("Redis", OK, f"{version}, {where}")
    yield from look_at_workers()


def look_at_workers() -> Iterator[Finding]:
    answers = celery.control.inspect(timeout=1.0).ping() or {}
    if answers:
        yield Finding("Worker", OK, f"{len(answers)} answers")
    else:
        yield Finding("Worker", MISSING, "none answers; start celery -A config.celery worker (make run does)")


def look_at_mail() -> Iterator[Finding]:
    parts = urlsplit(settings.ENV.email_url)
    folder = parts.path or settings.DATA_DIR / "mail"
    if parts.scheme in {"smtp", "smtps"}:
        yield Finding("Mail", OK, f"sent through {parts.hostname}")
    elif parts.scheme == "console":
        yield Finding("Mail", NOTE, "printed to the terminal, not sent (EMAIL_URL)")
    else:
        yield Finding("Mail", NOTE, f"kept as files in {folder}, not sent (EMAIL_URL)")


def look_at_folders() -> Iterator[Finding]:
    media = Path(settings.MEDIA_ROOT)
    nearest = next(folder for folder in (media, *media.parents) if folder.exists())
    if os.access(nearest, os.W_OK):
        yield Finding("Figures", OK, f"{media} can be written")
    else:
        yield Finding("Figures", MISSING, f"{nearest} cannot be written by this user; change its owner, or DATA_DIR")
    free = shutil.disk_usage(nearest).free
    words = f"{free / 1e9:.1f} GB free where the data are"
    yield Finding("Disk", OK, words) if free > ROOM else Finding("Disk", MISSING, f"{words}; make room")


def look_at_secret() -> Iterator[Finding]:
    if os.environ.get("SECRET_KEY"):
        yield Finding("Secret key", OK, "set")
    else:
        yield Finding("Secret key", OK, f"made on first start and kept in {settings.DATA_DIR / 'secret_key'}")


def has_table(name: str) -> bool:
    with connection.cursor() as cursor:
        return name in connection.introspection.table_names(cursor)


def ask(question: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return tuple(cursor.fetchone())


def first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


LOOKS: list[Callable[[], Iterator[Finding]]] = [
    look_at_python,
    look_at_mode,
    look_at_site,
    look_at_names,
    look_at_secret,
    look_at_database,
    look_at_redis,
    look_at_mail,
    look_at_folders,
]
