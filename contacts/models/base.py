"""What companies, contacts and agents have in common: names other systems know them by."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.scoping import TenantOwned


class KnownElsewhere(TenantOwned):
    """Something another system has an id for, and whose document from there is kept."""

    external_id = models.CharField(
        max_length=200, blank=True, help_text=_("Its id in your own system; Planhat's externalId. Calls are matched by it first.")
    )
    source_id = models.CharField(max_length=200, blank=True, help_text=_("Its id in a third system; Planhat's sourceId."))
    extra = models.JSONField(
        default=dict, blank=True, help_text=_("Fields a vendor's client sent that have no column here, kept as they came.")
    )

    class Meta:
        abstract = True


def external_id_constraints(noun: str, message: Any) -> list[models.BaseConstraint]:
    """Each external and source id once per tenant, for the model called ``noun``."""
    return [
        models.UniqueConstraint(
            fields=["tenant", field],
            condition=~models.Q(**{field: ""}),
            name=f"{noun}_{field}_once_per_tenant",
            violation_error_message=message,
        )
        for field in ("external_id", "source_id")
    ]
