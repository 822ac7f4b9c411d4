"""Checks 6 to 27: each departure from the good story, named by the checks that notice it, and no other.

Check 28 is of an auditor's own copy, 29 of sealed rows: they are seen to fail in test_tampering.py and test_rerun.py.
"""

from __future__ import annotations

import pytest

from matcher.auditor.checks import CHECKS
from matcher.protocol import canonical, messages
from matcher.protocol.findings import run_digest
from tests.auditor import files
from tests.auditor.departures import (
    ANSWERED,
    APPROVED,
    CARD,
    DELIVERED,
    DENIAL,
    FORCE,
    OPENED,
    REQUESTED,
    RUN,
    SEALED_ANSWERING,
    SEALED_ASKING,
    SIGNED,
    Change,
    another_period,
    asked_in_the_next_period,
    beyond_quota,
    both,
    dropped,
    forged,
    guest_signs,
    later,
    more_was_matched,
    moved_to_new_keys,
    next_version_by_one,
    one_key_for_two,
    other_log,
    people_of,
    replayed,
    request_again,
    thief_s_card,
    to_a_party,
    under_the_old_version,
)
from tests.auditor.world import AUDIT, BANK, CLAIM, LABOUR, LOG_KEY, ORIGIN, ROOTS, World, finding, public

CASES: list[tuple[str, Change, dict[int, int]]] = [
    # ---- cards
    ("card signed by nobody", forged(CARD + 2), {6: 1}),
    ("card signed by nobody and used", forged(CARD), {6: 1, 7: 6, 8: 2}),
    ("card admitted after its end", lambda w: w.admit(AUDIT, "key-rotated", not_after=1), {6: 1}),
    ("card with a lower serial", lambda w: w.admit(AUDIT, "key-rotated", serial=1), {6: 1}),
    ("party admitted twice", lambda w: w.admit(AUDIT), {6: 1}),
    ("card of another party", lambda w: w.resign(CARD + 2, sender="other"), {6: 1}),
    ("card names another party", lambda w: w.resign(CARD + 2, content={"party": "other"}), {6: 1}),
    ("card to a party", lambda w: w.resign(CARD + 2, recipient=BANK), {6: 1}),
    ("card under another root", thief_s_card, {6: 1}),
    ("renewed without having had one", lambda w: w.rewrite(CARD + 2, type="key-rotated"), {6: 1}),
    ("person twice on a card", lambda w: w.admit(AUDIT, "key-rotated", people=people_of(AUDIT) * 2), {6: 1}),
    ("another root", lambda w: w.admit(AUDIT, "key-rotated", root=canonical.b64(public("thief"))), {6: 1}),
    ("card renewed", lambda w: w.admit(AUDIT, "key-rotated"), {}),
    # ---- signatures
    ("no card", dropped(CARD), {7: 6, 8: 2}),
    ("agreement names another root", lambda w: thief_s_card(w, CARD), {7: 6}),
    ("party did not sign", forged(APPROVED), {7: 1}),
    ("party did not sign the manifest", forged(SEALED_ASKING), {7: 1}),
    ("party of no agreement", lambda w: w.resign(OPENED, sender=AUDIT, sequence=9), {23: 1}),
    ("person did not sign", forged(APPROVED, "person_signature"), {8: 1}),
    ("person not on the card", lambda w: both(
        lambda w: w.admit(BANK, "key-rotated", people=[]), lambda w: request_again(w))(w), {8: 1}),
    ("approved by one who prepares", lambda w: w.resign(APPROVED, person="wang.fang"), {9: 1}),
    ("asked by one who approves", lambda w: w.resign(REQUESTED, person="li.wei"), {9: 1}),
    ("approved by nobody", lambda w: w.resign(APPROVED, person=""), {9: 1}),
    ("signed by somebody else of the card", guest_signs, {9: 1}),
    ("match asked by nobody", lambda w: w.resign(RUN, person=""), {9: 1}),
    # ---- numbers and time
    ("opening replayed", replayed(OPENED), {10: 1, 22: 1}),
    ("approval replayed", replayed(APPROVED), {10: 1, 22: 1}),
    ("request replayed", replayed(REQUESTED), {10: 1, 22: 1, 26: 0}),
    ("number used twice", lambda w: w.resign(DELIVERED, sequence=2), {10: 1, 23: 1}),
    ("number nought", lambda w: w.resign(SEALED_ANSWERING, sequence=0), {10: 1, 18: 1}),
    ("numbers out of order", lambda w: w.resign(OPENED, sequence=50), {}),
    ("message after its expiry", lambda w: w.resign(OPENED, expiry=w.time // 1000 - 3600), {11: 1}),
    ("message that lives for ever", lambda w: w.resign(OPENED, expiry=0), {11: 1}),
    ("message that lives too long", lambda w: w.resign(OPENED, expiry=w.time // 1000 + 100 * 3600), {11: 1}),
    # ---- agreements
    ("files missing", lambda w: w.agreement_files.clear(), {12: 14}),
    ("files of another digest", lambda w: w.agreement_files.update({
        w.agreement.digest: files.make(ROOTS, ORIGIN, LOG_KEY, valid_until="2024-01-01")}), {12: 14}),
    ("files of another log", other_log, {12: 1}),
    ("agreement not signed by all", dropped(SIGNED), {14: 1, 15: 10}),
    ("agreement signed for another version", lambda w: w.resign(SIGNED, content={"version": 2}),
     {13: 1, 14: 1, 15: 10}),
    ("agreement signed towards a party", to_a_party(lambda _: SIGNED), {13: 1, 14: 1, 15: 10}),
    ("in force from the start as another version", lambda w: w.rewrite(FORCE, facts={
        "agreement_id": "daxing-wages", "version": 7, "matching": w.agreement.matching.digest.hex()}), {14: 1, 15: 10}),
    ("agreement signed by an auditor", lambda w: w.sign_agreement(AUDIT), {13: 1}),
    ("agreement signed twice", lambda w: w.sign_agreement(BANK), {13: 1}),
    ("in force twice", lambda w: w.in_force(), {14: 1}),
    ("in force as another version", lambda w: w.in_force(version=7), {14: 1}),
    ("next version signed by one", next_version_by_one, {14: 1}),
    ("next version without the one before", lambda w: (
        setattr(w, "agreement", w.publish(version=2, previous="ab" * 32)), w.sign_agreement(BANK)), {13: 1}),
    ("amended", lambda w: (w.amend(valid_until="2024-01-01"), w.request(3)), {}),
    ("old version after an amendment", under_the_old_version(valid_until="2024-01-01"), {15: 1}),
    ("old version serves its own period", under_the_old_version(epoch=2), {}),
    ("old version after its last period", another_period, {15: 1}),
    ("after the term", later(400, lambda w: w.in_period("2022-06").seal(LABOUR, 5)), {15: 1}),
    ("nothing in force", dropped(FORCE), {15: 10}),
    # ---- periods, submissions, runs
    ("period of no calendar", lambda w: w.in_period("2022-13").seal(LABOUR, 5), {16: 1}),
    ("period with new keys", moved_to_new_keys, {16: 1, 17: 1}),
    ("period with other name data", lambda w: (w.amend(name_data="ab" * 32), w.seal(LABOUR, 5)), {16: 1}),
    ("submission towards a party", to_a_party(lambda w: w.seal(LABOUR, 5)), {17: 1}),
    ("submission out of order", lambda w: w.seal(LABOUR, 5, sequence=3), {17: 1}),
    ("submission on another one", lambda w: w.seal(LABOUR, 5, previous="ab" * 32), {17: 1}),
    ("submission of another epoch", lambda w: w.seal(LABOUR, 5, link_epoch=2), {17: 1}),
    ("submission of an auditor", lambda w: w.seal(AUDIT, 5), {17: 1}),
    ("too many rows", lambda w: w.seal(LABOUR, 991), {17: 1}),
    ("too many submissions", lambda w: [w.seal(LABOUR, 1) for _ in range(3)], {17: 1}),
    ("after the window", later(31, lambda w: w.seal(LABOUR, 1)), {17: 1}),
    ("second submission and run", lambda w: (w.seal(LABOUR, 5), w.match()), {}),
    ("a submission is left out", lambda w: (w.seal(BANK, 5), w.match(inputs=[
        {"party": party, "manifests": w.manifests[party, "2022-05"][:1]} for party in (BANK, LABOUR)])), {18: 1}),
    ("a submission is made up", lambda w: w.match(inputs=[
        *w.inputs()[:1], {"party": LABOUR, "manifests": ["ab" * 32]}]), {18: 1}),
    ("more was matched than asked for", more_was_matched, {18: 1}),
    ("match asked of a party", to_a_party(lambda w: w.match()), {18: 1}),
    ("match asked by the answering side", lambda w: w.match(BANK, "wang.fang"), {18: 1}),
    ("match of fewer than were asked for", lambda w: w.resign(RUN, content={
        "manifests": [w.manifests[LABOUR, "2022-05"][0]]}), {18: 1}),
    ("too many runs", lambda w: (w.match(), w.match()), {18: 1}),
    ("match after retention", later(61, lambda w: w.match()), {18: 1}),
    ("match before anything is sealed", dropped(SEALED_ANSWERING), {18: 1, 26: 1}),
    ("findings shown to an auditor", lambda w: w.list_findings(AUDIT), {19: 1}),
    ("findings of no run", lambda w: w.list_findings(BANK, "ab" * 32), {19: 1}),
    # ---- evaluations
    ("group key", lambda w: w.deliver_group_key(), {}),
    ("another group key", lambda w: w.deliver_group_key(group_key_id="ab" * 32), {20: 1}),
    ("group key of an oprf link", lambda w: w.deliver_group_key(link="account"), {20: 1}),
    ("group key to an auditor", lambda w: w.deliver_group_key(recipient=AUDIT), {20: 1}),
    ("evaluation asked of another", lambda w: w.ask_evaluation(recipient=AUDIT), {20: 1}),
    ("evaluation asked by another", lambda w: w.ask_evaluation(sender=AUDIT), {20: 1}),
    ("evaluation of another epoch", lambda w: w.ask_evaluation(epoch=2), {20: 1}),
    ("evaluation of an hmac link", lambda w: w.ask_evaluation(link="firm"), {20: 1}),
    ("evaluation not padded", lambda w: w.ask_evaluation(count=1000), {20: 1}),
    ("evaluation of too many", lambda w: w.ask_evaluation(count=5120), {20: 1}),
    ("answered twice", lambda w: w.answer_evaluation(), {20: 1}),
    ("answered by another", lambda w: w.resign(ANSWERED, sender=AUDIT, sequence=9), {20: 1}),
    ("answered more than asked", lambda w: w.resign(ANSWERED, content={"count": 2048}), {20: 1}),
    ("refused", lambda w: (w.ask_evaluation(), w.refuse_evaluation()), {}),
    ("refused, then the next answered", lambda w: (
        w.ask_evaluation(), w.refuse_evaluation(), w.ask_evaluation(), w.answer_evaluation()), {}),
    ("refused after the answer", lambda w: w.refuse_evaluation(), {20: 1}),
    ("refused, then answered", lambda w: (w.ask_evaluation(), w.refuse_evaluation(), w.answer_evaluation()), {20: 1}),
    ("refused by another", lambda w: (w.ask_evaluation(), w.refuse_evaluation(AUDIT)), {20: 1}),
    ("refused for another epoch", lambda w: (w.ask_evaluation(), w.refuse_evaluation(epoch=2)), {20: 1}),
    ("second answer", lambda w: (w.ask_evaluation(2048), w.answer_evaluation()), {}),
    ("total counts too little", lambda w: (w.ask_evaluation(), w.answer_evaluation(total_epoch=1024)), {21: 1}),
    ("total below the count", lambda w: w.resign(ANSWERED, content={"total_epoch": 1023}), {21: 1}),
    ("total above what was asked", lambda w: w.resign(ANSWERED, content={"total_epoch": 2048}), {21: 1}),
    ("month's total too small", lambda w: w.resign(ANSWERED, content={"total_month": 1023}), {21: 1}),
    ("month's total too large", lambda w: w.resign(ANSWERED, content={"total_month": 1025}), {21: 1}),
    ("beyond the epoch's quota", beyond_quota(evaluations_epoch=2048), {21: 1}),
    ("beyond the month's quota", beyond_quota(evaluations_month=2048), {21: 1}),
    ("within both", beyond_quota(), {}),
    ("an auditor asks and is answered", lambda w: (w.ask_evaluation(sender=AUDIT), w.answer_evaluation(
        recipient=AUDIT)), {20: 1, 21: 1}),
    # ---- reveals
    ("delivery without approval", lambda w: (w.request(3), w.deliver(3)), {22: 1}),
    ("delivery of a refused finding", lambda w: w.deliver(2), {22: 1}),
    ("delivery without request", lambda w: w.deliver(3), {22: 1, 23: 1}),
    ("approval without request", lambda w: w.decide("approved", 3), {22: 1, 23: 1}),
    ("approval after refusal", lambda w: w.decide("approved", 2), {22: 1}),
    ("delivered twice", lambda w: w.deliver(1), {22: 1}),
    ("opened twice", lambda w: w.open(1), {22: 1}),
    ("opened before delivery", lambda w: (request_again(w), w.open(3)), {22: 1, 23: 1}),
    ("asked for while it is under way", lambda w: (w.request(3), w.request(3)), {22: 1}),
    ("asked for again after opening", lambda w: w.request(1), {22: 1}),
    ("asked for again after refusal", lambda w: w.request(2), {}),
    ("asked for again after it lapsed", lambda w: (w.request(3), later(4, lambda w: w.request(3))(w)), {}),
    ("approved after it lapsed", lambda w: (w.request(3), later(4, lambda w: w.decide("approved", 3))(w)), {22: 1}),
    ("finding twice in one request", lambda w: w.request(3, 3), {22: 1}),
    ("disputed", lambda w: w.dispute(1), {}),
    ("disputed twice", lambda w: (w.dispute(1), w.dispute(1)), {22: 1}),
    ("asked by the answering side", lambda w: w.request(
        3, sender=BANK, recipient=LABOUR, header={"person": "wang.fang"}), {23: 1}),
    ("asked by the answering side of itself", lambda w: w.request(
        3, sender=BANK, recipient=BANK, header={"person": "wang.fang"}), {23: 1}),
    ("asked in the next period", asked_in_the_next_period, {23: 1}),
    ("decided in another period", lambda w: (w.request(3), w.decide(
        "approved", 3, header={"period": "2022-06"})), {23: 1}),
    ("asked of nobody", lambda w: w.request(3, recipient=AUDIT), {23: 1}),
    ("asked in another run", lambda w: w.request(3, run="ab" * 32), {23: 1}),
    ("decided by the asking side", lambda w: (w.request(3), w.decide(
        "approved", 3, sender=LABOUR, recipient=BANK, header={"person": "li.wei"})), {23: 1}),
    ("decision on another request", lambda w: (w.request(3), w.decide("approved", 3, request="ab" * 32)), {23: 1}),
    ("delivery for another request", lambda w: w.resign(DELIVERED, content={"request": "ab" * 32}), {23: 2}),
    ("delivery of another place", lambda w: w.resign(DELIVERED, content={"request_index": 3}), {23: 2}),
    ("opening of another delivery", lambda w: w.resign(OPENED, content={"delivery": "ab" * 32}), {23: 1}),
    ("opened by the answering side", lambda w: w.resign(OPENED, sender=BANK, recipient=LABOUR, sequence=9), {23: 1}),
    ("purpose of no agreement", lambda w: w.request(3, purpose="curiosity"), {24: 1}),
    ("basis of no agreement", lambda w: w.request(3, basis=["article-26", "custom"]), {24: 1}),
    ("no basis", lambda w: w.request(3, basis=[]), {24: 1}),
    ("maker is checker", one_key_for_two, {25: 1}),
    ("approved by the agent, as agreed", lambda w: (w.request(3), w.decide(
        "approved", 3, automatic=True, header={"person": ""})), {}),
    ("refused by the agent", lambda w: (w.request(3), w.decide(
        "refused", 3, automatic=True, header={"person": ""})), {}),
    ("reveal quota", lambda w: w.request(3, 4, 5, 6), {26: 1}),
    ("reveal quota of the next month", later(25, lambda w: w.request(3, 4, 5, 6)), {}),
    ("request after retention", later(61, lambda w: w.request(3)), {26: 1}),
    # ---- the end
    ("purged", lambda w: w.purge(), {}),
    ("purged twice", lambda w: (w.purge(), w.purge()), {27: 1}),
    ("purged before it began", lambda w: w.act("period-purged", {"segments": 0}, period="2022-06"), {27: 1}),
    ("not all was purged", lambda w: w.purge(1), {27: 1}),
    ("submission to a purged period", lambda w: (w.purge(), w.seal(LABOUR, 1)), {27: 1}),
    ("request in a purged period", lambda w: (w.purge(), w.request(3)), {27: 1}),
    ("findings listed of a purged period", lambda w: (w.purge(), w.list_findings(BANK)), {27: 1}),
    ("denial", lambda w: w.act("access-denied", DENIAL, actor=LABOUR), {}),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_each_departure_breaks_its_check(change: Change, expected: dict[int, int]) -> None:
    world = World.good()
    change(world)
    report = world.verify()
    assert report.failed == {number: count for number, count in expected.items() if count}, report.failures
    assert report.history_holds
    for failure in report.failures:
        # Reasons go to logs and letters: ids, counts and the start of a digest.
        assert failure.reason.isascii()
        assert len(failure.reason) < 200
        assert finding(3) not in failure.reason


def test_every_check_is_broken_by_some_departure() -> None:
    broken = {number for _, _, expected in CASES for number in expected}
    assert broken == set(CHECKS) - {1, 2, 3, 4, 5, 28, 29}


def test_an_agent_approves_alone_only_where_the_agreement_has_codes_for_it() -> None:
    world = World()
    world.begin()
    flow = {"flow": "firm-check"}
    world.log(world.message("manifest", BANK, "", _manifest(), **flow), {"rows": 1})
    world.log(world.message("manifest", LABOUR, "", _manifest(), **flow), {"rows": 1})
    inputs = [{"party": p, "manifests": [m]} for p, m in ((BANK, _digest(world, -2)), (LABOUR, _digest(world, -1)))]
    record = {
        "suite": "concordat-v1", "agreement": world.agreement.digest.hex(), "flow": "firm-check", "period": "2022-05",
        "inputs": inputs, "counts": {},
    }  # fmt: skip
    body = {"manifests": [digest for item in inputs for digest in item["manifests"]]}
    match = world.message("match", LABOUR, "", body, person="zhang.min", **flow)
    world.log(match, {"run": record, "findings_root": files.DIGEST, "findings": 1})
    world.run = run_digest(record).hex()
    world.request(1, purpose="firm-inspection", basis=[], header=flow)
    assert world.verify().failed == {}
    world.decide("approved", 1, automatic=True, header={"person": "", **flow})
    assert world.verify().failed == {25: 1}


def _manifest() -> canonical.Json:
    return {
        "submission": CLAIM, "sequence": 1, "previous": "", "rows": 1, "rows_root": files.DIGEST, "link_epoch": 1,
    }  # fmt: skip


def _digest(world: World, index: int) -> str:
    return messages.from_json(canonical.decode(world.entries[index])["message"]).digest().hex()


def _issue(world: World, *parties: str, run: str = "") -> int:
    listed = [{"party": party, "sha256": files.DIGEST} for party in parties]
    return world.act("receipts-issued", {"run": run or world.run, "receipts": listed})


def test_check_19_a_run_s_receipts_are_issued_once_and_for_everybody() -> None:
    world = World.good()
    _issue(world, "", AUDIT, BANK, LABOUR)
    assert world.verify().failures == []
    _issue(world, "", AUDIT, BANK, LABOUR)
    assert dict(world.verify().failed) == {19: 1}


@pytest.mark.parametrize(
    "parties", [(AUDIT, BANK, LABOUR), ("", BANK, LABOUR), ("", AUDIT, BANK, LABOUR, "press"), ("", AUDIT, BANK, BANK)]
)
def test_check_19_a_receipt_less_or_more_is_named(parties: tuple[str, ...]) -> None:
    world = World.good()
    _issue(world, *parties)
    assert dict(world.verify().failed) == {19: 1}


def test_check_19_receipts_are_of_a_run_in_the_log() -> None:
    world = World.good()
    _issue(world, "", AUDIT, BANK, LABOUR, run="ab" * 32)
    assert dict(world.verify().failed) == {19: 1}
