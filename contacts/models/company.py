"""Companies."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.models.base import KnownElsewhere, external_id_constraints
from tenants.choices import Act


class Company(KnownElsewhere):
    """An organisation that contacts belong to; HostedSuite calls it a client."""

    # All centers share these: each may add and correct them, and none takes them from the others.
    center_acts = frozenset({Act.ADD, Act.CHANGE})

    name = models.CharField(max_length=200)
    phone = models.CharField(
        max_length=64,
        blank=True,
        help_text=_("As people write it. Calls with it that no contact has are linked to the company."),
    )
    e164 = models.CharField("E.164", max_length=16, blank=True, editable=False)
    match_key = models.CharField(max_length=16, blank=True, editable=False)
    notes = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = _("companies")
        constraints = external_id_constraints("company", _("Another company has this id already."))
        indexes = [
            models.Index(fields=["tenant", "name"], name="company_by_name"),
            models.Index(fields=["tenant", "match_key"], name="company_by_key"),
        ]

    def __str__(self) -> str:
        return self.name
