"""HOME/page.db: what the page shows, derived from the mirror and made anew whenever it is missing.

    acts            one row an entry, in words, in both languages
    finding_acts    which entries belong to the trail of which finding
    findings        the case of every finding that was asked for, as of the newest entry
    reasons         purpose and case by the digest of the message that stated them
    sealed, runs    where a manifest and a run stand in the log
    usage           what of each quota is used; versions: which agreement a digest is of
    failures        checks that an entry breaks
    status          one row: how far, and what the verification found
    search          the words of each act; a Chinese character is a word, so that two of them are found

``access_log`` and ``access_log_zh`` are the table a person reads, filters and exports.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from matcher.storage import Schema, open_database, open_read_only, tables_of

PAGE_FILE = "page.db"
LOGS = {"en": "access_log", "zh": "access_log_zh"}
ENTRY_COLUMNS = {"access_log": "entry", "access_log_zh": "编号"}
_TABLES = """
CREATE TABLE acts (
    idx INTEGER PRIMARY KEY, at TEXT NOT NULL, day TEXT NOT NULL, hour INTEGER NOT NULL, weekday INTEGER NOT NULL,
    type TEXT NOT NULL, party TEXT NOT NULL, person TEXT NOT NULL, recipient TEXT NOT NULL, flow TEXT NOT NULL,
    period TEXT NOT NULL, purpose TEXT NOT NULL, case_ref TEXT NOT NULL, act_en TEXT NOT NULL, act_zh TEXT NOT NULL,
    about_en TEXT NOT NULL, about_zh TEXT NOT NULL
) STRICT;
CREATE INDEX acts_type ON acts (type, day);
CREATE TABLE finding_acts (
    finding TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (finding, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE findings (
    id TEXT PRIMARY KEY, state TEXT NOT NULL, asking TEXT NOT NULL, answering TEXT NOT NULL, purpose TEXT NOT NULL,
    case_ref TEXT NOT NULL, requested_at TEXT NOT NULL, request INTEGER NOT NULL, expiry INTEGER NOT NULL
) STRICT;
CREATE TABLE reasons (digest TEXT PRIMARY KEY, purpose TEXT NOT NULL, case_ref TEXT NOT NULL) STRICT;
CREATE TABLE sealed (manifest TEXT PRIMARY KEY, idx INTEGER NOT NULL) STRICT;
CREATE TABLE runs (digest TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (digest, idx)) STRICT;
CREATE TABLE versions (digest TEXT PRIMARY KEY, agreement TEXT NOT NULL) STRICT;
CREATE TABLE usage (
    agreement TEXT NOT NULL, party TEXT NOT NULL, what TEXT NOT NULL, scope TEXT NOT NULL, used INTEGER NOT NULL,
    quota INTEGER NOT NULL, PRIMARY KEY (agreement, party, what, scope)
) STRICT;
CREATE TABLE failures (number INTEGER NOT NULL, idx INTEGER, reason TEXT NOT NULL) STRICT;
CREATE TABLE status (id INTEGER PRIMARY KEY CHECK (id = 1), log_key TEXT NOT NULL, size INTEGER NOT NULL,
    verified_at INTEGER NOT NULL, report TEXT NOT NULL) STRICT;
CREATE VIRTUAL TABLE search USING fts5(words, content='', tokenize='unicode61');
CREATE VIEW access_log AS SELECT idx AS entry, at AS time, party, person, act_en AS act, purpose, case_ref AS "case",
    flow, period, recipient AS "to", about_en AS about FROM acts;
CREATE VIEW access_log_zh AS SELECT idx AS 编号, at AS 时间, party AS 单位, person AS 人员, act_zh AS 操作,
    purpose AS 用途, case_ref AS 案号, flow AS 流程, period AS 期间, recipient AS 对方, about_zh AS 内容 FROM acts;
"""


# What FTS5 keeps of ``search`` in tables of its own.
_WORDS = frozenset(("search_data", "search_idx", "search_docsize", "search_config"))
PAGE = Schema(
    name=PAGE_FILE,
    application_id=int.from_bytes(b"CdPa"),
    unmarked=tables_of(_TABLES) | _WORDS,
    steps=(_TABLES,),
    remedy="Remove page.db: it is made anew from mirror.db.",
)


def connect(path: Path, log_key: str) -> sqlite3.Connection:
    """Open ``path`` for writing, made anew if it is of another log. Raises StateError: not ours, or a later version."""
    connection = open_database(path, PAGE)
    found = connection.execute("SELECT log_key FROM status").fetchone()
    if found is not None and found != (log_key,):
        connection.close()
        for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            name.unlink(missing_ok=True)
        return connect(path, log_key)
    if found is None:
        connection.execute("INSERT INTO status VALUES (1, ?, 0, 0, '{}')", (log_key,))
    return connection


def read_only(path: Path) -> sqlite3.Connection:
    """Open ``path`` for one page; rows by column name. Raises StateError as ``connect``."""
    connection = open_read_only(path, PAGE)
    connection.row_factory = sqlite3.Row
    return connection
