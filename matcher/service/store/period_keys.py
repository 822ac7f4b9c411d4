"""Wrapping keys: 32 random bytes per flow and period, sealed under the service's storage key (design section 7).

They live in a directory of their own that no backup takes: destroying a period's key is what purging it means. Only
this module sees the bytes, and only to wrap or unwrap a segment's data keys.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.secret import Secret
from matcher.protocol.errors import NotFoundError, VerificationError
from matcher.service.home import sync

_LABEL = b"concordat-v1 period key"
_NONCE_SIZE = 12
_KEY_SIZE = 32
_SUFFIX = ".key"
_ASIDE = ".aside"
LOST = "Let the operator purge the period with --early, and submit in the next one."


class PeriodKey:
    """Wraps data keys of one period. The name is bound to each wrapped key."""

    def __init__(self, name: str, key: Secret) -> None:
        self.name = name
        self._key = key

    def is_same(self, other: PeriodKey) -> bool:
        """Whether ``other`` unwraps what this one wraps."""
        return self.name == other.name and self._key == other._key

    def wrap(self, data_key: bytes) -> bytes:
        """``data_key`` under AES-256-GCM: nonce, then sealed bytes."""
        return _seal(self._key, data_key, self.name)

    def unwrap(self, wrapped: bytes) -> bytes:
        """The data key. Raises VerificationError when it was wrapped under another key."""
        return _open(self._key, wrapped, self.name)


class PeriodKeys:
    """The directory of wrapping keys."""

    def __init__(self, directory: Path, storage_key: Secret) -> None:
        self._directory = directory
        self._storage_key = storage_key

    def ensure(self, name: str) -> PeriodKey:
        """The key ``name``, made on first use."""
        path = self._path(name)
        if not path.exists():
            aside = path.with_suffix(f".{os.urandom(4).hex()}{_ASIDE}")
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(_seal(self._storage_key, os.urandom(_KEY_SIZE), name))
                file.flush()
                os.fsync(file.fileno())
            try:
                # link, not rename: of two sealings at once, one makes the key and both use it.
                os.link(aside, path)
            except FileExistsError:
                pass
            aside.unlink()
            sync(self._directory)
        return self.get(name)

    def get(self, name: str) -> PeriodKey:
        """The key ``name``. Raises NotFoundError when it was destroyed, VerificationError when it is damaged."""
        try:
            sealed = self._path(name).read_bytes()
        except FileNotFoundError:
            raise NotFoundError(
                "the period's wrapping key is not here: its sealed rows cannot be read any more", remedy=LOST
            ) from None
        return PeriodKey(name, Secret(_open(self._storage_key, sealed, name)))

    def destroy(self, name: str) -> None:
        """Overwrite and remove the key ``name``. Overwriting is best effort: a copying file system keeps old blocks."""
        path = self._path(name)
        if path.exists():
            _overwrite(path)
            path.unlink()
            sync(self._directory)

    def remove_unfinished(self) -> int:
        """Overwrite and remove what a crash left aside; how many files there were."""
        unfinished = list(self._directory.glob(f"*{_ASIDE}"))
        for path in unfinished:
            # It may be another name of a key that is in use: only the name goes then.
            if path.stat().st_nlink == 1:
                _overwrite(path)
            path.unlink()
        return len(unfinished)

    def names(self) -> list[str]:
        """Names of the keys that exist."""
        return [path.stem for path in self._directory.glob(f"*{_SUFFIX}")]

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}{_SUFFIX}"


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())


def _seal(key: Secret, plain: bytes, name: str) -> bytes:
    nonce = os.urandom(_NONCE_SIZE)
    return nonce + AESGCM(key.reveal()).encrypt(nonce, plain, _LABEL + name.encode())


def _open(key: Secret, sealed: bytes, name: str) -> bytes:
    try:
        return AESGCM(key.reveal()).decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], _LABEL + name.encode())
    except (InvalidTag, ValueError) as error:
        raise VerificationError("a wrapped key is damaged, or wrapped under another key") from error
