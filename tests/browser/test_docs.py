"""The readable page of our API: it shows the operations and breaks no rule of the content security policy."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.once, pytest.mark.requires("chromium"), pytest.mark.django_db(transaction=True)]


def test_the_page_shows_the_operations_under_the_strict_policy(page):
    page.goto("/api/v1/docs/")
    page.wait_for_selector("#operations-calls-calls_create")
    page.click("#operations-calls-calls_create button.opblock-summary-control")
    page.wait_for_selector("text=Asked for a new offer.")
