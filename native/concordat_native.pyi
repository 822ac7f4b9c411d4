"""Concordat's hot path: record secrets, handles and blinded rows, column by column.

A column of values is their bytes end to end and ``offsets``: little-endian 32-bit numbers, one more than values, as
in an Arrow binary array. With ``prefix`` (suite.link_prefix) the PRF input of a value is ``prefix || lp(value)``;
without, the value itself. ``threads`` is one a core unless given. ``lanes=False`` leaves the eight-lane kernel alone,
to compare. Every call releases the interpreter's lock. Anything refused raises RejectedError.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

version: str
interface: str
"""The first 16 hexadecimal digits of this file's SHA-256."""
arithmetic: str
"""What the group operations use on this processor: ``avx512ifma`` or ``curve25519-dalek``."""

class RejectedError(ValueError):
    """An argument was refused. ``args`` are (message, index of the value or None); never a value."""

@final
class Blinder:
    """One submission: layout, keys, and the names met so far. For all threads; keys are wiped when it is dropped."""

    def __init__(
        self,
        fields: Sequence[tuple[str, bytes]],
        *,
        info: bytes,
        associated: bytes,
        asking: bool,
        columns: Sequence[bytes],
        scale: bytes,
        parts: bytes,
        name_width: int,
        mode: str,
        key: bytes,
        prefix: bytes,
        lanes: bool = True,
    ) -> None:
        """``fields`` are (comparator, vector.field_key_message) in the flow's order; ``info`` is suite.record_info and
        ``associated`` rows.row_aad_prefix; ``columns`` are the names of the agreement's columns.

        ``scale`` has ratio's least amount of each level, little-endian signed 64 bits; ``parts`` (kind, label, cap) of
        each part of a name, three bytes; ``name_width`` is a name's encoding's, symbols at its end. ``mode`` says where
        record secrets come from: ``holder`` (``key`` is the OPRF key), ``group`` (the group key), ``given``.
        """
    def bucket(
        self,
        staged: bytes,
        previous: Sequence[bytes],
        split: Callable[[list[bytes]], list[bytes]],
        secrets: Callable[[bytes, bytes], bytes] | None,
        *,
        max_versions: int,
        crowded: bytes | None = None,
        exhausted: bytes | None = None,
        nonces: bytes | None = None,
    ) -> Bucket:
        """Staged records of one bucket into rows, on this thread. ``previous`` are the vault's blocks of earlier
        submissions, older ones first.

        ``split`` is asked for the plans of names not met before: a length byte for each part, then a big-endian 32-bit
        number for each symbol; empty for a name that says nothing. ``secrets`` is asked in mode ``given`` for F of a
        column of link values, 64 bytes each. ``crowded`` and ``exhausted`` mark staged records, a byte for each in
        their order, not 0 for those meant. Only tests may give ``nonces``, 12 bytes for each row put, by handle.
        """

@final
class NameSplitter:
    """Splits plain company names, with the tables of matcher/protocol/names/tables.py."""

    def __init__(
        self,
        *,
        folded: Mapping[str, str],
        beginnings: Sequence[str],
        anywhere: Sequence[str],
        whole: Sequence[tuple[str, int]],
        cut: Sequence[tuple[str, int]],
        company: int,
        syllables: Mapping[str, int],
        own_sound: int,
        places: object,
        words: object,
    ) -> None: ...
    def plans(self, names: Sequence[bytes]) -> list[bytes | None]:
        """The plan of each name (``Blinder.bucket``), or None for one that is not plain and is left to Python."""

@final
class Bucket:
    """What became of one bucket. ``rejects`` are (file, line, link column, problem), a problem ``crowded``,
    ``repeated`` or ``exhausted``. ``blocks`` are for the vault (vault/blocks.py). ``rows`` lie by bucket of their
    tokens, ``sizes`` bytes in each of 64, each followed by its leaf hash: rows put by handle, then rows deleted by
    handle."""

    put: int
    deleted: int
    unchanged: int
    duplicates: int
    rejects: list[tuple[int, int, int, str]]
    blocks: bytes
    rows: bytes
    sizes: list[int]

@final
class Ed25519Keys:
    """Verifies Ed25519 signatures, and remembers keys: those that sign often get tables, of 300 KiB, for at most 64.

    One thread at a time; none of it is secret, and none constant time.
    """

    def __init__(self, *, lanes: bool = True) -> None: ...
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

def staged_links(staged: bytes) -> tuple[bytes, bytes]:
    """The link values of staged records, a column. Refuses, by index, a record that is cut."""

def staged_marks(staged: bytes, key: bytes, tags: bytes) -> bytes:
    """A byte for each staged record: 1 where its link value's tag (blind/tagged.py), 8 bytes, is among ``tags``.
    Refuses, by index, a record that is cut."""

def staged_within(staged: bytes, first: int, last: int) -> bytes:
    """The staged records whose handles' top ten bits are from ``first`` to ``last``. Refuses, by index, one cut."""

def cache_names(key: bytes, head: bytes, values: bytes, offsets: bytes) -> bytes:
    """Names of cache entries, 16 bytes each: HMAC-SHA-256 of ``head || lp(link value)``, cut."""

def cache_seal(key: bytes, names: bytes, secrets: bytes) -> bytes:
    """Record secrets, 64 bytes each, sealed by AES-256-GCM and bound to their names: entries, 108 bytes each, which are
    name (16) | nonce (12) | what is sealed."""

def cache_open(key: bytes, names: bytes, runs: Sequence[bytes]) -> tuple[bytes, bytes]:
    """(record secrets of the entries of these names, which are looked for in ``runs``, nothing); or (nothing, the names
    that no run has, each once, ascending). A run is entries in ascending order of their names.

    Refuses, by index, an entry that does not open.
    """

def cache_distinct(names: Sequence[bytes]) -> bytes:
    """The names in these columns, each once, ascending."""

def cache_ascending(entries: bytes) -> bytes:
    """The entries in ascending order of their names."""

def cache_matching(names: bytes, entries: bytes) -> bytes:
    """Those of ``entries`` whose names are among ``names``; both ascend."""

def cache_lacking(
    names: Sequence[bytes], columns: Sequence[tuple[bytes, bytes]], known: bytes, most: int
) -> list[tuple[bytes, bytes]]:
    """The link values whose names are not among ``known``, which ascend: each once, by ascending name, in columns of at
    most ``most``. ``names`` has the names of each of ``columns``."""

def leaf_hashes(rows: bytes, row_size: int, *, threads: int | None = None) -> bytes:
    """RFC 6962 leaf hash of each row, 32 bytes."""

def tree_extend(edge: bytes, hashes: bytes) -> bytes:
    """The edge of a tree (merkle.CompactRange.to_bytes) after leaves of these hashes, 32 bytes each, were appended."""

@final
class SpooledRows:
    """Rows of a spool, each followed by its leaf hash, in ascending (token, handle) order: by the 32 bytes behind
    their first. ``row_size`` is without the hash."""

    def __init__(self, data: bytes, row_size: int) -> None: ...
    def __len__(self) -> int: ...
    def rows(self, first: int, count: int) -> bytes:
        """Rows ``first`` and following in that order, ``count`` of them."""
    def leaves(self) -> bytes:
        """All leaf hashes in that order, 32 bytes each."""

def split_columns(rows: bytes, widths: Sequence[int]) -> tuple[bytes, ...]:
    """Rows of fixed width into their columns, which are ``widths`` bytes wide."""

def join_columns(columns: Sequence[bytes], widths: Sequence[int]) -> bytes:
    """Rows of the columns that ``split_columns`` gives. Refuses columns of different length, by index."""

def sha256_each(prefix: bytes, rows: bytes, row_size: int, *, threads: int | None = None) -> bytes:
    """SHA-256 of ``prefix`` and each row, 32 bytes each."""

def open_sealed(
    keys: bytes,
    nonces: bytes,
    sealed: bytes,
    associated: bytes,
    tokens: bytes,
    handles: bytes,
    *,
    threads: int | None = None,
) -> tuple[bytes, bytes]:
    """(vectors, a byte for each: 1 where the envelope opened) of one party's rows, AES-256-GCM.

    ``associated`` is rows.row_aad_prefix; keys are 32 bytes, nonces 12, tokens and handles 16, ``sealed`` as wide as
    the flow's vector and a tag. Zeros stand for a vector that did not open.
    """

def multiply_only(rounds: int) -> int | None:
    """For bench/kernel.py: 20 multiplier instructions a round, of eight lanes; None where there is no kernel."""

def whole_rows(data: bytes, separator: int, *, last: bool = False) -> tuple[int, int]:
    """(end of the last whole row of a text table, lines up to there), as Python's csv module would divide it.

    ``data`` is UTF-8 and begins where a row begins; ``last``: its end ends a row.
    """

def crowded(tags: bytes, handles: bytes, most: int) -> bytes:
    """Tags, 8 bytes each and each once, that more than ``most`` different handles have: of each record, 8 bytes."""

def count_utf8(data: bytes, *, last: bool = False) -> tuple[int, int, int]:
    """(characters of UTF-8 beyond ASCII, bytes that do not decode, bytes counted).

    Unless ``last``, a character that the block's end cuts is not counted.
    """

def look(data: bytes, mark: bytes) -> tuple[int, bool, int | None]:
    """(line feeds in a block, whether ``mark`` is in it, bytes that are whole characters of UTF-8).

    The last is None where a byte does not decode; less than all where a character is cut by the block's end.
    """

@final
class RowReader:
    """Reads the plain rows of one file: see records/compiled.py, which makes one, and native/src/reading.

    ``columns`` (compiled.py's _Read) are ``data`` data columns, the link columns, then that of the row id, if there is
    one; ``dues`` are pairs of data columns. A block is loaded, what is asked is learnt, then its records are staged.
    """

    def __new__(
        cls,
        *,
        width: int,
        separator: int,
        wrapped: bool,
        header: list[bytes],
        first: int,
        totals: set[bytes],
        columns: list[Any],
        data: int,
        row_id: int | None,
        dues: list[tuple[int, int]],
        links: list[Any],
        hand_back: list[list[tuple[str, int, list[bytes]]]],
        key: bytes,
        prefix: bytes,
        asking: bool,
    ) -> RowReader: ...
    def load(self, data: bytes, line: int, after: int) -> list[int]:
        """Read a block of whole rows that begins on ``line``, passing over rows up to line ``after``; returns how many
        cells of each column are to be answered, then for how many cells each of ``dues`` is to be filled in."""
    def load_columns(self, data: bytes, offsets: bytes, lines: bytes) -> list[int]:
        """The same for a files.batches.CellBlock."""
    def asked(self, column: int) -> list[bytes]:
        """Those cells, stripped, in UTF-8."""
    def learn(self, column: int, texts: bytes, offsets: bytes, marks: bytes) -> None:
        """Their values, in that order: JSON in data columns, else the normal form; marks are compiled.py's."""
    def fill(
        self, number: int, filled: bytes, filled_offsets: bytes, texts: bytes, offsets: bytes, marks: bytes
    ) -> None:
        """What stands now in empty cells of a due column, for each cell asked of it (behind the columns' own); and the
        values of these texts, as for ``learn``."""
    def stage(
        self, data: bytes, file: int
    ) -> tuple[list[bytes], tuple[int, int, int, int], list[tuple[int, int, int]], bytes, bytes]:
        """The loaded block's records as staged.py has them, in 64 parts; counts of rows, records, unknown credit codes
        and spared records; (line, start, end) of the rows left, in bytes or numbers of rows; an asking side's link tags
        and handles, 8 bytes each.
        """

class SharedTexts:
    """The shared texts of a workbook, from the pieces of its part: files/xlsx_parts.py, Strings."""

    def __new__(cls) -> SharedTexts: ...
    def feed(self, piece: bytes) -> bool:
        """Take the next piece; False where the part is not of the plain kind that is read here."""
    def finish(self) -> bool:
        """The part ends; False where it is not whole."""
    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> str: ...

class SheetReader:
    """Reads the rows of a sheet behind row ``after`` as columns, from the pieces of its part: files/xlsx_cells.py.

    ``slots`` are (position in the sheet, slot) of the wanted columns; by slot, ``kinds`` are typed.number_kind's; by
    number, ``plain_styles`` say that a style changes nothing. What is asked is learnt before rows are taken.
    """

    def __new__(
        cls,
        *,
        slots: list[tuple[int, int]],
        kinds: list[str],
        plain_styles: list[bool],
        texts: SharedTexts | None,
        after: int,
    ) -> SheetReader: ...
    def feed(self, piece: bytes) -> bool:
        """Take the next piece; False where the sheet is not of the plain kind that is read here: what was read before
        stands."""
    def finish(self) -> bool:
        """The sheet ends; False where it is not whole."""
    def waiting(self) -> tuple[int, int]:
        """Rows that may be taken, and their bytes."""
    def asked(self, slot: int) -> list[bytes]:
        """Numbers that Python must read: the number of the style in four bytes, little-endian (the highest: none), then
        the number as it is written."""
    def learn(self, slot: int, texts: bytes, offsets: bytes) -> None:
        """Their texts, in that order."""
    def take(self) -> tuple[bytes, bytes, bytes, int]:
        """A files.columns.CellBlock of the rows, and how many of them are hidden."""
