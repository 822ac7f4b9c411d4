"""A name's parts as blinded symbols, and back to parts that can be compared but not read.

Design section 4, ``company-name``: symbol = AES-256(field key, kind (1) | part (1) | zero (10) | u32(number))[:4].
Encoding: state (1) | length of each part (13) | zeros (2) | symbols (4 each), each part at its own place and filled
with zeros: always WIDTH bytes, and a part can be compared over many pairs at once (columns.py). The part's label is in
the block, so a character of the brand and the same character elsewhere have nothing to do with each other; the key is
the record's, so no two records share a symbol. Two numbers of one part collide with probability 2^-32 a pair.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from operator import gt

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from matcher.protocol.errors import VerificationError
from matcher.protocol.names.parts import CAPS, EMPTY, KINDS, LABELS, SYMBOLS, NameParts
from matcher.protocol.names.splitting import split
from matcher.protocol.outcomes import STATE_UNKNOWN, STATE_VALUE

SYMBOL_SIZE = 4
HEAD = (1 + len(CAPS) + SYMBOL_SIZE - 1) // SYMBOL_SIZE * SYMBOL_SIZE
WIDTH = HEAD + SYMBOL_SIZE * SYMBOLS
UNKNOWN_ENCODING = bytes((STATE_UNKNOWN,)) + bytes(WIDTH - 1)
_BLOCK_SIZE = 16
_LABELS = tuple(bytes((kind, label)) + bytes(10) for kind, label in zip(KINDS, LABELS, strict=True))
_CACHE_SIZE = 1 << 15
_LENGTHS_KEPT = 1 << 12
_ECB = modes.ECB()  # noqa: S305 - see encode


@lru_cache(maxsize=_LENGTHS_KEPT)
def _places(lengths: bytes) -> struct.Struct:
    """Where the symbols of parts of these lengths stand; the places between are packed as zeros."""
    return struct.Struct(
        "=" + "".join(f"{used}I{(cap - used) * SYMBOL_SIZE}x" for used, cap in zip(lengths, CAPS, strict=True))
    )


@lru_cache(maxsize=_CACHE_SIZE)
def _plan(name: str) -> tuple[bytes, bytes, struct.Struct] | None:
    """What does not depend on the key: head, the blocks to encrypt, the places of the symbols; None if unknown."""
    parts = split(name)
    if parts == EMPTY:
        return None
    lengths = bytes(map(len, parts))
    labelled = zip(_LABELS, parts, strict=True)
    blocks = b"".join([label + number.to_bytes(4, "big") for label, part in labelled for number in part])
    return bytes((STATE_VALUE, *lengths)).ljust(HEAD, b"\0"), blocks, _places(lengths)


def forget() -> None:
    """Forget the names seen, so that a measurement sees each for the first time."""
    split.cache_clear()
    _plan.cache_clear()


def encode(field_key: bytes, name: str | None) -> bytes:
    """``name`` blinded under ``field_key`` (32 bytes): WIDTH bytes. A name that says nothing is unknown, as None is."""
    if name is None or (plan := _plan(name)) is None:
        return UNKNOWN_ENCODING
    head, blocks, places = plan
    # One block for each symbol, each block different within a record and the key fresh for each record: ECB is here the
    # pseudorandom function of design section 4, and equal blocks giving equal symbols is what is wanted.
    encrypted = memoryview(Cipher(algorithms.AES(field_key), _ECB).encryptor().update(blocks)).cast("I")
    return head + places.pack(*encrypted[:: _BLOCK_SIZE // SYMBOL_SIZE])


def decode(encoding: bytes) -> NameParts:
    """The parts of an encoding, symbols as numbers; EMPTY if unknown. Raises VerificationError when it is malformed."""
    if len(encoding) != WIDTH:
        raise VerificationError("comparison vector: a company name's encoding has the wrong size")
    if encoding[0] != STATE_VALUE:
        if encoding != UNKNOWN_ENCODING:
            raise VerificationError("comparison vector: a company name's encoding is malformed")
        return EMPTY
    lengths = encoding[1 : 1 + len(CAPS)]
    if any(map(gt, lengths, CAPS)):
        raise VerificationError("comparison vector: a company name's part is longer than it can be")
    places = _places(lengths)
    symbols = places.unpack_from(encoding, HEAD)
    if not symbols or any(encoding[1 + len(CAPS) : HEAD]) or places.pack(*symbols) != encoding[HEAD:]:
        raise VerificationError("comparison vector: a company name's encoding is malformed")
    parts, start = [], 0
    for length in lengths:
        parts.append(symbols[start : start + length])
        start += length
    return NameParts(*parts)
