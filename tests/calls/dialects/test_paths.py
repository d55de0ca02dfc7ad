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
OPEN = "/199627f7-0d65-52cd-89b9-45b5ff561bem/calls"
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
        ("/calln", "calln"),
        ("/hostedsuite/", "hostedsuite"),
        ("/api", "hostedsuite"),
        ("/uapi", "voipnow"),
        ("/unifiedapi/x/y", "voipnow"),
        ("/oauth/nothing", "voipnow"),
        ("/v2", "fonestorm"),
        ("/API/Nothing", "hostedsuite"),
        ("/Api//V2//nothing", "calln"),
    ],
)
def test_an_unknown_address_gets_the_envelope_of_its_neighbours(client, path, vendor):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("application/json")
    assert door_of(path).name == vendor


@pytest.mark.parametrize(("vendor", "path"), [one for one in PATHS if one[0] in ("calln", "hostedsuite")])
def test_vendors_on_dotnet_take_any_case_and_doubled_slashes(vendor, path):
    for spelling in (path.upper(), path.title(), path.replace("/", "//"), f"/{vendor}/{path}", f"{path}//"):
        assert dialect_at(spelling) == vendor


def test_an_id_keeps_its_case():
    assert resolve("/API/CallAudio/aB3").kwargs == {"call_id": "aB3"}


CREDENTIALS_TRAVEL_TO = [
    *[path for vendor, paths in DOCUMENTED.items() for path in paths if vendor != "calln" and path != OPEN],
    "/api/v1/calls",
    "/api/v1/nowhere",
    "/admin/login/",
]


@pytest.mark.django_db
@pytest.mark.parametrize("path", CREDENTIALS_TRAVEL_TO)
def test_credentials_in_clear_are_refused_before_they_are_looked_at(client, settings, path):
    settings.CALLHUB_REQUIRE_TLS = True
    statuses = {client.generic(method, path, b"{}", content_type="application/json").status_code for method in ("GET", "POST")}
    assert statuses <= {403, 404, 405, 501}
    settings.CALLHUB_REQUIRE_TLS = False
    assert client.post(path, b"{}", content_type="application/json").content.count(b"TLS is required") == 0


@pytest.mark.django_db
def test_the_open_address_takes_no_credentials_and_needs_no_tls(client, settings):
    settings.CALLHUB_REQUIRE_TLS = True
    answer = client.post("/unknown/calls", b"{}", content_type="application/json")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
