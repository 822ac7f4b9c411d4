"""The outer form of every key file: one JSON object with a format and a checksum (docs/keys.md).

The checksum tells accident from error: a file that was cut or altered is called damaged before any passphrase is
tried, so "wrong passphrase" means what it says. It protects from nobody; the seal inside does.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from keys.errors import DamagedKeyError

_CHECKSUM = "sha256"


def encode(fields: Mapping[str, str]) -> bytes:
    """The file of these text fields, which include ``format``."""
    return (json.dumps({**fields, _CHECKSUM: _checksum(fields)}, indent=1) + "\n").encode()


def decode(data: bytes, path: Path, file_format: str, names: frozenset[str]) -> dict[str, str]:
    """The fields ``names`` and ``format`` of a file. Raises DamagedKeyError for anything else; ``path`` names it."""
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        raise damaged(path, "it is cut or altered") from None
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        raise damaged(path, "it is not a key file")
    checksum = fields.pop(_CHECKSUM, "")
    if checksum != _checksum(fields):
        raise damaged(path, "it is cut or altered")
    if fields.get("format") != file_format:
        raise damaged(path, f"its format is not {file_format}")
    if set(fields) != names | {"format"}:
        raise damaged(path, "it has other fields than its format")
    return fields


def text(data: bytes) -> str:
    """Bytes as a field."""
    return base64.b64encode(data).decode()


def unpack(value: str, path: Path) -> bytes:
    """A field as bytes. Raises DamagedKeyError."""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise damaged(path, "a field is not base64") from None


def damaged(path: Path, why: str) -> DamagedKeyError:
    """The error for a file that cannot be used as it is."""
    return DamagedKeyError(f"{path} is damaged: {why}", remedy="Restore it from the backup. Nothing was changed.")


def _checksum(fields: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(fields), sort_keys=True).encode()).hexdigest()
