"""The readable page in a browser: it shows the operations and breaks no rule of the content security policy."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests import services


@pytest.fixture
def browser(monkeypatch) -> Iterator[object]:
    """Chromium, driven by Playwright; its own event loop must not make Django refuse the database."""
    from playwright.sync_api import sync_playwright

    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=services.find("chromium"), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.mark.once
@pytest.mark.requires("chromium")
def test_the_page_shows_the_operations_under_the_strict_policy(live_server, browser):
    page = browser.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{live_server.url}/api/v1/docs/")
    page.wait_for_selector("#operations-calls-calls_create", timeout=30_000)
    page.click("#operations-calls-calls_create button.opblock-summary-control")
    page.wait_for_selector("text=Asked for a new offer.", timeout=10_000)
    assert complaints == []
    assert all(url.startswith((live_server.url, "data:")) for url in asked), asked
