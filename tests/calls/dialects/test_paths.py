"""Every address the five vendors document leads to its own dialect: at the root and under its prefix, slash or none."""

from __future__ import annotations

import pytest
from django.urls import resolve

from calls.dialects.urls import door_of

DOCUMENTED = {
    "planhat": [
        "/calls",
        "/calls/5d81eb28aeeafc7a74d8f999",
        "/199627f7-0d65-52cd-89b9-45b5ff561bem/calls",
        "/endusers",
        "/endusers/extid-max123",
        "/companies",
        "/companies/srcid-1",
        "/leancompanies",
        "/users",
        "/users/58e231b14246fc73139f29e8",
        "/myprofile",
    ],
    "calln": [
        "/api/call",
        "/api/call/1",
        "/api/callaudio/312947621348675456t8234",
        "/api/callaudits/1",
        "/api/userauthtoken",
        "/api/client",
        "/api/handset",
        "/api/v2/call",
        "/api/v2/call/1",
        "/api/v2/callaudio/1",
    ],
    "fonestorm": [
        "/v2/auth",
        "/v2/calls",
        "/v2/calls/send_notify",
        "/v2/calls/receive_notify",
        "/v2/fonenumbers",
        "/v2/fonenumbers/3215551081",
    ],
    "voipnow": [
        "/uapi/phoneCalls/@me/simple",
        "/uapi/phoneCalls/12/simple",
        "/uapi/phoneCalls/@owner/callback",
        "/uapi/phoneCalls/@me/conferenceInvite",
        "/uapi/phoneCalls/@me/@self",
        "/uapi/phoneCalls/@me/0003*210/c3e92a04ff422a7a0b9f",
        "/unifiedapi/phoneCalls/@me/simple",
        "/uapi/cdr/",
        "/uapi/cdr/12",
        "/oauth/token.php",
        "/oauth/token",
    ],
    "hostedsuite": [
        "/api/calls",
        "/api/calls.json",
        "/api/centers",
        "/api/contacts",
        "/api/call-allowance/balance",
        "/api/json/reply/ListCallRecordsRequest",
        "/api/calls/update",
        "/api/authenticate",
        "/api/clients",
        "/api/clients/names",
    ],
}
PATHS = [(vendor, path) for vendor, paths in DOCUMENTED.items() for path in paths]


def dialect_at(path):
    return resolve(path).func.view_class.dialect.name


@pytest.mark.parametrize(("vendor", "path"), PATHS)
def test_documented_address_leads_to_its_own_dialect(vendor, path):
    assert dialect_at(path) == vendor
    assert dialect_at(path.rstrip("/")) == vendor
    assert dialect_at(path.rstrip("/") + "/") == vendor


@pytest.mark.parametrize(("vendor", "path"), PATHS)
def test_documented_address_works_under_the_vendors_prefix(vendor, path):
    assert dialect_at(f"/{vendor}{path}") == vendor


@pytest.mark.parametrize("path", ["/v2/calls", "/api/calls", "/uapi/calls"])
def test_no_vendors_address_is_taken_for_a_planhat_tenant(path):
    assert door_of(path).name != "planhat"


@pytest.mark.parametrize(
    ("path", "vendor"),
    [
        ("/v2/nothing", "fonestorm"),
        ("/uapi/nothing", "voipnow"),
        ("/api/nothing", "hostedsuite"),
        ("/api/v2/nothing", "calln"),
        ("/calls/1/2/3", "planhat"),
        ("/calln/nothing", "calln"),
    ],
)
def test_an_unknown_address_gets_the_envelope_of_its_neighbours(client, path, vendor):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("application/json")
    assert door_of(path).name == vendor
