"""Log entries: every type comes back, and every departure from its table is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from matcher.protocol import bodies, canonical, checkpoint, entries, messages
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.entry_types import ENTRY_TYPES, type_of
from matcher.protocol.errors import VerificationError
from matcher.protocol.messages import NO_AGREEMENT, SignedMessage

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
AGREEMENT = bytes(range(32))
FLOW, PERIOD = "account-check", "2022-05"
DIGEST, OTHER_DIGEST = "ab" * 32, "cd" * 32
NOTE = checkpoint.sign(Checkpoint("log.example", 3, bytes(32)), KEY.public_key().public_bytes_raw(), KEY.sign)
RUN = {
    "suite": "concordat-v1",
    "agreement": AGREEMENT.hex(),
    "flow": FLOW,
    "period": PERIOD,
    "inputs": [
        {"party": "bank-regulator", "manifests": [OTHER_DIGEST]},
        {"party": "labour-bureau", "manifests": [DIGEST]},
    ],
    "counts": {"matched": 3, "unmatched": 1, "holder-mismatch": 2},
}
CONTENT: dict[str, canonical.Json] = {
    "card": {
        "party": "labour-bureau", "root": "", "encryption_key": "", "tls_certificate": "", "people": [], "serial": 1,
        "not_after": 1,
    },
    "agreement": {"agreement": "daxing-wages", "version": 1, "matching": DIGEST},
    "group-key": {"link": "account", "group_key_id": DIGEST, "sealed_sha256": DIGEST},
    "manifest": {
        "submission": "", "sequence": 1, "previous": "", "rows": 386, "rows_root": DIGEST, "link_epoch": 1,
    },
    "evaluation-request": {
        "link": "account", "epoch": 1, "count": 1024, "elements_sha256": DIGEST, "checkpoint": NOTE,
    },
    "evaluation-answer": {
        "request": DIGEST, "link": "account", "epoch": 1, "count": 1024, "elements_sha256": DIGEST, "proof": "",
        "total_epoch": 1024, "total_month": 1024,
    },
    "evaluation-refusal": {"request": DIGEST, "link": "account", "epoch": 1, "count": 1024, "reason": "quota"},
    "match": {"manifests": [DIGEST]},
    "reveal-request": {
        "run": DIGEST, "findings": [{"id": DIGEST, "claim": ""}], "purpose": "wage-arrears", "case": "LB-2022-17",
        "basis": [], "checkpoint": "",
    },
    "reveal-decision": {
        "request": DIGEST, "findings": [DIGEST], "decision": "approved", "reason": "case-open", "automatic": False,
    },
    "delivery": {"request": DIGEST, "request_index": 9, "finding": DIGEST, "sealed_sha256": DIGEST},
    "opening": {"delivery": DIGEST, "finding": DIGEST, "payload_digest": DIGEST, "rule_holds": True},
    "dispute": {"delivery": DIGEST, "finding": DIGEST, "payload_digest": DIGEST, "reason": "no-rule-holds"},
}  # fmt: skip
FACTS: dict[str, canonical.Json] = {
    "submission-sealed": {"rows": 386},
    "match-run": {"run": RUN, "findings_root": DIGEST, "findings": 2},
    "agreement-in-force": {"agreement_id": "daxing-wages", "version": 1, "matching": DIGEST},
    "receipts-issued": {
        "run": DIGEST, "receipts": [{"party": "", "sha256": DIGEST}, {"party": "audit-office", "sha256": OTHER_DIGEST}],
    },
    "finding-listed": {"run": DIGEST, "count": 2},
    "period-purged": {"segments": 4},
    "access-denied": {
        "rpc": "Mailbox.Send", "reason": "late", "detail": "the message has expired", "certificate": DIGEST,
        "message": "",
    },
}  # fmt: skip


def message(kind: str, **changes: Any) -> SignedMessage:
    body = {**CONTENT[kind], **changes.pop("content", {})}
    flow, period = ("", "") if kind in ("card", "agreement") else (FLOW, PERIOD)
    header: dict[str, Any] = {
        "kind": kind, "agreement": NO_AGREEMENT if kind == "card" else AGREEMENT, "flow": flow, "period": period,
        "sender": "labour-bureau", "recipient": "", "sequence": 7, "expiry": 0, "body": canonical.encode(body),
        "signature": bytes(64),
    }  # fmt: skip
    return SignedMessage(**{**header, **changes})


def entry(name: str) -> bytes:
    """One good entry of each type."""
    kind = ENTRY_TYPES[name].kind
    facts = FACTS.get(name, {})
    if kind:
        content = {"decision": "refused"} if name == "reveal-refused" else {}
        return entries.for_message(1000, message(kind, content=content), facts, name)
    return entries.without_message(
        name, 1000, facts, actor="labour-bureau", agreement=AGREEMENT, flow=FLOW, period=PERIOD
    )  # fmt: skip


def changed(name: str, change: Callable[[dict[str, Any]], object]) -> bytes:
    """A good entry with one thing wrong."""
    value = canonical.decode(entry(name))
    change(value)
    return canonical.encode(value)


def test_every_kind_has_a_type_and_an_example_here() -> None:
    assert {item.kind for item in ENTRY_TYPES.values()} - {""} == messages.KINDS == set(CONTENT) == set(bodies.BODIES)
    assert {name for name, item in ENTRY_TYPES.items() if item.facts} == set(FACTS)


@pytest.mark.parametrize("name", ENTRY_TYPES)
def test_every_type_comes_back(name: str) -> None:
    data = entry(name)
    parsed = entries.parse(data)
    assert (parsed.type, parsed.time, parsed.actor) == (name, 1000, "labour-bureau")
    assert parsed.facts == FACTS.get(name, {})
    assert entries.encode(parsed) == data
    if parsed.message:
        assert parsed.message.content() == parsed.body
        expected = "card-admitted" if name == "key-rotated" else name
        assert type_of(parsed.message.kind, parsed.message.content()) == expected


@pytest.mark.parametrize("name", ENTRY_TYPES)
@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(v=2),
        lambda value: value.update(v=True),
        lambda value: value.update(type="gossip"),
        lambda value: value.update(type=1),
        lambda value: value.update(time=-1),
        lambda value: value.update(time="now"),
        lambda value: value.update(actor="张三"),
        lambda value: value.update(actor=1),
        lambda value: value.update(agreement="00" * 32),
        lambda value: value.update(agreement="ab"),
        lambda value: value.update(agreement=None),
        lambda value: value.update(flow="Account Check"),
        lambda value: value.update(period="May"),
        lambda value: value.update(note="free text"),
        lambda value: value.pop("period"),
        lambda value: value.update(facts=[]),
        lambda value: value["facts"].update(note="free text"),
    ],
)
def test_a_malformed_field_is_refused(name: str, change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(VerificationError):
        entries.parse(changed(name, change))


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_is_needed_and_checked(name: str) -> None:
    for fact in FACTS[name]:
        with pytest.raises(VerificationError, match="missing or unknown"):
            entries.parse(changed(name, lambda value, fact=fact: value["facts"].pop(fact)))  # type: ignore[misc]
        for wrong in (None, -1, 1.5, "某公司 6222021234567890", [], {}):
            with pytest.raises(VerificationError):
                entries.parse(changed(name, lambda value, fact=fact, wrong=wrong: value["facts"].update({fact: wrong})))  # type: ignore[misc]


@pytest.mark.parametrize("name", [name for name, item in ENTRY_TYPES.items() if item.kind])
@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(actor="bank-regulator"),
        lambda value: value.update(agreement=OTHER_DIGEST),
        lambda value: value.update(flow="other-check"),
        lambda value: value.update(period="2022-06"),
        lambda value: value.update(message=None),
        lambda value: value["message"].update(sender="张三", body=value["message"]["body"]),
        lambda value: value["message"].update(recipient="Free Text"),
        lambda value: value["message"].update(person="Free Text", person_signature=canonical.b64(bytes(64))),
        lambda value: value["message"].update(body=1),
        lambda value: value["message"]["body"].update(note="free text"),
        lambda value: value["message"].update(note="free text"),
    ],
)
def test_header_and_message_must_agree(name: str, change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(VerificationError):
        entries.parse(changed(name, change))


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("period-purged", lambda value: value.update(message=messages.to_json(message("match"))), "carries no message"),
        ("match-run", lambda value: value.update(message=messages.to_json(message("manifest"))), "kind 'match'"),
        ("match-run", lambda value: value["facts"]["run"].update(agreement=DIGEST), "another agreement"),
        ("match-run", lambda value: value["facts"]["run"].update(flow="other"), "another agreement, flow"),
        ("match-run", lambda value: value["facts"]["run"].update(period="2022-06"), "flow or period"),
        ("match-run", lambda value: value["facts"]["run"].update(suite="concordat-v2"), "fact run"),
        ("match-run", lambda value: value["facts"]["run"]["inputs"].reverse(), "fact run"),
        ("match-run", lambda value: value["facts"]["run"]["inputs"][0]["manifests"].append(DIGEST), "fact run"),
        ("match-run", lambda value: value["facts"]["run"]["inputs"].clear(), "fact run"),
        ("match-run", lambda value: value["facts"]["run"]["counts"].update({"6222 0212": 1}), "fact run"),
        ("match-run", lambda value: value["message"]["body"]["manifests"].append("ef" * 32), "do not fit together"),
        ("submission-sealed", lambda value: value["facts"].update(rows=1), "do not fit together"),
        ("reveal-approved", lambda value: value.update(type="reveal-refused"), "do not fit together"),
        ("reveal-refused", lambda value: value.update(type="reveal-approved"), "do not fit together"),
        ("reveal-requested", lambda value: value["message"]["body"].update(checkpoint="free text"), "do not fit"),
        ("evaluation-requested", lambda value: value["message"]["body"].update(checkpoint="a\n1\nb\n"), "do not fit"),
        ("finding-listed", lambda value: value.update(actor=""), "actor is missing"),
        ("finding-listed", lambda value: value.update(period=""), "out of place"),
        ("period-purged", lambda value: value.update(agreement=""), "out of place"),
        ("agreement-in-force", lambda value: value.update(agreement=""), "out of place"),
    ],
)  # fmt: skip
def test_each_type_has_its_own_demands(name: str, change: Callable[[dict[str, Any]], object], reason: str) -> None:
    with pytest.raises(VerificationError, match=reason):
        entries.parse(changed(name, change))


def test_a_card_stands_under_no_agreement() -> None:
    card = message("card", agreement=AGREEMENT)
    with pytest.raises(VerificationError, match="out of place"):
        entries.for_message(1, card)


def test_another_spelling_is_refused() -> None:
    data = entry("period-purged")
    for spelled in (
        data + b"\n",
        b" " + data,
        data.replace(b'":', b'": ', 1),
        data.replace(b"labour", b"l\\u0061bour"),
    ):
        with pytest.raises(VerificationError, match="canonical"):
            entries.parse(spelled)


def test_an_entry_has_a_largest_size() -> None:
    with pytest.raises(VerificationError, match="longer"):
        entries.parse(b" " * (entries.MAX_ENTRY_BYTES + 1))


def test_a_builder_refuses_what_the_parser_would() -> None:
    with pytest.raises(VerificationError):
        entries.without_message("period-purged", 1, {"segments": 1})
    with pytest.raises(VerificationError):
        entries.for_message(1, message("match", content={"manifests": ["free text"]}))
    with pytest.raises(VerificationError):
        type_of("gossip", {})


def test_an_entry_without_message_says_so() -> None:
    with pytest.raises(VerificationError, match="no message"):
        entries.parse(entry("period-purged")).require_message()


@given(st.sampled_from(sorted(ENTRY_TYPES)), st.data())
def test_no_change_of_a_byte_goes_unnoticed(name: str, data: st.DataObject) -> None:
    good = entry(name)
    position = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[position] ^= data.draw(st.integers(1, 255))
    try:
        parsed = entries.parse(bytes(bad))
    except VerificationError:
        return
    assert entries.encode(parsed) == bytes(bad)
    assert parsed != entries.parse(good)
