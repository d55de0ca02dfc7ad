"""What a watcher of the exchange finds in the log, and what it leaves there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calls.choices import Direction, Disposition
from calls.dialer.watched import WatchedCalls, log_watched
from calls.models import Call
from calls.telephony.asterisk import Hold, Place, WatchedCall, WatchedLeg
from calls.telephony.disposition import ANSWERED, NO_ANSWER
from tests.make import make_call, make_line, make_tenant

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def tenant():
    tenant = make_tenant()
    make_line(tenant, "201", backend="asterisk", is_proven=True)
    return tenant


def watched(**facts) -> WatchedCall:
    numbers = {"caller_number": "0701234567", "caller_name": "Bo", "called_number": "201"}
    return WatchedCall(**{"id": "1772442000.1", "direction": Direction.INBOUND, "started_at": NOW, **numbers, **facts})


LEGS = (
    WatchedLeg(id="1.2", number="201", started_at=at(1), answered_at=at(4)),
    WatchedLeg(id="1.3", number="202", started_at=at(1), ended_at=at(4), outcome=NO_ANSWER),
)


def test_next_watcher_is_told_what_has_not_ended(tenant):
    log_watched(watched(answered_at=at(4), legs=LEGS))
    log_watched(watched(id="2", ended_at=at(3), outcome=NO_ANSWER))
    (call,) = WatchedCalls("lab").open_calls()
    assert (call.id, call.direction, call.caller_number, call.called_number) == ("1772442000.1", "inbound", "0701234567", "201")
    assert (call.started_at, call.answered_at, call.ended_at) == (NOW, at(4), None)
    told = [(leg.number, leg.started_at, leg.answered_at, leg.ended_at, leg.outcome) for leg in call.legs]
    assert told == [("201", at(1), at(4), None, None), ("202", at(1), None, at(4), NO_ANSWER)]


def test_calls_of_other_doors_are_not_the_watchers(tenant):
    make_call(tenant, seconds=None, external_id="9")
    assert WatchedCalls("lab").open_calls() == []


def test_open_calls_are_found_with_as_many_queries_for_many(tenant, django_assert_num_queries):
    for number in range(3):
        log_watched(watched(id=str(number), answered_at=at(4), legs=LEGS))
    with django_assert_num_queries(2):
        assert len(WatchedCalls("lab").open_calls()) == 3


def test_place_in_the_journal_is_kept_per_server(django_assert_num_queries):
    one, other = WatchedCalls("one"), WatchedCalls("other")
    assert one.load_place() is None
    place = Place(file_id="7:abc", offset=2**40)
    one.keep_place(place)
    one.keep_place(Place(file_id="7:abc", offset=5))
    other.keep_place(place)
    assert (one.load_place().offset, other.load_place()) == (5, place)
    with django_assert_num_queries(1):
        other.keep_place(place)


def test_holds_of_telephones_are_summed_and_told_again_change_nothing(tenant):
    holds = (Hold(channel="1.2", at=at(10)), Hold(channel="1.2", at=at(13), is_over=True), Hold(channel="1.1", at=at(20)))
    for count in range(4):
        log_watched(watched(answered_at=at(4), legs=LEGS, holds=holds[:count]))
    log_watched(watched(answered_at=at(4), legs=LEGS, holds=holds, ended_at=at(30), outcome=ANSWERED))
    call = Call.objects.get()
    assert (call.disposition, call.hold_count, call.hold_ms, call.talk_ms) == (Disposition.ANSWERED, 2, 13_000, 13_000)
    told = call.events.filter(data__what__in=["held", "resumed"]).order_by("id").values_list("data__what", "data__leg")
    assert list(told) == [("held", "d0"), ("resumed", "d0"), ("held", "caller")]


LONG, ODD = "9" * 5000, "+4670\0\ud800\x1b[31m123456"


@pytest.mark.parametrize(
    "text", [LONG, ODD, "", " ", "anonymous", "sip:bo@example.com", "💥" * 300, "'; DROP TABLE calls_call; --"]
)
def test_whatever_a_telephone_says_of_itself_stops_no_listener(tenant, text):
    legs = (WatchedLeg(id="1.2", number=text, started_at=at(1), ended_at=at(2), outcome=NO_ANSWER),)
    facts = {"caller_number": text, "caller_name": text, "legs": legs}
    calls = WatchedCalls("lab")
    calls.report(watched(**facts))
    calls.report(watched(**facts, ended_at=at(2), outcome=NO_ANSWER))
    assert Call.objects.get().disposition == Disposition.NO_ANSWER
    calls.report(watched(id=text, called_number="201"))
    calls.report(watched(id="2", called_number=text))


@pytest.mark.parametrize("moment", [datetime(1960, 1, 1, tzinfo=UTC), datetime(9999, 12, 1, tzinfo=UTC)])
def test_times_that_cannot_be_are_left_out_of_the_log(tenant, moment):
    WatchedCalls("lab").report(watched(started_at=moment))
    assert not Call.objects.exists()


def test_legs_that_end_before_they_begin_end_as_they_begin(tenant):
    log_watched(watched(legs=(WatchedLeg(id="1.2", number="201", started_at=at(4), ended_at=at(1), outcome=NO_ANSWER),)))
    leg = Call.objects.get().legs.get()
    assert leg.ended_at == leg.started_at


@pytest.mark.parametrize("unproven", [{}, {"is_proven": True, "backend": "simulator"}, {"is_proven": True, "is_sandbox": True}])
@pytest.mark.parametrize("number", ["202", "+46812345678"])
def test_line_that_was_not_proved_claims_no_call(number, unproven):
    make_line(make_tenant(), number, **{"backend": "asterisk", **unproven})
    log_watched(watched(called_number=number, caller_number=number, legs=(WatchedLeg(id="1.2", number=number, started_at=NOW),)))
    assert not Call.objects.exists()


def test_line_that_another_tenant_only_wrote_down_takes_no_call_away(tenant):
    make_line(make_tenant(), "201", backend="asterisk")
    log_watched(watched())
    assert Call.objects.get().tenant == tenant
