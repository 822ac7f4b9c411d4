"""No lawful entry is longer than C2SP tlog-tiles can hold: the largest body of every kind, and one step beyond it."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.protocol import bodies, canonical, checks, entries
from matcher.protocol.entry_types import ENTRY_TYPES, MAX_CODES_PER_RUN, MAX_PARTIES_PER_RUN, MAX_RECEIPTS
from matcher.protocol.errors import VerificationError
from matcher.protocol.messages import SignedMessage
from matcher.protocol.suite import SUITE, sha256

TILE_ENTRY_BYTES = 65_535
ID, NUMBER, PERIOD = "x" * 64, 2**53 - 1, "2022-12"
AGREEMENT = b"\xff" * 32


def names(count: int) -> list[str]:
    return sorted(f"{number:04d}".ljust(64, "x") for number in range(count))


def digests(count: int) -> list[str]:
    return [sha256(b"%d" % number).hex() for number in range(count)]


def base64_of(size: int) -> str:
    return canonical.b64(b"\xff" * size)


DIGEST = digests(1)[0]
# What a note may hold that costs most in JSON: newlines and quotation marks, each escaped by two bytes.
NOTE = "\n" * checks.MAX_NOTE_BYTES
QUOTES = '"' * 4000
# A checkpoint must be one, so its origin and its signature's name fill it.
LONGEST_CHECKPOINT = f"{QUOTES}\n{NUMBER}\n{base64_of(32)}\n\n\N{EM DASH} {QUOTES} {base64_of(68)}\n"

LARGEST: dict[str, canonical.Json] = {
    "card": {
        "party": ID, "root": base64_of(32), "encryption_key": base64_of(1216), "tls_certificate": NOTE,
        "people": [{"id": name, "key": base64_of(32)} for name in names(bodies.MAX_PEOPLE)],
        "serial": NUMBER, "not_after": NUMBER,
    },
    "agreement": {"agreement": ID, "version": NUMBER, "matching": DIGEST},
    "group-key": {"link": ID, "group_key_id": DIGEST, "sealed_sha256": DIGEST},
    "manifest": {
        "submission": base64_of(32), "sequence": NUMBER, "previous": DIGEST, "rows": NUMBER, "rows_root": DIGEST,
        "link_epoch": NUMBER,
    },
    "evaluation-request": {
        "link": ID, "epoch": NUMBER, "count": NUMBER, "elements_sha256": DIGEST, "checkpoint": LONGEST_CHECKPOINT,
    },
    "evaluation-answer": {
        "request": DIGEST, "link": ID, "epoch": NUMBER, "count": NUMBER, "elements_sha256": DIGEST,
        "proof": base64_of(64), "total_epoch": NUMBER, "total_month": NUMBER,
    },
    "evaluation-refusal": {"request": DIGEST, "link": ID, "epoch": NUMBER, "count": NUMBER, "reason": ID},
    "match": {"manifests": digests(bodies.MAX_MANIFESTS_PER_RUN)},
    "reveal-request": {
        "run": DIGEST,
        "findings": [{"id": item, "claim": base64_of(32)} for item in digests(bodies.MAX_FINDINGS_PER_REQUEST)],
        "purpose": ID, "case": "X" * 64, "basis": names(16), "checkpoint": LONGEST_CHECKPOINT,
    },
    "reveal-decision": {
        "request": DIGEST, "findings": digests(bodies.MAX_FINDINGS_PER_REQUEST), "decision": "approved", "reason": ID,
        "automatic": False,
    },
    "delivery": {"request": DIGEST, "request_index": NUMBER, "finding": DIGEST, "sealed_sha256": DIGEST},
    "opening": {"delivery": DIGEST, "finding": DIGEST, "payload_digest": DIGEST, "rule_holds": False},
    "dispute": {"delivery": DIGEST, "finding": DIGEST, "payload_digest": DIGEST, "reason": ID},
}  # fmt: skip


def inputs() -> list[dict[str, Any]]:
    """As many parties and manifests as there may be, the manifests spread over all parties."""
    parties, manifests = names(MAX_PARTIES_PER_RUN), digests(bodies.MAX_MANIFESTS_PER_RUN)
    return [{"party": party, "manifests": manifests[place :: len(parties)]} for place, party in enumerate(parties)]


FACTS: dict[str, Any] = {
    "agreement_id": ID, "version": NUMBER, "matching": DIGEST, "rows": NUMBER, "findings_root": DIGEST,
    "findings": NUMBER, "count": NUMBER, "segments": NUMBER, "rpc": "R" * 96, "reason": ID, "detail": "t" * 160,
    "certificate": DIGEST, "message": DIGEST,
    "receipts": [{"party": name, "sha256": DIGEST} for name in names(MAX_RECEIPTS)],
}  # fmt: skip
RUN = {
    "suite": SUITE, "agreement": AGREEMENT.hex(), "flow": ID, "period": PERIOD, "inputs": inputs(),
    "counts": dict.fromkeys(names(MAX_CODES_PER_RUN), NUMBER),
}  # fmt: skip


def largest(name: str) -> bytes:
    entry_type = ENTRY_TYPES[name]
    facts = {fact: DIGEST if fact == "run" and name != "match-run" else {**FACTS, "run": RUN}[fact]
             for fact in entry_type.facts}  # fmt: skip
    in_period = entry_type.scope != "none"
    header = (AGREEMENT, ID, PERIOD) if in_period else (bytes(32), "", "")
    if not entry_type.kind:
        return entries.without_message(
            name, NUMBER, facts, actor=ID, agreement=header[0], flow=header[1], period=header[2]
        )
    body = dict(LARGEST[entry_type.kind])
    if name == "reveal-refused":
        body["decision"] = "refused"
    message = SignedMessage(
        entry_type.kind, *header, ID, ID, NUMBER, NUMBER, canonical.encode(body), bytes(64), ID, bytes(64)
    )
    return entries.for_message(NUMBER, message, facts, name)


@pytest.mark.parametrize("name", ENTRY_TYPES)
def test_the_largest_entry_of_every_type_fits_a_tile(name: str) -> None:
    assert entries.MAX_ENTRY_BYTES == TILE_ENTRY_BYTES
    data = largest(name)
    assert len(data) <= TILE_ENTRY_BYTES
    assert entries.parse(data).type == name


def test_the_largest_bodies_cover_every_field_of_every_kind() -> None:
    assert {kind: set(body) for kind, body in LARGEST.items()} == {
        kind: set(fields) for kind, fields in bodies.BODIES.items()
    }


def one_more(value: Any) -> Any:
    if isinstance(value, str):
        return canonical.b64(canonical.unb64(value) + b"x") if value.endswith("=") else value + "0"
    if isinstance(value, list):
        last = value[-1]
        further = {**last, "id": names(9999)[-1]} if isinstance(last, dict) and len(last["id"]) == 64 else last
        return [*value, digests(5000)[-1] if isinstance(last, str) else further]
    return value + 1


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind, body in LARGEST.items() for field in body])
def test_one_step_beyond_the_largest_is_refused(kind: str, field: str) -> None:
    """So the largest body above is the largest there is: nothing in it may grow by one."""
    value = LARGEST[kind][field]
    if isinstance(value, bool) or value == "approved":
        return
    grown = {**LARGEST[kind], field: value + "\n" * 400 if field == "checkpoint" else one_more(value)}
    with pytest.raises(VerificationError):
        bodies.check(kind, canonical.decode(canonical.encode(grown)))


def test_a_run_takes_no_more_inputs_or_codes() -> None:
    is_run = ENTRY_TYPES["match-run"].facts["run"]
    assert is_run(RUN)
    more = [dict(item) for item in inputs()]
    more[0] = {**more[0], "manifests": [*more[0]["manifests"], digests(5000)[-1]]}
    assert not is_run({**RUN, "inputs": more})
    assert not is_run({**RUN, "counts": dict.fromkeys(names(MAX_CODES_PER_RUN + 1), NUMBER)})
    parties = [{"party": name, "manifests": [item]} for name, item in
               zip(names(MAX_PARTIES_PER_RUN + 1), digests(MAX_PARTIES_PER_RUN + 1), strict=True)]  # fmt: skip
    assert not is_run({**RUN, "inputs": parties})


@pytest.mark.parametrize("text", ["a\x00", "\x1b[31m", "tab\t", "\ud800", "\r\n"])
def test_a_note_holds_lines_of_text_and_nothing_else(text: str) -> None:
    assert not checks.is_note(text)
    assert checks.is_note("line\nöther\n")
