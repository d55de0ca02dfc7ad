"""The list of calls in a real browser: by keyboard, by clicking a row, with one's own columns and days."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from threading import Event

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from calls import batches, exports
from calls.models import CallBatch, CallExport
from calls.transfer.table import CallTable
from tenants.choices import Role
from tenants.models import Membership
from tests.browser.conftest import PATIENCE
from tests.browser.looks import look
from tests.browser.test_admin import sign_in
from tests.make import make_call, make_contact, make_recording
from tests.tenants.admin_walk import staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requires("chromium")]
LIST = "/admin/calls/call/?period=all"
NOTES_PRESSES = """document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-mini]")) return;
  window.pressed = (window.pressed || 0) + 1;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true)"""


@pytest.fixture
def agent(tenant):
    return staff(tenant, "manager", username="astrid", first_name="Astrid", last_name="Ek")


@pytest.fixture
def calls(tenant):
    """Newest first; notes of several lines."""
    make_contact(tenant, "+46701234500", name="Åsa Öberg")
    now = timezone.now()
    return [
        make_call(tenant, f"+4670123450{n}", started_at=now - timedelta(minutes=2 + n), tags=("offer",), notes='a\n"b')
        for n in range(4)
    ]


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
    page.evaluate(NOTES_PRESSES)
    page.keyboard.press("Space")
    assert page.evaluate("window.pressed") == 1
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
    columns = page.get_by_role("group", name="Columns of the list")
    columns.get_by_label("Ring", exact=True).check()
    columns.get_by_label("Tags", exact=True).uncheck()
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


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_keeps_a_view_and_opens_it_again(page, shot, agent, calls, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, agent)
    page.goto(LIST + "&q=4502")
    page.get_by_text("Save view", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Number 4502")
    page.get_by_label("Show it to everybody in the tenant").check()
    shot(f"list-save-view-{width}-{scheme}")
    page.get_by_role("button", name="Save", exact=True).click()
    tabs = page.get_by_role("navigation", name="Saved views")
    expect(tabs.get_by_role("link", name="Number 4502")).to_have_attribute("aria-current", "true")
    expect(page.locator("#result_list tbody")).to_have_count(1)
    page.goto(LIST)
    expect(page.locator("#result_list tbody")).to_have_count(4)
    tabs.get_by_role("link", name="Number 4502").click()
    expect(page.locator("#result_list tbody")).to_have_count(1)
    expect(page.locator(".ch-ways-out")).to_contain_text("search: 4502")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(f"list-view-{width}-{scheme}")


def test_flags_what_is_ticked_and_undoes_it(page, shot, agent, calls):
    sign_in(page, agent)
    page.goto(LIST)
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.locator("select[name=action]").select_option(label="Flag")
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Why").fill("Call back")
    shot("bulk-ask")
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_text("2 calls changed.")).to_be_visible()
    expect(page.locator(".ch-flag")).to_have_count(2)
    shot("bulk-done")
    page.get_by_role("link", name="Undo, and more").click()
    shot("bulk-batch")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("2 calls undone.")).to_be_visible()
    expect(page.locator(".ch-flag")).to_have_count(0)


def test_follows_what_goes_on_in_the_background(page, shot, monkeypatch, tenant, agent, calls):
    monkeypatch.setattr("calls.admin.bulk.AT_ONCE", 0)
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)
    sign_in(page, agent)
    page.goto(LIST)
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option(label="Set the outcome")
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Outcome").fill("sold")
    page.get_by_role("button", name="Do it").click()
    expect(page.locator("[data-says]")).to_have_text("0 of 4")
    shot("bulk-progress")
    batch = CallBatch.objects.get()
    batches.work(batch.pk, seconds=0)
    expect(page.locator("[data-says]")).to_have_text("1 of 4")
    batches.work(batch.pk, seconds=60)
    expect(page.get_by_text("4 calls changed.")).to_be_visible(timeout=30_000)


def test_downloads_the_list(page, agent, tenant, calls):
    sign_in(page, agent)
    page.goto(LIST)
    page.get_by_text("Export", exact=True).click()
    page.get_by_role("group", name="Columns of the file").get_by_label("Notes").check()
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download").click()
    expect(page.get_by_text("The file has 4 calls.")).to_be_visible()
    assert re.fullmatch(r"calls-[\d-]+\.csv", coming.value.suggested_filename)
    told = list(csv.reader(io.StringIO(coming.value.path().read_bytes().decode("utf-8-sig"), newline="")))
    assert told[0][0] == f"started ({tenant.time_zone})"
    assert [row[-1] for row in told[1:]] == ['a\n"b'] * 4


def test_a_long_list_is_written_in_the_background_and_downloaded_from_its_page(page, shot, monkeypatch, agent, calls):
    monkeypatch.setattr("calls.admin.exporting.MOST_AT_ONCE", 3)
    monkeypatch.setattr("calls.exports.working.AT_ONCE", 3)
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)
    sign_in(page, agent)
    page.goto(LIST)
    page.get_by_text("Export", exact=True).click()
    page.get_by_role("button", name="Download").click()
    said = page.locator("[data-batch] [data-says]")
    expect(said).to_have_text("Waiting for its turn.")
    export = CallExport.objects.get()
    exports.work(export.pk, seconds=0)
    expect(said).to_have_text("3 of 4 calls")
    look(page, "export-going")
    exports.work(export.pk, seconds=60)
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    look(page, "export-ready")
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download").click()
    assert re.fullmatch(r"calls-[\d-]+\.csv", coming.value.suggested_filename)
    assert len(rows_of(coming)) == 4

    page.get_by_role("button", name="Remove the file").click()
    expect(page.get_by_text("Removed", exact=True)).to_be_visible()
    page.get_by_role("link", name="Your export files").click()
    expect(page.get_by_role("listitem").filter(has_text="Removed")).to_be_visible()
    look(page, "exports")


def test_says_that_too_many_exports_wait(page, monkeypatch, agent, calls):
    monkeypatch.setattr("calls.admin.exporting.MOST_AT_ONCE", 3)
    monkeypatch.setattr("calls.exports.orders.MOST_OF_PERSON", 0)
    sign_in(page, agent)
    page.goto(LIST)
    page.get_by_text("Export", exact=True).click()
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_text("Three of your exports are not complete.")).to_be_visible()


def run_export(page):
    page.locator("select[name=action]").select_option(label="Export as CSV")
    page.get_by_role("button", name="Run").click()


def rows_of(coming):
    return list(csv.reader(io.StringIO(coming.value.path().read_bytes().decode("utf-8-sig"), newline="")))[1:]


def test_downloads_what_is_ticked_and_tells_how_far_it_is(page, shot, monkeypatch, agent, calls):
    monkeypatch.setattr("calls.admin.call.CallAdmin.list_per_page", 3)
    begun, stopped, may_go_on, lines = Event(), Event(), Event(), CallTable.lines
    turns = iter((stopped, may_go_on))

    def slowly(*told):
        turn = next(turns)
        begun.set()
        assert turn.wait(PATIENCE / 1000)
        if turn is may_go_on:
            yield from lines(*told)

    monkeypatch.setattr(CallTable, "lines", slowly)
    sign_in(page, agent)
    page.goto(LIST)
    for row in range(2):
        page.locator("#result_list input.action-select").nth(row).check()
    run_export(page)
    told = page.get_by_role("region", name="Export as CSV")
    expect(told.get_by_role("status")).to_have_text("0 of 2 calls")
    assert begun.wait(PATIENCE / 1000)
    told.get_by_role("button", name="Stop").click()
    stopped.set()
    expect(told.get_by_role("button", name="Stop")).to_be_hidden()
    expect(told.get_by_role("alert")).to_be_hidden()

    page.locator("#action-toggle").check()
    page.get_by_role("link", name="Select all 4 calls").click()
    run_export(page)
    expect(told.get_by_role("status")).to_have_text("0 of 4 calls")
    look(page, "list-export-ticked")
    with page.expect_download() as coming:
        may_go_on.set()
    expect(told.get_by_role("status")).to_have_text("The file has 4 calls.")
    assert len(rows_of(coming)) == 4


def test_says_where_what_is_ticked_cannot_be_taken_away(page, agent, calls):
    sign_in(page, agent)
    page.goto(LIST)
    page.locator("#result_list input.action-select").first.check()
    Membership.objects.update(role=Role.VIEWER)
    run_export(page)
    expect(page.get_by_role("region", name="Export as CSV")).to_be_hidden()
    expect(page.locator("#result_list input.action-select")).to_have_count(0)
    page.wait_for_load_state()


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_the_way_to_a_new_call_is_named_on_every_screen(page, agent, calls, width):
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, agent)
    page.goto(LIST)
    link = page.get_by_role("link", name="Log a call", exact=True)
    words = link.get_by_text("Log a call").bounding_box()
    assert (words["width"] > 40) == (width >= 1024)
    look(page, "list-new")
    link.click()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_visible()
    look(page, "call-new")


@pytest.mark.parametrize("width", [1440, 390])
def test_a_form_names_the_zone_it_reads_and_warns_of_no_other(page, agent, tenant, calls, width):
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, agent)
    page.goto("/admin/calls/call/add/")
    expect(page.get_by_text(f"In your time zone, {tenant.time_zone}.")).to_be_visible()
    expect(page.locator(".timezonewarning")).not_to_have_count(0)  # Django's own: the browser is in New York
    expect(page.locator(".timezonewarning").first).to_be_hidden()
    look(page, "call-new-zone")
