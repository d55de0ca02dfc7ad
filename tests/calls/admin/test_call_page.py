"""The page of a call: what it shows, what may be changed of it, and that every change goes through the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone

from calls import ledger
from calls.choices import Direction, Disposition, EventKind, LegRole, MatchState, Source
from calls.drafts import CallChanges, InteractionDraft, LegDraft, PartyDraft
from calls.models import Call, CallEvent, CallNote, Tag
from tests.make import STARTED_AT, make_agent, make_call, make_center, make_contact, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db

LIST = "/admin/calls/call/"
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


@pytest.fixture
def tenant():
    return make_tenant(time_zone="Europe/Stockholm")


@pytest.fixture
def user(tenant):
    return staff(tenant, "agent", first_name="Astrid", last_name="Ek")


@pytest.fixture
def client(user):
    return signed_in(user)


def address(call, page="change"):
    return reverse(f"admin:calls_call_{page}", args=[call.pk])


def form_of(call, **told):
    """What the form of a call would send, with some fields typed over."""
    return {
        "outcome": call.outcome,
        "tags": [str(tag.pk) for tag in call.tags.all()],
        "flag_notes": call.flag_notes,
        "contact": str(call.contact_id or ""),
        "read_version": str(call.version),
        **({"is_flagged": "on"} if call.is_flagged else {}),
        **told,
    }


def text_of(client, call):
    answer = client.get(address(call))
    assert answer.status_code == 200
    return answer.content.decode()


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
    "query", ["period=all&x=1", "contact__name__regex=(a+)+", "a=%00", "o=x", "agent__id__exact=nobody", "%"]
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


# What may be changed


def test_edits_go_through_the_ledger_and_are_told_with_their_author(client, tenant, user):
    call = make_call(tenant)
    tag = Tag.objects.create(tenant=tenant, name="Complaint")
    told = {"note": "Wants a refund", "outcome": "Refund", "tags": [str(tag.pk)], "is_flagged": "on", "flag_notes": "Call back"}
    assert client.post(address(call), form_of(call, **told)).status_code == 302
    call.refresh_from_db()
    assert (call.notes, call.outcome, call.is_flagged, call.flag_notes, call.version) == (
        "Wants a refund",
        "Refund",
        True,
        "Call back",
        2,
    )
    assert list(call.tags.all()) == [tag]
    event = CallEvent.objects.get(call=call.pk, kind=EventKind.AMENDED)
    assert event.actor == user
    assert set(event.data["changed"]) == {"notes", "outcome", "tags", "is_flagged", "flag_notes"}
    text = text_of(client, call)
    for words in ("by Astrid Ek", "Notes: before and after", "Outcome:", "Refund", "Complaint"):
        assert words in text, words


def test_a_form_that_changes_nothing_tells_nothing(client, tenant):
    call = make_call(tenant, notes="x", tags=("a",), is_flagged=True)
    client.post(address(call), form_of(call))
    call.refresh_from_db()
    assert call.version == 1
    assert not CallEvent.objects.filter(call=call.pk, kind=EventKind.AMENDED).exists()


def test_a_chosen_contact_stays_and_can_be_taken_away(client, tenant):
    make_contact(tenant, "+46701234567")
    chosen = make_contact(tenant, name="Chosen")
    call = make_call(tenant, "+46701234567")
    client.post(address(call), form_of(call, contact=str(chosen.pk)))
    call.refresh_from_db()
    assert (call.contact, call.match_state) == (chosen, MatchState.CHOSEN)
    client.post(address(call), form_of(call, contact=""))
    call.refresh_from_db()
    assert (call.contact, call.match_state) == (None, MatchState.CHOSEN)
    assert "nobody you know" in text_of(client, call)


def test_a_colleagues_edit_is_not_undone_unawares(client, tenant):
    call = make_call(tenant, notes="first")
    form = form_of(call, note="mine")
    ledger.amend(call, CallChanges(notes="theirs"))
    answer = client.post(address(call), form)
    assert answer.status_code == 200
    assert "Somebody edited this call while you did" in answer.content.decode()
    assert "mine</textarea>" in answer.content.decode()
    assert Call.objects.get(pk=call.pk).notes == "theirs"
    again = {**form, "read_version": answer.context["adminform"].form["read_version"].value()}
    assert client.post(address(call), again).status_code == 302
    assert Call.objects.get(pk=call.pk).notes == "theirs\n\nmine"


def test_the_thread_tells_who_wrote_what_and_only_authors_may_edit(client, tenant, user):
    call = make_call(tenant, notes="Told by the switch")
    client.post(address(call), form_of(call, note="Wants a refnd"))
    note = ledger.thread_of(call)[1]
    there = reverse("admin:calls_call_note", args=[call.pk, note.pk])
    text = text_of(client, call)
    assert there in text
    assert text.index("Told by the switch</p>") < text.index("Wants a refnd</p>")
    colleague = signed_in(staff(tenant, "owner"))
    assert there not in text_of(colleague, call)
    assert colleague.post(there, {"text": "forged"}).status_code == 404
    assert client.get(there).status_code == 405
    assert client.post(there, {"text": "Wants a refund"}).status_code == 302
    text = text_of(client, call)
    for words in ("Wants a refund</p>", "1 earlier text", "Wants a refnd</p>", "edited "):
        assert words in text, words
    assert "Write between 1" in client.post(there, {"text": " "}, follow=True).content.decode()


def test_another_tenants_note_is_no_note(tenant):
    owner = staff(tenant, "owner")
    call = ledger.amend(make_call(tenant), CallChanges(note="ours"), actor=owner)
    other = signed_in(staff(make_tenant(), "owner"))
    there = reverse("admin:calls_call_note", args=[call.pk, ledger.thread_of(call)[0].pk])
    assert other.post(there, {"text": "forged"}).status_code == 404
    assert CallNote.objects.get().text == "ours"


def test_a_flag_is_taken_off_by_telling_how_it_was_solved(client, tenant, user):
    call = make_call(tenant)
    client.post(address(call), form_of(call, is_flagged="on", flag_notes="Angry about the bill"))
    call.refresh_from_db()
    assert "To be solved" in text_of(client, call)
    unsolved = {**form_of(call), "is_flagged": ""}
    assert "Say how it was solved" in client.post(address(call), unsolved).content.decode()
    assert client.post(address(call), {**unsolved, "flag_resolution": "Credited 200"}).status_code == 302
    call.refresh_from_db()
    assert not call.is_flagged
    text = text_of(client, call)
    for words in ("Angry about the bill", "Flagged by Astrid Ek", "Solved by Astrid Ek", "Credited 200"):
        assert words in text, words
    assert 'name="flag_resolution"' not in text


def test_a_flag_that_came_with_the_call_is_told_with_its_reason(client, tenant):
    call = make_call(tenant, is_flagged=True, flag_notes="first")
    ledger.amend(call, CallChanges(flag_notes="second"))
    ledger.amend(call, CallChanges(is_flagged=False))
    ledger.amend(call, CallChanges(is_flagged=True, flag_notes="third"))
    flags = client.get(address(call)).context["flags"]
    assert [(row.reason, row.is_open) for row in flags] == [("third", True), ("second", False)]


@pytest.mark.parametrize("sent", ["x", "0", "-1", "{}", "' OR 1=1", "\0", "1" * 400, "\ud800".encode("utf-8", "surrogatepass")])
@pytest.mark.parametrize("field", ["contact", "tags"])
def test_what_is_no_id_is_refused_at_its_field(client, tenant, field, sent):
    call = make_call(tenant)
    answer = client.post(address(call), {**form_of(call), field: sent})
    assert answer.status_code == 200
    assert field in answer.context["adminform"].errors
    assert Call.objects.get(pk=call.pk).version == call.version


def test_facts_cannot_be_forged_into_the_form(client, tenant):
    call = make_call(tenant)
    forged = {"direction": "outbound", "started_at_0": "2020-01-01", "started_at_1": "00:00", "remote_raw": "x", "version": "9"}
    client.post(address(call), form_of(call, **forged, note="n"))
    after = Call.objects.get(pk=call.pk)
    assert (after.direction, after.started_at, after.remote_raw, after.version) == (
        call.direction,
        call.started_at,
        call.remote_raw,
        2,
    )


def test_a_viewer_looks_only(tenant):
    client, call = signed_in(staff(tenant, "viewer")), make_call(tenant)
    assert 'name="_save"' not in text_of(client, call)
    assert client.post(address(call), form_of(call, note="x")).status_code == 403
    assert client.get(LIST + "add/").status_code == 403
    assert Call.objects.get(pk=call.pk).notes == ""


def test_a_manager_erases_after_being_asked_and_an_agent_does_not(client, tenant):
    call = make_call(tenant, tags=("a",), legs=(LegDraft(role=LegRole.SOURCE, party=PartyDraft(number="210")),))
    assert client.post(address(call, "delete"), {"post": "yes"}).status_code == 403
    manager = signed_in(staff(tenant, "manager"))
    assert b"Are you sure" in manager.get(address(call, "delete")).content
    assert Call.objects.filter(pk=call.pk).exists()
    manager.post(address(call, "delete"), {"post": "yes"})
    assert not Call.objects.filter(pk=call.pk).exists()
    assert CallEvent.objects.filter(call=call.pk, kind=EventKind.REMOVED).count() == 1


def test_a_manager_erases_several_after_being_asked(tenant):
    manager, calls = signed_in(staff(tenant, "manager")), [make_call(tenant) for _ in range(3)]
    form = {"action": "delete_selected", "_selected_action": [str(call.pk) for call in calls[:2]]}
    assert b"Are you sure" in manager.post(LIST + "?period=all", form).content
    manager.post(LIST + "?period=all", {**form, "post": "yes"})
    assert list(Call.objects.values_list("pk", flat=True)) == [calls[2].pk]
    assert CallEvent.objects.filter(kind=EventKind.REMOVED).count() == 2


# Logging one by hand


def new_call(**told):
    return {
        "direction": "inbound", "disposition": "answered", "remote_number": "070-123 45 67", "remote_name": "Åsa",
        "duration": "1:35", "waiting": "5", "started_at_0": "2026-07-01", "started_at_1": "12:00:00", "notes": "hello", **told,
    }  # fmt: skip


def test_a_call_logged_by_hand_is_a_call_like_any_other(client, tenant, user):
    agent, contact = make_agent(tenant, user=user), make_contact(tenant, "+46701234567")
    assert client.post(LIST + "add/", new_call(is_flagged="on")).status_code == 302
    call = Call.objects.get()
    assert (call.source, call.direction, call.disposition) == (Source.ADMIN, Direction.INBOUND, Disposition.ANSWERED)
    assert call.started_at == datetime(2026, 7, 1, 10, 0, tzinfo=UTC)  # noon in Stockholm
    assert (call.duration_ms, call.ring_ms, call.talk_ms) == (95_000, 5_000, 90_000)
    assert (call.contact, call.agent, call.remote_e164, call.tenant) == (contact, agent, "+46701234567", tenant)
    assert CallEvent.objects.get().actor == user


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("duration", "abc", "Write seconds"),
        ("duration", "99999999:00:00", "366 days"),
        ("waiting", "-1", "Write seconds"),
        ("started_at_0", "yesterday", "Enter a valid date"),
        ("started_at_0", "9999-12-31", "1970"),
        ("started_at_0", "0001-01-01", ""),
        ("direction", "sideways", "Select a valid choice"),
        ("remote_number", "1" * 129, "at most 128"),
        ("outcome", "x" * 61, "at most 60"),
        ("notes", "a\0b", "Null characters"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(client, field, value, words):
    answer = client.post(LIST + "add/", new_call(**{field: value}))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Call.objects.exists()


def test_waiting_longer_than_the_call_is_refused_or_settled(client):
    answer = client.post(LIST + "add/", new_call(duration="5", waiting="10"))
    assert answer.status_code in (200, 302)
    assert all((call.talk_ms or 0) >= 0 for call in Call.objects.all())


def test_those_limited_to_a_center_log_its_calls(tenant):
    own, other = make_center(tenant), make_center(tenant)
    client = signed_in(staff(tenant, "agent", center=own))
    assert b"your own center only" in client.post(LIST + "add/", new_call(center=str(other.pk))).content
    client.post(LIST + "add/", new_call())
    assert Call.objects.get().center == own
