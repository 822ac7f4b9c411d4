"""The rows of one sealed submission, held to the manifest that its party signed.

DIR/MANIFEST.rows    the rows as they were sent, one after another; MANIFEST is the manifest's digest in hex
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matcher.protocol import merkle, rows
from matcher.protocol.errors import NotFoundError, VerificationError
from matcher.protocol.rows import Row

SUFFIX = ".rows"


class MissingRowsError(NotFoundError):
    """The sealed rows of a submission are not in the directory: ask the operator to export the run."""

    code = "missing-rows"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a party signed of one submission; ``digest`` names it."""

    digest: bytes
    party: str
    sequence: int
    count: int
    root: bytes


class SealedRows:
    """The rows of ``manifest`` in ``directory``, each of ``row_size`` bytes.

    Raises MissingRowsError when the file is not there, VerificationError unless the rows are those of the manifest.
    """

    def __init__(self, directory: Path, manifest: Manifest, row_size: int) -> None:
        path = directory / f"{manifest.digest.hex()}{SUFFIX}"
        if not path.is_file():
            raise MissingRowsError(f"the rows of submission {manifest.sequence} of {manifest.party} are not there")
        self.manifest = manifest
        self._row_size = row_size
        with path.open("rb") as file:
            # An empty file cannot be mapped; a submission of no rows is one.
            self._data: mmap.mmap | bytes = (
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""
            )
        self._require_sealed()

    def _require_sealed(self) -> None:
        who = f"submission {self.manifest.sequence} of {self.manifest.party}"
        if len(self._data) != self.manifest.count * self._row_size:
            raise VerificationError(f"{who} has other rows here than its manifest's {self.manifest.count}")
        if merkle.root(self._data[start : start + self._row_size] for start in self._starts()) != self.manifest.root:
            raise VerificationError(f"the rows of {who} are not those its party sealed")

    def _starts(self) -> range:
        return range(0, len(self._data), self._row_size)

    def heads(self) -> Iterator[tuple[int, bool, bytes, bytes]]:
        """(position, whether it is a put, token, handle) of every row."""
        for position in range(self.manifest.count):
            row = self.row(position)
            yield position, row.op == rows.PUT, row.token, row.handle

    def row(self, position: int) -> Row:
        """The row at a position."""
        start = position * self._row_size
        return rows.unpack(self._data[start : start + self._row_size])
