"""Missed calls that wait to be returned: one row for each time somebody tried in vain, however
often they rang."""

from __future__ import annotations

from typing import Any, ClassVar, Self
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from calls.choices import MissedState
from calls.models.cursor import FeedCursor
from contacts.phone import readable
from tenants.choices import Act
from tenants.scoping import TenantOwned, TenantQuerySet


def _call(related_name: str, help_text: Any = "") -> models.ForeignKey[Any, Any]:
    """A call of the log. It may be removed; who follows the log finds out (``calls.missed``)."""
    return models.ForeignKey(
        "calls.Call",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name=related_name,
        help_text=help_text,
    )


class MissedCallQuerySet(TenantQuerySet["MissedCall"]):
    """Which of them."""

    def open(self) -> Self:
        """Those nobody has returned or done with."""
        return self.filter(state=MissedState.OPEN)

    def waiting(self) -> Self:
        """Open ones that are not put off."""
        return self.open().exclude(snoozed_until__gt=timezone.now())

    def snoozed(self) -> Self:
        """Open ones that are put off until later."""
        return self.open().filter(snoozed_until__gt=timezone.now())

    def never_returned(self) -> Self:
        """Those whose caller nobody has talked to since, done with or not."""
        return self.filter(returned_by__isnull=True)


class MissedCall(TenantOwned):
    """Somebody who tried to reach us in vain, until a call with the same number is answered or a
    person is done with it.

    ``calls.missed`` alone writes it: what follows from the log is worked out from the log again
    whenever that changes; what people decide (who, until when, done) stays. ``number`` is the E.164
    form, else the key that numbers are matched by: it tells one caller from another, and is never
    shown or dialled. ``shown_number`` is.
    """

    center_acts = frozenset(Act)

    center = models.ForeignKey("tenants.Center", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    number = models.CharField(max_length=16)
    match_key = models.CharField(max_length=16, editable=False)
    state = models.CharField(max_length=16, choices=MissedState.choices, default=MissedState.OPEN)
    first_at = models.DateTimeField(_("first tried"))
    last_at = models.DateTimeField(_("last tried"))
    tries = models.PositiveIntegerField(default=1, help_text=_("How often they rang in vain."))
    callbacks = models.PositiveIntegerField(_("calls back"), default=0, help_text=_("How often we rang back in vain."))
    last_call = _call("+", _("The last call they made in vain."))
    agent = models.ForeignKey(
        "contacts.Agent",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("last agent"),
        help_text=_("Who last had to do with this number."),
    )
    returned_by = _call("+", _("The first later call with the same number that was answered."))
    returned_at = models.DateTimeField(_("returned"), null=True)
    assigned_to = models.ForeignKey(
        "tenants.User",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("Who is to return it."),
    )
    snoozed_until = models.DateTimeField(
        null=True, blank=True, help_text=_("It does not wait before then, unless they call again.")
    )
    outcome = models.CharField(max_length=60, blank=True, help_text=_("What came of it."))
    done_by = models.ForeignKey("tenants.User", null=True, on_delete=models.SET_NULL, related_name="+", editable=False)
    done_at = models.DateTimeField(_("done"), null=True, editable=False)
    done_to = models.DateTimeField(null=True, editable=False, help_text=_("The last try that was known when it was done with."))

    objects: ClassVar = MissedCallQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at", "-id"]
        verbose_name = _("missed call")
        indexes = [
            models.Index(fields=["tenant", "state", "-last_at"], name="missed_queue"),
            models.Index(fields=["tenant", "match_key", "-last_at"], name="missed_by_number"),
            models.Index(fields=["returned_by"], condition=Q(returned_by__isnull=False), name="missed_by_return"),
        ]

    def __str__(self) -> str:
        return readable(self.e164, self.shown_number)

    @classmethod
    def seen_from(cls, center_id: UUID) -> Q:
        return Q(center=center_id)

    def get_absolute_url(self) -> str:
        return reverse("admin:calls_missedcall_change", args=[self.pk])

    @property
    def e164(self) -> str:
        """The international form, where there is one for sure."""
        return self.number if self.number.startswith("+") else ""

    @property
    def shown_number(self) -> str:
        """The E.164 form, else the number as it came with the last call; empty for a moment after
        that call was removed."""
        return self.e164 or (self.last_call.remote_raw if self._has_last_call() else "")

    def _has_last_call(self) -> bool:
        try:
            return self.last_call is not None
        except ObjectDoesNotExist:
            return False


class MissedTry(models.Model):
    """One of the calls that somebody made in vain. ``call`` has no database constraint: a removed
    one is found by its row."""

    missed = models.ForeignKey(MissedCall, on_delete=models.CASCADE, related_name="calls")
    call = models.ForeignKey("calls.Call", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    started_at = models.DateTimeField()

    class Meta:
        ordering = ["started_at", "id"]
        constraints = [models.UniqueConstraint(fields=["call"], name="missed_try_once_per_call")]

    def __str__(self) -> str:
        return str(self.started_at)


class MissedCursor(FeedCursor):
    """How far a tenant's feed has been looked at for missed calls and their return."""
