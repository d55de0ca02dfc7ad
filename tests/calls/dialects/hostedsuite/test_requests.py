"""The requests the vendor's clients send (section 5.4 of the facts)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calls.choices import Direction, Disposition
from tests.calls.dialects.hostedsuite.asking import (
    CREDENTIALS,
    FORM,
    ids,
    key,
    refusal,
    sample,
    utc,
)
from tests.make import (
    PASSWORD,
    STARTED_AT,
    make_call,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_the_sample_of_january(client, acme, ann):
    january = make_call(acme, started_at=utc("2024-01-31T22:30"))
    make_call(acme, started_at=utc("2024-01-31T23:30"))  # February in Stockholm
    make_call(acme, started_at=utc("2024-01-10T12:00"), direction=Direction.OUTBOUND)
    assert ids(client, sample("list-request-january")) == [key(january)]


def test_the_vendors_own_sample_has_a_text_that_is_no_date(client, ann):
    body = {**sample("list-request"), **CREDENTIALS}
    status = refusal(client.post("/api/calls", body, content_type="application/json"), 400)
    assert status["Errors"][0]["FieldName"] == "StartDate"
    body |= {"StartDate": "", "EndDate": ""}
    assert client.post("/api/calls", body, content_type="application/json").json()["Items"] == []


def test_a_form_with_paging_at_the_json_address(client, acme, ann):
    calls = [make_call(acme, direction=Direction.OUTBOUND, started_at=STARTED_AT + n * DAY) for n in range(27)]
    form = f"CustomerName=acme&UserName=ann&Password={PASSWORD}&CallType=outgoing&ItemsPerPage=25&Page=1"
    answer = client.post("/api/calls.json", form, FORM).json()
    assert [item["Id"] for item in answer["Items"]] == [key(call) for call in calls[25:]]
    assert (answer["Page"], answer["TotalCount"], answer["TotalPages"]) == (1, 27, 2)


def test_lower_case_with_an_offset_and_an_american_end(client, acme, ann):
    starts = ["2024-03-31T00:29:59", "2024-03-31T00:30:00", "2024-03-31T21:59:00", "2024-03-31T22:00:00"]
    calls = [make_call(acme, started_at=utc(start)) for start in starts]
    body = {name.lower(): value for name, value in CREDENTIALS.items()}
    body |= {"startdate": "2024-03-31T01:30:00+01:00", "enddate": "3/31/2024 11:59 PM"}
    answer = client.post("/api/calls?format=json", body, content_type="application/json").json()
    assert [item["Id"] for item in answer["Items"]] == [key(call) for call in calls[1:3]]


def test_the_longest_first_of_half_a_minute_and_more(client, acme, ann):
    talks = {seconds: make_call(acme, seconds=seconds, disposition=Disposition.ANSWERED) for seconds in (30, 31, 300)}
    found = ids(client, {"MinCallDuration": 30.5, "SortField": "TalkTimeInSeconds", "SortDir": "Desc"})
    assert found == [key(talks[300]), key(talks[31])]


def test_fractions_of_a_second_are_compared_exactly(client, acme, ann):
    call = make_call(acme, seconds=None, talk_ms=30_001)
    assert ids(client, {"MinCallDuration": 30.001, "MaxCallDuration": 30.001}) == [key(call)]


def test_updates_sample_clears_the_notes(client, acme, ann):
    call = make_call(acme, notes="before")
    body = {**sample("update-request"), **CREDENTIALS, "Id": key(call), "Notes": ""}
    answer = client.post("/api/calls/update", body, content_type="application/json").json()
    assert (answer["Id"], answer["Notes"]) == (key(call), "")
