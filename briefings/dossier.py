"""The whole dossier: what `profiles.dossier` reads and writes, with the briefings and the notes of the analysts."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts.tiers import GATED, Tier, tier_named
from briefings.models import Briefing, SourceNote, Teaser
from profiles import figures
from profiles.dossier.document import BadDossier
from profiles.dossier.dump import NothingToExport, as_yaml, dump
from profiles.dossier.load import Loaded, load
from profiles.dossier.moves import Move, moves_of, others_resting_on
from profiles.dossier.schema import PROSE, Dossier, Each, Entry, Fields, OneOf, Text, ValueKind, parse
from profiles.grading.pipeline import editing
from profiles.models import Figure, Profile

__all__ = ["BadDossier", "Imported", "NothingToExport", "export_dossier", "import_dossier"]

NAMED = [tier.slug for tier in GATED]
BRIEFING = Fields(
    "a briefing",
    {
        "tier": OneOf(NAMED),
        "title": Text(Teaser._meta.get_field("title").max_length, default="Deeper Profile Context"),
        "summary": PROSE,
        "contents": Each(Text(300, blank=False)),  # the headings inside, which the locked panel lists
        "body": PROSE,
    },
    frozenset({"tier"}),
)
BESIDE_PROFILE: dict[str, ValueKind] = {"briefings": Each(BRIEFING)}
IN_CITATION: dict[str, ValueKind] = {"note": PROSE, "note_tier": OneOf(NAMED, default=Tier.STRATEGIC_CIRCLE.slug)}


@dataclass
class Imported:
    """What a file did: what changed, in words, and which other live profiles rest on it."""

    slug: str
    changes: list[str]
    others: list[str]
    moves: list[Move] = field(default_factory=list)


# --- Import -----------------------------------------------------------------------------------------------------------


def import_dossier(path: Path, *, check: bool = False) -> Imported:
    """Make the site say what the file says, all of it or nothing. Raises BadDossier.

    With `check` nothing is kept, and `moves` tells what the grades would become.
    """
    dossier = parse(path, beside_profile=BESIDE_PROFILE, in_citation=IN_CITATION)
    _refuse_second_briefing(dossier)
    with editing(by="import"):
        loaded = load(dossier, keep_files=not check)
        changes = [*loaded.changes, *_load_notes(dossier, loaded), *_load_briefings(dossier, loaded)]
        others = others_resting_on(loaded)
        imported = Imported(loaded.profile.slug, changes, [profile.slug for profile in others])
        if check:
            imported.moves = moves_of([loaded.profile, *others])
            transaction.set_rollback(True)
    return imported


def _refuse_second_briefing(dossier: Dossier) -> None:
    first: dict[str, Entry] = {}
    for entry in dossier.whole["briefings"]:
        known = first.setdefault(entry["tier"], entry)
        if known is not entry:
            what = f"is {entry['tier']}, as in the briefing on line {known.line}; a tier has one briefing."
            dossier.wrong(entry, "tier", what)
    dossier.problems.raise_any()


def _load_notes(dossier: Dossier, loaded: Loaded) -> list[str]:
    stored = {note.pk: note for note in SourceNote.objects.filter(citation__profile=loaded.profile)}
    wanted = {
        citation.pk: SourceNote(citation=citation, tier=tier_named(entry["note_tier"]), body=entry["note"])
        for entry, citation in zip(dossier.profile["citations"], loaded.citations, strict=True)
        if entry["note"]
    }
    gone = stored.keys() - wanted.keys()
    changed = [wanted[pk] for pk in stored.keys() & wanted.keys() if _note(wanted[pk]) != _note(stored[pk])]
    new = [note for pk, note in wanted.items() if pk not in stored]
    if gone:
        SourceNote.objects.filter(pk__in=gone).delete()
    if changed:
        SourceNote.objects.bulk_update(changed, ["tier", "body"], batch_size=500)
    SourceNote.objects.bulk_create(new, batch_size=1000)
    return _told("note", added=len(new), changed=len(changed), removed=len(gone))


def _note(note: SourceNote) -> tuple[int, str]:
    return note.tier, note.body


def _told(noun: str, **counts: int) -> list[str]:
    return [f"{count} {noun}{'' if count == 1 else 's'} {verb}" for verb, count in counts.items() if count]


def _load_briefings(dossier: Dossier, loaded: Loaded) -> list[str]:
    stored = {teaser.tier: teaser for teaser in loaded.profile.teasers.select_related("briefing")}
    wanted = {int(tier_named(entry["tier"])): _briefing(entry) for entry in dossier.whole["briefings"]}
    changed = [tier for tier, text in wanted.items() if tier in stored and _text_of(stored[tier]) != text]
    new, gone = wanted.keys() - stored.keys(), stored.keys() - wanted.keys()
    if (changed or new or gone) and loaded.profile.is_live and not loaded.publishes:
        # A briefing has no draft of its own, and members must not read what nobody has approved.
        return ["briefings: left as they are; they change with status: published"]
    for tier in gone:
        stored[tier].delete()
    for tier in (*new, *changed):
        _save_briefing(loaded.profile, tier, wanted[tier])
    return _told("briefing", added=len(new), changed=len(changed), removed=len(gone))


BriefingText = tuple[str, str, str, str]


def _briefing(entry: Entry) -> BriefingText:
    return entry["title"], entry["summary"], "\n".join(entry["contents"]), entry["body"]


def _text_of(teaser: Teaser) -> BriefingText:
    body = teaser.briefing.body if hasattr(teaser, "briefing") else ""
    return teaser.title, teaser.summary, teaser.contents, body


def _save_briefing(profile: Profile, tier: int, text: BriefingText) -> None:
    title, summary, contents, body = text
    teaser, _new = Teaser.objects.update_or_create(
        profile=profile, tier=tier, defaults={"title": title, "summary": summary, "contents": contents}
    )
    Briefing.objects.update_or_create(teaser=teaser, defaults={"body": body})


# --- Export -----------------------------------------------------------------------------------------------------------


def export_dossier(profile: Profile, *, to: Path | None = None) -> str:
    """Return the dossier of a profile's newest text, and lay its picture into the folder `to`. Raises NothingToExport."""
    dumped = dump(profile)
    notes = {note.pk: note for note in SourceNote.objects.filter(citation__profile=profile)}
    for citation, entry in dumped.citations:
        if note := notes.get(citation.pk):
            entry.update(note=note.body, note_tier=Tier(note.tier).slug)
    briefings = [_dumped(teaser) for teaser in profile.teasers.select_related("briefing").order_by("tier")]
    whole = {**dumped.whole, **({"briefings": briefings} if briefings else {})}
    if to and dumped.figure:
        whole["profile"]["figure"]["file"] = _lay_beside(dumped.figure, to)
    return as_yaml(whole)


def _dumped(teaser: Teaser) -> dict[str, Any]:
    title, summary, contents, body = _text_of(teaser)
    optional = {"summary": summary, "contents": [line for line in contents.splitlines() if line.strip()], "body": body}
    return {"tier": Tier(teaser.tier).slug, "title": title, **{name: held for name, held in optional.items() if held}}


def _lay_beside(figure: Figure, folder: Path) -> str:
    """Copy a picture into a folder; if another one has its name there, it gets a name of its own. Return the name."""
    held = figures.place_of(figure).read_bytes()
    place = folder / Path(figure.filename).name
    if place.exists() and place.read_bytes() != held:
        place = place.with_stem(f"{place.stem}-{figure.digest[:8]}")
    place.write_bytes(held)
    return place.name
