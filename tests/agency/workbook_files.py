"""Workbooks made for tests: XLSX by openpyxl or by hand, XLS by xlwt, and encrypted ones."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def xlsx(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> Path:
    """A workbook with ``sheets`` by name."""
    book = Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def workbook_part(properties: str) -> str:
    """The part that names the one sheet, with ``properties`` of the workbook before it."""
    sheets = '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
    return f'<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}">{properties}{sheets}</workbook>'


def raw_xlsx(
    path: Path,
    sheet: str,
    *,
    strings: str = "",
    styles: str = "",
    workbook: str = "",
    extra: Mapping[str, str | bytes] | None = None,
) -> Path:
    """A workbook of one sheet whose XML is given, as other programs write it. The parts may be left out."""
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _RELATIONS.format(
            f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        ),
        "xl/workbook.xml": workbook or workbook_part(""),
        "xl/_rels/workbook.xml.rels": _RELATIONS.format(
            f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="r2" Type="{_OFFICE}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
            f'<Relationship Id="r3" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        ),
        "xl/worksheets/sheet1.xml": sheet,
    }
    if strings:
        parts["xl/sharedStrings.xml"] = strings
    if styles:
        parts["xl/styles.xml"] = styles
    parts |= extra or {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return path


def locked_xlsx(path: Path, plain: Path) -> Path:
    """``plain`` encrypted with a password, as Excel does (MS-OFFCRYPTO, agile encryption)."""
    from msoffcrypto.format.ooxml import OOXMLFile

    with plain.open("rb") as source, path.open("wb") as target:
        OOXMLFile(source).encrypt("secret", target)
    return path


def locked_xls(path: Path, plain: Path) -> Path:
    """``plain``, an XLS workbook, with the record that says it is encrypted (MS-XLS 2.4.117, FilePass)."""
    from xlrd.compdoc import CompDoc
    from xlwt.CompoundDoc import XlsDoc

    stream = CompDoc(plain.read_bytes(), logfile=io.StringIO()).get_named_stream("Workbook")
    assert stream is not None
    begin = 4 + int.from_bytes(stream[2:4], "little")  # behind the first record
    record = b"\x2f\x00\x36\x00\x01\x00" + bytes(0x34)
    XlsDoc().save(str(path), stream[:begin] + record + stream[begin:])
    return path
