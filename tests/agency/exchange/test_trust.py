"""The kept checkpoint: only extended by what is proved to extend it; forks and rollbacks are refused and kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from keys.signing import SigningKey
from matcher.agency.exchange.trust import LogTrust
from matcher.protocol import checkpoint, entries, merkle
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import UnreachableError, VerificationError
from tests.agency.exchange.world import ORIGIN, LogService


@pytest.fixture
def service() -> LogService:
    log = LogService()
    for number in range(5):
        facts = {"agreement_id": "world", "version": number, "matching": "00" * 32}
        log.append(entries.without_message("agreement-in-force", 1, facts, agreement=bytes([1]) * 32))
    return log


@pytest.fixture
def trust(tmp_path: Path, service: LogService) -> LogTrust:
    return LogTrust(tmp_path, service, ORIGIN, service.log_key)


def grow(log: LogService, version: int) -> None:
    facts = {"agreement_id": "world", "version": version, "matching": "00" * 32}
    log.append(entries.without_message("agreement-in-force", 1, facts, agreement=bytes([1]) * 32))


def test_an_entry_is_believed_with_its_proof(trust: LogTrust, service: LogService) -> None:
    entry = trust.verify_logged(service.logged(3))
    assert entry.facts["version"] == 3
    assert trust.last() == service.checkpoint()


def test_a_newer_checkpoint_replaces_the_kept_one_and_an_older_one_does_not(
    trust: LogTrust, service: LogService
) -> None:
    older = service.checkpoint()
    trust.accept(older)
    grow(service, 9)
    trust.accept(service.checkpoint())
    assert trust.accept(older).size == 5  # a reply may be older than what another command has seen meanwhile
    assert trust.last() == service.checkpoint()


@pytest.mark.parametrize("change", ["index", "entry", "inclusion"])
def test_a_wrong_proof(trust: LogTrust, service: LogService, change: str) -> None:
    logged = service.logged(3)
    changes: dict[str, object] = {
        "index": 2,
        "entry": logged.entry[:-1],
        "inclusion": (bytes(32), *logged.inclusion[1:]),
    }
    with pytest.raises(VerificationError):
        trust.verify_logged(replace(logged, **{change: changes[change]}))  # type: ignore[arg-type]


def test_another_key_or_origin(tmp_path: Path, service: LogService) -> None:
    foreign = LogService()
    with pytest.raises(VerificationError):
        LogTrust(tmp_path, service, ORIGIN, foreign.log_key).accept(service.checkpoint())
    with pytest.raises(VerificationError, match="log"):
        LogTrust(tmp_path, service, "other.example/log", service.log_key).accept(service.checkpoint())
    assert not list(tmp_path.glob("checkpoint-*"))


def test_a_fork_of_the_same_size_and_of_another(tmp_path: Path, trust: LogTrust, service: LogService) -> None:
    fork = service.fork()
    grow(fork, 7)
    grow(service, 8)
    trust.accept(service.checkpoint())
    with pytest.raises(VerificationError, match="history"):
        trust.accept(fork.checkpoint())
    grow(fork, 9)
    with pytest.raises(VerificationError, match="history"):
        LogTrust(tmp_path, fork, ORIGIN, fork.log_key).accept(fork.checkpoint())
    kept = {file.read_text() for file in (tmp_path / "evidence").iterdir()}
    assert {service.checkpoint(), fork.checkpoint()} <= kept
    assert trust.last() == service.checkpoint()


def test_a_new_origin_begins_anew_beside_the_old_log(tmp_path: Path, trust: LogTrust, service: LogService) -> None:
    trust.accept(service.checkpoint())
    fresh = LogService()
    grow(fresh, 1)
    point = Checkpoint("next.example/log", 1, merkle.root(fresh.entries))
    note = checkpoint.sign(point, fresh.key.public, fresh.key.sign)
    following = LogTrust(
        tmp_path, fresh, "next.example/log", checkpoint.verifier_key("next.example/log", fresh.key.public)
    )
    assert following.last() == ""
    assert following.accept(note).size == 1
    assert trust.last() == service.checkpoint()


def test_a_rollback(tmp_path: Path, trust: LogTrust, service: LogService) -> None:
    trust.accept(service.checkpoint())
    del service.entries[3:]
    with pytest.raises(VerificationError, match="history"):
        trust.accept(service.checkpoint())
    assert len(list((tmp_path / "evidence").iterdir())) == 2


def test_an_unreachable_service_is_no_evidence(
    tmp_path: Path, trust: LogTrust, service: LogService, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust.accept(service.checkpoint())
    grow(service, 9)

    def fail(_first: int, _second: int) -> list[bytes]:
        raise UnreachableError("no answer")

    monkeypatch.setattr(service, "consistency", fail)
    with pytest.raises(UnreachableError):
        trust.accept(service.checkpoint())
    assert not (tmp_path / "evidence").exists()


def test_another_command_may_keep_a_newer_one_meanwhile(
    tmp_path: Path, trust: LogTrust, service: LogService, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust.accept(service.checkpoint())
    grow(service, 8)
    ours = service.checkpoint()
    grow(service, 9)
    theirs = service.checkpoint()
    other = LogTrust(tmp_path, service, ORIGIN, service.log_key)
    honest = service.consistency

    def meanwhile(first: int, second: int) -> list[bytes]:
        monkeypatch.setattr(service, "consistency", honest)
        other.accept(theirs)
        return honest(first, second)

    monkeypatch.setattr(service, "consistency", meanwhile)
    trust.accept(ours)
    assert trust.last() == theirs


def test_a_note_under_another_key_is_not_kept(trust: LogTrust, service: LogService) -> None:
    seen = trust.accept(service.checkpoint())
    service.key, real = SigningKey.generate(), service.key
    foreign = service.checkpoint()
    service.key = real
    with pytest.raises(VerificationError):
        trust.require_consistent_with(foreign, seen)
    trust.require_consistent_with(service.checkpoint(), seen)
