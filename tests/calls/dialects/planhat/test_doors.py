"""Who is let in and what each may do; the page's own requests."""

from __future__ import annotations

import base64
import json
import re

import pytest

from calls.models import Call
from tenants.choices import Role, Scope
from tenants.ids import short_id
from tests.calls.dialects.contract import basic
from tests.calls.dialects.planhat.samples import LEAST, PAGE_EXAMPLE, PAGE_TENANT, SAMPLES, post_open, stored
from tests.make import make_call, make_center, make_contact, make_tenant, make_token, make_user

pytestmark = pytest.mark.django_db


def test_takes_the_pages_example_at_the_open_door_and_links_it_by_number(client):
    tenant = make_tenant(PAGE_TENANT)
    contact = make_contact(tenant, "070-123 456", name="Max")
    answer = post_open(client, PAGE_EXAMPLE, f"/{PAGE_TENANT}/calls")
    assert answer.status_code == 200
    assert re.fullmatch("[0-9a-f]{24}", answer.json()["_id"])
    assert answer.json().items() >= PAGE_EXAMPLE.items()
    assert stored(answer).contact == contact


@pytest.mark.parametrize("path", sorted((SAMPLES / "requests").glob("*.json")), ids=lambda path: path.stem)
def test_answers_the_sample(client, tenant, token, path):
    sample = json.loads(path.read_text())
    headers = {"bearer": {"Authorization": f"Bearer {token}"}, "basic": basic(token), None: {}}[sample["credentials"]]
    answer = post_open(client, sample["body"], sample["path"], **headers)
    assert answer.status_code == sample["status"], answer.content
    assert answer.json().items() >= sample["answer"].items()
    assert Call.objects.count() == (1 if sample["status"] == 200 else 0)


def test_counts_the_hour_that_was_skipped_when_clocks_changed(api):
    sample = json.loads((SAMPLES / "requests" / "clock_change.json").read_text())
    assert stored(api("POST", "/calls", sample["body"])).duration_ms == 40 * 60 * 1000


def authorizations(token):
    bare = basic(token)["Authorization"].split()[1]
    without_colon = base64.b64encode(token.encode()).decode()
    return [f"Bearer {token}", f"bearer {token}", f"Basic {bare}", f"Basic {without_colon}", basic(token, "x")["Authorization"]]


@pytest.mark.parametrize("spelling", range(5), ids=["bearer", "lower case", "basic", "without colon", "with a password"])
def test_takes_the_token_in_every_spelling(client, token, spelling):
    answer = post_open(client, PAGE_EXAMPLE, "/calls", Authorization=authorizations(token)[spelling])
    assert answer.status_code == 200
    assert stored(answer).is_verified


@pytest.mark.parametrize(
    "header", [None, "Bearer chub_unknown", "Bearer", "Basic", "Basic !", "Digest x", basic("nobody")["Authorization"]]
)
def test_refuses_a_missing_or_unknown_token(client, tenant, header):
    answer = post_open(client, PAGE_EXAMPLE, "/calls", **({"Authorization": header} if header else {}))
    assert answer.status_code == 401
    assert answer.json()["error"] == "unauthorized"
    assert "WWW-Authenticate" in answer
    assert not Call.objects.exists()


def test_ignores_a_wrong_authorization_header_at_the_open_door(client, tenant):
    assert post_open(client, PAGE_EXAMPLE, Authorization="Bearer wrong").status_code == 200


def test_stores_nothing_for_an_unknown_tenant(client, tenant):
    assert post_open(client, PAGE_EXAMPLE, "/nobody/calls").status_code == 404
    assert not Call.objects.exists()


def test_answers_alike_for_every_tenant_that_is_not_open(client):
    make_tenant("disabled", is_active=False)
    make_tenant("shut", open_ingest=False)
    slugs = ["unknown", "disabled", "shut", "mal.formed", "%00", "x" * 65, "å"]
    answers = [post_open(client, PAGE_EXAMPLE, f"/{slug}/calls") for slug in slugs]
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}
    assert len({frozenset(answer.headers) for answer in answers}) == 1


def test_a_token_that_may_only_read_changes_nothing(api, tenant):
    call = make_call(tenant)
    reader = make_token(tenant, scope=Scope.READ)
    path = f"/calls/{short_id(call.pk)}"
    assert api("GET", path, token=reader).status_code == 200
    refused = [
        api("POST", "/calls", LEAST, token=reader),
        api("PUT", path, {"nr": "1"}, token=reader),
        api("DELETE", path, token=reader),
    ]
    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert Call.objects.get() == call


def test_an_agents_token_does_not_erase(api, tenant):
    call = make_call(tenant)
    agents = make_token(tenant, make_user(tenant, Role.AGENT))
    assert api("DELETE", f"/calls/{short_id(call.pk)}", token=agents).status_code == 403
    assert Call.objects.get() == call


def test_a_token_of_one_center_sees_its_calls_only(api, tenant):
    center = make_center(tenant)
    inside, outside = make_call(tenant, center_id=str(center.pk)), make_call(tenant)
    token = make_token(tenant, make_user(tenant, center=center))
    assert [call["_id"] for call in api("GET", "/calls", token=token).json()] == [short_id(inside.pk)]
    assert api("GET", f"/calls/{short_id(outside.pk)}", token=token).status_code == 404
