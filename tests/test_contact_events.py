"""Whatever door a company, contact or agent is written by, readers of the feed are told."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from contacts import book
from contacts.models import Agent, Company, Contact, ContactEvent
from tests.make import make_agent, make_call, make_company, make_contact, make_tenant, make_token
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db
MODELS = {"contact": Contact, "company": Company, "agent": Agent}
INLINES = {"contact": "numbers", "agent": "extensions"}


@pytest.fixture
def tenant():
    return make_tenant("acme")


@pytest.fixture
def told():
    """Everything told since it was last asked."""
    seen = set()

    def ask():
        rows = [row for row in ContactEvent.objects.order_by("id") if row.pk not in seen]
        seen.update(row.pk for row in rows)
        return [(row.subject, row.change, row.row_id) for row in rows]

    return ask


def by_json(client, tenant):
    headers = {"Authorization": f"Bearer {make_token(tenant)}"}

    def send(method, path, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        answer = client.generic(method, path, data, content_type="application/json", headers=headers)
        assert answer.status_code < 300, answer.content
        return answer

    return send


@pytest.mark.parametrize(("subject", "path"), [("contact", "contacts"), ("company", "companies"), ("agent", "agents")])
def test_by_our_api(client, tenant, told, subject, path):
    send, model = by_json(client, tenant), MODELS[subject]
    send("POST", f"/api/v1/{path}", {"name": "Anna"})
    key = model.objects.get().pk
    assert told() == [(subject, "created", key)]
    send("PATCH", f"/api/v1/{path}/{key}", {"name": "Anna Berg"})
    assert told() == [(subject, "updated", key)]
    send("DELETE", f"/api/v1/{path}/{key}")
    assert told() == [(subject, "deleted", key)]


@pytest.mark.parametrize(("subject", "path"), [("contact", "endusers"), ("company", "companies"), ("agent", "users")])
def test_by_planhats_api(client, tenant, told, subject, path):
    send, model = by_json(client, tenant), MODELS[subject]
    send("POST", f"/{path}", {"name": "Anna", "externalId": "a"})
    first = model.objects.get().pk
    assert told() == [(subject, "created", first)]
    send("PUT", f"/{path}/extid-a", {"name": "Anna Berg"})
    assert told() == [(subject, "updated", first)]
    send("PUT", f"/{path}", [{"externalId": "a", "name": "Anna Ek"}, {"externalId": "b", "name": "Bo"}])
    second = model.objects.exclude(pk=first).get().pk
    assert told() == [(subject, "updated", first), (subject, "created", second)]
    send("PUT", f"/{path}", [{"externalId": "b", "name": "Bo"}])
    assert told() == []
    send("DELETE", f"/{path}/extid-a")
    assert told() == [(subject, "deleted", first)]


@pytest.mark.parametrize("subject", MODELS)
def test_by_the_admin(tenant, told, subject):
    client, model = signed_in(staff(tenant, "owner")), MODELS[subject]
    inline = INLINES.get(subject)
    rows = {f"{inline}-TOTAL_FORMS": "0", f"{inline}-INITIAL_FORMS": "0"} if inline else {}
    page = f"admin:contacts_{subject}"
    assert client.post(reverse(f"{page}_add"), {"name": "Anna", **rows}).status_code == 302
    row = model.objects.get()
    assert told() == [(subject, "created", row.pk)]
    change = reverse(f"{page}_change", args=[row.pk])
    assert client.post(change, {"name": "Anna Berg", **rows}).status_code == 302
    assert told() == [(subject, "updated", row.pk)]
    if inline:
        field = {"numbers": "raw", "extensions": "number"}[inline]
        assert client.post(change, {"name": "Anna", **rows, f"{inline}-TOTAL_FORMS": "1", f"{inline}-0-{field}": "210"}).url
        assert set(told()) == {(subject, "updated", row.pk)}
        assert getattr(row, inline).count() == 1
    assert client.post(reverse(f"{page}_delete", args=[row.pk]), {"post": "yes"}).status_code == 302
    assert told() == [(subject, "deleted", row.pk)]


@pytest.mark.parametrize("subject", MODELS)
def test_by_the_admins_list(tenant, told, subject):
    make = {"contact": make_contact, "company": make_company, "agent": make_agent}[subject]
    keys = {make(tenant).pk, make(tenant).pk}
    told()
    selected = {"action": "delete_selected", "_selected_action": [str(key) for key in keys], "post": "yes"}
    signed_in(staff(tenant, "owner")).post(reverse(f"admin:contacts_{subject}_changelist"), selected)
    assert set(told()) == {(subject, "deleted", key) for key in keys}


def test_the_contacts_of_a_removed_company_have_changed(tenant, told):
    company = make_company(tenant)
    contact = make_contact(tenant, company=company)
    told()
    key = company.pk
    book.remove_company(company)
    assert told() == [("contact", "updated", contact.pk), ("company", "deleted", key)]


def test_an_event_stands_behind_the_calls_logged_before_it(tenant):
    first, contact, second = make_call(tenant), make_contact(tenant), make_call(tenant)
    [event] = ContactEvent.objects.filter(row_id=contact.pk)
    before, after = (call.events.model.objects.get(call_id=call.pk) for call in (first, second))
    if before.transaction == 0:  # writers are serial
        assert before.pk == event.place < after.pk
    else:
        assert event.place == 0
        assert before.transaction <= event.transaction <= after.transaction


BULK = {"create", "bulk_create", "get_or_create", "update_or_create", "bulk_update"}
SOURCES = [path for app in ("calls", "contacts", "tenants", "callhub") for path in Path(settings.BASE_DIR, app).rglob("*.py")]


def owners_of_managers_that_write(path):
    """``Contact`` for each ``Contact.objects.create(…)``."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(attr=verb, value=ast.Attribute(value=ast.Name(id=owner)))) if verb in BULK:
                yield owner


def test_nobody_else_writes_them():
    """The demo writes in bulk and tells itself."""
    names = {model.__name__ for model in MODELS.values()}
    others = [path for path in SOURCES if "migrations" not in path.parts and path.name != "book.py"]
    found = {(path.name, owner) for path in others for owner in owners_of_managers_that_write(path) if owner in names}
    assert found == {("cast.py", name) for name in names}
