"""Every numbered check of inbox.py (M), gate.py (G) and findings_gate.py (R): a good request passes, and each single
mutation of it is refused under the check's own name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from keys.signing import SigningKey
from matcher.agency.agent import pending
from matcher.agency.reveal import proofs
from matcher.agency.reveal.findings import OwnFinding
from matcher.agency.reveal.runs import VerifiedRun
from matcher.channel.types import MailItem
from matcher.protocol import canonical, entries, messages, suite
from matcher.protocol.errors import ConcordatError, UnreachableError, VerificationError
from tests.agency.exchange.world import BUREAU, FLOW, REGULATOR, World, handle_of

ALL = [("a", ("frozen",)), ("b", ("wrong-kind",))]


def good(world: World) -> tuple[dict[str, object], bytes]:
    run, own = world.run(ALL)
    return world.request_body(run, own), world.attachment(run, own)


def request(world: World, **changes: object) -> MailItem:
    """A request, good but for ``changes`` of its body."""
    body, attachment = good(world)
    return world.deliver(world.sign(BUREAU, "reveal-request", {**body, **changes}, REGULATOR), attachment)


def refused(world: World, item: MailItem, code: str) -> ConcordatError:
    """Assert that ``item`` is refused by name, and that nothing is approved or pending because of it."""
    before = len(world.homes[REGULATOR].journal.rows("SELECT * FROM reveals"))
    with pytest.raises(ConcordatError) as caught:
        world.take(item)
    assert caught.value.code == code
    assert len(world.homes[REGULATOR].journal.rows("SELECT * FROM reveals")) == before
    return caught.value


def decisions(world: World) -> list[tuple[str, str, int]]:
    """(decision, reason, number of findings) of every stored decision."""
    found = []
    for row in world.homes[REGULATOR].journal.rows("SELECT message FROM outgoing WHERE part LIKE 'decision:%'"):
        body = messages.from_json(canonical.decode(row["message"].encode())).content()
        found.append((body["decision"], body["reason"], len(body["findings"])))
    return sorted(found)


def test_a_good_request_passes(world: World) -> None:
    assert world.take(request(world)) == {"approved": 1, "pending": 1}
    assert decisions(world) == [("approved", "own-flags", 1)]
    states = {item.finding.codes: item.state for item in pending.listed(world.homes[REGULATOR].journal, ("pending",))}
    assert states == {("wrong-kind",): "pending"}


def resigned(world: World, item: MailItem, **changes: object) -> MailItem:
    """``item`` with header fields changed, signed anew by the bureau and logged."""
    message = replace(item.message, **changes)  # type: ignore[arg-type]
    signature = world.homes[BUREAU].keys.root.sign(message.signed_bytes())
    message = replace(message, signature=signature)
    if message.person:
        person = world.persons[message.person]
        signed = person.key.sign(messages.person_bytes(message.digest(), message.person))
        message = replace(message, person_signature=signed)
    return world.deliver(message, item.attachment)


def test_m1_a_message_to_another_party(world: World) -> None:
    refused(world, resigned(world, request(world), recipient="someone"), "message-recipient")


def test_m2_an_agreement_that_is_not_known(world: World) -> None:
    refused(world, resigned(world, request(world), agreement=suite.sha256(b"other")), "message-agreement")


def test_m2_a_sender_that_is_no_party(world: World) -> None:
    refused(world, resigned(world, request(world), sender="stranger"), "message-agreement")


def test_m3_a_foreign_signature(world: World) -> None:
    item = request(world)
    forged = replace(item.message, signature=SigningKey.generate().sign(item.message.signed_bytes()))
    refused(world, replace(item, message=forged), "message-signature")


def test_m3_a_changed_body(world: World) -> None:
    item = request(world)
    changed = canonical.encode({**item.message.content(), "case": "C-2"})
    refused(world, replace(item, message=replace(item.message, body=changed)), "message-signature")


def test_m4_another_message_under_a_used_number(world: World) -> None:
    item = request(world)
    world.take(item)
    other = canonical.encode({**item.message.content(), "case": "C-2"})
    refused(world, resigned(world, item, body=other), "message-replayed")


def test_m4_the_same_message_again_is_not_counted_and_gets_its_answer_again(world: World) -> None:
    item = request(world)
    world.take(item)
    world.delivery_desk().run()
    count = len(world.service.mail)
    counted = world.homes[REGULATOR].journal.rows("SELECT * FROM counts")
    assert world.take(item) == {}
    assert [tuple(row) for row in world.homes[REGULATOR].journal.rows("SELECT * FROM counts")] == [
        tuple(row) for row in counted
    ]
    sent = world.delivery_desk().run().sent
    assert {entry.message.kind for entry in sent} == {"reveal-decision", "delivery"}
    assert len(world.service.mail) == count  # the service knows them: the same messages, not new ones


def test_m5_an_expired_request(world: World) -> None:
    item = request(world)
    world.homes[REGULATOR].clock = 73 * 3600
    refused(world, item, "message-expired")
    world.homes[REGULATOR].clock = 71 * 3600
    assert world.take(item)["pending"] == 1


def test_m6_a_body_of_another_form(world: World) -> None:
    item = request(world)
    body = item.message.content()
    del body["case"]
    message = replace(item.message, body=canonical.encode(body))
    message = replace(message, signature=world.homes[BUREAU].keys.root.sign(message.signed_bytes()))
    signed = world.persons["ann"].key.sign(messages.person_bytes(message.digest(), "ann"))
    refused(world, replace(item, message=replace(message, person_signature=signed)), "message-body")


def test_m7_a_person_without_the_role(world: World) -> None:
    refused(world, resigned(world, request(world), person="eve"), "message-person")


def test_m7_no_person_at_all(world: World) -> None:
    refused(world, resigned(world, request(world), person="", person_signature=b""), "message-person")


def test_m3_a_person_whose_key_is_on_no_card(world: World) -> None:
    world.persons["mallory"] = replace(world.persons["ann"], id="mallory", key=SigningKey.generate())
    refused(world, resigned(world, request(world), person="mallory"), "message-signature")


def test_m3_a_person_s_signature_by_another_key(world: World) -> None:
    world.persons["ann"] = replace(world.persons["ann"], key=SigningKey.generate())
    refused(world, request(world), "message-signature")


def test_g1_a_fork_is_refused_and_kept_as_evidence(world: World) -> None:
    world.note(REGULATOR)
    forked = world.service.fork()
    forked.entries[0] = world.service.entries[1]
    world.channels[REGULATOR].service = forked
    world.channels[BUREAU].service = forked
    for kept in world.homes[BUREAU].path.glob("checkpoint-*"):
        kept.unlink()
    world.service = forked
    refused(world, request(world), "gate-history")
    evidence = list((world.homes[REGULATOR].path / "evidence").iterdir())
    assert len(evidence) == 2


def test_g1_a_rollback_is_refused(world: World) -> None:
    item = request(world)
    world.note(REGULATOR)
    del world.service.entries[-1]
    refused(world, item, "gate-history")


def test_g2_the_asking_side_saw_another_history(world: World) -> None:
    forked = world.service.fork()
    forked.append(world.service.entries[0])
    forked.append(world.service.entries[0])
    refused(world, request(world, checkpoint=forked.checkpoint()), "gate-asking-side")


def test_g2_the_asking_side_names_no_checkpoint(world: World) -> None:
    refused(world, request(world, checkpoint=""), "gate-asking-side")


def test_g2_the_asking_side_s_checkpoint_is_not_the_log_s(world: World) -> None:
    world.service.key, real = SigningKey.generate(), world.service.key
    foreign = world.service.checkpoint()
    world.service.key = real
    refused(world, request(world, checkpoint=foreign), "gate-asking-side")


def test_g4_the_request_is_not_where_it_was_delivered_from(world: World) -> None:
    item = request(world)
    refused(world, replace(item, index=item.index - 1), "gate-inclusion")


def test_g4_the_request_is_not_in_the_log(world: World) -> None:
    body, attachment = good(world)
    message = world.sign(BUREAU, "reveal-request", body, REGULATOR)
    entry = entries.for_message(1, message)
    refused(world, MailItem(message, attachment, len(world.service.entries) - 1, entry), "gate-inclusion")


def test_g4_the_entry_holds_another_message(world: World) -> None:
    first = request(world)
    body, attachment = good(world)
    second = world.sign(BUREAU, "reveal-request", {**body, "case": "C-9"}, REGULATOR)
    refused(world, replace(first, message=second, attachment=attachment), "gate-inclusion")


@pytest.mark.parametrize("changes", [{"purpose": "curiosity"}, {"basis": []}, {"basis": ["art-26", "art-99"]}])
def test_r1_purpose_and_basis(world: World, changes: dict[str, object]) -> None:
    refused(world, request(world, **changes), "reveal-purpose")


def test_r1_no_basis_is_needed_where_the_agreement_says_so(world: World) -> None:
    item = request(world, basis=[])
    world.change_terms(legal_basis_required=False)
    assert world.take(item)["pending"] == 1


def test_r2_the_answering_side_does_not_ask(world: World) -> None:
    flow = replace(world.agreement.matching.flows[FLOW], asking=REGULATOR, answering=(BUREAU,))
    item = request(world)
    world.agree(replace(world.agreement, matching=replace(world.agreement.matching, flows={FLOW: flow})))
    refused(world, item, "reveal-side")


def attached(world: World, change: Callable[[dict[str, object]], None]) -> MailItem:
    body, attachment = good(world)
    value = canonical.decode(attachment)
    change(value)
    return world.deliver(world.sign(BUREAU, "reveal-request", body, REGULATOR), canonical.encode(value))


def test_r3_another_entry_than_the_run(world: World) -> None:
    def change(value: dict[str, object]) -> None:
        value["run_entry"], value["run_index"] = canonical.b64(world.service.entries[0]), 0

    refused(world, attached(world, change), "reveal-run")


def test_r3_a_run_that_is_not_in_the_log(world: World) -> None:
    def change(value: dict[str, object]) -> None:
        value["run_index"] = 0

    refused(world, attached(world, change), "reveal-run")


def test_r3_another_run_than_the_one_named(world: World) -> None:
    refused(world, request(world, run="00" * 32), "reveal-run")


def asked(world: World, run: VerifiedRun, own: list[OwnFinding]) -> MailItem:
    message = world.sign(BUREAU, "reveal-request", world.request_body(run, own), REGULATOR)
    return world.deliver(message, world.attachment(run, own))


def test_r3_a_run_of_another_period(world: World) -> None:
    refused(world, asked(world, *world.run(ALL, period="2022-06")), "reveal-run")


def test_r4_our_submission_is_not_among_the_inputs(world: World) -> None:
    item = request(world)
    world.rows[REGULATOR].manifests = frozenset({suite.sha256(b"another")})
    refused(world, item, "reveal-inputs")


def test_r5_the_quota_counts_per_month_and_refuses(world: World) -> None:
    world.change_quotas(reveals_month=3)
    world.take(request(world))
    refused(world, request(world), "quota")
    assert ("refused", "quota", 2) in decisions(world)
    rows = world.homes[REGULATOR].journal.rows("SELECT used FROM counts WHERE what = 'reveals'")
    assert [row["used"] for row in rows] == [2]


def answered(world: World, item: MailItem, code: str) -> None:
    """Assert that the first finding is refused by name and the other goes on."""
    result = world.take(item)
    assert result.pop(code) == 1
    assert sum(result.values()) == 1
    assert ("refused", code, 1) in decisions(world)


def test_r6_a_proof_of_another_finding(world: World) -> None:
    def change(value: dict[str, object]) -> None:
        value["proofs"] = list(reversed(value["proofs"]))  # type: ignore[call-overload]

    result = world.take(attached(world, change))
    assert result == {"approved": 0, "pending": 0, "finding-proof": 2}


def test_r6_a_finding_that_is_not_under_the_root(world: World) -> None:
    def change(value: dict[str, object]) -> None:
        first = value["proofs"][0]  # type: ignore[index]
        first["inclusion"] = [canonical.b64(bytes(32)) for _ in first["inclusion"]]

    answered(world, attached(world, change), "finding-proof")


def test_r6_fewer_proofs_than_findings(world: World) -> None:
    def change(value: dict[str, object]) -> None:
        value["proofs"] = value["proofs"][:1]  # type: ignore[index]

    refused(world, attached(world, change), "finding-proof")


@pytest.mark.parametrize(
    "attachment",
    [
        b"", b"[]", b'{"proofs":[]}', b'{"proofs":{},"run_entry":"","run_index":0}',
        b'{"proofs":[1],"run_entry":"","run_index":0}', b'{"proofs":[],"run_entry":"","run_index":-1}',
        b'{"proofs":[],"run_entry":"","run_index":true}', b'{"proofs":[],"run_entry":5,"run_index":0}',
        b'{"proofs":[{"inclusion":5,"index":0,"leaf":"","size":1}],"run_entry":"","run_index":0}',
        b'{"proofs":[{"inclusion":["AA=="],"index":0,"leaf":"","size":1}],"run_entry":"","run_index":0}',
    ],
)  # fmt: skip
def test_r6_a_malformed_attachment(world: World, attachment: bytes) -> None:
    body, _attachment = good(world)
    with pytest.raises(VerificationError):
        proofs.decode(attachment)
    refused(world, world.deliver(world.sign(BUREAU, "reveal-request", body, REGULATOR), attachment), "finding-proof")


def test_r6_a_finding_named_twice(world: World) -> None:
    run, own = world.run(ALL)
    body = world.request_body(run, [own[0], own[0]])
    item = world.deliver(world.sign(BUREAU, "reveal-request", body, REGULATOR), world.attachment(run, [own[0], own[0]]))
    refused(world, item, "finding-proof")


def test_r7_a_finding_of_another_matching_file(world: World) -> None:
    item = request(world)
    matching = replace(world.agreement.matching, digest=suite.sha256(b"another matching"))
    world.agree(replace(world.agreement, matching=matching))
    assert world.take(item)["finding-foreign"] == 2


def test_r7_a_finding_between_other_parties(world: World) -> None:
    parties = {**world.agreement.parties, "third": replace(world.agreement.parties[BUREAU], id="third")}
    world.agree(replace(world.agreement, parties=parties))
    run, own = world.run(ALL)
    body, attachment = world.request_body(run, own), world.attachment(run, own)
    item = resigned(world, world.deliver(world.sign(BUREAU, "reveal-request", body, REGULATOR), attachment))
    third = replace(item.message, sender="third")
    third = replace(third, signature=world.homes[BUREAU].keys.root.sign(third.signed_bytes()))
    signed = world.persons["ann"].key.sign(messages.person_bytes(third.digest(), "ann"))
    third = replace(third, person_signature=signed)
    flow = replace(world.agreement.matching.flows[FLOW], asking="third")
    world.agree(replace(world.agreement, matching=replace(world.agreement.matching, flows={FLOW: flow})))
    quotas = {**world.agreement.quotas, "third": world.agreement.quotas[BUREAU]}
    world.agree(replace(world.agreement, quotas=quotas))
    card = replace(world.service.cards[BUREAU], sender="third")
    body_of_card = canonical.encode({**card.content(), "party": "third"})
    card = replace(card, body=body_of_card)
    world.service.cards["third"] = replace(card, signature=world.homes[BUREAU].keys.root.sign(card.signed_bytes()))
    delivered = world.deliver(third, attachment)
    assert world.take(delivered)["finding-foreign"] == 2


def test_r7_a_finding_of_another_run(world: World) -> None:
    result = world.take(asked(world, *world.run(ALL, foreign_run=suite.sha256(b"an older run"))))
    assert result["finding-foreign"] == 2


def test_r8_a_handle_that_is_no_row_of_ours(world: World) -> None:
    item = request(world)
    del world.rows[REGULATOR].rows[handle_of(REGULATOR, "a")]
    answered(world, item, "finding-row")


def test_r9_a_claim_by_someone_who_does_not_hold_the_record(world: World) -> None:
    body, attachment = good(world)
    body["findings"][0]["claim"] = canonical.b64(bytes(32))  # type: ignore[index]
    answered(world, world.deliver(world.sign(BUREAU, "reveal-request", body, REGULATOR), attachment), "finding-claim")


def test_r9_the_claim_is_from_our_own_row_s_key(world: World) -> None:
    """A service that pairs our row with a row of another link value gets nothing."""
    item = request(world)
    rows = world.rows[REGULATOR].rows
    rows[handle_of(REGULATOR, "a")] = rows[handle_of(REGULATOR, "c")]
    answered(world, item, "finding-claim")


def test_r10_a_rule_outside_the_reveal_columns(world: World) -> None:
    item = request(world)
    world.change_terms(reveal=("paid", "flags"))
    answered(world, item, "reveal-columns")


def test_r11_a_finding_asked_for_twice(world: World) -> None:
    run, own = world.run(ALL)
    for round_number in range(2):
        body = {**world.request_body(run, own), "case": f"C-{round_number}"}
        item = world.deliver(world.sign(BUREAU, "reveal-request", body, REGULATOR), world.attachment(run, own))
        result = world.take(item)
        assert result == ({"approved": 1, "pending": 1} if round_number == 0 else {
            "approved": 0, "pending": 0, "finding-repeated": 2
        })  # fmt: skip


def test_a_refused_finding_may_be_asked_for_again(world: World) -> None:
    run, own = world.run([("a", ("frozen",))])
    del world.rows[REGULATOR].rows[handle_of(REGULATOR, "a")]
    body = world.request_body(run, own)
    message = world.sign(BUREAU, "reveal-request", body, REGULATOR)
    assert world.take(world.deliver(message, world.attachment(run, own)))["finding-row"] == 1
    world.rows[REGULATOR].rows[handle_of(REGULATOR, "a")] = world.rows[BUREAU].rows[handle_of(BUREAU, "a")]
    message = world.sign(BUREAU, "reveal-request", body, REGULATOR)
    assert world.take(world.deliver(message, world.attachment(run, own)))["pending"] == 1


def test_an_unreachable_service_refuses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    item = request(world)

    def fail(*_arguments: object) -> list[bytes]:
        raise UnreachableError("no answer")

    monkeypatch.setattr(world.service, "inclusion", fail)
    with pytest.raises(UnreachableError):
        world.take(item)
    assert not decisions(world)
    monkeypatch.undo()
    assert world.take(item)["pending"] == 1


def test_automatic_approval_needs_the_code_from_our_own_row(world: World) -> None:
    """The service says "frozen" of a row that is not: no automatic approval."""
    run, own = world.run([("c", ("frozen",))])
    body = world.request_body(run, own)
    item = world.deliver(world.sign(BUREAU, "reveal-request", body, REGULATOR), world.attachment(run, own))
    assert world.take(item) == {"approved": 0, "pending": 1}


def test_automatic_approval_needs_every_code_of_the_finding(world: World) -> None:
    run, own = world.run([("a", ("frozen", "wrong-kind"))])
    body = world.request_body(run, own)
    item = world.deliver(world.sign(BUREAU, "reveal-request", body, REGULATOR), world.attachment(run, own))
    assert world.take(item) == {"approved": 0, "pending": 1}


def test_automatic_approval_needs_the_agreement(world: World) -> None:
    world.change_terms(automatic=frozenset())
    assert world.take(request(world)) == {"approved": 0, "pending": 2}
