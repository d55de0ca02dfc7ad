"""Click-to-call through our API."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from calls.models import Call, Origination
from tests.calls.api.client import ApiClient, faults_of
from tests.make import make_call, make_center, make_line

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TALKS_ON = "+46702000201"
RINGS_ON = "+46702000180"


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def line(tenant):
    return make_line(tenant, "210", is_phone_terminal=True)


def ask(api, line, destination="+46 70-123 45 67", **body):
    return api.post("originations", {"line": str(line.pk), "destination": destination, **body})


class TestCreate:
    def test_is_accepted_before_anything_rings(self, api, line, clock):
        answer = ask(api, line)
        assert answer.status_code == 202
        body = answer.json()
        assert body["state"] in ("queued", "dispatching", "ringing")
        assert (body["exchange"], body["is_simulation"]) == ("simulator", True)
        assert answer["Location"].endswith(f"/api/v1/originations/{body['id']}")

    def test_a_whole_call_can_be_watched(self, api, line, clock):
        address = ask(api, line)["Location"]
        seen = []
        for _ in range(10):
            clock.shift(1)
            seen.append(api.get(address).json()["state"])
        assert list(dict.fromkeys(seen)) == ["ringing", "in_progress", "ended"]
        body = api.get(address).json()
        assert (body["disposition"], body["billable"]) == ("answered", 5)
        assert [(leg["role"], leg["number"], leg["disposition"]) for leg in body["legs"]] == [
            ("source", "210", "answered"),
            ("destination", "+46 70-123 45 67", "answered"),
        ]

    def test_a_repeat_with_the_same_key_makes_no_second_call(self, api, line, clock):
        body = {"line": str(line.pk), "destination": TALKS_ON}
        first, second = (api.post("originations", body, Idempotency_Key="k1") for _ in range(2))
        assert first.json()["id"] == second.json()["id"]
        assert second["Idempotency-Replayed"] == "true"
        assert Origination.objects.count() == 1

    @pytest.mark.parametrize(
        ("body", "status", "code", "pointer"),
        [
            ({"destination": "abc"}, 400, "destination_invalid", "/destination"),
            ({"destination": "+1 212 555 0100"}, 403, "country_not_allowed", "/destination"),
            ({"destination": "0900-1234567"}, 403, "number_type_refused", "/destination"),
            ({"sources": ["abc"]}, 400, "source_invalid", "/sources"),
            ({"sources": []}, 400, "source_invalid", "/sources"),
            ({"sources": ["210"] * 11}, 400, "too_many_sources", "/sources"),
            ({"caller": "+46701111111"}, 403, "caller_id_not_allowed", "/caller"),
            ({"caller_for_sources": "x"}, 400, "caller_id_invalid", "/caller_for_sources"),
            ({"wait": 0}, 400, "invalid", "/wait"),
            ({"wait": "x"}, 400, "invalid", "/wait"),
            ({"max_duration": 0}, 400, "invalid", "/max_duration"),
            ({"language": "e&x"}, 400, "invalid", "/language"),
            ({"backend": "asterisk"}, 400, "invalid", "/backend"),
        ],
    )
    def test_what_cannot_be_dialled_is_refused_by_name(self, api, line, body, status, code, pointer):
        answer = ask(api, line, **body)
        assert (answer.status_code, answer.json()["code"], faults_of(answer)) == (status, code, {pointer})
        assert not Origination.objects.exists()
        assert not Call.objects.exists()

    def test_another_tenants_line_is_no_line(self, stranger, line):
        answer = ask(stranger, line)
        assert (answer.status_code, faults_of(answer)) == (400, {"/line"})

    def test_a_line_of_another_center_is_not_used(self, tenant, line):
        api = ApiClient(tenant, center=make_center(tenant))
        assert ask(api, line).status_code == 403

    def test_a_reader_makes_no_calls(self, tenant, line):
        assert ask(ApiClient(tenant, scope="read"), line).status_code == 403


class TestActing:
    def test_hanging_up_ends_it_as_often_as_one_likes(self, api, line, clock):
        address = ask(api, line, RINGS_ON)["Location"]
        clock.shift(3)
        for _ in range(2):
            body = api.post(f"{address}/hangup").json()
            assert (body["state"], body["disposition"]) == ("ended", "cancelled")
        assert api.delete(address).status_code == 204

    def test_hold_and_back(self, api, line, clock):
        address = ask(api, line, TALKS_ON)["Location"]
        assert api.post(f"{address}/hold").json()["code"] == "not_talking"
        clock.shift(4)
        assert api.post(f"{address}/hold").json()["held"] is True
        assert api.delete(f"{address}/hold").json()["held"] is False

    def test_transfer_to_an_extension(self, api, line, clock):
        address = ask(api, line, TALKS_ON)["Location"]
        clock.shift(4)
        assert api.post(f"{address}/transfer", {"to": "212"}).status_code == 200
        clock.shift(4)
        legs = api.get(address).json()["legs"]
        assert [(leg["role"], leg["number"]) for leg in legs] == [
            ("source", "210"),
            ("destination", TALKS_ON),
            ("transfer", "212"),
        ]
        assert legs[0]["ended_at"]
        assert legs[1]["ended_at"] is None
        assert legs[2]["answered_at"]

    def test_transfer_outside_needs_leave(self, api, line, clock):
        address = ask(api, line, TALKS_ON)["Location"]
        clock.shift(4)
        answer = api.post(f"{address}/transfer", {"to": "+46701234567"})
        assert (answer.status_code, answer.json()["code"]) == (403, "transfer_not_allowed")

    @pytest.mark.parametrize("action", ["", "/hangup", "/hold", "/transfer"])
    def test_another_tenants_request_is_not_there(self, api, stranger, line, action, clock):
        key = ask(api, line, TALKS_ON).json()["id"]
        body = {"to": "210"} if action == "/transfer" else None
        answer = stranger.post(f"originations/{key}{action}", body) if action else stranger.get(f"originations/{key}")
        assert answer.status_code == 404
        assert Origination.objects.get().cancel_requested_at is None


class TestReading:
    def test_lists_by_state(self, api, line, clock):
        going = ask(api, line, TALKS_ON).json()["id"]
        ask(api, line)
        clock.shift(10)
        assert [row["id"] for row in api.get("originations?live=true").json()["results"]] == [going]
        assert len(api.get("originations?state=ended").json()["results"]) == 1

    def test_live_shows_calls_of_every_source_with_their_timers(self, api, tenant, line, stranger, clock):
        ask(api, line, TALKS_ON)
        make_call(tenant, seconds=None, started_at=NOW)
        make_call(tenant, started_at=NOW)
        clock.shift(5)
        rows = api.get("live").json()["results"]
        assert {row["state"] for row in rows} == {"in_progress"}
        assert sorted(row["elapsed"] for row in rows) == [5, 5]
        assert sorted(row["origination"] is not None for row in rows) == [False, True]
        assert stranger.get("live").json()["results"] == []

    def test_a_list_costs_the_same_with_two_and_with_twenty(self, api, line, clock, django_assert_max_num_queries):
        for _ in range(20):
            ask(api, line, "+46702000486")
            clock.shift(1)
        api.get("originations")
        for size in (2, 20):
            with django_assert_max_num_queries(8):
                assert len(api.get(f"originations?page_size={size}").json()["results"]) == size
