"""What the vendor's page promises of a request to call, in its order, on the simulator."""

from __future__ import annotations

import pytest

from calls.models import Call, Line, Origination
from tenants.choices import AppLevel
from tests.calls.dialects.voipnow.asking import (
    CREATE,
    TALKS_ON,
    order,
    refusal,
    sample,
    token_of,
)
from tests.make import make_agent, make_line, make_tenant, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def number_of(user):
    return user.memberships.get().number


def placed():
    """The one order there is."""
    return Origination.objects.get()


def test_the_pages_first_example(api):
    response = api.post(sample("public_numbers"))
    assert response.status_code == 202
    assert response["Content-Type"].startswith("application/json")
    [call] = response.json()
    assert set(call) == {"id", "extension", "link", "links"}
    assert call["extension"] == "210"
    assert len(call["id"]) == 20
    assert int(call["id"], 16)
    assert call["link"] == call["links"]
    assert call["link"]["self"] == f"http://testserver/uapi/phoneCalls/@me/210/{call['id']}"


def test_the_pages_example_of_an_administrator(admin, ann):
    call = admin.created(sample("as_administrator"), f"/uapi/phoneCalls/{number_of(ann)}/simple")
    assert call["extension"] == "0003*210"
    assert call["link"]["self"].endswith(f"/uapi/phoneCalls/@me/0003*210/{call['id']}")


def test_the_pages_example_of_the_sandbox(org, ann):
    call = org.created(sample("sandbox"), f"/uapi/phoneCalls/{number_of(ann)}/simple")
    assert call["extension"] == "0003*210"


def test_self_is_read_with_the_same_token(api):
    call = api.created(sample("public_numbers"))
    [entry] = api.entry(call["links"]["self"])
    assert entry["id"] == call["id"]
    [view] = entry["phoneCallView"]
    assert view["status"] in range(6)
    assert view["source"] == ["5354353", "5302040"]


def test_without_a_token_nothing_is_let_in(client, api):
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}, {"Authorization": ""}):
        response = client.post(CREATE, order(), content_type="application/json", headers=headers)
        refusal(response, "access_denied", 401)
    assert not Call.objects.exists()


@pytest.mark.parametrize("written", ["Bearer%20{}", "Bearer+{}", "bearer%20{}"])
def test_the_token_may_come_in_the_query(client, acme, ann, written):
    token = token_of(acme, AppLevel.USER, ann)
    path = f"{CREATE}?accessRequestToken={written.format(token)}"
    assert client.post(path, order(), content_type="application/json").status_code == 202


def test_the_word_bearer_is_part_of_the_query(client, acme, ann):
    path = f"{CREATE}?accessRequestToken={token_of(acme, AppLevel.USER, ann)}"
    refusal(client.post(path, order(), content_type="application/json"), "access_denied", 401)


@pytest.mark.parametrize(
    "path", ["/uapi/phoneCalls/@me/simple/", "/unifiedapi/phoneCalls/@me/simple", "/uapi/phoneCalls/%40me/simple"]
)
def test_slash_and_older_prefix(api, path):
    call = api.created(order(), path)
    assert call["link"]["self"].startswith("http://testserver" + path.partition("/phoneCalls/")[0])
    assert api.entry(call["link"]["self"])[0]["id"] == call["id"]


def test_source_and_destination_as_text(api):
    call = api.created(source="0003*210", destination=TALKS_ON)
    [entry] = api.entry(call["link"]["self"])
    [view] = entry["phoneCallView"]
    assert (view["source"], view["destination"]) == (["0003*210"], [TALKS_ON])


def test_the_first_source_stands_in_for_the_extension(api):
    assert api.created(extension=None, source=["0003*210", "5550101"])["extension"] == "0003*210"


def test_a_public_number_does_not(api):
    refusal(api.post(order(extension=None, source=["5550101"])), "extension_invalid")


def test_extensions_that_may_not_be_used(api, acme):
    bo = make_user(acme, username="bo")
    make_line(acme, "211", agent=make_agent(acme, user=bo), is_phone_terminal=True)
    make_line(acme, "212", agent=make_agent(acme), is_phone_terminal=True)
    Line.objects.filter(number="210").update(is_phone_terminal=False)
    for extension in ("@self", "999", "211", "212", "210", "0003*00", "3215551081", "21a", {}, True, [], "+210", "2*1*0"):
        refusal(api.post(order(extension=extension)), "extension_invalid")
    assert not Call.objects.exists()


@pytest.mark.parametrize("source", [None, [], [""], ["abc"], [None], [True], [1.5], {}, ["(321) 555-1081"], ["5550101", "x"]])
def test_bad_sources(api, source):
    refusal(api.post(order(source=source)), "pc_source_invalid")
    refusal(api.post(order(source=source, extension=None)), "pc_source_invalid")


def test_a_json_number_is_a_source(api):
    call = api.created(source=[5354353])
    assert api.entry(call["link"]["self"])[0]["phoneCallView"][0]["source"] == ["5354353"]


@pytest.mark.parametrize("destination", [None, [], [""], ["abc"], [None], [True], {}, ["321-555"]])
def test_bad_destinations(api, destination):
    refusal(api.post(order(destination=destination)), "pc_destination_invalid")


def test_a_json_number_is_a_destination(api):
    api.created(destination=[46701234567])
    assert placed().destination == "46701234567"


def test_of_several_destinations_the_first_is_called_and_all_are_kept(api):
    api.created(destination=[TALKS_ON, "5550102"])
    assert placed().destination == TALKS_ON
    assert placed().document["phoneCallView"][0]["destination"] == [TALKS_ON, "5550102"]


@pytest.mark.parametrize("wait", ["-1", "0", "x", "1.5", "%20-", "9" * 30])
def test_bad_times_to_wait(api, wait):
    refusal(api.post(order(), f"{CREATE}?waitForPickup={wait}"), "pc_timeout_invalid")


@pytest.mark.parametrize(
    ("query", "seconds"), [("", 25), ("?waitForPickup=", 25), ("?waitForPickup=40", 40), ("?waitForPickup=9999", 120)]
)
def test_the_time_to_wait(api, query, seconds):
    api.created(order(), CREATE + query)
    assert placed().wait_for_pickup_s == seconds


@pytest.mark.parametrize("duration", ["x", "ten", "1.5", "0", "-5"])
def test_bad_durations(api, duration):
    refusal(api.post(order(), f"{CREATE}?callDuration={duration}"), "pc_duration_invalid")


@pytest.mark.parametrize(
    ("query", "seconds"), [("", 4 * 3600), ("?callDuration=600", 600), ("?callDuration=999999999", 4 * 3600)]
)
def test_the_duration_is_unlimited_but_for_the_tenants_own_limit(api, query, seconds):
    api.created(order(), CREATE + query)
    assert placed().max_duration_s == seconds


def test_a_bad_transfer_flag(api):
    refusal(api.post(order(), f"{CREATE}?allowPublicTransfer=maybe"), "pc_transfer_invalid")
    for local in ("211", "0003*211", "0003*00"):
        api.created(order(destination=[local]), f"{CREATE}?allowPublicTransfer=maybe")


@pytest.mark.parametrize(
    ("flag", "allows"), [("TRUE", True), ("true", True), ("1", True), ("False", False), ("0", False), ("", False)]
)
def test_the_transfer_flag(api, flag, allows):
    api.created(order(), f"{CREATE}?allowPublicTransfer={flag}&video=perhaps")
    assert placed().allows_transfer is allows


@pytest.mark.parametrize(
    "caller_id", ["4242425", "John Doe 4242425", "John <abc>", "John <", "<>", 5, {}, ["x"], "a\nb <1>", "x" * 200 + " <1>"]
)
def test_bad_caller_ids(api, caller_id):
    refusal(api.post(order(callerId=caller_id)), "pc_callerid_invalid")
    refusal(api.post(order(callerIdDestination=caller_id)), "pc_callerid_invalid")


@pytest.mark.parametrize("caller_id", ["John Doe <+3334444>", "<4242425>", "", None])
def test_good_caller_ids(api, caller_id):
    api.created(callerId=caller_id)


def test_a_line_that_may_not_show_any_number(api):
    Line.objects.update(shows_any_caller=False)
    message = refusal(api.post(order(callerId="John Doe <+46701111111>")), "pc_callerid_invalid")
    assert "own lines" in message
    api.created(callerId="John Doe <3215551081>")


@pytest.mark.parametrize("nonce", [5, "", {}, [], True, "x" * 256, "a\tb"])
def test_bad_nonces(api, nonce):
    refusal(api.post({**order(), "nonce": nonce}), "pc_nonce_invalid")


def test_the_same_nonce_twice_is_two_calls(api):
    first, second = api.created(sample("mcp_client")), api.created(sample("mcp_client"))
    assert first["id"] != second["id"]
    [entry] = api.entry(first["link"]["self"])
    assert entry["nonce"] == "MTc2MzYzMjgwMA=="


@pytest.mark.parametrize("name", ["callerDestination", "callerIdDestination", "callerIDDestination"])
def test_the_destinations_caller_id_in_every_spelling(api, name):
    api.created(callerID="Ann <5550100>", **{name: "John Doe <5550104>"})
    row = placed()
    assert (row.source_caller_name, row.source_caller_number) == ("Ann", "5550100")
    assert (row.destination_caller_name, row.destination_caller_number) == ("John Doe", "5550104")


@pytest.mark.parametrize(
    "user_id", ["999", "nobody", "0", "x" * 300, "0190d3b0-0000-7000-8000-000000000000", "9" * 40, "-1", "@you"]
)
def test_unknown_users(api, org, admin, user_id):
    for program in (api, org, admin):
        refusal(program.post(order(), f"/uapi/phoneCalls/{user_id}/simple"), "user_invalid")


@pytest.mark.parametrize("alias", ["@me", "@viewer"])
def test_an_administrator_and_an_organization_are_nobody(org, admin, alias):
    for program in (org, admin):
        refusal(program.post(order(), f"/uapi/phoneCalls/{alias}/simple"), "user_invalid")


def test_a_users_program_acts_for_nobody_else(api, acme):
    bo = make_user(acme, username="bo")
    for user_id in (number_of(bo), bo.pk, "bo"):
        refusal(api.post(order(), f"/uapi/phoneCalls/{user_id}/simple"), "access_denied", 403)


def test_people_of_other_tenants_are_not_there(api, org, admin):
    olga = make_user(make_tenant("other"), username="olga")
    for program in (api, org, admin):
        for user_id in (olga.pk, "olga"):
            refusal(program.post(order(), f"/uapi/phoneCalls/{user_id}/simple"), "user_invalid")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"extension": "210"}, "extension_invalid"),
        ({"source": ["210"]}, "pc_source_invalid"),
        ({"source": ["5550101", "211"]}, "pc_source_invalid"),
        ({"destination": "211"}, "pc_destination_invalid"),
        ({"extension": None, "source": ["210"]}, "pc_source_invalid"),
    ],
)
def test_an_administrator_gives_extensions_in_full(admin, org, ann, fields, code):
    path = f"/uapi/phoneCalls/{number_of(ann)}/simple"
    refusal(admin.post(order(**fields), path), code)
    org.created(order(**fields), path)


def test_a_body_that_cannot_be_read(api):
    for body in ("{", "[]", "nonsense", '{"a": NaN}'):
        response = api.client.post(CREATE, body, content_type="application/json", headers=api.headers)
        refusal(response, "request_invalid")
    refusal(api.post({}), "pc_source_invalid")
