"""How far the numbers of calls have come."""

from __future__ import annotations

from django.db import models


class CallNumbering(models.Model):
    """The last number given to a call of this tenant or of anybody below it (``calls.ledger.numbering``)."""

    tenant = models.OneToOneField("tenants.Tenant", primary_key=True, on_delete=models.CASCADE, related_name="+")
    last = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.last)
