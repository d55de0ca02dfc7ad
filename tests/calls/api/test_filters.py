"""Filters: each narrows the list to the right calls, and what cannot be read is refused by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from calls.api.filters.calls import CallFilters
from calls.choices import Direction, Disposition, Source
from calls.drafts import PartyDraft
from calls.models import Call
from contacts.matching import AgentHint, ContactHint
from tests.calls.api.client import faults_of
from tests.make import STARTED_AT, make_agent, make_call, make_center, make_company, make_contact, make_line

LATER = STARTED_AT + timedelta(hours=1)


@pytest.fixture
def rows(tenant):
    """Two calls that differ in everything a filter asks for: ``yes`` fits, ``no`` does not."""
    company = make_company(tenant)
    contact = make_contact(tenant, "+46701111111", company=company)
    agent, center, line = make_agent(tenant), make_center(tenant), make_line(tenant, "+46462222222")
    yes = make_call(
        tenant, "+46701111111", seconds=90, started_at=LATER, ring_ms=2500, direction=Direction.INBOUND,
        disposition=Disposition.ANSWERED, source=Source.PLANHAT, external_id="ext-1", agent=AgentHint(id=str(agent.pk)),
        center_id=str(center.pk), contact=ContactHint(id=str(contact.pk)), callee=PartyDraft(number="046-222 22 22"),
        caller=PartyDraft(number="070-111 11 11"), remote=PartyDraft(), notes="Wants a Quote", outcome="sold", tags=("Offer",),
        is_flagged=True, recording_url="https://example.com/a.mp3",
    )  # fmt: skip
    no = make_call(tenant, "+46709999999", seconds=None, direction=Direction.OUTBOUND, external_id="ext-2", is_verified=False)
    Call.objects.filter(pk=no.pk).update(updated_at=datetime(2020, 1, 1, tzinfo=UTC))
    ids = {"agent": agent, "center": center, "contact": contact, "company": company, "line": line}
    return yes, no, {name: str(row.pk) for name, row in ids.items()}


CASES = {
    "started_after": "2026-03-02T09:30:00Z",
    "started_before": "!2026-03-02T09:30:00Z",
    "ended_after": "2026-03-02T10:01:30Z",
    "ended_before": "2026-03-02T10:01:31Z",
    "updated_after": "2021-01-01",
    "date": "2026-03-02",
    "duration_min": "89.5",
    "duration_max": "90",
    "talk_min": "87.5",
    "talk_max": "87.5",
    "ring_min": "2.5",
    "ring_max": "2.5",
    "hour": "11",
    "weekday": "1",
    "without": "!agent",
    "counted": "talk",
    "direction": "inbound,internal",
    "type": "incoming,voicemail",
    "disposition": "answered",
    "state": "ended,ringing",
    "source": "planhat",
    "agent": "{agent}",
    "company": "{company}",
    "center": "{center}",
    "contact": "{contact}",
    "line": "{line}",
    "number": "0046701111111",
    "number_part": "111 11",
    "tag": "oFFER",
    "outcome": "sold",
    "external_id": "ext-1,ext-7",
    "notes": "a quote",
    "flagged": "true",
    "has_recording": "true",
    "unmatched": "false",
    "verified": "true",
    "scope": "flagged",
    "q": "070-111",
    "period": "7d",
}


def test_every_filter_has_a_case():
    assert CASES.keys() == CallFilters.base_filters.keys()


@pytest.mark.parametrize("name", sorted(CASES.keys() - {"date", "period", "weekday"}))
def test_a_filter_keeps_what_fits_and_nothing_else(api, rows, name):
    yes, no, ids = rows
    value = CASES[name].format(**ids)
    wanted = no if value.startswith("!") else yes
    found = api.http.get(
        "/api/v1/calls", {name: value.removeprefix("!")}, headers={"Authorization": f"Bearer {api.secret}"}
    ).json()
    assert [call["id"] for call in found["results"]] == [str(wanted.pk)], found


@pytest.mark.parametrize(
    ("name", "value"), [("flagged", "false"), ("has_recording", "false"), ("unmatched", "true"), ("verified", "false")]
)
def test_the_opposite_keeps_the_rest(api, rows, name, value):
    assert [call["id"] for call in api.get(f"calls?{name}={value}").json()["results"]] == [str(rows[1].pk)]


def test_a_day_begins_at_the_tenants_midnight(api, tenant):
    late = make_call(tenant, started_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))  # 00:30 on 2 July in Stockholm
    make_call(tenant, started_at=datetime(2026, 7, 2, 22, 0, tzinfo=UTC))
    assert [call["id"] for call in api.get("calls?date=2026-07-02").json()["results"]] == [str(late.pk)]
    assert api.get("calls?date=today").json()["results"] == []


@time_machine.travel(datetime(2026, 7, 3, 10, 0, tzinfo=UTC), tick=False)
@pytest.mark.parametrize(
    ("period", "count"), [("today", 1), ("yesterday", 1), ("7d", 3), ("month", 2), ("30d", 4)]
)  # it is the 3rd of July in Stockholm, where days begin at 22:00Z
def test_a_period_is_whole_days_of_the_tenant_up_to_today(api, tenant, period, count):
    for at in ("07-02T22:00", "07-02T21:59", "06-30T21:59", "06-04T10:00", "06-01T10:00"):
        make_call(tenant, started_at=datetime.fromisoformat(f"2026-{at}:00Z"))
    assert len(api.get(f"calls?period={period}").json()["results"]) == count


def test_times_without_offset_are_the_tenants(api, tenant):
    call = make_call(tenant, started_at=datetime(2026, 7, 1, 10, 0, tzinfo=UTC))
    for start in ("2026-07-01T12:00:00", "2026-07-01T12:00:00%2B02:00", "2026-07-01T12:00:00+02:00", "2026-07-01"):
        assert [row["id"] for row in api.get(f"calls?started_after={start}").json()["results"]] == [str(call.pk)], start
    assert api.get("calls?started_after=2026-07-01T12:00:01").json()["results"] == []


@pytest.mark.parametrize("spelling", ["+46701111111", "%2B46701111111", "070-111 11 11", "0046 70 111 11 11", "(070)1111111"])
def test_a_number_is_found_in_any_spelling(api, rows, spelling):
    assert [call["id"] for call in api.get(f"calls?number={spelling}").json()["results"]] == [str(rows[0].pk)]


def test_a_day_of_the_week_is_the_tenants(api, tenant):
    sunday, monday = (make_call(tenant, started_at=datetime(2026, 3, 1, hour, 30, tzinfo=UTC)) for hour in (22, 23))  # 0:30 there
    for day, call in (("7", sunday), ("1", monday)):
        assert [row["id"] for row in api.get(f"calls?weekday={day}").json()["results"]] == [str(call.pk)]


def test_a_number_is_found_on_either_side(api, rows):
    assert [call["id"] for call in api.get("calls?number=046-2222222").json()["results"]] == [str(rows[0].pk)]


@pytest.mark.parametrize("query", ["direction=inbound&direction=outbound", "direction=inbound,outbound"])
def test_several_values_mean_any_of_them(api, rows, query):
    assert len(api.get(f"calls?{query}").json()["results"]) == 2


def test_filters_combine(api, rows):
    assert len(api.get("calls?direction=inbound&flagged=true&tag=offer").json()["results"]) == 1
    assert api.get("calls?direction=outbound&flagged=true").json()["results"] == []


BAD = [
    ("nonsense", "1"), ("tenant_id", "1"), ("tenant__slug", "x"), ("direction__in", "inbound"), ("sort", "tenant__slug"),
    ("sort", "nonsense"), ("sort", "-"), ("fields", "id,nonsense"), ("fields", "tenant"), ("expand", "tenant"),
    ("page_size", "0"), ("page_size", "201"), ("page_size", "1e9"), ("page_size", "٣"), ("page_size", "-1"), ("cursor", "abc"),
    ("count", "perhaps"), ("direction", "sideways"), ("type", "x"), ("flagged", "maybe"), ("agent", "7"), ("agent", "x" * 1999),
    ("duration_min", "1e400"), ("duration_min", "9" * 400), ("duration_min", "nan"), ("duration_min", "-1"), ("talk_max", "x"),
    ("started_after", "9999-12-31T23:59:59-12:00"), ("started_after", "0001-01-01T00:00:00+14:00"), ("started_after", "soon"),
    ("started_after", "2026-13-01"), ("date", "9999-12-31"), ("date", "2026-02-30"), ("date", "x"), ("number_part", "1"),
    ("number_part", "abc"), ("number_part", "٣٣٣"), ("notes", "a\0b"), ("number", "\0"), ("tag", "\0"), ("started_after", "\0"),
    ("notes", "x" * 3000), ("flagged", ""), ("direction", ""), ("scope", "x"), ("period", "8d"), ("q", "x" * 201), ("hour", "24"),
    ("weekday", "0"), ("without", "tags"), ("counted", "x"), ("view", "7"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD)
def test_refuses_by_name_what_it_cannot_read(api, name, value):
    response = api.http.get("/api/v1/calls", {name: value}, headers={"Authorization": f"Bearer {api.secret}"})
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert faults_of(response) == {name}


def test_refuses_a_single_value_given_twice(api):
    assert faults_of(api.get("calls?flagged=true&flagged=false")) == {"flagged"}


@pytest.mark.parametrize(
    "query", ["notes=%ED%A0%80", "%00=1", "%ED%A0%80=1", "a" * 5000, "&".join(f"a{n}=1" for n in range(2000))]
)
def test_odd_query_strings_are_a_400_or_match_nothing(api, query):
    assert api.get(f"calls?{query}").status_code in (200, 400)


LISTS = {
    "companies": ["name=e", "external_id=e", "source_id=s", "updated_after=2020-01-01"],
    "contacts": ["name=e", "email=a@b.se", "company=0195a3c2-0000-7000-8000-000000000000", "number=070", "external_id=e",
                 "source_id=s", "updated_after=2020-01-01"],
    "agents": ["name=e", "email=a@b.se", "center=0195a3c2-0000-7000-8000-000000000000", "extension=210", "is_active=true",
               "external_id=e", "source_id=s", "updated_after=2020-01-01"],
    "centers": ["name=e", "external_id=e", "updated_after=2020-01-01"],
    "lines": ["name=e", "number=210", "agent=0195a3c2-0000-7000-8000-000000000000", "updated_after=2020-01-01",
              "center=0195a3c2-0000-7000-8000-000000000000"],
    "tags": ["name=e", "updated_after=2020-01-01"],
    "tag-rules": ["tag=e", "is_active=true", "direction=inbound", "disposition=answered,busy", "updated_after=2020-01-01",
                  "line=0195a3c2-0000-7000-8000-000000000000"],
    "views": ["name=e", "shared=true", "mine=true", "updated_after=2020-01-01"],
    "outcomes": ["name=e", "is_retired=false", "updated_after=2020-01-01"],
    "tokens": ["name=e", "scope=read,write", "revoked=true"],
}  # fmt: skip


@pytest.mark.parametrize(("path", "query"), [(path, query) for path, queries in LISTS.items() for query in queries])
def test_the_other_lists_take_their_filters(api, path, query):
    assert api.get(f"{path}?{query}").status_code == 200
    assert faults_of(api.get(f"{path}?x{query}")) == {"x" + query.split("=")[0]}


def test_finds_contacts_by_number_and_agents_by_extension(api, tenant):
    contact = make_contact(tenant, "+46701111111")
    make_contact(tenant, "+46702222222")
    assert [row["id"] for row in api.get("contacts?number=0701111111").json()["results"]] == [str(contact.pk)]
    agent = api.post("agents", {"name": "Bo", "extensions": ["210"]}).json()
    make_agent(tenant)
    assert [row["id"] for row in api.get("agents?extension=210").json()["results"]] == [agent["id"]]
