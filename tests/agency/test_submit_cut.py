"""Every place at which a submission may be cut, and what is damaged meanwhile: how the next command goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from matcher.agency.submit import flow as submit_flow
from matcher.agency.submit import uploading
from matcher.agency.vault.store import Vault
from matcher.protocol import merkle, rows
from matcher.protocol.errors import NotFoundError, StateError, UnreachableError, VerificationError
from tests.agency.submission_world import ACCOUNTS, ANSWERING, FLOW, PERIOD, World, run

Make = Callable[..., World]


def stop(world: World, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    """Submit to a service that fails at ``point``, and do not try again."""
    monkeypatch.setattr(uploading, "_TRIES", 0)
    world.service.fail = {point}
    with pytest.raises(UnreachableError):
        run(world, ANSWERING, ACCOUNTS)


@pytest.mark.parametrize("point", ["open", "upload", "seal", "sealed"])
def test_a_cut_is_tried_again(submission: Make, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    pauses: list[float] = []
    monkeypatch.setattr(uploading.Uploader.__init__, "__defaults__", (pauses.append,))
    world.service.fail = {point}
    assert run(world, ANSWERING, ACCOUNTS)["sequence"] == 1
    assert len(pauses) == 1
    assert len(world.service.sealed) == 1


@pytest.mark.parametrize("point", ["open", "upload", "seal", "sealed"])
def test_a_stopped_upload_goes_on_with_the_same_rows(
    submission: Make, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = submission("hmac")
    stop(world, monkeypatch, point)
    before = [list(held) for held in world.service.rows.values() if held]
    monkeypatch.setattr(submit_flow, "Workers", None)  # nothing is blinded again
    result = run(world, ANSWERING, ACCOUNTS)
    assert (result["accepted"], result["sequence"]) == (3, 1)
    after = list(world.service.rows.values())
    assert len(after) == 1
    assert before in ([], after)
    vault = Vault(world.homes[ANSWERING].vault_path)
    for row in world.service.last_rows():
        assert vault.row(FLOW, PERIOD, row.handle).leaf == merkle.leaf_hash(rows.pack(row))
    vault.close()


def test_rows_count_only_once_their_submission_is_sealed(
    submission: Make, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    world = submission("hmac")

    def stop(*_arguments: object) -> None:
        raise StateError("stopped")

    with monkeypatch.context() as patch:
        patch.setattr(Vault, "sealed", stop)
        with pytest.raises(StateError, match="stopped"):
            run(world, ANSWERING, ACCOUNTS)
    handles = [row.handle for row in world.service.last_rows()]
    vault = Vault(world.homes[ANSWERING].vault_path)
    for handle in handles:
        with pytest.raises(NotFoundError):
            vault.row(FLOW, PERIOD, handle)
    assert run(world, ANSWERING, ACCOUNTS)["sequence"] == 1
    assert [vault.row(FLOW, PERIOD, handle).sequence for handle in handles] == [1, 1, 1]
    vault.close()


def test_a_vault_that_lost_rows_does_not_count(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    stop(world, monkeypatch, "open")
    with closing(sqlite3.connect(world.homes[ANSWERING].vault_path)) as vault, vault:
        vault.execute("DELETE FROM blocks WHERE rowid = (SELECT max(rowid) FROM blocks)")
    with pytest.raises(StateError, match="lacks rows"):
        run(world, ANSWERING, ACCOUNTS)
    assert run(world, ANSWERING, ACCOUNTS)["sent"] == 3


def test_other_files_after_a_stopped_upload_abandon_it(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    stop(world, monkeypatch, "upload")
    result = run(world, ANSWERING, ACCOUNTS.replace("62220009", "62220010"))
    assert (result["sequence"], result["sent"], result["deleted"]) == (1, 3, 0)
    assert not list(world.homes[ANSWERING].spool_path.glob("[0-9a-f]*"))


def test_other_files_after_a_lost_seal_build_on_it(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    stop(world, monkeypatch, "sealed")
    result = run(world, ANSWERING, ACCOUNTS.replace("62220009", "62220010"))
    assert (result["sequence"], result["sent"], result["deleted"]) == (2, 1, 1)


def test_a_crash_while_blinding_is_abandoned(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    vault_class = submit_flow.Vault

    class Crash(BaseException):
        """What no handler expects."""

    def crash(*_arguments: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(vault_class, "spooled", crash)
        patch.setattr(vault_class, "abandon", crash)
        with pytest.raises(Crash):
            run(world, ANSWERING, ACCOUNTS)
    result = run(world, ANSWERING, ACCOUNTS)
    assert (result["sent"], result["sequence"]) == (3, 1)


def test_a_damaged_spool_is_not_sent(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    stop(world, monkeypatch, "open")
    path = next(path for path in world.homes[ANSWERING].spool_path.rglob("rows/*") if path.stat().st_size)
    path.write_bytes(b"")
    with pytest.raises(StateError, match="rows are missing"):
        run(world, ANSWERING, ACCOUNTS)
    assert run(world, ANSWERING, ACCOUNTS)["sent"] == 3


def test_a_damaged_row_is_not_sealed(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    stop(world, monkeypatch, "open")
    path = next(path for path in world.homes[ANSWERING].spool_path.rglob("rows/*") if path.stat().st_size)
    path.write_bytes(path.read_bytes()[: -merkle.HASH_SIZE - 1] + b"damage".ljust(merkle.HASH_SIZE + 1))
    with pytest.raises(VerificationError, match="not of these rows"):
        run(world, ANSWERING, ACCOUNTS)
    assert not world.service.sealed
    assert run(world, ANSWERING, ACCOUNTS)["sent"] == 3


def test_a_sealed_upload_needs_no_rows(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    stop(world, monkeypatch, "sealed")
    for path in world.homes[ANSWERING].spool_path.rglob("rows/*"):
        path.unlink()
    assert run(world, ANSWERING, ACCOUNTS)["sequence"] == 1
    assert len(world.service.sealed) == 1
