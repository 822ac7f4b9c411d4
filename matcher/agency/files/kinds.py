"""What a file really is, by its first bytes: exports carry the wrong ending often enough.

A web page or an XML table called .xls, a workbook called .csv: the content decides, and what cannot be read is refused
by its own name. Left to others: reading (registry.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matcher.protocol.errors import InputError
from matcher.text import _

TEXT, XLSX, XLS, PARQUET = "text", "xlsx", "xls", "parquet"
ENDINGS: Mapping[str, str] = {
    ".csv": TEXT, ".txt": TEXT, ".tsv": TEXT, ".tab": TEXT, ".xlsx": XLSX, ".xlsm": XLSX, ".xls": XLS, ".et": XLS,
    ".parquet": PARQUET,
}  # fmt: skip
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STARTS: Mapping[bytes, str] = {b"PK\x03\x04": XLSX, b"PK\x05\x06": XLSX, _OLE: XLS, b"PAR1": PARQUET}
# BIFF 2 to 4: a sheet without the container that later versions have.
_OLD_SHEETS = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")
_FOREIGN: Mapping[bytes, str] = {
    b"%PDF": _("a PDF document"), b"\x1f\x8b": _("a compressed archive"), b"Rar!": _("a compressed archive"),
    b"7z\xbc\xaf": _("a compressed archive"), b"\x89PNG": _("a picture"), b"\xff\xd8\xff": _("a picture"),
    b"GIF8": _("a picture"), b"PARE": _("an encrypted Parquet file"),
}  # fmt: skip
_AS_XLSX = "Open it in the spreadsheet program and save it as an Excel workbook (.xlsx)."


def kind_of(path: Path) -> str:
    """TEXT, XLSX, XLS or PARQUET. Raises InputError when there is no such file, or none of a type that is read."""
    if not path.is_file():
        raise InputError(f"{path.name}: there is no such file", code="file-missing", remedy="Check the path.")
    ending = path.suffix.lower()
    with path.open("rb") as stream:
        start = stream.read(1024)
    for magic, what in _FOREIGN.items():
        if start.startswith(magic):
            raise _refused(path, what, "Give the table itself as XLSX, CSV or Parquet.")
    if start.startswith(_OLD_SHEETS):
        raise _refused(path, _("a workbook of Excel 4 or older"), _AS_XLSX)
    kind = next((kind for magic, kind in _STARTS.items() if start.startswith(magic)), TEXT)
    if ending not in ENDINGS and kind == TEXT:
        raise InputError(
            f"{path.name}: files of type {ending or 'none'} are not read",
            code="file-type",
            remedy=f"Submit one of: {', '.join(ENDINGS)}.",
        )
    if kind == TEXT and start:
        _require_table(path, start, ENDINGS[ending])
    return kind


def _require_table(path: Path, start: bytes, expected: str) -> None:
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"<head")) or b"<table" in text:
        raise _refused(path, _("a web page"), _AS_XLSX)
    if text.startswith(b"<?xml"):
        raise _refused(path, _("an XML table"), _AS_XLSX)
    if expected == PARQUET:
        raise InputError(
            f"{path.name}: this is not a readable Parquet file", code="file-damaged", remedy="Export it again."
        )
    if expected in (XLSX, XLS) and start.count(0) * 20 > len(start):
        raise InputError(
            f"{path.name}: the workbook is damaged", code="file-damaged", remedy="Fetch or export the file again."
        )


def _refused(path: Path, what: str, remedy: str) -> InputError:
    return InputError(f"{path.name}: this is {what}, not a table that is read", code="file-type", remedy=remedy)
