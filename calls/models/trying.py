"""A place to try webhooks out: an address of a tenant's own that keeps the last requests it got."""

from __future__ import annotations

import json
import secrets
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from calls.choices import Verdict
from tenants.scoping import TenantOwned, TenantQuerySet
from tenants.sealing import Unreadable, seal, unseal


def new_token() -> str:
    """192 random bits, as they stand in an address."""
    return secrets.token_urlsafe(24)


class TryAddress(TenantOwned):
    """Whoever knows it may send to it: its token is all there is to know. ``url`` is the whole of it as it was given out."""

    token = models.CharField(max_length=43, unique=True, default=new_token, editable=False)
    url = models.CharField(_("address"), max_length=300, db_index=True)
    received = models.PositiveBigIntegerField(default=0, help_text=_("Counts what ever came."))

    objects: ClassVar = TenantQuerySet["TryAddress"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], name="try_address_of_tenant", violation_error_message=_("The tenant has one already.")
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class TriedRequest(TenantOwned):
    """One request that came, and whether one of the tenant's endpoints signed it. Headers may hold secrets, so are sealed."""

    address = models.ForeignKey(TryAddress, on_delete=models.CASCADE, related_name="requests", db_index=False)
    number = models.PositiveBigIntegerField()
    method = models.CharField(max_length=10)
    query = models.CharField(max_length=2000, blank=True)
    sealed_headers = models.TextField(blank=True, editable=False)
    body = models.BinaryField(default=bytes, blank=True)
    verdict = models.CharField(max_length=8, choices=Verdict.choices, default=Verdict.UNSIGNED)
    signed_by = models.ForeignKey("calls.WebhookEndpoint", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects: ClassVar = TenantQuerySet["TriedRequest"].as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["address", "number"], name="tried_request_once")]

    def __str__(self) -> str:
        return f"{self.method} {self.number}"

    @property
    def headers(self) -> dict[str, str]:
        """What came with it; none where it was sealed under another secret key."""
        try:
            return dict(json.loads(unseal(self.sealed_headers) or "{}"))
        except Unreadable:
            return {}

    @headers.setter
    def headers(self, headers: dict[str, str]) -> None:
        self.sealed_headers = seal(json.dumps(headers))
