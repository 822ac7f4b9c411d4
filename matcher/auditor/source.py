"""Where a log is read from: the service, or a directory that ``concordat audit export`` wrote.

    DIR/checkpoint                              the signed checkpoint, with its cosignatures
    DIR/tile/...                                hashes and entries, as C2SP tlog-tiles lays them out (protocol/tiles.py)
    DIR/agreements/DIGEST/matching.toml         the files of every agreement the log names
    DIR/agreements/DIGEST/agreement.toml

Nothing that comes from here is believed: verify.py checks all of it against the log's key and the digests.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from matcher.channel.client import Channel
from matcher.protocol import checkpoint, note, tiles
from matcher.protocol.errors import InputError, NotFoundError, VerificationError

CHECKPOINT_FILE = tiles.CHECKPOINT_PATH
AGREEMENTS_DIRECTORY = "agreements"
MATCHING_FILE = "matching.toml"
AGREEMENT_FILE = "agreement.toml"
_MAX_FILE_BYTES = 1 << 20
_WITNESS_SECONDS = 2
_MAX_BUNDLE_BYTES = tiles.WIDTH * (tiles.MAX_ENTRY_BYTES + 2)


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
        """The newest checkpoint's note; a moment is given to witnesses that are about to cosign it."""
        newest = self._channel.checkpoint()
        size = checkpoint.parse(note.parse(newest).text).size
        in_force = [item.digest for item in self._channel.list_agreements() if item.in_force]
        for digest in in_force:
            try:
                return self._channel.checkpoint(size, digest, _WITNESS_SECONDS if digest == in_force[-1] else 0)
            except NotFoundError:
                continue
        return newest

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
        """The entries of a tree of ``size``, whose hash tiles are compared with them on the way.

        Raises VerificationError: a bundle or tile is missing, or not what the entries make it.
        """
        builder = tiles.TileBuilder()
        for index, width in tiles.widths(size):
            for entry in tiles.parse_bundle(self._file(tiles.path(tiles.ENTRIES, index, width)), width):
                for path, data in builder.add(entry):
                    self._compare(path, data)
                yield entry
        for path, data in builder.finish():
            self._compare(path, data)

    def _file(self, path: str) -> bytes:
        try:
            return _read(self._directory / path, _MAX_BUNDLE_BYTES)
        except NotFoundError as error:
            raise VerificationError(f"{path} is not in the export") from error

    def _compare(self, path: str, data: bytes) -> None:
        # Nothing here reads hash tiles to prove anything, but other readers do: a false one must not pass.
        if self._file(path) != data:
            raise VerificationError(f"{path} is not what the entries make it")

    def agreement_files(self, digest: bytes) -> tuple[bytes, bytes]:
        """The exported files of an agreement. Raises NotFoundError."""
        directory = self._directory / AGREEMENTS_DIRECTORY / digest.hex()
        if not directory.is_dir():
            raise NotFoundError("its files are not in the export")
        return _read(directory / MATCHING_FILE), _read(directory / AGREEMENT_FILE)


def _read(path: Path, most: int = _MAX_FILE_BYTES) -> bytes:
    if not path.is_file():
        raise NotFoundError(f"{path.name} is not in the export")
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise VerificationError(f"{path.name} is longer than {most} bytes")
    return data
