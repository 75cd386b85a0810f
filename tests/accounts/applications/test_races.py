"""Two at once, with real threads and transactions: exactly one of them happens."""

from threading import Barrier, Thread

import pytest
from django.db import connection

from accounts.applications import actions
from accounts.applications.actions import ChangedMeanwhile, NotPossible
from accounts.applications.documents import Upload
from accounts.models import Application, ApplicationEvent, Grant, Organisation, Seat
from tests.builders import make_application, make_user

pytestmark = pytest.mark.django_db(transaction=True)

PDF = Upload("pdf", "extract.pdf", b"%PDF-1.7 %%EOF")


def at_once(*doings):
    """Do all of these at the same moment; return what each ended with."""
    barrier, ended = Barrier(len(doings)), [None] * len(doings)

    def run(number, do):
        barrier.wait()
        try:
            do()
            ended[number] = "done"
        except (NotPossible, ChangedMeanwhile) as refused:
            ended[number] = type(refused).__name__
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(doings)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


@pytest.mark.parametrize("_round", range(5))
def test_approve_refuse_and_withdraw_at_once_end_in_exactly_one_state(_round, otto):
    application = make_application(upload=PDF)
    other = make_user("second-officer@example.org", groups=["Membership officer"])
    which = {"application_id": application.pk, "version": 1}
    ended = at_once(
        lambda: actions.approve(**which, by=otto, document_reviewed=True),
        lambda: actions.refuse(**which, by=other, reason="No."),
        lambda: actions.withdraw(applicant=application.applicant),
    )
    assert sorted(ended) == ["NotPossible", "NotPossible", "done"]
    application.refresh_from_db()
    to = ["approved", "refused", "withdrawn"][ended.index("done")]
    assert application.state == to
    assert ApplicationEvent.objects.filter(application=application).count() == 2
    made = (Organisation.objects.count(), Grant.objects.count(), Seat.objects.count())
    assert made == ((1, 1, 1) if to == "approved" else (0, 0, 0))


@pytest.mark.parametrize("_round", range(5))
def test_a_change_and_an_approval_at_once_never_approve_what_was_not_read(_round, otto):
    application = make_application(upload=PDF)
    changed = actions.Written(organisation="Other Networks", resources="AS64501", role="Owner")
    ended = at_once(
        lambda: actions.approve(application_id=application.pk, version=1, by=otto, document_reviewed=True),
        lambda: actions.submit(applicant=application.applicant, written=changed, seen=1),
    )
    assert ended.count("done") == 1
    assert set(Organisation.objects.values_list("name", flat=True)) <= {"Example Networks"}


def test_two_windows_that_begin_at_once_begin_one_application():
    user = make_user()
    ended = at_once(
        *[lambda: actions.save(applicant=user, written=actions.Written(organisation="A"), seen=0)] * 2,
        lambda: actions.save(applicant=user, written=actions.Written(organisation="B"), seen=0),
    )
    assert "done" in ended
    assert Application.objects.count() == 1
