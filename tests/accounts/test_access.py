"""The ledger, asked: every combination of grant, seat, time and suspension, against the rule told in plain words."""

from datetime import timedelta
from itertools import product

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from accounts.access import standing_of, tier_of
from accounts.models import Grant, Organisation, Seat, Suspension
from accounts.tiers import Tier
from briefings.actions import withdraw_briefing
from briefings.gate import can_read
from briefings.models import Briefing, SourceNote
from tests.builders import cite, give, make_briefing, make_note, make_organisation, make_profile, make_user

NOW = timezone.now()
DAY = timedelta(days=1)
# From, to; whether it holds now.
SPANS = {
    "holds": (NOW - DAY, None, True),
    "ends later": (NOW - DAY, NOW + DAY, True),
    "begins now": (NOW, None, True),
    "ends now": (NOW - DAY, NOW, False),
    "is over": (NOW - DAY, NOW - DAY / 2, False),
    "begins later": (NOW + DAY, None, False),
    "is absent": None,
}


def span(name):
    return SPANS[name] or (None, None, False)


@pytest.mark.django_db
@pytest.mark.parametrize("tier", [Tier.STRATEGIC_CIRCLE, Tier.LEADERSHIP_ALLIANCE])
@pytest.mark.parametrize("grant", SPANS)
def test_a_tier_is_held_by_a_grant_that_holds_now_unless_suspended(grant, tier):
    start, end, holds = span(grant)
    for name in SPANS:
        since, until, suspended = span(name)
        user = make_user()
        if start:
            give(tier, user, starts_at=start, ends_at=end)
        if since:
            Suspension.objects.create(user=user, starts_at=since, ends_at=until, reason="a test")
        assert tier_of(user, at=NOW) == (tier if holds and not suspended else Tier.READER), name


@pytest.mark.django_db
@pytest.mark.parametrize("grant", SPANS)
def test_an_organisations_tier_needs_its_grant_and_a_seat_and_no_suspension_of_it(grant):
    start, end, holds = span(grant)
    for seat, barred in product(SPANS, ["is absent", "holds", "is over"]):
        (sits, leaves, seated), (since, until, suspended) = span(seat), span(barred)
        user, organisation = make_user(), make_organisation()
        if start:
            give(Tier.LEADERSHIP_ALLIANCE, organisation, starts_at=start, ends_at=end)
        if sits:
            Seat.objects.create(organisation=organisation, user=user, number=1, starts_at=sits, ends_at=leaves)
        if since:
            Suspension.objects.create(organisation=organisation, starts_at=since, ends_at=until, reason="a test")
        entitled = holds and seated and not suspended
        assert tier_of(user, at=NOW) == (Tier.LEADERSHIP_ALLIANCE if entitled else Tier.READER), (seat, barred)


@pytest.mark.django_db
def test_the_highest_of_several_grants_counts(mina):
    give(Tier.LEADERSHIP_ALLIANCE, mina, ends_at=NOW + DAY)
    assert tier_of(mina, at=NOW) == Tier.LEADERSHIP_ALLIANCE
    assert tier_of(mina, at=NOW + DAY) == Tier.STRATEGIC_CIRCLE


@pytest.mark.django_db
def test_a_suspended_organisation_takes_nothing_else_from_its_people(mina):
    organisation = make_organisation(mina)
    give(Tier.LEADERSHIP_ALLIANCE, organisation)
    Suspension.objects.create(organisation=organisation, reason="a test")
    assert tier_of(mina, at=timezone.now()) == Tier.STRATEGIC_CIRCLE


@pytest.mark.django_db
def test_strangers_closed_accounts_and_staff_have_no_tier_by_themselves(mina, edith):
    mina.is_active = False
    assert tier_of(mina, at=NOW) == tier_of(edith, at=NOW) == tier_of(AnonymousUser(), at=NOW) == Tier.READER


@pytest.mark.django_db
def test_the_tier_is_one_question(mina, django_assert_num_queries):
    with django_assert_num_queries(1):
        tier_of(mina, at=NOW)


@pytest.mark.django_db
def test_the_python_rule_and_the_sql_rule_agree():
    profile = make_profile(live=True, judgements={"j1": "It is so."}, cited=True)
    for tier in (Tier.STRATEGIC_CIRCLE, Tier.LEADERSHIP_ALLIANCE):
        make_briefing(profile, tier)
        make_note(cite(profile, judgements=[]), tier=tier)
        make_briefing(profile, tier)  # takes the place of the first
        make_briefing(profile, tier, live=False)
    other = make_briefing(make_profile(live=True)).teaser
    withdraw_briefing(teaser_id=other.pk)
    for tier in Tier:
        teasers = [one.teaser for one in Briefing.objects.all()]
        assert {one.teaser for one in Briefing.objects.readable_by(tier)} == {t for t in teasers if can_read(tier, t)}
        assert Briefing.objects.readable_by(tier).count() == tier.value
        notes = set(SourceNote.objects.all())
        assert set(SourceNote.objects.readable_by(tier)) == {note for note in notes if can_read(tier, note)}


@pytest.mark.django_db
def test_a_person_stands_where_the_ledger_says(mina, alma):
    assert standing_of(mina, at=NOW).tier == Tier.STRATEGIC_CIRCLE
    Suspension.objects.create(organisation=alma.seats.get().organisation, reason="a test")
    assert standing_of(alma, at=timezone.now()).suspended
    assert not standing_of(make_user(verified=False), at=NOW).verified


# What the database promises


@pytest.mark.django_db
@pytest.mark.parametrize(
    "edit",
    [
        {"tier": Tier.LEADERSHIP_ALLIANCE},
        {"starts_at": NOW - 9 * DAY},
        {"ends_at": NOW + 9 * DAY},
        {"evidence": "something else"},
        {"how": "comp"},
    ],
    ids=str,
)
def test_a_grant_is_never_edited(edit):
    grant = give(Tier.STRATEGIC_CIRCLE, make_user(), how="joined", ends_at=NOW + DAY)
    with pytest.raises(DatabaseError, match="never edited"), transaction.atomic():
        Grant.objects.filter(pk=grant.pk).update(**edit)


@pytest.mark.django_db
def test_a_grant_can_end_earlier_and_is_never_removed():
    grant = give(Tier.STRATEGIC_CIRCLE, make_user(), ends_at=NOW + DAY)
    Grant.objects.filter(pk=grant.pk).update(ends_at=NOW)
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        Grant.objects.filter(pk=grant.pk).delete()


@pytest.mark.django_db
def test_a_grant_belongs_to_a_person_or_an_organisation():
    for holders in ({}, {"user": make_user(), "organisation": Organisation.objects.create(name="Both")}):
        with pytest.raises(IntegrityError, match="grant_holder"), transaction.atomic():
            Grant.objects.create(tier=Tier.STRATEGIC_CIRCLE, **holders)


@pytest.mark.django_db
def test_an_organisation_has_three_seats_and_each_is_one_persons():
    organisation = make_organisation(make_user(), make_user(), make_user())
    for number, promise in ((4, "three_seats"), (3, "one_person_per_seat")):
        with pytest.raises(IntegrityError, match=promise), transaction.atomic():
            Seat.objects.create(organisation=organisation, user=make_user(), number=number)
