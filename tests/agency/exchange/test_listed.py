"""Findings shown as columns: the same as one by one, and each way to show others is refused by its check's name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from matcher.agency.reveal.findings import join
from matcher.agency.reveal.findings_json import as_json, json_items
from matcher.agency.reveal.listed import ListedFindings, verify_columns, verify_findings
from matcher.agency.reveal.runs import VerifiedRun
from matcher.agency.session import Session
from matcher.channel.types import FindingCase, FindingColumns, FindingItem
from matcher.protocol import contract, merkle
from matcher.protocol.errors import ConcordatError
from tests.agency.exchange.test_runs_and_findings import items, sent
from tests.agency.exchange.world import BUREAU, FLOW, PERIOD, REGULATOR, World, handle_of, value_row

NAMED = [(name, codes) for name in "abcde" for codes in [("frozen",) if name < "d" else ("frozen", "wrong-kind")]]
SINCE = 1_700_000_000_000


class Shown:
    """A run of five findings, of which ``places`` are shown in messages of two places each."""

    def __init__(self, world: World, places: tuple[int, ...] = (0, 1, 2, 3, 4)) -> None:
        self.world = world
        for name in "de":
            world.rows[BUREAU].rows[handle_of(BUREAU, name)] = value_row(name, "wage", 1000, 0)
        self.run, self.own = world.run(NAMED)
        self.tree = merkle.Tree([merkle.leaf_hash(item.listed.proof.leaf) for item in self.own])
        self.parts = [self._part(first, min(first + 2, 5), places) for first in (0, 2, 4)]

    def _part(self, first: int, end: int, places: tuple[int, ...]) -> FindingColumns:
        shown = [place for place in places if first <= place < end]
        kinds = list(dict.fromkeys(self.own[place].listed.finding.codes for place in shown))
        gaps = zip([first, *(place + 1 for place in shown)], [*shown, end], strict=True)
        parts = [self.own[place].listed.finding for place in shown]
        return FindingColumns(
            first, end, tuple((REGULATOR, codes) for codes in kinds),
            b"".join(place.to_bytes(4, "little") for place in shown),
            b"".join(kinds.index(part.codes).to_bytes(2, "little") for part in parts),
            b"".join(part.asking_handle for part in parts), b"".join(part.answering_handle for part in parts), (),
            b"".join(self.tree.node(*node) for gap in gaps for node in merkle.complete_subtrees(*gap)), SINCE,
        )  # fmt: skip

    def verified(self, party: str = BUREAU, **changes: object) -> ListedFindings:
        run = replace(self.run, **changes)  # type: ignore[arg-type]
        return verify_columns(run, self.world.agreement, FLOW, PERIOD, party, iter(self.parts))

    def refused(self, code: str, party: str = BUREAU, **changes: object) -> None:
        with pytest.raises(ConcordatError) as caught:
            self.verified(party, **changes)
        assert caught.value.code == code


def _one_by_one(shown: Shown, run: VerifiedRun, places: tuple[int, ...], party: str) -> ListedFindings:
    chosen = [replace(items(shown.own)[place], since=SINCE) for place in places]
    return verify_findings(run, shown.world.agreement, FLOW, PERIOD, party, chosen)


@pytest.mark.parametrize(
    ("party", "places"),
    [(BUREAU, (0, 1, 2, 3, 4)), (REGULATOR, (1, 3)), (REGULATOR, (4,)), (REGULATOR, ()), (REGULATOR, (0, 1, 3, 4))],
)
def test_columns_are_what_is_shown_one_by_one(world: World, party: str, places: tuple[int, ...]) -> None:
    shown = Shown(world, places)
    by_columns, by_items = shown.verified(party), _one_by_one(shown, shown.run, places, party)
    assert len(by_columns) == len(places)
    for one, other in zip(by_columns, by_items, strict=True):
        assert (one.finding_id, one.finding, one.state, one.since) == (
            other.finding_id, other.finding, other.state, other.since,
        )  # fmt: skip
        assert one.proof == other.proof
        one.proof.verify(shown.run.findings_root)


def test_a_case_is_told_beside_its_finding(world: World) -> None:
    shown = Shown(world)
    shown.parts[1] = replace(
        shown.parts[1], cases=(FindingCase(3, "requested", 9, SINCE + 5), FindingCase(0, "x", 1, 2))
    )
    listed = shown.verified()
    assert listed.states == ["listed", "listed", "listed", "requested", "listed"]
    assert listed.since == [SINCE] * 3 + [SINCE + 5, SINCE]


def test_what_is_written_at_once_is_what_is_written_one_by_one(world: World) -> None:
    listed = Shown(world).verified()
    for language in ("zh", "en"):
        own = join(world.agreement, FLOW, BUREAU, listed, sent(world), language)
        written = [json.loads(text) for text in json_items(own)]
        assert written == [as_json(item, BUREAU) for item in own]
        assert [item["row_id"] for item in written] == ["line-a", "line-b", "line-c", "line-d", "line-e"]


def _mutations() -> Iterator[tuple[str, int, dict[str, object]]]:
    yield "a handle of another row", 0, {"asking_handles": bytes(32)}
    yield "an answering handle of another row", 0, {"answering_handles": bytes(32)}
    yield "another code", 0, {"kinds": ((REGULATOR, ("frozen", "gone")),)}
    yield "codes not sorted", 0, {"kinds": ((REGULATOR, ("wrong-kind", "frozen")),)}
    yield "a code twice", 0, {"kinds": ((REGULATOR, ("frozen", "frozen")),)}
    yield "no code", 0, {"kinds": ((REGULATOR, ()),)}
    yield "a party that is none", 0, {"kinds": (("stranger", ("frozen",)),)}
    yield "no kind", 0, {"kinds": ()}
    yield "a column too short", 0, {"asking_handles": bytes(31)}
    yield "a number too few", 0, {"numbers": bytes(3)}
    yield "places that do not ascend", 0, {"positions": (1).to_bytes(4, "little") + bytes(4)}
    yield "a place twice", 0, {"positions": bytes(8)}
    yield "a place of another message", 0, {"positions": bytes(4) + (2).to_bytes(4, "little")}
    yield "a gap between messages", 1, {"first": 3}
    yield "a message again", 1, {"first": 0, "end": 2}
    yield "more places than findings", 2, {"end": 6}
    yield "the end before the beginning", 2, {"end": 3}
    yield "more that is hidden", 0, {"hidden": bytes(32)}
    yield "half a hash", 0, {"hidden": bytes(16)}


@pytest.mark.parametrize(("number", "changes"), [item[1:] for item in _mutations()], ids=[it[0] for it in _mutations()])
def test_other_columns_are_refused(world: World, number: int, changes: dict[str, object]) -> None:
    shown = Shown(world)
    shown.parts[number] = replace(shown.parts[number], **changes)  # type: ignore[arg-type]
    shown.refused("finding-proof")


def test_what_is_left_out_is_missed(world: World) -> None:
    shown = Shown(world)
    shown.parts.pop()
    shown.refused("finding-proof")
    shown = Shown(world, (0, 1, 2, 3))
    shown.refused("findings-incomplete")
    assert len(shown.verified(REGULATOR)) == 4
    shown.parts[2] = replace(shown.parts[2], hidden=b"")
    shown.refused("finding-proof", REGULATOR)
    shown.parts[2] = replace(shown.parts[2], hidden=bytes(32))
    shown.refused("finding-proof", REGULATOR)


def test_findings_of_others_and_of_other_runs_are_refused(world: World) -> None:
    shown = Shown(world)
    shown.refused("finding-foreign", "stranger")
    shown.refused("finding-proof", digest=bytes(32))
    shown.refused("finding-proof", findings_root=bytes(32))
    shown.refused("finding-proof", findings=6)


class Service:
    """Shows findings as a service of this program does, or as one of before revision 3."""

    def __init__(self, shown: Shown, *, is_new: bool) -> None:
        self._shown = shown
        self._is_new = is_new

    def speaks(self, revision: int) -> bool:
        return revision < contract.FINDING_COLUMNS or self._is_new

    def finding_columns(self, _run: bytes) -> Iterator[FindingColumns]:
        assert self._is_new
        return iter(self._shown.parts)

    def list_findings(self, _run: bytes) -> Iterator[FindingItem]:
        assert not self._is_new
        return (replace(item, since=SINCE) for item in items(self._shown.own))


@pytest.mark.parametrize("is_new", [False, True])
def test_an_older_service_is_asked_for_findings_one_by_one(world: World, is_new: bool) -> None:
    shown = Shown(world)
    session = Session(world.homes[BUREAU], Service(shown, is_new=is_new), world.agreement)  # type: ignore[arg-type]
    listed = session.findings(shown.run, FLOW, PERIOD)
    assert [item.finding_id for item in listed] == [item.listed.finding_id for item in shown.own]
    assert [item.since for item in listed] == [SINCE] * 5
