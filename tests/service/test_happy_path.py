"""From admission to an opened reveal, over real gRPC: the whole way once."""

from __future__ import annotations

from matcher.protocol import canonical, checkpoint, findings, merkle
from matcher.protocol.suite import sha256
from tests.service import paper
from tests.service.world import World

FINE = ("91", 10_000, 0)


def test_whole_way(world: World) -> None:
    asking = [
        world.row(paper.ASKING, "fine", FINE),
        world.row(paper.ASKING, "other-code", ("92", 10_000, 0)),
        world.row(paper.ASKING, "short", FINE),
        world.row(paper.ASKING, "frozen", FINE),
        world.row(paper.ASKING, "missing", FINE),
    ]
    answering = [
        world.row(paper.ANSWERING, "fine", FINE),
        world.row(paper.ANSWERING, "other-code", FINE),
        world.row(paper.ANSWERING, "short", ("91", 5_000, 0)),
        world.row(paper.ANSWERING, "frozen", ("91", 10_000, 1)),
        world.row(paper.ANSWERING, "not asked", FINE),
    ]
    world.submit(paper.ANSWERING, answering)
    _manifest, logged = world.submit(paper.ASKING, asking)
    point = checkpoint.verify(logged.checkpoint, world.public.log_key)
    merkle.verify_inclusion(merkle.leaf_hash(logged.entry), logged.index, point.size, logged.inclusion, point.root)

    run = world.match()
    assert run.findings == 4
    items = list(world.channel(paper.ASKING).list_findings(run.run_digest))
    codes = {}
    for item in items:
        merkle.verify_inclusion(merkle.leaf_hash(item.leaf), item.index, item.size, item.inclusion, run.findings_root)
        finding_id, finding = findings.from_leaf(item.leaf)
        codes[finding.codes] = (finding_id, item)
    assert set(codes) == {("code-mismatch",), ("paid-short",), ("frozen",), ("not-found",)}
    theirs = list(world.channel(paper.ANSWERING).list_findings(run.run_digest))
    assert len(theirs) == 3

    finding_id = codes["paid-short",][0]
    bureau, bank = world.parties[paper.ASKING], world.parties[paper.ANSWERING]
    digest = world.agreement.digest
    request = bureau.sign(
        "reveal-request",
        {
            "run": run.run_digest.hex(), "findings": [{"id": finding_id.hex(), "claim": canonical.b64(bytes(32))}],
            "purpose": "inspection", "case": "C-1", "basis": ["article-1"], "checkpoint": logged.checkpoint,
        },
        recipient=paper.ANSWERING, agreement=digest, person="maker",
    )  # fmt: skip
    requested = world.channel(paper.ASKING).send(request, canonical.encode({"proofs": [{}]}))
    [received] = world.channel(paper.ANSWERING).receive(["reveal-request"])
    assert received.message == request
    assert received.index == requested.index

    decision = bank.sign(
        "reveal-decision",
        {
            "request": request.digest().hex(), "findings": [finding_id.hex()], "decision": "approved",
            "reason": "in-order", "automatic": False,
        },
        recipient=paper.ASKING, agreement=digest, person="officer",
    )  # fmt: skip
    world.channel(paper.ANSWERING).send(decision)
    sealed = b"sealed payload"
    delivery = bank.sign(
        "delivery",
        {
            "request": request.digest().hex(), "request_index": requested.index, "finding": finding_id.hex(),
            "sealed_sha256": sha256(sealed).hex(),
        },
        recipient=paper.ASKING, agreement=digest,
    )  # fmt: skip
    world.channel(paper.ANSWERING).send(delivery, sealed)
    mail = world.channel(paper.ASKING).receive()
    assert [(item.message.kind, item.attachment) for item in mail] == [("reveal-decision", b""), ("delivery", sealed)]
    opening = bureau.sign(
        "opening",
        {
            "delivery": delivery.digest().hex(), "finding": finding_id.hex(), "payload_digest": "00" * 32,
            "rule_holds": True,
        },
        recipient=paper.ANSWERING, agreement=digest,
    )  # fmt: skip
    world.channel(paper.ASKING).send(opening)
    assert [item.message.kind for item in world.channel(paper.ASKING).receive()] == ["reveal-decision"]
    states = {item.leaf: item.state for item in world.channel(paper.ASKING).list_findings(run.run_digest)}
    assert sorted(states.values()) == ["listed", "listed", "listed", "opened"]

    assert world.log_types() == [
        "card-admitted", "card-admitted", "card-admitted", "agreement-signed", "agreement-signed",
        "agreement-in-force", "submission-sealed", "submission-sealed", "match-run", "receipts-issued",
        "finding-listed", "finding-listed", "reveal-requested", "reveal-approved", "reveal-delivered", "reveal-opened",
        "finding-listed",
    ]  # fmt: skip
    read = list(world.channel(paper.AUDITOR).entries(0))
    assert [index for index, _entry in read] == list(range(17))
