"""The live board in a real browser: a call appears, talks and ends while nobody reloads."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from calls import dialer, feed
from calls.choices import State
from calls.feed import room
from calls.models import Origination
from tests.browser.conftest import PATIENCE
from tests.browser.test_admin import sign_in
from tests.browser.test_calling import RINGS_ON, TALKS_ON
from tests.calls.dialer.ordering import order
from tests.make import make_agent, make_call, make_center, make_contact, make_line
from tests.tenants.admin_walk import staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requires("chromium")]


@pytest.fixture
def line(tenant):
    return make_line(tenant, "210", name="Desk", agent=make_agent(tenant, name="Bo Ek"), center=make_center(tenant, name="Malmö"))


def open_board(page, tenant):
    sign_in(page, staff(tenant, "manager", username="mia"))
    page.get_by_role("link", name="Live board").click()
    expect(page.get_by_text("No call rings or talks now")).to_be_visible()


def rows_of(page):
    return page.locator("[data-rows] tr:not([data-over])")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_call_appears_and_ends_without_a_reload(page, shot, tenant, line, exchange, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page, staff(tenant, "manager", username="mia"))
    page.goto("/admin/calls/call/live")
    expect(page.get_by_text("No call rings or talks now")).to_be_visible()
    shot(f"live-empty-{width}")
    make_contact(tenant, TALKS_ON, name="Åsa Öberg")
    make_contact(tenant, RINGS_ON, name="Rings On")
    make_call(tenant, "+46709876543", seconds=None, started_at=timezone.now() - timedelta(seconds=65), begun=State.IN_PROGRESS)
    dialer.place(tenant, order(line, RINGS_ON))
    placed = dialer.place(tenant, order(line, TALKS_ON))
    exchange.pass_s(5)
    row = rows_of(page).filter(has_text="Åsa Öberg")
    expect(row).to_contain_text("In progress", timeout=PATIENCE)
    expect(row).to_contain_text("Desk (210)")
    expect(row).to_contain_text("Bo Ek")
    expect(row.get_by_role("timer")).not_to_have_text("0:00", timeout=PATIENCE)
    expect(rows_of(page).first).to_contain_text("Rings On")
    expect(page.get_by_text("1 ringing, 2 talking")).to_be_visible(timeout=PATIENCE)
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]
    shot(f"live-{width}-{scheme}")
    row.get_by_role("button", name="Hold").click()
    expect(row).to_contain_text("On hold", timeout=PATIENCE)
    row.get_by_role("button", name="Hang up").click()
    expect(row).to_have_count(0, timeout=PATIENCE)
    expect(rows_of(page)).to_have_count(2)
    placed.refresh_from_db()
    assert (placed.state, placed.disposition) == ("ended", "answered")


def test_new_calls_are_said_aloud_and_the_last_one_leaves_an_empty_board(page, tenant, line):
    open_board(page, tenant)
    placed = dialer.place(tenant, order(line, TALKS_ON))
    expect(page.locator("[data-news]")).to_contain_text("on line Desk (210)", timeout=PATIENCE)
    assert page.locator("[data-news]").get_attribute("aria-live") == "polite"
    dialer.hang_up(Origination.objects.get(pk=placed.pk))
    expect(page.get_by_text("No call rings or talks now")).to_be_visible(timeout=PATIENCE)


def test_a_lost_connection_makes_the_board_stale_and_says_so(context, tenant, line):
    page = context.new_page()  # its failed requests are what this is about
    open_board(page, tenant)
    dialer.place(tenant, order(line, TALKS_ON))
    expect(rows_of(page)).to_have_count(1, timeout=PATIENCE)
    context.set_offline(True)
    expect(page.get_by_text("The connection is lost.")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".ch-stale")).to_have_count(1)
    context.set_offline(False)
    expect(page.get_by_text("The connection is lost.")).to_be_hidden(timeout=PATIENCE)
    expect(page.locator(".ch-stale")).to_have_count(0)


def listening_page(context):
    """A page whose clock stands still once the board listens: what comes then, a stream has told."""
    page = context.new_page()  # a stream that is let go of at the end is no trouble
    page.clock.install()
    return page


@pytest.fixture
def streams(settings):
    """Streams that go on until the test is over, and then end at once."""
    settings.CALLHUB_STREAM_SECONDS = 120
    yield
    feed.serve_while(lambda: False)
    until = time.monotonic() + PATIENCE / 1000
    while room._inside.total() and time.monotonic() < until:
        time.sleep(0.1)
    feed.serve_while(lambda: True)


def test_a_stream_brings_calls_without_anybody_asking(context, streams, tenant):
    page = listening_page(context)
    open_board(page, tenant)
    expect(page.locator("[data-by=stream]")).to_be_visible(timeout=PATIENCE)
    page.clock.pause_at(timezone.now() + timedelta(seconds=8))  # a moment that is still to come
    make_call(tenant, "+46709876543", seconds=None, started_at=timezone.now(), begun=State.IN_PROGRESS)
    assert comes(page, "+46 70 987 65 43")
    expect(page.locator("[data-news]")).to_contain_text("+46 70 987 65 43")


def comes(page, words):
    """Whether they come within four seconds by the page's own clock, in which it asks for nothing by itself."""
    for _ in range(200):
        page.clock.run_for(20)
        if words in (page.locator("[data-rows]").text_content() or ""):
            return True
        page.wait_for_timeout(200)
    return False


def test_where_streams_are_refused_the_board_asks(context, tenant, settings):
    settings.CALLHUB_STREAMS = 0
    page = context.new_page()  # a refusal is written to the console
    open_board(page, tenant)
    expect(page.locator("[data-by=asking]")).to_be_visible(timeout=PATIENCE)
    make_call(tenant, "+46709876543", seconds=None, started_at=timezone.now(), begun=State.IN_PROGRESS)
    expect(rows_of(page)).to_contain_text("+46 70 987 65 43", timeout=PATIENCE)
