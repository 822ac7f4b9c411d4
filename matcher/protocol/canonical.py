"""Canonical JSON: one byte string for one value.

The subset of RFC 8785 that the protocol needs: objects with string keys in code point order, arrays, strings,
integers within 2^53, booleans and null; no floating point. ``decode`` refuses any other spelling, so a digest or
signature over the bytes is a digest or signature over the value.

The standard library's codec says what is canonical. msgspec reads and writes the same five times as fast: what it
takes, typed as below and spelled again to the same bytes, the standard library takes too, as the tests show; whatever
it does not take the standard library decides.
"""

from __future__ import annotations

import binascii
import json
from typing import Annotated, Any, NoReturn

import msgspec

from matcher.protocol.errors import VerificationError

Json = dict[str, Any]
_SAFE_INTEGER = 2**53 - 1

_QUICK_DEPTH = 8  # a log entry has seven levels
_SAFE_DIGITS = 15  # no integer of so few digits is beyond
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _check(value: Any) -> None:
    if value is None or isinstance(value, str | bool):
        return
    if isinstance(value, int):
        if abs(value) > _SAFE_INTEGER:
            raise VerificationError("canonical JSON: an integer is beyond 2^53")
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise VerificationError("canonical JSON: an object key is not a string")
            _check(item)
    else:
        raise VerificationError(f"canonical JSON: {type(value).__name__} is not allowed")


def encode(value: Any) -> bytes:
    """The canonical bytes of ``value``. Raises VerificationError for floats and other types."""
    _check(value)
    return _ENCODER.encode(value).encode()


def _refuse_number(_text: str) -> NoReturn:
    raise VerificationError("canonical JSON: float is not allowed")


def _integer(text: str) -> int:
    value = int(text)
    if len(text) > _SAFE_DIGITS:
        _check(value)
    return value


_DECODER = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number, parse_int=_integer)


def _object_type(depth: int) -> Any:
    """The type of objects that nest no deeper: msgspec has no name for a type within itself."""
    scalar = None | bool | str | Annotated[int, msgspec.Meta(ge=-_SAFE_INTEGER, le=_SAFE_INTEGER)]
    within: Any = scalar
    for _ in range(depth):
        within = scalar | list[within] | dict[str, within]
    return dict[str, within]


_FAST_DECODER = msgspec.json.Decoder(_object_type(_QUICK_DEPTH))
_FAST_ENCODER = msgspec.json.Encoder(order="sorted")


def decode(data: bytes) -> Json:
    """Parse one canonical object; raises VerificationError for any other spelling of it."""
    try:
        value: Json = _FAST_DECODER.decode(data)
        if _FAST_ENCODER.encode(value) == data:
            return value
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass  # deeper than the types, or not canonical: decided, and named, below
    return _decode(data)


def _decode(data: bytes) -> Json:
    """The same by the standard library."""
    try:
        # The decoder gives no type but those that ``encode`` takes, so only the spelling is left to compare.
        value = _DECODER.decode(data.decode())
        canonical = _ENCODER.encode(value).encode()
    except (ValueError, RecursionError) as error:
        raise VerificationError("canonical JSON: cannot be parsed") from error
    if not isinstance(value, dict) or canonical != data:
        raise VerificationError("canonical JSON: not in canonical form")
    return value


def encode_decoded(value: Any) -> bytes:
    """The canonical bytes of a part of what ``decode`` gave, which need no check again."""
    try:
        return _FAST_ENCODER.encode(value)
    except RecursionError as error:
        raise VerificationError("canonical JSON: too deep") from error


def b64(data: bytes) -> str:
    """Base64 (RFC 4648 section 4, padded) for bytes inside JSON."""
    return binascii.b2a_base64(data, newline=False).decode()


def unb64(text: Any, size: int | None = None) -> bytes:
    """Bytes from base64; raises VerificationError when not canonical, or not ``size`` bytes long."""
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except (TypeError, ValueError) as error:  # of the latter is binascii.Error
        raise VerificationError("base64: cannot be decoded") from error
    if b64(data) != text or (size is not None and len(data) != size):
        raise VerificationError("base64: not canonical, or of the wrong length")
    return data


def unhex(text: Any, size: int) -> bytes:
    """Bytes from lower-case hex; raises VerificationError when malformed or not ``size`` bytes long."""
    if not isinstance(text, str) or len(text) != 2 * size or not is_lower_hex(text):
        raise VerificationError(f"hex: {size} bytes in lower case expected")
    return bytes.fromhex(text)


def is_lower_hex(text: str) -> bool:
    """Whether ``text`` is how some bytes are written in lower-case hex."""
    try:
        # ``fromhex`` takes spaces and capitals too, which ``hex`` does not give back.
        return bytes.fromhex(text).hex() == text
    except ValueError:
        return False
