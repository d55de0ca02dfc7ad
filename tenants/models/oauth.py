"""OAuth applications and the access tokens given to them; secrets are shown once and kept as hashes."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, get_random_string
from django.utils.translation import gettext_lazy as _

from tenants.choices import Act, AppLevel
from tenants.models.membership import people_of
from tenants.models.token import digest_of
from tenants.scoping import TenantOwned, TenantQuerySet

CREDENTIAL_LENGTH = 32  # letters and digits: clients put them into forms without quoting them


class OAuthAppQuerySet(TenantQuerySet["OAuthApp"]):
    """Which applications."""

    def usable(self) -> Self:
        """Those that are not revoked, of active tenants and active people."""
        owners = Q(user__isnull=True) | Q(user__is_active=True)
        return self.filter(owners, revoked_at__isnull=True, tenant__is_active=True)


class OAuthApp(TenantOwned):
    """A program that asks for access tokens with an id and a secret of its own, and whom it may act for."""

    center_acts = frozenset(Act)

    name = models.CharField(max_length=100, help_text=_("What uses it, such as “Click-to-call in the CRM”."))
    level = models.CharField(max_length=16, choices=AppLevel.choices, default=AppLevel.USER)
    user = models.ForeignKey(
        "tenants.User",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="oauth_apps",
        help_text=_("The person an application of the user level acts as."),
    )
    client_id = models.CharField(max_length=CREDENTIAL_LENGTH, unique=True, editable=False)
    secret_digest = models.CharField(max_length=64, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar = OAuthAppQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("OAuth application")
        constraints = [
            models.CheckConstraint(
                name="oauth_app_of_a_user_names_them",
                condition=Q(level=AppLevel.USER, user__isnull=False) | (~Q(level=AppLevel.USER) & Q(user__isnull=True)),
                violation_error_message=_("An application of the user level belongs to a person, any other to nobody."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def seen_from(cls, center_id: UUID) -> Q:
        return Q(user__in=people_of(center_id))

    def renew_credentials(self) -> str:
        """Give this unsaved application an id and a secret, and return the secret: the only time it is known."""
        self.client_id = get_random_string(CREDENTIAL_LENGTH)
        secret = get_random_string(CREDENTIAL_LENGTH)
        self.secret_digest = digest_of(secret)
        return secret

    def has_secret(self, secret: str) -> bool:
        """Whether this is the application's secret."""
        return constant_time_compare(self.secret_digest, digest_of(secret))


class AccessTokenQuerySet(TenantQuerySet["AccessToken"]):
    """Which access tokens."""

    def usable(self, at: datetime | None = None) -> Self:
        """Those that have not expired, of usable applications."""
        apps = OAuthApp.objects.usable()
        return self.filter(expires_at__gt=at or timezone.now(), app__in=apps)


class AccessToken(TenantOwned):
    """What an application was given to open doors with for a while."""

    app = models.ForeignKey("tenants.OAuthApp", on_delete=models.CASCADE, related_name="access_tokens")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField(db_index=True)

    objects: ClassVar = AccessTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.app} · {self.expires_at:%Y-%m-%d %H:%M}"
