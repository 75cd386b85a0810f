from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.backup import CannotBackUp, back_up
from config.processes import Unavailable
from config.stack import database_at_hand


class Command(BaseCommand):
    help = "Write the database and the figures into one file."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="The file to write; it must not exist yet.")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            with database_at_hand(settings.ENV):
                size = back_up(file, database=settings.ENV.database_url, media=settings.MEDIA_ROOT)
        except (CannotBackUp, Unavailable) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"Backed up to {file} ({size / 1e6:.1f} MB). It holds personal data: keep it where few can read it."
        )
