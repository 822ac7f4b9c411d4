"""An XLSX workbook as a package: its limits, its sheets, and what they share (ECMA-376 parts 1 and 2).

Sizes are checked before a part is opened, and unpacking stops there, so that a small file cannot fill memory. Shared
texts are kept as one block of bytes with offsets, a third of what as many text objects take. Nothing is unpacked to
disk. Left to others: rows (xlsx_rows.py), choosing a sheet (workbooks.py).
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import IO
from xml.parsers import expat

from keys import native
from matcher.agency.files import xlsx_cells
from matcher.agency.files.addresses import Merge, merge_of
from matcher.agency.files.columns import CellBlock
from matcher.agency.files.sheets import SheetRow, Slots, packed
from matcher.agency.files.typed import Style, shown
from matcher.agency.files.xlsx_parts import Strings, parse_styles, start_tags
from matcher.agency.files.xlsx_rows import Texts, pieces, rows
from matcher.protocol.errors import InputError
from matcher.text import _

MEBIBYTE = 1 << 20
SHEET_LIMIT = 2048 * MEBIBYTE
STRINGS_LIMIT = 512 * MEBIBYTE
PART_LIMIT = 16 * MEBIBYTE
MAX_RATIO = 200  # of what unpacks to more than PART_LIMIT; real sheets shrink to a tenth or a thirtieth
_MAX_PARTS = 10_000
_HEAD_COLUMNS = 256
_END = re.compile(rb"</(?:\w+:)?sheetData\s*>|<(?:\w+:)?sheetData\s*/>")
_ENDING = b"sheetData"
_MERGE = re.compile(rb'mergeCell\s[^>]*?ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"')
_OVERLAP = 64
_CONTENT_TYPES = "[content_types].xml"
_AS_CSV = "Save the sheet as CSV, which has no such limit, and submit that file."
_AGAIN = "Open it in the spreadsheet program, save it as a new workbook, and submit that one."


@contextmanager
def damage(file: str) -> Iterator[None]:
    """Inside, what the package's parsers raise becomes an InputError that names ``file`` and nothing of its content."""
    try:
        yield
    except (zipfile.BadZipFile, OSError) as error:
        # The file was open already: what the system refuses now is a place that is not in it.
        raise _damaged(file) from error
    except (ValueError, IndexError, KeyError, EOFError, NotImplementedError, OverflowError) as error:
        raise _damaged(file) from error
    except (zlib.error, expat.ExpatError) as error:
        raise _damaged(file) from error


def _damaged(file: str) -> InputError:
    return InputError(f"{file}: the workbook is damaged", code="file-damaged", remedy=_AGAIN)


class XlsxBook:
    """An open workbook."""

    def __init__(self, path: Path) -> None:
        self._file = path.name
        self._zip = zipfile.ZipFile(path)
        try:
            self._read()
        except BaseException:
            self._zip.close()
            raise

    def _read(self) -> None:
        # Names of parts do not depend on case (ECMA-376 part 2, 6.2.2.3); some programs write backslashes.
        self._parts = {_key(item.filename): item for item in self._zip.infolist()}
        if len(self._parts) > _MAX_PARTS:
            raise _oversized(self._file, _("{n:,} parts", n=len(self._parts)))
        if any(item.flag_bits & 1 for item in self._parts.values()):
            raise locked(self._file)
        main = self._main_part()
        tags = list(start_tags(self.open(main)))
        self.from_1904 = any(
            name == "workbookPr" and attributes.get("date1904") in ("1", "true") for name, attributes in tags
        )
        targets = self._relations(main)
        self._targets = {kind: target for target, kind in targets.values()}
        self.sheets = [
            XlsxSheet(self, attributes["name"], attributes.get("state", "visible") != "visible", targets[identity][0])
            for name, attributes in tags
            if name == "sheet"
            for key, identity in attributes.items()
            if key.rpartition(":")[2] == "id" and key != "sheetId" and targets.get(identity, ("", ""))[1] == "worksheet"
        ]

    def _main_part(self) -> str:
        if _CONTENT_TYPES not in self._parts:
            raise self._foreign()
        found = [target for target, kind in self._relations("").values() if kind == "officeDocument"]
        if not found or _key(found[0]) not in self._parts:
            raise self._foreign()
        if found[0].endswith(".bin"):
            raise _kind(self._file, _("a binary workbook (.xlsb)"))
        if not found[0].startswith("xl/") and posixpath.dirname(found[0]) not in ("", "xl"):
            raise self._foreign()
        return found[0]

    def _foreign(self) -> InputError:
        if "mimetype" in self._parts:
            return _kind(self._file, _("an OpenDocument file (.ods)"))
        return _kind(self._file, _("an archive or a document of another kind"))

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """By id: (part, kind) of what ``part`` refers to."""
        folder, name = posixpath.split(part)
        where = posixpath.join(folder, "_rels", f"{name}.rels")
        if _key(where) not in self._parts:
            return {}
        return {
            attributes["Id"]: (
                posixpath.normpath(posixpath.join("/", folder, attributes["Target"])).lstrip("/"),
                attributes["Type"].rpartition("/")[2],
            )
            for name, attributes in start_tags(self.open(where))
            if name == "Relationship" and attributes.get("TargetMode") != "External"
        }

    @property
    def has_strings(self) -> bool:
        """Whether there are shared texts."""
        return _key(self._targets.get("sharedStrings", "")) in self._parts

    @cached_property
    def strings(self) -> Texts:
        """The shared texts, read by the crate where it can."""
        if not self.has_strings:
            return Strings(None)
        part = self._targets["sharedStrings"]
        crate = native.module()
        texts = None if crate is None else xlsx_cells.shared_texts(crate, self.open(part, STRINGS_LIMIT))
        return Strings(self.open(part, STRINGS_LIMIT)) if texts is None else texts

    @cached_property
    def styles(self) -> list[Style]:
        """Styles by number."""
        part = self._targets.get("styles", "")
        return parse_styles(self.open(part)) if _key(part) in self._parts else []

    def open(self, part: str, limit: int = PART_LIMIT) -> IO[bytes]:
        """A part to read. Raises InputError when it unpacks to more than ``limit`` bytes, or suspiciously much."""
        item = self._parts[_key(part)]
        size = item.file_size
        if size > limit or (size > PART_LIMIT and size > MAX_RATIO * max(1, item.compress_size)):
            raise _oversized(self._file, f"{size // MEBIBYTE:,} MiB")
        return self._zip.open(item)

    def close(self) -> None:
        """Close the file."""
        self._zip.close()


class XlsxSheet:
    """One sheet of ``book``."""

    def __init__(self, book: XlsxBook, name: str, hidden: bool, part: str) -> None:
        self._book = book
        self.name = name
        self.hidden = hidden
        self._part = part

    def head(self, count: int) -> list[tuple[int, list[str]]]:
        """The first ``count`` rows that hold something."""
        everywhere = Slots(dict(zip(range(_HEAD_COLUMNS), range(_HEAD_COLUMNS), strict=True)), [shown] * _HEAD_COLUMNS)
        found = []
        for row in islice((row for row in self.rows(everywhere) if row.filled), count):
            width = max((index for index, cell in enumerate(row.cells) if cell), default=-1) + 1
            found.append((row.number, row.cells[:width]))
        return found

    def rows(self, slots: Slots) -> Iterator[SheetRow]:
        """All rows in order."""
        with self._book.open(self._part, SHEET_LIMIT) as stream:
            yield from rows(stream, self._book.strings, self._book.styles, slots)

    def blocks(self, slots: Slots, after: int) -> Iterator[tuple[CellBlock, int]]:
        """Rows that hold something, behind row ``after``, as columns; by the crate where it can."""
        crate, texts, last = native.module(), self._book.strings, after
        shared = None if isinstance(texts, Strings) else texts
        if crate is not None and (shared is not None or not self._book.has_strings):
            stream = self._book.open(self._part, SHEET_LIMIT)
            for found in xlsx_cells.blocks(crate, stream, shared, self._book.styles, slots, after):
                if found is None:
                    break
                last = found[0].last_line()
                yield found
            else:
                return
        yield from packed(self.rows(slots), last)

    def merges(self) -> Iterator[Merge]:
        """The merged areas, which stand behind the rows."""
        for found in _MERGE.finditer(self._survey[1]):
            yield merge_of(found[1].decode())

    def total(self) -> int:
        """About how many rows there are."""
        return self._survey[0]

    @cached_property
    def _survey(self) -> tuple[int, bytes]:
        """(rows, what follows the rows), by one look through the bytes."""
        count, before = 0, b""
        tail: list[bytes] = []
        size = 0
        with self._book.open(self._part, SHEET_LIMIT) as stream:
            for piece in pieces(stream):
                if tail:
                    tail.append(piece)
                    size += len(piece)
                    if size > 4 * PART_LIMIT:
                        raise ValueError("tail")
                    continue
                count += piece.count(b"<row ") + piece.count(b":row ")
                joined = before + piece
                if _ENDING in joined and (end := _END.search(joined)):
                    tail.append(joined[end.end() :] or b" ")
                before = piece[-_OVERLAP:]
        return count, b"".join(tail)


def _key(part: str) -> str:
    return part.replace("\\", "/").casefold()


def locked(file: str) -> InputError:
    """The refusal of a workbook that needs a password."""
    return InputError(
        f"{file}: the workbook is protected by a password",
        code="workbook-locked",
        remedy="Open it with its password, remove the password (in Excel: File, Info, Protect Workbook, Encrypt with "
        "Password), save it, and submit that file.",
    )


def _oversized(file: str, size: str) -> InputError:
    return InputError(
        f"{file}: the workbook unpacks to {size}, which is more than is read", code="workbook-size", remedy=_AS_CSV
    )


def _kind(file: str, what: str) -> InputError:
    return InputError(
        f"{file}: this is {what}, not a workbook that is read",
        code="file-type",
        remedy="Open it in the spreadsheet program and save it as an Excel workbook (.xlsx).",
    )
