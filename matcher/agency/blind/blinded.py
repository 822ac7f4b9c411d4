"""What one bucket of staged records comes to, whichever arithmetic made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matcher.agency.records.rejects import Reject

MAX_VERSIONS = 3


@dataclass(slots=True)
class Blinded:
    """``rows`` are end to end by bucket of their tokens, each followed by its leaf hash, ``sizes`` bytes in each;
    ``blocks`` are for the vault; rejects are by file."""

    rows: bytes
    sizes: Sequence[int]
    blocks: bytes
    put: int
    deleted: int
    unchanged: int
    duplicates: int
    rejects: list[tuple[int, Reject]]
