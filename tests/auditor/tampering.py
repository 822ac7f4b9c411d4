"""Changes to a log wherever it stands, at random, and who names each: verify for export and copy, the witness live.

Three victims are told the same story. An export and a mirror are changed on disk and verified; a service that signs
whatever it likes is followed by a witness who holds its first half. ``run`` applies one change, puts everything back,
and says by which words it was named; an empty answer is a change that nobody noticed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from keys.signing import SigningKey
from matcher.auditor import export as exporting
from matcher.auditor.mirror.reading import keep_agreement
from matcher.auditor.mirror.store import MirrorStore
from matcher.auditor.mirror.updating import verify_copy
from matcher.auditor.source import DirectorySource
from matcher.auditor.verify import Report, verify
from matcher.auditor.witness.witness import Witness
from matcher.protocol import canonical, checkpoint, cosignature, merkle, note, tiles
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import ConcordatError
from tests.auditor.live_log import Log
from tests.auditor.world import AUDIT, LABOUR, LOG_KEY, ORIGIN, World, key, public

WITNESS_KEY = SigningKey.generate()
WITNESS_NAME = cosignature.witness_name(AUDIT)
WITNESS = cosignature.verifier_key(WITNESS_NAME, WITNESS_KEY.public)
NOW = 1_700_000_000
HELD = 150  # what the witness holds of the live log
Files = dict[str, bytes | None]


def story() -> World:
    """A signed story under an agreement with a witness, then listings: two entry bundles, two levels of tiles."""
    world = World(witnesses=[WITNESS], threshold=1)
    world.tell()
    for _listing in range(260):
        world.list_findings(LABOUR)
    return world


def signed(leaves: list[bytes], size: int | None = None, root: bytes | None = None) -> str:
    """A checkpoint with the log's own signature and the witness's: what an operator and a witness can make together."""
    point = Checkpoint(ORIGIN, len(leaves) if size is None else size, root or merkle.root(leaves[:size]))
    own = checkpoint.sign(point, public("log"), key("log").sign)
    line = cosignature.sign(note.parse(own).text, WITNESS_NAME, WITNESS_KEY.public, NOW, WITNESS_KEY.sign)
    return cosignature.attach(own, [line])


class Victims:
    """The export and the mirror of one story, under ``directory``."""

    def __init__(self, directory: Path) -> None:
        self.world = story()
        self.leaves = list(self.world.entries)
        self.note = signed(self.leaves)
        self.seen = checkpoint.verify(self.note, LOG_KEY)
        self.export = directory / "export"
        exporting.export(_Told(self.world, self.note), self.export)
        self.files = {
            str(path.relative_to(self.export)): path.read_bytes()
            for path in sorted(self.export.rglob("*")) if path.is_file()
        }  # fmt: skip
        self.home = directory / "home"
        self.home.mkdir()
        for digest, (matching, agreement) in self.world.agreement_files.items():
            keep_agreement(self.home, digest, matching, agreement)
        self.store = MirrorStore(self.home / "mirror.db", LOG_KEY)
        self.store.database.execute("PRAGMA synchronous = OFF")  # nothing here must outlive the power
        for end in (HELD, len(self.leaves)):
            point = cosignature.bare(signed(self.leaves, end), LOG_KEY)
            self.store.append(self.store.head().size, self.leaves[self.store.head().size : end], point)
        self.store.add_cosignatures(len(self.leaves), [self.note.splitlines(keepends=True)[-1]])
        self.witness_home = directory / "witness"
        self.witness_home.mkdir()
        with closing(MirrorStore(self.witness_home / "base.db", LOG_KEY)) as store:
            store.append(0, self.leaves[:HELD], cosignature.bare(signed(self.leaves, HELD), LOG_KEY))
            store.database.execute("PRAGMA journal_mode = DELETE")

    def names_in_export(self, changed: Mapping[str, bytes | None], seen: Checkpoint | None = None) -> str:
        """Verify the export with some files changed (None: gone), then put them back."""
        for name, data in changed.items():
            path = self.export / name
            path.unlink(missing_ok=True)
            if data is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        try:
            return _named(lambda: verify(DirectorySource(self.export), LOG_KEY, seen))
        finally:
            for name in changed:
                (self.export / name).unlink(missing_ok=True)
                if name in self.files:
                    (self.export / name).write_bytes(self.files[name])

    def rebuilt(self, leaves: list[bytes], text: str | None = None) -> Files:
        """The files of an export of ``leaves``, tiles and all, under ``text`` or under the true checkpoint."""
        made: Files = {name: None for name in self.files if name.startswith("tile/")}
        builder = tiles.TileBuilder()
        for leaf in leaves:
            made.update(builder.add(leaf))
        made.update(builder.finish())
        made["checkpoint"] = (text or self.note).encode()
        return made

    def names_in_copy(self, statements: list[tuple[str, list[object]]], seen: Checkpoint | None = None) -> str:
        """Verify the mirror with some rows changed, then put them back."""
        database = self.store.database
        before = {table: [tuple(row.values()) for row in database[table].rows] for table in database.table_names()}
        for sql, values in statements:
            database.execute(sql, values)
        try:
            return _named(lambda: verify_copy(self.home, self.store, LOG_KEY, seen, lambda _: None))
        finally:
            database.conn.execute("BEGIN")
            for table, rows in before.items():
                database.execute(f"DELETE FROM {table}")  # noqa: S608 - one of the store's own tables
                marks = ", ".join("?" * len(rows[0]))
                database.conn.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - likewise
            database.conn.execute("COMMIT")

    def names_live(self, log: Log) -> str:
        """Let the witness, who holds the first half, take its next step on ``log``."""
        home = self.witness_home
        (home / "mirror.db").write_bytes((home / "base.db").read_bytes())
        with closing(MirrorStore(home / "mirror.db", LOG_KEY)) as store:
            store.database.execute("PRAGMA synchronous = OFF")
            try:
                Witness(home, AUDIT, log, store, LOG_KEY, WITNESS_KEY, lambda: NOW).step()
            except ConcordatError as error:
                return str(error)
        return ""


class _Told:
    def __init__(self, world: World, text: str) -> None:
        self._world = world
        self._text = text
        self.entries = world.source_entries
        self.agreement_files = world.files

    def checkpoint(self) -> str:
        return self._text


def _named(check: Callable[[], Report]) -> str:
    try:
        report = check()
    except ConcordatError as error:
        return str(error)
    if report.failed:
        return str(report.failures[0])
    return "" if report.witnessed else "UNWITNESSED"


def flipped(data: bytes, chance: random.Random) -> bytes:
    """One byte is another."""
    place = chance.randrange(len(data))
    return data[:place] + bytes((data[place] ^ chance.randrange(1, 256),)) + data[place + 1 :]


def changed_text(text: str, chance: random.Random) -> str:
    """One character is another printable one."""
    place = chance.randrange(len(text))
    other = chance.choice([letter for letter in "aZ0+/=-x" if letter != text[place]])
    return text[:place] + other + text[place + 1 :]


def swapped(leaves: list[bytes], chance: random.Random) -> list[bytes]:
    """Two entries have changed places."""
    first, second = chance.sample(range(len(leaves)), 2)
    result = list(leaves)
    result[first], result[second] = result[second], result[first]
    return result


def broken_signature(leaves: list[bytes], chance: random.Random) -> list[bytes]:
    """One bit of one signature of a party or a person is another."""
    place = chance.choice([index for index, leaf in enumerate(leaves) if b'"signature"' in leaf])
    value = canonical.decode(leaves[place])
    name = chance.choice([name for name in ("signature", "person_signature") if name in value["message"]])
    signature = bytearray(canonical.unb64(value["message"][name]))
    signature[chance.randrange(64)] ^= 1 << chance.randrange(8)
    value["message"][name] = canonical.b64(bytes(signature))
    return [*leaves[:place], canonical.encode(value), *leaves[place + 1 :]]
