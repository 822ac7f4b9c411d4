"""Every class of fault in every type of file it can occur in: what is told, and that no good record is lost."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from matcher.agency.check.checking import check
from matcher.agency.check.terms import SideTerms, of_directory
from matcher.agency.files.batches import Reading
from matcher.agency.records.rejects import reason
from tests.agency.daxing_terms import BUREAU, REGULATOR, write_agreement
from tests.agency.file_faults import ACCOUNT_NAMES, FAULTS, PROJECT_NAMES, Fault, accounts, projects
from tests.agency.submission_world import silent
from tests.agency.table_files import ALL, ENDINGS, labels, write


@pytest.fixture(scope="module")
def terms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SideTerms]:
    directory = write_agreement(tmp_path_factory.mktemp("agreement"))
    return {party: of_directory(directory, party, "") for party in (BUREAU, REGULATOR)}


CASES = [pytest.param(fault, form, id=f"{fault.name}-{form}") for fault in FAULTS for form in fault.forms]


@pytest.mark.parametrize(("fault", "form"), CASES)
def test_a_fault_is_told_by_line_column_and_remedy(
    tmp_path: Path, terms: dict[str, SideTerms], fault: Fault, form: str
) -> None:
    table = accounts() if fault.party == REGULATOR else projects()
    fault.spoil(table)
    path = write(table, form, tmp_path / f"table.{ENDINGS.get(form, 'csv')}")
    found = check(terms[fault.party], [path], Reading(sheet=fault.sheet), tmp_path / "rejects.csv", silent).summary
    names = labels(table, form, ACCOUNT_NAMES if fault.party == REGULATOR else PROJECT_NAMES)
    expected = [
        [str(table.line(told.row, form)), names.get(told.column, ""), *reason(told.code)] for told in fault.told
    ]
    assert _told(tmp_path / "rejects.csv") == expected
    assert (found["accepted"], found["duplicates"], found["warnings"]) == (fault.good, fault.repeated, fault.warned)
    assert found["files"][0]["hidden_rows"] == fault.hidden


def _told(path: Path) -> list[list[str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return [row[1:] for row in csv.reader(stream)][1:]


def test_there_are_enough_classes_and_each_has_a_name_of_its_own() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(names) == len(set(names))
    assert sum(bool(fault.told) for fault in FAULTS) >= 40


@pytest.mark.parametrize("form", ALL)
@pytest.mark.parametrize("party", [BUREAU, REGULATOR])
def test_a_good_table_is_the_same_in_every_type_of_file(
    tmp_path: Path, terms: dict[str, SideTerms], party: str, form: str
) -> None:
    table = accounts() if party == REGULATOR else projects()
    path = write(table, form, tmp_path / f"table.{ENDINGS.get(form, 'csv')}")
    checked = check(terms[party], [path], Reading(), tmp_path / "rejects.csv", silent)
    assert checked.summary["accepted"] == checked.summary["records"] == (5 if party == REGULATOR else 9)
    other = write(table, "csv", tmp_path / "reference.csv")
    reference = check(terms[party], [other], Reading(), tmp_path / "rejects.csv", silent)
    assert checked.preview.rows() == reference.preview.rows()
