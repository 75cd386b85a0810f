"""The membership officer's desk: finding people, giving and ending, and nothing that is not an officer's to do."""

import csv
import re
from datetime import timedelta
from io import StringIO

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import actions
from accounts.access import tier_of, with_tier
from accounts.members import harmless, members
from accounts.models import Grant, Organisation, Seat, Suspension, User
from accounts.tiers import Tier
from config import mailing
from config.models import AuditEntry, MutedAddress
from tests.builders import PASSWORD, give, make_organisation, make_user

pytestmark = pytest.mark.django_db

SOON = timezone.now() + timedelta(days=30)
UNTIL = {"ends_at_0": f"{SOON:%Y-%m-%d}", "ends_at_1": "12:00:00"}


@pytest.fixture
def desk(client, otto):
    """Otto's desk."""
    client.force_login(otto)
    return client


def page(thing, step="change"):
    return reverse(f"admin:accounts_{thing._meta.model_name}_{step}", args=[thing.pk])


def add(model):
    return reverse(f"admin:accounts_{model}_add")


def tier(user):
    return tier_of(User.objects.get(pk=user.pk), at=timezone.now())


def said(response):
    """What a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text))


# Finding somebody


def test_an_officer_finds_a_person_by_address_name_or_second_address(desk, mina):
    mina.emailaddress_set.create(email="mina@other.example", verified=True)
    for asked in ("mina@example.org", "Mina", "mina@other.example"):
        found = desk.get(reverse("admin:accounts_user_changelist"), {"q": asked}).context["cl"].result_list
        assert [user.email for user in found] == ["mina@example.org"], asked


def test_the_list_of_people_tells_the_tier_of_now_and_filters_by_it(desk, mina, alma):
    actions.suspend(user=mina, by=alma, reason="a test")
    found = desk.get(reverse("admin:accounts_user_changelist"), {"tier": "leadership-alliance"}).context["cl"]
    assert [user.email for user in found.result_list] == ["alma@example.org"]
    found = desk.get(reverse("admin:accounts_user_changelist"), {"tier": "reader"}).context["cl"]
    assert {user.email for user in found.result_list} == {"mina@example.org", "otto@example.org"}


def test_the_tier_in_a_list_is_the_tier_that_counts(mina, alma, otto):
    inactive = make_user(is_active=False)
    give(Tier.STRATEGIC_CIRCLE, inactive)
    give(Tier.LEADERSHIP_ALLIANCE, mina, ends_at=timezone.now())
    Suspension.objects.create(organisation=alma.seats.get().organisation, reason="a test")
    now = timezone.now()
    told = {user.pk: user.tier_now for user in with_tier(User.objects.all(), at=now)}
    assert told == {user.pk: tier_of(user, at=now) for user in User.objects.all()}


def test_the_page_of_a_person_tells_past_present_and_future(desk, otto, mina):
    now = timezone.now()
    past = give(Tier.STRATEGIC_CIRCLE, mina, ends_at=now - timedelta(days=9), evidence="A trial in spring.")
    Grant.objects.filter(pk=past.pk).update(end_reason="The trial was over.", ended_by=otto)
    give(Tier.LEADERSHIP_ALLIANCE, mina, starts_at=now + timedelta(days=3), evidence="From next week on.")
    suspension = actions.suspend(user=mina, by=otto, reason="Shared a briefing.")
    actions.lift(suspension=suspension, by=otto, reason="She apologised.")
    text = said(desk.get(page(mina)))
    for words in (
        "Strategic Circle: joined on 1 January 2026",
        "holds now",
        "to come",
        "over",
        "A trial in spring.",
        "Otto: The trial was over.",
        "From next week on.",
        "Shared a briefing.",
        "Suspension added",
        "She apologised.",
        "mina@example.org (confirmed, the one mails go to)",
        "None; they are logged in nowhere.",
    ):
        assert words in text, words


def test_the_page_of_a_person_shows_second_factors_by_kind_and_no_secret(desk, edith):
    text = desk.get(page(edith)).text
    assert "authenticator app" in text
    assert "THECASTSHARES" not in text
    assert "pbkdf2" not in text
    assert "md5" not in text


def test_the_page_of_a_person_counts_their_sessions(desk, mina):
    Client().post("/accounts/login/", {"login": mina.email, "password": PASSWORD})
    assert "1, last seen" in said(desk.get(page(mina)))


@pytest.mark.parametrize("model", ["user", "organisation", "grant", "suspension", "seat"])
def test_a_list_costs_the_same_with_one_row_or_thirty(desk, django_assert_num_queries, model):
    def one_more():
        user = make_user()
        give(Tier.STRATEGIC_CIRCLE, user)
        organisation = make_organisation(user, name=f"Example {user.pk}")
        give(Tier.LEADERSHIP_ALLIANCE, organisation)
        Suspension.objects.create(user=user, reason="a test", by=user)

    one_more()
    address = reverse(f"admin:accounts_{model}_changelist")
    desk.get(address)
    with CaptureQueriesContext(connection) as before:
        desk.get(address)
    for _ in range(29):
        one_more()
    with django_assert_num_queries(len(before)):
        desk.get(address)


@pytest.mark.parametrize("model", ["organisation", "grant", "suspension", "seat"])
def test_an_empty_list_says_so(desk, model):
    assert re.search(
        r"\b0 (organisations|grants|suspensions|seats)\b", said(desk.get(reverse(f"admin:accounts_{model}_changelist")))
    )


def test_nothing_on_these_pages_is_inline_script_or_style(desk, alma):
    grant, seat = Grant.objects.get(), Seat.objects.get()
    suspension = Suspension.objects.create(user=alma, reason="a test")
    pages = [page(thing) for thing in (alma, grant, seat, suspension, seat.organisation)]
    pages += [page(grant, "end"), page(seat, "end"), page(suspension, "lift")]
    pages += [add(model) for model in ("grant", "suspension", "seat")]
    for address in [*pages, reverse("admin:accounts_user_members")]:
        response = desk.get(address)
        assert response.status_code == 200, address
        assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*\bsrc=)(?![^>]*json)", response.text), address


# Giving


def comp(**fields):
    return {"tier": Tier.STRATEGIC_CIRCLE, "evidence": "A guest of the conference.", **UNTIL, **fields}


def test_a_complimentary_grant_opens_the_tier_and_names_who_gave_it(desk, otto):
    reader = make_user()
    response = desk.post(f"{add('grant')}?user={reader.pk}", comp(user=reader.pk))
    assert response.url == page(reader)
    grant = reader.grants.get()
    assert (grant.how, grant.granted_by, grant.evidence) == ("comp", otto, "A guest of the conference.")
    assert tier(reader) == Tier.STRATEGIC_CIRCLE
    assert AuditEntry.objects.get(verb="grant.added", subject_id=grant.pk).actor == otto.pk


def test_an_organisation_is_given_the_alliance(desk):
    member = make_user()
    organisation = make_organisation(member)
    desk.post(add("grant"), comp(organisation=organisation.pk, tier=Tier.LEADERSHIP_ALLIANCE))
    assert tier(member) == Tier.LEADERSHIP_ALLIANCE


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"ends_at_0": "", "ends_at_1": ""}, "This field is required."),
        ({"evidence": ""}, "This field is required."),
        ({"user": ""}, "Name a person or an organisation, and not both."),
        ({"ends_at_0": "2020-01-01"}, "This lies in the past; nothing would begin."),
        ({"starts_at_0": "2020-01-01", "starts_at_1": "12:00:00"}, "This lies in the past."),
        ({"starts_at_0": "2099-01-01", "starts_at_1": "12:00:00"}, "The end lies before the start."),
        ({"tier": "7"}, "Select a valid choice."),
    ],
)
def test_a_grant_that_lacks_something_is_refused_beside_its_field_and_nothing_typed_is_lost(desk, missing, words):
    reader = make_user()
    response = desk.post(add("grant"), comp(user=reader.pk) | missing)
    assert words in response.text
    assert missing.get("evidence", "A guest of the conference.") in response.text
    assert not Grant.objects.exists()


def test_the_same_grant_posted_twice_is_one(desk):
    reader = make_user()
    for _ in range(2):
        desk.post(add("grant"), comp(user=reader.pk))
    assert reader.grants.count() == 1


def test_a_grant_may_begin_later(desk):
    reader, later = make_user(), timezone.now() + timedelta(days=2)
    desk.post(add("grant"), comp(user=reader.pk, starts_at_0=f"{later:%Y-%m-%d}", starts_at_1="12:00:00"))
    assert tier(reader) == Tier.READER
    assert tier_of(reader, at=later + timedelta(days=1)) == Tier.STRATEGIC_CIRCLE


def test_forged_fields_make_no_other_grant_than_a_complimentary_one(desk, otto, edith):
    reader = make_user()
    forged = {"how": "application", "granted_by": edith.pk, "ended_by": edith.pk, "end_reason": "x", "by": edith.pk}
    desk.post(add("grant"), comp(user=reader.pk, **forged))
    grant = reader.grants.get()
    assert (grant.how, grant.granted_by, grant.ended_by, grant.end_reason) == ("comp", otto, None, "")


# Ending


def test_a_grant_is_ended_with_a_reason_and_never_edited(desk, otto, mina):
    grant = mina.grants.get()
    assert desk.post(page(grant), {"tier": 2, "evidence": "another"}).status_code == 403
    assert "This field is required." in desk.post(page(grant, "end"), {"reason": " "}).text
    assert tier(mina) == Tier.STRATEGIC_CIRCLE
    assert desk.post(page(grant, "end"), {"reason": "Asked for it by letter."}).url == page(grant)
    grant.refresh_from_db()
    assert (tier(mina), grant.ended_by, grant.end_reason) == (Tier.READER, otto, "Asked for it by letter.")
    assert AuditEntry.objects.get(verb="grant.ended").reason == "Asked for it by letter."


def test_what_has_ended_is_not_ended_again(desk, mina):
    grant = mina.grants.get()
    desk.post(page(grant, "end"), {"reason": "first"})
    assert "nothing to do here any more" in desk.post(page(grant, "end"), {"reason": "second"}, follow=True).text
    grant.refresh_from_db()
    assert grant.end_reason == "first"
    assert "End it now" not in desk.get(page(grant)).text


@pytest.mark.parametrize("step", ["end", "lift", "log-out"])
def test_looking_at_a_step_takes_none(desk, mina, otto, step):
    thing = {"end": mina.grants.get(), "lift": actions.suspend(user=mina, by=otto, reason="a test"), "log-out": mina}
    Client().post("/accounts/login/", {"login": mina.email, "password": PASSWORD})
    before = (list(Grant.objects.values()), list(Suspension.objects.values()), Session.objects.count())
    assert desk.get(page(thing[step], step)).status_code == 200
    assert before == (list(Grant.objects.values()), list(Suspension.objects.values()), Session.objects.count())


# Suspending


def test_a_suspension_closes_and_lifting_it_opens_again(desk, otto, mina):
    response = desk.post(add("suspension"), {"user": mina.pk, "reason": "Shared a briefing."})
    assert response.url == page(mina)
    assert tier(mina) == Tier.READER
    suspension = mina.suspensions.get()
    assert (suspension.by, suspension.ends_at) == (otto, None)
    desk.post(page(suspension, "lift"), {"reason": "She apologised."})
    assert tier(mina) == Tier.STRATEGIC_CIRCLE
    entry = AuditEntry.objects.get(verb="suspension.changed")
    assert (entry.actor, entry.reason) == (otto.pk, "She apologised.")


def test_a_suspension_may_have_an_end_and_hits_all_seats_of_an_organisation(desk, alma):
    organisation = alma.seats.get().organisation
    desk.post(add("suspension"), {"organisation": organisation.pk, "reason": "A test.", **UNTIL})
    assert tier(alma) == Tier.READER
    assert tier_of(alma, at=SOON + timedelta(days=2)) == Tier.LEADERSHIP_ALLIANCE


def test_a_suspension_needs_a_reason_and_an_end_that_lies_ahead(desk, mina):
    answer = desk.post(
        add("suspension"), {"user": mina.pk, "reason": "", "ends_at_0": "2020-01-01", "ends_at_1": "1:0"}
    )
    assert "This field is required." in answer.text
    assert "This lies in the past" in answer.text
    assert not Suspension.objects.exists()


def test_a_suspension_posted_twice_is_lifted_once(desk, mina):
    for _ in range(2):
        desk.post(add("suspension"), {"user": mina.pk, "reason": "Shared a briefing."})
    desk.post(page(mina.suspensions.get(), "lift"), {"reason": "It was somebody else."})
    assert tier(mina) == Tier.STRATEGIC_CIRCLE


# Organisations and their seats


def test_an_officer_files_an_organisation_and_gives_and_ends_its_seats(desk, otto):
    fields = {"name": "Example Networks", "domain": "example.org", "number_resources": "AS64500\n192.0.2.0/24"}
    desk.post(add("organisation"), fields)
    organisation, people = Organisation.objects.get(), [make_user() for _ in range(4)]
    assert organisation.number_resources == ["AS64500", "192.0.2.0/24"]
    for user in people[:3]:
        desk.post(add("seat"), {"organisation": organisation.pk, "user": user.pk})
    refused = desk.post(add("seat"), {"organisation": organisation.pk, "user": people[3].pk})
    assert "All 3 seats are taken; end one first." in refused.text
    desk.post(page(people[1].seats.get(), "end"), {"reason": "Has left the company."})
    assert desk.post(add("seat"), {"organisation": organisation.pk, "user": people[3].pk}).url == page(organisation)
    assert people[3].seats.get().number == 2
    ended = AuditEntry.objects.get(verb="seat.changed")
    assert (ended.actor, ended.reason) == (otto.pk, "Has left the company.")
    text = said(desk.get(page(organisation)))
    assert "1, the manager’s" in text
    assert "Seat changed" in text


# Nobody decides on themselves


def test_an_officer_gives_themselves_nothing(desk, otto):
    organisation, others = make_organisation(otto), make_organisation()
    for fields in ({"user": otto.pk}, {"organisation": organisation.pk}):
        assert "Another officer decides it." in desk.post(add("grant"), comp(**fields)).text
    assert "Another officer" in desk.post(add("seat"), {"organisation": others.pk, "user": otto.pk}).text
    assert not Grant.objects.exists()
    assert not others.seats.exists()


def test_an_officer_lifts_neither_their_own_suspension_nor_that_of_their_organisation(desk, otto, frank):
    organisation = make_organisation(otto)
    for holder in ({"user": otto}, {"organisation": organisation}):
        suspension = actions.suspend(by=frank, reason="a test", **holder)
        assert "Another officer decides it." in desk.post(page(suspension, "lift"), {"reason": "I say so."}).text
        suspension.refresh_from_db()
        assert suspension.ends_at is None


@pytest.mark.parametrize("do", ["grant", "seat", "lift"])
def test_the_actions_refuse_it_as_well(otto, do):
    organisation = make_organisation()
    suspension = actions.suspend(by=make_user(), reason="a test", user=otto)
    tried = {
        "grant": lambda: actions.give_comp(by=otto, tier=Tier.STRATEGIC_CIRCLE, ends_at=SOON, evidence="x", user=otto),
        "seat": lambda: actions.give_seat(by=otto, organisation=organisation, user=otto),
        "lift": lambda: actions.lift(by=otto, suspension=suspension),
    }
    with pytest.raises(actions.OwnCase):
        tried[do]()


# What is not an officer's


def test_an_officer_makes_nobody_staff(desk, otto, mina):
    group = Group.objects.get(name="Membership officer")
    forged = {
        "email": "other@example.org", "name": "Other", "is_staff": "on", "is_superuser": "on", "is_active": "",
        "groups": [group.pk], "user_permissions": list(Permission.objects.values_list("pk", flat=True)[:5]),
    }  # fmt: skip
    before = {user.pk: user for user in User.objects.all()}
    for user in (mina, otto):
        assert desk.post(page(user), forged).status_code == 403
        if user is mina:
            assert desk.post(page(user, "log-out"), forged).status_code in {200, 302}
        now = User.objects.get(pk=user.pk)
        for field in ("email", "name", "is_staff", "is_superuser", "is_active"):
            assert getattr(now, field) == getattr(before[user.pk], field), field
        assert not now.user_permissions.exists()
    assert list(mina.groups.all()) == []
    assert desk.post(add("user"), {"email": "new@example.org"} | forged).status_code == 403
    assert desk.get(f"/admin/accounts/user/{mina.pk}/password/").status_code == 403
    assert desk.post(page(mina, "delete"), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("who", ["wanda", "edith", "mina"])
def test_only_officers_give_end_suspend_log_out_and_export(client, request, otto, alma, who):
    somebody = request.getfixturevalue(who)
    client.force_login(somebody)
    suspension = actions.suspend(user=alma, by=otto, reason="a test")
    asked = [
        *[(add(model), comp(user=alma.pk, reason="x")) for model in ("grant", "suspension", "seat")],
        (page(Grant.objects.first(), "end"), {"reason": "x"}),
        (page(suspension, "lift"), {"reason": "x"}),
        (page(alma.seats.get(), "end"), {"reason": "x"}),
        (page(alma, "log-out"), {}),
        (reverse("admin:accounts_user_members"), {}),
    ]
    before = AuditEntry.objects.count()
    for address, fields in asked:
        assert client.post(address, fields).status_code in {302, 403}, address
        assert client.get(address).status_code in {302, 403}, address
    assert AuditEntry.objects.count() == before


# Sessions


def test_ending_all_sessions_logs_somebody_out_with_the_next_click(desk, otto, mina):
    browsers = [Client(), Client()]
    for browser in browsers:
        browser.post("/accounts/login/", {"login": mina.email, "password": PASSWORD})
        assert browser.get("/account/").status_code == 200
    unlisted = Client()
    unlisted.force_login(mina)
    assert "Log out everywhere" in desk.get(page(mina)).text
    desk.post(page(mina, "log-out"))
    for browser in (*browsers, unlisted):
        assert browser.get("/account/").url == "/accounts/login/?next=/account/"
    assert not UserSession.objects.filter(user=mina).exists()
    assert desk.get(page(mina)).status_code == 200
    entry = AuditEntry.objects.get(verb="sessions.ended")
    assert (entry.actor, entry.subject_id, entry.details) == (otto.pk, mina.pk, {"number": 3})


# The list to take away


def export(desk):
    response = desk.post(reverse("admin:accounts_user_members"))
    return list(csv.reader(StringIO(response.text)))


def test_the_export_holds_each_member_with_how_and_until_when(desk, otto, mina, alma):
    make_user()
    give(Tier.LEADERSHIP_ALLIANCE, mina, ends_at=SOON)
    assert export(desk) == [
        ["person", "name", "tier now", "since", "until", "how", "organisation"],
        ["alma@example.org", "Alma", "Leadership Alliance", "2026-01-01", "", "Application", "Example Networks"],
        ["mina@example.org", "Mina", "Leadership Alliance", "2026-01-01", f"{SOON:%Y-%m-%d}", "Complimentary", ""],
    ]
    entry = AuditEntry.objects.get(verb="members.exported")
    assert (entry.actor, entry.details) == (otto.pk, {"number": 2})


def test_looking_at_the_export_takes_nothing_away(desk, mina):
    response = desk.get(reverse("admin:accounts_user_members"))
    assert "1 person has a tier now" in response.text
    assert mina.email not in response.text
    assert not AuditEntry.objects.filter(verb="members.exported").exists()


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", " ="])
def test_no_cell_of_the_export_is_a_formula(desk, mina, first):
    User.objects.filter(pk=mina.pk).update(name=f'{first}HYPERLINK("https://evil.example")')
    organisation = make_organisation(mina, name=f"{first}1+1")
    give(Tier.STRATEGIC_CIRCLE, organisation)
    for cell in export(desk)[1]:
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))
    assert harmless("plain-name") == "plain-name"


def test_whoever_is_suspended_or_gone_is_no_member(otto, mina, alma):
    actions.suspend(user=mina, by=otto, reason="a test")
    User.objects.filter(pk=alma.pk).update(is_active=False)
    assert list(members(at=timezone.now())) == []


# Addresses that get no mail


def test_an_officer_mutes_an_address_with_a_reason_and_lets_mails_through_again(desk, otto):
    address = reverse("admin:config_mutedaddress_add")
    assert "This field is required." in desk.post(address, {"address": "gone@example.org"}).text
    desk.post(address, {"address": "Gone@Example.org", "reason": "It came back three times."})
    assert mailing.is_muted("gone@example.org")
    assert "already exists" in desk.post(address, {"address": "GONE@example.org", "reason": "again"}).text
    muted = MutedAddress.objects.get()
    assert desk.post(reverse("admin:config_mutedaddress_change", args=[muted.pk]), {"reason": "x"}).status_code == 403
    desk.post(reverse("admin:config_mutedaddress_delete", args=[muted.pk]), {"post": "yes"})
    assert not mailing.is_muted("gone@example.org")
    told = AuditEntry.objects.filter(subject_kind="mutedaddress").order_by("pk").values_list("verb", "actor")
    assert list(told) == [("address.muted", otto.pk), ("address.unmuted", otto.pk)]


def test_muting_is_not_an_editor_s(client, edith):
    client.force_login(edith)
    answer = client.post(reverse("admin:config_mutedaddress_add"), {"address": "x@example.org", "reason": "x"})
    assert answer.status_code == 403
