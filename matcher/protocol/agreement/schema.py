"""A small declarative schema for the agreement's two files: each field has one reader, each table one list of fields.

A reader takes a TOML value and the path at which it stands, and returns the checked value or refuses it, naming the
path, what is wrong and what to do. Tables are strict: what the schema does not name is refused, since a clause that a
program ignores is a clause that the signing party believes in. What fields mean together is for the file's own module.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, NoReturn

from matcher.protocol import checks
from matcher.protocol.errors import AgreementError

Reader = Callable[[Any, str], Any]
Table = dict[str, Any]
REQUIRED = object()
MAX_FILE_BYTES = 1 << 19
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PLACEHOLDER = re.compile(r"@\{[^}]*\}?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Entry(NamedTuple):
    """One field of a table: how it is read, and its value when it is absent (default: it must be there)."""

    read: Reader
    default: Any = REQUIRED


def refuse(path: str, what: str, remedy: str = "") -> NoReturn:
    """Raise AgreementError: ``what`` is wrong at ``path``."""
    raise AgreementError(f"{path}: {what}", remedy=remedy or "Correct the file; every party then signs it anew.")


def load(data: bytes, file: str) -> Table:
    """The TOML in ``data``, whose exact bytes are what parties sign: UTF-8, LF, no BOM, no unfilled placeholder."""
    if len(data) > MAX_FILE_BYTES:
        refuse(file, f"larger than {MAX_FILE_BYTES:,} bytes")
    if data.startswith(_BYTE_ORDER_MARK):
        refuse(file, "begins with a byte order mark (BOM)", "Save it as UTF-8 without BOM.")
    if b"\r" in data:
        line = data[: data.index(b"\r")].count(b"\n") + 1
        refuse(file, f"line {line} ends in CR or CRLF", "Save it with Unix line ends (LF).")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        refuse(file, f"line {line} is not UTF-8", "Save it as UTF-8 without BOM.")
    for number, line_text in enumerate(text.split("\n"), 1):
        if found := _PLACEHOLDER.search(line_text.partition("#")[0]):
            refuse(file, f"line {number}: placeholder {found[0]} is not filled in", "Run `concordat agreement draft`.")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        refuse(file, f"not TOML: {error}")


def table(entries: Mapping[str, Entry]) -> Reader:
    """A strict table with exactly these fields; absent optional ones get their default."""

    def read(value: Any, path: str) -> Table:
        if not isinstance(value, dict):
            refuse(path, f"a table is expected, not {_kind(value)}")
        for name in value:
            if name not in entries:
                refuse(f"{path}.{name}", "unknown field", f"Known here: {', '.join(entries)}.")
        result: Table = {}
        for name, entry in entries.items():
            if name in value:
                result[name] = entry.read(value[name], f"{path}.{name}")
            elif entry.default is REQUIRED:
                refuse(f"{path}.{name}", "this field is missing")
            else:
                result[name] = entry.default
        return result

    return read


def keyed(read_key: Reader, read_value: Reader, *, least: int = 0) -> Reader:
    """A table whose keys are free, such as ``[parties.labour-bureau]``; keys keep the file's order."""

    def read(value: Any, path: str) -> Table:
        if not isinstance(value, dict):
            refuse(path, f"a table is expected, not {_kind(value)}")
        if len(value) < least:
            refuse(path, f"at least {least} expected")
        return {read_key(name, f"{path}.{name}"): read_value(item, f"{path}.{name}") for name, item in value.items()}

    return read


def listing(read_item: Reader, *, least: int = 0, most: int = 1000, unique: bool = True) -> Reader:
    """An array; ``unique`` refuses an item that stands twice."""

    def read(value: Any, path: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            refuse(path, f"an array is expected, not {_kind(value)}")
        if not least <= len(value) <= most:
            refuse(path, f"{least} to {most} items expected, not {len(value)}")
        items = tuple(read_item(item, f"{path}[{position}]") for position, item in enumerate(value, 1))
        if unique:
            require_distinct(items, path)
        return items

    return read


def require_distinct(items: Iterable[Any], path: str) -> None:
    """Refuse an item that stands twice, naming it."""
    seen: list[Any] = []
    for item in items:
        if item in seen:
            refuse(path, f"{item!r} stands twice")
        seen.append(item)


def text(value: Any, path: str) -> str:
    """One line of text for people, not empty."""
    if not isinstance(value, str):
        refuse(path, f"text is expected, not {_kind(value)}")
    if not value.strip() or len(value) > 1000 or _CONTROL.search(value):
        refuse(path, "one line of text is expected, not empty, at most 1,000 characters")
    return value


def identifier(value: Any, path: str) -> str:
    """An id, as checks.is_id says."""
    if not isinstance(value, str) or not checks.is_id(value):
        refuse(path, "an id is expected: lower-case letters, digits, dot and hyphen, at most 64")
    return value


def column_name(value: Any, path: str) -> str:
    """A column's or field's name: lower-case letters, digits and underscore."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        refuse(path, "a name is expected: lower-case letters, digits and underscore, beginning with a letter")
    return value


def boolean(value: Any, path: str) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        refuse(path, f"true or false is expected, not {_kind(value)}")
    return value


def integer(least: int, most: int) -> Reader:
    """A whole number within bounds."""

    def read(value: Any, path: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            refuse(path, f"a whole number is expected, not {_kind(value)}")
        if not least <= value <= most:
            refuse(path, f"a whole number from {least:,} to {most:,} is expected")
        return value

    return read


def choice(*words: str) -> Reader:
    """One of ``words``."""

    def read(value: Any, path: str) -> str:
        if not isinstance(value, str):
            refuse(path, f"text is expected, not {_kind(value)}")
        if value not in words:
            refuse(path, f"{value!r} is not known", f"Known here: {', '.join(words)}.")
        return value

    return read


def hexadecimal(size: int, *, empty: bool = False) -> Reader:
    """``size`` bytes in lower-case hex; ``empty`` also allows "" (no bytes)."""

    def read(value: Any, path: str) -> bytes:
        if not isinstance(value, str):
            refuse(path, f"text is expected, not {_kind(value)}")
        if empty and value == "":
            return b""
        if len(value) != 2 * size or not set(value) <= set("0123456789abcdef"):
            refuse(path, f"{size} bytes in lower-case hex are expected")
        return bytes.fromhex(value)

    return read


def date(value: Any, path: str) -> datetime.date:
    """A TOML local date, such as 2022-01-01 (no quotes, no time)."""
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
        refuse(path, f"a date such as 2022-01-01, without quotes, is expected, not {_kind(value)}")
    return value


def _kind(value: Any) -> str:
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "true or false"),
        (str, "text"),
        (int, "a number"),
        (float, "a number with a point"),
        (list, "an array"),
        (dict, "a table"),
        ((datetime.date, datetime.time), "a date or time"),
    )
    return next((word for kind, word in kinds if isinstance(value, kind)), type(value).__name__)
