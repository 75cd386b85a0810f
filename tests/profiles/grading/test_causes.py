"""Every kind of edit, in the sentence readers get."""

import pytest

from profiles.grading import causes
from profiles.grading.causes import Moved, explain_cause
from profiles.models import Publisher, Source
from tests.builders import cite, make_profile, make_publisher, make_source

pytestmark = pytest.mark.django_db

STATEMENTS = {"j1": "It was founded in 2004.", "j2": "It is large."}


@pytest.fixture
def profile():
    profile = make_profile("example", live=True, judgements=STATEMENTS)
    cite(profile, make_source("The report", publisher=make_publisher("Wire", slug="wire")))
    return profile


def change(on, op, *, by="desk", count=1, **fields):
    return {"on": on, "op": op, "by": by, "count": count, **fields}


def told(profile, *changes, first=False, methods=(1, 1), least_sure=("j1", "j1"), hidden=False):
    """What the history says of a grade that moved with these changes."""
    moved = Moved(profile.pk, changes, first, *methods, least_sure, hidden)
    (found,) = causes.of([moved])
    return " ".join(explain_cause(cause) for cause in found)


def source(title="The report"):
    return Source.objects.get(title=title).pk


def judgement(profile, key="j1"):
    return profile.judgements.get(key=key).pk


# Citations and the judgements that rest on them


def test_a_citation_is_told_with_the_judgements_it_was_added_for(profile):
    added = change("citation", "add", source_id=source())
    links = [change("link", "add", source_id=source(), judgement_id=judgement(profile, key)) for key in ("j1", "j2")]
    assert told(profile, added) == "“The report” was cited."
    assert told(profile, added, *links) == "“The report” was cited for “It was founded in 2004”, “It is large”."


def test_a_title_with_a_percent_sign_does_no_harm():
    stored = {"on": "citation", "op": "add", "title": "100% %s", "for": ["It has 100% of %(title)s."]}
    assert explain_cause(stored) == "“100% %s” was cited for “It has 100% of %(title)s”."


def test_a_removed_citation_is_told_once_and_not_for_each_link_that_went_with_it(profile):
    unlinked = change("link", "remove", source_id=source(), judgement_id=judgement(profile))
    removed = change("citation", "remove", source_id=source())
    assert told(profile, unlinked, removed) == "The citation of “The report” was removed."
    assert told(profile, unlinked) == "“It was founded in 2004” no longer rests on “The report”."


def test_what_is_no_longer_on_file_is_said_to_be_so(profile):
    gone = change("citation", "remove", source_id=0)
    assert told(profile, gone) == "The citation of a source that is no longer on file was removed."
    assert told(profile, change("citation", "add", source_id=0)) == "A source that is no longer on file was cited."
    unlinked = change("link", "remove", source_id=source(), judgement_id=0)
    assert told(profile, unlinked) == "A key judgement no longer rests on “The report”."
    linked = change("link", "add", source_id=source(), judgement_id=0)
    assert told(profile, linked) == "A key judgement now rests on “The report”."


def test_an_edited_citation_is_told_with_what_changed(profile):
    fields = {"stance": "supports", "credibility": 2, "direct": False, "source_id": source()}
    edited = change("citation", "change", source_id=source())
    assert told(profile, {**edited, "from": fields, "to": {**fields, "direct": True, "credibility": 3}}) == (
        "The citation of “The report” was edited: credibility from 2 to 3, direct from no to yes."
    )
    assert told(profile, {**edited, "from": fields, "to": {**fields, "stance": "disputes"}}) == (
        "The citation of “The report” was edited: stance from supports to disputes."
    )


def test_a_citation_of_another_source_is_told_as_a_replacement(profile):
    better = make_source("The original").pk
    sides = {"from": {"source_id": source()}, "to": {"source_id": better}}
    replaced = change("citation", "change", source_id=better, **sides)
    relinked = change("link", "change", source_id=better, judgement_id=judgement(profile), **sides)
    assert told(profile, replaced, relinked) == "“The original” is now cited in place of “The report”."
    merged = {**replaced, "from": {"source_id": 0}}
    assert told(profile, merged) == "“The original” is now cited in place of a source that is no longer on file."


def test_a_citation_that_moves_between_profiles_is_told_on_both(profile):
    other = make_profile("other", live=True)
    moved = change(
        "citation", "change", source_id=source(), **{"from": {"profile_id": profile.pk}, "to": {"profile_id": other.pk}}
    )
    assert told(profile, moved) == "The citation of “The report” went to another profile."
    assert told(other, moved) == "The citation of “The report” came here from another profile."


def test_several_rows_of_one_edit_are_counted(profile):
    for op, words in {"add": "added", "remove": "removed", "change": "edited"}.items():
        assert told(profile, change("citation", op, count=3, source_id=source())) == f"3 citations were {words}."
        assert told(profile, change("judgement", op, count=2, key="j1")) == f"2 key judgements were {words}."
    assert told(profile, change("link", "remove", count=2)) == "What the key judgements rest on was edited."


# Judgements


@pytest.mark.parametrize(
    ("was", "now", "sentence"),
    [
        ({"essential": False}, {"essential": True}, "“It is large” is now an essential judgement."),
        ({"essential": True}, {"essential": False}, "“It is large” is no longer an essential judgement."),
        ({"lasting": False}, {"lasting": True}, "“It is large” no longer ages."),
        ({"lasting": True}, {"lasting": False}, "“It is large” ages from now on."),
        ({"position": 1}, {"position": 0}, "“It is large” was moved on the page."),
        ({"key": "j9"}, {"key": "j2"}, "The key judgement “It is large” was edited."),
    ],
)
def test_an_edited_judgement_is_told_with_what_changed(profile, was, now, sentence):
    assert told(profile, change("judgement", "change", key="j2", **{"from": was, "to": now})) == sentence


def test_judgements_come_and_go_by_what_they_say(profile):
    assert told(profile, change("judgement", "add", key="j2")) == "The key judgement “It is large” was added."
    assert told(profile, change("judgement", "remove", key="j8")) == "The key judgement “j8” was removed."


def test_another_least_sure_judgement_is_a_cause(profile):
    assert told(profile, least_sure=("j1", "j2")) == "The least sure essential judgement is now “It is large”."
    assert told(profile, least_sure=("j1", None)) == (
        "Without key judgements, the profile is graded on all its citations."
    )


# Sources, publishers and what repeats what


def test_a_source_is_told_with_its_date_and_publisher(profile):
    was = {"published_on": None, "publisher_id": Publisher.objects.get(slug="wire").pk}
    now = {"published_on": "2020-01-31", "publisher_id": make_publisher("Press").pk}
    edited = change("source", "change", id=source(), title="The report", **{"from": was, "to": now})
    assert told(profile, edited) == (
        "“The report” is now dated 31 January 2020, before: undated; “The report” is now filed under Press, before: Wire."
    )


def test_derivations_are_told_with_both_ends(profile):
    origins = [make_source(title).pk for title in ("The origin", "The memo")]
    edge = {"source_id": source(), "origin_id": origins[0]}
    assert told(profile, change("derivation", "add", **edge)) == "“The report” is now known to repeat “The origin”."
    assert told(profile, change("derivation", "add", count=3, **edge)) == (
        "“The report” is now known to repeat “The origin” and 2 more."
    )
    assert told(profile, change("derivation", "remove", **edge)) == (
        "“The report” is no longer said to repeat “The origin”."
    )
    sides = {"from": {"origin_id": origins[1]}, "to": {"origin_id": origins[0]}}
    assert told(profile, change("derivation", "change", **edge, **sides)) == (
        "“The report” is now known to repeat “The origin”, before: “The memo”."
    )
    moved = {"from": {"position": 1}, "to": {"position": 0}}
    assert told(profile, change("derivation", "change", **edge, **moved)) == "What “The report” repeats was edited."


def test_a_letter_is_told_with_what_it_was(profile):
    sides = {"from": {"reliability": "B"}, "to": {"reliability": "C"}}
    assert told(profile, change("publisher", "change", name="Wire", by="sql", **sides)) == (
        "Wire went from Reliability B to Reliability C (by the operator)."
    )


# The profile, age, the method


def test_what_was_edited_while_nobody_could_read_the_profile_is_never_told(profile):
    withdrawn, published = (change("profile", op) for op in ("withdraw", "publish"))
    cited = change("citation", "add", source_id=source())
    assert told(profile, cited, withdrawn) == "“The report” was cited. The profile was withdrawn."
    assert told(profile, withdrawn, cited, published) == "The profile was published again."
    assert told(profile, cited, published, hidden=True) == "The profile was published again."
    assert told(profile, cited, published) == "“The report” was cited. The profile was published again."


def test_a_profile_is_published_once_and_then_published_again(profile):
    published = change("profile", "publish")
    assert told(profile, change("profile", "add"), published, first=True) == "The profile was published."
    assert told(profile, published) == "The profile was published again."
    assert explain_cause({"on": "profile", "op": "publish"}) == "The profile was published."


def test_a_grade_that_nobody_caused_has_aged_unless_it_is_the_first(profile):
    assert told(profile) == "Nothing was edited: evidence counts for less as it ages."
    assert told(profile, first=True) == "The profile was published."


def test_a_new_method_is_a_cause_and_a_lost_state_is_none(profile):
    assert told(profile, methods=(1, 2)) == "The method changed from version 1 to version 2."
    asked = {"on": "operator"}
    assert told(profile, asked, methods=(0, 1)) == "The operator asked for the grade to be computed again."


def test_more_causes_than_a_reader_follows_are_counted(profile):
    many = [change("citation", "add", source_id=make_source(f"No. {n}").pk) for n in range(9)]
    assert told(profile, *many).endswith("“No. 5” was cited. 3 further edits.")


def test_a_cause_nobody_foresaw_is_still_a_sentence():
    assert explain_cause({"on": "something", "op": "else"}) == "The evidence was edited."
    assert (
        explain_cause({"on": "source", "op": "change", "title": "T", "from": {}, "to": {}})
        == "The evidence was edited."
    )
