"""The tenant's own numbers and extensions."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.scoping import TenantOwned


class Line(TenantOwned):
    """A number or extension of the tenant. Its number never matches as a contact."""

    number = models.CharField(
        max_length=64,
        validators=[RegexValidator(r"\A[+*\d][\d*\s().\-/]*\Z", _("Digits, with “+”, “*”, spaces and the usual separators."))],
        help_text=_("A public number in any spelling, or an extension such as 210 or 0003*210."),
    )
    e164 = models.CharField("E.164", max_length=16, blank=True, editable=False)
    match_key = models.CharField(max_length=16, blank=True, editable=False)
    name = models.CharField(max_length=100, blank=True, help_text=_("Such as “Reception”."))
    agent = models.ForeignKey("contacts.Agent", null=True, blank=True, on_delete=models.SET_NULL, related_name="lines")
    center = models.ForeignKey("tenants.Center", null=True, blank=True, on_delete=models.SET_NULL, related_name="lines")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "number"],
                name="line_number_once_per_tenant",
                violation_error_message=_("There is a line with this number already."),
            )
        ]
        indexes = [models.Index(fields=["tenant", "match_key"], name="line_by_key")]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})" if self.name else self.number

    def clean(self) -> None:
        if self.agent is not None and self.agent.tenant_id != self.tenant_id:
            raise ValidationError({"agent": _("This agent belongs to another tenant.")})
        if self.center is not None and self.center.tenant_id != self.tenant_id:
            raise ValidationError({"center": _("This center belongs to another tenant.")})
