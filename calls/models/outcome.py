"""Outcomes: what a conversation came to, in the tenant's own words."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tenants.scoping import TenantOwned


class Outcome(TenantOwned):
    """One of the outcomes staff choose from. A call keeps the words it was given, whatever becomes of this row."""

    name = models.CharField(max_length=60, help_text=_("Such as “Order taken”."))
    position = models.PositiveSmallIntegerField(default=0, help_text=_("Lower numbers are offered first; equal ones by name."))
    is_retired = models.BooleanField(
        _("retired"), default=False, help_text=_("Not offered any more. Calls that have it keep it.")
    )

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(
                "tenant",
                Lower("name"),
                name="outcome_once_per_tenant",
                violation_error_message=_("There is an outcome with this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name
