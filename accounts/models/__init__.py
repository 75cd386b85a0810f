"""Who is reading, and how much they may see."""

from accounts.models.application import Application, ApplicationEvent, Check, Document, Version
from accounts.models.invitation import Invitation
from accounts.models.ledger import (
    SEATS,
    TIERS,
    Grant,
    GroupMayDo,
    InGroup,
    MayDo,
    Organisation,
    Seat,
    Suspension,
    User,
    UserManager,
)

__all__ = [
    "SEATS",
    "TIERS",
    "Application",
    "ApplicationEvent",
    "Check",
    "Document",
    "Grant",
    "GroupMayDo",
    "InGroup",
    "Invitation",
    "MayDo",
    "Organisation",
    "Seat",
    "Suspension",
    "User",
    "UserManager",
    "Version",
]
