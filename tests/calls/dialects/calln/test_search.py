"""Search and single calls: every filter, the shape of an item, what calls of other doors look like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from calls.choices import Direction, Disposition, Source
from calls.drafts import PartyDraft
from tests.calls.dialects.calln.asking import ask, call_body, listed, refusal, sample, upload
from tests.make import STARTED_AT, make_call, make_center, make_contact, make_line, make_tenant

pytestmark = pytest.mark.django_db
FRED, BILL = PartyDraft(number="0409 123 456", name="Fred Flint"), PartyDraft(number="103", name="Bill")


def call_of(tenant, **facts):
    return make_call(tenant, **{"direction": Direction.INBOUND, "remote": PartyDraft(), "caller": FRED, "callee": BILL, **facts})


def found(client, query):
    """The notes of the calls a search finds: how these tests tell them apart."""
    return [item["notes"] for item in listed(client, query)]


def test_an_item_has_the_documented_shape(client, ann, acme):
    make_line(acme, "0312345678")
    upload(client, sample("page_example"))
    [item] = listed(client)
    assert set(item) == {
        "id", "startdatetime", "startdatetimeutc", "durationseconds", "direction", "directiontype", "callerphonenumber",
        "callername", "destinationphonenumber", "destinationname", "subject", "notes", "rating", "audiomd5hash",
        "audiolengthbytes", "tags", "answerdelayms",
    }  # fmt: skip
    assert item["direction"] == item["directiontype"] == "incoming"


def test_shows_ended_calls_of_every_door_and_no_live_one(client, ann, acme):
    for source in Source.values:
        make_call(acme, source=source, notes=source)
    make_call(acme, seconds=None)
    make_call(make_tenant("other"))
    assert sorted(found(client, "")) == sorted(Source.values)
    assert not any("audiomd5hash" in item or "audiolengthbytes" in item for item in listed(client))


def test_a_call_that_ends_later_gets_a_later_id(client, ann, acme):
    from calls import ledger
    from calls.drafts import CallChanges

    live = make_call(acme, seconds=None, notes="live")
    make_call(acme, notes="short")
    [short] = listed(client)
    ledger.amend(live, CallChanges(ended_at=STARTED_AT + timedelta(hours=1)))
    [item] = listed(client, f"afterid={short['id']}")
    assert item["notes"] == "live"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("datetimemin=2026-03-03", ["b", "c", "d"]),
        ("datetimemin=2026-03-03&datetimemax=2026-03-04", ["b", "c"]),
        ("datetimemax=2026-03-03", ["a", "b"]),
        ("datetimeminutc=2026-03-03", ["c", "d"]),
        ("datetimeminutc=2026-03-02%2013:00:00&datetimemaxutc=2026-03-03%201:00:00", ["b", "c"]),
        ("datetimemin=2026-03-03%2012:00:00", ["c", "d"]),
        ("datetimemax=2026-03-03%2012:00:00", ["a", "b", "c"]),
        ("datetimemax=2026-03-03T12:00:00%2B11:00", ["a", "b", "c"]),
        ("datetimemin=2026-03-03+1:00", ["c", "d"]),
        ("DateTimeMin=2026-03-03%201:00", ["c", "d"]),
        ("datetimemin=&datetimemax=", ["a", "b", "c", "d"]),
        ("datetimemin=2026-03-03&datetimeminutc=2026-03-04", ["d"]),
    ],
)
def test_by_time_in_the_users_zone_or_in_utc(client, ann, acme, query, expected):
    """Melbourne is eleven hours ahead in March."""
    moments = {"a": (2, 0), "b": (2, 13), "c": (3, 1), "d": (4, 5)}
    for notes, (day, hour) in moments.items():
        call_of(acme, notes=notes, started_at=datetime(2026, 3, day, hour, tzinfo=UTC))
    assert found(client, query) == expected


def test_an_upper_bound_includes_its_second(client, ann, acme):
    call_of(acme, notes="half", started_at=STARTED_AT + timedelta(milliseconds=500))
    [item] = listed(client)
    for name in ("datetimemax", "datetimemin"):
        assert found(client, f"{name}={quote(item['startdatetime'])}") == ["half"]
        assert found(client, f"{name}utc={quote(item['startdatetimeutc'])}") == ["half"]


@pytest.mark.parametrize(
    "number", ["0409123456", "+61 409 123 456", "0011 61 409-123-456", "(0409) 123 456", "sip:+61409123456@pbx"]
)
def test_by_a_number_in_any_spelling(client, ann, acme, number):
    call_of(acme, notes="in")
    call_of(acme, notes="out", caller=BILL, callee=FRED, direction=Direction.OUTBOUND)
    call_of(acme, notes="other", caller=PartyDraft(number="0409123457"))
    assert found(client, f"callerphonenumber={quote(number)}") == ["in"]
    assert found(client, f"destinationphonenumber={quote(number)}") == ["out"]


def test_by_an_extension_or_what_is_no_number(client, ann, acme):
    call_of(acme, notes="103")
    call_of(acme, notes="104", callee=PartyDraft(number="104"))
    call_of(acme, notes="anonymous", caller=PartyDraft(number="anonymous"), callee=PartyDraft())
    assert found(client, "destinationphonenumber=103") == ["103"]
    assert found(client, "destinationphonenumber=105") == []
    assert found(client, "callerphonenumber=anonymous") == ["anonymous"]


def test_by_the_only_number_that_is_known(client, ann, acme):
    """Planhat tells one side, and not always which."""
    for direction in (Direction.INBOUND, Direction.OUTBOUND, Direction.UNKNOWN):
        make_call(acme, "0409123456", direction=direction, notes=direction)
    assert sorted(found(client, "callerphonenumber=0409123456")) == ["inbound", "unknown"]
    assert found(client, "destinationphonenumber=0409123456") == ["outbound"]
    shown = {item["notes"]: (item["callerphonenumber"], item["destinationphonenumber"]) for item in listed(client)}
    assert shown == {"inbound": ("0409123456", ""), "outbound": ("", "0409123456"), "unknown": ("0409123456", "")}


def test_by_name_told_or_of_the_contact(client, ann, acme):
    make_contact(acme, "0409777777", name="Frederika")
    call_of(acme, notes="told")
    call_of(acme, notes="contact", caller=PartyDraft(number="0409777777"))
    call_of(acme, notes="other", caller=PartyDraft(number="0409777777", name="Somebody"))
    assert sorted(found(client, "callername=FRED")) == ["contact", "told"]
    assert {item["notes"]: item["callername"] for item in listed(client)}["contact"] == "Frederika"
    assert found(client, "destinationname=bill&callername=fred%20f") == ["told"]
    assert found(client, "destinationname=fred") == []


@pytest.mark.parametrize(
    ("word", "expected"), [("incoming", "inbound"), ("Outgoing", "outbound"), ("internal", "internal"), ("unknown", "unknown")]
)
def test_by_direction(client, ann, acme, word, expected):
    for direction in Direction.values:
        call_of(acme, direction=direction, notes=direction)
    assert found(client, f"direction={word}") == [expected]
    assert [item["direction"] for item in listed(client, f"direction={word}")] == [word.lower()]


def test_by_tag_group_subject_and_rating(client, ann, acme):
    center = make_center(acme, name="Support", external_id="s-1")
    make_center(make_tenant("other"), name="Support")
    call_of(acme, notes="a", tags=("VIP", "new"), outcome="Sold a house")
    call_of(acme, notes="b", center_id=str(center.pk), facts={"rating": 4})
    call_of(acme, notes="c", facts={"rating": "many"})
    assert found(client, "tag=vip") == ["a"]
    assert listed(client, "tag=new")[0]["tags"] == ["VIP", "new"]
    assert found(client, "handsetgroup=support") == found(client, "handsetgroup=s-1") == ["b"]
    assert found(client, "subject=house") == ["a"]
    assert found(client, "rating=4") == ["b"]
    assert found(client, "rating=5") == []
    assert [(item["notes"], item["rating"]) for item in listed(client)] == [("a", 0), ("b", 4), ("c", 0)]
    assert found(client, "tag=%27%22%3B--") == found(client, "handsetgroup=nobody") == []


def test_unrated_calls_are_rated_0(client, ann, acme):
    call_of(acme, notes="none")
    call_of(acme, notes="zero", facts={"rating": 0})
    call_of(acme, notes="five", facts={"rating": 5})
    assert found(client, "rating=0") == ["none", "zero"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("maxresults=0", "maxresults"), ("maxresults=x", "maxresults"), ("maxresults=-5", "maxresults"),
        ("afterid=x", "afterid"), ("afterid=-1", "afterid"), ("afterid=1.5", "afterid"), ("afterid=%D9%A1", "afterid"),
        ("datetimemin=yesterday", "datetimemin"),
        ("datetimemax=2026-02-30", "datetimemax"), ("datetimeminutc=9999-12-31T23:59:59-14:00", "datetimeminutc"),
        ("datetimemaxutc=0001-01-01T00:00:00%2B14:00", "datetimemaxutc"),
        ("datetimemin=2026-03-03T12:00:00%2B99:00", "datetimemin"),
        ("direction=sideways", "direction"), ("rating=6", "rating"), ("rating=x", "rating"), ("tag=" + "x" * 201, "tag"),
    ],
)  # fmt: skip
def test_says_which_filter_cannot_be_read(client, ann, query, name):
    assert name in refusal(ask(client, "GET", f"/api/call?{query}"), 400)


@pytest.mark.parametrize("query", ["tag=%00", "tag=%ed%a0%80", "tag=%ff", "tag=a&TAG=b"])
def test_refuses_a_query_no_database_takes(client, ann, query):
    refusal(ask(client, "GET", f"/api/call?{query}"), 400)


def test_takes_ids_beyond_any(client, ann, acme):
    make_call(acme)
    assert listed(client, "afterid=" + "9" * 25) == []
    assert len(listed(client, "afterid=0&maxresults=99999999999999999999&somethingelse=1")) == 1


def test_a_time_that_happens_twice_includes_both(client, ann, acme):
    """Melbourne turned its clocks back on 5 April."""
    for notes, hour in (("first", 15), ("second", 16)):
        call_of(acme, notes=notes, started_at=datetime(2026, 4, 4, hour, 30, tzinfo=UTC))
    bound = quote("2026-04-05 02:30:00")
    assert found(client, f"datetimemin={bound}&datetimemax={bound}") == ["first", "second"]


def test_one_call_looks_like_its_item(client, ann, acme):
    upload(client, call_body(servername="pbx"))
    [item] = listed(client)
    assert ask(client, "GET", f"/api/call/{item['id']}/").json() == item


def test_a_missed_call_of_another_door(client, ann, acme):
    call_of(acme, disposition=Disposition.NO_ANSWER, ring_ms=7500, seconds=8)
    [item] = listed(client)
    assert (item["answerdelayms"], item["durationseconds"]) == (7500, 8)
