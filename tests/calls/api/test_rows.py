"""Companies, contacts, agents, centers, lines, tags, tokens and me."""

from __future__ import annotations

import pytest
from django.utils import timezone

from contacts.models import Contact, RelinkRequest
from tenants.choices import Role, Scope
from tenants.models import ApiToken
from tests.calls.api.client import ApiClient, faults_of
from tests.make import make_agent, make_call, make_center, make_company, make_contact, make_line, make_user

BODIES = {
    "companies": ({"name": "Berg & Co", "external_id": "c-1", "phone": "08-1"}, {"notes": "n"}),
    "contacts": ({"name": "Anna", "numbers": ["070-123 45 67"], "external_id": "p-1"}, {"email": "a@example.com"}),
    "agents": ({"name": "Bo", "extensions": ["210", "211"], "external_id": "a-1"}, {"is_active": False}),
    "centers": ({"name": "Lund", "external_id": "7"}, {"name": "Malmö"}),
    "lines": ({"number": "046-12 34 56", "name": "Reception"}, {"name": "Switchboard"}),
    "tags": ({"name": "offer", "colour": "#0ea5e9"}, {"colour": "#f97316"}),
    "tag-rules": ({"tag": "long", "direction": "inbound", "min_duration": 600}, {"is_active": False, "max_duration": 900.5}),
    "views": ({"name": "Missed", "filters": {"type": "missed"}, "shared": True}, {"sort": "-talk"}),
    "outcomes": ({"name": "Order taken", "position": 1}, {"is_retired": True}),
    "tokens": ({"name": "PBX", "scope": "read"}, {"name": "PBX 2"}),
}


@pytest.mark.parametrize("path", BODIES)
def test_makes_reads_changes_and_erases(api, path):
    body, change = BODIES[path]
    made = api.post(path, body)
    row = made.json()
    assert made.status_code == 201
    assert made["Location"].endswith(f"/api/v1/{path}/{row['id']}")
    shown = api.get(f"{path}/{row['id']}")
    assert shown.json().items() <= row.items()
    assert shown["ETag"] == made["ETag"]
    changed = api.patch(f"{path}/{row['id']}", change)
    assert changed.json().items() >= change.items()
    assert changed["ETag"] != made["ETag"]
    assert row["id"] in [one["id"] for one in api.get(path).json()["results"]]
    assert api.delete(f"{path}/{row['id']}").status_code == 204
    assert api.get(f"{path}/{row['id']}").status_code == (200 if path == "tokens" else 404)


@pytest.mark.parametrize("path", BODIES)
def test_every_address_works_with_and_without_its_slash(api, path):
    row = api.post(f"{path}/", BODIES[path][0]).json()
    assert api.get(f"{path}/").status_code == 200
    assert api.get(f"{path}/{row['id']}/").status_code == 200


@pytest.mark.parametrize("path", sorted(BODIES.keys() - {"tokens", "tag-rules"}))
def test_viewers_may_look_but_not_write(api, tenant, path):
    viewer = ApiClient(tenant, Role.VIEWER)
    row = api.post(path, BODIES[path][0]).json()
    assert viewer.get(f"{path}/{row['id']}").status_code == 200
    assert viewer.post(path, BODIES[path][0]).status_code == 403
    assert viewer.patch(f"{path}/{row['id']}", BODIES[path][1]).status_code == 403
    assert viewer.delete(f"{path}/{row['id']}").status_code == 403


@pytest.mark.parametrize("path", ["agents", "centers", "lines"])
def test_managers_set_up_what_agents_only_use(tenant, path):
    assert ApiClient(tenant, Role.AGENT).post(path, BODIES[path][0]).status_code == 403
    assert ApiClient(tenant, Role.MANAGER).post(path, BODIES[path][0]).status_code == 201


@pytest.mark.parametrize("path", sorted(BODIES.keys() - {"tokens", "tag-rules"}))
def test_the_same_name_number_or_id_twice_is_a_conflict(api, path):
    api.post(path, BODIES[path][0])
    response = api.post(path, BODIES[path][0])
    assert response.status_code == 409
    assert response.json()["code"] == "conflict"


def test_extensions_belong_to_one_agent(api, tenant):
    api.post("agents", {"name": "A", "extensions": ["210"]})
    response = api.post("agents", {"name": "B", "extensions": ["210"]})
    assert response.status_code == 409
    assert len(api.get("agents").json()["results"]) == 1


@pytest.mark.parametrize("path", BODIES)
def test_refuses_unknown_and_read_only_fields_by_name(api, path):
    body = BODIES[path][0]
    response = api.post(path, {**body, "tenant": "x", "id": "y"})
    assert (response.status_code, faults_of(response)) == (400, {"/tenant", "/id"})


def test_a_contacts_numbers_are_understood_and_its_calls_matched_anew(api, tenant):
    call = make_call(tenant, "+46701234567")
    row = api.post("contacts", {"name": "Anna", "numbers": ["070-123 45 67", "070-123 45 67", "08-123 456 78"]}).json()
    assert [number["e164"] for number in row["numbers"]] == ["+46701234567", "+46812345678"]
    assert RelinkRequest.objects.filter(match_key=call.remote_key).exists()
    changed = api.patch(f"contacts/{row['id']}", {"numbers": ["+46709999999"]}).json()
    assert [number["number"] for number in changed["numbers"]] == ["+46709999999"]


@pytest.mark.parametrize("numbers", [["x"], "070", [7, {}], ["1" * 65], [""], None])
def test_refuses_what_is_no_list_of_numbers(api, numbers):
    assert api.post("contacts", {"name": "Anna", "numbers": numbers}).status_code == 400
    assert not Contact.objects.exists()


def test_rows_of_another_tenant_cannot_be_referred_to(api, stranger):
    theirs = {
        "company": make_company(stranger.tenant),
        "center": make_center(stranger.tenant),
        "agent": make_agent(stranger.tenant),
    }
    for path, name in (("contacts", "company"), ("agents", "center"), ("lines", "agent"), ("lines", "center")):
        response = api.post(path, {**BODIES[path][0], name: str(theirs[name].pk)})
        assert (response.status_code, faults_of(response)) == (400, {f"/{name}"})


def test_expands_a_contacts_company(api, tenant):
    company = make_company(tenant, name="Berg")
    row = api.post("contacts", {"name": "Anna", "company": str(company.pk)}).json()
    assert api.get(f"contacts/{row['id']}?expand=company").json()["company"]["name"] == "Berg"
    assert api.get(f"contacts/{row['id']}?fields=company").json() == {"company": str(company.pk)}


def test_a_center_that_limits_a_member_stays(api, tenant):
    center = make_center(tenant)
    make_user(tenant, Role.AGENT, center=center)
    assert api.delete(f"centers/{center.pk}").json()["code"] == "in_use"


# Tokens


def test_a_tokens_secret_is_told_once_and_opens_the_door(api):
    made = api.post("tokens", {"name": "PBX", "scope": "write"}).json()
    shown = api.get(f"tokens/{made['id']}").json()
    assert "secret" not in shown
    assert made["secret"] not in api.get("tokens").content.decode()
    me = api.http.get("/api/v1/me", headers={"Authorization": f"Bearer {made['secret']}"}).json()
    assert (me["scope"], me["token"]) == ("write", made["id"])
    assert ApiToken.objects.get(pk=made["id"]).last_used_at is not None


def test_a_repeat_does_not_tell_the_secret_again(api):
    first = api.post("tokens", {"name": "PBX"}, Idempotency_Key="k")
    again = api.post("tokens", {"name": "PBX"}, Idempotency_Key="k")
    assert first.json()["secret"]
    assert again.json() == {**first.json(), "secret": None}
    assert again["Idempotency-Replayed"] == "true"


def test_a_revoked_token_opens_nothing(api):
    made = api.post("tokens", {"name": "PBX"}).json()
    api.delete(f"tokens/{made['id']}")
    assert api.http.get("/api/v1/me", headers={"Authorization": f"Bearer {made['secret']}"}).status_code == 401
    assert api.get(f"tokens/{made['id']}").json()["revoked_at"]


def test_only_owners_with_the_manage_scope_see_tokens(tenant):
    for client in (ApiClient(tenant, Role.MANAGER), ApiClient(tenant, Role.OWNER, Scope.WRITE)):
        assert client.get("tokens").status_code == 403
        assert client.post("tokens", {"name": "x", "scope": "manage"}).status_code == 403


def test_a_token_cannot_be_made_to_expire_in_the_past(api):
    response = api.post("tokens", {"name": "x", "expires_at": timezone.now().isoformat()})
    assert faults_of(response) == {"/expires_at"}


def test_me_tells_who_is_asking(api, tenant):
    me = api.get("me").json()
    assert (me["user"]["username"], me["tenant"]["slug"], me["role"], me["center"]) == (
        api.user.username, tenant.slug, "owner", None,
    )  # fmt: skip


@pytest.mark.parametrize(("number", "is_proven"), [("0812345678", True), ("+46 8 123 456 78", True), ("0812345679", False)])
def test_line_with_another_number_is_no_longer_proven(api, tenant, number, is_proven):
    line = make_line(tenant, "+46812345678", is_proven=True)
    assert api.patch(f"lines/{line.pk}", {"number": number}).json()["is_proven"] is is_proven


@pytest.mark.parametrize("text", ["3.12555E+09", "Acme210", "46,701,234,567", "Anonymous"])
def test_a_contact_refuses_what_is_no_number(api, text):
    answer = api.post("contacts", {"name": "Anna", "numbers": ["+46701234567", text]})
    assert answer.status_code == 400
    assert text in answer.content.decode()


def test_contacts_are_found_by_name_whatever_its_accents(api, tenant):
    contact = make_contact(tenant, name="Ida Björk")
    assert [row["id"] for row in api.get("contacts?name=bjork").json()["results"]] == [str(contact.pk)]
