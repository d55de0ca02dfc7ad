"""One listener per exchange: the second waits, and everybody can see whether there is one."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from calls.choices import Direction, Disposition, Source, State
from calls.dialer.guarding import alone, is_held
from calls.dialer.listening import is_alive
from calls.dialer.watched import log_watched
from calls.models import Call, CallEvent, TelephonyListener
from calls.telephony.asterisk import WatchedCall
from calls.telephony.disposition import ANSWERED, Outcome
from tests.make import make_agent, make_line, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_a_second_listener_waits_for_the_first():
    got, release, asked_to_stop = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        try:
            with alone("lab", lambda: False) as is_alone:
                assert is_alone
                got.set()
                release.wait(30)
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert got.wait(30)
    assert is_held("lab")
    assert not is_held("another")
    asked_to_stop.set()
    with alone("lab", asked_to_stop.is_set) as is_alone:
        assert not is_alone
    with alone("another", lambda: False) as is_alone:
        assert is_alone
    release.set()
    thread.join()
    with alone("lab", lambda: False) as is_alone:
        assert is_alone


@pytest.mark.parametrize(("age", "alive"), [(1, True), (60, False)])
def test_a_listener_is_alive_while_it_is_heard(age, alive):
    TelephonyListener.objects.create(server="lab", process="x", heard_at=timezone.now() - timedelta(seconds=age))
    assert is_alive("lab") is alive
    assert not is_alive("other")


def watched(**facts) -> WatchedCall:
    started = {"id": "1772442000.1", "direction": Direction.INBOUND, "started_at": NOW}
    numbers = {"caller_number": "0701234567", "caller_name": "Bo", "called_number": "0812345678"}
    return WatchedCall(**{**started, **numbers, **facts})


@pytest.fixture
def tenant(settings):
    tenant = make_tenant()
    make_line(tenant, "+46812345678", backend="asterisk", is_proven=True, agent=make_agent(tenant, name="Ann"))
    return tenant


def test_a_call_of_the_exchanges_own_is_logged_as_it_goes_on(tenant):
    answered_at, ended_at = NOW + timedelta(seconds=4), NOW + timedelta(seconds=10)
    seen = []
    for facts in ({}, {"answered_at": answered_at}, {"answered_at": answered_at, "ended_at": ended_at, "outcome": ANSWERED}):
        log_watched(watched(**facts))
        log_watched(watched(**facts))
        seen.append(Call.objects.get().state)
    assert seen == [State.RINGING, State.IN_PROGRESS, State.ENDED]
    call = Call.objects.get()
    assert (call.tenant, call.source, call.direction, call.agent) == (tenant, Source.PBX, Direction.INBOUND, call.line.agent)
    assert (call.disposition, call.ring_ms, call.talk_ms) == (Disposition.ANSWERED, 4000, 6000)
    assert CallEvent.objects.count() == 3


def test_a_call_that_was_only_seen_at_its_end_is_logged(tenant):
    log_watched(watched(ended_at=NOW + timedelta(seconds=2), outcome=Outcome(Disposition.FAILED, "404")))
    call = Call.objects.get()
    assert (call.state, call.disposition, call.disposition_detail, call.talk_ms) == ("ended", "failed", "404", 0)


def test_a_call_of_nobodys_lines_goes_to_whom_the_exchange_is_set_up_for(settings):
    log_watched(watched())
    assert not Call.objects.exists()
    settings.CALLHUB_ARI_TENANT = make_tenant().slug
    log_watched(watched())
    assert Call.objects.get().tenant.slug == settings.CALLHUB_ARI_TENANT


def test_a_call_between_two_tenants_belongs_to_none_by_itself(tenant):
    make_line(make_tenant(), "0701234567", backend="asterisk", is_proven=True)
    log_watched(watched())
    assert not Call.objects.exists()
