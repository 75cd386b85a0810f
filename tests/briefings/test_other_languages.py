"""What members are told by forms, steps and states is worded in their language, whichever app says it."""

import pytest

from accounts import seat_views, second_factor
from accounts.access import Standing
from accounts.applications import progress, states
from accounts.applications import views as applications
from accounts.applications.actions import Written
from accounts.applications.documents import BadDocument, read_upload
from accounts.applications.forms import ApplicationForm, InvitationForm
from accounts.applications.resources import Unclear, parse_domain, parse_resource, parse_resources
from accounts.applications.states import NotPossible, State, Step
from accounts.models import Check, Version
from accounts.tiers import GATED, Tier
from briefings.alerts import tokens
from briefings.alerts.forms import FollowForm, PreferenceForm, SubscribeForm
from briefings.alerts.models import Often
from briefings.alerts.views import _in_words
from briefings.models import Persona
from briefings.steps import next_step
from profiles.forms import ContactForm
from tests import pseudo


def words_of_form(form):
    for field in form.fields.values():
        yield from (str(field.label or ""), str(field.help_text))
        yield from (str(label) for _value, label in getattr(field, "choices", ()))
        yield from map(str, field.error_messages.values())


def refusals():
    written = [("AS0", parse_resource), ("12", parse_resource), ("1.2.3/x", parse_resource), ("??", parse_resource)]
    written += [("0.0.0.0/0", parse_resource), ("1.1.1.1," * 6, parse_resources), ("é.org", parse_domain)]
    for text, parse in [*written, ("alone", parse_domain)]:
        try:
            parse(text)
        except Unclear as unclear:
            yield str(unclear).replace(text, "").replace("AS0", "")
    for content in (b"no picture", b"x" * 5_000_001):
        with pytest.raises(BadDocument) as bad:
            read_upload(content, name="")
        yield str(bad.value)
    for state in State:
        if not states.may(state, Step.CHANGE):
            with pytest.raises(NotPossible) as late:
                states.after(state, Step.CHANGE)
            yield str(late.value)
    yield from Written().flaws().values()


STANDINGS = [
    Standing(Tier.READER, logged_in=False),
    Standing(Tier.READER, logged_in=True, verified=True, suspended=True),
    Standing(Tier.READER, logged_in=True),
    Standing(Tier.READER, logged_in=True, verified=True),
    *(
        Standing(Tier.STRATEGIC_CIRCLE, logged_in=True, verified=True, applying=applying)
        for applying in (None, State.DRAFT, State.SUBMITTED, State.NEEDS_INFORMATION)
    ),
]


def steps():
    for standing in STANDINGS:
        step = next_step(standing, [tier for tier in GATED if tier > standing.tier], back="/")
        yield from (step.words, step.label, step.other_label)


def test_forms_ask_in_the_readers_language(monkeypatch):
    forms = [InvitationForm(), PreferenceForm(), SubscribeForm(), ContactForm(), ApplicationForm(held=Version())]
    with pseudo.spoken(monkeypatch):
        said = [list(words_of_form(form)) for form in [*forms, FollowForm(account=Often.DAILY)]]
    assert pseudo.english_in(said) == {}


def test_steps_states_and_refusals_are_told_in_the_readers_language(monkeypatch):
    with pseudo.spoken(monkeypatch):
        said = [str(word) for words in progress.WORDS.values() for word in words]
        said += [str(one) for choices in (Often, Persona, Check.Kind, Check.Outcome) for one in choices.labels]
        said += [tier.title for tier in Tier]
        said += [_in_words([tokens.PACE, 1, "daily"]), _in_words([tokens.NEWSLETTER, "x"])]
        shown = (seat_views.FULL, seat_views.NOT_YOURS, second_factor.ASK, applications.SAVED, applications.SENT)
        said += [str(one) for one in shown]
        said += [*steps(), *refusals()]
    assert pseudo.english_in(said) == {}
