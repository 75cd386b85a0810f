from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import actions
from accounts.access import tier_of
from accounts.models import Grant
from accounts.tiers import Tier
from tests.builders import give, make_organisation, make_user


def tier(user):
    return tier_of(user, at=timezone.now())


@pytest.mark.django_db
def test_joining_twice_is_one_membership_and_leaving_ends_it():
    user = make_user()
    assert actions.join_circle(user=user) == actions.join_circle(user=user)
    assert tier(user) == Tier.STRATEGIC_CIRCLE
    actions.leave_circle(user=user)
    actions.leave_circle(user=user)
    assert tier(user) == Tier.READER
    left = Grant.objects.get()
    assert (left.ended_by, left.end_reason) == (user, "left")


@pytest.mark.django_db
def test_who_left_may_join_again():
    user = make_user()
    actions.join_circle(user=user)
    actions.leave_circle(user=user)
    actions.join_circle(user=user)
    assert tier(user) == Tier.STRATEGIC_CIRCLE
    assert Grant.objects.count() == 2


@pytest.mark.django_db
def test_joining_needs_a_confirmed_address():
    with pytest.raises(actions.NotVerified):
        actions.join_circle(user=make_user(verified=False))


@pytest.mark.django_db
def test_leaving_the_circle_leaves_what_else_was_given(alma):
    actions.join_circle(user=alma)
    actions.leave_circle(user=alma)
    assert tier(alma) == Tier.LEADERSHIP_ALLIANCE


@pytest.mark.django_db
def test_a_grant_is_ended_once_by_somebody_for_a_reason(mina, otto):
    grant = mina.grants.get()
    actions.end_grant(grant=grant, by=otto, reason="asked to")
    grant.refresh_from_db()
    assert (tier(mina), grant.ended_by, grant.end_reason) == (Tier.READER, otto, "asked to")
    with pytest.raises(actions.Ended):
        actions.end_grant(grant=grant, by=otto, reason="again")


@pytest.mark.django_db
def test_a_grant_that_has_not_begun_is_ended_before_it_holds(otto):
    user, later = make_user(), timezone.now() + timedelta(days=1)
    grant = give(Tier.STRATEGIC_CIRCLE, user, starts_at=later)
    actions.end_grant(grant=grant, by=otto, reason="a mistake")
    assert tier_of(user, at=later) == Tier.READER


@pytest.mark.django_db
def test_seats_are_given_in_order_once_each_until_none_is_left():
    organisation, people = make_organisation(), [make_user() for _ in range(4)]
    given = [actions.give_seat(organisation=organisation, user=user).number for user in (*people[:2], people[0])]
    assert given == [1, 2, 1]
    actions.give_seat(organisation=organisation, user=people[2])
    with pytest.raises(actions.SeatsTaken):
        actions.give_seat(organisation=organisation, user=people[3])
    actions.end_seat(seat=people[1].seats.get())
    assert actions.give_seat(organisation=organisation, user=people[3]).number == 2


@pytest.mark.django_db
def test_a_seat_that_ends_closes_on_the_next_look(alma):
    actions.end_seat(seat=alma.seats.get())
    assert tier(alma) == Tier.READER


@pytest.mark.django_db
def test_a_suspension_closes_every_tier_until_it_is_lifted(mina, otto):
    suspension = actions.suspend(user=mina, by=otto, reason="shared a briefing")
    assert tier(mina) == Tier.READER
    actions.lift(suspension=suspension)
    assert tier(mina) == Tier.STRATEGIC_CIRCLE
