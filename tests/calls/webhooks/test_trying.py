"""Trying webhooks out: an address that keeps the last requests, deliveries that reach it without the network, and the page."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from calls import webhooks
from calls.choices import DeliveryState, EndpointState, PayloadFormat, Verdict
from calls.models import Delivery, TriedRequest, TryAddress, WebhookEndpoint
from calls.webhooks import trying
from calls.webhooks.signing import signature_headers
from tests.make import make_center, make_endpoint, make_operator, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db
PAGE = "/admin/calls/webhookendpoint/try"
ROOT = "http://localhost:8000/"


@pytest.fixture(autouse=True)
def _as_it_is_installed(settings, monkeypatch):
    """The outgoing door lets nobody into this machine; connecting is a failure of the test. Counts begin anew."""
    settings.CALLHUB_OUTBOUND_ALLOW, settings.CALLHUB_OUTBOUND_PORTS = [], ["80", "443"]
    cache.clear()

    def connect(request):
        raise AssertionError(f"went out to {request.url}")

    monkeypatch.setattr("calls.outbound.send", connect)


@pytest.fixture
def address(tenant):
    return webhooks.make_address(tenant, ROOT)


@pytest.fixture
def manager(tenant):
    return signed_in(staff(tenant, "manager"))


def kept(address):
    return list(TriedRequest.objects.filter(address=address).order_by("number"))


def path_of(address):
    return address.url.removeprefix(ROOT.rstrip("/"))


# What is taken


def test_keeps_what_came_and_answers_ok(address):
    answer = Client().post(f"{path_of(address)}?a=1", b'{"b":2}', content_type="application/json", headers={"X-Key": "k"})
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    [row] = kept(address)
    assert (row.method, row.query, bytes(row.body), row.verdict) == ("POST", "a=1", b'{"b":2}', Verdict.UNSIGNED)
    assert row.headers["X-Key"] == "k"
    assert "X-Key" not in row.sealed_headers


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "patch", "delete"])
def test_takes_every_usual_method(address, method):
    assert getattr(Client(enforce_csrf_checks=True), method)(path_of(address)).status_code == 200
    assert [row.method for row in kept(address)] == [method.upper()]


def test_what_is_no_address_is_none(tenant, address):
    for path in ("/try/", f"/try/{'A' * 32}", f"{path_of(address)}/", f"{path_of(address)[:-1]}", "/try/%00"):
        assert Client().post(path).status_code == 404, path
    assert Client().options(path_of(address)).status_code == 405
    type(tenant).objects.update(is_active=False)
    assert Client().post(path_of(address)).status_code == 404
    assert kept(address) == []


def test_keeps_the_last_fifty_and_counts_all(address, monkeypatch):
    monkeypatch.setattr(trying, "IN_A_MINUTE", 1000)
    for number in range(53):
        trying.take(address, method="POST", query="", headers={}, body=str(number).encode())
    rows = kept(address)
    assert [bytes(row.body) for row in rows] == [str(number).encode() for number in range(3, 53)]
    address.refresh_from_db()
    assert address.received == 53


def test_more_than_anybody_reads_is_refused_by_address(address, monkeypatch):
    monkeypatch.setattr(trying, "IN_A_MINUTE", 2)
    monkeypatch.setattr("tenants.budget.time.time", lambda: 1_000_000.0)
    answers = [Client().post(path_of(address)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "60"
    assert len(kept(address)) == 2
    other = webhooks.make_address(make_tenant(), ROOT)
    assert Client().post(path_of(other)).status_code == 200


def test_what_is_too_large_is_refused_and_what_is_long_is_cut(address):
    assert Client().post(path_of(address), b"x" * (64 * 1024 + 1), content_type="text/plain").status_code == 413
    assert kept(address) == []
    trying.take(address, method="POST", query="q" * 5000, headers={f"X-{n}": "v" * 5000 for n in range(100)}, body=b"")
    [row] = kept(address)
    assert (len(row.query), len(row.headers), {len(value) for value in row.headers.values()}) == (2000, 60, {2000})


# Whether it is signed


def test_tells_whether_an_endpoint_that_leads_here_signed_it(tenant, address):
    endpoint = make_endpoint(tenant, address.url)
    stranger = make_endpoint(make_tenant(), address.url)
    now = timezone.now()
    own = signature_headers("m1", b"{}", endpoint.live_secrets(now), now)
    cases = [
        (own, b"{}", Verdict.GOOD), (own, b"{ }", Verdict.BAD), ({**own, "webhook-signature": "v1"}, b"{}", Verdict.BAD),
        ({**own, "webhook-signature": "v1,é"}, b"{}", Verdict.BAD), ({**own, "webhook-timestamp": "1e99"}, b"{}", Verdict.BAD),
        (own, b"\xff", Verdict.BAD), ({"webhook-id": "m1"}, b"{}", Verdict.UNSIGNED),
        (signature_headers("m1", b"{}", stranger.live_secrets(now), now), b"{}", Verdict.BAD),
    ]  # fmt: skip
    for headers, body, _verdict in cases:
        trying.take(address, method="POST", query="", headers=headers, body=body)
    assert [row.verdict for row in kept(address)] == [verdict for *_given, verdict in cases]
    assert kept(address)[0].signed_by == endpoint


def test_both_secrets_verify_while_one_is_renewed(tenant, address):
    endpoint = make_endpoint(tenant, address.url)
    now = timezone.now()
    former = signature_headers("m1", b"{}", endpoint.live_secrets(now), now)
    webhooks.rotate_secret(endpoint)
    trying.take(address, method="POST", query="", headers=former, body=b"{}")
    assert kept(address)[0].verdict == Verdict.GOOD


# Deliveries to ourselves


@pytest.mark.parametrize("format", PayloadFormat.values)
def test_a_delivery_arrives_without_a_connection(tenant, address, format):
    endpoint = WebhookEndpoint(tenant=tenant, url=f"{address.url}?x=1", format=format, username="ann")
    endpoint.password = "pass"
    webhooks.keep(endpoint)
    delivery = webhooks.fire_test(endpoint)
    assert webhooks.deliver() == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.log.get().status) == (DeliveryState.DELIVERED, 200)
    [row] = kept(address)
    assert (row.verdict, row.signed_by, row.query) == (Verdict.GOOD, endpoint, "x=1")
    assert bytes(row.body) == bytes(delivery.body)
    assert row.headers["Authorization"] == "Basic YW5uOnBhc3M="
    assert row.headers["webhook-id"] == str(delivery.pk)


def test_too_many_deliveries_are_tried_again_later(tenant, address, monkeypatch):
    monkeypatch.setattr(trying, "IN_A_MINUTE", 0)
    delivery = webhooks.fire_test(make_endpoint(tenant, address.url))
    webhooks.deliver()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == (DeliveryState.PENDING, "It answered 429.")


def test_another_tenants_endpoint_is_not_handed_over(address, monkeypatch):
    from calls import outbound

    def refused(request):
        raise outbound.OutboundRefused("address", "Not on the public internet.")

    monkeypatch.setattr("calls.outbound.send", refused)
    delivery = webhooks.fire_test(make_endpoint(make_tenant(), address.url))
    webhooks.deliver()
    assert "Not on the public internet." in Delivery.objects.get(pk=delivery.pk).reason
    assert kept(address) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url + "x", lambda url: url[:-1], lambda url: url + "/", lambda url: url.replace("http:", "https:"),
        lambda url: url.replace("8000", "9000"), lambda url: url.replace("localhost", "127.0.0.1"),
        lambda url: url.replace("/try/", "/admin/try/"), lambda url: url.replace("/try/", "/x?y=/try/"), lambda url: url + "#x",
    ],
)  # fmt: skip
def test_the_exception_is_for_that_very_address_alone(tenant, address, change):
    with pytest.raises(ValidationError):
        webhooks.check(WebhookEndpoint(tenant=tenant, url=change(address.url)))
    webhooks.check(WebhookEndpoint(tenant=tenant, url=address.url))


# The page


def test_an_address_and_an_endpoint_by_a_click_each(manager, tenant):
    assert "Make the address" in manager.get(PAGE).content.decode()
    assert not TryAddress.objects.exists()
    assert manager.post(PAGE, {"do": "make"}).status_code == 302
    address = TryAddress.objects.get()
    assert (address.tenant, address.url) == (tenant, f"http://testserver/try/{address.token}")
    answer = manager.post(PAGE, {"do": "endpoint"})
    endpoint = WebhookEndpoint.objects.get()
    [secret] = endpoint.live_secrets(timezone.now())
    assert secret in answer.content.decode()
    assert (endpoint.url, endpoint.state) == (address.url, EndpointState.ACTIVE)
    webhooks.fire_test(endpoint)
    webhooks.deliver()
    text = manager.get(PAGE).content.decode()
    for words in (address.url, "Signature verifies", "To try things out", "webhook.test", "Callhub-Event".lower()):
        assert words in text, words
    manager.post(PAGE, {"do": "make"})
    assert TryAddress.objects.get() == address


@pytest.mark.parametrize(
    "body",
    [
        b"<script>alert(1)</script>",
        b"[" * 60_000,
        b'"\\ud800"',
        b"\xff\x00\xfe",
        b'{"a":"</pre><script>"}',
        b"9" * 60_000,
        b"NaN",
    ],
    ids=["script", "deep", "surrogate", "bytes", "tag", "number", "nan"],
)
def test_whatever_came_is_shown_as_text(manager, address, body):
    query = "q=<script>"
    trying.take(address, method="POST", query=query, headers={"X": "<script>", "Content-Type": "<script>"}, body=body)
    answer = manager.get(PAGE)
    assert answer.status_code == 200
    text = answer.content.decode().partition('id="address"')[2]
    assert "<script>alert" not in text
    assert "</pre><script>" not in text
    assert "q=<script>" not in text
    assert "X: <script>" not in text


def test_only_who_manages_the_tenants_webhooks_sees_it(tenant, address):
    trying.take(address, method="POST", query="", headers={}, body=b"canary-4411")
    for user in (staff(tenant, "agent"), staff(tenant, "viewer"), staff(tenant, "owner", center=make_center(tenant))):
        assert signed_in(user).get(PAGE).status_code == 403
    stranger = signed_in(staff(make_tenant(), "owner"))
    assert "canary" not in stranger.get(PAGE).content.decode()
    for asked in (tenant.pk, "x"):
        assert stranger.get(PAGE, {"tenant": asked}).status_code == 404
        assert stranger.post(f"{PAGE}?tenant={asked}", {"do": "endpoint"}).status_code == 404
    operator = signed_in(make_operator())
    assert "canary-4411" not in operator.get(PAGE).content.decode()
    assert "canary-4411" in operator.get(PAGE, {"tenant": tenant.pk}).content.decode()
