"""The accounts of the demo: one for every kind of reader and for everybody on the desk, with one password for all."""

import os
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts import actions
from accounts.applications import actions as applications
from accounts.applications.actions import Written
from accounts.models import Check, Grant, Organisation, Seat, User
from accounts.tiers import Tier
from briefings import staff
from briefings.alerts.actions import follow
from briefings.alerts.subjects import asked_for
from profiles.models import Person

NOBODY = "A demonstration identity; no such person exists."
# Short, common and hard to mistake for one another when read from a terminal.
WORDS = """amber anchor apple arrow autumn badge basil beacon birch bridge cactus candle canyon cedar cherry clover
    cobalt comet copper coral cotton cricket dahlia delta ember falcon fern fiddle forest galaxy garden ginger glacier
    granite harbor hazel heron indigo island ivory jasmine juniper kettle lagoon lantern lemon lilac linen maple marble
    meadow mosaic nectar nutmeg oasis olive onyx orchid otter paper pebble pepper pine plum poppy quartz raven reef
    ribbon river saffron sage sierra silver spruce summit sunset thistle thunder timber topaz tulip tundra umbra valley
    velvet violet walnut willow winter zephyr""".split()  # noqa: SIM905  a hundred quotes would be noise


@dataclass(frozen=True, slots=True)
class Role:
    """One account of the demo. Its address is `<role>@example.org`."""

    role: str
    name: str
    who: str
    group: str = ""
    superuser: bool = False

    @property
    def email(self) -> str:
        return f"{self.role}@example.org"


# The accounts of readers bear the names of what they show.
ROLES = (
    Role("reader", "Rita", "a reader"),
    Role("circle", "Mina", "member of the Strategic Circle"),
    Role("alliance", "Alma", "member of the Leadership Alliance, manager of her organisation's seats"),
    Role("colleague", "Carl", "member of the Leadership Alliance, on the second seat"),
    Role("applicant", "Anton", "has begun an application to the Alliance, and not sent it"),
    Role("waiting", "Vera", "has applied to the Alliance, and waits for the officer"),
    Role("asked", "Nadia", "has applied to the Alliance, and was asked for more"),
    Role("refused", "Rolf", "has applied to the Alliance, and was refused"),
    Role("expired", "Ella", "a reader whose membership of the Alliance has ended"),
    Role("suspended", "Simon", "member of the Strategic Circle, suspended"),
    Role("author", "Wanda", "author, on the desk", staff.AUTHOR),
    Role("editor", "Edith", "editor, on the desk", staff.EDITOR),
    Role("editor2", "Frank", "second editor, on the desk", staff.EDITOR),
    Role("officer", "Otto", "membership officer, on the desk", staff.OFFICER),
    Role("admin", "Ada", "administrator, may do everything", superuser=True),
)


def seed_accounts(password: str) -> dict[str, User]:
    """Make one account for each role, with a verified address; return them by role."""
    staff.make_groups()
    hashed = make_password(password)  # once: hashing is slow on purpose
    people = {role.role: _seed(role, hashed) for role in ROLES}
    _fill_the_ledger(people)
    _apply_to_the_alliance(people)
    return people


def _fill_the_ledger(people: dict[str, User]) -> None:
    """Give each reader of the demo the standing that their account is named for."""
    year_ago = timezone.now() - timedelta(days=365)
    for role in ("circle", "suspended"):
        actions.join_circle(user=people[role])
    actions.suspend(
        user=people["suspended"], by=people["officer"], reason="This account of the demo shows a suspension."
    )
    for name, roles, ends_at in (
        ("Example Networks (demo)", ("alliance", "colleague"), None),
        ("Example Hosting (demo)", ("expired",), year_ago + timedelta(days=300)),
    ):
        organisation = Organisation.objects.create(name=name, number_resources=["AS64500"])
        for number, role in enumerate(roles, start=1):
            Seat.objects.create(organisation=organisation, user=people[role], number=number, starts_at=year_ago)
        Grant.objects.create(
            organisation=organisation,
            tier=Tier.LEADERSHIP_ALLIANCE,
            starts_at=year_ago,
            ends_at=ends_at,
            how=Grant.How.COMP,
            evidence="Made up for the demo.",
            granted_by=people["officer"],
        )


def follow_something(people: dict[str, User]) -> None:
    """Let the member of the Circle follow two profiles: what moves on one is told at once, on the other once a day."""
    for slug, often in (("afrinic", "at-once"), ("chatbit", "")):
        follow(user=people["circle"], subject=asked_for({"profile": slug}), often=often)


def _apply_to_the_alliance(people: dict[str, User]) -> None:
    """One application for each state that an applicant may find theirs in."""
    officer = people["officer"]
    draft = Written(organisation="Example Fibre (demo)", resources="AS64501", statement="Still looking for our handle.")
    applications.save(applicant=people["applicant"], written=draft, seen=0)
    sent = {}
    for role, name, resource in (
        ("waiting", "Example Transit (demo)", "AS64502"),
        ("asked", "Example Campus (demo)", "192.0.2.0/24"),
        ("refused", "Example Resale (demo)", "198.51.100.0/24"),
    ):
        written = Written(organisation=name, resources=resource, role="Head of network")
        sent[role] = applications.submit(applicant=people[role], written=written, seen=0)
    question = "Who at Example Campus may speak for the prefix? A letter of your registry would do."
    applications.ask(application_id=sent["asked"].pk, version=1, by=officer, question=question)
    reason = "The registry shows another holder of this prefix, and you wrote that you sell it on."
    applications.refuse(application_id=sent["refused"].pk, version=1, by=officer, reason=reason)
    # Nothing of the demo is asked of a real registry.
    Check.objects.filter(outcome="").update(
        outcome=Check.Outcome.NO_MATCH,
        answer="Made up for the demo: no registry was asked.",
        answered_at=timezone.now(),
    )


def _seed(role: Role, hashed: str) -> User:
    user = User.objects.create(
        email=role.email,
        name=f"{role.name} (demo {role.role})",
        password=hashed,
        is_staff=bool(role.group) or role.superuser,
        is_superuser=role.superuser,
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if role.group:
        staff.join(user, role.group)
    return user


def introduce_people() -> None:
    """Say on the pages of the demo's authors and reviewers that they are made up."""
    Person.objects.filter(authored__isnull=False).update(role="Author", biography=NOBODY)
    Person.objects.filter(reviewed__isnull=False).update(role="Editor", biography=NOBODY)


# --- The password -----------------------------------------------------------------------------------------------------


def password_to_seed() -> str:
    """Return DEMO_PASSWORD, or one made up and kept for the next start."""
    return settings.ENV.demo_password or _kept(settings.DATA_DIR / "demo_password")


def password_in_use() -> str | None:
    """Return the password the accounts have; None if somebody has given them another one since."""
    admin = User.objects.filter(email="admin@example.org").first()
    kept = settings.DATA_DIR / "demo_password"
    known = [settings.ENV.demo_password, kept.read_text().strip() if kept.exists() else ""]
    return next((password for password in known if password and admin and admin.check_password(password)), None)


def _kept(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            file.write("-".join(secrets.choice(WORDS) for _word in range(4)))
    return path.read_text().strip()


def table(password: str) -> str:
    """Return the log-ins as a table for a terminal."""
    rows = [f"  {role.email:<24}{role.who}" for role in ROLES]
    return "\n".join([f"Log in as any of these with the password {password}", *rows])
