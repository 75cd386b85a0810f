"""Makers of things. A test states what matters to it; everything else is made up here, the same every time."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from io import BytesIO
from itertools import count

from django.utils import timezone
from PIL import Image

from accounts.models import Grant, Organisation, Seat, User
from accounts.tiers import Tier
from briefings import actions as briefing_actions
from briefings.models import Briefing, SourceNote, Teaser
from profiles.grading import pipeline
from profiles.grading.method import Evidence
from profiles.models import (
    Citation,
    Derivation,
    FacetValue,
    Judgement,
    JudgementCitation,
    Person,
    Profile,
    Publisher,
    Revision,
    Source,
    Term,
)

THE_DAY = date(2026, 6, 1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
PASSWORD = "the-cast-shares-one-password"
TOTP_SECRET = "THECASTSHARESONESECRETAAAAAAAAAA"

_numbers = count(1)


# --- Plain values -----------------------------------------------------------------------------------------------------


def evidence(id="a", reliability="A", *, credibility=2, direct=True, published=THE_DAY, **fields) -> Evidence:
    """A direct, fresh and credible source that supports, unless said otherwise."""
    return Evidence(
        id=id, reliability=reliability, credibility=credibility, direct=direct, published=published, **fields
    )


def picture(*, width=16, height=9, format="WEBP", colour="navy") -> bytes:
    """The bytes of a small picture."""
    file = BytesIO()
    Image.new("RGB", (width, height), colour).save(file, format)
    return file.getvalue()


# --- Evidence ---------------------------------------------------------------------------------------------------------


def make_publisher(name=None, *, reliability="B", slug=None, **fields) -> Publisher:
    number = next(_numbers)
    return Publisher.objects.create(
        slug=slug or f"publisher-{number}", name=name or f"Publisher {number}", reliability=reliability, **fields
    )


def make_source(
    title=None, *, publisher=None, reliability="B", published_on=THE_DAY, derived_from: Iterable[Source] = (), **fields
) -> Source:
    """A source of a publisher of its own, with that reliability letter, unless one is given."""
    source = Source.objects.create(
        title=title or f"Source {next(_numbers)}",
        publisher=publisher or make_publisher(reliability=reliability),
        published_on=published_on,
        **fields,
    )
    for position, origin in enumerate(derived_from):
        derive(source, origin, position=position)
    return source


def derive(source: Source, origin: Source, *, position=0, draft_of: Profile | None = None) -> Derivation:
    """Say that one source repeats another."""
    return Derivation.objects.create(source=source, origin=origin, position=position, draft_of=draft_of)


def cite(profile: Profile, source: Source | None = None, *, judgements=None, credibility=2, **fields) -> Citation:
    """Cite a source (a new one, if none is given) for judgements named by key: the headline, unless said otherwise."""
    citation = Citation.objects.create(
        profile=profile,
        source=source or make_source(),
        credibility=credibility,
        **{"position": profile.citations.count(), **fields},
    )
    for judgement in _judgements(profile, judgements):
        JudgementCitation.objects.create(judgement=judgement, citation=citation)
    return citation


def _judgements(profile: Profile, keys: Iterable[str] | None) -> Iterable[Judgement]:
    if keys is None:
        return profile.judgements.order_by("position")[:1]
    return [profile.judgements.get(key=key) for key in keys]


# --- Profiles ---------------------------------------------------------------------------------------------------------


def make_profile(
    slug=None,
    *,
    live=False,
    judgements: Mapping[str, str] | None = None,
    essential: Iterable[str] = (),
    lasting: Iterable[str] = (),
    facets: Mapping[str, str] | None = None,
    cited=False,
    first_published=None,
    last_verified=None,
    next_review=None,
    **text,
) -> Profile:
    """A profile with one revision: approved and live, or a draft.

    `judgements` gives statements by key, `facets` the names of terms by facet; `cited` files one source for everything.
    """
    slug = slug or f"institution-{next(_numbers)}"
    profile = Profile.objects.create(
        slug=slug,
        first_published=first_published or (THE_DAY if live else None),
        last_verified=last_verified,
        next_review=next_review,
    )
    for key in judgements or {}:
        judge(profile, key, essential=key in set(essential), lasting=key in set(lasting))
    make_revision(profile, live=live, statements=dict(judgements or {}), facets=facets, **text)
    if cited:
        cite(profile, judgements=list(judgements or {}))
    return profile


def judge(profile: Profile, key: str, *, essential=False, lasting=False) -> Judgement:
    """Add a key judgement at the end. It counts on a live profile once a live revision states it."""
    return Judgement.objects.create(
        profile=profile, key=key, position=profile.judgements.count(), essential=essential, lasting=lasting
    )


def make_revision(profile: Profile, *, live=False, facets: Mapping[str, str] | None = None, **text) -> Revision:
    """The next version of a profile's text: its draft, or approved and live."""
    revision = Revision.objects.create(
        profile=profile,
        number=profile.revisions.count() + 1,
        approved_at=timezone.now() if live else None,
        **{"name": profile.slug.replace("-", " ").title(), **text},
    )
    for facet, name in (facets or {}).items():
        FacetValue.objects.create(revision=revision, term=make_term(facet, name), facet=facet)
    if live:
        profile.live_revision = revision
        profile.save(update_fields=["live_revision"])
    return revision


def make_term(facet="category", name="Registry", **fields) -> Term:
    slug = name.lower().replace(" ", "-")
    return Term.objects.get_or_create(facet=facet, slug=slug, defaults={"name": name, **fields})[0]


def make_person(name="Wanda Writer", **fields) -> Person:
    return Person.objects.get_or_create(name=name, defaults={"slug": name.lower().replace(" ", "-"), **fields})[0]


def settle() -> None:
    """Grade whatever waits. Needs a test that really commits: `django_db(transaction=True)`."""
    while pipeline.sweep():
        pass


# --- Behind a tier ----------------------------------------------------------------------------------------------------


def make_briefing(
    profile: Profile,
    tier=Tier.STRATEGIC_CIRCLE,
    *,
    live=True,
    title="What lies deeper",
    summary="",
    contents="",
    body="The body.",
) -> Briefing:
    """The next revision of the briefing of that tier: up, or its draft."""
    teaser = Teaser(profile=profile, tier=tier)
    words = briefing_actions.Words(title, summary, contents, body)
    draft = briefing_actions.new_draft(like=teaser, words=words)
    if live:
        briefing_actions.show(draft)
    return draft.briefing


def make_note(citation: Citation, body="The note.", *, tier=Tier.STRATEGIC_CIRCLE) -> SourceNote:
    return SourceNote.objects.create(citation=citation, tier=tier, body=body)


# --- People who log in ------------------------------------------------------------------------------------------------


def make_user(
    email=None, *, name="", verified=True, groups: Iterable[str] = (), password=PASSWORD, second_factor=True, **fields
) -> User:
    """Somebody with an account and a verified address; staff of the named groups, if any, with a second factor."""
    from allauth.account.models import EmailAddress

    from briefings import staff

    user = User.objects.create_user(
        email or f"reader{next(_numbers)}@example.org", password, name=name, **{"is_staff": bool(groups), **fields}
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    for group in groups:
        staff.join(user, group)
    if user.is_staff and second_factor:
        give_second_factor(user)
    return user


def give_second_factor(user: User) -> None:
    """An authenticator app, which the desk asks of everybody outside the demo."""
    from allauth.mfa.models import Authenticator

    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": TOTP_SECRET})


def typed_code(secret=None) -> str:
    """What the authenticator app of the cast shows now."""
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret or TOTP_SECRET, counters[len(counters) // 2]))


def give(tier: Tier, to: User | Organisation, **fields) -> Grant:
    """A grant that holds now, to a person or an organisation."""
    holder = {"user": to} if isinstance(to, User) else {"organisation": to}
    return Grant.objects.create(tier=tier, **{**holder, "starts_at": LONG_AGO, **fields})


def make_application(applicant: User | None = None, *, submitted=True, upload=None, **written):
    """An application for AS64500, handed in unless it is to stay a draft."""
    from accounts.applications import actions
    from accounts.models import Application

    applicant = applicant or make_user()
    texts = {"organisation": "Example Networks", "resources": "AS64500", "role": "Owner", **written}
    open_one = Application.objects.open().filter(applicant=applicant).first()
    do = actions.submit if submitted else actions.save
    seen = open_one.version if open_one else 0
    return do(applicant=applicant, written=actions.Written(**texts, upload=upload), seen=seen)


def find_evidence(application, *, kind="rdap", asked=None, outcome="matched") -> None:
    """As if the registry, or DNS, had answered."""
    check = application.checks.filter(outcome="", kind=kind, **({"asked": asked} if asked else {})).first()
    check.outcome, check.answer, check.answered_at = outcome, "As a test has it.", timezone.now()
    check.save()


def make_organisation(*people: User, name="Example Networks", **fields) -> Organisation:
    """A company of which these people have a seat each, the first the manager's."""
    organisation = Organisation.objects.create(name=name, **fields)
    for number, user in enumerate(people, start=1):
        Seat.objects.create(organisation=organisation, user=user, number=number, starts_at=LONG_AGO)
    return organisation
