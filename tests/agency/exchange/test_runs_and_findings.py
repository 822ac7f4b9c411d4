"""What a run's reader verifies (V1 to V6), and what findings look like beside one's own rows."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from matcher.agency.exchange.trust import trust_of
from matcher.agency.files import export
from matcher.agency.reveal.findings import OwnFinding, join, summarise, texts_of
from matcher.agency.reveal.listed import ListedFindings, verify_findings
from matcher.agency.reveal.runs import VerifiedRun, verify_run
from matcher.agency.reveal.vault_view import Standing
from matcher.agency.vault.blocks import SentRow
from matcher.channel.types import FindingItem, RunInfo
from matcher.protocol import suite
from matcher.protocol.errors import ConcordatError, InputError
from matcher.protocol.finding_columns import Kind
from matcher.protocol.rows import PUT
from tests.agency.exchange.world import BUREAU, FLOW, PERIOD, REGULATOR, World, handle_of

NAMED = [("a", ("frozen",)), ("b", ("frozen", "wrong-kind")), ("c", ("wrong-kind",))]


@pytest.fixture
def run(world: World) -> tuple[VerifiedRun, list[OwnFinding]]:
    return world.run(NAMED)


def info(world: World, run: VerifiedRun, **changes: object) -> RunInfo:
    good = RunInfo(run.digest, run.findings_root, run.findings, world.service.logged(run.index))
    return replace(good, **changes)  # type: ignore[arg-type]


def check(world: World, item: RunInfo, period: str = PERIOD, own: frozenset[bytes] | None = None) -> VerifiedRun:
    trust = trust_of(world.homes[BUREAU], world.channels[BUREAU], world.agreement)  # type: ignore[arg-type]
    return verify_run(trust, FLOW, period, BUREAU, world.rows[BUREAU].manifests if own is None else own, item)


def items(own: list[OwnFinding]) -> list[FindingItem]:
    return [
        FindingItem(
            entry.listed.proof.leaf, entry.listed.proof.index, entry.listed.proof.size, entry.listed.proof.inclusion,
            "listed", 0, 0,
        )
        for entry in own
    ]  # fmt: skip


def named(code: str, call: object, *arguments: object) -> None:
    with pytest.raises(ConcordatError) as caught:
        call(*arguments)  # type: ignore[operator]
    assert caught.value.code == code


def test_a_good_run_and_its_findings(world: World, run: tuple[VerifiedRun, list[OwnFinding]]) -> None:
    verified = check(world, info(world, run[0]))
    assert replace(verified, counts={}) == run[0]
    assert [item.finding_id for item in listed(world, run[0], items(run[1]))] == [
        item.listed.finding_id for item in run[1]
    ]


def listed(world: World, run: VerifiedRun, shown: list[FindingItem], party: str = BUREAU) -> ListedFindings:
    return verify_findings(run, world.agreement, FLOW, PERIOD, party, shown)


def test_v1_to_v3(world: World, run: tuple[VerifiedRun, list[OwnFinding]]) -> None:
    good = info(world, run[0])
    named("verification", check, world, replace(good, logged=replace(good.logged, index=0)))
    named("run-entry", check, world, replace(good, logged=world.service.logged(0)))
    named("run-entry", check, world, replace(good, run_digest=bytes(32)))
    named("run-entry", check, world, good, "2022-06")
    named("run-inputs", check, world, good, PERIOD, frozenset({suite.sha256(b"other")}))


def test_v3_a_run_over_more_than_was_signed_for(world: World) -> None:
    verified, _own = world.run(NAMED, asked_for=1)
    named("run-inputs", check, world, info(world, verified))


def test_v4_to_v6(world: World, run: tuple[VerifiedRun, list[OwnFinding]]) -> None:
    verified, own = run
    good = items(own)
    named("finding-proof", listed, world, verified, [replace(good[0], leaf=good[1].leaf), *good[1:]])
    named("finding-proof", listed, world, verified, [replace(good[0], size=4), *good[1:]])
    named("findings-incomplete", listed, world, verified, good[:-1])
    named("findings-incomplete", listed, world, verified, [good[0], good[0], good[1]])
    named("finding-foreign", listed, world, verified, good, "stranger")
    assert len(listed(world, verified, good[:1], REGULATOR)) == 1  # an answering side sees its own only
    other = replace(world.agreement.matching, digest=bytes(32))
    world.agree(replace(world.agreement, matching=other))
    named("finding-foreign", listed, world, verified, good)


def test_a_finding_of_another_run_under_this_root(world: World) -> None:
    verified, own = world.run(NAMED, foreign_run=suite.sha256(b"older"))
    named("finding-foreign", listed, world, verified, items(own))


def test_findings_stand_beside_own_rows_in_the_agreement_s_words(
    world: World, run: tuple[VerifiedRun, list[OwnFinding]]
) -> None:
    verified, own = run
    joined = list(join(world.agreement, FLOW, BUREAU, listed(world, verified, items(own)), sent(world), "en"))
    assert [item.row.row_id for item in joined] == ["line-a", "line-b", "line-c"]
    assert joined[1].texts == ("frozen", "another kind")
    assert "line" not in repr(joined[0])
    assert texts_of(world.agreement, FLOW, ("frozen", "gone"), "zh") == ("frozen", "gone")


def test_counts_are_of_lines_and_of_records(world: World, run: tuple[VerifiedRun, list[OwnFinding]]) -> None:
    _verified, own = run
    two_records_of_one_line = [own[0], replace(own[1], row=replace(own[1].row, row_id=own[0].row.row_id)), own[2]]
    lost = replace(own[2].listed, finding=replace(own[2].listed.finding, answering="", answering_handle=b""))
    found = [*two_records_of_one_line[:2], replace(own[2], listed=lost)]
    handles = {handle_of(BUREAU, name): f"line-{name}".encode() for name in "abcde"}
    parts = [item.listed.finding for item in found]
    counts = summarise(
        [part.asking_handle for part in parts], [item.row.row_id.encode() for item in found],
        [Kind(part.answering, part.codes) for part in parts], Standing(handles),
    )  # fmt: skip
    assert counts.lines == 5
    assert (counts.flagged_lines, counts.flagged_records, counts.not_found_records) == (2, 3, 1)
    assert counts.by_code == {"frozen": 2, "wrong-kind": 2}
    assert counts.as_json()["compliant_lines"] == 3


def sent(world: World) -> dict[bytes, SentRow]:
    """The bureau's rows as its vault has them."""
    return {
        handle: SentRow(
            handle, PUT, row.row_id.encode(), row.link_column.encode(), row.link_value.encode(),
            json.dumps([row.values, dict(row.columns)], ensure_ascii=False).encode(), bytes(16), row.leaf,
        )
        for handle, row in world.rows[BUREAU].rows.items()
    }  # fmt: skip


HEADINGS = ["项目", "=x"]
ROWS = [["甲", "=HYPERLINK(1)"], ["-乙", "plain"]]


def test_csv_has_a_bom_and_no_formula() -> None:
    data = export.write(None, "csv", HEADINGS, ROWS, None)
    assert data.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert read[1:] == [["甲", "'=HYPERLINK(1)"], ["'-乙", "plain"]]


def test_a_workbook_holds_texts(tmp_path: Path) -> None:
    export.write(tmp_path / "findings.xlsx", "xlsx", HEADINGS, ROWS, None)
    sheet = openpyxl.load_workbook(tmp_path / "findings.xlsx").active
    assert sheet is not None
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [HEADINGS, *ROWS]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}
    with pytest.raises(InputError):
        export.write(None, "xlsx", HEADINGS, ROWS, None)
