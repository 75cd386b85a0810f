"""The audit: an entry for each change that may have to be answered for, by whichever door it came."""

import json

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from accounts.actions import end_grant, join_circle, lift, suspend
from accounts.models import Grant, Organisation, Seat, User
from accounts.tiers import Tier
from briefings import staff
from config.audit import acting, record
from config.models import AuditEntry
from profiles.models import Profile, Publisher
from tests.builders import cite, make_briefing, make_profile, make_publisher, make_revision, make_user
from tests.profiles.test_admin import form_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(client):
    root = make_user("root@example.org", is_staff=True, is_superuser=True)
    client.force_login(root)
    return root


@pytest.fixture
def profile():
    profile = make_profile("example", live=True, judgements={"j1": "It was founded in 2004."})
    cite(profile, direct=True)
    return profile


def entries(subject, *verbs):
    kept = AuditEntry.objects.filter(subject_kind=subject._meta.model_name, subject_id=subject.pk).order_by("pk")
    return list(kept.filter(verb__in=verbs) if verbs else kept)


def the_entry(subject, verb):
    [entry] = entries(subject, verb)
    return entry


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def save_on_the_desk(client, thing, **changes):
    address = reverse(f"admin:{thing._meta.app_label}_{thing._meta.model_name}_change", args=[thing.pk])
    response = client.post(address, form_of(client.get(address)) | changes)
    assert response.status_code == 302, response.context["errors"]


# By the desk


def test_a_letter_changed_on_the_desk_names_the_editor(client, edith):
    publisher = make_publisher(reliability="C")
    client.force_login(edith)
    save_on_the_desk(client, publisher, reliability="B", reliability_reason="It corrects itself.")
    entry = the_entry(publisher, "letter.changed")
    assert (entry.actor, entry.details) == (edith.pk, {"was": {"reliability": "C"}, "is": {"reliability": "B"}})


def test_publishing_and_withdrawing_on_the_desk_name_the_editor(client, edith, profile):
    client.force_login(edith)
    draft = make_revision(profile, statements={"j1": "It was founded in 2005."})
    save_on_the_desk(client, draft, _publish="1")
    published = entries(profile, "profile.published")[-1]
    assert published.actor == edith.pk
    assert published.details["is"]["live_revision_id"] == draft.pk
    chosen = {"_selected_action": [profile.pk]}
    client.post(reverse("admin:profiles_profile_changelist"), chosen | {"action": "withdraw"})
    assert the_entry(profile, "profile.withdrawn").actor == edith.pk


def test_what_somebody_may_do_changed_on_the_desk_names_who_changed_it(client, root, mina):
    save_on_the_desk(client, mina, is_staff="on")
    entry = the_entry(mina, "rights.changed")
    assert (entry.actor, entry.details["is"]["is_staff"]) == (root.pk, True)


def test_a_group_given_and_taken_on_the_desk_names_who_did_it(client, root, mina):
    staff.make_groups()
    group = Group.objects.get(name=staff.EDITOR)
    save_on_the_desk(client, mina, groups=[group.pk])
    save_on_the_desk(client, mina, groups=[])
    given, taken = the_entry(mina, "group.given"), the_entry(mina, "group.taken")
    assert [given.actor, taken.actor] == [root.pk, root.pk]
    assert given.details == taken.details == {"group_id": group.pk}


# By SQL


def test_a_letter_changed_by_sql_has_no_actor():
    publisher = make_publisher(reliability="C")
    sql("UPDATE profiles_publisher SET reliability = 'A' WHERE id = %s", publisher.pk)
    assert the_entry(publisher, "letter.changed").actor is None


def test_a_profile_withdrawn_by_sql_has_no_actor(profile):
    sql("UPDATE profiles_profile SET withdrawn_at = now() WHERE id = %s", profile.pk)
    assert the_entry(profile, "profile.withdrawn").actor is None
    sql("UPDATE profiles_profile SET withdrawn_at = NULL WHERE id = %s", profile.pk)
    assert entries(profile, "profile.published")[-1].actor is None


def test_rights_and_groups_given_by_sql_have_no_actor(mina):
    staff.make_groups()
    sql("UPDATE accounts_user SET is_superuser = true WHERE id = %s", mina.pk)
    sql("INSERT INTO accounts_user_groups (user_id, group_id) SELECT %s, min(id) FROM auth_group", mina.pk)
    sql("DELETE FROM accounts_user_groups WHERE user_id = %s", mina.pk)
    assert [(entry.verb, entry.actor) for entry in entries(mina)] == [
        ("rights.changed", None), ("group.given", None), ("group.taken", None)]  # fmt: skip


def test_whoever_is_made_with_rights_leaves_an_entry():
    root = make_user("root@example.org", is_staff=True, is_superuser=True)
    assert the_entry(root, "rights.given").details == {"is_staff": True, "is_superuser": True, "is_active": True}


def test_a_permission_beside_the_groups_is_seen(mina):
    sql("INSERT INTO accounts_user_user_permissions (user_id, permission_id) SELECT %s, min(id) FROM auth_permission",
        mina.pk)  # fmt: skip
    assert entries(mina, "permission.given")


def test_what_a_group_may_do_is_seen():
    group = Group.objects.create(name="Visitors")
    permission = Permission.objects.get(codename="publish_profile")
    group.permissions.add(permission)
    group.permissions.clear()
    assert [(entry.verb, entry.details) for entry in entries(group)] == [
        ("permission.given", {"permission_id": permission.pk}), ("permission.taken", {"permission_id": permission.pk})]  # fmt: skip


def test_a_change_that_changes_nothing_leaves_no_entry(profile, mina):
    before = AuditEntry.objects.count()
    sql("UPDATE profiles_profile SET last_verified = now()")
    sql("UPDATE profiles_publisher SET name = name || '!', reliability = reliability")
    sql("UPDATE accounts_user SET last_login = now()")
    assert AuditEntry.objects.count() == before


# The ledger


def test_a_grant_names_whoever_gave_and_ended_it(otto):
    reader = make_user()
    grant = join_circle(user=reader)
    end_grant(grant=grant, by=otto, reason="Asked for by letter.")
    added, ended = the_entry(grant, "grant.added"), the_entry(grant, "grant.ended")
    assert (added.actor, added.details["tier"], added.details["user_id"]) == (
        reader.pk,
        Tier.STRATEGIC_CIRCLE,
        reader.pk,
    )
    assert (ended.actor, ended.reason) == (otto.pk, "Asked for by letter.")


def test_a_grant_by_sql_has_no_actor():
    reader = make_user()
    sql("INSERT INTO accounts_grant (user_id, tier, starts_at, how, evidence, end_reason)"
        " VALUES (%s, 1, now(), 'comp', '', '')", reader.pk)  # fmt: skip
    assert the_entry(Grant.objects.get(), "grant.added").actor is None


def test_seats_and_suspensions_leave_entries(alma, otto):
    with acting(by=otto, reason="By telephone."):
        seat = Seat.objects.create(organisation=Organisation.objects.create(name="Example"), user=alma, number=1)
    suspension = suspend(by=otto, reason="Shared the text.", user=alma)
    lift(suspension=suspension)
    Seat.objects.all().delete()
    assert [(entry.verb, entry.actor, entry.reason) for entry in entries(seat)] == [
        ("seat.given", otto.pk, "By telephone."), ("seat.removed", None, "")]  # fmt: skip
    assert [(entry.verb, entry.actor) for entry in entries(suspension)] == [
        ("suspension.added", otto.pk), ("suspension.changed", None)]  # fmt: skip


# What is told


def test_the_reason_and_actor_end_with_what_they_were_told_for(edith, otto):
    publisher = make_publisher(reliability="C")
    with acting(by=edith, reason="outer"):
        with acting(by=otto, reason="inner"):
            Publisher.objects.update(reliability="D")
        Publisher.objects.update(reliability="E")
    Publisher.objects.update(reliability="F")
    told = [(entry.actor, entry.reason) for entry in entries(publisher, "letter.changed")]
    assert told == [(otto.pk, "inner"), (edith.pk, "outer"), (None, "")]


def test_what_changes_no_row_is_recorded(profile, edith):
    record("dossier.exported", profile, by=edith, reason="For the archive.", gated=True)
    with acting(by=edith):
        record("briefing.refused", profile)
    exported, refused = the_entry(profile, "dossier.exported"), the_entry(profile, "briefing.refused")
    assert (exported.actor, exported.reason, exported.details) == (edith.pk, "For the archive.", {"gated": True})
    assert (refused.actor, refused.reason, refused.details) == (edith.pk, "", {})


def test_a_change_that_is_rolled_back_leaves_no_entry(edith):
    publisher = make_publisher(reliability="C")

    def give_up():
        with acting(by=edith):
            Publisher.objects.update(reliability="B")
            raise LookupError

    with pytest.raises(LookupError):
        give_up()
    assert entries(publisher, "letter.changed") == []
    Publisher.objects.update(reliability="D")
    assert the_entry(publisher, "letter.changed").actor is None


# It stays


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE config_auditentry SET actor = 7",
        "UPDATE config_auditentry SET actor = NULL",
        "UPDATE config_auditentry SET verb = 'letter.filed'",
        "UPDATE config_auditentry SET at = at - interval '1 day'",
        "UPDATE config_auditentry SET subject_id = 0",
        "UPDATE config_auditentry SET reason = 'another'",
        "UPDATE config_auditentry SET details = '{\"is\": 1}'",
        "DELETE FROM config_auditentry",
        "SET LOCAL assay.empties_tables = 'off'; TRUNCATE config_auditentry",
    ],
)
def test_an_entry_is_never_changed_deleted_or_emptied(edith, change):
    with acting(by=edith, reason="A reason."):
        make_publisher(reliability="C")
    before = list(AuditEntry.objects.values())
    with pytest.raises(DatabaseError), transaction.atomic():
        sql(change)
    assert list(AuditEntry.objects.values()) == before


def test_reason_and_details_may_be_blanked_for_somebody_who_is_erased(edith):
    with acting(by=edith, reason="Asked for by Mina herself."):
        publisher = make_publisher(reliability="C")
    AuditEntry.objects.update(reason="", details={})
    entry = the_entry(publisher, "letter.filed")
    assert (entry.actor, entry.reason, entry.details) == (edith.pk, "", {})


def test_an_entry_outlives_its_actor(edith):
    with acting(by=edith):
        publisher = make_publisher(reliability="C")
    number = edith.pk
    edith.delete()
    assert the_entry(publisher, "letter.filed").actor == number


def test_no_entry_holds_gated_text_or_an_address(client, root, profile, mina, otto):
    make_briefing(profile, body="The canary sings at dawn.")
    save_on_the_desk(client, mina, is_staff="on", email="mina.other@example.org", name="Mina Canary")
    end_grant(grant=join_circle(user=make_user()), by=otto, reason="left")
    Profile.objects.filter(pk=profile.pk).update(withdrawn_at="2026-01-01T00:00Z")
    User.objects.create_superuser("gone@example.org", name="Gone Canary").delete()
    said = json.dumps(list(AuditEntry.objects.values()), default=str)
    assert "withdrawn" in said
    assert not any(word in said for word in ("canary", "Canary", "@", "Mina"))


# On the desk


def test_superusers_read_the_audit_and_find_a_subject_in_it(client, root, profile):
    address = reverse("admin:config_auditentry_changelist")
    make_publisher(reliability="C")
    found = client.get(address, {"q": f"profile {profile.pk}"}).context["cl"].queryset
    assert list(found) == entries(profile)[::-1]
    filtered = client.get(address, {"verb__exact": "letter.filed"}).context["cl"].queryset
    assert {entry.verb for entry in filtered} == {"letter.filed"}


def test_nobody_writes_the_audit_on_the_desk(client, root, profile):
    entry = entries(profile)[0]
    address = reverse("admin:config_auditentry_change", args=[entry.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"reason": "another"}).status_code == 403
    assert client.get(reverse("admin:config_auditentry_add")).status_code == 403
    assert client.post(reverse("admin:config_auditentry_delete", args=[entry.pk])).status_code == 403


@pytest.mark.parametrize("who", ["wanda", "edith", "otto"])
def test_the_audit_is_for_superusers_alone(client, request, who):
    client.force_login(request.getfixturevalue(who))
    assert client.get(reverse("admin:config_auditentry_changelist")).status_code == 403
    assert "auditentry" not in client.get(reverse("admin:index")).text
