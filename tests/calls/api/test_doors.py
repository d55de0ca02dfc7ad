"""Who gets in, what is said to bad requests, and that no tenant reaches another's rows."""

from __future__ import annotations

import base64
import json
import re

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator

from calls.api.urls import urlpatterns
from calls.models import Call
from tenants.ids import new_id
from tests.calls.api.client import BODY, ApiClient, check_problem, faults_of
from tests.calls.api.test_rows import BODIES
from tests.calls.dialects.contract import FRAMINGS, UNREADABLE, chunks
from tests.make import make_call, make_line, make_operator, make_tenant, make_user

ROOT = "/api/v1"


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


# Credentials


@pytest.mark.parametrize(
    "header",
    ["Bearer nonsense", "Bearer", "Bearer \u00e5", "Basic !!!", "Basic " + base64.b64encode(b"\xff\xfe:x").decode(), "Digest x",
     basic("a", ""), basic("", "chub_no"), "token x"],
)  # fmt: skip
def test_wrong_credentials_are_a_401_problem(db, header):
    response = Client(raise_request_exception=False).get(f"{ROOT}/calls", headers={"Authorization": header})
    assert response.status_code == 401
    assert "Bearer" in response["WWW-Authenticate"]
    check_problem(response)


def test_no_credentials_are_a_401_problem(db):
    for path in ("calls", "calls/x", "companies", "me", "tokens", "calls/bulk"):
        response = Client().get(f"{ROOT}/{path}")
        assert response.status_code == 401, path
        check_problem(response)


@pytest.mark.parametrize("pair", [("anything", "{}"), ("{}", ""), ("", "{}")])
def test_a_token_may_come_by_basic(api, pair):
    header = basic(*(part.format(api.secret) for part in pair))
    assert Client().get(f"{ROOT}/me", headers={"Authorization": header}).status_code == 200


def test_a_token_serves_its_own_tenant_only(api, stranger):
    assert api.get(f"me?tenant={api.tenant.slug}").status_code == 200
    assert api.get(f"me?tenant={stranger.tenant.slug}").status_code == 403


def test_a_session_reads_and_writes_with_its_csrf_token(tenant):
    user = make_user(tenant)
    http = Client(enforce_csrf_checks=True)
    http.force_login(user)
    assert http.get(f"{ROOT}/me").json()["tenant"]["slug"] == tenant.slug
    refused = http.post(f"{ROOT}/calls", json.dumps(BODY), content_type="application/json")
    assert refused.status_code == 403
    check_problem(refused)
    http.cookies["csrftoken"] = "a" * 32
    made = http.post(f"{ROOT}/calls", json.dumps(BODY), content_type="application/json", headers={"X-CSRFToken": "a" * 32})
    assert made.status_code == 201


def test_a_session_names_its_tenant(tenant):
    user, other = make_user(tenant), make_tenant()
    http = Client()
    http.force_login(user)
    assert http.get(f"{ROOT}/me?tenant={tenant.slug}").status_code == 200
    assert http.get(f"{ROOT}/me", headers={"Callhub-Tenant": tenant.slug}).status_code == 200
    for slug in (other.slug, "nonsense", "a%00"):
        assert http.get(f"{ROOT}/me?tenant={slug}").status_code in (403, 400)


def test_an_operator_names_any_tenant(tenant):
    http = Client()
    http.force_login(make_operator())
    assert http.get(f"{ROOT}/me").status_code == 403
    assert http.get(f"{ROOT}/me?tenant={tenant.slug}").json()["role"] == "owner"


# Bodies


BAD_BODIES = [
    (b"", 400), (b"null", 400), (b"[]", 400), (b"7", 400), (b"{", 400), (b"[" * 5000 + b"]" * 5000, 400),
    (b'{"a":' * 40 + b"1" + b"}" * 40, 400),
    (b'{"started_at": NaN}', 400), (b'{"duration": 1e400, "started_at": "2026-03-02T09:00:00Z"}', 400),
    (b'{"duration": ' + b"9" * 400 + b', "started_at": "2026-03-02T09:00:00Z"}', 400), (b'{"notes": "a", "notes": "b"}', 400),
    (b'{"notes": "\\ud800", "started_at": "2026-03-02T09:00:00Z"}', 400), (b'{"notes": "\\u0000"}', 400),
    (b'{"\\u0000": 1}', 400),
    (b'{"facts": {"a": ["\\udfff"]}, "started_at": "2026-03-02T09:00:00Z"}', 400), (b"\xff\xfe", 400), (b'{"a": "\xe5"}', 400),
    (b'{"started_at": "9999-12-31T23:59:59-12:00"}', 400), (b'{"started_at": "0001-01-01T00:00:00+14:00"}', 400),
    (b'{"started_at": "2026-03-02"}', 400), (b'{"started_at": 7}', 400), (b'{"started_at": null}', 400),
    (b"x" * (256 * 1024 + 1), 413),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "status"), BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_bad_bodies_are_refused_and_nothing_is_written(api, raw, status):
    assert api.send("POST", "calls", raw=raw).status_code == status
    assert api.send("POST", "companies", raw=raw).status_code == status
    assert not Call.objects.exists()


BAD_VALUES = {
    "duration": ["60", -1, True, 1e12, [], {}], "direction": ["sideways", 7, []], "disposition": ["x"],
    "number": ["1" * 129, {}, []],
    "caller": [7, {"number": 7}, {"x": 1}, {"number": "1" * 400}], "contact": ["x", "0195a3c2-0000-7000-8000-000000000000"],
    "agent": ["0195a3c2-0000-7000-8000-000000000000"], "center": ["0195a3c2-0000-7000-8000-000000000000", 7],
    "company": ["0195a3c2-0000-7000-8000-000000000000"], "ended_at": ["2026-03-01T00:00:00Z"],
    "answered_at": ["2020-01-01T00:00:00Z"],
    "tags": ["x", [""], ["x" * 61], [{}], ["t"] * 51], "external_id": ["x" * 201, {}], "hold_count": [-1, 10**6, "x"],
    "recording_url": ["javascript:alert(1)", "ftp://x/y", "x" * 2001, "http://127.1/"], "facts": [[], "x"], "legs": [{}, "x"],
    "notes": [{}, []], "flagged": ["x", 7, None], "interactions": [7],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD_VALUES.items() for value in values])
def test_a_bad_value_is_named(api, name, value):
    body = {"started_at": "2026-03-02T09:00:00+01:00", name: value}
    response = api.post("calls", body)
    assert response.status_code == 400
    assert all(pointer.startswith(f"/{name}") for pointer in faults_of(response)), response.json()
    assert not Call.objects.exists()


def test_pointers_lead_into_lists(api):
    legs = [{"role": "source"}, {"role": "nobody"}, {"role": "source", "x": 1}]
    assert faults_of(api.post("calls", {**BODY, "legs": legs})) == {"/legs/1/role", "/legs/2/x"}


def test_every_fault_is_told_at_once(api):
    assert faults_of(api.post("calls", {"duration": "x", "direction": "y"})) == {"/started_at", "/duration", "/direction"}


def test_the_call_that_ends_before_it_starts_has_its_own_code(api):
    response = api.post("calls", {**BODY, "ended_at": "2026-03-02T07:00:00Z"})
    assert response.json()["errors"] == [
        {"code": "ends_before_it_starts", "detail": "The call cannot end before it starts.", "pointer": "/ended_at"}
    ]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=utf-16"]
)
def test_other_kinds_of_bodies_are_a_415(api, content_type):
    assert api.send("POST", "calls", raw=b"{}", Content_Type=content_type).status_code == 415


# Requests


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "calls"), ("DELETE", "companies"), ("POST", "me"), ("TRACE", "calls"), ("XYZ", "tags")]
)
def test_other_methods_are_a_405_that_says_which(api, method, path):
    response = api.send(method, path)
    assert response.status_code == 405
    assert "GET" in response["Allow"]


@pytest.mark.parametrize("path", ["calls/x/y", "nonsense", "calls.json", "auth", "problems/x",
                                  "calls/0195a3c2-0000-7000-8000-000000000000",
                                  "calls/%00", "calls/" + "9" * 400, "companies/x", "/api/v1/x", "/api/v1//"])  # fmt: skip
def test_unknown_addresses_are_a_404_problem(api, path):
    assert api.get(path).status_code == 404


def test_only_json_is_answered(api):
    assert api.get("calls", Accept="text/csv").status_code == 406
    for accepted in ("application/json", "*/*", "text/html,*/*;q=0.8", "application/problem+json"):
        assert api.get("calls", Accept=accepted).status_code == 200


def test_hosted_suite_keeps_its_own_addresses(db):
    http = Client(raise_request_exception=False)
    assert "ResponseStatus" in http.get("/api/auth/info").json()
    assert get_resolver().resolve("/api/calls").url_name == "hostedsuite-calls"


def test_the_budget_is_told_and_kept_per_token(api, tenant, settings):
    settings.CALLHUB_API_REQUESTS_PER_MINUTE = 2
    first = api.get("me")
    assert first["RateLimit-Policy"] == '"default";q=2;w=60'
    assert first["RateLimit"].startswith('"default";r=1;t=')
    api.get("me")
    refused = api.get("me")
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused["RateLimit"].startswith('"default";r=0;t=')
    assert ApiClient(tenant).get("me").status_code == 200


def test_answers_are_never_cached(api):
    for response in (api.get("calls"), api.get("nonsense"), api.post("calls", {})):
        assert "no-store" in response["Cache-Control"], response.status_code


def test_a_crash_is_a_problem_without_details(api, monkeypatch):
    def crash(*args, **kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("calls.ledger.record", crash)
    response = api.post("calls", BODY)
    assert response.status_code == 500
    assert "secret" not in response.content.decode()


def test_a_silent_database_is_a_503(api, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr("calls.ledger.record", fail)
    response = api.post("calls", BODY)
    assert (response.status_code, response["Retry-After"]) == (503, "2")


def test_every_type_of_problem_leads_to_its_meaning(api):
    problem = api.get("calls?x=1").json()
    assert Client().get(problem["type"]).json()["code"] == "unknown_parameter"


# Isolation


def addresses():
    """Every address with an id in it, by the collection its id is of."""
    found = [str(pattern.pattern) for pattern in urlpatterns if "pk" in str(pattern.pattern)]
    return [pattern.removeprefix("^/").removesuffix(r"/?\Z").replace("(?P<pk>[^/]+)", "{}") for pattern in found]


def made_by(client, path):
    """A row of the collection in this client's tenant."""
    if path == "deliveries":
        webhook = made_by(client, "webhooks")
        return client.post(f"webhooks/{webhook['id']}/test").json()
    return client.post(path, body_for(path, client.tenant)).json()


def body_for(path, tenant):
    """What makes one row of the collection in this tenant."""
    if path == "originations":
        make_line(tenant, "210", is_phone_terminal=True)
        return {"line": "210", "destination": "+46701234567"}
    if path == "webhooks":
        return {"url": "https://hooks.example.com/in"}
    return BODY if path in ("calls", "uploads") else BODIES[path][0]


@pytest.mark.parametrize("address", addresses())
def test_another_tenants_row_is_no_row(api, stranger, address):
    path = address.split("/")[0]
    if path in ("recordings", "missed"):
        pytest.skip("walked by test_uploads, with audio to steal, and by test_missed")
    made = made_by(stranger, path)
    change = {"calls": {"notes": "x"}, "tag-rules": {"is_active": False}}.get(path, {"name": "x"})
    for method, body in (("GET", None), ("PATCH", change), ("DELETE", None)):
        response = api.send(method, address.format(made["id"]), body)
        assert response.status_code in (404, 405, 412), (method, response.content)  # 412: another protocol, asked first
        assert made["id"] not in response.content.decode()
    before = stranger.get(f"{path}/{made['id']}")
    assert before.status_code == 200
    listed = api.get(path).json()["results"]
    assert made["id"] not in [row["id"] for row in listed]


def test_another_tenants_ids_filter_nothing_out_and_nothing_in(api, stranger, tenant):
    call = make_call(stranger.tenant, "+46701234567", tags=("offer",))
    make_call(tenant, "+46701234567")
    assert len(api.get("calls?number=0701234567").json()["results"]) == 1
    assert api.get("calls?tag=offer").json()["results"] == []
    assert api.get(f"calls?contact={call.pk}").json()["results"] == []
    assert api.get("calls?count=true").json()["count"] == 1


# Bodies in every framing


def in_chunks(api, method, path, body, content_type="application/json", **more):
    headers = {"Authorization": f"Bearer {api.secret}"}
    return api.http.generic(method, path, headers=headers, **chunks(body) | {"CONTENT_TYPE": content_type} | more)


@pytest.mark.parametrize("coding", FRAMINGS)
def test_chunks_and_compression_are_undone(api, coding):
    body = FRAMINGS[coding](json.dumps(BODY).encode())
    created = in_chunks(api, "POST", "/api/v1/calls", body, HTTP_CONTENT_ENCODING=coding)
    assert created.status_code == 201, created.content
    body = FRAMINGS[coding](b'{"outcome": "sold"}')
    changed = in_chunks(api, "PATCH", f"/api/v1/calls/{created.json()['id']}", body, HTTP_CONTENT_ENCODING=coding)
    assert (changed.status_code, changed.json()["outcome"]) == (200, "sold")


@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
def test_many_calls_come_in_chunks_beyond_the_size_of_one(api, content_type):
    rows = [{**BODY, "external_id": str(number), "notes": "x" * 3000} for number in range(100)]
    text = json.dumps(rows) if content_type.endswith("/json") else "\n".join(map(json.dumps, rows))
    answer = in_chunks(api, "POST", "/api/v1/calls/bulk", text.encode(), content_type)
    assert (answer.status_code, answer.json()["created"]) == (200, 100)


def writing_operations():
    """Every operation of the schema whose body is JSON."""
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            if "application/json" in operation.get("requestBody", {}).get("content", {}):
                yield method.upper(), path


@pytest.mark.parametrize("spoil", [name for name in UNREADABLE if name not in ("chunks too large", "swelling")])
def test_no_operation_acknowledges_a_body_it_cannot_read(api, spoil):
    body, content_type, more = UNREADABLE[spoil](json.dumps(BODY).encode())
    headers = {"Authorization": f"Bearer {api.secret}"}
    operations = list(writing_operations())
    assert len(operations) > 10
    for method, path in operations:
        address = re.sub(r"{[^}]*}", str(new_id()), path)
        answer = api.http.generic(method, address, body, content_type=content_type, headers=headers, **more)
        assert 400 <= answer.status_code < 500, (method, path, answer.content)
