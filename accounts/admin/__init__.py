"""The desk: people, organisations, and what the ledger says of both."""

from accounts.admin import ledger, people

__all__ = ["ledger", "people"]
