"""Submissions in the vault: staging -> spooled -> uploading -> sealed, one unfinished at a time for a (flow, period).

``staging``: rows are being blinded; after a crash it is abandoned. ``spooled``: the rows are fixed on disk; the
upload starts or goes on. ``uploading``: the manifest is signed, so sealing may have happened; the service is asked.
``sealed``: the rows count. Left to others: the spool's files, the upload itself (submit/).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matcher.agency.vault import rows, schema
from matcher.agency.vault.blocks import rows_in, unpack_rows
from matcher.agency.vault.filling import Filling
from matcher.agency.vault.rows import VaultRow
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import StateError
from matcher.protocol.rows import PUT


@dataclass(frozen=True, slots=True)
class Submission:
    """One submission. ``inputs`` is the digest of the files it was made of; ``manifest`` is the signed one, JSON."""

    number: int
    submission_id: bytes
    scope: int
    agreement_digest: bytes
    sequence: int
    inputs: bytes
    state: str
    row_count: int
    summary: dict[str, Any]
    manifest: str
    manifest_digest: bytes
    log_index: int


class Vault:
    """The agency's own rows and submissions."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = schema.connect(path)

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def row(self, flow: str, period: str, handle: bytes, sequence_at_most: int | None = None) -> VaultRow:
        """The row version that stood when submission ``sequence_at_most`` was the newest. Raises NotFoundError."""
        return rows.find_row(self._connection, flow, period, handle, sequence_at_most)

    def scope(self, agreement: Agreement, flow: str, period: str) -> int:
        """The number of (agreement id, flow, period), fixed to one matching digest and epoch.

        Raises StateError when rows of this period were sent under another matching digest or epoch.
        """
        matching = agreement.matching
        epoch = matching.links[agreement.flow(flow).link].epoch
        names = (agreement.id, flow, period)
        with self._connection:
            self._connection.execute(
                "INSERT OR IGNORE INTO scopes (agreement_id, flow, period, matching_digest, link_epoch)"
                " VALUES (?, ?, ?, ?, ?)",
                (*names, matching.digest, epoch),
            )
        found = self._connection.execute(
            "SELECT scope, matching_digest, link_epoch FROM scopes WHERE agreement_id = ? AND flow = ? AND period = ?",
            names,
        ).fetchone()
        if found[1:] != (matching.digest, epoch):
            raise StateError(
                f"{flow} {period} was opened under another matching file or epoch of agreement {agreement.id}",
                remedy="A new matching file or epoch takes effect with the next period.",
            )
        return int(found[0])

    def begin(
        self, scope: int, submission_id: bytes, agreement_digest: bytes, inputs: bytes
    ) -> Submission:  # fmt: skip
        """Start a submission in state ``staging``. Raises StateError when one is unfinished."""
        if self.unfinished(scope) is not None:
            raise StateError("a submission of this flow and period is unfinished")
        last = self.last_sealed(scope)
        with self._connection:
            cursor = self._connection.execute(
                "INSERT INTO submissions (submission_id, scope, agreement_digest, sequence, inputs, state)"
                " VALUES (?, ?, ?, ?, ?, 'staging')",
                (submission_id, scope, agreement_digest, last.sequence + 1 if last else 1, inputs),
            )
        return self.submission(int(cursor.lastrowid or 0))

    def submission(self, number: int) -> Submission:
        """The submission of that number. Raises StateError if there is none."""
        found = self._select("number = ?", (number,))
        if found is None:
            raise StateError(f"vault: there is no submission {number}")
        return found

    def unfinished(self, scope: int) -> Submission | None:
        """The submission that is not sealed yet, if any."""
        return self._select("scope = ? AND state <> 'sealed'", (scope,))

    def last_sealed(self, scope: int) -> Submission | None:
        """The newest sealed submission, if any."""
        return self._select("scope = ? AND state = 'sealed'", (scope,))

    def rows_sent(self, scope: int) -> int:
        """Rows of all sealed submissions, which count towards the quota."""
        found = self._connection.execute(
            "SELECT coalesce(sum(row_count), 0) FROM submissions WHERE scope = ? AND state = 'sealed'", (scope,)
        ).fetchone()
        return int(found[0])

    def link_values_with_versions(self, scope: int, versions: int) -> set[bytes]:
        """Link values of which rows were put in ``versions`` or more sealed submissions of the period."""
        sealed = [
            number
            for (number,) in self._connection.execute(
                "SELECT number FROM submissions WHERE scope = ? AND state = 'sealed' ORDER BY row_count", (scope,)
            )
        ]
        # A value of that many submissions is in one of the smaller ones too: the largest ones need not be held.
        smaller = sealed[: max(0, len(sealed) - versions + 1)]
        counts = dict.fromkeys((value for number in smaller for value in self._put_values(scope, number)), 0)
        if counts:
            for number in sealed:
                for value in counts.keys() & self._put_values(scope, number):
                    counts[value] += 1
        return {value for value, count in counts.items() if count >= versions}

    def _put_values(self, scope: int, number: int) -> set[bytes]:
        return {row.link_value for row in unpack_rows(self._blocks(scope, number)) if row.op == PUT}

    def _blocks(self, scope: int, number: int) -> Iterator[bytes]:
        found = self._connection.execute("SELECT rows FROM blocks WHERE scope = ? AND submission = ?", (scope, number))
        return (block for (block,) in found)

    def spooled(self, submission: Submission, row_count: int, summary: dict[str, Any]) -> Submission:
        """The rows are fixed: ``row_count`` of them. ``summary`` is what the command will report."""
        return self._move(
            submission, "staging", state="spooled", row_count=row_count, summary=json.dumps(summary, sort_keys=True)
        )  # fmt: skip

    def signed(self, submission: Submission, manifest: str, manifest_digest: bytes) -> Submission:
        """The manifest is signed and may reach the service at any time from now on."""
        return self._move(
            submission, "spooled", state="uploading", manifest=manifest, manifest_digest=manifest_digest
        )  # fmt: skip

    def sealed(self, submission: Submission, log_index: int) -> Submission:
        """The commit point: the submission stands in the log at ``log_index``; its rows count."""
        return self._move(submission, "uploading", state="sealed", log_index=log_index)

    def filling(self, submission: Submission) -> Filling:
        """What takes the rows of an unfinished submission."""
        return Filling(self._connection, submission.scope, submission.number)

    def rows_kept(self, submission: Submission) -> int:
        """How many rows of ``submission`` the vault has."""
        return sum(map(rows_in, self._blocks(submission.scope, submission.number)))

    def abandon(self, submission: Submission) -> None:
        """Forget an unfinished submission and its rows. Raises StateError for a sealed one."""
        if self.submission(submission.number).state == "sealed":
            raise StateError("vault: a sealed submission is not abandoned")
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.execute(
                "DELETE FROM blocks WHERE scope = ? AND submission = ?", (submission.scope, submission.number)
            )
            self._connection.execute("DELETE FROM submissions WHERE number = ?", (submission.number,))

    def _select(self, where: str, parameters: tuple[object, ...]) -> Submission | None:
        cursor = self._connection.execute(
            f"SELECT * FROM submissions WHERE {where} ORDER BY number DESC LIMIT 1",  # noqa: S608 - written here
            parameters,
        )
        found = cursor.fetchone()
        if found is None:
            return None
        values = dict(zip((column[0] for column in cursor.description), found, strict=True))
        return Submission(**{**values, "summary": json.loads(values["summary"])})

    def _move(self, submission: Submission, expected: str, **changes: object) -> Submission:
        assignments = ", ".join(f"{name} = :{name}" for name in changes)
        try:
            with self._connection:
                cursor = self._connection.execute(
                    f"UPDATE submissions SET {assignments} WHERE number = :number AND state = :expected",  # noqa: S608
                    {**changes, "number": submission.number, "expected": expected},
                )
        except sqlite3.OperationalError as error:
            raise StateError(f"vault: cannot be written ({error})", remedy="Check the disk's free space.") from error
        if cursor.rowcount != 1:
            raise StateError(f"vault: submission {submission.number} is not {expected}")
        return self.submission(submission.number)
