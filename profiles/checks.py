"""What is looked at before a text goes up: flaws stand in its way, doubts are for whoever publishes it to weigh."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

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


# --- Doubts -----------------------------------------------------------------------------------------------------------

NAME_WORDS = 9  # the longest names of institutions we know; a headline mostly has more
FILLER_PROFILES = 3  # the same sentence on so many says nothing of any
FILLER_LENGTH = 40


def doubts_of(revision: Revision) -> list[Flaw]:
    """Return what a careful reader would ask about this text; none of it stands in its way."""
    if revision.misshapen():
        return []
    return [*_doubts_of_name(revision), *_doubts_of_judgements(revision), *_doubts_of_filler(revision)]


def _doubts_of_name(revision: Revision) -> Iterator[Flaw]:
    name = revision.name.strip()
    if len(name.split()) > NAME_WORDS or name.endswith((".", "?", "!")) or ": " in name or set(name) & set('“”"'):
        yield Flaw("name", "The name reads like a headline; write the name of the institution.")


def _doubts_of_judgements(revision: Revision) -> Iterator[Flaw]:
    judgements = {one.key: one for one in Judgement.objects.filter(profile_id=revision.profile_id)}
    resting = set(JudgementCitation.objects.filter(profile_id=revision.profile_id).values_list("judgement", flat=True))
    flawed = {flaw.judgement for flaw in _flaws_of_citations(revision)}
    for key in revision.statements:
        if key not in judgements:
            yield Flaw(
                "statements", f"The text states {key}, but there is no such key judgement; it would not show.", key
            )
        elif judgements[key].pk not in resting and key not in flawed:
            yield Flaw("judgements", f"No source is cited for the judgement {key}.", key)
    for key in judgements.keys() - revision.statements.keys():
        yield Flaw("statements", f"The judgement {key} has no wording in this text, so it would not count.", key)


# First whatever has one of the sentences at all; only of those each sentence for itself.
FILLER = """
    WITH live AS (
        SELECT r.* FROM profiles_profile p JOIN profiles_revision r ON r.id = p.live_revision_id
        WHERE p.withdrawn_at IS NULL AND p.id <> %(profile)s AND (
            r.standfirst = ANY(%(said)s) OR r.what_it_does && %(said)s OR r.why_it_matters && %(said)s
            OR r.what_to_watch && %(said)s OR jsonb_path_query_array(r.sections, '$[*].body') ?| %(said)s
            OR jsonb_path_query_array(r.outlook, '$.*.body') ?| %(said)s
            OR EXISTS (SELECT FROM profiles_facetvalue f WHERE f.revision_id = r.id AND f.rationale = ANY(%(said)s)))
    ), sentences (id, said) AS (
        SELECT id, standfirst FROM live
        UNION ALL SELECT id, unnest(what_it_does || why_it_matters || what_to_watch) FROM live
        UNION ALL SELECT id, jsonb_path_query(sections, '$[*].body') #>> '{}' FROM live
        UNION ALL SELECT id, jsonb_path_query(outlook, '$.*.body') #>> '{}' FROM live
        UNION ALL SELECT f.revision_id, f.rationale FROM profiles_facetvalue f JOIN live ON live.id = f.revision_id
    )
    SELECT said, count(DISTINCT id) FROM sentences WHERE said = ANY(%(said)s)
    GROUP BY said HAVING count(DISTINCT id) >= %(others)s ORDER BY said"""


def _doubts_of_filler(revision: Revision) -> Iterator[Flaw]:
    said = [one for one in dict.fromkeys(_sentences(revision)) if len(one) >= FILLER_LENGTH]
    if not said:
        return
    told: dict[str, Any] = {"profile": revision.profile_id, "said": said, "others": FILLER_PROFILES - 1}
    with connection.cursor() as cursor:
        cursor.execute(FILLER, told)
        for sentence, others in cursor.fetchall():
            what = (
                f"“{sentence[:80]}{'…' if len(sentence) > 80 else ''}” stands word for word on {others} other profiles."
            )
            yield Flaw("filler", f"{what} Say what holds of this one.")


def _sentences(revision: Revision) -> Iterator[str]:
    yield revision.standfirst
    yield from (*revision.what_it_does, *revision.why_it_matters, *revision.what_to_watch)
    yield from (section["body"] for section in revision.sections)
    yield from (column.get("body", "") for column in revision.outlook.values())
    yield from revision.facet_values.values_list("rationale", flat=True)
