"""``concordat audit`` on exported logs: what is printed, kept and refused."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest

from keys.errors import KeyFileError
from matcher.auditor import source
from matcher.auditor.browse import build
from matcher.auditor.browse.schema import PAGE_FILE
from matcher.auditor.checks import CHECKS
from matcher.auditor.commands import register
from matcher.auditor.export import export
from matcher.auditor.mirror.reading import keep_agreement
from matcher.auditor.mirror.store import MirrorStore
from matcher.auditor.mirror.updating import verify_copy
from matcher.protocol import checkpoint, merkle, tiles
from matcher.protocol.checkpoint import Checkpoint
from matcher.text import edge
from tests.auditor.world import BANK, LOG_KEY, ORIGIN, Source, World, finding, key, public

BUNDLE = "tile/entries/000.p/17"


class Auditor:
    """An auditor's home, and the command line."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self._capsys = capsys
        path.mkdir()
        self.write("party.json", {"format": "concordat-party-v1", "party": "audit-office", "auditor": True})
        self.write(
            "service.json",
            {"address": "localhost:1", "origin": ORIGIN, "log_key": LOG_KEY, "tls_certificate": "certificate"},
        )

    def write(self, name: str, value: object) -> None:
        (self.path / name).write_text(json.dumps(value))

    def run(self, *arguments: str, home: bool = True) -> tuple[int, str, str]:
        group = click.Group("concordat")
        register(group)
        edge.share_options(group, people=True)
        given = ["--home", str(self.path)] if home else []
        status = edge.run(group, [*given, "audit", *arguments], KeyFileError)
        shown = self._capsys.readouterr()
        return status, shown.out, shown.err

    def json(self, *arguments: str, home: bool = True) -> tuple[int, dict[str, Any], dict[str, Any]]:
        status, out, err = self.run(*arguments, "--json", home=home)
        return status, json.loads(out or "{}"), json.loads(err or "{}").get("error", {})

    def evidence(self) -> list[str]:
        directory = self.path / "evidence"
        return sorted(file.read_text() for file in directory.iterdir()) if directory.is_dir() else []


@pytest.fixture
def auditor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Auditor:
    return Auditor(tmp_path / "home", capsys)


def exported(world: World, path: Path) -> str:
    export(Source(world), path)
    return str(path)


def test_a_good_log_is_verified_and_remembered(auditor: Auditor, tmp_path: Path) -> None:
    world = World.good()
    status, result, _ = auditor.json("verify", "--from", exported(world, tmp_path / "first"))
    assert status == 0
    assert (result["verified"], result["size"], result["extends"], result["failures"]) == (True, 17, None, [])
    assert result["findings"] == {"opened": 1, "refused": 1}
    assert result["witnessed"] is False
    [kept] = (auditor.path / "checkpoints").iterdir()
    assert kept.read_text() == world.checkpoint()
    world.request(3)
    status, result, _ = auditor.json("verify", "--from", exported(world, tmp_path / "second"))
    assert (status, result["extends"], result["size"]) == (0, 17, 18)


def test_a_rollback_and_a_fork_are_kept_as_evidence(auditor: Auditor, tmp_path: Path) -> None:
    long, short, fork = World.good(), World.good(), World.good()
    long.request(3)
    fork.request(4)
    auditor.json("verify", "--from", exported(long, tmp_path / "long"))
    for world, reason in ((short, "rollback"), (fork, "fork")):
        status, result, error = auditor.json("verify", "--from", exported(world, tmp_path / reason))
        assert (status, result["verified"], error["code"]) == (7, False, "verification")
        assert reason in error["message"]
        assert "evidence" in error["remedy"]
    assert auditor.evidence() == sorted([long.checkpoint(), short.checkpoint(), long.checkpoint(), fork.checkpoint()])
    [kept] = (auditor.path / "checkpoints").iterdir()
    assert kept.read_text() == long.checkpoint()


def test_a_log_that_breaks_a_check_is_refused_by_number_and_followed_on(auditor: Auditor, tmp_path: Path) -> None:
    world = World.good()
    world.deliver(2)
    status, result, error = auditor.json("verify", "--from", exported(world, tmp_path / "log"))
    assert status == 7
    assert [(item["check"], item["entry"]) for item in result["failures"]] == [(22, 17)]
    assert "check 22, entry 17" in error["message"]
    assert auditor.evidence() == []
    assert (auditor.path / "checkpoints").is_dir()


def test_what_a_person_reads(auditor: Auditor, tmp_path: Path) -> None:
    world = World.good()
    directory = exported(world, tmp_path / "log")
    status, out, err = auditor.run("verify", "--from", directory)
    assert (status, err) == (0, "")
    assert "all 27 checks hold" in out
    assert "UNWITNESSED" in out
    world.deliver(2)
    status, out, err = auditor.run("verify", "--from", exported(world, tmp_path / "wrong"))
    assert status == 7
    assert "22" in out
    assert "does not verify" in err


def test_an_export_needs_no_home_when_the_key_is_given(auditor: Auditor, tmp_path: Path) -> None:
    directory = exported(World.good(), tmp_path / "log")
    status, result, _ = auditor.json("verify", "--from", directory, "--log-key", LOG_KEY, home=False)
    assert (status, result["verified"]) == (0, True)
    status, shown, _ = auditor.json("show", "--from", directory, "--log-key", LOG_KEY, home=False)
    assert (status, len(shown["entries"])) == (0, 17)
    status, _, error = auditor.json("verify", "--log-key", LOG_KEY)
    assert (status, error["code"]) == (3, "input")


def test_show_lists_who_when_what_and_why(auditor: Auditor, tmp_path: Path) -> None:
    directory = exported(World.good(), tmp_path / "log")
    status, result, _ = auditor.json("show", "--from", directory, "--finding", finding(1)[:16].upper())
    assert status == 0
    assert [line["type"] for line in result["entries"]] == [
        "reveal-requested", "reveal-approved", "reveal-delivered", "reveal-opened",
    ]  # fmt: skip
    assert {line["case"] for line in result["entries"]} == {"LB-2022-17"}
    approved = result["entries"][1]
    assert (approved["party"], approved["person"]) == (BANK, "chen.jie")
    assert (approved["purpose"], approved["case"]) == ("wage-inspection", "LB-2022-17")
    status, result, _ = auditor.json("show", "--from", directory, "--last", "2")
    assert [line["index"] for line in result["entries"]] == [15, 16]
    status, out, _ = auditor.run("show", "--from", directory)
    assert status == 0
    assert "zhang.min" in out


def test_show_shows_nothing_that_is_not_signed(auditor: Auditor, tmp_path: Path) -> None:
    directory = tmp_path / "log"
    exported(World.good(), directory)
    file = directory / BUNDLE
    file.write_bytes(file.read_bytes().replace(b'"rows":10}', b'"rows":11}'))
    status, out, err = auditor.run("show", "--from", str(directory))
    assert (status, out) == (7, "")
    assert "what the entries make it" in err or "fit together" in err


def _drop_last(data: bytes) -> bytes:
    return tiles.bundle(tiles.parse_bundle(data, 17)[:-1])


DAMAGES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "an entry more": ("tile/entries/000.p/17", lambda data: data + tiles.bundle([b"{}"])),
    "an entry less": ("tile/entries/000.p/17", _drop_last),
    "a bundle cut short": ("tile/entries/000.p/17", lambda data: data[:-1]),
    "a bundle far too long": ("tile/entries/000.p/17", lambda data: data + bytes(257 * 65_537)),
    "a hash changed": ("tile/0/000.p/17", lambda data: bytes((data[0] ^ 1,)) + data[1:]),
    "a hash more": ("tile/0/000.p/17", lambda data: data + bytes(32)),
    "a hash less": ("tile/0/000.p/17", lambda data: data[:-32]),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_export_is_refused(auditor: Auditor, tmp_path: Path, name: str) -> None:
    directory = tmp_path / "log"
    exported(World.good(), directory)
    path, damage = DAMAGES[name]
    file = directory / path
    file.write_bytes(damage(file.read_bytes()))
    status, result, _ = auditor.json("verify", "--from", str(directory))
    assert status == 7
    assert "3" in result["failed"]
    assert not (auditor.path / "checkpoints").exists()


@pytest.mark.parametrize("path", ["tile/entries/000.p/17", "tile/0/000.p/17"])
def test_an_export_without_one_of_its_files_is_refused(auditor: Auditor, tmp_path: Path, path: str) -> None:
    directory = tmp_path / "log"
    exported(World.good(), directory)
    (directory / path).unlink()
    status, result, _ = auditor.json("verify", "--from", str(directory))
    assert (status, list(result["failed"])) == (7, ["3"])
    assert path in result["failures"][0]["reason"]


def test_missing_and_oversized_agreement_files(auditor: Auditor, tmp_path: Path) -> None:
    world = World.good()
    for number, change in enumerate((Path.unlink, lambda path: path.write_bytes(bytes(2 << 20)))):
        directory = tmp_path / f"log{number}"
        exported(world, directory)
        change(directory / source.AGREEMENTS_DIRECTORY / world.agreement.digest.hex() / source.AGREEMENT_FILE)
        status, result, _ = auditor.json("verify", "--from", str(directory))
        assert (status, result["failed"]) == (7, {"12": 14})


def test_homes_that_cannot_audit(auditor: Auditor, tmp_path: Path) -> None:
    directory = exported(World.good(), tmp_path / "log")
    assert auditor.json("verify", "--from", str(tmp_path))[2]["code"] == "input"
    auditor.write("party.json", {"format": "concordat-party-v1", "party": BANK, "auditor": False})
    assert auditor.json("verify", "--from", directory)[2]["code"] == "state"
    auditor.write("party.json", ["damaged"])
    assert auditor.json("verify", "--from", directory)[2]["code"] == "input"
    (auditor.path / "party.json").unlink()
    assert auditor.json("verify", "--from", directory)[2]["code"] == "state"


def test_export_overwrites_nothing(tmp_path: Path) -> None:
    world = World.good()
    directory = tmp_path / "log"
    exported(world, directory)
    assert (directory / BUNDLE).read_bytes() == tiles.bundle(world.entries)
    with pytest.raises(Exception, match="not empty"):
        export(Source(world), directory)


def test_export_keeps_a_log_that_does_not_verify(auditor: Auditor, tmp_path: Path) -> None:
    world = World.good()
    world.append(b'{"no":"entry"}')
    status, result, _ = auditor.json("verify", "--from", exported(world, tmp_path / "log"))
    assert (status, result["failed"]) == (7, {"4": 1})
    world.append(bytes(tiles.MAX_ENTRY_BYTES + 1))
    with pytest.raises(Exception, match="65536 bytes"):
        export(Source(world), tmp_path / "other")


def kept_copy(auditor: Auditor, world: World) -> MirrorStore:
    store = MirrorStore(auditor.path / "mirror.db", LOG_KEY)
    store.append(0, world.entries, world.checkpoint())
    for digest, papers in world.agreement_files.items():
        keep_agreement(auditor.path, digest, *papers)
    return store


def test_a_copy_is_verified_offline_with_all_that_it_keeps(auditor: Auditor) -> None:
    world = World.good()
    store = kept_copy(auditor, world)
    status, out, _ = auditor.run("verify", "--copy")
    assert (status, f"all {len(CHECKS) - 1} checks hold" in out) == (0, True)
    store.database.execute("UPDATE entries SET actor = ? WHERE idx = 12", ["bank-regulator"])
    store.close()
    status, result, error = auditor.json("verify", "--copy")
    assert (status, result["failed"]) == (7, {"28": 1})
    assert result["failures"][0]["entry"] == 12
    assert "does not verify" in error["message"]


def test_a_copy_may_hold_more_than_its_newest_checkpoint_covers(auditor: Auditor) -> None:
    """A batch may have been fetched for a larger checkpoint; its edge is held to it all the same."""
    world = World.good()
    store = kept_copy(auditor, world)
    more = World.good()
    more.request(3)
    more.list_findings("labour-bureau")
    store.append(len(world.entries), more.entries[len(world.entries) :])
    assert auditor.json("verify", "--copy")[0] == 0
    edge = merkle.CompactRange.from_bytes(store.kept()[0])
    edge.append(bytes(32))
    store.database.execute("UPDATE log SET edge = ?", [edge.to_bytes()])
    store.close()
    status, result, _ = auditor.json("verify", "--copy")
    assert (status, result["failed"]) == (7, {"28": 1})
    reason = f"the edge of the tree is not that of the {len(more.entries)} entries held"
    assert result["failures"][0]["reason"] == reason


def test_every_checkpoint_of_a_copy_is_held_to_the_entries(auditor: Auditor) -> None:
    """Several within one batch, and that of no entries at all."""
    world = World.good()
    store = kept_copy(auditor, world)
    for size in (0, 3, 4, 11):
        note = checkpoint.sign(world.point(size), public("log"), key("log").sign)
        store.database.execute(
            "INSERT INTO checkpoints VALUES (?, ?, ?, '[]')", [size, note, world.point(size).root]
        )  # fmt: skip
    assert auditor.json("verify", "--copy")[0] == 0
    store.database.execute("UPDATE checkpoints SET root = zeroblob(32) WHERE size IN (0, 4)")
    forged = checkpoint.sign(Checkpoint(ORIGIN, 11, bytes(32)), public("log"), key("log").sign)
    store.database.execute("UPDATE checkpoints SET note = ?, root = zeroblob(32) WHERE size = 11", [forged])
    store.close()
    status, result, _ = auditor.json("verify", "--copy")
    assert (status, result["failed"]) == (7, {"28": 3})
    sizes = [failure["reason"].split()[4] for failure in result["failures"]]
    assert sizes == ["0", "4", "11"]


def test_a_copy_whose_newest_cosignature_is_damaged_says_that_alone(auditor: Auditor) -> None:
    """Nothing is read then, so nothing is said of the rest."""
    store = kept_copy(auditor, World.good())
    store.database.execute("UPDATE checkpoints SET cosignatures = ?", [json.dumps(["no signature line"])])
    store.close()
    status, result, _ = auditor.json("verify", "--copy")
    assert (status, result["failed"]) == (7, {"1": 1})


def test_a_copy_that_is_no_database_or_not_there_is_refused(auditor: Auditor, tmp_path: Path) -> None:
    status, _, error = auditor.json("verify", "--copy")
    assert (status, error["message"]) == (5, "this home holds no copy of the log")
    status, _, error = auditor.json("verify", "--copy", "--from", exported(World.good(), tmp_path / "log"))
    assert (status, error["message"]) == (3, "--copy does not go with --from")


def test_a_log_without_the_rows_of_its_runs_is_not_said_to_be_made_again(auditor: Auditor, tmp_path: Path) -> None:
    log = exported(World.good(), tmp_path / "log")
    (tmp_path / "rows").mkdir()
    status, _, error = auditor.json("verify", "--from", log, "--segments", str(tmp_path / "rows"))
    assert (status, error["message"]) == (5, "no match run of this log has all its rows in that directory")


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE acts SET party = 'bank-regulator' WHERE idx = 12",
        "DELETE FROM acts WHERE idx = 16",
        "UPDATE acts SET about_zh = '' WHERE idx = 13",
        "UPDATE findings SET state = 'refused'",
        "UPDATE reasons SET purpose = 'other'",
        "UPDATE usage SET used = used - 1",
        "DELETE FROM finding_acts",
    ],
)
def test_a_page_that_somebody_edited_is_named(auditor: Auditor, edit: str) -> None:
    kept_copy(auditor, World.good()).close()
    with closing(MirrorStore(auditor.path / "mirror.db", LOG_KEY)) as store:
        report = verify_copy(auditor.path, store, LOG_KEY, None, lambda _: None)
        build.build(auditor.path, store, report)
    assert auditor.run("verify", "--copy")[0] == 0
    with closing(sqlite3.connect(auditor.path / PAGE_FILE)) as page:
        assert page.execute(edit).rowcount > 0
        page.commit()
    status, result, _ = auditor.json("verify", "--copy")
    assert (status, result["failed"]) == (7, {"28": 1})
    assert "of the page" in result["failures"][0]["reason"]
