"""Whom a call is linked with."""

from __future__ import annotations

import pytest

from calls.choices import MatchState
from tenants.ids import short_id
from tests.calls.dialects.planhat.samples import LEAST, post_open, stored
from tests.make import make_agent, make_company, make_contact, make_tenant, make_token, make_user

pytestmark = pytest.mark.django_db


def test_wants_a_contact_or_a_company_and_names_the_fields(api, tenant):
    answer = api("POST", "/calls", {"agentId": "ag-2", "nr": "", "userId": None})
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"nr", "userId", "phUserId", "companyId", "phCompanyId"}


def test_wants_an_agent_at_the_open_door_only(client, api, tenant):
    refused = post_open(client, LEAST)
    assert refused.status_code == 400
    assert set(refused.json()["fields"]) == {"agentId", "phAgentId", "externalUserId", "agentName"}
    assert api("POST", "/calls", LEAST).status_code == 200


def test_takes_the_tokens_owner_for_the_agent(api, tenant):
    user = make_user(tenant)
    agent = make_agent(tenant, user=user, external_id="ag-9")
    answer = api("POST", "/calls", LEAST, token=make_token(tenant, user))
    assert answer.json().items() >= {"phAgentId": short_id(agent.pk), "agentId": "ag-9", "agentName": agent.name}.items()


@pytest.mark.parametrize("named", [{"agentName": "Temp"}, {"agentId": "unknown"}])
def test_does_not_take_the_owner_where_another_agent_is_named(api, tenant, named):
    user = make_user(tenant)
    make_agent(tenant, user=user)
    call = stored(api("POST", "/calls", {**LEAST, **named}, token=make_token(tenant, user)))
    assert call.agent is None
    assert call.agent_name == named.get("agentName", "")


def test_links_an_unknown_user_through_a_known_number(api, tenant):
    contact = make_contact(tenant, "+46701234567", external_id="cust-7")
    answer = api("POST", "/calls", {**LEAST, "userId": "nobody"})
    assert answer.json()["phUserId"] == short_id(contact.pk)
    assert answer.json()["userId"] == "nobody"


def test_links_a_number_that_is_a_companys_phone_with_the_company(api, tenant):
    company = api("POST", "/companies", {"name": "Berg AB", "phone": "070-123 45 67"}).json()["_id"]
    answer = api("POST", "/calls", LEAST)
    assert answer.json()["phCompanyId"] == company
    assert "phUserId" not in answer.json()
    assert [call["_id"] for call in api("GET", f"/calls?companyId={company}").json()] == [answer.json()["_id"]]


def test_stores_a_wholly_unknown_party_unlinked(api, tenant):
    call = stored(api("POST", "/calls", {**LEAST, "userId": "nobody", "phUserId": "f" * 24, "companyId": "none"}))
    assert (call.contact, call.company, call.match_state) == (None, None, MatchState.NONE)


def test_matches_the_ids_in_the_pages_order(api, tenant):
    by_id, by_own_id = make_contact(tenant, "+46701111111"), make_contact(tenant, "+46702222222", external_id="own")
    by_number, company = make_contact(tenant, "+46703333333"), make_company(tenant, external_id="co")
    body = {"companyId": "co", "nr": "0703333333", "userId": "own", "phUserId": short_id(by_id.pk)}
    found = []
    for name in ("phUserId", "userId", "nr"):
        found.append(stored(api("POST", "/calls", body)).contact)
        del body[name]
    assert found == [by_id, by_own_id, by_number]
    assert stored(api("POST", "/calls", body)).company == company


@pytest.mark.parametrize("field", ["phUserId", "phAgentId", "phCompanyId"])
def test_links_by_our_own_ids_in_both_forms(api, tenant, field):
    row = {"phUserId": make_contact, "phAgentId": make_agent, "phCompanyId": make_company}[field](tenant)
    for spelling in (short_id(row.pk), str(row.pk)):
        assert api("POST", "/calls", {**LEAST, field: spelling}).json()[field] == short_id(row.pk)


def test_never_links_another_tenants_contact(api, tenant):
    other = make_tenant()
    contact, agent = make_contact(other, "+46701234567", external_id="theirs"), make_agent(other, external_id="theirs")
    ids = {"userId": "theirs", "phUserId": short_id(contact.pk), "phAgentId": short_id(agent.pk), "agentId": "theirs"}
    call = stored(api("POST", "/calls", {**LEAST, **ids}))
    assert (call.contact, call.agent, call.tenant) == (None, None, tenant)
