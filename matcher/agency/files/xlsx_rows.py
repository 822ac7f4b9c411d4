"""The rows of one XLSX sheet, streamed (ECMA-376 part 1, 18.3.1): never more than one piece of the sheet in memory.

Only the wanted columns' cells become text; the others cost a look at their address. A document type declaration is
refused before anything it declares could expand. Left to others: the package (xlsx_book.py), what a number means
(typed.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import IO, Protocol
from xml.parsers import expat

from matcher.agency.files.addresses import letters, position_of
from matcher.agency.files.sheets import SheetRow, Slots
from matcher.agency.files.typed import PLAIN, Style
from matcher.agency.records.faults import mark

MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
_PIECE = 1 << 18
_MOST_BETWEEN_ROWS = 1 << 26
_DIGITS = "0123456789"
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TRUE = ("1", "true", "on")


def parser() -> expat.XMLParserType:
    """A parser that refuses document types."""
    made = expat.ParserCreate()
    made.buffer_text = True
    made.buffer_size = 1 << 16
    made.StartDoctypeDeclHandler = _refuse
    return made


def _refuse(*_declared: object) -> None:
    raise ValueError("doctype")


def pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """The stream in pieces."""
    return iter(lambda: stream.read(_PIECE), b"")


def unescaped(text: str) -> str:
    """``text`` with ``_x000D_`` and the like as the characters they stand for (22.9.2.19, ST_Xstring)."""
    return _ESCAPE.sub(_character, text) if "_x" in text else text


def _character(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return "\ufffd" if 0xD800 <= number < 0xE000 else chr(number)


def rows(
    stream: IO[bytes], strings: Texts, styles: Sequence[Style], slots: Slots
) -> Iterator[SheetRow]:  # fmt: skip
    """The sheet's rows in order. Raises ValueError, IndexError or expat.ExpatError for what is no sheet."""
    reader = _Reader(strings, styles, slots)
    waiting = 0
    for piece in pieces(stream):
        reader.parser.Parse(piece, False)
        waiting = 0 if reader.ready else waiting + len(piece)
        if waiting > _MOST_BETWEEN_ROWS:
            raise ValueError("oversized")
        yield from reader.ready
        reader.ready.clear()
    reader.parser.Parse(b"", True)
    yield from reader.ready


class Texts(Protocol):
    """Shared texts by number."""

    def __getitem__(self, index: int, /) -> str:
        """The text. Raises IndexError."""


class _Reader:
    def __init__(self, strings: Texts, styles: Sequence[Style], slots: Slots) -> None:
        self.ready: list[SheetRow] = []
        self._row = self._cell = self._value = self._plain = self._formula = self._phonetic = ""
        self._strings, self._styles = strings, styles
        self._numbers = slots.numbers
        self._slots = {letters(position): slot for position, slot in slots.by_position.items()}
        self._blank = [""] * len(slots.numbers)
        self._cells = self._blank.copy()
        self._number = 0
        self._hidden = self._filled = self._in_phonetic = False
        self._letters = ""
        self._slot: int | None = None
        self._attributes: dict[str, str] = {}
        self._calculated = self._valued = False
        self._text: list[str] = []
        self.parser = parser()
        self.parser.StartElementHandler = self._root
        self.parser.EndElementHandler = self._end

    def _root(self, name: str, _attributes: dict[str, str]) -> None:
        """The sheet's own element: what stands before its name stands before every name."""
        prefix, found, local = name.rpartition(":")
        if local != "worksheet":
            raise ValueError("root")
        start = prefix + found
        self._row, self._cell, self._value = f"{start}row", f"{start}c", f"{start}v"
        self._plain, self._formula, self._phonetic = f"{start}t", f"{start}f", f"{start}rPh"
        self.parser.StartElementHandler = self._start

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == self._cell:
            reference = attributes.get("r")
            self._letters = reference.rstrip(_DIGITS) if reference else _next(self._letters)
            self._slot = self._slots.get(self._letters)
            self._attributes = attributes
            self._calculated = self._valued = False
        elif name == self._value or (name == self._plain and not self._in_phonetic):
            self._valued = True
            # A cell with its text inside may have a value as well, which is a number of nothing.
            if self._slot is not None and not (name == self._value and self._attributes.get("t") == "inlineStr"):
                self.parser.CharacterDataHandler = self._text.append
        elif name == self._row:
            number = int(attributes.get("r", self._number + 1))
            if not self._number < number <= MAX_ROWS:
                raise ValueError("rows")
            self._number = number
            self._hidden = attributes.get("hidden") in _TRUE
            self._filled = False
            self._letters = ""
            self._cells = self._blank.copy()
        elif name == self._formula:
            self._calculated = True
        elif name == self._phonetic:
            self._in_phonetic = True

    def _end(self, name: str) -> None:
        if name == self._value or name == self._plain:
            self.parser.CharacterDataHandler = None
        elif name == self._cell:
            if self._slot is None:
                # A formula that shows nothing is no content; a row of them was prepared and never filled in.
                self._filled = self._filled or (self._valued and not self._calculated)
            elif (self._valued or self._calculated) and (content := self._content(self._slot)):
                self._cells[self._slot] = content
                self._filled = True
            self._text.clear()
        elif name == self._row:
            self.ready.append(SheetRow(self._number, self._hidden, self._filled, self._cells))
        elif name == self._phonetic:
            self._in_phonetic = False

    def _content(self, slot: int) -> str:
        text = "".join(self._text)
        kind = self._attributes.get("t", "n")
        if self._calculated and not (text or (kind == "str" and self._valued)):
            return mark("formula-empty")
        if kind == "s":
            return self._strings[int(text)] if text else ""
        if kind == "n":
            style = self._attributes.get("s")
            return self._numbers[slot](text, self._styles[int(style)] if style else PLAIN) if text else ""
        if kind in ("str", "inlineStr"):
            return unescaped(text)
        if kind == "d":
            return text.partition("T")[0]
        return mark("formula-error" if kind == "e" else "cell-type")


def _next(before: str) -> str:
    """The letters of the column after ``before``, for cells without an address."""
    position = position_of(before) + 1 if before else 0
    if position >= MAX_COLUMNS:
        raise ValueError("columns")
    return letters(position)
