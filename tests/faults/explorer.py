"""Every kind of edit, and every ordered pair of them: one left uncommitted while the other is graded.

An edit is a function of a world: which rows it strikes and what it writes there. It opens no transaction of its own, and
does no harm when its row has gone: the other edit of a pair may have taken it.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from unittest.mock import patch

import yaml
from django.db import OperationalError, connection, connections, transaction
from psycopg.errors import LockNotAvailable

from briefings.dossier import import_dossier
from profiles import actions
from profiles.grading import pipeline, reading
from profiles.models import (
    Citation,
    Derivation,
    Grade,
    GradingState,
    Judgement,
    JudgementCitation,
    Mark,
    Profile,
    Publisher,
    Revision,
    Source,
    Touch,
)
from tests.builders import THE_DAY, cite, derive, make_profile, make_publisher, make_source, settle
from tests.faults import settled


@dataclass(frozen=True)
class World:
    """Where each kind of edit strikes, by primary key, and what it writes."""

    # Profiles and headline judgements
    profile: int
    headline: int
    other: int
    other_headline: int
    bare: int
    leaving: int
    returning: int
    draft: int
    dying: int
    # Citations, links and judgements
    edited: int
    moved: int
    deleted: int
    disputed: int
    linked: tuple[int, int]
    unlinked: int
    dropped: int
    essential: int
    lasting: int
    # Sources, derivations and publishers
    fresh: int
    redated: int
    merged: int
    kept: int
    doomed: int
    cascading: tuple[int, int]
    repeating: int
    origin: int
    untied: int
    judged: int
    # Values
    dossier: Path
    key: str = "j9"
    digit: int = 5
    letter: str = "A"
    day: date | None = None
    yes: bool = True


# --- The kinds of edit ------------------------------------------------------------------------------------------------


def add_a_citation(world):
    citation = Citation.objects.create(profile_id=world.profile, source_id=world.fresh, credibility=2, direct=world.yes)
    link(world.headline, citation.pk)


def edit_a_citation(world):
    Citation.objects.filter(pk=world.edited).update(credibility=world.digit)


def move_a_citation(world):
    JudgementCitation.objects.filter(citation=world.moved).delete()
    if Citation.objects.filter(pk=world.moved).update(profile=world.other):
        link(world.other_headline, world.moved)


def delete_a_citation(world):
    Citation.objects.filter(pk=world.deleted).delete()


def link_a_judgement(world):
    judgement, citation = world.linked
    if Citation.objects.filter(pk=citation).exists():
        link(judgement, citation)


def unlink_a_judgement(world):
    JudgementCitation.objects.filter(pk=world.unlinked).delete()


def add_a_judgement(world):
    judgement = Judgement(profile_id=world.profile, key=world.key, position=9)
    Judgement.objects.bulk_create([judgement], ignore_conflicts=True)


def delete_a_judgement(world):
    Judgement.objects.filter(pk=world.dropped).delete()


def mark_a_judgement_essential(world):
    Judgement.objects.filter(pk=world.essential).update(essential=world.yes)


def mark_a_judgement_lasting(world):
    Judgement.objects.filter(pk=world.lasting).update(lasting=world.yes)


def edit_a_source(world):
    Source.objects.filter(pk=world.redated).update(published_on=world.day)


def merge_a_source(world):
    """Another one takes over what rests on it and what it rests on."""
    Citation.objects.filter(source=world.merged).update(source=world.kept)
    Derivation.objects.filter(origin=world.merged).exclude(source=world.kept).update(origin=world.kept)
    Derivation.objects.filter(source=world.merged).exclude(origin=world.kept).update(source=world.kept)
    Source.objects.filter(pk=world.merged).delete()


def delete_a_source(world):
    Source.objects.filter(pk=world.doomed).delete()


def add_a_derivation(world):
    edge = Derivation(source_id=world.repeating, origin_id=world.origin)
    Derivation.objects.bulk_create([edge], ignore_conflicts=True)


def remove_a_derivation(world):
    Derivation.objects.filter(pk=world.untied).delete()


def change_a_letter(world):
    Publisher.objects.filter(pk=world.judged).update(reliability=world.letter)


def publish(world):
    for draft in Revision.objects.filter(profile=world.draft, approved_at=None):
        with suppress(actions.NotPublishable):
            actions.publish_revision(revision_id=draft.pk)


def withdraw(world):
    actions.withdraw_profile(profile_id=world.leaving)


def restore(world):
    with suppress(actions.NotPublishable):
        actions.restore_profile(profile_id=world.returning)


def import_a_dossier(world):
    import_dossier(world.dossier)


def update_in_bulk(world):
    Citation.objects.filter(profile=world.other).update(credibility=world.digit)


def write_plain_sql(world):
    sql("UPDATE profiles_citation SET stance = 'disputes' WHERE id = %s", world.disputed)


def copy_rows(world):
    columns = "profile_id, source_id, position, stance, credibility, direct, establishes"
    copying = f"COPY profiles_citation ({columns}) FROM STDIN"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(copying) as rows:
        rows.write_row((world.bare, world.fresh, 9, "supports", 2, world.yes, ""))


def delete_in_a_cascade(world):
    source, judgement = world.cascading
    sql("DELETE FROM profiles_source WHERE id = %s", source)
    sql("DELETE FROM profiles_judgement WHERE id = %s", judgement)


def add_a_profile(world):
    profile = make_profile(live=True)
    cite(profile, Source.objects.get(pk=world.redated))


def delete_a_profile(world):
    sql("DELETE FROM profiles_profile WHERE id = %s", world.dying)


def empty_the_derivations(world):
    sql("TRUNCATE profiles_derivation")


def empty_the_citations(world):
    sql("TRUNCATE profiles_citation CASCADE")


EDITS = [
    add_a_citation,
    edit_a_citation,
    move_a_citation,
    delete_a_citation,
    link_a_judgement,
    unlink_a_judgement,
    add_a_judgement,
    delete_a_judgement,
    mark_a_judgement_essential,
    mark_a_judgement_lasting,
    edit_a_source,
    merge_a_source,
    delete_a_source,
    add_a_derivation,
    remove_a_derivation,
    change_a_letter,
    publish,
    withdraw,
    restore,
    import_a_dossier,
    update_in_bulk,
    write_plain_sql,
    copy_rows,
    delete_in_a_cascade,
    add_a_profile,
    delete_a_profile,
    empty_the_derivations,
    empty_the_citations,
]


def link(judgement_id, citation_id):
    row = JudgementCitation(judgement_id=judgement_id, citation_id=citation_id)
    JudgementCitation.objects.bulk_create([row], ignore_conflicts=True)


def sql(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)


# --- A small world ----------------------------------------------------------------------------------------------------

LONG_AGO = date(2015, 1, 1)
DOSSIER = {
    "dossier": 1,
    "publishers": [{"slug": "wire", "name": "Wire", "reliability": "B"}],
    "sources": [
        {"key": "report", "publisher": "wire", "title": "The report", "published_on": THE_DAY},
        {
            "key": "flash",
            "publisher": "wire",
            "title": "The flash",
            "published_on": THE_DAY,
            "derived_from": ["report"],
        },
    ],
    "profile": {
        "slug": "imported",
        "name": "Imported",
        "status": "published",
        "judgements": [{"key": "j1", "statement": "It was imported."}],
        "citations": [{"source": "flash", "credibility": 2, "judgements": ["j1"]}],
    },
}


def make_world(folder):
    """A few profiles that share sources, publishers and a chain of three reports, graded and quiet."""
    wire, gazette = make_publisher("Wire", slug="wire", reliability="C"), make_publisher("Gazette", reliability="D")
    paper = make_source("The paper")
    report = make_source("The report", publisher=wire)
    retold = make_source("Retold", publisher=gazette, derived_from=[report])
    echo = make_source("The echo", derived_from=[rumour := make_source("The rumour")])
    leak = make_source("The leak", derived_from=[hearsay := make_source("The hearsay")])
    twin, tale = make_source("Its twin", publisher=gazette), make_source("The tale")

    north = make_profile("north", live=True, judgements=claims(1, 2, 3, 4, 5, 6, 9))
    north.judgements.filter(key="j9").delete()  # the text states it: it counts once it is on file
    south = make_profile("south", live=True, judgements=claims(1, 2))
    east, west, bare = (make_profile(slug, live=True) for slug in ("east", "west", "bare"))
    draft, ghost = make_profile("draft", judgements=claims(1)), make_profile("ghost", judgements=claims(1))
    derive(tale, paper, draft_of=draft)

    edited, disputed = cite(north, judgements=["j1"]), cite(north, judgements=["j2"])
    moved, deleted = cite(north, judgements=["j2"]), cite(north, judgements=["j3"])
    loose, lone = cite(north, judgements=[]), cite(north, judgements=["j3"])
    unlinked = cite(north, judgements=["j3"])
    cite(north, make_source(published_on=LONG_AGO), judgements=["j4"])
    cite(north, make_source(reliability="E"), judgements=["j5"])
    cite(north, judgements=["j6"])
    cite(north, report, judgements=["j1"])
    cite(north, echo, judgements=["j2"])
    cite(south, retold)
    cite(south, paper)
    cite(south, tale, judgements=["j2"])
    cite(south, twin, judgements=["j2"], credibility=3)
    cite(south, leak)
    for profile in (east, west, bare, ghost):
        cite(profile, report)
    cite(draft, report)
    settle()
    actions.withdraw_profile(profile_id=east.pk)
    cite(east, paper)
    fresh = make_source("Fresh")
    settle()
    keep_rows()
    return World(
        profile=north.pk,
        headline=judgement(north, "j1"),
        other=south.pk,
        other_headline=judgement(south, "j1"),
        bare=bare.pk,
        leaving=west.pk,
        returning=east.pk,
        draft=draft.pk,
        dying=ghost.pk,
        edited=edited.pk,
        moved=moved.pk,
        deleted=deleted.pk,
        disputed=disputed.pk,
        linked=(judgement(north, "j4"), loose.pk),
        unlinked=unlinked.links.get().pk,
        dropped=judgement(north, "j3"),
        essential=judgement(north, "j5"),
        lasting=judgement(north, "j4"),
        fresh=fresh.pk,
        redated=report.pk,
        merged=twin.pk,
        kept=retold.pk,
        doomed=rumour.pk,
        cascading=(hearsay.pk, judgement(north, "j6")),
        repeating=lone.source_id,
        origin=report.pk,
        untied=retold.derivations.get().pk,
        judged=wire.pk,
        dossier=dossier(folder),
    )


def claims(*numbers):
    return {f"j{number}": f"Claim {number}." for number in numbers}


def judgement(profile, key):
    return profile.judgements.get(key=key).pk


def dossier(folder):
    path = folder / "imported.yaml"
    path.write_text(yaml.safe_dump(DOSSIER))
    return path


# In the order in which they can be filled again.
EVIDENCE = (Publisher, Source, Profile, Revision, Judgement, Citation, JudgementCitation, Derivation)
GRADES = (GradingState, Grade)


def keep_rows():
    """Remember how the world is now."""
    for table in map(named, (*EVIDENCE, *GRADES)):
        sql(f"DROP TABLE IF EXISTS kept_{table}; CREATE TEMP TABLE kept_{table} AS TABLE {table}")


def put_rows_back():
    """Make the world what it was when its rows were kept, with nothing pending."""
    gone = ["TRUNCATE profiles_grade", *(f"DELETE FROM {named(model)}" for model in reversed(EVIDENCE))]
    quiet = [f"DELETE FROM {named(model)}" for model in (GradingState, Mark, Touch)]
    sql(";".join([*gone, *map(filled, EVIDENCE), *quiet, *map(filled, GRADES)]))


def named(model):
    return model._meta.db_table


def filled(model):
    # By name, and without what PostgreSQL works out by itself and takes from nobody.
    columns = ", ".join(field.column for field in model._meta.concrete_fields if not field.generated)
    return f"INSERT INTO {named(model)} ({columns}) SELECT {columns} FROM kept_{named(model)}"


# --- A pair -----------------------------------------------------------------------------------------------------------

PATIENCE = "40ms"  # for a lock; its holder waits for us, so more of it would change nothing
TRIES = 2  # PostgreSQL's own housekeeping may hold a table for a moment


@dataclass(frozen=True)
class Outcome:
    """What came of a pair: whether the second edit or the grading had to wait for the first, and what is wrong."""

    waited: bool
    ungraded: bool
    wrongs: list[str]


class Editor:
    """Somebody else: a thread, and so a connection, of their own, with a transaction that stays open as long as we say."""

    def __init__(self, thread):
        self.thread = thread

    def begin(self, edit, world):
        self.thread.submit(self._begin, edit, world).result()

    def commit(self):
        self.thread.submit(self.open.__exit__, None, None, None).result()

    def _begin(self, edit, world):
        self.open = transaction.atomic()
        self.open.__enter__()
        edit(world)


@contextmanager
def another_editor():
    with ThreadPoolExecutor(max_workers=1) as thread:
        try:
            yield Editor(thread)
        finally:
            thread.submit(connections.close_all).result()


def explore(first, second, world, editor):
    """Leave the first edit uncommitted, make the second and grade it, commit the first, grade: what is wrong then?

    A second edit that must wait for the first one's rows is made after it.
    """
    put_rows_back()
    editor.begin(first, world)
    with impatience():
        waited = had_to_wait(lambda: make(second, world))
        ungraded = had_to_wait(pipeline.sweep)
    editor.commit()
    if waited:
        make(second, world)
    pipeline.sweep()
    return Outcome(waited, ungraded, settled.wrongs())


def explore_midway(first, second, world, editor):
    """The same, but the first edit commits in the middle of the grading: after marks or evidence, before the other."""
    put_rows_back()
    editor.begin(first, world)
    make(second, world)
    with in_the_middle_of_grading(editor.commit):
        pipeline.sweep()
    return settled.wrongs()


def make(edit, world):
    with transaction.atomic():
        edit(world)


def had_to_wait(work):
    for _ in range(TRIES):
        try:
            work()
            return False
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
    return True


@contextmanager
def impatience():
    sql(f"SET lock_timeout = '{PATIENCE}'")
    try:
        yield
    finally:
        sql("RESET lock_timeout")


@contextmanager
def in_the_middle_of_grading(happens):
    """Let something happen once, between the taking of the marks and the reading of the evidence, whichever comes first."""
    still_to_happen = [happens]

    def followed(step):
        def stepping(*args, **options):
            done = step(*args, **options)
            done = done if isinstance(done, dict) else list(done)
            while still_to_happen:
                still_to_happen.pop()()
            return done

        return stepping

    with (
        patch.object(pipeline, "_take_marks", followed(pipeline._take_marks)),
        patch.object(reading, "cases", followed(reading.cases)),
    ):
        yield
    assert not still_to_happen, "nothing was graded"
