"""Uploads: what is acknowledged is on disk, what is cut is resumed, what is malformed is refused by name."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from matcher.channel.types import Chunk
from matcher.protocol.errors import (
    AgreementError,
    ConcordatError,
    DeniedError,
    InputError,
    NotFoundError,
    OverloadedError,
    QuotaError,
    StateError,
)
from matcher.service.store import spool
from tests.service import paper
from tests.service.party import chunks, in_order, manifest_body
from tests.service.world import World

VALUES = ("91", 10_000, 0)


def make_rows(world: World, count: int, name: str = paper.ANSWERING) -> list[bytes]:
    return in_order([world.row(name, f"account {number}", VALUES) for number in range(count)])


def open_upload(world: World, name: str, submission: bytes, count: int, sequence: int = 1) -> int:
    state = world.channel(name).open_upload(
        submission, world.agreement.digest, paper.FLOW, paper.PERIOD, sequence, count
    )
    assert not state.sealed
    return state.next_row


def seal(world: World, name: str, submission: bytes, packed: list[bytes]) -> None:
    manifest = world.parties[name].sign(
        "manifest", manifest_body(submission, packed, 1, b""), hours=0, agreement=world.agreement.digest
    )
    world.channel(name).seal(submission, manifest)


def test_cut_stream_resumes_where_it_was_acknowledged(world: World) -> None:
    packed, submission = make_rows(world, 10), os.urandom(16)
    channel = world.channel(paper.ANSWERING)
    assert open_upload(world, paper.ANSWERING, submission, 10) == 0

    def cut() -> Iterator[Chunk]:
        yield from chunks(packed, 3)[:2]
        raise ConnectionError

    acknowledged: list[int] = []
    with pytest.raises(ConcordatError):
        acknowledged.extend(channel.upload(submission, cut()))
    next_row = _when_free(world, submission, 10)
    assert next_row in (0, 3, 6)
    assert next_row >= max(acknowledged, default=0)
    assert list(channel.upload(submission, chunks(packed, 4, next_row)))[-1] == 10
    seal(world, paper.ANSWERING, submission, packed)


def _when_free(world: World, submission: bytes, count: int) -> int:
    """The next row, once the service has noticed that the former stream is gone."""
    for _attempt in range(100):
        try:
            return open_upload(world, paper.ANSWERING, submission, count)
        except OverloadedError:
            continue
    raise TimeoutError


def test_torn_tail_is_cut_off(world: World) -> None:
    packed, submission = make_rows(world, 6), os.urandom(16)
    open_upload(world, paper.ANSWERING, submission, 6)
    list(world.channel(paper.ANSWERING).upload(submission, chunks(packed, 3)[:1]))
    path = spool.path_of(world.home.spool, submission)
    with path.open("ab") as file:
        file.write(packed[3][:50])
    world.stop()
    world.start()
    assert open_upload(world, paper.ANSWERING, submission, 6) == 3
    assert path.stat().st_size == 3 * len(packed[0])
    list(world.channel(paper.ANSWERING).upload(submission, chunks(packed, 3, 3)))
    seal(world, paper.ANSWERING, submission, packed)


def test_lost_rows_are_asked_for_again(world: World) -> None:
    packed, submission = make_rows(world, 6), os.urandom(16)
    open_upload(world, paper.ANSWERING, submission, 6)
    list(world.channel(paper.ANSWERING).upload(submission, chunks(packed, 3)))
    path = spool.path_of(world.home.spool, submission)
    os.truncate(path, 10)
    with pytest.raises(StateError, match="0 of 6 acknowledged"):
        list(world.channel(paper.ANSWERING).upload(submission, chunks(packed, 3)))
    assert open_upload(world, paper.ANSWERING, submission, 6) == 0
    list(world.channel(paper.ANSWERING).upload(submission, chunks(packed, 3)))
    seal(world, paper.ANSWERING, submission, packed)


def test_one_stream_at_a_time(world: World) -> None:
    packed, submission = make_rows(world, 6), os.urandom(16)
    open_upload(world, paper.ANSWERING, submission, 6)
    channel = world.channel(paper.ANSWERING)
    first = channel.upload(submission, _slowly(packed, world))
    assert next(first) == 3
    with pytest.raises(OverloadedError, match="another stream") as refused:
        list(channel.upload(submission, chunks(packed, 3, 3)))
    assert refused.value.retry_seconds == 2.0
    with pytest.raises(OverloadedError):
        open_upload(world, paper.ANSWERING, submission, 6)
    world.gate.set()
    assert list(first) == [6]


def _slowly(packed: list[bytes], world: World) -> Iterator[Chunk]:
    first, second = chunks(packed, 3)
    yield first
    world.gate.wait(10)
    yield second


def test_another_id_replaces_an_upload(world: World) -> None:
    packed, first, second = make_rows(world, 3), os.urandom(16), os.urandom(16)
    open_upload(world, paper.ANSWERING, first, 3)
    list(world.channel(paper.ANSWERING).upload(first, chunks(packed)))
    open_upload(world, paper.ANSWERING, second, 3)
    assert not spool.path_of(world.home.spool, first).exists()
    with pytest.raises(NotFoundError):
        list(world.channel(paper.ANSWERING).upload(first, chunks(packed)))


def test_an_upload_belongs_to_its_party(world: World) -> None:
    packed, submission = make_rows(world, 3), os.urandom(16)
    open_upload(world, paper.ANSWERING, submission, 3)
    with pytest.raises(NotFoundError):
        list(world.channel(paper.ASKING).upload(submission, chunks(packed)))
    with pytest.raises(NotFoundError):
        open_upload(world, paper.ASKING, submission, 3)


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        (InputError, {"submission": b"short"}),
        (AgreementError, {"agreement": bytes(32)}),
        (AgreementError, {"flow": "other"}),
        (DeniedError, {"period": "2022"}),
        (DeniedError, {"period": "2022-13"}),
        (StateError, {"sequence": 2}),
        (StateError, {"sequence": 0}),
        (QuotaError, {"count": 100_001}),
        (QuotaError, {"count": 2**63 + 1}),
    ],
)
def test_opening_is_refused(world: World, error: type[Exception], changes: dict[str, object]) -> None:
    call = {
        "submission": os.urandom(16), "agreement": world.agreement.digest, "flow": paper.FLOW, "period": paper.PERIOD,
        "sequence": 1, "count": 5,
    } | changes  # fmt: skip
    with pytest.raises(error):
        world.channel(paper.ANSWERING).open_upload(*call.values())  # type: ignore[arg-type]


def test_a_row_quota_covers_the_period(admitted: World) -> None:
    admitted.agree(rows=5, submissions=2)
    manifest, _logged = admitted.submit(paper.ANSWERING, make_rows(admitted, 3))
    with pytest.raises(QuotaError, match="3 used and 3 asked for, 5 allowed"):
        open_upload(admitted, paper.ANSWERING, os.urandom(16), 3, sequence=2)
    admitted.submit(
        paper.ANSWERING, [admitted.row(paper.ANSWERING, "more", VALUES)], sequence=2, previous=manifest.digest()
    )
    with pytest.raises(QuotaError, match="submissions"):
        open_upload(admitted, paper.ANSWERING, os.urandom(16), 0, sequence=3)


def test_the_window_closes(world: World) -> None:
    world.submit(paper.ANSWERING, make_rows(world, 3))
    world.offset = 29 * 86400
    open_upload(world, paper.ASKING, os.urandom(16), 3)
    world.offset = 31 * 86400
    with pytest.raises(DeniedError, match="window") as refused:
        open_upload(world, paper.ASKING, os.urandom(16), 3)
    assert refused.value.code == "period-closed"
    assert world.log()[-1].facts["reason"] == "period-closed"


def test_an_empty_submission_is_sealed(world: World) -> None:
    submission = os.urandom(16)
    open_upload(world, paper.ANSWERING, submission, 0)
    seal(world, paper.ANSWERING, submission, [])
