"""The exchange with the key holder: what is asked, what is believed, and what a restart does not ask again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from keys import oprf
from matcher.agency.exchange.outbox import sign_message
from matcher.agency.secrets import evaluate
from matcher.agency.secrets.cache import SecretCache
from matcher.agency.submit.flow import submit
from matcher.agency.submit.job import make_job
from matcher.channel.types import MailItem
from matcher.protocol import canonical, messages, suite
from matcher.protocol.errors import DeniedError, QuotaError, UnreachableError, VerificationError
from matcher.protocol.messages import SignedMessage
from tests.agency.submission_world import ANSWERING, ASKING, FLOW, LINK, NOW, PERIOD, World, silent

Make = Callable[..., World]
PROJECTS = (
    "项目编号,总包单位,工资专用账户,保证金账户\nP1,甲公司,62220001,62220002\nP2,甲公司,62220001,\nP3,乙公司,62220003,\n"
)
ACCOUNTS = "账号,开户单位\n62220001,甲公司\n62220003,丙公司\n62220008,丁公司\n"


class Holder:
    """Answers each request as the holder's agent does, or as ``spoil`` makes it: (body, elements) -> the same."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.home = world.homes[ANSWERING]
        self.requests: list[SignedMessage] = []
        self.silent = False
        self.reason = ""
        self.signer = self.home
        self.spoil: Callable[[dict[str, Any], bytes], tuple[dict[str, Any], bytes]] = lambda body, data: (body, data)
        world.service.on_send = self.on_send

    def on_send(self, message: SignedMessage, attachment: bytes) -> None:
        self.requests.append(message)
        if self.reason:
            self.refuse(message)
        elif not self.silent:
            self.answer(message, attachment)

    def refuse(self, message: SignedMessage) -> None:
        asked = message.content()
        body = {name: asked[name] for name in ("link", "epoch", "count")}
        body |= {"request": message.digest().hex(), "reason": self.reason}
        reply = sign_message(
            self.signer, "evaluation-refusal", message.agreement, FLOW, PERIOD, message.sender, body, 24
        )  # fmt: skip
        logged = self.world.service.append(reply)
        self.world.service.mail.append(MailItem(reply, b"", logged.index, logged.entry))

    def answer(self, message: SignedMessage, elements: bytes) -> None:
        asked = message.content()
        assert self.home.keys.oprf_seed is not None
        info = suite.oprf_key_info("daxing-wages", asked["link"], asked["epoch"])
        secret_key, public_key = oprf.derive_key_pair(self.home.keys.oprf_seed, info)
        evaluated = oprf.blind_evaluate(secret_key, public_key, elements)
        body = {
            "request": message.digest().hex(),
            "link": asked["link"],
            "epoch": asked["epoch"],
            "count": asked["count"],
            "elements_sha256": suite.sha256(evaluated).hex(),
            "proof": canonical.b64(oprf.generate_proof(secret_key, public_key, elements, evaluated)),
            "total_epoch": asked["count"],
            "total_month": asked["count"],
        }
        body, evaluated = self.spoil(body, evaluated)
        reply = sign_message(
            self.signer, "evaluation-answer", message.agreement, FLOW, PERIOD, message.sender, body, 24
        )  # fmt: skip
        logged = self.world.service.append(reply)
        self.world.service.mail.append(MailItem(reply, evaluated, logged.index, logged.entry))


def run(world: World, party: str, text: str, period: str = PERIOD) -> dict[str, Any]:
    path = world.file(f"{party}.csv", text)
    return submit(make_job(world.homes[party], FLOW, period, [path]), world.path / "rejects.csv", silent)


def test_both_sides_get_the_same_tokens(submission: Make) -> None:
    world = submission("oprf")
    holder = Holder(world)
    result = run(world, ASKING, PROJECTS)
    asking = {row.token for row in world.service.last_rows()}
    assert run(world, ANSWERING, ACCOUNTS)["evaluated"] == 0
    answering = {row.token for row in world.service.last_rows()}
    assert (len(asking), len(asking & answering)) == (3, 2)
    assert result["evaluated"] == 1024
    assert [message.content()["count"] for message in holder.requests] == [1024]


def test_a_refusal_stops_the_run_with_its_reason_and_the_next_run_asks_afresh(submission: Make) -> None:
    world = submission("oprf")
    holder = Holder(world)
    holder.reason = "gate-cosignatures"
    with pytest.raises(DeniedError, match="refused to evaluate: gate-cosignatures") as caught:
        run(world, ASKING, PROJECTS)
    assert caught.value.code == "evaluation-refused"
    holder.reason = ""
    assert run(world, ASKING, PROJECTS)["evaluated"] == 1024
    assert len(holder.requests) == 2


def test_a_refusal_that_came_while_nobody_waited_is_asked_afresh(
    submission: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate.Exchange.__init__, "__defaults__", (0.1,))
    world = submission("oprf")
    holder = Holder(world)
    holder.silent = True
    with pytest.raises(UnreachableError):
        run(world, ASKING, PROJECTS)
    holder.reason = "quota"
    holder.refuse(holder.requests[0])
    holder.reason, holder.silent = "", False
    assert run(world, ASKING, PROJECTS)["evaluated"] == 1024
    assert len(holder.requests) == 2


def test_a_refusal_by_another_is_not_believed(submission: Make) -> None:
    world = submission("oprf")
    holder = Holder(world)
    holder.reason, holder.signer = "quota", world.homes[ASKING]
    with pytest.raises(VerificationError):
        run(world, ASKING, PROJECTS)


def test_a_second_period_asks_nothing(submission: Make) -> None:
    world = submission("oprf")
    holder = Holder(world)
    run(world, ASKING, PROJECTS)
    result = run(world, ASKING, PROJECTS, period="2022-06")
    assert (result["evaluated"], result["sent"]) == (0, 4)
    assert len(holder.requests) == 1
    result = run(world, ASKING, PROJECTS + "P9,甲公司,62220009,\n", period="2022-06")
    assert (result["evaluated"], result["sent"]) == (1024, 1)


def test_large_sets_go_in_batches(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "MAX_EVALUATION_BATCH", 1024)
    world = submission("oprf")
    holder = Holder(world)
    lines = "".join(f"P{number},甲公司,{62230000 + number},\n" for number in range(2500))
    result = run(world, ASKING, "项目编号,总包单位,工资专用账户,保证金账户\n" + lines)
    assert (result["accepted"], result["evaluated"]) == (2500, 3072)
    assert [message.content()["count"] for message in holder.requests] == [1024, 1024, 1024]


def test_what_is_sent_is_blinded_and_fresh(submission: Make) -> None:
    world = submission("oprf")
    Holder(world)
    run(world, ASKING, PROJECTS)
    elements = world.service.mail[0].attachment
    prefix = suite.link_prefix("daxing-wages", LINK)
    unblinded = oprf.hash_to_group(suite.link_input(prefix, "62220001"))
    parts = [elements[start : start + 32] for start in range(0, len(elements), 32)]
    assert len(set(parts)) == 1024
    assert unblinded not in parts


def _other_proof(body: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    secret_key, public_key = oprf.derive_key_pair(bytes(32), b"another key")
    proof = oprf.generate_proof(secret_key, public_key, data, data)
    return {**body, "proof": canonical.b64(proof)}, data


def _element(value: bytes) -> Callable[[dict[str, Any], bytes], tuple[dict[str, Any], bytes]]:
    def spoil(body: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        changed = value + data[32:]
        return {**body, "elements_sha256": suite.sha256(changed).hex()}, changed

    return spoil


def _short(body: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    return {**body, "elements_sha256": suite.sha256(data[:-32]).hex()}, data[:-32]


SPOILED = {
    "another key's proof": (_other_proof, "evaluation-proof"),
    "an element swapped": (lambda body, data: _element(data[32:64])(body, data), "evaluation-proof"),
    "the identity": (_element(bytes(32)), "evaluation-element"),
    "not canonical": (_element(b"\xff" * 32), "evaluation-element"),
    "one element less": (_short, "evaluation-count"),
    "another count": (lambda body, data: ({**body, "count": 2048}, data), "evaluation-count"),
    "a proof cut short": (lambda body, data: ({**body, "proof": canonical.b64(bytes(63))}, data), "evaluation-proof"),
    "other elements than signed": (lambda body, data: (body, data[32:] + data[:32]), "verification"),
    "another epoch": (lambda body, data: ({**body, "epoch": 2}, data), "verification"),
    "another link kind": (lambda body, data: ({**body, "link": "firm"}, data), "verification"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_wrong_answer_stops_by_name_and_is_not_used(submission: Make, name: str) -> None:
    world = submission("oprf")
    holder = Holder(world)
    holder.spoil, code = SPOILED[name]
    with pytest.raises(VerificationError) as caught:
        run(world, ASKING, PROJECTS)
    assert caught.value.code == code
    assert not world.service.sealed
    cache = SecretCache(world.homes[ASKING].secrets_path)
    assert cache.count() == 0
    cache.close()


def test_only_the_holder_is_believed(submission: Make) -> None:
    world = submission("oprf")
    holder = Holder(world)
    holder.signer = world.homes[ASKING]
    with pytest.raises(VerificationError, match="does not verify"):
        run(world, ASKING, PROJECTS)
    root = world.homes[ASKING].keys.root.public
    parties = dict(world.agreement.parties)
    parties[ANSWERING] = replace(parties[ANSWERING], root=root)
    world.agreement = replace(world.agreement, parties=parties)
    with pytest.raises(VerificationError, match="not from the holder"):
        run(world, ASKING, PROJECTS)


@pytest.mark.parametrize("point", ["send", "sent"])
def test_a_request_that_was_cut_is_sent_again_as_it_was(submission: Make, point: str) -> None:
    world = submission("oprf")
    Holder(world)
    world.service.fail = {point}
    with pytest.raises(UnreachableError):
        run(world, ASKING, PROJECTS)
    result = run(world, ASKING, PROJECTS)
    assert result["accepted"] == 4
    requests = [item for item in world.service.mail if item.message.kind == "evaluation-request"]
    assert len(requests) == 1


def test_answers_that_come_after_a_stop_are_used(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(evaluate.Exchange.__init__, "__defaults__", (0.1,))
    world = submission("oprf")
    holder = Holder(world)
    holder.silent = True
    with pytest.raises(UnreachableError, match="bank-regulator has not answered 1 evaluation requests") as caught:
        run(world, ASKING, PROJECTS)
    assert "same command again" in caught.value.remedy
    request = world.service.mail[0]
    holder.answer(request.message, request.attachment)
    result = run(world, ASKING, PROJECTS)
    assert (result["accepted"], result["evaluated"]) == (4, 0)
    assert len(holder.requests) == 1


def test_an_unanswered_request_is_asked_anew_once_it_has_expired(
    submission: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate.Exchange.__init__, "__defaults__", (0.1,))
    world = submission("oprf")
    holder = Holder(world)
    holder.silent = True
    with pytest.raises(UnreachableError):
        run(world, ASKING, PROJECTS)
    holder.silent = False
    world.homes[ASKING].now = lambda: NOW + 25 * 3600  # type: ignore[method-assign]
    assert run(world, ASKING, PROJECTS)["evaluated"] == 1024
    assert len(holder.requests) == 2


def test_blinds_are_not_readable_on_disk(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate.Exchange.__init__, "__defaults__", (0.1,))
    world = submission("oprf")
    holder = Holder(world)
    holder.silent = True
    with pytest.raises(UnreachableError):
        run(world, ASKING, PROJECTS)
    path = world.homes[ASKING].secrets_path
    for file in path.parent.glob("secrets.db*"):
        assert b"62220001" not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0


def test_a_need_beyond_the_quota_is_told_before_anything_is_asked(submission: Make) -> None:
    world = submission("oprf")
    holder = Holder(world)
    quotas = {party: replace(quota, evaluations_month=1000) for party, quota in world.agreement.quotas.items()}
    world.agreement = replace(world.agreement, quotas=quotas)
    with pytest.raises(QuotaError, match="1,024 evaluations are needed"):
        run(world, ASKING, PROJECTS)
    assert not holder.requests


def test_a_quota_refused_by_the_service_is_told_and_not_repeated(submission: Make) -> None:
    world = submission("oprf")
    holder = Holder(world)

    def refuse(_message: SignedMessage, _attachment: bytes) -> None:
        raise QuotaError("evaluations of this month are used up")

    world.service.on_send = refuse
    with pytest.raises(QuotaError, match="used up"):
        run(world, ASKING, PROJECTS)
    world.service.on_send = holder.on_send
    assert run(world, ASKING, PROJECTS)["evaluated"] == 1024


def test_requests_carry_the_last_checkpoint(submission: Make) -> None:
    world = submission("oprf")
    world.service.append(_anything(world))
    holder = Holder(world)
    run(world, ASKING, PROJECTS)
    message = holder.requests[0]
    messages.verify(message, world.homes[ASKING].keys.root.public)
    assert message.content()["checkpoint"].startswith("log.example/test\n1\n")


def _anything(world: World) -> SignedMessage:
    from matcher.agency import setup

    card = setup.issued_card(world.homes[ASKING].path)
    assert card is not None
    return card
