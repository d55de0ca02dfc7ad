"""Tags."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tenants.choices import Act
from tenants.scoping import TenantOwned


class Tag(TenantOwned):
    """A word staff put on calls, with a colour."""

    center_acts = frozenset({Act.ADD})  # people name new ones on their calls

    name = models.CharField(max_length=60)
    colour = models.CharField(
        max_length=7, default="#64748b", validators=[RegexValidator(r"\A#[0-9a-fA-F]{6}\Z", _("A colour such as #64748b."))]
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                "tenant",
                Lower("name"),
                name="tag_name_once_per_tenant",
                violation_error_message=_("There is a tag with this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name
