"""Notes: what people and programs wrote about a call, as a thread."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from calls.choices import Source
from tenants.scoping import TenantOwned, TenantQuerySet

LONGEST_NOTE = 20_000  # characters of one entry; as much as the doors of vendors take
LONGEST_THREAD = 250_000  # characters of all that count; each change of them is told with the text before and after
MOST_EDITS = 100  # of one entry, each of which it keeps


class CallNoteQuerySet(TenantQuerySet["CallNote"]):
    """Which entries."""

    def current(self) -> Self:
        """Those whose text is part of the call's notes."""
        return self.filter(replaced_at__isnull=True)


class CallNote(TenantOwned):
    """One entry of a call's thread of notes. Only ``calls.ledger.noting`` writes it, and says there how ``Call.notes`` follows.

    ``earlier`` are the texts it had before its author edited it, oldest first: ``{"text": …, "until": RFC 3339}``.
    """

    call = models.ForeignKey("calls.Call", on_delete=models.CASCADE, related_name="thread", db_index=False)
    author = models.ForeignKey("tenants.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    source = models.CharField(max_length=16, choices=Source.choices, help_text=_("The door it came in by."))
    text = models.TextField(blank=True)
    written_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    replaced_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Since when another text stands in its place, set by who knows one text only.")
    )
    earlier = models.JSONField(default=list, blank=True)

    objects: ClassVar = CallNoteQuerySet.as_manager()

    class Meta:
        ordering = ["written_at", "id"]
        indexes = [models.Index(fields=["call", "written_at", "id"], name="note_thread")]

    def __str__(self) -> str:
        return self.text[:60]
