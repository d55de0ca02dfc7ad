"""The admin by keyboard alone: past the side bar, into filters and menus, and out again."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.looks import look
from tests.browser.test_admin import sign_in
from tests.make import make_call, make_company, make_contact

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True), pytest.mark.requires("chromium")]
MOST_TABS = 150
LIST = "/admin/calls/call/?period=all"


def tab_to(page, target):
    """Press Tab until the target has the focus."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"{MOST_TABS} Tabs do not lead to {target}")


def is_within(page, selector):
    return page.evaluate(f"Boolean(document.activeElement.closest('{selector}'))")


def test_the_first_stop_leads_past_the_side_bar(page, owner, tenant):
    make_call(tenant)
    sign_in(page, owner)
    page.goto(LIST)
    expect(page.get_by_role("main")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert is_within(page, "main")


def test_the_log_in_page_has_a_landmark(page):
    page.goto(LIST)
    expect(page.get_by_role("main").get_by_role("button", name="Log in")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_filters_open_and_close(page, owner, tenant, width):
    make_call(tenant)
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page, owner)
    page.goto(LIST)
    filters = page.get_by_role("button", name="Filters", exact=True)
    tab_to(page, filters)
    expect(filters).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(filters).to_have_attribute("aria-expanded", "true")
    page.wait_for_function("document.activeElement.closest('#changelist-filter')")
    look(page, "keyboard-filters")
    page.keyboard.press("Escape")
    expect(page.locator("#changelist-filter")).to_be_hidden()
    expect(filters).to_be_focused()
    look(page, "keyboard-list")


def test_the_user_menu_opens_and_signs_out(page, owner):
    sign_in(page, owner)
    menu = page.get_by_role("button", name="Eva Ek")
    tab_to(page, menu)
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Light")).to_be_focused()
    look(page, "keyboard-user")
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    expect(page.get_by_role("button", name="Log out")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Light")).to_be_focused()
    tab_to(page, page.get_by_role("button", name="Log out"))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "sessionid" not in {cookie["name"] for cookie in page.context.cookies()}


@pytest.mark.parametrize("width", [1280, 390])
def test_the_menu_beside_a_choice_opens_and_closes(page, owner, tenant, width):
    contact = make_contact(tenant, name="Ida", company=make_company(tenant))
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page, owner)
    page.goto(reverse("admin:contacts_contact_change", args=[contact.pk]))
    more = page.get_by_role("button", name="More actions").first
    tab_to(page, more)
    page.keyboard.press("Space")
    page.wait_for_function("document.activeElement.closest('nav[id^=related-widget-wrapper]')")
    look(page, "keyboard-more")
    page.keyboard.press("Escape")
    expect(more).to_be_focused()
    expect(more).to_have_attribute("aria-expanded", "false")
