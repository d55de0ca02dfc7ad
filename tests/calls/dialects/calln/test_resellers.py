"""Resellers: the number decides whose call it is, never a sibling's; accounts and handsets below them."""

from __future__ import annotations

import json
import logging

import pytest

from calls.models import Call, Line, Upload
from tenants.choices import Role
from tenants.models import ApiToken, Membership, Tenant
from tests.calls.dialects.calln.asking import announce, ask, call_body, listed, refusal, send, speech, upload
from tests.make import make_call, make_center, make_line, make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def one(acme):
    client = make_tenant("one", parent=acme, country="AU")
    make_line(client, "03 1234 5678")
    make_line(client, "103")
    return client


@pytest.fixture
def two(acme):
    client = make_tenant("two", parent=acme, country="NZ")
    make_line(client, "+64 9 123 4567")
    make_line(client, "103")
    return client


def filed_under(client, caller="", callee=""):
    upload(client, call_body(callerphone=caller, destinationphone=callee))
    return Call.objects.latest("created_at").tenant


@pytest.mark.parametrize(
    "number", ["0312345678", "+61 3 1234-5678", "0011 61 3 1234 5678", "61312345678", "sip:+61312345678@pbx"]
)
def test_the_number_on_either_side_decides(client, ann, one, two, number):
    assert filed_under(client, caller=number, callee="0409999999") == one
    assert filed_under(client, caller="0409999999", callee=number) == one


def test_a_national_number_is_read_as_dialled_in_the_clients_country(client, ann, one, two):
    assert filed_under(client, caller="09 123 4567") == two


def test_a_call_between_two_numbers_of_one_client_is_theirs(client, ann, one, two):
    make_line(one, "0312345679")
    assert filed_under(client, caller="0312345678", callee="0312345679") == one


@pytest.mark.parametrize(
    ("caller", "callee"),
    [
        ("103", ""),
        ("0312345678", "+6491234567"),
        ("103", "0312345678"),
        ("", ""),
        ("anonymous", "0401"),
        ("0409999999", "0408888888"),
    ],
)
def test_a_number_of_several_or_of_nobody_decides_nothing(client, ann, acme, one, two, caller, callee):
    body = call_body(callerphone=caller, destinationphone=callee)
    refusal(ask(client, "POST", "/api/call", body), 405)
    assert not Upload.objects.exists()
    acme.unmatched_account = fallback = make_tenant("fallback", parent=acme)
    acme.save()
    assert filed_under(client, caller=caller, callee=callee) == fallback


def test_lines_of_strangers_grandchildren_and_closed_clients_are_not_asked(client, ann, acme, one):
    make_line(make_tenant("stranger", country="AU"), "0298765432")
    make_line(make_tenant("grandchild", parent=one, country="AU"), "0298765432")
    make_line(make_tenant("closed", parent=acme, country="AU", is_active=False), "0298765432")
    make_line(acme, "0298765432")
    refusal(ask(client, "POST", "/api/call", call_body(callerphone="0298765432", destinationphone="")), 405)


def test_the_account_for_unmatched_numbers_must_be_an_open_client(client, ann, acme, one):
    acme.unmatched_account = make_tenant("stranger")
    acme.save()
    refusal(ask(client, "POST", "/api/call", call_body(callerphone="0298765432", destinationphone="")), 405)


def test_a_clients_own_credentials_file_in_its_own_account(client, ann, one, two):
    make_user(one, username="olga")
    upload(client, call_body(callerphone="+6491234567", destinationphone=""), user="olga")
    assert Call.objects.get().tenant == one


def test_a_temporary_id_is_good_for_the_account_that_opened_it(client, ann, one):
    make_user(one, username="olga")
    key = announce(client)
    assert Upload.objects.get().tenant == one
    refusal(send(client, key, speech(), user="olga"), 404)
    assert send(client, key, speech()).json() == {"status": "complete"}


def test_the_clients_quota_counts(client, ann, acme, one, two):
    one.monthly_deposits = 0
    one.save()
    assert refusal(ask(client, "POST", "/api/call", call_body()), 403).endswith(" 0")
    assert announce(client, call_body(callerphone="+6491234567", destinationphone=""))


def test_logs_by_which_rule_without_the_numbers(client, ann, acme, one, two, caplog):
    caplog.set_level(logging.INFO, logger="calls.dialects.calln")
    announce(client)
    ask(client, "POST", "/api/call", call_body(callerphone="103", destinationphone=""))
    acme.unmatched_account = one
    acme.save()
    announce(client, call_body(callerphone="103", destinationphone=""))
    announce(client, call_body(callerphone="0409999999", destinationphone=""))
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("calls.dialects.calln")]
    assert [line.partition("rule ")[2] for line in lines] == ["“number”", "", "“several”", "“unmatched”"]
    assert "was not filed" in lines[1]
    assert not any(number in line for line in lines for number in ("0312345678", "0409", "103 "))


def test_a_reseller_sees_its_clients_calls_and_a_client_its_own(client, ann, acme, one, two):
    make_user(one, username="olga")
    calls = [make_call(account) for account in (two, acme, one)]
    make_call(make_tenant("stranger"))
    seen = listed(client)
    assert len(seen) == 3
    assert [item["id"] for item in seen] == sorted(item["id"] for item in seen)
    [own] = listed(client, user="olga")
    assert own["id"] == Call.objects.get(pk=calls[2].pk).number
    for item in seen:
        status = ask(client, "GET", f"/api/call/{item['id']}", user="olga").status_code
        assert status == (200 if item["id"] == own["id"] else 404)


def test_a_person_of_one_center_sees_no_client(client, acme, one):
    center = make_center(acme)
    make_user(acme, username="cy", center=center)
    make_call(one)
    make_call(acme, center_id=str(center.pk))
    make_call(acme)
    make_line(acme, "0298765432", center=center)
    assert len(listed(client, user="cy")) == 1
    assert [item["phonenumber"] for item in listed(client, path="/api/handset", user="cy")] == ["0298765432"]
    assert listed(client, path="/api/client", user="cy") == []


# Accounts


def test_opens_an_account_whose_owner_can_sign_in(client, ann, acme, one):
    body = json.dumps({"name": "Third & Sons", "timezone": "Pacific/Auckland", "country": "nz"})
    answer = ask(client, "POST", "/api/client", body)
    assert answer.status_code == 200, answer.content
    opened = answer.json()
    account = Tenant.objects.get(pk=opened["id"])
    assert (account.parent, account.name, account.country, account.time_zone) == (acme, "Third & Sons", "NZ", "Pacific/Auckland")
    assert opened["domainname"].startswith("third-sons-")
    assert listed(client, user=opened["username"], password=opened["password"]) == []
    assert {item["name"] for item in listed(client, path="/api/client")} == {"One", "Third & Sons"}
    assert ask(client, "GET", f"/api/client/{opened['id']}").json()["domainname"] == opened["domainname"]


def test_lists_and_shows_only_its_own_clients(client, ann, one):
    stranger = make_tenant("stranger")
    assert [item["domainname"] for item in listed(client, path="/api/client")] == ["one"]
    assert ask(client, "GET", f"/api/client/{one.pk}").json()["name"] == "One"
    for key in (stranger.pk, stranger.slug, "x", one.parent.pk):
        refusal(ask(client, "GET", f"/api/client/{key}"), 404)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "name"), ({"name": ""}, "name"), ({"name": "x" * 201}, "name"), ({"name": {}}, "name"),
        ({"name": "x", "timezone": "Moon"}, "timezone"), ({"name": "x", "country": "XX"}, "country"),
    ],
)  # fmt: skip
def test_says_what_is_wrong_with_an_account_and_opens_none(client, ann, one, fields, word):
    before = Tenant.objects.count(), Membership.objects.count(), ApiToken.objects.count()
    assert word in refusal(ask(client, "POST", "/api/client", json.dumps(fields)), 400)
    assert before == (Tenant.objects.count(), Membership.objects.count(), ApiToken.objects.count())


def test_two_accounts_of_one_name_tell_nothing_of_each_other(client, ann, one):
    names = [ask(client, "POST", "/api/client", '{"name": "one"}').json()["domainname"] for _ in range(2)]
    assert len({*names, "one"}) == 3


def test_only_an_owner_of_a_reseller_opens_accounts(client, ann, acme):
    assert "resellers" in refusal(ask(client, "POST", "/api/client", '{"name": "x"}'), 403)
    make_tenant("one", parent=acme)
    make_user(acme, Role.MANAGER, username="mia")
    assert "owner" in refusal(ask(client, "POST", "/api/client", '{"name": "x"}', user="mia"), 403)


# Handsets


def test_a_new_handset_decides_whose_calls_are(client, ann, one, two):
    center = make_center(two, name="Support")
    body = json.dumps({"clientid": str(two.pk), "phonenumber": "09 765 4321", "name": "Desk", "handsetgroup": "support"})
    answer = ask(client, "POST", "/api/handset", body)
    assert answer.json() == {**answer.json(), "clientid": str(two.pk), "phonenumber": "09 765 4321", "handsetgroup": "Support"}
    assert filed_under(client, caller="+6497654321") == two
    assert Line.objects.get(name="Desk").center == center
    assert len(listed(client, path="/api/handset")) == 5


def test_adds_a_handset_to_the_own_account_where_none_is_named(client, ann, acme):
    ask(client, "PUT", "/api/handset", '{"phonenumber": "0298765432"}')
    assert Line.objects.get().tenant == acme


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "phonenumber"), ({"phonenumber": "nobody"}, "phonenumber"), ({"phonenumber": "03 1234 5678"}, "phonenumber"),
        ({"phonenumber": "1", "clientid": "nobody"}, "clientid"), ({"phonenumber": "1", "handsetgroup": "x"}, "handsetgroup"),
        ({"phonenumber": "1" * 65}, "phonenumber"), ({"phonenumber": "<b>0298765432</b>"}, "phonenumber"),
    ],
)  # fmt: skip
def test_says_what_is_wrong_with_a_handset(client, ann, one, fields, word):
    body = json.dumps({"domainname": "one", **fields})
    before = Line.objects.count()
    assert word in refusal(ask(client, "POST", "/api/handset", body), 400)
    assert Line.objects.count() == before


def test_adds_no_handset_to_a_strangers_account(client, ann, acme):
    stranger = make_tenant("stranger")
    body = json.dumps({"clientid": str(stranger.pk), "phonenumber": "0298765432"})
    assert "clientid" in refusal(ask(client, "POST", "/api/handset", body), 400)


def test_agents_add_no_handsets(client, acme):
    make_user(acme, Role.AGENT, username="al")
    refusal(ask(client, "POST", "/api/handset", '{"phonenumber": "0298765432"}', user="al"), 403)
