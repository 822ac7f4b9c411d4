"""Reading monthly flows: one row for each account and month, from any file the submit command reads.

An empty amount is no movement. A row that cannot be read is rejected with line, column and reason, like any other, and
leaves its account incomplete, if the account can be read: a rule must not fire for money that stands in a bad cell.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from matcher.agency.files.batches import Batch, Reading, RowSource
from matcher.agency.files.registry import open_rows
from matcher.agency.local.store import UNREADABLE, FlowRow
from matcher.agency.records import cells, faults
from matcher.agency.records.rejects import Reject
from matcher.protocol import normalise
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError

COLUMNS: tuple[Column, ...] = (
    Column(
        "account", ("账号", "银行账号", "专用账户账号", "专户账号", "账户", "account number"), "account",
        required=True, link=True,
    ),
    Column("month", ("月份", "年月", "期间", "账期", "month"), "date", required=True),
    Column(
        "labour_in", ("转入人工费(元)", "转入人工费", "人工费转入", "人工费用转入", "拨付人工费", "labour cost in"),
        "amount",
    ),
    Column("wages_out", ("代发工资(元)", "代发工资", "工资代发", "代发工资金额", "wages out"), "amount"),
    Column("other_out", ("其他转出(元)", "其他转出", "其它转出", "非工资转出", "other out"), "amount"),
)  # fmt: skip
AMOUNTS = ("labour_in", "wages_out", "other_out")
_TAG_SIZE = 16
_REMEMBERED = 1024
# Not 2022.1: a spreadsheet makes that of 2022.10.
_MONTH = re.compile(r"(\d{4})[-/](\d{1,2})|(\d{4})\.(\d{2})|(\d{4})年(\d{1,2})月份?|(\d{4})(\d{2})", re.ASCII)
_YEARS = range(1950, 2100)
_EPOCH = date(1970, 1, 1)


def account_tag(key: bytes, account: str) -> bytes:
    """Sixteen bytes that stand for a normalised account number while a submission is prepared."""
    return hashlib.blake2b(account.encode(), digest_size=_TAG_SIZE, key=key[:64], person=b"flows").digest()


def open_flows(paths: Sequence[Path], reading: Reading) -> list[RowSource]:
    """The flows files, opened. Raises InputError for one that cannot be read, naming what its header lacks."""
    sources = [open_rows(path, COLUMNS, reading) for path in paths]
    known = ", ".join(f"{column.headers[0]} ({column.name})" for column in COLUMNS if column.name in AMOUNTS)
    for path, source in zip(paths, sources, strict=True):
        if not any(column.name in AMOUNTS for column in source.columns):
            raise InputError(
                f"{path.name}: none of the columns of money is there: {known}",
                code="header-missing",
                remedy="Add one of them; a rule that needs another one is silent.",
            )
    return sources


def columns_of(sources: Sequence[RowSource]) -> frozenset[str]:
    """Names of the columns that every one of the files has."""
    return frozenset.intersection(*(frozenset(column.name for column in source.columns) for source in sources))


def read_rows(
    sources: Sequence[RowSource], tag: Callable[[str], bytes]
) -> Iterator[tuple[int, list[FlowRow], list[Reject]]]:
    """(file, rows, rejects) of each batch. A rejected row of a known account is among the rows, as UNREADABLE."""
    for file, source in enumerate(sources):
        readers = {
            column.name: (place, cells.reader(column, unit, ()))
            for place, (column, unit) in enumerate(zip(source.columns, source.units, strict=True))
            if column.name in AMOUNTS
        }
        places = {column.name: place for place, column in enumerate(source.columns)}
        for batch in source.batches:
            rows, rejects = _read(batch, file, places, readers, tag)
            yield file, rows, batch.rejects + rejects


def _read(
    batch: Batch, file: int, places: dict[str, int], readers: dict[str, tuple[int, cells.Reader]],
    tag: Callable[[str], bytes],
) -> tuple[list[FlowRow], list[Reject]]:  # fmt: skip
    if not batch.rows:
        return [], []
    texts = [list(map(str.strip, column)) for column in zip(*batch.rows, strict=True)]
    accounts = cells.link_reader("account-number")(texts[places["account"]])
    months, problems = _months(texts[places["month"]])
    found: dict[int, list[tuple[str, str]]] = {}
    for index, code in accounts.problems.items():
        found.setdefault(index, []).append(("account", code))
    for index, account in enumerate(accounts.values):
        if account is None and index not in accounts.problems:
            found.setdefault(index, []).append(("account", "empty"))
    for index, code in problems.items():
        found.setdefault(index, []).append(("month", code))
    amounts: dict[str, list[int | None]] = {}
    for name, (place, read) in readers.items():
        column = read(texts[place])
        amounts[name] = column.values
        for index, code in column.problems.items():
            found.setdefault(index, []).append((name, code))
    rows, rejects = [], []
    for index, (line, account) in enumerate(zip(batch.lines, accounts.values, strict=True)):
        labour_in, wages_out, other_out = (amounts[name][index] or 0 if name in amounts else 0 for name in AMOUNTS)
        bad = found.get(index)
        if bad:
            rejects += [Reject(line, column, code) for column, code in bad]
        if account is not None:
            month = UNREADABLE if bad else months[index]
            rows.append(FlowRow(tag(account), month, labour_in, wages_out, other_out, file, line))
    return rows, rejects


def _months(texts: Sequence[str]) -> tuple[list[int], dict[int, str]]:
    """Month numbers, and problems by index."""
    problems = faults.find(texts)
    months = []
    for index, text in enumerate(texts):
        month = UNREADABLE
        if index not in problems:
            try:
                month = month_number(text)
            except InputError as error:
                problems[index] = error.code
        months.append(month)
    return months, problems


@lru_cache(maxsize=_REMEMBERED)
def month_number(cell: str) -> int:
    """year * 12 + month - 1 of 2022-05, 2022/5, 2022年5月, 202205, or a day of that month.

    Raises InputError: empty, month-malformed, date-impossible.
    """
    text = normalise.text(cell).replace(" ", "")
    found = _MONTH.fullmatch(text)
    if found is not None:
        year, month = (int(number) for number in found.groups() if number is not None)
        if year in _YEARS and 1 <= month <= 12:
            return year * 12 + month - 1
        raise normalise.refusal("date-impossible")
    try:
        days = normalise.date_days(text)
    except InputError as error:
        code = "month-malformed" if error.code == "date-malformed" else error.code
        raise InputError(str(error), code=code) from None
    day = _EPOCH + timedelta(days=days)
    return day.year * 12 + day.month - 1


def month_text(number: int) -> str:
    """2022-05 for a month's number."""
    return f"{number // 12:04}-{number % 12 + 1:02}"
