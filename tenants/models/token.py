"""API tokens: shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.choices import Act, Scope
from tenants.models.membership import people_of
from tenants.scoping import TenantOwned, TenantQuerySet

TOKEN_MARK = "chub_"  # noqa: S105 - what every secret begins with


def digest_of(secret: str) -> str:
    """SHA-256 of a token's secret, in hex. A fast hash is right: the secret has 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class ApiTokenQuerySet(TenantQuerySet["ApiToken"]):
    """Which tokens."""

    def usable(self, at: datetime | None = None) -> Self:
        """Tokens that are neither revoked nor expired and whose owner and tenant are active."""
        at = at or timezone.now()
        return self.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=at),
            revoked_at__isnull=True,
            user__is_active=True,
            tenant__is_active=True,
        )


class ApiToken(TenantOwned):
    """A machine's key to one tenant. It acts as the person who owns it, within its scope."""

    center_acts = frozenset(Act)

    user = models.ForeignKey("tenants.User", on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, help_text=_("What uses it, such as “PBX in Lund”."))
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(max_length=16, choices=Scope.choices, default=Scope.WRITE)
    expires_at = models.DateTimeField(null=True, blank=True, help_text=_("Empty means it does not expire."))
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("API token")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def seen_from(cls, center_id: UUID) -> Q:
        return Q(user__in=people_of(center_id))

    @property
    def is_usable(self) -> bool:
        """Whether it opens a door now."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())

    def renew_secret(self) -> str:
        """Give this unsaved token a fresh secret and return it: the only time it is known."""
        self.prefix = f"{TOKEN_MARK}{secrets.token_hex(4)}"
        secret = f"{self.prefix}_{secrets.token_urlsafe(32)}"
        self.digest = digest_of(secret)
        return secret
