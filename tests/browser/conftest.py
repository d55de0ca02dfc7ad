"""A real Chromium against a real server. A script error or a breach of the content policy fails the test that met it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests import services
from tests.make import make_tenant, noon_zone
from tests.tenants.admin_walk import staff

PATIENCE = 45_000  # milliseconds; the machine may have much else to do
HANDS_OFF = """(() => {
  const untouchable = new CSSStyleSheet();
  untouchable.replaceSync("* { pointer-events: none !important }");
  document.adoptedStyleSheets.push(untouchable);
  const show = () => (document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== untouchable));
  addEventListener("load", () => setTimeout(show));
})()"""
SCREENSHOTS = Path(__file__).parent.parent / "screenshots"
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests.

    Playwright leaves a running loop in this thread. From then on Django keeps this thread's connections apart from the one of
    before, which nobody closes any more; a process forked by a later test would find it, share it with us, and die in it.
    """
    connection.close()
    expect.set_options(timeout=PATIENCE)
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in the thread of the tests
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=services.find("chromium"), args=SWITCHES)
        yield browser
        browser.close()


@contextlib.contextmanager
def profile(chromium: Browser, live_server: Any, **shape: Any) -> Iterator[BrowserContext]:
    """A fresh profile, of somebody no quicker than a page: what is clicked waits until the page and its scripts are there."""
    context = chromium.new_context(base_url=live_server.url, **shape)
    context.set_default_timeout(PATIENCE)
    context.add_init_script(HANDS_OFF)
    yield context
    context.close()


@pytest.fixture
def context(chromium, live_server) -> Iterator[BrowserContext]:
    """A fresh profile in a time zone that is not the tenant's."""
    shape = {"viewport": {"width": 1280, "height": 900}, "timezone_id": "America/New_York"}
    with profile(chromium, live_server, **shape) as context:
        yield context


@pytest.fixture
def page(context) -> Iterator[Page]:
    """A page whose errors, policy breaches and requests to other hosts are collected and must stay none."""
    page, troubles = context.new_page(), []
    page.on("pageerror", lambda error: troubles.append(f"script error: {error}"))
    page.on("console", lambda message: troubles.append(f"console: {message.text}") if message.type == "error" else None)
    page.on(
        "requestfailed",
        lambda request: troubles.append(f"failed: {request.url}") if "ERR_ABORTED" not in request.failure else None,
    )
    page.on("request", lambda request: None if _is_ours(request.url) else troubles.append(f"other host: {request.url}"))
    yield page
    assert troubles == []


def leave_by(page: Page, way: Locator) -> None:
    """Click on what leads to another page, and wait until that one is all there.

    A click that sends a form may be over while the old page still stands, and its words with it.
    """
    with page.expect_navigation():
        way.click()


def _is_ours(address: str) -> bool:
    return address.startswith(("http://127.0.0.1", "http://localhost", "data:", "blob:"))


@pytest.fixture
def shot(page):
    """Keep what is seen, for people to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    return lambda name: page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


@pytest.fixture
def tenant():
    """Whose log it is, where a test needs no other."""
    return make_tenant("lund", name="Lund AB", time_zone=noon_zone())


@pytest.fixture
def owner(tenant):
    """Its owner, who may sign in."""
    return staff(tenant, "owner", username="eva", first_name="Eva", last_name="Ek")


class Exchange:
    """The simulator's clock: it stands still until a test lets time pass, so that no phase of a call is ever missed."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_s(self, seconds: float) -> None:
        """Let simulated telephones go on for so long."""
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def exchange(monkeypatch) -> Exchange:
    """Simulated telephones that do nothing until they are told how much time has passed."""
    clock = Exchange()
    monkeypatch.setattr("calls.telephony.simulator.now", clock)
    return clock
