"""The desk: publishers, sources, citations, profiles, and how the grading fares."""

from profiles.admin import grading, profiles, publishers, site, sources, text

__all__ = ["grading", "profiles", "publishers", "site", "sources", "text"]
