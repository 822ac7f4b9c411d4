"""Writing a log into a directory that anybody can verify offline, with this program or another (layout: source.py).

Nothing is judged here, so that a log that does not verify can be kept as evidence: entries are written as they came,
and the hash tiles are those of the entries, whatever root the checkpoint has.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from matcher.auditor import source as layout
from matcher.auditor.source import LogSource
from matcher.auditor.verify import Progress
from matcher.protocol import checkpoint, entries, note, tiles
from matcher.protocol.errors import DeniedError, NotFoundError, StateError, VerificationError
from matcher.protocol.messages import NO_AGREEMENT


def export(source: LogSource, directory: Path, progress: Progress = lambda _: None) -> int:
    """Write the log that ``source`` gives into ``directory``, which must be new or empty; returns how many entries.

    The checkpoint is written last: a directory without one is no export, whatever a crash left there. Raises
    StateError, and VerificationError for a checkpoint that cannot be read or an entry that no bundle can hold.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise StateError("the directory to export to is not empty", remedy="Name a new directory.")
    directory.mkdir(parents=True, exist_ok=True)
    text = source.checkpoint()
    size = checkpoint.parse(note.parse(text).text).size
    agreements: set[bytes] = set()
    builder = tiles.TileBuilder()
    for data in source.entries(size):
        _write(directory, builder.add(data))
        agreements |= _agreements_of(data)
        progress(builder.size)
    _write(directory, builder.finish())
    for digest in sorted(agreements):
        _export_agreement(source, directory, digest)
    _write(directory, [(layout.CHECKPOINT_FILE, text.encode())])
    return builder.size


def _write(directory: Path, made: Iterable[tiles.File]) -> None:
    for path, data in made:
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def _agreements_of(data: bytes) -> set[bytes]:
    try:
        entry = entries.parse(data)
    except VerificationError:
        return set()  # kept as evidence; verification says what is wrong with it
    return set() if entry.agreement == NO_AGREEMENT or entry.type == "access-denied" else {entry.agreement}


def _export_agreement(source: LogSource, directory: Path, digest: bytes) -> None:
    try:
        matching_file, agreement_file = source.agreement_files(digest)
    except (NotFoundError, DeniedError):
        return  # check 12 will say so
    below = f"{layout.AGREEMENTS_DIRECTORY}/{digest.hex()}"
    papers = {layout.MATCHING_FILE: matching_file, layout.AGREEMENT_FILE: agreement_file}
    _write(directory, ((f"{below}/{name}", data) for name, data in papers.items()))
