"""Mails to people: the row is what is to be told, and remembers whether it was."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls.choices import NoticeKind
from tenants.scoping import TenantOwned, TenantQuerySet

_OPEN = Q(sent_at__isnull=True, dropped_at__isnull=True)


class NoticeQuerySet(TenantQuerySet["Notice"]):
    """Which mails."""

    def due(self, now: datetime) -> Self:
        """Those to be sent that nobody is just sending."""
        return self.filter(_OPEN, due_at__lte=now)


class Notice(TenantOwned):
    """One mail to one person. ``key`` names what it is about and to whom, so that nobody is told the same twice.

    ``due_at`` is when it is tried next; whoever tries moves it on first. A mail that was sent by a worker that died before it
    could say so is sent again, with the same Message-ID.
    """

    kind = models.CharField(max_length=16, choices=NoticeKind.choices)
    key = models.CharField(max_length=200, editable=False)
    user = models.ForeignKey("tenants.User", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    address = models.EmailField()
    call = models.ForeignKey("calls.Call", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    facts = models.JSONField(default=dict, blank=True, editable=False)
    due_at = models.DateTimeField(_("due"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    dropped_at = models.DateTimeField(_("not sent"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    objects: ClassVar = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("mail to people")
        verbose_name_plural = _("mails to people")
        constraints = [models.UniqueConstraint(fields=["tenant", "key"], name="notice_once_per_person")]
        indexes = [
            models.Index(fields=["due_at"], condition=_OPEN, name="notice_due"),
            models.Index(fields=["tenant", "-created_at", "-id"], name="notice_list"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.address}"
