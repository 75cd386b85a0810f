"""The table of steps, told in full, and that nothing gets round it."""

from itertools import product

import pytest
from django.db import DatabaseError, transaction

from accounts.applications import states
from accounts.applications.states import NotPossible, State, Step
from accounts.models import Application
from tests.builders import make_application

TOLD = """
    draft              submit    submitted
    draft              withdraw  withdrawn
    submitted          change    submitted
    submitted          ask       needs-information
    submitted          approve   approved
    submitted          refuse    refused
    submitted          withdraw  withdrawn
    needs-information  submit    submitted
    needs-information  refuse    refused
    needs-information  withdraw  withdrawn
    needs-information  expire    expired
"""
LEADS = {(State(was), Step(step)): State(to) for was, step, to in map(str.split, TOLD.strip().splitlines())}


@pytest.mark.parametrize(("was", "step"), list(product(State, Step)))
def test_each_step_leads_where_the_table_says_and_nowhere_else(was, step):
    if (was, step) in LEADS:
        assert states.after(was, step) == LEADS[was, step]
    else:
        with pytest.raises(NotPossible, match=str(states.TOO_LATE[was])):
            states.after(was, step)


WAY_TO = {
    "draft": [],
    "submitted": ["submitted"],
    "needs-information": ["submitted", "needs-information"],
    "approved": ["submitted", "approved"],
    "refused": ["submitted", "refused"],
    "withdrawn": ["withdrawn"],
    "expired": ["submitted", "needs-information", "expired"],
}


def test_what_is_closed_stays_closed():
    closed = set(State) - set(states.OPEN)
    assert not [was for was, _step in states.TABLE if was in closed]


@pytest.mark.django_db
@pytest.mark.parametrize(("was", "to"), [pair for pair in product(State, State) if pair[0] != pair[1]])
def test_the_database_holds_to_the_same_table(was, to):
    application = make_application(submitted=False)
    for state in WAY_TO[was]:
        Application.objects.filter(pk=application.pk).update(state=state)
    allowed = (was, to) in {(one, other) for (one, _step), other in LEADS.items()}
    if allowed:
        Application.objects.update(state=to)
        return
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        Application.objects.update(state=to)
