"""The list of calls: which calls it shows and says it shows, search, filters, paging and its cost."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calls.choices import Direction, Disposition, Source
from contacts.matching import AgentHint
from tests.calls.admin.call_pages import LIST, headings
from tests.make import (
    make_agent,
    make_call,
    make_company,
    make_contact,
    make_tenant,
    noon_zone,
)
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant():
    return make_tenant(time_zone="Europe/Stockholm")


@pytest.fixture
def client(tenant):
    return signed_in(staff(tenant, "manager"))


def shown(client, **query):
    """The calls a list shows, and the answer."""
    answer = client.get(LIST, query)
    assert answer.status_code == 200, answer
    return list(answer.context["cl"].result_list), answer


def ago(**delta):
    return timezone.now() - timedelta(**delta)


# Which day


@time_machine.travel(datetime(2026, 3, 29, 10, 0, tzinfo=UTC), tick=False)
def test_today_is_the_viewers_day_and_is_said(client, tenant):
    """29 March 2026 has 23 hours in Stockholm: it begins at 23:00Z the day before and ends at 22:00Z."""
    inside = [datetime(2026, 3, 28, 23, 0, tzinfo=UTC), datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC)]
    outside = [datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC), datetime(2026, 3, 29, 22, 0, tzinfo=UTC)]
    for at in (*inside, *outside):
        make_call(tenant, started_at=at)
    calls, answer = shown(client)
    assert sorted(call.started_at for call in calls) == inside
    assert "Calls of today, Sunday 29 March (Europe/Stockholm)" in answer.content.decode()


@time_machine.travel(datetime(2026, 3, 2, 23, 30, tzinfo=UTC), tick=False)
def test_a_persons_own_zone_comes_before_the_tenants(tenant):
    make_call(tenant, started_at=datetime(2026, 3, 2, 22, 0, tzinfo=UTC))
    here, answer = shown(signed_in(staff(tenant, "viewer")))
    assert here == []  # it is the 3rd in Stockholm
    there, answer = shown(signed_in(staff(tenant, "viewer", time_zone="America/New_York")))
    assert len(there) == 1
    assert "America/New_York" in answer.content.decode()
    assert "17:00" in answer.content.decode()


@time_machine.travel(datetime(2026, 5, 13, 10, 0, tzinfo=UTC), tick=False)
def test_one_click_leads_to_every_period(client, tenant):
    for days in (0.001, 1, 5, 20, 400):
        make_call(tenant, started_at=ago(days=days))
    counts = {
        choice.address: len(shown(client, **_query(choice.address))[0]) for choice in shown(client)[1].context["cl"].periods
    }
    assert counts == {
        "?period=today": 1, "?period=yesterday": 1, "?period=7d": 3, "?period=month": 3, "?period=30d": 4, "?period=all": 5,
    }  # fmt: skip


@time_machine.travel(datetime(2026, 3, 1, 8, 0, tzinfo=UTC), tick=False)
@pytest.mark.parametrize(
    ("period", "inside", "outside", "said"),
    [
        ("yesterday", ["02-27T23:00", "02-28T22:59"], ["02-27T22:59", "02-28T23:00"], "Calls of yesterday, Saturday 28 February"),
        ("month", ["02-28T23:00", "03-01T07:00"], ["02-28T22:59", "03-01T23:00"], "Calls of this month, March 2026"),
    ],
)
def test_yesterday_and_this_month_are_the_viewers(client, tenant, period, inside, outside, said):
    for at in (*inside, *outside):
        make_call(tenant, started_at=datetime.fromisoformat(f"2026-{at}:00Z"))
    calls, answer = shown(client, period=period)
    assert sorted(f"{call.started_at:%m-%dT%H:%M}" for call in calls) == inside
    assert said in answer.content.decode()


def test_a_range_of_days_includes_both(client, tenant):
    for day in (1, 2, 3, 4):
        make_call(tenant, started_at=datetime(2025, 5, day, 21, 59, tzinfo=UTC))  # 23:59 in Stockholm
    calls, answer = shown(client, started_from="2025-05-02", started_to="2025-05-03")
    assert sorted(call.started_at.day for call in calls) == [2, 3]
    assert "Calls from 2025-05-02 to 2025-05-03" in answer.content.decode()


def test_days_win_over_the_period_that_the_filter_form_sends_along(client, tenant):
    make_call(tenant, started_at=datetime(2025, 5, 2, 9, 0, tzinfo=UTC))
    calls, answer = shown(client, period="today", started_from="2025-05-02", started_to="2025-05-02")
    assert len(calls) == 1
    assert "Calls from 2025-05-02 to 2025-05-02" in answer.content.decode()


def test_nothing_is_counted_per_choice(client, tenant):
    make_call(tenant)
    answer = shown(client, period="all", _facets="True")[1]
    assert "Show counts" not in answer.content.decode()
    assert "(1)" not in answer.content.decode()


@pytest.mark.parametrize("day", ["yesterday", "0001-01-01", "9999-12-31", "2025-02-30"])
def test_a_day_that_is_none_is_left_out_and_said(client, tenant, day):
    make_call(tenant)
    for name in ("started_from", "started_to"):
        calls, answer = shown(client, **{name: day})
        assert len(calls) == 1
        assert "A day that is no date was left out" in answer.content.decode()


# Scopes and filters


def test_quick_scopes_show_what_they_say():
    tenant = make_tenant(time_zone=noon_zone())
    user = staff(tenant, "agent")
    agent = make_agent(tenant, user=user)
    started_at = ago(minutes=1)
    rows = {
        "missed": make_call(tenant, started_at=ago(minutes=30), disposition=Disposition.NO_ANSWER),
        "flagged": make_call(tenant, started_at=started_at, is_flagged=True),
        "recorded": make_call(tenant, started_at=started_at, recording_url="https://example.com/a.mp3"),
        "short": make_call(tenant, started_at=started_at, seconds=9, disposition=Disposition.ANSWERED),
        "live": make_call(tenant, started_at=ago(days=3), seconds=None),
        "mine": make_call(tenant, started_at=started_at, agent=AgentHint(id=str(agent.pk))),
    }
    client = signed_in(user)
    for scope, row in rows.items():
        assert [call.pk for call in shown(client, scope=scope)[0]] == [row.pk], scope
    make_contact(tenant, "+46701234567")
    known = make_call(tenant, started_at=started_at)
    unmatched = {call.pk for call in shown(client, scope="unmatched")[0]}
    assert known.pk not in unmatched
    assert unmatched == {row.pk for name, row in rows.items() if name != "live"}
    make_call(tenant, started_at=started_at, seconds=5, disposition=Disposition.BUSY)
    assert [call.pk for call in shown(client, scope="short")[0]] == [rows["short"].pk]


def test_filters_combine_and_each_has_a_way_out(client, tenant):
    agent, other = make_agent(tenant, name="Astrid"), make_agent(tenant)
    wanted = make_call(tenant, seconds=100, agent=AgentHint(id=str(agent.pk)), direction=Direction.OUTBOUND)
    make_call(tenant, seconds=100, agent=AgentHint(id=str(other.pk)), direction=Direction.OUTBOUND)
    make_call(tenant, seconds=20, agent=AgentHint(id=str(agent.pk)), direction=Direction.OUTBOUND)
    make_call(tenant, seconds=100, agent=AgentHint(id=str(agent.pk)))
    query = {"period": "all", "agent__id__exact": str(agent.pk), "duration_from": "60", "direction__exact": "outbound"}
    calls, answer = shown(client, **query)
    assert [call.pk for call in calls] == [wanted.pk]
    ways_out = answer.context["cl"].ways_out
    assert {str(choice.label) for choice in ways_out} == {"direction: Outbound", "agent: Astrid", "duration in seconds: 60"}
    assert sorted(len(shown(client, **_query(choice.address))[0]) for choice in ways_out) == [2, 2, 2]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"type": "missed"}, 1),
        ({"type": "outgoing"}, 1),
        ({"disposition__exact": "no_answer"}, 1),
        ({"source__exact": "planhat"}, 1),
        ({"unverified": "yes"}, 1),
        ({"unverified": "no"}, 3),
        ({"recording": "yes"}, 1),
        ({"recording": "no"}, 3),
        ({"duration_from": "61"}, 1),
        ({"duration_to": "60"}, 3),
        ({"talk_to": "0"}, 1),
        ({"type": "nonsense"}, 4),
    ],
)
def test_each_filter_narrows(client, tenant, query, count):
    make_call(tenant, "+46709876543", disposition=Disposition.NO_ANSWER)
    make_call(tenant, direction=Direction.OUTBOUND, seconds=61)
    make_call(tenant, source=Source.PLANHAT, is_verified=False)
    make_call(tenant, recording_url="https://example.com/a.mp3")
    assert len(shown(client, period="all", **query)[0]) == count


@pytest.mark.parametrize("length", ["abc", "-1", "nan", "inf", "1e400", "9" * 400])
def test_a_length_that_is_none_is_left_out_and_said(client, tenant, length):
    make_call(tenant)
    calls, answer = shown(client, period="all", duration_from=length)
    assert len(calls) == 1
    assert "no number of seconds was left out" in answer.content.decode()


@pytest.mark.parametrize("field", ["agent", "company", "center", "contact", "tags"])
def test_an_id_that_is_none_is_no_error(client, field):
    assert client.get(LIST, {f"{field}__id__exact": "nonsense"}).status_code == 302
    assert client.get(LIST, {f"{field}__id__exact": "0190d3b0-0000-7000-8000-000000000000"}).status_code == 200


# Search


@pytest.mark.parametrize(
    "spelling",
    [
        "+46701234567", "0046701234567", "0701234567", "070-123 45 67", "(070) 123 45 67", "+46 (0)70 123 45 67", "070.123.4567",
        "070 123", "4670", "0046 70", "+4670", "34567", "070–123 45 67",
    ],
)  # fmt: skip
def test_a_number_is_found_in_any_spelling_and_part(client, tenant, spelling):
    wanted = make_call(tenant, "+46701234567")
    make_call(tenant, "+46855566677")
    calls, answer = shown(client, q=spelling)
    assert [call.pk for call in calls] == [wanted.pk]
    assert "Calls of all time that fit" in answer.content.decode()


def test_a_name_an_extension_and_an_external_id_are_found(client, tenant):
    company = make_company(tenant, name="Lunds Bageri")
    make_contact(tenant, "+46701234567", name="Åsa Öberg", company=company)
    wanted = make_call(tenant, "+46701234567", external_id="vendor-77")
    inside = make_call(tenant, "0003*210", direction=Direction.INTERNAL)
    make_call(tenant, "+46855566677", external_id="vendor-8")
    for words in ("Åsa", "berg Lunds", "vendor-77"):
        assert [call.pk for call in shown(client, q=words)[0]] == [wanted.pk], words
    assert [call.pk for call in shown(client, q="0003*210")[0]] == [inside.pk]


@pytest.mark.parametrize("words", ["%", "_", "'", '"', "\\", "😀", "a" * 5000, "+", "0", "(((", "\u202e"])
def test_odd_words_find_nothing_and_break_nothing(client, tenant, words):
    make_call(tenant, "+46855566677")
    assert shown(client, q=words)[0] == []


def test_an_empty_day_leads_on_to_earlier_ones(client, tenant):
    make_call(tenant)
    _calls, answer = shown(client)
    text = answer.content.decode()
    assert "No calls here" in text
    assert "?period=7d" in text
    assert f"http://testserver/{tenant.slug}/calls" in text


def test_the_command_of_an_empty_list_logs_a_call_that_the_list_then_shows():
    client = signed_in(staff(make_tenant(time_zone=noon_zone()), "agent"))
    command = shown(client)[1].context["cl"].first_command
    body = command.split("-d '", 1)[1].split("'", 1)[0]
    address = urlsplit(command.rsplit(" ", 1)[1]).path
    assert client.post(address, body, content_type="application/json").status_code == 200
    calls, answer = shown(client)
    assert len(calls) == 1
    assert "Unverified" in answer.content.decode()


# Columns


def test_each_person_keeps_their_own_columns(tenant):
    make_call(tenant, started_at=ago(minutes=1), seconds=30, ring_ms=4000, outcome="sold", notes="Wants  a\nquote")
    anna, bo = signed_in(staff(tenant, "agent")), signed_in(staff(tenant, "agent"))
    answer = anna.post(
        LIST + "columns/", {"column": ["outcome", "ring", "notes", "nonsense"], "back": "period=all&o=3&columns=x"}
    )
    assert (answer.status_code, answer["Location"]) == (302, LIST + "?period=all")
    answer = anna.get(answer["Location"])
    assert headings(answer) == ["started", "ring", "outcome", "noted"]
    text = answer.content.decode()
    assert "0:04" in text
    assert "Wants a quote" in text
    assert "started" in headings(shown(bo)[1])
    assert "outcome" not in headings(shown(bo)[1])
    anna.post(LIST + "columns/", {"usual": "1"})
    assert headings(shown(anna)[1]) == headings(shown(bo)[1])


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example/?x=1", "\n", "?" * 5000])
def test_choosing_columns_leads_to_the_list_and_nowhere_else(client, back):
    answer = client.post(LIST + "columns/", {"column": ["talk"], "back": back})
    assert answer["Location"].split("?")[0] == LIST
    assert client.get(LIST + "columns/").status_code == 405


def test_the_filters_can_all_be_cleared_at_once(client, tenant):
    make_call(tenant, started_at=ago(days=3), direction=Direction.OUTBOUND, seconds=10)
    make_call(tenant, started_at=ago(days=3), seconds=100, outcome="sold", notes="a Quote")
    query = {"period": "7d", "duration_from": "60", "direction__exact": "inbound", "outcome": "sold", "notes": "quote"}
    calls, answer = shown(client, **query)
    assert len(calls) == 1
    listed = answer.context["cl"]
    assert len(listed.ways_out) == 4
    assert listed.way_out_of_all == "?period=7d"
    assert len(shown(client, **_query(listed.way_out_of_all))[0]) == 2


def test_the_form_for_own_days_keeps_the_other_filters(client, tenant):
    answer = shown(client, period="all", direction__exact="inbound", started_from="2025-05-02")[1]
    days = answer.context["cl"].days
    assert days["kept"] == [("direction__exact", "inbound")]
    assert (days["from"], days["to"], days["is_chosen"]) == ("2025-05-02", "", True)


# The way to a new one


@pytest.mark.parametrize(
    ("address", "language", "words"),
    [
        (LIST, "en", "Log a call"),
        (LIST, "de", "Anruf erfassen"),
        (f"{LIST}add/", "en", "Log a call"),
        ("/admin/contacts/contact/", "en", "Add contact"),
        ("/admin/contacts/contact/", "de", "Kontakt hinzufügen"),
    ],
)
def test_the_plus_sign_says_what_it_makes(client, tenant, address, language, words):
    make_call(tenant)
    make_contact(tenant)
    text = client.get(address, headers={"Accept-Language": language}).content.decode()
    [link] = re.findall(r'<a [^>]*class="addlink.*?</a>', text, re.DOTALL)
    assert f'title="{words}"' in link
    assert f'<span class="ch-add-words">{words}</span>' in link


def test_an_empty_log_says_it_in_the_same_words(client):
    assert re.search(r'<a class="ch-button"[^>]*>Log a call</a>', client.get(LIST, {"period": "all"}).content.decode())


# Paging and cost


def test_counts_no_further_than_it_must(client, tenant, monkeypatch):
    monkeypatch.setattr("tenants.bounded.COUNTED", 3)
    monkeypatch.setattr("calls.admin.call.CallAdmin.list_per_page", 2)
    for _ in range(5):
        make_call(tenant)
    with CaptureQueriesContext(connection) as queries:
        calls, answer = shown(client, period="all")
    assert len(calls) == 2
    assert "3+, narrow the list" in answer.content.decode()
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"].upper() and "calls_call" in query["sql"]]
    assert counts
    assert all("LIMIT 4" in sql for sql in counts)
    assert len(shown(client, period="all", p="2")[0]) == 1
    assert client.get(LIST, {"period": "all", "p": "99999999999999999999"}).status_code == 302


def test_pages_hold_every_call_once_where_all_started_together(client, tenant, monkeypatch):
    monkeypatch.setattr("calls.admin.call.CallAdmin.list_per_page", 3)
    made = {make_call(tenant).pk for _ in range(7)}
    seen = [call.pk for page in (1, 2, 3) for call in shown(client, period="all", p=str(page))[0]]
    assert len(seen) == 7
    assert set(seen) == made


def _query(address):
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
