"""Calling out as a person does, in a real browser: press the telephone, pick a line, watch it ring, talk and end."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from calls.models import Call, Origination
from tests.browser.conftest import PATIENCE
from tests.browser.test_admin import sign_in
from tests.make import make_agent, make_company, make_contact, make_line
from tests.tenants.admin_walk import staff

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True), pytest.mark.requires("chromium")]
ORDINARY, TALKS_ON, RINGS_ON, BUSY = "+46701234567", "+46702000201", "+46702000180", "+46702000486"


@pytest.fixture
def agent(tenant):
    user = staff(tenant, "agent", username="astrid", first_name="Astrid", last_name="Ek")
    worker = make_agent(tenant, name="Astrid Ek", user=user)
    for number, name in (("210", "Desk"), ("211", "Home")):
        make_line(tenant, number, name=name, agent=worker, is_phone_terminal=True)
    return user


def open_contact(page, tenant, *numbers, name="Åsa Öberg"):
    contact = make_contact(tenant, *numbers, name=name)
    page.goto(reverse("admin:contacts_contact_change", args=[contact.pk]))
    return contact


def dialog_of(page):
    return page.get_by_role("dialog")


def says(page, words):
    expect(dialog_of(page).get_by_role("status")).to_contain_text(words, timeout=PATIENCE)


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_calls_a_contact_and_sees_the_whole_call(page, shot, tenant, agent, exchange, width):
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page, agent)
    open_contact(page, tenant, ORDINARY, "08-555 666 77")
    page.get_by_role("button", name="Call Åsa Öberg, +46 70 123 45 67").click()
    dialog = dialog_of(page)
    expect(dialog.get_by_text("Simulation: no telephone rings.")).to_be_visible()
    expect(dialog.get_by_text("+46 70 123 45 67")).to_be_visible()
    dialog.get_by_label("Call from").select_option(label="211 · Home · simulation")
    shot(f"dial-asks-{width}")
    dialog.get_by_role("button", name="Call", exact=True).click()
    says(page, "Placing the call")
    exchange.pass_s(0.5)
    says(page, "Ringing your own telephone, 211")
    exchange.pass_s(1)
    says(page, "Ringing +46 70 123 45 67")
    shot(f"dial-rings-{width}")
    exchange.pass_s(3)
    says(page, "Talking with +46 70 123 45 67")
    expect(dialog.get_by_role("timer")).not_to_have_text("0:00", timeout=PATIENCE)
    shot(f"dial-talks-{width}")
    exchange.pass_s(10)
    says(page, "The call has ended")
    expect(dialog.get_by_role("timer")).to_have_text("0:05")
    expect(dialog.get_by_role("button", name="Hang up")).to_be_hidden()
    shot(f"dial-ended-{width}")
    dialog.get_by_role("link", name="Open the call").click()
    expect(page.locator(".ch-call-head")).to_contain_text("Åsa Öberg")
    expect(page.get_by_text("Answered", exact=True).first).to_be_visible()

    page.get_by_role("button", name="Call Åsa Öberg").first.click()  # the line is remembered
    expect(dialog_of(page).get_by_label("Call from").locator("option:checked")).to_contain_text("211")
    assert Origination.objects.count() == 1


def test_hangs_up_while_it_rings_and_calls_again(page, tenant, agent, exchange):
    sign_in(page, agent)
    open_contact(page, tenant, RINGS_ON)
    page.get_by_role("button", name="Call Åsa Öberg").click()
    dialog = dialog_of(page)
    dialog.get_by_role("button", name="Call", exact=True).click()
    says(page, "Placing the call")
    exchange.pass_s(5)
    says(page, "Ringing +46 70 200 01 80")
    dialog.get_by_role("button", name="Hang up").click()
    says(page, "ended before anybody answered")
    dialog.get_by_role("button", name="Call again").click()
    expect(dialog.get_by_role("button", name="Call", exact=True)).to_be_focused()
    dialog.get_by_role("button", name="Call", exact=True).click()
    says(page, "Placing the call")
    exchange.pass_s(5)
    says(page, "Ringing +46 70 200 01 80")
    dialog.get_by_role("button", name="Hang up").click()
    says(page, "ended before anybody answered")
    assert sorted(Call.objects.values_list("disposition", flat=True)) == ["cancelled", "cancelled"]


def test_a_busy_number_is_said_to_be_busy(page, shot, tenant, agent):
    sign_in(page, agent)
    make_company(tenant, name="Busy AB", phone=BUSY)
    page.goto(reverse("admin:contacts_company_changelist"))
    page.get_by_role("button", name="Call Busy AB").click()
    dialog_of(page).get_by_role("button", name="Call", exact=True).click()
    says(page, "The number is busy")
    shot("dial-busy")
    assert Call.objects.get().disposition == "busy"


def test_a_double_click_makes_one_call(page, tenant, agent):
    sign_in(page, agent)
    open_contact(page, tenant, TALKS_ON)
    page.get_by_role("button", name="Call Åsa Öberg").dblclick()
    expect(dialog_of(page)).to_have_count(1)
    dialog_of(page).get_by_role("button", name="Call", exact=True).dblclick()
    says(page, "Talking")
    dialog_of(page).get_by_role("button", name="Hang up").click()
    says(page, "The call has ended")
    assert Origination.objects.count() == 1


def test_what_may_not_be_called_is_said_before(page, shot, tenant, agent):
    page.emulate_media(color_scheme="dark")
    sign_in(page, agent)
    open_contact(page, tenant, "+1 212 555 0100")
    page.get_by_role("button", name="Call Åsa Öberg").click()
    expect(dialog_of(page).get_by_text("Calls to this country are not allowed.")).to_be_visible()
    expect(dialog_of(page).get_by_role("button", name="Call", exact=True)).to_have_count(0)
    shot("dial-refused-dark")


def test_works_by_keyboard_alone_and_esc_leaves_the_call_going(page, tenant, agent):
    sign_in(page, agent)
    open_contact(page, tenant, TALKS_ON)
    opener = page.get_by_role("button", name="Call Åsa Öberg")
    opener.focus()
    page.keyboard.press("Enter")
    expect(dialog_of(page).get_by_role("button", name="Call", exact=True)).to_be_focused()
    for _ in range(12):  # nothing outside the dialog is ever reached
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    dialog_of(page).get_by_role("button", name="Call", exact=True).focus()
    page.keyboard.press("Enter")
    says(page, "Talking")
    expect(dialog_of(page).get_by_role("button", name="Hang up")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog_of(page)).to_have_count(0)
    expect(opener).to_be_focused()
    assert Origination.objects.get().is_live


def test_a_lost_connection_is_said_and_found_again(context, tenant, agent):
    page = context.new_page()  # its failed requests are what this is about
    sign_in(page, agent)
    open_contact(page, tenant, TALKS_ON)
    page.get_by_role("button", name="Call Åsa Öberg").click()
    dialog_of(page).get_by_role("button", name="Call", exact=True).click()
    says(page, "Talking")
    context.set_offline(True)
    expect(dialog_of(page).get_by_role("alert")).to_contain_text("The connection is lost", timeout=PATIENCE)
    context.set_offline(False)
    expect(dialog_of(page).get_by_role("alert")).to_be_hidden(timeout=PATIENCE)
    dialog_of(page).get_by_role("button", name="Hang up").click()
    says(page, "The call has ended")


def test_the_dialog_fits_the_narrowest_screen(page, shot, tenant, agent):
    page.set_viewport_size({"width": 360, "height": 640})
    sign_in(page, agent)
    open_contact(page, tenant, TALKS_ON, name="Rhoshandiatellyneshiaunneveshenk Koyaanisquatsiuth-Williams")
    page.get_by_role("button", name="Call Rho").click()
    box = dialog_of(page).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    shot("dial-360")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_newcomer_tries_a_number_and_finds_the_call_among_those_made(page, shot, tenant, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    owner = staff(tenant, "owner", username="eva", first_name="Eva", last_name="Ek")
    make_line(tenant, "210", name="Desk", agent=make_agent(tenant, name="Eva Ek", user=owner), is_phone_terminal=True)
    sign_in(page, owner)
    page.goto(reverse("admin:calls_line_changelist"))
    page.get_by_text("Numbers to try things with").click()
    shot(f"lines-sandbox-{width}")
    page.get_by_role("button", name="Call 00486").click()
    dialog_of(page).get_by_role("button", name="Call", exact=True).click()
    says(page, "The number is busy")
    page.keyboard.press("Escape")
    page.goto(reverse("admin:calls_origination_changelist"))
    expect(page.locator("#result_list")).to_contain_text("Busy")
    expect(page.locator("#result_list")).to_contain_text("Eva Ek")
    shot(f"originations-{width}-{scheme}")
    page.locator("#result_list .field-created a").click()
    expect(page.locator(".ch-call-head")).to_contain_text("The number is busy")
    expect(page.get_by_role("table").first).to_contain_text("Destination")
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]
    shot(f"origination-{width}-{scheme}")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_an_owner_pastes_numbers_and_allows_a_country(page, shot, tenant, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page, staff(tenant, "owner", username="eva"))
    page.goto(reverse("admin:calls_donotcall_changelist"))
    page.get_by_role("link", name="Paste many numbers").click()
    page.get_by_label("Numbers").fill("070-123 45 67\n08-555 666 77; moved away")
    shot(f"paste-{width}")
    page.get_by_role("button", name="Add them").click()
    expect(page.get_by_text("2 numbers were added, 0 were there already.")).to_be_visible()
    shot(f"donotcall-{width}-{scheme}")
    page.goto(reverse("admin:calls_dialplan_add"))
    page.locator("select[name=countries] + .select2").click()
    page.locator(".select2-search__field").last.fill("NO")
    page.get_by_role("option", name="NO +47").click()
    shot(f"dialplan-add-{width}")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#result_list")).to_contain_text("NO")
    shot(f"dialplan-{width}-{scheme}")
