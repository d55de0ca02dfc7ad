"""Rules of tags: which calls they tag, when, and that who has none pays nothing for them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from calls import ledger
from calls.choices import Direction, Disposition, EventKind, Source, State
from calls.drafts import CallChanges, CallDraft, CallProgress, PartyDraft
from calls.models import Call, CallEvent, Tag, TagRule
from calls.models.rule import RuledFacts
from tests.calls.api.client import BODY, ApiClient
from tests.make import STARTED_AT, make_call, make_line, make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant():
    return make_tenant()


def make_rule(tenant, tag="ruled", **conditions):
    row = Tag.objects.get_or_create(tenant=tenant, name=tag)[0]
    return TagRule.objects.create(tenant=tenant, tag=row, **conditions)


def tags_of(call):
    return sorted(Call.objects.get(pk=call.pk).tags.values_list("name", flat=True))


def over(seconds=30, disposition=Disposition.ANSWERED):
    at = STARTED_AT + timedelta(seconds=seconds)
    return CallProgress(what="over", state=State.ENDED, happened_at=at, ended_at=at, disposition=disposition)


class TestLogging:
    @pytest.mark.parametrize(
        ("conditions", "fits"),
        [
            ({"direction": "inbound"}, True),
            ({"direction": "outbound"}, False),
            ({"disposition": "answered"}, True),
            ({"disposition": "busy"}, False),
            ({"number_prefix": "+4670"}, True),
            ({"number_prefix": "+4671"}, False),
            ({"least_ms": 60_000}, True),
            ({"least_ms": 60_001}, False),
            ({"most_ms": 60_000}, True),
            ({"most_ms": 59_999}, False),
            ({"direction": "inbound", "least_ms": 1, "most_ms": 90_000, "number_prefix": "+46701234567"}, True),
            ({"direction": "inbound", "disposition": "busy"}, False),
            ({"direction": "inbound", "is_active": False}, False),
        ],
    )
    def test_a_call_that_fits_every_condition_gets_the_tag(self, tenant, conditions, fits):
        make_rule(tenant, **conditions)
        assert tags_of(make_call(tenant, disposition=Disposition.ANSWERED)) == (["ruled"] if fits else [])

    def test_a_line_is_a_condition(self, tenant):
        line, other = make_line(tenant, "+4640500600"), make_line(tenant, "+4640500700")
        make_rule(tenant, "here", line=line)
        make_rule(tenant, "there", line=other)
        assert tags_of(make_call(tenant, callee=PartyDraft(number="+4640500600"))) == ["here"]

    def test_the_tags_it_came_with_stay_and_none_comes_twice(self, tenant):
        make_rule(tenant, "Long", least_ms=1)
        make_rule(tenant, "Long", direction="inbound")
        make_rule(tenant, "in", direction="inbound")
        assert tags_of(make_call(tenant, tags=("LONG", "own"))) == ["Long", "in", "own"]

    def test_what_rules_did_is_told_and_stands_in_the_event(self, tenant):
        make_rule(tenant, "b", least_ms=1)
        make_rule(tenant, "a", direction="inbound")
        draft = CallDraft(source=Source.API, started_at=STARTED_AT, direction=Direction.INBOUND, duration_ms=5)
        recorded = ledger.record(tenant, draft)
        assert sorted(recorded.ruled) == ["a", "b"]
        assert CallEvent.objects.get().data["by_rule"] == ["a", "b"]

    def test_a_repeat_is_not_tagged_again(self, tenant):
        make_rule(tenant, direction="inbound")
        draft = CallDraft(source=Source.API, started_at=STARTED_AT, direction=Direction.INBOUND, external_id="x")
        call = ledger.record(tenant, draft).call
        ledger.amend(call, CallChanges(tags=()))
        again = ledger.record(tenant, draft)
        assert (again.created, again.ruled, tags_of(call)) == (False, (), [])

    def test_another_tenants_rules_tag_nothing(self, tenant):
        make_rule(make_tenant(), direction="inbound")
        assert tags_of(make_call(tenant)) == []

    def test_what_rules_put_on_is_in_the_answer_of_the_api(self, tenant):
        make_rule(tenant, "in", direction="inbound")
        api = ApiClient(tenant)
        assert api.post("calls", BODY).json()["tags"] == ["in"]
        assert api.post("calls", {**BODY, "tags": ["own"]}).json()["tags"] == ["in", "own"]
        assert api.post("calls", {**BODY, "direction": "outbound"}).json()["tags"] == []


class TestChanging:
    def test_a_call_is_tagged_when_it_ends_as_the_rule_says(self, tenant):
        make_rule(tenant, "busy", disposition="busy")
        make_rule(tenant, "short", most_ms=30_000)
        call = make_call(tenant, seconds=None)
        assert tags_of(call) == []
        ledger.progress(call.pk, over(30, Disposition.BUSY))
        assert tags_of(call) == ["busy", "short"]
        assert CallEvent.objects.get(kind=EventKind.PROGRESSED).data["by_rule"] == ["busy", "short"]

    def test_a_call_is_tagged_when_it_is_put_right(self, tenant):
        make_rule(tenant, "out", direction="outbound")
        call = make_call(tenant, tags=("own",))
        ledger.amend(call, CallChanges(direction=Direction.OUTBOUND), actor=make_user(tenant))
        assert tags_of(call) == ["out", "own"]
        told = CallEvent.objects.get(kind=EventKind.AMENDED).data
        assert (told["by_rule"], told["changed"]["tags"]) == (["out"], [["own"], ["out", "own"]])

    def test_who_takes_a_tag_off_is_not_overruled(self, tenant):
        make_rule(tenant, direction="inbound")
        call = make_call(tenant, seconds=None)
        ledger.amend(call, CallChanges(tags=()))
        ledger.amend(call, CallChanges(notes="Anna asked for the price."))
        ledger.progress(call.pk, over())
        assert tags_of(call) == []

    def test_a_call_that_is_given_up_is_tagged(self, tenant):
        make_rule(tenant, "lost", disposition="unknown")
        call = make_call(tenant, seconds=None)
        Call.objects.filter(pk=call.pk).update(updated_at=STARTED_AT)
        assert ledger.give_up(call.pk)
        assert tags_of(call) == ["lost"]

    def test_a_new_rule_leaves_past_calls_alone(self, tenant):
        call = make_call(tenant)
        make_rule(tenant, direction="inbound")
        ledger.amend(call, CallChanges(outcome="Order"))
        assert tags_of(call) == []


class TestCosts:
    def draft(self, number=0):
        remote = PartyDraft(number=f"+4670123456{number % 10}")
        return CallDraft(source=Source.API, started_at=STARTED_AT, direction=Direction.INBOUND, duration_ms=5, remote=remote)

    def count(self, work):
        with CaptureQueriesContext(connection) as queries:
            work()
        return len(queries)

    def test_without_rules_a_call_costs_what_it_did(self, tenant, monkeypatch):
        make_rule(make_tenant(), direction="inbound")
        make_rule(tenant, direction="inbound", is_active=False)
        ledger.record(tenant, self.draft())
        now = self.count(lambda: ledger.record(tenant, self.draft()))
        monkeypatch.setattr(ledger.linking, "ruled_question", lambda tenant: ledger.linking.Question("", tenant))
        assert now == self.count(lambda: ledger.record(tenant, self.draft()))

    def test_the_number_of_rules_does_not_count(self, tenant):
        counts = []
        for rules in (2, 50):
            for number in range(TagRule.objects.count(), rules):
                make_rule(tenant, f"tag {number}", direction="inbound", number_prefix="+4670")
            counts.append(self.count(lambda: ledger.record_many(tenant, [self.draft(number) for number in range(20)])))
            call = make_call(tenant, seconds=None, direction=Direction.OUTBOUND)
            counts.append(self.count(lambda call=call: ledger.amend(call, CallChanges(direction=Direction.INBOUND))))
        assert counts[:2] == counts[2:]
        assert Call.objects.filter(tags__isnull=False).distinct().count() == 42

    def test_a_note_asks_for_no_rules(self, tenant):
        make_rule(tenant, direction="outbound")
        call = make_call(tenant)
        with CaptureQueriesContext(connection) as queries:
            ledger.amend(call, CallChanges(outcome="Order"))
        assert not [query for query in queries if 'FROM "calls_tagrule"' in query["sql"].split("EXISTS")[0]]


class TestRules:
    def test_one_call_and_many_are_judged_alike(self, tenant):
        line = make_line(tenant, "+4640500600")
        for seconds in (None, 0, 30, 60):
            for disposition in (Disposition.ANSWERED, Disposition.BUSY):
                for number in ("+46701234567", "+47221234", "", "210"):
                    to = PartyDraft(number="+4640500600") if seconds != 30 else PartyDraft()
                    make_call(tenant, number, seconds=seconds, disposition=disposition, callee=to)
        rules = [
            {"disposition": "answered"},
            {"disposition": "unknown"},
            {"line": line},
            {"number_prefix": "+46"},
            {"least_ms": 0},
            {"most_ms": 30_000},
            {"least_ms": 1, "most_ms": 60_000, "direction": "inbound"},
        ]
        calls = list(Call.objects.all())
        for rule in [make_rule(tenant, **conditions) for conditions in rules]:
            one_by_one = {call.pk for call in calls if rule.fits(RuledFacts.of(call))}
            assert set(rule.among(Call.objects.all()).values_list("pk", flat=True)) == one_by_one

    def test_a_rule_without_conditions_and_one_out_of_order_are_refused(self, tenant):
        for conditions in ({}, {"least_ms": 2, "most_ms": 1}):
            with pytest.raises(IntegrityError), transaction.atomic():
                make_rule(tenant, **conditions)

    def test_a_rule_goes_with_its_line_and_its_tag(self, tenant):
        line = make_line(tenant, "+4640500600")
        make_rule(tenant, "a", line=line)
        make_rule(tenant, "b", direction="inbound")
        line.delete()
        assert [str(rule.tag) for rule in TagRule.objects.all()] == ["b"]
        Tag.objects.all().delete()
        assert not TagRule.objects.exists()
