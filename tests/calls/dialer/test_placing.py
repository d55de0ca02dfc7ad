"""Taking orders: what is written, what is refused, and that it is all or nothing."""

from __future__ import annotations

from contextlib import suppress

import pytest

from calls import dialer, ledger
from calls.choices import Direction
from calls.dialer import backends, limits, recordings
from calls.drafts import PartyDraft
from calls.errors import CallNotFound, DialRefused
from calls.models import Call, DialPlan, Line, Recording
from tests.calls.dialer.fake import NAME, JournalExchange, stand_in
from tests.calls.dialer.ordering import RINGS_ON, TALKS_ON, order
from tests.make import make_line, make_tenant
from tests.twins import begun

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_whole_call_takes_less_than_ten_seconds(tenant, line, clock):
    placed = dialer.place(tenant, order(line))
    clock.shift(10)
    row = dialer.refresh(placed)
    assert (row.state, row.disposition, row.billable_ms) == ("ended", "answered", 5000)
    call = row.call
    call.refresh_from_db()
    assert (call.state, call.disposition, call.talk_ms, call.ring_ms) == ("ended", "answered", 5000, 3300)
    assert call.ring_ms + call.talk_ms == call.duration_ms
    assert [(leg.role, leg.disposition) for leg in call.legs.all()] == [("source", "answered"), ("destination", "answered")]
    assert (call.direction, call.line, call.agent.name) == (Direction.OUTBOUND, line, "Ann")


def test_a_simulated_call_does_not_wait_for_a_busy_worker(tenant, line, clock, monkeypatch):
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)
    row = dialer.place(tenant, order(line, RINGS_ON))
    assert dialer.refresh(row).state == "dispatching"
    clock.shift(1)
    assert dialer.refresh(row).state == "ringing"


@pytest.mark.parametrize("verb", [dialer.hang_up, dialer.refresh])
def test_a_call_that_was_erased_meanwhile_is_not_found(tenant, line, clock, verb):
    row = dialer.place(tenant, order(line, RINGS_ON))
    ledger.remove(Call.objects.get())
    with pytest.raises(CallNotFound):
        verb(row)


def test_a_call_is_erased_while_its_exchange_tells_of_it(tenant, line, clock, monkeypatch):
    row = dialer.place(tenant, order(line, TALKS_ON))
    clock.shift(4)
    progress, others = ledger.progress, []

    def progressing(*told):
        if not others:
            others.append(begun(lambda: ledger.remove(Call.objects.get())))
        return progress(*told)

    monkeypatch.setattr(ledger, "progress", progressing)
    with suppress(CallNotFound):  # where it is erased before the answer is made
        dialer.hang_up(row)
    others[0].result(60)
    assert not Call.objects.exists()


def test_a_line_removed_meanwhile_makes_no_call(tenant, line, monkeypatch):
    plan_of, gone = limits.plan_of, []

    def looked(tenant):
        if not gone:
            gone.append(Line.objects.filter(pk=line.pk).delete())
        return plan_of(tenant)

    monkeypatch.setattr(limits, "plan_of", looked)
    with pytest.raises(DialRefused) as refused:
        dialer.place(tenant, order(line))
    assert (refused.value.code, list(refused.value.fields)) == ("line_not_usable", ["line"])
    assert not Call.objects.exists()


def test_the_same_key_is_the_same_request(tenant, line, clock):
    first, again = (dialer.place(tenant, order(line, key="form-1")) for _ in range(2))
    assert first.pk == again.pk
    assert Call.objects.count() == 1


def test_the_same_nonce_is_another_request(tenant, line, clock):
    first, again = (dialer.place(tenant, order(line, nonce="MTIz")) for _ in range(2))
    assert first.pk != again.pk


def test_the_callers_are_the_lines_own_unless_told(tenant, line, clock):
    line.caller_name, line.caller_number = "Reception", "210"
    told = PartyDraft(number="210", name="Ann Lee")
    row = dialer.place(tenant, order(line, shown_to_destination=told))
    assert (row.source_caller_name, row.source_caller_number) == ("Reception", "210")
    assert (row.destination_caller_name, row.destination_caller_number) == ("Ann Lee", "210")


@pytest.mark.parametrize("number", ["+46812345678", "211"])
@pytest.mark.parametrize("proven", [True, False])
def test_a_real_exchange_shows_only_proven_numbers(tenant, number, proven, tmp_path):
    stand_in(JournalExchange(tmp_path / "journal"))
    line = make_line(tenant, number, backend=NAME, is_proven=proven)
    row = dialer.place(tenant, order(line, sources=(TALKS_ON,)))
    assert row.destination_caller_number == (number if proven else "")
    if not proven:
        with pytest.raises(DialRefused) as refused:
            dialer.place(tenant, order(line, sources=(TALKS_ON,), shown_to_destination=PartyDraft(number=number)))
        assert refused.value.code == "caller_id_not_allowed"


@pytest.mark.parametrize("wanted", [{"sources": ("211",)}, {"sources": (TALKS_ON,), "destination": "211"}])
def test_a_real_exchange_rings_no_telephone_that_was_not_proved(tenant, wanted, tmp_path):
    exchange = JournalExchange(tmp_path / "journal")
    stand_in(exchange)
    line = make_line(tenant, "211", backend=NAME)
    with pytest.raises(DialRefused) as refused:
        dialer.place(tenant, order(line, **wanted))
    assert (refused.value.code, exchange.dials(), Call.objects.count()) == ("extension_unknown", 0, 0)


def test_a_line_whose_exchange_is_not_set_up_makes_no_calls(tenant, line):
    backends._kept.__dict__.clear()
    line.backend = NAME
    with pytest.raises(DialRefused) as refused:
        dialer.place(tenant, order(line))
    assert (refused.value.code, set(refused.value.fields)) == ("line_not_usable", {"line"})


def test_another_tenants_line_makes_no_calls(tenant, line):
    with pytest.raises(DialRefused) as refused:
        dialer.place(make_tenant(), order(line))
    assert refused.value.code == "line_not_usable"


class TestAdopting:
    @pytest.fixture
    def tenant(self, tenant):
        DialPlan.objects.create(tenant=tenant, adopts_lines=True)
        return tenant

    def test_a_number_nobody_has_becomes_a_line_once(self, tenant):
        first, again = (dialer.adopt_line(tenant, "3215551081") for _ in range(2))
        assert first.pk == again.pk

    def test_another_tenants_number_does_not(self, tenant):
        make_line(make_tenant(), "3215551081")
        assert dialer.adopt_line(tenant, "3215551081") is None

    def test_of_two_tenants_at_once_one_gets_it(self, tenant, monkeypatch):
        """Both have looked, and nobody had it."""
        other = make_tenant()
        DialPlan.objects.create(tenant=other, adopts_lines=True)
        monkeypatch.setattr("calls.dialer.lines._somebody_has", lambda number: False)
        assert dialer.adopt_line(other, "3215551081").tenant == other
        assert dialer.adopt_line(tenant, "3215551081") is None
        assert Line.objects.count() == 1

    def test_a_twin_that_was_quicker_between_two_looks_is_found(self, tenant, monkeypatch):
        monkeypatch.setattr("calls.dialer.lines.usual_backend", lambda: make_line(tenant, "3215551081").backend)
        assert dialer.adopt_line(tenant, "3215551081") == Line.objects.get()

    def test_nothing_is_adopted_where_the_tenant_does_not_want_it(self, tenant):
        DialPlan.objects.update(adopts_lines=False)
        assert dialer.adopt_line(tenant, "3215551081") is None

    def test_nothing_is_adopted_where_nobody_said_so(self):
        assert dialer.adopt_line(make_tenant(), "3215551081") is None

    def test_nothing_is_adopted_on_a_real_exchange(self, tenant, settings):
        settings.CALLHUB_TELEPHONY = "asterisk"
        assert dialer.adopt_line(tenant, "3215551081") is None

    @pytest.mark.parametrize("text", ["210", "", "abc"])
    def test_what_is_no_public_number_is_not_adopted(self, tenant, text):
        assert dialer.adopt_line(tenant, text) is None


def test_a_recorded_call_brings_its_audio_home(tenant, line, clock):
    row = dialer.place(tenant, order(line, is_recorded=True))
    clock.shift(10)
    dialer.refresh(row)
    recording = Recording.objects.playable().get()
    assert (recording.call_id, recording.duration_ms, recording.channels) == (row.call_id, 5000, 2)
    recordings.fetch(str(row.pk))
    assert Recording.objects.count() == 1


def test_no_live_call_costs_one_query(tenant, line, clock, django_assert_num_queries):
    with django_assert_num_queries(1):
        dialer.advance_simulated()
