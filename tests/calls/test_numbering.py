"""Numbers for readers: they grow in the order they are given, and nobody who has seen one is ever told of a lower one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from calls import ledger
from calls.ledger import numbering
from calls.models import Call, CallNumbering
from tests.make import make_call, make_tenant
from tests.plans import plan_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECONDS = int((NOW - datetime(2024, 1, 1, tzinfo=UTC)).total_seconds())


def numbers(*tenants):
    calls = Call.objects.filter(tenant__in=tenants, number__isnull=False).order_by("number")
    return list(calls.values_list("number", flat=True))


@pytest.mark.django_db
class TestNumbers:
    @pytest.fixture(autouse=True)
    def _a_clock_that_stands(self):
        with time_machine.travel(NOW, tick=False) as self.clock:
            yield

    def test_ended_calls_are_numbered_in_the_order_they_were_logged(self):
        tenant = make_tenant()
        late = make_call(tenant, started_at=NOW)
        live = make_call(tenant, seconds=None)
        early = make_call(tenant, started_at=NOW - timedelta(days=9))
        assert ledger.number_calls([tenant]) is True
        assert dict(Call.objects.values_list("pk", "number")) == {late.pk: SECONDS + 1, live.pk: None, early.pk: SECONDS + 2}

    def test_a_number_stays(self):
        tenant = make_tenant()
        make_call(tenant)
        ledger.number_calls([tenant])
        before = numbers(tenant)
        self.clock.shift(60)
        ledger.number_calls([tenant])
        assert numbers(tenant) == before

    def test_numbers_follow_the_clock_where_it_is_ahead_of_them(self):
        tenant = make_tenant()
        for _ in range(3):
            make_call(tenant)
        ledger.number_calls([tenant])
        self.clock.shift(2)
        make_call(tenant)
        ledger.number_calls([tenant])
        self.clock.shift(100)
        make_call(tenant)
        ledger.number_calls([tenant])
        assert numbers(tenant) == [SECONDS + 1, SECONDS + 2, SECONDS + 3, SECONDS + 4, SECONDS + 103]

    def test_a_clock_set_back_and_a_removed_call_give_no_lower_number(self):
        tenant = make_tenant()
        call = make_call(tenant)
        ledger.number_calls([tenant])
        ledger.remove(call)
        self.clock.shift(-3600)
        make_call(tenant)
        ledger.number_calls([tenant])
        assert numbers(tenant) == [SECONDS + 2]

    def test_a_reseller_and_its_clients_share_one_sequence(self):
        reseller = make_tenant()
        one, two = make_tenant(parent=reseller), make_tenant(parent=reseller)
        stranger = make_tenant()
        for tenant in (one, two, reseller, stranger):
            make_call(tenant)
        ledger.number_calls([one])
        ledger.number_calls([stranger])
        ledger.number_calls([reseller, one, two])
        assert numbers(one) == [SECONDS + 1]
        assert numbers(reseller, one, two) == [SECONDS + 1, SECONDS + 2, SECONDS + 3]
        assert numbers(stranger) == [SECONDS + 1]

    def test_a_client_that_moves_to_another_reseller_brings_no_lower_number(self):
        reseller, client = make_tenant(), make_tenant()
        for _ in range(3):
            make_call(client)
        ledger.number_calls([client])
        client.parent = reseller
        client.save()
        make_call(reseller)
        ledger.number_calls([reseller, client])
        assert numbers(reseller) == [SECONDS + 4]

    def test_a_long_log_is_numbered_in_parts(self, monkeypatch):
        monkeypatch.setattr(numbering, "AT_ONCE", 2)
        tenant = make_tenant()
        for _ in range(7):
            make_call(tenant)
        assert ledger.number_calls([tenant], at_most=4) is False
        assert numbers(tenant) == [SECONDS + n for n in range(1, 5)]
        assert ledger.number_calls([tenant], at_most=4) is True
        assert numbers(tenant) == [SECONDS + n for n in range(1, 8)]
        assert CallNumbering.objects.get().last == SECONDS + 7

    def test_nothing_to_number_writes_nothing(self, django_assert_num_queries):
        tenant = make_tenant()
        with django_assert_num_queries(1):
            assert ledger.number_calls([tenant]) is True
        assert not CallNumbering.objects.exists()

    def test_numbering_changes_no_version(self):
        tenant = make_tenant()
        call = make_call(tenant)
        before = (call.version, call.updated_at)
        self.clock.shift(60)
        ledger.number_calls([tenant])
        call.refresh_from_db()
        assert (call.version, call.updated_at) == before


@pytest.mark.django_db
def test_finding_what_has_no_number_uses_its_index():
    tenant = make_tenant()
    query, parameters = Call.objects.unnumbered([tenant]).order_by("pk").only("pk")[:500].query.sql_with_params()
    assert "call_unnumbered" in plan_of(query, parameters)
