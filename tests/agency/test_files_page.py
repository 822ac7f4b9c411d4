"""docs/files.md lists every class of fault that is tried, and no other."""

from __future__ import annotations

from tests.agency.files_page import ROOT, lines


def test_the_page_lists_the_faults_that_are_tried() -> None:
    page = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    assert page.endswith("\n".join(lines()) + "\n"), "run: python -m tests.agency.files_page, for the page's end"
