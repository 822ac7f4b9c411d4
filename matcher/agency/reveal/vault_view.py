"""The exchange's view of the vault (own_rows.py): rows as they were matched, manifests, what stands in a period.

Reads only. A match names its inputs by manifest digest; the vault counts submissions by sequence, so the version that
was matched is the newest one up to the highest sequence among the run's manifests.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from matcher.agency.blind.sources import Source
from matcher.agency.home import AgencyHome
from matcher.agency.reveal.own_rows import OwnRow
from matcher.agency.vault import rows, schema
from matcher.agency.vault.blocks import SentRow, unpack_newest
from matcher.protocol import suite
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import NotFoundError
from matcher.protocol.suite import RecordKeys

_SEALED = """
SELECT submissions.manifest_digest, submissions.sequence FROM submissions JOIN scopes USING (scope)
WHERE scopes.agreement_id = ? AND scopes.flow = ? AND scopes.period = ? AND submissions.state = 'sealed'
"""
_STANDING = """
SELECT blocks.rows FROM scopes JOIN blocks USING (scope) JOIN submissions ON submissions.number = blocks.submission
WHERE scopes.agreement_id = ? AND scopes.flow = ? AND scopes.period = ?
  AND submissions.state = 'sealed' AND submissions.sequence <= ?
ORDER BY submissions.sequence
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stood in a period when some submissions were the newest: handle to row id, one for each record."""

    row_ids: Mapping[bytes, bytes]

    def lines(self) -> int:
        """How many lines of the agency's files these records come from."""
        return len(set(self.row_ids.values()))


def own_row(row: SentRow) -> OwnRow:
    """A row of the vault, read."""
    values, columns = json.loads(row.content)
    return OwnRow(
        row.row_id.decode(), row.link_column.decode(), row.link_value.decode(), row.leaf, tuple(values), columns
    )


class VaultView:
    """Own rows of one agreement, flow and period. ``source`` gives the record secrets.

    The vault is opened once: SQLite goes through the whole write-ahead log, which may be all of a submission, whenever
    it is opened and nobody else has it open.
    """

    def __init__(self, home: AgencyHome, agreement: Agreement, flow: str, period: str, source: Source) -> None:
        self._path = home.vault_path
        self._names = (agreement.id, flow, period)
        self._flow, self._period = flow, period
        self._info = suite.record_info(agreement.matching.digest, flow, period)
        self._source = source

    def manifests(self) -> dict[bytes, int]:
        """Digests of our sealed manifests, with their sequence numbers."""
        if not self._path.is_file():
            return {}
        return {bytes(digest): sequence for digest, sequence in self._connection.execute(_SEALED, self._names)}

    def row(self, handle: bytes, manifests: Collection[bytes]) -> OwnRow:
        """The version of the row under ``handle`` that was matched. Raises NotFoundError."""
        last = self._last_sequence(manifests)
        found = rows.find_row(self._connection, self._flow, self._period, handle, last)
        return OwnRow(found.row_id, found.link_column, found.link_value, found.leaf, found.values, found.extras)

    def keys(self, row: OwnRow) -> RecordKeys:
        """The keys of the row's record. Raises StateError when its secret is not to be had."""
        secret = self._source.secrets([row.link_value.encode()])[0]
        return suite.record_keys(secret, self._info)

    def matched(
        self, manifests: Collection[bytes], wanted: Collection[bytes]
    ) -> tuple[Standing, dict[bytes, SentRow]]:  # fmt: skip
        """What stood when the submissions with these manifests were matched; and by handle, the ``wanted`` rows of it.

        Each block is read once, however many of its rows are wanted.
        """
        last = self._last_sequence(manifests)
        found = self._connection.execute(_STANDING, (*self._names, last))
        row_ids, sent = unpack_newest((block for (block,) in found), frozenset(wanted))
        return Standing(row_ids), sent

    @cached_property
    def _connection(self) -> sqlite3.Connection:
        return schema.connect_read_only(self._path)

    def _last_sequence(self, manifests: Collection[bytes]) -> int:
        own = self.manifests()
        sequences = [own[digest] for digest in manifests if digest in own]
        if not sequences:
            raise NotFoundError(f"none of the manifests is this party's in {self._flow} {self._period}")
        return max(sequences)
