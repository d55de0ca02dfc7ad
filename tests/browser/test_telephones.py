"""Every page that shows a telephone, found by walking the whole admin: each of them calls when it is pressed."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from calls.models import Call, Line, MissedCall, Origination
from contacts.models import Agent, Company, Contact
from tenants.models import User
from tests.browser.test_admin import sign_in
from tests.tenants.admin_walk import addresses, furnish, signed_in

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]
UNFOLD = "button => { for (const one of document.querySelectorAll('details')) one.open ||= one.contains(button) }"
SHOWN = {  # the page's name, and whose page it is where it is no list
    "calls_call_changelist": None,
    "calls_call_change": Call,
    "calls_line_changelist": None,
    "calls_line_change": Line,
    "calls_missedcall_changelist": None,
    "calls_missedcall_change": MissedCall,
    "calls_origination_changelist": None,
    "contacts_agent_change": Agent,
    "contacts_company_changelist": None,
    "contacts_company_change": Company,
    "contacts_contact_changelist": None,
    "contacts_contact_change": Contact,
}


@pytest.fixture
def rows():
    """One row of everything, of a tenant whose owner has a phone."""
    rows = furnish("Uppsala")
    Line.objects.update(is_phone_terminal=True)
    Company.objects.update(phone="+46701234567")
    return rows


@pytest.mark.requires("chromium")
@pytest.mark.parametrize(("name", "model"), SHOWN.items())
def test_a_telephone_places_a_call(page, rows, exchange, name, model):
    sign_in(page, rows[User])
    page.goto(reverse(f"admin:{name}", args=[rows[model].pk] if model else []))
    button = page.locator("[data-dial]").first
    button.evaluate(UNFOLD)
    button.click()
    dialog = page.get_by_role("dialog", name="Call")
    dialog.get_by_role("button", name="Call", exact=True).click()
    expect(dialog.get_by_role("button", name="Hang up")).to_be_visible()
    assert Origination.objects.exclude(pk=rows[Origination].pk).count() == 1


def test_every_page_with_a_telephone_is_tried(rows):
    client, found = signed_in(rows[User]), set()
    for address in [address for address in addresses(rows) if "?" not in address]:
        answer = client.get(address)
        if not answer.streaming and b"data-dial=" in answer.content:
            found.add(answer.resolver_match.url_name)
    assert found == set(SHOWN)
