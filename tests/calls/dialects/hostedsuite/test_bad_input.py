"""What must not get through."""

from __future__ import annotations

import pytest

from calls import ledger
from calls.models import Call
from tests.calls.dialects.hostedsuite.asking import (
    CREDENTIALS,
    FORM,
    REPLY,
    ask,
    ids,
    key,
    listed,
    refusal,
)
from tests.make import (
    make_call,
)

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD_FIELDS for value in values], ids=lambda v: repr(v)[:30]
)
def test_a_bad_value_is_a_400_that_names_its_field(client, ann, name, value):
    status = refusal(ask(client, {name: value}), 400)
    assert [error["FieldName"] for error in status["Errors"]] == [name]


@pytest.mark.parametrize("name", ["MinCallDuration", "MaxCallDuration"])
def test_the_largest_and_smallest_numbers_are_taken(client, acme, ann, name):
    make_call(acme)
    for value in (1e308, "1e308", "1e-400", 5e-324, 10**39):
        assert ask(client, {name: value}).status_code == 200


@pytest.mark.parametrize("value", [10**18, 10**30, "9" * 40])
def test_an_absurd_page_is_empty(client, acme, ann, value):
    make_call(acme)
    for fields in ({}, {"ItemsPerPage": 1}, {"DisableStats": True}, {"ItemsPerPage": value}):
        assert listed(client, {"Page": value, **fields})["Items"] == []


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


@pytest.mark.parametrize("body", ['{"Page": NaN}', '{"MinCallDuration": 1e400}', '{"Page": ' + "9" * 400 + "}", "{", "[]", "x=1"])
def test_a_body_that_is_no_object_is_a_serialization_exception(client, ann, body):
    response = client.post("/api/calls", body, content_type="application/json")
    assert refusal(response, 400)["ErrorCode"] == "SerializationException"


def test_notes_with_a_nul_are_refused_and_nothing_is_written(client, acme, ann):
    call = make_call(acme, notes="before")
    refusal(ask(client, {"Id": key(call), "Notes": "a\0b"}, "/api/calls/update"), 400)
    assert Call.objects.get().notes == "before"


def test_a_call_erased_before_the_answer_is_made_is_not_found(client, acme, ann, monkeypatch):
    call = make_call(acme)
    monkeypatch.setattr(ledger, "amend", lambda call, *told, **options: ledger.remove(call))
    refusal(ask(client, {"Id": key(call), "Notes": "late"}, "/api/calls/update"), 404)


@pytest.mark.parametrize("field", ["tenant__user__password", "company__tenant__name", "agent__user__password", "facts__server"])
def test_no_relation_can_be_sorted_by_to_learn_its_values(client, acme, ann, field):
    for name in ("zz", "aa"):
        make_call(acme, facts={"server": name})
    assert ids(client, {"SortField": field}) == ids(client)
    assert ids(client, {"SortField": field, "SortDir": "Desc"}) == ids(client)[::-1]
