"""The small parts of an XLSX package: start tags of any part, shared texts, number formats (ECMA-376 part 1)."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import IO

from matcher.agency.files.typed import Style, style_of
from matcher.agency.files.xlsx_rows import parser, pieces, unescaped

_MOST_BETWEEN_TEXTS = 1 << 24


def start_tags(stream: IO[bytes]) -> Iterator[tuple[str, dict[str, str]]]:
    """(name without prefix, attributes) of each element, in order."""
    found: list[tuple[str, dict[str, str]]] = []
    made = parser()
    made.StartElementHandler = lambda name, attributes: found.append((name.rpartition(":")[2], attributes))
    with stream:
        for piece in pieces(stream):
            made.Parse(piece, False)
            yield from found
            found.clear()
        made.Parse(b"", True)
    yield from found


def parse_styles(stream: IO[bytes]) -> list[Style]:
    """The styles that cells name by number: cellXfs, with the workbook's own number formats (18.8.10, 18.8.30)."""
    codes: dict[int, str] = {}
    styles: list[Style] = []
    inside = False
    for name, attributes in start_tags(stream):
        if name == "numFmt" and "numFmtId" in attributes:
            codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            inside = name == "cellXfs"
        elif name == "xf" and inside:
            number = int(attributes.get("numFmtId", "0"))
            styles.append(style_of(number, codes.get(number, "")))
    return styles


class Strings:
    """The shared texts by number (18.4.9), without the phonetic runs that some carry (18.4.6)."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._block = bytearray()
        self._ends = array("Q", (0,))
        if stream is not None:
            with stream:
                self._read(stream)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self):
            raise IndexError
        return self._block[self._ends[index] : self._ends[index + 1]].decode()

    def _read(self, stream: IO[bytes]) -> None:
        text: list[str] = []
        made = parser()
        phonetic = False

        def start(name: str, _attributes: dict[str, str]) -> None:
            nonlocal phonetic
            local = name.rpartition(":")[2]
            if local == "t":
                made.CharacterDataHandler = None if phonetic else text.append
            elif local == "rPh":
                phonetic = True

        def end(name: str) -> None:
            nonlocal phonetic
            local = name.rpartition(":")[2]
            if local == "t":
                made.CharacterDataHandler = None
            elif local == "rPh":
                phonetic = False
            elif local == "si":
                self._block += unescaped("".join(text)).encode()
                self._ends.append(len(self._block))
                text.clear()

        made.StartElementHandler, made.EndElementHandler = start, end
        for piece in pieces(stream):
            made.Parse(piece, False)
            if sum(map(len, text)) > _MOST_BETWEEN_TEXTS:
                raise ValueError("oversized")
        made.Parse(b"", True)
