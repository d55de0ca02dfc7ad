"""The list of calls in a real browser: by keyboard, by clicking a row, with one's own columns and days."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.test_admin import sign_in
from tests.make import make_call, make_contact, make_recording, make_tenant
from tests.tenants.admin_walk import staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requires("chromium")]
LIST = "/admin/calls/call/?period=all"


@pytest.fixture
def tenant():
    return make_tenant("lund", name="Lund AB", time_zone="Europe/Stockholm")


@pytest.fixture
def agent(tenant):
    return staff(tenant, "manager", username="astrid", first_name="Astrid", last_name="Ek")


@pytest.fixture
def calls(tenant):
    """Newest first."""
    make_contact(tenant, "+46701234500", name="Åsa Öberg")
    now = timezone.now()
    return [make_call(tenant, f"+4670123450{n}", started_at=now - timedelta(minutes=2 + n), tags=("offer",)) for n in range(4)]


def test_moves_selects_and_opens_by_keyboard(page, shot, agent, calls):
    make_recording(calls[0])
    sign_in(page, agent)
    page.goto(LIST)
    rows = page.locator("#result_list tbody tr.data-row")
    page.keyboard.press("j")
    expect(rows.nth(0)).to_have_class(re.compile("ch-at"))
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(rows.nth(1).locator("input.action-select")).to_be_checked()
    page.keyboard.press("k")
    expect(rows.nth(0).locator(".field-started a")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys of this list")).to_be_visible()
    shot("list-keys")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys of this list")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_placeholder("Number in any spelling, or a name")).to_be_focused()
    page.keyboard.type("jjj")  # letters are letters there
    expect(page.get_by_placeholder("Number in any spelling, or a name")).to_have_value("jjj")
    page.goto(LIST)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{calls[1].pk}/change/**")


def test_a_click_anywhere_on_a_row_opens_the_call(page, agent, calls):
    sign_in(page, agent)
    page.goto(LIST)
    page.locator("#result_list tbody").nth(2).locator(".field-result").click()
    page.wait_for_url(f"**/{calls[2].pk}/change/**")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "light"), (1440, "dark")])
def test_chooses_columns_and_days_of_ones_own(page, shot, agent, calls, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, agent)
    page.goto(LIST + "&direction__exact=inbound")
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("ring", exact=True).check()
    page.get_by_label("tags", exact=True).uncheck()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(f"list-columns-{width}-{scheme}")
    page.get_by_role("button", name="Show these").click()
    expect(page.locator("#result_list .field-ring")).to_have_count(4)
    expect(page.locator("#result_list .field-labels")).to_have_count(0)
    expect(page.locator(".ch-ways-out")).to_contain_text("direction: Inbound")
    page.get_by_text("Own days", exact=True).click()
    page.get_by_label("From", exact=True).fill("2020-01-01")
    page.get_by_label("To", exact=True).fill("2020-01-02")
    shot(f"list-days-{width}-{scheme}")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("No calls here")).to_be_visible()
    page.get_by_role("link", name="Clear all").click()
    expect(page.locator("#result_list tbody")).to_have_count(4)
    shot(f"list-{width}-{scheme}")
