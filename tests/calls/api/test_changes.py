"""The change feed: everything in order, by token, within reach."""

from __future__ import annotations

import base64
import threading
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from calls import feed, ledger
from calls.choices import Direction, EventKind
from calls.drafts import CallChanges
from calls.feed.reading import MEANINGS, NOT_TOLD
from contacts import book
from contacts.matching import AgentHint
from contacts.models import ContactEvent
from tenants.choices import Role
from tests.calls.api.client import ApiClient, faults_of
from tests.calls.api.test_schema import check
from tests.make import make_agent, make_call, make_center, make_company, make_contact, make_recording, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def tenant(transactional_db):
    return make_tenant(time_zone="Europe/Stockholm")


def follow(api, query="", limit=2):
    """Everything from the beginning, page by page."""
    found, since = [], ""
    while True:
        answer = api.get(f"changes?limit={limit}{since}{query}")
        assert answer.status_code == 200, answer.content
        page = answer.json()
        found += page["results"]
        since = f"&since={page['next']}"
        if not page["has_more"]:
            return found


def told(changes):
    return [(change["object"], change["change"], change["id"]) for change in changes]


def test_every_kind_of_event_has_a_meaning_or_none():
    assert set(MEANINGS) | NOT_TOLD == set(EventKind)
    assert not set(MEANINGS) & NOT_TOLD


def test_tells_calls_recordings_and_contacts_in_the_order_they_came(api, tenant):
    contact = make_contact(tenant, "+46701234567")
    call = make_call(tenant, "+46701234567")
    ledger.amend(call, CallChanges(notes="n"))
    recording = make_recording(call)
    book.save_contact(contact)
    company, agent = make_company(tenant), make_agent(tenant)
    ledger.remove_audio(recording)
    ids = {name: str(row.pk) for name, row in (("contact", contact), ("call", call), ("recording", recording))}
    ids |= {"company": str(company.pk), "agent": str(agent.pk)}
    book.remove_contact(contact)
    ledger.remove(call)
    assert told(follow(api)) == [
        ("contact", "created", ids["contact"]),
        ("call", "created", ids["call"]),
        ("call", "updated", ids["call"]),
        ("recording", "created", ids["recording"]),
        ("contact", "updated", ids["contact"]),
        ("company", "created", ids["company"]),
        ("agent", "created", ids["agent"]),
        ("recording", "deleted", ids["recording"]),
        ("contact", "deleted", ids["contact"]),
        ("call", "deleted", ids["call"]),
    ]


def test_the_recordings_of_a_removed_call_are_told_as_deleted(api, tenant):
    recording = make_recording(make_call(tenant))
    ledger.remove(recording.call)
    assert told(follow(api, "&object=recording")) == [
        ("recording", "created", str(recording.pk)),
        ("recording", "deleted", str(recording.pk)),
    ]


def test_each_change_has_the_token_of_what_comes_after_it(api, tenant):
    for _ in range(3):
        make_call(tenant)
        make_contact(tenant)
    changes = follow(api)
    for position, change in enumerate(changes):
        rest = api.get(f"changes?since={change['token']}").json()["results"]
        assert told(rest) == told(changes[position + 1 :])


def test_from_now_on_tells_what_comes_later_only(api, tenant):
    make_call(tenant)
    make_contact(tenant)
    since = api.get("changes?since=now").json()
    assert (since["results"], since["has_more"]) == ([], False)
    contact, call = make_contact(tenant), make_call(tenant)
    page = api.get(f"changes?since={since['next']}").json()
    assert told(page["results"]) == [("contact", "created", str(contact.pk)), ("call", "created", str(call.pk))]
    assert api.get(f"changes?since={page['next']}").json()["results"] == []


def test_a_token_goes_on_although_the_secret_key_changed(api, tenant, settings):
    make_call(tenant)
    token = follow(api)[0]["token"]
    settings.SECRET_KEY = "another"
    assert api.get(f"changes?since={token}").status_code == 200


def plain(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    ["x", "å", "%00", "=", "MQ", "%20", plain("1:1:1"), plain("2:0:0:0"), plain("1:-1:0:0"), plain("1:0:0:0") + "=",
     plain("1:00:0:0"), plain("1:9223372036854775808:0:0"), plain("1:9223372036854775807:0:0"), plain("1:٣:0:0"), "A" * 1999],
)  # fmt: skip
def test_a_token_that_is_none_of_ours_is_refused_by_name(api, token):
    for path in ("changes", "stream"):
        answer = api.get(f"{path}?since={token}")
        assert answer.status_code == 400
        assert faults_of(answer) == {"since"}


@pytest.mark.parametrize(
    ("query", "name"),
    [("wait=31", "wait"), ("wait=-1", "wait"), ("wait=x", "wait"), ("limit=0", "limit"), ("limit=501", "limit"), ("x=1", "x"),
     ("object=line", "object"), ("change=made", "change"), ("direction=up", "direction"),
     ("started_after=2026-01-01", "started_after"),
     ("expand=call", "expand"), ("cursor=x", "cursor")],
)  # fmt: skip
def test_what_is_not_offered_is_refused_by_name(api, query, name):
    answer = api.get(f"changes?{query}")
    assert answer.status_code == 400
    assert faults_of(answer) == {name}


def test_filters_choose_objects_changes_and_calls(api, tenant):
    contact = make_contact(tenant)
    inbound, outbound = make_call(tenant), make_call(tenant, direction=Direction.OUTBOUND)
    ledger.amend(outbound, CallChanges(notes="n"))
    key = str(inbound.pk)
    assert told(follow(api, "&object=contact")) == [("contact", "created", str(contact.pk))]
    assert told(follow(api, "&object=call&change=updated")) == [("call", "updated", str(outbound.pk))]
    assert told(follow(api, "&direction=inbound")) == [("call", "created", key)]
    assert told(follow(api, "&type=outgoing&change=created")) == [("call", "created", str(outbound.pk))]
    ledger.remove(inbound)
    assert told(follow(api, "&direction=inbound")) == [("call", "deleted", key)]


def test_the_objects_themselves_are_told_on_request(api, tenant):
    contact, call = make_contact(tenant), make_call(tenant, notes="n")
    gone = make_call(tenant)
    ledger.remove(gone)
    rows = {change["id"]: change["row"] for change in follow(api, "&expand=row", limit=10)}
    assert rows[str(call.pk)] == api.get(f"calls/{call.pk}").json()
    assert rows[str(contact.pk)] == api.get(f"contacts/{contact.pk}").json()
    assert None in rows.values()


def test_whoever_sees_one_center_is_told_of_its_calls(tenant):
    here, there = make_center(tenant), make_center(tenant)
    ours, theirs = make_agent(tenant, center=here), make_agent(tenant, center=there)
    limited = ApiClient(tenant, Role.AGENT, center=here)
    mine = make_call(tenant, agent=AgentHint(id=str(ours.pk)))
    other = make_call(tenant, agent=AgentHint(id=str(theirs.pk)))
    gone = make_call(tenant, agent=AgentHint(id=str(ours.pk)))
    key = str(gone.pk)
    ledger.remove(gone)
    ledger.remove(other)
    assert told(follow(limited, "&object=call")) == [
        ("call", "created", str(mine.pk)),
        ("call", "deleted", key),
    ]


def test_another_tenant_sees_nothing(api, stranger, tenant):
    make_recording(make_call(tenant))
    make_contact(tenant)
    token = follow(api)[0]["token"]
    for query in ("", f"?since={token}", "?since=now"):
        assert stranger.get(f"changes{query}").json()["results"] == []
    assert b"data:" not in b"".join(stranger.get(f"stream?since={token}").streaming_content)


def test_answers_are_as_described(api, tenant):
    make_recording(make_call(tenant))
    make_contact(tenant)
    for query in ("", "?expand=row", "?limit=1", "?since=now", "?since=x"):
        check(api.get(f"changes{query}"))


@pytest.mark.parametrize("expand", ["", "&expand=row"])
def test_fifty_changes_cost_as_many_queries_as_two(api, tenant, expand, django_assert_max_num_queries):
    counts = []
    for number in (2, 48):
        for _ in range(number):
            make_contact(tenant, "+46701234567")
            make_recording(make_call(tenant))
        api.get("me")  # notes that the token was used, once a minute
        with django_assert_max_num_queries(20) as queries:
            api.get(f"changes?limit=500{expand}")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_waits_for_what_comes(api, tenant, settings):
    settings.CALLHUB_LONGEST_WAIT = 30
    since = api.get("changes?since=now").json()["next"]
    made = threading.Timer(0.5, lambda: (make_call(tenant), connection.close()))
    made.start()
    try:
        page = api.get(f"changes?since={since}&wait=30").json()
    finally:
        made.join()
    assert [change["object"] for change in page["results"]] == ["call"]


def test_waiting_in_vain_ends_with_the_same_answer(api, settings):
    settings.CALLHUB_LONGEST_WAIT = 1
    since = api.get("changes?since=now").json()["next"]
    page = api.get(f"changes?since={since}&wait=1").json()
    assert (page["results"], page["has_more"]) == ([], False)


def test_holds_no_connection_while_it_waits(api, settings, monkeypatch):
    settings.CALLHUB_LONGEST_WAIT = 1
    held = []

    def look(self, *args):
        held.append(connection.connection is not None)
        return False

    monkeypatch.setattr(feed.Watch, "wait", look)
    api.get("changes?since=now&wait=1")
    assert held
    assert not any(held)


def test_where_there_is_no_room_to_wait_the_answer_comes_at_once(api, settings):
    settings.CALLHUB_LONGEST_WAIT, settings.CALLHUB_STREAMS = 30, 0
    answer = api.get("changes?since=now&wait=1")
    assert answer.status_code == 200
    assert answer["Retry-After"]


def test_contacts_from_before_are_told_of(tenant, api):
    """What the migration does for those that were there."""
    keys = {str(make_contact(tenant).pk), str(make_company(tenant).pk), str(make_agent(tenant).pk)}
    ContactEvent.objects.all().delete()
    import_module("contacts.migrations.0005_tell_of_those_there_are").tell(apps, None)
    assert {change["id"] for change in follow(api)} == keys
