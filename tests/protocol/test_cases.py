"""The case table: every line, nothing beside it, and the diagram in docs/log.md."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.protocol import cases
from matcher.protocol.entry_types import ENTRY_TYPES
from matcher.protocol.errors import StateError

LINES = {(line.before, line.event): line.after for line in cases.TRANSITIONS}
EVENTS = (*cases.ACTS, cases.EXPIRE)
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "log.md"


@pytest.mark.parametrize("state", cases.STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_default_is_deny(state: str, event: str) -> None:
    if (state, event) in LINES:
        assert cases.step(state, event) == LINES[state, event]
    else:
        with pytest.raises(StateError, match=f"a finding that is {state} takes no step '{event}'"):
            cases.step(state, event)


def test_the_states_are_those_of_the_contract() -> None:
    words = "listed, requested, approved, refused, delivered, opened, disputed, expired"
    assert set(cases.STATES) == set(words.split(", "))
    assert len(LINES) == len(cases.TRANSITIONS)


def test_unknown_words_are_refused() -> None:
    for state, event in (("gone", "request"), ("listed", "peek"), ("", "")):
        with pytest.raises(StateError):
            cases.step(state, event)


@given(st.lists(st.sampled_from(EVENTS), max_size=30))
def test_nothing_opens_without_approval_and_nothing_is_revealed_twice(events: list[str]) -> None:
    state, taken = cases.INITIAL, [""]
    for event in events:
        try:
            state = cases.step(state, event)
        except StateError:
            continue
        taken.append(event)
        before = taken[:-1]
        if event in ("approve", "refuse"):
            assert before[-1] == "request"
        if event == "deliver":
            assert before[-1] == "approve"
            assert "deliver" not in before
        if event in ("open", "dispute"):
            assert "deliver" in before
        if event == "request":
            assert "deliver" not in before


@pytest.mark.parametrize(
    ("state", "now", "after"),
    [
        ("requested", 99, "requested"),
        ("requested", 100, "expired"),
        ("approved", 100, "expired"),
        ("delivered", 100, "delivered"),
        ("refused", 100, "refused"),
        ("listed", 100, "listed"),
    ],
)
def test_a_request_lapses_until_it_is_delivered(state: str, now: int, after: str) -> None:
    assert cases.lapse(state, 100, now) == after
    assert cases.lapse(state, 0, now) == state


def test_every_step_is_recorded_and_signed_by_its_side() -> None:
    for event, act in cases.ACTS.items():
        assert act.entry in ENTRY_TYPES
        assert cases.event_of(act.entry) == event
    assert cases.event_of("match-run") is None
    assert {event for event, act in cases.ACTS.items() if act.role} == {"request", "approve", "refuse"}
    assert {event for event, act in cases.ACTS.items() if act.side == "asking"} == {"request", "open", "dispute"}


def test_the_documented_diagram_is_the_table() -> None:
    assert f"```mermaid\n{cases.mermaid()}```" in DOCUMENT.read_text(encoding="utf-8")
