"""What a field of a body, or a fact of a log entry, may look like: ids, counts, digests, agreed words.

Each check answers whether a JSON value has the form; the tables that use them (bodies.py, entries.py) raise. There is
no check for free text, since nothing that the log carries may hold any.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from matcher.protocol import canonical
from matcher.protocol.errors import VerificationError

_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_DIGEST_DIGITS = 64
_CASE = re.compile(r"[A-Za-z0-9-]{1,64}")
_PERIOD = re.compile(r"\d{4}(-\d{2}|-Q[1-4])?")
# No control character but the newline, which JSON escapes by six bytes each; no lone surrogate, which has no UTF-8.
_NOTE = re.compile(r"[^\x00-\x09\x0b-\x1f\ud800-\udfff]*")
MAX_NOTE_BYTES = 8192

Check = Callable[[Any], bool]


def is_id(value: Any) -> bool:
    """A party, person, flow, code, purpose or link kind: lower-case letters, digits, dot and hyphen."""
    return isinstance(value, str) and _is_id(value)


@lru_cache(maxsize=4096)
def _is_id(value: str) -> bool:
    """Of a log's ids nearly all are the same few."""
    return _ID.fullmatch(value) is not None


def is_period(value: Any) -> bool:
    """A period's label: 2022, 2022-05 or 2022-Q2."""
    return isinstance(value, str) and _PERIOD.fullmatch(value) is not None


def is_case(value: Any) -> bool:
    """A case reference of the asking side (design section 4, "Reveal")."""
    return isinstance(value, str) and _CASE.fullmatch(value) is not None


def is_count(value: Any) -> bool:
    """A whole number, zero or more."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_digest(value: Any) -> bool:
    """32 bytes in lower-case hex."""
    return isinstance(value, str) and len(value) == _DIGEST_DIGITS and canonical.is_lower_hex(value)


def base64_of(most: int) -> Check:
    """Canonical base64 of at most ``most`` bytes. How many exactly is for whoever uses them."""

    def is_base64(value: Any) -> bool:
        try:
            return len(canonical.unb64(value)) <= most
        except VerificationError:
            return False

    return is_base64


def is_flag(value: Any) -> bool:
    """True or false."""
    return isinstance(value, bool)


def is_note(value: Any) -> bool:
    """A signed note or a certificate: public text in lines that says itself who signed it."""
    return isinstance(value, str) and _NOTE.fullmatch(value) is not None and len(value.encode()) <= MAX_NOTE_BYTES


def one_of(*words: str) -> Check:
    """One of the given words."""
    return lambda value: value in words


def optional(item: Check) -> Check:
    """The empty string, or what ``item`` allows."""
    return lambda value: value == "" or item(value)


def list_of(item: Check, most: int, least: int = 0) -> Check:
    """A list of ``least`` to ``most`` items."""
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(item, value))


def mapping_of(key: Check, item: Check, most: int) -> Check:
    """An object of at most ``most`` members, whatever their names."""
    return lambda value: (
        isinstance(value, dict) and len(value) <= most and all(map(key, value)) and all(map(item, value.values()))
    )


def object_of(**fields: Check) -> Check:
    """An object with exactly these members."""
    return lambda value: (
        isinstance(value, dict)
        and set(value) == set(fields)
        and all(check(value[name]) for name, check in fields.items())
    )
