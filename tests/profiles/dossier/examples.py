"""A small dossier to start from, and what is needed to say what an import wrote."""

from copy import deepcopy

import yaml
from django.db import connection

EXAMPLE = {
    "dossier": 1,
    "publishers": [
        {"slug": "example-wire", "name": "Example Wire", "reliability": "A", "reliability_reason": "Was there."},
        {"slug": "example-academy", "name": "Example Academy"},
    ],
    "sources": [
        {
            "key": "report",
            "publisher": "example-wire",
            "title": "A report",
            "authors": ["R. Porter"],
            "url": "https://wire.example.org/report",
            "published_on": "2024-11-01",
            "language": "en",
            "derived_from": ["paper"],
        },
        {"key": "paper", "publisher": "example-academy", "title": "A paper"},
    ],
    "profile": {
        "slug": "example",
        "name": "Example Registry",
        "aliases": ["EXR"],
        "kind": "registry",
        "standfirst": "A registry for examples.",
        "status": "published",
        "author": "Wanda Writer",
        "reviewer": "Edith Editor",
        "first_published": "2024-11-12",
        "facets": {"category": {"term": "Registry", "rationale": "It registers."}, "topic": {"term": "Addresses"}},
        "judgements": [{"key": "j1", "statement": "It exists."}, {"key": "j2", "statement": "It matters."}],
        "citations": [
            {"source": "report", "credibility": 2, "judgements": ["j1", "j2"], "establishes": "That it exists."},
            {"source": "paper", "direct": True, "judgements": ["j1"]},
        ],
        "sections": [{"heading": "What happened", "body": "Something.\n\nAnd more."}],
        "what_it_does": ["Registers."],
        "outlook": {"now": {"headline": "Quiet", "body": "Nothing is due."}},
        "related": ["not-here-yet"],
        "corrections": [{"on": "2025-01-05", "text": "The date was wrong."}],
    },
}


def example(**profile):
    """The example with other values in its profile; None takes a field out."""
    whole = deepcopy(EXAMPLE)
    whole["profile"].update(profile)
    whole["profile"] = {name: value for name, value in whole["profile"].items() if value is not None}
    return whole


def write(folder, whole, name="example.yaml"):
    path = folder / name
    path.write_text(whole if isinstance(whole, str) else yaml.safe_dump(whole, allow_unicode=True, sort_keys=False))
    return path


def every_row():
    """Every row of ours with the place it lies in: an update moves it, even one that changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE tablename ~ '^(profiles|briefings|accounts)_' ORDER BY 1")
        tables = [row[0] for row in cursor.fetchall()]
        rows = {}
        for table in tables:
            cursor.execute(f'SELECT xmin::text, ctid::text, t::text FROM "{table}" t ORDER BY ctid')
            rows[table] = cursor.fetchall()
    return rows
