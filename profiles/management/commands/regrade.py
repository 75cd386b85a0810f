from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from profiles.grading import pipeline
from profiles.management.commands.drain import drain
from profiles.models import Profile

ASKED = {"on": "operator", "op": "regrade", "by": "sql"}


class Command(BaseCommand):
    help = "Grade profiles again, or check that what is stored is what grading from scratch gives."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slugs", nargs="*", metavar="SLUG")
        parser.add_argument("--all", action="store_true", help="every profile")
        parser.add_argument("--check", action="store_true", help="change nothing; print each difference, exit 1 on any")

    def handle(self, *args: Any, **options: Any) -> None:
        ids = _ids(options["slugs"], options["all"])
        if options["check"]:
            self._check(ids)
        else:
            pipeline.mark(ids, change=ASKED)
            self.stdout.write(f"{drain()} graded.")

    def _check(self, ids: list[int]) -> None:
        differences = 0
        for difference in pipeline.audit(ids):
            differences += 1
            self.stdout.write(str(difference))
        if differences:
            raise CommandError(f"Differences: {differences}, in {len(ids)} profiles checked.")
        self.stdout.write(f"No difference; {len(ids)} profiles checked.")


def _ids(slugs: list[str], everything: bool) -> list[int]:
    if everything == bool(slugs):
        raise CommandError("Name some profiles by their slugs, or say --all.")
    found = Profile.objects.all() if everything else Profile.objects.filter(slug__in=slugs)
    ids = dict(found.order_by("pk").values_list("slug", "pk"))
    unknown = sorted(set(slugs) - set(ids))
    if unknown:
        raise CommandError(f"No profile has the slug {unknown[0]!r}; the list of profiles shows them all.")
    return list(ids.values())
