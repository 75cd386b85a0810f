from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from briefings.dossier import NothingToExport, export_dossier
from config.audit import record
from profiles.models import Profile


class Command(BaseCommand):
    help = "Print the dossier of a profile, gated text included; with --to, write it and its picture into a folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--to", type=Path, metavar="FOLDER", help="write SLUG.yaml and the picture there")

    def handle(self, *args: Any, **options: Any) -> None:
        slug, folder = options["slug"], options["to"]
        try:
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
            profile = Profile.objects.get(slug=slug)
            text = export_dossier(profile, to=folder)
            if folder:
                (folder / f"{slug}.yaml").write_text(text, encoding="utf-8")
            record("dossier.exported", profile)
        except Profile.DoesNotExist:
            raise CommandError(f"No profile has the slug {slug!r}; the list of profiles shows them all.") from None
        except NothingToExport as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from None
        if not folder:
            self.stdout.write(text, ending="")
