"""The auditor reading a real service over gRPC: verify, export, verify the export, list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.auditor.export import export
from matcher.auditor.listing import listing
from matcher.auditor.source import DirectorySource, ServiceSource
from matcher.auditor.verify import verify
from matcher.protocol import canonical, checkpoint
from matcher.protocol.errors import DeniedError
from tests.service import paper
from tests.service.world import World, new_template, new_world

FINE = ("91", 10_000, 0)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    path = tmp_path_factory.mktemp("audited")
    with new_world(path / "service", new_template(path / "template")) as made:
        made.agree()
        made.submit(paper.ANSWERING, [made.row(paper.ANSWERING, "short", ("91", 5_000, 0))])
        made.submit(paper.ASKING, [made.row(paper.ASKING, "short", FINE)])
        run = made.match()
        [item] = made.channel(paper.ASKING).list_findings(run.run_digest)
        body = {
            "run": run.run_digest.hex(),
            "findings": [{"id": canonical.decode(item.leaf)["id"], "claim": canonical.b64(bytes(32))}],
            "purpose": "inspection", "case": "C-1", "basis": ["article-1"],
            "checkpoint": made.channel(paper.ASKING).checkpoint(),
        }  # fmt: skip
        request = made.parties[paper.ASKING].sign(
            "reveal-request", body, recipient=paper.ANSWERING, agreement=made.agreement.digest, person="maker"
        )
        made.channel(paper.ASKING).send(request, canonical.encode({"proofs": [{}]}))
        with pytest.raises(DeniedError):
            list(made.channel(paper.ASKING).entries(0))
        yield made


def test_the_service_s_log_verifies(world: World) -> None:
    source = ServiceSource(world.channel(paper.AUDITOR))
    report = verify(source, world.public.log_key)
    assert report.failures == []
    assert report.states == {"requested": 1}
    assert report.entry_counts["access-denied"] == 1
    assert report.size == sum(report.entry_counts.values())
    seen = checkpoint.verify(report.note, world.public.log_key)
    assert verify(source, world.public.log_key, seen).failures == []


def test_an_export_verifies_offline_and_lists_alike(world: World, tmp_path: Path) -> None:
    source, log_key = ServiceSource(world.channel(paper.AUDITOR)), world.public.log_key
    count = export(source, tmp_path / "log")
    exported = DirectorySource(tmp_path / "log")
    report = verify(exported, log_key)
    assert report.failures == []
    assert report.read == count
    lines = listing(exported, log_key)
    assert lines == listing(source, log_key)
    [line] = [item for item in lines if item.purpose]
    assert (line.type, line.party, line.person) == ("reveal-requested", paper.ASKING, "maker")
    assert (line.purpose, line.case, line.flow) == ("inspection", "C-1", paper.FLOW)
