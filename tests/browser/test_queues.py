"""The queues in a real browser: missed calls are taken on and done with, and everything is found from one box."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from calls import ledger, missed
from calls.choices import Disposition
from calls.drafts import PartyDraft
from calls.models import Call, MissedCall
from contacts.matching import AgentHint
from tests.browser.conftest import leave_by
from tests.browser.looks import barriers
from tests.browser.test_admin import sign_in
from tests.make import make_agent, make_call, make_company, make_contact
from tests.tenants.admin_walk import staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requires("chromium"), pytest.mark.slow]


def miss(tenant, number, ago, **facts):
    started_at = timezone.now() - timedelta(minutes=ago)
    return make_call(tenant, number, started_at=started_at, disposition=Disposition.NO_ANSWER, seconds=20, **facts)


def fits(page):
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return widths[0] <= widths[1]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_missed_calls_are_taken_on_and_done_with(page, shot, tenant, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    agent = AgentHint(id=str(make_agent(tenant, name="Bo Ek").pk))
    make_contact(tenant, "+46701234567", name="Åsa Öberg")
    for ago in (190, 61, 7):
        miss(tenant, "+46701234567", ago, agent=agent)
    miss(tenant, "+46709876543", 45)
    miss(tenant, "+46855566677", 2000)
    make_call(tenant, "+46855566677", started_at=timezone.now() - timedelta(minutes=1900))
    missed.follow(tenant.pk)
    sign_in(page, staff(tenant, "agent", username="mia", first_name="Mia", last_name="Ek"))
    page.goto("/admin/calls/missedcall/")
    expect(page.get_by_text("Åsa Öberg")).to_be_visible()
    expect(page.get_by_text("3 times")).to_be_visible()
    assert fits(page)
    shot(f"missed-{width}-{scheme}")
    assert barriers(page) == {}
    leave_by(page, page.get_by_role("link", name="Returned", exact=True))
    expect(page.get_by_text("+46 8 555 666 77")).to_be_visible()
    leave_by(page, page.get_by_role("link", name="Waiting", exact=True))
    row = MissedCall.objects.get(number="+46701234567")
    page.goto(f"/admin/calls/missedcall/{row.pk}/change/")
    page.get_by_label("Outcome").fill("Wrote a mail")
    shot(f"missed-one-{width}-{scheme}")
    leave_by(page, page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_text("Åsa Öberg")).to_have_count(0)
    row.refresh_from_db()
    assert (row.state, row.outcome) == ("done", "Wrote a mail")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_everything_is_found_from_one_box(page, shot, tenant, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    company = make_company(tenant, name="Öberg Bygg AB")
    make_contact(tenant, "+46701234567", name="Åsa Öberg", company=company)
    make_call(tenant, "+46701234567", started_at=timezone.now(), notes="She asks whether Öberg may come on Monday.")
    make_call(tenant, "+46709999999", remote=PartyDraft(number="+46709999999", name="Nils Öberg"))
    sign_in(page, staff(tenant, "viewer", username="mia"))
    if width > 768:
        page.get_by_role("searchbox", name="Search everything").fill("Öberg")
        page.keyboard.press("Enter")
    else:
        page.get_by_role("link", name="Search everything").click()
        page.get_by_role("searchbox", name="Search everything").last.fill("Öberg")
        page.keyboard.press("Enter")
    expect(page.get_by_text("Found for “Öberg”")).to_be_visible()
    expect(page.get_by_role("link", name="Åsa Öberg")).to_be_visible()
    expect(page.locator("mark").first).to_have_text("Öberg")
    assert fits(page)
    shot(f"search-{width}-{scheme}")
    assert barriers(page) == {}


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_an_unmatched_number_becomes_a_contact_by_one_click(page, shot, tenant, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    make_contact(tenant, "+46855566601", name="Nils Berg", company=make_company(tenant, name="Berg & Co"))
    for name in ("Anna Ek", "Bo Ek"):
        make_contact(tenant, "+46709876543", name=name)
    now = timezone.now()
    for minute in range(3):
        started_at = now - timedelta(minutes=minute)
        make_call(tenant, "+46701234567", started_at=started_at, remote=PartyDraft(number="+46701234567", name="Åsa Öberg"))
    make_call(tenant, "+46855566677", started_at=now)
    make_call(tenant, "+46709876543", started_at=now)
    sign_in(page, staff(tenant, "agent", username="mia"))
    page.goto("/admin/calls/call/unmatched")
    expect(page.get_by_role("link", name="3 calls")).to_be_visible()
    expect(page.get_by_text("differs in the last two digits alone")).to_be_visible()
    expect(page.get_by_role("button", name="It is Anna Ek")).to_be_visible()
    assert fits(page)
    shot(f"unmatched-{width}-{scheme}")
    assert barriers(page) == {}
    page.get_by_role("button", name="New contact").first.click()
    expect(page.get_by_text("Åsa Öberg is known by +46 70 123 45 67 now")).to_be_visible()
    ledger.relink_waiting(seconds=10)  # as the worker does within seconds
    page.reload()
    expect(page.get_by_role("link", name="3 calls")).to_have_count(0)
    assert Call.objects.filter(contact__name="Åsa Öberg").count() == 3
