"""The auditor's checks: each has a number, stated once here, cited in code, in failures and in docs/log.md.

A check raises CheckFailed; verify.py collects. Reasons carry ids, counts and digests, as every error does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

from matcher.protocol.errors import ConcordatError, VerificationError

CHECKS: Mapping[int, str] = {
    1: "The checkpoint is signed by the log's key and names the log's origin; cosignatures of the agreements' "
    "witnesses on it verify.",
    2: "The log extends the last checkpoint verified here: it has not shrunk, and its root at that size is the same.",
    3: "The entries are as many as the checkpoint says, and hash to its root.",
    4: "Every entry is canonical JSON of a known type, holds nothing else, and its headers are those of its message.",
    5: "Times do not decrease.",
    6: "A card is certified by the root it names. A later one keeps the root and has a higher serial; none is admitted "
    "after its end.",
    7: "The sender of a message is a party to its agreement, its card has the root that the agreement names, and that "
    "root's signature verifies.",
    8: "A person who signs beside the party has a key on the party's newest card, and the signature verifies.",
    9: "The person holds the role that the act needs.",
    10: "No number is used for two messages from one sender to one recipient.",
    11: "No message enters the log after its expiry, and none lives longer than the agreement allows.",
    12: "The files of an agreement are at hand, have the digests that the log names, and name this log.",
    13: "A data party signs an agreement for itself, one file for each version, and a version follows the one before.",
    14: "An agreement comes into force once, when every data party has signed it, as what its files say.",
    15: "Nothing is done under an agreement that is not in force: before, outside its term, or when a newer one "
    "replaced it.",
    16: "A period is named after the agreement's calendar and keeps one matching digest, and so one epoch.",
    17: "A party to the flow submits within window and quota; its submissions count from 1, and each names the one "
    "before.",
    18: "The asking side asks for a match, within quota and retention, and it runs on exactly the manifests that are "
    "sealed by then.",
    19: "Findings are listed to a party to the flow, and are of a run in the log; so are receipts, one for each who "
    "learned by it, once.",
    20: "Group keys are the agreement's and go between parties who use them; evaluations are asked of the holder and "
    "answered by it, once, as asked.",
    21: "The totals in a holder's answers add up, by requester and epoch, to no more than was asked, within quota.",
    22: "Every step of a finding's case is in the case table: no approval before a request, no delivery without "
    "approval, no opening before delivery, nothing twice.",
    23: "Each step is taken by the right side of the flow, towards the other, and answers the message it names.",
    24: "Purpose and legal basis of a request are the agreement's, and a basis is given where one is required.",
    25: "Who asks does not approve: another person, with another key. An agent approves alone only where the agreement "
    "has codes for it.",
    26: "Reveal requests keep the month's quota, and the period's retention.",
    27: "A purged period is over.",
    28: "What an auditor's own copy keeps beside the entries - their hashes and headers, checkpoints, the tree's edge "
    "- is what the entries and the log's signatures make it.",
    29: "A match run, made again from the rows that its manifests sealed, has the same counts and findings.",
}  # fmt: skip
HISTORY_CHECKS = frozenset((1, 2, 3))


class CheckFailed(VerificationError):
    """The log breaks the check of this number. Keep the evidence; ask the party or operator the reason names."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(reason)
        self.number = number


class check:
    """Give what fails inside the check's number."""

    # A class, since a generator takes three times as long, and a log has millions of these.
    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        self._number = number

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(error, ConcordatError) and not isinstance(error, CheckFailed):
            raise CheckFailed(self._number, str(error)) from error


@dataclass(frozen=True, slots=True)
class Failure:
    """One broken check. ``index`` is the entry's, or None for the log as a whole."""

    number: int
    index: int | None
    reason: str

    def __str__(self) -> str:
        place = "log" if self.index is None else f"entry {self.index}"
        return f"check {self.number}, {place}: {self.reason}"
