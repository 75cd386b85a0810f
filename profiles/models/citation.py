import pgtrigger
from django.db import models

from config.content import PROFILE, shown
from profiles.models.history import recorded
from profiles.models.profile import Profile
from profiles.models.source import Source
from profiles.models.triggers import marks_on_change


class Stance(models.TextChoices):
    """What a source does for a judgement."""

    SUPPORTS = "supports", "supports"
    DISPUTES = "disputes", "disputes"
    CONTEXT = "context", "gives context"


class Credibility(models.IntegerChoices):
    """The Admiralty digit of what a source says, whoever says it."""

    CONFIRMED = 1, "1 · confirmed by other sources"
    PROBABLY_TRUE = 2, "2 · probably true"
    POSSIBLY_TRUE = 3, "3 · possibly true"
    DOUBTFUL = 4, "4 · doubtful"
    IMPROBABLE = 5, "5 · improbable"
    UNKNOWN = 6, "6 · truth cannot be judged"


@recorded(of="profile")
class Judgement(models.Model):
    """One claim of a profile, resting on some of its citations; graded by itself.

    Its wording belongs to the text and is published by revision; a judgement counts from the revision that states it.
    """

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="judgements")
    key = models.CharField(max_length=60, help_text="A short name such as j1, kept when the wording changes.")
    position = models.PositiveSmallIntegerField(default=0, help_text="Page order; the first one is the headline.")
    essential = models.BooleanField(
        default=False, help_text="The profile is as sure as its least sure essential judgement."
    )
    lasting = models.BooleanField(
        default=False, help_text="Does not age: a founding date, an incorporation, a past vote."
    )

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = "key judgement"
        constraints = [
            models.UniqueConstraint(
                "profile",
                "key",
                name="one_judgement_per_key",
                violation_error_message="This profile already has that key.",
            ),
            models.UniqueConstraint("id", "profile", name="judgement_of_its_profile"),
            models.CheckConstraint(
                condition=~models.Q(key=""), name="judgement_keyed", violation_error_message="A judgement needs a key."
            ),
        ]
        triggers = [
            *marks_on_change(
                "judgement", columns=["profile_id", "key", "position", "essential", "lasting"], shows=["key"]
            ),
            *shown(PROFILE, thing="profile_id"),
        ]

    def __str__(self) -> str:
        return self.key


@recorded(of="profile")
class Citation(models.Model):
    """One profile's use of one source: what it shows, for or against, and how far we believe it."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="citations")
    source = models.ForeignKey(Source, models.PROTECT, related_name="citations")
    position = models.PositiveSmallIntegerField(default=0)
    stance = models.CharField(max_length=8, choices=Stance, default=Stance.SUPPORTS)
    credibility = models.PositiveSmallIntegerField(choices=Credibility, default=Credibility.UNKNOWN)
    direct = models.BooleanField(
        default=False,
        help_text="The party's own record, statement or filing, or an eyewitness report; not somebody retelling it.",
    )
    establishes = models.TextField(blank=True, help_text="What this source shows. Public.")
    judgements = models.ManyToManyField(Judgement, through="JudgementCitation", related_name="citations")

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint("id", "profile", "source", name="citation_of_its_profile_and_source"),
            models.CheckConstraint(
                condition=models.Q(stance__in=Stance.values),
                name="citation_stance",
                violation_error_message="A stance is supports, disputes or context.",
            ),
            models.CheckConstraint(
                condition=models.Q(credibility__range=(1, 6)),
                name="citation_credibility",
                violation_error_message="A credibility digit is a whole number from 1 to 6.",
            ),
        ]
        triggers = [
            *marks_on_change(
                "citation",
                columns=["profile_id", "source_id", "stance", "credibility", "direct"],
                shows=["id", "source_id"],
            ),
            *shown(PROFILE, thing="profile_id"),
        ]

    def __str__(self) -> str:
        return f"{self.get_stance_display()}: {self.source}"


@recorded(of="profile")
class JudgementCitation(models.Model):
    """One judgement rests on one citation. Profile and source are copied from the citation by the database."""

    judgement = models.ForeignKey(Judgement, models.CASCADE, related_name="links")
    citation = models.ForeignKey(Citation, models.CASCADE, related_name="links")
    # Held equal to the citation's and the judgement's by composite foreign keys, made in a migration.
    profile = models.ForeignKey(Profile, models.DO_NOTHING, editable=False, related_name="+", db_constraint=False)
    source = models.ForeignKey(Source, models.DO_NOTHING, editable=False, related_name="+", db_constraint=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "judgement",
                "citation",
                name="one_link_each",
                violation_error_message="This judgement already rests on that citation.",
            ),
            models.UniqueConstraint(
                "judgement",
                "source",
                name="one_judgement_has_a_source_once",
                violation_error_message="A judgement can rest on one source only once.",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="fill_from_citation",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                SELECT c.profile_id, c.source_id INTO NEW.profile_id, NEW.source_id
                FROM profiles_citation c WHERE c.id = NEW.citation_id; RETURN NEW;""",
            ),
            *marks_on_change(
                "link",
                columns=["judgement_id", "citation_id", "profile_id", "source_id"],
                shows=["judgement_id", "source_id"],
            ),
            *shown(PROFILE, thing="profile_id"),
        ]

    def __str__(self) -> str:
        return f"{self.judgement} rests on {self.citation}"
