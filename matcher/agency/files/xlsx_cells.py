"""An XLSX sheet's rows as columns of cells, by the native crate: no object for a row, none for a cell.

The crate reads XML of a plain kind, as programs write it (native/src/sheet); where a part holds anything else, it stops
there, and xlsx_rows.py reads on, which is the specification. Left to others: the package (xlsx_book.py), what a row is
(columns.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import IO, Any

from keys import native
from matcher.agency.files.batches import BATCH_ROWS
from matcher.agency.files.columns import CellBlock
from matcher.agency.files.sheets import Slots
from matcher.agency.files.typed import PLAIN, Style
from matcher.agency.files.xlsx_rows import pieces

_BLOCK_ROWS = 2 * BATCH_ROWS
_BLOCK_BYTES = 1 << 23
_NO_STYLE = 0xFFFF_FFFF
_STYLE_SIZE = 4


def shared_texts(crate: ModuleType, stream: IO[bytes]) -> Any:
    """A concordat_native.SharedTexts; None where the part is not plain."""
    texts = crate.SharedTexts()
    with stream:
        is_plain = all(texts.feed(piece) for piece in pieces(stream))
    return texts if is_plain and texts.finish() else None


def blocks(
    crate: ModuleType, stream: IO[bytes], texts: Any, styles: Sequence[Style], slots: Slots, after: int
) -> Iterator[tuple[CellBlock, int] | None]:  # fmt: skip
    """Rows that hold something, behind row ``after``, and how many of them are hidden; at the end None if that is not
    all: Python reads on from the last row given."""
    reader = crate.SheetReader(
        slots=list(slots.by_position.items()),
        kinds=list(slots.kinds),
        plain_styles=[style == PLAIN for style in styles],
        texts=texts,
        after=after,
    )
    is_plain = True
    with stream:
        for piece in pieces(stream):
            is_plain = reader.feed(piece)
            rows, size = reader.waiting()
            if rows >= _BLOCK_ROWS or size >= _BLOCK_BYTES:
                yield _taken(reader, styles, slots)
            if not is_plain:
                break
    if reader.waiting()[0]:
        yield _taken(reader, styles, slots)
    if not (is_plain and reader.finish()):
        yield None


def _taken(reader: Any, styles: Sequence[Style], slots: Slots) -> tuple[CellBlock, int]:
    for slot, number in enumerate(slots.numbers):
        asked = reader.asked(slot)
        if asked:
            texts = [
                number(item[_STYLE_SIZE:].decode(), _style(styles, int.from_bytes(item[:_STYLE_SIZE], "little")))
                for item in asked
            ]
            reader.learn(slot, *native.column([text.encode() for text in texts]))
    *block, hidden = reader.take()
    return CellBlock(*block), hidden


def _style(styles: Sequence[Style], number: int) -> Style:
    return PLAIN if number == _NO_STYLE else styles[number]
