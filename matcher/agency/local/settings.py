"""Local rules as an agency sets them: a TOML file, strict, whose defaults are argued in defaults.toml.

Money and shares are decimal strings and become integers here, once; no floating point decides anything. Left to
others: what the rules say (monthly.py, accounts.py).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any

from matcher.protocol import normalise
from matcher.protocol.agreement import schema
from matcher.protocol.agreement.schema import Entry
from matcher.protocol.errors import AgreementError, InputError

FORMAT = "concordat-local-rules-v1"
FILE = "local-rules.toml"
FLOW_CODES = ("no-labour-deposit", "wages-below-inflow", "abnormal-outflow")
STATE_CODES = ("account-closed", "account-dormant", "account-frozen", "barred-freeze", "barred-transfer")
CODES = (*FLOW_CODES, "name-marking", "no-deposit", *STATE_CODES)
_DEFAULTS = "defaults.toml"
_ORDINARY = "ordinary"
_MAX_SIZE = 1 << 18
_MONEY = re.compile(r"(0|[1-9]\d{0,11})\.\d{2}")
_SHARE = re.compile(r"(0\.\d{1,4}|1\.0{1,4})")

_WORDS = schema.listing(schema.text, most=200)
_ENABLED = {"enabled": Entry(schema.boolean, None)}
_TABLES: dict[str, dict[str, Entry]] = {
    "no-labour-deposit": _ENABLED | {"most_empty_months": Entry(schema.integer(0, 36), None)},
    "wages-below-inflow": _ENABLED
    | {"least_share": Entry(schema.text, None), "lag_months": Entry(schema.integer(0, 12), None)},
    "abnormal-outflow": _ENABLED | {"most_in_a_month": Entry(schema.text, None)},
    "name-marking": _ENABLED | {"endings": Entry(_WORDS, None)},
    "no-deposit": _ENABLED,
    "account-closed": _ENABLED | {"words": Entry(_WORDS, None)},
    "account-dormant": _ENABLED | {"words": Entry(_WORDS, None)},
    "account-frozen": _ENABLED | {"words": Entry(_WORDS, None), "allowed_reasons": Entry(_WORDS, None)},
    "barred-freeze": _ENABLED,
    "barred-transfer": _ENABLED | {"words": Entry(_WORDS, None)},
    "ordinary": {"words": Entry(_WORDS, None)},
}
_FILE = schema.table(
    {
        "format": Entry(schema.choice(FORMAT)),
        "window_months": Entry(schema.integer(1, 36), None),
        **{name: Entry(schema.table(table), None) for name, table in _TABLES.items()},
    }
)


@dataclass(frozen=True, slots=True)
class LocalRules:
    """The rules in force. Money is in fen; ``states`` maps a state's word, folded, to closed, dormant, frozen,
    transferred or ordinary; ``enabled`` are codes."""

    enabled: frozenset[str]
    window_months: int
    most_empty_months: int
    least_share: Fraction
    lag_months: int
    most_in_a_month: int
    endings: tuple[str, ...]
    states: Mapping[str, str]
    allowed_reasons: frozenset[str]

    def ordinary(self) -> tuple[str, ...]:
        """Words of states that are no finding."""
        return tuple(word for word, state in self.states.items() if state == _ORDINARY)

    def digest(self) -> bytes:
        """SHA-256 over every setting, the same in every process."""
        lines = []
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, frozenset | Mapping):
                value = sorted(value.items() if isinstance(value, Mapping) else value)
            lines.append(f"{item.name}={value!r}")
        return hashlib.sha256("\n".join(lines).encode()).digest()


def folded(word: str) -> str:
    """The spelling by which words are compared: case, width and white space do not matter."""
    return normalise.text(word).replace(" ", "").casefold()


def local_rules(path: Path | None) -> LocalRules:
    """The rules in the file at ``path``, over the defaults; None for the defaults. Raises InputError."""
    defaults = _read((resources.files(__package__) / _DEFAULTS).read_bytes(), _DEFAULTS)
    if path is None:
        return _rules(_DEFAULTS, defaults)
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_SIZE)
    except OSError as error:
        raise InputError(f"{path.name}: the file cannot be opened", remedy="Check path and permissions.") from error
    return _rules(path.name, _over(defaults, _read(data, path.name)))


def defaults_text() -> str:
    """The file of defaults, to begin from."""
    return (resources.files(__package__) / _DEFAULTS).read_text(encoding="utf-8")


def _read(data: bytes, name: str) -> dict[str, Any]:
    try:
        # Only this agency reads the file, so an editor's line ends and byte order mark do no harm here.
        text = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
        value: dict[str, Any] = _FILE(schema.load(text, name), name)
    except AgreementError as error:
        raise _refused(str(error)) from error
    return value


def _over(defaults: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """``value`` where it says something, ``defaults`` elsewhere; a list stands in place of the default's."""
    return {
        name: default
        if value[name] is None
        else _over(default, value[name])
        if isinstance(default, dict)
        else value[name]
        for name, default in defaults.items()
    }


def _rules(name: str, value: Mapping[str, Any]) -> LocalRules:
    share, money = value["wages-below-inflow"]["least_share"], value["abnormal-outflow"]["most_in_a_month"]
    if not _SHARE.fullmatch(share):
        raise _refused(f'{name}.wages-below-inflow.least_share: a decimal such as "0.90", up to "1.00", is expected')
    if not _MONEY.fullmatch(money):
        raise _refused(f'{name}.abnormal-outflow.most_in_a_month: yuan with two decimals, such as "0.00", are expected')
    return LocalRules(
        enabled=frozenset(code for code in CODES if value[code]["enabled"]),
        window_months=value["window_months"],
        most_empty_months=value["no-labour-deposit"]["most_empty_months"],
        least_share=Fraction(share),
        lag_months=value["wages-below-inflow"]["lag_months"],
        most_in_a_month=normalise.amount_fen(money),
        endings=tuple(map(folded, value["name-marking"]["endings"])),
        states=_states(
            name,
            {
                "closed": value["account-closed"]["words"],
                "dormant": value["account-dormant"]["words"],
                "frozen": value["account-frozen"]["words"],
                "transferred": value["barred-transfer"]["words"],
                _ORDINARY: value["ordinary"]["words"],
            },
        ),
        allowed_reasons=frozenset(map(folded, value["account-frozen"]["allowed_reasons"])),
    )


def _states(name: str, words: Mapping[str, Sequence[str]]) -> dict[str, str]:
    states: dict[str, str] = {}
    for state, spellings in words.items():
        for word in map(folded, spellings):
            if states.setdefault(word, state) != state:
                raise _refused(f"{name}: a word stands both for {states[word]} and for {state}")
    return states


def _refused(problem: str) -> InputError:
    return InputError(
        f"the local rules cannot be used: {problem}",
        code="local-rules",
        remedy="Correct the file, or start anew from the defaults: `concordat local-rules`.",
    )
