"""What is looked at before a text goes up: flaws stand in its way."""

from collections.abc import Iterator
from dataclasses import dataclass

from profiles.models import Citation, Judgement, JudgementCitation, Revision, Stance


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a text cannot be published: the field it is about, the judgement if it is about one, and a sentence."""

    field: str
    sentence: str
    judgement: str = ""


class NotPublishable(Exception):
    """The publishing checks found flaws; its text is their sentences."""

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__(" ".join(flaw.sentence for flaw in flaws))
        self.flaws = flaws


def flaws_of(revision: Revision) -> list[Flaw]:
    """Return what stands in the way of publishing this text over the evidence as it is now."""
    if wrong := revision.misshapen():
        return [Flaw(field, f"{field}: {what}") for field, what in wrong.items()]
    return [*_flaws_of_name(revision), *_flaws_of_citations(revision), *_flaws_of_figure(revision)]


def refuse_flaws(revision: Revision) -> None:
    """Raise NotPublishable with every flaw of this text, if it has any."""
    if flaws := flaws_of(revision):
        raise NotPublishable(flaws)


def _flaws_of_name(revision: Revision) -> Iterator[Flaw]:
    titles = Citation.objects.filter(profile_id=revision.profile_id).values_list("source__title", flat=True)
    if any(_plain(title) == _plain(revision.name) for title in titles.distinct()):
        yield Flaw("name", "The name is the title of one of the sources; write the name of the institution.")


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _flaws_of_citations(revision: Revision) -> Iterator[Flaw]:
    cited = list(Citation.objects.filter(profile_id=revision.profile_id).values_list("source_id", flat=True))
    if not cited:
        yield Flaw("citations", "The profile cites no source; cite at least one.")
    stated = Judgement.objects.filter(profile_id=revision.profile_id, key__in=list(revision.statements))
    if not stated and len(set(cited)) < len(cited):
        # Without judgements there is one question, and a source answers it once; twice could never be graded.
        yield Flaw("citations", "A source is cited twice, but the text states no key judgement to tell them apart.")
    links = JudgementCitation.objects.filter(profile_id=revision.profile_id)
    argued = set(links.exclude(citation__stance=Stance.CONTEXT).values_list("judgement", flat=True))
    resting = set(links.values_list("judgement", flat=True))
    for place, judgement in enumerate(stated):
        key = judgement.key
        if place == 0 and judgement.pk not in argued:
            yield Flaw("judgements", f"No source supports or disputes the headline judgement {key}.", key)
        elif judgement.essential and judgement.pk not in resting:
            yield Flaw("judgements", f"No source is cited for the essential judgement {key}.", key)


def _flaws_of_figure(revision: Revision) -> Iterator[Flaw]:
    if revision.figure_id and not revision.figure_alt.strip():
        yield Flaw("figure_alt", "The figure has no alt text; say what it shows to those who cannot see it.")
    if revision.figure_id and not revision.figure_credit.strip():
        yield Flaw("figure_credit", "The figure has no credit; say whose it is.")
