from typing import Any

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.addresses import address
from config.audit import audited, changes, never_emptied
from config.content import PROFILE, REVISION, SHARED, shown
from profiles.models.days import readable_days
from profiles.models.facet import Facet, Term
from profiles.models.history import recorded
from profiles.models.person import Person
from profiles.models.shapes import misshapen
from profiles.models.slugs import ASCII_SLUG, SlugField
from profiles.models.stage import StageChange, Staged, counts_as_edit, counts_edits, due_first, stage_rules, standing
from profiles.models.words import FOUND_BY
from profiles.querysets import ProfileQuerySet


class Kind(models.TextChoices):
    """What sort of thing is profiled."""

    ORGANISATION = "organisation", _("Organisation")
    COMPANY = "company", _("Company")
    REGISTRY = "registry", _("Registry")
    GOVERNMENT_BODY = "government-body", _("Government body")
    PROGRAMME = "programme", _("Programme")
    PRODUCT = "product", _("Product")


class Criticality(models.TextChoices):
    """How much depends on the institution working."""

    LOW = "low", pgettext_lazy("criticality", "Low")
    MEDIUM = "medium", pgettext_lazy("criticality", "Medium")
    HIGH = "high", pgettext_lazy("criticality", "High")
    CRITICAL = "critical", pgettext_lazy("criticality", "Critical")


class Horizon(models.TextChoices):
    """When what we watch is expected to matter."""

    NOW = "now", _("Now")
    NEXT_QUARTER = "next-quarter", _("Next quarter")
    NEXT_YEAR = "next-year", _("Next year")


# The columns that are published by revision.
TEXT = (
    "name", "aliases", "kind", "standfirst", "author", "reviewer", "base", "homepage", "number_resources",
    "operational_criticality", "time_horizon", "statements", "sections", "what_it_does", "why_it_matters", "what_to_watch",
    "outlook", "figure", "figure_alt", "figure_caption", "figure_credit", "figure_source_context", "figure_relevance",
    "figure_provenance", "related",
)  # fmt: skip


# And those that are not: where the text stands, and what is made of it.
BESIDE_THE_TEXT = (
    "words", "first_words", "stage", "goes_live_at", "returned_because", "edit", "hands", "created_at", "created_by", "approved_by",
)  # fmt: skip


def _differs(*names: str) -> str:
    columns = [f"{name}_id" if name in {"profile", "author", "reviewer", "figure"} else name for name in names]
    old, new = (", ".join(f"{side}.{column}" for column in columns) for side in ("OLD", "NEW"))
    return f"ROW({old}) IS DISTINCT FROM ROW({new})"


def no_outlook() -> dict[str, dict[str, str]]:
    return {}


PUBLISHED = ["live_revision_id", "withdrawn_at"]
_live = "(NEW.live_revision_id IS NOT NULL AND NEW.withdrawn_at IS NULL)"
_moved = changes(*PUBLISHED)


@recorded()
class Profile(models.Model):
    """An organisation, registry, company, programme or product we watch, and the public page on it.

    Its text is published by revision; the evidence under it (citations, judgements) is live at once.
    """

    slug = SlugField()
    live_revision = models.ForeignKey(
        "profiles.Revision", models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    first_published = models.DateField(null=True, blank=True)
    last_verified = models.DateField(null=True, blank=True)
    next_review = models.DateField(null=True, blank=True)

    objects = ProfileQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]
        permissions = [("publish_profile", "Can publish, withdraw, and edit the evidence of what is live")]
        indexes = [
            models.Index(
                models.F("first_published").desc(nulls_last=True),
                models.F("id").desc(),
                name="profile_newest",
                condition=models.Q(live_revision__isnull=False, withdrawn_at__isnull=True),
            )
        ]
        constraints = [readable_days("profile_days", "first_published", "last_verified", "next_review")]
        triggers = [
            pgtrigger.Trigger(
                name="profile_add",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="new_rows"),
                func="""
                INSERT INTO profiles_gradingstate (profile_id) SELECT id FROM new_rows;
                INSERT INTO profiles_mark (profile_id, lane, at, change)
                SELECT id, coalesce(nullif(current_setting('assay.lane', true), ''), '0')::smallint, clock_timestamp(),
                       jsonb_build_object('on', 'profile', 'op', 'add', 'count', 1,
                                          'by', coalesce(nullif(current_setting('assay.by', true), ''), 'sql'))
                FROM new_rows; RETURN NULL;""",
            ),
            pgtrigger.Trigger(
                name="profile_goes_live",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                referencing=pgtrigger.Referencing(old="old_rows", new="new_rows"),
                func="""
                INSERT INTO profiles_mark (profile_id, lane, at, change)
                SELECT n.id, coalesce(nullif(current_setting('assay.lane', true), ''), '0')::smallint, clock_timestamp(),
                       jsonb_build_object('on', 'profile', 'count', 1,
                           'op', CASE WHEN n.withdrawn_at IS NOT NULL OR n.live_revision_id IS NULL THEN 'withdraw' ELSE 'publish' END,
                           'by', coalesce(nullif(current_setting('assay.by', true), ''), 'sql'))
                FROM new_rows n JOIN old_rows o ON o.id = n.id
                WHERE ROW(o.live_revision_id, o.withdrawn_at) IS DISTINCT FROM ROW(n.live_revision_id, n.withdrawn_at);
                RETURN NULL;""",
            ),
            pgtrigger.Trigger(
                name="profile_slug_changes",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__slug__df=pgtrigger.F("new__slug")),
                func="""
                INSERT INTO profiles_formerslug (slug, profile_id) VALUES (OLD.slug, NEW.id)
                ON CONFLICT (slug) DO UPDATE SET profile_id = excluded.profile_id; RETURN NULL;""",
            ),
            audited(
                "profile.published", pgtrigger.Update, kind="profile", says=PUBLISHED, when=f"{_moved} AND {_live}"
            ),
            audited(
                "profile.withdrawn", pgtrigger.Update, kind="profile", says=PUBLISHED, when=f"{_moved} AND NOT {_live}"
            ),
            audited("profile.filed", pgtrigger.Insert, kind="profile", says=PUBLISHED, when=_live),
            audited(
                "profile.removed",
                pgtrigger.Delete,
                kind="profile",
                says=["slug", *PUBLISHED],
                when="OLD.live_revision_id IS NOT NULL",
            ),
            *shown(SHARED, where="r.live_revision_id IS NOT NULL"),
        ]

    def __str__(self) -> str:
        return str(self.slug)

    def get_absolute_url(self) -> str:
        return address("profiles:profile_detail", self.slug)

    @property
    def is_live(self) -> bool:
        return self.live_revision_id is not None and self.withdrawn_at is None

    @property
    def went_up(self) -> bool:
        """Whether readers have ever seen it. Then there is something to keep, and it can only be withdrawn."""
        return self.live_revision_id is not None or self.revisions.filter(approved_at__isnull=False).exists()

    @property
    def draft(self) -> "Revision | None":
        """The revision being written: the newest one, unless it is the live one."""
        newest = self.revisions.order_by("-number").first()
        return newest if newest and newest.approved_at is None else None


class FormerSlug(models.Model):
    """An address a profile once had; it answers 301 for ever."""

    slug = SlugField()
    profile = models.ForeignKey(Profile, models.CASCADE, related_name="former_slugs")

    def __str__(self) -> str:
        return str(self.slug)


class Figure(models.Model):
    """A picture, kept under the hash of its bytes, with its renditions: the same in other sizes and formats."""

    digest = models.CharField(max_length=64, unique=True)
    extension = models.CharField(max_length=5)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    filename = models.CharField(max_length=200, help_text="What the file was called where it came from.")
    came_as = models.CharField(
        max_length=64, blank=True, db_index=True, help_text="The hash of the file that came, before it was made anew."
    )
    focus_x = models.PositiveSmallIntegerField(
        "focal point, across",
        default=50,
        validators=[MaxValueValidator(100)],
        help_text="In percent from the left: what must stay where a link to the page shows only a part of the picture.",
    )
    focus_y = models.PositiveSmallIntegerField(
        "focal point, down", default=50, validators=[MaxValueValidator(100)], help_text="In percent from the top."
    )
    renditions = models.JSONField(default=list, blank=True, editable=False)
    rendered_at = models.DateTimeField(null=True, blank=True, editable=False)
    unused_since = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            GinIndex(fields=["renditions"], opclasses=["jsonb_path_ops"], name="figure_renditions"),
            models.Index(fields=["id"], name="figure_to_render", condition=models.Q(rendered_at=None)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(focus_x__lte=100, focus_y__lte=100),
                name="figure_focus_inside",
                violation_error_message="The focal point lies inside the picture: from 0 to 100 percent.",
            )
        ]
        triggers = shown(SHARED, fresh=False)

    def __str__(self) -> str:
        return self.filename

    def get_absolute_url(self) -> str:
        return address("profiles:figure", self.digest, self.extension)

    @property
    def path(self) -> str:
        """Where the file lies, inside the media folder."""
        return f"figures/{self.digest}.{self.extension}"

    @property
    def paths(self) -> set[str]:
        """Where its files lie, those of the renditions included."""
        return {self.path, *(f"figures/{one['digest']}.{one['extension']}" for one in self.renditions)}

    @property
    def focus(self) -> str:
        return f"{self.focus_x},{self.focus_y}"

    @staticmethod
    def kind_of(rendition: dict[str, Any]) -> tuple[Any, ...]:
        """What a figure has one rendition of: a format at a width, or the cut around a focal point."""
        return rendition["extension"], rendition["width"], rendition.get("focus")

    def offered(self, extension: str) -> list[dict[str, Any]]:
        """The renditions in one format, the narrowest first."""
        whole = (one for one in self.renditions if one["extension"] == extension and "focus" not in one)
        return sorted(whole, key=lambda one: one["width"])

    @property
    def shared(self) -> dict[str, Any] | None:
        """The cut for links to the page, around the focal point as it is now."""
        return next((one for one in self.renditions if one.get("focus") == self.focus), None)


@recorded(but=[*BESIDE_THE_TEXT])
class Revision(Staged):
    """One version of a profile's public text. Readers see the published one; a draft waits beside it.

    `approved_at` is when it went up, with the approval of `approved_by`. From then on it never changes: what was
    published stays what was approved.
    """

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )

    name = models.CharField(max_length=300)
    aliases = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.ORGANISATION)
    standfirst = models.TextField(blank=True, help_text="One or two sentences under the name.")
    author = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="authored")
    reviewer = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="reviewed")
    base = models.CharField(max_length=300, blank=True)
    homepage = models.URLField(max_length=1000, blank=True)
    number_resources = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    operational_criticality = models.CharField(max_length=10, choices=Criticality, blank=True)
    time_horizon = models.CharField(max_length=15, choices=Horizon, blank=True)
    statements = models.JSONField(
        default=dict, blank=True, help_text='The wording of each key judgement: {"j1": "A sentence we assert."}'
    )
    sections = models.JSONField(default=list, blank=True, help_text='[{"heading": "…", "body": "Markdown"}]')
    what_it_does = ArrayField(models.TextField(), default=list, blank=True)
    why_it_matters = ArrayField(models.TextField(), default=list, blank=True)
    what_to_watch = ArrayField(models.TextField(), default=list, blank=True)
    outlook = models.JSONField(
        default=no_outlook, blank=True, help_text='{"now": {"headline": "…", "body": "…"}, "quarter": {…}, "year": {…}}'
    )
    figure = models.ForeignKey(Figure, models.PROTECT, null=True, blank=True, related_name="+")
    figure_alt = models.TextField(blank=True)
    figure_caption = models.TextField(blank=True)
    figure_credit = models.CharField(max_length=300, blank=True)
    figure_source_context = models.TextField(blank=True)
    figure_relevance = models.TextField(blank=True)
    figure_provenance = models.TextField(blank=True)
    related = ArrayField(
        models.CharField(max_length=100, validators=[ASCII_SLUG]),
        default=list,
        blank=True,
        help_text="Slugs of related profiles; one that does not exist yet is kept and shown once it does.",
    )
    words = SearchVectorField(null=True, editable=False, help_text="What it is found by; the database writes it.")
    first_words = models.GeneratedField(
        expression=models.Func("words", template="ts_filter(%(expressions)s, '{a,b}')"),
        output_field=SearchVectorField(null=True),
        db_persist=True,
        help_text="Those of its names and its standfirst, which are few enough to lie in the row itself.",
    )
    terms = models.ManyToManyField(Term, through="FacetValue", related_name="revisions")

    class Meta:
        ordering = ["profile", "-number"]
        indexes = [
            GinIndex(fields=["aliases"], name="revision_aliases"),
            # Put off, new entries would be read one by one by each search. Drafts, which are saved often, have none.
            GinIndex(
                fields=["words"],
                name="revision_words",
                fastupdate=False,
                condition=models.Q(approved_at__isnull=False),
            ),
            models.Index(models.F("approved_at").desc(nulls_last=True), name="revision_latest"),
            models.Index(Lower("name"), name="revision_by_name"),
            # Kinds are counted without a look at the texts.
            models.Index(fields=["id"], include=["kind"], name="revision_kind"),
            due_first("revision"),
        ]
        constraints = [
            models.UniqueConstraint("profile", "number", name="one_revision_per_number"),
            models.UniqueConstraint(
                "profile",
                condition=models.Q(approved_at__isnull=True),
                name="one_draft_at_a_time",
                violation_error_message="This profile already has a draft.",
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""),
                name="revision_named",
                violation_error_message="An institution needs a name.",
            ),
            *stage_rules("revision"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="approved_text_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    f"OLD.approved_at IS NOT NULL AND {_differs('profile', 'number', 'approved_at', *TEXT)}"
                ),
                func="RAISE EXCEPTION 'An approved revision never changes; write a new draft.';",
            ),
            FOUND_BY,
            counts_edits(_differs(*TEXT), "profiles_revisionstep", "revision_id"),
            *shown(PROFILE, thing="profile_id", where="r.approved_at IS NOT NULL"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, revision {self.number}"

    def clean(self) -> None:
        # A form makes None of an emptied field.
        self.statements, self.sections, self.outlook = self.statements or {}, self.sections or [], self.outlook or {}
        if wrong := self.misshapen():
            raise ValidationError(wrong)

    def misshapen(self) -> dict[str, str]:
        """Return what would be right, by the name of each column that no page could show."""
        return misshapen({"statements": self.statements, "sections": self.sections, "outlook": self.outlook})

    @property
    def standing(self) -> str:
        """Where it stands, in a word: draft, in review, approved, scheduled, live, withdrawn or replaced."""
        profile = self.profile
        live, withdrawn = profile.live_revision_id == self.pk, profile.withdrawn_at is not None
        return standing(self, live=live, withdrawn=withdrawn)


class RevisionStep(StageChange):
    """One step of a revision on its way to readers, and down again."""

    # No constraint: a draft removed by SQL takes its steps along or not, and nothing rests on them.
    revision = models.ForeignKey(Revision, models.CASCADE, related_name="steps", db_constraint=False)

    def __str__(self) -> str:
        return f"{self.get_was_display()} to {self.get_stage_display()}"


@recorded(but=["facet"], of="revision")
class FacetValue(models.Model):
    """The answer a revision gives to one facet, and why."""

    revision = models.ForeignKey(Revision, models.CASCADE, related_name="facet_values")
    term = models.ForeignKey(Term, models.PROTECT, related_name="facet_values")
    facet = models.CharField(max_length=20, editable=False)
    rationale = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                "revision",
                "facet",
                name="one_term_per_facet",
                violation_error_message="A profile has one term per facet.",
            )
        ]
        triggers = [
            pgtrigger.Trigger(
                name="facet_of_its_term",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="SELECT t.facet INTO NEW.facet FROM profiles_term t WHERE t.id = NEW.term_id; RETURN NEW;",
            ),
            counts_as_edit("profiles_revision", "revision_id"),
            *shown(REVISION, thing="revision_id"),
        ]

    def __str__(self) -> str:
        return f"{dict(Facet.choices).get(self.facet, self.facet)}: {self.term}"


@recorded(of="profile")
class Correction(models.Model):
    """What we had wrong, said in public. Never changed and never removed, only superseded by a later one."""

    profile = models.ForeignKey(Profile, models.PROTECT, related_name="corrections")
    on = models.DateField()
    text = models.TextField()
    superseded_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="supersedes")

    class Meta:
        ordering = ["-on", "-pk"]
        constraints = [readable_days("correction_days", "on")]
        triggers = [
            pgtrigger.Protect(name="corrections_stay", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="corrections_say_what_they_said",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    'ROW(OLD.id, OLD.profile_id, OLD."on", OLD.text) IS DISTINCT FROM'
                    ' ROW(NEW.id, NEW.profile_id, NEW."on", NEW.text)'
                    " OR (OLD.superseded_by_id IS NOT NULL AND OLD.superseded_by_id IS DISTINCT FROM NEW.superseded_by_id)"
                ),
                func="RAISE EXCEPTION 'A correction never changes; add another one that supersedes it.';",
            ),
            # Later by day, and by number on the same day: a ring of corrections would leave none standing.
            pgtrigger.Trigger(
                name="corrections_are_superseded_by_later_ones",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Condition("NEW.superseded_by_id IS NOT NULL"),
                func="""
                IF NOT EXISTS (SELECT FROM profiles_correction later WHERE later.id = NEW.superseded_by_id
                               AND later.profile_id = NEW.profile_id AND (later."on", later.id) > (NEW."on", NEW.id)) THEN
                    RAISE EXCEPTION 'A correction is superseded by a later one of the same profile.';
                END IF; RETURN NEW;""",
            ),
            never_emptied("corrections", "Corrections stay."),
            audited("correction.added", pgtrigger.Insert, kind="correction", says=["profile_id", "on"]),
            audited(
                "correction.superseded",
                pgtrigger.Update,
                kind="correction",
                says=["superseded_by_id"],
                when=changes("superseded_by_id"),
            ),
            *shown(PROFILE, thing="profile_id"),
        ]

    def __str__(self) -> str:
        return f"{self.on}: {self.text[:60]}"
