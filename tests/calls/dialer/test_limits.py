"""What a tenant may dial, and how much: exact however many ask at once, and given back at the end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier
from typing import Any

import phonenumbers
import pytest
from django.db import connection

from calls import dialer
from calls.choices import DialMeter
from calls.dialer import limits, numbers
from calls.errors import DialRefused
from calls.models import Call, DialPlan, DialUse, DoNotCall, Origination
from contacts.phone import read_number
from tests.calls.dialer.ordering import ORDINARY, TALKS_ON, order
from tests.make import make_line, make_tenant
from tests.twins import begun

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE, EACH = 20, 10


def plan_for(tenant, **fields) -> DialPlan:
    roomy = {"calls_per_second": 10_000, "concurrent_legs": 10_000, "minutes_per_day": 1_000_000, "calls_per_destination": 10_000}
    return DialPlan.objects.create(tenant=tenant, **{**roomy, **fields})


def used(meter: DialMeter) -> int:
    return sum(DialUse.objects.filter(meter=meter).values_list("used", flat=True))


def two_hundred(work) -> list[Any]:
    """What 200 askers got, 20 of them at any time."""
    start = Barrier(AT_ONCE)

    def some(_: int) -> list[Any]:
        try:
            start.wait(30)
            return [attempt(work) for _ in range(EACH)]
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [result for results in pool.map(some, range(AT_ONCE)) for result in results]


def attempt(work) -> Any:
    try:
        return work()
    except DialRefused as refusal:
        return refusal.code


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "asked", "accepted", "code"),
    [
        ({"calls_per_second": 7}, {}, 7, "too_many_per_second"),
        ({"concurrent_legs": 11}, {}, 5, "too_many_legs"),
        ({"minutes_per_day": 10}, {"max_duration_s": 60}, 10, "minutes_used_up"),
        ({"minutes_per_day": 35}, {}, 4, "minutes_used_up"),
        ({"calls_per_destination": 6}, {}, 6, "destination_calls_used_up"),
    ],
)
def test_limits_are_exact_among_two_hundred(tenant, line, clock, monkeypatch, rule, asked, accepted, code):
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)
    plan_for(tenant, **rule)
    results = two_hundred(lambda: dialer.place(tenant, order(line, **asked)))
    assert [result for result in results if isinstance(result, str)] == [code] * (200 - accepted)
    assert Origination.objects.count() == Call.objects.count() == accepted
    assert used(DialMeter.LEGS) == 2 * accepted


def test_a_refusal_takes_nothing_of_any_limit(tenant, line, clock):
    plan_for(tenant, calls_per_destination=1)
    dialer.place(tenant, order(line))
    before = {(use.meter, use.bucket): use.used for use in DialUse.objects.all()}
    with pytest.raises(DialRefused, match="1 times a day"):
        dialer.place(tenant, order(line))
    assert {(use.meter, use.bucket): use.used for use in DialUse.objects.all()} == before


def test_the_end_gives_back_what_was_not_needed(tenant, line, clock):
    row = dialer.place(tenant, order(line))
    assert (used(DialMeter.LEGS), used(DialMeter.SECONDS)) == (2, 4 * 3600)
    clock.shift(20)
    dialer.refresh(row)
    assert (used(DialMeter.LEGS), used(DialMeter.SECONDS)) == (0, 5)


def test_a_transfer_takes_a_leg_and_gives_it_back(tenant, line, clock):
    row = dialer.place(tenant, order(line, TALKS_ON))
    clock.shift(4)
    dialer.transfer(row, "212")
    assert used(DialMeter.LEGS) == 3
    dialer.hang_up(row)
    assert used(DialMeter.LEGS) == 0


def test_a_transfer_while_somebody_hangs_up_waits_for_nobody_who_waits_for_it(tenant, line, clock, monkeypatch):
    row = dialer.place(tenant, order(line, TALKS_ON))
    clock.shift(4)
    take_leg, others = limits.take_leg, []

    def taking(plan):
        take_leg(plan)
        others.append(begun(lambda: dialer.hang_up(Origination.objects.get(pk=row.pk))))

    monkeypatch.setattr(limits, "take_leg", taking)
    with suppress(DialRefused):  # where it is over by then
        dialer.transfer(row, "212")
    others[0].result(60)
    assert used(DialMeter.LEGS) == 0


def test_a_call_is_never_longer_than_the_plan_allows(tenant, line, clock):
    plan_for(tenant, longest_call_s=600)
    assert dialer.place(tenant, order(line, max_duration_s=7200)).max_duration_s == 600


class TestCallsThatNameNoLength:
    def test_as_many_as_there_are_telephones_go_on_at_once(self, tenant, line, clock, monkeypatch):
        monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)
        plan = DialPlan.objects.create(tenant=tenant, calls_per_second=100)
        for _ in range(plan.concurrent_legs // 2):
            dialer.place(tenant, order(line))
        with pytest.raises(DialRefused) as refused:
            dialer.place(tenant, order(line))
        assert refused.value.code == "too_many_legs"
        assert used(DialMeter.SECONDS) <= plan.minutes_per_day * 60

    def test_none_talks_longer_than_it_got(self, tenant, line, clock):
        plan_for(tenant, concurrent_legs=8, minutes_per_day=120)
        for got in (1800, 1800, 1800):
            row = dialer.place(tenant, order(line, TALKS_ON))
            assert row.max_duration_s == row.order["max_duration_s"] == row.reserved_s == got
        clock.shift(2 * 3600)
        dialer.refresh(row)
        assert row.billable_ms == 1800 * 1000

    def test_the_last_minutes_are_not_cut_up(self, tenant, line, clock):
        plan_for(tenant, minutes_per_day=15)
        assert [dialer.place(tenant, order(line)).max_duration_s for _ in range(2)] == [600, 300]
        with pytest.raises(DialRefused) as refused:
            dialer.place(tenant, order(line))
        assert refused.value.code == "minutes_used_up"


def test_tenants_do_not_use_each_others_limits(tenant, line, clock):
    other = make_tenant()
    for owner in (tenant, other):
        plan_for(owner, concurrent_legs=2)
    dialer.place(tenant, order(line))
    assert dialer.place(other, order(make_line(other, "210"))).tenant == other


def test_old_uses_are_forgotten_and_lost_legs_freed(tenant, line, clock):
    row = dialer.place(tenant, order(line, TALKS_ON))
    row.call.delete()
    clock.shift(2 * 3600)
    limits.forget_old()
    assert used(DialMeter.LEGS) == 0
    clock.shift(timedelta(days=4).total_seconds())
    limits.forget_old()
    assert not DialUse.objects.exclude(meter=DialMeter.LEGS).exists()


class TestNumbers:
    @pytest.mark.parametrize("kind", sorted(numbers.REFUSED_TYPES))
    def test_special_numbers_of_every_country_are_refused_in_that_country(self, tenant, kind):
        """Also where the tenant may call every country there is."""
        plan = DialPlan(tenant=tenant, countries=sorted(phonenumbers.SUPPORTED_REGIONS))
        tried = 0
        for region in sorted(phonenumbers.SUPPORTED_REGIONS):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None or phonenumbers.number_type(example) != kind:
                continue
            text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            if not read_number(text, "SE").e164:
                continue
            tried += 1
            with pytest.raises(DialRefused) as refused:
                numbers.endpoint_of(plan, text, "destination_invalid", is_simulation=True)
            assert refused.value.code in ("number_type_refused", "high_risk_number"), (region, text)
        assert tried > 3

    def test_only_the_own_country_is_called_by_default(self, tenant):
        plan = DialPlan(tenant=tenant)
        for region in sorted(phonenumbers.SUPPORTED_REGIONS - {"SE"}):
            example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.FIXED_LINE)
            text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            with pytest.raises(DialRefused):
                numbers.endpoint_of(plan, text, "destination_invalid", is_simulation=True)

    @pytest.mark.parametrize("text", ["+881612345678", "+870771234567", "+882161234567", "+97912345678", "+80812345678"])
    def test_networks_without_a_country_are_refused(self, tenant, text):
        plan = DialPlan(tenant=tenant, countries=sorted(phonenumbers.SUPPORTED_REGIONS))
        with pytest.raises(DialRefused) as refused:
            numbers.endpoint_of(plan, text, "destination_invalid", is_simulation=True)
        assert refused.value.code in ("high_risk_number", "number_type_refused", "country_not_allowed", "destination_invalid")

    @pytest.mark.parametrize("text", ["", "abc", "#21#", "*", "1*2*3", "9" * 40, "{x}", "@", "&"])
    def test_what_is_no_number_is_refused(self, tenant, text):
        with pytest.raises(DialRefused) as refused:
            numbers.endpoint_of(DialPlan(tenant=tenant), text, "destination_invalid", is_simulation=True)
        assert refused.value.code == "destination_invalid"

    @pytest.mark.parametrize("text", ["070 123 45 67@evil", "210&PJSIP/1", "210,1", "0701234567\r\nX: y", "210|211", "<210>"])
    def test_no_text_reaches_a_dial_string(self, tenant, text):
        """Whatever surrounds them, only digits are left."""
        found = attempt(lambda: numbers.endpoint_of(DialPlan(tenant=tenant), text, "x", is_simulation=True))
        assert found == "x" or found.digits.removeprefix("+").isdecimal()

    @pytest.mark.parametrize("written", ["070-123 45 67", "0046701234567", "+46 70 123 45 67"])
    def test_numbers_not_to_call_are_not_in_any_spelling(self, tenant, line, written):
        read = read_number(ORDINARY, "SE")
        DoNotCall.objects.create(tenant=tenant, number=ORDINARY, e164=read.e164, match_key=read.key)
        for asked in ({"destination": written}, {"destination": TALKS_ON, "sources": (written,)}):
            with pytest.raises(DialRefused) as refused:
                dialer.place(tenant, order(line, **asked))
            assert refused.value.code == "do_not_call"

    @pytest.mark.parametrize("text", ["112", "911", "212"])
    def test_a_real_exchange_rings_only_the_tenants_own_extensions(self, tenant, line, text):
        with pytest.raises(DialRefused) as refused:
            numbers.endpoint_of(DialPlan(tenant=tenant), text, "destination_invalid", is_simulation=False)
        assert refused.value.code == "extension_unknown"

    def test_a_real_exchange_rings_proven_extensions_only(self, tenant, line):
        plan = DialPlan(tenant=tenant)
        assert numbers.endpoint_of(plan, "210", "x", is_simulation=False).digits == "210"
        line.is_proven = False
        line.save()
        with pytest.raises(DialRefused) as refused:
            numbers.endpoint_of(plan, "210", "destination_invalid", is_simulation=False)
        assert (refused.value.code, "operator" in refused.value.message) == ("extension_unknown", True)
