"""What the vendor's page promises: who may search, by what, in which pages and order."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from calls.choices import Direction, Disposition
from calls.drafts import PartyDraft
from tests.calls.dialects.hostedsuite.asking import (
    CREDENTIALS,
    ask,
    ids,
    items,
    keys,
    listed,
    refusal,
    sample,
)
from tests.make import (
    STARTED_AT,
    make_call,
    make_tenant,
    make_user,
)

pytestmark = pytest.mark.django_db


def test_a_search_without_filters_answers_with_exactly_four_members(client, five):
    answer = listed(client)
    assert list(answer) == ["Items", "Page", "TotalCount", "TotalPages"]
    assert [item["Id"] for item in answer["Items"]] == keys(five)
    assert (answer["Page"], answer["TotalCount"], answer["TotalPages"]) == (0, 5, 1)


def test_an_empty_log_has_no_pages(client, ann):
    assert listed(client) == {"Items": [], "Page": 0, "TotalCount": 0, "TotalPages": 0}


def test_the_zeros_of_the_sample_do_not_filter(client, five):
    assert listed(client, sample("list-request-zeros")) == listed(client)


@pytest.mark.parametrize(
    "change",
    [{"Password": "wrong"}, {"CustomerName": "unknown"}, {"UserName": "nobody"}, {"CustomerName": "other"}],
    ids=["password", "customer", "user", "foreign-customer"],
)
def test_wrong_credentials_get_one_answer_that_hints_at_nothing(client, ann, change):
    make_user(make_tenant("other"), username="olga")
    status = refusal(ask(client, change), 401)
    assert status == refusal(ask(client, {"Password": "quite wrong"}), 401)
    assert status["ErrorCode"] == "Unauthorized"
    assert status["Errors"] == []


@pytest.mark.parametrize("missing", list(CREDENTIALS))
@pytest.mark.parametrize("value", [None, ""])
def test_missing_credentials_are_named(client, ann, missing, value):
    status = refusal(ask(client, {missing: value}), 401)
    assert status["ErrorCode"] == "Unauthorized"
    assert [error["FieldName"] for error in status["Errors"]] == [missing]


def test_an_empty_body_misses_all_three(client, ann):
    status = refusal(client.post("/api/calls", b"", content_type="application/json"), 401)
    assert [error["FieldName"] for error in status["Errors"]] == list(CREDENTIALS)


@pytest.mark.parametrize("word", ["Outgoing", "outgoing", "OUTGOING", 1, "1"])
def test_call_type_outgoing_gives_outgoing_calls_only(client, acme, ann, word):
    make_call(acme)
    outgoing = make_call(acme, direction=Direction.OUTBOUND)
    [item] = items(client, {"CallType": word})
    assert (item["Id"], item["Type"]) == (str(outgoing.pk), "Outgoing")


@pytest.mark.parametrize("word", ["Incoming", "incoming", 0, "0"])
def test_call_type_incoming_includes_the_missed(client, acme, ann, word):
    make_call(acme, direction=Direction.OUTBOUND)
    missed = make_call(acme, disposition=Disposition.NO_ANSWER)
    [item] = items(client, {"CallType": word})
    assert (item["Id"], item["Type"]) == (str(missed.pk), "Incoming")


@pytest.mark.parametrize("fields", [{}, {"CallType": None}, {"CallType": ""}])
def test_no_call_type_means_both(client, acme, ann, fields):
    make_call(acme)
    make_call(acme, direction=Direction.OUTBOUND)
    make_call(acme, direction=Direction.UNKNOWN)
    assert [item["Type"] for item in items(client, fields)] == ["Incoming", "Outgoing", "Incoming"]


def test_every_call_is_found_by_exactly_one_call_type(client, acme, ann):
    parties = [("+46701234567", ""), ("", "+46701234567"), ("+46701234567", "+4685550000"), ("+46701234567", "+46701234567")]
    for direction in Direction:
        for caller, callee in parties:
            sides = {"caller": PartyDraft(number=caller), "callee": PartyDraft(number=callee)}
            make_call(acme, direction=direction, remote=PartyDraft(), **sides)
        make_call(acme, direction=direction)
    found = {word: items(client, {"CallType": word}) for word in ("Incoming", "Outgoing")}
    assert all(item["Type"] == word for word, shown in found.items() for item in shown)
    assert sorted(item["Id"] for shown in found.values() for item in shown) == sorted(ids(client))


@pytest.mark.parametrize("descending", [False, True])
def test_calls_are_sorted_by_the_type_that_is_shown(client, acme, ann, descending):
    for direction in Direction:
        make_call(acme, direction=direction)
    shown = [item["Type"] for item in items(client, {"SortField": "Type", "SortDir": "Desc" if descending else "Asc"})]
    assert shown == sorted(shown, reverse=descending)


@pytest.mark.parametrize("word", ["Sideways", 2, -1, True, [], {}, "Incoming,Outgoing"])
def test_any_other_call_type_is_refused_and_named(client, ann, word):
    status = refusal(ask(client, {"CallType": word}), 400)
    assert status["Errors"][0]["FieldName"] == "CallType"


def test_a_form_with_another_call_type_is_refused_as_well(client, ann):
    form = "&".join(f"{name}={value}" for name, value in {**CREDENTIALS, "CallType": "Sideways"}.items())
    status = refusal(client.post("/api/calls", form, "application/x-www-form-urlencoded"), 400)
    assert status["Errors"][0]["FieldName"] == "CallType"


def test_the_duration_filters_compare_talk_time_and_include_their_bounds(client, acme, ann):
    call = make_call(acme, seconds=100, ring_ms=40_500, disposition=Disposition.ANSWERED)
    [item] = items(client)
    assert (item["DurationInSeconds"], item["TalkTimeInSeconds"]) == (100, 59.5)
    for inside in ({"MinCallDuration": 59.5}, {"MaxCallDuration": 59.5}, {"MinCallDuration": "59.5", "MaxCallDuration": 60}):
        assert ids(client, inside) == [str(call.pk)], inside
    for outside in ({"MinCallDuration": 59.501}, {"MaxCallDuration": 59.499}, {"MinCallDuration": 100}):
        assert ids(client, outside) == [], outside


def test_a_length_nobody_told_counts_as_the_zero_it_is_shown_as(client, acme, ann):
    live = make_call(acme, seconds=None)
    assert items(client)[0]["TalkTimeInSeconds"] == 0
    assert ids(client, {"MaxCallDuration": 10}) == [str(live.pk)]
    assert ids(client, {"MinCallDuration": 0.001}) == []


def test_dates_bound_the_start_and_a_day_is_included_to_its_end(client, acme, ann):
    starts = ["2024-01-30T22:59:59", "2024-01-30T23:00:00", "2024-01-31T22:59:59.999", "2024-01-31T23:00:00"]  # UTC
    calls = [make_call(acme, started_at=datetime.fromisoformat(start).replace(tzinfo=UTC)) for start in starts]
    assert ids(client, {"StartDate": "2024-01-31", "EndDate": "2024-01-31"}) == keys(calls[1:3])
    assert ids(client, {"StartDate": "2024-02-01"}) == keys(calls[3:])
    assert ids(client, {"EndDate": "2024-01-30"}) == keys(calls[:1])
    assert listed(client, {"StartDate": "2024-02-01", "EndDate": "2024-01-01"})["TotalCount"] == 0


@pytest.mark.parametrize("name", ["StartDate", "EndDate"])
def test_a_bad_date_is_refused_and_named(client, ann, name):
    status = refusal(ask(client, {name: "last tuesday"}), 400)
    assert status["ErrorCode"] == "FormatException"
    assert status["Errors"][0]["FieldName"] == name
    assert "last tuesday" not in json.dumps(status)


def test_one_call_is_found_by_its_id_in_either_form(client, five):
    for text in (str(five[2].pk), five[2].pk.hex, five[2].pk.hex[:24], str(five[2].pk).upper()):
        answer = listed(client, {"CallRecordId": text})
        assert [item["Id"] for item in answer["Items"]] == [str(five[2].pk)]
        assert answer["TotalCount"] == 1


@pytest.mark.parametrize("text", ["5d81eb28aeeafc7a74d8f999", "00000000-0000-7000-8000-000000000000", "nonsense", 7])
def test_an_unknown_id_is_an_empty_list(client, five, text):
    assert listed(client, {"CallRecordId": text}) == {"Items": [], "Page": 0, "TotalCount": 0, "TotalPages": 0}


@pytest.mark.parametrize(("page", "positions"), [(0, [0, 1]), (1, [2, 3]), (2, [4]), (3, []), (10**18, [])])
def test_pages_count_from_zero_and_end_empty(client, five, page, positions):
    answer = listed(client, {"ItemsPerPage": 2, "Page": page})
    assert [item["Id"] for item in answer["Items"]] == [str(five[n].pk) for n in positions]
    assert (answer["Page"], answer["TotalCount"], answer["TotalPages"]) == (page, 5, 3)


def test_negative_paging_is_clamped(client, five):
    answer = listed(client, {"ItemsPerPage": -2, "Page": -7})
    assert (len(answer["Items"]), answer["Page"], answer["TotalPages"]) == (5, 0, 1)


def test_no_answer_holds_more_than_the_cap(client, five, monkeypatch):
    monkeypatch.setattr("calls.dialects.hostedsuite.search.MOST_ITEMS", 2)
    for size in (0, 3, 10**18):
        answer = listed(client, {"ItemsPerPage": size, "Page": 1})
        assert [item["Id"] for item in answer["Items"]] == keys(five[2:4])
        assert (answer["TotalCount"], answer["TotalPages"]) == (5, 3)


def test_counting_is_bounded(client, five, monkeypatch):
    monkeypatch.setattr("calls.dialects.hostedsuite.search.MOST_COUNTED", 3)
    answer = listed(client, {"ItemsPerPage": 1, "Page": 4})
    assert answer["TotalCount"] == 3
    assert [item["Id"] for item in answer["Items"]] == keys(five[4:])


@pytest.mark.parametrize("word", ["Desc", "desc", "DESC", 1, "1"])
def test_sort_dir_desc_reverses(client, five, word):
    assert ids(client, {"SortDir": word}) == keys(reversed(five))
    assert ids(client, {"SortDir": word, "SortField": "starttime"}) == keys(reversed(five))


@pytest.mark.parametrize("field", ["Nonsense", "String", "tenant__user__password", "started_at", "tenant__name", "-id", "?"])
def test_an_unknown_sort_field_is_ignored(client, five, field):
    assert ids(client, {"SortField": field}) == keys(five)


def test_ties_are_settled_by_id_in_both_directions(client, acme, ann):
    calls = [make_call(acme) for _ in range(4)]
    expected = sorted(keys(calls))
    assert ids(client, {"SortField": "TalkTimeInSeconds"}) == expected
    assert ids(client, {"SortField": "StartTime", "SortDir": "Desc"}) == expected[::-1]


def test_every_property_of_an_item_sorts_or_is_ignored(client, five, acme):
    for name in [*sample("list-response")["Items"][0], "Interactions", "CompletedFormIds"]:
        for direction in ("Asc", "Desc"):
            found = ids(client, {"SortField": name, "SortDir": direction})
            assert sorted(found) == sorted(keys(five)), name


def test_sorting_by_talk_time_puts_the_longest_first_and_the_unknown_last(client, five, acme):
    live = make_call(acme, seconds=None, started_at=STARTED_AT - timedelta(days=1))
    found = ids(client, {"SortField": "TalkTimeInSeconds", "SortDir": "Desc"})
    assert found == [*keys(reversed(five)), str(live.pk)]


@pytest.mark.parametrize("value", [True, "true", "True", "1", 1])
def test_without_stats_the_items_are_the_same_and_the_counts_zero(client, five, value):
    answer = listed(client, {"DisableStats": value, "ItemsPerPage": 2, "Page": 1})
    assert [item["Id"] for item in answer["Items"]] == keys(five[2:4])
    assert (answer["TotalCount"], answer["TotalPages"], answer["Page"]) == (0, 0, 1)


def test_without_stats_nothing_is_counted_and_an_absurd_page_asks_for_no_rows(client, five, django_assert_num_queries):
    assert listed(client, {"DisableStats": True, "Page": 10**30})["Items"] == []
    listed(client)
    with django_assert_num_queries(5):  # membership, user, membership, calls, interactions
        listed(client, {"DisableStats": "on"})
