"""From files to a sealed submission: what is sent and kept, deltas, limits. Where it is cut: test_submit_cut.py."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import group
from matcher.agency.secrets.source import source_of
from matcher.agency.submit import blinding
from matcher.agency.submit import flow as submit_flow
from matcher.agency.submit.job import make_job
from matcher.agency.vault.store import Vault
from matcher.protocol import merkle, rows, suite
from matcher.protocol.errors import (
    DeniedError,
    InputError,
    NotFoundError,
    QuotaError,
    StateError,
    VerificationError,
)
from matcher.protocol.vector import VectorLayout
from tests.agency.submission_world import (
    ACCOUNTS,
    ANSWERING,
    ASKING,
    FIELDS,
    FLOW,
    LINK,
    PERIOD,
    PROJECTS,
    World,
    run,
)  # fmt: skip

Make = Callable[..., World]


def rejects_of(world: World) -> list[list[str]]:
    with (world.path / "rejects.csv").open(encoding="utf-8-sig", newline="") as stream:
        return [row[:3] for row in csv.reader(stream)][1:]


def test_both_sides_open_what_they_share_and_nothing_else(submission: Make) -> None:
    world = submission("hmac")
    asked = run(world, ASKING, PROJECTS)
    asking_rows = world.service.last_rows()
    answered = run(world, ANSWERING, ACCOUNTS)
    answering_rows = {row.token: row for row in world.service.last_rows()}
    assert (asked["rows"], asked["records"], asked["accepted"], asked["sent"]) == (2, 3, 3, 3)
    assert (answered["records"], answered["warnings"], answered["sequence"]) == (3, 1, 1)
    layout = VectorLayout(FIELDS)
    joined = [(row, answering_rows[row.token]) for row in asking_rows if row.token in answering_rows]
    assert len(joined) == 2
    outcomes = []
    for asking, answering in joined:
        digest = world.agreement.matching.digest
        vectors = []
        for row, other, side, party in (
            (asking, answering, "asking", ASKING),
            (answering, asking, "answering", ANSWERING),
        ):
            aad = rows.row_aad(rows.row_aad_prefix(digest, FLOW, PERIOD, side, party), row.token, row.handle)
            vectors.append(AESGCM(other.envelope_key).decrypt(row.nonce, row.sealed, aad))
            with pytest.raises(InvalidTag):
                AESGCM(row.envelope_key).decrypt(row.nonce, row.sealed, aad)
        outcomes.append([outcome.kind for outcome in layout.outcomes(*vectors)])
    wage, deposit = sorted(outcomes, key=lambda kinds: kinds[2] == "unknown")
    assert wage == ["same", "same", "value", "unknown", "unknown", "value"]
    assert deposit == ["same", "same", "unknown", "unknown", "unknown", "value"]


def test_keys_follow_the_design(submission: Make) -> None:
    world = submission("hmac")
    run(world, ANSWERING, ACCOUNTS)
    digest = world.agreement.matching.digest
    secret = group.evaluate(bytes(range(32)), suite.link_input(suite.link_prefix("daxing-wages", LINK), "62220009"))
    keys = suite.record_keys(secret, suite.record_info(digest, FLOW, PERIOD))
    row = next(row for row in world.service.last_rows() if row.token == keys.token)
    assert row.envelope_key == keys.asking_envelope
    handle_key = world.homes[ANSWERING].keys.handle_key.reveal()
    prefix = suite.handle_prefix(digest, FLOW, PERIOD)
    assert row.handle == suite.handle(handle_key, prefix, "62220009", "62220009")


def test_the_vault_has_the_row_with_the_leaf_as_sent(submission: Make) -> None:
    world = submission("hmac")
    run(world, ASKING, PROJECTS)
    sent = {row.handle: merkle.leaf_hash(rows.pack(row)) for row in world.service.last_rows()}
    vault = Vault(world.homes[ASKING].vault_path)
    found = {handle: vault.row(FLOW, PERIOD, handle) for handle in sent}
    assert {handle: row.leaf for handle, row in found.items()} == sent
    by_link = {row.link_value: row for row in found.values()}
    wage = by_link["62220001"]
    assert wage.values == ("大兴建筑有限公司", "wage", 1_500_000, None, None, None)
    assert (wage.row_id, wage.link_column, wage.sequence) == ("P1", "wage_account", 1)
    assert wage.extras["wages_due"] == "1.5"
    assert wage.extras["wage_account"] == "62220001"
    assert "deposit_due" not in wage.extras
    assert by_link["62220002"].values == ("大兴建筑有限公司", "deposit", None, None, 19083, None)
    assert "content" in repr(wage)
    assert "大兴" not in repr(wage)
    with pytest.raises(NotFoundError):
        vault.row(FLOW, "2022-06", next(iter(sent)))
    vault.close()


@pytest.mark.parametrize("at_once", [1 << 20, 1], ids=["a bucket at a time", "a block at a time"])
def test_a_second_submission_sends_what_changed(
    submission: Make, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(blinding, "_AT_ONCE", at_once)
    world = submission("hmac")
    run(world, ANSWERING, ACCOUNTS)
    first = {row.handle: row for row in world.service.last_rows()}
    changed = ACCOUNTS.replace("15000.00", "14000.00").replace("62220009", "62220010")
    result = run(world, ANSWERING, changed)
    assert (result["sent"], result["deleted"], result["sequence"]) == (2, 1, 2)
    second = {row.handle: row for row in world.service.last_rows()}
    deleted = [row for row in second.values() if row.op == rows.DELETE]
    assert [row.handle in first for row in deleted] == [True]
    assert set(deleted[0].envelope_key + deleted[0].nonce + deleted[0].sealed) == {0}
    put_again = next(row for row in second.values() if row.op == rows.PUT and row.handle in first)
    before = first[put_again.handle]
    assert put_again.token == before.token
    assert put_again.nonce != before.nonce
    vault = Vault(world.homes[ANSWERING].vault_path)
    assert vault.row(FLOW, PERIOD, put_again.handle).values[2] == 1_400_000
    assert vault.row(FLOW, PERIOD, put_again.handle, 1).values[2] == 1_500_000
    with pytest.raises(NotFoundError):
        vault.row(FLOW, PERIOD, deleted[0].handle)
    vault.close()
    again = run(world, ANSWERING, changed)
    assert (again["sent"], again["deleted"], again["sequence"]) == (0, 0, 2)
    manifest = world.service.log[-1]
    assert b'"previous":"' in manifest
    assert b'"previous":""' not in manifest


def test_the_same_files_again_send_nothing(submission: Make) -> None:
    world = submission("hmac")
    first = run(world, ANSWERING, ACCOUNTS)
    again = run(world, ANSWERING, ACCOUNTS)
    assert (again["sent"], again["deleted"], again["accepted"]) == (0, 0, 3)
    assert (again["sequence"], again["log_index"]) == (first["sequence"], first["log_index"])
    assert len(world.service.sealed) == 1


def test_a_new_period_sends_everything_under_new_handles(submission: Make) -> None:
    world = submission("hmac")
    run(world, ANSWERING, ACCOUNTS)
    first = world.service.last_rows()
    result = run(world, ANSWERING, ACCOUNTS, period="2022-06")
    second = world.service.last_rows()
    assert (result["sent"], result["sequence"]) == (3, 1)
    assert not {row.token for row in first} & {row.token for row in second}
    assert not {row.handle for row in first} & {row.handle for row in second}


def test_a_record_changes_at_most_three_times_in_a_period(submission: Make) -> None:
    world = submission("hmac")
    for number in range(3):
        assert run(world, ANSWERING, ACCOUNTS.replace("15000.00", f"1500{number}.00"))["rejected"] == 0
    result = run(world, ANSWERING, ACCOUNTS.replace("15000.00", "15009.00"))
    assert (result["reasons"], result["sent"], result["deleted"]) == ({"version-limit": 1}, 0, 0)
    assert rejects_of(world) == [[f"{ANSWERING}-0.csv", "2", "账号"]]


def test_versions_of_a_shared_account_count_together(submission: Make) -> None:
    world = submission("hmac")
    text = "项目编号,总包单位,工资专用账户\nP1,甲公司,62220001\nP2,乙公司,62220001\n"
    for old, new in (("甲公司", "甲公司"), ("甲公司", "甲甲公司"), ("乙公司", "乙乙公司")):
        text = text.replace(f",{old},", f",{new},")
        assert run(world, ASKING, text)["rejected"] == 0
    result = run(world, ASKING, text.replace("乙乙公司", "乙公司"))
    assert (result["reasons"], result["deleted"]) == ({"version-limit": 1}, 0)


def test_repeated_and_conflicting_rows(submission: Make) -> None:
    world = submission("hmac")
    header, first, *rest = ACCOUNTS.splitlines(keepends=True)
    conflict = first.replace("15000.00", "9.00")
    result = run(world, ANSWERING, header + first + first + "".join(rest), header + first + conflict)
    assert (result["records"], result["accepted"], result["duplicates"], result["rejected"]) == (6, 3, 2, 1)
    assert result["reasons"] == {"duplicate-account": 1}
    assert rejects_of(world) == [[f"{ANSWERING}-1.csv", "3", "账号"]]


def test_more_rows_than_may_share_an_account_are_all_rejected(submission: Make) -> None:
    world = submission("hmac", multiple=2)
    line = "P{n},甲公司,62220001\n"
    text = "项目编号,总包单位,工资专用账户\n" + "".join(line.format(n=n) for n in (1, 2, 2))
    assert run(world, ASKING, text)["accepted"] == 2
    result = run(world, ASKING, text + line.format(n=3) + "P9,乙公司,62220009\n")
    assert (result["accepted"], result["reasons"], result["deleted"]) == (1, {"too-many-rows": 4}, 2)


def test_bad_rows_are_listed_without_content(submission: Make) -> None:
    world = submission("hmac")
    text = (
        PROJECTS
        + "P3,,62220004,,1,\n"
        + ",甲公司,62220005,,,\n"
        + "P4,甲公司,1E+17,62220006,x,2022-13-01\n"
        + "P5,甲公司,,,,\n"
        + "P6,甲公司,62220007,,12345678901234567890,\n"
    )
    result = run(world, ASKING, text)
    found = {(line, column) for _file, line, column in rejects_of(world)}
    assert found == {
        ("4", "总包单位"),
        ("5", "项目编号"),
        ("6", "工资专用账户"),
        ("6", "应发工资(万元)"),
        ("6", "存入期限"),
        ("7", "工资专用账户"),
        ("8", "应发工资(万元)"),
    }
    assert (result["records"], result["rejected"], result["accepted"]) == (9, 6, 3)
    content = (world.path / "rejects.csv").read_text(encoding="utf-8-sig")
    for value in ("62220004", "62220005", "甲公司", "1E+17", "2022-13-01", "12345678901234567890", "P4"):
        assert value not in content


def test_nothing_acceptable_is_an_error_and_leaves_nothing(submission: Make) -> None:
    world = submission("hmac")
    with pytest.raises(InputError, match="no row could be taken: 1 records"):
        run(world, ANSWERING, "账号,开户单位\n12,甲\n")
    with pytest.raises(InputError, match="required columns are missing"):
        run(world, ANSWERING, "账号\n12\n")
    assert not list(world.homes[ANSWERING].spool_path.glob("[0-9a-f]*"))
    assert run(world, ANSWERING, ACCOUNTS)["sequence"] == 1


def test_a_job_is_checked_first(submission: Make) -> None:
    world = submission("hmac")
    home = world.homes[ASKING]
    path = world.file("a.csv", PROJECTS)
    with pytest.raises(InputError, match="calendar"):
        make_job(home, FLOW, "2022-Q2", [path])
    with pytest.raises(InputError, match="twice"):
        make_job(home, FLOW, PERIOD, [path, path])
    home.party = "audit-office"
    with pytest.raises(DeniedError):
        make_job(home, FLOW, PERIOD, [path])


def test_the_rows_quota_is_checked_before_anything_is_sent(submission: Make) -> None:
    world = submission("hmac")
    world.agreement = world.make_agreement(world.agreement.matching.links[LINK], 2, rows_quota=4)
    run(world, ANSWERING, ACCOUNTS)
    with pytest.raises(QuotaError, match="3 rows of this period were sent; 2 more exceed the quota of 4"):
        run(world, ANSWERING, ACCOUNTS.replace("大兴建筑", "小兴建筑"))
    assert len(world.service.rows) == 1


def test_a_seal_that_the_log_does_not_show_is_not_believed(submission: Make) -> None:
    world = submission("hmac")
    logged = world.service.logged
    world.service.logged = lambda _index: logged(0)  # type: ignore[method-assign]
    world.homes[ANSWERING].channel().append(_card(world))  # type: ignore[attr-defined]
    with pytest.raises(VerificationError, match="something else"):
        run(world, ANSWERING, ACCOUNTS)
    vault = Vault(world.homes[ANSWERING].vault_path)
    assert vault.last_sealed(1) is None
    vault.close()


def _card(world: World) -> Any:
    from matcher.agency import setup

    return setup.issued_card(world.homes[ANSWERING].path)


def test_two_submissions_of_one_home_do_not_run_at_once(submission: Make) -> None:
    world = submission("hmac")
    with submit_flow._alone(world.homes[ANSWERING].spool_path), pytest.raises(StateError, match="another submit"):
        run(world, ANSWERING, ACCOUNTS)


def test_files_of_the_home_are_private(submission: Make) -> None:
    world = submission("hmac")
    home = world.homes[ANSWERING]
    run(world, ANSWERING, ACCOUNTS)
    assert home.vault_path.stat().st_mode & 0o077 == 0
    assert home.spool_path.stat().st_mode & 0o077 == 0


def test_another_matching_file_in_the_same_period_is_refused(submission: Make) -> None:
    world = submission("hmac")
    run(world, ANSWERING, ACCOUNTS)
    from dataclasses import replace

    world.agreement = replace(world.agreement, matching=replace(world.agreement.matching, digest=b"n" * 32))
    with pytest.raises(StateError, match="another matching file or epoch"):
        run(world, ANSWERING, ACCOUNTS)


def test_the_source_follows_the_link(submission: Make) -> None:
    world = submission("oprf")
    kinds = {party: type(source_of(home, world.agreement, FLOW)).__name__ for party, home in world.homes.items()}
    assert kinds == {ASKING: "CacheSource", ANSWERING: "HolderSource"}
    assert "secret_key" not in repr(source_of(world.homes[ANSWERING], world.agreement, FLOW))


def test_nothing_of_a_row_is_printed(submission: Make, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    world = submission("hmac")
    run(world, ANSWERING, ACCOUNTS)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
