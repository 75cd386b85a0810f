"""Every page of the desk, asked by everybody who works there, against the table in docs/operations.md."""

import re
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import Suspension, User
from accounts.tiers import Tier
from briefings.models import PreviewLink
from config import mailing
from config.models import Site
from profiles.models import (
    Correction,
    DailyCount,
    Figure,
    GradingState,
    Intake,
    Outcome,
    Settlement,
    Ticket,
)
from tests.briefings.test_canary import addresses
from tests.builders import (
    LONG_AGO,
    THE_DAY,
    cite,
    give,
    make_application,
    make_briefing,
    make_note,
    make_organisation,
    make_person,
    make_profile,
    make_user,
)

pytestmark = pytest.mark.django_db

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
ROW = re.compile(r"^\| [^|\n]+ `(\w+\.\w+)` \|([^|\n]*)\|([^|\n]*)\|([^|\n]*)\|([^|\n]*)\|$", re.MULTILINE)
ROLES = ["author", "editor", "officer", "administrator"]
VERBS = ["see", "add", "change", "remove", "end", "lift", "log out", "export"]


def written():
    """What the table says each role may do with each thing."""
    rows = ROW.findall(OPERATIONS.read_text())
    return {name: {role: words(cell) for role, cell in zip(ROLES, cells, strict=True)} for name, *cells in rows}


def words(cell):
    return {word.strip() for word in cell.split(",")} - {"–"}


@pytest.fixture
def one_of_each(db):
    """A draft with all that hangs on it, and whatever else the desk has pages for."""
    profile = make_profile("draft", judgements={"j1": "So."}, facets={"region": "Africa"}, author=make_person())
    citation = cite(profile)
    make_note(citation)
    make_briefing(profile, live=False)
    member = make_user("member@example.org")
    organisation = make_organisation(member)
    give(Tier.STRATEGIC_CIRCLE, member)
    Suspension.objects.create(user=make_user(), reason="a test")
    make_application()
    Authenticator.objects.create(user=member, type=Authenticator.Type.TOTP, data={"secret": "x"})
    UserSession.objects.create(user=member, ip="192.0.2.1", session_key="x", user_agent="A browser")
    mailing.mute("gone@example.org", reason="a test")
    Ticket.objects.create(message="A date is wrong.")
    Intake.objects.create(title="An article", progress="read")
    GradingState.objects.get_or_create(pk=profile.pk)
    Correction.objects.create(profile=profile, on=THE_DAY, text="It was six.")
    Figure.objects.create(digest="a" * 64, extension="webp", width=10, height=10, filename="drawing")
    DailyCount.objects.create(profile=profile, day=THE_DAY, what="page", number=1)
    Site.objects.create(name="Assay")
    judgement = profile.judgements.get()
    told = {"statement": "So.", "reason": "A court said so.", "settled_on": THE_DAY}
    Settlement.objects.create(judgement=judgement, outcome=Outcome.CONFIRMED, **told)
    link = {"revision": profile.draft, "edit": 1, "persona": "circle", "made_by": member}
    PreviewLink.objects.create(digest="x" * 64, expires_at=LONG_AGO, **link)
    return profile, organisation


@pytest.fixture
def people(wanda, edith, otto):
    root = make_user("root@example.org", is_staff=True, is_superuser=True)
    return {"author": wanda, "editor": edith, "officer": otto, "administrator": root}


def logged_in(user):
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def page(model, step, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{step}", args=args)


def may(client, model):
    """What the pages of a thing let somebody do, as they answer."""
    told = set()
    listed = client.get(page(model, "changelist"), follow=True)
    told |= {"see"} if listed.status_code == 200 else set()  # where there is one row alone, the list leads to it
    added = client.get(page(model, "add"))
    # A note is begun at the source it is about.
    begun = added.status_code == 302 and "/admin/login/" not in added.url
    told |= {"add"} if added.status_code == 200 or begun else set()
    thing = model.objects.order_by("pk").first()
    if thing is None:
        return told
    shown = client.get(page(model, "change", thing.pk))
    told |= {"change"} if shown.status_code == 200 and shown.context["has_change_permission"] else set()
    told |= {"remove"} if client.get(page(model, "delete", thing.pk)).status_code == 200 else set()
    assert (shown.status_code == 200) == ("see" in told), model
    return told | {step.name.replace("-", " ") for step in steps(client, model, thing)} | exports(client, model)


def steps(client, model, thing):
    return [
        step
        for step in getattr(admin.site._registry[model], "steps", [])
        if client.get(page(model, step.name, thing.pk)).status_code != 403
    ]


def exports(client, model):
    return {"export"} if model is User and client.get(page(model, "members")).status_code == 200 else set()


def test_the_pages_of_the_desk_do_what_the_table_says(one_of_each, people):
    table = written()
    assert set(table) == {model._meta.label_lower for model in admin.site._registry}
    differ = []
    for role, user in people.items():
        client = logged_in(user)
        for model in admin.site._registry:
            name = model._meta.label_lower
            found = may(client, model)
            if found != table[name][role]:
                differ.append(f"{role}, {name}: {ordered(found)}, and not as written {ordered(table[name][role])}")
    assert differ == []


def test_who_does_not_work_here_meets_the_door_everywhere(one_of_each, mina):
    member, stranger = logged_in(mina), Client(raise_request_exception=False)
    for address in addresses():
        if address.startswith("/admin/") and address not in {"/admin/login/", "/admin/logout/"}:
            for client in (member, stranger):
                for method in (client.get, client.post):
                    answer = method(address)
                    assert answer.status_code == 302, address
                    assert answer.url.startswith("/admin/login/?next=/admin/"), address


def test_no_address_of_the_desk_breaks_for_anybody_who_works_there(one_of_each, people):
    broken = []
    for role, user in people.items():
        client = logged_in(user)
        for address in addresses():
            # A what-if begins a transaction of its own, which it cannot inside that of a test; it has tests of its own.
            if address.startswith("/admin/") and address != "/admin/logout/" and "what-if" not in address:
                answer = client.get(address)
                broken += [f"{role} {address}: {answer.status_code}"] if answer.status_code >= 500 else []
    assert broken == []


def ordered(verbs):
    return ", ".join(verb for verb in VERBS if verb in verbs) or "–"
