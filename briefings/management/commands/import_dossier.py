from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError

from briefings.dossier import BadDossier, Imported, import_dossier

MEANWHILE = "somebody changed the same rows meanwhile; nothing of this file was kept, import it again."


class Command(BaseCommand):
    help = "Import dossiers: each file is one profile with everything it rests on, written whole or not at all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a dossier (YAML)")
        parser.add_argument(
            "--check", action="store_true", help="change nothing; print what would change and what would move"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        failed = [file for file in options["files"] if not self._import(file, options["check"])]
        if failed:
            raise CommandError(
                f"{len(failed)} of {len(options['files'])} files were not imported; no row of theirs changed."
            )

    def _import(self, file: Path, check: bool) -> bool:
        try:
            self._tell(file, import_dossier(file, check=check), check)
        except BadDossier as error:
            self.stderr.write(str(error))
        except IntegrityError:
            self.stderr.write(f"{file}: {MEANWHILE}")
        else:
            return True
        return False

    def _tell(self, file: Path, imported: Imported, check: bool) -> None:
        done = "would change" if check else "changed"
        self.stdout.write(f"{file}: {imported.slug}: {done if imported.changes else 'nothing ' + done}")
        for change in imported.changes:
            self.stdout.write(f"  {change}")
        if check:
            for move in imported.moves:
                self.stdout.write(f"  score of {move}")
        elif imported.others:
            self.stdout.write(f"  to be graded again, because they rest on what changed: {', '.join(imported.others)}")
