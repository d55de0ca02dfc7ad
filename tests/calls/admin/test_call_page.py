"""The page of a call: what it shows, what may be changed of it, and that every change goes through the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone

from calls import ledger
from calls.choices import Disposition, LegRole
from calls.drafts import CallChanges, InteractionDraft, LegDraft, PartyDraft
from calls.models import Call, Tag
from tests.calls.admin.call_pages import LIST, address, text_of
from tests.make import STARTED_AT, make_call, make_center, make_company, make_contact, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db
ODD_TEXTS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE calls_call; --",
    "{{ 7*7 }} {% load x %} ${7*7}",
    "javascript:alert(1)",
    "😀👩‍👩‍👧‍👦 \u202eright to left\u202c שלום عربي",
    "Ａ" * 60,
    "&lt;b&gt; &amp; \\ / ` |",
]


# What it shows


def test_tells_the_facts_in_the_viewers_zone(client, tenant):
    call = make_call(
        tenant,
        started_at=datetime(2026, 7, 1, 10, 0, tzinfo=UTC),
        seconds=3725,
        ring_ms=5000,
        external_id="vendor-1",
        caller=PartyDraft(number="070-123 45 67", name="Åsa"),
        remote=PartyDraft(),
    )
    text = text_of(client, call)
    for words in ("Wed 01 Jul 2026 12:00:00", "Europe/Stockholm", "1:02:05", "0:05", "vendor-1", "told as 070-123 45 67", "Åsa"):
        assert words in text, words


def test_explains_a_match_by_a_companys_phone(client, tenant):
    call = make_call(tenant, "+46855566677")
    make_company(tenant, name="Berg AB", phone="08-555 666 77")
    ledger.relink_waiting(seconds=10)
    text = text_of(client, call)
    assert "The company was found by the phone number of the company." in text
    assert "Matched with Berg AB, by the phone number of the company" in text
    make_company(tenant, phone="5551081")
    make_call(tenant, "5551081")
    assert "A guess by the phone number of the company." in text_of(client, Call.objects.newest_first().first())


def test_explains_the_match_with_links_to_all_who_fit(client, tenant):
    one, two = make_contact(tenant, "+46701234567", name="One"), make_contact(tenant, "+46701234567", name="Two")
    text = text_of(client, make_call(tenant, "+46701234567"))
    assert "Several contacts fit, so none is taken" in text
    for contact in (one, two):
        assert reverse("admin:contacts_contact_change", args=[contact.pk]) in text
    known = make_contact(tenant, "+46855566677")
    assert "Found by the very number" in text_of(client, make_call(tenant, "+46855566677"))
    assert "The number is withheld" in text_of(client, make_call(tenant, "anonymous"))
    assert "No contact has this number" in text_of(client, make_call(tenant, "+46709999999"))
    assert known.name in text_of(client, make_call(tenant, "+46855566677"))


def test_tells_legs_interactions_and_the_vendors_document(client, tenant):
    call = make_call(
        tenant,
        legs=(LegDraft(role=LegRole.DESTINATION, party=PartyDraft(number="210", name="Desk")),),
        interactions=(InteractionDraft(happened_at=timezone.now(), summary="Menu", description="pressed 3"),),
        document={"answer": {"to": 42}},
        facts={"server": "pbx-7"},
    )
    text = text_of(client, call)
    for words in ("Desk", "Menu", "pressed 3", "&quot;to&quot;: 42", "pbx-7", "Logged through API"):
        assert words in text, words


def test_draws_the_legs_over_time_and_says_them_in_words(client, tenant):
    at = [STARTED_AT + timedelta(seconds=seconds) for seconds in (0, 10, 60)]
    source = LegDraft(role=LegRole.SOURCE, party=PartyDraft(name="Desk"), started_at=at[0], answered_at=at[1], ended_at=at[2])
    other = LegDraft(role=LegRole.DESTINATION, party=PartyDraft(number="211"), started_at=at[1], ended_at=at[2])
    untold = LegDraft(role=LegRole.TRANSFER, party=PartyDraft(number="212"))
    call = make_call(tenant, legs=(source, other, untold))
    chart = client.get(address(call)).context["leg_chart"]
    assert [bar.said for bar in chart.bars] == [
        "Desk rang for 0:10 and talked for 0:50",
        "211 rang for 0:50 and was not answered",
    ]
    assert [(part.tone, part.start, part.width) for part in chart.bars[0].parts] == [
        ("ring", "0.000%", "16.667%"),
        ("talk", "16.667%", "83.333%"),
    ]
    assert chart.marks == ("0:00", "0:30", "1:00")
    assert client.get(address(make_call(tenant, legs=(untold,)))).context["leg_chart"] is None


def test_shows_the_last_ten_earlier_calls_with_the_same_number(client, tenant):
    call = make_call(tenant, "+46701234567", started_at=timezone.now())
    earlier = [make_call(tenant, "+46701234567", started_at=timezone.now() - timedelta(days=day)) for day in range(1, 13)]
    make_call(tenant, "+46855566677", started_at=timezone.now() - timedelta(days=1))
    make_call(tenant, "+46701234567", started_at=timezone.now() + timedelta(hours=1))
    shown = client.get(address(call)).context["earlier"]
    assert [row.pk for row, *_ in shown] == [row.pk for row in earlier[:10]]
    assert all(address(row) in text_of(client, call) for row in earlier[:10])


@pytest.mark.parametrize("role", ["viewer", "agent"])
def test_a_page_costs_the_same_however_much_happened(tenant, role, django_assert_max_num_queries):
    call = make_call(tenant, "+46701234567", tags=("a", "b"))
    for number in range(15):
        contact = make_contact(tenant, f"+4670123450{number}")
        ledger.amend(call, CallChanges(notes=str(number), chosen_contact=str(contact.pk)))
        make_call(tenant, "+46701234567", started_at=timezone.now() - timedelta(days=number + 1))
    client = signed_in(staff(tenant, role))
    client.get(address(call))
    with django_assert_max_num_queries(20):
        text_of(client, call)


# Its neighbours in the list


def neighbours(client, call, query=""):
    """The pages before and after, as ids, from the list with this query string."""
    carried = f"?{urlencode({'_changelist_filters': query})}" if query else ""
    found = client.get(address(call) + carried).context["neighbours"]
    return found and tuple(part.split("/")[4] if part else "" for part in (found.previous, found.next))


def test_leads_to_the_neighbours_within_the_list_one_came_from(client, tenant):
    now = timezone.now()
    calls = [make_call(tenant, f"+4670123450{n}", seconds=60 - n, started_at=now - timedelta(days=2 + n)) for n in range(3)]
    missed = make_call(tenant, disposition=Disposition.NO_ANSWER, started_at=now - timedelta(days=2, hours=12))
    ids = [str(call.pk) for call in calls]
    assert neighbours(client, calls[1], "period=all") == (str(missed.pk), ids[2])
    assert neighbours(client, calls[1], "period=all&disposition__exact=answered") == (ids[0], ids[2])
    assert neighbours(client, calls[1], "period=all&disposition__exact=busy") is None
    assert neighbours(client, calls[0], "period=all") == ("", str(missed.pk))
    assert neighbours(client, missed, "period=all&scope=missed") == ("", "")
    assert neighbours(client, calls[2], "period=all") == (ids[1], "")
    assert neighbours(client, calls[0]) is None, "not among today's"
    text = client.get(address(calls[0]) + "?_changelist_filters=period%3Dall").content.decode()
    assert f"{LIST}?period=all" in text


def test_neighbours_follow_the_lists_own_sorting(client, tenant):
    lengths = [30, None, 90, 30]
    calls = [make_call(tenant, seconds=length, started_at=STARTED_AT + timedelta(days=n)) for n, length in enumerate(lengths)]
    page = client.get(f"{LIST}?period=all")
    columns = list(page.context["cl"].list_display)
    query = f"period=all&o=-{columns.index('duration')}"
    walked, call = [], next(call for call in calls if neighbours(client, call, query)[0] == "")
    while call:
        walked.append(call)
        call = Call.objects.filter(pk=neighbours(client, call, query)[1] or None).first()
    assert {row.pk for row in walked} == {row.pk for row in calls}
    assert [row.duration_ms for row in walked] == [90_000, 30_000, 30_000, None]


@pytest.mark.parametrize(
    "query",
    [
        "period=all&x=1",
        "contact__name__regex=(a+)+",
        "a=%00",
        "notes=%00",
        "started_at__year=99999999999",
        "o=x",
        "agent__id__exact=nobody",
        "%",
    ],
)
def test_a_list_that_is_none_has_no_neighbours_and_breaks_nothing(client, tenant, query):
    call = make_call(tenant, started_at=timezone.now())
    assert client.get(address(call) + "?" + urlencode({"_changelist_filters": query})).status_code == 200


def test_neighbours_are_never_anothers(tenant):
    center = make_center(tenant)
    own = make_call(tenant, started_at=STARTED_AT, center_id=str(center.pk))
    make_call(tenant, started_at=STARTED_AT - timedelta(hours=1))
    make_call(make_tenant(), started_at=STARTED_AT + timedelta(hours=1))
    client = signed_in(staff(tenant, "agent", center=center))
    assert neighbours(client, own, "period=all") == ("", "")


# Stored text


@pytest.mark.parametrize("odd", ODD_TEXTS)
def test_odd_text_is_shown_as_text_everywhere(client, tenant, odd):
    contact = make_contact(tenant, "+46701234567", name=odd, notes=odd)
    call = make_call(
        tenant,
        "+46701234567",
        started_at=timezone.now() - timedelta(minutes=5),
        caller=PartyDraft(number="+46701234567", name=odd),
        callee=PartyDraft(number=odd[:60], name=odd),
        notes=odd,
        outcome=odd[:60],
        tags=(odd[:60],),
        flag_notes=odd,
        is_flagged=True,
        external_id=odd,
        screen_pop=odd,
        completed_forms=(odd,),
        document={odd: odd},
        facts={"location": odd},
        legs=(LegDraft(role=LegRole.SOURCE, party=PartyDraft(number="210", name=odd)),),
        interactions=(InteractionDraft(happened_at=timezone.now(), summary=odd, description=odd),),
    )
    Tag.objects.update(colour="red;}<")
    ledger.amend(call, CallChanges(notes=odd + " again", outcome="x"))
    pages = [
        LIST,
        address(call),
        address(call, "delete"),
        reverse("admin:index"),
        reverse("admin:contacts_contact_change", args=[contact.pk]),
    ]
    for page in (*pages, "/admin/calls/tag/", "/admin/contacts/contact/"):
        text = client.get(page, follow=True).content.decode()
        assert "<script>alert" not in text, page
        assert "<img src=x" not in text, page
        assert 'href="javascript:' not in text.lower(), page
        assert "red;}" not in text or page == "/admin/calls/tag/", page


def test_ten_kilobytes_of_notes_are_kept_and_shown(client, tenant):
    notes = "All work and no play makes a dull log. " * 260
    text = text_of(client, make_call(tenant, notes=notes))
    assert notes.strip() in text


@pytest.mark.parametrize(
    "scheme", ["javascript:alert(1)", "data:text/html,x", "http://[", "//example.com/a", "ftp://example.com/a"]
)
def test_only_web_addresses_of_recordings_are_links(client, tenant, scheme):
    call = make_call(tenant, started_at=timezone.now())
    Call.objects.filter(pk=call.pk).update(recording_url=scheme)  # what an older release may have let in
    for page in (address(call), LIST):
        text = client.get(page).content.decode()
        assert f'href="{scheme}"' not in text
        assert "Not a link: no web address" in text


def test_a_recording_is_a_safe_link_that_tells_its_host(client, tenant):
    url = "https://example.com@evil.example/a?x=1&y=2"
    text = text_of(client, make_call(tenant, recording_url=url))
    assert 'rel="noopener noreferrer nofollow"' in text
    assert "Opens evil.example, outside callhub" in text
    unverified = make_call(tenant, recording_url=url, is_verified=False)
    assert "noopener" not in text_of(client, unverified)
    assert "it came by an open address" in text_of(client, unverified)
