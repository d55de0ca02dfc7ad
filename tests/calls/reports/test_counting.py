"""Figures of hand-made calls, right across clock changes and zones, and what they cost."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls.choices import Direction, Disposition
from calls.models import Call
from calls.reports import Length, Span, by_party, lengths_of, profile_of
from calls.reports.tally import average, percentile
from tests.make import make_agent, make_call, make_company, make_tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant():
    return make_tenant(time_zone="Europe/Stockholm")


def days(first, last, zone="Europe/Stockholm"):
    return Span.of_days(date.fromisoformat(first), date.fromisoformat(last), ZoneInfo(zone))


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def profile(tenant, span):
    return profile_of(Call.objects.for_tenant(tenant), span)


def missed(tenant, number, when):
    return make_call(tenant, number, started_at=when, disposition=Disposition.NO_ANSWER)


def test_the_hour_that_comes_twice_is_two_hours_and_one_hour_of_the_day(tenant):
    for when in ("2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T01:59:59.999999"):
        make_call(tenant, started_at=at(when))  # 02:30 summer time, then 02:30 and almost 03:00 winter time
    told = profile(tenant, days("2026-10-25", "2026-10-25"))
    hours = [tally.calls for _slot, tally in told.by_slots("hour")]
    assert hours[:5] == [0, 0, 1, 2, 0]
    assert told.by_hour_of_day()[2].calls == 3
    assert told.by_weekday_and_hour()[6][2].calls == 3


def test_the_days_around_a_lost_hour_end_where_their_midnights_are(tenant):
    for when in ("2026-03-28T22:59:59", "2026-03-28T23:00", "2026-03-29T21:59:59.999999", "2026-03-29T22:00"):
        make_call(tenant, started_at=at(when))
    told = profile(tenant, days("2026-03-28", "2026-03-30"))
    assert [tally.calls for _slot, tally in told.by_slots("day")] == [1, 2, 1]
    assert [tally.calls for _slot, tally in told.by_slots("week")] == [3, 1]
    assert profile(tenant, days("2026-03-29", "2026-03-29")).total.calls == 2


@pytest.mark.parametrize(("zone", "hour"), [("Asia/Kolkata", 14), ("Asia/Kathmandu", 14), ("Pacific/Chatham", 22), ("UTC", 9)])
def test_hours_of_zones_with_half_and_quarter_hours_are_their_own(tenant, zone, hour):
    """09:20 in UTC is 14:50, 15:05 and 22:05 there; 09:10 is 14:40, 14:55 and 21:55."""
    make_call(tenant, started_at=at("2026-06-10T09:20"))
    make_call(tenant, started_at=at("2026-06-10T09:10"))
    told = profile(tenant, days("2026-06-10", "2026-06-10", zone)).by_hour_of_day()
    for minute in (10, 20):
        local = at(f"2026-06-10T09:{minute}").astimezone(ZoneInfo(zone))
        assert told[local.hour].calls == (2 if zone in ("UTC", "Asia/Kolkata") else 1)
    assert told[hour].calls > 0


def test_a_period_that_begins_within_an_hour_leaves_out_what_was_before(tenant):
    make_call(tenant, started_at=at("2026-06-10T09:05"))
    make_call(tenant, started_at=at("2026-06-10T09:10"))
    make_call(tenant, started_at=at("2026-06-10T09:20"))
    span = Span(start=at("2026-06-10T09:10"), end=at("2026-06-10T09:20"), zone=ZoneInfo("UTC"))
    told = profile(tenant, span)
    assert told.total.calls == 1
    assert [tally.calls for _slot, tally in told.by_slots("hour")] == [1]


def test_counts_lengths_and_shares(tenant):
    when = at("2026-06-10T09:00")
    for seconds, ring in ((10, 5), (20, 25), (30, 5), (40, 5)):
        make_call(tenant, started_at=when, seconds=seconds + ring, ring_ms=ring * 1000, disposition=Disposition.ANSWERED)
    missed(tenant, "+46700000001", when)
    make_call(tenant, direction=Direction.OUTBOUND, started_at=when, disposition=Disposition.BUSY)
    total = profile(tenant, days("2026-06-10", "2026-06-10")).total
    assert (total.calls, total.answered, total.answered_within, total.missed, total.not_returned) == (6, 4, 3, 1, 1)
    assert total.answered_share == pytest.approx(4 / 6)
    talks = sorted(Call.objects.filter(talk_ms__gt=0).values_list("talk_ms", flat=True))
    assert sorted(total.talk) == talks == [10_000, 20_000, 30_000, 40_000]
    assert (average(total.talk), percentile(total.talk)) == (25_000, 40_000)


def test_a_missed_call_is_returned_by_a_later_answered_one_in_either_direction(tenant):
    when = at("2026-06-10T09:00")
    for number in ("+46700000001", "+46700000002", "+46700000003", "+46700000004"):
        missed(tenant, number, when)
    later = {"started_at": when + timedelta(days=3), "disposition": Disposition.ANSWERED}
    make_call(tenant, "+46700000001", direction=Direction.OUTBOUND, **later)
    make_call(tenant, "+46700000002", **later)
    make_call(tenant, "+46700000003", **later | {"disposition": Disposition.BUSY, "direction": Direction.OUTBOUND})
    make_call(tenant, "+46700000004", started_at=when - timedelta(hours=1), disposition=Disposition.ANSWERED)
    make_call(make_tenant(), "+46700000004", **later)
    missed(tenant, "", when)
    total = profile(tenant, days("2026-06-10", "2026-06-10")).total
    assert (total.missed, total.not_returned) == (5, 2)
    waiting = Call.objects.for_tenant(tenant).not_returned().values_list("remote_e164", flat=True)
    assert sorted(waiting) == ["+46700000003", "+46700000004"]


@pytest.mark.parametrize(
    ("lengths", "expected"), [([], None), ([7], 7), ([3, 1, 2], 3), (list(range(1, 11)), 9), (list(range(1, 12)), 10)]
)
def test_the_90th_percentile_is_the_least_that_nine_tenths_do_not_exceed(lengths, expected):
    assert percentile(lengths) == expected


@pytest.mark.parametrize("count", [0, 1, 2, 9, 10, 11, 30])
def test_lengths_of_all_together_are_those_of_every_single_one(tenant, count):
    for n in range(count):
        rang = {"ring_ms": (n * 7 % 11) * 1000} if n % 3 else {}
        make_call(tenant, started_at=at("2026-06-10T09:00"), seconds=20 + n * 13 % 30, disposition=Disposition.ANSWERED, **rang)
    make_call(make_tenant(), started_at=at("2026-06-10T09:00"), seconds=900, ring_ms=800_000, disposition=Disposition.ANSWERED)
    span = days("2026-06-10", "2026-06-10")
    total = profile(tenant, span).total
    expected = [Length(count=len(each), total=sum(each), p90=percentile(each)) for each in (total.ring, total.talk)]
    told = lengths_of(Call.objects.for_tenant(tenant), span)
    assert list(told) == expected
    assert [each.average for each in told] == [average(total.ring), average(total.talk)]
    assert told[1].count == count


def test_parties_come_by_number_of_calls_with_those_of_nobody(tenant):
    anna, acme = make_agent(tenant, name="Anna"), make_company(tenant, name="Acme")
    for _n in range(3):
        make_call(tenant)
    Call.objects.filter(pk__in=Call.objects.values("pk")[:2]).update(agent=anna, company=acme)
    span, calls = days("2026-03-02", "2026-03-02"), Call.objects.for_tenant(tenant)
    told = by_party(calls, span, "agent", limit=10)
    assert [(row.key, row.name, row.tally.calls) for row in told] == [(anna.pk, "Anna", 2), (None, "", 1)]
    assert [row.name for row in by_party(calls, span, "company", limit=1)] == ["Acme"]
    assert [(row.key, row.tally.calls) for row in by_party(calls, span, "direction", limit=9)] == [("inbound", 3)]


@pytest.mark.parametrize("count", [2, 50])
def test_everything_by_time_is_two_queries(tenant, count):
    for n in range(count):
        make_call(tenant, started_at=at("2026-06-10T00:00") + timedelta(hours=n))
    with CaptureQueriesContext(connection) as queries:
        told = profile(tenant, days("2026-06-01", "2026-06-30"))
        told.by_weekday_and_hour(), told.by_hour_of_day(), told.by_slots("day")
        assert told.total.calls == count
    assert len(queries) == 2
