"""Answers kept for requests that may be repeated."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.scoping import TenantOwned


class IdempotencyKey(TenantOwned):
    """One ``Idempotency-Key`` of a tenant with the fingerprint of its request and the answer given, kept 7 days."""

    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("idempotency key")
        constraints = [models.UniqueConstraint(fields=["tenant", "key"], name="idempotency_key_once_per_tenant")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_created")]

    def __str__(self) -> str:
        return self.key


class IdempotencySubject(models.Model):
    """A row that a stored answer tells about: when the row is erased, so is the answer.

    No constraint ties it to its key, so that old keys are deleted without being read;
    ``forget_old`` deletes what they leave.
    """

    key = models.ForeignKey("tenants.IdempotencyKey", on_delete=models.DO_NOTHING, db_constraint=False, related_name="subjects")
    row_id = models.UUIDField(db_index=True)

    def __str__(self) -> str:
        return str(self.row_id)
