"""How far somebody who follows the log has come."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from django.db import models

from tenants.commit_order import Position


class FeedCursor(models.Model):
    """One follower's place in a tenant's feed. It is moved in the transaction that writes what the events led to."""

    tenant = models.OneToOneField("tenants.Tenant", primary_key=True, on_delete=models.CASCADE, related_name="+")
    transaction = models.BigIntegerField(default=0)
    event = models.BigIntegerField(default=0)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.transaction}/{self.event}"

    @classmethod
    def locked(cls, tenant_id: UUID) -> Self:
        """The tenant's cursor, nobody else's until the transaction ends; waits for whoever has it."""
        cursor = cls._locked(tenant_id, skips=False)
        assert cursor is not None  # it is made where there is none
        return cursor

    @classmethod
    def locked_if_free(cls, tenant_id: UUID) -> Self | None:
        """The same, without waiting: None while it is somebody else's."""
        return cls._locked(tenant_id, skips=True)

    @classmethod
    def _locked(cls, tenant_id: UUID, *, skips: bool) -> Self | None:
        rows = cls._default_manager.select_for_update(skip_locked=skips).filter(pk=tenant_id)
        cursor = rows.first()
        if cursor is None:
            cls._default_manager.bulk_create([cls(tenant_id=tenant_id)], ignore_conflicts=True)
            cursor = rows.first()
        return cursor

    @property
    def position(self) -> Position:
        """The last event that was dealt with."""
        return Position(self.transaction, self.event)

    def move_to(self, position: Position) -> None:
        """Everything up to this event is dealt with; the cursor is ``locked``."""
        type(self)._default_manager.filter(pk=self.pk).update(transaction=position.transaction, event=position.id)
