"""Uploads counted by month, for the quota."""

from __future__ import annotations

from django.db import models

from tenants.scoping import TenantOwned


class DepositMonth(TenantOwned):
    """How many uploads a tenant has announced in a month and neither cancelled nor let expire (``tenants.deposits``)."""

    month = models.DateField(help_text="The first day of the month in the tenant's time zone.")
    used = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-month"]
        constraints = [models.UniqueConstraint(fields=["tenant", "month"], name="deposit_month_once_per_tenant")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.used}"
