"""Numbers that nobody need be found for."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.phone import readable
from tenants.scoping import TenantOwned


class IgnoredNumber(TenantOwned):
    """A number whose calls are logged as any other, but which is not offered as one that wants a contact."""

    number = models.CharField(max_length=64)
    match_key = models.CharField(max_length=16, editable=False)
    ignored_by = models.ForeignKey("tenants.User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "match_key"],
                name="ignored_number_once_per_tenant",
                violation_error_message=_("This number is ignored already."),
            )
        ]

    def __str__(self) -> str:
        return readable(self.number, self.number)
