"""Writes a profile as a dossier: explicit values in a fixed order, so that two exports can be compared line by line."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.utils.text import slugify

from profiles import actions
from profiles.dossier.load import fresh_slug, status_of
from profiles.dossier.schema import WHEN
from profiles.models import Citation, Derivation, Facet, Figure, Judgement, Profile, Publisher, Revision, Source

LONGEST_KEY = 70
WIDTH = 120


class NothingToExport(Exception):
    """A profile that has no text yet."""


@dataclass
class Dumped:
    """A dossier as plain values, its citations in order, and the picture that belongs beside the file."""

    whole: dict[str, Any]
    citations: list[tuple[Citation, dict[str, Any]]] = field(default_factory=list)
    figure: Figure | None = None


def dump(profile: Profile) -> Dumped:
    """Return the newest text of a profile with everything it rests on. Raises NothingToExport."""
    revision = actions.newest_revision(profile)
    if revision is None:
        raise NothingToExport(f"{profile.slug} has no text yet.")
    citations = list(profile.citations.prefetch_related("judgements"))
    origins = _origins(profile, [citation.source_id for citation in citations])
    sources = _in_order(citations, origins)
    keys = _keys(sources)
    cited = [(citation, _citation(citation, keys)) for citation in citations]
    whole = {
        "dossier": 1,
        "publishers": [_publisher(publisher) for publisher in dict.fromkeys(source.publisher for source in sources)],
        "sources": [_source(source, keys, origins) for source in sources],
        "profile": _profile(profile, revision, [entry for _citation, entry in cited]),
    }
    return Dumped(whole, cited, revision.figure)


# --- Sources ----------------------------------------------------------------------------------------------------------


def _origins(profile: Profile, source_ids: Iterable[int]) -> dict[int, list[int]]:
    """Return what repeats what, upwards from these sources, as this profile sees it."""
    origins: dict[int, list[int]] = defaultdict(list)
    ahead, seen = set(source_ids), set[int]()
    while ahead:
        seen |= ahead
        for row in Derivation.objects.filter(source__in=ahead):
            if row.draft_of_id in {None, profile.pk}:
                origins[row.source_id].append(row.origin_id)
        ahead = {origin for source in ahead for origin in origins[source]} - seen
    return origins


def _in_order(citations: list[Citation], origins: dict[int, list[int]]) -> list[Source]:
    """Return the cited sources in page order, then what they repeat, nearest first."""
    order = dict.fromkeys(citation.source_id for citation in citations)
    for source in (walk := list(order)):
        for origin in origins.get(source, ()):
            if origin not in order:
                order[origin] = None
                walk.append(origin)
    found = Source.objects.select_related("publisher").in_bulk(list(order))
    return [found[source] for source in order]


def _keys(sources: list[Source]) -> dict[int, str]:
    keys: dict[int, str] = {}
    taken: set[str] = set()
    for source in sources:
        keys[source.pk] = fresh_slug(_cut(slugify(f"{source.publisher.slug} {source.title}")), taken, "source")
        taken.add(keys[source.pk])
    return keys


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_KEY else name[: LONGEST_KEY + 1].rpartition("-")[0]


def _publisher(publisher: Publisher) -> dict[str, Any]:
    names = ("slug", "name", "reliability", "reliability_reason", "homepage")
    return {name: getattr(publisher, name) for name in names}


def _source(source: Source, keys: dict[int, str], origins: dict[int, list[int]]) -> dict[str, Any]:
    optional = {name: getattr(source, name) for name in ("url", "language", "accessed_on", "archived_url")}
    return {
        "key": keys[source.pk],
        "publisher": source.publisher.slug,
        "title": source.title,
        **_given({"authors": source.authors}),
        "published_on": source.published_on,
        **_given(optional),
        **_given({"derived_from": [keys[origin] for origin in origins.get(source.pk, ())]}),
    }


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


# --- The profile ------------------------------------------------------------------------------------------------------


def _profile(profile: Profile, revision: Revision, citations: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "slug": profile.slug,
        "name": revision.name,
        "aliases": revision.aliases,
        "kind": revision.kind,
        **_given({name: getattr(revision, name) for name in ("standfirst", "base", "homepage", "number_resources")}),
        "status": status_of(profile, revision),
        **_given({"author": str(revision.author or ""), "reviewer": str(revision.reviewer or "")}),
        **_given({name: getattr(profile, name) for name in ("first_published", "last_verified", "next_review")}),
        **_given({"facets": _facets(revision)}),
        **_given({name: getattr(revision, name) for name in ("operational_criticality", "time_horizon")}),
        "judgements": [_judgement(judgement, revision) for judgement in profile.judgements.all()],
        "citations": citations,
        **_given({"sections": _sections(revision)}),
        **_given({name: getattr(revision, name) for name in ("what_it_does", "why_it_matters", "what_to_watch")}),
        **_given({"outlook": _outlook(revision)}),
        **_given({"figure": _figure(revision), "related": revision.related}),
        **_given({"corrections": _corrections(profile)}),
    }


def _sections(revision: Revision) -> list[dict[str, str]]:
    return [words for section in revision.sections if (words := _words(section, "heading"))]


def _outlook(revision: Revision) -> dict[str, dict[str, str]]:
    return {when: _words(revision.outlook[when], "headline") for when in WHEN if when in revision.outlook}


def _words(told: dict[str, str], title: str) -> dict[str, str]:
    # The database keeps the fields of a JSON object in an order of its own.
    return _given({name: told.get(name, "") for name in (title, "body")})


def _facets(revision: Revision) -> dict[str, Any]:
    values = {value.facet: value for value in revision.facet_values.select_related("term")}
    return {
        facet.value: {"term": values[facet].term.name, **_given({"rationale": values[facet].rationale})}
        for facet in Facet
        if facet in values
    }


def _judgement(judgement: Judgement, revision: Revision) -> dict[str, Any]:
    return {
        "key": judgement.key,
        **_given({"statement": revision.statements.get(judgement.key, "")}),
        "essential": judgement.essential,
        "lasting": judgement.lasting,
    }


def _citation(citation: Citation, keys: dict[int, str]) -> dict[str, Any]:
    return {
        "source": keys[citation.source_id],
        "stance": citation.stance,
        "credibility": citation.credibility,
        "direct": citation.direct,
        **_given({"establishes": citation.establishes}),
        "judgements": [judgement.key for judgement in citation.judgements.all()],
    }


def _figure(revision: Revision) -> dict[str, Any]:
    if revision.figure is None:
        return {}
    names = ("alt", "caption", "credit", "source_context", "relevance", "provenance")
    return {"file": revision.figure.filename, **_given({name: getattr(revision, f"figure_{name}") for name in names})}


def _corrections(profile: Profile) -> list[dict[str, Any]]:
    corrections = list(profile.corrections.order_by("on", "pk"))
    superseding = {one.superseded_by_id for one in corrections}
    keys = {one.pk: f"c{number}" for number, one in enumerate(corrections, 1) if one.pk in superseding}
    return [
        {
            **_given({"key": keys.get(one.pk, "")}),
            "on": one.on,
            "text": one.text,
            **_given({"superseded_by": keys.get(one.superseded_by_id or 0, "")}),
        }
        for one in corrections
    ]


# --- YAML -------------------------------------------------------------------------------------------------------------


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # libyaml's where there is one
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_words(self, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text else None
        node: yaml.ScalarNode = self.represent_scalar("tag:yaml.org,2002:str", text, style=style)
        return node

    def represent_items(self, items: list[Any]) -> yaml.SequenceNode:
        short = all(isinstance(item, str) for item in items) and sum(map(len, items)) < WIDTH // 2
        node: yaml.SequenceNode = self.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=short)
        return node


_Dumper.add_representer(str, _Dumper.represent_words)
_Dumper.add_representer(list, _Dumper.represent_items)


def as_yaml(whole: dict[str, Any]) -> str:
    text: str = yaml.dump(whole, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH)
    return text
