"""Dates in every spelling, and what is no date."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from calls.dialects.hostedsuite.moments import from_moment, until_moment
from tests.calls.dialects.hostedsuite.asking import (
    ask,
    ids,
    key,
    listed,
    refusal,
    utc,
)
from tests.make import (
    make_call,
)

pytestmark = pytest.mark.django_db
STOCKHOLM = ZoneInfo("Europe/Stockholm")
DAY = timedelta(days=1)


BAD_DATES = [
    "last tuesday", "2024", "2024-13-01", "2024-02-30", "31/1/2024", "1/31/24", "24:00", "2024-01-31T25:00:00", "now",
    "9999-12-31", "12/31/9999", "9999-12-31T23:59:59", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.9999999Z",
    "0001-01-01", "0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "1/1/0001 12:00:00 AM",
    "0000-00-00", "10000-01-01", "/Date(253402300799999)/", "/Date(-62135596800000)/", "/Date(999999999999999999)/",
    "/Date(NaN)/", "/Date(" + "9" * 50 + ")/", "9" * 400, "2024-01-31T00:00:00+25:00", "٢٠٢٤-٠١-٣١T00:00", "1e400", "/", "//",
]  # fmt: skip


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


@pytest.mark.parametrize("text", BAD_DATES)
@pytest.mark.parametrize("reader", [from_moment, until_moment])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_what_is_no_date_of_this_log_is_refused(text, reader, zone):
    with pytest.raises(ValueError, match=r"."):
        reader(text, ZoneInfo(zone))


@pytest.mark.parametrize("name", ["StartDate", "EndDate"])
@pytest.mark.parametrize("value", [*BAD_DATES, 1706717106789, 0.5, True, [], {}, ["2024-01-31"]], ids=repr)
def test_a_bad_date_is_a_400_that_names_its_field(client, ann, name, value):
    status = refusal(ask(client, {name: value}), 400)
    assert [error["FieldName"] for error in status["Errors"]] == [name]


def test_a_start_time_sent_back_as_a_bound_includes_its_call(client, acme, ann):
    call = make_call(acme, started_at=utc("2024-06-01T10:00:00.750"))
    [item] = listed(client)["Items"]
    assert ids(client, {"EndDate": item["StartTime"]}) == [key(call)]
    assert ids(client, {"StartDate": item["StartTime"]}) == [key(call)]


@pytest.mark.parametrize("text", ["2024-01-31t16:05:06z", "2024-01-31T16:05:06z", "2024-01-31t17:05:06+01:00"])
def test_lower_case_letters_are_as_good(text):
    assert from_moment(text, STOCKHOLM) == utc("2024-01-31T16:05:06")


@pytest.mark.parametrize("text", ["/Date(0)/", "/Date(1706717106)/", "/Date(1706717106+0100)/"])
def test_seconds_for_milliseconds_are_refused_with_a_hint(client, ann, text):
    assert "milliseconds since 1970" in str(refusal(ask(client, {"StartDate": text}), 400))
