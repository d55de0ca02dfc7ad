"""FoneNumbers: which are there, how they are spelled, and how one becomes an account's."""

from __future__ import annotations

import pytest

from calls.dialects.fonestorm.reading import spelled
from calls.models import DialPlan, Line
from tenants.choices import Role
from tests.calls.dialects.fonestorm.asking import FONENUMBER, call, called, refusal, send
from tests.make import make_center, make_line, make_tenant, make_token, make_user

pytestmark = pytest.mark.django_db


def one(client, token, number):
    return send(client, token, "GET", f"/v2/fonenumbers/{number}")


def listed(client, token):
    return send(client, token, "GET", "/v2/fonenumbers?filter=fonenumbers").json()["fonenumbers"]


def test_an_object_has_all_that_the_vendors_has(client, token, line):
    document = one(client, token, FONENUMBER).json()["fonenumber"]
    nothing = {"url": "", "method": ""}
    assert document == {
        "fonenumber": FONENUMBER,
        "state": "",
        "rate_center": "",
        "is_active": "yes",
        "sms_options": {
            "receive": dict.fromkeys(["type", "email", "device", "forward", "url", "url_method"], ""),
            "receive_notify": nothing,
            "send_notify": nothing,
            "sms_enabled": "no",
            "mms_enabled": "no",
        },
        "voice_options": {"receive_notify": nothing, "send_notify": nothing},
        "call_options": {"receive_notify": nothing, "send_notify": nothing},
        "fax_options": {"receive_notify": nothing, "send_notify": nothing},
    }


@pytest.mark.parametrize("spelling", ["3215551081", "13215551081", "+13215551081", "(321)%20555-1081", "321.555.1081"])
def test_one_is_found_in_any_spelling(client, token, line, spelling):
    assert one(client, token, spelling).json()["fonenumber"]["fonenumber"] == FONENUMBER


@pytest.mark.parametrize("spelling", ["210", "0003*210", "x3215551081", "3215551081x", "%00", "%ff", "1" * 16, "+", "@self"])
def test_what_is_no_number_is_refused(client, token, line, spelling):
    assert refusal(one(client, token, spelling), 400).startswith("fonenumber:")


@pytest.mark.parametrize("spelling", ["210", "call 3215551081", "1" * 16, "0003*210", [], {}, True, 1.5, "-1"])
def test_no_call_is_made_from_what_is_no_number(client, token, line, spelling):
    assert refusal(call(client, token, {"fonenumber": spelling}), 400).startswith("fonenumber:")


@pytest.mark.parametrize("query", ["filter=none", "filter=all%00", "filter=%ff", "filter=fonenumbers%20all"])
def test_other_filters_are_refused(client, token, query):
    refusal(send(client, token, "GET", f"/v2/fonenumbers?{query}"), 400)


def test_extensions_and_lines_switched_off_are_none(client, token, acme, line):
    make_line(acme, "210")
    make_line(acme, "3215550000", is_active=False)
    assert listed(client, token) == [FONENUMBER]
    refusal(one(client, token, "3215550000"), 404)
    refusal(call(client, token, {"fonenumber": "3215550000"}), 404)


def test_a_foreign_one_leaves_as_it_is_taken(client):
    sweden = make_tenant("sweden")
    make_line(sweden, "08-555 00 00")
    token = make_token(sweden)
    assert listed(client, token) == ["+4685550000"]
    for spelling in ("+4685550000", "085550000", "4685550000"):
        assert one(client, token, spelling).json()["fonenumber"]["fonenumber"] == "+4685550000", spelling


def test_one_written_like_an_american_leaves_and_is_found_as_one(client):
    sweden = make_tenant("sweden")
    DialPlan.objects.create(tenant=sweden, countries=["US", "BE"])
    line = make_line(sweden, FONENUMBER)  # which is Belgian where it is dialled in Sweden
    token = make_token(sweden)
    assert listed(client, token) == [FONENUMBER]
    assert one(client, token, FONENUMBER).status_code == 200
    assert called(client, token).line == line
    assert called(client, token, {"tts": "Hello"}).line == line
    assert Line.objects.count() == 1


def test_a_new_one_becomes_the_accounts_when_it_is_used(client, token, acme):
    called(client, token)
    line = Line.objects.get()
    assert (line.tenant, line.e164, line.backend) == (acme, "+13215551081", "simulator")
    called(client, token)
    assert Line.objects.count() == 1
    assert listed(client, token) == [FONENUMBER]


def test_to_look_at_one_does_not_make_it_the_accounts(client, token):
    refusal(one(client, token, FONENUMBER), 404)
    assert not Line.objects.exists()


def test_it_stays_nobodys_where_the_call_is_refused(client, token):
    refusal(call(client, token, {"to": "+46701234567"}), 403)
    assert not Line.objects.exists()


def test_none_is_adopted_where_the_dial_plan_says_so(client, token, acme, line):
    DialPlan.objects.filter(tenant=acme).update(adopts_lines=False)
    refusal(call(client, token, {"fonenumber": "3215550000"}), 404)
    assert Line.objects.get() == line
    called(client, token)


def test_none_is_adopted_where_nobody_said_so(client, token, acme):
    DialPlan.objects.filter(tenant=acme).delete()
    refusal(call(client, token), 404)
    assert not Line.objects.exists()


def test_none_is_adopted_on_a_real_exchange(client, token, settings):
    settings.CALLHUB_TELEPHONY = "asterisk"
    refusal(call(client, token), 404)
    assert not Line.objects.exists()


def test_who_sees_one_center_has_its_numbers_and_adopts_none(client, acme, line):
    center = make_center(acme)
    own = make_line(acme, "3215551111", center=center)
    token = make_token(acme, make_user(acme, Role.AGENT, center=center))
    assert listed(client, token) == ["3215551111"]
    refusal(one(client, token, FONENUMBER), 404)
    for unreachable in (FONENUMBER, "3215559999"):
        refusal(call(client, token, {"fonenumber": unreachable}), 404)
    assert called(client, token, {"fonenumber": "3215551111"}).line == own
    assert Line.objects.count() == 2


@pytest.mark.parametrize(
    ("text", "country", "spelling"),
    [
        ("(321) 555-1801", "US", "3215551801"),
        ("1 321 555 1801", "US", "13215551801"),
        ("3215551801", "SE", "+13215551801"),  # +32 is Belgium
        ("13215551801", "SE", "13215551801"),
        ("+46 70 123 45 67", "US", "46701234567"),
        ("+46 8 555 00 00", "US", "+4685550000"),  # ten digits that make an American number, too
        ("070-123 45 67", "SE", "0701234567"),
        ("011 46 70 123 45 67", "US", "01146701234567"),
        ("011-12 34 56", "SE", "011123456"),  # Norrköping
        ("555-1801", "US", "5551801"),
    ],
)
def test_a_number_is_dialled_as_the_vendor_reads_it(text, country, spelling):
    assert spelled(text, country) == spelling


def test_one_abroad_may_be_dialled_with_the_way_out(client, token, acme):
    DialPlan.objects.filter(tenant=acme).update(countries=["US", "SE"])
    assert called(client, token, {"to": "011 46 70 123 45 67"}).remote_e164 == "+46701234567"


# The whole list, as the vendor's SDKs read it


@pytest.mark.parametrize("query", ["", "?filter=", "?filter=all", "?filter=ALL"])
def test_a_list_is_of_objects_unless_text_is_asked_for(client, token, line, query):
    [document] = send(client, token, "GET", f"/v2/fonenumbers{query}").json()["fonenumbers"]
    assert document == one(client, token, FONENUMBER).json()["fonenumber"]


# Updating and removing


def put(client, token, number=FONENUMBER, **fields):
    return send(client, token, "PUT", f"/v2/fonenumbers/{number}", fields)


ROUTED = {
    "Device": {"type": "Device", "device": "ab-12"},
    "email": {"type": "Email", "email": "ann@acme.example"},
    "FORWARD": {"type": "Forward", "forward": "3215550000"},
}


@pytest.mark.parametrize("kind", ROUTED)
def test_where_messages_go_is_stored_and_read_back(client, token, line, kind):
    expected = ROUTED[kind]
    value = expected[kind.lower()]
    assert put(client, token, type=kind, value=value).status_code == 200
    received = one(client, token, FONENUMBER).json()["fonenumber"]["sms_options"]["receive"]
    assert {name: text for name, text in received.items() if text} == expected


def test_messages_to_an_address_name_its_method(client, token, line):
    assert refusal(put(client, token, type="URL", value="https://a.example/"), 400).startswith("url_method:")
    answer = put(client, token, type="URL", value="https://a.example/", url_method="json", url_password="secret")
    assert answer.json()["fonenumber"]["sms_options"]["receive"]["url_method"] == "JSON"
    assert b"secret" not in answer.content


def test_none_ends_the_routing(client, token, line):
    put(client, token, type="Device", value="ab-12")
    assert put(client, token, type="None").json()["fonenumber"]["sms_options"]["receive"]["device"] == ""


@pytest.mark.parametrize(
    "body", [{}, {"type": "Pigeon"}, {"type": "Device"}, {"type": "Device", "value": "x" * 2001}, {"type": 5}]
)
def test_no_other_routing_is_taken(client, token, line, body):
    refusal(put(client, token, **body), 400)


def test_a_removed_one_is_gone_and_its_calls_stay(client, token, line):
    made = called(client, token)
    assert send(client, token, "DELETE", f"/v2/fonenumbers/{FONENUMBER}").json()["fonenumber"]["is_active"] == "no"
    refusal(one(client, token, FONENUMBER), 404)
    assert listed(client, token) == []
    made.refresh_from_db()
    assert made.line == line


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_another_accounts_number_is_no_number(client, token, method):
    make_line(make_tenant("other"), FONENUMBER)
    refusal(send(client, token, method, f"/v2/fonenumbers/{FONENUMBER}", {"type": "None"}), 404)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_only_managers_change_numbers(client, acme, line, method):
    agent = make_token(acme, make_user(acme, Role.AGENT))
    refusal(send(client, agent, method, f"/v2/fonenumbers/{FONENUMBER}", {"type": "None"}), 403)
    line.refresh_from_db()
    assert line.is_active
