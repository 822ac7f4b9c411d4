"""The tables of docs/files.md, from the classes of faults that are tried. ``python -m tests.agency.files_page`` prints
them."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from matcher.agency.records.rejects import REASONS
from tests.agency.file_faults import FAULTS
from tests.agency.table_files import ALL, TEXT
from tests.agency.test_refused_files import FAULTS as REFUSED

ROOT = Path(__file__).resolve().parent.parent.parent


def lines() -> Iterator[str]:
    """The tables, line by line."""
    chinese = {
        entry["en"]: entry["zh"]
        for entry in tomllib.loads((ROOT / "matcher/text/zh.toml").read_text(encoding="utf-8"))["texts"]
    }
    yield from ("| class | files | code | 提示 |", "|---|---|---|---|")
    for fault in FAULTS:
        if fault.told:
            codes = dict.fromkeys(told.code for told in fault.told)
            texts = " ".join(f"{chinese[REASONS[code][0]]}。{chinese[REASONS[code][1]]}" for code in codes)
            yield f"| {fault.name} | {_forms(fault.forms)} | `{'`, `'.join(codes)}` | {texts} |"
    yield from ("", "### That cost nothing", "", "| class | files |", "|---|---|")
    for fault in FAULTS:
        if not fault.told:
            yield f"| {fault.name} | {_forms(fault.forms)} |"
    yield from (
        "",
        "### Of a file: it is refused before a row is read",
        "",
        "| class | files | code |",
        "|---|---|---|",
    )
    for refused in REFUSED:
        yield f"| {refused.name} | {_forms(refused.forms)} | `{refused.code}` |"


def _forms(forms: tuple[str, ...]) -> str:
    if forms == ALL:
        return "all"
    text = [form for form in forms if form in TEXT]
    names = ["text"] if len(text) == len(TEXT) else [{"csv": "UTF-8"}.get(form, form.upper()) for form in text]
    names += [{"parquet": "Parquet"}.get(form, form.upper()) for form in forms if form not in TEXT]
    return ", ".join(names)


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()) + "\n")
