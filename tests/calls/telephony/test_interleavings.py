"""Whatever the telephones do, and however events are lost, repeated, late or out of order: the promises hold."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from calls.telephony.asterisk import Engine, Reconciler, Switch, names, reconciling
from calls.telephony.asterisk.engine import ANYBODYS
from calls.telephony.base import Unanswered
from calls.telephony.book import Kind
from calls.telephony.flow import parties
from tests.calls.telephony.fake_ari import FakeAri
from tests.calls.telephony.memory import MemoryBook, make_order, telephone

pytestmark = pytest.mark.once

REFUSALS = [(17, 486), (21, 603), (1, 404), (34, 503), (19, 480), (0, None), (16, None)]
number = st.integers(min_value=0, max_value=50)


class Life(RuleBasedStateMachine):
    """One order's life."""

    @initialize(sources=st.integers(min_value=0, max_value=3), speaks=st.booleans(), shares=st.booleans())
    def begin(self, sources, speaks, shares=True):
        self.ari, self.book = FakeAri(), MemoryBook()
        sounds = Path("/nothing/is/kept/here") if shares else None
        self.engine = Engine(self.ari, self.book, Switch(url="http://pbx", user="u", password="p", sounds=sounds))
        self.reconciler = Reconciler(self.engine)
        text = "Hello." if speaks or not sources else ""
        self.order = make_order(" ".join(f"100020{n}" for n in range(sources)), text=text)
        self.known = self.book.add(self.order)

    @rule()
    def place(self):
        for leg in [f"s{n}" for n in range(len(self.order.sources))] or ["d"]:
            with suppress(Unanswered):
                self.engine.dial(self.known, leg)
        self.engine.settle(self.order.id, only=ANYBODYS)

    @rule(n=number)
    @precondition(lambda self: self.order.sources)
    def a_slow_worker_dials_one_source(self, n):
        with suppress(Unanswered):
            self.engine.dial(self.known, f"s{n % len(self.order.sources)}")

    @rule(n=number)
    def a_telephone_rings(self, n):
        if channel := self._pick(n, "Down"):
            self.ari.ring(channel)

    @rule(n=number)
    def a_telephone_is_picked_up(self, n):
        if channel := self._pick(n, "Down", "Ringing"):
            self.ari.answer(channel)

    @rule(n=number, refusal=st.sampled_from(REFUSALS))
    def a_telephone_refuses(self, n, refusal):
        if channel := self._pick(n, "Down", "Ringing"):
            self.ari.hang_up(channel, *refusal)

    @rule(n=number)
    def a_party_hangs_up(self, n):
        if channel := self._pick(n, "Up"):
            self.ari.hang_up(channel)

    @rule()
    def the_message_ends(self):
        self.ari.finish_playing()

    @rule()
    @precondition(lambda self: self.ari.queue)
    def the_next_event_comes(self):
        self.engine.handle(self.ari.queue.pop(0))

    @rule(n=number)
    @precondition(lambda self: self.ari.queue)
    def an_event_comes_out_of_order(self, n):
        self.engine.handle(self.ari.queue.pop(n % len(self.ari.queue)))

    @rule()
    @precondition(lambda self: self.ari.queue)
    def an_event_comes_and_will_come_again(self):
        self.engine.handle(self.ari.queue[0])

    @rule(n=number)
    @precondition(lambda self: self.ari.queue)
    def an_event_is_lost(self, n):
        self.ari.queue.pop(n % len(self.ari.queue))

    @rule(when=st.sampled_from(["before", "after"]))
    def the_next_request_goes_unanswered(self, when):
        self.ari.fail_next = when

    @rule()
    def somebody_hangs_up(self):
        self.engine.tell(self.order.id, Kind.CANCELLED)
        self.engine.settle(self.order.id, only=ANYBODYS)

    @rule(far=st.booleans())
    def somebody_transfers(self, far):
        known = self.book.load(self.order.id)
        if "d" in known.legs and known.legs["d"].connected_at and "t0" not in known.legs and not known.over_at:
            leaves, stays = ("d", known.chosen) if far else (known.chosen, "d")
            with suppress(Unanswered):
                self.engine.dial(known, "t0", originator=stays, to=telephone("3000200"), instead_of=leaves)

    @rule()
    def the_listener_reconciles(self):
        with suppress(Unanswered):
            self.reconciler.run()

    @invariant()
    def each_telephone_is_dialled_once(self):
        dialled = Counter(words[1] for words in self.ari.asked if words[0] == "originate")
        assert all(count == 1 for count in dialled.values()), dialled

    @invariant()
    def nobody_rings_the_destination_before_a_source_is_chosen(self):
        known = self.book.load(self.order.id)
        assert not self.order.sources or "d" not in known.legs or known.chosen

    @invariant()
    def two_talk_at_most_and_only_one_of_them_a_source(self):
        for members in self.ari.bridged.values():
            wanted = {member.rpartition(".")[2] for member in members}
            assert len([leg for leg in wanted if leg.startswith("s")]) <= 1, wanted

    @invariant()
    def nobody_is_dialled_after_a_hang_up(self):
        known = self.book.load(self.order.id)
        if known.is_cancelled:
            self.last_legs = getattr(self, "last_legs", set(known.legs))
            assert set(known.legs) == self.last_legs

    @invariant()
    def a_choice_is_final(self):
        chosen = self.book.load(self.order.id).chosen
        self.choice = getattr(self, "choice", "") or chosen
        assert chosen == self.choice

    @invariant()
    def what_is_over_stays_as_it_was(self):
        known = self.book.load(self.order.id)
        if known.over_at and not hasattr(self, "end"):
            self.end = (known.outcome, known.billable_ms, known.over_at)
        assert not hasattr(self, "end") or self.end == (known.outcome, known.billable_ms, known.over_at)

    def teardown(self):
        """Everybody hangs up in the end; two rounds of reconciling leave nothing open and nothing behind."""
        if not hasattr(self, "ari"):
            return
        self.ari.fail_next = ""
        for _ in range(2):  # the message may only begin with the first
            self.reconciler.run()
            self.the_message_ends()
        self.reconciler.run()
        self.check_that_nothing_is_missing()
        for _ in range(4):
            self.reconciler.run()
            for channel in list(self.ari.live):
                self.ari.hang_up(channel)
        self.somebody_hangs_up()
        self.reconciler.run()
        known = self.book.load(self.order.id)
        assert known.over_at, known
        assert known.outcome
        assert (self.ari.live, self.ari.bridged) == ({}, {})

    def check_that_nothing_is_missing(self):
        """Once we have looked, who is up is where they belong, whatever was lost before."""
        known = self.book.load(self.order.id)
        live = {channel.rpartition(".")[2]: facts["state"] for channel, facts in self.ari.live.items()}
        if known.is_cancelled or known.over_at:
            assert live == {}
        elif self.order.sources and not known.chosen:
            assert "Up" not in live.values()
        else:
            wanted = parties(known)
            assert set(live) <= {wanted.near, wanted.far}
            if [live.get(wanted.near), live.get(wanted.far)] == ["Up", "Up"]:
                joined = self.ari.bridged.get(names.bridge_of(self.order.id), [])
                assert {channel.rpartition(".")[2] for channel in joined} == set(live)

    def _pick(self, n, *states):
        found = [channel["id"] for channel in self.ari.live.values() if channel["state"] in states]
        return found[n % len(found)] if found else None


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch, caplog):
    caplog.set_level(logging.CRITICAL, logger="calls.telephony")
    monkeypatch.setattr(reconciling, "GRACE", timedelta(0))


def test_promises_hold_in_every_order_of_things():
    from hypothesis.stateful import run_state_machine_as_test

    limits = settings(max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Life, settings=limits)


def test_three_sources_that_pick_up_at_once_leave_one_whoever_is_heard_first():
    for first in range(3):
        life = Life()
        life.begin(3, speaks=False)
        life.place()
        channels = [names.channel_of(life.order.id, f"s{n}") for n in range(3)]
        for channel in channels:
            life.ari.answer(channel)
        starts = [event for event in life.ari.queue if event["type"] == "StasisStart"]
        for event in [starts.pop(first), *starts]:
            life.engine.handle(event)
        assert life.book.load(life.order.id).chosen == f"s{first}"
        assert set(life.ari.live) == {channels[first], names.channel_of(life.order.id, "d")}
