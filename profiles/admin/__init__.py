"""The desk: publishers, sources, citations, profiles, and how the grading fares."""

from profiles.admin import four_eyes, grading, home, profiles, publishers, settling, site, sources, text

__all__ = ["four_eyes", "grading", "home", "profiles", "publishers", "settling", "site", "sources", "text"]
