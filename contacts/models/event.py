"""Events of contacts, companies and agents, which readers follow in one order with those of calls.

They have a table of their own: one table beneath both apps would cost every logged call a second row. One order over both
tables still holds. On PostgreSQL it is the order of transactions; what one transaction wrote becomes visible at once, so any
fixed order within it will do: contacts before calls. On SQLite each row notes in ``place`` the last id that the table of calls'
events had given out when it was written. Writers there come one after the other, so it stands behind that event of a call, and
before the next. (A sequence that both tables drew from would say the same with one number, but SQLite forgets where its
sequences stood when a table is made anew, as migrations do, and would then give out numbers behind readers' backs.)
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from contacts.choices import Change, Subject
from tenants.commit_order import CommitOrderQuerySet, InCommitOrder, LastIdTaken

EVENTS_OF_CALLS = "calls_callevent"  # the app above cannot be imported from here


class ContactEvent(InCommitOrder):
    """A contact, company or agent was created, updated or deleted. Written by ``contacts.book`` in that very transaction."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+", db_index=False)
    subject = models.CharField(max_length=16, choices=Subject.choices)
    row_id = models.UUIDField()
    change = models.CharField(max_length=16, choices=Change.choices)
    place = models.BigIntegerField(editable=False)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CommitOrderQuerySet.as_manager()

    class Meta:
        ordering = ["transaction", "place", "id"]
        indexes = [models.Index(fields=["tenant", "transaction", "place", "id"], name="contact_event_feed")]

    def __str__(self) -> str:
        return f"{self.get_subject_display()} · {self.get_change_display()}"

    @classmethod
    def of(cls, row: models.Model, change: Change) -> ContactEvent:
        """An unsaved event of a contact, company or agent."""
        subject = Subject(str(row._meta.model_name))
        tenant_id = row.tenant_id  # type: ignore[attr-defined]
        return cls(tenant_id=tenant_id, subject=subject, row_id=row.pk, change=change, place=LastIdTaken(EVENTS_OF_CALLS))
