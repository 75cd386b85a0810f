"""The desk: publishers, sources, citations, profiles, and how the grading fares."""

from profiles.admin import (
    corrections,
    figures,
    four_eyes,
    grading,
    home,
    intake,
    profiles,
    publishers,
    settling,
    site,
    sources,
    text,
    tickets,
    usage,
)

__all__ = [
    "corrections",
    "figures",
    "four_eyes",
    "grading",
    "home",
    "intake",
    "profiles",
    "publishers",
    "settling",
    "site",
    "sources",
    "text",
    "tickets",
    "usage",
]
