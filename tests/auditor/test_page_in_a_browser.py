"""The page in a real browser: what a person sees, does by keyboard, and hears from a screen reader.

A click returns before the page that it asks for is there, so what follows one is waited for with `expect`.

Needs Debian's chromium, which .ci/run installs. CONCORDAT_SCREENSHOTS=1 writes the pictures of the README anew.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from matcher.auditor.browse.command import _listen, make_application
from tests.auditor.page_world import FINDINGS, full_story, make_home
from tests.auditor.world import LOG_KEY

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PICTURES = Path(__file__).resolve().parents[2] / "docs" / "images"
pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="no chromium on this machine: `apt-get install chromium fonts-noto-cjk`; CI installs it",
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = make_home(tmp_path_factory.mktemp("page") / "home", full_story())
    listener = _listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    application = make_application(home.path, LOG_KEY, frozenset((f"127.0.0.1:{port}",)), "")
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1240, "height": 900}, locale="en-GB", base_url=address)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Page:
    """A tab in which any request to elsewhere, any script error and any refusal by the policy fails the test."""
    tab = context.new_page()
    problems: list[str] = []
    tab.on(
        "request", lambda request: None if request.url.startswith((address, "data:")) else problems.append(request.url)
    )
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    tab.problems = problems  # type: ignore[attr-defined]
    return tab


def problems(page: Page) -> list[str]:
    return page.problems  # type: ignore[attr-defined, no-any-return]


def picture(page: Page, name: str) -> None:
    if os.environ.get("CONCORDAT_SCREENSHOTS"):
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}.png")


def test_an_auditor_sees_at_a_glance_and_reads_on_in_chinese(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("status")).to_contain_text("✓ Verified")
    expect(page.get_by_role("img", name="Acts by day and kind")).to_be_visible()
    picture(page, "overview")
    page.get_by_role("link", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("status")).to_contain_text("✓ 已验证")
    page.get_by_role("link", name="访问日志", exact=True).click()
    page.get_by_role("searchbox", name="搜索").fill("查阅")
    page.get_by_role("button", name="搜索").click()
    rows = page.locator("tbody tr")
    expect(rows.filter(has_not_text="查阅")).to_have_count(0)
    expect(rows).not_to_have_count(0)
    picture(page, "access-log-zh")
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", name="Access log")).to_be_visible()
    assert problems(page) == []


def test_a_finding_is_followed_to_the_proof_of_each_act(page: Page) -> None:
    page.goto("/findings")
    page.get_by_role("link", name=FINDINGS["opened"][:16]).click()
    expect(page.get_by_role("heading", name="Trail of finding")).to_be_visible()
    picture(page, "trail")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the proof").first.click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert text.startswith("c2sp.org/tlog-proof@v1")
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="submission sealed")).to_be_visible()
    assert problems(page) == []


def test_filters_groups_and_exports_by_hand(page: Page) -> None:
    page.goto("/page/access_log")
    page.get_by_label("Column").select_option("act")
    page.get_by_label("Value").fill("reveal opened")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto("/page/access_log")
    page.get_by_role("link", name="party", exact=True).click()
    group = page.get_by_role("region", name="party")
    expect(group.get_by_role("link", name="labour-bureau")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert Path(download.value.path()).read_text(encoding="utf-8").startswith("entry,time,party")
    assert problems(page) == []


def test_everything_is_reached_by_keyboard_and_has_a_name(page: Page) -> None:
    for path in ("/", "/page/access_log", "/findings", "/alarms", "/entry/3"):
        page.goto(path)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        page.wait_for_function("location.hash === '#content'")
        reached = set()
        for _press in range(300):
            page.keyboard.press("Tab")
            name = page.evaluate(
                "(e => e === document.body ? '' : (e.outerHTML.slice(0, 200)))(document.activeElement)"
            )
            if not name:
                break
            reached.add(name)
        wanted = page.locator("main :is(a, button, input:not([type=hidden]), select)").count()
        assert len(reached) >= min(wanted, 1)
        unnamed = page.evaluate(
            "[...document.querySelectorAll('a, button, input:not([type=hidden]), select, table, svg[role=img], meter')]"
            ".filter(e => !((e.innerText || '').trim() || e.getAttribute('aria-label') || e.labels?.length)).length"
        )
        assert unnamed == 0
    assert problems(page) == []


def test_alarms_in_a_narrow_window_do_not_spill(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for path in ("/", "/alarms", "/page/access_log"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert problems(page) == []
