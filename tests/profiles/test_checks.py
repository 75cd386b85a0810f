"""What the desk says of a text before it goes up. What stands in its way is in test_actions.py."""

import html

import pytest

from profiles.checks import doubts_of
from profiles.models import Revision
from tests.builders import cite, judge, make_profile, make_source, settle
from tests.profiles.test_admin import on_the_desk

pytestmark = pytest.mark.django_db

FILLER = "It is an institution worth watching closely in the coming months."


def doubts(profile):
    return [(doubt.field, doubt.judgement) for doubt in doubts_of(profile.revisions.get())]


@pytest.fixture
def profile():
    return make_profile("example", name="Example Registry", judgements={"j1": "It is so."}, cited=True)


def test_a_careful_text_raises_no_doubts(profile):
    assert doubts(profile) == []


@pytest.mark.parametrize(
    "name",
    [
        "Chinese researchers develop AI model for military use on back of Llama",
        "Is the registry still there?",
        "Registry: what comes next",
        "“We did nothing”",
    ],
)
def test_a_name_that_reads_like_a_headline_is_doubted(profile, name):
    profile.revisions.update(name=name)
    assert doubts(profile) == [("name", "")]


@pytest.mark.parametrize(
    "name",
    [
        "National Institute of Advanced Industrial Science and Technology",
        "People's Liberation Army Academy of Military Science",
        "Yahoo!Japan Corp",
        "St. Petersburg Exchange",
    ],
)
def test_a_long_name_or_one_with_signs_in_it_is_a_name(profile, name):
    profile.revisions.update(name=name)
    assert doubts(profile) == []


def test_each_judgement_without_a_source_wording_or_row_is_named(profile):
    judge(profile, "j2")
    judge(profile, "j3")
    profile.revisions.update(statements={"j1": "So.", "j2": "So too.", "j9": "Nobody knows."})
    assert doubts(profile) == [("judgements", "j2"), ("statements", "j9"), ("statements", "j3")]


def test_what_is_a_flaw_is_no_doubt_as_well():
    assert doubts(make_profile(judgements={"j1": "It is so."})) == []


@pytest.mark.parametrize(
    "said",
    [
        {"standfirst": FILLER},
        {"what_it_does": [FILLER]},
        {"why_it_matters": ["Something else.", FILLER]},
        {"what_to_watch": [FILLER]},
        {"sections": [{"heading": "What happened", "body": FILLER}]},
        {"outlook": {"now": {"headline": "Quiet", "body": FILLER}}},
    ],
)
def test_the_same_sentence_on_three_profiles_is_filler_wherever_it_stands(profile, said):
    profile.revisions.update(what_to_watch=[FILLER])
    make_profile(live=True, **said)
    assert doubts(profile) == []
    make_profile(live=True, **said)
    assert doubts(profile) == [("filler", "")]
    (doubt,) = doubts_of(profile.revisions.get())
    assert f"“{FILLER}” stands word for word on 2 other profiles." in doubt.sentence


def test_short_sentences_drafts_and_what_was_withdrawn_make_no_filler(profile):
    profile.revisions.update(what_to_watch=[FILLER, "The vote."])
    for number in range(4):
        make_profile(live=True, what_to_watch=["The vote."], standfirst=f"No. {number}")
        make_profile(what_to_watch=[FILLER])
    assert doubts(profile) == []


def test_a_rationale_of_a_facet_can_be_filler(profile):
    for one in (profile, *(make_profile(live=True, facets={"region": "Africa"}) for _ in range(2))):
        one.revisions.get().facet_values.update(rationale=FILLER)
    assert doubts(profile) == []
    profile.revisions.update(standfirst=FILLER)
    assert doubts(profile) == [("filler", "")]


def test_a_text_that_no_page_could_show_is_a_flaw_and_raises_no_doubts(profile):
    profile.revisions.update(outlook={"now": "Quiet."}, statements={"j1": "So.", "j7": "So."})
    assert doubts(profile) == []


@pytest.mark.django_db(transaction=True)
def test_the_form_tells_doubts_apart_from_flaws_and_adds_what_the_grade_rests_on(client, edith, profile):
    cite(profile, make_source("The echo", derived_from=[make_source("The lost memo")]), judgements=[])
    judge(profile, "j2")
    settle()
    client.force_login(edith)
    draft = profile.revisions.get()
    Revision.objects.filter(pk=draft.pk).update(statements={"j1": "So.", "j2": "So too."}, name="Registry: what next?")
    text = html.unescape(client.get(on_the_desk(Revision, draft.pk)).text)
    before, after = text.split("Worth a look; none of it stands in the way")
    assert "Before it can be published" not in before
    for sentence in (
        "The name reads like a headline",
        "No source is cited for the judgement j2.",
        "rests on one line of evidence",
        "is attached to no judgement",
    ):
        assert sentence in after
