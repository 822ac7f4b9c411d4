"""The auditor's measurement, in small: a log that verifies with its signatures counted, and every change named."""

from __future__ import annotations

import json

from click.testing import CliRunner

from bench import audit, audit_log


def test_figures_of_a_short_log() -> None:
    result = CliRunner().invoke(audit.main, ["--entries", "300", "--mutations", "49", "--appends", "500", "--json"])
    assert result.exit_code == 0, result.output
    measured = json.loads(result.output)
    log, tampering = measured["log"], measured["tampering"]
    assert 300 <= log["entries"] <= 310
    assert 58 <= log["entries_signed_by_people"] <= 62
    # Those of people and of their parties; the deliveries and openings of every second request; cards and the like.
    assert log["signatures"] == 2 * log["entries_signed_by_people"] + 30 + 7
    assert tampering["tried"] == tampering["caught"] == tampering["kinds"]
    assert tampering["missed"] == []
    assert measured["appending"]["appends_per_second"] > 0


def test_a_long_log_is_a_fifth_signed_by_people() -> None:
    report = audit_log.long_world(1000).verify()
    assert report.failed == {}
    counts = report.entry_counts
    by_people = counts["reveal-requested"] + counts["reveal-approved"] + counts["reveal-refused"]
    assert abs(by_people / report.read - 0.2) < 0.01
