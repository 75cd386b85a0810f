"""Makes the database say what a dossier says, row by row: what is the same already is not written.

The file is the whole profile, so what it lacks is removed. Publishers and sources are shared, and the file wins.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar

from django.db import connection
from django.db.models import F, Model, Q
from django.utils.text import slugify

from profiles import actions, figures
from profiles.dossier.document import shown
from profiles.dossier.schema import LATER, WHEN, Dossier, Entry, identity
from profiles.models import (
    Citation,
    Correction,
    Derivation,
    FacetValue,
    Figure,
    FormerSlug,
    Judgement,
    JudgementCitation,
    Person,
    Profile,
    Publisher,
    Revision,
    Source,
    Term,
)
from profiles.urlkeys import url_key

AT_ONCE = 1000
Row = TypeVar("Row", bound=Model)


@dataclass
class Loaded:
    """What came of it: the profile, its citations in the order of the file, and what changed, in words.

    `publishers` and `sources` are the shared rows whose change others may rest on.
    """

    profile: Profile
    citations: list[Citation] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    publishers: set[int] = field(default_factory=set)
    sources: set[int] = field(default_factory=set)
    publishes: bool = False


def load(dossier: Dossier, *, keep_files: bool = True) -> Loaded:
    """Write a dossier. Call it inside `editing`; raises BadDossier for what only the database can know."""
    _one_at_a_time()
    profile = _profile(dossier)
    loaded = Loaded(profile)
    loaded.publishes = _status(dossier.profile, profile) == "published"
    publishers = _load_publishers(dossier, loaded)
    sources = _load_sources(dossier, publishers, loaded)
    _load_derivations(dossier, sources, loaded)
    judgements = _load_judgements(dossier, loaded)
    loaded.citations = _load_citations(dossier, sources, judgements, loaded)
    _refuse_what_cannot_be_graded(dossier, loaded)
    _load_corrections(dossier, loaded)
    _load_days(dossier, loaded)
    _load_text(dossier, loaded, keep_files)
    dossier.problems.raise_any()
    return loaded


def _one_at_a_time() -> None:
    # Two imports that create the same source, or take the same rows in another order, would undo each other.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('assay dossier'))")


def _profile(dossier: Dossier) -> Profile:
    slug = dossier.profile["slug"]
    profile = Profile.objects.select_for_update(no_key=True).filter(slug=slug).first()
    if profile is None:
        former = FormerSlug.objects.filter(slug=slug).select_related("profile").first()
        if former:
            dossier.wrong(dossier.profile, "slug", f"is a former address of {former.profile.slug}; write that one.")
            dossier.problems.raise_any()
        profile = Profile.objects.create(slug=slug)
    return profile


def _status(entry: Entry, profile: Profile) -> str:
    """Return what the file asks for; if it does not say, what the profile is."""
    return entry["status"] or status_of(profile, actions.newest_revision(profile))


def status_of(profile: Profile, newest: Revision | None) -> str:
    """Return published when what readers see is the newest text."""
    return "published" if newest and profile.is_live and profile.live_revision_id == newest.pk else "draft"


# --- Writing as little as possible -------------------------------------------------------------------------------------


Was = dict[str, Any]


def _update(rows: Iterable[Row], wanted: Callable[[Row], dict[str, Any]]) -> list[tuple[Row, Was]]:
    """Write the rows that differ from what is wanted, by column; return those with what the columns were before."""
    changed: list[tuple[Row, Was]] = []
    for row in rows:
        columns = wanted(row)
        was = {name: getattr(row, name) for name, value in columns.items() if getattr(row, name) != value}
        for name in was:
            setattr(row, name, columns[name])
        if was:
            changed.append((row, was))
    _write(changed)
    return changed


def _write(changed: Sequence[tuple[Row, Was]]) -> None:
    by_columns: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row, was in changed:
        by_columns[tuple(was)].append(row)
    for columns, rows in by_columns.items():
        type(rows[0])._default_manager.bulk_update(rows, [name.removesuffix("_id") for name in columns], AT_ONCE)


def fresh_slug(name: str, taken: Collection[str], fallback: str) -> str:
    """Return a slug made from a name that is not taken yet."""
    base = slugify(name)[:90].strip("-") or fallback
    slug, number = base, 1
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug


# --- Publishers and sources -------------------------------------------------------------------------------------------


def _load_publishers(dossier: Dossier, loaded: Loaded) -> dict[str, Publisher]:
    entries = {entry["slug"]: entry for entry in dossier.publishers}
    wanted = set(entries) | {source["publisher"] for source in dossier.sources}
    known = {publisher.slug: publisher for publisher in Publisher.objects.filter(slug__in=wanted)}
    changed = _update(
        [publisher for slug, publisher in known.items() if slug in entries],
        # What the file does not mention of a publisher stays as it is.
        lambda publisher: {name: entries[publisher.slug][name] for name in entries[publisher.slug].given},
    )
    loaded.publishers = {publisher.pk for publisher, _was in changed}
    _tell_shared(loaded, "publisher", [(publisher.slug, publisher, was) for publisher, was in changed])
    new = [Publisher(**entry) for slug, entry in entries.items() if slug not in known]
    known |= {publisher.slug: publisher for publisher in Publisher.objects.bulk_create(new, AT_ONCE)}
    _tell(loaded, "publisher", added=len(new))
    for source in dossier.sources:
        if source["publisher"] not in known:
            slug = source["publisher"]
            dossier.wrong(source, "publisher", f'is "{slug}", which is neither in this file nor on the site; add it.')
    dossier.problems.raise_any()
    return known


def _load_sources(dossier: Dossier, publishers: dict[str, Publisher], loaded: Loaded) -> dict[str, Source]:
    found = _find_sources(dossier, publishers)
    by_pk = {source.pk: (entry, source) for entry, source in found}

    def wanted(source: Source) -> dict[str, Any]:
        return _source_columns(by_pk[source.pk][0], publishers)

    changed = _update([source for _entry, source in found], wanted)
    loaded.sources = {source.pk for source, _was in changed}
    _tell_shared(loaded, "source", [(f"“{source.title}”", source, was) for source, was in changed])
    sources = {entry["key"]: source for entry, source in found}
    entries = [entry for entry in dossier.sources if entry["key"] not in sources]
    made = Source.objects.bulk_create([Source(**_source_columns(entry, publishers)) for entry in entries], AT_ONCE)
    for entry, source in zip(entries, made, strict=True):
        sources[entry["key"]] = source
    _tell(loaded, "source", added=len(made))
    return sources


def _source_columns(entry: Entry, publishers: dict[str, Publisher]) -> dict[str, Any]:
    names = ("title", "authors", "url", "published_on", "language", "accessed_on", "archived_url")
    return {
        **{name: entry[name] for name in names},
        "publisher_id": publishers[entry["publisher"]].pk,
        "url_key": url_key(entry["url"]),
    }


def _find_sources(dossier: Dossier, publishers: dict[str, Publisher]) -> list[tuple[Entry, Source]]:
    """Pair the entries with the stored sources they describe, each source at most once.

    First by address; then by publisher, title and date, where two without an address, or one that has gained or lost
    its address, are the same source.
    """
    found: list[tuple[Entry, Source]] = []
    left = _by_address(dossier.sources, found)
    stored = _by_title(left, publishers, taken={source.pk for _entry, source in found})
    for entries, pick in (
        ([entry for entry in left if not entry["url"]], _without_address),
        ([entry for entry in left if entry["url"]], _without_address),
        ([entry for entry in left if not entry["url"]], _with_address),
    ):
        paired = {entry["key"] for entry, _source in found}
        for entry in entries:
            candidates = pick(stored[_title_key(entry, publishers)]) if entry["key"] not in paired else []
            if len(candidates) > 1:
                what = f"fits {len(candidates)} sources on the site, each with an address; say which by its url."
                dossier.wrong(entry, "title", what)
            elif candidates:
                found.append((entry, candidates[0]))
                stored[_title_key(entry, publishers)].remove(candidates[0])
    dossier.problems.raise_any()
    return found


def _by_address(entries: Sequence[Entry], found: list[tuple[Entry, Source]]) -> list[Entry]:
    keys = {identity(entry): entry for entry in entries if entry["url"]}
    stored = Source.objects.filter(url_key__in=list(keys))
    for source in stored:
        found.append((keys[source.url_key], source))
    paired = {entry["key"] for entry, _source in found}
    return [entry for entry in entries if entry["key"] not in paired]


TitleKey = tuple[int, str, date | None]


def _title_key(entry: Entry, publishers: dict[str, Publisher]) -> TitleKey:
    return publishers[entry["publisher"]].pk, entry["title"], entry["published_on"]


def _by_title(
    entries: Sequence[Entry], publishers: dict[str, Publisher], taken: set[int]
) -> dict[TitleKey, list[Source]]:
    stored: dict[TitleKey, list[Source]] = defaultdict(list)
    candidates = Source.objects.filter(
        publisher__in={publishers[entry["publisher"]].pk for entry in entries},
        title__in={entry["title"] for entry in entries},
    ).order_by("pk")
    for source in candidates:
        if source.pk not in taken:
            stored[source.publisher_id, source.title, source.published_on].append(source)
    return stored


def _without_address(sources: list[Source]) -> list[Source]:
    return [source for source in sources if source.url_key is None]


def _with_address(sources: list[Source]) -> list[Source]:
    return [source for source in sources if source.url_key is not None]


# --- Derivations ------------------------------------------------------------------------------------------------------


def _load_derivations(dossier: Dossier, sources: dict[str, Source], loaded: Loaded) -> None:
    """Say what repeats what: for everybody if the profile is live after this, else for this draft alone."""
    profile = loaded.profile
    live = loaded.publishes or profile.is_live
    stored: dict[int, dict[int, Derivation]] = defaultdict(dict)
    for row in _derivations_seen_by(profile, sources):
        stored[row.source_id][row.origin_id] = row
    ours: list[tuple[Derivation, int]] = []
    new: list[Derivation] = []
    gone: list[Derivation] = []
    for entry in dossier.sources:
        source = sources[entry["key"]]
        wanted = {sources[key].pk: position for position, key in enumerate(entry["derived_from"])}
        for origin_id, row in stored[source.pk].items():
            if origin_id in wanted:
                ours.append((row, wanted[origin_id]))
            else:
                gone.append(row)
        new += [
            Derivation(source=source, origin_id=origin, position=position, draft_of=None if live else profile)
            for origin, position in wanted.items()
            if origin not in stored[source.pk]
        ]
    if not live:
        ours, gone = _except_those_of_live_profiles(ours, gone)
    _write_derivations(ours, new, gone, live, loaded)


def _derivations_seen_by(profile: Profile, sources: dict[str, Source]) -> Iterable[Derivation]:
    # What other drafts prepare is theirs. Everybody's come last, so that they stand where a draft says the same.
    seen = Derivation.objects.filter(Q(draft_of=None) | Q(draft_of=profile.pk))
    ids = [source.pk for source in sources.values()]
    return seen.filter(source__in=ids).order_by(F("draft_of").asc(nulls_last=True))


def _except_those_of_live_profiles(
    ours: list[tuple[Derivation, int]], gone: list[Derivation]
) -> tuple[list[tuple[Derivation, int]], list[Derivation]]:
    """A draft moves no live grade: what a live profile rests on stays as it is until the draft is published."""
    touched = {row.source_id for row, position in ours if row.position != position} | {row.source_id for row in gone}
    resting = reached_by_live(touched)

    def free(row: Derivation) -> bool:
        return row.draft_of_id is not None or row.source_id not in resting

    return [(row, position) for row, position in ours if free(row)], [row for row in gone if free(row)]


def _write_derivations(
    ours: list[tuple[Derivation, int]], new: list[Derivation], gone: list[Derivation], live: bool, loaded: Loaded
) -> None:
    positions = {row.pk: position for row, position in ours}
    changed = _update(
        [row for row, _position in ours],
        lambda row: {"position": positions[row.pk], "draft_of_id": None if live else row.draft_of_id},
    )
    if gone:
        Derivation.objects.filter(pk__in=[row.pk for row in gone]).delete()
    Derivation.objects.bulk_create(new, AT_ONCE)
    loaded.sources |= {row.source_id for row in (*new, *gone)} | {row.source_id for row, _was in changed}
    _tell(loaded, "derivation", added=len(new), changed=len(changed), removed=len(gone))


REACHED_BY_LIVE = """
    WITH RECURSIVE resting (root, id) AS (
        SELECT id, id FROM profiles_source WHERE id = ANY(%s)
        UNION
        SELECT resting.root, derivation.source_id FROM resting
        JOIN profiles_derivation derivation ON derivation.origin_id = resting.id AND derivation.draft_of_id IS NULL)
    SELECT DISTINCT root FROM resting
    JOIN profiles_citation citation ON citation.source_id = resting.id
    JOIN profiles_profile profile ON profile.id = citation.profile_id
    WHERE profile.live_revision_id IS NOT NULL AND profile.withdrawn_at IS NULL"""


def reached_by_live(source_ids: Iterable[int]) -> set[int]:
    """Return those of the sources that a live profile cites or reaches by links."""
    with connection.cursor() as cursor:
        cursor.execute(REACHED_BY_LIVE, [list(source_ids)])
        return {row[0] for row in cursor.fetchall()}


# --- Judgements, citations and the links between them -----------------------------------------------------------------


def _load_judgements(dossier: Dossier, loaded: Loaded) -> dict[str, Judgement]:
    """Return the judgements of the file by key.

    While a live text stays up beside a draft, the judgements it states stay with it.
    """
    profile = loaded.profile
    entries = {entry["key"]: (position, entry) for position, entry in enumerate(dossier.profile["judgements"])}
    stored = {judgement.key: judgement for judgement in profile.judgements.all()}

    def wanted(judgement: Judgement) -> dict[str, Any]:
        position, entry = entries[judgement.key]
        return {"position": position, "essential": entry["essential"], "lasting": entry["lasting"]}

    changed = _update([judgement for key, judgement in stored.items() if key in entries], wanted)
    stays = entries.keys() | _stated_by_live(loaded)
    gone = [judgement.pk for key, judgement in stored.items() if key not in stays]
    if gone:
        Judgement.objects.filter(pk__in=gone).delete()
    new = [Judgement(profile=profile, key=key) for key in entries if key not in stored]
    for judgement in new:
        for name, value in wanted(judgement).items():
            setattr(judgement, name, value)
    Judgement.objects.bulk_create(new, AT_ONCE)
    _tell(loaded, "judgement", added=len(new), changed=len(changed), removed=len(gone))
    return {judgement.key: judgement for judgement in (*stored.values(), *new) if judgement.key in entries}


def _stated_by_live(loaded: Loaded) -> set[str]:
    live = loaded.profile.live_revision
    return set(live.statements) if live and loaded.profile.is_live and not loaded.publishes else set()


def _load_citations(
    dossier: Dossier, sources: dict[str, Source], judgements: dict[str, Judgement], loaded: Loaded
) -> list[Citation]:
    """Return the citations in the order of the file. One that only changed its digit stays the row it was."""
    profile = loaded.profile
    entries: list[Entry] = dossier.profile["citations"]
    wanted = [
        (sources[entry["source"]].pk, frozenset(judgements[key].pk for key in entry["judgements"])) for entry in entries
    ]
    stored = list(profile.citations.all())
    links = _links(profile, {judgement.pk for judgement in judgements.values()})
    paired = _pair(wanted, stored, links)
    # Links go first and come last: one judgement has a source once, at every moment in between.
    unlinked = _unlink(paired, wanted, links)
    kept = {citation.pk for citation in paired if citation}
    gone = [citation.pk for citation in stored if citation.pk not in kept]
    if gone:
        Citation.objects.filter(pk__in=gone).delete()
    columns = {
        id(citation): _citation_columns(entry, place)
        for place, (entry, citation) in enumerate(zip(entries, paired, strict=True))
        if citation
    }
    changed = _update([citation for citation in paired if citation], lambda citation: columns[id(citation)])
    new = [
        Citation(profile=profile, source_id=wanted[place][0], **_citation_columns(entry, place))
        for place, entry in enumerate(entries)
        if paired[place] is None
    ]
    made = iter(Citation.objects.bulk_create(new, AT_ONCE))
    citations = [citation or next(made) for citation in paired]
    linked = _link(citations, wanted, links)
    _tell(loaded, "citation", added=len(new), changed=len(changed), removed=len(gone))
    _tell(loaded, "judgement link", added=linked, removed=unlinked)
    return citations


def _citation_columns(entry: Entry, position: int) -> dict[str, Any]:
    names = ("stance", "credibility", "direct", "establishes")
    return {**{name: entry[name] for name in names}, "position": position}


def _links(profile: Profile, judgement_ids: set[int]) -> dict[int, dict[int, int]]:
    """Return the stored links to these judgements: by citation, by judgement, the link's own id."""
    links: dict[int, dict[int, int]] = defaultdict(dict)
    rows = JudgementCitation.objects.filter(profile=profile, judgement__in=judgement_ids)
    for pk, judgement_id, citation_id in rows.values_list("pk", "judgement_id", "citation_id"):
        links[citation_id][judgement_id] = pk
    return links


Wanted = list[tuple[int, frozenset[int]]]
Links = dict[int, dict[int, int]]


def _pair(wanted: Wanted, stored: list[Citation], links: Links) -> list[Citation | None]:
    """Find for each wanted (source, judgements) its stored citation: the same set of judgements first, then in order."""
    exact: dict[Any, deque[Citation]] = defaultdict(deque)
    for citation in stored:
        exact[citation.source_id, frozenset(links.get(citation.pk, ()))].append(citation)
    paired = [exact[key].popleft() if exact[key] else None for key in wanted]
    left: dict[int, deque[Citation]] = defaultdict(deque)
    taken = {citation.pk for citation in paired if citation}
    for citation in stored:
        if citation.pk not in taken:
            left[citation.source_id].append(citation)
    return [
        citation or (left[source].popleft() if left[source] else None)
        for citation, (source, _keys) in zip(paired, wanted, strict=True)
    ]


def _unlink(paired: list[Citation | None], wanted: Wanted, links: Links) -> int:
    gone = [
        pk
        for citation, (_source, judgements) in zip(paired, wanted, strict=True)
        if citation
        for judgement_id, pk in links.get(citation.pk, {}).items()
        if judgement_id not in judgements
    ]
    if gone:
        JudgementCitation.objects.filter(pk__in=gone).delete()
    return len(gone)


def _link(citations: list[Citation], wanted: Wanted, links: Links) -> int:
    new = [
        JudgementCitation(
            judgement_id=judgement_id,
            citation_id=citation.pk,
            profile_id=citation.profile_id,
            source_id=citation.source_id,
        )
        for citation, (_source, judgements) in zip(citations, wanted, strict=True)
        for judgement_id in sorted(judgements)
        if judgement_id not in links.get(citation.pk, {})
    ]
    JudgementCitation.objects.bulk_create(new, AT_ONCE)
    return len(new)


def _refuse_what_cannot_be_graded(dossier: Dossier, loaded: Loaded) -> None:
    """A live text without judgements is one question, and a source answers it once."""
    profile = loaded.profile
    if loaded.publishes or not profile.is_live or profile.judgements.filter(key__in=_stated_by_live(loaded)).exists():
        return
    if len({citation.source_id for citation in loaded.citations}) < len(loaded.citations):
        what = "cites a source twice, but the live text states no key judgement; write status: published with it."
        dossier.wrong(dossier.profile, "citations", what)


# --- Text -------------------------------------------------------------------------------------------------------------


def _load_text(dossier: Dossier, loaded: Loaded, keep_files: bool) -> None:
    profile = loaded.profile
    text, facets = _text(dossier, loaded, keep_files), _facets(dossier.profile)
    dossier.problems.raise_any()
    live, newest = profile.live_revision, actions.newest_revision(profile)
    if newest is None or not _says(newest, text, facets):
        newest = _write_draft(profile, newest, text, facets, loaded)
    if not loaded.publishes:
        return
    flaws = actions.flaws_of(newest)
    for flaw in flaws:
        _tell_flaw(dossier, flaw)
    if not flaws and (newest != live or not profile.is_live):
        newest.profile = profile
        actions.show(newest)
        loaded.changes.append(f"text: revision {newest.number} published")


def _write_draft(
    profile: Profile, newest: Revision | None, text: dict[str, Any], facets: dict[int, str], loaded: Loaded
) -> Revision:
    live = profile.live_revision
    if newest is None or newest.approved_at:
        loaded.changes.append("text: a new draft")
        return actions.new_draft(profile, text=text, facets=facets)
    if live and _says(live, text, facets):
        newest.delete()
        loaded.changes.append("text: the draft is dropped, the live text stays")
        return live
    _update([newest], lambda _draft: text)
    _write_facets(newest, facets)
    loaded.changes.append("text: the draft is rewritten")
    return newest


def _says(revision: Revision, text: dict[str, Any], facets: dict[int, str]) -> bool:
    if revision.misshapen():  # written past the desk: the draft is made anew
        return False
    held = actions.text_of(revision)
    held["sections"] = [_plain_section(section) for section in held["sections"]]
    held["outlook"] = _plain_outlook(held["outlook"])
    return held == text and actions.facets_of(revision) == facets


def _write_facets(draft: Revision, facets: dict[int, str]) -> None:
    stored = {value.term_id: value for value in draft.facet_values.all()}
    gone = [value.pk for term_id, value in stored.items() if term_id not in facets]
    if gone:
        FacetValue.objects.filter(pk__in=gone).delete()
    _update(
        [value for key, value in stored.items() if key in facets], lambda value: {"rationale": facets[value.term_id]}
    )
    FacetValue.objects.bulk_create(
        FacetValue(revision=draft, term_id=term_id, rationale=rationale)
        for term_id, rationale in facets.items()
        if term_id not in stored
    )


def _text(dossier: Dossier, loaded: Loaded, keep_files: bool) -> dict[str, Any]:
    entry = dossier.profile
    same = (
        "name", "aliases", "kind", "standfirst", "base", "homepage", "number_resources", "operational_criticality",
        "time_horizon", "what_it_does", "why_it_matters", "what_to_watch", "related",
    )  # fmt: skip
    return {
        **{name: entry[name] for name in same},
        "author_id": _person(entry["author"]),
        "reviewer_id": _person(entry["reviewer"]),
        "statements": {one["key"]: one["statement"] for one in entry["judgements"] if one["statement"]},
        "sections": [_plain_section(section) for section in entry["sections"]],
        "outlook": _plain_outlook(entry["outlook"] or {}),
        **_figure(dossier, loaded, keep_files),
    }


def _plain_section(section: dict[str, str]) -> dict[str, str]:
    return {"heading": section.get("heading", ""), "body": section.get("body", "")}


def _plain_outlook(outlook: dict[str, dict[str, str] | None]) -> dict[str, dict[str, str]]:
    told = {when: outlook.get(when) or {} for when in WHEN}
    return {
        when: {"headline": one.get("headline", ""), "body": one.get("body", "")}
        for when, one in told.items()
        if any(one.values())
    }


def _person(name: str) -> int | None:
    if not name:
        return None
    person = Person.objects.filter(name=name).first()
    if person is None:
        slug = fresh_slug(name, set(Person.objects.values_list("slug", flat=True)), "person")
        person = Person.objects.create(name=name, slug=slug)
    return person.pk


def _facets(entry: Entry) -> dict[int, str]:
    return {
        _term(facet, answer["term"]).pk: answer["rationale"]
        for facet, answer in (entry["facets"] or {}).items()
        if answer
    }


def _term(facet: str, name: str) -> Term:
    term = Term.objects.filter(facet=facet, name__iexact=name).order_by("pk").first()
    if term is None:
        slug = fresh_slug(name, set(Term.objects.filter(facet=facet).values_list("slug", flat=True)), "term")
        term = Term.objects.create(facet=facet, slug=slug, name=name)
    return term


def _figure(dossier: Dossier, loaded: Loaded, keep_files: bool) -> dict[str, Any]:
    entry: Entry | None = dossier.profile["figure"]
    names = ("alt", "caption", "credit", "source_context", "relevance", "provenance")
    words = {f"figure_{name}": entry[name] if entry else "" for name in names}
    return {"figure_id": _picture(dossier, entry, loaded, keep_files) if entry else None, **words}


def _picture(dossier: Dossier, entry: Entry, loaded: Loaded, keep_files: bool) -> int | None:
    name = Path(entry["file"]).name
    held = _read_beside(dossier, entry)
    if held is None:
        return _picture_we_have(dossier, entry, name, loaded)
    try:
        return figures.store_figure(held, filename=name, keep_file=keep_files).pk
    except figures.BadFigure as error:
        dossier.wrong(entry, "file", f'is "{name}". {error}')
        return None


def _read_beside(dossier: Dossier, entry: Entry) -> bytes | None:
    """Return the bytes of the file, None if there is none; a link that leads out of the folder is refused."""
    try:
        path = (dossier.folder / entry["file"]).resolve()
        if not path.is_relative_to(dossier.folder.resolve()):
            dossier.wrong(entry, "file", f'is "{entry["file"]}", which leads out of the folder of the dossier.')
            dossier.problems.raise_any()
        if path.exists() and not path.is_file():
            dossier.wrong(entry, "file", f'is "{entry["file"]}", which is not a file.')
            dossier.problems.raise_any()
        with path.open("rb") as file:
            held: bytes = file.read(figures.MOST_BYTES + 1)
            return held
    except FileNotFoundError:
        return None
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        dossier.wrong(entry, "file", f'is "{entry["file"]}", which cannot be read ({error.__class__.__name__}).')
        dossier.problems.raise_any()
        return None


def _picture_we_have(dossier: Dossier, entry: Entry, name: str, loaded: Loaded) -> int | None:
    # What export prints names the picture; the same site reads it back without being handed the picture again.
    of_profile = Figure.objects.filter(filename=name, pk__in=loaded.profile.revisions.values("figure"))
    figure = of_profile.order_by("-pk").first()
    if figure is None:
        dossier.wrong(entry, "file", f'is "{entry["file"]}", which does not lie beside the dossier; put it there.')
    return figure.pk if figure else None


def _tell_flaw(dossier: Dossier, flaw: actions.Flaw) -> None:
    profile = dossier.profile
    if flaw.judgement:
        entry = next(entry for entry in profile["judgements"] if entry["key"] == flaw.judgement)
        dossier.wrong(entry, "key", flaw.sentence)
    elif flaw.field.startswith("figure_"):
        dossier.wrong(profile["figure"], flaw.field.removeprefix("figure_"), flaw.sentence)
    else:
        dossier.wrong(profile, flaw.field, flaw.sentence)


# --- Corrections and days ---------------------------------------------------------------------------------------------


def _load_corrections(dossier: Dossier, loaded: Loaded) -> None:
    """Add what is not there yet; a correction is never removed, and what has superseded it stays."""
    profile = loaded.profile
    rows = {(one.on, one.text): one for one in profile.corrections.order_by("-pk")}
    wanted = dict.fromkeys((entry["on"], entry["text"]) for entry in dossier.profile["corrections"])
    new = [Correction(profile=profile, on=on, text=text) for on, text in wanted if (on, text) not in rows]
    Correction.objects.bulk_create(new)
    rows |= {(one.on, one.text): one for one in new}
    superseded = sum(1 for _one in _supersede(dossier, rows))
    _tell(loaded, "correction", added=len(new), superseded=superseded)


def _supersede(dossier: Dossier, rows: dict[tuple[date, str], Correction]) -> Iterator[Correction]:
    """Yield the corrections that stood until now and do so no more."""
    entries = dossier.profile["corrections"]
    by_key = {entry["key"]: rows[entry["on"], entry["text"]] for entry in entries}
    for entry in (entry for entry in entries if entry["superseded_by"]):
        earlier, later = rows[entry["on"], entry["text"]], by_key[entry["superseded_by"]]
        if earlier.superseded_by_id == later.pk:
            continue
        if earlier.superseded_by_id:
            dossier.wrong(entry, "superseded_by", "is not the correction that superseded it on this site; that stays.")
        elif (later.on, later.pk) <= (earlier.on, earlier.pk):
            dossier.wrong(entry, "superseded_by", f"was there before it on this site; {LATER}")
        else:
            earlier.superseded_by = later
            earlier.save(update_fields=["superseded_by"])
            yield earlier


def _load_days(dossier: Dossier, loaded: Loaded) -> None:
    entry, profile = dossier.profile, loaded.profile
    days = {name: entry[name] for name in ("last_verified", "next_review")}
    # The day of first publication is written once; a file that does not know it does not unsay it.
    days["first_published"] = entry["first_published"] or profile.first_published
    for _profile, was in _update([profile], lambda _profile: days):
        loaded.changes += [f"{name}: {_shown(was[name])} → {_shown(days[name])}" for name in sorted(was)]


# --- In words ---------------------------------------------------------------------------------------------------------

MOST_TOLD = 20


def _tell_shared(loaded: Loaded, noun: str, changed: Sequence[tuple[str, Model, Was]]) -> None:
    """Name each shared row that changed, and how: others rest on it too."""
    for name, row, was in changed[:MOST_TOLD]:
        told = [
            f"{column.removesuffix('_id')} {_both(value, getattr(row, column))}"
            for column, value in was.items()
            if column not in {"url_key", "publisher_id"}
        ]
        told += ["filed under another publisher"] if "publisher_id" in was else []
        loaded.changes.append(f"{noun} {name}: {'; '.join(told) or 'address written anew'}")
    _tell(loaded, f"further {noun}", changed=max(0, len(changed) - MOST_TOLD))


def _both(was: object, now: object) -> str:
    before, after = _shown(was), _shown(now)
    if before == after and isinstance(was, str) and isinstance(now, str):
        # Cut off at the same place, two long texts look alike; what differs stands further behind.
        same = sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], zip(was, now, strict=False)))
        start = max(0, same - 20)
        before, after = shown(f"…{was[start:]}"), shown(f"…{now[start:]}")
    return f"{before} → {after}"


def _shown(value: object) -> str:
    return shown(value) if isinstance(value, str) and value else str(value or "nothing")


def _tell(loaded: Loaded, noun: str, **counts: int) -> None:
    loaded.changes += [f"{count} {noun}{'' if count == 1 else 's'} {verb}" for verb, count in counts.items() if count]
