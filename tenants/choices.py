"""Closed vocabularies of the tenants app."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a member may do; each role includes the ones below it."""

    OWNER = "owner", _("Owner")  # people, tokens and settings as well
    MANAGER = "manager", _("Manager")  # erase and change everything in the log
    AGENT = "agent", _("Agent")  # log calls, edit notes, tags, flags and outcomes
    VIEWER = "viewer", _("Viewer")  # look only

    def includes(self, other: Role) -> bool:
        """Whether this role may all that ``other`` may."""
        order = list(Role)
        return order.index(self) <= order.index(other)


class Act(models.TextChoices):
    """What is done to a row beside reading it."""

    ADD = "add"
    CHANGE = "change"
    DELETE = "delete"


class Scope(models.TextChoices):
    """What a token may do; each scope includes the ones above it."""

    READ = "read", _("Read")
    WRITE = "write", _("Read and write")
    MANAGE = "manage", _("Read, write and manage tokens")


class AppLevel(models.TextChoices):
    """Whom an OAuth application may act for."""

    USER = "user", _("User")  # the person it belongs to
    ORGANIZATION = "organization", _("Organization")  # anybody in its tenant
    ADMINISTRATOR = "administrator", _("Administrator")  # anybody in its tenant and in the tenants below it
