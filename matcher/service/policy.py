"""Who may do what (design section 3 and 5): every decision raises with its reason, and the default is to deny.

A reason has a code and a fixed text; the text, not the message, goes into the audit log, so that a refusal can never
carry content. What a caller may do comes from the agreement alone; who calls comes from the certificate.
"""

from __future__ import annotations

import re

from matcher.protocol.agreement.model import Agreement, Flow
from matcher.protocol.errors import ConcordatError, DeniedError, NotFoundError, QuotaError, StateError

REASONS = {
    "denied": "the agreement does not allow it",
    "no-certificate": "the connection shows no client certificate",
    "unknown-certificate": "no admitted card carries the client certificate",
    "expired-certificate": "the client certificate has expired, or is not valid yet",
    "unknown-caller": "the certificate belongs to no admitted party",
    "superseded-card": "the certificate belongs to a card that a newer one replaced",
    "expired-card": "the party's card has expired",
    "not-a-party": "the caller is no party to this agreement or flow",
    "auditors-only": "only an auditor may read entries or cosign",
    "not-a-witness": "no agreement in force names this witness key",
    "not-the-sender": "the message's sender is not the caller",
    "wrong-recipient": "the agreement gives this message no such recipient",
    "wrong-side": "the step belongs to the other side of the flow",
    "role": "no person with the needed role signed",
    "person": "the person is unknown to the party's card",
    "used-number": "another message already used this sequence number",
    "late": "the message has expired",
    "lifetime": "the message has no expiry, or one beyond the agreement's message lifetime",
    "purpose": "the purpose is not on the agreement's list",
    "legal-basis": "the legal basis is missing or not on the agreement's list",
    "foreign-finding": "a finding is not of this run, flow or pair of parties",
    "not-automatic": "the agreement wants a person's decision for this rule code",
    "superseded": "a newer version of the agreement is in force",
    "period-closed": "the period's window or retention is over, or it was purged",
    "period-mismatch": "the period is bound to another matching digest or epoch",
    "root-mismatch": "the agreement names another root than the admitted card",
    "quota": "a quota of the agreement is used up",
    "state": "the step does not fit the present state",
    "verification": "a signature, digest or encoding does not verify",
    "agreement": "the agreement is unknown, unsigned, expired or not in force",
    "input": "the request is malformed",
    "overloaded": "too many calls at once",
    "not-found": "no such thing for this caller",
}  # fmt: skip

_PATTERNS = {
    "month": re.compile(r"\d{4}-(0[1-9]|1[0-2])"),
    "quarter": re.compile(r"\d{4}-Q[1-4]"),
    "year": re.compile(r"\d{4}"),
}
MILLISECONDS_PER_DAY = 86_400_000


def deny(code: str, message: str, remedy: str = "") -> DeniedError:
    """The denial ``code`` (a key of REASONS); ``message`` holds ids and counts only."""
    return DeniedError(message, code=code, remedy=remedy)


class ConcealedError(NotFoundError):
    """What is there is not the caller's, and that it is there is not said either. The log has the ``reason``."""

    def __init__(self, reason: str, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.reason = reason


def reason_of(error: ConcordatError) -> str:
    """The reason that the audit log gives for a refusal."""
    return error.reason if isinstance(error, ConcealedError) else error.code


def detail(error: ConcordatError) -> str:
    """The fixed text that the audit log carries for ``error``."""
    return REASONS.get(reason_of(error), REASONS["denied"])


def require_party(agreement: Agreement, party: str) -> None:
    """Raise DeniedError unless ``party`` is one of the agreement's."""
    if party not in agreement.parties:
        raise deny("not-a-party", f"{party} is no party to agreement {agreement.id}")


def require_asking(flow: Flow, party: str) -> None:
    """Raise DeniedError unless ``party`` is the flow's asking side."""
    require_member(flow, party)
    if party != flow.asking:
        raise deny("wrong-side", f"{party} is not the asking side of flow {flow.id}")


def require_answering(flow: Flow, party: str) -> None:
    """Raise DeniedError unless ``party`` is an answering side of the flow."""
    require_member(flow, party)
    if party not in flow.answering:
        raise deny("wrong-side", f"{party} is no answering side of flow {flow.id}")


def require_member(flow: Flow, party: str) -> None:
    """Raise DeniedError unless ``party`` is on a side of the flow."""
    if party not in flow.parties():
        raise deny("not-a-party", f"{party} is no party to flow {flow.id}")


def require_role(agreement: Agreement, party: str, person: str, role: str) -> None:
    """Raise DeniedError unless ``person`` holds ``role`` at ``party``."""
    if not person or role not in agreement.party(party).people.get(person, frozenset()):
        raise deny(
            "role", f"{person or 'nobody'} holds no role {role!r} at {party}",
            remedy=f"Have a person with the role {role!r} sign.",
        )  # fmt: skip


def require_period_label(agreement: Agreement, period: str) -> None:
    """Raise DeniedError unless ``period`` follows the agreement's calendar."""
    if not _PATTERNS[agreement.period_pattern].fullmatch(period):
        raise deny(
            "denied", f"period {period[:16]!r} does not follow the agreement's {agreement.period_pattern} calendar"
        )


def require_window(agreement: Agreement, opened_at: int | None, now: int) -> None:
    """Raise DeniedError when submissions of a period are over. ``opened_at`` and ``now`` in ms."""
    if opened_at is not None and now >= opened_at + agreement.window_days * MILLISECONDS_PER_DAY:
        raise deny("period-closed", f"the period's window of {agreement.window_days} days is over")


def require_retention(agreement: Agreement, opened_at: int | None, now: int) -> None:
    """Raise when matches and reveals of a period are over (DeniedError) or have not begun (StateError). In ms."""
    if opened_at is None:
        raise StateError("no answering side has sealed a submission of this period")
    if now >= opened_at + agreement.retention_days * MILLISECONDS_PER_DAY:
        raise deny("period-closed", f"the period's retention of {agreement.retention_days} days is over")


def require_quota(used: int, more: int, limit: int, what: str) -> None:
    """Raise QuotaError when ``used`` and ``more`` exceed ``limit``."""
    if used + more > limit:
        raise QuotaError(
            f"{what}: {used} used and {more} asked for, {limit} allowed",
            remedy="Wait for the next span, or amend the agreement.",
        )
