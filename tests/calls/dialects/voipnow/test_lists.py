"""Lists of the calls in the system: filters, order, and what they cost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calls.models import DialPlan, Origination
from tenants.models import AccessToken
from tests.calls.dialects.voipnow.asking import NOW, RINGS_ON, order, refusal

pytestmark = pytest.mark.django_db(transaction=True)

ALL = "/uapi/phoneCalls/@me/@self"


@pytest.fixture
def three(api, clock):
    """Ids of three calls, ten seconds apart, that all ring."""
    ids = []
    for _ in range(3):
        ids.append(api.created(destination=RINGS_ON)["id"])
        clock.shift(7)
    return ids


def found(api, by, value="", op=None, **more):
    query = "&".join(f"{name}={text}" for name, text in more.items())
    path = f"{ALL}?sortOrder=ascending&filterBy={by}&filterValue={value}" + (f"&filterOp={op}" if op else "") + f"&{query}"
    return [entry["id"] for entry in api.entry(path)]


class TestById:
    def test_equals(self, api, three):
        assert found(api, "id", three[1]) == found(api, "id", three[1], "equals") == [three[1]]
        assert found(api, "id", three[1][:12]) == []

    def test_parts(self, api, three):
        assert found(api, "id", three[1][:12], "startsWith") == [three[1]]
        assert found(api, "id", three[1][4:], "contains") == [three[1]]
        assert found(api, "id", three[1][:2], "contains") == three

    def test_several(self, api, three):
        assert found(api, "id", f"{three[2]},{three[0]}", "inArray") == [three[0], three[2]]
        assert found(api, "id", op="present") == three

    def test_order(self, api, three):
        assert found(api, "id", three[1], "greaterThan") == [three[2]]
        assert found(api, "id", three[1], "lessThan") == [three[0]]

    @pytest.mark.parametrize(("value", "op"), [("xyz", "startsWith"), ("a" * 21, "contains"), (",", "inArray"), ("", "equals")])
    def test_values_that_are_none(self, api, value, op):
        refusal(api.get(f"{ALL}?filterBy=id&filterOp={op}&filterValue={value}"), "filtervalue_invalid")


class TestByTime:
    def test_to_the_second(self, api, three):
        assert found(api, "published", "2026-03-02T09:00:07Z") == [three[1]]
        assert found(api, "published", "2026-03-02T10:00:07+01:00") == [three[1]]
        assert found(api, "published", "2026-03-02T10:00:07%2B01:00") == [three[1]]
        assert found(api, "published", "2026-03-02T09:00:07", "greaterThan") == [three[2]]
        assert found(api, "published", "2026-03-02T09:00:07", "lessThan") == [three[0]]
        assert found(api, "published", "2026-03-02T09:00:00Z,2026-03-02T09:00:14Z", "inArray") == [three[0], three[2]]
        assert found(api, "published", op="present") == three

    @pytest.mark.parametrize("value", ["yesterday", "2026-13-01T00:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59-14:00"])
    def test_values_that_are_none(self, api, value):
        refusal(api.get(f"{ALL}?filterBy=published&filterValue={value}"), "filtervalue_invalid")

    @pytest.mark.parametrize("op", ["contains", "startsWith"])
    def test_a_time_is_no_text(self, api, op):
        refusal(api.get(f"{ALL}?filterBy=published&filterOp={op}&filterValue=2026"), "filterop_invalid")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("filterBy=name&filterValue=x", "filterby_invalid"),
        ("filterOp=like", "filterop_invalid"),
        ("startIndex=-1", "startindex_invalid"),
        ("startIndex=5001", "startindex_invalid"),
        ("sortOrder=random", "sortorder_invalid"),
        ("fields=id,,nothing", "fields_invalid"),
        ("count=%00", "request_invalid"),
        ("count=%ff", "request_invalid"),
    ],
)
def test_bad_parameters_get_their_codes(api, query, code):
    refusal(api.get(f"{ALL}?{query}"), code)


def test_orders(api, three):
    assert [entry["id"] for entry in api.entry(ALL)] == three[::-1]
    assert [entry["id"] for entry in api.entry(f"{ALL}?sortOrder=ascending")] == three


def test_a_page_past_the_end_is_empty(api, three):
    body = api.get(f"{ALL}?startIndex=10&count=5").json()
    assert (body["entry"], body["totalResults"]) == ([], 3)


@pytest.mark.parametrize("count", [2, 50])
def test_a_list_takes_the_same_queries_however_long(api, acme, clock, django_assert_num_queries, count):
    DialPlan.objects.filter(tenant=acme).update(concurrent_legs=200)
    for _ in range(count):
        api.created(order(destination=RINGS_ON), "/uapi/phoneCalls/@me/simple?callDuration=60")
        clock.shift(0.1)
    Origination.objects.update(backend="asterisk")  # the simulator would look at each of them to see what it does
    AccessToken.objects.update(expires_at=NOW + timedelta(hours=1))
    with django_assert_num_queries(7):  # token, membership, live rows, page, legs, numbers of people, count
        body = api.get(f"{ALL}?count=50").json()
    assert len(body["entry"]) == count
    assert all(entry["ownerName"] == "Ann Lee" for entry in body["entry"])
