"""Files of before there were marks, as this program wrote them then (before/*.sql), lose nothing when they are opened.

before/vault.sql is of the answering side of tests/agency/submission_world.py after two submissions; exchange-*.sql of
both sides of an opened reveal; secrets.sql of an evaluated submission; mirror.sql of a log of 17 entries; control.sql
of a service with three cards and an agreement. Written by that program, dumped by SQLite, changed by nobody.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from matcher.agency.exchange.journal import EXCHANGE, Journal
from matcher.agency.secrets.cache import CACHE, SecretCache
from matcher.agency.vault.schema import VAULT
from matcher.agency.vault.store import Vault
from matcher.auditor.browse import schema as page
from matcher.auditor.mirror.store import MIRROR, MirrorStore
from matcher.protocol.errors import NotFoundError, StateError
from matcher.service.store.database import ControlDatabase
from matcher.service.store.schema import CONTROL
from matcher.storage import Schema, open_database
from tests.agency.submission_world import FLOW, PERIOD
from tests.auditor.world import LOG_KEY

BEFORE = Path(__file__).parent / "before"
Open = Callable[[Path], Any]
OPENED: dict[str, tuple[Schema, Open]] = {
    "exchange-answering": (EXCHANGE, Journal),
    "exchange-asking": (EXCHANGE, Journal),
    "secrets": (CACHE, SecretCache),
    "mirror": (MIRROR, lambda path: MirrorStore(path, LOG_KEY)),
    "control": (CONTROL, ControlDatabase),
}
SCHEMAS = (VAULT, EXCHANGE, CACHE, MIRROR, CONTROL, page.PAGE)
# (handle, up to which submission) to (row id, link value, kind, wages in fen, submission), None: no row then.
ROWS = {
    ("3104e9f84c9208fad7f09d41c813e4e0", 1): ("62220002", "62220002", "deposit", None, 1),
    ("3104e9f84c9208fad7f09d41c813e4e0", 2): ("62220002", "62220002", "deposit", None, 1),
    ("32ec5f7d5fcea0aa730c6687516ba3b5", 1): ("62220009", "62220009", "deposit", None, 1),
    ("32ec5f7d5fcea0aa730c6687516ba3b5", 2): None,
    ("935e7b52aca4aaf96341dd5c8c1b1447", 1): ("62220001", "62220001", "wage", 1_500_000, 1),
    ("935e7b52aca4aaf96341dd5c8c1b1447", 2): ("62220001", "62220001", "wage", 1_400_000, 2),
    ("dc1d8b203dced21271ebc32dc037879d", 1): None,
    ("dc1d8b203dced21271ebc32dc037879d", 2): ("62220010", "62220010", "deposit", None, 2),
}
FROZEN = {"account": "62220002", "holder": "大兴建筑有限公司", "credit_code": "BAD", "account_kind": "保证金账户"}


def put(tmp_path: Path, name: str) -> Path:
    """A file of before marks."""
    path = tmp_path / f"{name}.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("BEGIN;" + (BEFORE / f"{name}.sql").read_text(encoding="utf-8") + "COMMIT;")
    return path


def held(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables that have any."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        rows = {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in tables}  # noqa: S608
    return {table: content for table, content in rows.items() if content}


def marks(path: Path) -> tuple[int, int]:
    """Mark and version."""
    with closing(sqlite3.connect(path)) as connection:
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        return mark, connection.execute("PRAGMA user_version").fetchone()[0]


@pytest.mark.parametrize("name", OPENED)
def test_nothing_is_lost(tmp_path: Path, name: str) -> None:
    schema, opening = OPENED[name]
    path = put(tmp_path, name)
    before = held(path)
    assert marks(path)[0] == 0
    for _time in range(2):
        opening(path).close()
        assert marks(path) == (schema.application_id, schema.version)
        assert held(path) == before


def require_rows(path: Path) -> None:
    """Raise unless the vault that before/vault.sql made has the rows it had."""
    with closing(Vault(path)) as vault:
        for (handle, last), row in ROWS.items():
            if row is None:
                with pytest.raises(NotFoundError):
                    vault.row(FLOW, PERIOD, bytes.fromhex(handle), last)
                continue
            found = vault.row(FLOW, PERIOD, bytes.fromhex(handle), last)
            assert (found.row_id, found.link_value, found.values[1], found.values[2], found.sequence) == row
        frozen = vault.row(FLOW, PERIOD, bytes.fromhex("3104e9f84c9208fad7f09d41c813e4e0"))
    assert frozen.values == ("大兴建筑有限公司", "deposit", None, None, None, 1)
    assert frozen.extras == {**FROZEN, "flags": "冻结"}
    assert frozen.leaf.hex() == "7cc41166d0b73cd2fa4e7b7e9ab986bdb83061e2b97a25129140fbed3a41301f"


def test_the_vault_has_the_rows_it_had(tmp_path: Path) -> None:
    path = put(tmp_path, "vault")
    require_rows(path)
    assert marks(path) == (VAULT.application_id, VAULT.version)


def test_a_table_that_came_later_is_made(tmp_path: Path) -> None:
    path = put(tmp_path, "exchange-asking")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE unwitnessed")
    journal = Journal(path)
    assert journal.rows("SELECT * FROM unwitnessed") == []
    journal.close()


def test_a_page_gets_its_mark(tmp_path: Path) -> None:
    page.connect(tmp_path / "page.db", LOG_KEY).close()
    with closing(sqlite3.connect(tmp_path / "page.db")) as connection:
        connection.execute("PRAGMA application_id = 0")
    page.connect(tmp_path / "page.db", LOG_KEY).close()
    assert marks(tmp_path / "page.db") == (page.PAGE.application_id, page.PAGE.version)


def test_no_file_passes_for_another(tmp_path: Path) -> None:
    assert len({schema.application_id for schema in SCHEMAS}) == len(SCHEMAS)
    for made in SCHEMAS:
        open_database(tmp_path / made.name, made).close()
        for other in SCHEMAS:
            if other is not made:
                with pytest.raises(StateError) as refused:
                    open_database(tmp_path / made.name, other)
                assert refused.value.code == "database-foreign"


@pytest.mark.parametrize("name", OPENED)
def test_no_unmarked_file_passes_for_another(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name)
    for other in SCHEMAS:
        if other is not OPENED[name][0]:
            with pytest.raises(StateError):
                open_database(path, other)
    assert marks(path)[0] == 0


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_a_later_version_is_refused(tmp_path: Path, schema: Schema) -> None:
    open_database(tmp_path / schema.name, schema).close()
    with closing(sqlite3.connect(tmp_path / schema.name)) as connection:
        connection.execute(f"PRAGMA user_version = {schema.version + 1:d}")
    with pytest.raises(StateError, match=schema.name) as refused:
        open_database(tmp_path / schema.name, schema)
    assert refused.value.code == "database-newer"
