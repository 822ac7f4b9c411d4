"""The auditor's own copy as a log to verify: everything is at hand, so no service is asked and nothing can be withheld.

HOME/mirror.db                              leaves, checkpoints, cosignatures (store.py)
HOME/agreements/DIGEST/matching.toml        the files of every agreement that the entries name
HOME/agreements/DIGEST/agreement.toml

The copy is read whole, every time: not only the leaves, but every column and checkpoint beside them (check 28).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keys import files
from matcher.auditor.leaf import Leaf
from matcher.auditor.mirror.store import MirrorStore, row_of
from matcher.auditor.source import AGREEMENT_FILE, AGREEMENTS_DIRECTORY, MATCHING_FILE
from matcher.protocol import checkpoint, merkle
from matcher.protocol.errors import NotFoundError, StateError, VerificationError

_PAGE = 2048
_INDEX, _LEAF = 0, 1  # places in a row


class MirrorSource:
    """A log source over the copy in ``home``. Raises StateError while it holds no checkpoint."""

    def __init__(self, home: Path, store: MirrorStore, log_key: str) -> None:
        self._directory = home / AGREEMENTS_DIRECTORY
        self._store = store
        self._log_key = log_key
        self._rows: dict[int, tuple[Any, ...]] = {}
        self._tree = merkle.CompactRange()
        self._note = store.head().note
        if not self._note:
            raise StateError("this home holds no copy of the log", remedy="Fetch one: `concordat audit mirror`.")
        self._size = checkpoint.verify(self._note, log_key).size

    def checkpoint(self) -> str:
        """The newest checkpoint held, with the cosignatures known for it."""
        kept = {size: cosignatures for size, _note, _root, cosignatures in self._store.kept()[1]}
        return self._note + "".join(
            line if line.endswith("\n") else f"{line}\n"
            for line in _lines(kept.get(self._size, "")) or ()
            if line.strip() not in self._note
        )

    def entries(self, size: int) -> Iterator[bytes]:
        """The first ``size`` entries, in order; what stands beside each is compared when it was parsed."""
        first = 0
        while first < size and (rows := self._store.rows(first, min(_PAGE, size - first))):
            for row in rows:
                self._rows[first] = row
                first += 1
                yield row[_LEAF]

    def require_same(self, index: int, leaf: Leaf) -> None:
        """Raise VerificationError unless the row of this entry, which was just given, says what the entry says."""
        if self._rows.pop(index) != row_of(index, leaf):
            raise VerificationError("the copy keeps another number, hash or header beside this entry than the entry's")

    def sizes(self) -> list[int]:
        """The sizes of which checkpoints are kept, by their own account."""
        return [size for size, *_beside in self._store.kept()[1]]

    def broken(self, roots: Mapping[int, bytes], edge: bytes) -> Iterator[str]:
        """What does not hold of the checkpoints and the edge kept.

        ``roots`` are the tree's at ``sizes``, as far as there are entries, ``edge`` is its edge at the newest of them.
        """
        kept_edge, points = self._store.kept()
        for size, note, root, cosignatures in points:
            try:
                point = checkpoint.verify(note, self._log_key)
            except VerificationError as error:
                yield f"the checkpoint kept of {size} entries: {error}"
                continue
            if (point.size, point.root, root) != (size, roots.get(size), roots.get(size)):
                yield f"the checkpoint kept of {size} entries is not what the entries make it"
            if _lines(cosignatures) is None:
                yield f"the cosignatures kept with the checkpoint of {size} entries are damaged"
        tree = self._grown(merkle.CompactRange.from_bytes(edge))
        if tree.to_bytes() != kept_edge:
            yield f"the edge of the tree is not that of the {tree.size} entries held"

    def _grown(self, tree: merkle.CompactRange) -> merkle.CompactRange:
        """With the leaves that are held beyond the newest checkpoint, as far as none is missing."""
        while rows := self._store.rows(tree.size, _PAGE):
            for row in rows:
                if row[_INDEX] != tree.size:
                    return tree
                tree.append(merkle.leaf_hash(row[_LEAF]))
        return tree

    def agreement_files(self, digest: bytes) -> tuple[bytes, bytes]:
        """(matching file, agreement file). Raises NotFoundError."""
        directory = self._directory / digest.hex()
        if not (directory / AGREEMENT_FILE).is_file():
            raise NotFoundError("its files are not in this home: `concordat audit mirror` fetches them")
        return (directory / MATCHING_FILE).read_bytes(), (directory / AGREEMENT_FILE).read_bytes()


def _lines(cosignatures: str) -> list[str] | None:
    """The lines of a JSON list, or None if it is none."""
    try:
        value = json.loads(cosignatures)
    except ValueError:
        return None
    return value if isinstance(value, list) and all(isinstance(line, str) for line in value) else None


def keep_agreement(home: Path, digest: bytes, matching_file: bytes, agreement_file: bytes) -> None:
    """Keep the files of an agreement; the agreement file last, so that its presence says both are whole."""
    directory = home / AGREEMENTS_DIRECTORY / digest.hex()
    files.make_directory(directory, there_already=True)
    files.write(directory / MATCHING_FILE, matching_file, replace=True)
    files.write(directory / AGREEMENT_FILE, agreement_file, replace=True)
