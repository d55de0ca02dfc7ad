"""HostedSuite: every line of the conformance list, and what every dialect promises."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache

from calls.choices import Direction, Disposition, EventKind, Source
from calls.dialects.hostedsuite import DIALECT
from calls.drafts import InteractionDraft, PartyDraft
from calls.models import Call, CallEvent
from contacts.matching import AgentHint
from tenants.choices import Role, Scope
from tenants.models import ApiToken
from tests.calls.dialects.contract import DialectContract, Good, basic
from tests.calls.dialects.hostedsuite import CREDENTIALS, REPLY, ask, ids, items, listed, refusal, sample
from tests.make import (
    PASSWORD,
    STARTED_AT,
    make_agent,
    make_call,
    make_center,
    make_company,
    make_contact,
    make_operator,
    make_tenant,
    make_token,
    make_user,
)

pytestmark = pytest.mark.django_db


class TestContract(DialectContract):
    dialect = DIALECT
    date_field = "StartDate"
    text_field = "ClientId"
    wants_credentials = False

    def good(self):
        token = ApiToken.objects.get()
        credentials = {"CustomerName": "acme", "UserName": token.user.username, "Password": self.token}
        return Good(path="/api/calls", body={**credentials, "StartDate": "2024-01-31", "ClientId": "5d81eb28aeeafc7a74d8f999"})

    def without_credentials(self):
        return Good(path="/api/calls", body={"StartDate": "2024-01-31"})

    def with_wrong_credentials(self):
        good = self.good()
        wrong = [{**good.body, name: "wrong"} for name in CREDENTIALS]
        header = Good(path=good.path, body={}, headers=basic(good.body["UserName"], self.token))
        return [*(Good(path=good.path, body=body) for body in wrong), header]

    def check_envelope(self, answer, status):
        assert set(answer) == {"ResponseStatus"}
        assert answer["ResponseStatus"]["ErrorCode"]
        assert answer["ResponseStatus"]["Message"]
        assert isinstance(answer["ResponseStatus"]["Errors"], list)


@pytest.fixture
def acme():
    return make_tenant("acme", name="Acme Reception AB", time_zone="Europe/Stockholm")


@pytest.fixture
def ann(acme):
    return make_user(acme, username="ann")


@pytest.fixture
def five(acme, ann):
    """Five calls, an hour apart, each a minute longer than the one before."""
    return [make_call(acme, seconds=60 * (n + 1), started_at=STARTED_AT + timedelta(hours=n)) for n in range(5)]


def texts(calls):
    return [str(call.pk) for call in calls]


# The conformance list, line by line


def test_01_a_search_without_filters_answers_with_exactly_four_members(client, five):
    answer = listed(client)
    assert list(answer) == ["Items", "Page", "TotalCount", "TotalPages"]
    assert [item["Id"] for item in answer["Items"]] == texts(five)
    assert (answer["Page"], answer["TotalCount"], answer["TotalPages"]) == (0, 5, 1)


def test_01_an_empty_log_has_no_pages(client, ann):
    assert listed(client) == {"Items": [], "Page": 0, "TotalCount": 0, "TotalPages": 0}


def test_02_the_zeros_of_the_sample_do_not_filter(client, five):
    assert listed(client, sample("list-request-zeros")) == listed(client)


@pytest.mark.parametrize(
    "change",
    [{"Password": "wrong"}, {"CustomerName": "unknown"}, {"UserName": "nobody"}, {"CustomerName": "other"}],
    ids=["password", "customer", "user", "foreign-customer"],
)
def test_03_wrong_credentials_get_one_answer_that_hints_at_nothing(client, ann, change):
    make_user(make_tenant("other"), username="olga")
    status = refusal(ask(client, change), 401)
    assert status == refusal(ask(client, {"Password": "quite wrong"}), 401)
    assert status["ErrorCode"] == "Unauthorized"
    assert status["Errors"] == []


@pytest.mark.parametrize("missing", list(CREDENTIALS))
@pytest.mark.parametrize("value", [None, ""])
def test_03_missing_credentials_are_named(client, ann, missing, value):
    status = refusal(ask(client, {missing: value}), 401)
    assert status["ErrorCode"] == "Unauthorized"
    assert [error["FieldName"] for error in status["Errors"]] == [missing]


def test_03_an_empty_body_misses_all_three(client, ann):
    status = refusal(client.post("/api/calls", b"", content_type="application/json"), 401)
    assert [error["FieldName"] for error in status["Errors"]] == list(CREDENTIALS)


@pytest.mark.parametrize("word", ["Outgoing", "outgoing", "OUTGOING", 1, "1"])
def test_04_call_type_outgoing_gives_outgoing_calls_only(client, acme, ann, word):
    make_call(acme)
    outgoing = make_call(acme, direction=Direction.OUTBOUND)
    [item] = items(client, {"CallType": word})
    assert (item["Id"], item["Type"]) == (str(outgoing.pk), "Outgoing")


@pytest.mark.parametrize("word", ["Incoming", "incoming", 0, "0"])
def test_04_call_type_incoming_includes_the_missed(client, acme, ann, word):
    make_call(acme, direction=Direction.OUTBOUND)
    missed = make_call(acme, disposition=Disposition.NO_ANSWER)
    [item] = items(client, {"CallType": word})
    assert (item["Id"], item["Type"]) == (str(missed.pk), "Incoming")


@pytest.mark.parametrize("fields", [{}, {"CallType": None}, {"CallType": ""}])
def test_04_no_call_type_means_both(client, acme, ann, fields):
    make_call(acme)
    make_call(acme, direction=Direction.OUTBOUND)
    make_call(acme, direction=Direction.UNKNOWN)
    assert [item.get("Type") for item in items(client, fields)] == ["Incoming", "Outgoing", None]


@pytest.mark.parametrize("word", ["Sideways", 2, -1, True, [], {}, "Incoming,Outgoing"])
def test_04_any_other_call_type_is_refused_and_named(client, ann, word):
    status = refusal(ask(client, {"CallType": word}), 400)
    assert status["Errors"][0]["FieldName"] == "CallType"


def test_04_a_form_with_another_call_type_is_refused_as_well(client, ann):
    form = "&".join(f"{name}={value}" for name, value in {**CREDENTIALS, "CallType": "Sideways"}.items())
    status = refusal(client.post("/api/calls", form, "application/x-www-form-urlencoded"), 400)
    assert status["Errors"][0]["FieldName"] == "CallType"


def test_05_the_duration_filters_compare_talk_time_and_include_their_bounds(client, acme, ann):
    call = make_call(acme, seconds=100, ring_ms=40_500, disposition=Disposition.ANSWERED)
    [item] = items(client)
    assert (item["DurationInSeconds"], item["TalkTimeInSeconds"]) == (100, 59.5)
    for inside in ({"MinCallDuration": 59.5}, {"MaxCallDuration": 59.5}, {"MinCallDuration": "59.5", "MaxCallDuration": 60}):
        assert ids(client, inside) == [str(call.pk)], inside
    for outside in ({"MinCallDuration": 59.501}, {"MaxCallDuration": 59.499}, {"MinCallDuration": 100}):
        assert ids(client, outside) == [], outside


def test_05_a_length_nobody_told_counts_as_the_zero_it_is_shown_as(client, acme, ann):
    live = make_call(acme, seconds=None)
    assert items(client)[0]["TalkTimeInSeconds"] == 0
    assert ids(client, {"MaxCallDuration": 10}) == [str(live.pk)]
    assert ids(client, {"MinCallDuration": 0.001}) == []


def test_06_dates_bound_the_start_and_a_day_is_included_to_its_end(client, acme, ann):
    starts = ["2024-01-30T22:59:59", "2024-01-30T23:00:00", "2024-01-31T22:59:59.999", "2024-01-31T23:00:00"]  # UTC
    calls = [make_call(acme, started_at=datetime.fromisoformat(start).replace(tzinfo=UTC)) for start in starts]
    assert ids(client, {"StartDate": "2024-01-31", "EndDate": "2024-01-31"}) == texts(calls[1:3])
    assert ids(client, {"StartDate": "2024-02-01"}) == texts(calls[3:])
    assert ids(client, {"EndDate": "2024-01-30"}) == texts(calls[:1])
    assert listed(client, {"StartDate": "2024-02-01", "EndDate": "2024-01-01"})["TotalCount"] == 0


@pytest.mark.parametrize("name", ["StartDate", "EndDate"])
def test_07_a_bad_date_is_refused_and_named(client, ann, name):
    status = refusal(ask(client, {name: "last tuesday"}), 400)
    assert status["ErrorCode"] == "FormatException"
    assert status["Errors"][0]["FieldName"] == name
    assert "last tuesday" not in json.dumps(status)


def test_08_one_call_is_found_by_its_id_in_either_form(client, five):
    for text in (str(five[2].pk), five[2].pk.hex, five[2].pk.hex[:24], str(five[2].pk).upper()):
        answer = listed(client, {"CallRecordId": text})
        assert [item["Id"] for item in answer["Items"]] == [str(five[2].pk)]
        assert answer["TotalCount"] == 1


@pytest.mark.parametrize("text", ["5d81eb28aeeafc7a74d8f999", "00000000-0000-7000-8000-000000000000", "nonsense", 7])
def test_08_an_unknown_id_is_an_empty_list(client, five, text):
    assert listed(client, {"CallRecordId": text}) == {"Items": [], "Page": 0, "TotalCount": 0, "TotalPages": 0}


@pytest.mark.parametrize(("page", "positions"), [(0, [0, 1]), (1, [2, 3]), (2, [4]), (3, []), (10**18, [])])
def test_09_pages_count_from_zero_and_end_empty(client, five, page, positions):
    answer = listed(client, {"ItemsPerPage": 2, "Page": page})
    assert [item["Id"] for item in answer["Items"]] == [str(five[n].pk) for n in positions]
    assert (answer["Page"], answer["TotalCount"], answer["TotalPages"]) == (page, 5, 3)


def test_09_negative_paging_is_clamped(client, five):
    answer = listed(client, {"ItemsPerPage": -2, "Page": -7})
    assert (len(answer["Items"]), answer["Page"], answer["TotalPages"]) == (5, 0, 1)


def test_09_no_answer_holds_more_than_the_cap(client, five, monkeypatch):
    monkeypatch.setattr("calls.dialects.hostedsuite.search.MOST_ITEMS", 2)
    for size in (0, 3, 10**18):
        answer = listed(client, {"ItemsPerPage": size, "Page": 1})
        assert [item["Id"] for item in answer["Items"]] == texts(five[2:4])
        assert (answer["TotalCount"], answer["TotalPages"]) == (5, 3)


def test_09_counting_is_bounded(client, five, monkeypatch):
    monkeypatch.setattr("calls.dialects.hostedsuite.search.MOST_COUNTED", 3)
    answer = listed(client, {"ItemsPerPage": 1, "Page": 4})
    assert answer["TotalCount"] == 3
    assert [item["Id"] for item in answer["Items"]] == texts(five[4:])


@pytest.mark.parametrize("word", ["Desc", "desc", "DESC", 1, "1"])
def test_10_sort_dir_desc_reverses(client, five, word):
    assert ids(client, {"SortDir": word}) == texts(reversed(five))
    assert ids(client, {"SortDir": word, "SortField": "starttime"}) == texts(reversed(five))


@pytest.mark.parametrize("field", ["Nonsense", "String", "tenant__user__password", "started_at", "tenant__name", "-id", "?"])
def test_10_an_unknown_sort_field_is_ignored(client, five, field):
    assert ids(client, {"SortField": field}) == texts(five)


def test_10_ties_are_settled_by_id_in_both_directions(client, acme, ann):
    calls = [make_call(acme) for _ in range(4)]
    expected = sorted(texts(calls))
    assert ids(client, {"SortField": "TalkTimeInSeconds"}) == expected
    assert ids(client, {"SortField": "StartTime", "SortDir": "Desc"}) == expected[::-1]


def test_10_every_property_of_an_item_sorts_or_is_ignored(client, five, acme):
    for name in [*sample("list-response")["Items"][0], "Interactions", "CompletedFormIds"]:
        for direction in ("Asc", "Desc"):
            found = ids(client, {"SortField": name, "SortDir": direction})
            assert sorted(found) == sorted(texts(five)), name


def test_10_sorting_by_talk_time_puts_the_longest_first_and_the_unknown_last(client, five, acme):
    live = make_call(acme, seconds=None, started_at=STARTED_AT - timedelta(days=1))
    found = ids(client, {"SortField": "TalkTimeInSeconds", "SortDir": "Desc"})
    assert found == [*texts(reversed(five)), str(live.pk)]


@pytest.mark.parametrize("value", [True, "true", "True", "1", 1])
def test_11_without_stats_the_items_are_the_same_and_the_counts_zero(client, five, value):
    answer = listed(client, {"DisableStats": value, "ItemsPerPage": 2, "Page": 1})
    assert [item["Id"] for item in answer["Items"]] == texts(five[2:4])
    assert (answer["TotalCount"], answer["TotalPages"], answer["Page"]) == (0, 0, 1)


def test_11_without_stats_nothing_is_counted_and_an_absurd_page_asks_for_no_rows(client, five, django_assert_num_queries):
    assert listed(client, {"DisableStats": True, "Page": 10**30})["Items"] == []
    listed(client)
    with django_assert_num_queries(5):  # membership, user, membership, calls, interactions
        listed(client, {"DisableStats": "on"})


def test_12_lower_case_keys_forms_and_queries_all_work(client, five):
    expected = listed(client, {"ItemsPerPage": 2})
    lower = {name.lower(): value for name, value in {**CREDENTIALS, "ItemsPerPage": 2}.items()}
    as_json = client.post("/api/calls", lower, content_type="application/json")
    as_form = client.post("/api/calls", "&".join(f"{k}={v}" for k, v in lower.items()), "application/x-www-form-urlencoded")
    as_query = client.post("/api/calls", b"", "application/json", query_params=lower)
    mixed = client.post("/api/calls?ITEMSPERPAGE=2", CREDENTIALS, content_type="application/json")
    json_as_form = client.post("/api/calls", json.dumps(lower), "application/x-www-form-urlencoded")
    for response in (as_json, as_form, as_query, mixed, json_as_form):
        assert response.json() == expected


def test_12_the_query_wins_over_the_body(client, five):
    response = ask(client, {"ItemsPerPage": 2}, "/api/calls?itemsperpage=1")
    assert len(response.json()["Items"]) == 1


def test_12_one_field_in_two_spellings_is_refused(client, ann):
    assert refusal(ask(client, {"Page": 1, "page": 2}), 400)["ErrorCode"] == "SerializationException"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/calls.json", {}),
        ("/api/calls?format=json", {}),
        ("/api/calls?format=xml", {}),
        ("/api/calls", {"accept": "application/json"}),
        ("/api/calls", {"accept": "text/html"}),
        ("/api/calls/", {}),
        ("/hostedsuite/api/calls.json", {}),
    ],
)
def test_13_every_way_to_ask_for_json_gives_the_same_body(client, five, path, headers):
    response = ask(client, path=path, headers=headers)
    assert response.json() == listed(client)
    assert response["Content-Type"] == "application/json; charset=utf-8"


def test_15_unknown_text_is_left_out_and_numbers_are_numbers(client, acme, ann):
    make_call(acme, seconds=90, disposition=Disposition.ANSWERED)
    [item] = items(client)
    assert set(item) == {
        "Id", "StartTime", "CallerNumber", "Notes", "DurationInSeconds", "RingTimeInSeconds", "HoldTimeInSeconds", "HoldCount",
        "TalkTimeInSeconds", "TransferTimeInSeconds", "Flagged", "Type", "WorkTimeInSeconds",
    }  # fmt: skip
    assert all(type(item[name]) in (int, float) for name in item if name.endswith("InSeconds"))
    assert item["Flagged"] is False
    assert item["StartTime"] == "2026-03-02 10:00:00"  # Stockholm


def test_15_an_item_has_the_vendors_names_in_the_vendors_order(client, acme, ann):
    center = make_center(acme)
    company = make_company(acme, name="Client Ltd")
    make_contact(acme, "+46701234567", name="Erik", company=company)
    agent = make_agent(acme, name="Bo", external_id="bo")
    make_call(
        acme,
        seconds=100,
        caller=PartyDraft(number="070-123 45 67"),
        remote=PartyDraft(),
        callee=PartyDraft(number="+4685550000", name="Reception"),
        agent=AgentHint(external_id="bo"),
        center_id=str(center.pk),
        ring_ms=5_250,
        hold_ms=10_000,
        hold_count=2,
        transfer_ms=4_000,
        work_ms=7_000,
        notes="Rang",
        is_flagged=True,
        flag_notes="Angry",
        screen_pop="Say hello",
        facts={"server": "pbx-1"},
        completed_forms=("form-1",),
        interactions=(InteractionDraft(happened_at=STARTED_AT, summary="Hold", description="Looking it up"),),
    )
    [item] = items(client)
    assert [name for name in item if name not in ("Interactions", "CompletedFormIds")] == list(
        sample("list-response")["Items"][0]
    )
    assert item == {
        "Id": str(Call.objects.get().pk),
        "ClientId": str(company.pk),
        "ClientName": "Client Ltd",
        "CenterId": str(center.pk),
        "StartTime": "2026-03-02 10:00:00",
        "CallerName": "Erik",
        "CallerNumber": "+46701234567",
        "TransferToName": "Reception",
        "TransferToNumber": "+4685550000",
        "Notes": "Rang",
        "DurationInSeconds": 100,
        "RingTimeInSeconds": 5.25,
        "HoldTimeInSeconds": 10,
        "HoldCount": 2,
        "Interactions": [{"StartTime": "2026-03-02 10:00:00", "Type": "Hold", "Description": "Looking it up"}],
        "AnsweredBy": "Bo",
        "Server": "pbx-1",
        "TalkTimeInSeconds": 80.75,
        "TransferTimeInSeconds": 4,
        "ScreenPop": "Say hello",
        "CompletedFormIds": ["form-1"],
        "Flagged": True,
        "FlagNotes": "Angry",
        "Type": "Incoming",
        "WorkTimeInSeconds": 7,
    }
    assert agent.name == item["AnsweredBy"]


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        (Direction.INBOUND, {"CallerNumber": "+46701234567", "CallerName": "Erik", "Type": "Incoming"}),
        (Direction.OUTBOUND, {"TransferToNumber": "+46701234567", "TransferToName": "Erik", "Type": "Outgoing"}),
        (Direction.UNKNOWN, {"CallerNumber": "+46701234567", "CallerName": "Erik"}),
    ],
)
def test_15_the_one_known_party_stands_where_the_direction_puts_it(client, acme, ann, direction, expected):
    make_contact(acme, "+46701234567", name="Erik")
    make_call(acme, "070-123 45 67", direction=direction)
    [item] = items(client)
    shown = ("CallerNumber", "CallerName", "TransferToNumber", "TransferToName", "Type")
    assert {name: item[name] for name in shown if name in item} == expected


def test_15_nobody_answered_a_missed_call(client, acme, ann):
    agent = AgentHint(name="Bo")
    make_call(acme, disposition=Disposition.NO_ANSWER, agent=agent)
    make_call(acme, disposition=Disposition.ANSWERED, agent=agent)
    assert [item.get("AnsweredBy") for item in items(client)] == [None, "Bo"]


def test_16_interactions_are_there_only_when_there_are_some_in_their_order(client, acme, ann):
    make_call(acme)
    later, sooner = STARTED_AT + timedelta(seconds=9), STARTED_AT + timedelta(seconds=3)
    told = (InteractionDraft(happened_at=later, summary="Talk"), InteractionDraft(happened_at=sooner, summary="Ring"))
    make_call(acme, interactions=told)
    plain, talkative = items(client)
    assert "Interactions" not in plain
    assert talkative["Interactions"] == [
        {"StartTime": "2026-03-02 10:00:03", "Type": "Ring", "Description": ""},
        {"StartTime": "2026-03-02 10:00:09", "Type": "Talk", "Description": ""},
    ]


def test_17_get_is_refused_in_the_envelope(client, ann):
    for method in ("get", "head", "put", "patch", "delete", "options"):
        response = getattr(client, method)("/api/calls")
        assert response.status_code == 405
        assert response["Allow"] == "POST"
    assert refusal(client.get("/api/calls"), 405)["ErrorCode"] == "MethodNotAllowed"


def test_17_the_next_generations_sign_in_is_not_found(client, ann):
    status = refusal(client.get("/api/auth/info"), 404)
    assert status["ErrorCode"] == "NotFound"


def test_18_authenticate_tells_who_one_is(client, ann, acme):
    answer = ask(client, path="/api/authenticate").json()
    assert answer == {
        "Authenticated": True,
        "UserType": "Owner",
        "Name": "ann",
        "CompanyName": "Acme Reception AB",
        "UserId": str(ann.pk),
    }
    assert set(answer) <= set(sample("authenticate-response"))


def test_18_authenticate_refuses_wrong_credentials(client, ann):
    assert refusal(ask(client, {"Password": "wrong"}, "/api/authenticate"), 401)["ErrorCode"] == "Unauthorized"


@pytest.mark.parametrize("notes", ["Ring back at 5", "", "  two\nlines ", "ünïcödé 📞"])
def test_19_update_sets_the_notes_and_returns_the_record(client, acme, ann, notes):
    call = make_call(acme, notes="before")
    response = ask(client, {"Id": str(call.pk), "Notes": notes}, "/api/calls/update")
    assert response.status_code == 200
    assert response.json()["Notes"] == notes
    assert [response.json()] == items(client)
    call.refresh_from_db()
    assert call.notes == notes
    event = CallEvent.objects.get(call=call, kind=EventKind.AMENDED)
    assert (event.actor, event.data["changed"]["notes"]) == (ann, ["before", notes])


@pytest.mark.parametrize("fields", [{"Notes": None}, {}, {"Notes": []}, {"Notes": {"a": 1}}, {"Notes": True}])
def test_19_update_refuses_notes_that_are_null(client, acme, ann, fields):
    call = make_call(acme, notes="before")
    status = refusal(ask(client, {"Id": str(call.pk), **fields}, "/api/calls/update"), 400)
    assert status["Errors"][0]["FieldName"] == "Notes"
    call.refresh_from_db()
    assert call.notes == "before"


def test_19_update_does_not_find_unknown_ids_and_refuses_none(client, acme, ann):
    foreign = make_call(make_tenant("other"))
    for call_id in ("5d81eb28aeeafc7a74d8f999", "nonsense", str(foreign.pk), foreign.pk.hex[:24]):
        status = refusal(ask(client, {"Id": call_id, "Notes": "x"}, "/api/calls/update"), 404)
        assert status["ErrorCode"] == "NotFound"
    assert refusal(ask(client, {"Notes": "x"}, "/api/calls/update"), 400)["Errors"][0]["FieldName"] == "Id"
    foreign.refresh_from_db()
    assert foreign.notes == ""


def test_19_a_viewer_reads_but_does_not_update(client, acme):
    make_user(acme, Role.VIEWER, username="ann")
    call = make_call(acme)
    assert ids(client) == [str(call.pk)]
    assert refusal(ask(client, {"Id": str(call.pk), "Notes": "x"}, "/api/calls/update"), 403)["ErrorCode"] == "Forbidden"


def test_19_a_token_that_may_only_read_does_not_update(client, acme, ann):
    call = make_call(acme)
    token = make_token(acme, ann, Scope.READ)
    refusal(ask(client, {"Id": str(call.pk), "Notes": "x", "Password": token}, "/api/calls/update"), 403)


def test_20_a_member_limited_to_one_center_sees_only_that_center(client, acme):
    lund, malmo = make_center(acme, name="Lund"), make_center(acme, name="Malmö")
    make_user(acme, Role.AGENT, center=lund, username="ann")
    inside, outside, _ = (make_call(acme, center_id=str(key)) for key in (lund.pk, malmo.pk, ""))
    assert ids(client) == [str(inside.pk)]
    assert ids(client, {"CenterId": str(lund.pk)}) == [str(inside.pk)]
    assert listed(client, {"CenterId": str(malmo.pk)})["TotalCount"] == 0
    assert ids(client, {"CallRecordId": str(outside.pk)}) == []
    refusal(ask(client, {"Id": str(outside.pk), "Notes": "x"}, "/api/calls/update"), 404)


def test_20_client_and_center_filter_by_either_form_of_their_id(client, acme, ann):
    center, company = make_center(acme), make_company(acme)
    make_contact(acme, "+46701234567", company=company)
    make_call(acme, "+46709999999")
    call = make_call(acme, "+46701234567", center_id=str(center.pk))
    for name, row in (("CenterId", center), ("ClientId", company)):
        for text in (str(row.pk), row.pk.hex[:24]):
            assert ids(client, {name: text}) == [str(call.pk)], (name, text)
        assert ids(client, {name: "unknown"}) == []


def test_21_another_customers_records_never_appear(client, acme, ann):
    other = make_tenant("other")
    make_user(other, username="olga")
    company, center = make_company(other), make_center(other)
    foreign = make_call(other, center_id=str(center.pk))
    assert items(client) == []
    for name, row in (("CallRecordId", foreign), ("ClientId", company), ("CenterId", center)):
        assert listed(client, {name: str(row.pk)})["TotalCount"] == 0


def test_22_the_reply_address_answers_alike_by_post_and_get(client, five):
    expected = listed(client, {"ItemsPerPage": 2})
    fields = {**CREDENTIALS, "ItemsPerPage": 2}
    assert client.post(REPLY, fields, content_type="application/json").json() == expected
    assert client.get(REPLY, query_params=fields).json() == expected
    assert client.get(f"/hostedsuite{REPLY}/", query_params=fields).json() == expected


@pytest.mark.parametrize("source", [Source.PLANHAT, Source.CALLN, Source.FONESTORM, Source.VOIPNOW, Source.PBX])
def test_24_calls_of_every_other_door_appear_here(client, acme, ann, source):
    call = make_call(acme, source=source, external_id=f"{source}-1")
    assert ids(client) == [str(call.pk)]


# Customers, people and tokens


@pytest.mark.parametrize("customer", ["acme", "ACME", " acme ", "Acme Reception AB", "acme reception ab"])
def test_a_customer_is_known_by_slug_or_name_in_any_case(client, five, customer):
    assert len(items(client, {"CustomerName": customer})) == 5


def test_a_name_beyond_ascii_is_known_in_any_case(client, ann, acme):
    acme.name = "ÅÄÖ Växel"
    acme.save()
    assert items(client, {"CustomerName": "åäö VÄXEL"}) == []


def test_of_customers_with_one_name_it_is_the_persons_own(client, five):
    twin = make_tenant("twin", name="Acme Reception AB")
    make_user(twin, username="olga")
    make_call(twin)
    assert len(items(client, {"CustomerName": "Acme Reception AB"})) == 5
    assert len(items(client, {"CustomerName": "Acme Reception AB", "UserName": "olga"})) == 1


def test_a_tenant_named_like_anothers_slug_does_not_take_its_place(client, five):
    trap = make_tenant("trap", name="acme")
    make_call(trap)
    assert len(items(client)) == 5
    refusal(ask(client, {"CustomerName": "trap"}), 401)


def test_an_operator_names_the_tenant_by_its_slug(client, five):
    operator = make_operator()
    assert len(items(client, {"UserName": operator.username})) == 5
    refusal(ask(client, {"UserName": operator.username, "CustomerName": "Acme Reception AB"}), 401)


def test_a_token_stands_in_the_passwords_place(client, five, acme, ann):
    assert len(items(client, {"Password": make_token(acme, ann)})) == 5
    refusal(ask(client, {"Password": make_token(acme)}), 401)  # somebody else's
    refusal(ask(client, {"Password": make_token(make_tenant("other"), ann)}), 401)


@pytest.mark.parametrize("change", ["person", "tenant"])
def test_a_closed_tenant_or_account_is_refused(client, acme, ann, change):
    row = ann if change == "person" else acme
    row.is_active = False
    row.save()
    refusal(ask(client), 401)


def test_a_number_for_a_name_is_taken_as_it_is_written(client, acme):
    user = make_user(acme, username="210")
    user.set_password("4711")
    user.save()
    assert items(client, {"UserName": 210, "Password": 4711}) == []


# Clients


def test_clients_are_the_companies_as_a_bare_array(client, acme, ann):
    company = make_company(acme, name="Client Ltd", external_id="c-1", notes="Since 2019")
    make_company(make_tenant("other"))
    for path in ("/api/clients", "/api/clients/names"):
        [row] = ask(client, path=path).json()
        assert row.pop("DateLastModified")
        assert row == {
            "Id": str(company.pk),
            "Name": "Client Ltd",
            "Information": "Since 2019",
            "ThirdPartyAccountId": "c-1",
        }


def test_clients_are_filtered_by_what_the_vendor_filters_by(client, acme, ann):
    first, second = make_company(acme, name="First", external_id="c-1"), make_company(acme, name="Second")
    for fields in ({"ClientId": str(first.pk)}, {"Name": "First"}, {"ThirdPartyAccountId": "c-1"}):
        assert [row["Id"] for row in ask(client, fields, "/api/clients").json()] == [str(first.pk)]
    assert [row["Id"] for row in ask(client, path="/api/clients").json()] == texts([first, second])
    assert ask(client, {"ClientId": "unknown"}, "/api/clients").json() == []


def test_a_member_of_one_center_sees_the_clients_of_its_calls_only(client, acme):
    lund, malmo = make_center(acme), make_center(acme)
    make_user(acme, center=lund, username="ann")
    ours, theirs = make_company(acme), make_company(acme)
    make_contact(acme, "+46701111111", company=ours)
    make_contact(acme, "+46702222222", company=theirs)
    make_call(acme, "+46701111111", center_id=str(lund.pk))
    make_call(acme, "+46702222222", center_id=str(malmo.pk))
    assert [row["Id"] for row in ask(client, path="/api/clients").json()] == [str(ours.pk)]
    assert ask(client, {"CenterId": str(malmo.pk)}, "/api/clients").json() == []
    assert ask(client, {"ClientId": str(theirs.pk)}, "/api/clients").json() == []


@pytest.mark.parametrize("path", ["/api/call-allowance/balance", "/api/clients/1/caller"])
def test_what_is_not_offered_says_so(client, ann, path):
    assert refusal(ask(client, path=path), 501)["ErrorCode"] == "NotImplementedException"


# What it costs


@pytest.mark.parametrize("count", [2, 50])
def test_a_list_takes_the_same_queries_however_long(client, acme, ann, django_assert_num_queries, count):
    company = make_company(acme)
    agent = make_agent(acme, external_id="bo")
    for n in range(count):
        number = f"+4670123{n:04}"
        make_contact(acme, number, company=company)
        told = (InteractionDraft(happened_at=STARTED_AT, summary="Ring"),)
        make_call(acme, number, agent=AgentHint(external_id="bo"), interactions=told)
    listed(client)  # the password is remembered from here on
    with django_assert_num_queries(6):  # membership, user, membership, count, calls, interactions
        shown = items(client)
    assert len(shown) == count
    assert all(item["AnsweredBy"] == agent.name and item["Interactions"] and item["ClientName"] for item in shown)


def test_wrong_passwords_are_limited_and_the_rest_is_unaffected(client, five, acme, ann):
    token = make_token(acme, ann)
    listed(client)
    for _ in range(10):
        refusal(ask(client, {"Password": "wrong"}), 401)
    response = ask(client, {"Password": "wrong"})
    assert refusal(response, 429)["ErrorCode"] == "TooManyRequests"
    assert 1 <= int(response["Retry-After"]) <= 15 * 60
    assert len(items(client)) == 5  # remembered
    assert len(items(client, {"Password": token})) == 5
    cache.delete_many([key.split(":", 2)[2] for key in cache._cache if "password:" in key])
    refusal(ask(client), 429)


def test_a_wrong_customer_spends_the_same_budget_as_a_wrong_password(client, ann):
    for _ in range(10):
        refusal(ask(client, {"CustomerName": "unknown"}), 401)
    refusal(ask(client, {"CustomerName": "unknown"}), 429)


def test_one_customers_requests_do_not_use_up_anothers(client, ann, settings):
    settings.CALLHUB_CALLS_PER_MINUTE = 2
    make_user(make_tenant("other"), username="olga")
    for _ in range(2):
        listed(client)
    assert int(ask(client)["Retry-After"]) <= 60
    assert ask(client, {"CustomerName": "other", "UserName": "olga", "Password": PASSWORD}).status_code == 200
