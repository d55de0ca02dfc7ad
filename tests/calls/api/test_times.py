"""Times as clients write them: the hour that comes twice, lower-case letters, precision, numbers where times belong."""

from __future__ import annotations

import pytest

from tests.calls.api.client import BODY, faults_of

pytestmark = pytest.mark.django_db

TWICE = "2026-10-25 "  # in Stockholm clocks go from 03:00 back to 02:00


def log(api, **facts):
    response = api.post("calls", {**{name: BODY[name] for name in ("direction", "number")}, **facts})
    assert response.status_code == 201, response.content
    return response.json()


@pytest.mark.parametrize(
    ("started", "ended", "duration", "utc"),
    [
        ("02:59:50", "02:00:10", 20, ("00:59:50Z", "01:00:10Z")),
        ("02:59:50", "02:00:10", None, ("00:59:50Z", "01:00:10Z")),
        ("02:10:00", "02:20:00", 600, ("00:10:00Z", "00:20:00Z")),
        ("02:10:00", "02:20:00", None, ("00:10:00Z", "00:20:00Z")),
        ("02:10:00", "02:20:00", 4200, ("00:10:00Z", "01:20:00Z")),
        ("01:50:00", "02:20:00", 5400, ("23:50:00Z", "01:20:00Z")),
        ("02:50:00", "03:10:00", 1200, ("01:50:00Z", "02:10:00Z")),
        ("02:50:00", "03:10:00", 4800, ("00:50:00Z", "02:10:00Z")),
    ],
)
def test_a_call_over_the_end_of_summer_time_is_as_long_as_it_says(api, started, ended, duration, utc):
    told = {} if duration is None else {"duration": duration}
    call = log(api, started_at=TWICE + started, ended_at=TWICE + ended, **told)
    assert (call["started_at"][-9:], call["ended_at"][-9:]) == utc
    assert duration is None or call["duration"] == duration


def test_the_answer_is_settled_with_the_rest_and_so_is_a_later_end(api):
    times = {"started_at": TWICE + "02:59:50", "answered_at": TWICE + "02:00:00", "ended_at": TWICE + "02:00:10"}
    call = log(api, **times, legs=[{"role": "source", "started_at": times["started_at"], "ended_at": times["ended_at"]}])
    assert (call["duration"], call["ring"], call["talk"]) == (20, 10, 10)
    leg = api.get(f"calls/{call['id']}?expand=legs").json()["legs"][0]
    assert (leg["started_at"][-9:], leg["ended_at"][-9:]) == ("00:59:50Z", "01:00:10Z")
    live = log(api, started_at=times["started_at"])
    ended = api.patch(f"calls/{live['id']}", {"ended_at": times["ended_at"]}).json()
    assert ended["duration"] == 20


def test_the_hour_that_is_left_out_is_read_all_the_same(api):
    call = log(api, started_at="2026-03-29 01:59:50", ended_at="2026-03-29 03:00:10", duration=20)
    assert (call["duration"], call["ended_at"]) == (20, "2026-03-29T01:00:10Z")


def test_audio_of_such_a_call_may_be_announced(api):
    times = {"started_at": TWICE + "02:59:50", "ended_at": TWICE + "02:00:10", "duration": 20}
    assert api.post("uploads", {"number": BODY["number"], **times}).status_code == 201


@pytest.mark.parametrize("text", ["2026-03-02t08:00:00z", "2026-03-02T08:00:00z", "2026-03-02t09:00:00.000+01:00"])
def test_lower_case_letters_are_as_good(api, text):
    call = log(api, started_at=text, duration=1)
    assert call["started_at"] == "2026-03-02T08:00:00Z"
    query = text.replace("+", "%2B")
    assert [row["id"] for row in api.get(f"calls?started_after={query}").json()["results"]] == [call["id"]]


@pytest.mark.parametrize("number", [0, 1767225600, 1767225600000, "0", "1767225600"])
def test_numbers_are_no_times_and_the_answer_says_how_to_write_them(api, number):
    response = api.post("calls", {**BODY, "started_at": number})
    assert (response.status_code, faults_of(response)) == (400, {"/started_at"})
    assert "2026-03-02T09:00:00+01:00" in response.json()["errors"][0]["detail"]
