"""Checkpoints (C2SP tlog-checkpoint): a signed note that names a log, its size and its root.

    daxing.example/log
    3
    NmQuc8JUCrEh46a/lUWwokmCzYMOsT080Z3jzmwCHsE=

    — daxing.example/log Uw2QOkn8srV1yJGh2VYRlL1...

Our logs sign under a key named like the origin. Cosignatures of witnesses are further signature lines; whoever does
not know their keys ignores them. Extension lines are read and kept, and mean nothing here.

Left to others: consistency between two checkpoints (merkle/), and who keeps which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matcher.protocol import canonical, note
from matcher.protocol.errors import VerificationError
from matcher.protocol.merkle import HASH_SIZE

_MAX_SIZE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: the log's origin, the number of entries and the RFC 6962 root (32 bytes)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


def render(point: Checkpoint) -> str:
    """The note's text."""
    lines = (point.origin, str(point.size), canonical.b64(point.root), *point.extensions)
    return "".join(f"{line}\n" for line in lines)


def parse(text: str) -> Checkpoint:
    """A checkpoint from a note's text, which ends in a newline. Raises VerificationError when malformed."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines) or not text.endswith("\n"):
        raise VerificationError("checkpoint: origin, size or root is missing, or a line is empty")
    origin, size, root, *extensions = lines
    if not (size.isascii() and size.isdecimal()) or (size != "0" and size.startswith("0")) or len(size) > 19:
        raise VerificationError("checkpoint: the size is no decimal number")
    if int(size) > _MAX_SIZE:
        raise VerificationError("checkpoint: the size is too large")
    return Checkpoint(origin, int(size), canonical.unb64(root, HASH_SIZE), tuple(extensions))


def sign(point: Checkpoint, public: bytes, sign_bytes: Callable[[bytes], bytes]) -> str:
    """The checkpoint's note, signed by the log's key (``public``, 32 bytes) through ``sign_bytes``.

    Raises VerificationError when origin, size or root cannot stand in a checkpoint.
    """
    text = render(point)
    if parse(text) != point:
        raise VerificationError("checkpoint: a line holds a newline")
    return note.sign(text, point.origin, public, sign_bytes)


def verifier_key(origin: str, public: bytes) -> str:
    """The C2SP verifier key of a log whose key is named like its origin."""
    return note.verifier_key(origin, public)


def verify(signed: str, log_key: str) -> Checkpoint:
    """The checkpoint in the note ``signed``, verified with ``log_key`` (a verifier key).

    Raises VerificationError: malformed, not signed by that key, or of another origin than the key's name.
    """
    key = note.parse_verifier_key(log_key)
    parsed = note.parse(signed)
    note.verify(parsed, (key,))
    point = parse(parsed.text)
    if point.origin != key.name:
        raise VerificationError("checkpoint: it is of another log than its signer")
    return point
