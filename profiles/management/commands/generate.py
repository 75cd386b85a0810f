import random
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from profiles.grading.pipeline import BULK, editing
from profiles.models import (
    Citation,
    Derivation,
    Facet,
    FacetValue,
    Judgement,
    JudgementCitation,
    Kind,
    Profile,
    Publisher,
    Revision,
    Source,
    Term,
)

AT_ONCE = 500
SYLLABLES = [
    "ar",
    "bel",
    "cor",
    "dan",
    "el",
    "fen",
    "gar",
    "hal",
    "is",
    "jor",
    "kel",
    "lan",
    "mor",
    "nel",
    "or",
    "pel",
    "quin",
    "ras",
    "sol",
    "tir",
    "ul",
    "ven",
    "wes",
    "yor",
    "zan",
]
NAMES = ("Registry", "Institute", "Exchange", "Council", "Foundation", "Networks", "Academy", "Agency")
REGIONS = ("Africa", "Asia Pacific", "Europe", "Global", "North America")
EPOCH = date(2020, 1, 1)


class Command(BaseCommand):
    help = "Make a corpus of generated profiles, the same for the same seed, to try the site at size."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--profiles", type=int, default=1000)
        parser.add_argument("--citations", type=int, default=8, help="per profile")
        parser.add_argument("--judgements", type=int, default=1, help="per profile")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        corpus = Corpus(options["profiles"], options["citations"], options["judgements"], options["seed"])
        corpus.check()
        for start in range(0, corpus.profiles, AT_ONCE):
            with editing(by="import", lane=BULK):
                corpus.make(start, min(AT_ONCE, corpus.profiles - start))
        self.stdout.write(
            f"{corpus.profiles} profiles with {corpus.citations} citations each; they are graded from here on."
        )


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is to be made. Every tenth source is an origin that the sources after it repeat."""

    profiles: int
    citations: int
    judgements: int
    seed: int

    def check(self) -> None:
        if self.profiles < 1 or self.citations < 0 or self.judgements < 0:
            raise CommandError("Ask for at least one profile, and for no fewer than 0 citations and judgements.")
        if Profile.objects.filter(slug__startswith=f"generated-{self.seed}-").exists():
            raise CommandError(f"The corpus of seed {self.seed} is here already; take another --seed.")

    def make(self, start: int, count: int) -> None:
        """Make `count` profiles and what they rest on, in a few statements however many they are."""
        chance = random.Random(f"{self.seed}/{start}")  # noqa: S311  repeatable, not secret
        sources = self._sources(chance, start, count)
        profiles = Profile.objects.bulk_create(
            Profile(slug=f"generated-{self.seed}-{start + n + 1}", first_published=EPOCH, last_verified=EPOCH)
            for n in range(count)
        )
        self._texts(chance, profiles)
        judgements = Judgement.objects.bulk_create(
            Judgement(profile=profile, key=f"j{n + 1}", position=n)
            for profile in profiles
            for n in range(self.judgements)
        )
        self._citations(chance, profiles, judgements, sources)

    def _sources(self, chance: random.Random, start: int, count: int) -> list[Source]:
        publishers = self._publishers()
        wanted = max(count * self.citations // 2, self.citations * 2)
        sources = Source.objects.bulk_create(
            Source(
                publisher=chance.choice(publishers),
                title=f"{_title(chance)} ({start}/{n})",
                url=f"https://example.org/{self.seed}/{start}/{n}",
                url_key=f"example.org/{self.seed}/{start}/{n}",
                published_on=EPOCH + timedelta(days=chance.randrange(2400)),
                language="en",
            )
            for n in range(wanted)
        )
        Derivation.objects.bulk_create(
            Derivation(source=source, origin=sources[n - n % 10])
            for n, source in enumerate(sources)
            if n % 10 in {1, 2, 3, 4}
        )
        return sources

    def _publishers(self) -> list[Publisher]:
        Publisher.objects.bulk_create(
            (
                Publisher(
                    slug=f"generated-{letter.lower()}-{n}", name=f"Generated publisher {letter}{n}", reliability=letter
                )
                for letter in "ABCDEF"
                for n in range(8)
            ),
            ignore_conflicts=True,
        )
        return list(Publisher.objects.filter(slug__startswith="generated-").order_by("slug"))

    def _texts(self, chance: random.Random, profiles: list[Profile]) -> None:
        now = timezone.now()
        revisions = Revision.objects.bulk_create(
            Revision(
                profile=profile,
                number=1,
                approved_at=now,
                name=f"{_word(chance).title()} {chance.choice(NAMES)} {profile.pk}",
                kind=chance.choice(Kind.values),
                standfirst=_sentence(chance, 18),
                statements={f"j{n + 1}": _sentence(chance, 12) for n in range(self.judgements)},
                sections=[{"heading": "What happened", "body": "\n\n".join(_sentence(chance, 60) for _ in range(4))}],
                what_to_watch=[_sentence(chance, 9)],
            )
            for profile in profiles
        )
        for profile, revision in zip(profiles, revisions, strict=True):
            profile.live_revision = revision
        Profile.objects.bulk_update(profiles, ["live_revision"])
        regions = [_term(name) for name in REGIONS]
        FacetValue.objects.bulk_create(
            FacetValue(revision=revision, term=chance.choice(regions), facet=Facet.REGION) for revision in revisions
        )

    def _citations(
        self, chance: random.Random, profiles: list[Profile], judgements: list[Judgement], sources: list[Source]
    ) -> None:
        repeats = set(Derivation.objects.filter(source__in=sources).values_list("source_id", flat=True))
        citations = Citation.objects.bulk_create(
            Citation(
                profile=profile,
                source=source,
                position=n,
                stance=chance.choices(["supports", "disputes", "context"], [12, 1, 1])[0],
                credibility=chance.randint(1, 6),
                direct=chance.random() < 0.3 and source.pk not in repeats,
                establishes=_sentence(chance, 10),
            )
            for profile in profiles
            for n, source in enumerate(chance.sample(sources, self.citations))
        )
        JudgementCitation.objects.bulk_create(
            JudgementCitation(judgement=judgement, citation=citation)
            for judgement, citation in self._pairs(judgements, citations)
        )

    def _pairs(self, judgements: list[Judgement], citations: list[Citation]) -> Iterator[tuple[Judgement, Citation]]:
        if not self.judgements:
            return
        for n, citation in enumerate(citations):
            profile, position = divmod(n, self.citations)
            yield judgements[profile * self.judgements + position % self.judgements], citation


def _term(name: str) -> Term:
    slug = name.lower().replace(" ", "-")
    return Term.objects.get_or_create(facet=Facet.REGION, slug=slug, defaults={"name": name})[0]


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(SYLLABLES, k=chance.randint(2, 3)))


def _title(chance: random.Random) -> str:
    return " ".join(_word(chance) for _ in range(4)).capitalize()


def _sentence(chance: random.Random, words: int) -> str:
    return " ".join(_word(chance) for _ in range(words)).capitalize() + "."
