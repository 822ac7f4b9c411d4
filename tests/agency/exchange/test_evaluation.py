"""Answering evaluations: checks E1 to E5, counts that are durable before the answer, one answer for one request."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import pytest

from keys import oprf
from matcher.agency.agent import evaluation, loop, quotas
from matcher.agency.agent.loop import Agent
from matcher.channel.types import MailItem
from matcher.protocol import canonical, suite
from matcher.protocol.errors import ConcordatError, QuotaError, UnreachableError
from tests.agency.exchange.world import BUREAU, REGULATOR, World

INPUTS = [b"input %d" % number for number in range(1024)]


class HerePool:
    """Evaluates in this process, at once."""

    def __init__(self, seed: object) -> None:
        self.seed = seed.reveal()  # type: ignore[attr-defined]

    def submit(self, work: evaluation.Job) -> Future[tuple[bytes, bytes]]:
        future: Future[tuple[bytes, bytes]] = Future()
        try:
            future.set_result(evaluation.evaluate(self.seed, work))
        except ConcordatError as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "EvaluationPool", HerePool)
    monkeypatch.setattr(loop, "_BUSY_WAIT_SECONDS", 0)


@pytest.fixture(scope="module")
def blinded() -> tuple[bytes, bytes]:
    return oprf.blind_batch(INPUTS)


def ask(world: World, elements: bytes, **changes: object) -> MailItem:
    body: dict[str, object] = {
        "link": "account",
        "epoch": 1,
        "count": len(elements) // 32,
        "elements_sha256": suite.sha256(elements).hex(),
        "checkpoint": world.note(),
    }
    return world.deliver(world.sign(BUREAU, "evaluation-request", {**body, **changes}, REGULATOR), elements)


def agent(world: World, acts: list[dict[str, object]]) -> Agent:
    home, channel = world.homes[REGULATOR], world.channels[REGULATOR]
    return Agent(
        home, channel, world.inbox(REGULATOR), world.reveal_desk(), world.delivery_desk(), acts.append  # type: ignore[arg-type]
    )  # fmt: skip


def work(world: World) -> list[dict[str, object]]:
    """One pass of a fresh agent; returns what it reported."""
    acts: list[dict[str, object]] = []
    agent(world, acts).run(0)
    return acts


def answers(world: World) -> list[MailItem]:
    return world.channels[BUREAU].receive(["evaluation-answer"])


def test_an_answer_evaluates_and_proves_the_whole_batch(world: World, blinded: tuple[bytes, bytes]) -> None:
    blinds, elements = blinded
    item = ask(world, elements)
    work(world)
    (answer,) = answers(world)
    world.inbox(BUREAU).open(answer)
    body = answer.message.content()
    link = world.agreement.matching.links["account"]
    assert (body["request"], body["count"]) == (item.message.digest().hex(), 1024)
    assert (body["total_epoch"], body["total_month"]) == (1024, 1024)
    oprf.verify_proof(link.public_key, elements, answer.attachment, canonical.unb64(body["proof"], 64))
    seed = world.homes[REGULATOR].keys.oprf_seed
    assert seed is not None
    secret_key, _public = oprf.derive_key_pair(seed, suite.oprf_key_info("world", "account", 1))
    outputs = oprf.finalize_batch(INPUTS[:3], blinds[:96], answer.attachment[:96])
    assert outputs == oprf.evaluate_batch(secret_key, INPUTS[:3])


def refusals(world: World) -> list[str]:
    items = world.channels[BUREAU].receive(["evaluation-refusal"])
    for item in items:
        world.inbox(BUREAU).open(item)
    return [item.message.content()["reason"] for item in items]


def refused(world: World, code: str) -> None:
    acts = work(world)
    assert code in {act.get("refused") for act in acts}
    assert not answers(world)
    assert refusals(world)[-1] == code


def test_e1_another_link_kind(world: World, blinded: tuple[bytes, bytes]) -> None:
    ask(world, blinded[1], link="person")
    refused(world, "evaluation-link")


@pytest.mark.parametrize("changes", [{"holder": BUREAU}, {"mode": "hmac"}])
def test_e1_another_holder_or_mode(world: World, blinded: tuple[bytes, bytes], changes: dict[str, str]) -> None:
    ask(world, blinded[1])
    link = replace(world.agreement.matching.links["account"], **changes)  # type: ignore[arg-type]
    world.agree(replace(world.agreement, matching=replace(world.agreement.matching, links={"account": link})))
    refused(world, "evaluation-link")


def test_e2_another_epoch(world: World, blinded: tuple[bytes, bytes]) -> None:
    ask(world, blinded[1], epoch=2)
    refused(world, "evaluation-epoch")


@pytest.mark.parametrize("size", [0, 1, 1023, 2 * 1024 + 1])
def test_e3_a_batch_of_a_wrong_size(world: World, blinded: tuple[bytes, bytes], size: int) -> None:
    ask(world, (blinded[1] * 3)[: size * 32])
    refused(world, "evaluation-count")


def test_e3_more_than_a_batch(world: World, blinded: tuple[bytes, bytes]) -> None:
    ask(world, blinded[1] * 5)
    refused(world, "evaluation-count")


@pytest.mark.parametrize("count", [1024, 2048])
def test_e3_elements_that_were_not_signed_for(world: World, blinded: tuple[bytes, bytes], count: int) -> None:
    ask(world, blinded[1][:-32] + blinded[1][:32], count=count, elements_sha256=suite.sha256(blinded[1]).hex())
    refused(world, "evaluation-count")


def test_e3_another_number_than_was_announced(world: World, blinded: tuple[bytes, bytes]) -> None:
    ask(world, blinded[1], count=2048)
    refused(world, "evaluation-count")


def test_e4_quotas_over_month_and_epoch(world: World, blinded: tuple[bytes, bytes]) -> None:
    world.change_quotas(evaluations_month=2048, evaluations_epoch=10_000)
    for _round in range(3):
        ask(world, blinded[1])
    assert "quota" in {act.get("refused") for act in work(world)}
    assert [item.message.content()["total_month"] for item in answers(world)] == [1024, 2048]
    world.change_quotas(evaluations_month=10_000, evaluations_epoch=2048)
    ask(world, blinded[1])
    assert "quota" in {act.get("refused") for act in work(world)}
    assert len(answers(world)) == 2


@pytest.mark.parametrize("element", [bytes(32), b"\xff" * 32, (1).to_bytes(32, "little")])
def test_e5_the_identity_and_what_is_not_canonical(world: World, blinded: tuple[bytes, bytes], element: bytes) -> None:
    ask(world, element + blinded[1][32:])
    refused(world, "evaluation-element")


def test_a_fork_stops_the_agent(world: World, blinded: tuple[bytes, bytes]) -> None:
    fork = world.service.fork()
    fork.append(world.service.entries[0])
    ask(world, blinded[1], checkpoint=fork.checkpoint())
    with pytest.raises(ConcordatError) as caught:
        work(world)
    assert caught.value.code == "gate-asking-side"
    assert refusals(world) == ["gate-asking-side"]


def test_a_refused_request_stays_refused(world: World, blinded: tuple[bytes, bytes]) -> None:
    world.change_quotas(evaluations_month=1, evaluations_epoch=1)
    ask(world, blinded[1])
    work(world)
    world.change_quotas(evaluations_month=10_000, evaluations_epoch=10_000)
    world.homes[REGULATOR].journal.rows("DELETE FROM cursors")
    work(world)
    assert (refusals(world), answers(world)) == (["quota"], [])
    # Also when the service did not take the refusal: what was not counted is never evaluated.
    world.homes[REGULATOR].journal.rows("DELETE FROM cursors")
    world.homes[REGULATOR].journal.rows("UPDATE outgoing SET sent = -1")
    work(world)
    assert (refusals(world), answers(world)) == (["quota"], [])
    assert not world.homes[REGULATOR].journal.rows("SELECT * FROM counts")


def test_a_refusal_that_could_not_be_sent_is_sent_later(world: World, blinded: tuple[bytes, bytes]) -> None:
    ask(world, blinded[1], epoch=2)
    world.service.fail_sending.append(UnreachableError("no answer"))
    with pytest.raises(UnreachableError):
        work(world)
    work(world)
    assert refusals(world) == ["evaluation-epoch"]


def test_the_same_request_again_is_answered_from_store_and_not_counted(
    world: World, blinded: tuple[bytes, bytes]
) -> None:
    ask(world, blinded[1])
    work(world)
    first = answers(world)
    world.homes[REGULATOR].journal.rows("DELETE FROM cursors")
    acts = work(world)
    assert {"repeated": True}.items() <= next(act for act in acts if act["act"] == "evaluation-request").items()
    assert answers(world) == first
    rows = world.homes[REGULATOR].journal.rows("SELECT used FROM counts")
    assert {row["used"] for row in rows} == {1024}


def test_a_crash_after_counting_leaves_the_totals_and_answers_later(
    world: World, blinded: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(world, blinded[1])

    def crash(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluation, "answer", crash)
    with pytest.raises(KeyboardInterrupt):
        work(world)
    monkeypatch.undo()
    monkeypatch.setattr(loop, "EvaluationPool", HerePool)
    work(world)
    (answer,) = answers(world)
    assert answer.message.content()["total_epoch"] == 1024


def test_an_answer_that_could_not_be_sent_is_sent_later_unchanged(world: World, blinded: tuple[bytes, bytes]) -> None:
    ask(world, blinded[1])
    world.service.fail_sending.append(UnreachableError("no answer"))
    with pytest.raises(UnreachableError):
        work(world)
    stored = world.homes[REGULATOR].journal.rows("SELECT message FROM outgoing")
    work(world)
    (answer,) = answers(world)
    assert len(stored) == 1
    assert answer.message.digest() in {item.message.digest() for item in world.service.mail}


def test_months_are_those_of_the_agencies(world: World) -> None:
    assert quotas.month_of(1_654_012_799) == "month:2022-05"  # 2022-05-31 23:59:59 in Shanghai
    assert quotas.month_of(1_654_012_800) == "month:2022-06"
    with world.homes[REGULATOR].journal.transaction() as connection:
        assert quotas.spend(connection, "world", BUREAU, "reveals", "month:2022-05", 3, 4) == 3
        with pytest.raises(QuotaError):
            quotas.spend(connection, "world", BUREAU, "reveals", "month:2022-05", 2, 4)
        assert quotas.spend(connection, "world", BUREAU, "reveals", "month:2022-06", 4, 4) == 4
        assert quotas.spend(connection, "other", BUREAU, "reveals", "month:2022-05", 4, 4) == 4
        assert quotas.used(connection, "world", BUREAU, "reveals", "month:2022-05") == 3


def test_a_real_worker_process_gives_the_same(world: World, blinded: tuple[bytes, bytes]) -> None:
    from matcher.agency.agent.pool import EvaluationPool

    seed = world.homes[REGULATOR].keys.oprf_seed
    assert seed is not None
    pool = EvaluationPool(seed, 1)
    try:
        job = evaluation.Job(suite.oprf_key_info("world", "account", 1), blinded[1])
        evaluated, proof = pool.submit(job).result(60)
        bad = pool.submit(evaluation.Job(job.info, bytes(32)))
        with pytest.raises(ConcordatError) as caught:
            bad.result(60)
    finally:
        pool.close()
    assert caught.value.code == "evaluation-element"
    oprf.verify_proof(world.agreement.matching.links["account"].public_key, blinded[1], evaluated, proof)
