"""The auditor: reads and verifies the log; trusts only public keys."""

from matcher.auditor.commands import register

__all__ = ["register"]
