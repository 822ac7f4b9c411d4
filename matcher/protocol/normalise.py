"""Text of a cell into the one form that both sides link and compare on (design section 4, "link value").

Two offices write the same account, name, amount and day in many ways; two programs that tidy them differently would
join nothing and say so to nobody. So the rules stand here once, are pinned by the digest of their test vectors in the
matching file, and refuse rather than guess. A refusal carries a reason code, a fixed message and a remedy, and never
the value. How a company's name is compared is left to ``names``; where a cell stands, to the agency's file readers.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from importlib.resources import files
from operator import mul

from matcher.protocol.errors import InputError

MAX_TEXT = 200
_ACCOUNT_SIZES = range(6, 33)
_YEARS = range(1950, 2100)
_FEN_LIMIT = 10**17
_EPOCH = date(1970, 1, 1).toordinal()
_FEN_OF = {"分": 1, "元": 100, "圆": 100, "千元": 10**5, "万元": 10**6, "万": 10**6, "亿元": 10**10}
_AMOUNT_SIZE = 40

REASONS: Mapping[str, tuple[str, str]] = {
    "empty": ("the cell is empty", "Fill it in, or leave the row out."),
    "excel-float": (
        "the number was turned into a decimal or scientific notation by a spreadsheet, and digits may be lost",
        "Format the column as text in the source, enter the value again, and export once more.",
    ),
    "not-digits": ("an account number holds something other than digits", "Correct it: 6 to 32 digits."),
    "account-size": ("an account number has fewer than 6 or more than 32 digits", "Correct it: 6 to 32 digits."),
    "too-long": (f"the text has more than {MAX_TEXT} characters", "Keep only the name in this column."),
    "amount-malformed": ("the cell is not an amount", "Write digits with at most two decimals, such as 1,234.50."),
    "amount-precise": ("the amount is finer than one fen", "Round it to two decimals of a yuan in the source."),
    "amount-size": ("the amount is beyond 10^15 yuan", "Check the unit of the column."),
    "date-malformed": ("the cell is not a date", "Write it as 2022-05-31."),
    "date-impossible": ("no such day, or a year before 1950 or after 2099", "Correct the day, month or year."),
    "choice-unknown": ("the cell is none of the words the agreement lists for this column", "Use a word it lists."),
}

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣", "-"))
_BRACKETS = str.maketrans({**dict.fromkeys("【〔〖[{「『〈《<", "("), **dict.fromkeys("】〕〗]}」』〉》>", ")")})
_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CJK_SPACE = re.compile(rf"(?<=[{_CJK}()]) +| +(?=[{_CJK}()])")
_ACCOUNT_NOISE = re.compile(r"[\s'`-]+")
_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d+)?e[+-]?\d+", re.IGNORECASE | re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d+\.\d*", re.ASCII)
_AMOUNT = re.compile(
    r"(?P<sign>[+-]?)(?:人民币|rmb|cny|¥)?(?P<inner>-?)(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+)"
    r"(?P<unit>元|圆|分|千元|万元|万|亿元)?(?:整|人民币|rmb|cny)?",
    re.IGNORECASE | re.ASCII,
)
_DATE = re.compile(
    r"(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{4})/(\d{1,2})/(\d{1,2})|(\d{4})\.(\d{1,2})\.(\d{1,2})"
    r"|(\d{4})年(\d{1,2})月(\d{1,2})[日号]|(\d{4})(\d{2})(\d{2}))(?:[ t]0{1,2}:00(?::00(?:\.0+)?)?)?",
    re.IGNORECASE | re.ASCII,
)
_FLAG_SEPARATORS = re.compile(r"[;,、/|\n]+")
_NO_FLAGS = frozenset({"", "-", "无", "正常", "none", "normal"})
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_NO_VALUE = 0xFF
# By ASCII code, for bytes.translate.
_CREDIT_VALUES = bytes(_CREDIT_ALPHABET.find(chr(code)) & _NO_VALUE for code in range(256))
_CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))


def refusal(code: str) -> InputError:
    """The InputError of one reason of ``REASONS``."""
    message, remedy = REASONS[code]
    return InputError(message, code=code, remedy=remedy)


def text(cell: str) -> str:
    """NFKC, without control and zero-width characters, trimmed, inner white space one space. May be empty."""
    cell = _CONTROL.sub("", cell)
    if not cell.isascii():
        cell = unicodedata.normalize("NFKC", cell)
    return " ".join(cell.split())


def account_number(cell: str) -> str:
    """A bank account number: 6 to 32 digits, without spaces and hyphens.

    Raises InputError: empty, excel-float, not-digits, account-size.
    """
    if cell.isascii() and cell.isdigit():
        digits = cell
    else:
        digits = _ACCOUNT_NOISE.sub("", text(cell).translate(_DASHES))
        if not digits:
            raise refusal("empty")
        if _SCIENTIFIC.fullmatch(text(cell)) or _DECIMAL.fullmatch(text(cell)):
            raise refusal("excel-float")
        if not (digits.isascii() and digits.isdigit()):
            raise refusal("not-digits")
    if len(digits) not in _ACCOUNT_SIZES:
        raise refusal("account-size")
    return digits


@lru_cache(maxsize=1 << 14)
def company_name(cell: str) -> str:
    """A company's name as a person would still recognise it: NFKC, one kind of bracket, no spaces beside Chinese.

    Raises InputError: empty, too-long.
    """
    name = _CJK_SPACE.sub("", text(cell).translate(_BRACKETS))
    if not name:
        raise refusal("empty")
    if len(name) > MAX_TEXT:
        raise refusal("too-long")
    return name


def credit_code(cell: str) -> str | None:
    """A unified social credit code (GB 32100-2015): 18 characters whose check character holds, or None.

    None from a cell that is not empty deserves a warning, not a rejection: codes of the first pilot regions are in
    legal use though their check differs, and an unknown code only means that the name has to decide.
    """
    code = text(cell).replace(" ", "").replace("-", "").upper()
    if len(code) != 18:
        return None
    values = code.encode("ascii", "replace").translate(_CREDIT_VALUES)
    if _NO_VALUE in values:
        return None
    weighted = sum(map(mul, _CREDIT_WEIGHTS, values))
    return code if (-weighted) % 31 == values[17] else None


def amount_fen(cell: str, unit: str = "元") -> int:
    """An amount in fen, exactly. A unit in the cell (元, 万元 ...) counts before ``unit``, the column's own.

    Negative by sign or by an accountant's brackets. Raises InputError: empty, excel-float, amount-malformed,
    amount-precise, amount-size.
    """
    amount = text(cell).translate(_DASHES).replace(" ", "")
    if not amount:
        raise refusal("empty")
    bracketed = len(amount) > 2 and amount[0] == "(" and amount[-1] == ")"
    found = _AMOUNT.fullmatch(amount[1:-1] if bracketed else amount) if len(amount) <= _AMOUNT_SIZE else None
    if found is None:
        raise refusal("excel-float" if _SCIENTIFIC.fullmatch(amount) else "amount-malformed")
    minus = [bracketed, found["sign"] == "-", found["inner"] == "-"].count(True)
    if minus > 1:
        raise refusal("amount-malformed")
    whole, _, fraction = found["number"].replace(",", "").partition(".")
    scale: int = 10 ** len(fraction)
    fen, rest = divmod(int(whole + fraction) * _FEN_OF[found["unit"] or unit], scale)
    if fen >= _FEN_LIMIT:
        raise refusal("amount-size")
    if rest:
        raise refusal("amount-precise")
    return -fen if minus else fen


def date_days(cell: str) -> int:
    """Days since 1970-01-01. Accepts 2022-05-31, 2022/5/31, 2022.5.31, 2022年5月31日, 20220531, each at midnight.

    Raises InputError: empty, date-malformed, date-impossible.
    """
    day = text(cell).translate(_DASHES)
    if not day:
        raise refusal("empty")
    found = _DATE.fullmatch(day) or _DATE.fullmatch(day.replace(" ", ""))
    if found is None:
        raise refusal("date-malformed")
    year, month, month_day = (int(number) for number in found.groups() if number is not None)
    if year not in _YEARS:
        raise refusal("date-impossible")
    try:
        return date(year, month, month_day).toordinal() - _EPOCH
    except ValueError:
        raise refusal("date-impossible") from None


def choice(cell: str, choices: Mapping[str, str]) -> str:
    """The canonical value of an accepted spelling; case, width and white space do not matter.

    Raises InputError: empty, choice-unknown.
    """
    word = _folded(cell)
    if not word:
        raise refusal("empty")
    if (value := choices.get(cell)) is not None:
        return value
    for spelling, value in choices.items():
        if word in (_folded(spelling), _folded(value)):
            return value
    raise refusal("choice-unknown")


def flags(cell: str, codes: Sequence[str], choices: Mapping[str, str] | None = None) -> int:
    """The bit set of rule codes in one cell: bit i is ``codes[i]``. ``choices`` maps other spellings to codes.

    An empty cell, 无 and 正常 are the empty set. Raises InputError: choice-unknown.
    """
    if _folded(cell) in _NO_FLAGS:
        return 0
    known = {code: code for code in codes} | dict(choices or {})
    bits = 0
    for word in _FLAG_SEPARATORS.split(text(cell)):
        if word.strip():
            bits |= 1 << codes.index(choice(word, known))
    return bits


def _folded(word: str) -> str:
    return text(word).replace(" ", "").casefold()


def vectors() -> bytes:
    """The exact bytes of the packaged test vectors of this module."""
    return (files("matcher.protocol") / "normalise_vectors.tsv").read_bytes()


def vectors_digest() -> bytes:
    """SHA-256 of the packaged vectors, which the matching file pins."""
    return hashlib.sha256(vectors()).digest()
