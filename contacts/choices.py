"""Closed vocabularies of the contacts app."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Change(models.TextChoices):
    """What happened to a row."""

    CREATED = "created", _("Created")
    UPDATED = "updated", _("Updated")
    DELETED = "deleted", _("Deleted")


class Subject(models.TextChoices):
    """Whom an event is about."""

    CONTACT = "contact", _("Contact")
    COMPANY = "company", _("Company")
    AGENT = "agent", _("Agent")
