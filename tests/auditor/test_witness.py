"""The witness: it cosigns what it holds, keeps before it says, and refuses a log that changes, with evidence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keys.signing import SigningKey
from matcher.auditor.mirror import follow as following
from matcher.auditor.mirror.follow import HistoryError
from matcher.auditor.mirror.store import MirrorStore
from matcher.auditor.witness.witness import Witness
from matcher.protocol import checkpoint, cosignature, note
from matcher.protocol.errors import DeniedError, UnreachableError, VerificationError
from tests.auditor.live_log import NOW, Log
from tests.auditor.world import AUDIT, LABOUR, LOG_KEY, ORIGIN, World, key, public

KEY = SigningKey.generate()
WITNESS = cosignature.verifier_key("audit-office/witness", KEY.public)


class Home:
    def __init__(self, path: Path, log: Log) -> None:
        self.path = path
        self.log = log
        self.start()

    def start(self) -> None:
        self.store = MirrorStore(self.path / "mirror.db", LOG_KEY)
        self.witness = Witness(self.path, AUDIT, self.log, self.store, LOG_KEY, KEY, lambda: NOW)

    def restart(self) -> None:
        self.store.close()
        self.start()

    def evidence(self) -> dict[str, bytes]:
        directory = self.path / "evidence"
        return {path.name: path.read_bytes() for path in sorted(directory.iterdir())} if directory.is_dir() else {}


@pytest.fixture
def story() -> World:
    return World.good()


@pytest.fixture
def home(tmp_path: Path, story: World) -> Iterator[Home]:
    made = Home(tmp_path, Log(story.entries))
    yield made
    made.store.close()


def bare(log: Log) -> bytes:
    return cosignature.bare(log.checkpoint(), checkpoint.verifier_key(ORIGIN, public(log.signer))).encode()


def test_it_holds_every_leaf_and_cosigns(home: Home, story: World) -> None:
    done = home.witness.step()
    assert done is not None
    assert (done.size, done.time) == (17, NOW)
    assert list(home.store.leaves()) == story.entries
    [(size, line)] = home.log.lines
    signed = cosignature.attach(home.log.checkpoint(), [line])
    assert size == 17
    assert cosignature.require(signed, [WITNESS], 1) == {"audit-office/witness": NOW}
    assert home.witness.step() is None
    assert home.store.cosignatures(17) == [line]


def test_it_follows_a_log_that_grows_by_consistency_proofs(home: Home, story: World) -> None:
    home.witness.step()
    home.log.proofs.clear()
    for _ in range(3):
        story.list_findings(LABOUR)
        home.log.leaves = list(story.entries)
        assert home.witness.step() is not None
    assert home.log.proofs == [(17, 18), (18, 19), (19, 20)]
    assert [size for size, _line in home.log.lines] == [17, 18, 19, 20]


def test_a_long_log_is_kept_in_batches_each_proved(home: Home, story: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_BATCH_ENTRIES", 5)
    home.witness.step()
    assert home.log.proofs == [(5, 17), (10, 17), (15, 17)]
    assert list(home.store.leaves()) == story.entries


def test_leaves_are_durable_before_the_cosignature_leaves(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, str | None, int]] = []

    def look(size: int, line: str) -> int:
        other = MirrorStore(home.path / "mirror.db", LOG_KEY)
        seen.append((other.head().size, other.checkpoint(size), len(other.cosignatures(size))))
        other.close()
        return 1

    monkeypatch.setattr(home.log, "add_cosignature", look)
    home.witness.step()
    assert seen == [(17, bare(home.log).decode(), 1)]


def test_a_cosignature_that_did_not_leave_leaves_at_the_next_start(home: Home) -> None:
    home.log.refuse = UnreachableError("gone")
    with pytest.raises(UnreachableError):
        home.witness.step()
    [line] = home.store.cosignatures(17)
    home.log.refuse = None
    home.restart()
    home.witness.step()
    assert home.log.lines == [(17, line)]
    home.restart()
    home.witness.step()
    assert home.log.lines == [(17, line), (17, line)]


def other_history(story: World) -> list[bytes]:
    return [*story.entries[:5], story.entries[6], *story.entries[6:]]


def _fork(log: Log, story: World) -> None:
    log.leaves = other_history(story)


def _larger_fork(log: Log, story: World) -> None:
    log.leaves = [*other_history(story), story.entries[3]]


def _rollback(log: Log, story: World) -> None:
    log.leaves = story.entries[:12]


def _emptied(log: Log, _story: World) -> None:
    log.leaves = []


DISHONEST = {"fork": _fork, "larger fork": _larger_fork, "rollback": _rollback, "emptied": _emptied}


@pytest.mark.parametrize("name", DISHONEST)
def test_a_log_that_is_not_what_it_was_is_refused_for_good(home: Home, story: World, name: str) -> None:
    home.witness.step()
    held = bare(home.log)
    DISHONEST[name](home.log, story)
    for number in (1, 2):
        with pytest.raises(HistoryError, match="rollback" if name in ("rollback", "emptied") else "fork") as caught:
            home.witness.step()
        assert "evidence" in caught.value.remedy
        files = home.evidence()
        assert files[f"{number:04d}-seen.note"] == held
        assert files[f"{number:04d}-shown.note"] == bare(home.log)
        home.restart()
    assert [size for size, _line in home.log.lines] == [17]
    assert list(home.store.leaves()) == story.entries


def test_an_entry_that_is_not_valid_is_kept_as_evidence(home: Home, story: World) -> None:
    home.witness.step()
    home.log.leaves = [*story.entries, b'{"no":"entry"}']
    with pytest.raises(HistoryError, match="entry 17 is not valid"):
        home.witness.step()
    assert home.evidence()["0001-entry-17"] == b'{"no":"entry"}'
    assert home.store.head().size == 17
    assert len(home.log.lines) == 1


def _sends(log: Log, change: Any) -> None:
    send = log.entries
    log.entries = lambda first, limit: change(list(send(first, limit)))  # type: ignore[method-assign]


GAPS: dict[str, Any] = {
    "skips one": lambda items: items[1:],
    "sends none": lambda items: items[:0],
    "sends one twice": lambda items: [items[0], *items],
    "swaps two": lambda items: [items[1], items[0], *items[2:]],
    "sends more than asked for": lambda items: [*items, (17, items[0][1])],
}


@pytest.mark.parametrize("name", GAPS)
def test_a_gap_is_refused(home: Home, name: str) -> None:
    _sends(home.log, GAPS[name])
    with pytest.raises(HistoryError, match="gap"):
        home.witness.step()
    assert home.log.lines == []
    assert home.evidence()["0001-shown.note"] == bare(home.log)
    assert "0001-seen.note" not in home.evidence()


def test_entries_that_are_not_the_checkpoint_s_are_refused(
    home: Home, story: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _sends(home.log, lambda items: [(index, story.entries[(index + 1) % 17]) for index, _leaf in items])
    with pytest.raises(HistoryError, match="do not hash to the signed checkpoint"):
        home.witness.step()
    monkeypatch.setattr(following, "_BATCH_ENTRIES", 5)
    with pytest.raises(HistoryError, match="fork"):
        home.witness.step()
    assert home.store.head().size == 0
    assert home.log.lines == []


def test_a_wrong_root_is_refused_at_first_sight(home: Home) -> None:
    home.log.root = bytes(32)
    with pytest.raises(HistoryError):
        home.witness.step()
    assert home.log.lines == []


def test_a_checkpoint_of_another_signer_is_no_evidence_of_anything(home: Home) -> None:
    home.log.signer = "other"
    with pytest.raises(VerificationError):
        home.witness.step()
    assert home.evidence() == {}


def test_nothing_is_cosigned_of_an_empty_log(home: Home, story: World) -> None:
    home.log.leaves = []
    assert home.witness.step() is None
    home.log.leaves = list(story.entries)
    assert home.witness.step() is not None


def test_a_mirror_that_is_ahead_does_not_disturb(home: Home, story: World) -> None:
    home.store.append(0, story.entries[:9])
    assert home.witness.step() is not None
    home.log.leaves = story.entries[:17]
    story.list_findings(LABOUR)
    home.store.append(17, story.entries[17:])
    home.restart()
    assert home.witness.step() is not None
    home.log.leaves = list(story.entries)
    done = home.witness.step()
    assert done is not None
    assert done.size == 18


def test_a_service_that_does_not_know_the_witness_says_so(home: Home) -> None:
    home.log.refuse = DeniedError("no", code="not-a-witness")
    with pytest.raises(DeniedError):
        home.witness.step()


def test_a_line_that_the_mirror_was_shown_is_not_taken_for_the_witness_s_own(home: Home, story: World) -> None:
    signed = bare(home.log).decode()
    forged = cosignature.sign(note.parse(signed).text, "audit-office/witness", KEY.public, NOW, key("w").sign)
    home.store.append(0, story.entries, signed)
    home.store.add_cosignatures(17, ["no line at all\n", forged])
    home.witness.step()
    [(_size, line)] = home.log.lines
    assert line != forged
    assert cosignature.require(cosignature.attach(signed, [line]), [WITNESS], 1)
