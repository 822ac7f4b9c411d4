"""The one error tree of the matcher.

A check raises; it never returns False. A class's docstring tells the reader what to do next. A message carries
ids, counts, line numbers and column names, never a value, a token or SQL: whoever reads the log, or stands
behind the clerk, must learn nothing of a row.
"""

from __future__ import annotations


class ConcordatError(Exception):
    """Root of the tree. ``code`` is stable and documented in docs/errors.md; ``remedy`` says what to do next."""

    code = "error"
    exit_status = 1

    def __init__(self, message: str, *, remedy: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy
        if code is not None:
            self.code = code


class InputError(ConcordatError):
    """Something handed in cannot be read: correct the file, line and field that the message names."""

    code = "input"
    exit_status = 3


class AgreementError(ConcordatError):
    """The agreement is malformed, unsigned, expired or not the one in force: ask the party the message names."""

    code = "agreement"
    exit_status = 5


class DeniedError(ConcordatError):
    """Not allowed by the agreement (default deny); the message gives the rule that refused."""

    code = "denied"
    exit_status = 5


class QuotaError(DeniedError):
    """A quota of the agreement is used up: wait for the next period, or amend the agreement."""

    code = "quota"


class StateError(ConcordatError):
    """The step does not fit the present state (already sealed, not yet sealed, already requested)."""

    code = "state"
    exit_status = 5


class UnwitnessedError(StateError):
    """Too few witnesses have cosigned yet, so this waits: ask the auditors whether their witnesses run."""

    code = "gate-cosignatures"


class NotFoundError(ConcordatError):
    """No such thing for this caller."""

    code = "not-found"
    exit_status = 5


class OverloadedError(ConcordatError):
    """The service is busy; try again after ``retry_seconds``."""

    code = "overloaded"
    exit_status = 6

    def __init__(self, message: str, *, retry_seconds: float, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.retry_seconds = retry_seconds


class UnreachableError(ConcordatError):
    """The service did not answer: check address, certificate and network (`concordat doctor`)."""

    code = "unreachable"
    exit_status = 6


class VerificationError(ConcordatError):
    """A signature, proof, digest or encoding does not verify. Stop, keep the evidence, tell an auditor."""

    code = "verification"
    exit_status = 7
