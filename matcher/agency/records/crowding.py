"""Link values that more asking rows name than the flow's ``multiple`` allows, found in 16 bytes a record.

Every row that names one is rejected: nobody can say which of them are right. Tags and handles are keyed hashes, so no
link value is kept here.
"""

from __future__ import annotations

from array import array
from itertools import groupby

from keys import native

_KEY_SIZE = 8


class Crowding:
    """Collects (tag, handle) pairs of records; the same record twice counts once."""

    def __init__(self) -> None:
        self._tags = array("Q")
        self._handles = array("Q")

    def add(self, tags: bytes, handles: bytes) -> None:
        """Add records: 8 bytes each, in the same order."""
        self._tags.frombytes(tags)
        self._handles.frombytes(handles)

    def crowded(self, most: int) -> frozenset[bytes]:
        """Tags that more than ``most`` different handles have."""
        if (crate := native.module()) is not None:
            found = crate.crowded(self._tags.tobytes(), self._handles.tobytes(), most)
            return frozenset(native.split(found, _KEY_SIZE))
        suspects = {tag for tag, group in groupby(sorted(self._tags)) if sum(1 for _ in group) > most}
        if not suspects:
            return frozenset()
        named: dict[int, set[int]] = {tag: set() for tag in suspects}
        for tag, handle in zip(self._tags, self._handles, strict=True):
            if tag in named:
                named[tag].add(handle)
        return frozenset(
            array("Q", (tag,)).tobytes() for tag, handles in named.items() if len(handles) > most
        )  # fmt: skip
