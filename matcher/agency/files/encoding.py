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

from matcher.protocol.errors import InputError

_BLOCK = 1 << 20
_SAMPLE = 1 << 16
_MOST_ZEROS = 20  # of twenty bytes of text, less than one is zero or another byte that no text has
_NO_TEXT = bytes((*range(9), *range(14, 32)))


@dataclass(frozen=True, slots=True)
class TextForm:
    """How to read the file. ``damaged``: some bytes do not decode. ``lines`` counts line feeds.

    ``errors`` is how Python is told to go on: in UTF-16 a broken character becomes U+FFFD, which records/faults.py
    knows; elsewhere a surrogate, which ``is_damaged`` finds.
    """

    encoding: str
    damaged: bool
    lines: int
    errors: str = "surrogateescape"


def survey(path: Path) -> TextForm:
    """Read the file once and decide. Raises InputError for an empty file and for one that is no text."""
    with path.open("rb") as stream:
        start = stream.read(_SAMPLE)
    if not start:
        raise InputError(f"{path.name}: the file is empty", code="file-empty", remedy="Export the file again.")
    if wide := _wide(start):
        return TextForm(wide, damaged=False, lines=_wide_lines(path, wide), errors="replace")
    if len(start.translate(None, _NO_TEXT)) * _MOST_ZEROS < len(start) * (_MOST_ZEROS - 1):
        raise InputError(
            f"{path.name}: the file is not text",
            code="file-type",
            remedy="Export it again as CSV, XLSX or Parquet, and give it the ending of its type.",
        )
    if start.startswith(codecs.BOM_UTF8):
        return TextForm("utf-8-sig", _decodes(path, "utf-8") is None, _lines(path))
    lines = _decodes(path, "utf-8")
    if lines is not None:
        return TextForm("utf-8", damaged=False, lines=lines)
    characters, broken = _count(path, "utf-8")
    if characters > broken:
        return TextForm("utf-8", damaged=True, lines=_lines(path))
    return TextForm("gb18030", _decodes(path, "gb18030") is None, _lines(path))


def _wide(start: bytes) -> str:
    """The UTF-16 encoding of a file that starts so; empty for none."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) * _MOST_ZEROS < len(start) or min(even, odd) * _MOST_ZEROS > len(start):
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _wide_lines(path: Path, encoding: str) -> int:
    with path.open(encoding=encoding, errors="replace", newline="") as stream:
        return sum(block.count("\n") for block in iter(lambda: stream.read(_BLOCK), ""))


def _decodes(path: Path, encoding: str) -> int | None:
    """The number of line feeds if the whole file decodes, else None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 0
    with path.open("rb") as stream:
        try:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
                lines += block.count(b"\n")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return None
    return lines


def _count(path: Path, encoding: str) -> tuple[int, int]:
    """(characters beyond ASCII that decode, bytes that do not)."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="surrogateescape")
    characters = broken = 0
    with path.open("rb") as stream:
        while True:
            block = stream.read(_BLOCK)
            text = decoder.decode(block, final=not block)
            good = text.encode("utf-8", "ignore").decode("utf-8")
            broken += len(text) - len(good)
            characters += len(good) - len(good.encode("ascii", "ignore"))
            if not block:
                return characters, broken


def _lines(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(_BLOCK), b""))


def is_damaged(text: str) -> bool:
    """Whether ``text``, decoded with ``surrogateescape``, holds a byte that did not decode."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
