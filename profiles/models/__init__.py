"""Institutions, the sources behind them, and the grade they earn. The docstrings are our glossary."""

from profiles.models.citation import Citation, Credibility, Judgement, JudgementCitation, Stance
from profiles.models.facet import Facet, Term
from profiles.models.grade import Grade, GradingState, Mark, Touch
from profiles.models.intake import Choice, Intake, IntakeProposal, IntakeText, Progress
from profiles.models.link import LinkCheck
from profiles.models.person import Person
from profiles.models.profile import (
    Correction,
    Criticality,
    FacetValue,
    Figure,
    FormerSlug,
    Horizon,
    Kind,
    Profile,
    Revision,
    RevisionStep,
)
from profiles.models.publisher import Publisher, Reliability
from profiles.models.record import Basis, Decision, LetterChange, Opens, Outcome, Proposal, Settlement
from profiles.models.source import Derivation, Source
from profiles.models.stage import Stage
from profiles.models.ticket import Page, Ticket
from profiles.models.upload import Upload
from profiles.models.usage import DailyCount
from profiles.models.wording import Wording

__all__ = [
    "Basis",
    "Choice",
    "Citation",
    "Correction",
    "Credibility",
    "Criticality",
    "DailyCount",
    "Decision",
    "Derivation",
    "Facet",
    "FacetValue",
    "Figure",
    "FormerSlug",
    "Grade",
    "GradingState",
    "Horizon",
    "Intake",
    "IntakeProposal",
    "IntakeText",
    "Judgement",
    "JudgementCitation",
    "Kind",
    "LetterChange",
    "LinkCheck",
    "Mark",
    "Opens",
    "Outcome",
    "Page",
    "Person",
    "Profile",
    "Progress",
    "Proposal",
    "Publisher",
    "Reliability",
    "Revision",
    "RevisionStep",
    "Settlement",
    "Source",
    "Stage",
    "Stance",
    "Term",
    "Ticket",
    "Touch",
    "Upload",
    "Wording",
]
