"""The whole dossier: what `profiles.dossier` reads and writes, with the briefings and the notes of the analysts."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.tiers import GATED, Tier, tier_named
from briefings import actions
from briefings.actions import Words
from briefings.models import SourceNote, Teaser
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
    """A file that publishes says what members read; any other one writes drafts, and what they read stays up."""
    wanted = {int(tier_named(entry["tier"])): _words(entry) for entry in dossier.whole["briefings"]}
    list(loaded.profile.teasers.select_for_update(no_key=True).order_by("tier", "-number"))  # as briefings.actions does
    held = _held(loaded.profile)
    load = _publish if loaded.publishes else _draft
    told = Counter(load(loaded.profile, tier, held.get(tier, Held()), wanted.get(tier)) for tier in {*held, *wanted})
    del told[""]
    return _told("briefing", **{verb: told[verb] for verb in sorted(told)})


@dataclass(frozen=True, slots=True)
class Held:
    """What there is of a briefing: the revision that was published last, and the draft."""

    current: Teaser | None = None
    draft: Teaser | None = None

    @property
    def live(self) -> Teaser | None:
        return self.current if self.current and self.current.is_up else None


def _held(profile: Profile) -> dict[int, Held]:
    teasers = list(profile.teasers.filter(Q(current=True) | Q(approved_at=None)).select_related("briefing"))
    current, drafts = ({one.tier: one for one in teasers if one.current is which} for which in (True, False))
    return {tier: Held(current.get(tier), drafts.get(tier)) for tier in {*current, *drafts}}


def _publish(profile: Profile, tier: int, held: Held, wanted: Words | None) -> str:
    """Let members read what is wanted, and say what that changed. A draft of what they read already is left alone."""
    if wanted is None:
        return _remove(held)
    if held.current and _text_of(held.current) == wanted:
        if held.live:
            return ""
        actions.show(held.current)
        return "put up again"
    actions.show(_rewritten(profile, tier, held, wanted))
    return "changed" if held.live else "added"


def _remove(held: Held) -> str:
    if held.draft:
        held.draft.delete()
    if held.live:
        actions.take_down(held.live, reason="The imported dossier lacks it.")
        return "removed"
    return "draft removed" if held.draft else ""


def _draft(profile: Profile, tier: int, held: Held, wanted: Words | None) -> str:
    newest = held.draft or held.live
    if wanted == (_text_of(newest) if newest else None):
        return ""
    if wanted and not (held.live and _text_of(held.live) == wanted):
        _rewritten(profile, tier, held, wanted)
        return "drafted"
    if held.draft is None:
        return ""
    held.draft.delete()
    return "draft removed"


def _rewritten(profile: Profile, tier: int, held: Held, wanted: Words) -> Teaser:
    """The draft of a briefing, saying this."""
    if held.draft is None:
        return actions.new_draft(like=Teaser(profile=profile, tier=tier), words=wanted)
    actions.write(held.draft, wanted)
    held.draft.refresh_from_db()
    return held.draft


def _words(entry: Entry) -> Words:
    return Words(entry["title"], entry["summary"], "\n".join(entry["contents"]), entry["body"])


def _text_of(teaser: Teaser) -> Words:
    body = teaser.briefing.body if hasattr(teaser, "briefing") else ""
    return Words(teaser.title, teaser.summary, teaser.contents, body)


# --- Export -----------------------------------------------------------------------------------------------------------


def export_dossier(profile: Profile, *, to: Path | None = None) -> str:
    """Return the dossier of a profile's newest text, and lay its picture into the folder `to`. Raises NothingToExport."""
    dumped = dump(profile)
    notes = {note.pk: note for note in SourceNote.objects.filter(citation__profile=profile)}
    for citation, entry in dumped.citations:
        if note := notes.get(citation.pk):
            entry.update(note=note.body, note_tier=Tier(note.tier).slug)
    published = dumped.whole["profile"].get("status") == "published"
    held = sorted(_held(profile).items())
    # What nobody has approved must not come back as published.
    told = [one.live if published else one.draft or one.live for _tier, one in held]
    briefings = [_dumped(teaser) for teaser in told if teaser]
    whole = {**dumped.whole, **({"briefings": briefings} if briefings else {})}
    if to and dumped.figure:
        whole["profile"]["figure"]["file"] = _lay_beside(dumped.figure, to)
    return as_yaml(whole)


def _dumped(teaser: Teaser) -> dict[str, Any]:
    words = _text_of(teaser)
    contents = [line for line in words.contents.splitlines() if line.strip()]
    optional = {"summary": words.summary, "contents": contents, "body": words.body}
    told = {name: held for name, held in optional.items() if held}
    return {"tier": Tier(teaser.tier).slug, "title": words.title, **told}


def _lay_beside(figure: Figure, folder: Path) -> str:
    """Copy a picture into a folder; if another one has its name there, it gets a name of its own. Return the name."""
    held = figures.place_of(figure).read_bytes()
    place = folder / Path(figure.filename).name
    if place.exists() and place.read_bytes() != held:
        place = place.with_stem(f"{place.stem}-{figure.digest[:8]}")
    place.write_bytes(held)
    return place.name
