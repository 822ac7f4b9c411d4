"""Repeated records of a check, found in 31 bytes a record: what blind/rows.py decides, without staging.

In file order the first record of a name stands; the same once more is a repetition, another content under it is
rejected, and so is every record of a link value that too many asking rows name. Names and contents are kept as keyed
hashes of eight bytes, under a key that ends with the check.
"""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Iterator
from hashlib import blake2b
from itertools import pairwise

from matcher.agency.records.crowding import Crowding
from matcher.agency.records.records import Group
from matcher.agency.records.rejects import Reject
from matcher.protocol.agreement.model import Side

_SIZE = 8
_SEPARATOR = "\x1f"  # no normalised text holds a control character


class Distinct:
    """Collects the records of one side, file by file; ``multiple`` as in the flow."""

    def __init__(self, side: Side, multiple: int) -> None:
        self._asking = side == "asking"
        self._multiple = multiple
        self._key = os.urandom(32)
        self._names, self._contents, self._links = array("Q"), array("Q"), array("Q")
        self._lines, self._files, self._columns = array("L"), array("H"), array("B")
        self.duplicates = 0

    def add(self, file: int, group: Group) -> None:
        """Add the records of one link column of file number ``file``."""
        number = group.column
        names, contents, links = [], [], []
        for row_id, link, content in zip(group.row_ids, group.link_values, group.contents, strict=True):
            name = f"{row_id}{_SEPARATOR}{number}{_SEPARATOR}{link}" if self._asking else link
            names.append(self._hash(name))
            contents.append(self._hash(row_id + _SEPARATOR + content))
            links.append(self._hash(link) if self._asking else b"")
        self._names.frombytes(b"".join(names))
        self._contents.frombytes(b"".join(contents))
        self._links.frombytes(b"".join(links))
        self._lines.extend(group.lines)
        self._files.extend([file] * len(names))
        self._columns.extend([number] * len(names))

    def _hash(self, text: str) -> bytes:
        return blake2b(text.encode(), digest_size=_SIZE, key=self._key).digest()

    def rejects(self) -> Iterator[tuple[int, int, Reject]]:
        """(file, column, problem) of each record that is rejected, in order; counts the repetitions meanwhile."""
        crowded = self._crowded()
        code = "duplicate-row" if self._asking else "duplicate-account"
        repeated = self._repeated()
        first: dict[int, int] = {}
        for index, name in enumerate(self._names):
            is_crowded = bool(crowded) and self._links[index] in crowded
            if not is_crowded and name not in repeated:
                continue
            if is_crowded:
                problem = "too-many-rows"
            elif (kept := first.setdefault(name, index)) == index:
                continue
            elif self._contents[kept] == self._contents[index]:
                self.duplicates += 1
                continue
            else:
                problem = code
            yield self._files[index], self._columns[index], Reject(self._lines[index], "", problem)

    def _repeated(self) -> frozenset[int]:
        ordered = sorted(self._names)
        return frozenset(name for before, name in pairwise(ordered) if before == name)

    def _crowded(self) -> frozenset[int]:
        if not self._asking:
            return frozenset()
        crowding = Crowding()
        crowding.add(self._links.tobytes(), self._names.tobytes())
        return frozenset(int.from_bytes(tag, sys.byteorder) for tag in crowding.crowded(self._multiple))
