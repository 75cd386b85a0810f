"""Taking in articles: queued, read, compared; then filed and linked as an editor decides. Nothing is linked by itself.

Texts lie behind the second wall, so whoever reads or writes them here takes the desk's role for it.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Max, Q
from django.db.models.functions import Now
from kombu.exceptions import OperationalError as BrokerError
from redis import RedisError

from config import wall
from profiles.actions import DESK
from profiles.dossier.load import fresh_slug
from profiles.grading.pipeline import editing, today
from profiles.intake import fetching, overlap
from profiles.intake.addresses import NotAllowed, target_of
from profiles.intake.fetching import INTERNET, Limits, NotFetched
from profiles.intake.filing import publisher_named, source_on_file
from profiles.intake.proposals import NAMED, Article, Proposed, propose
from profiles.intake.reading import PASTED_MAX, Facts, NotReadable, is_page, read_page, read_text, split_paste
from profiles.models import (
    Choice,
    Derivation,
    Intake,
    IntakeProposal,
    IntakeText,
    Profile,
    Progress,
    Publisher,
    Source,
)
from profiles.public import public_sources

log = logging.getLogger(__name__)

AT_ONCE_MAX = 60_000  # characters of pasted text that are read while its editor waits; more is the worker's
COMPARED_MAX = 12
NAMES_MAX = 300
ATTEMPTS = 3
DIED = timedelta(minutes=2)  # whoever has been reading for longer is gone
KEPT = timedelta(days=90)  # a text that nobody took in
OPEN = (Progress.READ, Progress.TAKEN_IN)
OFF = "This site fetches no addresses (INTAKE_FETCH is off). Paste the text of the article instead."


class NotTaken(Exception):
    """Why nothing of what was pasted was taken, as a sentence."""


class NotReady(Exception):
    """This article cannot be taken in as it stands, with the reason."""


class DecidedMeanwhile(Exception):
    """Somebody else has decided a proposal since the page was opened. Nothing of this decision stands."""


class CannotLink(Exception):
    """Why an accepted proposal cannot become a derivation; `proposal_id` says which."""

    def __init__(self, sentence: str, proposal_id: int) -> None:
        super().__init__(sentence)
        self.proposal_id = proposal_id


# --- Pasting ----------------------------------------------------------------------------------------------------------


def fetches() -> bool:
    return settings.ENV.intake_fetch


def take(*, pasted: str, by: AbstractBaseUser | None = None, profile: Profile | None = None) -> list[Intake]:
    """Queue whatever was pasted, all of it or nothing, and read short texts at once. Raises NotTaken."""
    articles = split_paste(pasted)
    if not articles:
        raise NotTaken("Paste an address, or the text of an article.")
    if len(articles) > PASTED_MAX:
        raise NotTaken(f"These are {len(articles)} articles; paste at most {PASTED_MAX} at a time.")
    if not fetches() and any(not one.body for one in articles):
        raise NotTaken(OFF)
    for one in articles:
        _check(one.url)
    with transaction.atomic():
        taken = [_queue(one.url, one.body, by, profile) for one in articles]
        if sum(len(one.body) for one in articles) <= AT_ONCE_MAX:
            for intake, one in zip(taken, articles, strict=True):
                if one.body and not is_page(one.body.encode()[:5000]):
                    _read_pasted(intake, one.body)
        transaction.on_commit(tell_worker)
    return taken


def _check(url: str) -> None:
    try:
        if url:
            target_of(url)
    except NotAllowed as refused:
        raise NotTaken(f"{url[:200]}: {refused}") from None


def _queue(url: str, body: str, by: AbstractBaseUser | None, profile: Profile | None) -> Intake:
    intake = Intake.objects.create(url=url, profile=profile, added_by_id=by.pk if by else None)
    if body:
        with wall.acting_as(wall.DESK):
            IntakeText.objects.create(intake=intake, body=body)
    return intake


def try_again(*, intake_id: int) -> None:
    """Put an article that failed into the queue once more."""
    with transaction.atomic():
        failed = Intake.objects.filter(pk=intake_id, progress=Progress.FAILED)
        failed.update(progress=Progress.QUEUED, problem="", attempts=0, started_at=None)
        transaction.on_commit(tell_worker)


def dismiss(*, intake_id: int) -> None:
    """Put an article aside that will not be taken in, and forget its text."""
    with transaction.atomic(), wall.acting_as(wall.DESK):
        if Intake.objects.filter(pk=intake_id, source=None).update(progress=Progress.DISMISSED):
            IntakeText.objects.filter(pk=intake_id).delete()


def tell_worker() -> None:
    from config.celery import app

    try:
        app.send_task("profiles.intake.tasks.read_waiting")
    except (BrokerError, RedisError, OSError) as error:
        log.warning("The worker could not be told of an article (%s); it is found in a moment.", error)


def another_waits() -> bool:
    return Intake.objects.filter(progress=Progress.QUEUED).exists()


# --- Reading ----------------------------------------------------------------------------------------------------------


CLAIM = """
    UPDATE profiles_intake SET progress = 'fetching', started_at = clock_timestamp(), attempts = attempts + 1
    WHERE id = (SELECT id FROM profiles_intake
                WHERE progress = 'queued' OR (progress = 'fetching' AND started_at < clock_timestamp() - %s * interval '1 second')
                ORDER BY added_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, attempts"""


def read_next(limits: Limits = INTERNET) -> Intake | None:
    """Read the article that has waited longest; return it, or None where nothing waits."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [DIED.total_seconds()])
        claimed = cursor.fetchone()
    if claimed is None:
        return None
    intake = Intake.objects.get(pk=claimed[0])
    if claimed[1] > ATTEMPTS:
        _fail(intake, "Reading it ended in the middle several times. Paste its text instead.")
    else:
        _read(intake, limits)
    return intake


def _read(intake: Intake, limits: Limits) -> None:
    try:
        with wall.acting_as(wall.DESK):
            pasted = IntakeText.objects.filter(pk=intake.pk).values_list("body", flat=True).first()
        facts = read_text(pasted, intake.url) if pasted else _fetched(intake.url, limits)
        with transaction.atomic():
            _keep(intake, facts)
    except (NotAllowed, NotFetched, NotReadable) as refused:
        _fail(intake, str(refused))
    except Exception as error:
        # Anybody's page can be the one nobody has thought of; it must not stand in the way of the next.
        log.exception("Reading article %s failed", intake.pk)
        _fail(intake, f"Reading it failed ({type(error).__name__}). Paste its text instead.")


def _fetched(url: str, limits: Limits) -> Facts:
    if not fetches():
        raise NotFetched(OFF)
    page = fetching.fetch(url, limits)
    if page.status != 200:
        raise NotFetched(f"The host answered {page.status} instead of the page.", page.status)
    if is_page(page.body) or "html" in page.content_type:
        return read_page(page.body, page.url)
    if page.content_type.startswith("text/plain"):
        return read_text(page.body.decode("utf-8", "replace"), page.url)
    raise NotReadable(f"This is no page of text but {page.content_type[:80] or 'something else'}. Paste its text instead.")  # fmt: skip


def _read_pasted(intake: Intake, body: str) -> None:
    _keep(intake, read_text(body, intake.url))


def _fail(intake: Intake, problem: str) -> None:
    intake.progress, intake.problem = Progress.FAILED, problem
    intake.save(update_fields=["progress", "problem"])


def _keep(intake: Intake, facts: Facts) -> None:
    """Store what was read, and what it is proposed to repeat. Call it in a transaction."""
    publisher = publisher_named(facts.publisher, facts.url or intake.url)
    intake.url, intake.title, intake.published_on = facts.url or intake.url, facts.title, facts.published_on
    intake.authors, intake.language = list(facts.authors), facts.language
    intake.publisher_name = publisher.name if publisher else facts.publisher
    intake.progress, intake.problem = Progress.READ, ""
    intake.save()
    with wall.acting_as(wall.DESK):
        article = Article.of(intake.pk, facts.body)
        text = _text(article)
        others = _comparable(text)
        text.save()
        _propose(article, others)
        for other in others:
            _propose(other, [article], named=False)


def _text(article: Article) -> IntakeText:
    names = sorted({name[:100] for one in article.retells for name in one.names})[:NAMES_MAX]
    shingles = sorted(set(overlap.shingles(overlap.words_of(article.body))))
    return IntakeText(intake_id=article.key, body=article.body, shingles=shingles, names=names)


COMPARABLE = """
    SELECT found.intake_id, found.body FROM (
        SELECT text.intake_id, text.body,
               (SELECT count(*) FROM unnest(text.shingles) AS one JOIN unnest(%(shingles)s::bigint[]) AS mine ON mine = one) AS shared,
               (SELECT count(*) FROM unnest(text.names) AS one JOIN unnest(%(names)s::text[]) AS mine ON mine = one) AS names
        FROM profiles_intaketext text JOIN profiles_intake intake ON intake.id = text.intake_id
        WHERE text.intake_id <> %(own)s AND intake.progress IN ('read', 'taken-in')
          AND (text.shingles && %(shingles)s::bigint[] OR text.names && %(names)s::varchar[])) found
    WHERE shared > 0 OR names >= %(least)s ORDER BY shared DESC, names DESC, intake_id LIMIT %(limit)s"""


def _comparable(text: IntakeText) -> list[Article]:
    """Return the articles that share the most words with a text, or the names it speaks of."""
    asked = {"own": text.pk, "shingles": text.shingles, "names": text.names}
    with connection.cursor() as cursor:
        cursor.execute(COMPARABLE, {**asked, "least": overlap.NAMES_SHARED_MIN, "limit": COMPARED_MAX})
        return [Article.of(key, body) for key, body in cursor.fetchall()]


def _propose(article: Article, others: list[Article], *, named: bool = True) -> None:
    """Add the proposals that are not there yet."""
    there = {_same(one) for one in IntakeProposal.objects.filter(intake=article.key)}
    new = [
        _row(article, one) for one in propose(article, others) if named or one.kind != NAMED
    ]  # fmt: skip
    IntakeProposal.objects.bulk_create(one for one in new if _same(one) not in there)


def _row(article: Article, one: Proposed) -> IntakeProposal:
    other = {"other_id": one.other.key, "other_start": one.other.start, "other_end": one.other.end} if one.other else {}
    when = {"year": one.when.year, "month": one.when.month, "day": one.when.day}
    places = {"start": one.start, "end": one.end, "likeness": one.likeness}
    return IntakeProposal(
        intake_id=article.key, kind=one.kind, thing=one.thing, name=one.name[:200], **when, **places, **other
    )


def _same(one: IntakeProposal) -> tuple[object, ...]:
    """What makes two proposals one. A story's origin is proposed once, whoever else tells it."""
    place = (one.other_id, one.start) if one.kind not in {"story", "named"} else ()
    return (*place, one.thing, one.name.casefold(), None if one.name else one.month)


# --- Deciding ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filing:
    """A source as it shall be filed, its publisher by name."""

    title: str
    publisher: str
    published_on: date | None = None
    url: str = ""
    authors: tuple[str, ...] = ()
    language: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a proposal: rejected without an origin, else linked to one, on file already or to be filed."""

    proposal_id: int
    accepted: bool
    origin_id: int | None = None
    origin: Filing | None = None


def take_in(
    *,
    intake_id: int,
    filing: Filing,
    decisions: Collection[Decision],
    by: AbstractBaseUser,
    may_publish: bool,
    profile: Profile | None = None,
) -> Source:
    """File an article and link it to the origins that were accepted; all of it or nothing.

    `may_publish`: whoever may not, links nothing that a live profile rests on. A derivation for a draft counts for that
    draft alone. Raises NotReady, DecidedMeanwhile and CannotLink.
    """
    with editing(by=DESK):
        intake = Intake.objects.select_for_update(no_key=True).get(pk=intake_id)
        if intake.progress not in OPEN:
            raise NotReady(f"This article is {intake.get_progress_display()}; there is nothing to take in.")
        source = intake.source or _file(filing)
        draft = profile if profile and not profile.is_live else None
        for decision in decisions:
            _decide(source, decision, by=by, draft=draft, may_publish=may_publish, intake_id=intake_id)
        intake.source, intake.progress, intake.profile = source, Progress.TAKEN_IN, profile
        intake.save(update_fields=["source", "progress", "profile"])
        return source


def _file(filing: Filing) -> Source:
    """Return the source on file, as it is, or a new one; its publisher too, with letter F until somebody judges it."""
    if found := on_file(filing):
        return found
    source = Source(
        publisher=publisher_named(filing.publisher) or _new_publisher(filing.publisher),
        title=filing.title,
        authors=list(filing.authors),
        url=filing.url,
        published_on=filing.published_on,
        language=filing.language,
        accessed_on=today() if filing.url else None,
    )
    source.full_clean()
    source.save()
    return source


def on_file(filing: Filing) -> Source | None:
    """Return the source that filing would find again."""
    return source_on_file(
        url=filing.url,
        publisher=publisher_named(filing.publisher),
        title=filing.title,
        published_on=filing.published_on,
    )


def _new_publisher(name: str) -> Publisher:
    slugs = set(Publisher.objects.values_list("slug", flat=True))
    return Publisher.objects.create(slug=fresh_slug(name, slugs, "publisher"), name=name)


def _decide(
    source: Source, decision: Decision, *, by: AbstractBaseUser, draft: Profile | None, may_publish: bool, intake_id: int
) -> None:  # fmt: skip
    proposal = IntakeProposal.objects.select_for_update(no_key=True).get(pk=decision.proposal_id, intake=intake_id)
    if proposal.decision:
        raise DecidedMeanwhile("Somebody else has decided one of these proposals meanwhile. Look at it again.")
    if decision.accepted:
        proposal.origin = _origin(decision)
        _link(source, proposal, draft=draft, may_publish=may_publish)
    proposal.decision = Choice.ACCEPTED if decision.accepted else Choice.REJECTED
    proposal.decided_at, proposal.decided_by_id = Now(), by.pk
    proposal.save(update_fields=["origin", "decision", "decided_at", "decided_by"])


def _origin(decision: Decision) -> Source:
    if decision.origin is None:
        origin = Source.objects.filter(pk=decision.origin_id or 0).first()
        if origin is None:
            raise CannotLink("This source has been removed meanwhile; choose another one.", decision.proposal_id)
        return origin
    try:
        return _file(decision.origin)
    except ValidationError as error:
        raise CannotLink(" ".join(error.messages), decision.proposal_id) from None


def _link(source: Source, proposal: IntakeProposal, *, draft: Profile | None, may_publish: bool) -> None:
    origin = proposal.origin
    assert origin is not None
    if origin.pk == source.pk:
        raise CannotLink("A source cannot be derived from itself; choose another origin.", proposal.pk)
    links = Derivation.objects.filter(source=source)
    if links.filter(Q(draft_of=None) | Q(draft_of=draft), origin=origin).exists():
        return
    if draft is None and not may_publish and public_sources().filter(pk=source.pk).exists():
        raise CannotLink(
            "A live profile rests on this source, so an editor links it, or you do for a draft of yours.", proposal.pk
        )
    last = links.aggregate(last=Max("position"))["last"]
    Derivation.objects.create(source=source, origin=origin, draft_of=draft, position=0 if last is None else last + 1)


# --- Keeping ----------------------------------------------------------------------------------------------------------


def forget_texts() -> int:
    """Delete the texts of articles that nobody has taken in for ninety days; return how many."""
    with wall.acting_as(wall.DESK):
        old = IntakeText.objects.filter(intake__source=None, intake__added_at__lt=Now() - KEPT)
        return old.delete()[0]
