"""A text file as blocks of whole rows in UTF-8, for readers that take many rows at once.

Where rows end is what the csv module would say (native/src/reading/split.rs); a row is in one block. What does not
decode travels as it would in Python's text: ``errors`` says how to decode a block to the same characters. Left to
others: what is in a row.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from matcher.agency.files.batches import TextTable
from matcher.agency.files.csv_rows import unchanged

BLOCK_SIZE = 1 << 20
_UTF8 = ("utf-8", "utf-8-sig")


class TextBlock(NamedTuple):
    """Whole rows; ``line`` is the first one's."""

    data: bytes
    line: int
    errors: str


class WholeRows(Protocol):
    """concordat_native.whole_rows."""

    def __call__(self, data: bytes, separator: int, *, last: bool) -> tuple[int, int]:
        """(bytes that are whole rows, their lines)."""


def text_blocks(path: Path, table: TextTable, whole_rows: WholeRows, size: int = BLOCK_SIZE) -> Iterator[TextBlock]:
    """The file from its first line on. Raises InputError if it changes meanwhile."""
    form, separator = table.form, ord(table.separator)
    if form.encoding in _UTF8 and not form.damaged:
        with path.open("rb") as stream, unchanged(path, stream):
            if form.encoding == "utf-8-sig":
                stream.seek(len(codecs.BOM_UTF8))
            yield from _blocks(lambda: stream.read(size), separator, whole_rows, "surrogateescape")
        return
    with path.open(encoding=form.encoding, errors=form.errors, newline="") as text, unchanged(path, text):
        yield from _blocks(lambda: _encoded(text, size), separator, whole_rows, "surrogatepass")


def _encoded(text: IO[str], size: int) -> bytes:
    return text.read(size).encode("utf-8", "surrogatepass")


def _blocks(read: Callable[[], bytes], separator: int, whole_rows: WholeRows, errors: str) -> Iterator[TextBlock]:
    line, rest = 1, b""
    while True:
        more = read()
        data = rest + more
        end, lines = whole_rows(data, separator, last=not more)
        if end:
            yield TextBlock(data[:end], line, errors)
        line += lines
        rest = data[end:]
        if not more:
            break
