"""The cast. A stranger is plain `client`."""

import pytest
from django.db import connection
from django.test import TransactionTestCase

from accounts.tiers import Tier
from tests.builders import give, make_organisation, make_user

OF_THE_SCHEMA = {"django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}


def empty_the_tables(_case):
    """Empty what a test that commits has filled. Django would drop and remake all permissions as well: half a second."""
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - OF_THE_SCHEMA)
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(map(connection.ops.quote_name, tables))}")


TransactionTestCase._fixture_teardown = empty_the_tables


@pytest.fixture(autouse=True)
def figures_of_this_test_only(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def static_files_by_their_plain_names(settings):
    # Hashed names need a collectstatic; what they are made of is the same.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


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
