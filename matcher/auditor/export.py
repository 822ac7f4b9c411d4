"""Writing a log into a directory that anybody can verify offline (layout: source.py).

Nothing is judged here, so that a log that does not verify can be kept as evidence: entries are written as they came.
"""

from __future__ import annotations

import os
from pathlib import Path

from matcher.auditor import source as layout
from matcher.auditor.source import LogSource
from matcher.auditor.verify import Progress
from matcher.protocol import checkpoint, entries, note
from matcher.protocol.errors import DeniedError, NotFoundError, StateError, VerificationError
from matcher.protocol.messages import NO_AGREEMENT


def export(source: LogSource, directory: Path, progress: Progress = lambda _: None) -> int:
    """Write the log that ``source`` gives into ``directory``, which must be new or empty; returns how many entries.

    The checkpoint is written last: a directory without one is no export, whatever a crash left there. Raises
    StateError, and VerificationError for a checkpoint that cannot be read or an entry that has no place in a line.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise StateError("the directory to export to is not empty", remedy="Name a new directory.")
    directory.mkdir(parents=True, exist_ok=True)
    text = source.checkpoint()
    size = checkpoint.parse(note.parse(text).text).size
    agreements: set[bytes] = set()
    count = 0
    with (directory / layout.ENTRIES_FILE).open("xb") as file:
        for count, data in enumerate(source.entries(size), 1):
            if b"\n" in data:
                raise VerificationError(f"entry {count - 1} is not canonical: it holds a line break")
            file.write(data + b"\n")
            agreements |= _agreements_of(data)
            progress(count)
        file.flush()
        os.fsync(file.fileno())
    for digest in sorted(agreements):
        _export_agreement(source, directory, digest)
    (directory / layout.CHECKPOINT_FILE).write_text(text, encoding="utf-8")
    return count


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
    target = directory / layout.AGREEMENTS_DIRECTORY / digest.hex()
    target.mkdir(parents=True)
    (target / layout.MATCHING_FILE).write_bytes(matching_file)
    (target / layout.AGREEMENT_FILE).write_bytes(agreement_file)
