"""Reading and writing secret files: readable by their owner only, whole or not there, never overwritten by accident.

A file is written beside its place, synced, then given its name; the name appears with all of its content or not at
all. What the files hold is for container.py and its users.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keys.errors import DamagedKeyError, ExistsError, MissingKeyError, PermissionsError

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700
# No file of this package is larger than a few kilobytes.
MAX_FILE_SIZE = 1 << 20


def write(path: Path, data: bytes, *, replace: bool = False) -> None:
    """Write ``data`` to ``path`` with mode 0600, atomically and durably.

    Raises ExistsError if something has the name already and ``replace`` is not set; it is left as it was.
    PermissionsError where this user may not write.
    """
    temporary = aside(path)
    with writing(path):
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                temporary.replace(path)
            else:
                # A link, unlike a rename, fails when the name is taken; there is no moment between check and act.
                path.hardlink_to(temporary)
        except FileExistsError:
            raise exists(path) from None
        finally:
            temporary.unlink(missing_ok=True)
        sync_directory(path.parent)


def aside(path: Path) -> Path:
    """A fresh name beside ``path`` for what is not whole yet; a crash may leave it, and it may be deleted."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.partial")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Inside, an operating system's refusal to let this user write is a PermissionsError that names ``path``."""
    try:
        yield
    except PermissionError:
        raise PermissionsError(
            f"{path} cannot be written", remedy="Run as the user the directory belongs to, or choose another place."
        ) from None


def read(path: Path) -> bytes:
    """The content of a secret file.

    Raises MissingKeyError, PermissionsError (open to others), DamagedKeyError (not a regular file, or a large one).
    """
    try:
        # Not blocking: a pipe that stands where a file should must be refused, not waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        raise MissingKeyError(
            f"{path} is not there", remedy="Check the directory, or restore the file from the backup."
        ) from None
    except PermissionError:
        raise unreadable(path) from None
    try:
        _require_private_file(os.fstat(descriptor), path)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def _require_private_file(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_SIZE:
        raise DamagedKeyError(f"{path} is not a small regular file", remedy="Check the path.")
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise PermissionsError(
            f"{path} is open to others (mode {stat.S_IMODE(status.st_mode):04o})",
            remedy=f"Find out who may have read it, then: chmod 600 {path}",
        )


def make_directory(path: Path, *, there_already: bool = False) -> None:
    """Make a directory of mode 0700; with ``there_already`` it may exist, and its parents are made too.

    Raises PermissionsError where this user may not write.
    """
    with writing(path):
        path.mkdir(mode=DIRECTORY_MODE, parents=there_already, exist_ok=there_already)


def require_private_directory(path: Path) -> None:
    """Raise unless ``path`` is a directory that only its owner can change (MissingKeyError, PermissionsError)."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise MissingKeyError(f"{path} is not there", remedy="Check the directory, or create the keys first.") from None
    except PermissionError:
        raise unreadable(path) from None
    if not stat.S_ISDIR(status.st_mode):
        raise MissingKeyError(f"{path} is not a directory", remedy="Check the directory.")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionsError(
            f"{path} can be changed by others (mode {stat.S_IMODE(status.st_mode):04o})", remedy=f"chmod 700 {path}"
        )


def sync_directory(path: Path) -> None:
    """Make the names in ``path`` durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def exists(path: Path) -> ExistsError:
    """The error for a name that is taken."""
    return ExistsError(f"{path} exists already; nothing was changed", remedy="Choose another place, or move it away.")


def unreadable(path: Path) -> PermissionsError:
    """The error for what this user may not read."""
    return PermissionsError(f"{path} cannot be read", remedy="Run as the user the file belongs to.")
