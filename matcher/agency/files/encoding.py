"""The encoding of a text file, decided over the whole file before a row is read.

A byte order mark decides at once. A file that decodes as UTF-8 from end to end is UTF-8. Of the others, a file with
more UTF-8 characters than broken bytes is UTF-8 with damage; every other one is GB18030, where Chinese text leaves
about eight broken bytes to one accidental UTF-8 character. Broken bytes cost their row, not the file. UTF-16 is known
by its byte order mark or, without one, by the zero bytes that every second one of its digits and separators is.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from keys import native
from matcher.protocol.errors import InputError

_BLOCK = 1 << 20
_WRAPPED = b'="'
_SAMPLE = 1 << 16
_MOST_ZEROS = 20  # of twenty bytes of text, less than one is zero or another byte that no text has
_NO_TEXT = bytes((*range(9), *range(14, 32)))


@dataclass(frozen=True, slots=True)
class TextForm:
    """How to read the file. ``damaged``: some bytes do not decode. ``lines`` counts line feeds.

    ``errors`` is how Python is told to go on: in UTF-16 a broken character becomes U+FFFD, which records/faults.py
    knows; elsewhere a surrogate, which ``is_damaged`` finds. ``wrapped``: some cell may be written ="text", as exports
    do that want a spreadsheet to keep an account number whole.
    """

    encoding: str
    damaged: bool
    lines: int
    wrapped: bool
    errors: str = "surrogateescape"


def survey(path: Path) -> TextForm:
    """Read the file once and decide. Raises InputError for an empty file and for one that is no text."""
    with path.open("rb") as stream:
        start = stream.read(_SAMPLE)
    if not start:
        raise InputError(f"{path.name}: the file is empty", code="file-empty", remedy="Export the file again.")
    if wide := _wide(start):
        look = _look_through(path, "")
        return TextForm(wide, False, look.lines, look.wrapped, errors="replace")
    if len(start.translate(None, _NO_TEXT)) * _MOST_ZEROS < len(start) * (_MOST_ZEROS - 1):
        raise InputError(
            f"{path.name}: the file is not text",
            code="file-type",
            remedy="Export it again as CSV, XLSX or Parquet, and give it the ending of its type.",
        )
    utf8 = _look_through(path, "utf-8")
    if start.startswith(codecs.BOM_UTF8):
        return TextForm("utf-8-sig", utf8.damaged, utf8.lines, utf8.wrapped)
    if utf8.damaged:
        characters, broken = _count(path)
        if characters <= broken:
            other = _look_through(path, "gb18030")
            return TextForm("gb18030", other.damaged, other.lines, other.wrapped)
    return TextForm("utf-8", utf8.damaged, utf8.lines, utf8.wrapped)


def _wide(start: bytes) -> str:
    """The UTF-16 encoding of a file that starts so; empty for none."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) * _MOST_ZEROS < len(start) or min(even, odd) * _MOST_ZEROS > len(start):
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


class _Look(NamedTuple):
    damaged: bool
    lines: int
    wrapped: bool


def _look_through(path: Path, encoding: str) -> _Look:
    """One reading of the whole file, decoded as ``encoding`` until a byte does not; empty: UTF-16, not decoded."""
    crate = native.module()
    if encoding == "utf-8" and crate is not None:
        return _looked_through(path, crate)
    decoder = codecs.getincrementaldecoder(encoding or "latin-1")()
    mark = _WRAPPED if encoding else b'=\0"'
    damaged = wrapped = False
    lines = 0
    before = b""
    with path.open("rb") as stream:
        while True:
            block = stream.read(_BLOCK)
            lines += block.count(b"\n")
            wrapped = wrapped or mark in block or mark in before + block[: len(mark)]
            before = block[-len(mark) :]
            if not damaged:
                try:
                    decoder.decode(block, final=not block)
                except UnicodeDecodeError:
                    damaged = True
            if not block:
                return _Look(damaged, lines, wrapped)


def _looked_through(path: Path, crate: ModuleType) -> _Look:
    """The same for UTF-8, by the crate."""
    damaged = wrapped = False
    lines = 0
    rest = b""  # of the block before: what may go on in this one
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            data = rest + block
            more, is_there, whole = crate.look(data, _WRAPPED)
            lines += more
            wrapped = wrapped or is_there
            damaged = damaged or whole is None
            rest = b"" if whole is None else data[whole:]
            if not rest and data.endswith(_WRAPPED[:1]):
                rest = _WRAPPED[:1]
    return _Look(damaged or rest not in (b"", _WRAPPED[:1]), lines, wrapped)


def _count(path: Path) -> tuple[int, int]:
    """(characters of UTF-8 beyond ASCII, bytes that do not decode)."""
    crate = native.module()
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    characters = broken = 0
    rest = b""
    with path.open("rb") as stream:
        while True:
            block = stream.read(_BLOCK)
            if crate is not None:
                more, bad, counted = crate.count_utf8(rest + block, last=not block)
                rest = (rest + block)[counted:]
            else:
                text = decoder.decode(block, final=not block)
                good = text.encode("utf-8", "ignore").decode("utf-8")
                more, bad = len(good) - len(good.encode("ascii", "ignore")), len(text) - len(good)
            characters += more
            broken += bad
            if not block:
                return characters, broken


def is_damaged(text: str) -> bool:
    """Whether ``text``, decoded with ``surrogateescape``, holds a byte that did not decode."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
