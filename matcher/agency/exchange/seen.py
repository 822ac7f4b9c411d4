"""HOME/checkpoint-ID: the last verified checkpoint of each log, by the log's origin.

An agreement whose log has ended names a new origin, and begins anew there. Left to others: verifying, and that a newer
one extends it (trust.py).
"""

from __future__ import annotations

from pathlib import Path

from matcher.protocol.suite import sha256

_NAME = "checkpoint-"


def path_of(home: Path, origin: str) -> Path:
    """Where the last checkpoint of the log ``origin`` lies."""
    return home / f"{_NAME}{sha256(origin.encode()).hex()[:16]}"


def last(home: Path, origin: str) -> str:
    """The last verified checkpoint's note; empty when none was seen yet."""
    path = path_of(home, origin)
    return path.read_text(encoding="utf-8") if path.is_file() else ""
