"""What may be changed of a logged call and what not, and what becomes of it when it is removed."""

from __future__ import annotations

from datetime import datetime

import pytest

from calls import ledger
from calls.choices import Direction, Disposition, EventKind, LegRole, MatchState
from calls.drafts import CallChanges, InteractionDraft, LegDraft, PartyDraft
from calls.errors import CallChanged, CallNotFound, InvalidCall
from calls.models import Call, CallEvent, CallLeg, Tag
from contacts.matching import AgentHint, ContactHint
from tenants.models import Tenant
from tests.calls.drafting import ANNA, OTHER, OURS, after, draft
from tests.make import STARTED_AT, make_agent, make_call, make_contact, make_line, make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


class TestChanges:
    def test_a_change_is_told_and_counted(self, tenant: Tenant) -> None:
        actor = make_user(tenant)
        call = ledger.amend(make_call(tenant), CallChanges(notes="New", is_flagged=True), actor=actor)
        event = call.events.get(kind=EventKind.AMENDED)
        assert call.version == 2
        assert (event.actor, event.data["changed"]) == (actor, {"notes": ["", "New"], "is_flagged": [False, True]})

    def test_what_the_vendor_alone_understands_is_told_as_a_change_too(self, tenant):
        call = ledger.amend(make_call(tenant), CallChanges(document={"ticket": 7}))
        assert call.version == 2
        assert CallEvent.objects.get(call=call, kind="call.amended").data == {"changed": {}}

    @pytest.mark.parametrize("changes", [CallChanges(), CallChanges(notes=""), CallChanges(tags=()), CallChanges(document={})])
    def test_nothing_new_changes_nothing(self, tenant: Tenant, changes: CallChanges) -> None:
        call = ledger.amend(make_call(tenant), changes)
        assert call.version == 1
        assert call.events.count() == 1

    def test_an_outdated_version_is_refused(self, tenant: Tenant) -> None:
        call = make_call(tenant)
        ledger.amend(call, CallChanges(notes="a"), expected_version=1)
        with pytest.raises(CallChanged):
            ledger.amend(call, CallChanges(notes="b"), expected_version=1)

    def test_a_call_that_is_gone_is_not_found(self, tenant: Tenant) -> None:
        call = make_call(tenant)
        ledger.remove(call)
        with pytest.raises(CallNotFound):
            ledger.amend(call, CallChanges(notes="a"))

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("ended_at", CallChanges(ended_at=after(-1))),
            ("ended_at", CallChanges(ended_at=None)),
            ("ended_at", CallChanges(ended_at=datetime(2026, 1, 1))),
            ("ring_ms", CallChanges(ring_ms=-1)),
            ("outcome", CallChanges(outcome="x" * 61)),
            ("recording_url", CallChanges(recording_url="file:///etc/passwd")),
            ("remote", CallChanges(remote=PartyDraft(number="1" * 200))),
            ("notes", CallChanges(notes="\0")),
            ("tags", CallChanges(tags=("",))),
            ("document", CallChanges(document={"a": "\ud800"})),
            ("chosen_contact", CallChanges(chosen_contact="nobody")),
        ],
    )
    def test_an_impossible_change_is_named_and_leaves_the_call_alone(
        self, tenant: Tenant, field: str, changes: CallChanges
    ) -> None:
        call = make_call(tenant)
        with pytest.raises(InvalidCall) as refused:
            ledger.amend(call, changes)
        assert list(refused.value.fields) == [field]
        assert Call.objects.get(pk=call.pk).version == 1

    def test_the_end_settles_what_was_open(self, tenant: Tenant) -> None:
        call = ledger.amend(make_call(tenant, seconds=None, ring_ms=10_000), CallChanges(ended_at=after(60)))
        assert (call.state, call.disposition, call.duration_ms, call.talk_ms) == ("ended", "answered", 60_000, 50_000)
        assert call.answered_at == after(10)

    def test_a_moved_start_moves_what_follows(self, tenant: Tenant) -> None:
        call = ledger.amend(make_call(tenant, ring_ms=10_000), CallChanges(started_at=after(20)))
        assert (call.duration_ms, call.ring_ms, call.talk_ms, call.answered_at) == (40_000, 10_000, 30_000, after(30))

    def test_a_call_found_to_be_missed_was_not_talked_on(self, tenant: Tenant) -> None:
        call = ledger.amend(make_call(tenant, ring_ms=10_000), CallChanges(disposition=Disposition.NO_ANSWER))
        assert (call.talk_ms, call.answered_at, call.duration_ms) == (0, None, 60_000)

    def test_told_talk_survives_an_edit_of_something_else(self, tenant: Tenant) -> None:
        call = make_call(tenant, ring_ms=5000, talk_ms=42_000)
        call = ledger.amend(call, CallChanges(notes="x", disposition=Disposition.ANSWERED, ended_at=call.ended_at))
        assert call.talk_ms == 42_000

    def test_the_only_number_told_moves_with_the_direction(self, tenant: Tenant) -> None:
        call = ledger.amend(make_call(tenant, ANNA.number), CallChanges(direction=Direction.OUTBOUND))
        assert (call.caller_raw, call.callee_raw, call.remote_raw) == ("", ANNA.number, ANNA.number)

    def test_of_two_numbers_told_the_direction_picks_the_one_outside(self, tenant: Tenant) -> None:
        bo = make_contact(tenant, OTHER.number)
        call = make_call(tenant, caller=ANNA, callee=OTHER, remote=PartyDraft())
        call = ledger.amend(call, CallChanges(direction=Direction.OUTBOUND))
        assert (call.caller_raw, call.callee_raw, call.remote_raw) == (ANNA.number, OTHER.number, OTHER.number)
        assert call.contact == bo

    def test_another_number_takes_the_place_of_the_one_outside(self, tenant: Tenant) -> None:
        make_line(tenant, OURS.number)
        bo = make_contact(tenant, OTHER.number)
        call = ledger.amend(make_call(tenant, caller=ANNA, callee=OURS, remote=PartyDraft()), CallChanges(remote=OTHER))
        assert (call.caller_raw, call.callee_raw, call.remote_raw) == (OTHER.number, OURS.number, OTHER.number)
        assert (call.contact, call.line.number) == (bo, OURS.number)

    def test_an_id_nobody_has_yet_is_kept_for_later(self, tenant: Tenant) -> None:
        call = ledger.amend(make_call(tenant), CallChanges(contact=ContactHint(external_id="later")))
        assert (call.contact, call.given_external_id) == (None, "later")
        bo = make_contact(tenant, external_id="later")
        assert ledger.relink(call)
        assert Call.objects.get(pk=call.pk).contact == bo

    def test_another_agent(self, tenant: Tenant) -> None:
        agent = make_agent(tenant, external_id="ag")
        call = ledger.amend(make_call(tenant), CallChanges(agent=AgentHint(external_id="ag")))
        assert (call.agent, call.agent_name) == (agent, agent.name)

    def test_a_chosen_contact_stays_whatever_matching_says(self, tenant: Tenant) -> None:
        anna, bo = make_contact(tenant, ANNA.number), make_contact(tenant)
        call = ledger.amend(make_call(tenant, ANNA.number), CallChanges(chosen_contact=str(bo.pk)))
        assert not ledger.relink(call)
        call = ledger.amend(call, CallChanges(direction=Direction.OUTBOUND))
        assert (call.contact, call.match_state) == (bo, MatchState.CHOSEN)
        assert anna.calls.count() == 0

    def test_another_tenants_contact_cannot_be_chosen(self, tenant: Tenant) -> None:
        with pytest.raises(InvalidCall):
            ledger.amend(make_call(tenant), CallChanges(chosen_contact=str(make_contact(make_tenant()).pk)))

    def test_tags_are_the_same_in_any_letters(self, tenant: Tenant) -> None:
        call = make_call(tenant, tags=("Åter",))
        assert ledger.amend(call, CallChanges(tags=("åter",))).version == 1
        assert Tag.objects.count() == 1


class TestRemoval:
    def test_erases_what_was_told_and_keeps_that_it_was_removed(self, tenant: Tenant) -> None:
        call = make_call(
            tenant,
            external_id="x",
            legs=(LegDraft(role=LegRole.SOURCE, party=ANNA),),
            interactions=(InteractionDraft(happened_at=STARTED_AT, summary="Anna called"),),
        )
        key = call.pk
        ledger.remove(call, actor=make_user(tenant))

        assert not Call.objects.exists()
        assert not CallLeg.objects.exists()
        events = CallEvent.objects.filter(call_id=key)
        assert [event.kind for event in events.order_by("id")][-1] == EventKind.REMOVED
        assert [(event.data, event.summary) for event in events] == [({}, "")] * 3

    def test_twice_is_once(self, tenant: Tenant) -> None:
        call = make_call(tenant)
        twin = Call.objects.get(pk=call.pk)
        ledger.remove(call)
        ledger.remove(twin)
        assert CallEvent.objects.filter(kind=EventKind.REMOVED).count() == 1

    def test_its_external_id_is_free_again(self, tenant: Tenant) -> None:
        ledger.remove(make_call(tenant, external_id="x"))
        assert ledger.record(tenant, draft(external_id="x")).created
