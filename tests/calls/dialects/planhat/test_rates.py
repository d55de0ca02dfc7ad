"""Addresses that lead nowhere, and how many requests a minute are taken."""

from __future__ import annotations

import json

import pytest

from calls.models import Call
from tenants.ids import short_id
from tests.calls.dialects.planhat.samples import LEAST, PAGE_EXAMPLE, post_open
from tests.make import make_call, make_tenant, make_token

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE", "HEAD"])
def test_the_open_door_only_takes_posts(client, tenant, method):
    answer = client.generic(method, "/acme/calls", b"{}")
    assert answer.status_code == 405
    assert "POST" in answer["Allow"]
    assert "GET" not in answer["Allow"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
def test_there_is_no_call_below_the_open_door(client, tenant, method):
    call = make_call(tenant)
    answer = client.generic(method, f"/acme/calls/{short_id(call.pk)}", b"{}")
    assert answer.status_code == 404
    assert answer.json()["error"] == "not_found"
    assert "X-Rate-Limit-Remaining" in answer


@pytest.mark.parametrize(
    "word", ["v2", "api", "API", "uapi", "unifiedapi", "oauth", "calls", "admin", "static", "health", "planhat"]
)
@pytest.mark.parametrize("rest", ["calls", "calls/1"])
def test_reserved_words_are_never_tenants(client, tenant, word, rest):
    tenant.slug = word
    tenant.save()
    client.generic("POST", f"/{word}/{rest}", json.dumps(PAGE_EXAMPLE).encode(), content_type="application/json")
    assert not Call.objects.exists()


def test_counts_down_on_every_answer_and_refuses_what_is_too_many(api, client, token, settings):
    settings.CALLHUB_CALLS_PER_MINUTE = 4
    answers = [api("POST", "/calls", LEAST), api("GET", "/calls"), api("GET", "/calls/none"), api("POST", "/calls", {})]
    assert [answer["X-Rate-Limit-Remaining"] for answer in answers] == ["3", "2", "1", "0"]
    late = api("POST", "/calls", LEAST)
    assert (late.status_code, late["X-Rate-Limit-Limit"], late["X-Rate-Limit-Remaining"]) == (429, "4", "0")
    assert 1 <= int(late["Retry-After"]) <= 60
    assert Call.objects.count() == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/calls"),
        ("BREW", "/calls"),
        ("GET", "/calls/a/b"),
        ("GET", "/endusers/a/b"),
        ("POST", "/nobody/calls"),
        ("GET", "/acme/calls"),
    ],
)
def test_says_the_rate_to_strangers_too(client, tenant, method, path):
    answers = [client.generic(method, path, b"{}") for _ in range(2)]
    assert [answer["X-Rate-Limit-Remaining"] for answer in answers] == ["199", "198"]


def test_one_tenants_rate_is_not_anothers(api, client, tenant, settings):
    settings.CALLHUB_CALLS_PER_MINUTE = 1
    api("GET", "/calls")
    assert api("GET", "/calls", token=make_token(make_tenant())).status_code == 200


def test_the_open_doors_rate_is_kept_by_tenant_and_address(client, api, tenant, settings):
    settings.CALLHUB_CALLS_PER_MINUTE = 1
    make_tenant("other")

    def status(path, address):
        return client.post(path, PAGE_EXAMPLE, content_type="application/json", REMOTE_ADDR=address).status_code

    assert [status("/acme/calls", "10.0.0.1") for _ in range(2)] == [200, 429]
    assert status("/acme/calls", "10.0.0.2") == 200
    assert status("/other/calls", "10.0.0.1") == 200
    assert api("GET", "/calls").status_code == 200


def test_guessing_tenants_and_tokens_is_limited_by_address(client, tenant, settings):
    settings.CALLHUB_CALLS_PER_MINUTE = 1
    assert [post_open(client, PAGE_EXAMPLE, f"/guess-{n}/calls").status_code for n in range(2)] == [404, 429]
    assert post_open(client, PAGE_EXAMPLE, "/calls", Authorization="Bearer guess").status_code == 429


def test_many_addresses_together_do_not_flood_an_open_address(client, tenant, token, settings):
    settings.CALLHUB_OPEN_CALLS_PER_MINUTE = 5
    sent = []
    for number in range(8):
        client.defaults["REMOTE_ADDR"] = f"198.51.100.{number}"
        sent.append(post_open(client, PAGE_EXAMPLE))
    assert [answer.status_code for answer in sent] == [200] * 5 + [429] * 3
    assert int(sent[-1]["Retry-After"]) >= 1
    assert Call.objects.count() == 5
    other = make_tenant("other")
    assert post_open(client, PAGE_EXAMPLE, f"/{other.slug}/calls").status_code == 200
    assert post_open(client, PAGE_EXAMPLE, "/calls", Authorization=f"Bearer {token}").status_code == 200
