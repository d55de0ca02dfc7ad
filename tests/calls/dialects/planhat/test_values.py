"""Values in every spelling clients send, and bodies that are none."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from calls.choices import Direction, Source
from calls.models import Call, CallEvent
from tests.calls.dialects.planhat.samples import LEAST, PAGE_EXAMPLE, post_open, stored
from tests.make import make_agent, make_token, make_user

pytestmark = pytest.mark.django_db
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_refuses_an_end_before_the_start(api):
    answer = api("POST", "/calls", {**LEAST, "end": "2024-02-01T07:59:59Z"})
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"end"}


def test_leaves_the_end_open_where_it_is_not_told(api):
    answer = api("POST", "/calls", {"nr": "+46701234567", "start": "2024-02-01T08:00:00Z", "end": None})
    assert "end" not in answer.json()
    assert stored(answer).ended_at is None


def test_takes_the_time_of_receipt_for_a_missing_start(api):
    before = datetime.now(UTC)
    assert before <= stored(api("POST", "/calls", {"nr": "+46701234567"})).started_at <= datetime.now(UTC)


@pytest.mark.parametrize("waiting", [-1, "abc", "-1", True, [], {}, 1e300, "nan", "１", "1_0", 10**38])
def test_refuses_a_waiting_that_is_no_length(api, waiting):
    answer = api("POST", "/calls", {**LEAST, "waiting": waiting})
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"waiting"}


@pytest.mark.parametrize(("waiting", "shown"), [("10", 10), (10, 10), (10.5, 10.5), (0, 0), ("10.25", 10.25)])
def test_stores_waiting_as_seconds(api, waiting, shown):
    answer = api("POST", "/calls", {**LEAST, "waiting": waiting})
    assert answer.json()["waiting"] == shown
    assert stored(answer).ring_ms == shown * 1000
    assert stored(answer).talk_ms == 120_000 - shown * 1000


def test_keeps_a_waiting_longer_than_the_call_and_no_talk(api):
    call = stored(api("POST", "/calls", {**LEAST, "waiting": 121}))
    assert (call.ring_ms, call.talk_ms) == (121_000, 0)


@pytest.mark.parametrize(("word", "direction"), [("IN", "in"), ("inbound", "in"), ("Out", "out"), ("OUTBOUND", "out")])
def test_takes_the_direction_in_any_case(api, word, direction):
    assert api("POST", "/calls", {**LEAST, "direction": word}).json()["direction"] == direction


def test_refuses_a_direction_that_is_none(api):
    assert api("POST", "/calls", {**LEAST, "direction": "sideways"}).json()["fields"].keys() == {"direction"}


def test_leaves_the_direction_out_where_it_is_not_told(api):
    answer = api("POST", "/calls", LEAST)
    assert "direction" not in answer.json()
    assert stored(answer).direction == Direction.UNKNOWN


@pytest.mark.parametrize(
    "link",
    ["ftp://rec.example/1", "javascript:alert(1)", "//rec.example", "https://", "http://[", "https://a b", "http://10.0.0.1/1"],
)
def test_refuses_a_recording_that_is_no_web_address(api, link):
    assert api("POST", "/calls", {**LEAST, "record": link}).json()["fields"].keys() == {"record"}


@pytest.mark.parametrize(
    "date",
    [
        "2024-03-31T01:30:00+01:00", "2024-03-31T00:30:00", "2024-03-31 00:30", "20240331T003000Z", "2024-W13-7T00:30:00Z",
        1711845000000, 1711845000000.0, "1711845000000", "Sun Mar 31 2024 01:30:00 GMT+0100 (Central European Standard Time)",
        "Sun, 31 Mar 2024 00:30:00 GMT", "Mar 31, 2024 00:30:00", "March 31, 2024 00:30:00", "3/31/2024, 12:30:00 AM",
        "2024/03/31 00:30:00",
    ],
)  # fmt: skip
def test_reads_dates_in_every_form_and_writes_them_in_one(api, date):
    answer = api("POST", "/calls", {"nr": "1", "start": date}).json()
    assert answer["start"] == "2024-03-31T00:30:00.000Z"
    assert ISO.fullmatch(answer["createDate"])


@pytest.mark.parametrize(
    "date", ["soon", "31.3.2024", "10", -1, 1e30, True, "2024-13-01", "1969-12-31T00:00:00Z", "9998-12-31T00:00:00Z"]
)
def test_refuses_what_is_no_date_of_a_call(api, date):
    answer = api("POST", "/calls", {"nr": "1", "start": date})
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"start"}


@pytest.mark.parametrize(
    ("field", "longest"), [("nr", 128), ("userId", 200), ("agentId", 200), ("agentName", 200), ("companyId", 200)]
)
def test_names_the_field_that_is_too_long(client, api, tenant, field, longest):
    assert api("POST", "/calls", {**LEAST, field: "1" * longest}).status_code == 200
    answer = api("POST", "/calls", {**LEAST, field: "1" * (longest + 1)})
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {field}


def test_refuses_a_recording_longer_than_2000_characters(api):
    address = "https://rec.example/"
    assert api("POST", "/calls", {**LEAST, "record": address.ljust(2000, "x")}).status_code == 200
    assert api("POST", "/calls", {**LEAST, "record": address.ljust(2001, "x")}).status_code == 400


def test_takes_the_old_name_of_the_agents_id(api, tenant):
    agent = make_agent(tenant, external_id="ag-2")
    assert stored(api("POST", "/calls", {**LEAST, "externalUserId": "ag-2"})).agent == agent
    both = {"externalUserId": "other", "agentId": "ag-2"}
    assert stored(api("POST", "/calls", {**LEAST, **both})).agent == agent


def test_keeps_and_echoes_fields_it_does_not_know(api):
    extras = {"custom": {"Å": [1, 2.5, None]}, "subject": "Hej"}
    answer = api("POST", "/calls", {**LEAST, **extras, "_id": "f" * 24, "__v": 7, "createDate": "1999"})
    assert answer.json().items() >= extras.items()
    assert answer.json()["_id"] != "f" * 24
    assert api("GET", f"/calls/{answer.json()['_id']}").json() == answer.json()


def test_stores_the_same_post_twice(api):
    api("POST", "/calls", LEAST)
    api("POST", "/calls", LEAST)
    assert Call.objects.count() == 2


def test_tells_of_the_call_in_an_event_with_the_tokens_owner(api, tenant):
    user = make_user(tenant)
    call = stored(api("POST", "/calls", LEAST, token=make_token(tenant, user)))
    event = CallEvent.objects.get(call_id=call.pk)
    assert (event.actor, event.source) == (user, Source.PLANHAT)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"nr", b"[{}]"])
def test_refuses_a_body_that_is_no_object_in_json(client, tenant, body):
    answer = post_open(client, body)
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("application/json")
    assert answer.json()["message"]


def test_takes_at_most_16_kilobytes_at_the_open_door(client, tenant):
    body = {**PAGE_EXAMPLE, "note": "x" * 16_000}
    assert post_open(client, body).status_code == 200
    assert post_open(client, {**body, "note": "x" * 17_000}).status_code == 413
    assert Call.objects.count() == 1


def test_takes_a_form(client, tenant):
    data = b"nr=%2B4670123456&agentId=987qwe&waiting=10"
    answer = client.generic("POST", "/acme/calls", data, content_type="application/x-www-form-urlencoded")
    assert answer.json().items() >= {"nr": "+4670123456", "agentId": "987qwe", "waiting": 10}.items()


@pytest.mark.parametrize("value", [0, 1706774400, 1706774400.5, "1706774400", 1.0, 9_999_999_999])
@pytest.mark.parametrize("name", ["start", "end"])
def test_refuses_seconds_and_nothing_where_milliseconds_belong_and_says_so(api, name, value):
    answer = api("POST", "/calls", {**LEAST, name: value})
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {name})
    assert "milliseconds since 1970" in answer.json()["fields"][name]
    assert not Call.objects.exists()


@pytest.mark.parametrize("value", ["2024-02-01t08:00:00z", "2024-02-01T08:00:00z", "2024-02-01t09:00:00.000+01:00"])
def test_takes_lower_case_letters_of_a_date(api, value):
    call = stored(api("POST", "/calls", {**LEAST, "start": value, "end": "2024-02-01t08:01:00z"}))
    assert (call.started_at, call.duration_ms) == (datetime(2024, 2, 1, 8, tzinfo=UTC), 60_000)
