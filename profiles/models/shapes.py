"""What the JSON columns of a text hold. A column of JSON takes anything; the pages can show this alone."""

import re
from typing import Any

WHEN = {"now", "quarter", "year"}
WANTED = {
    "statements": 'Write {"j1": "A sentence we assert."}: the key of each judgement with its wording, which is text.',
    "sections": 'Write [{"heading": "…", "body": "Markdown"}]: each section has both, and both are text.',
    "outlook": 'Write {"now": {"headline": "…", "body": "…"}}: now, quarter and year are known, and what they say is text.',
}
# JSON can spell what PostgreSQL cannot store: NUL, and half characters.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def misshapen(held: dict[str, Any]) -> dict[str, str]:
    """Return what would be right, by the name of each of the columns that holds something else."""
    checks = {"statements": _are_statements, "sections": _are_sections, "outlook": _is_outlook}
    return {name: WANTED[name] for name, is_right in checks.items() if not is_right(held[name])}


def _are_statements(held: Any) -> bool:
    return _maps_to_text(held) and "" not in held


def _are_sections(held: Any) -> bool:
    return isinstance(held, list) and all(_maps_to_text(one) and one.keys() == {"heading", "body"} for one in held)


def _is_outlook(held: Any) -> bool:
    known = isinstance(held, dict) and held.keys() <= WHEN
    return known and all(_maps_to_text(one) and one.keys() <= {"headline", "body"} for one in held.values())


def _maps_to_text(held: Any) -> bool:
    return isinstance(held, dict) and all(_is_text(word) for word in (*held.keys(), *held.values()))


def _is_text(held: Any) -> bool:
    return isinstance(held, str) and not UNSTORABLE.search(held)
