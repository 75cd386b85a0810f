"""The cast. A stranger is plain `client`."""

import math
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, TransactionTestCase
from psycopg.pq import TransactionStatus

from accounts.tiers import Tier
from config import content, site, wall
from tests.builders import give, make_organisation, make_user

OF_THE_SCHEMA = {"django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}


def empty_the_tables(_case):
    """Empty what a test that commits has filled. Django would drop and remake all permissions as well: half a second."""
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - OF_THE_SCHEMA)
    with connection.cursor() as cursor:
        if may_pass_by_triggers(cursor):
            remove_rows(cursor, tables)
        else:
            cursor.execute(f"TRUNCATE {', '.join(map(connection.ops.quote_name, tables))}")


def may_pass_by_triggers(cursor):
    cursor.execute("SHOW is_superuser")
    return cursor.fetchone() == ("on",)


def remove_rows(cursor, tables):
    """Row by row, which for the few rows of a test takes a tenth of making all files of all tables anew."""
    looked = (f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables)
    cursor.execute(" UNION ALL ".join(looked))
    filled = [table for (table,) in cursor.fetchall()]
    cursor.execute("SET session_replication_role = replica")
    try:
        for table in filled:
            cursor.execute(f"DELETE FROM {table}")
    finally:
        cursor.execute("RESET session_replication_role")
    content.leap()  # as the triggers do where tables are emptied: no page of this test is one of the next


TransactionTestCase._fixture_teardown = empty_the_tables


# Hashed names need a collectstatic; what they are made of is the same. For the whole run and not anew for each test: a
# request that a browser left behind would be answered between two of them, and the next one find the wrong storage.
PLAIN_NAMES = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
settings.STORAGES = settings.STORAGES | {"staticfiles": PLAIN_NAMES}


@contextmanager
def behind_the_wall():
    """What runs here has the rights of a web process, while the test around it owns the tables."""
    connection.ensure_connection()
    # Not through Django: a test that counts queries counts those of the page.
    take = "SELECT set_config('role', rolname, false) FROM pg_roles WHERE rolname = %s"
    connection.connection.execute(take, [wall.role_name(wall.SITE)])
    try:
        yield
    finally:
        connection.ensure_connection()
        # After an error nothing can be said in this transaction; rolling it back takes the role back as well.
        if connection.connection.info.transaction_status != TransactionStatus.INERROR:
            connection.connection.execute("RESET ROLE")


class WalledClient(Client):
    """Every request of every test may do what the site may do in production, and no more."""

    def request(self, **request):
        with behind_the_wall():
            return super().request(**request)


@pytest.fixture
def client(request):
    uses_database = request.node.get_closest_marker("django_db") or "db" in request.fixturenames
    return WalledClient() if uses_database else Client()


@pytest.fixture(autouse=True)
def figures_of_this_test_only(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def the_site_is_known(monkeypatch):
    # As in a process that has served a page before; a test of the record itself forgets it first.
    monkeypatch.setattr(site, "_known", (site.Record(), math.inf))


@pytest.fixture(autouse=True)
def passwords_that_cost_nothing(settings):
    # The real hash is slow on purpose: a third of a second for each member of the cast in each test.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def mina(db):
    """Of the Strategic Circle."""
    user = make_user("mina@example.org", name="Mina")
    give(Tier.STRATEGIC_CIRCLE, user, how="joined")
    return user


@pytest.fixture
def alma(db):
    """Of the Leadership Alliance."""
    user = make_user("alma@example.org", name="Alma")
    give(Tier.LEADERSHIP_ALLIANCE, make_organisation(user), how="application")
    return user


@pytest.fixture
def wanda(db):
    """The author."""
    return make_user("wanda@example.org", name="Wanda", groups=["Author"])


@pytest.fixture
def edith(db):
    """An editor."""
    return make_user("edith@example.org", name="Edith", groups=["Editor"])


@pytest.fixture
def frank(db):
    """Another editor: four eyes."""
    return make_user("frank@example.org", name="Frank", groups=["Editor"])


@pytest.fixture
def otto(db):
    """The membership officer."""
    return make_user("otto@example.org", name="Otto", groups=["Membership officer"])
