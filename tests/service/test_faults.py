"""Every commit point, failing in both forms: not persisted, and persisted though it looked failed. Then a retry."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from matcher.protocol.errors import ConcordatError, OverloadedError
from matcher.service import limits
from matcher.service.store import segments, spool
from tests.service import paper
from tests.service.case import Case
from tests.service.evaluation import ELEMENTS, ask
from tests.service.party import chunks, in_order, manifest_body
from tests.service.world import World

VALUES = ("91", 10_000, 0)
Act = Callable[[World], object]


class FailingCommit(Exception):
    """What a broken disk or a cut power line looks like from inside."""


def fail_next_commit(
    world: World, monkeypatch: pytest.MonkeyPatch, *, is_persisted: bool, after: int = 0
) -> None:  # fmt: skip
    """Make the next commit but ``after`` raise, after or instead of doing its work."""
    writer = world.storage.database._writer
    commit = writer.commit
    left = [after]

    def broken() -> None:
        if left[0]:
            left[0] -= 1
            return commit()
        monkeypatch.setattr(writer, "commit", commit)
        if is_persisted:
            commit()
        raise FailingCommit

    monkeypatch.setattr(writer, "commit", broken)


def _upload(world: World) -> tuple[bytes, list[bytes]]:
    packed = in_order([world.row(paper.ANSWERING, str(number), VALUES) for number in range(5)])
    submission = os.urandom(16)
    world.channel(paper.ANSWERING).open_upload(submission, world.agreement.digest, paper.FLOW, paper.PERIOD, 1, 5)
    return submission, packed


def prepare_seal(world: World) -> Act:
    submission, packed = _upload(world)
    list(world.channel(paper.ANSWERING).upload(submission, chunks(packed)))
    manifest = world.parties[paper.ANSWERING].sign(
        "manifest", manifest_body(submission, packed, 1, b""), hours=0, agreement=world.agreement.digest
    )
    return lambda world: world.channel(paper.ANSWERING).seal(submission, manifest).index


def prepare_message(world: World) -> Act:
    request = ask(world)
    return lambda world: world.channel(paper.ASKING).send(request, ELEMENTS).index


def prepare_match(world: World) -> Act:
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", VALUES)])
    world.submit(paper.ASKING, [world.row(paper.ASKING, "b", VALUES)])
    request = world.match_request()
    return lambda world: [step.run for step in world.channel(paper.ASKING).run_match(request)][-1].logged.index  # type: ignore[union-attr]


def prepare_reveal(world: World) -> Act:
    case = Case(world)
    request = case.request()
    return lambda _world: case.send_request(request).index


def prepare_agreement(world: World) -> Act:
    old = world.agreement
    files = world.files(version=2, previous=old.digest.hex())
    signatures = [world.signature(name, files[2]) for name in (paper.ASKING, paper.ANSWERING)]
    return lambda world: world.channel(paper.ASKING).publish(files[0], files[1], signatures).in_force


# Each act, and how many of its writes come before the one that logs it: a match writes its findings aside.
PREPARATIONS: dict[str, tuple[Callable[[World], Act], int]] = {
    "seal": (prepare_seal, 0),
    "message": (prepare_message, 0),
    "match, clearing": (prepare_match, 0),
    "match, writing aside": (prepare_match, 1),
    "match, naming": (prepare_match, 2),
    "reveal": (prepare_reveal, 0),
    "agreement": (prepare_agreement, 0),
}


@pytest.mark.parametrize("is_persisted", [False, True])
@pytest.mark.parametrize(("prepare", "after"), PREPARATIONS.values(), ids=PREPARATIONS)
def test_a_commit_that_fails_is_retried(
    world: World, monkeypatch: pytest.MonkeyPatch, prepare: Callable[[World], Act], after: int, is_persisted: bool
) -> None:
    act = prepare(world)
    before = len(world.log())
    fail_next_commit(world, monkeypatch, is_persisted=is_persisted, after=after)
    with pytest.raises(ConcordatError, match="the service failed"):
        act(world)
    if prepare is not prepare_match or after == 2:
        assert (len(world.log()) > before) == is_persisted
    result = act(world)
    assert act(world) == result
    assert "access-denied" not in world.log_types()
    types = world.log_types()[before:]
    assert len(types) == len(set(types)) + (types.count("agreement-signed") > 1)


@pytest.mark.parametrize("is_persisted", [False, True])
def test_an_acknowledgement_that_fails_is_resumed(
    world: World, monkeypatch: pytest.MonkeyPatch, is_persisted: bool
) -> None:
    submission, packed = _upload(world)
    channel = world.channel(paper.ANSWERING)
    monkeypatch.setattr(limits, "ACKNOWLEDGED_BYTES", 1)  # each chunk by itself
    fail_next_commit(world, monkeypatch, is_persisted=is_persisted)
    with pytest.raises(ConcordatError):
        list(channel.upload(submission, chunks(packed)))
    state = channel.open_upload(submission, world.agreement.digest, paper.FLOW, paper.PERIOD, 1, 5)
    # One acknowledgement covers what came in time: the first chunk, or both.
    assert state.next_row in ((3, 5) if is_persisted else (0,))
    list(channel.upload(submission, chunks(packed, 3, state.next_row)))
    manifest = world.parties[paper.ANSWERING].sign(
        "manifest", manifest_body(submission, packed, 1, b""), hours=0, agreement=world.agreement.digest
    )
    channel.seal(submission, manifest)


FILE_FAULTS: dict[str, tuple[Any, str]] = {
    "segment not written": (segments.Writer, "append"),
    "segment not synced": (segments, "sync"),
    "spool not read": (spool, "read"),
}


@pytest.mark.parametrize(("module", "name"), FILE_FAULTS.values(), ids=FILE_FAULTS)
@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_write_that_fails_while_sealing_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, is_restarted: bool
) -> None:
    act = prepare_seal(world)

    def broken(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module, name, broken)
        with pytest.raises(OverloadedError, match="the disk is full") as caught:
            act(world)
    assert (caught.value.code, caught.value.retry_seconds) == ("disk-full", 30)
    if is_restarted:
        world.stop()
        world.start()
    act(world)
    assert world.log_types()[-1] == "submission-sealed"
    world.stop()
    world.start()
    assert len(list(segments.found(world.home.segments))) == 1
    assert list(spool.found(world.home.spool)) == []
    assert len(list(world.home.segments.iterdir())) == 1


def test_a_purge_that_was_cut_is_finished_at_start_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_seal(world)(world)
    with monkeypatch.context() as patched:
        patched.setattr(world.storage.period_keys.__class__, "destroy", lambda _self, _name: _raise())
        with pytest.raises(FailingCommit):
            world.purge()
    assert list(world.home.period_keys.iterdir())
    world.stop()
    world.start()
    assert list(world.home.period_keys.iterdir()) == []
    assert list(world.home.segments.iterdir()) == []
    assert world.log_types()[-1] == "period-purged"


def _raise() -> None:
    raise FailingCommit
