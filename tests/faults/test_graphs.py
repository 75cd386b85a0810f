"""What sources repeat, as a long chain, as rings and as itself: the far end moves the near one, and every walk ends."""

from itertools import pairwise

import pytest
from django.db import IntegrityError

from profiles.models import Derivation, GradingState, Source
from tests.builders import cite, derive, make_profile, make_publisher, make_source, settle
from tests.faults.settled import wrongs

pytestmark = pytest.mark.django_db(transaction=True)

CHAIN = 1_000
RING = 50


def make_sources(count, publisher):
    return Source.objects.bulk_create(Source(title=f"Source {number}", publisher=publisher) for number in range(count))


def link(sources):
    """Each of them repeats the one behind it."""
    Derivation.objects.bulk_create(Derivation(source=near, origin=far) for near, far in pairwise(sources))


def profile_on(source):
    profile = make_profile(live=True, judgements={"j1": "It was founded in 2004."})
    cite(profile, source)
    return profile


def state_of(profile):
    return GradingState.objects.get(pk=profile.pk)


def lines_of(profile):
    return [(line["kind"], line["origins"]) for line in state_of(profile).verdict["lines"]]


def test_an_edit_at_the_far_end_of_a_long_chain_regrades_the_near_one():
    chain = make_sources(CHAIN, make_publisher())
    link(chain)
    near = profile_on(chain[0])
    settle()
    assert lines_of(near) == [("report", [str(chain[-1].pk)])]
    origin = make_source("The origin")
    derive(chain[-1], origin)
    settle()
    assert lines_of(near) == [("report", [str(origin.pk)])]
    assert wrongs() == []


def test_a_link_cut_in_the_middle_of_a_long_chain_gives_the_near_one_another_origin():
    chain = make_sources(CHAIN, make_publisher())
    link(chain)
    near = profile_on(chain[0])
    settle()
    assert lines_of(near) == [("report", [str(chain[-1].pk)])]
    middle = CHAIN // 2
    Derivation.objects.filter(source=chain[middle]).delete()
    settle()
    assert lines_of(near) == [("report", [str(chain[middle].pk)])]
    assert wrongs() == []


def test_a_chain_that_is_closed_to_a_ring_is_graded_and_so_is_one_that_is_opened_again():
    ring = make_sources(RING, make_publisher())
    link([*ring, ring[0]])
    profile = profile_on(ring[0])
    settle()
    assert [kind for kind, _origins in lines_of(profile)] == ["ring"]
    Derivation.objects.filter(source=ring[-1]).delete()
    settle()
    assert lines_of(profile) == [("report", [str(ring[-1].pk)])]
    derive(ring[-1], ring[RING // 2])
    settle()
    assert wrongs() == []


def test_two_rings_that_share_a_source_are_walked_to_their_end():
    ring = make_sources(RING, make_publisher())
    link([*ring[: RING // 2], ring[0], *ring[RING // 2 :], ring[0]])
    profiles = [profile_on(source) for source in (ring[0], ring[1], ring[-1])]
    settle()
    ring[-1].published_on = "2020-01-01"
    ring[-1].save()
    settle()
    assert [state_of(profile).failures for profile in profiles] == [0, 0, 0]
    assert wrongs() == []


def test_no_source_repeats_itself():
    source = make_source()
    with pytest.raises(IntegrityError, match="no_source_repeats_itself"):
        derive(source, source)
