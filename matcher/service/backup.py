"""Backup and restore of the service: control data, the log and the sealed keys (docs/operations.md, design section 7).

    DIR/backup.json    format, origin, log key, entries, time in ms, and the SHA-256 of each file below
    DIR/control.db     one consistent state of the database, taken while the service may be serving
    DIR/service.json   the public file
    DIR/keys/          the key ring, sealed under its passphrase

Not in it, on purpose: the wrapping keys of periods, since purging destroys them for good; hence no segments, which are
noise without them; and spools, which the agencies still have. After a restore on another disk the periods that were
begun can only be purged, and the next one starts with all rows. What was logged after the backup is lost here, but not
to the others: see store/newest.py.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from matcher.protocol import checkpoint, merkle
from matcher.protocol.errors import InputError, StateError, VerificationError
from matcher.service.home import ServiceFile, ServiceHome, sync, write_durably
from matcher.service.store.log import Clock
from matcher.service.store.schema import CONTROL
from matcher.storage import require_ours

FORMAT = "concordat-backup-v1"
_LIST, _DATABASE, _PUBLIC, _KEYS = "backup.json", "control.db", "service.json", "keys"


@dataclass(frozen=True, slots=True)
class Summary:
    """What a backup holds: the log's origin, how many entries, and when it was taken (ms)."""

    origin: str
    entries: int
    taken_at: int


def backup(home: ServiceHome, target: Path, clock: Clock) -> Summary:
    """Write a backup into the new directory ``target``, whole or not at all. Raises StateError when it exists."""
    public = home.read_public()
    if target.exists():
        raise StateError(f"{target} exists; nothing was overwritten", remedy="Name a new directory for each backup.")
    aside = target.with_name(f".{target.name}.aside")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700, parents=True)
    try:
        _copy_database(home.control, aside / _DATABASE)
        shutil.copytree(home.keys, aside / _KEYS, ignore=shutil.ignore_patterns(".*"))
        shutil.copyfile(home.public_file, aside / _PUBLIC)
        summary = Summary(public.origin, _verify_log(aside / _DATABASE, public), clock())
        files = {str(path.relative_to(aside)): _digest(path) for path in _files(aside)}
        (aside / _KEYS).chmod(0o700)
        for path in _files(aside):
            path.chmod(0o600)
            sync(path)
        record = {"format": FORMAT, "log_key": public.log_key, "files": files, **asdict(summary)}
        write_durably(aside / _LIST, json.dumps(record, indent=2).encode())
        (aside / _LIST).chmod(0o600)
        sync(aside / _KEYS)
        aside.rename(target)
        sync(target.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return summary


def restore(source: Path, home: ServiceHome) -> Summary:
    """Bring a backup into ``home``, which must hold no service. Periods' keys and segments found there stay.

    Raises InputError (no backup), VerificationError (damaged, or its log does not hold), StateError (home in use).
    """
    record = _read_list(source)
    for name, digest in record["files"].items():
        path = source / name
        if not path.resolve().is_relative_to(source.resolve()) or not path.is_file() or _digest(path) != digest:
            raise VerificationError(f"the backup's file {name} is missing or damaged", remedy="Use another backup.")
    public = ServiceFile(**json.loads((source / _PUBLIC).read_bytes()))
    if (public.origin, public.log_key) != (record["origin"], record["log_key"]):
        raise VerificationError("the backup's service.json is of another log", remedy="Use another backup.")
    entries = _verify_log(source / _DATABASE, public)

    def fill(aside: ServiceHome) -> ServiceFile:
        shutil.copytree(source, aside.path, dirs_exist_ok=True)
        aside.keys.chmod(0o700)
        for path in _files(aside.path):
            path.chmod(0o600)
            sync(path)
        return public

    home.make(fill)
    return Summary(public.origin, entries, int(record["taken_at"]))


def _copy_database(source: Path, target: Path) -> None:
    if not source.is_file():
        raise StateError(f"{source} is not there")
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, no write-ahead log beside it
    sync(target)


def _verify_log(path: Path, public: ServiceFile) -> int:
    """The number of entries. Raises StateError when the database is not ours or of a later version, VerificationError
    unless the newest checkpoint is signed and is over the entries."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
        require_ours(copy, CONTROL)
        newest = copy.execute("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
        point = checkpoint.verify(newest[0] if newest else "", public.log_key)
        tree = merkle.CompactRange()
        tree.extend(entry for (entry,) in copy.execute("SELECT entry FROM entries ORDER BY position"))
    if (point.size, point.root) != (tree.size, tree.root()):
        raise VerificationError("the backup's newest checkpoint is not over its entries")
    return point.size


def _read_list(source: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads((source / _LIST).read_bytes())
        if record["format"] != FORMAT or not {_DATABASE, _PUBLIC} <= set(record["files"]):
            raise InputError(f"{source} is no backup of this program")
        return record
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{source} holds no backup", remedy="Name a directory that `concordat-server backup` wrote."
        ) from error


def _files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
