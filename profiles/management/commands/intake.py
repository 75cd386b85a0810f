from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from profiles.intake.origins import LONGEST_TEXT, sentences
from profiles.intake.proposals import NAMED, PASSAGE, QUOTATION, STORY, Article, Proposed, propose, shared_labels

SAYS = {
    NAMED: "names {label}",
    STORY: "tells what {other} tells, which goes back to {label}",
    QUOTATION: "shares a quotation with {other}: {label}",
    PASSAGE: "shares a passage with {other}, {likeness:.0f}% alike",
}


class Command(BaseCommand):
    help = (
        "Print what text files repeat: the origins they name, and what they share with each other. Nothing is stored."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="an article as plain text (UTF-8)")

    def handle(self, *args: Any, files: list[Path], **options: Any) -> None:
        articles = [Article.of(key, _text(file)) for key, file in enumerate(files)]
        found = {one.key: propose(one, [other for other in articles if other is not one]) for one in articles}
        for article, file in zip(articles, files, strict=True):
            self.stdout.write(f"{file.name}:" + ("" if found[article.key] else " nothing"))
            for proposed in found[article.key]:
                self._tell(article, proposed, files)
        self._tell_shared(found, files)

    def _tell(self, article: Article, proposed: Proposed, files: list[Path]) -> None:
        other = files[proposed.other.key].name if proposed.other else ""
        said = SAYS[proposed.kind].format(label=proposed.label, other=other, likeness=proposed.likeness)
        self.stdout.write(f"  {said}\n      “{_around(article.body, proposed)}”")

    def _tell_shared(self, found: dict[int, list[Proposed]], files: list[Path]) -> None:
        shared = shared_labels(found)
        self.stdout.write("shared by several:" + ("" if shared else " nothing"))
        for label, keys in sorted(shared.items(), key=lambda item: (-len(item[1]), item[0])):
            self.stdout.write(f"  {label}: {', '.join(files[key].name for key in keys)}")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")[:LONGEST_TEXT]
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None


def _around(body: str, proposed: Proposed) -> str:
    """Return the sentence that made the proposal."""
    start, end = next(
        (span for span in sentences(body) if span[0] <= proposed.start < span[1]), (proposed.start, proposed.end)
    )
    said = " ".join(body[min(start, proposed.start) : max(end, min(proposed.end, start + 300))].split())
    return said if len(said) <= 300 else f"{said[:299]}…"
