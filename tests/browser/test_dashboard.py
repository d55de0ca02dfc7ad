"""The first page in a real browser: figures that lead to their calls, at every width, light and dark, for everybody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from calls.choices import Direction, Disposition
from calls.models import Call
from tests.browser.conftest import leave_by
from tests.browser.looks import barriers
from tests.browser.test_admin import sign_in
from tests.make import make_agent, make_call, make_company, make_contact, make_line

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True), pytest.mark.requires("chromium")]


@pytest.fixture
def calls(tenant):
    """Calls of two weeks, more of them in the mornings."""
    agents = [make_agent(tenant, name=name) for name in ("Anna Berg", "Bo Ek")]
    company, line = make_company(tenant, name="Åkessons Åkeri AB"), make_line(tenant, "+46855500001", name="Reception")
    make_contact(tenant, "+46701234500", name="Åsa Öberg")
    now = timezone.now().replace(minute=20)
    outcomes = [Disposition.ANSWERED, Disposition.ANSWERED, Disposition.NO_ANSWER, Disposition.BUSY]
    for n in range(40):
        call = make_call(
            tenant,
            f"+467012345{n % 7:02}",
            started_at=now - timedelta(days=n % 13 + 1, hours=(n * n) % 9),
            seconds=30 + 17 * n,
            disposition=outcomes[n % 4],
            direction=Direction.OUTBOUND if n % 3 == 0 else Direction.INBOUND,
        )
        if n % 5:
            Call.objects.filter(pk=call.pk).update(agent=agents[n % 2], company=company if n % 2 else None, line=line)


def test_a_mark_of_each_chart_leads_to_as_many_calls_as_it_says(page, owner, calls):
    sign_in(page, owner)
    leave_by(page, page.get_by_role("link", name="30 days"))
    for chart in (".ch-columns-chart a >> nth=1", ".ch-heat a >> nth=0", ".ch-ranks a >> nth=0", ".ch-tile a >> nth=0"):
        mark = page.locator(chart)
        label = mark.get_attribute("aria-label") or mark.get_attribute("title") or mark.inner_text()
        count = int(label.split(": ")[-1].split()[0]) if ": " in label else int("".join(filter(str.isdigit, label)))
        mark.click()
        expect(page.locator("#result_list tbody tr.data-row")).to_have_count(count)
        page.go_back()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_it_is_for_everybody_at_every_width_light_and_dark(page, shot, owner, calls, width, scheme):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    sign_in(page, owner)
    page.goto("/admin/?period=30d")
    expect(page.get_by_text("Calls by the hour of the day")).to_be_visible()
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]
    shot(f"dashboard-{width}-{scheme}")
    assert barriers(page) == {}


@pytest.mark.parametrize("width", [360, 1440])
def test_it_reads_from_right_to_left_as_well(page, shot, owner, calls, width):
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, owner)
    page.goto("/admin/?period=30d")
    page.evaluate("document.documentElement.dir = 'rtl'")
    first, last = (page.locator(".ch-columns-chart li:not(.ch-idle)").nth(place).bounding_box() for place in (0, -1))
    assert first["x"] > last["x"]
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]
    shot(f"dashboard-{width}-rtl")


def test_an_empty_log_shows_what_to_do_first(page, shot, owner):
    sign_in(page, owner)
    expect(page.get_by_text("No calls yet")).to_be_visible()
    shot("dashboard-empty")
    page.get_by_role("link", name="Log a call by hand").click()
    page.wait_for_url("**/calls/call/add/")
