"""A source's own headers, saved once: which header feeds which column, in which unit, on which sheet.

A bank's export keeps its headers from month to month, and nobody should have to rename them each time. A mapping is a
small TOML file HOME/mappings/NAME.toml that a person may read and edit:

    format = "concordat-mapping-v1"
    sheet = "明细"

    [[columns]]
    header = "开户行户名"
    column = "holder"

    [[columns]]
    header = "本月代发"
    column = "wages_paid"
    unit = "万元"
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keys import files
from matcher.protocol.errors import InputError

FORMAT = "concordat-mapping-v1"
DIRECTORY = "mappings"
UNITS = ("分", "元", "千元", "万元", "万", "亿元")
_NAME = re.compile(r"\w[\w.-]{0,63}")
_GIVEN = re.compile(r"(?P<header>.+)=(?P<column>[\w.-]+)(?:[(（:：](?P<unit>[^()（）]+)[)）]?)?", re.DOTALL)
_MAX_SIZE = 1 << 16


@dataclass(frozen=True, slots=True)
class Entry:
    """``header`` feeds ``column``; ``unit`` is of money, empty for the header's own."""

    header: str
    column: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """What one source calls its columns. ``sheet`` is empty where the header decides."""

    name: str
    entries: tuple[Entry, ...] = ()
    sheet: str = ""


def given(texts: Iterable[str], columns: Iterable[str], sheet: str = "") -> SourceMapping:
    """The mapping of ``HEADER=COLUMN`` or ``HEADER=COLUMN(UNIT)`` texts. Raises InputError."""
    entries = []
    for text in texts:
        found = _GIVEN.fullmatch(text.strip())
        if found is None:
            raise InputError(
                "--map: HEADER=COLUMN is expected",
                remedy='For example --map "开户行户名=holder", or --map "本月代发=wages_paid(万元)".',
            )
        entries.append(Entry(found["header"].strip(), found["column"], found["unit"] or ""))
    return checked(SourceMapping("--map", tuple(entries), sheet), columns)


def checked(mapping: SourceMapping, columns: Iterable[str]) -> SourceMapping:
    """``mapping`` itself. Raises InputError for a column the agreement lacks, a unit that is none, a repetition."""
    known = tuple(columns)
    for entry in mapping.entries:
        if entry.column not in known:
            raise InputError(
                f"mapping {mapping.name}: the agreement has no column {entry.column}",
                remedy=f"Use one of: {', '.join(known)}.",
            )
        if entry.unit and entry.unit not in UNITS:
            raise InputError(
                f"mapping {mapping.name}: {entry.unit} is no unit of money", remedy=f"Use one of: {', '.join(UNITS)}."
            )
    for what in ([entry.header for entry in mapping.entries], [entry.column for entry in mapping.entries]):
        if twice := sorted({item for item in what if what.count(item) > 1}):
            raise InputError(
                f"mapping {mapping.name}: named twice: {', '.join(twice)}", remedy="Name each header and column once."
            )
    return mapping


def save(home: Path, name: str, mapping: SourceMapping) -> Path:
    """Write ``mapping`` as NAME below ``home``, in place of an earlier one; returns the file. Raises InputError."""
    path = _path(home, name)
    lines = [f"format = {_quoted(FORMAT)}"]
    if mapping.sheet:
        lines.append(f"sheet = {_quoted(mapping.sheet)}")
    for entry in mapping.entries:
        lines += ["", "[[columns]]", f"header = {_quoted(entry.header)}", f"column = {_quoted(entry.column)}"]
        if entry.unit:
            lines.append(f"unit = {_quoted(entry.unit)}")
    path.parent.mkdir(mode=0o700, exist_ok=True)
    files.write(path, ("\n".join(lines) + "\n").encode(), replace=True)
    return path


def load(home: Path, name: str) -> SourceMapping:
    """The mapping NAME below ``home``. Raises InputError when it is not there or not as ``save`` writes it."""
    path = _path(home, name)
    if not path.is_file():
        there = sorted(item.stem for item in path.parent.glob("*.toml"))
        if there:
            raise InputError(f"no mapping {name} is saved here", remedy=f"Use one of: {', '.join(there)}.")
        raise InputError(
            f"no mapping {name} is saved here",
            remedy="Save one: `concordat check FILE --map HEADER=COLUMN --save-mapping NAME`.",
        )
    try:
        value = tomllib.loads(path.read_bytes()[:_MAX_SIZE].decode())
        return _parsed(name, value)
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise InputError(
            f"mapping {name} cannot be read", remedy="Save it anew with `concordat check --map … --save-mapping`."
        ) from error


def _parsed(name: str, value: dict[str, Any]) -> SourceMapping:
    if value.pop("format") != FORMAT:
        raise ValueError("format")
    sheet, columns = value.pop("sheet", ""), value.pop("columns", [])
    entries = tuple(Entry(**column) for column in columns)
    texts = [sheet, *(text for entry in entries for text in (entry.header, entry.column, entry.unit))]
    if value or not all(isinstance(text, str) for text in texts):
        raise ValueError("fields")
    return SourceMapping(name, entries, sheet)


def _path(home: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise InputError("a mapping's name is letters, digits, dot and hyphen", remedy="For example --mapping icbc.")
    return home / DIRECTORY / f"{name}.toml"


def _quoted(text: str) -> str:
    # A JSON string without surrogates is a TOML basic string, but for the one control character JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
