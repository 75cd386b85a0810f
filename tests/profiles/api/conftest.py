import pytest

from profiles.models import Mark, Profile
from tests.builders import cite, make_person, make_profile, make_publisher, make_source
from tests.profiles.test_views_finding import graded


@pytest.fixture(autouse=True)
def a_minute_of_its_own(settings):
    """What other tests have asked does not count against this one."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "api"}}
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def tidewater(db) -> Profile:
    """A live profile with something in every part that has an address."""
    people = {"author": make_person("Wanda Writer", role="Analyst"), "reviewer": make_person("Edith Editor")}
    text = {"facets": {"region": "Africa", "topic": "Addresses"}, "judgements": {"j1": "It is so."}, **people}
    profile = make_profile("tidewater", live=True, name="Tidewater", kind="registry", standfirst="A registry.", **text)
    cite(profile, make_source("Report", publisher=make_publisher("Example Wire", slug="wire", reliability="A")))
    return graded(profile, "0.47", "0.64")


def wait_to_be_graded(profile: Profile) -> None:
    """An edit has left its mark and no worker has come by."""
    Mark.objects.create(profile_id=profile.pk)
