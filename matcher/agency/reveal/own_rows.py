"""What the exchange asks of an agency's own rows: one row as it was matched, and the keys of its record.

A narrow view of the vault and of the cache of record secrets, so that the gate, sealing and opening can be read (and
tested) without either.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from matcher.protocol.suite import RecordKeys


@dataclass(frozen=True, slots=True)
class OwnRow:
    """One record as it was sent. ``leaf`` is the RFC 6962 leaf hash of the row sent (32 bytes).

    ``row_id`` names the line of the agency's file (several records may come from one line, each from its own
    ``link_column``); ``values`` are the normalised comparison values in the flow's field order, ``columns`` the texts
    of the line by column name. Content: never print or log it, except to the agency itself.
    """

    row_id: str
    link_column: str
    link_value: str
    leaf: bytes
    values: tuple[Any, ...]
    columns: Mapping[str, str]

    def __repr__(self) -> str:
        return "OwnRow(<content>)"


class OwnRows(Protocol):
    """Own rows of one agreement, flow and period."""

    def row(self, handle: bytes, manifests: Collection[bytes]) -> OwnRow:
        """The version of the row under ``handle`` that stood when the submissions with these manifests were matched.

        Raises NotFoundError when none of them holds it.
        """

    def keys(self, row: OwnRow) -> RecordKeys:
        """The keys derived from the record secret of the row's link value. Raises NotFoundError without a secret."""
