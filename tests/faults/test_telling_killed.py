"""Killed between planning and posting: the reader is written to once all the same, and nobody twice."""

import signal
from datetime import timedelta

import pytest
from django.utils import timezone

from briefings.alerts.models import News
from config.models import ChoreTurn, OutgoingMail
from tests.briefings.alerts.conftest import follow
from tests.builders import cite, make_profile, make_source, make_user, settle
from tests.faults.processes import drain_loop, held_at, somebody_stands_still, tell, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

PLANNED_AND_NOT_NOTED = ("alerts_follow", "SHARE")  # the mail is written, the cursor of its follow cannot move
NOTICED_AND_NOT_NOTED = ("alerts_news", "SHARE")


@pytest.fixture
def moved():
    """A profile that somebody follows, and whose grade has moved since."""
    profile = make_profile("example", live=True, name="Example", judgements={"j1": "So."}, cited=True)
    settle()
    with drain_loop():
        wait_until(lambda: News.objects.filter(kind="grade").exists())
    for _ in range(2):
        follow(make_user(), profile)
    cite(profile, make_source(reliability="A"), direct=True, credibility=1)
    settle()
    its_turn_comes_again()


def its_turn_comes_again():
    # A chore whose process died is left to it for ten minutes.
    ChoreTurn.objects.update(started_at=timezone.now() - timedelta(minutes=11))


def told_since(**ago):
    turn = ChoreTurn.objects.get(name="briefings.alerts.chores.tell")
    return turn.started_at > timezone.now() - timedelta(**ago) and turn.finished_at


@pytest.mark.parametrize("middle", [PLANNED_AND_NOT_NOTED, NOTICED_AND_NOT_NOTED])
def test_a_process_killed_while_it_tells_leaves_it_to_the_next_one(moved, middle):
    with drain_loop() as process, held_at(*middle):
        wait_until(somebody_stands_still)
        tell(process, signal.SIGKILL)
        process.wait()
    assert not OutgoingMail.objects.exists()
    its_turn_comes_again()
    with drain_loop(), drain_loop():
        wait_until(lambda: OutgoingMail.objects.filter(sent_at__isnull=False).count() == 2)
        its_turn_comes_again()
        wait_until(lambda: told_since(minutes=1))
    assert OutgoingMail.objects.count() == 2
    assert News.objects.filter(kind="grade", first=False).count() == 1
