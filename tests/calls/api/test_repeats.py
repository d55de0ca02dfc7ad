"""``Idempotency-Key``, ETags, and many at once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from calls import webhooks
from calls.api.views import rows
from calls.models import Call
from contacts.models import Company
from tests.calls.api.client import BODY, ApiClient
from tests.calls.api.test_rows import BODIES
from tests.make import make_call, make_center, make_company, make_contact, make_endpoint, make_tenant

CREATES = {**{path: body for path, (body, _) in BODIES.items()}, "calls": BODY}


@pytest.mark.parametrize("path", CREATES)
def test_the_same_key_and_body_give_the_first_answer(api, path):
    first = api.post(path, CREATES[path], Idempotency_Key="k-1")
    again = api.post(path, CREATES[path], Idempotency_Key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert (again["Location"], again["ETag"]) == (first["Location"], first["ETag"])
    assert again.json()["id"] == first.json()["id"]


def test_the_same_key_with_another_body_is_a_422(api):
    api.post("companies", {"name": "A"}, Idempotency_Key="k")
    response = api.post("companies", {"name": "B"}, Idempotency_Key="k")
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert api.post("tags", {"name": "A"}, Idempotency_Key="k").status_code == 422


def test_a_refusal_leaves_the_key_free(api):
    assert api.post("companies", {"name": ""}, Idempotency_Key="k").status_code == 400
    assert api.post("companies", {"name": "A"}, Idempotency_Key="k").status_code == 201


def test_keys_of_two_tenants_are_two_keys(api, stranger):
    for client in (api, stranger):
        assert "Idempotency-Replayed" not in client.post("companies", {"name": "A"}, Idempotency_Key="k")


def test_nobody_is_given_another_persons_answer(api, tenant):
    api.post("calls", BODY, Idempotency_Key="k")
    limited = ApiClient(tenant, "agent", center=make_center(tenant))
    assert limited.post("calls", BODY, Idempotency_Key="k").status_code == 422


@pytest.mark.parametrize("key", ["", " ", '""', "x" * 201, "a b", "å"])
def test_refuses_keys_that_are_none(api, key):
    assert api.post("companies", {"name": "A"}, Idempotency_Key=key).json()["code"] == "invalid_idempotency_key"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("by_key", [True, False])
def test_64_parallel_twins_make_one_row(by_key):
    api = ApiClient(make_tenant())
    body = BODY if by_key else {**BODY, "external_id": "x"}
    headers = {"Idempotency_Key": "twin"} if by_key else {}

    def post(_):
        try:
            return api.post("calls", body, **headers)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        responses = list(pool.map(post, range(64)))
    assert {response.status_code for response in responses} <= {200, 201}
    assert len({response.json()["id"] for response in responses}) == 1
    assert Call.objects.count() == 1
    fresh = [response for response in responses if "Idempotency-Replayed" not in response and "Callhub-Repeat" not in response]
    assert len(fresh) == 1


# ETags


def test_an_edit_needs_the_version_it_was_made_for(api, tenant):
    call = make_call(tenant)
    assert api.patch(f"calls/{call.pk}", {"notes": "a"}, If_Match='"1"')["ETag"] == '"2"'
    refused = api.patch(f"calls/{call.pk}", {"notes": "b"}, If_Match='"1"')
    assert (refused.status_code, refused.json()["code"]) == (412, "changed_meanwhile")
    assert api.patch(f"calls/{call.pk}", {"notes": "c"}, If_Match='"7", "2"').status_code == 200
    assert api.patch(f"calls/{call.pk}", {"notes": "d"}, If_Match="*").status_code == 200
    for header in ('W/"4"', "nonsense", '"', "4"):
        assert api.patch(f"calls/{call.pk}", {"notes": "e"}, If_Match=header).status_code == 412
    assert api.delete(f"calls/{call.pk}", If_Match='"1"').status_code == 412
    assert api.delete(f"calls/{call.pk}", If_Match='"4"').status_code == 204


def test_an_unchanged_row_is_not_sent_again(api, tenant):
    call = make_call(tenant)
    etag = api.get(f"calls/{call.pk}")["ETag"]
    for header in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        response = api.get(f"calls/{call.pk}", If_None_Match=header)
        assert (response.status_code, response.content, response["ETag"]) == (304, b"", etag)
    api.patch(f"calls/{call.pk}", {"notes": "x"})
    assert api.get(f"calls/{call.pk}", If_None_Match=etag).status_code == 200


@pytest.mark.parametrize("path", BODIES)
def test_the_other_rows_have_etags_too(api, path):
    body, change = BODIES[path]
    made = api.post(path, body)
    address = f"{path}/{made.json()['id']}"
    assert api.get(address, If_None_Match=made["ETag"]).status_code == 304
    assert api.patch(address, change, If_Match='"other"').status_code == 412
    assert api.patch(address, change, If_Match=made["ETag"]).status_code == 200
    assert api.delete(address, If_Match=made["ETag"]).status_code == 412


# Many at once


def test_logs_many_and_tells_of_each(api, tenant):
    rows = [
        {**BODY, "external_id": "a"},
        {**BODY, "duration": "x"},
        7,
        {**BODY, "external_id": "a"},
        {**BODY, "external_id": "a", "duration": 1},
    ]
    summary = api.post("calls/bulk", rows).json()
    assert (summary["created"], summary["repeated"], summary["refused"]) == (1, 1, 3)
    assert [result["status"] for result in summary["results"]] == [201, 400, 400, 200, 409]
    assert summary["results"][1]["problem"]["errors"][0]["pointer"] == "/duration"
    assert summary["results"][0]["id"] == summary["results"][3]["id"]
    assert Call.objects.count() == 1


def test_takes_one_call_per_line(api):
    lines = [json.dumps(BODY).encode(), b"{broken", b"", json.dumps({**BODY, "notes": "a\u2028b"}, ensure_ascii=False).encode()]
    summary = api.send("POST", "calls/bulk", raw=b"\n".join(lines), Content_Type="application/x-ndjson").json()
    assert [result["status"] for result in summary["results"]] == [201, 400, 201]


def test_many_may_be_sent_again_with_the_same_key(api):
    rows = [{**BODY, "notes": str(number)} for number in range(3)]
    first = api.post("calls/bulk", rows, Idempotency_Key="k")
    again = api.post("calls/bulk", rows, Idempotency_Key="k")
    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Call.objects.count() == 3
    assert api.post("calls/bulk", rows[:2], Idempotency_Key="k").status_code == 422


@pytest.mark.parametrize("rows", [[], {}, "x"])
def test_many_means_at_least_one(api, rows):
    assert api.post("calls/bulk", rows).status_code == 400


def test_a_body_larger_than_16_mb_is_refused(api):
    assert api.send("POST", "calls/bulk", raw=b" " * (16 * 1024 * 1024 + 1)).status_code == 413


@pytest.mark.slow
def test_ten_thousand_rows_take_a_query_for_every_dozen(api, django_assert_max_num_queries):
    rows = [{**BODY, "external_id": str(number)} for number in range(10_000)]
    with django_assert_max_num_queries(900):
        assert api.post("calls/bulk", rows).json()["created"] == 10_000
    assert api.post("calls/bulk", [*rows, BODY]).status_code == 400


# Somebody was quicker


@pytest.mark.django_db(transaction=True)
def test_what_a_change_refers_to_may_go_away_before_it_is_committed(api, tenant, monkeypatch):
    company, contact, save = make_company(tenant), make_contact(tenant), rows.save_contact

    def saving(row, **options):
        Company.objects.filter(pk=company.pk).delete()
        save(row, **options)

    monkeypatch.setattr(rows, "save_contact", saving)
    response = api.patch(f"contacts/{contact.pk}", {"company": str(company.pk)})
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


def test_what_is_gone_before_the_answer_is_made_is_not_found(api, tenant, monkeypatch):
    endpoint = make_endpoint(tenant)
    monkeypatch.setattr(webhooks, "pause", webhooks.remove)
    assert api.post(f"webhooks/{endpoint.pk}/pause").status_code == 404
