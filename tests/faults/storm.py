"""Random edits by four writers, while whatever grades them crashes, is killed and stopped, and loses its Redis now and then."""

import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta

import redis
import yaml
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, connections, transaction
from django.db.models import ProtectedError

from briefings.dossier import BadDossier
from profiles import actions
from profiles.grading import pipeline
from profiles.models import (
    Citation,
    Derivation,
    Grade,
    Judgement,
    JudgementCitation,
    Profile,
    Publisher,
    Source,
)
from tests.builders import THE_DAY, cite, derive, make_profile, make_publisher, make_source
from tests.faults import explorer, settled
from tests.faults.processes import running, tell, wait_until, worker

WRITERS, WORKERS, DRAIN_LOOPS = 4, 2, 2
FOLDER = "CRASHES_NOTED_IN"  # see crashing.py, which is for the processes alone
NOBODY = "redis://127.0.0.1:1/0"
PATIENCE = 120.0  # seconds in which the healed site must have graded everything
LONGEST_STOP = 20.0  # longer than an idle transaction may last: a stopped worker loses its locks
LIMITS = "SET lock_timeout = '2s'; SET statement_timeout = '5s'"  # as in web processes


@dataclass
class Tally:
    """What happened, by name and number, and what was wrong in the end."""

    seed: int
    edits: Counter = field(default_factory=Counter)
    refused: Counter = field(default_factory=Counter)
    done: Counter = field(default_factory=Counter)
    crashes: int = 0
    grades: int = 0
    wrongs: list[str] = field(default_factory=list)


def storm(*, seconds, seed, redis_url, folder):
    """Let it rage for that long, at least until a worker has crashed in a grading; then heal, settle and look."""
    chance, tally = random.Random(seed), Tally(seed)
    dossiers = make_busy_world(chance, folder)
    with Crew(redis_url, folder) as crew:
        wait_until(crew.has_graded, what="the first grading", patience=PATIENCE)
        over = threading.Event()
        with ThreadPoolExecutor(WRITERS) as writers:
            try:
                writing = [
                    writers.submit(write, random.Random(f"{seed} {number}"), dossiers, over)
                    for number in range(WRITERS)
                ]
                rage(crew, chance, seconds, writing)
            finally:
                over.set()
        for written in writing:
            edits, refused = written.result()
            tally.edits += edits
            tally.refused += refused
        tally.done, tally.crashes = crew.done, crew.crashes()
    heal()
    tally.grades, tally.wrongs = Grade.objects.count(), settled.wrongs()
    return tally


def heal():
    """Grade what is left. Whatever the dead held is free as soon as PostgreSQL has noticed."""

    def graded():
        pipeline.sweep()
        return settled.nothing_pending()

    with suppress(AssertionError):  # what still waits then is wrong, and told as such
        wait_until(graded, patience=PATIENCE)


# --- Those who grade --------------------------------------------------------------------------------------------------


class Crew:
    """Workers and drain loops that crash, and what is done to them."""

    def __init__(self, redis_url, folder):
        self.redis_url, self.folder = redis_url, folder
        self.done = Counter()
        self.stopped = {}
        self.members = []

    def __enter__(self):
        starts = [self._drain_loop] * DRAIN_LOOPS + [self._worker] * (WORKERS if self.redis_url else 0)
        self.members = [Member(start) for start in starts]
        return self

    def __exit__(self, *_):
        for member in self.members:
            member.end()

    def _worker(self):
        return worker(app="tests.faults.crashing", **self._environment())

    def _drain_loop(self):
        return running("tests.faults.crashing", ASSAY_PROCESS="drain", **self._environment())

    def _environment(self):
        return {FOLDER: str(self.folder), "REDIS_URL": self.redis_url or NOBODY}

    def crashes(self):
        notes = self.folder / "crashes"
        return len(notes.read_text().splitlines()) if notes.exists() else 0

    def has_graded(self):
        self.look_after()
        return settled.nothing_pending()

    def kill(self, chance):
        member = chance.choice(self.members)
        self.stopped.pop(member, None)
        member.replace()

    def stop(self, chance):
        member = chance.choice(self.members)
        tell(member.process, signal.SIGSTOP)
        self.stopped[member] = time.monotonic() + chance.uniform(0, LONGEST_STOP)

    def flush(self, chance):
        if self.redis_url:
            with redis.Redis.from_url(self.redis_url) as client:
                client.flushdb()

    def look_after(self):
        """Continue those who have been stopped for long enough, and replace those who have crashed."""
        for member in [member for member, until in self.stopped.items() if time.monotonic() > until]:
            del self.stopped[member]
            tell(member.process, signal.SIGCONT)
        for member in self.members:
            if member.process.poll() is not None:
                self.stopped.pop(member, None)
                member.replace()


class Member:
    """One process of the crew, with a successor when it goes."""

    def __init__(self, start):
        self.start = start
        self.life = ExitStack()
        self.process = self.life.enter_context(start())

    def end(self):
        self.life.close()

    def replace(self):
        self.end()
        self.process = self.life.enter_context(self.start())


def rage(crew, chance, seconds, writing):
    began = time.monotonic()
    while time.monotonic() < began + seconds or (not crew.crashes() and time.monotonic() < began + seconds + PATIENCE):
        time.sleep(min(2.0, seconds / 10))
        crew.look_after()
        blow = chance.choice([crew.kill, crew.stop, crew.stop, crew.flush, None])
        if blow:
            with suppress(ProcessLookupError):  # it has crashed this very moment
                blow(chance)
                crew.done[blow.__name__] += 1
        if any(written.done() for written in writing):
            break  # with an error, which comes up when it is asked for its result


# --- Those who write --------------------------------------------------------------------------------------------------


def add_a_source(world):
    source = make_source(publisher=Publisher.objects.get(pk=world.judged), published_on=world.day)
    derive(source, Source.objects.get(pk=world.origin))


def start_a_draft(world):
    draft = actions.start_draft(profile_id=world.leaving)
    edge = Derivation(source_id=world.repeating, origin_id=world.origin, draft_of_id=draft.profile_id)
    Derivation.objects.bulk_create([edge], ignore_conflicts=True)


def add_a_draft(world):
    profile = make_profile(judgements=explorer.claims(1))
    cite(profile, Source.objects.get(pk=world.redated))


EDITS = [*explorer.EDITS, add_a_source, add_a_source, start_a_draft, add_a_draft]
RARE = {explorer.add_a_profile, explorer.empty_the_citations, explorer.empty_the_derivations}
WEIGHTS = [0.03 if edit in RARE else 1.0 for edit in EDITS]
LONG, NEVER_MIND = 0.2, 0.05  # how many transactions stay open for a while, and how many are rolled back
REFUSALS = (DatabaseError, ProtectedError, ObjectDoesNotExist, actions.NoDraft, actions.NotPublished, BadDossier)


class ChangedMind(Exception):
    """The writer takes it back."""


def write(chance, dossiers, over):
    """Edit until it is over; return what was done and what was refused, by name."""
    edits, refused = Counter(), Counter()
    try:
        explorer.sql(LIMITS)
        while not over.is_set():
            (edit,) = chance.choices(EDITS, WEIGHTS)
            try:
                make(edit, random_world(chance, dossiers), chance)
                edits[edit.__name__] += 1
            except (*REFUSALS, ChangedMind) as error:
                refused[name_of(error)] += 1
            time.sleep(chance.uniform(0, 0.05))
    finally:
        connections.close_all()
    return edits, refused


def make(edit, world, chance):
    how = pipeline.editing(by="desk") if chance.random() < 0.5 else transaction.atomic()
    with how:
        edit(world)
        if chance.random() < LONG:
            time.sleep(chance.uniform(0, 0.3))
        if chance.random() < NEVER_MIND:
            raise ChangedMind


def name_of(error):
    return type(error.__cause__ or error).__name__


# --- Their world ------------------------------------------------------------------------------------------------------


def make_busy_world(chance, folder):
    """Profiles, drafts, sources and what they repeat; nothing graded yet. Returns dossiers to import into it."""
    publishers = [make_publisher("Wire", slug="wire"), *(make_publisher(reliability=letter) for letter in "ABCDE")]
    sources = [make_source(publisher=chance.choice(publishers)) for _ in range(20)]
    for later, source in enumerate(sources[1:], start=1):
        derive(source, chance.choice(sources[:later]))
    for number in range(10):
        profile = make_profile(live=number < 8, judgements=explorer.claims(1, 2, 3, 9))
        profile.judgements.filter(key="j9").delete()
        for source in chance.sample(sources, 5):
            cite(profile, source, judgements=[f"j{chance.randint(1, 3)}"])
    return [
        write_dossier(folder / f"dossier-{number}.yaml", chance, slug=f"imported-{number % 2}") for number in range(6)
    ]


def write_dossier(path, chance, *, slug):
    dossier = deepcopy(explorer.DOSSIER)
    dossier["publishers"][0]["reliability"] = chance.choice("ABCDEF")
    dossier["profile"]["slug"] = slug
    dossier["profile"]["citations"][0].update(credibility=chance.randint(1, 6), direct=chance.random() < 0.5)
    path.write_text(yaml.safe_dump(dossier))
    return path


def random_world(chance, dossiers):
    """The same world every edit knows, but each row picked at random among those there are. Nothing has the key 0."""

    def pick(rows):
        return chance.choice(found) if (found := list(rows.order_by("pk").values_list("pk", flat=True))) else 0

    headlines = Judgement.objects.filter(key="j1")
    headline, other_headline = pick(headlines), pick(headlines)
    others = Judgement.objects.exclude(key="j1")  # without its headline a profile might not be gradable
    profile, other = profile_of(headline), profile_of(other_headline)
    citation = pick(Citation.objects)
    return explorer.World(
        profile=profile,
        headline=headline,
        other=other,
        other_headline=other_headline,
        bare=other,
        leaving=pick(Profile.objects.filter(live_revision__isnull=False)),
        returning=pick(Profile.objects.filter(withdrawn_at__isnull=False)),
        draft=pick(Profile.objects.filter(revisions__approved_at=None)),
        dying=pick(Profile.objects.filter(live_revision=None)),
        edited=citation,
        moved=pick(Citation.objects),
        deleted=pick(Citation.objects),
        disputed=pick(Citation.objects),
        linked=(pick(Judgement.objects.filter(profile__citations=citation)), citation),
        unlinked=pick(JudgementCitation.objects),
        dropped=pick(others),
        essential=pick(Judgement.objects),
        lasting=pick(Judgement.objects),
        fresh=pick(Source.objects.exclude(citations__profile__in=[profile, other])),
        redated=pick(Source.objects),
        merged=pick(Source.objects),
        kept=pick(Source.objects),
        doomed=pick(Source.objects.filter(citations=None)),
        cascading=(pick(Source.objects.filter(citations=None)), pick(others)),
        repeating=pick(Source.objects),
        origin=pick(Source.objects),
        untied=pick(Derivation.objects),
        judged=pick(Publisher.objects),
        dossier=chance.choice(dossiers),
        key=f"j{chance.randint(2, 9)}",
        digit=chance.randint(1, 6),
        letter=chance.choice("ABCDEF"),
        day=chance.choice([None, THE_DAY, THE_DAY - timedelta(days=chance.randint(1, 3000))]),
        yes=chance.random() < 0.5,
    )


def profile_of(judgement_id):
    return Judgement.objects.filter(pk=judgement_id).values_list("profile", flat=True).first() or 0
