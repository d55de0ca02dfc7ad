"""People who sign in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id
from tenants.models.tenant import validate_time_zone


def languages() -> list[tuple[str, Any]]:
    """The languages there are texts in, each under its own name; a callable, so that a new one needs no migration."""
    return list(settings.LANGUAGES)


class User(AbstractUser):
    """A person. What they may do in a tenant is their Membership; a superuser operates the whole installation."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        validators=[validate_time_zone],
        help_text=_("Times are shown in this zone; empty means the tenant's."),
    )

    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        choices=languages,
        help_text=_("Pages and mails are in this language; empty means the browser's, and English for mails."),
    )

    class Meta(AbstractUser.Meta):
        ordering = ["username"]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def spoken(self) -> str:
        """The language chosen, as long as there are texts in it; else empty."""
        return self.language if self.language in dict(settings.LANGUAGES) else ""

    @property
    def is_operator(self) -> bool:
        """Whether this person runs the installation and sees every tenant."""
        return self.is_active and self.is_superuser
