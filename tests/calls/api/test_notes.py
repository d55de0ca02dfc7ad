"""The thread of notes of a call over the API, and flags solved with words."""

from __future__ import annotations

import pytest

from calls import ledger
from calls.choices import EventKind
from calls.drafts import CallChanges
from calls.models import CallNote
from tests.make import make_call, make_tenant
from tests.twins import begun


def test_notes_are_listed_and_added_with_their_author(api, tenant):
    call = make_call(tenant, notes="Told by the switch")
    (first,) = api.get(f"calls/{call.pk}/notes?count=true").json()["results"]
    assert (first["text"], first["author"], first["source"]) == ("Told by the switch", None, "api")
    added = api.post(f"calls/{call.pk}/notes/", {"text": "Called back"})
    assert added.status_code == 201
    assert (added.json()["text"], added.json()["earlier"]) == ("Called back", [])
    rows = api.get(f"calls/{call.pk}/notes").json()["results"]
    assert [row["text"] for row in rows] == ["Told by the switch", "Called back"]
    assert (rows[0]["id"], rows[1]) == (first["id"], added.json())
    assert api.get(f"calls/{call.pk}").json()["notes"] == "Told by the switch\n\nCalled back"


def test_a_note_is_added_once_per_key(api, tenant):
    call = make_call(tenant)
    answers = [api.post(f"calls/{call.pk}/notes", {"text": "once"}, Idempotency_Key="k") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(api.get(f"calls/{call.pk}/notes").json()["results"]) == 1


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": "  "}, {"text": "x" * 20_001}, {"words": "x"}, [], {"text": 7.5, "a": 1}]
)
def test_what_is_no_note_is_refused(api, tenant, body):
    call = make_call(tenant)
    assert api.post(f"calls/{call.pk}/notes", body).status_code == 400
    assert api.get(f"calls/{call.pk}/notes").json()["results"] == []


def test_notes_of_a_call_that_is_not_there_are_not_there(api):
    foreign = make_call(make_tenant(), notes="theirs")
    assert api.get(f"calls/{foreign.pk}/notes").status_code == 404
    assert api.post(f"calls/{foreign.pk}/notes", {"text": "x"}).status_code == 404


def test_a_flag_is_solved_with_words(api, tenant):
    call = make_call(tenant, is_flagged=True)
    assert api.patch(f"calls/{call.pk}", {"flagged": False, "flag_resolution": "Refunded"}).status_code == 200
    (event,) = [row for row in api.get(f"calls/{call.pk}/events").json()["results"] if row["kind"] == EventKind.AMENDED]
    assert event["data"]["changed"]["flag_resolution"] == ["", "Refunded"]


@pytest.mark.django_db(transaction=True)
def test_of_two_notes_of_one_person_at_once_each_answer_shows_its_own(api, tenant, monkeypatch):
    call, amend, others = make_call(tenant), ledger.amend, []

    def amending(*facts, **options):
        amended = amend(*facts, **options)
        others.append(begun(lambda: amend(call, CallChanges(note="Theirs"), actor=api.user)))
        return amended

    monkeypatch.setattr(ledger, "amend", amending)
    assert api.post(f"calls/{call.pk}/notes", {"text": "Ours"}).json()["text"] == "Ours"
    others[0].result(60)
    assert CallNote.objects.count() == 2
