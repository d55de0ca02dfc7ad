"""What makes a repeat the same call, and how times of different precision fit each other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calls import ledger
from calls.choices import Direction, Disposition
from calls.drafts import PartyDraft
from calls.errors import CallConflict, InvalidCall
from calls.models import Call
from tests.calls.drafting import OURS, after, draft
from tests.make import make_tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant():
    return make_tenant()


FIRST = {"external_id": "x", "caller": PartyDraft(number="+46701234567", name="Anna"), "callee": OURS, "remote": PartyDraft()}


@pytest.mark.parametrize(
    "again",
    [
        {"caller": PartyDraft(number="+46701234567", name="Anna Berg")},
        {"caller": PartyDraft(number="+46701234567")},
        {"caller": PartyDraft(number="070-123 45 67", name="Anna")},
        {"caller": PartyDraft(number="0046 70 123 45 67")},
        {"started_at": after(0.4)},
        {"ended_at": after(59.6)},
        {"ended_at": after(60.999)},
    ],
)
def test_a_name_a_spelling_or_a_rounding_makes_no_other_call(tenant, again):
    first = ledger.record(tenant, draft(**FIRST))
    repeat = ledger.record(tenant, draft(**{**FIRST, **again}))
    assert (repeat.created, repeat.call) == (False, first.call)
    assert Call.objects.get().caller_name == "Anna"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("caller", PartyDraft(number="+46701234568", name="Anna")),
        ("caller", PartyDraft(number="anonymous", name="Anna")),
        ("caller", PartyDraft()),
        ("started_at", after(1)),
        ("ended_at", after(61)),
        ("answered_at", after(5)),
        ("direction", Direction.OUTBOUND),
        ("disposition", Disposition.BUSY),
    ],
)
def test_other_facts_are_still_a_conflict_that_names_them(tenant, name, other):
    ledger.record(tenant, draft(**FIRST))
    with pytest.raises(CallConflict) as refused:
        ledger.record(tenant, draft(**{**FIRST, name: other}))
    assert set(refused.value.fields) == {name}


def test_withheld_numbers_and_extensions_repeat_as_they_came(tenant):
    for number in ("anonymous", "210", "sip:anna@example.com"):
        told = draft(**{**FIRST, "external_id": number, "caller": PartyDraft(number=number)})
        assert [ledger.record(tenant, told).created for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    "times",
    [
        {"started_at": after(0.4), "ended_at": after(0)},
        {"started_at": after(0.999), "answered_at": after(0), "ended_at": after(0)},
        {"started_at": after(0), "answered_at": after(9.7), "ended_at": after(9)},
    ],
)
def test_whole_seconds_do_not_lie_before_milliseconds(tenant, times):
    call = ledger.record(tenant, draft(**times)).call
    assert call.started_at <= (call.answered_at or call.started_at) <= call.ended_at
    assert call.ended_at - call.started_at < timedelta(seconds=10)


@pytest.mark.parametrize("ended_at", [after(-1), after(-0.3)])
def test_an_end_that_lies_before_the_start_is_refused_all_the_same(tenant, ended_at):
    with pytest.raises(InvalidCall) as refused:
        ledger.record(tenant, draft(ended_at=ended_at))
    assert refused.value.code == "ends_before_it_starts"


@pytest.mark.parametrize("disposition", [Disposition.ANSWERED, None])
def test_what_is_no_talk_of_an_answered_call_was_the_wait(tenant, disposition):
    call = ledger.record(tenant, draft(talk_ms=45_000, hold_ms=5000, disposition=disposition)).call
    assert (call.ring_ms, call.answered_at, call.talk_ms) == (10_000, after(10), 45_000)


def test_a_wait_that_was_given_or_an_unanswered_call_stays_as_it_is(tenant):
    told = ledger.record(tenant, draft(talk_ms=45_000, ring_ms=12_000, disposition=Disposition.ANSWERED)).call
    missed = ledger.record(tenant, draft(talk_ms=0, disposition=Disposition.NO_ANSWER)).call
    untold = ledger.record(tenant, draft(disposition=Disposition.ANSWERED)).call
    assert (told.ring_ms, missed.ring_ms, untold.ring_ms) == (12_000, None, None)
