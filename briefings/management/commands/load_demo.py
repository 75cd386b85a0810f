from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from accounts.models import User
from briefings.demo import DOSSIERS, accounts, pages
from briefings.dossier import BadDossier, import_dossier
from profiles.models import Profile


class Command(BaseCommand):
    help = "Load the demo's dossiers and accounts into an empty database, and print the log-ins. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="do not print the log-ins")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEMO or settings.DEBUG):
            raise CommandError("The demo has accounts with a printed password; set DEMO=1 or DEBUG=1 to load it.")
        try:
            load()
        except BadDossier as error:
            raise CommandError(f"The demo was not loaded, nothing changed.\n{error}") from None
        password = accounts.password_in_use()
        if password and not options["quiet"]:
            self.stdout.write(accounts.table(password))


def load() -> None:
    """Fill an empty database, all of it or nothing; leave any other alone."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('assay demo'))")
        if Profile.objects.exists() or User.objects.exists():
            return
        for file in DOSSIERS:
            import_dossier(file)
        people = accounts.seed_accounts(accounts.password_to_seed())
        accounts.follow_something(people)
        accounts.introduce_people()
        pages.say_it_is_a_demo()
