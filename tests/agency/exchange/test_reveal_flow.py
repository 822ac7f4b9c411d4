"""From asking to opening: who may see what, when; what a crash leaves; what a liar gets."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from keys.signing import SigningKey
from matcher.agency.agent import decisions, notices, pending
from matcher.agency.exchange import outgoing
from matcher.agency.reveal import asking, opened, payload
from matcher.agency.reveal.collect import outstanding
from matcher.agency.reveal.findings import OwnFinding
from matcher.channel.types import MailItem
from matcher.protocol import canonical, messages
from matcher.protocol.errors import ConcordatError, DeniedError, InputError, StateError, UnreachableError
from tests.agency.exchange.world import BUREAU, FLOW, PERIOD, REGULATOR, World, handle_of, value_row

FROZEN, WRONG = ("a", ("frozen",)), ("b", ("wrong-kind",))


def ask_for(world: World, *named: tuple[str, tuple[str, ...]]) -> list[OwnFinding]:
    """Ask for a run's findings and let the regulator's desk take the request."""
    run, own = world.run(named)
    requests = world.ask(run, own)
    asking.require_taken(world.homes[BUREAU], outgoing.send_waiting(world.homes[BUREAU], bureau(world)), requests)
    world.take(world.service.mail[-1])
    return own


def bureau(world: World) -> object:
    return world.channels[BUREAU]


def approve(world: World, decision: str = pending.APPROVED, reason: str = decisions.PERSON_REASON) -> None:
    home = world.homes[REGULATOR]
    items = pending.listed(home.journal, (pending.PENDING,))
    decisions.decide(home, world.agreement, items, decision, reason, world.persons["bob"])


def kinds(world: World) -> list[str]:
    return [item.message.kind for item in world.service.mail]


def states(world: World) -> dict[str, str]:
    rows = world.homes[BUREAU].journal.rows("SELECT leaf, state FROM asked")
    return {",".join(json.loads(row["leaf"])["codes"]): row["state"] for row in rows}


def test_automatic_and_personal_approval_then_opening(world: World) -> None:
    ask_for(world, FROZEN, WRONG)
    world.delivery_desk().run()
    assert kinds(world) == ["reveal-request", "reveal-decision", "delivery"]
    approve(world)
    world.delivery_desk().run()
    assert outstanding(world.homes[BUREAU]) == 2
    result = world.collector().run(0, lambda _done: None)
    assert [item.confirmed for item in result.opened] == [("frozen",), ("wrong-kind",)]
    assert not result.disputed
    assert not result.failed
    assert outstanding(world.homes[BUREAU]) == 0
    shown = opened.listed(world.homes[BUREAU].vault_path, FLOW, PERIOD)
    assert [item.payload().columns["kind"] for item in shown] == ["wage", "other"]
    assert kinds(world)[-2:] == ["opening", "opening"]
    assert states(world) == {"frozen": "opened", "wrong-kind": "opened"}


def test_only_agreed_columns_and_needed_values_leave(world: World) -> None:
    ask_for(world, WRONG)
    approve(world)
    world.delivery_desk().run()
    world.collector().run(0, lambda _done: None)
    (shown,) = opened.listed(world.homes[BUREAU].vault_path, FLOW, PERIOD)
    assert set(shown.payload().columns) == {"kind", "paid", "flags"}
    assert dict(shown.payload().values) == {"kind": "other"}
    assert b"never" not in shown.plain


def test_nothing_is_sealed_before_the_decision_is_in_the_log(world: World) -> None:
    ask_for(world, FROZEN)
    world.service.fail_sending.append(UnreachableError("no answer"))
    with pytest.raises(UnreachableError):
        world.delivery_desk().run()
    assert not world.homes[REGULATOR].journal.rows("SELECT * FROM outgoing WHERE part LIKE 'delivery:%'")
    world.delivery_desk().run()
    assert kinds(world) == ["reveal-request", "reveal-decision", "delivery"]


def test_a_decision_that_the_service_refuses_reveals_nothing(world: World) -> None:
    ask_for(world, FROZEN)
    world.service.fail_sending.append(StateError("not requested"))
    world.delivery_desk().run()
    world.delivery_desk().run()
    assert kinds(world) == ["reveal-request"]
    (item,) = pending.listed(world.homes[REGULATOR].journal, (pending.REFUSED,))
    assert item.reason == "state"


def test_a_crash_between_sealing_and_sending_sends_the_same_bytes(world: World) -> None:
    ask_for(world, FROZEN)
    desk = world.delivery_desk()
    outgoing.send_waiting(world.homes[REGULATOR], world.channels[REGULATOR])  # type: ignore[arg-type]
    world.service.fail_sending.append(UnreachableError("no answer"))
    with pytest.raises(UnreachableError):
        desk.run()
    sealed = world.homes[REGULATOR].journal.rows("SELECT attachment FROM outgoing WHERE part LIKE 'delivery:%'")
    world.delivery_desk().run()
    world.delivery_desk().run()
    deliveries = [item for item in world.service.mail if item.message.kind == "delivery"]
    assert [item.attachment for item in deliveries] == [bytes(row["attachment"]) for row in sealed]
    assert len(deliveries) == 1


def test_a_refusal_reaches_the_asking_side_by_name(world: World) -> None:
    ask_for(world, WRONG)
    approve(world, pending.REFUSED, decisions.require_reason("wrong-case"))
    world.delivery_desk().run()
    result = world.collector().run(0, lambda _done: None)
    assert result.refusals == {"wrong-case": 1}
    assert not result.opened
    assert states(world) == {"wrong-kind": "refused"}


@pytest.mark.parametrize("reason", ["Because I say so", "原因", "", "a" * 65])
def test_a_refusal_s_reason_is_a_code(reason: str) -> None:
    with pytest.raises(InputError):
        decisions.require_reason(reason)


def test_a_row_for_which_no_rule_holds_is_disputed(world: World) -> None:
    """The service says wrong-kind of a pair that agrees, and a person approves it."""
    ask_for(world, ("c", ("wrong-kind",)))
    approve(world)
    world.delivery_desk().run()
    result = world.collector().run(0, lambda _done: None)
    assert not result.opened
    assert len(result.disputed) == 1
    assert kinds(world)[-2:] == ["opening", "dispute"]
    opening, dispute = (item.message.content() for item in world.service.mail[-2:])
    assert opening["rule_holds"] is False
    (kept,) = opened.listed(world.homes[BUREAU].vault_path, FLOW, PERIOD)
    assert dispute["payload_digest"] == payload.digest(kept.plain).hex() == opening["payload_digest"]
    inbox = world.inbox(REGULATOR)
    for item in world.service.mail[-2:]:
        notices.take(world.homes[REGULATOR], inbox.open(item))
    (told,) = pending.listed(world.homes[REGULATOR].journal, ("disputed",))
    assert told.finding.codes == ("wrong-kind",)


def test_a_notice_about_what_was_not_revealed_is_refused(world: World) -> None:
    body = {"delivery": "00" * 32, "finding": "11" * 32, "payload_digest": "22" * 32, "rule_holds": True}
    item = world.deliver(world.sign(BUREAU, "opening", body, REGULATOR), b"")
    with pytest.raises(ConcordatError) as caught:
        notices.take(world.homes[REGULATOR], world.inbox(REGULATOR).open(item))
    assert caught.value.code == "notice-foreign"


def test_one_code_of_several_is_enough_and_is_named(world: World) -> None:
    ask_for(world, ("a", ("frozen", "wrong-kind")))
    approve(world)
    world.delivery_desk().run()
    (item,) = world.collector().run(0, lambda _done: None).opened
    assert (item.codes, item.confirmed) == (("frozen", "wrong-kind"), ("frozen",))


def delivered(world: World, *named: tuple[str, tuple[str, ...]]) -> MailItem:
    ask_for(world, *named)
    approve(world)
    world.delivery_desk().run()
    return world.service.mail[-1]


def collect_refused(world: World, code: str) -> None:
    result = world.collector().run(0, lambda _done: None)
    assert [name for _index, name in result.failed] == [code]
    assert not result.opened
    assert not result.disputed
    assert not opened.listed(world.homes[BUREAU].vault_path, FLOW, PERIOD)


def swap(world: World, item: MailItem, **changes: object) -> None:
    world.service.mail[world.service.mail.index(item)] = replace(item, **changes)  # type: ignore[arg-type]


def resigned(world: World, item: MailItem, **body: object) -> None:
    """The delivery with another body, signed by the regulator."""
    home = world.homes[REGULATOR]
    message = replace(item.message, body=canonical.encode({**item.message.content(), **body}))
    swap(world, item, message=replace(message, signature=home.keys.root.sign(message.signed_bytes())))


def test_o1_a_delivery_of_something_else(world: World) -> None:
    item = delivered(world, WRONG)
    resigned(world, item, request_index=item.message.content()["request_index"] + 1)
    collect_refused(world, "delivery-foreign")


@pytest.mark.parametrize("name", ["request", "finding"])
def test_o1_a_delivery_that_nobody_asked_for(world: World, name: str) -> None:
    resigned(world, delivered(world, WRONG), **{name: "ab" * 32})
    collect_refused(world, "delivery-foreign")


@pytest.mark.parametrize("header", [{"period": "2022-06"}, {"flow": "other"}])
def test_o1_a_delivery_in_another_flow_or_period(world: World, header: dict[str, str]) -> None:
    item = delivered(world, WRONG)
    message = replace(item.message, **header)  # type: ignore[arg-type]
    signature = world.homes[REGULATOR].keys.root.sign(message.signed_bytes())
    swap(world, item, message=replace(message, signature=signature))
    collect_refused(world, "delivery-foreign")


def test_o2_another_ciphertext(world: World) -> None:
    item = delivered(world, WRONG)
    swap(world, item, attachment=item.attachment[:-1] + bytes([item.attachment[-1] ^ 1]))
    collect_refused(world, "delivery-digest")


def test_o3_a_sender_who_does_not_hold_the_record(world: World) -> None:
    """The service pairs a row of ours with some row it made up; an accomplice at the other side cannot seal it."""
    ask_for(world, WRONG)
    approve(world)
    rows = world.rows[REGULATOR].rows
    rows[handle_of(REGULATOR, "b")] = replace(value_row("z", "other", 1000, 0), row_id="line-b")
    world.delivery_desk().run()
    collect_refused(world, "delivery-seal")


def test_o3_sealed_to_another_party(world: World) -> None:
    world.service.cards[BUREAU], kept = world.service.cards[REGULATOR], world.service.cards[BUREAU]
    card = world.service.cards[REGULATOR]
    body = canonical.encode({**kept.content(), "encryption_key": card.content()["encryption_key"]})
    forged = replace(kept, body=body)
    signature = world.homes[BUREAU].keys.root.sign(forged.signed_bytes())
    world.service.cards[BUREAU] = replace(forged, signature=signature)
    delivered(world, WRONG)
    collect_refused(world, "delivery-seal")


@pytest.mark.parametrize("values", [{}, {"kind": 5}, {"kind": "other", "paid": 1}])
def test_o4_a_payload_without_the_values_of_the_rules(
    world: World, values: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    from matcher.agency.agent import deliveries

    real = deliveries.revealed
    monkeypatch.setattr(deliveries, "revealed", lambda *arguments: replace(real(*arguments), values=values))
    delivered(world, WRONG)
    collect_refused(world, "delivery-fields")


def test_a_delivery_by_another_key(world: World) -> None:
    item = delivered(world, WRONG)
    swap(world, item, message=replace(item.message, signature=SigningKey.generate().sign(b"x")))
    collect_refused(world, "message-signature")


def test_a_delivery_waits_longer_than_its_lifetime(world: World) -> None:
    delivered(world, WRONG)
    world.homes[BUREAU].clock = 100 * 3600
    assert len(world.collector().run(0, lambda _done: None).opened) == 1


def test_a_delivery_twice_is_opened_once(world: World) -> None:
    item = delivered(world, WRONG)
    world.collector().run(0, lambda _done: None)
    world.service.mail.append(replace(item, index=item.index + 100))
    again = world.collector().run(0, lambda _done: None)
    assert not again.opened
    assert not again.failed
    assert kinds(world).count("opening") == 1


def test_a_crash_after_opening_does_not_lose_the_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    delivered(world, WRONG)
    collector = world.collector()

    def crash(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(collector, "_answer", crash)
    with pytest.raises(KeyboardInterrupt):
        collector.run(0, lambda _done: None)
    world.collector().run(0, lambda _done: None)
    assert kinds(world).count("opening") == 1
    assert len(opened.listed(world.homes[BUREAU].vault_path, FLOW, PERIOD)) == 1


def test_a_request_the_service_refuses_can_be_asked_again(world: World) -> None:
    run, own = world.run([WRONG])
    requests = world.ask(run, own)
    world.service.fail_sending.append(DeniedError("period closed", code="period-closed"))
    sent = outgoing.send_waiting(world.homes[BUREAU], world.channels[BUREAU])  # type: ignore[arg-type]
    with pytest.raises(DeniedError) as caught:
        asking.require_taken(world.homes[BUREAU], sent, requests)
    assert caught.value.code == "period-closed"
    assert outstanding(world.homes[BUREAU]) == 0
    assert ask_for(world, WRONG)


def test_asking_needs_the_role_and_the_agreement_s_words(world: World) -> None:
    run, own = world.run([WRONG])
    home = world.homes[BUREAU]
    good = asking.Reason("inspection", "C-1", ("art-26",))
    with pytest.raises(DeniedError):
        asking.ask(
            home, world.agreement, (FLOW, PERIOD), run, own, world.rows[BUREAU], good, world.persons["eve"], ""
        )  # fmt: skip
    asking.require_reason(world.agreement, FLOW, good)
    for wrong in (
        replace(good, purpose="curiosity"), replace(good, basis=()), replace(good, basis=("art-99",)),
        replace(good, case="张三的工资"), replace(good, case=""),
    ):  # fmt: skip
        with pytest.raises(InputError):
            asking.require_reason(world.agreement, FLOW, wrong)
    assert not home.journal.rows("SELECT * FROM asked")


def test_a_rule_outside_the_reveal_columns_is_not_even_asked_for(world: World) -> None:
    run, own = world.run([WRONG])
    world.change_terms(reveal=("paid",))
    with pytest.raises(ConcordatError) as caught:
        world.ask(run, own)
    assert caught.value.code == "reveal-columns"


def test_a_person_s_decision_carries_the_person_s_signature(world: World) -> None:
    ask_for(world, WRONG)
    approve(world)
    world.delivery_desk().run()
    decision = next(item.message for item in world.service.mail if item.message.kind == "reveal-decision")
    assert decision.person == "bob"
    messages.verify(decision, world.homes[REGULATOR].keys.root.public, world.persons["bob"].key.public)
    assert decision.content()["automatic"] is False


def test_the_asking_side_believes_no_decision_of_a_person_without_the_role(world: World) -> None:
    ask_for(world, WRONG)
    parties = dict(world.agreement.parties)
    parties[REGULATOR] = replace(parties[REGULATOR], people={"bob": frozenset({"read"})})
    approve(world)
    world.delivery_desk().run()
    world.agree(replace(world.agreement, parties=parties))
    result = world.collector().run(0, lambda _done: None)
    assert "message-person" in {name for _index, name in result.failed}
    assert result.approved == 0
