"""The ledger: what a call may be, that nothing is logged twice, and that every change is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls import ledger
from calls.choices import Direction, Disposition, EventKind, LegRole, Source, State
from calls.drafts import CallChanges, CallDraft, InteractionDraft, LegDraft, PartyDraft
from calls.errors import CallConflict, CallError, InvalidCall
from calls.ledger.judging import judged
from calls.models import Call, CallEvent, Tag
from contacts.matching import AgentHint, ContactHint
from tenants.models import Tenant
from tests.calls.drafting import ANNA, OTHER, OURS, after, draft
from tests.make import STARTED_AT, make_agent, make_center, make_contact, make_line, make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


class TestLogging:
    def test_a_call_its_legs_tags_and_events_are_written(self, tenant: Tenant) -> None:
        told = draft(
            legs=(LegDraft(role=LegRole.SOURCE, party=ANNA, started_at=STARTED_AT, ended_at=after(60)),),
            interactions=(InteractionDraft(happened_at=STARTED_AT, summary="Ringing", description="210"),),
            tags=("Urgent", " urgent ", "Call  back"),
        )
        call = Call.objects.get(pk=ledger.record(tenant, told).call.pk)
        assert call.legs.get().number_e164 == "+46701234567"
        assert [tag.name for tag in call.tags.all()] == ["Call back", "Urgent"]
        assert [event.kind for event in call.events.order_by("id")] == [EventKind.RECORDED, EventKind.INTERACTION]

    def test_what_is_returned_is_what_is_stored(self, tenant: Tenant) -> None:
        zone = timezone(timedelta(hours=2))
        returned = ledger.record(tenant, draft(started_at=STARTED_AT.astimezone(zone), external_id="x")).call
        stored = Call.objects.get(pk=returned.pk)
        for field in Call._meta.concrete_fields:
            assert getattr(returned, field.attname) == getattr(stored, field.attname), field.attname
        assert returned.started_at.tzinfo == UTC

    def test_a_repeat_returns_the_call_that_is_there(self, tenant: Tenant) -> None:
        first = ledger.record(tenant, draft(external_id="x"))
        again = ledger.record(tenant, draft(external_id="x", notes="not compared"))
        assert (first.created, again.created) == (True, False)
        assert again.call == first.call
        assert CallEvent.objects.count() == 1

    def test_a_repeat_after_an_edit_is_still_a_repeat(self, tenant: Tenant) -> None:
        first = ledger.record(tenant, draft(external_id="x"))
        ledger.amend(first.call, CallChanges(ended_at=after(90)))
        assert not ledger.record(tenant, draft(external_id="x")).created

    def test_a_repeat_that_tells_other_facts_is_a_conflict_naming_them(self, tenant: Tenant) -> None:
        ledger.record(tenant, draft(external_id="x"))
        with pytest.raises(CallConflict) as refused:
            ledger.record(tenant, draft(external_id="x", ended_at=after(61), remote=OTHER))
        assert set(refused.value.fields) == {"ended_at", "remote"}

    def test_an_external_id_belongs_to_its_source_and_tenant(self, tenant: Tenant) -> None:
        told = draft(external_id="x")
        for where, what in ((tenant, told), (tenant, replace(told, source=Source.PBX)), (make_tenant(), told)):
            assert ledger.record(where, what).created

    def test_calls_without_an_external_id_are_never_the_same(self, tenant: Tenant) -> None:
        assert ledger.record(tenant, draft()).call != ledger.record(tenant, draft()).call


class TestManyAtOnce:
    @pytest.fixture
    def drafts(self, tenant: Tenant) -> list[CallDraft]:
        make_contact(tenant, ANNA.number, external_id="anna")
        make_contact(tenant, OTHER.number)
        make_contact(tenant, OTHER.number)
        center = make_center(tenant)
        make_line(tenant, OURS.number, center=center)
        agent = make_agent(tenant, external_id="ag", center=center)
        return [
            draft(external_id="1", tags=("One", "two")),
            draft(direction=Direction.INBOUND, caller=ANNA, callee=OURS, remote=PartyDraft(), agent=AgentHint(external_id="ag")),
            draft(infer_direction=True, caller=OURS, callee=OTHER, remote=PartyDraft(), tags=("ONE",)),
            draft(contact=ContactHint(external_id="anna"), remote=PartyDraft(), agent=AgentHint(id=str(agent.pk))),
            draft(center_id=str(center.pk), ended_at=None, legs=(LegDraft(role=LegRole.SOURCE, party=ANNA),)),
            draft(interactions=(InteractionDraft(happened_at=STARTED_AT, summary="Ringing"),), is_flagged=True),
        ]

    def test_they_become_the_rows_each_would_have_become_alone(self, tenant: Tenant, drafts: list[CallDraft]) -> None:
        alone = [_rows(ledger.record(tenant, each).call) for each in drafts]
        Call.objects.all().delete()
        Tag.objects.all().delete()

        together = [_rows(result.call) for result in ledger.record_many(tenant, drafts)]

        assert together == alone

    def test_a_few_queries_serve_all_of_them(
        self, tenant: Tenant, drafts: list[CallDraft], django_assert_max_num_queries: Any
    ) -> None:
        many = [replace(each, external_id=f"{each.external_id}-{number}") for number in range(5) for each in drafts]
        with django_assert_max_num_queries(15):
            results = ledger.record_many(tenant, many)
        assert len(results) == 30

    def test_one_that_is_refused_keeps_no_other_out(self, tenant: Tenant) -> None:
        ledger.record(tenant, draft(external_id="there"))
        results = ledger.record_many(
            tenant,
            [
                draft(),
                draft(ended_at=after(-1)),
                draft(external_id="there", ended_at=after(1)),
                draft(external_id="there"),
                draft(center_id="nowhere"),
                draft(external_id="twice"),
                draft(external_id="twice"),
                draft(external_id="twice", ended_at=after(1)),
            ],
        )
        codes = [result.code if isinstance(result, CallError) else result.created for result in results]
        assert codes == [True, "ends_before_it_starts", "conflict", False, "invalid", True, False, "conflict"]
        assert Call.objects.count() == 3

    def test_batches_do_not_change_the_answer(self, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("calls.ledger.recording.AT_ONCE", 2)
        results = ledger.record_many(tenant, [draft(external_id=str(number % 4)) for number in range(7)])
        assert [result.created for result in results] == [True] * 4 + [False] * 3


def _rows(call: Call) -> dict[str, Any]:
    own = {"id", "created_at", "updated_at", "call_id", "happened_at", "recorded_at"}
    call = Call.objects.get(pk=call.pk)

    def row(of: Any) -> dict[str, Any]:
        return {field.attname: getattr(of, field.attname) for field in of._meta.concrete_fields if field.attname not in own}

    return {
        "call": row(call),
        "legs": [row(leg) for leg in call.legs.all()],
        "events": [row(event) for event in call.events.order_by("id")],
        "tags": sorted(tag.name for tag in call.tags.all()),
    }


class TestRefusals:
    @pytest.mark.parametrize(
        ("field", "facts"),
        [
            ("ended_at", {"ended_at": after(-1)}),
            ("ended_at", {"ended_at": after(367 * 24 * 3600)}),
            ("answered_at", {"answered_at": after(-1)}),
            ("answered_at", {"answered_at": after(61)}),
            ("started_at", {"started_at": datetime(1969, 12, 31, tzinfo=UTC)}),
            ("started_at", {"started_at": datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-14)))}),
            ("started_at", {"started_at": datetime(2026, 1, 1)}),
            ("ended_at", {"ended_at": datetime(2026, 1, 1)}),
            ("ring_ms", {"ring_ms": -1}),
            ("duration_ms", {"duration_ms": 10**20}),
            ("talk_ms", {"talk_ms": 120_000}),
            ("hold_count", {"hold_count": -1}),
            ("hold_count", {"hold_count": 10**12}),
            ("external_id", {"external_id": "x" * 201}),
            ("remote", {"remote": PartyDraft(number="1" * 129)}),
            ("caller", {"caller": PartyDraft(number="1" * 400)}),
            ("outcome", {"outcome": "x" * 61}),
            ("disposition_detail", {"disposition_detail": "x" * 33}),
            ("direction", {"direction": "sideways"}),
            ("disposition", {"disposition": "lost"}),
            ("recording_url", {"recording_url": "https://x.example/" + "x" * 2000}),
            ("recording_url", {"recording_url": "javascript:alert(1)"}),
            ("recording_url", {"recording_url": "//x.example/a.wav"}),
            ("recording_url", {"recording_url": "https://x.example/a b"}),
            ("tags", {"tags": ("x" * 61,)}),
            ("tags", {"tags": (" ",)}),
            ("center_id", {"center_id": "nowhere"}),
            ("notes", {"notes": "a\0b"}),
            ("remote", {"remote": PartyDraft(name="\ud800")}),
            ("document", {"document": {"a": [{"b": "\0"}]}}),
            ("facts", {"facts": {"\0": 1}}),
            ("facts", {"facts": {"a": float("nan")}}),
            ("contact", {"contact": ContactHint(external_id="\0")}),
            ("agent", {"agent": AgentHint(name="\ud800")}),
            ("legs", {"legs": (LegDraft(role=LegRole.SOURCE, party=PartyDraft(number="1" * 129)),)}),
            ("legs", {"legs": (LegDraft(role=LegRole.SOURCE, party=ANNA, started_at=after(1), ended_at=after(0)),)}),
            ("legs", {"legs": (LegDraft(role=LegRole.SOURCE, party=ANNA, started_at=datetime(2026, 1, 1)),)}),
            ("interactions", {"interactions": (InteractionDraft(happened_at=datetime(2026, 1, 1), summary="x"),)}),
            ("interactions", {"interactions": (InteractionDraft(happened_at=STARTED_AT, summary="x"),) * 1001}),
        ],
    )
    def test_an_impossible_fact_is_named_and_nothing_is_written(self, tenant: Tenant, field: str, facts: dict[str, Any]) -> None:
        with pytest.raises(InvalidCall) as refused:
            ledger.record(tenant, draft(**facts))
        assert list(refused.value.fields) == [field]
        assert not Call.objects.exists()
        assert not CallEvent.objects.exists()
        assert not Tag.objects.exists()

    def test_long_names_are_cut_not_refused(self, tenant: Tenant) -> None:
        long = "n" * 500
        told = draft(
            remote=PartyDraft(number=ANNA.number, name=long),
            agent=AgentHint(name=long),
            legs=(LegDraft(role=LegRole.SOURCE, party=PartyDraft(name=long)),),
            interactions=(InteractionDraft(happened_at=STARTED_AT, summary=long),),
        )
        call = ledger.record(tenant, told).call
        assert {len(call.remote_name), len(call.agent_name), len(call.legs.get().name)} == {200}

    def test_a_given_id_longer_than_ours_matches_nothing(self, tenant: Tenant) -> None:
        call = ledger.record(tenant, draft(contact=ContactHint(external_id="x" * 5000), agent=AgentHint(id="x" * 5000))).call
        assert (call.contact, call.agent) == (None, None)

    def test_another_tenants_center_is_no_center(self, tenant: Tenant) -> None:
        with pytest.raises(InvalidCall):
            ledger.record(tenant, draft(center_id=str(make_center(make_tenant()).pk)))


class TestLengths:
    @pytest.mark.parametrize(
        ("facts", "ring", "talk", "disposition"),
        [
            ({"ring_ms": 10_000}, 10_000, 50_000, "answered"),
            ({"answered_at": after(10)}, 10_000, 50_000, "answered"),
            ({"ring_ms": 90_000, "source": Source.PBX}, 90_000, 0, "unknown"),  # a phone system's rounding stays
            ({"ring_ms": 5000, "hold_ms": 20_000, "transfer_ms": 5000}, 5000, 30_000, "answered"),
            ({"ring_ms": 60_000, "disposition": "no_answer"}, 60_000, 0, "no_answer"),
            ({"ring_ms": 10_000, "disposition": "voicemail"}, 10_000, 0, "voicemail"),
            ({"talk_ms": 42_000}, 18_000, 42_000, "answered"),
            ({"ended_at": None, "duration_ms": 60_000, "ring_ms": 10_000}, 10_000, 50_000, "answered"),
        ],
    )
    def test_what_was_not_told_is_computed(
        self, tenant: Tenant, facts: dict[str, Any], ring: int | None, talk: int, disposition: str
    ) -> None:
        call = ledger.record(tenant, draft(**facts)).call
        assert (call.duration_ms, call.ring_ms, call.talk_ms, call.disposition) == (60_000, ring, talk, disposition)
        assert (call.state, call.ended_at) == (State.ENDED, after(60))

    def test_a_call_without_an_end_goes_on(self, tenant: Tenant) -> None:
        call = ledger.record(tenant, draft(ended_at=None)).call
        assert (call.state, call.duration_ms, call.talk_ms) == (State.IN_PROGRESS, None, None)

    @given(
        ring=st.integers(0, 10**7),
        lasts=st.integers(0, 10**7),
        hold=st.integers(0, 10**6) | st.none(),
        disposition=st.sampled_from(Disposition),
    )
    @pytest.mark.once
    def test_waiting_and_talk_fill_the_call(self, ring: int, lasts: int, hold: int | None, disposition: Disposition) -> None:
        ended_at = STARTED_AT + timedelta(milliseconds=lasts)
        facts = {"ended_at": ended_at, "ring_ms": ring, "hold_ms": hold, "disposition": disposition, "source": Source.PBX}
        call = judged(Tenant(country="SE"), draft(**facts))
        assert call.talk_ms >= 0
        if call.talk_ms:
            assert call.ring_ms + (call.hold_ms or 0) + call.talk_ms == call.duration_ms == lasts
            assert call.disposition == Disposition.ANSWERED
        if call.answered_at is not None:
            assert call.started_at <= call.answered_at <= call.ended_at


class TestParties:
    @pytest.mark.parametrize(
        ("direction", "remote", "line"),
        [
            (Direction.INBOUND, ANNA, OURS),
            (Direction.OUTBOUND, OURS, None),
            (Direction.UNKNOWN, ANNA, OURS),
        ],
    )
    def test_the_direction_says_which_side_is_outside(
        self, tenant: Tenant, direction: Direction, remote: PartyDraft, line: PartyDraft | None
    ) -> None:
        make_line(tenant, OURS.number)
        call = ledger.record(tenant, draft(direction=direction, caller=ANNA, callee=OURS, remote=PartyDraft())).call
        assert call.remote_raw == remote.number
        assert (call.line.number if call.line else None) == (line.number if line else None)

    @pytest.mark.parametrize(
        ("caller", "callee", "direction"),
        [
            (ANNA, OURS, Direction.INBOUND),
            (OURS, ANNA, Direction.OUTBOUND),
            (OURS, OURS, Direction.INTERNAL),
            (ANNA, OTHER, Direction.UNKNOWN),
        ],
    )
    def test_own_lines_tell_the_direction(
        self, tenant: Tenant, caller: PartyDraft, callee: PartyDraft, direction: Direction
    ) -> None:
        make_line(tenant, OURS.number)
        call = ledger.record(tenant, draft(infer_direction=True, caller=caller, callee=callee, remote=PartyDraft())).call
        assert call.direction == direction

    def test_a_party_told_alone_takes_the_place_the_direction_gives_it(self, tenant: Tenant) -> None:
        inbound = ledger.record(tenant, draft(direction=Direction.INBOUND)).call
        outbound = ledger.record(tenant, draft(direction=Direction.OUTBOUND)).call
        assert (inbound.caller_raw, inbound.callee_raw) == (ANNA.number, "")
        assert (outbound.caller_raw, outbound.callee_raw) == ("", ANNA.number)

    @pytest.mark.parametrize("direction", [Direction.INBOUND, Direction.OUTBOUND, Direction.INTERNAL, Direction.UNKNOWN])
    def test_an_own_line_is_nobodys_contact(self, tenant: Tenant, direction: Direction) -> None:
        make_line(tenant, ANNA.number)
        make_contact(tenant, ANNA.number)
        assert ledger.record(tenant, draft(direction=direction)).call.contact is None

    def test_a_number_that_only_ends_like_an_own_line_is_not_it(self, tenant: Tenant) -> None:
        make_line(tenant, "+49701234567")
        anna = make_contact(tenant, ANNA.number)
        assert ledger.record(tenant, draft(direction=Direction.INBOUND)).call.contact == anna

    def test_a_withheld_number_says_so(self, tenant: Tenant) -> None:
        call = ledger.record(tenant, draft(direction=Direction.INBOUND, remote=PartyDraft(number="Anonymous"))).call
        assert call.is_withheld
        assert (call.remote_e164, call.remote_key, call.contact) == ("", "", None)

    def test_extensions_that_are_lines_make_an_internal_call(self, tenant: Tenant) -> None:
        for number in ("210", "211"):
            make_line(tenant, number)
        told = draft(infer_direction=True, caller=PartyDraft(number="210"), callee=PartyDraft(number="211"), remote=PartyDraft())
        call = ledger.record(tenant, told).call
        assert (call.direction, call.line.number, call.remote_raw) == (Direction.INTERNAL, "210", "211")

    def test_an_unknown_agent_is_kept_by_name_and_ids(self, tenant: Tenant) -> None:
        call = ledger.record(tenant, draft(agent=AgentHint(external_id="nobody", name="Bo"))).call
        assert (call.agent, call.agent_name, call.given_contact) == (None, "Bo", {"agent_external_id": "nobody"})

    def test_who_logged_it_is_not_its_agent_where_another_was_told(self, tenant: Tenant) -> None:
        user = make_user(tenant)
        make_agent(tenant, user=user)
        call = ledger.record(tenant, draft(agent=AgentHint(external_id="nobody", user=user))).call
        assert (call.agent, call.agent_name) == (None, "")

    def test_the_center_is_the_told_one_else_the_lines_else_the_agents(self, tenant: Tenant) -> None:
        told, of_line, of_agent = (make_center(tenant) for _ in range(3))
        make_line(tenant, OURS.number, center=of_line)
        agent = AgentHint(id=str(make_agent(tenant, center=of_agent).pk))
        base = draft(direction=Direction.INBOUND, agent=agent)
        with_line = replace(base, caller=ANNA, callee=OURS, remote=PartyDraft())
        drafts = [replace(with_line, center_id=str(told.pk)), with_line, base]
        assert [ledger.record(tenant, each).call.center for each in drafts] == [told, of_line, of_agent]


class TestRecordingLinks:
    @pytest.mark.parametrize("host", ["127.0.0.1", "192.168.1.5:8000", "[::1]", "169.254.169.254", "localhost"])
    def test_links_to_inside_addresses_are_refused_at_once(self, tenant: Tenant, host: str) -> None:
        call = ledger.record(tenant, draft()).call
        link = f"http://{host}/a.wav"
        for work in (
            lambda: ledger.record(tenant, draft(recording_url=link)),
            lambda: ledger.amend(call, CallChanges(recording_url=link)),
        ):
            with pytest.raises(InvalidCall) as refused:
                work()
            assert list(refused.value.fields) == ["recording_url"]

    def test_links_to_names_are_judged_once_they_are_fetched(self, tenant: Tenant) -> None:
        assert ledger.record(tenant, draft(recording_url="http://pbx.lan/a.wav")).call.recording_url
