"""The notes of a call: a thread of entries, and the one text that every door knows.

The entries are the truth. ``Call.notes`` is the text of those that count, one after the other with an empty line between, kept
with the call so that doors, filters, searches and webhooks read one column. How both live together:

- A call is logged with its text and without entries: most are never written about again, and logging one must not cost a second
  row. That text is the thread's first entry, by who logged the call; it becomes a row when the thread first changes.
- A door that knows one text only sets all of it. What it reads back is what it set. Where the new text begins with the old one,
  the rest is a new entry; otherwise one entry holds the new text, and those before it are set aside: out of the text, but in
  the thread still.
- An author edits their own entries; each keeps the texts it had.

Every change of the thread is a change of the call: its version counts on, and one event tells the text before and after.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid5

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from calls import events
from calls.choices import EventKind
from calls.errors import CallNotFound, InvalidCall
from calls.models import Call, CallEvent, CallNote
from calls.models.note import LONGEST_NOTE, LONGEST_THREAD, MOST_EDITS
from tenants.models import User

BETWEEN = "\n\n"
_LOGGED = (EventKind.RECORDED, EventKind.ORIGINATED)


def thread_of(call: Call) -> list[CallNote]:
    """The entries of a call, oldest first, also those set aside; the first one is no row yet where nobody added any."""
    rows = list(CallNote.objects.filter(call=call).select_related("author"))
    return rows or ([_first_of(call, call.notes)] if call.notes else [])


def add_to_thread(call: Call, before: str, text: str, *, actor: User | None, source: str) -> CallNote:
    """Add an entry to a locked call whose notes read ``before``; the caller saves the call and tells of it."""
    text = _tidy(text)
    if not text:
        raise InvalidCall.field("note", "Write something, or leave the note out.", code="required")
    if len(text) > LONGEST_NOTE:
        raise InvalidCall.field("note", f"Must have at most {LONGEST_NOTE} characters.")
    together = BETWEEN.join(part for part in (before, text) if part)
    if len(together) > LONGEST_THREAD:
        raise _full()
    _open(call, before)
    note = _write(call, text, actor=actor, source=source)
    call.notes = together
    return note


def follow_text(call: Call, before: str, *, actor: User | None, source: str) -> None:
    """Let the thread of a locked call follow ``call.notes``, which a door set as a whole over ``before``."""
    _open(call, before)
    rest = call.notes[len(before) :] if before and call.notes.startswith(before) else ""
    if rest[:1].isspace() and rest.strip():
        _write(call, rest.strip(), actor=actor, source=source)
        return
    CallNote.objects.filter(call=call).current().update(replaced_at=timezone.now())
    if call.notes:
        _write(call, call.notes, actor=actor, source=source)


def edit_note(note: CallNote, text: str, *, actor: User) -> CallNote:
    """Let an author put their own entry another way; the earlier text stays with it.

    Raises ``InvalidCall`` for no text or too much of it, ``CallNotFound`` for an entry that is not this person's, was set aside
    or is gone.
    """
    text = _tidy(text)
    if not text or len(text) > LONGEST_NOTE or "\0" in text:
        raise InvalidCall.field("note", f"Write between 1 and {LONGEST_NOTE} characters.")
    with transaction.atomic():
        call = Call.objects.select_for_update(of=("self",)).select_related("tenant").filter(pk=note.call_id).first()
        own = CallNote.objects.filter(pk=note.pk, call=note.call_id, author=actor).current().first()
        if call is None or own is None:
            raise CallNotFound("There is no such note of yours.")
        if own.text == text:
            return own
        if len(own.earlier) >= MOST_EDITS:
            raise InvalidCall.field("note", f"A note is changed {MOST_EDITS} times at most. Add another one.")
        if len(call.notes) + len(text) - len(own.text) > LONGEST_THREAD:
            raise _full()
        before, now = call.notes, timezone.now()
        own.earlier = [*own.earlier, {"text": own.text, "until": now.isoformat()}]
        own.text, own.edited_at = text, now
        own.save(update_fields=["text", "earlier", "edited_at", "updated_at"])
        call.notes = _joined(CallNote.objects.filter(call=call).current())
        call.version += 1
        call.save(update_fields=["notes", "version", "updated_at"])
        changed = {"notes": [before, call.notes]}
        events.write(events.event_of(call, EventKind.AMENDED, actor=actor, data={"changed": changed}))
        return own


def _full() -> InvalidCall:
    return InvalidCall.field("note", f"The notes of a call have {LONGEST_THREAD} characters together at most.")


def _open(call: Call, text: str) -> None:
    """Make the text a call was logged with the first row of its thread, where it has none."""
    if text and not CallNote.objects.filter(call=call).exists():
        _first_of(call, text).save(force_insert=True)


def _first_of(call: Call, text: str) -> CallNote:
    """The entry that a call's text is while it has no rows: by who wrote it last, as its events tell. Its id stays."""
    wrote = CallEvent.objects.filter(call=call.pk).filter(
        Q(kind__in=_LOGGED) | Q(kind=EventKind.AMENDED, data__changed__has_key="notes")
    )
    event = wrote.select_related("actor").order_by("id").last()
    author, at = (event.actor, event.happened_at) if event else (None, call.created_at)
    return CallNote(
        id=uuid5(call.pk, "notes"),
        tenant_id=call.tenant_id,
        call=call,
        author=author,
        source=call.source,
        text=text,
        written_at=at,
    )


def _write(call: Call, text: str, *, actor: User | None, source: str) -> CallNote:
    return CallNote.objects.create(
        tenant_id=call.tenant_id, call=call, author=actor, source=source, text=text, written_at=timezone.now()
    )


def _tidy(text: str) -> str:
    """Without what browsers make of line ends, and without the space around."""
    return text.replace("\r\n", "\n").strip()


def _joined(notes: Iterable[CallNote]) -> str:
    return BETWEEN.join(note.text for note in notes if note.text)
