"""Every step from a cell to a blinded row, crate beside portable path, over many random values.

A million of each step where CONCORDAT_LONG_TESTS is set, in some twenty minutes of one core. Edge cases are in the
other files.
"""

from __future__ import annotations

import csv
import hmac
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from keys import oprf, ristretto
from matcher.agency.blind.handles import Handles
from matcher.agency.blind.native_bucket import NativeBuckets
from matcher.agency.blind.native_names import _plan, plans
from matcher.agency.blind.portable_bucket import PortableBuckets
from matcher.agency.blind.sources import GroupSource
from matcher.agency.records import staged
from matcher.protocol import rows, suite
from matcher.protocol.agreement.model import Column, Field
from matcher.protocol.names import regions, splitting, trades
from tests.agency.file_faults import ACCOUNTS
from tests.native import reading
from tests.native.columns import column, long_count, native

crate = native()
MANY = long_count(4_000, 1_000_000)
BATCH = 4_000
PLACE = (bytes(range(32)), "account-check", "2022-05")
PREFIX = suite.link_prefix("daxing-wages", "account")
COLUMNS = (Column("wage_account", (), "account", True),)
FIELDS = (
    Field("holder", "company-name"), Field("code", "exact"), Field("wages", "ratio"), Field("due", "days"),
    Field("flags", "flags", ("a", "b", "c")),
)  # fmt: skip
PLACES, WORDS, FORMS = sorted(regions.known()[0]), sorted(trades.known_words().exact), ("有限公司", "公司", "分公司")
KINDS = ("农民工工资专用账户", "工资保证金账户", "一般账户")
CHARACTERS = sorted(splitting.sounds.table())


def batches() -> Iterator[random.Random]:
    """A source of values for each batch, another one each time."""
    for start in range(0, MANY, BATCH):
        yield random.Random(start)  # noqa: S311 - reproducible test values


ODD = (
    "", " ", "-", "合计", "1e5", "6.2E+15", "６２１７００００１２３", "6217-0000 1234 5678", "'62170000123", "12.5",
    "0" * 33, "1,234.50", "\x1f", "e\u0301", "㈠", "㍿公司", "\U00020000", '"', "a\nb", ",", "2022-02-30", "2022/5/1",
    "20220531", "一般", "冻结;注销", "120万元", "-5", "#N/A",
)  # fmt: skip


def line_of(choose: random.Random) -> list[str]:
    line = [
        str(choose.randrange(10**6, 10 ** choose.randint(7, 19))), name_of(choose), "", choose.choice(KINDS),
        f"{choose.randrange(10**9) / 100:.2f}", f"{choose.randrange(10**9) / 100:,.2f}",
        f"2022-{choose.randint(1, 12):02}-{choose.randint(1, 28):02}", choose.choice(("", "冻结", "休眠")),
    ]  # fmt: skip
    if not choose.randrange(3):
        line[choose.randrange(len(line))] = choose.choice(ODD)
    return line


def test_rows_of_files(tmp_path: Path) -> None:
    path, setup = tmp_path / "accounts.csv", reading.setup("answering")
    for choose in batches():
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([ACCOUNTS, *(line_of(choose) for _line in range(BATCH))])
        found = reading.in_blocks(path, setup, crate, 1 << 20)
        assert found == reading.by_rows(path, setup)
        assert len(found.records) > BATCH // 2


def links(choose: random.Random) -> list[bytes]:
    return [choose.randbytes(choose.choice((0, 1, 19, 19, 19, 40, 63, 111, 112, 200, 300))) for _ in range(BATCH)]


def key_of(choose: random.Random) -> bytes:
    return oprf.derive_key_pair(choose.randbytes(32), b"test")[0].reveal()


def name_of(choose: random.Random) -> str:
    brand = "".join(choose.choices(CHARACTERS, k=choose.randint(0, 4)))
    return choose.choice(PLACES) * choose.randint(0, 1) + brand + choose.choice(WORDS) + choose.choice(FORMS)


def test_record_secrets_of_the_holder() -> None:
    for choose in batches():
        key, values = key_of(choose), links(choose)
        assert crate.oprf_evaluate(key, *column(values)) == b"".join(oprf.evaluate(key, value) for value in values)


def test_record_secrets_through_an_exchange() -> None:
    for choose in batches():
        key, values = key_of(choose), links(choose)
        blinds, blinded = crate.oprf_blind(*column(values), prefix=PREFIX)
        inputs = [PREFIX + suite.lp(value) for value in values]
        expected = [oprf._blind(entry, blinds[at * 32 : at * 32 + 32]) for at, entry in enumerate(inputs)]
        assert blinded == b"".join(expected)
        evaluated = crate.oprf_blind_evaluate(key, blinded)
        assert evaluated == b"".join(ristretto.multiply(key, element) for element in expected)
        # What the holder gets directly, which the test above holds to the portable path.
        assert crate.oprf_finalize(*column(inputs), blinds, evaluated) == crate.oprf_evaluate(key, *column(inputs))


def test_record_secrets_of_a_group() -> None:
    for choose in batches():
        key, values = choose.randbytes(32), links(choose)
        expected = b"".join(hmac.digest(key, PREFIX + suite.lp(value), "sha512") for value in values)
        assert crate.hmac_evaluate(key, *column(values), prefix=PREFIX) == expected


def test_handles() -> None:
    prefix = suite.handle_prefix(*PLACE)
    for choose in batches():
        key, values, ending = choose.randbytes(32), links(choose), b"\x1fwage_account"
        row_ids = [choose.randbytes(choose.randint(1, 30)) for _value in values]
        of = Handles(key, prefix).of
        expected = b"".join(of(row_id + ending, value) for row_id, value in zip(row_ids, values, strict=True))
        assert crate.handles(key, prefix, *column(row_ids), *column(values), ending=ending) == expected


def test_names() -> None:
    splitter = plans(crate).splitter
    for choose in batches():
        found = [name_of(choose).encode() for _name in range(BATCH)]
        made = splitter.plans(found)
        assert [plan for plan in made if plan is not None] == [
            _plan(name) for name, plan in zip(found, made, strict=True) if plan is not None
        ]
        assert sum(plan is not None for plan in made) > BATCH // 3


def content(choose: random.Random) -> bytes:
    values: list[Any] = [
        name_of(choose),
        "".join(choose.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=18)),
        choose.randint(-(10 ** choose.randint(1, 17)), 10 ** choose.randint(1, 17)),
        choose.randint(-40_000, 40_000),
        choose.randint(0, 7),
    ]
    unknown = choose.randrange(3 * len(values))
    if unknown < len(values):
        values[unknown] = None
    return json.dumps([values, {}], ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize("side", ["asking", "answering"])
def test_rows(side: Literal["asking", "answering"]) -> None:
    """Derived keys, encoded fields, sealed envelopes: half of the records for each side."""
    for number, choose in enumerate(batches()):
        if number % 2 != (side == "asking") and MANY > BATCH:
            continue
        source = GroupSource(PREFIX, choose.randbytes(32))
        shared = (
            FIELDS, COLUMNS, side, source, suite.record_info(*PLACE), rows.row_aad_prefix(*PLACE, side, "regulator")
        )  # fmt: skip
        data = b"".join(
            staged.pack(choose.randbytes(16), 0, line, 0, b"P%d" % line, choose.randbytes(19), content(choose))
            for line in range(BATCH)
        )
        nonces = os.urandom(12 * BATCH)
        made = NativeBuckets(crate, *shared).blind(data, [], None, None, nonces)
        expected = PortableBuckets(*shared).blind(data, [], None, None, nonces)
        assert made.put == BATCH
        assert (made.rows, made.blocks, list(made.sizes)) == (expected.rows, expected.blocks, list(expected.sizes))
