"""The service's directory: what lies where, and the public file an operator hands to the parties.

Everything is readable by the service's user only, except ``service.json``, which holds nothing secret.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from matcher.protocol.errors import InputError, StateError

_ASIDE = ".service.aside"
_MOVING = "moving"


@dataclass(frozen=True, slots=True)
class ServiceFile:
    """What parties need to know of the service: address (host:port), log origin and verifier key, TLS certificate."""

    address: str
    origin: str
    log_key: str
    tls_certificate: str


@dataclass(frozen=True, slots=True)
class ServiceHome:
    """Paths under one home directory."""

    path: Path

    @property
    def keys(self) -> Path:
        """The sealed key files."""
        return self.path / "keys"

    @property
    def control(self) -> Path:
        """Control data and the log."""
        return self.path / "control.db"

    @property
    def spool(self) -> Path:
        """Uploads not sealed yet."""
        return self.path / "spool"

    @property
    def segments(self) -> Path:
        """Sealed submissions, each encrypted under its own key."""
        return self.path / "segments"

    @property
    def period_keys(self) -> Path:
        """Wrapping keys, one per flow and period: leave this directory out of every backup."""
        return self.path / "period-keys"

    @property
    def scratch(self) -> Path:
        """Join keys that do not fit in memory, while a match runs."""
        return self.path / "tmp"

    @property
    def newest_checkpoint(self) -> Path:
        """The newest checkpoint known to have been signed; no backup holds it, since it tells an old state."""
        return self.path / "newest-checkpoint"

    @property
    def transport_log(self) -> Path:
        """What gRPC's core has to say, until it is read."""
        return self.path / "transport.log"

    @property
    def public_file(self) -> Path:
        """The file to hand to the parties."""
        return self.path / "service.json"

    def make(self, fill: Callable[[ServiceHome], ServiceFile]) -> ServiceFile:
        """Let ``fill`` make keys and database in a home aside, and move them here; service.json comes last.

        Whole or not at all: what an attempt that was cut off has left is cleared away by the next one. Periods' keys
        and segments found here stay. Raises StateError when a service, its keys or its database are here already.
        """
        aside = ServiceHome(self.path / _ASIDE)
        self._clear(aside)
        if self.public_file.exists() or self.control.exists() or self.keys.exists():
            raise StateError(
                f"{self.path} already holds a service",
                remedy="Choose another --home, or move away its keys, control.db and service.json; leave the rest.",
            )
        aside.path.mkdir(mode=0o700, parents=True)
        try:
            public = fill(aside)
            # From here on, keys and database in this home are this attempt's own.
            write_durably(aside.path / _MOVING, b"")
            aside.keys.rename(self.keys)
            aside.control.rename(self.control)
            self.make_directories()
            sync(self.path)
            self.write_public(public)
        except BaseException:
            self._clear(aside)
            raise
        shutil.rmtree(aside.path, ignore_errors=True)
        return public

    def _clear(self, aside: ServiceHome) -> None:
        if (aside.path / _MOVING).exists() and not self.public_file.exists():
            self.control.unlink(missing_ok=True)
            shutil.rmtree(self.keys, ignore_errors=True)
        shutil.rmtree(aside.path, ignore_errors=True)

    def make_directories(self) -> None:
        """Make what a service writes to, if it is not there."""
        for directory in (self.spool, self.segments, self.period_keys, self.scratch):
            directory.mkdir(mode=0o700, exist_ok=True)

    def require(self) -> None:
        """Raise StateError unless ``concordat-server init`` has run here."""
        if not self.public_file.is_file():
            raise StateError(f"{self.path} holds no service", remedy="Run `concordat-server init` first.")

    def read_public(self) -> ServiceFile:
        """The public file. Raises InputError when it is damaged."""
        self.require()
        try:
            return ServiceFile(**json.loads(self.public_file.read_bytes()))
        except (ValueError, TypeError) as error:
            raise InputError("service.json is damaged", remedy="Restore it from a copy handed to a party.") from error

    def write_public(self, value: ServiceFile) -> None:
        """Write the public file atomically."""
        write_durably(self.public_file, (json.dumps(asdict(value), indent=2) + "\n").encode())

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Hold the home for one serving process. Raises StateError when another one serves it."""
        with (self.path / "serving.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StateError(f"another process serves {self.path}", remedy="Stop it first.") from None
            yield


def write_durably(path: Path, data: bytes) -> None:
    """Write a file of this home whole or not at all, and force it to disk."""
    aside = path.with_name(f"{path.name}.aside")
    aside.write_bytes(data)
    sync(aside)
    aside.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Force a file's or directory's data to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
