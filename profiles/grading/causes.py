"""Why a grade moved: what the triggers saw, with names in place of numbers, and the sentence readers get."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from profiles.models import Judgement, Profile, Publisher, Source

Change = dict[str, Any]
TOLD = 6  # causes kept by name; the rest are counted


@dataclass(frozen=True, slots=True)
class Moved:
    """One grade that moved: the changes its marks carried, and what it was before."""

    profile_id: int
    changes: Sequence[Change]
    first: bool
    old_method: int
    new_method: int
    least_sure: tuple[str | None, str | None]  # before, after


def of(moved: Sequence[Moved]) -> list[list[Change]]:
    """Return the causes of each, ready to be stored: names stand in them, so they outlive what they name."""
    names = _names((change for one in moved for change in one.changes), [one.profile_id for one in moved])
    return [_causes(one, names) for one in moved]


def _causes(moved: Moved, names: "_Names") -> list[Change]:
    changes = [change for change in moved.changes if change.get("on")]
    published = [change for change in changes if change["on"] == "profile" and change["op"] == "publish"]
    if published and moved.first:
        return [names.tell(published[0], moved.profile_id)]
    told = _distinct(names.tell(change, moved.profile_id) for change in changes)
    if not moved.first and moved.old_method != moved.new_method:
        told.append({"on": "method", "from": moved.old_method, "to": moved.new_method})
    before, after = moved.least_sure
    if not moved.first and before != after:
        sides = {"from": names.judgement(moved.profile_id, before), "to": names.judgement(moved.profile_id, after)}
        told.append({"on": "least_sure", **sides})
    rest = sum(int(change.get("count", 1)) for change in told[TOLD:])
    return told[:TOLD] + ([{"on": "more", "count": rest}] if rest else []) or [{"on": "age"}]


def _distinct(changes: Iterable[Change]) -> list[Change]:
    found: list[Change] = []
    for change in changes:
        if change not in found:
            found.append(change)
    return found


@dataclass(frozen=True, slots=True)
class _Names:
    sources: dict[int, str] = field(default_factory=dict)
    publishers: dict[int, str] = field(default_factory=dict)
    judgements: dict[int, str] = field(default_factory=dict)
    statements: dict[int, dict[str, str]] = field(default_factory=dict)

    def judgement(self, profile_id: int, key: str | None) -> str:
        """What a judgement says where readers can read it; before that, its key."""
        return self.statements.get(profile_id, {}).get(key or "", key or "")

    def tell(self, change: Change, profile_id: int) -> Change:
        """Replace numbers by names; a row that is gone by now is named by what its trigger kept."""
        told = {
            key: value for key, value in change.items() if key in {"on", "op", "by", "count", "name", "title", "key"}
        }
        if "source_id" in change:
            told["title"] = self.sources.get(change["source_id"], "")
        if "origin_id" in change:
            told["origin"] = self.sources.get(change["origin_id"], "")
        if "judgement_id" in change:
            told["key"] = self.judgements.get(change["judgement_id"], "")
        if told.get("key"):
            told["statement"] = self.judgement(profile_id, told["key"])
        for side in ("from", "to"):
            if side in change:
                told[side] = {
                    key: self._value(key, value) for key, value in change[side].items() if self._differs(change, key)
                }
        return told

    def _value(self, key: str, value: Any) -> Any:
        tables = {"source_id": self.sources, "origin_id": self.sources, "publisher_id": self.publishers}
        return tables[key].get(value, "") if key in tables else value

    @staticmethod
    def _differs(change: Change, key: str) -> bool:
        return bool(change.get("from", {}).get(key) != change.get("to", {}).get(key))


def _names(changes: Iterable[Change], profile_ids: list[int]) -> _Names:
    wanted: dict[str, set[int]] = {"source": set(), "publisher": set(), "judgement": set()}
    for change in changes:
        for part in (change, change.get("from", {}), change.get("to", {})):
            wanted["source"] |= {part[key] for key in ("source_id", "origin_id") if part.get(key) is not None}
            wanted["publisher"] |= {part[key] for key in ("publisher_id",) if part.get(key) is not None}
            wanted["judgement"] |= {part[key] for key in ("judgement_id",) if part.get(key) is not None}
    return _Names(
        dict(Source.objects.filter(pk__in=wanted["source"]).values_list("pk", "title")),
        dict(Publisher.objects.filter(pk__in=wanted["publisher"]).values_list("pk", "name")),
        dict(Judgement.objects.filter(pk__in=wanted["judgement"]).values_list("pk", "key")),
        dict(Profile.objects.filter(pk__in=profile_ids).values_list("pk", "live_revision__statements")),
    )


# --- In words --------------------------------------------------------------------------------------------------------


def explain_cause(cause: Change) -> str:
    """Return one sentence for one stored cause, with who did it where that was not the desk."""
    tell = _cleared if cause.get("op") == "clear" else _WORDS.get(cause.get("on", ""), _something)
    words = tell(cause)
    by = {"sql": _("by the operator"), "import": _("by an import")}.get(cause.get("by", ""))
    return f"{words} ({by})." if by else f"{words}."


def _something(cause: Change) -> str:
    return _("The evidence was edited")


def _cleared(cause: Change) -> str:
    # TRUNCATE shows its trigger no rows, so there is nothing to name.
    return {
        "publisher": _("Every publisher was removed at once"),
        "source": _("Every source was removed at once"),
        "derivation": _("What sources repeat was removed everywhere at once"),
        "citation": _("Every citation was removed at once"),
        "judgement": _("Every key judgement was removed at once"),
        "link": _("Every key judgement lost its sources at once"),
    }.get(cause.get("on", ""), _something(cause))


def _many(cause: Change) -> int:
    return int(cause.get("count", 1))


def _publisher(cause: Change) -> str:
    if cause["op"] != "change":
        return _("The publisher %(name)s was removed") % cause
    if _many(cause) > 1:
        return _("Publishers’ reliability letters changed")
    letters = {"name": cause["name"], "was": cause["from"]["reliability"], "now": cause["to"]["reliability"]}
    return _("%(name)s went from Reliability %(was)s to Reliability %(now)s") % letters


def _source(cause: Change) -> str:
    if cause["op"] != "change":
        return _("The source “%(title)s” was removed") % cause
    parts = []
    if "published_on" in cause["to"]:
        days = {
            "title": cause["title"],
            "was": _day(cause["from"]["published_on"]),
            "now": _day(cause["to"]["published_on"]),
        }
        parts.append(_("“%(title)s” is now %(now)s, before: %(was)s") % days)
    if "publisher_id" in cause["to"]:
        parts.append(
            _("“%(title)s” is now filed under %(now)s, before: %(was)s")
            % {"title": cause["title"], "was": cause["from"]["publisher_id"], "now": cause["to"]["publisher_id"]}
        )
    return "; ".join(parts)


def _day(value: str | None) -> str:
    return _("dated %(day)s") % {"day": f"{date.fromisoformat(value):%-d %B %Y}"} if value else _("undated")


def _derivation(cause: Change) -> str:
    if cause["op"] == "add":
        return _("“%(title)s” is now known to repeat “%(origin)s”") % cause
    if cause["op"] == "remove":
        return _("“%(title)s” is no longer said to repeat “%(origin)s”") % cause
    return _("What “%(title)s” repeats was edited") % cause


def _citation(cause: Change) -> str:
    many = _many(cause)
    if cause["op"] == "add":
        if many == 1:
            return _("“%(title)s” was cited") % cause
        return ngettext("%(count)d citation was added", "%(count)d citations were added", many) % {"count": many}
    if cause["op"] == "remove":
        if many == 1:
            return _("The citation of “%(title)s” was removed") % cause
        return ngettext("%(count)d citation was removed", "%(count)d citations were removed", many) % {"count": many}
    if many > 1:
        return ngettext("%(count)d citation was edited", "%(count)d citations were edited", many) % {"count": many}
    return _("The citation of “%(title)s” was edited: %(what)s") % {"title": cause["title"], "what": _fields(cause)}


CITATION_FIELDS = {
    "stance": gettext_lazy("stance"),
    "credibility": gettext_lazy("credibility"),
    "direct": gettext_lazy("direct"),
    "source_id": gettext_lazy("source"),
    "profile_id": gettext_lazy("profile"),
}


def _fields(cause: Change) -> str:
    return ", ".join(
        _("%(field)s from %(was)s to %(now)s")
        % {"field": CITATION_FIELDS.get(key, key), "was": _plain(cause["from"][key]), "now": _plain(value)}
        for key, value in cause["to"].items()
    )


def _plain(value: Any) -> str:
    return {True: _("yes"), False: _("no")}[value] if isinstance(value, bool) else str(value)


def _judgement(cause: Change) -> str:
    if cause["op"] == "add":
        return _("The key judgement “%(statement)s” was added") % _quoted(cause)
    if cause["op"] == "remove":
        return _("The key judgement “%(statement)s” was removed") % _quoted(cause)
    return "; ".join(_judgement_field(name, value) % _quoted(cause) for name, value in cause["to"].items())


def _judgement_field(name: str, value: Any) -> str:
    return {
        ("essential", True): _("“%(statement)s” is now an essential judgement"),
        ("essential", False): _("“%(statement)s” is no longer an essential judgement"),
        ("lasting", True): _("“%(statement)s” no longer ages"),
        ("lasting", False): _("“%(statement)s” ages from now on"),
    }.get((name, value), _("The key judgement “%(statement)s” was edited"))


def _quoted(cause: Change) -> Change:
    # The full stop of a statement would stand beside the one of our sentence.
    return {**cause, "statement": (cause.get("statement") or cause.get("key", "")).rstrip(".")}


def _link(cause: Change) -> str:
    if _many(cause) > 1:
        return _("Which citations the key judgements rest on was edited")
    if cause["op"] == "add":
        return _("“%(statement)s” now rests on “%(title)s”") % _quoted(cause)
    if cause["op"] == "remove":
        return _("A key judgement no longer rests on “%(title)s”") % cause
    return _("A key judgement rests on another citation")


def _profile(cause: Change) -> str:
    return {
        "publish": _("The profile was published"),
        "withdraw": _("The profile was withdrawn"),
    }.get(cause["op"], _("The profile was created"))


_WORDS: dict[str, Callable[[Change], str]] = {
    "publisher": _publisher,
    "source": _source,
    "derivation": _derivation,
    "citation": _citation,
    "judgement": _judgement,
    "link": _link,
    "profile": _profile,
    "age": lambda cause: _("Nothing was edited: evidence counts for less as it ages"),
    "method": lambda cause: _("The method changed from version %(from)s to version %(to)s") % cause,
    "least_sure": lambda cause: (
        _("The least sure essential judgement is now “%(to)s”") % {"to": cause["to"].rstrip(".")}
    ),
    "more": lambda cause: ngettext("%(count)d further edit", "%(count)d further edits", cause["count"]) % cause,
    "operator": lambda cause: _("The operator asked for the grade to be computed again"),
}
