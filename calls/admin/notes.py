"""The thread of notes on a call's page: who wrote what and when, what it said before, and a form for one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext

from calls import ledger
from calls.admin import cells
from calls.errors import CallError
from calls.models import Call, CallNote
from calls.models.note import LONGEST_NOTE
from tenants.choices import Role
from tenants.reach import reach_of


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One entry, ready to show. ``address`` is where its author sends another text, empty for everybody else."""

    note: CallNote
    who: str
    at: Any
    edited: Any
    earlier: list[tuple[Any, str]]
    address: str


def context_of(call: Call, request: HttpRequest) -> dict[str, Any]:
    """The thread: what counts, and apart from it what another text replaced."""
    thread = ledger.thread_of(call)
    shown = [_shown(note, request) for note in thread]
    return {
        "thread": [entry for entry in shown if entry.note.replaced_at is None],
        "thread_replaced": [entry for entry in shown if entry.note.replaced_at is not None],
        "longest_note": LONGEST_NOTE,
    }


def edit(request: HttpRequest, call: Call, key: UUID) -> HttpResponse:
    """Take an author's other text and show the thread again. 404 for an entry that is not theirs."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    user = reach_of(request).user
    note = CallNote.objects.current().filter(pk=key, call=call, author=user).first()
    if note is None:
        raise Http404
    try:
        ledger.edit_note(note, request.POST.get("text", ""), actor=user)
        messages.success(request, gettext("Your note is changed. Its earlier text stays with it."))
    except CallError as error:
        messages.error(request, " ".join(error.fields.values()) or error.message)
    return HttpResponseRedirect(f"{reverse('admin:calls_call_change', args=[call.pk])}#notes")


def _shown(note: CallNote, request: HttpRequest) -> Shown:
    reach = reach_of(request)
    is_own = not note._state.adding and note.replaced_at is None and note.author_id == reach.user.pk
    may_edit = is_own and reach.may(Role.AGENT, note.tenant_id)
    return Shown(
        note=note,
        who=str(note.author) if note.author else note.get_source_display(),
        at=cells.moment(note.written_at),
        edited=cells.moment(note.edited_at) if note.edited_at else "",
        earlier=[(cells.moment(parse_datetime(row["until"])), row["text"]) for row in note.earlier],
        address=reverse("admin:calls_call_note", args=[note.call_id, note.pk]) if may_edit else "",
    )
