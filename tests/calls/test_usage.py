"""Usage by day equals the log: in the tenant's zone, however late calls come or are edited, however often it is counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from calls import ledger, usage
from calls.choices import DialMeter, Direction, Disposition, OriginationState, Source
from calls.drafts import CallChanges
from calls.models import CallEvent, DialPlan, DialUse, Origination, UsageCursor, UsageDay
from tenants import deposits
from tests.calls.api.client import ApiClient
from tests.make import STARTED_AT, make_call, make_center, make_recording, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db
DAY = STARTED_AT.date()


@pytest.fixture
def tenant():
    return make_tenant(time_zone="Europe/Stockholm")


def figures(tenant):
    """The days that are counted, as (calls, talk in seconds) by day."""
    rows = UsageDay.objects.for_tenant(tenant).filter(calls__gt=0)
    return {row.day: (row.calls, row.talk_ms // 1000) for row in rows}


def settle():
    """Let the cursor pass everything there is."""
    usage.roll_up(timezone.now() + timedelta(hours=1))


def test_counts_calls_by_direction_and_outcome_talk_audio_and_calls_made(tenant):
    make_call(tenant, seconds=60, disposition=Disposition.ANSWERED)
    make_call(tenant, seconds=30, disposition=Disposition.ANSWERED)
    make_call(tenant, seconds=20, disposition=Disposition.NO_ANSWER)
    made = make_call(tenant, seconds=90, direction=Direction.OUTBOUND, disposition=Disposition.ANSWERED)
    make_recording(made, b"x" * 1000)
    originate(tenant, made, billable_ms=80_000)
    assert usage.roll_up() == 1
    row = UsageDay.objects.get(tenant=tenant)
    assert (row.day, row.calls, row.talk_ms) == (DAY, 4, 180_000)
    assert row.by_outcome == {
        "inbound": {"answered": [2, 90_000], "no_answer": [1, 0]},
        "outbound": {"answered": [1, 90_000]},
    }
    assert (row.recordings, row.audio_bytes, row.dialled, row.dialled_ms) == (1, 1000, 1, 80_000)


def originate(tenant, call, **columns):
    now = timezone.now()
    return Origination.objects.create(
        tenant=tenant, call=call, door=Source.API, backend="simulator", state=OriginationState.ENDED, destination="+46700000000",
        wait_for_pickup_s=1, max_duration_s=1, order={}, due_at=now, reserved_on=now.date(), ended_at=now, disposition="answered",
        **columns,
    )  # fmt: skip


def test_days_begin_at_the_tenants_midnight_also_when_clocks_change(tenant):
    for at in ("2026-03-28T22:59", "2026-03-28T23:00", "2026-03-29T21:59", "2026-03-29T22:00"):  # 29 March has 23 hours
        make_call(tenant, seconds=10, started_at=datetime.fromisoformat(f"{at}+00:00"))
    usage.roll_up()
    assert {day: calls for day, (calls, _talk) in figures(tenant).items()} == {
        date(2026, 3, 28): 1, date(2026, 3, 29): 2, date(2026, 3, 30): 1,
    }  # fmt: skip


def test_again_gives_the_same(tenant):
    make_call(tenant)
    usage.roll_up()
    before = figures(tenant)
    UsageDay.objects.update(is_stale=True)
    usage.roll_up()
    assert figures(tenant) == before == {DAY: (1, 60)}
    settle()
    assert usage.roll_up() == 0  # and nothing is counted where nothing changed


def test_a_late_call_is_counted_on_its_day(tenant):
    make_call(tenant)
    settle()
    make_call(tenant, started_at=STARTED_AT - timedelta(days=40), seconds=5)
    usage.roll_up()
    assert figures(tenant) == {DAY: (1, 60), DAY - timedelta(days=40): (1, 5)}


def test_an_edit_corrects_the_day_it_leaves_and_the_one_it_comes_to(tenant):
    call = make_call(tenant)
    make_call(tenant, seconds=10)
    settle()
    moved = STARTED_AT - timedelta(days=3)
    ledger.amend(call, CallChanges(started_at=moved, ended_at=moved + timedelta(seconds=7)))
    usage.roll_up()
    assert figures(tenant) == {DAY: (1, 10), DAY - timedelta(days=3): (1, 7)}


def test_an_erased_call_is_taken_off(tenant):
    call = make_call(tenant)
    make_call(tenant, seconds=10)
    settle()
    ledger.remove(call)
    usage.roll_up()
    assert figures(tenant) == {DAY: (1, 10)}


def test_another_time_zone_moves_the_days(tenant):
    make_call(tenant, started_at=datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
    settle()
    assert set(figures(tenant)) == {date(2026, 3, 3)}
    tenant.time_zone = "America/New_York"
    tenant.save()
    usage.roll_up()
    assert set(figures(tenant)) == {date(2026, 3, 2)}
    assert UsageDay.objects.count() == 1


def test_a_log_older_than_the_table_is_counted_whole(tenant):
    for days in range(3):
        make_call(tenant, started_at=STARTED_AT - timedelta(days=days))
    CallEvent.objects.all().delete()
    make_call(tenant, started_at=STARTED_AT)
    usage.roll_up()
    assert len(figures(tenant)) == 3


def test_an_event_committed_late_is_seen(tenant):
    make_call(tenant)
    usage.roll_up()
    assert UsageCursor.objects.get().event_id == 0  # what is younger than a long transaction is looked at again
    settle()
    assert UsageCursor.objects.get().event_id == CallEvent.objects.latest("pk").pk


def test_the_nights_recount_finds_what_was_missed(tenant):
    with time_machine.travel(STARTED_AT + timedelta(days=2), tick=False):
        make_call(tenant)
        settle()
        UsageDay.objects.update(calls=7)
        usage.recount_lately()
        usage.roll_up()
    assert figures(tenant) == {DAY: (1, 60)}


def test_stops_when_the_time_is_over_and_goes_on(tenant):
    make_call(tenant)
    assert usage.roll_up(seconds=0) == 0
    assert UsageDay.objects.stale().count() == 1
    assert usage.roll_up() == 1


def test_tenants_do_not_mix(tenant):
    other = make_tenant()
    make_call(tenant)
    make_call(other, seconds=5)
    usage.roll_up()
    assert (figures(tenant), figures(other)) == ({DAY: (1, 60)}, {DAY: (1, 5)})


# Limits and the API


def test_limits_tell_what_is_left_and_when_they_begin_again(tenant):
    tenant.monthly_deposits = 10
    tenant.save()
    DialPlan.objects.create(tenant=tenant, minutes_per_day=10)
    with time_machine.travel(datetime(2026, 3, 31, 22, 30, tzinfo=UTC), tick=False):  # the first of April in Stockholm
        deposits.reserve(tenant)
        DialUse.objects.create(tenant=tenant, meter=DialMeter.SECONDS, bucket="2026-04-01", used=481)
        deposit, minutes, legs = usage.limits_of(tenant)
    assert (deposit.used, deposit.remaining, deposit.period) == (1, 9, "2026-04")
    assert deposit.resets_at == datetime(2026, 4, 30, 22, 0, tzinfo=UTC)
    assert (minutes.used, minutes.percent, minutes.resets_at) == (9, 90, datetime(2026, 4, 1, 22, 0, tzinfo=UTC))
    assert (legs.limit, legs.used, legs.resets_at) == (60, 0, None)


def test_the_api_tells_limits_and_days(tenant):
    make_call(tenant, disposition=Disposition.ANSWERED)
    usage.roll_up()
    api = ApiClient(tenant)
    answer = api.get(f"usage?since={DAY}&until={DAY}")
    body = answer.json()
    assert body["total"] == {
        "calls": 1, "talk": 60, "recordings": 0, "audio_bytes": 0, "dialled": 0, "dialled_talk": 0,
        "outcomes": [{"direction": "inbound", "disposition": "answered", "calls": 1, "talk": 60}],
    }  # fmt: skip
    assert [day["day"] for day in body["days"]] == [DAY.isoformat()]
    assert [limit["name"] for limit in body["limits"]] == ["deposits", "dial_minutes", "dial_legs"]
    assert body["limits"][0] | {"resets_at": None, "period": ""} == {
        "name": "deposits", "limit": None, "used": 0, "remaining": None, "period": "", "resets_at": None,
    }  # fmt: skip
    assert answer["RateLimit"].startswith(f'"default";r={body["rates"][0]["remaining"]}')
    assert api.get("usage").json()["days"] == []


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("since=x", "since"), ("until=2026-02-31", "until"), ("since=2026-03-02&until=2026-03-01", "since"),
        ("since=2020-01-01", "since"), ("day=1", "day"),
    ],
)  # fmt: skip
def test_days_that_cannot_be_are_named(tenant, query, name):
    answer = ApiClient(tenant).get(f"usage?{query}")
    assert answer.status_code == 400
    assert [fault["parameter"] for fault in answer.json()["errors"]] == [name]


def test_whoever_is_limited_to_a_center_is_told_limits_only(tenant):
    body = ApiClient(tenant, center=make_center(tenant)).get("usage").json()
    assert (body["total"], body["days"], len(body["limits"])) == (None, None, 3)


def test_owners_see_it_in_the_admin_and_nobody_below(tenant):
    make_call(tenant, disposition=Disposition.ANSWERED)
    usage.roll_up()
    text = signed_in(staff(tenant, "owner")).get("/admin/calls/usageday/").content.decode()
    for words in ("Limits now", "Minutes dialled today", "no limit", "1:00"):
        assert words in text, words
    assert signed_in(staff(tenant, "manager")).get("/admin/calls/usageday/").status_code == 403


def test_the_list_costs_the_same_however_long(tenant, django_assert_max_num_queries):
    client = signed_in(staff(tenant, "owner"))
    for days in (2, 48):
        UsageDay.objects.bulk_create(
            [UsageDay(tenant=tenant, day=DAY + timedelta(days=100 * days + n), zone="UTC") for n in range(days)]
        )
        with django_assert_max_num_queries(12):
            assert client.get("/admin/calls/usageday/").status_code == 200
