"""Every page that shows a telephone, found by walking the whole admin: each of them calls when it is pressed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from calls.models import DialPlan, Line, Origination
from contacts.models import Company
from tenants.models import User
from tests.browser.test_admin import sign_in
from tests.tenants.admin_walk import addresses, furnish, signed_in

pytestmark = [
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.requires("chromium"),
    pytest.mark.slow,
]
NUMBER = "+46701234567"
SHOWN = {
    "calls_call_changelist",
    "calls_call_change",
    "calls_line_changelist",
    "calls_line_change",
    "calls_missedcall_changelist",
    "calls_missedcall_change",
    "calls_origination_changelist",
    "contacts_agent_change",
    "contacts_company_changelist",
    "contacts_company_change",
    "contacts_contact_changelist",
    "contacts_contact_change",
}


@pytest.fixture
def rows():
    """One row of everything, of a tenant whose owner has a phone."""
    rows = furnish("Uppsala")
    Line.objects.update(is_phone_terminal=True)
    Company.objects.update(phone=NUMBER)
    DialPlan.objects.update(calls_per_second=100)
    return rows


def pages_with_telephones(rows):
    """The address of each page that has a button to call, by its name."""
    client, found = signed_in(rows[User]), {}
    for address in addresses(rows):
        answer = client.get(address)
        if not answer.streaming and b"data-dial=" in answer.content:
            found.setdefault(answer.resolver_match.url_name, address)
    return found


def call_from(page, address):
    """Press the page's first telephone, place the call, hang up."""
    page.goto(address)
    page.locator("[data-dial]").first.click()
    dialog = page.get_by_role("dialog", name="Call")
    dialog.get_by_role("button", name="Call", exact=True).click()
    dialog.get_by_role("button", name="Hang up").click()
    expect(dialog.get_by_role("button", name="Call again")).to_be_visible()


def test_every_telephone_of_the_admin_calls(page, rows, exchange):
    pages = pages_with_telephones(rows)
    assert set(pages) >= SHOWN
    sign_in(page, rows[User])
    before = Origination.objects.count()
    for address in pages.values():
        call_from(page, address)
    assert Origination.objects.count() - before == len(pages)
