"""What may be changed on the page of a call, by whom, and calls that are logged by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from calls import ledger
from calls.choices import Direction, Disposition, EventKind, LegRole, MatchState, Source
from calls.drafts import CallChanges, LegDraft, PartyDraft
from calls.models import Call, CallEvent, CallNote, Tag
from tests.calls.admin.call_pages import LIST, address, form_of, text_of
from tests.calls.api.client import BODY, ApiClient, faults_of
from tests.make import make_agent, make_call, make_center, make_contact, make_tenant
from tests.tenants.admin_forms import read, sent
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db


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
    call = make_call(tenant)
    opened = read(text_of(client, call))
    ledger.amend(call, CallChanges(outcome="theirs"))
    answer = client.post(address(call), sent(opened, outcome=["ours"], note=["mine"])).content.decode()
    assert "Now: “theirs”. Yours: “ours”." in answer
    assert "mine</textarea>" in answer
    assert Call.objects.get(pk=call.pk).outcome == "theirs"
    assert client.post(address(call), sent(read(answer))).status_code == 302
    call.refresh_from_db()
    assert (call.outcome, call.notes) == ("ours", "mine")


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


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"remote_number": "Anna Berg"}, "remote_number"),
        ({"remote_number": "call me"}, "remote_number"),
        ({"remote_number": "0" * 60}, "remote_number"),
        ({"remote_number": "1" * 60}, "remote_number"),
        ({"started_at_0": "2199-07-01"}, "started_at"),
        ({"duration": "5", "waiting": "10"}, "waiting"),
        ({"duration": "0", "waiting": "2"}, "waiting"),
        ({"duration": ""}, "duration"),
        ({"duration": "", "disposition": "unknown"}, "duration"),
        ({"duration": "60", "is_going_on": "on"}, "is_going_on"),
        ({"duration": "", "disposition": "no_answer", "is_going_on": "on"}, "is_going_on"),
    ],
)
def test_a_call_that_cannot_have_been_is_refused_at_its_field(client, told, field):
    answer = client.post(LIST + "add/", new_call(**told))
    assert (answer.status_code, list(answer.context["adminform"].form.errors)) == (200, [field])
    assert not Call.objects.exists()


@pytest.mark.parametrize(
    "number", ["", "070-123 45 67", "+1 212 555 0123", "0046 8 465 004 00", "112", "210", "anonymous", "*21#"]
)
def test_numbers_as_people_write_them_are_taken(client, number):
    assert client.post(LIST + "add/", new_call(remote_number=number)).status_code == 302


def test_a_call_still_going_on_is_said_to_be_and_one_that_was_not_answered_is_over(client):
    client.post(LIST + "add/", new_call(duration="", waiting="", is_going_on="on"))
    client.post(LIST + "add/", new_call(duration="", waiting="9", disposition="no_answer"))
    live, missed = Call.objects.order_by("created_at")
    assert (live.state, live.ended_at) == ("in_progress", None)
    assert (missed.state, missed.duration_ms, missed.ring_ms) == ("ended", 9000, 9000)


@pytest.mark.parametrize(
    ("body", "pointer"), [({"started_at": "2199-07-01T12:00:00Z"}, "/started_at"), ({"duration": 5, "ring": 10}, "/ring")]
)
def test_the_api_refuses_the_same(tenant, body, pointer):
    response = ApiClient(tenant).post("calls", {**BODY, **body})
    assert (response.status_code, faults_of(response)) == (400, {pointer})


# Correcting what was logged by hand


def corrected(call, **told):
    """What the form would send that says again what a call was."""
    return {**new_call(), "read_version": str(call.version), **told}


def test_its_author_corrects_a_call_and_the_timeline_tells(tenant):
    author = staff(tenant, "agent")
    client = signed_in(author)
    client.post(LIST + "add/", new_call())
    call = Call.objects.get()
    assert address(call, "correct") in text_of(client, call)
    assert 'value="1:35"' in client.get(address(call, "correct")).content.decode()
    told = {
        "remote_number": "0709999999",
        "disposition": "no_answer",
        "duration": "",
        "waiting": "12",
        "started_at_1": "11:00:00",
    }
    assert client.post(address(call, "correct"), corrected(call, **told)).status_code == 302
    call.refresh_from_db()
    assert (call.remote_e164, call.disposition, call.duration_ms, call.talk_ms) == ("+46709999999", "no_answer", 12_000, 0)
    assert call.started_at == datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
    event = CallEvent.objects.get(call_id=call.pk, kind=EventKind.AMENDED)
    assert event.actor == author
    assert {"remote_raw", "disposition", "started_at", "ended_at"} <= event.data["changed"].keys()


def test_its_author_ends_a_call_that_was_going_on(client):
    client.post(LIST + "add/", new_call(duration="", is_going_on="on"))
    call = Call.objects.get()
    client.post(address(call, "correct"), corrected(call, duration="2:00"))
    call.refresh_from_db()
    assert (call.state, call.duration_ms, call.talk_ms) == ("ended", 120_000, 115_000)


def test_a_correction_that_cannot_be_or_comes_late_is_refused(client):
    client.post(LIST + "add/", new_call())
    call = Call.objects.get()
    for told, field in (
        ({"waiting": "5:00"}, "waiting"),
        ({"duration": ""}, "duration"),
        ({"started_at_0": "2199-01-01"}, "started_at"),
    ):
        answer = client.post(address(call, "correct"), corrected(call, **told))
        assert (answer.status_code, list(answer.context["form"].errors)) == (200, [field])
    ledger.amend(call, CallChanges(notes="theirs"))
    answer = client.post(address(call, "correct"), corrected(call, duration="2:00"))
    assert "edited since you read it" in answer.content.decode()
    assert Call.objects.get().duration_ms == 95_000


def test_others_and_phone_systems_calls_are_not_corrected_by_hand(tenant, client):
    client.post(LIST + "add/", new_call())
    call, from_pbx = Call.objects.get(), make_call(tenant)
    for role, who, expected in (
        ("agent", call, 403), ("viewer", call, 403), ("manager", call, 200), ("owner", call, 200), ("owner", from_pbx, 403),
    ):  # fmt: skip
        reader = signed_in(staff(tenant, role))
        assert reader.get(address(who, "correct")).status_code == expected
        assert (address(who, "correct") in text_of(reader, who)) == (expected == 200)
    assert signed_in(staff(make_tenant(), "owner")).get(address(call, "correct")).status_code == 404


def test_those_limited_to_a_center_log_its_calls(tenant):
    own, other = make_center(tenant), make_center(tenant)
    client = signed_in(staff(tenant, "agent", center=own))
    assert b"your own center only" in client.post(LIST + "add/", new_call(center=str(other.pk))).content
    client.post(LIST + "add/", new_call())
    assert Call.objects.get().center == own
