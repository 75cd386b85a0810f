"""Why a grade moved: what the triggers saw, with names in place of numbers, and the sentence readers get."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from config.inwords import day, separated, side_by_side
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
    hidden: bool = False  # nobody could read the profile when it was graded last


def of(moved: Sequence[Moved]) -> list[list[Change]]:
    """Return the causes of each, ready to be stored: names stand in them, so they outlive what they name."""
    names = _names((change for one in moved for change in one.changes), [one.profile_id for one in moved])
    return [_causes(one, names) for one in moved]


def _causes(moved: Moved, names: "_Names") -> list[Change]:
    changes = _public((change for change in moved.changes if change.get("on")), hidden=moved.hidden)
    published = [change for change in changes if change["on"] == "profile" and change["op"] == "publish"]
    if published and moved.first:
        return [{**names.tell(published[0], moved.profile_id), "again": False}]
    told = _folded(_distinct(names.tell(change, moved.profile_id) for change in changes))
    # 0: the state was lost and made anew, so nobody knows which method was the last one.
    if not moved.first and moved.old_method not in (0, moved.new_method):
        told.append({"on": "method", "from": moved.old_method, "to": moved.new_method})
    before, after = moved.least_sure
    if not moved.first and before != after:
        sides = {"from": names.judgement(moved.profile_id, before), "to": names.judgement(moved.profile_id, after)}
        told.append({"on": "least_sure", **sides})
    rest = sum(int(change.get("count", 1)) for change in told[TOLD:])
    nothing = {"on": "profile", "op": "publish"} if moved.first else {"on": "age"}
    return told[:TOLD] + ([{"on": "more", "count": rest}] if rest else []) or [nothing]


def _public(changes: Iterable[Change], *, hidden: bool) -> list[Change]:
    """Leave out what was edited while nobody could read the profile: it may name what never was public."""
    found: list[Change] = []
    unread: list[Change] = []
    for change in changes:
        if _moves_in_public(change):
            hidden, unread = change["op"] == "withdraw", []
        (unread if hidden else found).append(change)
    return found + unread


def _moves_in_public(change: Change) -> bool:
    return change["on"] == "profile" and change["op"] in {"publish", "withdraw"}


def _distinct(changes: Iterable[Change]) -> list[Change]:
    found: list[Change] = []
    for change in changes:
        if change not in found:
            found.append(change)
    return found


def _folded(told: list[Change]) -> list[Change]:
    """Leave out the links that went with a citation: its own sentence names the judgements it was cited for."""
    cited = {one["title"]: one for one in told if _is(one, "citation", "add") and one.get("title")}
    removed = {one.get("title") for one in told if _is(one, "citation", "remove")}
    replaced = {one["to"]["source_id"] for one in told if _is(one, "citation", "change") and "source_id" in one["to"]}
    kept = []
    for one in told:
        title = one.get("title")
        if _is(one, "link", "add") and title in cited and one.get("statement"):
            cited[title].setdefault("for", []).append(one["statement"])
        elif not (
            (_is(one, "link", "remove") and title in removed)
            or (_is(one, "link", "change") and one["to"].get("source_id") in replaced)
        ):
            kept.append(one)
    return kept


def _is(cause: Change, on: str, op: str) -> bool:
    return (cause["on"], cause.get("op"), _many(cause)) == (on, op, 1)


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
        if "profile_id" in told.get("to", {}):
            told["moved"] = "here" if told["to"]["profile_id"] == profile_id else "away"
        if (told["on"], told.get("op")) == ("profile", "publish"):
            told["again"] = True
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
    words = tell(cause) or _something(cause)
    if words.startswith(_gone()):
        words = capfirst(words)
    by = {"sql": _("by the operator"), "import": _("by an import")}.get(cause.get("by", ""))
    return _("%(words)s (%(by)s).") % {"words": words, "by": by} if by else _("%(words)s.") % {"words": words}


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


def _gone() -> str:
    return _("a source that is no longer on file")


def _titled(title: str | None) -> str:
    return _("“%(title)s”") % {"title": title} if title else _gone()


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
    return side_by_side(parts)


def _day(value: str | None) -> str:
    return _("dated %(day)s") % {"day": day(date.fromisoformat(value))} if value else _("undated")


def _derivation(cause: Change) -> str:
    names = {"title": _titled(cause.get("title")), "origin": _titled(cause.get("origin"))}
    if cause["op"] == "remove":
        return _and_more(_("%(title)s is no longer said to repeat %(origin)s") % names, cause)
    if cause["op"] == "add":
        return _and_more(_("%(title)s is now known to repeat %(origin)s") % names, cause)
    if "origin_id" in cause.get("to", {}):
        names["was"] = _titled(cause["from"]["origin_id"])
        return _("%(title)s is now known to repeat %(origin)s, before: %(was)s") % names
    return _("What %(title)s repeats was edited") % names


def _and_more(words: str, cause: Change) -> str:
    more = _many(cause) - 1
    return words + (ngettext(" and %(more)d more", " and %(more)d more", more) % {"more": more} if more else "")


def _citation(cause: Change) -> str:
    many = _many(cause)
    if many > 1:
        return _citations(cause["op"], many)
    name = {"title": _titled(cause.get("title"))}
    if cause["op"] == "add":
        return _cited(cause) % name
    if cause["op"] == "remove":
        return _("The citation of %(title)s was removed") % name
    return side_by_side(_changed(cause, name))


def _citations(op: str, many: int) -> str:
    said = {
        "add": ngettext("%(count)d citation was added", "%(count)d citations were added", many),
        "remove": ngettext("%(count)d citation was removed", "%(count)d citations were removed", many),
    }.get(op, ngettext("%(count)d citation was edited", "%(count)d citations were edited", many))
    return said % {"count": many}


def _cited(cause: Change) -> str:
    statements = separated(_("“%(statement)s”") % {"statement": one.rstrip(".")} for one in cause.get("for", ()))
    if not statements:
        return _("%(title)s was cited")
    return _("%(title)s was cited for %(statements)s").replace("%(statements)s", statements.replace("%", "%%"))


def _changed(cause: Change, name: Change) -> Iterable[str]:
    """Yield what happened to one citation: moved, resting on another source, or edited in its fields."""
    if moved := cause.get("moved"):
        yield {
            "here": _("The citation of %(title)s came here from another profile"),
            "away": _("The citation of %(title)s went to another profile"),
        }[moved] % name
    if "source_id" in cause["to"]:
        names = {"now": _titled(cause["to"]["source_id"]), "was": _titled(cause["from"]["source_id"])}
        yield _("%(now)s is now cited in place of %(was)s") % names
    if fields := _fields(cause):
        yield _("The citation of %(title)s was edited: %(what)s") % {**name, "what": fields}


CITATION_FIELDS = {
    "stance": gettext_lazy("stance"),
    "credibility": gettext_lazy("credibility"),
    "direct": gettext_lazy("direct"),
}
STANCES = {
    "supports": pgettext_lazy("stance", "supports"),
    "disputes": pgettext_lazy("stance", "disputes"),
    "context": pgettext_lazy("stance", "context"),
}


def _fields(cause: Change) -> str:
    return separated(
        _("%(field)s from %(was)s to %(now)s")
        % {"field": CITATION_FIELDS[key], "was": _plain(cause["from"][key]), "now": _plain(value)}
        for key, value in cause["to"].items()
        if key in CITATION_FIELDS
    )


def _plain(value: Any) -> str:
    return {True: _("yes"), False: _("no")}[value] if isinstance(value, bool) else str(STANCES.get(value, value))


def _judgement(cause: Change) -> str:
    if (many := _many(cause)) > 1:
        return _judgements(cause["op"], many)
    if cause["op"] == "add":
        return _("The key judgement “%(statement)s” was added") % _quoted(cause)
    if cause["op"] == "remove":
        return _("The key judgement “%(statement)s” was removed") % _quoted(cause)
    return side_by_side(_judgement_field(name, value) % _quoted(cause) for name, value in cause["to"].items())


def _judgements(op: str, many: int) -> str:
    said = {
        "add": ngettext("%(count)d key judgement was added", "%(count)d key judgements were added", many),
        "remove": ngettext("%(count)d key judgement was removed", "%(count)d key judgements were removed", many),
    }.get(op, ngettext("%(count)d key judgement was edited", "%(count)d key judgements were edited", many))
    return said % {"count": many}


def _judgement_field(name: str, value: Any) -> str:
    if name == "position":
        return _("“%(statement)s” was moved on the page")
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
        return _("What the key judgements rest on was edited")
    said = {**_quoted(cause), "title": _titled(cause.get("title"))}
    named = bool(said["statement"])
    return {
        ("add", True): _("“%(statement)s” now rests on %(title)s"),
        ("add", False): _("A key judgement now rests on %(title)s"),
        ("remove", True): _("“%(statement)s” no longer rests on %(title)s"),
        ("remove", False): _("A key judgement no longer rests on %(title)s"),
    }.get((cause["op"], named), _("A key judgement rests on another citation")) % said


def _profile(cause: Change) -> str:
    if cause["op"] == "publish" and cause.get("again"):
        return _("The profile was published again")
    return {
        "publish": _("The profile was published"),
        "withdraw": _("The profile was withdrawn"),
    }.get(cause["op"], _("The profile was created"))


def _least_sure(cause: Change) -> str:
    if not cause["to"]:
        return _("Without key judgements, the profile is graded on all its citations")
    return _("The least sure essential judgement is now “%(to)s”") % {"to": cause["to"].rstrip(".")}


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
    "least_sure": _least_sure,
    "more": lambda cause: ngettext("%(count)d further edit", "%(count)d further edits", cause["count"]) % cause,
    "operator": lambda cause: _("The operator asked for the grade to be computed again"),
}
