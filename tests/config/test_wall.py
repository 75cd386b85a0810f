"""The second wall by itself: the roles, who is given which, and what happens where there is none."""

import logging
import os
import subprocess
import sys
from contextlib import suppress
from threading import Thread

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.http import HttpResponse
from django.template.response import SimpleTemplateResponse
from django.test import RequestFactory

from config import wall
from config.database import base
from config.desk import Desk
from config.management.commands import doctor
from tests.builders import cite, make_briefing, make_note, make_profile
from tests.conftest import behind_the_wall

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def wall_stands(db):
    if lack := wall.missing():
        pytest.skip(f"there is no second wall: {lack}")


@pytest.fixture
def gated(db):
    """Something behind every wall."""
    profile = make_profile("tidewater")
    make_briefing(profile)
    return make_note(cite(profile), "canary-note")


def role():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user::text")
        return cursor.fetchone()[0]


def run(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def gated_models():
    return [model for model in apps.get_models() if model._meta.db_table in wall.gated_tables()]


# --- Rights -----------------------------------------------------------------------------------------------------------


GATED = [
    "briefings_briefing",
    "briefings_briefingevent",
    "briefings_sourcenote",
    "briefings_sourcenoteevent",
    "profiles_intaketext",
    "profiles_upload",
]


def test_briefings_notes_other_peoples_texts_and_files_on_their_way_in_are_what_is_gated_with_what_they_once_said():
    assert wall.gated_tables() == GATED


@pytest.mark.parametrize("table", GATED)
@pytest.mark.parametrize(
    "statement",
    ["SELECT body FROM {}", "SELECT count(*) FROM {}", "UPDATE {} SET body = ''", "DELETE FROM {}", "TRUNCATE {}"],
)
def test_the_site_can_do_nothing_with_a_gated_table(gated, table, statement):
    with behind_the_wall(), pytest.raises(ProgrammingError, match="permission denied"):
        run(statement.format(table))


def test_the_site_can_read_nothing_gated_through_a_model(gated):
    for model in gated_models():
        with behind_the_wall(), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            model.objects.first()


def test_the_site_can_read_and_write_every_other_table():
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} - set(wall.gated_tables())
    with behind_the_wall(), connection.cursor() as cursor:
        for table in tables & set(connection.introspection.table_names(cursor)):
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                cursor.execute("SELECT has_table_privilege(%s, %s)", [table, right])
                assert cursor.fetchone()[0], f"{right} on {table}"


def test_the_gate_may_read_and_not_write(gated):
    with wall.acting_as(wall.GATE):
        assert type(gated).objects.get().body == "canary-note"
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            type(gated).objects.update(body="")


def test_no_view_and_no_function_reads_a_gated_table_in_its_owners_name():
    """Views run with their owner's rights, and so do functions that say SECURITY DEFINER."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT viewname FROM pg_views WHERE schemaname = 'public' AND definition ~ ANY(%(gated)s)"
            " UNION SELECT matviewname FROM pg_matviews WHERE schemaname = 'public' AND definition ~ ANY(%(gated)s)"
            " UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
            " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')",
            {"gated": wall.gated_tables()},
        )
        assert cursor.fetchall() == []


def test_what_is_public_is_deleted_without_a_look_at_what_is_gated(gated):
    profile = gated.citation.profile
    with behind_the_wall():
        gated.citation.delete()
        profile.delete()
    histories = {"briefings_briefingevent", "briefings_sourcenoteevent"}
    assert {model._meta.db_table for model in gated_models() if model.objects.exists()} == histories


# --- Taking a role ----------------------------------------------------------------------------------------------------


def test_the_former_role_is_back_afterwards(gated):
    owner = role()
    with wall.acting_as(wall.GATE):
        assert role() == wall.role_name(wall.GATE)
        with wall.acting_as(wall.DESK):
            assert role() == wall.role_name(wall.DESK)
        assert role() == wall.role_name(wall.GATE)
    assert role() == owner
    with behind_the_wall():
        with wall.acting_as(wall.GATE):
            pass
        assert role() == wall.role_name(wall.SITE)
    assert role() == owner


@pytest.mark.django_db(transaction=True)
def test_the_former_role_is_back_where_the_transaction_was_its_own():
    owner = role()
    with wall.acting_as(wall.GATE):
        assert role() == wall.role_name(wall.GATE)
    assert role() == owner
    with pytest.raises(ZeroDivisionError), wall.acting_as(wall.GATE):
        _ = 1 / 0
    assert role() == owner


def test_the_former_role_is_back_after_an_error(gated):
    owner = role()
    with pytest.raises(ZeroDivisionError), wall.acting_as(wall.GATE):
        _ = 1 / 0
    assert role() == owner
    with pytest.raises(DatabaseError), wall.acting_as(wall.GATE):
        run("SELECT no_such_column")
    assert role() == owner


def test_the_former_role_is_back_after_an_error_that_was_swallowed(gated):
    owner = role()
    with pytest.raises(DatabaseError, match="aborted"), wall.acting_as(wall.GATE), suppress(DatabaseError):
        connection.cursor().execute("SELECT no_such_column")
    assert role() == owner
    with wall.acting_as(wall.GATE):
        transaction.set_rollback(True)
    assert role() == owner


# --- The desk ---------------------------------------------------------------------------------------------------------


def at_the_desk(user, view, method="get"):
    request = getattr(RequestFactory(), method)("/desk/")
    request.user = user
    request._dont_enforce_csrf_checks = True
    return Desk().admin_view(view)(request)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("person", ["wanda", "edith"])
def test_authors_and_editors_read_and_write_on_the_desk(request, gated, person, method):
    def view(request):
        type(gated).objects.update(body="Written on the desk.")
        return HttpResponse(type(gated).objects.get().body)

    owner, user = role(), request.getfixturevalue(person)
    with behind_the_wall():
        assert at_the_desk(user, view, method).content == b"Written on the desk."
        assert role() == wall.role_name(wall.SITE)
    assert at_the_desk(user, view, method).content == b"Written on the desk."
    assert role() == owner


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_officer_of_the_membership_reads_nothing_gated_by_office(otto, gated, method):
    def view(request):
        return HttpResponse(type(gated).objects.get().body)

    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        at_the_desk(otto, view, method)


def test_a_page_of_the_desk_is_written_before_the_role_is_given_back(wanda, gated, monkeypatch):
    class Late(SimpleTemplateResponse):
        @property
        def rendered_content(self):
            return role()

    assert at_the_desk(wanda, lambda request: Late("none.html")).content.decode() == wall.role_name(wall.DESK)


# --- Connecting -------------------------------------------------------------------------------------------------------


def connected_as(kind):
    other = base.DatabaseWrapper({**connection.settings_dict, "ROLE": kind}, alias="default")
    with other.cursor() as cursor:
        cursor.execute("SELECT current_user::text, current_setting('jit'), session_user::text")
        found = cursor.fetchone()
        cursor.execute("RESET ROLE")
        cursor.execute("SELECT current_user::text")
        assert cursor.fetchone()[0] == found[0]
    other.close()
    return found


def test_a_process_that_serves_starts_in_the_role_of_the_site():
    found, jit, _owner = connected_as("site")
    assert (found, jit) == (wall.role_name(wall.SITE), "off")


def test_where_there_is_no_such_role_it_works_without_and_says_so_once(caplog, monkeypatch):
    monkeypatch.setattr(base, "_said", set())
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            found, jit, owner = connected_as("nobody")
            assert (found, jit) == (owner, "off")
    assert [record.message for record in caplog.records] == [caplog.messages[0]]
    assert f"works without the role {wall.role_name('nobody')}" in caplog.text


@pytest.mark.parametrize(
    ("process", "kind"),
    [("web", "site"), ("worker", "site"), ("beat", "site"), ("drain", "site"), ("command", ""), ("test", "")],
)
def test_who_serves_or_grades_is_the_site_and_who_types_a_command_is_the_owner(process, kind):
    asked = "from django.conf import settings; print(settings.DATABASES['default']['ROLE'])"
    done = subprocess.run(
        [sys.executable, "-c", asked], env={**os.environ, "ASSAY_PROCESS": process}, capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.returncode) == (kind, 0)


def test_two_databases_never_share_a_role_however_long_their_names():
    long = "d" * 70
    names = {wall.role_name(kind, database) for kind in wall.ROLES for database in (long, f"{long}e", "é" * 31, "d")}
    assert len(names) == 12
    assert max(len(name.encode()) for name in names) <= wall.LONGEST


# --- Building ---------------------------------------------------------------------------------------------------------


def test_building_again_mends_what_was_changed_by_hand(gated):
    site = connection.ops.quote_name(wall.role_name(wall.SITE))
    run(f"GRANT SELECT ON briefings_briefing TO {site}")
    assert wall.missing() == f"the role {wall.role_name(wall.SITE)} may read briefings_briefing"
    run(f"REVOKE ALL ON profiles_profile FROM {site}")
    assert wall.build() == ""
    with behind_the_wall():
        run("SELECT FROM profiles_profile")


@pytest.mark.django_db(transaction=True)
def test_many_migrations_may_build_at_once():
    said = []

    def build():
        said.append(wall.build())
        connection.close()

    builders = [Thread(target=build) for _ in range(4)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert said == [""] * 4


def test_a_database_user_who_may_not_make_roles_has_a_site_without_a_wall(monkeypatch, caplog):
    monkeypatch.setattr(wall, "role_name", lambda kind, database=None: f"not_made_{kind}")
    run("CREATE ROLE assay_may_little")
    run("GRANT USAGE, CREATE ON SCHEMA public TO assay_may_little")
    run("SET LOCAL ROLE assay_may_little")
    with caplog.at_level(logging.WARNING):
        assert "there is no role not_made_site" in wall.build()
    assert "No second wall: permission denied to create role" in caplog.text
    with wall.acting_as(wall.GATE):
        assert role() == "assay_may_little"


# --- Saying so --------------------------------------------------------------------------------------------------------


def told():
    (finding,) = doctor.look_at_wall()
    return finding.state, finding.words


def deploy_warnings():
    return [found.msg for found in run_checks(include_deployment_checks=True) if found.id == "config.W001"]


def test_a_wall_that_stands_is_told():
    assert told() == ("ok", f"pages and workers have no right on {', '.join(GATED)}")
    assert deploy_warnings() == []


def test_a_wall_that_is_missing_is_told_by_doctor_and_by_the_check_before_deployment(monkeypatch):
    monkeypatch.setattr(wall, "role_name", lambda kind, database=None: f"not_made_{kind}")
    state, words = told()
    assert (state, "there is no role not_made_site" in words, "CREATEROLE" in words) == ("note", True, True)
    (warning,) = deploy_warnings()
    assert "There is no second wall in the database: there is no role not_made_site" in warning
