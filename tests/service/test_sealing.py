"""Sealing: the manifest against what is on disk, and what survives a crash at any point."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matcher.protocol import rows
from matcher.protocol.errors import (
    ConcordatError,
    DeniedError,
    NotFoundError,
    QuotaError,
    StateError,
    VerificationError,
)
from matcher.protocol.messages import SignedMessage
from matcher.service.store import findings, segments, spool
from matcher.service.store.database import number
from matcher.service.store.periods import PeriodName
from tests.protocol.test_finding_columns import columns
from tests.service import paper
from tests.service.party import chunks, in_order, manifest_body
from tests.service.world import World

VALUES = ("91", 10_000, 0)
NAME = PeriodName(paper.AGREEMENT_ID, paper.FLOW, paper.PERIOD)


def uploaded(world: World, count: int = 4) -> tuple[bytes, list[bytes]]:
    packed = in_order([world.row(paper.ANSWERING, f"account {number}", VALUES) for number in range(count)])
    submission = os.urandom(16)
    channel = world.channel(paper.ANSWERING)
    channel.open_upload(submission, world.agreement.digest, paper.FLOW, paper.PERIOD, 1, count)
    list(channel.upload(submission, chunks(packed)))
    return submission, packed


def sign(
    world: World, submission: bytes, packed: list[bytes], options: Any = None, changes: Any = None
) -> SignedMessage:
    return world.parties[paper.ANSWERING].sign(
        "manifest", {**manifest_body(submission, packed, 1, b""), **(changes or {})},
        **{"hours": 0, "agreement": world.agreement.digest, **(options or {})},
    )  # fmt: skip


BODIES: dict[str, tuple[type[ConcordatError], dict[str, Any]]] = {
    "another sequence": (VerificationError, {"sequence": 2}),
    "a previous one": (VerificationError, {"previous": "00" * 32}),
    "another count": (VerificationError, {"rows": 5}),
    "another root": (VerificationError, {"rows_root": "00" * 32}),
    "another epoch": (VerificationError, {"link_epoch": 2}),
    "another submission": (VerificationError, {"submission": "AAAAAAAAAAAAAAAAAAAAAA=="}),
    "an unknown field": (VerificationError, {"note": "x"}),
}
HEADERS: dict[str, tuple[type[ConcordatError], dict[str, Any]]] = {
    "another flow": (ConcordatError, {"flow": "other"}),
    "another period": (VerificationError, {"period": "2022-06"}),
    "another agreement": (ConcordatError, {"agreement": bytes(range(32))}),
    "another recipient": (DeniedError, {"recipient": paper.ASKING}),
    "number zero": (DeniedError, {"sequence": 0}),
    "expired": (DeniedError, {"hours": -1}),
}


@pytest.mark.parametrize(("error", "changes"), BODIES.values(), ids=BODIES)
def test_a_wrong_body_is_refused(world: World, error: type[Exception], changes: dict[str, Any]) -> None:
    submission, packed = uploaded(world)
    _refused(world, submission, sign(world, submission, packed, changes=changes), error)
    world.channel(paper.ANSWERING).seal(submission, sign(world, submission, packed))


@pytest.mark.parametrize(("error", "options"), HEADERS.values(), ids=HEADERS)
def test_a_wrong_header_is_refused(world: World, error: type[Exception], options: dict[str, Any]) -> None:
    submission, packed = uploaded(world)
    _refused(world, submission, sign(world, submission, packed, options), error)
    world.channel(paper.ANSWERING).seal(submission, sign(world, submission, packed))


def _refused(world: World, submission: bytes, manifest: SignedMessage, error: type[Exception]) -> None:
    with pytest.raises(error):
        world.channel(paper.ANSWERING).seal(submission, manifest)
    entry = world.log()[-1]
    assert (entry.type, entry.facts["message"]) == ("access-denied", manifest.digest().hex())
    assert not list(segments.found(world.home.segments))


def test_a_signature_by_another_is_refused(world: World) -> None:
    submission, packed = uploaded(world)
    good = sign(world, submission, packed)
    forged = replace(good, signature=world.parties[paper.ASKING].root.sign(good.signed_bytes()))
    with pytest.raises(VerificationError, match="signature of bank"):
        world.channel(paper.ANSWERING).seal(submission, forged)
    with pytest.raises(DeniedError, match="sender is not the caller"):
        world.channel(paper.ASKING).seal(submission, good)


def test_rows_must_be_complete(world: World) -> None:
    packed = in_order([world.row(paper.ANSWERING, str(number), VALUES) for number in range(4)])
    submission = os.urandom(16)
    channel = world.channel(paper.ANSWERING)
    channel.open_upload(submission, world.agreement.digest, paper.FLOW, paper.PERIOD, 1, 4)
    list(channel.upload(submission, chunks(packed)[:1]))
    with pytest.raises(StateError, match="3 of 4 rows"):
        channel.seal(submission, sign(world, submission, packed))


def test_the_same_manifest_again_gets_the_same_answer(world: World) -> None:
    submission, packed = uploaded(world)
    manifest = sign(world, submission, packed)
    channel = world.channel(paper.ANSWERING)
    first = channel.seal(submission, manifest)
    size = len(world.log())
    assert channel.seal(submission, manifest).index == first.index
    assert channel.open_upload(submission, world.agreement.digest, paper.FLOW, paper.PERIOD, 1, 4).sealed
    assert len(world.log()) == size
    with pytest.raises(StateError, match="another manifest"):
        channel.seal(submission, sign(world, submission, packed))


def test_a_segment_holds_the_rows_and_is_unreadable_without_its_key(world: World) -> None:
    submission, packed = uploaded(world, 5)
    world.channel(paper.ANSWERING).seal(submission, sign(world, submission, packed))
    assert not spool.path_of(world.home.spool, submission).exists()
    key = world.storage.period_keys.get(NAME.key_name())
    columns = segments.schema(len(packed[0])).names
    [batch] = segments.read(world.home.segments, submission, 5, key, columns)
    assert [rows.pack(rows.Row(item["op"][0], *list(item.values())[1:])) for item in batch.to_pylist()] == packed
    stored = segments.path_of(world.home.segments, submission).read_bytes()
    assert not any(row[start : start + 16] in stored for row in packed for start in (1, 17, 33, 77))
    with pytest.raises(StateError, match="holds 5 rows"):
        list(segments.read(world.home.segments, submission, 6, key, columns))
    world.storage.period_keys.destroy(NAME.key_name())
    with pytest.raises(NotFoundError):
        world.storage.period_keys.get(NAME.key_name())


def test_versions_of_a_link_value_are_few(world: World) -> None:
    previous = b""
    for sequence in (1, 2, 3):
        packed = [world.row(paper.ANSWERING, "probed", ("91", 10_000 * sequence, 0))]
        manifest, _logged = world.submit(paper.ANSWERING, packed, sequence=sequence, previous=previous)
        previous = manifest.digest()
    with pytest.raises(QuotaError, match="1 link values"):
        world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "probed", VALUES)], sequence=4, previous=previous)
    assert len(list(segments.found(world.home.segments))) == 3
    erased = [
        world.row(paper.ANSWERING, "probed", VALUES, op=rows.DELETE), world.row(paper.ANSWERING, "new", VALUES)
    ]  # fmt: skip
    world.submit(paper.ANSWERING, erased, sequence=4, previous=previous)


def test_start_up_removes_what_the_database_does_not_name(world: World) -> None:
    submission, packed = uploaded(world)
    world.channel(paper.ANSWERING).seal(submission, sign(world, submission, packed))
    stray = os.urandom(16)
    orphans = [
        segments.path_of(world.home.segments, stray),
        segments.path_of(world.home.segments, stray).with_suffix(".aside"),
        spool.path_of(world.home.spool, submission),
        spool.path_of(world.home.spool, stray),
        world.home.period_keys / f"{'ab' * 16}.key",
        world.home.scratch / "join-left",
    ]
    for path in orphans[:-1]:
        path.write_bytes(b"left behind")
    orphans[-1].mkdir()
    with world.storage.database.write() as transaction:
        unnamed = columns([(bytes(16), "b", bytes(16), ("x",))])
        findings.set_aside(transaction, findings.Block(0, unnamed, np.zeros((1, 32), np.uint8)))
    world.stop()
    world.start()
    with world.storage.database.read() as transaction:
        assert number(transaction, "SELECT count(*) FROM finding_blocks") == 0
    assert [path for path in orphans if path.exists()] == []
    key = world.storage.period_keys.get(NAME.key_name())
    assert sum(batch.num_rows for batch in segments.read(world.home.segments, submission, 4, key, ["op"])) == 4


def test_one_period_has_one_matching_digest_and_epoch(world: World) -> None:
    submission, packed = uploaded(world)
    world.channel(paper.ANSWERING).seal(submission, sign(world, submission, packed))
    old = world.agreement
    new = world.agree(epoch=2, version=2, previous=old.digest.hex())
    assert new.matching.digest != old.matching.digest
    channel = world.channel(paper.ASKING)
    with pytest.raises(DeniedError) as refused:
        channel.open_upload(os.urandom(16), new.digest, paper.FLOW, paper.PERIOD, 1, 1)
    assert refused.value.code == "period-mismatch"
    # The old version serves the period that began under it, and begins no other.
    channel.open_upload(os.urandom(16), old.digest, paper.FLOW, paper.PERIOD, 1, 1)
    with pytest.raises(DeniedError) as refused:
        channel.open_upload(os.urandom(16), old.digest, paper.FLOW, "2022-06", 1, 1)
    assert refused.value.code == "superseded"
    channel.open_upload(os.urandom(16), new.digest, paper.FLOW, "2022-06", 1, 1)


def test_an_amendment_replaces_a_version_at_once(world: World) -> None:
    submission, packed = uploaded(world)
    old = world.agreement
    manifest = sign(world, submission, packed)
    world.agree(version=2, previous=old.digest.hex(), rows=7)
    with pytest.raises(DeniedError) as refused:
        world.channel(paper.ANSWERING).seal(submission, manifest)
    assert refused.value.code == "superseded"
    # Tokens did not change, so the upload goes on under the new version.
    world.channel(paper.ANSWERING).seal(submission, sign(world, submission, packed))


def test_a_replaced_version_serves_no_period_with_the_same_tokens(world: World) -> None:
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", VALUES)])
    old = world.agreement
    new = world.agree(version=2, previous=old.digest.hex(), rows=7)
    channel = world.channel(paper.ASKING)
    with pytest.raises(DeniedError) as refused:
        channel.open_upload(os.urandom(16), old.digest, paper.FLOW, paper.PERIOD, 1, 1)
    assert refused.value.code == "superseded"
    channel.open_upload(os.urandom(16), new.digest, paper.FLOW, paper.PERIOD, 1, 1)
