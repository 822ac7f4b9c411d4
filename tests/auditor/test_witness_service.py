"""``concordat audit witness`` against a real service: what the command says, and that the service serves it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
import pytest

from keys.errors import KeyFileError
from matcher.agency import setup
from matcher.auditor.commands import register
from matcher.auditor.mirror.store import MirrorStore
from matcher.auditor.witness import command
from matcher.protocol import checkpoint, cosignature, proof
from matcher.protocol.checkpoint import Checkpoint
from matcher.service.acts import directory
from matcher.service.store import log
from matcher.text import edge
from tests import other_readers
from tests.service import paper
from tests.service.evaluation import ELEMENTS, ask
from tests.service.world import World, new_template

PASSPHRASE = "an auditor's"


class Office:
    """An auditor's home, whose card the service admitted, and the command line."""

    def __init__(self, path: Path, world: World) -> None:
        self.path, self.world = path, world
        self.passphrase = path.parent / "passphrase"
        self.passphrase.write_text(PASSPHRASE)
        self.passphrase.chmod(0o600)
        card = setup.create_home(path, paper.AUDITOR, PASSPHRASE, {}, auditor=True, holder=False, now=world.now())
        directory.admit(world.storage.database, world.storage.log, card, world.clock)
        self.point_to(world.public.log_key)
        self.key = (path / "witness.vkey").read_text().strip()

    def point_to(self, log_key: str) -> None:
        public = replace(self.world.public, address=self.world.server.address, log_key=log_key)
        (self.path / "service.json").write_text(json.dumps(asdict(public)))

    def run(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], list[Any]]:
        return self.audit(capsys, "witness", *arguments)

    def audit(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], list[Any]]:
        group = click.Group("concordat")
        register(group)
        edge.share_options(group, people=True)
        options = ["--home", str(self.path), "--passphrase-file", str(self.passphrase)]
        status = edge.run(group, [*options, "audit", *arguments, "--json"], KeyFileError)
        shown = capsys.readouterr()
        return status, json.loads(shown.out or "{}"), [json.loads(line) for line in shown.err.splitlines()]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    world = World(tmp_path / "service", new_template(tmp_path / "template"))
    try:
        world.admit(paper.ASKING, paper.ANSWERING)
        made = Office(tmp_path / "office", world)
        world.agree(threshold=1, witnesses=f'"{made.key}"')
        yield made
    finally:
        world.stop()


def served(office: Office) -> dict[str, int]:
    signed = office.world.channel(paper.ASKING).checkpoint(agreement=office.world.agreement.digest)
    return cosignature.require(signed, office.world.agreement.witnesses, 1)


def test_once_cosigns_the_newest_checkpoint(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    status, result, lines = office.run(capsys, "--once")
    size = len(office.world.log())
    assert (status, result) == (0, {"cosigned": 1, "size": size})
    assert [line["act"] for line in lines] == ["started", "cosigned"]
    assert list(served(office)) == ["audit/witness"]
    store = MirrorStore(office.path / "mirror.db", office.world.public.log_key)
    assert store.head().size == size
    store.close()


def test_it_goes_on_until_stopped_and_cosigns_at_once(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stops: list[Any] = []
    monkeypatch.setattr(command.signal, "signal", lambda _number, handler: stops.append(handler))
    asking = office.world.channel(paper.ASKING)

    def act() -> None:
        index = asking.send(ask(office.world), ELEMENTS).index
        signed = asking.checkpoint(index + 1, office.world.agreement.digest, wait_seconds=20)
        assert checkpoint.verify(signed, office.world.public.log_key).size > index
        stops[0](0, None)

    acting = threading.Timer(0.5, act)
    acting.start()
    status, result, _lines = office.run(capsys)
    acting.join()
    assert status == 0
    assert result["cosigned"] >= 2


def test_a_fork_ends_it_loudly(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.run(capsys, "--once")
    world = office.world
    size = len(world.log())
    forged = checkpoint.sign(
        Checkpoint(world.public.origin, size, bytes(32)), world.keys.log.public, world.keys.log.sign
    )
    with world.storage.database.write() as transaction:
        transaction.execute("DELETE FROM cosignatures")
        transaction.execute("UPDATE checkpoints SET note = ? WHERE size = ?", [forged, size])
    status, _result, lines = office.run(capsys, "--once")
    assert status == 7
    assert [line.get("act") for line in lines[:-1]] == ["started", "refused"]
    assert lines[-1]["error"]["code"] == "log-history"
    assert sorted(path.name for path in (office.path / "evidence").iterdir()) == ["0001-seen.note", "0001-shown.note"]
    assert (office.path / "evidence" / "0001-shown.note").read_text() == forged


def test_a_witness_that_no_agreement_names_is_told_so(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    (office.path / "keys" / "witness.key").unlink()
    status, _result, lines = office.run(capsys, "--once")
    assert status == 5
    assert lines[-1]["error"]["code"] == "not-a-witness"


def test_a_silent_service_is_waited_for_but_not_once(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    office.world.stop()
    status, _result, lines = office.run(capsys, "--once")
    assert (status, lines[-1]["error"]["code"]) == (6, "unreachable")
    stops: list[Any] = []
    monkeypatch.setattr(command.signal, "signal", lambda _number, handler: stops.append(handler))
    threading.Timer(1.0, lambda: stops[0](0, None)).start()
    status, result, lines = office.run(capsys)
    assert (status, result["cosigned"]) == (0, 0)
    assert lines[-1] == {"time": lines[-1]["time"], "act": "waiting", "reason": "unreachable"}


def test_the_proof_of_an_entry_is_a_file_that_others_verify(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    office.run(capsys, "--once")
    size, path = len(office.world.log()), tmp_path / "entry.tlog-proof"
    for index in range(size):
        status, result, _lines = office.audit(capsys, "proof", str(index), "--out", str(path))
        assert (status, result["size"]) == (0, size)
        found = other_readers.read_proof(path.read_text(), office.world.public.log_key, (office.key,))
        with office.world.storage.database.read() as transaction:
            [(_position, entry)] = log.entries(transaction, index, 1)
        assert found == (index, entry, {"audit/witness"})
    keys = ("--log-key", office.world.public.log_key, "--witness", office.key)
    status, result, _lines = office.audit(capsys, "check-proof", str(path), *keys)
    assert (status, result["type"], list(result["witnesses"])) == (0, "agreement-in-force", ["audit/witness"])
    assert office.audit(capsys, "check-proof", str(path))[0] == 0
    other = cosignature.verifier_key("other/witness", bytes(range(32)))
    assert office.audit(capsys, "check-proof", str(path), "--witness", other)[2][-1]["error"]["code"] == "verification"
    assert office.audit(capsys, "proof", str(size))[2][-1]["error"]["code"] == "not-found"


@pytest.mark.parametrize("damage", ["entry", "hash", "signature", "no entry", "no text"])
def test_a_damaged_proof_is_refused(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    path = tmp_path / "entry.tlog-proof"
    office.audit(capsys, "proof", "2", "--out", str(path))
    given = proof.parse(path.read_text())
    changed = {
        "entry": lambda: replace(given, extra=b"{}"),
        "hash": lambda: replace(given, hashes=(bytes(32), *given.hashes[1:])),
        "signature": lambda: replace(given, signed=given.signed.replace(given.signed[-20:-10], "AAAAAAAAAA")),
        "no entry": lambda: replace(given, extra=None),
        "no text": lambda: given,
    }[damage]()
    path.write_bytes(b"\xff" if damage == "no text" else proof.render(changed).encode())
    status, _result, lines = office.audit(capsys, "check-proof", str(path))
    assert status in (3, 7)
    assert lines[-1]["error"]["code"] in ("verification", "input")
