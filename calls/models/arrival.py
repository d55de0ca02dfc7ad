"""When each vendor's programs were first and last here."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.scoping import TenantOwned, TenantQuerySet


class DialectUse(TenantOwned):
    """That requests of a tenant came by one dialect: the first when the row was made, the last to the minute."""

    dialect = models.CharField(max_length=32)
    last_at = models.DateTimeField()

    objects: ClassVar = TenantQuerySet["DialectUse"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "dialect"], name="dialect_use_once_per_tenant")]

    def __str__(self) -> str:
        return self.dialect
