"""The auditor's page: what it shows is the verified copy, in either language, to nobody else, from nowhere else."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from matcher.auditor.browse import searching
from matcher.auditor.browse.guard import COOKIE
from matcher.auditor.browse.words import WORDS
from matcher.auditor.home import AuditorHome
from matcher.protocol import merkle, proof
from tests.auditor.page_world import FINDINGS, Get, full_story, make_home, page_of, update
from tests.auditor.world import LABOUR, LOG_KEY, START, World

CHINESE = {"concordat-language": "zh"}
PAGES = ("/", "/findings", "/alarms", "/entry/3", "/page/access_log", f"/finding/{FINDINGS['opened']}")
_EXTERNAL = re.compile(r"""(?:src|href|url|action)\s*[=(]\s*["']?\s*(?:https?:)?//""")


@pytest.fixture
def world() -> World:
    return full_story()


@pytest.fixture
def home(tmp_path: Path, world: World) -> AuditorHome:
    return make_home(tmp_path / "home", world)


@pytest.fixture
def get(home: AuditorHome) -> Get:
    return page_of(home)


@pytest.mark.parametrize("cookies", [{}, CHINESE])
def test_every_page_is_whole_in_both_languages_and_loads_nothing_from_elsewhere(
    get: Get, cookies: dict[str, str]
) -> None:
    for path in PAGES:
        shown = get(path, cookies)
        assert shown.status_code == 200
        assert not _EXTERNAL.search(shown.text)
        assert ("总览" if cookies else "Overview") in shown.text
        assert f'lang="{"zh-CN" if cookies else "en"}"' in shown.text
        policy = shown.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "http" not in policy
    assert not _EXTERNAL.search(get("/-/static-plugins/matcher.auditor.browse/page.css").text)


def test_the_overview_says_at_a_glance_how_the_log_stands(get: Get, world: World) -> None:
    shown = get("/").text
    assert "✓ Verified" in shown
    assert f"All checks hold for all {len(world.entries)} entries." in shown
    numbers = {label: int(number) for number, label in re.findall(
        r'<span class="number">([\d,]+)</span><span class="label">(?:<a[^>]*>)?([^<]+)', shown)}  # fmt: skip
    assert numbers == {
        "Entries": len(world.entries), "Findings asked for": 4, "Opened": 2, "Waiting for approval": 0,
        "Refused requests": 1, "Denied access": 1,
    }  # fmt: skip
    assert '<svg class="plot"' in shown
    assert "UNWITNESSED" in shown


def test_an_entry_that_does_not_verify_is_an_alarm(tmp_path: Path, world: World) -> None:
    world.rewrite(world.at["opening"], time=START)  # before the entry before it: check 5
    shown = page_of(make_home(tmp_path / "bad", world))
    assert "✗ Does not verify" in shown("/").text
    alarms = shown("/alarms").text
    assert f'href="/entry/{world.at["opening"]}"' in alarms
    assert 'class="problem"' in shown(f"/entry/{world.at['opening']}").text


def test_alarms_name_the_dispute_the_denial_and_what_was_revealed_at_night(get: Get, world: World) -> None:
    shown = get("/alarms").text
    assert FINDINGS["disputed"][:12] in shown
    assert "not-an-auditor" in shown
    assert "None." in shown  # the story is told at ten in the morning


def test_acts_out_of_hours_are_alarms(tmp_path: Path) -> None:
    world = World.good()
    world.time += 12 * 3_600_000  # ten in the evening
    world.request(3)
    shown = page_of(make_home(tmp_path / "late", world))("/alarms").text
    assert "22:00" in shown


@pytest.mark.parametrize(
    ("text", "found"),
    [("查阅", True), ("申请查阅", True), ("协议", True), ("拒绝", True), ("密查", False), ("LD", False), (LABOUR, True),
     ("reveal del", True), ('"', None), ("AND OR NOT *", False)],
)  # fmt: skip
@pytest.mark.parametrize("table", ["access_log", "access_log_zh"])
def test_search_finds_two_character_words(get: Get, world: World, table: str, text: str, found: bool | None) -> None:
    answer = get(f"/page/{table}.json?_shape=array&_size=max&_find={text}")
    assert answer.status_code == 200
    rows = answer.json()
    if found is None:
        assert len(rows) == len(world.entries)  # no word to look for: nothing is held back
    else:
        assert bool(rows) == found
        assert len(rows) < len(world.entries)


def test_a_query_is_never_read_as_syntax() -> None:
    assert searching.query('a"b 监察 c*') == '"a"* "b"* "监  察" "c"*'
    assert searching.query("  “”《》 ") == ""
    assert searching.indexed("北京a") == " 北  京 a"


def test_the_access_log_is_filtered_grouped_and_exported(get: Get, world: World) -> None:
    exported = list(csv.DictReader(io.StringIO(get("/page/access_log.csv?_size=max").text)))
    assert [int(row["entry"]) for row in exported] == list(range(len(world.entries)))
    opened = get("/page/access_log.json?_shape=array&act=reveal+opened").json()
    assert {row["act"] for row in opened} == {"reveal opened"}
    grouped = get("/page/access_log?_facet=party").text
    assert re.search(r"labour-bureau</a>\s*<span class=\"number\">\d+", grouped)
    assert 'href="/entry/3"' in grouped


def test_the_trail_of_a_finding_goes_from_the_submissions_to_its_opening(get: Get, world: World) -> None:
    shown = get(f"/finding/{FINDINGS['opened'][:12]}").text
    acts = re.findall(r'href="/entry/(\d+)"', shown)
    types = [json.loads(world.entries[int(index)])["type"] for index in acts]
    assert types == [
        "submission-sealed", "submission-sealed", "match-run", "reveal-requested", "reveal-approved",
        "reveal-delivered", "reveal-opened",
    ]  # fmt: skip
    assert get("/finding/abcdef").status_code == 404


def test_the_proof_of_every_entry_verifies_without_the_page(get: Get, world: World) -> None:
    for index, leaf in enumerate(world.entries):
        taken = proof.parse(get(f"/proof/{index}").text)
        point, _witnesses = proof.verify(taken, leaf, LOG_KEY)
        assert (point.size, point.root) == (len(world.entries), merkle.root(world.entries))
    assert get(f"/proof/{len(world.entries)}").status_code == 404
    assert get(f"/entry/{len(world.entries)}").status_code == 404


def test_the_page_follows_the_log(home: AuditorHome, get: Get, world: World) -> None:
    world.request(5)
    update(home, world)
    assert FINDINGS["waiting"] not in get("/").text
    assert f"{len(world.entries)} entries" in get("/").text
    assert get(f"/entry/{len(world.entries) - 1}").status_code == 200


def test_only_who_has_the_token_gets_in_and_only_under_its_own_name(home: AuditorHome) -> None:
    get = page_of(home, token="secret")
    refused = get("/")
    assert refused.status_code == 403
    assert WORDS["token_needed"].zh in refused.text
    assert get("/?token=wrong").status_code == 403
    assert get("/", {COOKIE: "wrong"}).status_code == 403
    shown = get("/?token=secret")
    assert shown.status_code == 200
    assert "HttpOnly" in shown.headers["set-cookie"]
    assert get("/", {COOKIE: "secret"}).status_code == 200
    assert get("/", {COOKIE: "secret"}, host="evil.example:8001").status_code == 421


@pytest.mark.parametrize("path", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"])
def test_the_language_switch_leads_nowhere_else(get: Get, path: str) -> None:
    answer = get(f"/language/zh?next={path}")
    assert answer.status_code == 302
    assert answer.headers["location"] == "/"
    assert "concordat-language=zh" in answer.headers["set-cookie"]


def test_every_word_is_said_in_both_languages() -> None:
    for name, both in WORDS.items():
        assert both.en, name
        assert re.search(r"[\u4e00-\u9fff]", both.zh) or name == "other_language", name
        assert both.en.count("{") == both.zh.count("{"), name
