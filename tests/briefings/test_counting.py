"""The public number of notes stays true whichever way a note comes, changes or goes."""

from threading import Thread

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.tiers import Tier
from briefings.models import NoteCount, SourceNote
from profiles.models import Citation, Profile
from tests.builders import cite, make_note, make_profile

CIRCLE, ALLIANCE = Tier.STRATEGIC_CIRCLE, Tier.LEADERSHIP_ALLIANCE


@pytest.fixture
def tidewater(db):
    return make_profile("tidewater")


@pytest.fixture
def harbour(db):
    return make_profile("harbour")


def counted(profile):
    counts = dict(NoteCount.objects.filter(profile=profile, number__gt=0).values_list("tier", "number"))
    notes = list(SourceNote.objects.filter(citation__profile=profile).values_list("tier", "profile"))
    tiers = [tier for tier, _profile in notes]
    assert counts == {tier: tiers.count(tier) for tier in tiers}
    assert {held for _tier, held in notes} <= {profile.pk}
    return counts


def test_a_note_is_counted_when_it_comes_and_when_it_goes(tidewater, harbour):
    note = make_note(cite(tidewater))
    make_note(cite(tidewater), tier=ALLIANCE)
    make_note(cite(harbour))
    assert (counted(tidewater), counted(harbour)) == ({CIRCLE: 1, ALLIANCE: 1}, {CIRCLE: 1})
    note.delete()
    assert (counted(tidewater), counted(harbour)) == ({ALLIANCE: 1}, {CIRCLE: 1})


def test_a_note_that_opens_from_another_tier_is_counted_there(tidewater):
    note = make_note(cite(tidewater))
    note.tier = ALLIANCE
    note.save()
    assert counted(tidewater) == {ALLIANCE: 1}
    SourceNote.objects.update(tier=CIRCLE, body="Other words.")
    assert counted(tidewater) == {CIRCLE: 1}


def test_notes_made_in_bulk_are_counted(tidewater, harbour):
    citations = [cite(tidewater), cite(tidewater), cite(harbour)]
    notes = SourceNote.objects.bulk_create([SourceNote(citation=each, tier=CIRCLE, body="x") for each in citations])
    assert (counted(tidewater), counted(harbour)) == ({CIRCLE: 2}, {CIRCLE: 1})
    notes[0].tier = notes[2].tier = ALLIANCE
    SourceNote.objects.bulk_update(notes, ["tier"])
    assert (counted(tidewater), counted(harbour)) == ({CIRCLE: 1, ALLIANCE: 1}, {ALLIANCE: 1})


def test_notes_written_by_sql_are_counted(tidewater):
    citation = cite(tidewater)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO briefings_sourcenote (citation_id, tier, body) VALUES (%s, 1, '')", [citation.pk])
        assert counted(tidewater) == {CIRCLE: 1}
        cursor.execute("UPDATE briefings_sourcenote SET tier = 2")
        assert counted(tidewater) == {ALLIANCE: 1}
        cursor.execute("DELETE FROM briefings_sourcenote")
        assert counted(tidewater) == {}


@pytest.mark.django_db(transaction=True)
def test_an_emptied_table_counts_nothing():
    tidewater = make_profile("tidewater")
    make_note(cite(tidewater))
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE briefings_sourcenote")
    assert counted(tidewater) == {}


def test_a_citation_that_moves_takes_its_note_to_the_other_count(tidewater, harbour):
    note = make_note(cite(tidewater))
    Citation.objects.update(profile=harbour)
    assert (counted(tidewater), counted(harbour)) == ({}, {CIRCLE: 1})
    note.body = "Saved by somebody who read it before."
    note.save()
    assert (counted(tidewater), counted(harbour)) == ({}, {CIRCLE: 1})


def test_a_note_that_moves_to_another_citation_is_counted_there(tidewater, harbour):
    note = make_note(cite(tidewater))
    SourceNote.objects.filter(pk=note.pk).update(citation=cite(harbour))
    assert (counted(tidewater), counted(harbour)) == ({}, {CIRCLE: 1})


def test_a_note_cannot_be_filed_under_a_profile_that_is_not_its_citations(tidewater, harbour):
    make_note(cite(tidewater))
    SourceNote.objects.update(profile=harbour)
    assert (counted(tidewater), counted(harbour)) == ({CIRCLE: 1}, {})


def test_a_deleted_citation_takes_its_note_along(tidewater):
    citation, other = cite(tidewater), cite(tidewater)
    make_note(citation)
    make_note(other)
    citation.delete()
    assert counted(tidewater) == {CIRCLE: 1}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM profiles_judgementcitation; DELETE FROM profiles_citation")
    assert counted(tidewater) == {}


@pytest.mark.parametrize("by", ["orm", "sql"])
def test_a_deleted_profile_leaves_no_count_behind(tidewater, by):
    make_note(cite(tidewater))
    if by == "orm":
        tidewater.delete()
    else:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM profiles_profile WHERE id = %s", [tidewater.pk])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert (NoteCount.objects.count(), SourceNote.objects.count(), Profile.objects.count()) == (0, 0, 0)


def test_a_note_on_no_citation_is_refused(db):
    with pytest.raises(IntegrityError), transaction.atomic():
        SourceNote.objects.create(citation_id=1, tier=CIRCLE, body="x")


@pytest.mark.django_db(transaction=True)
def test_two_editors_at_once_lose_no_count():
    tidewater = make_profile("tidewater")
    make_note(cite(tidewater))
    citations = [cite(tidewater) for _ in range(4)]
    moved = [make_note(cite(tidewater)) for _ in range(4)]

    def edit(citation, note):
        try:
            with transaction.atomic():
                make_note(citation)
                note.tier = ALLIANCE
                note.save()
        finally:
            connection.close()

    editors = [Thread(target=edit, args=pair) for pair in zip(citations, moved, strict=True)]
    with transaction.atomic():
        first = make_note(cite(tidewater))
        for editor in editors:
            editor.start()
        first.delete()
    for editor in editors:
        editor.join()
    assert counted(tidewater) == {CIRCLE: 5, ALLIANCE: 4}
