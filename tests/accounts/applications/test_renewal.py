from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.applications import actions, renewal
from accounts.applications.membership import RENEW_FROM
from accounts.chores import look_after_applications
from accounts.models import Grant
from accounts.tiers import Tier
from config import mailing
from config.models import OutgoingMail
from tests.builders import find_evidence, give, make_application, make_organisation, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ending(db):
    """The grant of an organisation with a manager and a colleague, which ends in forty days."""
    organisation = make_organisation(make_user("manager@example.org"), make_user())
    return give(Tier.LEADERSHIP_ALLIANCE, organisation, ends_at=timezone.now() + timedelta(days=40))


def remind(grant, *, days_before):
    renewal.remind(at=grant.ends_at - timedelta(days=days_before))
    return list(OutgoingMail.objects.filter(kind="renewal-due").order_by("pk").values_list("to", "key"))


def test_the_manager_is_reminded_a_month_and_a_week_before_once_each(ending):
    month = ("manager@example.org", f"renewal-due:{ending.pk}:a month before")
    week = ("manager@example.org", f"renewal-due:{ending.pk}:a week before")
    assert remind(ending, days_before=31) == []
    assert remind(ending, days_before=30) == [month]
    assert remind(ending, days_before=29) == [month]
    assert remind(ending, days_before=7) == [month, week]
    assert remind(ending, days_before=1) == [month, week]
    assert remind(ending, days_before=-1) == [month, week]


def test_a_month_that_was_missed_is_not_made_up_for(ending):
    assert [key for _to, key in remind(ending, days_before=5)] == [f"renewal-due:{ending.pk}:a week before"]


def test_who_has_been_renewed_or_waits_for_it_is_left_alone(ending):
    make_application(ending.organisation.seats.get(number=1).user)
    assert remind(ending, days_before=20) == []
    give(Tier.LEADERSHIP_ALLIANCE, ending.organisation, ends_at=ending.ends_at + timedelta(days=365))
    assert remind(ending, days_before=5) == []


def test_a_reminder_that_is_overtaken_before_it_leaves_is_dropped(ending):
    Grant.objects.filter(pk=ending.pk).update(ends_at=timezone.now() + timedelta(days=20))
    look_after_applications()
    give(Tier.LEADERSHIP_ALLIANCE, ending.organisation)
    mailing.deliver()
    assert mail.outbox == []


def test_the_reminder_leads_to_the_form(ending, settings):
    settings.SITE_URL = "https://assay.example.org"
    Grant.objects.filter(pk=ending.pk).update(ends_at=timezone.now() + timedelta(days=20))
    look_after_applications()
    mailing.deliver()
    assert "The membership of Example Networks ends on" in mail.outbox[0].subject
    assert "https://assay.example.org/account/application/" in mail.outbox[0].body


def test_a_renewal_is_open_before_the_first_reminder(ending):
    assert max(renewal.REMINDERS.values()) < RENEW_FROM


def test_a_new_application_starts_from_the_last_one(otto):
    application = make_application(statement="As written.")
    find_evidence(application)
    actions.approve(application_id=application.pk, version=1, by=otto)
    assert renewal.start_for(application.applicant, None).statement == "As written."


def test_whoever_took_over_starts_from_what_is_known_of_the_organisation():
    heir = make_user()
    organisation = make_organisation(heir, name="Example Networks", number_resources=["AS64500", "AS64501"])
    start = renewal.start_for(heir, organisation)
    assert (start.organisation, start.resource_list) == ("Example Networks", ["AS64500", "AS64501"])
