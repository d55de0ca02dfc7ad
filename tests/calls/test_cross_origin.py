"""Pages of other sites: the open address is anybody's, the API is open to the origins its tenant lists, cookies never travel."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from tenants.models.tenant import validate_origins
from tests.make import make_tenant, make_token

pytestmark = pytest.mark.django_db
PAGE, OTHER = "https://app.example.com", "https://evil.example"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture
def tenant():
    return make_tenant("acme", web_origins=f"https://else.example\n{PAGE}", open_ingest=True)


def asked(client, path, origin, method="GET", secret="", **headers):
    headers |= {"Origin": origin} | ({"Authorization": f"Bearer {secret}"} if secret else {})
    return client.generic(method, path, b"{}" if method == "POST" else b"", content_type="application/json", headers=headers)


def preflight(client, path, origin):
    return asked(client, path, origin, "OPTIONS", **{"Access-Control-Request-Method": "POST"})


def test_any_page_may_log_at_the_open_address(client, tenant):
    assert preflight(client, "/acme/calls", OTHER)[ALLOWED] == OTHER
    assert asked(client, "/acme/calls", OTHER, "POST")[ALLOWED] == OTHER


@pytest.mark.parametrize(
    "path", ["/calls", "/api/calls", "/v2/calls", "/users/calls", "/acme/calls/1", "/admin/", "/health/live"]
)
def test_no_other_address_of_a_vendor_or_of_ours_is_open_to_pages(client, tenant, path):
    assert ALLOWED not in preflight(client, path, PAGE).headers
    assert ALLOWED not in asked(client, path, PAGE).headers


def test_a_listed_page_may_call_the_api_with_a_token(client, tenant):
    granted = preflight(client, "/api/v1/calls", PAGE)
    assert (granted.status_code, granted[ALLOWED]) == (200, PAGE)
    assert "idempotency-key" in granted["Access-Control-Allow-Headers"]
    answer = asked(client, "/api/v1/calls", PAGE, secret=make_token(tenant))
    assert (answer.status_code, answer[ALLOWED]) == (200, PAGE)
    assert "etag" in answer["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "origin" in answer["Vary"].lower()


def test_a_page_reads_nothing_of_a_tenant_that_does_not_list_it(client, tenant):
    answer = asked(client, "/api/v1/calls", PAGE, secret=make_token(make_tenant()))
    assert (answer.status_code, ALLOWED in answer.headers) == (200, False)


@pytest.mark.parametrize("origin", [OTHER, "null", "https://app.example", "https://app.example.com.evil.example", "%", ""])
def test_a_page_that_is_not_listed_gets_no_grant(client, tenant, origin):
    assert ALLOWED not in preflight(client, "/api/v1/calls", origin).headers
    assert ALLOWED not in asked(client, "/api/v1/calls", origin, secret=make_token(tenant)).headers


@pytest.mark.parametrize("text", ["*", "app.example.com", f"{PAGE}/", f"{PAGE}/path", "ftp://x", "https://a,b", "javascript:1"])
def test_what_is_no_origin_is_refused(text):
    with pytest.raises(ValidationError):
        validate_origins(text)
