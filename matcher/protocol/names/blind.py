"""A name's parts as blinded symbols, and back to parts that can be compared but not read.

Design section 4, ``company-name``: symbol = AES-256(field key, kind (1) | part (1) | zero (10) | u32(number))[:4].
Encoding: state (1) | length of each part (13) | symbols (4 each) | zeros: always WIDTH bytes. The part's label is in
the block, so a character of the brand and the same character elsewhere have nothing to do with each other; the key is
the record's, so no two records share a symbol. Two numbers of one part collide with probability 2^-32 a pair.
"""

from __future__ import annotations

import struct
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from matcher.protocol.errors import VerificationError
from matcher.protocol.names.parts import CAPS, EMPTY, KINDS, LABELS, SYMBOLS, NameParts
from matcher.protocol.names.splitting import split
from matcher.protocol.outcomes import STATE_UNKNOWN, STATE_VALUE

SYMBOL_SIZE = 4
WIDTH = 1 + len(CAPS) + SYMBOL_SIZE * SYMBOLS
UNKNOWN_ENCODING = bytes((STATE_UNKNOWN,)) + bytes(WIDTH - 1)
_HEAD = 1 + len(CAPS)
_BLOCK_SIZE = 16
_LABELS = tuple(bytes((kind, label)) + bytes(10) for kind, label in zip(KINDS, LABELS, strict=True))
_CACHE_SIZE = 1 << 15
_SYMBOLS = struct.Struct(f">{SYMBOLS}I")


@lru_cache(maxsize=_CACHE_SIZE)
def _plan(name: str) -> tuple[bytes, bytes, bytes]:
    """What does not depend on the key: head, the blocks to encrypt, the zeros behind; head is empty if unknown."""
    parts = split(name)
    if parts == EMPTY:
        return b"", b"", b""
    head = bytes((STATE_VALUE, *map(len, parts)))
    labelled = zip(_LABELS, parts, strict=True)
    blocks = b"".join([label + number.to_bytes(4, "big") for label, part in labelled for number in part])
    return head, blocks, bytes(WIDTH - _HEAD - len(blocks) // _BLOCK_SIZE * SYMBOL_SIZE)


def forget() -> None:
    """Forget the names seen, so that a measurement sees each for the first time."""
    split.cache_clear()
    _plan.cache_clear()


def encode(field_key: bytes, name: str | None) -> bytes:
    """``name`` blinded under ``field_key`` (32 bytes): WIDTH bytes. A name that says nothing is unknown, as None is."""
    if name is None:
        return UNKNOWN_ENCODING
    head, blocks, padding = _plan(name)
    if not head:
        return UNKNOWN_ENCODING
    # One block for each symbol, each block different within a record and the key fresh for each record: ECB is here the
    # pseudorandom function of design section 4, and equal blocks giving equal symbols is what is wanted.
    cipher = Cipher(algorithms.AES(field_key), modes.ECB())  # noqa: S305
    encrypted = memoryview(cipher.encryptor().update(blocks)).cast("I")
    return head + encrypted[:: _BLOCK_SIZE // SYMBOL_SIZE].tobytes() + padding


def decode(encoding: bytes) -> NameParts:
    """The parts of an encoding, symbols as numbers; EMPTY if unknown. Raises VerificationError when it is malformed."""
    if len(encoding) != WIDTH:
        raise VerificationError("comparison vector: a company name's encoding has the wrong size")
    if encoding[0] != STATE_VALUE:
        if encoding != UNKNOWN_ENCODING:
            raise VerificationError("comparison vector: a company name's encoding is malformed")
        return EMPTY
    symbols = _SYMBOLS.unpack_from(encoding, _HEAD)
    parts, start = [], 0
    for length, cap in zip(encoding[1:_HEAD], CAPS, strict=True):
        if length > cap:
            raise VerificationError("comparison vector: a company name's part is longer than it can be")
        parts.append(symbols[start : start + length])
        start += length
    used = _HEAD + start * SYMBOL_SIZE
    if not start or encoding[used:] != UNKNOWN_ENCODING[used:]:
        raise VerificationError("comparison vector: a company name's encoding is malformed")
    return NameParts(*parts)
