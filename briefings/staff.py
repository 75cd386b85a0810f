"""The groups of people who work on the desk, and what each may do there."""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from accounts.models import User

AUTHOR, EDITOR, OFFICER = "Author", "Editor", "Membership officer"

EVIDENCE = ["source", "derivation", "citation", "judgement", "judgementcitation"]
TEXT = ["profile", "revision", "facetvalue", "figure", "person"]
INTAKE = ["intake"]
GATED = ["teaser", "briefing", "sourcenote"]

# Whoever leaves the desk of an author takes no profile with them: removing is for what a draft consists of.
AUTHORS = {
    "view": [
        "publisher",
        "term",
        "correction",
        "grade",
        "gradingstate",
        "ticket",
        "dailycount",
        *EVIDENCE,
        *TEXT,
        *INTAKE,
        *GATED,
    ],
    "add": [*EVIDENCE, *TEXT, *INTAKE, *GATED],
    "change": [*EVIDENCE, *TEXT, *INTAKE, *GATED],
    "delete": ["derivation", "citation", "judgement", "judgementcitation", "facetvalue", *GATED],
}
EDITORS = {
    "view": ["page", "wording"],
    "add": ["publisher", "term", "correction", "page"],
    "change": ["publisher", "term", "correction", "ticket", "page"],
    "delete": ["source", "publisher", "term", *INTAKE],
    "publish": ["profile"],
}
OFFICERS = {
    "view": ["user", "organisation", "seat", "grant", "application", "suspension", "mutedaddress"],
    "add": ["organisation", "seat", "grant", "suspension", "mutedaddress"],
    "change": ["organisation", "seat", "grant", "application", "suspension"],
    "delete": ["mutedaddress"],
    "export": ["members"],
    "end": ["sessions"],
}
MAY = {AUTHOR: [AUTHORS], EDITOR: [AUTHORS, EDITORS], OFFICER: [OFFICERS]}
APPS = {AUTHOR: ["profiles", "briefings"], EDITOR: ["profiles", "briefings"], OFFICER: ["accounts", "config"]}


def make_groups() -> None:
    """Make the groups and give each exactly its permissions; what does not exist yet is left out."""
    for name in MAY:
        group, _made = Group.objects.get_or_create(name=name)
        group.permissions.set(_permissions(name))


def join(user: User, group: str) -> None:
    """Put somebody on the desk."""
    if not Group.objects.filter(name=group).exists():
        make_groups()
    user.groups.add(Group.objects.get(name=group))


def _permissions(name: str) -> list[Permission]:
    wanted = Q()
    for may in MAY[name]:
        for verb, models in may.items():
            wanted |= Q(codename__in=[f"{verb}_{model}" for model in models])
    return list(Permission.objects.filter(wanted, content_type__app_label__in=APPS[name]))
