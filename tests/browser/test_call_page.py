"""The page of a call and those of contacts, as people use them: writing without losing a word, solving a flag, merging."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from calls import ledger
from calls.choices import Direction, Disposition, LegRole
from calls.drafts import CallChanges, LegDraft, PartyDraft
from contacts.matching import AgentHint
from contacts.models import Contact
from tests.browser.conftest import leave_by
from tests.browser.looks import barriers
from tests.browser.test_admin import sign_in
from tests.make import make_agent, make_call, make_company, make_contact, make_line
from tests.tenants.admin_walk import staff

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True), pytest.mark.requires("chromium")]


@pytest.fixture
def call(tenant, owner):
    """A call with everything on it: legs, notes of two, a flag that was solved and one that was not."""
    begun = timezone.now() - timedelta(minutes=10)
    at = [begun + timedelta(seconds=seconds) for seconds in (0, 8, 20, 300)]
    line = make_line(tenant, "+4640500600", name="Reception")
    make_contact(tenant, "+46701234567", name="Åsa Öberg", company=make_company(tenant, name="Öberg & Co"))
    agent = make_agent(tenant, name="Bo Ek")
    legs = (
        LegDraft(role=LegRole.SOURCE, party=PartyDraft(number="210", name="Desk"), started_at=at[0], ended_at=at[2]),
        LegDraft(
            role=LegRole.SOURCE, party=PartyDraft(number="211", name="Bo Ek"), started_at=at[1], answered_at=at[2],
            ended_at=at[3], disposition=Disposition.ANSWERED,
        ),
    )  # fmt: skip
    call = make_call(
        tenant, "+46701234567", started_at=begun, seconds=300, ring_ms=20_000, notes="Asked for a new offer.",
        callee=PartyDraft(number=line.number), agent=AgentHint(id=str(agent.pk)), legs=legs, tags=("quote",),
        is_flagged=True, flag_notes="Unhappy about the bill", document={"call": {"id": 42, "queue": "sales"}},
    )  # fmt: skip
    mia = staff(tenant, "agent", username="mia", first_name="Mia", last_name="Berg")
    ledger.amend(call, CallChanges(is_flagged=False, flag_resolution="Credited 200 kr"), actor=mia)
    ledger.amend(call, CallChanges(is_flagged=True, flag_notes="Credit has not arrived"), actor=owner)
    ledger.amend(call, CallChanges(note="Called back, no answer.\nTries again at noon."), actor=mia)
    for days in range(1, 5):
        make_call(tenant, "+46701234567", started_at=begun - timedelta(days=days), agent=AgentHint(id=str(agent.pk)))
    return call


def page_of(call):
    return f"/admin/calls/call/{call.pk}/change/"


def wide(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0


def test_what_is_typed_outlives_a_reload_until_it_is_saved(page, shot, owner, call):
    sign_in(page, owner)
    page.goto(page_of(call))
    note = page.get_by_label("Add a note")
    note.fill("Wants the offer by mail")
    expect(page.locator("#call_form .ch-draft")).to_have_text(re.compile(r"Kept on this device, \d"))
    page.reload()
    expect(note).to_have_value("Wants the offer by mail")
    expect(page.locator("#call_form .ch-draft")).to_contain_text("Kept on this device")
    page.get_by_role("button", name="Save and continue editing").click()
    thread = page.locator("#notes .ch-note")
    expect(thread).to_have_count(3)
    expect(thread.last).to_contain_text("Eva Ek")
    expect(note).to_have_value("")
    thread.last.get_by_text("Edit", exact=True).click()
    thread.last.get_by_label("Your note").fill("Wants the offer by post")
    thread.last.get_by_role("button", name="Save the note").click()
    expect(thread.last.locator("[data-said]")).to_have_text("Wants the offer by post")
    thread.last.get_by_text("1 earlier text").click()
    expect(thread.last.get_by_text("Wants the offer by mail")).to_be_visible()
    shot("call-notes")


def test_a_flag_is_solved_with_words(page, owner, call):
    sign_in(page, owner)
    page.goto(page_of(call))
    expect(page.locator("#flags li").first).to_contain_text("Credit has not arrived")
    page.get_by_role("checkbox", name="Flagged").uncheck()
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("Say how it was solved")).to_be_visible()
    page.get_by_label("How it was solved").fill("Arrived today")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator("#flags li").first).to_contain_text("Solved by Eva Ek")
    expect(page.locator("#flags li").first).to_contain_text("Arrived today")


def test_walks_from_call_to_call_of_the_list(page, owner, call):
    sign_in(page, owner)
    page.goto("/admin/calls/call/?period=7d")
    leave_by(page, page.locator("#result_list .field-started a").nth(1))
    for name in ("Next", "Next", "Previous", "Back to the list"):
        leave_by(page, page.get_by_role("link", name=name))
    expect(page).to_have_url(re.compile(r"period=7d"))


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")])
def test_fits_every_screen(page, shot, owner, call, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, owner)
    page.goto(page_of(call))
    chart = page.get_by_role("img", name="Bo Ek rang for 0:12 and talked for 4:40")
    expect(chart).to_be_visible()
    assert not wide(page)
    assert barriers(page, "#content-main") == {}
    shot(f"call-{width}-{scheme}")
    page.goto(f"/admin/contacts/contact/{Contact.objects.get().pk}/change/")
    expect(page.get_by_role("heading", name="Last calls")).to_be_visible()
    assert not wide(page)
    assert barriers(page, "#calls") == {}
    shot(f"contact-{width}-{scheme}")


def test_a_printed_call_has_its_facts_and_no_buttons(page, shot, owner, call):
    sign_in(page, owner)
    page.goto(page_of(call))
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 800, "height": 1100})
    for words in ("Asked for a new offer.", "Credited 200 kr", "Earlier calls with the same contact or number"):
        expect(page.get_by_text(words).first).to_be_visible()
    for gone in (
        page.get_by_label("Add a note"),
        page.get_by_role("button", name="Save", exact=True),
        page.locator("#nav-sidebar-inner"),
    ):
        expect(gone).to_be_hidden()
    shot("call-print")


def test_merges_two_contacts_after_seeing_what_happens(page, shot, tenant, owner, call):
    make_contact(tenant, "070-123 45 67", "+46855566677", name="A. Öberg", email="asa@example.com", notes="Deaf in one ear")
    make_call(tenant, "+46855566677", started_at=timezone.now(), direction=Direction.INBOUND)
    sign_in(page, owner)
    page.goto(f"/admin/contacts/contact/{Contact.objects.get(name='Åsa Öberg').pk}/change/")
    page.get_by_role("link", name="Merge with another contact").click()
    shot("merge-choose")
    page.get_by_role("link", name="A. Öberg").click()
    expect(page.get_by_text("This cannot be undone.")).to_be_visible()
    expect(page.get_by_text("+46 8 555 666 77")).to_be_visible()
    shot("merge-preview")
    page.get_by_role("button", name="Merge the two").click()
    expect(page.get_by_text("A. Öberg is part of Åsa Öberg now.")).to_be_visible()
    ledger.relink_waiting(seconds=30)
    page.reload()
    expect(page.locator("#calls tbody tr")).to_have_count(6)
    assert Contact.objects.get().notes.startswith("Deaf in one ear")
