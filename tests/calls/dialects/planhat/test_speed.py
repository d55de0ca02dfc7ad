"""How many queries a call at the open door costs, and that callers at the same moment do not get in each other's way."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test import Client

from calls.models import Call, CallEvent
from contacts.models import Contact
from tenants import memory
from tests.calls.dialects.planhat.samples import PAGE_EXAMPLE, post_open
from tests.make import make_agent, make_contact, make_tenant, make_token


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_known", [True, False])
def test_a_call_at_the_open_door_costs_few_queries(client, django_assert_max_num_queries, is_known, monkeypatch):
    monkeypatch.setattr(memory, "REMEMBERED_S", 60.0)  # however long the machine takes for one call
    tenant = make_tenant("acme")
    if is_known:
        make_contact(tenant, "+4670123456", external_id="max123")
        make_agent(tenant, external_id="987qwe")
    post_open(client, PAGE_EXAMPLE)
    # Who it was; call and event, which SQLite puts between BEGIN and COMMIT. The tenant is remembered.
    with django_assert_max_num_queries(2 if connection.vendor == "postgresql" else 5) as queries:
        assert post_open(client, PAGE_EXAMPLE).status_code == 200
    assert not [query for query in queries if "SAVEPOINT" in query["sql"]]


def at_once(count, send):
    """The answers of ``count`` requests sent by as many threads."""

    def one(position):
        try:
            return send(Client(), position)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


@pytest.mark.django_db(transaction=True)
def test_the_rate_is_exact_when_many_call_at_once(settings):
    make_tenant("acme")
    settings.CALLHUB_CALLS_PER_MINUTE = 5
    statuses = [answer.status_code for answer in at_once(16, lambda client, _: post_open(client, PAGE_EXAMPLE))]
    assert (statuses.count(200), statuses.count(429)) == (5, 11)
    assert Call.objects.count() == CallEvent.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_one_end_user_comes_of_many_that_are_made_at_once():
    token = make_token(make_tenant("acme"))
    body = json.dumps({"name": "Max", "externalId": "max", "phone": "0701234567"}).encode()

    def send(client, position):
        method, data = ("POST", body) if position % 2 else ("PUT", b"[" + body + b"]")
        headers = {"Authorization": f"Bearer {token}"}
        return client.generic(method, "/endusers", data, content_type="application/json", headers=headers)

    answers = at_once(8, send)
    assert {answer.status_code for answer in answers} <= {200, 206, 400}
    assert Contact.objects.get().numbers.count() == 1


@pytest.mark.django_db(transaction=True)
def test_changes_made_at_once_are_all_there(client):
    token = make_token(make_tenant("acme"))
    headers = {"Authorization": f"Bearer {token}"}
    call_id = post_open(client, PAGE_EXAMPLE, "/calls", **headers).json()["_id"]

    def send(client, position):
        body = json.dumps({f"field{position}": position}).encode()
        return client.generic("PUT", f"/calls/{call_id}", body, content_type="application/json", headers=headers)

    assert {answer.status_code for answer in at_once(8, send)} == {200}
    document = client.get(f"/calls/{call_id}", headers=headers).json()
    assert document.items() >= {f"field{position}": position for position in range(8)}.items()
    assert document["__v"] == 8
    assert connection.is_usable()
