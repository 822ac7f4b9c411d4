"""No name and no number of anybody's file is in anything the service holds, logs or emits, in any common spelling.

One small demonstration with real processes; then every account number, company name, project name and credit code of
both files is looked for in the service's home (database, spools, segments as they are and as the service itself can
decrypt them), in its log output and in the exported audit log: as UTF-8, UTF-16, GB18030, hex, base64 at any offset,
and under the hashes somebody might think are good enough. The same search does find them in the bureau's own vault.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import sqlite3
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from keys.service import ServiceKeys
from matcher.protocol import rows
from matcher.service.home import ServiceHome
from matcher.service.store import segments
from matcher.service.store.period_keys import PeriodKeys

_HASHES = ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256")
_SHORTEST = 4
_COLUMNS = ("项目名称", "总包单位", "统一社会信用代码", "工资专用账户", "保证金账户", "账号", "开户单位")


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a finished demonstration over 12 projects."""
    out = tmp_path_factory.mktemp("canary") / "out"
    words = ["--seed", "31", "--projects", "12", "--planted", "6", "--accounts", "40", "--out", str(out), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "client", "demo", *words], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["log_verified"] is True
    return out


def canaries(inputs: Path) -> set[str]:
    """Cells that tell something, as written and as normalised."""
    found: set[str] = set()
    for name, encoding in (("projects.csv", "gb18030"), ("accounts.csv", "utf-8-sig")):
        with (inputs / name).open(encoding=encoding, errors="ignore", newline="") as stream:
            for line in csv.DictReader(stream):
                cells = [line[column].strip() for column in _COLUMNS if line.get(column)]
                found.update(cells)
                found.update(unicodedata.normalize("NFKC", cell).replace(" ", "").replace("-", "") for cell in cells)
    return {cell for cell in found if len(cell) >= _SHORTEST}


def spellings(text: str) -> Iterator[bytes]:
    """The bytes that would give ``text`` away."""
    for encoded in {text.encode(), text.encode("gb18030"), text.encode("utf-16-le"), text.encode("utf-16-be")}:
        yield encoded
        yield encoded.hex().encode()
        yield encoded.hex().upper().encode()
        for shift in range(3):
            # The characters of a base64 text that depend on nothing around the value.
            whole = base64.b64encode(bytes(shift) + encoded)
            yield whole[shift and 4 : -4]
        for name in _HASHES:
            digest = hashlib.new(name, encoded).digest()
            yield digest
            yield digest.hex().encode()
            yield base64.b64encode(digest).rstrip(b"=")[:20]


def leaks(texts: set[str], held: bytes) -> set[str]:
    """Which of ``texts`` can be read out of ``held``."""
    return {text for text in texts if any(len(each) >= _SHORTEST and each in held for each in spellings(text))}


def service_bytes(out: Path) -> bytes:
    """Everything of the service: its home, what its processes wrote, the audit log as exported."""
    files = [path for path in (out / "homes" / "service").rglob("*") if path.is_file()]
    files += list((out / "processes").glob("*server*"))
    files += [path for path in (out / "log").rglob("*") if path.is_file() and path.suffix != ".toml"]
    return b"\0".join(path.read_bytes() for path in files)


def decrypted_segments(out: Path) -> bytes:
    """The rows of every segment as the service can read them, with all its keys."""
    home = ServiceHome(out / "homes" / "service")
    passphrase = (out / "passphrases" / "service").read_text().strip()
    period_keys = PeriodKeys(home.period_keys, ServiceKeys.open(home.keys, passphrase).storage_key)
    key = period_keys.get(period_keys.names()[0])
    columns = [name for name, _width in rows.COLUMNS] + ["sealed"]
    with closing(sqlite3.connect(home.control)) as database:
        sealed = database.execute("SELECT submission, rows FROM submissions").fetchall()
    assert len(sealed) == 2
    return b"\0".join(
        value
        for submission, count in sealed
        for batch in segments.read(home.segments, submission, count, key, columns)
        for column in batch.columns
        for value in column.to_pylist()
    )


def test_nothing_the_service_has_gives_a_value_away(demonstration: Path) -> None:
    texts = canaries(demonstration / "inputs")
    assert len(texts) > 100
    assert leaks(texts, service_bytes(demonstration)) == set()


def test_nothing_the_service_can_decrypt_gives_a_value_away(demonstration: Path) -> None:
    assert leaks(canaries(demonstration / "inputs"), decrypted_segments(demonstration)) == set()


def test_the_search_finds_what_is_there(demonstration: Path) -> None:
    texts = canaries(demonstration / "inputs")
    vault = demonstration / "homes" / "labour-bureau"
    held = b"\0".join(path.read_bytes() for path in vault.glob("vault.db*"))
    assert len(leaks(texts, held)) > 12


@pytest.mark.parametrize("text", ["6222020200112233445", "北京宏远建设工程有限公司"])
def test_the_search_finds_every_spelling(text: str) -> None:
    for each in spellings(text):
        assert leaks({text}, b"...." + each + b"....") == {text}
    for offset in range(3):
        assert leaks({text}, base64.b64encode(b"x" * offset + text.encode() + b"tail")) == {text}
