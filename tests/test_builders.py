import pytest

from profiles.models import Profile
from tests.builders import cite, derive, make_briefing, make_note, make_profile, make_source, settle


@pytest.mark.django_db(transaction=True)
def test_a_live_profile_of_the_builders_is_graded():
    profile = make_profile(live=True, judgements={"j1": "It exists."}, facets={"category": "Registry"})
    source = make_source(reliability="A")
    citation = cite(profile, source, direct=True)
    derive(make_source(), source)
    make_note(citation)
    make_briefing(profile)
    settle()
    assert Profile.objects.published().get().grades.count() == 1


def test_the_cast_can_be_called(mina, alma, wanda, edith, frank, otto):
    assert edith.has_perm("profiles.change_publisher")
    assert not wanda.has_perm("profiles.change_publisher")
    assert not any(otto.has_module_perms(app) for app in ("profiles", "briefings"))
