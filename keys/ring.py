"""A key ring: a directory of sealed key files under one passphrase (docs/keys.md).

``keyring.json`` has the salt and a check value; each ``NAME.key`` is sealed by AES-256-GCM under its own derived key
and bound to its name and kind, so files cannot be swapped. One scrypt per opened ring, whatever it holds. A ring is
made aside and renamed into place when all its first keys are in it: a crash leaves no ring, never half a ring. A new
passphrase seals a whole new ring aside, and the two change places in one step (exchange.py).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keys import container, exchange, files
from keys.errors import DamagedKeyError, MissingKeyError, SealError, WrongPassphraseError
from keys.framing import lp
from keys.lock import KDF_NAME, Lock
from keys.secret import Secret, raw

RING_FILE = "keyring.json"
RING_FORMAT = "concordat-keyring-v1"
KEY_FORMAT = "concordat-key-v1"
_RING_FIELDS = frozenset(("kdf", "salt", "check"))
_KEY_FIELDS = frozenset(("name", "kind", "sealed"))
_SUFFIX = ".key"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,149}")


class KeyRing:
    """An opened ring. Holds the derived master key: do not pass it further than it is needed."""

    __slots__ = ("_lock", "path")

    def __init__(self, path: Path, lock: Lock) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    @contextmanager
    def creating(cls, path: Path, passphrase: str) -> Iterator[KeyRing]:
        """A new ring to fill; it appears at ``path`` when the block ends, and not at all if the block raises.

        Raises ExistsError if something is there already (an empty directory is taken over), NoPassphraseError,
        PermissionsError where this user may not write.
        """
        lock = Lock.new(passphrase)
        partial = files.aside(path)
        files.make_directory(path.parent, there_already=True)
        files.make_directory(partial)
        try:
            ring = cls(partial, lock)
            fields = {
                "format": RING_FORMAT,
                "kdf": KDF_NAME,
                "salt": container.text(lock.salt),
                "check": container.text(lock.check),
            }
            files.write(partial / RING_FILE, container.encode(fields))
            yield ring
            try:
                partial.rename(path)
            except OSError:
                if path.exists():
                    raise files.exists(path) from None
                raise
            ring.path = path
            files.sync_directory(path.parent)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    @classmethod
    def create(cls, path: Path, passphrase: str) -> KeyRing:
        """A new empty ring at ``path``. Raises as ``creating`` does."""
        with cls.creating(path, passphrase) as ring:
            pass
        return ring

    @classmethod
    def open(cls, path: Path, passphrase: str) -> KeyRing:
        """The ring at ``path``.

        Raises MissingKeyError, PermissionsError, DamagedKeyError, WrongPassphraseError, NoPassphraseError.
        """
        files.require_private_directory(path)
        file = path / RING_FILE
        fields = container.decode(files.read(file), file, RING_FORMAT, _RING_FIELDS)
        if fields["kdf"] != KDF_NAME:
            raise container.damaged(file, f"its key derivation is not {KDF_NAME!r}")
        lock = Lock(passphrase, container.unpack(fields["salt"], file))
        if not lock.recognises(container.unpack(fields["check"], file)):
            raise wrong_passphrase(path)
        return cls(path, lock)

    def change_passphrase(self, passphrase: str) -> None:
        """Seal every key of this ring anew, under ``passphrase`` and a fresh salt; all of them or, on a crash, none.

        Raises DamagedKeyError for a key that does not open, NoPassphraseError, PermissionsError. Other programs that
        have this ring open cannot write to it any more, nor read what they have not read: start them again.
        """
        self._require_current()
        path = self.path
        fresh = files.aside(path)
        with KeyRing.creating(fresh, passphrase) as changed:
            for name in self.names():
                fields = self._fields(name)
                changed.write(name, fields["kind"], self.read(name, fields["kind"]))
        try:
            with files.writing(path):
                exchange.exchange(fresh, path)
            files.sync_directory(path.parent)
        finally:
            # After the exchange this is the former ring: sealed under the former passphrase, so it has to go.
            shutil.rmtree(fresh, ignore_errors=True)
        self._lock = changed._lock

    def _require_current(self) -> None:
        """Raise WrongPassphraseError when the ring on disk was sealed anew since this one was opened."""
        file = self.path / RING_FILE
        fields = container.decode(files.read(file), file, RING_FORMAT, _RING_FIELDS)
        if not self._lock.recognises(container.unpack(fields["check"], file)):
            raise WrongPassphraseError(
                f"the passphrase of {self.path} was changed meanwhile", remedy="Run the command again."
            )

    def write(self, name: str, kind: str, secret: Secret | bytes, *, replace: bool = False) -> None:
        """Seal ``secret`` into ``NAME.key``. Raises ExistsError if it is there and ``replace`` is not set,
        WrongPassphraseError when the ring was sealed anew since it was opened."""
        self._require_current()
        path = self._path(name)
        sealed = self._lock.seal(name, _bound(name, kind), raw(secret))
        fields = {"format": KEY_FORMAT, "name": name, "kind": kind, "sealed": container.text(sealed)}
        files.write(path, container.encode(fields), replace=replace)

    def read(self, name: str, kind: str) -> Secret:
        """The secret of ``NAME.key``, which must be of ``kind``. Raises MissingKeyError, PermissionsError,
        DamagedKeyError (altered, renamed, of another kind or another ring)."""
        path, fields = self._path(name), self._fields(name)
        if (fields["name"], fields["kind"]) != (name, kind):
            raise container.damaged(path, f"it is not key {name!r} of kind {kind!r}")
        try:
            return self._lock.open(name, _bound(name, kind), container.unpack(fields["sealed"], path))
        except SealError:
            raise container.damaged(path, "it is altered, or belongs to another key ring") from None

    def _fields(self, name: str) -> dict[str, str]:
        path = self._path(name)
        return container.decode(files.read(path), path, KEY_FORMAT, _KEY_FIELDS)

    def has(self, name: str) -> bool:
        """Whether the ring has a key of this name."""
        return self._path(name).is_file()

    def names(self) -> list[str]:
        """The names of all keys in the ring, sorted."""
        found = (entry.name.removesuffix(_SUFFIX) for entry in self.path.glob(f"*{_SUFFIX}"))
        return sorted(name for name in found if _NAME.fullmatch(name))

    def __repr__(self) -> str:
        return f"KeyRing({str(self.path)!r})"

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise MissingKeyError("a key's name is lower-case letters, digits, dot and hyphen")
        return self.path / f"{name}{_SUFFIX}"


def wrong_passphrase(path: Path) -> WrongPassphraseError:
    """The error for a passphrase that these intact keys do not know."""
    return WrongPassphraseError(
        f"the passphrase for {path} is wrong", remedy="Try again, or find the passphrase they were created with."
    )


def require_size(secret: Secret, size: int, what: str) -> Secret:
    """``secret``, or DamagedKeyError if it is not ``size`` bytes long."""
    if len(secret) != size:
        raise DamagedKeyError(f"{what} is {len(secret)} bytes long, not {size}")
    return secret


def _bound(name: str, kind: str) -> bytes:
    return lp(KEY_FORMAT.encode()) + lp(name.encode()) + lp(kind.encode())
