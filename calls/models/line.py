"""The tenant's own numbers and extensions."""

from __future__ import annotations

from typing import ClassVar, Self
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls.choices import telephony_backends, usual_backend
from contacts.phone import SHORTEST_PUBLIC, Number
from tenants.choices import Act
from tenants.scoping import TenantOwned, TenantQuerySet


class LineQuerySet(TenantQuerySet["Line"]):
    """Which lines."""

    def proven_on(self, backend: str) -> Self:
        """Those an operator confirmed: the only ones that stand for a telephone of a real exchange, which tenants share."""
        return self.filter(backend=backend, is_proven=True, is_sandbox=False)


class Line(TenantOwned):
    """A number or extension of the tenant. Its number never matches as a contact."""

    # Another number would claim calls that may be anybody's in the tenant, and so would a new line.
    center_acts = frozenset({Act.CHANGE, Act.DELETE})
    tenant_fields = ("number",)

    number = models.CharField(
        max_length=64,
        validators=[RegexValidator(r"\A[+*\d][\d*\s().\-/]*\Z", _("Digits, with “+”, “*”, spaces and the usual separators."))],
        help_text=_("A public number in any spelling, or an extension such as 210 or 0003*210."),
    )
    e164 = models.CharField("E.164", max_length=16, blank=True, editable=False)
    match_key = models.CharField(max_length=16, blank=True, editable=False)
    name = models.CharField(max_length=100, blank=True, help_text=_("Such as “Reception”."))
    agent = models.ForeignKey(
        "contacts.Agent",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="lines",
        help_text=_("Whose telephone it is. The agent's user calls from it here; its calls are the agent's."),
    )
    center = models.ForeignKey(
        "tenants.Center",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="lines",
        help_text=_("Its calls are this center's; people limited to another center neither see nor use it."),
    )

    backend = models.CharField(
        _("telephone exchange"),
        max_length=32,
        choices=telephony_backends,
        default=usual_backend,
        help_text=_("What makes its calls."),
    )
    caller_name = models.CharField(max_length=100, blank=True, help_text=_("Shown to whom it calls."))
    caller_number = models.CharField(
        max_length=32, blank=True, help_text=_("Shown to whom it calls, in place of its own. A number of the tenant's lines.")
    )
    shows_any_caller = models.BooleanField(
        _("any caller id"), default=False, help_text=_("Requests may name a caller id that is no line of the tenant.")
    )
    is_proven = models.BooleanField(
        _("proven"),
        default=False,
        help_text=_(
            "An operator has checked that the number is the tenant's. On a real exchange no other line is shown as "
            "the caller, is rung as an extension, or has its incoming calls logged."
        ),
    )
    is_phone_terminal = models.BooleanField(
        _("phone terminal"), default=False, help_text=_("A telephone somebody picks up; it can be rung as the source of a call.")
    )
    is_sandbox = models.BooleanField(
        _("sandbox"), default=False, help_text=_("A number to try things with: its calls are played by the simulator.")
    )
    is_recorded = models.BooleanField(_("record calls"), default=False, help_text=_("Unless the request says otherwise."))
    is_active = models.BooleanField(default=True, help_text=_("Off: it makes no calls."))
    message_routing = models.JSONField(
        default=dict, blank=True, editable=False, help_text=_("Where text messages go, as FoneStorm's clients set it.")
    )
    is_adopted = models.BooleanField(
        default=False, editable=False, help_text=_("Taken when it was first used, as nobody had it.")
    )

    objects: ClassVar = LineQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "number"],
                name="line_number_once_per_tenant",
                violation_error_message=_("There is a line with this number already."),
            ),
            models.UniqueConstraint(
                fields=["e164", "match_key"],
                condition=models.Q(is_adopted=True),
                name="line_adopted_by_one_tenant",
                violation_error_message=_("Another tenant has just taken this number."),
            ),
        ]
        indexes = [models.Index(fields=["tenant", "match_key"], name="line_by_key")]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})" if self.name else self.number

    @classmethod
    def seen_from(cls, center_id: UUID) -> Q:
        return Q(center=center_id) | Q(center__isnull=True)

    def clean(self) -> None:
        if self.agent is not None and self.agent.tenant_id != self.tenant_id:
            raise ValidationError({"agent": _("This agent belongs to another tenant.")})
        if self.center is not None and self.center.tenant_id != self.tenant_id:
            raise ValidationError({"center": _("This center belongs to another tenant.")})

    def renumber(self, read: Number, *, is_by_operator: bool = False) -> None:
        """Note how its number reads. Another number is no longer proven, unless an operator wrote it."""
        was = (self.e164, self.match_key)
        self.e164, self.match_key = read.e164, read.key
        if was != (read.e164, read.key) and not is_by_operator:
            self.is_proven = False

    @property
    def short(self) -> str:
        """An extension without its tenant's prefix: 210 of 0003*210; any other number as it is."""
        return self.number.rpartition("*")[2]

    @property
    def is_extension(self) -> bool:
        """Whether it is inside the exchange and has no public number."""
        return not self.e164 and ("*" in self.match_key or len(self.match_key) < SHORTEST_PUBLIC)
