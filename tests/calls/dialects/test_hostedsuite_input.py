"""HostedSuite: the requests of the vendor's clients, dates in every spelling, and what must not get through."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import SESSION_KEY

from calls.choices import Direction, Disposition
from calls.dialects.hostedsuite.moments import from_moment, until_moment
from calls.models import Call
from tests.calls.dialects.hostedsuite import CREDENTIALS, REPLY, ask, ids, listed, refusal, sample
from tests.make import PASSWORD, STARTED_AT, make_call, make_tenant, make_token, make_user

FORM = "application/x-www-form-urlencoded"
STOCKHOLM = ZoneInfo("Europe/Stockholm")
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def acme():
    return make_tenant("acme", time_zone="Europe/Stockholm", jsonp=True)


@pytest.fixture
def ann(acme):
    return make_user(acme, username="ann")


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def pk(call):
    return str(call.pk)


# The requests of the facts' section 5.4


@pytest.mark.django_db
def test_the_sample_of_january(client, acme, ann):
    january = make_call(acme, started_at=utc("2024-01-31T22:30"))
    make_call(acme, started_at=utc("2024-01-31T23:30"))  # February in Stockholm
    make_call(acme, started_at=utc("2024-01-10T12:00"), direction=Direction.OUTBOUND)
    assert ids(client, sample("list-request-january")) == [pk(january)]


@pytest.mark.django_db
def test_the_vendors_own_sample_has_a_text_that_is_no_date(client, ann):
    body = {**sample("list-request"), **CREDENTIALS}
    status = refusal(client.post("/api/calls", body, content_type="application/json"), 400)
    assert status["Errors"][0]["FieldName"] == "StartDate"
    body |= {"StartDate": "", "EndDate": ""}
    assert client.post("/api/calls", body, content_type="application/json").json()["Items"] == []


@pytest.mark.django_db
def test_a_form_with_paging_at_the_json_address(client, acme, ann):
    calls = [make_call(acme, direction=Direction.OUTBOUND, started_at=STARTED_AT + n * DAY) for n in range(27)]
    form = f"CustomerName=acme&UserName=ann&Password={PASSWORD}&CallType=outgoing&ItemsPerPage=25&Page=1"
    answer = client.post("/api/calls.json", form, FORM).json()
    assert [item["Id"] for item in answer["Items"]] == [pk(call) for call in calls[25:]]
    assert (answer["Page"], answer["TotalCount"], answer["TotalPages"]) == (1, 27, 2)


@pytest.mark.django_db
def test_lower_case_with_an_offset_and_an_american_end(client, acme, ann):
    starts = ["2024-03-31T00:29:59", "2024-03-31T00:30:00", "2024-03-31T21:59:00", "2024-03-31T22:00:00"]
    calls = [make_call(acme, started_at=utc(start)) for start in starts]
    body = {name.lower(): value for name, value in CREDENTIALS.items()}
    body |= {"startdate": "2024-03-31T01:30:00+01:00", "enddate": "3/31/2024 11:59 PM"}
    answer = client.post("/api/calls?format=json", body, content_type="application/json").json()
    assert [item["Id"] for item in answer["Items"]] == [pk(call) for call in calls[1:3]]


@pytest.mark.django_db
def test_the_longest_first_of_half_a_minute_and_more(client, acme, ann):
    talks = {seconds: make_call(acme, seconds=seconds, disposition=Disposition.ANSWERED) for seconds in (30, 31, 300)}
    found = ids(client, {"MinCallDuration": 30.5, "SortField": "TalkTimeInSeconds", "SortDir": "Desc"})
    assert found == [pk(talks[300]), pk(talks[31])]


@pytest.mark.django_db
def test_fractions_of_a_second_are_compared_exactly(client, acme, ann):
    call = make_call(acme, seconds=None, talk_ms=30_001)
    assert ids(client, {"MinCallDuration": 30.001, "MaxCallDuration": 30.001}) == [pk(call)]


@pytest.mark.django_db
def test_updates_sample_clears_the_notes(client, acme, ann):
    call = make_call(acme, notes="before")
    body = {**sample("update-request"), **CREDENTIALS, "Id": pk(call), "Notes": ""}
    answer = client.post("/api/calls/update", body, content_type="application/json").json()
    assert (answer["Id"], answer["Notes"]) == (pk(call), "")


# Dates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-31", "2024-01-30T23:00:00"),
        ("2024-1-31", "2024-01-30T23:00:00"),
        ("1/31/2024", "2024-01-30T23:00:00"),
        ("01/31/2024", "2024-01-30T23:00:00"),
        ("2024-01-31T17:05:06", "2024-01-31T16:05:06"),
        ("2024-01-31 17:05:06", "2024-01-31T16:05:06"),
        ("2024-01-31T17:05", "2024-01-31T16:05:00"),
        ("2024-01-31T17:05:06.789", "2024-01-31T16:05:06.789"),
        ("2024-01-31T17:05:06Z", "2024-01-31T17:05:06"),
        ("2024-01-31T17:05:06-05:00", "2024-01-31T22:05:06"),
        ("2024-01-31T17:05:06.1234567+01:00", "2024-01-31T16:05:06.123456"),
        ("1/31/2024 5:05 PM", "2024-01-31T16:05:00"),
        ("1/31/2024 5:05:06 pm", "2024-01-31T16:05:06"),
        ("1/31/2024 5:05PM", "2024-01-31T16:05:00"),
        ("1/31/2024 12:00 AM", "2024-01-30T23:00:00"),
        ("1/31/2024 17:05", "2024-01-31T16:05:00"),
        ("/Date(1706717106789)/", "2024-01-31T16:05:06.789"),
        ("/Date(1706717106789+0200)/", "2024-01-31T16:05:06.789"),
        ("2024-07-01T12:00:00", "2024-07-01T10:00:00"),  # summer time
    ],
)
def test_a_start_is_read_in_every_spelling(text, expected):
    assert from_moment(text, STOCKHOLM) == utc(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-31", "2024-01-31T23:00:00"),
        ("1/31/2024", "2024-01-31T23:00:00"),
        ("2024-03-31", "2024-03-31T22:00:00"),  # a day of 23 hours
        ("2024-10-27", "2024-10-27T23:00:00"),  # and one of 25
        ("2024-02-29", "2024-02-29T23:00:00"),
        ("2024-01-31T17:05:06", "2024-01-31T16:05:07"),  # the whole second
        ("2024-01-31T17:05:06.5", "2024-01-31T16:05:06.500001"),  # the very instant
        ("2024-10-27T02:30:00", "2024-10-27T01:30:01"),  # twice that night: the later
    ],
)
def test_an_end_includes_what_it_names(text, expected):
    assert until_moment(text, STOCKHOLM) == utc(expected)


def test_a_time_that_comes_twice_is_the_earlier_as_a_start():
    assert from_moment("2024-10-27T02:30:00", STOCKHOLM) == utc("2024-10-27T00:30:00")


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "America/Havana", "Pacific/Apia", "Pacific/Kiritimati", "UTC"])
@pytest.mark.parametrize("start", ["2018-11-02", "2012-11-02", "2011-12-28", "2012-03-30"])
def test_days_follow_each_other_without_gap_or_overlap(zone, start):
    days = [datetime.fromisoformat(start).date() + n * DAY for n in range(5)]
    for day, following in pairwise(days):
        assert until_moment(str(day), ZoneInfo(zone)) == from_moment(str(following), ZoneInfo(zone))


BAD_DATES = [
    "last tuesday", "2024", "2024-13-01", "2024-02-30", "31/1/2024", "1/31/24", "24:00", "2024-01-31T25:00:00", "now",
    "9999-12-31", "12/31/9999", "9999-12-31T23:59:59", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.9999999Z",
    "0001-01-01", "0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "1/1/0001 12:00:00 AM",
    "0000-00-00", "10000-01-01", "/Date(253402300799999)/", "/Date(-62135596800000)/", "/Date(999999999999999999)/",
    "/Date(NaN)/", "/Date(" + "9" * 50 + ")/", "9" * 400, "2024-01-31T00:00:00+25:00", "٢٠٢٤-٠١-٣١T00:00", "1e400", "/", "//",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD_DATES)
@pytest.mark.parametrize("reader", [from_moment, until_moment])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_what_is_no_date_of_this_log_is_refused(text, reader, zone):
    with pytest.raises(ValueError, match=r"."):
        reader(text, ZoneInfo(zone))


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["StartDate", "EndDate"])
@pytest.mark.parametrize("value", [*BAD_DATES, 1706717106789, 0.5, True, [], {}, ["2024-01-31"]], ids=repr)
def test_a_bad_date_is_a_400_that_names_its_field(client, ann, name, value):
    status = refusal(ask(client, {name: value}), 400)
    assert [error["FieldName"] for error in status["Errors"]] == [name]


@pytest.mark.django_db
def test_a_start_time_sent_back_as_a_bound_includes_its_call(client, acme, ann):
    call = make_call(acme, started_at=utc("2024-06-01T10:00:00.750"))
    [item] = listed(client)["Items"]
    assert ids(client, {"EndDate": item["StartTime"]}) == [pk(call)]
    assert ids(client, {"StartDate": item["StartTime"]}) == [pk(call)]


# What must not get through


BAD_FIELDS = [
    ("Page", ["9" * 400, "-" + "9" * 400, "1.5", "one", "0x10", "1_000", "NaN", "٣", True, [], {}, 1.5, "1e3"]),
    ("ItemsPerPage", ["9" * 5000, "ten", [1], False]),
    ("MinCallDuration", ["NaN", "Infinity", "-Infinity", "1e400", "9" * 400, "-1", -0.5, "ten", "1_0", True, [], "0x1p3", "٣"]),
    ("MaxCallDuration", ["nan", "inf", "1e309", -1, {}]),
    ("DisableStats", ["maybe", 2, [], "null"]),
    ("SortDir", ["sideways", 2, "-1", []]),
    ("SortField", [[], {}, True]),
    ("CallRecordId", ["9" * 5000, [], {}, True]),
    ("ClientId", ["x" * 200, [1]]),
    ("CenterId", ["x" * 200, {"a": 1}]),
]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD_FIELDS for value in values], ids=lambda v: repr(v)[:30]
)
def test_a_bad_value_is_a_400_that_names_its_field(client, ann, name, value):
    status = refusal(ask(client, {name: value}), 400)
    assert [error["FieldName"] for error in status["Errors"]] == [name]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["MinCallDuration", "MaxCallDuration"])
def test_the_largest_and_smallest_numbers_are_taken(client, acme, ann, name):
    make_call(acme)
    for value in (1e308, "1e308", "1e-400", 5e-324, 10**39):
        assert ask(client, {name: value}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("value", [10**18, 10**30, "9" * 40])
def test_an_absurd_page_is_empty(client, acme, ann, value):
    make_call(acme)
    for fields in ({}, {"ItemsPerPage": 1}, {"DisableStats": True}, {"ItemsPerPage": value}):
        assert listed(client, {"Page": value, **fields})["Items"] == []


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["%00", "a%00b", "%ed%a0%80", "%ff", "%c0%80"])
@pytest.mark.parametrize("name", [*CREDENTIALS, "CallRecordId", "SortField", "extra", "callback"])
def test_nul_and_half_characters_are_refused_in_forms_and_queries(client, ann, name, value):
    pairs = "&".join(f"{key}={text}" for key, text in CREDENTIALS.items() if key != name)
    for response in (
        client.post("/api/calls", f"{pairs}&{name}={value}", FORM),
        client.post(f"/api/calls?{pairs}&{name}={value}", b"", "application/json"),
        client.get(f"{REPLY}?{pairs}&{name}={value}"),
    ):
        assert refusal(response, 400)["ErrorCode"] in ("SerializationException", "ArgumentException")


@pytest.mark.django_db
@pytest.mark.parametrize("body", ['{"Page": NaN}', '{"MinCallDuration": 1e400}', '{"Page": ' + "9" * 400 + "}", "{", "[]", "x=1"])
def test_a_body_that_is_no_object_is_a_serialization_exception(client, ann, body):
    response = client.post("/api/calls", body, content_type="application/json")
    assert refusal(response, 400)["ErrorCode"] == "SerializationException"


@pytest.mark.django_db
def test_notes_with_a_nul_are_refused_and_nothing_is_written(client, acme, ann):
    call = make_call(acme, notes="before")
    refusal(ask(client, {"Id": pk(call), "Notes": "a\0b"}, "/api/calls/update"), 400)
    assert Call.objects.get().notes == "before"


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["tenant__user__password", "company__tenant__name", "agent__user__password", "facts__server"])
def test_no_relation_can_be_sorted_by_to_learn_its_values(client, acme, ann, field):
    for name in ("zz", "aa"):
        make_call(acme, facts={"server": name})
    assert ids(client, {"SortField": field}) == ids(client)
    assert ids(client, {"SortField": field, "SortDir": "Desc"}) == ids(client)[::-1]


# Scripts


@pytest.mark.django_db
@pytest.mark.parametrize("callback", ["cb", "jQuery_1.cb$", "_", "a" * 64])
@pytest.mark.parametrize("method", ["get", "post"])
def test_14_a_callback_gets_the_same_body_as_a_script(client, acme, ann, callback, method):
    make_call(acme, notes="\u2028</script>\u2029ä")
    query = {**CREDENTIALS, "callback": callback}
    send = client.get if method == "get" else lambda path, **more: client.post(path, b"", "application/json", **more)
    response = send(REPLY, query_params=query)
    text = response.content.decode("ascii")
    assert text.startswith(f"/**/{callback}(")
    assert text.endswith(");")
    assert json.loads(text[len(callback) + 5 : -2]) == listed(client)
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies


@pytest.mark.django_db
@pytest.mark.parametrize(
    "callback",
    [
        "alert(1)//",
        "1cb",
        "a b",
        "cb;",
        "<script>",
        "a" * 65,
        "cb\n",
        "\ncb",
        "ünïcode",
        "cb[0]",
        ".cb",
        "a-b",
        "cb%28",
        "CWSabc!",
        "\u2028",
    ],
)
def test_14_any_other_callback_is_refused(client, acme, ann, callback):
    for path in ("/api/calls", REPLY):
        response = client.post(path, b"", "application/json", query_params={**CREDENTIALS, "callback": callback})
        assert refusal(response, 400)["Errors"][0]["FieldName"] == "callback"
        assert callback not in response.content.decode()


@pytest.mark.django_db
def test_14_a_callback_is_not_answered_unless_the_tenant_switched_it_on(client, acme, ann):
    assert make_tenant().jsonp is False
    acme.jsonp = False
    acme.save()
    response = client.get(REPLY, query_params={**CREDENTIALS, "callback": "cb"})
    assert refusal(response, 403)["ErrorCode"] == "Forbidden"


@pytest.mark.django_db
def test_14_a_callback_is_not_answered_beside_a_session_or_a_header(client, acme, ann):
    query = {**CREDENTIALS, "callback": "cb"}
    refusal(client.get(REPLY, query_params=query, headers={"authorization": f"Bearer {make_token(acme, ann)}"}), 403)
    client.force_login(ann)
    assert SESSION_KEY in client.session
    refusal(client.get(REPLY, query_params=query), 403)


@pytest.mark.django_db
def test_a_session_alone_opens_nothing(client, acme, ann):
    client.force_login(ann)
    refusal(client.post("/api/calls", {}, content_type="application/json"), 401)
    refusal(client.get(REPLY), 401)


@pytest.mark.django_db
def test_14_a_callback_in_the_body_is_no_callback(client, acme, ann):
    assert ask(client, {"callback": "cb"})["Content-Type"].startswith("application/json")


@pytest.mark.django_db
def test_14_a_refusal_is_never_a_script(client, acme, ann):
    query = {**CREDENTIALS, "Password": "wrong", "callback": "cb"}
    response = client.get(REPLY, query_params=query)
    refusal(response, 401)
    assert response["Content-Type"].startswith("application/json")


# Secrets


CANARY = "canary-7391-password"


@pytest.mark.django_db
@pytest.mark.parametrize("is_right", [True, False])
def test_23_the_password_is_in_no_log_record_and_no_answer(client, acme, caplog, monkeypatch, is_right):
    user = make_user(acme, username="ann")
    user.set_password(CANARY if is_right else "another-password")
    user.save()
    caplog.set_level(logging.DEBUG)
    credentials = {**CREDENTIALS, "Password": CANARY}
    answers = [
        client.post(path, {**credentials, **extra}, content_type="application/json")
        for path in ("/api/calls", "/api/calls.json", "/api/calls/update", "/api/authenticate", "/api/clients", "/api/nothing")
        for extra in ({}, {"Page": "x"}, {"StartDate": "x"}, {"Password": [CANARY]}, {"callback": CANARY})
    ]
    query = {**credentials, "callback": "cb"}
    answers += [client.get(REPLY, query_params={**query, **extra}) for extra in ({}, {"Page": "x"}, {"callback": "(" + CANARY})]
    answers += [client.get(path, query_params=credentials) for path in ("/api/calls", "/api/auth/info", "/api/nothing")]
    answers += [client.post("/api/calls", json.dumps(credentials)[:-1], content_type="application/json")]
    monkeypatch.setattr("calls.dialects.hostedsuite.views.find", lambda *_: 1 / 0)
    answers.append(client.post("/api/calls", credentials, content_type="application/json"))
    assert answers[-1].status_code in ([500] if is_right else [401, 429])
    assert len(caplog.records) >= 10
    for record in caplog.records:
        shown = [logging.Formatter().format(record), *map(str, record.args if isinstance(record.args, tuple) else [])]
        assert CANARY not in "\n".join(shown), record
    for answer in answers:
        assert CANARY not in answer.content.decode() + str(answer.headers)


def test_23_access_logs_leave_out_the_query():
    import runpy

    written = runpy.run_path(str(django_settings.BASE_DIR / "gunicorn.conf.py"))["access_log_format"]
    assert "%(U)s" in written
    assert not any(atom in written for atom in ("%(r)s", "%(q)s", "%(f)s", "}e"))
