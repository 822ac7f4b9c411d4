"""Naming what a disk refuses: full, read-only, or failing. Nothing was acknowledged, so trying again loses nothing.

The operating system says it by number, SQLite by a result code of its own; both mean the same to whoever runs it.
"""

from __future__ import annotations

import errno
import sqlite3
from dataclasses import dataclass

MESSAGES = {
    "disk-full": "the disk is full",
    "disk-read-only": "the disk is read-only",
    "disk-failing": "the disk does not read or write",
}


@dataclass(frozen=True, slots=True)
class DiskTrouble:
    """``code``, a key of MESSAGES, is documented in docs/errors.md."""

    code: str
    remedy: str

    @property
    def message(self) -> str:
        """What is wrong, in English."""
        return MESSAGES[self.code]


FULL = DiskTrouble("disk-full", remedy="Free some space and run the command again; what was acknowledged is there.")
READ_ONLY = DiskTrouble(
    "disk-read-only", remedy="Mount it for writing, or give a --home on another one; nothing is lost."
)
FAILING = DiskTrouble("disk-failing", remedy="Look at the system's log; if it is broken, restore from a backup.")
_BY_NUMBER = {
    errno.ENOSPC: FULL, errno.EDQUOT: FULL, errno.EFBIG: FULL, errno.EROFS: READ_ONLY, errno.EIO: FAILING,
}  # fmt: skip
_BY_SQLITE = {sqlite3.SQLITE_FULL: FULL, sqlite3.SQLITE_READONLY: READ_ONLY, sqlite3.SQLITE_IOERR: FAILING}


def trouble(error: BaseException) -> DiskTrouble | None:
    """What kind of disk trouble ``error`` is, or None for anything else."""
    if isinstance(error, sqlite3.Error):
        number = getattr(error, "sqlite_errorcode", None)
        return _BY_SQLITE.get(number & 0xFF) if isinstance(number, int) else None
    return _BY_NUMBER.get(error.errno or 0) if isinstance(error, OSError) else None
