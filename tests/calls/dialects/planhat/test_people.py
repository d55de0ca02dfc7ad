"""The people calls are matched with: end users, companies and users, one at a time."""

from __future__ import annotations

import pytest

from calls.dialects.planhat.people_views import OnePerson
from contacts.models import Agent, Company, Contact, RelinkRequest
from tenants.choices import Role, Scope
from tenants.ids import short_id
from tests.calls.dialects.planhat.samples import LEAST
from tests.make import make_agent, make_call, make_company, make_contact, make_tenant, make_token, make_user

pytestmark = pytest.mark.django_db

KINDS = {
    "endusers": (Contact, make_contact, {"email": "max@example.com"}),
    "companies": (Company, make_company, {"name": "Acme"}),
    "users": (Agent, make_agent, {"email": "bo@example.com", "firstName": "Bo"}),
}
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_makes_shows_changes_and_deletes_one(api, kind):
    made = api("POST", f"/{kind}", {**KINDS[kind][2], "externalId": "e1"})
    assert made.status_code == 200
    path = f"/{kind}/{made.json()['_id']}"
    assert api("GET", path).json() == made.json()
    changed = api("PUT", path, {"name": "Other", "sourceId": "s1"}).json()
    assert changed.items() >= {"name": "Other", "sourceId": "s1", "externalId": "e1"}.items()
    assert api("DELETE", path).status_code == 200
    assert [api(method, path).status_code for method in ("GET", "DELETE")] == [404, 404]


@each_kind
def test_finds_one_by_each_of_its_ids(api, tenant, kind):
    row = KINDS[kind][1](tenant, external_id="a.b å", source_id="s1")
    for name in (short_id(row.pk), str(row.pk), "extid-a.b å", "srcid-s1"):
        assert api("GET", f"/{kind}/{name}").json()["_id"] == short_id(row.pk)


@each_kind
@pytest.mark.parametrize(
    "name", ["extid-theirs", "srcid-theirs", "foreign", "extid-", "srcid-", "x", "f" * 24, "extid-" + 900 * "x"]
)
def test_knows_no_unknown_or_foreign_one(api, tenant, kind, name):
    theirs = KINDS[kind][1](make_tenant(), external_id="theirs", source_id="theirs")
    KINDS[kind][1](tenant)  # without ids of its own
    path = f"/{kind}/{short_id(theirs.pk) if name == 'foreign' else name}"
    answers = [api("GET", path), api("PUT", path, {"name": "Mine"}), api("DELETE", path)]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    theirs.refresh_from_db()
    assert theirs.name != "Mine"


@each_kind
@pytest.mark.parametrize("name", ["%00", "extid-%00", "%ed%a0%80", "srcid-%ff"])
def test_refuses_ids_no_database_takes(api, tenant, kind, name):
    assert api("GET", f"/{kind}/{name}").status_code in (400, 404)


@each_kind
def test_keeps_and_echoes_fields_it_does_not_know(api, kind):
    extras = {"custom": {"Tier": 1}, "domains": ["example.com"], "featured": True}
    made = api("POST", f"/{kind}", {**KINDS[kind][2], **extras, "_id": "f" * 24}).json()
    assert made.items() >= extras.items()
    changed = api("PUT", f"/{kind}/{made['_id']}", {"custom": {"Tier": 2}}).json()
    assert changed.items() >= {**extras, "custom": {"Tier": 2}}.items()


@each_kind
def test_refuses_an_id_that_is_taken(api, tenant, kind):
    KINDS[kind][1](tenant, external_id="e1")
    mine = KINDS[kind][1](tenant)
    refused = [
        api("POST", f"/{kind}", {**KINDS[kind][2], "externalId": "e1"}),
        api("PUT", f"/{kind}/{short_id(mine.pk)}", {"externalId": "e1"}),
    ]
    assert [answer.status_code for answer in refused] == [400, 400]
    assert [set(answer.json()["fields"]) for answer in refused] == [{"externalId"}, {"externalId"}]
    assert KINDS[kind][0].objects.count() == 2


@each_kind
def test_takes_an_id_another_tenant_has(api, kind):
    KINDS[kind][1](make_tenant(), external_id="e1", source_id="s1")
    assert api("POST", f"/{kind}", {**KINDS[kind][2], "externalId": "e1", "sourceId": "s1"}).status_code == 200


@each_kind
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("externalId", "x" * 201),
        ("sourceId", "x" * 201),
        ("name", "x" * 201),
        ("name", {}),
        ("externalId", True),
        ("sourceId", []),
    ],
)
def test_names_the_field_it_cannot_take(api, kind, field, value):
    answer = api("POST", f"/{kind}", {**KINDS[kind][2], field: value})
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {field}
    assert not KINDS[kind][0].objects.exists()


@pytest.mark.parametrize("kind", ["endusers", "users"])
@pytest.mark.parametrize("email", ["nobody", "a@", "x" * 260 + "@example.com", 5])
def test_refuses_an_email_that_is_none(api, kind, email):
    assert set(api("POST", f"/{kind}", {"name": "Max", "email": email}).json()["fields"]) == {"email"}


@each_kind
def test_wants_something_to_call_it_by(api, kind):
    answer = api("POST", f"/{kind}", {"custom": {}})
    assert answer.status_code == 400
    assert "name" in answer.json()["fields"]


@each_kind
def test_a_token_that_may_only_read_writes_nothing(api, tenant, kind):
    row, reader = KINDS[kind][1](tenant), make_token(tenant, scope=Scope.READ)
    path = f"/{kind}/{short_id(row.pk)}"
    refused = [api(method, path, {}, token=reader) for method in ("PUT", "DELETE")]
    refused += [api(method, f"/{kind}", KINDS[kind][2], token=reader) for method in ("POST", "PUT")]
    assert [answer.status_code for answer in refused] == [403] * 4
    assert api("GET", path, token=reader).status_code == 200


@each_kind
def test_an_agents_token_does_not_erase(api, tenant, kind):
    row, agents = KINDS[kind][1](tenant), make_token(tenant, make_user(tenant, Role.AGENT))
    assert api("DELETE", f"/{kind}/{short_id(row.pk)}", token=agents).status_code == 403


@each_kind
def test_nobody_comes_in_without_a_token(client, tenant, kind):
    row = KINDS[kind][1](tenant)
    for path in (f"/{kind}", f"/{kind}/{short_id(row.pk)}"):
        for method in ("GET", "PUT", "DELETE", "POST"):
            assert client.generic(method, path, b"{}").status_code in (401, 405)


# Lists


@each_kind
def test_lists_its_own_by_page_order_and_selection(api, tenant, kind):
    for name in ("B", "A", "C"):
        KINDS[kind][1](tenant, name=name)
    KINDS[kind][1](make_tenant(), name="Theirs")
    assert [row["name"] for row in api("GET", f"/{kind}?sort=-name").json()] == ["C", "B", "A"]
    assert [row["name"] for row in api("GET", f"/{kind}?sort=name&limit=1&offset=1").json()] == ["B"]
    assert [set(row) for row in api("GET", f"/{kind}?select=name&limit=1").json()] == [{"_id", "name"}]
    assert api("GET", f"/{kind}?sort=tenant__slug").status_code == 400


@pytest.mark.parametrize("kind", ["endusers", "users"])
def test_lists_by_email_in_any_case(api, tenant, kind):
    row = KINDS[kind][1](tenant, email="Max@Example.com")
    KINDS[kind][1](tenant)
    assert [one["_id"] for one in api("GET", f"/{kind}?email=max@example.com").json()] == [short_id(row.pk)]
    assert api("GET", f"/{kind}?email=none@example.com").json() == []


def test_lists_the_end_users_of_a_company(api, tenant):
    company = make_company(tenant, external_id="acme-1")
    contact = make_contact(tenant, company=company)
    make_contact(tenant)
    for query in (f"c={short_id(company.pk)}", f"companyId={short_id(company.pk)}", "c=extid-acme-1"):
        assert [one["_id"] for one in api("GET", f"/endusers?{query}").json()] == [short_id(contact.pk)]
    assert api("GET", "/endusers?c=unknown").json() == []


def test_finds_a_lean_company_by_an_id_of_the_clients_own(api, tenant):
    company = make_company(tenant, external_id="acme-1", name="Acme", extra={"custom": 1})
    make_company(tenant)
    assert api("GET", "/leancompanies?externalId=acme-1").json() == [
        {"_id": short_id(company.pk), "name": "Acme", "externalId": "acme-1"}
    ]
    assert len(api("GET", "/leancompanies").json()) == 2


@each_kind
def test_lists_twenty_with_as_many_queries_as_two(api, tenant, kind, django_assert_max_num_queries):
    for _ in range(20):
        KINDS[kind][1](tenant, **({"company": make_company(tenant)} if kind == "endusers" else {}))
    api("GET", f"/{kind}")
    with django_assert_max_num_queries(3):
        assert len(api("GET", f"/{kind}").json()) == 20


# End users: numbers, names, companies


def test_a_new_end_users_number_is_what_calls_match(api):
    made = api("POST", "/endusers", {"name": "Max", "phone": "070-123 45 67; 08-12 34 56", "externalId": "max"}).json()
    assert made["phone"] == "070-123 45 67; 08-12 34 56"
    for number in ("+46701234567", "+46 8 123456"):
        assert api("POST", "/calls", {**LEAST, "nr": number}).json()["phUserId"] == made["_id"]


def test_asks_for_past_calls_to_be_matched_anew(api, tenant):
    make_call(tenant, "+46701234567")
    api("POST", "/endusers", {"name": "Max", "phone": "0701234567"})
    assert RelinkRequest.objects.filter(match_key="701234567").exists()


def test_a_new_phone_replaces_the_told_one_and_keeps_what_staff_added(api, tenant):
    made = api("POST", "/endusers", {"name": "Max", "phone": "0701234567"}).json()
    contact = Contact.objects.get()
    contact.numbers.create(tenant=tenant, raw="08123456", e164="+468123456", match_key="8123456")
    changed = api("PUT", f"/endusers/{made['_id']}", {"phone": "0709999999"}).json()
    assert changed["phone"] == "0709999999"
    assert set(contact.numbers.values_list("raw", flat=True)) == {"08123456", "0709999999"}
    api("PUT", f"/endusers/{made['_id']}", {"phone": None})
    assert set(contact.numbers.values_list("raw", flat=True)) == {"08123456"}


def test_shows_the_numbers_that_are_there(api, tenant):
    contact = make_contact(tenant, "0701234567", "08123456")
    assert set(api("GET", f"/endusers/{short_id(contact.pk)}").json()["phone"].split(", ")) == {"0701234567", "08123456"}
    made = api("POST", "/endusers", {"name": "Max", "phone": "0701, 0702"}).json()
    Contact.objects.get(name="Max").numbers.filter(raw="0701").delete()
    assert api("GET", f"/endusers/{made['_id']}").json()["phone"] == "0702"


@pytest.mark.parametrize("phone", ["1" * 65, ",".join(str(n) for n in range(21)), "1" * 2001, {}, True])
def test_refuses_a_phone_that_is_no_list_of_numbers(api, phone):
    answer = api("POST", "/endusers", {"name": "Max", "phone": phone})
    assert set(answer.json()["fields"]) == {"phone"}
    assert not Contact.objects.exists()


def test_a_name_made_of_first_and_last_follows_them(api):
    made = api("POST", "/endusers", {"firstName": "Max", "lastName": "Berg"}).json()
    assert made["name"] == "Max Berg"
    assert api("PUT", f"/endusers/{made['_id']}", {"lastName": "Ek"}).json()["name"] == "Max Ek"
    assert api("PUT", f"/endusers/{made['_id']}", {"name": "Maxi"}).json()["name"] == "Maxi"
    assert api("PUT", f"/endusers/{made['_id']}", {"lastName": "Al"}).json()["name"] == "Maxi"


def test_puts_an_end_user_into_a_company_by_any_of_its_ids(api, tenant):
    company = make_company(tenant, name="Acme", external_id="acme-1")
    for name in (short_id(company.pk), "extid-acme-1", "acme-1"):
        made = api("POST", "/endusers", {"name": "Max", "companyId": name}).json()
        assert made.items() >= {"companyId": short_id(company.pk), "companyName": "Acme"}.items()
    cleared = api("PUT", f"/endusers/{made['_id']}", {"companyId": None}).json()
    assert "companyId" not in cleared


@pytest.mark.parametrize("name", ["unknown", "f" * 24, "foreign"])
def test_refuses_a_company_that_is_not_there(api, name):
    foreign = make_company(make_tenant())
    answer = api("POST", "/endusers", {"name": "Max", "companyId": short_id(foreign.pk) if name == "foreign" else name})
    assert set(answer.json()["fields"]) == {"companyId"}
    assert not Contact.objects.exists()


# The token's own profile


def test_shows_whose_token_it_is(api, tenant):
    user = make_user(tenant, first_name="Bo", last_name="Ek")
    token = make_token(tenant, user)
    assert api("GET", "/myprofile", token=token).json() == {
        "_id": short_id(user.pk), "name": "Bo Ek", "firstName": "Bo", "lastName": "Ek", "email": "user@example.com",
    }  # fmt: skip
    agent = make_agent(tenant, user=user, external_id="bo")
    assert api("GET", "/myprofile", token=token).json().items() >= {"_id": short_id(agent.pk), "externalId": "bo"}.items()


def test_shows_no_profile_without_a_token(client):
    assert client.get("/myprofile").status_code == 401


def meanwhile(monkeypatch, act):
    """Have somebody act when a record was read and before it is changed."""
    read = OnePerson.record

    def reading(self, record_id):
        record = read(self, record_id)
        act()
        return record

    monkeypatch.setattr(OnePerson, "record", reading)


@each_kind
def test_changes_what_is_there_now_not_what_was_there_a_moment_ago(api, tenant, kind, monkeypatch):
    row = KINDS[kind][1](tenant, external_id="e1", extra={"a": 1})
    meanwhile(monkeypatch, lambda: type(row).objects.update(extra={"a": 1, "theirs": 2}, source_id="theirs"))
    assert api("PUT", f"/{kind}/extid-e1", {"a": 3}).status_code == 200
    row.refresh_from_db()
    assert (row.extra, row.source_id) == ({"a": 3, "theirs": 2}, "theirs")


@each_kind
def test_does_not_bring_back_what_was_removed_meanwhile(api, tenant, kind, monkeypatch):
    row = KINDS[kind][1](tenant, external_id="e1")
    meanwhile(monkeypatch, lambda: type(row).objects.all().delete())
    assert api("PUT", f"/{kind}/extid-e1", {"name": "Again"}).status_code == 400
    assert not type(row).objects.exists()
