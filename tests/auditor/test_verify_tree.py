"""Checks 1 to 5: the log as a whole, as a service that signs, or cannot sign, might change it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.auditor.verify import MAX_FAILURES_KEPT, verify
from matcher.protocol import canonical, checkpoint
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import VerificationError
from tests.auditor.world import LOG_KEY, ORIGIN, Source, World, key, public


class Fixed(Source):
    """A source whose checkpoint is what it was before the world changed."""

    def __init__(self, world: World, note: str) -> None:
        super().__init__(world)
        self._note = note

    def checkpoint(self) -> str:
        return self._note


def test_the_good_story_verifies() -> None:
    world = World.good()
    report = world.verify()
    assert report.failures == []
    assert report.history_holds
    report.require_clean()
    assert (report.size, report.read, report.root) == (17, 17, world.point().root)
    assert report.states == {"opened": 1, "refused": 1}
    assert report.entry_counts["reveal-delivered"] == 1


def test_an_empty_log_verifies() -> None:
    assert World().verify().failed == {}


@given(st.data())
def test_check_3_no_byte_of_a_signed_log_can_change(data: st.DataObject) -> None:
    world = World.good()
    note = world.checkpoint()
    index = data.draw(st.integers(0, len(world.entries) - 1))
    changed = bytearray(world.entries[index])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    world.entries[index] = bytes(changed)
    report = verify(Fixed(world, note), LOG_KEY)
    assert report.failed[3] == 1
    assert not report.history_holds


@pytest.mark.parametrize("what", ["removed", "swapped", "repeated", "cut"])
def test_check_3_the_entries_of_a_signed_log_stay_as_they_are(what: str) -> None:
    world = World.good()
    note = world.checkpoint()
    if what == "removed":
        del world.entries[7]
    elif what == "swapped":
        world.entries[12], world.entries[13] = world.entries[13], world.entries[12]
    elif what == "repeated":
        world.entries.insert(7, world.entries[7])
    else:
        world.entries.pop()
    report = verify(Fixed(world, note), LOG_KEY)
    assert report.failed[3] == 1
    with pytest.raises(VerificationError, match="does not verify"):
        report.require_clean()


def test_check_1_another_key_signs_the_log() -> None:
    forged = checkpoint.sign(World.good().point(), public("thief"), key("thief").sign)
    report = verify(Fixed(World.good(), forged), LOG_KEY)
    assert report.failed == {1: 1}
    assert not report.history_holds
    assert World.good().verify(log_key=checkpoint.verifier_key(ORIGIN, public("thief"))).failed == {1: 1}


def test_check_2_the_log_extends_what_was_seen() -> None:
    world = World.good()
    for size in (1, 5, 16, 17):
        assert world.verify(world.point(size)).failed == {}


@pytest.mark.parametrize(
    ("size", "root", "reason"),
    [(18, bytes(32), "rollback"), (17, bytes(32), "fork"), (5, bytes(32), "fork"), (1, bytes(32), "fork")],
)
def test_check_2_rollback_and_fork(size: int, root: bytes, reason: str) -> None:
    report = World.good().verify(Checkpoint(ORIGIN, size, root))
    assert 2 in report.failed
    assert all(reason in failure.reason for failure in report.failures)
    assert not report.history_holds


def test_check_2_is_not_lost_among_other_failures() -> None:
    world = World.good()
    seen = world.point()
    world.entries[0] = world.entries[0][:-1]
    world.entries.extend([b"junk"] * (MAX_FAILURES_KEPT + 5))
    report = world.verify(seen)
    assert len(report.failures) == MAX_FAILURES_KEPT
    assert report.failed[2] == 1
    assert not report.history_holds


@pytest.mark.parametrize("junk", [b"", b"{}", b"junk", b'{"v":1}', "{“}".encode()])
def test_check_4_an_entry_is_canonical_and_known(junk: bytes) -> None:
    world = World.good()
    world.append(junk)
    report = world.verify()
    assert report.failed == {4: 1}
    assert report.failures[0].index == 17
    assert report.history_holds


def test_check_4_an_entry_adds_nothing_to_its_message() -> None:
    world = World.good()
    world.rewrite(16, actor="bank-regulator")
    assert world.verify().failed == {4: 1}


def test_check_4_spelling() -> None:
    world = World.good()
    world.entries[16] = world.entries[16].replace(b":", b": ", 1)
    assert world.verify().failed == {4: 1}


def test_check_5_times_do_not_decrease_but_may_be_equal() -> None:
    world = World.good()
    world.rewrite(16, time=canonical.decode(world.entries[15])["time"])
    assert world.verify().failed == {}
    world.rewrite(16, time=canonical.decode(world.entries[15])["time"] - 1)
    report = world.verify()
    assert report.failed == {5: 1}
    assert str(report.failures[0]) == "check 5, entry 16: its time is 1 ms before the entry before it"
