"""The thread of notes: entries with authors beside the one text that every door knows."""

from __future__ import annotations

import pytest

from calls import ledger
from calls.choices import EventKind, Source
from calls.drafts import CallChanges
from calls.errors import CallNotFound, InvalidCall
from calls.models import CallEvent, CallNote
from tests.make import make_call, make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant():
    return make_tenant()


@pytest.fixture
def astrid(tenant):
    return make_user(tenant, first_name="Astrid")


def said(call):
    return [(note.text, note.author, note.replaced_at is None) for note in ledger.thread_of(call)]


def test_logging_a_call_writes_no_entry_and_shows_its_text_as_the_first(tenant, astrid):
    call = make_call(tenant, notes="Told by the switch")
    assert not CallNote.objects.exists()
    assert said(call) == [("Told by the switch", None, True)]
    assert said(make_call(tenant)) == []


def test_an_added_note_ends_the_text_and_keeps_the_first_entry_with_its_id(tenant, astrid):
    call = make_call(tenant, notes="Told by the switch")
    first = ledger.thread_of(call)[0].pk
    after = ledger.amend(call, CallChanges(note="  Called\r\nback \n"), actor=astrid, source=Source.ADMIN)
    assert after.notes == "Told by the switch\n\nCalled\nback"
    assert after.version == 2
    assert said(after) == [("Told by the switch", None, True), ("Called\nback", astrid, True)]
    assert ledger.thread_of(after)[0].pk == first
    assert [note.source for note in ledger.thread_of(after)] == [Source.API, Source.ADMIN]
    event = CallEvent.objects.get(call=call.pk, kind=EventKind.AMENDED)
    assert event.data["changed"] == {"notes": ["Told by the switch", after.notes]}


def test_a_door_that_sets_the_whole_text_reads_back_what_it_set(tenant, astrid):
    call = make_call(tenant, notes="one")
    ledger.amend(call, CallChanges(note="two"), actor=astrid)
    after = ledger.amend(call, CallChanges(notes="another text"), source=Source.HOSTEDSUITE)
    assert after.notes == "another text"
    assert said(after) == [("one", None, False), ("two", astrid, False), ("another text", None, True)]
    cleared = ledger.amend(call, CallChanges(notes=""))
    assert cleared.notes == ""
    assert [is_current for _, _, is_current in said(cleared)] == [False] * 3


def test_what_a_door_appends_is_an_entry_of_its_own(tenant, astrid):
    call = make_call(tenant, notes="one")
    after = ledger.amend(call, CallChanges(notes="one\ntwo"), actor=astrid)
    assert said(after) == [("one", None, True), ("two", astrid, True)]
    again = ledger.amend(call, CallChanges(notes="one\ntwofold"), actor=astrid)
    assert said(again)[-1] == ("one\ntwofold", astrid, True)
    assert again.notes == "one\ntwofold"


def test_an_author_edits_their_own_and_the_earlier_text_stays(tenant, astrid):
    call = ledger.amend(make_call(tenant, notes="one"), CallChanges(note="tow"), actor=astrid)
    note = ledger.thread_of(call)[1]
    edited = ledger.edit_note(note, "two", actor=astrid)
    call.refresh_from_db()
    assert (call.notes, call.version) == ("one\n\ntwo", 3)
    assert [row["text"] for row in edited.earlier] == ["tow"]
    assert edited.edited_at is not None
    assert ledger.edit_note(note, "two", actor=astrid).earlier == edited.earlier
    assert CallEvent.objects.filter(call=call.pk, kind=EventKind.AMENDED).count() == 2


def test_nobody_edits_what_is_not_theirs_or_was_replaced(tenant, astrid):
    call = ledger.amend(make_call(tenant, notes="one"), CallChanges(note="two"), actor=astrid)
    first, own = ledger.thread_of(call)
    with pytest.raises(CallNotFound):
        ledger.edit_note(first, "mine", actor=astrid)
    with pytest.raises(CallNotFound):
        ledger.edit_note(own, "mine", actor=make_user(tenant))
    ledger.amend(call, CallChanges(notes="over"))
    with pytest.raises(CallNotFound):
        ledger.edit_note(own, "mine", actor=astrid)


@pytest.mark.parametrize("text", ["", " \n", "x" * 20_001, "a\0b"])
def test_what_is_no_note_is_refused(tenant, astrid, text):
    call = ledger.amend(make_call(tenant), CallChanges(note="one"), actor=astrid)
    with pytest.raises(InvalidCall):
        ledger.amend(call, CallChanges(note=text))
    with pytest.raises(InvalidCall):
        ledger.edit_note(ledger.thread_of(call)[0], text, actor=astrid)
    call.refresh_from_db()
    assert call.notes == "one"


def test_a_thread_does_not_grow_without_end(tenant, astrid, monkeypatch):
    monkeypatch.setattr("calls.ledger.noting.LONGEST_THREAD", 12)
    call = ledger.amend(make_call(tenant, notes="12345"), CallChanges(note="67890"), actor=astrid)
    with pytest.raises(InvalidCall, match="together at most"):
        ledger.amend(call, CallChanges(note="x"), actor=astrid)
    own = CallNote.objects.get(author=astrid)
    with pytest.raises(InvalidCall, match="together at most"):
        ledger.edit_note(own, "1234567890", actor=astrid)
    assert ledger.edit_note(own, "shrt", actor=astrid).text == "shrt"


def test_a_note_is_not_changed_without_end(tenant, astrid, monkeypatch):
    monkeypatch.setattr("calls.ledger.noting.MOST_EDITS", 1)
    ledger.amend(make_call(tenant), CallChanges(note="one"), actor=astrid)
    own = ledger.edit_note(CallNote.objects.get(), "two", actor=astrid)
    with pytest.raises(InvalidCall, match="Add another one"):
        ledger.edit_note(own, "three", actor=astrid)
    assert CallNote.objects.get().text == "two"


def test_the_first_entry_is_by_whoever_wrote_the_text_last_before_threads(tenant, astrid):
    call = make_call(tenant, notes="one")
    ledger.amend(call, CallChanges(notes="other"), actor=astrid)
    CallNote.objects.all().delete()  # as a call is that was edited before there were threads
    call.refresh_from_db()
    assert said(call) == [("other", astrid, True)]


def test_erasing_a_call_erases_its_thread(tenant, astrid):
    call = ledger.amend(make_call(tenant), CallChanges(note="one"), actor=astrid)
    ledger.remove(call)
    assert not CallNote.objects.exists()


def test_how_a_flag_was_solved_is_told_with_who_took_it_off(tenant, astrid):
    call = make_call(tenant, is_flagged=True, flag_notes="Angry")
    ledger.amend(call, CallChanges(flag_resolution="never mind"), actor=astrid)  # without taking it off: not told
    ledger.amend(call, CallChanges(is_flagged=False, flag_resolution="Refunded"), actor=astrid)
    event = CallEvent.objects.get(call=call.pk, kind=EventKind.AMENDED)
    assert event.actor == astrid
    assert event.data["changed"] == {"is_flagged": [True, False], "flag_resolution": ["", "Refunded"]}
