"""Contacts and the numbers they are known by."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.models.base import KnownElsewhere, external_id_constraints
from tenants.choices import Act
from tenants.scoping import TenantOwned


class Contact(KnownElsewhere):
    """A person outside the tenant who calls or is called; Planhat calls them an end user."""

    # All centers share these: each may add and correct them, and none takes them from the others.
    center_acts = frozenset({Act.ADD, Act.CHANGE})

    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    company = models.ForeignKey("contacts.Company", null=True, blank=True, on_delete=models.SET_NULL, related_name="contacts")
    notes = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]
        constraints = external_id_constraints("contact", _("Another contact has this id already."))
        indexes = [
            models.Index(fields=["tenant", "name"], name="contact_by_name"),
            models.Index(fields=["tenant", "email"], name="contact_by_email"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.company is not None and self.company.tenant_id != self.tenant_id:
            raise ValidationError({"company": _("This company belongs to another tenant.")})


class ContactNumber(TenantOwned):
    """One phone number of a contact: as people wrote it, as E.164, and the key that calls are matched by."""

    contact = models.ForeignKey("contacts.Contact", on_delete=models.CASCADE, related_name="numbers")
    raw = models.CharField(_("number"), max_length=64, help_text=_("In any spelling: +46 70-123 45 67, 0046…, 070…"))
    e164 = models.CharField("E.164", max_length=16, blank=True, editable=False)
    match_key = models.CharField(max_length=16, blank=True, editable=False)
    label = models.CharField(max_length=40, blank=True, help_text=_("Such as “mobile” or “switchboard”."))

    class Meta:
        ordering = ["created_at"]
        verbose_name = _("number")
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "raw"],
                name="number_once_per_contact",
                violation_error_message=_("The contact has this number already."),
            )
        ]
        indexes = [models.Index(fields=["tenant", "match_key"], name="contact_number_by_key")]

    def __str__(self) -> str:
        return self.e164 or self.raw
