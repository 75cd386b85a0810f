from datetime import date

import pytest

from profiles import actions
from profiles.grading.pipeline import today
from profiles.models import Mark, Profile, Revision
from tests.builders import cite, derive, judge, make_profile, make_revision, make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def profile():
    """A draft that could be published."""
    profile = make_profile(
        "example", name="Example Registry", judgements={"j1": "It is so."}, facets={"topic": "Names"}
    )
    cite(profile)
    return profile


def flaws(profile):
    return [(flaw.field, flaw.judgement) for flaw in actions.flaws_of(profile.revisions.get())]


def test_a_draft_with_everything_has_no_flaws(profile):
    assert flaws(profile) == []


def test_a_headline_of_an_article_is_not_a_name(profile):
    cite(profile, make_source("example  REGISTRY"), judgements=[])
    assert flaws(profile) == [("name", "")]


def test_a_text_that_no_page_could_show_is_not_published(profile):
    profile.revisions.update(sections={"heading": "What happened"})
    assert flaws(profile) == [("sections", "")]


def test_a_profile_without_a_source_is_not_published():
    profile = make_profile(judgements={"j1": "It is so."})
    assert flaws(profile) == [("citations", ""), ("judgements", "j1")]


def test_context_alone_does_not_carry_the_headline():
    profile = make_profile(judgements={"j1": "It is so."})
    cite(profile, stance="context")
    assert flaws(profile) == [("judgements", "j1")]


def test_an_essential_judgement_needs_a_source_and_others_do_not(profile):
    judge(profile, "j2")
    judge(profile, "j3", essential=True)
    revision = profile.revisions.get()
    revision.statements = dict.fromkeys(("j1", "j2", "j3"), "So.")
    assert [flaw.judgement for flaw in actions.flaws_of(revision)] == ["j3"]


def test_a_source_cited_twice_needs_judgements_to_tell_it_apart():
    profile = make_profile()
    source = make_source()
    cite(profile, source)
    cite(profile, source, stance="disputes")
    assert flaws(profile) == [("citations", "")]


def test_publishing_puts_the_draft_up_and_dates_it(profile, edith):
    source = profile.citations.get().source
    derive(source, make_source(), draft_of=profile)
    revision = actions.publish_revision(revision_id=profile.revisions.get().pk, by=edith)
    profile.refresh_from_db()
    assert (profile.live_revision, revision.approved_by, profile.first_published) == (revision, edith, today())
    assert source.derivations.get().draft_of is None


def test_publishing_twice_changes_nothing_the_second_time(profile, edith, frank):
    revision = profile.revisions.get()
    first = actions.publish_revision(revision_id=revision.pk, by=edith)
    Mark.objects.all().delete()
    again = actions.publish_revision(revision_id=revision.pk, by=frank)
    assert (again.approved_at, again.approved_by) == (first.approved_at, edith)
    assert Mark.objects.count() == 0


def test_a_text_with_flaws_is_refused_with_all_of_them(profile):
    profile.citations.all().delete()
    with pytest.raises(actions.NotPublishable, match=r"cites no source.*headline judgement j1") as refused:
        actions.publish_revision(revision_id=profile.revisions.get().pk)
    assert [flaw.field for flaw in refused.value.flaws] == ["citations", "judgements"]
    assert not Profile.objects.get().is_live


def test_an_older_text_is_not_published_again(profile):
    old = actions.publish_revision(revision_id=profile.revisions.get().pk)
    draft = actions.start_draft(profile_id=profile.pk)
    actions.publish_revision(revision_id=draft.pk)
    with pytest.raises(actions.NoDraft):
        actions.publish_revision(revision_id=old.pk)


def test_a_draft_starts_as_a_copy_of_the_newest_text(profile, wanda):
    live = actions.publish_revision(revision_id=profile.revisions.get().pk)
    draft = actions.start_draft(profile_id=profile.pk, by=wanda)
    assert (draft.number, draft.created_by, draft.approved_at) == (2, wanda, None)
    assert actions.text_of(draft) == actions.text_of(live)
    assert actions.facets_of(draft) == actions.facets_of(live) != {}
    assert actions.start_draft(profile_id=profile.pk) == draft


def test_discarding_a_draft_leaves_the_live_text(profile):
    actions.discard_draft(profile_id=profile.pk)
    assert Revision.objects.count() == 1  # there is nothing else yet
    live = actions.publish_revision(revision_id=profile.revisions.get().pk)
    make_revision(profile)
    actions.discard_draft(profile_id=profile.pk)
    assert list(profile.revisions.all()) == [live]


def test_a_withdrawn_profile_can_be_put_up_again(profile):
    actions.publish_revision(revision_id=profile.revisions.get().pk)
    actions.withdraw_profile(profile_id=profile.pk)
    assert not Profile.objects.published().exists()
    actions.withdraw_profile(profile_id=profile.pk)
    actions.restore_profile(profile_id=profile.pk)
    assert Profile.objects.published().exists()


def test_what_was_never_published_cannot_be_put_up_again(profile):
    with pytest.raises(actions.NotPublished):
        actions.restore_profile(profile_id=profile.pk)


def test_a_correction_is_said_once_and_supersedes_without_removing(profile):
    first = actions.add_correction(profile_id=profile.pk, text="It was 2023.", on=date(2026, 1, 5))
    assert actions.add_correction(profile_id=profile.pk, text="It was 2023.", on=date(2026, 1, 5)) == first
    second = actions.add_correction(profile_id=profile.pk, text="It was 2022.", supersedes_id=first.pk)
    first.refresh_from_db()
    assert (first.superseded_by, second.on, profile.corrections.count()) == (second, today(), 2)


def test_two_drafts_prepare_the_same_derivation_and_each_publishes_it(edith):
    origin, report = make_source(), make_source()
    drafts = [make_profile(judgements={"j1": "It is."}, cited=True) for _ in range(2)]
    for draft in drafts:
        derive(report, origin, draft_of=draft)
    for draft in drafts:
        actions.publish_revision(revision_id=draft.revisions.get().pk, by=edith)
    assert [one.draft_of for one in report.derivations.all()] == [None]
