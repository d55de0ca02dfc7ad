"""Which past calls must be looked at again because somebody's number or id changed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.scoping import TenantOwned


class RelinkRequest(TenantOwned):
    """Calls whose other party has this match key, or came with this external id, are matched anew in the background.

    Without either, all calls of the tenant have their numbers read and their contacts matched again, after every other request.
    Where ``moved_from`` is set, its calls become those of ``moved_to`` instead, and then it is removed: the two were merged.
    """

    match_key = models.CharField(max_length=16, blank=True)
    external_id = models.CharField(max_length=200, blank=True)
    moved_from = models.ForeignKey("contacts.Contact", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    moved_to = models.ForeignKey("contacts.Contact", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    done_to = models.UUIDField(null=True, editable=False, help_text="The last call that has been looked at, in order of ids.")

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.match_key or self.external_id or str(_("all calls"))
