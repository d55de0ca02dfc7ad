"""What staff do all day, as a person does it: found by its words, on a desk and on a phone, looked at light and dark."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from calls import ledger
from calls.choices import Disposition
from calls.drafts import PartyDraft
from calls.models import Call
from contacts.matching import AgentHint
from tests.browser.conftest import leave_by, profile
from tests.browser.looks import look
from tests.browser.test_admin import sign_in
from tests.calls.recordings.audio import tone, wav
from tests.calls.recordings.conftest import use_disk
from tests.make import make_agent, make_call, make_company, make_contact, make_line, make_recording
from tests.tenants.admin_walk import staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requires("chromium"), pytest.mark.once]
SEARCH = "Number in any spelling, or a name"


@pytest.fixture(params=["desk", "phone"])
def screen(request):
    return request.param


@pytest.fixture
def context(chromium, live_server, screen):
    """A desk's wide screen, or a phone that is touched."""
    shape = (
        {"viewport": {"width": 1440, "height": 900}}
        if screen == "desk"
        else {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
    )
    with profile(chromium, live_server, timezone_id="America/New_York", **shape) as context:
        yield context


@pytest.fixture
def astrid(tenant):
    """An agent who is known, and has a line to call from."""
    user = staff(tenant, "agent", username="astrid", first_name="Astrid", last_name="Ek")
    make_line(tenant, "210", name="Desk", agent=make_agent(tenant, name="Astrid Ek", user=user), is_phone_terminal=True)
    return user


@pytest.fixture
def calls(tenant, astrid):
    """Calls of the last minutes and of yesterday; the newest came first."""
    company = make_company(tenant, name="Öberg Bygg AB")
    make_contact(tenant, "+46701234567", name="Åsa Öberg", company=company)
    agent = AgentHint(id=str(astrid.agents.get().pk))
    now = timezone.now()
    zone = ZoneInfo(tenant.time_zone)
    noon = datetime.combine(timezone.localdate(timezone=zone) - timedelta(days=1), time(12), tzinfo=zone)
    return [
        make_call(tenant, "+46701234567", started_at=now - timedelta(minutes=2), seconds=65, agent=agent),
        make_call(tenant, "+46855566677", started_at=now - timedelta(minutes=9), seconds=184, tags=("quote",)),
        make_call(
            tenant, "+46855566678", started_at=now - timedelta(minutes=11), remote=PartyDraft(number="+46855566678", name="Bo")
        ),
        make_call(tenant, "+46709876543", started_at=noon, disposition=Disposition.NO_ANSWER, seconds=21),
        make_call(tenant, "+46701234567", started_at=noon - timedelta(hours=2), disposition=Disposition.BUSY, seconds=3),
        make_call(tenant, "+46701234567", started_at=noon - timedelta(hours=3), seconds=300, agent=agent),
    ]


@pytest.fixture
def desk(page, astrid, calls):
    """The page of somebody who signed in."""
    sign_in(page, astrid)
    return page


def go(page, *words):
    """Choose from the menu, each time on a page that is all there: before, its scripts do not hear a click."""
    page.wait_for_load_state()
    menu = page.get_by_role("button", name="Menu", exact=True)
    if menu.is_visible():
        menu.click()
    first = page.locator("#nav-sidebar").get_by_role("link", name=words[0], exact=True)
    for link in [first, *(page.get_by_role("link", name=word, exact=True) for word in words[1:])]:
        leave_by(page, link)


def rows_of(page):
    return page.locator("#result_list tbody tr.data-row")


def tick(page, *places):
    for place in places:
        rows_of(page).nth(place).get_by_role("checkbox").check()


def run(page, action):
    page.get_by_label("Select action to run").select_option(label=action)
    page.get_by_role("button", name="Run").click()


def test_finds_the_missed_calls_of_yesterday(desk):
    look(desk, "staff-first-page")
    go(desk, "Calls", "Yesterday", "Missed")
    expect(desk.get_by_role("status").filter(has_text="Calls of yesterday")).to_be_visible()
    expect(rows_of(desk)).to_have_count(2)
    expect(rows_of(desk).first).to_contain_text("+46 70 987 65 43")
    look(desk, "staff-yesterdays-missed")


@pytest.mark.parametrize("spelling", ["070-123 45 67"])
def test_finds_a_number_in_another_spelling(desk, screen, spelling):
    go(desk, "Calls")
    if screen == "desk":
        expect(desk.locator("[data-keys]")).to_be_visible()  # the keys are listened to
        desk.keyboard.press("/")
        expect(desk.get_by_placeholder(SEARCH)).to_be_focused()
    else:
        desk.get_by_placeholder(SEARCH).click()
    desk.keyboard.type(spelling)
    desk.keyboard.press("Enter")
    expect(desk.get_by_text(f"Calls of all time that fit “{spelling}”")).to_be_visible()
    expect(rows_of(desk)).to_have_count(3)
    look(desk, "staff-number-found")


def test_opens_a_call_and_listens(desk, settings, tmp_path, calls):
    use_disk(settings, tmp_path)
    make_recording(calls[0], wav(tone(4)), duration_ms=4000, peaks=[[30, -60, 90, -20]], analysed_at=timezone.now())
    go(desk, "Calls", "All time")
    desk.get_by_role("button", name=re.compile("^Play")).first.click()
    expect(desk.locator("#result_list [data-now]").first).to_contain_text("/")
    rows_of(desk).first.locator(".field-started").get_by_role("link").click()
    expect(desk.locator(".ch-call-who")).to_contain_text("Åsa Öberg")
    desk.get_by_role("button", name="Play", exact=True).click()
    desk.wait_for_function("() => document.querySelector('audio').currentTime > 0.2")
    look(desk, "staff-call-with-audio")


def test_writes_a_note(desk, calls):
    go(desk, "Calls", "All time")
    rows_of(desk).first.locator(".field-started").get_by_role("link").click()
    desk.get_by_label("Add a note").fill("Wants the offer by mail")
    desk.get_by_role("button", name="Save and continue editing").click()
    note = desk.locator("#notes .ch-note")
    expect(note).to_contain_text("Wants the offer by mail")
    expect(note).to_contain_text("Astrid Ek")
    look(desk, "staff-note")


def test_flags_a_call_and_solves_it(desk, calls):
    go(desk, "Calls", "All time")
    rows_of(desk).nth(1).locator(".field-started").get_by_role("link").click()
    desk.get_by_role("checkbox", name="Flagged").check()
    desk.get_by_label("Why it is flagged").fill("Angry about the bill")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("was changed successfully")).to_be_visible()
    go(desk, "Calls", "All time", "Flagged")
    expect(rows_of(desk)).to_have_count(1)
    look(desk, "staff-flagged")
    rows_of(desk).first.locator(".field-started").get_by_role("link").click()
    expect(desk.locator("#flags")).to_contain_text("To be solved")
    desk.get_by_role("checkbox", name="Flagged").uncheck()
    desk.get_by_label("How it was solved").fill("Credited 200 kr")
    desk.get_by_role("button", name="Save and continue editing").click()
    expect(desk.locator("#flags")).to_contain_text("Solved by Astrid Ek")
    look(desk, "staff-flag-solved")


def test_tags_several_calls_and_undoes_it(desk, screen):
    go(desk, "Calls", "All time")
    if screen == "desk":
        expect(desk.locator("[data-keys]")).to_be_visible()
        for key in "jxjx":
            desk.keyboard.press(key)
    else:
        tick(desk, 0, 1)
    run(desk, "Put a tag on")
    desk.get_by_label("Tag").fill("quote")
    look(desk, "staff-tag-asked")
    desk.get_by_role("button", name="Do it").click()
    expect(desk.get_by_text("1 call changed. 1 was so already.")).to_be_visible()
    expect(rows_of(desk).first).to_contain_text("quote")
    look(desk, "staff-tagged")
    desk.get_by_role("link", name="Undo, and more").click()
    expect(desk.get_by_role("button", name="Undo")).to_be_visible()
    look(desk, "staff-tag-undo")
    desk.get_by_role("button", name="Undo").click()
    expect(desk.get_by_text("1 call undone.")).to_be_visible()
    expect(rows_of(desk).first).not_to_contain_text("quote")


def test_keeps_a_view_and_opens_it(desk):
    go(desk, "Calls", "7 days", "Missed")
    desk.get_by_text("Save view", exact=True).click()
    desk.get_by_label("Name", exact=True).fill("To call back")
    look(desk, "staff-view-asked")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("The view “To call back” is kept.")).to_be_visible()
    go(desk, "Calls", "To call back")
    expect(rows_of(desk)).to_have_count(2)
    expect(desk.get_by_role("link", name="To call back")).to_have_attribute("aria-current", "true")
    look(desk, "staff-view")
    go(desk, "Saved views")
    expect(desk).to_have_url(re.compile("/calls/savedview/"))
    look(desk, "staff-views")


def test_takes_the_list_away_as_a_file(desk, tenant):
    go(desk, "Calls", "All time")
    desk.get_by_text("Export", exact=True).click()
    look(desk, "staff-export-asked")
    with desk.expect_download() as coming:
        desk.get_by_role("button", name="Download").click()
    expect(desk.get_by_text("The file has 6 calls.")).to_be_visible()
    lines = coming.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 7
    assert lines[0].startswith(f"started ({tenant.time_zone}),")


def test_gives_an_unmatched_number_to_a_contact(desk, tenant):
    make_contact(tenant, "+46855566601", name="Nils Berg")
    go(desk, "Unmatched numbers")
    card = desk.get_by_role("listitem").filter(has=desk.get_by_role("heading", name="+46 8 555 666 77"))
    expect(card).to_be_visible()
    look(desk, "staff-unmatched")
    card.get_by_role("link", name="Another contact…").click()
    desk.get_by_label("Contact", exact=True).fill("Nils")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name="It is Nils Berg")).to_be_visible()
    look(desk, "staff-unmatched-choose")
    leave_by(desk, desk.get_by_role("button", name="It is Nils Berg"))
    expect(desk.get_by_text("+46 8 555 666 77").first).to_be_visible()
    ledger.relink_waiting(seconds=30)  # as the worker does within seconds
    assert Call.objects.filter(contact__name="Nils Berg").count() == 1


def test_calls_a_contact(desk, exchange):
    go(desk, "Contacts")
    expect(desk.get_by_role("link", name="Åsa Öberg")).to_be_visible()
    look(desk, "staff-contacts")
    desk.get_by_role("link", name="Åsa Öberg").click()
    calls_her = desk.get_by_role("button", name="Call Åsa Öberg, +46 70 123 45 67").first
    expect(calls_her).to_be_visible()
    expect(desk).to_have_url(re.compile("/change/"))
    look(desk, "staff-contact")
    calls_her.click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_role("button", name="Call", exact=True).click()
    says = dialog.get_by_role("status")
    expect(says).to_contain_text("Placing the call")
    exchange.pass_s(4)
    expect(says).to_contain_text("Talking with +46 70 123 45 67")
    look(desk, "staff-talks", within="dialog[open]")
    exchange.pass_s(10)
    expect(says).to_contain_text("The call has ended")
    dialog.get_by_role("link", name="Open the call").click()
    expect(desk.locator(".ch-call-head")).to_contain_text("Åsa Öberg")
