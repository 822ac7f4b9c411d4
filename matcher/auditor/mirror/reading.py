"""The auditor's own copy as a log to verify: everything is at hand, so no service is asked and nothing can be withheld.

HOME/mirror.db                              leaves, checkpoints, cosignatures (store.py)
HOME/agreements/DIGEST/matching.toml        the files of every agreement that the entries name
HOME/agreements/DIGEST/agreement.toml
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from keys import files
from matcher.auditor.mirror.store import MirrorStore
from matcher.auditor.source import AGREEMENT_FILE, AGREEMENTS_DIRECTORY, MATCHING_FILE
from matcher.protocol import checkpoint
from matcher.protocol.errors import NotFoundError, StateError


class MirrorSource:
    """A log source over the copy in ``home``. Raises StateError while it holds no checkpoint."""

    def __init__(self, home: Path, store: MirrorStore, log_key: str) -> None:
        self._directory = home / AGREEMENTS_DIRECTORY
        self._store = store
        self._note = store.head().note
        if not self._note:
            raise StateError("this home holds no copy of the log", remedy="Fetch one: `concordat audit mirror`.")
        self._size = checkpoint.verify(self._note, log_key).size

    def checkpoint(self) -> str:
        """The newest checkpoint held, with the cosignatures known for it."""
        return self._note + "".join(
            line if line.endswith("\n") else f"{line}\n"
            for line in self._store.cosignatures(self._size)
            if line.strip() not in self._note
        )

    def entries(self, size: int) -> Iterator[bytes]:
        """The first ``size`` entries, in order."""
        return self._store.leaves(0, size)

    def agreement_files(self, digest: bytes) -> tuple[bytes, bytes]:
        """(matching file, agreement file). Raises NotFoundError."""
        directory = self._directory / digest.hex()
        if not (directory / AGREEMENT_FILE).is_file():
            raise NotFoundError("its files are not in this home")
        return (directory / MATCHING_FILE).read_bytes(), (directory / AGREEMENT_FILE).read_bytes()


def keep_agreement(home: Path, digest: bytes, matching_file: bytes, agreement_file: bytes) -> None:
    """Keep the files of an agreement; the agreement file last, so that its presence says both are whole."""
    directory = home / AGREEMENTS_DIRECTORY / digest.hex()
    files.make_directory(directory, there_already=True)
    files.write(directory / MATCHING_FILE, matching_file, replace=True)
    files.write(directory / AGREEMENT_FILE, agreement_file, replace=True)
