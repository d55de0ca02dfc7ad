"""A person limited to one center writes what is that center's alone: every form, every document, every edge.

Forms come from the admin site and documents from the addresses themselves, so a new one is walked without a line here.
"""

from __future__ import annotations

import base64
import json
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import RequestFactory
from django.urls import reverse

from calls.api.fields import RelatedField
from calls.api.urls import urlpatterns
from calls.api.views.resource import Resource
from calls.models import Call, DialectUse, DialPlan, Line, Outcome, SavedView, Tag, TagRule
from contacts.models import Agent, Company, Contact, ContactNumber, RelinkRequest
from tenants.choices import AppLevel, Role, Scope
from tenants.models import ApiToken, Center, OAuthApp, Tenant, User
from tenants.models.token import digest_of
from tenants.scoping import TenantOwned
from tests.make import make_agent, make_center, make_contact, make_line, make_token, make_user
from tests.tenants.admin_walk import PAGES, furnish, name_of, signed_in, staff

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

# What all centers share: each reads all of it, may add to it and correct it.
SHARED = {Contact, ContactNumber, Company}
FOLLOWS = {Call, RelinkRequest}  # what the log makes of another number


@pytest.fixture
def place():
    """A tenant with one of everything, all of it another center's or no center's; and a center of our own."""
    rows = furnish("Uppsala")
    tenant = rows[Tenant]
    rows["here"] = make_center(tenant, name="Here")
    rows["agent"] = make_agent(tenant, name="Ours", center=rows["here"])
    rows["line"] = make_line(tenant, "+4640700800", center=rows["here"])
    rows["shared agent"] = make_agent(tenant, name="Nobody's")
    rows["shared line"] = make_line(tenant, "+4640700900")
    return rows


def state_of(tenant, without=()):
    """Everything the tenant owns, and the tenant itself, as one comparable text."""
    texts = [repr(sorted(Tenant.objects.filter(pk=tenant.pk).values()[0].items()))]
    for model in apps.get_models():
        if issubclass(model, TenantOwned) and not model._meta.proxy and model not in {DialectUse, *without}:
            rows = model.objects.filter(tenant=tenant).order_by("pk").values()
            texts += [f"{model.__name__} {sorted((k, v) for k, v in row.items() if k != 'last_used_at')!r}" for row in rows]
    return "\n".join(texts)


class Fields(HTMLParser):
    """What a browser would send of a form: name → values, and every value that could be chosen."""

    def __init__(self, html):
        super().__init__()
        self.sent, self.choices, self._select, self._text = {}, {}, None, None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        name, value = given.get("name"), given.get("value") or ""
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            self.choices.setdefault(self._select, []).append(value)
            if "selected" in given:
                self.sent.setdefault(self._select, []).append(value)
        elif tag == "textarea":
            self._text = name
            self.sent[name] = [""]
        elif tag == "input" and name and given.get("type") not in ("submit", "button", "file"):
            if given.get("type") in ("checkbox", "radio") and "checked" not in given:
                self.choices.setdefault(name, []).append(value or "on")
            else:
                self.sent.setdefault(name, []).append(value)

    def handle_endtag(self, tag):
        self._select = None if tag == "select" else self._select
        self._text = None if tag == "textarea" else self._text

    def handle_data(self, data):
        if self._text:
            self.sent[self._text][0] += data.removeprefix("\n")


def altered(fields, here):
    """The form once for each of its fields changed: to every other choice of a short list, to our center, to other words."""
    for name in {*fields.sent, *fields.choices} - {"csrfmiddlewaretoken", "action", "_selected_action"}:
        if "_FORMS" in name or name.startswith("_"):
            continue
        if name in ("center", "agent"):
            wanted = [str(here.pk), ""] if name == "center" else [""]
        elif name in fields.choices:
            present = fields.sent.get(name, [])
            wanted = [value for value in fields.choices[name] if value not in present][:3]
        else:
            wanted = ["7", "Altered", ""]
        for value in wanted:
            yield {**fields.sent, name: [value]}


def pages_of(place, model):
    """The pages of a model's rows that are not ours."""
    rows = {Agent: [place[Agent], place["shared agent"]], Line: [place[Line], place["shared line"]]}.get(model, [place[model]])
    return [(row, reverse(f"{name_of(model)}_change", args=[row.pk])) for row in rows]


def limited(place, role):
    return staff(place[Tenant], role, center=place["here"], username=f"limited-{role}")


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER])
@pytest.mark.parametrize("model", PAGES, ids=lambda model: model.__name__)
def test_no_form_of_the_admin_changes_what_is_not_our_centers(place, model, role):
    person, everybody = signed_in(limited(place, role)), signed_in(staff(place[Tenant], "owner", username="whole"))
    shared = SHARED | FOLLOWS if model in SHARED else ()
    before = state_of(place[Tenant], without=shared)
    for _row, address in pages_of(place, model):
        fields = Fields(everybody.get(address).content.decode())
        for form in altered(fields, place["here"]):
            assert person.post(address, form).status_code in (200, 302, 403, 404), address
    assert state_of(place[Tenant], without=shared) == before


def test_the_same_forms_are_taken_from_owners_of_the_whole_tenant(place):
    everybody, unchanged = signed_in(staff(place[Tenant], "owner", username="whole")), set()
    for model in (Tenant, Center, Agent, Line, Tag, Outcome, DialPlan, TagRule, Contact, Company, SavedView):
        [(_row, address), *_rest] = pages_of(place, model)
        before = state_of(place[Tenant])
        for form in altered(Fields(everybody.get(address).content.decode()), place["here"]):
            everybody.post(address, form)
        unchanged |= {model} if state_of(place[Tenant]) == before else set()
    assert not unchanged


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER])
@pytest.mark.parametrize("model", PAGES, ids=lambda model: model.__name__)
def test_nothing_that_is_not_our_centers_is_deleted_or_revoked_in_the_admin(place, model, role):
    person, before = signed_in(limited(place, role)), state_of(place[Tenant])
    for row, _address in pages_of(place, model):
        person.post(reverse(f"{name_of(model)}_delete", args=[row.pk]), {"post": "yes"})
        chosen = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes", "select_across": "1"}
        person.post(reverse(f"{name_of(model)}_changelist"), chosen)
        for name in ("revoke", "merge"):
            person.post(f"{admin_root(model)}{row.pk}/{name}", {"other": str(place[Contact].pk)})
    assert state_of(place[Tenant]) == before


def admin_root(model):
    return reverse(f"{name_of(model)}_changelist")


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER])
@pytest.mark.parametrize("model", PAGES, ids=lambda model: model.__name__)
def test_no_form_adds_what_concerns_more_than_our_center(place, model, role):
    person, everybody = signed_in(limited(place, role)), signed_in(staff(place[Tenant], "owner", username="whole"))
    if not admin.site.get_model_admin(model).has_add_permission(request_of(place, "whole")):
        return
    tenant, kept_out = place[Tenant], {*SHARED, Tag, ApiToken, OAuthApp, Call}
    before = state_of(tenant, without=kept_out)
    fields = Fields(everybody.get(reverse(f"{name_of(model)}_add")).content.decode())
    filled = {name: [value or "+46 8 123 45 67" for value in values] for name, values in fields.sent.items()}
    filled |= {"center": [str(place[Center].pk)], "agent": [str(place[Agent].pk)], "name": ["New"]}
    filled["phone"] = [""]  # a company's links past calls, as the numbers of contacts do
    person.post(reverse(f"{name_of(model)}_add"), filled)
    assert state_of(tenant, without=kept_out) == before
    assert not OAuthApp.objects.exclude(level=AppLevel.USER).exists()


def request_of(place, username):
    request = RequestFactory().get("/")
    request.user = User.objects.get(username=username)
    return request


# Our own API


def collections():
    """Each resource with an address of its own, and where its rows are."""
    for entry in urlpatterns:
        view = getattr(entry.callback, "cls", None)
        if isinstance(view, type) and issubclass(view, Resource) and "pk" not in entry.pattern.regex.groupindex:
            yield view, f"/api/v1/{entry.name}"


COLLECTIONS = sorted(set(collections()), key=lambda pair: pair[1])


def values_for(name, field, place):
    """Values somebody might send for a field of a document, those of another center first."""
    if isinstance(field, RelatedField):
        rows = [place.get(field.model), place["here"] if field.model is Center else None]
        return [*(str(row.pk) for row in rows if row is not None), None]
    choices = list(getattr(field, "choices", {}) or {})
    return [*choices[:2], "Altered", "+46 8 999 00 11", ["Altered"], ["777"], True, False, 7, None, {}]


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER])
@pytest.mark.parametrize(("view", "address"), COLLECTIONS, ids=[address for _view, address in COLLECTIONS])
def test_no_field_of_any_document_changes_what_is_not_our_centers(client, place, view, address, role):
    shared = SHARED | FOLLOWS if view.model in SHARED else ()
    key = {"HTTP_AUTHORIZATION": f"Bearer {make_token(place[Tenant], limited(place, role), Scope.MANAGE)}"}
    before = state_of(place[Tenant], without=shared)
    for row, _page in pages_of(place, view.model) if view.model in place else ():
        for name, field in view.serializer_class().fields.items():
            for value in values_for(name, field, place):
                body = json.dumps({name: value})
                answer = client.patch(f"{address}/{row.pk}", body, content_type="application/json", **key)
                assert 400 <= answer.status_code < 500 or view.model in SHARED, (name, value, answer.content)
    assert state_of(place[Tenant], without=shared) == before


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER])
@pytest.mark.parametrize(("view", "address"), COLLECTIONS, ids=[address for _view, address in COLLECTIONS])
def test_nothing_that_is_not_our_centers_is_erased_by_the_api(client, place, view, address, role):
    key = {"HTTP_AUTHORIZATION": f"Bearer {make_token(place[Tenant], limited(place, role), Scope.MANAGE)}"}
    before = state_of(place[Tenant])
    for row, _page in pages_of(place, view.model) if view.model in place else ():
        assert client.delete(f"{address}/{row.pk}", **key).status_code in (403, 404, 405), row
    assert state_of(place[Tenant]) == before


def test_no_document_leads_from_our_rows_to_another_centers(client, place):
    key = {"HTTP_AUTHORIZATION": f"Bearer {make_token(place[Tenant], limited(place, Role.OWNER), Scope.MANAGE)}"}
    for address, row in (("/api/v1/agents", place["agent"]), ("/api/v1/lines", place["line"])):
        for body in ({"center": str(place[Center].pk)}, {"center": None}, {"agent": str(place[Agent].pk)}, {"number": "4711"}):
            answer = client.patch(f"{address}/{row.pk}", json.dumps(body), content_type="application/json", **key)
            assert answer.status_code in (400, 403), (address, body)
    new = {"started_at": "2026-03-02T09:00:00Z", "number": "+46701112233", "agent": str(place[Agent].pk)}
    assert client.post("/api/v1/calls", json.dumps(new), content_type="application/json", **key).status_code == 400


def test_our_own_centers_rows_are_ours_to_change(client, place):
    key = {"HTTP_AUTHORIZATION": f"Bearer {make_token(place[Tenant], limited(place, Role.MANAGER), Scope.WRITE)}"}
    for address, row in (("/api/v1/agents", place["agent"]), ("/api/v1/lines", place["line"])):
        answer = client.patch(f"{address}/{row.pk}", json.dumps({"name": "Renamed"}), content_type="application/json", **key)
        assert answer.status_code == 200, answer.content
    new = client.post("/api/v1/agents", json.dumps({"name": "New"}), content_type="application/json", **key)
    assert new.json()["center"] == str(place["here"].pk)
    person = signed_in(staff(place[Tenant], "manager", center=place["here"], username="in the admin"))
    form = {"name": "Newer", "is_active": "on", "extensions-TOTAL_FORMS": "0", "extensions-INITIAL_FORMS": "0"}
    person.post(reverse("admin:contacts_agent_add"), form)
    assert Agent.objects.get(name="Newer").center == place["here"]


# The vendors' edges


def planhat(place, role, **fields):
    secret = make_token(place[Tenant], make_user(place[Tenant], role, **fields), Scope.MANAGE)
    return {"HTTP_AUTHORIZATION": f"Bearer {secret}", "content_type": "application/json"}


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER])
def test_planhats_records_are_not_another_centers_way_in(client, place, role):
    key = planhat(place, role, center=place["here"])
    before = state_of(place[Tenant])
    for row in (place[Agent], place["shared agent"]):
        assert client.put(f"/users/{row.pk}", json.dumps({"name": "Altered"}), **key).status_code in (403, 404)
        assert client.delete(f"/users/{row.pk}", **key).status_code in (403, 404)
        bulk = client.put("/users", json.dumps([{"_id": str(row.pk), "name": "Altered"}]), **key)
        assert bulk.json()["updated"] == 0
    by_id = client.put("/users", json.dumps([{"externalId": place[Agent].external_id, "name": "Altered"}]), **key)
    assert by_id.json()["updated"] == by_id.json()["created"] == 0
    for path, model in (("endusers", Contact), ("companies", Company)):
        assert client.delete(f"/{path}/{place[model].pk}", **key).status_code == 403
    assert state_of(place[Tenant]) == before
    assert Contact.objects.count() == Company.objects.count() == 1


@pytest.mark.parametrize("role", Role.values)
def test_an_edge_asks_for_the_role_our_api_asks_for(client, place, role):
    key = planhat(place, role)
    agent, contact = place["agent"], make_contact(place[Tenant], "+46701119999")
    ours = client.patch(f"/api/v1/agents/{agent.pk}", json.dumps({"name": "By us"}), **key).status_code
    assert (client.put(f"/users/{agent.pk}", json.dumps({"name": "By them"}), **key).status_code == 200) == (ours == 200)
    assert (client.post("/users", json.dumps({"name": "By them"}), **key).status_code == 200) == (ours == 200)
    ours = client.patch(f"/api/v1/contacts/{contact.pk}", json.dumps({"name": "By us"}), **key).status_code
    assert (client.put(f"/endusers/{contact.pk}", json.dumps({"name": "By them"}), **key).status_code == 200) == (ours == 200)
    hook = {"url": "https://hooks.example.com/in"}
    form = {"HTTP_TOKEN": key["HTTP_AUTHORIZATION"].removeprefix("Bearer "), "content_type": "application/json"}
    ours = client.post("/api/v1/webhooks", json.dumps(hook), **key).status_code
    told = {"fonenumber": place["line"].e164, "method": "POST", **hook}
    theirs = client.post("/v2/calls/receive_notify", json.dumps(told), **form)
    assert (theirs.status_code in (200, 201)) == (ours == 201), theirs.content


def test_no_vendors_edge_adds_or_moves_lines_and_accounts_for_one_center(client, place):
    key = planhat(place, Role.OWNER, center=place["here"])
    Tenant.objects.create(slug="client-of-ours", name="Client", parent=place[Tenant])
    token = key["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    user = ApiToken.objects.get(digest=digest_of(token)).user.username
    basic = {
        "HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode(),
        "content_type": "application/json",
    }
    before = state_of(place[Tenant])
    assert client.post("/api/handset", json.dumps({"phonenumber": "+46812345"}), **basic).status_code in (401, 403)
    assert client.post("/api/client", json.dumps({"name": "New"}), **basic).status_code in (401, 403)
    told = {"fonenumber": place[Line].e164, "method": "POST", "url": "https://hooks.example.com/in"}
    for which in ("send", "receive"):
        answer = client.post(f"/v2/calls/{which}_notify", json.dumps(told), HTTP_TOKEN=token, content_type="application/json")
        assert answer.status_code in (403, 404), answer.content
    assert state_of(place[Tenant]) == before
    assert Tenant.objects.count() == 2
