"""Rows of the crate are those of the portable path, bit for bit, under the same nonces."""

from __future__ import annotations

import os
import random
import struct
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from matcher.agency.blind.handles import Handles
from matcher.protocol import rows, suite
from matcher.protocol.agreement.model import Field
from matcher.protocol.comparators import ratio
from matcher.protocol.merkle import leaf_hash
from matcher.protocol.names import WIDTH, split
from matcher.protocol.names.parts import CAPS, EMPTY, KINDS, LABELS
from matcher.protocol.vector import VectorLayout, field_key_message
from tests.native.columns import column, known, long_count, native

DIGEST = bytes(range(32))
PLACE = (DIGEST, "account-check", "2022-05")
FIELDS = (
    Field("holder", "company-name"),
    Field("code", "exact"),
    Field("wages", "ratio"),
    Field("deposit_date", "days"),
    Field("flags", "flags"),
)
NAMES = (
    "北京建工集团有限责任公司", "北京建工（集团）有限公司第三分公司", "Acme Construction Co., Ltd.",
    "中铁十二局集团", "——", "张三", "大兴区黄村镇第2建筑队", None,
)  # fmt: skip
CODES = ("91110000101100857L", "", "码", None)
AMOUNTS = (None, 0, -1, 1, 99, 100, 101, 123_456_789, 10**17, -(10**17), 10**17 - 1)
DAYS = (None, 0, -1, 19_000, (1 << 30) - 1, -(1 << 30) + 1)
SETS = (None, 0, 1, 31, (1 << 64) - 1, 1 << 63)


def _records(count: int, seed: int) -> list[tuple[Any, ...]]:
    choose = random.Random(seed)  # noqa: S311 - reproducible test values
    return [tuple(map(choose.choice, (NAMES, CODES, AMOUNTS, DAYS, SETS))) for _ in range(count)]


def _fields(module: Any, records: list[tuple[Any, ...]]) -> list[Any]:
    names, codes, amounts, days, sets = zip(*records, strict=True) if records else ((),) * 5
    messages = [field_key_message(field.name, field.comparator) for field in FIELDS]
    distinct = list(dict.fromkeys(name for name in names if name is not None))
    plans = []
    for name in distinct:
        parts = split(name)
        numbers = [number for part in parts for number in part]
        plans.append(b"" if parts == EMPTY else bytes(map(len, parts)) + struct.pack(f">{len(numbers)}I", *numbers))
    index = [0xFFFFFFFF if name is None else distinct.index(name) for name in names]
    places = bytes(byte for part in zip(KINDS, LABELS, CAPS, strict=True) for byte in part)
    texts = column([(code or "").encode() for code in codes])
    count = len(records)
    return [
        module.Field.company_name(messages[0], *column(plans), struct.pack(f"<{count}I", *index), places, WIDTH),
        module.Field.exact(messages[1], *texts, known(codes)),
        module.Field.ratio(
            messages[2], struct.pack(f"<{count}q", *(amount or 0 for amount in amounts)),
            struct.pack(f"<{len(ratio.SCALE)}q", *ratio.SCALE), known(amounts),
        ),
        module.Field.days(messages[3], struct.pack(f"<{count}q", *(day or 0 for day in days)), known(days)),
        module.Field.flags(struct.pack(f"<{count}Q", *(item or 0 for item in sets)), known(sets)),
    ]  # fmt: skip


def _portable(side: str, records: list[tuple[Any, ...]], secrets: bytes, handles: bytes, nonces: bytes) -> list[bytes]:
    info, prefix = suite.record_info(*PLACE), rows.row_aad_prefix(*PLACE, side, "bank-regulator")
    layout, packed = VectorLayout(FIELDS), []
    for number, values in enumerate(records):
        keys = suite.record_keys(secrets[number * 64 : number * 64 + 64], info)
        own, other = keys.answering_envelope, keys.asking_envelope
        if side == "asking":
            own, other = other, own
        handle, nonce = handles[number * 16 : number * 16 + 16], nonces[number * 12 : number * 12 + 12]
        vector = layout.encode(keys.comparison, values)
        sealed = AESGCM(own).encrypt(nonce, vector, rows.row_aad(prefix, keys.token, handle))
        packed.append(rows.pack(rows.Row(rows.PUT, keys.token, handle, other, nonce, sealed)))
    return packed


@pytest.mark.parametrize("lanes", [True, False])
@pytest.mark.parametrize("side", ["asking", "answering"])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 1_000])
def test_rows_are_equal_to_the_portable_ones(side: str, count: int, lanes: bool) -> None:
    module = native()
    for start in range(0, long_count(1, 1_000_000 // 2_034), 1):
        records = _records(count, start)
        secrets, handles, nonces = os.urandom(64 * count), os.urandom(16 * count), os.urandom(12 * count)
        associated = rows.row_aad_prefix(*PLACE, side, "bank-regulator")
        found, leaves, order = module.derive_rows(
            secrets, suite.record_info(*PLACE), associated, side == "asking", handles, _fields(module, records),
            nonces=nonces, lanes=lanes,
        )  # fmt: skip
        expected = _portable(side, records, secrets, handles, nonces)
        by_place = sorted(range(count), key=lambda at: expected[at][rows.SORT_KEY])
        assert list(struct.unpack(f"<{count}I", order)) == by_place
        assert found == b"".join(expected[at] for at in by_place)
        assert leaves == b"".join(leaf_hash(expected[at]) for at in by_place)


def test_rows_may_keep_the_order_of_their_records() -> None:
    module, records = native(), _records(50, 1)
    secrets, handles, nonces = os.urandom(64 * 50), os.urandom(16 * 50), os.urandom(12 * 50)
    found, _leaves, order = module.derive_rows(
        secrets, suite.record_info(*PLACE), rows.row_aad_prefix(*PLACE, "asking", "bank-regulator"), True, handles,
        _fields(module, records), nonces=nonces, sorted=False,
    )  # fmt: skip
    assert found == b"".join(_portable("asking", records, secrets, handles, nonces))
    assert order == struct.pack("<50I", *range(50))


def test_nonces_are_fresh() -> None:
    module, records = native(), _records(1, 2) * 200
    rows_of = [
        module.derive_rows(bytes(64 * 200), b"", b"", True, bytes(16 * 200), _fields(module, records))[0]
        for _ in range(2)
    ]
    size = rows.row_size(VectorLayout(FIELDS).width)
    nonces = {part[at + 65 : at + 77] for part in rows_of for at in range(0, len(part), size)}
    assert len(nonces) == 400


@pytest.mark.parametrize("ending", [None, b"\x1fwage_account"])
def test_handles_are_equal_to_the_portable_ones(ending: bytes | None) -> None:
    key, prefix = os.urandom(32), suite.handle_prefix(*PLACE)
    row_ids = [b"%d" % number for number in range(300)]
    links = [os.urandom(number % 90) for number in range(300)]
    found = native().handles(key, prefix, *column(row_ids), *column(links), ending=ending)
    of = Handles(key, prefix).of
    assert found == b"".join(of(row + (ending or b""), link) for row, link in zip(row_ids, links, strict=True))


def test_values_beyond_bounds_are_refused_by_index() -> None:
    module = native()
    scale = struct.pack("<2q", 1, 2)
    cases = [
        lambda: module.Field.ratio(b"", struct.pack("<2q", 0, 10**17 + 1), scale),
        lambda: module.Field.ratio(b"", struct.pack("<2q", 0, -(10**17) - 1), scale),
        lambda: module.Field.days(b"", struct.pack("<2q", 0, 1 << 30)),
        lambda: module.Field.company_name(b"", *column([b"", b"\1\2"]), bytes(4), bytes(6), 20),
        lambda: module.Field.company_name(b"", *column([b""]), struct.pack("<2I", 0, 1), bytes(6), 20),
    ]
    for case in cases:
        with pytest.raises(module.RejectedError, match="index 1"):
            case()
    module.Field.ratio(b"", struct.pack("<2q", 0, 10**17 + 1), scale, b"\1\0")


def test_columns_of_different_length_are_refused() -> None:
    module = native()
    field = module.Field.flags(bytes(16))
    for secrets, handles, nonces in ((64, 32, 24), (128, 16, 24), (128, 32, 12), (127, 32, 24)):
        with pytest.raises(module.RejectedError):
            module.derive_rows(bytes(secrets), b"", b"", True, bytes(handles), [field], nonces=bytes(nonces))
    with pytest.raises(module.RejectedError, match="field 0"):
        module.derive_rows(bytes(64), b"", b"", True, bytes(16), [field])
