"""The call history: ended calls of every door, filtered and counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from calls.choices import Direction, Disposition
from calls.drafts import PartyDraft
from contacts.matching import AgentHint
from tenants.choices import AppLevel
from tests.calls.dialects.voipnow.asking import Client, refusal, token_of
from tests.make import make_agent, make_call, make_center, make_contact, make_tenant, make_token, make_user

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # an hour before the clock, on the second day of the month


def make_out(acme, callee="+46709999999", **draft):
    draft = {"direction": Direction.OUTBOUND, "disposition": Disposition.ANSWERED, "started_at": START, **draft}
    return make_call(acme, caller=PartyDraft(number="0003*210"), callee=PartyDraft(number=callee), remote=PartyDraft(), **draft)


def make_in(acme, caller="+46701234567", callee="0003*210", **draft):
    draft = {"disposition": Disposition.ANSWERED, "started_at": START, **draft}
    return make_call(acme, caller=PartyDraft(number=caller), callee=PartyDraft(number=callee), remote=PartyDraft(), **draft)


def ids(api, query="", path="/uapi/cdr/"):
    return [entry["id"] for entry in api.entry(f"{path}?sortOrder=ascending&{query}")]


def shown(*calls):
    return [call.pk.hex[:20] for call in calls]


@pytest.mark.django_db(transaction=True)
def test_a_call_that_was_made_is_found_under_its_id(api, clock):
    call = api.created(destination="+46701234567", callerId="Ann <5550100>")
    clock.shift(10)
    api.entry("/uapi/phoneCalls/@me/@self")
    [entry] = api.entry("/uapi/cdr/")
    assert (entry["id"], entry["extension"], entry["ownerName"]) == (call["id"], "0003*210", "Ann Lee")
    [view] = entry["phoneCallView"]
    assert (view["source"], view["destination"]) == ("0003*210", "46701234567")
    assert view["callerId"] == "Ann <5550100>"
    assert (view["flow"], view["disposition"], view["duration"]) == (4, 0, 5)


def test_what_a_record_tells(api, acme, ann, clock):
    make_in(acme, agent=AgentHint(id=str(ann.agents.get().pk)), answered_at=START + timedelta(seconds=5))
    body = api.get("/uapi/cdr/").json()
    [entry] = body["entry"]
    assert entry["ownerId"] == str(ann.memberships.get().number)
    assert (entry["published"], entry["answered"]) == ("2026-03-02T08:00:00Z", "2026-03-02T08:00:05Z")
    assert entry["phoneCallView"] == [
        {
            "id": "00",
            "extension": "0003*210",
            "source": "46701234567",
            "destination": "0003*210",
            "flow": 8,
            "callerId": "<46701234567>",
            "answered": "2026-03-02T08:00:05Z",
            "duration": 55,
            "recording": False,
            "disposition": 0,
        }
    ]
    assert (body["totalResults"], body["startIndex"], body["itemsPerPage"]) == (1, 0, 20)


def test_what_comes_in_by_another_vendors_door_leaves_by_this_one(api, client, acme, ann, clock):
    body = {
        "nr": "+4670123456",
        "direction": "out",
        "start": "2026-03-02T08:00:00.000Z",
        "end": "2026-03-02T08:01:00.000Z",
        "userId": "x",
    }
    headers = {"Authorization": f"Bearer {make_token(acme, ann)}"}
    assert client.post("/calls", body, content_type="application/json", headers=headers).status_code == 200
    [entry] = api.entry("/uapi/cdr/")
    assert entry["phoneCallView"][0]["destination"] == "4670123456"


@pytest.mark.django_db(transaction=True)
def test_a_call_that_goes_on_is_not_history(api, clock):
    call = api.created()
    assert ids(api) == []
    api.delete(call["links"]["self"])
    assert ids(api) == [call["id"]]


def test_numbers(api, acme, clock):
    out, into = make_out(acme), make_in(acme)
    assert ids(api, "source=0003*210") == ids(api, "destination=0709999999") == shown(out)
    assert ids(api, f"source={quote('+46701234567')}") == ids(api, "source=070-123%2045%2067") == shown(into)
    assert ids(api, "source=5559999") == []
    for name in ("source", "destination"):
        refusal(api.get(f"/uapi/cdr/?{name}=nobody"), f"cdr_{name}_invalid")


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("+46 70-123 45 67", "46701234567"),
        ("+1 (321) 555-1801", "13215551801"),
        ("3235742879", "3235742879"),
        ("0003*210", "0003*210"),
        ("anonymous", None),
        ("Acme210", None),
    ],
)
def test_numbers_are_digits_alone_and_caller_ids_hold_them(api, acme, clock, written, digits):
    party = PartyDraft(number=written, name="Ann <Lee>")
    make_call(acme, caller=party, remote=PartyDraft(), started_at=START)
    [view] = api.entry("/uapi/cdr/")[0]["phoneCallView"]
    assert view.get("source") == digits
    assert view.get("callerId") == (f"Ann Lee <{digits}>" if digits else None)


def test_a_number_of_a_record_finds_it_again(api, acme, clock):
    into = make_in(acme, caller="+46 70-123 45 67")
    [view] = api.entry("/uapi/cdr/")[0]["phoneCallView"]
    for query in ("source={}", "filterBy=source&filterValue={}", "filterBy=source&filterOp=startsWith&filterValue={}"):
        assert ids(api, query.format(view["source"])) == shown(into)


def test_the_one_party_given_of_an_undirected_call_is_its_source(api, acme, clock):
    make_contact(acme, "+46701234567", name="Erik")
    call = make_call(acme, "+46701234567", direction=Direction.UNKNOWN, started_at=START)
    [view] = api.entry("/uapi/cdr/")[0]["phoneCallView"]
    assert (view["source"], view["callerId"], view["flow"]) == ("46701234567", "Erik <46701234567>", 8)
    for query in ("flow=8", "source=46701234567", "filterBy=source&filterOp=present"):
        assert ids(api, query) == shown(call)


def test_every_call_has_a_flow_that_finds_it_and_is_counted(api, acme, clock):
    for direction in Direction:
        make_call(acme, direction=direction, started_at=START, disposition=Disposition.ANSWERED)
    make_call(acme, direction=Direction.UNKNOWN, callee=PartyDraft(number="+46701234567"), remote=PartyDraft(), started_at=START)
    flows = {number: api.entry(f"/uapi/cdr/?flow={number}") for number in (2, 4, 8)}
    assert {number: len(entries) for number, entries in flows.items()} == {2: 1, 4: 2, 8: 2}
    assert all(entry["phoneCallView"][0]["flow"] == number for number, entries in flows.items() for entry in entries)
    statistics = api.get("/uapi/cdr/").json()["phoneCallStat"]
    assert [each["total"] for each in statistics] == [2, 3]


def test_flow_and_disposition(api, acme, clock):
    out = make_out(acme)
    busy = make_in(acme, disposition=Disposition.BUSY)
    assert ids(api, "flow=4") == ids(api, "disposition=0") == shown(out)
    assert ids(api, "flow=8") == ids(api, "disposition=1") == shown(busy)
    assert ids(api, "flow=2") == ids(api, "disposition=5") == []
    for value in ("x", "1", "16", "-1"):
        refusal(api.get(f"/uapi/cdr/?flow={value}"), "cdr_flow_invalid")
    for value in ("x", "6", "-1", "0.5"):
        refusal(api.get(f"/uapi/cdr/?disposition={value}"), "cdr_disposition_invalid")


def test_dates_are_the_tenants_and_inclusive(api, acme, clock):
    calls = [make_in(acme, started_at=START + timedelta(seconds=n)) for n in range(3)]
    assert ids(api, "startDate=2026-03-02T09:00:01") == shown(*calls[1:])
    assert ids(api, "endDate=2026-03-02T09:00:01") == shown(*calls[:2])
    assert ids(api, "startDate=2026-03-02T08:00:01Z&endDate=2026-03-02T09:00:01+01:00") == shown(calls[1])


def test_without_dates_it_is_the_present_month(api, acme, clock):
    march, february = (make_in(acme, started_at=datetime(2026, 2, 28, hour, 30, tzinfo=UTC)) for hour in (23, 22))
    assert ids(api) == shown(march)
    assert ids(api, "startDate=2026-02-01T00:00:00") == shown(february, march)


def test_when_it_was_saved(api, acme, clock):
    call = make_in(acme, started_at=START - timedelta(hours=20))
    assert ids(api, "saveStartDate=2026-03-02T10:00:00&saveEndDate=2026-03-02T10:00:00") == shown(call)
    assert ids(api, "saveStartDate=2026-03-02T10:00:01") == ids(api, "saveEndDate=2026-03-02T09:59:59") == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("startDate", "cdr_start_date_invalid"),
        ("endDate", "cdr_end_date_invalid"),
        ("saveStartDate", "cdr_save_start_date_invalid"),
        ("saveEndDate", "cdr_save_end_date_invalid"),
    ],
)
@pytest.mark.parametrize("value", ["yesterday", "2026-02-30T00:00:00", "0000-00-00T00:00:00", "9999-12-31T23:59:59-14:00"])
def test_bad_dates_get_their_codes(api, name, code, value):
    refusal(api.get(f"/uapi/cdr/?{name}={value}"), code)


def test_dates_the_wrong_way_round(api, clock):
    query = "{0}tartDate=2026-03-02T00:00:00&{1}ndDate=2026-03-01T00:00:00"
    for names in (("s", "e"), ("saveS", "saveE")):
        refusal(api.get(f"/uapi/cdr/?{query.format(*names)}"), "cdr_invalid_date_parameters")


class TestFilterBy:
    def test_numbers(self, api, acme, clock):
        out, into = make_out(acme), make_in(acme)
        assert ids(api, "filterBy=source&filterValue=0701234567") == shown(into)
        assert ids(api, "filterBy=destination&filterOp=startsWith&filterValue=0003*") == shown(into)
        assert ids(api, "filterBy=destination&filterOp=contains&filterValue=99999") == shown(out)
        assert ids(api, "filterBy=destination&filterOp=inArray&filterValue=0709999999,0003*210") == shown(out, into)
        assert ids(api, "filterBy=source&filterOp=present") == shown(out, into)
        refusal(api.get("/uapi/cdr/?filterBy=source&filterOp=lessThan&filterValue=5"), "filterop_invalid")

    def test_times(self, api, acme, clock):
        answered = make_in(acme, answered_at=START + timedelta(seconds=5))
        missed = make_in(acme, disposition=Disposition.NO_ANSWER, started_at=START + timedelta(minutes=1))
        assert ids(api, "filterBy=answered&filterOp=present") == shown(answered)
        assert ids(api, "filterBy=answered&filterValue=2026-03-02T09:00:05") == shown(answered)
        assert ids(api, "filterBy=published&filterOp=greaterThan&filterValue=2026-03-02T09:00:30") == shown(missed)

    @pytest.mark.parametrize("by", ["published", "answered"])
    def test_values_that_are_none(self, api, by):
        refusal(api.get(f"/uapi/cdr/?filterBy={by}&filterValue=soon"), f"cdr_invalid_filter_by_{by}")

    def test_what_cannot_be_filtered_by(self, api):
        refusal(api.get("/uapi/cdr/?filterBy=id&filterValue=x"), "filterby_invalid")


class TestWhose:
    @pytest.fixture
    def calls(self, acme, ann):
        bo = make_user(acme, username="bo")
        his = make_agent(acme, user=bo)
        lund = make_center(acme, name="Lund")
        return {
            "ann": make_in(acme, agent=AgentHint(id=str(ann.agents.get().pk))),
            "bo": make_in(acme, callee="299", agent=AgentHint(id=str(his.pk))),
            "lund": make_in(acme, callee="299", center_id=str(lund.pk)),
        }

    def test_an_owner_names_whose(self, api, org, calls, clock):
        assert ids(api) == ids(org) == ids(org, path="/uapi/cdr/@me") == shown(*calls.values())
        assert (
            ids(api, path="/uapi/cdr/@me")
            == ids(api, path="/uapi/cdr/@owner/")
            == ids(api, path="/uapi/cdr/1")
            == shown(calls["ann"])
        )
        assert ids(org, path="/uapi/cdr/bo") == ids(org, path="/uapi/cdr/2") == shown(calls["bo"])

    def test_who_may_not_be_named(self, api, org, calls):
        refusal(api.get("/uapi/cdr/bo"), "access_denied", 403)
        make_user(make_tenant("other"), username="olga")
        for owner in ("nobody", "olga", "99"):
            refusal(org.get(f"/uapi/cdr/{owner}"), "user_invalid")

    def test_a_person_of_one_center_sees_its_history(self, client, acme, ann, calls, clock):
        ann.memberships.update(center=calls["lund"].center)
        api = Client(client, token_of(acme, AppLevel.USER, ann))
        body = api.get("/uapi/cdr/").json()
        assert [entry["id"] for entry in body["entry"]] == shown(calls["lund"])
        assert (body["totalResults"], body["phoneCallStat"][0]["total"]) == (1, 1)

    def test_an_administrator_sees_the_tenants_below(self, admin, acme, calls, clock):
        below = make_in(make_tenant("below", parent=acme))
        make_in(make_tenant("beside"))
        assert set(ids(admin)) == {*shown(*calls.values()), *shown(below)}


def test_statistics_count_what_was_asked_for_and_not_only_the_page(api, acme, clock):
    for disposition in (
        Disposition.ANSWERED,
        Disposition.VOICEMAIL,
        Disposition.BUSY,
        Disposition.REJECTED,
        Disposition.CANCELLED,
    ):
        make_in(acme, disposition=disposition)
    make_out(acme, disposition=Disposition.FAILED)
    body = api.get("/uapi/cdr/?count=1").json()
    assert body["totalResults"] == 6
    assert body["phoneCallStat"] == [
        {"type": 0, "total": 5, "answered": 2, "busy": 2, "failed": 0, "unanswered": 1, "unknown": 0, "unallowed": 0},
        {"type": 1, "total": 1, "answered": 0, "busy": 0, "failed": 1, "unanswered": 0, "unknown": 0, "unallowed": 0},
    ]
    assert body["links"].keys() == {"next"}


def test_only_the_fields_that_were_asked_for(api, acme, clock):
    make_in(acme)
    assert set(api.entry("/uapi/cdr/?fields=id,published")[0]) == {"id", "published"}
    refusal(api.get("/uapi/cdr/?fields=price"), "fields_invalid")


@pytest.mark.parametrize("count", [2, 50])
def test_a_list_takes_the_same_queries_however_long(api, acme, ann, clock, django_assert_num_queries, count):
    for n in range(count):
        make_in(acme, f"+4670123{n:04}", agent=AgentHint(id=str(ann.agents.get().pk)))
    api.get("/uapi/cdr/")  # the door's use is noted
    with django_assert_num_queries(5):  # token, membership, page, numbers of people, count
        body = api.get("/uapi/cdr/?count=50").json()
    assert len(body["entry"]) == count
    assert all(entry["ownerId"] for entry in body["entry"])


def test_history_is_only_read(api):
    for response in (api.post({}, "/uapi/cdr/"), api.delete("/uapi/cdr/"), api.put("/uapi/cdr/@me", {})):
        refusal(response, "method_not_allowed", 405)
