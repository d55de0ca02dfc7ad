"""Trying webhooks out without a receiver of one's own: an address here that keeps the last 50 requests and shows them.

A delivery to the tenant's own such address is handed over inside, without a connection: the outgoing door stays closed to
this installation's own network, and an installation on localhost can be tried out as it is. This is the one exception, and
it holds for that very address alone; its query is free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from calls.choices import Verdict
from calls.models import TriedRequest, TryAddress, WebhookEndpoint
from calls.outbound import Answer, Request
from calls.webhooks.signing import SIGNATURE_HEADERS
from tenants.budget import spend
from tenants.models import Tenant
from tenants.sealing import Unreadable

PATH = "/try/"
KEPT = 50
MOST_BODY = 64 * 1024
IN_A_MINUTE = 60
_MOST_SENDERS = 20  # endpoints whose secrets are tried
_MOST_QUERY, _MOST_HEADERS, _MOST_VALUE = 2000, 60, 2000


def make_address(tenant: Tenant, root: str) -> TryAddress:
    """The tenant's address, made where there is none yet; ``root`` is where this installation is found, such as its host."""
    made = TryAddress(tenant=tenant)
    made.url = f"{root.rstrip('/')}{PATH}{made.token}"
    address: TryAddress = TryAddress.objects.get_or_create(tenant=tenant, defaults={"token": made.token, "url": made.url})[0]
    return address


def is_ours(url: str) -> bool:
    """Whether this is an address made here; its query is not asked."""
    return _may_be_ours(url) and TryAddress.objects.filter(url=url.partition("?")[0]).exists()


def hand_over(endpoint: WebhookEndpoint, request: Request) -> Answer | None:
    """Have a request arrive that is for its own tenant's address; None for every other, which goes out by the door."""
    if not _may_be_ours(request.url):
        return None
    url, _mark, query = request.url.partition("?")
    address = TryAddress.objects.filter(url=url, tenant=endpoint.tenant_id).first()
    if address is None:
        return None
    headers = {"Host": urlsplit(url).netloc, **request.headers}
    if request.auth is not None:
        headers["Authorization"] = request.auth.header
    is_taken = take(address, method=request.method, query=query, headers=headers, body=request.body)
    status, body = (200, b"ok\n") if is_taken else (429, b"Too many requests.\n")
    return Answer(status=status, headers={"content-type": "text/plain"}, body=body, is_cut=False, size=len(body), took_ms=0)


def take(address: TryAddress, *, method: str, query: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Keep a request in the place of the oldest; False, and nothing kept, where more come in a minute than anybody reads."""
    if not spend(f"try:{address.pk}", IN_A_MINUTE, 60).is_allowed:
        return False
    kept = {name[:100]: value[:_MOST_VALUE] for name, value in list(headers.items())[:_MOST_HEADERS]}
    verdict, endpoint = _judged(address, headers, body)
    row = TriedRequest(tenant_id=address.tenant_id, address=address, verdict=verdict, signed_by=endpoint)
    row.method, row.query, row.headers, row.body = method[:10], query[:_MOST_QUERY].replace("\0", "�"), kept, body[:MOST_BODY]
    with transaction.atomic():
        TryAddress.objects.filter(pk=address.pk).update(received=F("received") + 1)  # and nobody else until this ends
        row.number = TryAddress.objects.values_list("received", flat=True).get(pk=address.pk)
        row.save(force_insert=True)
        TriedRequest.objects.filter(address=address, number__lte=row.number - KEPT).delete()
    return True


def _may_be_ours(url: str) -> bool:
    return PATH in url


def _judged(address: TryAddress, headers: Mapping[str, str], body: bytes) -> tuple[Verdict, WebhookEndpoint | None]:
    """Whether one of the tenant's endpoints that lead here signed it, and which."""
    given = {name.lower(): value for name, value in headers.items()}
    if not all(given.get(name) for name in SIGNATURE_HEADERS):
        return Verdict.UNSIGNED, None
    for endpoint, secret in _senders(address):
        try:
            Webhook(secret).verify(body, given, json_parse=False)
        except (WebhookVerificationError, ValueError):  # the latter for what is no signature at all
            continue
        return Verdict.GOOD, endpoint
    return Verdict.BAD, None


def _senders(address: TryAddress) -> Iterator[tuple[WebhookEndpoint, str]]:
    rows = WebhookEndpoint.objects.filter(tenant=address.tenant_id, url__startswith=address.url)
    for endpoint in rows.order_by("-created_at")[:_MOST_SENDERS]:
        try:
            secrets = endpoint.live_secrets(timezone.now())
        except Unreadable:
            continue
        yield from ((endpoint, secret) for secret in secrets)
