"""No write of an agency or an auditor is missing from the fault table, unless it is named here with its reason."""

from __future__ import annotations

from pathlib import Path

from tests.faults.local_acts import Shelf
from tests.faults.local_table import LocalTable
from tests.faults.scenes import SCENES
from tests.faults.writes import places

_OUTPUT = "one file that a person named, written whole: the command is run again"
EXEMPT = {
    "matcher.agency.agreements.drafting:write": _OUTPUT,
    "matcher.agency.commands.identity:card": _OUTPUT,
    "matcher.agency.commands.rules:local_rules": _OUTPUT,
    "matcher.agency.commands.sample:_sample": _OUTPUT,
    "matcher.agency.files.export:write": _OUTPUT,
    "matcher.agency.files.mappings:save": _OUTPUT,
    "matcher.agency.records.rejects:_open": _OUTPUT,
    "matcher.auditor.proof_command:make": _OUTPUT,
    "matcher.auditor.browse.command:browse": "tells a supervisor that it is ready; read by nobody after a crash",
    "matcher.agency.commands.agent:send": "what the act of the group key does, step by step",
    "matcher.agency.local.store:__init__": "flows of one submission, in its spool, which is made anew after a crash",
}


def test_every_write_is_in_the_table(tmp_path: Path, shelf: Shelf) -> None:
    tried: set[str] = set()
    for name in SCENES:
        tried |= LocalTable(tmp_path / "trial", shelf, name).places
    found = places()
    assert len(found) > 60
    assert found - tried - set(EXEMPT) == set(), "a write that no act of the table comes by"
    assert set(EXEMPT) <= found, "named without a reason to be"
    assert tried & set(EXEMPT) == set(), "tried already"
