"""A message on its way through the service, and what a kind's check gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlite_utils import Database

from matcher.protocol import canonical
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import VerificationError
from matcher.protocol.messages import SignedMessage
from matcher.protocol.suite import sha256
from matcher.service.store.log import Position
from matcher.service.store.periods import PeriodName


@dataclass(frozen=True, slots=True)
class Letter:
    """A message whose form, sender, signatures and lifetime were checked. ``now`` in ms."""

    message: SignedMessage
    body: canonical.Json
    attachment: bytes
    agreement: Agreement
    now: int

    @property
    def period_name(self) -> PeriodName:
        """The period its headers name."""
        return PeriodName(self.agreement.id, self.message.flow, self.message.period)

    def require_attachment(self, field: str, size: int | None = None) -> None:
        """Raise VerificationError unless the attachment is the one the body pins, of ``size`` bytes where given."""
        if size is not None and len(self.attachment) != size:
            raise VerificationError(
                f"message {self.message.kind}: the attachment has {len(self.attachment)} bytes, not {size}"
            )
        if not self.attachment or sha256(self.attachment).hex() != self.body[field]:
            raise VerificationError(f"message {self.message.kind}: the attachment is not the one that {field} names")

    def require_no_attachment(self) -> None:
        """Raise VerificationError when bytes come along that nothing pins."""
        if self.attachment:
            raise VerificationError(f"message {self.message.kind}: it takes no attachment")


# What a message changes beside the log, once it stands there; runs in the same transaction.
Effect = Callable[[Database, Position], None]
