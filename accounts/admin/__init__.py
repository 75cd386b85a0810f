"""The desk: people, organisations, what the ledger says of both, and who applies."""

from accounts.admin import applications, ledger, people

__all__ = ["applications", "ledger", "people"]
