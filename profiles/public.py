"""What a stranger may know of: live profiles at their address, and the sources and publishers behind them."""

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import Http404

from profiles.models import Person, Profile, Publisher, Source
from profiles.querysets import ProfileQuerySet

# A source is public when a live profile cites it or reaches it by links. What is prepared on a draft reaches nothing.
PUBLIC_SOURCES = """
    WITH RECURSIVE reached (id) AS (
        SELECT citation.source_id FROM profiles_citation citation
        JOIN profiles_profile profile ON profile.id = citation.profile_id
        WHERE profile.live_revision_id IS NOT NULL AND profile.withdrawn_at IS NULL
        UNION
        SELECT derivation.origin_id FROM reached
        JOIN profiles_derivation derivation ON derivation.source_id = reached.id AND derivation.draft_of_id IS NULL)
    SELECT id FROM reached"""


def public_sources() -> QuerySet[Source]:
    return Source.objects.filter(pk__in=RawSQL(PUBLIC_SOURCES, []))  # noqa: S611  a constant without parameters


def public_publishers() -> QuerySet[Publisher]:
    """Publishers of public sources. One that only drafts know is nobody's business yet."""
    return Publisher.objects.filter(pk__in=public_sources().values("publisher"))


def publishers_with_sources() -> QuerySet[Publisher]:
    """Public publishers with the `number` of their public sources."""
    return public_publishers().annotate(number=Count("sources", filter=Q(sources__in=public_sources())))


def public_people() -> QuerySet[Person]:
    """Authors and reviewers of what is live."""
    written = Profile.objects.published().filter(
        Q(live_revision__author=OuterRef("pk")) | Q(live_revision__reviewer=OuterRef("pk"))
    )
    return Person.objects.filter(Exists(written))


class Moved(Exception):
    """The profile has another address now."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


class Withdrawn(Http404):
    """A profile stood here and was taken down. Whoever makes no difference of it answers as for no profile."""


def profile_at(slug: str, profiles: ProfileQuerySet | None = None) -> Profile:
    """Return the live profile of this slug; raise what `not_live` says where there is none."""
    live = (Profile.objects.all() if profiles is None else profiles).published()
    found = live.filter(slug=slug).first()
    if found is None:
        raise not_live(slug)
    return found


def not_live(slug: str) -> Exception:
    """Say why no live profile has this slug: Moved where it has another one by now, and Http404 otherwise.

    Unknown and unpublished look alike. What everybody could read once and was taken down is Withdrawn.
    """
    moved = Profile.objects.published().filter(former_slugs__slug=slug).values_list("slug", flat=True).first()
    if moved:
        return Moved(moved)
    taken_down = Profile.objects.filter(live_revision__isnull=False, withdrawn_at__isnull=False)
    if taken_down.filter(Q(slug=slug) | Q(former_slugs__slug=slug)).exists():
        return Withdrawn()
    return Http404()
