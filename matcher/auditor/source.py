"""Where a log is read from: the service, or a directory that ``concordat audit export`` wrote.

    DIR/checkpoint                              the signed checkpoint
    DIR/entries.jsonl                           one entry a line, in order: canonical JSON has no line breaks
    DIR/agreements/DIGEST/matching.toml         the files of every agreement the log names
    DIR/agreements/DIGEST/agreement.toml

Nothing that comes from here is believed: verify.py checks all of it against the log's key and the digests.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from matcher.channel import Channel
from matcher.protocol.entries import MAX_ENTRY_BYTES
from matcher.protocol.errors import InputError, NotFoundError, VerificationError

CHECKPOINT_FILE = "checkpoint"
ENTRIES_FILE = "entries.jsonl"
AGREEMENTS_DIRECTORY = "agreements"
MATCHING_FILE = "matching.toml"
AGREEMENT_FILE = "agreement.toml"
_MAX_FILE_BYTES = 1 << 20


class LogSource(Protocol):
    """A log to verify."""

    def checkpoint(self) -> str:
        """The newest checkpoint's note."""

    def entries(self, size: int) -> Iterator[bytes]:
        """The first ``size`` entries, in order; fewer if there are fewer."""

    def agreement_files(self, digest: bytes) -> tuple[bytes, bytes]:
        """(matching file, agreement file) of a digest. Raises NotFoundError."""


class ServiceSource:
    """The log as the service serves it to an auditor."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def checkpoint(self) -> str:
        """The newest checkpoint's note."""
        return self._channel.checkpoint()

    def entries(self, size: int) -> Iterator[bytes]:
        """Entries in as many calls as the service cuts them into. Raises VerificationError if it skips one."""
        first = 0
        while first < size:
            before = first
            for index, entry in self._channel.entries(first, size - first):
                if index != first:
                    raise VerificationError(f"the service sent entry {index} where {first} was due")
                yield entry
                first += 1
                if first == size:
                    return
            if first == before:
                return

    def agreement_files(self, digest: bytes) -> tuple[bytes, bytes]:
        """The files of an agreement that this auditor is a party to."""
        published = self._channel.get_agreement(digest)
        return published.matching_file, published.agreement_file


class DirectorySource:
    """The log as exported. Raises InputError where a file is missing."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        if not (directory / CHECKPOINT_FILE).is_file():
            raise InputError(
                "this directory holds no exported log", remedy="Name the directory that `concordat audit export` wrote."
            )

    def checkpoint(self) -> str:
        """The exported checkpoint's note. Raises VerificationError where it is no text."""
        data = _read(self._directory / CHECKPOINT_FILE)
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise VerificationError("the exported checkpoint is not UTF-8") from error

    def entries(self, size: int) -> Iterator[bytes]:
        """The lines of entries.jsonl, whose number must be ``size``: more are as wrong as fewer."""
        count = 0
        with (self._directory / ENTRIES_FILE).open("rb") as file:
            while line := file.readline(MAX_ENTRY_BYTES + 2):
                if not line.endswith(b"\n"):
                    raise VerificationError(f"{ENTRIES_FILE}: line {count + 1} is cut short or far too long")
                count += 1
                if count > size:
                    raise VerificationError(f"{ENTRIES_FILE} holds more entries than the checkpoint's {size}")
                yield line[:-1]

    def agreement_files(self, digest: bytes) -> tuple[bytes, bytes]:
        """The exported files of an agreement. Raises NotFoundError."""
        directory = self._directory / AGREEMENTS_DIRECTORY / digest.hex()
        if not directory.is_dir():
            raise NotFoundError("its files are not in the export")
        return _read(directory / MATCHING_FILE), _read(directory / AGREEMENT_FILE)


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise NotFoundError(f"{path.name} is not in the export")
    with path.open("rb") as file:
        data = file.read(_MAX_FILE_BYTES + 1)
    if len(data) > _MAX_FILE_BYTES:
        raise VerificationError(f"{path.name} is longer than {_MAX_FILE_BYTES} bytes")
    return data
