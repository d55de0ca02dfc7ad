"""Webhooks in a real browser: an endpoint made with its secret, a test of it, and how that went."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from calls import webhooks
from calls.choices import DeliveryState
from calls.models import Delivery, WebhookEndpoint
from tests.browser.conftest import leave_by
from tests.browser.test_admin import sign_in
from tests.make import make_endpoint, make_line
from tests.tenants.admin_walk import staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requires("chromium"), pytest.mark.slow]


@pytest.fixture(autouse=True)
def _outside(monkeypatch):
    """Every name leads to the public internet, and nothing is sent there."""
    monkeypatch.setattr("calls.outbound.targets.lookup", lambda host, port: ["93.184.215.14"])
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)


def history(endpoint, hour, arrived, failed):
    """Messages made some hours ago, with what came of them."""
    for number in range(arrived + failed):
        error = "" if number < arrived else "It answered 500."
        state = DeliveryState.DELIVERED if not error else DeliveryState.PENDING
        told = {
            "event_type": "call.ended",
            "format": "native",
            "body": b'{"type":"call.ended","data":{"call":null}}',
            "attempts": 1,
        }
        at = timezone.now() - timedelta(hours=hour)
        row = Delivery.objects.create(tenant=endpoint.tenant, endpoint=endpoint, state=state, due_at=at, reason=error, **told)
        row.log.create(fence=1, started_at=at, took_ms=120, status=500 if error else 200, error=error, answer="thanks")
    return row


def test_an_endpoint_is_made_tested_and_watched(page, shot, tenant):
    make_line(tenant, "210", name="Desk")
    busy = make_endpoint(tenant, "https://crm.example.com/callhub/in?key=1", name="CRM", succeeded_at=timezone.now(), failures=3)
    WebhookEndpoint.objects.update(last_error="It answered 500.")
    for hour in range(0, 20, 2):
        row = history(busy, hour, arrived=hour % 7, failed=1 + hour % 3)
    sign_in(page, staff(tenant, "owner", username="eva"))

    page.goto("/admin/calls/webhookendpoint/add/")
    page.get_by_label("Address").fill("https://hooks.example.com/in")
    page.get_by_text("Call ended", exact=True).click()
    page.locator("select[name=line_ids] + .select2").click()
    page.locator(".select2-search__field").first.fill("Desk")
    page.get_by_role("option", name="Desk").click()
    shot("browser-webhook-form")
    leave_by(page, page.get_by_role("button", name="Save", exact=True))
    expect(page.locator("#secret")).to_contain_text("whsec_")
    endpoint = WebhookEndpoint.objects.exclude(pk=busy.pk).get()
    assert endpoint.event_types == ["call.ended"]
    assert len(endpoint.line_ids) == 1

    leave_by(page, page.get_by_role("link", name="I have copied it"))
    leave_by(page, page.get_by_role("link", name="Send a test"))
    shot("browser-webhook-test")
    leave_by(page, page.get_by_role("button", name="Send", exact=True))
    expect(page.get_by_text("None so far.")).to_be_visible()
    webhooks.pause(endpoint, reason="Moving house")

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto("/admin/calls/webhookendpoint/")
        expect(page.locator("svg.ch-spark")).to_have_count(1)
        expect(page.get_by_text("Moving house")).to_be_visible()
        shot(f"browser-webhooks-{scheme}")
    page.get_by_role("link", name="Try them out").click()
    page.get_by_role("button", name="Make the address").click()
    expect(page.locator("#address")).to_contain_text("/try/")
    page.get_by_role("button", name="Create a webhook that leads here").click()
    expect(page.locator("#secret")).to_contain_text("whsec_")
    webhooks.fire_test(WebhookEndpoint.objects.get(name="To try things out"))
    webhooks.pause(busy)  # what is due there stays here
    webhooks.deliver()
    page.goto("/admin/calls/webhookendpoint/try")
    expect(page.get_by_text("Signature verifies")).to_be_visible()
    shot("browser-webhook-try")
    page.goto(f"/admin/calls/delivery/{row.pk}/change/")
    expect(page.get_by_role("heading", name="Attempts")).to_be_visible()
    shot("browser-delivery")
