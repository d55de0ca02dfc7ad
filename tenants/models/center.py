"""A place calls are answered at."""

from __future__ import annotations

from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.scoping import TenantOwned


class Center(TenantOwned):
    """A reception, branch or team; HostedSuite's CenterId. A member may be limited to one."""

    name = models.CharField(max_length=200)
    external_id = models.CharField(max_length=128, blank=True, help_text=_("Its id in your own system."))

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "name"],
                name="center_name_once_per_tenant",
                violation_error_message=_("There is a center with this name already."),
            ),
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                condition=~models.Q(external_id=""),
                name="center_external_id_once_per_tenant",
                violation_error_message=_("There is a center with this external id already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def seen_from(cls, center_id: UUID) -> Q:
        return Q(pk=center_id)
