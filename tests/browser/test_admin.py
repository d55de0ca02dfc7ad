"""A day at the log, in a real browser: sign in, find a call, write about it, see it told."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.admin import site
from django.utils import timezone
from playwright.sync_api import TimeoutError as WaitedInVain
from playwright.sync_api import expect

from calls.models import Call
from tenants.models import Tenant, User
from tests.browser.conftest import leave_by
from tests.browser.looks import TOO_WIDE
from tests.make import PASSWORD, make_call, make_contact, noon_zone
from tests.tenants.admin_walk import furnish, signed_in

FORBIDDEN = 403
pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True), pytest.mark.requires("chromium")]


def sign_in(page, user):
    page.goto("/admin/")
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(re.compile(r"^[^?]+/admin/$"))  # that of the log-in ends with ?next=/admin/


def test_finds_todays_call_by_another_spelling_and_writes_about_it(page, shot, tenant, owner):
    Tenant.objects.update(time_zone=noon_zone())
    make_contact(tenant, "+46701234567", name="Åsa Öberg")
    call = make_call(tenant, "+46701234567", started_at=timezone.now() - timedelta(seconds=90))
    make_call(tenant, "+46855566677", started_at=timezone.now() - timedelta(seconds=95))
    make_call(tenant, "+46855500000", started_at=timezone.now() - timedelta(days=3))
    sign_in(page, owner)
    expect(page.get_by_role("link", name="2 calls today")).to_be_visible()
    page.get_by_role("link", name="2 calls today").click()
    expect(page.get_by_text(re.compile("Calls of today"))).to_be_visible()
    expect(page.get_by_text("+46 8 555 666 77")).to_be_visible()
    expect(page.get_by_text("+46 8 555 000 00")).to_have_count(0)
    shot("browser-list")

    page.get_by_placeholder("Number in any spelling, or a name").fill("070-123 45 67")
    page.keyboard.press("Enter")
    expect(page.locator("#result_list tbody")).to_have_count(1)
    leave_by(page, page.locator("#result_list .field-started a"))

    page.get_by_label("Add a note").fill("Wants to be called <b>tomorrow</b>")
    expect(page.locator("#call_form .ch-draft")).to_contain_text("Kept on this device")
    page.get_by_role("button", name="Save and continue editing").click()
    timeline = page.locator(".ch-timeline")
    expect(timeline.get_by_text("Notes changed")).to_be_visible()
    expect(timeline.get_by_text("by Eva Ek")).to_be_visible()
    timeline.get_by_text("Notes: before and after").click()
    expect(timeline.get_by_text("Wants to be called <b>tomorrow</b>")).to_be_visible()
    thread = page.locator("#notes .ch-note")
    expect(thread).to_have_count(1)
    expect(thread.locator("[data-said]")).to_have_text("Wants to be called <b>tomorrow</b>")
    expect(page.get_by_label("Add a note")).to_have_value("")
    shot("browser-call")
    assert Call.objects.get(pk=call.pk).notes == "Wants to be called <b>tomorrow</b>"


def test_narrows_by_typing_an_agents_name_and_leaves_that_out_again(page, shot):
    sign_in(page, furnish("Uppsala")[User])
    page.goto("/admin/calls/call/?period=7d")
    page.locator("#changelist a").filter(has_text=re.compile("^\\s*Filters")).click()
    shot("browser-filters")
    agent = page.locator("select[name=agent__id__exact] + .select2")
    agent.click()
    page.locator(".select2-search__field").last.fill("Uppsala")
    page.get_by_role("option", name="Uppsala agent").click()
    page.get_by_role("button", name="Apply Filters").click()
    way_out = page.locator(".ch-ways-out a:not(.ch-clear-all)")
    expect(way_out).to_contain_text("agent: Uppsala agent")
    expect(page.locator("#result_list tbody")).to_have_count(1)
    way_out.click()
    expect(page.locator(".ch-ways-out")).to_have_count(0)
    expect(page.get_by_text("last 7 days")).to_be_visible()


def test_logs_a_call_by_hand_with_a_chosen_contact(page, tenant, owner):
    make_contact(tenant, "+46701234567", name="Åsa Öberg")
    sign_in(page, owner)
    page.goto("/admin/calls/call/add/")
    page.get_by_label("Other party's number").fill("070-123 45 67")
    page.get_by_label("Duration").fill("1:35")
    page.get_by_label("Notes", exact=True).fill("By hand")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    expect(page.locator("#result_list .field-party")).to_contain_text("Åsa Öberg")
    call = Call.objects.get()
    assert (call.duration_ms, call.contact.name) == (95_000, "Åsa Öberg")


def test_a_tokens_secret_is_selected_by_one_click(page, shot, tenant, owner):
    sign_in(page, owner)
    page.goto("/admin/tenants/apitoken/add/")
    page.get_by_label("Name").fill("PBX in Lund")
    page.get_by_role("button", name="Save", exact=True).click()
    secret = page.locator("#secret")
    secret.click()
    assert page.evaluate("getSelection().toString().trim()") == secret.inner_text()
    shot("browser-token")


def until_it_fits(page, address):
    """Some fields are wide until their scripts have drawn them."""
    try:
        page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    except WaitedInVain:
        pytest.fail(f"wider than the screen: {address}, {page.evaluate(TOO_WIDE, page.viewport_size['width'])}")


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_screen(page, width):
    rows = furnish("Uppsala")
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, rows[User])
    owner = signed_in(rows[User])
    for model, row in rows.items():
        start = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        if model._meta.model_name == "user" or not site.is_registered(model) or owner.get(start).status_code == FORBIDDEN:
            continue
        for address in (f"{start}?period=all", f"{start}{row.pk}/change/"):
            page.goto(address)
            until_it_fits(page, address)
