"""expand_message_xmd with SHA-512 (RFC 9380 section 5.3.1): bytes that behave as uniform, under a domain tag."""

from __future__ import annotations

import hashlib

_BLOCK_SIZE = 128
_DIGEST_SIZE = 64
_MAX_DIGESTS = 255
_PADDED = hashlib.sha512(bytes(_BLOCK_SIZE))


def expand_message_xmd(message: bytes, tag: bytes, length: int) -> bytes:
    """``length`` bytes (1 to 16,320) from ``message`` under the domain separation tag ``tag`` (1 to 255 bytes).

    Raises ValueError for another length or tag; the tags of this program are constants, so RFC 9380's rule for
    tags above 255 bytes is not needed.
    """
    digests = -(-length // _DIGEST_SIZE)
    if not 1 <= digests <= _MAX_DIGESTS or not 1 <= len(tag) <= 255:
        raise ValueError("expand_message_xmd: length or tag is out of range")
    tail = tag + bytes((len(tag),))
    # The hash of the zero block is always the same, so its state is kept and copied.
    first = _PADDED.copy()
    first.update(message + length.to_bytes(2, "big") + b"\x00" + tail)
    seed = first.digest()
    block = hashlib.sha512(seed + b"\x01" + tail).digest()
    if length == _DIGEST_SIZE:
        return block
    uniform = [block]
    for number in range(2, digests + 1):
        mixed = bytes(a ^ b for a, b in zip(seed, block, strict=True))
        block = hashlib.sha512(mixed + bytes((number,)) + tail).digest()
        uniform.append(block)
    return b"".join(uniform)[:length]
