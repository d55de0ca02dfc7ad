"""Periods by people's clocks, also on the days when those change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from calls.reports import Span, TooFine, named

STOCKHOLM = ZoneInfo("Europe/Stockholm")
pytestmark = pytest.mark.once


def day_in(zone, year, month, day):
    return Span.of_days(date(year, month, day), date(year, month, day), ZoneInfo(zone))


def hours(span):
    return [slot.start.astimezone(span.zone).strftime("%H:%M") for slot in span.slots("hour")]


def test_the_day_that_loses_an_hour_has_23_and_the_one_that_gains_it_25():
    short, long = day_in("Europe/Stockholm", 2026, 3, 29), day_in("Europe/Stockholm", 2026, 10, 25)
    assert hours(short)[:4] == ["00:00", "01:00", "03:00", "04:00"]
    assert hours(long)[:5] == ["00:00", "01:00", "02:00", "02:00", "03:00"]
    assert (len(hours(short)), len(hours(long))) == (23, 25)


@pytest.mark.parametrize(
    ("zone", "grain"),
    [("Europe/Stockholm", 3600), ("Asia/Kolkata", 1800), ("Asia/Kathmandu", 900), ("Australia/Adelaide", 1800),
     ("Australia/Lord_Howe", 1800), ("Pacific/Chatham", 900), ("UTC", 3600)],
)  # fmt: skip
def test_hours_of_any_zone_are_made_of_whole_grains(zone, grain):
    span = day_in(zone, 2026, 4, 5)
    assert span.grain_s == grain
    starts = [int(slot.start.timestamp()) for slot in span.slots("hour")]
    assert all(start % grain == 0 for start in starts)


def test_a_clock_that_changes_by_half_an_hour_has_a_short_hour():
    span = day_in("Australia/Lord_Howe", 2026, 4, 5)
    assert hours(span)[:4] == ["00:00", "01:00", "01:30", "02:00"]
    assert span.end - span.start == timedelta(hours=24.5)


def test_a_day_whose_midnight_the_clocks_leave_out_begins_at_one():
    assert day_in("Asia/Beirut", 2026, 3, 29).start == datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
    assert hours(day_in("Asia/Beirut", 2026, 3, 29))[0] == "01:00"


def test_a_day_that_never_was_is_left_out():
    span = Span.of_days(date(2011, 12, 29), date(2011, 12, 31), ZoneInfo("Pacific/Apia"))
    assert len(span.slots("day")) == 2


@pytest.mark.parametrize("group", ["hour", "day", "week", "month"])
@pytest.mark.parametrize("zone", ["Europe/Stockholm", "Pacific/Chatham", "America/New_York"])
def test_slots_have_no_gaps_and_do_not_overlap(group, zone):
    span = Span(
        start=datetime(2026, 3, 7, 9, 7, 5, tzinfo=UTC), end=datetime(2026, 4, 6, 1, 2, 3, tzinfo=UTC), zone=ZoneInfo(zone)
    )
    slots = span.slots(group)
    assert (slots[0].start, slots[-1].end) == (span.start, span.end)
    assert all(one.end == other.start and one.start < one.end for one, other in pairwise(slots))


def test_too_many_parts_are_refused():
    with pytest.raises(TooFine):
        Span.of_days(date(2026, 1, 1), date(2026, 12, 31), STOCKHOLM).slots("hour")


def test_named_periods_are_of_the_zones_own_days():
    now = datetime(2026, 3, 29, 22, 30, tzinfo=UTC)  # the 30th in Stockholm
    days = {name: (span.first_day.isoformat(), span.last_day.isoformat()) for name in
            ("today", "yesterday", "7d", "30d", "month", "last_month") for span in [named(name, STOCKHOLM, now)]}  # fmt: skip
    assert days == {
        "today": ("2026-03-30", "2026-03-30"),
        "yesterday": ("2026-03-29", "2026-03-29"),
        "7d": ("2026-03-24", "2026-03-30"),
        "30d": ("2026-03-01", "2026-03-30"),
        "month": ("2026-03-01", "2026-03-31"),
        "last_month": ("2026-02-01", "2026-02-28"),
    }
    assert named("today", ZoneInfo("UTC"), now).first_day == date(2026, 3, 29)


def test_the_period_before_is_as_many_days_or_a_month_or_as_many_seconds():
    week = Span.of_days(date(2026, 3, 27), date(2026, 4, 2), STOCKHOLM)
    assert week.before == Span.of_days(date(2026, 3, 20), date(2026, 3, 26), STOCKHOLM)
    march = Span.of_days(date(2026, 3, 1), date(2026, 3, 31), STOCKHOLM)
    assert march.before == Span.of_days(date(2026, 2, 1), date(2026, 2, 28), STOCKHOLM)
    after_change = Span.of_days(date(2026, 3, 30), date(2026, 3, 30), STOCKHOLM)
    assert after_change.before.end - after_change.before.start == timedelta(hours=23)
    at = datetime(2026, 3, 29, 5, 0, tzinfo=UTC)
    own = Span(start=at, end=at + timedelta(hours=2), zone=STOCKHOLM)
    assert own.before == Span(start=at - timedelta(hours=2), end=at, zone=STOCKHOLM)
