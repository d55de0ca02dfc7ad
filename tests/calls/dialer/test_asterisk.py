"""The whole way on a real exchange: our request, a worker, Asterisk's telephones, the listener, the log."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from calls import dialer
from calls.choices import Direction, Source
from calls.dialer import backends, recordings
from calls.dialer.listening import is_alive, listen
from calls.models import Call, DialPlan, Origination, Recording
from calls.recordings import storage
from tests.asterisk import fetching, telephones
from tests.asterisk.lab import PASSWORD, Lab
from tests.asterisk.tones import tone_share
from tests.calls.dialer.ordering import order
from tests.calls.telephony.exchange import running_lab
from tests.calls.telephony.memory import PATIENCE_S
from tests.make import make_line, make_tenant

pytestmark = [
    pytest.mark.requires("asterisk"),
    pytest.mark.once,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running_lab() as lab:
        yield lab


@pytest.fixture
def tenant(db, settings, lab):
    """Set up for the lab's exchange, whose numbers are national ones of seven digits."""
    settings.CALLHUB_TELEPHONY = "asterisk"
    settings.CALLHUB_ARI_URL, settings.CALLHUB_ARI_USER, settings.CALLHUB_ARI_PASSWORD = lab.ari_url, "callhub", PASSWORD
    settings.CALLHUB_ARI_SOUNDS, settings.CALLHUB_ARI_JOURNAL = str(lab.sounds), str(lab.journal)
    settings.CALLHUB_ARI_DIALS_PLUS = False
    settings.CALLHUB_SPEECH_COMMAND = fetching.tool("espeak-ng") or ""
    tenant = make_tenant()
    DialPlan.objects.create(tenant=tenant, countries=["SE", "US"])
    settings.CALLHUB_ARI_TENANT = tenant.slug
    yield tenant
    backends._kept.__dict__.clear()


@pytest.fixture
def line(tenant):
    return make_line(tenant, "210", backend="asterisk", is_proven=True, is_phone_terminal=True, shows_any_caller=True)


@pytest.fixture
def listener(tenant) -> Iterator[Callable[[], None]]:
    """A listener runs; calling it ends the one that runs and starts the next."""
    running: list[tuple[threading.Event, threading.Thread]] = []

    def start() -> None:
        stop = threading.Event()
        thread = threading.Thread(target=_listen, args=(stop,), daemon=True)
        thread.start()
        running.append((stop, thread))
        until(lambda: is_alive("lab"))
        time.sleep(0.5)

    def end() -> None:
        stop, thread = running.pop()
        stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()

    start()
    yield lambda: (end(), start())
    end()


def _listen(stop: threading.Event) -> None:
    try:
        listen("lab", stop.is_set)
    finally:
        connection.close()


def until(found: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """What it finds, as soon as it finds anything."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.1)
    raise AssertionError("waited in vain")


def ended(row: Origination) -> Origination:
    until(lambda: dialer.refresh(row).state == "ended")
    row.call.refresh_from_db()
    return row


def talking(row: Origination) -> Origination:
    until(lambda: dialer.refresh(row).state == "in_progress")
    return row


def to(number: str) -> str:
    """The lab's number as one that may be called; those that begin with 1 say 440 Hz, all others 880."""
    return f"+1100{number}" if number.startswith("1") else f"+46{number}"


def test_a_whole_call_is_in_the_log_with_both_voices(tenant, line, listener, tmp_path):
    row = dialer.place(tenant, order(line, to("2000213"), sources=(to("1000200"),), is_recorded=True))
    ended(row)
    assert (row.disposition, round(row.billable_ms / 1000)) == ("answered", 3)
    assert (row.call.state, row.call.disposition, row.call.talk_ms) == ("ended", "answered", row.billable_ms)
    assert row.call.ring_ms + row.call.talk_ms == row.call.duration_ms
    until(lambda: (recordings.fetch(str(row.pk)), Recording.objects.playable().exists())[1])
    recording = Recording.objects.get()
    with storage.local_copy(recording.storage_key) as path:
        assert tone_share(path, 440) > 0.2
        assert tone_share(path, 880) > 0.2


@pytest.mark.parametrize(
    ("number", "disposition", "detail"),
    [("2000486", "busy", ""), ("2000603", "rejected", ""), ("2000404", "failed", "404"), ("2000503", "failed", "503")],
)
def test_every_outcome_reaches_the_log(tenant, line, listener, number, disposition, detail):
    row = ended(dialer.place(tenant, order(line, to(number), sources=(to("1000200"),))))
    assert (row.call.disposition, row.call.disposition_detail) == (disposition, detail)


def test_hanging_up_while_it_rings(tenant, line, listener):
    row = dialer.place(tenant, order(line, to("2000180"), sources=(to("1000200"),)))
    until(lambda: dialer.refresh(row).known["legs"].get("d", {}).get("ringing_at"))
    dialer.hang_up(row)
    assert ended(row).disposition == "cancelled"


def test_hold_back_and_transfer(tenant, line, listener):
    row = talking(dialer.place(tenant, order(line, to("2000200"), sources=(to("1000200"),), allows_transfer=True)))
    assert dialer.hold(row).is_held
    assert not dialer.unhold(row).is_held
    dialer.transfer(row, to("2000201"), leaves=dialer.NEAR)
    until(lambda: dialer.refresh(row).known["legs"].get("t0", {}).get("connected_at"))
    dialer.hang_up(row)
    assert ended(row).disposition == "answered"
    assert [leg.role for leg in row.call.legs.all()] == ["source", "destination", "transfer"]


def test_a_call_that_ends_while_nobody_listens_is_billed_exactly(tenant, line, listener):
    row = talking(dialer.place(tenant, order(line, to("2000213"), sources=(to("1000200"),))))
    listener()
    assert round(ended(row).billable_ms / 1000) == 3


def test_calls_from_outside_are_logged(tenant, line, listener, lab):
    caller = telephones.call_from_outside(lab, "2000201", "46700000000", port=0)
    call = until(lambda: Call.objects.filter(source=Source.PBX, state="ended").first())
    assert (call.direction, call.disposition) == (Direction.INBOUND, "answered")
    assert round(call.talk_ms / 1000) == 2
    caller.wait(PATIENCE_S)
