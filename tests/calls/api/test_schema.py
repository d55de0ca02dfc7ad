"""The OpenAPI document: complete, without warnings, and true to the answers."""

from __future__ import annotations

import io
import re

import pytest
from django.core.management import call_command
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from calls.api.fields import ChoiceField
from calls.api.serializers.base import RowDocument
from calls.api.urls import urlpatterns
from calls.api.views.docs import openapi
from tests.calls.api.client import BODY
from tests.calls.api.test_rows import BODIES
from tests.make import make_call, make_company, make_contact, make_line

HTTP = {"get", "post", "patch", "put", "delete"}


def operations():
    return [(method, path, what) for path, item in openapi()["paths"].items() for method, what in item.items() if method in HTTP]


def test_the_document_is_made_without_warnings_and_is_valid():
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    assert out.getvalue().startswith("openapi: 3.1.0")


def test_every_address_is_described():
    described = {path.removeprefix("/api/v1/") for path in openapi()["paths"]}
    routed = {
        re.sub(r"\(\?P<pk>[^)]*\)", "{id}", str(route.pattern).removeprefix("^/").removesuffix(r"/?\Z"))
        for route in urlpatterns
        if route.name not in (None, "index", "problem", "schema", "docs")
    }
    assert described == routed


def test_every_operation_says_what_it_does():
    for method, path, what in operations():
        assert what["summary"], (method, path)
        assert what["operationId"]
        assert what["security"]
        assert {"401", "403", "429", "500"} <= what["responses"].keys()
        for parameter in what.get("parameters", ()):
            assert parameter.get("description") or parameter["name"] in _SELF_EXPLAINING, (path, parameter["name"])
        if method in ("post", "patch") and not path.endswith(_WITHOUT_BODY):
            assert "example" in str(what["requestBody"]), (method, path)
    ids = [what["operationId"] for _, _, what in operations()]
    assert len(ids) == len(set(ids))


_WITHOUT_BODY = ("/hangup", "/hold", "/pause", "/resume", "/rotate", "/replay")
_SELF_EXPLAINING = {
    "direction", "disposition", "state", "agent", "company", "center", "contact", "line", "outcome", "external_id", "source_id",
    "email", "extension", "is_active", "flagged", "has_recording", "scope", "sort", "page_size", "ETag", "Location", "revoked",
}  # fmt: skip


def check(response, path=""):
    """Hold an answer to what the document says of its operation, status and kind."""
    path = path or re.sub(r"/[0-9a-f]{8}-[0-9a-f-]{27}", "/{id}", response.request["PATH_INFO"])
    operation = openapi()["paths"][path][response.request["REQUEST_METHOD"].lower()]
    described = operation["responses"][str(response.status_code)]
    if response.streaming:
        assert response["Content-Type"] in described["content"]
        assert b"".join(response.streaming_content)
        return
    if not response.content:
        assert "content" not in described
        return
    schema = described["content"][response["Content-Type"]]["schema"]
    validator = Draft202012Validator({**schema, "components": openapi()["components"]}, format_checker=FormatChecker())
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(response.json())]
    assert not errors, (path, response.status_code, errors)


@pytest.mark.parametrize("path", BODIES)
def test_answers_about_rows_are_as_described(api, path):
    body, change = BODIES[path]
    made = api.post(path, body)
    one = f"{path}/{made.json()['id']}"
    other = f"{path}/0195a3c2-0000-7000-8000-000000000000"
    answers = [made, api.post(path, {"x": 1}), api.send("POST", path, raw=b"{}", Content_Type="text/plain")]
    answers += [api.get(path), api.get(f"{path}?count=true&fields=id"), api.get(f"{path}?x=1"), api.get(path, Accept="image/png")]
    answers += [api.get(one), api.get(one, If_None_Match="*"), api.get(other)]
    answers += [api.patch(one, change), api.patch(one, change, If_Match='"x"'), api.delete(one)]
    for response in answers:
        check(response)


def test_answers_about_calls_are_as_described(api, tenant):
    contact = make_contact(tenant, "+46701234567", company=make_company(tenant))
    body = {
        **BODY, "external_id": "x", "tags": ["t"], "legs": [{"role": "source", "number": "210"}],
        "facts": {"a": {"b": [1, None]}},
        "interactions": [{"happened_at": "2026-03-02T08:00:01Z", "summary": "IVR"}],
    }  # fmt: skip
    made = api.post("calls", body)
    key = made.json()["id"]
    make_call(tenant, seconds=None)
    everything = "contact,company,agent,center,line,legs,events,tags"
    for response in (
        made, api.post("calls", body), api.post("calls", {**body, "duration": 1}), api.get("calls"), api.get("me"),
        api.get(f"calls?expand={everything}"), api.get(f"calls/{key}?expand={everything}"), api.get("calls?fields=id,document"),
        api.get(f"calls/{key}/events"), api.patch(f"calls/{key}", {"contact": str(contact.pk)}),
        api.patch(f"calls/{key}", {"x": 1}),
        api.post("calls/bulk", [body, {}, 7]), api.post("calls/bulk", {}), api.get("calls?x=1"), api.delete(f"calls/{key}"),
        api.delete(f"calls/{key}"), api.post("calls", BODY, Idempotency_Key=""),
    ):  # fmt: skip
        check(response)


def test_requests_are_as_described(api):
    for path, (body, change) in {**BODIES, "calls": (BODY, {"notes": "x"})}.items():
        for method, address, sent in (("post", path, body), ("patch", f"{path}/{{id}}", change)):
            request = openapi()["paths"][f"/api/v1/{address}"][method]["requestBody"]["content"]["application/json"]["schema"]
            schema = {**request, "components": openapi()["components"]}
            Draft202012Validator(schema).validate(sent)
            assert not Draft202012Validator(schema).is_valid({**sent, "nonsense": 1})


def test_the_examples_work_as_printed(api, tenant):
    make_line(tenant, "210")
    for _, path, what in operations():
        if what["operationId"].endswith("_create"):
            content = what["requestBody"]["content"]["application/json"]
            for example in content["examples"].values():
                assert api.post(path, example["value"]).status_code in (201, 202), path


def test_the_document_is_served_to_anyone(db):
    response = Client().get("/api/v1/schema/")
    assert response["Content-Type"] == "application/vnd.oai.openapi+json"
    assert response.json()["openapi"] == "3.1.0"


def test_the_readable_page_needs_nothing_from_elsewhere_and_no_inline_script(db):
    page = Client().get("/api/v1/docs/", headers={"Accept": "text/html"})
    html = page.content.decode()
    assert page.status_code == 200
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert "'unsafe-eval'" not in page["Content-Security-Policy"]
    script = re.search(r'src="([^"]*script=[^"]*)"', html)
    assert "SwaggerUIBundle" in Client().get(script.group(1)).content.decode()


def test_the_index_lists_every_collection():
    collections = {
        path.removeprefix("/api/v1/")
        for path, item in openapi()["paths"].items()
        if "get" in item and "{" not in path and path.count("/") == 3
    }
    shown = Client().get("/api/v1/").json()
    assert collections <= shown.keys()


def test_every_choice_that_is_refused_names_those_there_are():
    with pytest.raises(ValidationError, match="Choose one of: inbound, outbound"):
        ChoiceField(choices=["inbound", "outbound"]).run_validation("sideways")


def test_no_serializer_has_a_choice_of_another_kind():
    """Fields of REST framework's own refuse a word without naming those there are."""

    def fields_of(kind):
        for below in kind.__subclasses__():
            yield from fields_of(below)
            if below.__module__.startswith("calls.api") and below is not RowDocument:
                yield from ((below.__name__, name, field) for name, field in below().fields.items())

    found = list(fields_of(serializers.Serializer))
    assert len(found) > 100
    others = [(kind, name) for kind, name, field in found if _is_other_choice(field)]
    assert others == []


def _is_other_choice(field):
    field = getattr(field, "child", field)
    return isinstance(field, serializers.ChoiceField) and not isinstance(field, ChoiceField)
