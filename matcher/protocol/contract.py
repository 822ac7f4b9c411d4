"""Which revisions of the gRPC contract a program speaks; both sides settle on one in the first call (``Hello``).

A revision adds RPCs, fields or kinds of message; a change of what is signed or hashed is a new suite (suite.py).

    1  the contract of 0.1: no revision is named
    2  refusals of evaluations, cosigned checkpoints, and a caller's newest checkpoint in ``Hello``
    3  findings as columns
"""

from __future__ import annotations

from matcher.protocol.errors import AgreementError

REVISION = "contract-revision"
# What the first call is refused with when the service came back with an older state of its log than it had signed.
LOG_ENDED = "log-ended"
FINDING_COLUMNS = 3
NEWEST = 3
OLDEST = 1


def settle(theirs: int) -> int:
    """The revision to speak with a program whose newest is ``theirs`` (0: it names none). Raises AgreementError."""
    revision = min(theirs or 1, NEWEST)
    if revision < OLDEST:
        raise AgreementError(
            f"the other side speaks revision {theirs} of the contract; this program speaks {OLDEST} to {NEWEST}",
            code=REVISION, remedy="Update the older of the two programs.",
        )  # fmt: skip
    return revision
