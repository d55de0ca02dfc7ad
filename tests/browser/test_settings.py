"""The settings in a real browser: found from the navigation, a vendor connected by what is copied from its page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from calls.dialects.urls import GUIDES
from calls.dialer.samples import make_sample_lines
from calls.models import RetentionRule, Tag
from tests.browser.conftest import leave_by
from tests.browser.looks import barriers
from tests.browser.test_admin import sign_in
from tests.make import make_endpoint, make_token

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True), pytest.mark.requires("chromium"), pytest.mark.slow]
PAGES = {"overview": "/admin/settings/", "vendors": "/admin/settings/connect/"}


def test_a_vendors_program_is_connected_by_what_is_copied(context, page, tenant, owner):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, owner)
    page.get_by_role("link", name="Connect your system").click()
    page.locator("#content").get_by_role("link", name="HostedSuite").click()
    expect(page.get_by_text("No request of this kind has come.")).to_be_visible()
    leave_by(page, page.get_by_role("button", name="Make a token for it"))
    expect(page.get_by_text("The token is ready")).to_be_visible()
    secret = page.locator("#credential-3").text_content()
    copy = page.get_by_role("button", name="Copy Password")
    copy.click()
    expect(copy).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == secret
    body = {"CustomerName": "lund", "UserName": "eva", "Password": secret}
    assert context.request.post("/api/calls", data=body).status == 200
    page.goto("/admin/settings/connect/hostedsuite/")
    expect(page.get_by_text("The first request came")).to_be_visible()
    expect(page.locator("#credential-3")).to_have_text("YOUR_TOKEN")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])
@pytest.mark.parametrize("is_full", [False, True])
def test_pages_fit_and_have_no_barriers(page, shot, tenant, owner, width, scheme, is_full):
    if is_full:
        make_sample_lines(tenant, owner)
        make_token(tenant, owner)
        make_endpoint(tenant)
        RetentionRule.objects.create(tenant=tenant, days=30)
        Tag.objects.create(tenant=tenant, name="sale")
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, owner)
    for name, address in {**PAGES, **{vendor: f"/admin/settings/connect/{vendor}/" for vendor in GUIDES}}.items():
        page.goto(address)
        expect(page.locator("#content")).to_be_visible()
        widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widths[0] <= widths[1], (name, widths)
        assert barriers(page) == {}, name
        shot(f"settings-{name}-{width}-{'full' if is_full else 'empty'}")
