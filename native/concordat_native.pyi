"""Concordat's hot path: record secrets, handles and blinded rows, column by column.

A column of values is their bytes end to end and ``offsets``: little-endian 32-bit numbers, one more than values, as
in an Arrow binary array. ``known`` has one byte for each record, 0 where the value is unknown. With ``prefix``
(suite.link_prefix) the PRF input of a value is ``prefix || lp(value)``; without, the value itself. ``threads`` is one
a core unless given. ``lanes=False`` leaves the eight-lane kernel alone, to compare. Every call releases the
interpreter's lock. Anything refused raises RejectedError.
"""

from collections.abc import Sequence
from typing import final

version: str
arithmetic: str
"""What the group operations use on this processor: ``avx512ifma`` or ``curve25519-dalek``."""

class RejectedError(ValueError):
    """An argument was refused. ``args`` are (message, index of the value or None); never a value."""

@final
class Field:
    """One field of every record's comparison vector. ``message`` is vector.field_key_message."""

    @staticmethod
    def exact(message: bytes, values: bytes, offsets: bytes, known: bytes | None = None) -> Field:
        """Texts in UTF-8."""
    @staticmethod
    def ratio(message: bytes, amounts: bytes, scale: bytes, known: bytes | None = None) -> Field:
        """Whole fen, little-endian signed 64 bits; ``scale`` is ratio's least amount of each level, likewise."""
    @staticmethod
    def days(message: bytes, days: bytes, known: bytes | None = None) -> Field:
        """Days since 1970-01-01, little-endian signed 64 bits."""
    @staticmethod
    def flags(sets: bytes, known: bytes | None = None) -> Field:
        """Bit sets, little-endian 64 bits."""
    @staticmethod
    def company_name(message: bytes, plans: bytes, offsets: bytes, index: bytes, parts: bytes, width: int) -> Field:
        """Names, each distinct one split once.

        A plan is a length byte for each part, then a big-endian 32-bit number for each symbol; empty for a name that
        says nothing. ``index``, little-endian 32 bits for each record, names its plan; 0xffffffff is unknown.
        ``parts`` has (kind, part, cap) of each part, three bytes; ``width`` is the encoding's, symbols at its end.
        """
    @property
    def width(self) -> int: ...
    def __len__(self) -> int: ...

@final
class Ed25519Keys:
    """Verifies Ed25519 signatures, and remembers keys: those that sign often get tables, 370 KiB for each of at most 64.

    One thread at a time; none of it is secret, and none constant time.
    """

    def __init__(self) -> None: ...
    def verify(self, publics: bytes, signatures: bytes, messages: bytes, offsets: bytes) -> bytes:
        """One byte for each message: 1 if its signature (64 bytes) of its key (32 bytes) is taken (docs/log.md)."""

def oprf_evaluate(
    key: bytes,
    values: bytes,
    offsets: bytes,
    *,
    prefix: bytes | None = None,
    threads: int | None = None,
    lanes: bool = True,
) -> bytes:
    """F of each input, 64 bytes, directly: for the key's holder (RFC 9497, ristretto255-SHA512, mode 1)."""

def oprf_blind(
    values: bytes,
    offsets: bytes,
    *,
    prefix: bytes | None = None,
    blinds: bytes | None = None,
    threads: int | None = None,
    lanes: bool = True,
) -> tuple[bytes, bytes]:
    """(blinds, blinded elements), 32 bytes each. Blinds are fresh from the operating system; only tests give them."""

def oprf_blind_evaluate(key: bytes, elements: bytes, *, threads: int | None = None, lanes: bool = True) -> bytes:
    """Each element times the key. Refuses, by index, one that is not canonical or is the identity."""

def oprf_finalize(
    values: bytes,
    offsets: bytes,
    blinds: bytes,
    evaluated: bytes,
    *,
    prefix: bytes | None = None,
    threads: int | None = None,
    lanes: bool = True,
) -> bytes:
    """F of each input, 64 bytes, from its blind and evaluated element, whose proof must have been verified."""

def dleq_composites(
    public_key: bytes, blinded: bytes, evaluated: bytes, *, both: bool = True, threads: int | None = None
) -> tuple[bytes, bytes | None]:
    """The weighted sums of a batch's blinded and evaluated elements (RFC 9497 section 2.2.1), in variable time.

    Without ``both`` only the first sum: the holder multiplies it by its key. Refuses, by index, an invalid element; of
    ``evaluated`` only with ``both``, and after all of ``blinded``.
    """

def require_elements(elements: bytes, *, threads: int | None = None) -> None:
    """Refuse, by index, the first element that is not canonical or is the identity."""

def hmac_evaluate(
    group_key: bytes,
    values: bytes,
    offsets: bytes,
    *,
    prefix: bytes | None = None,
    threads: int | None = None,
    lanes: bool = True,
) -> bytes:
    """F of each input in mode ``hmac``, 64 bytes."""

def handles(
    key: bytes,
    prefix: bytes,
    rows: bytes,
    row_offsets: bytes,
    links: bytes,
    link_offsets: bytes,
    *,
    ending: bytes | None = None,
    threads: int | None = None,
) -> bytes:
    """Handles, 16 bytes each. ``rows`` are vault row ids, each followed by ``ending``; for ``prefix``, see
    suite.handle_prefix."""

def derive_rows(
    secrets: bytes,
    info: bytes,
    associated: bytes,
    asking: bool,
    handles: bytes,
    fields: list[Field],
    *,
    sorted: bool = True,
    nonces: bytes | None = None,
    threads: int | None = None,
    lanes: bool = True,
) -> tuple[bytes, bytes, bytes]:
    """(rows as sent, their leaf hashes, the little-endian 32-bit index of each row's record).

    ``secrets`` are F, 64 bytes for each record; ``info`` is suite.record_info and ``associated`` rows.row_aad_prefix.
    Rows go by (token, handle) if ``sorted``, else as the records. Only tests may give ``nonces``, 12 bytes each.
    """

def leaf_hashes(rows: bytes, row_size: int, *, threads: int | None = None) -> bytes:
    """RFC 6962 leaf hash of each row, 32 bytes."""

def tree_extend(edge: bytes, hashes: bytes) -> bytes:
    """The edge of a tree (merkle.CompactRange.to_bytes) after leaves of these hashes, 32 bytes each, were appended."""

def split_columns(rows: bytes, widths: Sequence[int]) -> tuple[bytes, ...]:
    """Rows of fixed width into their columns, which are ``widths`` bytes wide."""

def join_columns(columns: Sequence[bytes], widths: Sequence[int]) -> bytes:
    """Rows of the columns that ``split_columns`` gives. Refuses columns of different length, by index."""

def multiply_only(rounds: int) -> int | None:
    """For bench/kernel.py: 20 multiplier instructions a round, of eight lanes; None where there is no kernel."""
