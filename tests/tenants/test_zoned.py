"""Every field for a time in the admin names the zone it is read in."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.make import make_tenant, make_user
from tests.tenants.admin_walk import PAGES, furnish, name_of, signed_in, staff

pytestmark = pytest.mark.django_db
ADD_A_CALL = "/admin/calls/call/add/"


def test_no_page_asks_for_a_time_without_saying_whose_it_is():
    rows, client, asking = furnish("Uppsala"), signed_in(make_user(is_staff=True, is_superuser=True, time_zone="Asia/Tokyo")), 0
    for model in PAGES:
        for address in (reverse(f"{name_of(model)}_add"), reverse(f"{name_of(model)}_change", args=[rows[model].pk])):
            text = client.get(address).content.decode()
            assert text.count("vTimeField") == text.count("In your time zone, Asia/Tokyo."), address
            asking += "vTimeField" in text
    assert asking >= 3


@pytest.mark.parametrize(("own", "told"), [("", "Europe/Stockholm"), ("America/New_York", "America/New_York")])
def test_the_zone_is_that_of_the_person_else_of_the_tenant(own, told):
    client = signed_in(staff(make_tenant(time_zone="Europe/Stockholm"), "agent", time_zone=own))
    assert f"In your time zone, {told}." in client.get(ADD_A_CALL).content.decode()
    german = client.get(ADD_A_CALL, headers={"Accept-Language": "de"}).content.decode()
    assert f"In Ihrer Zeitzone, {told}." in german
