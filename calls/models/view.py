"""How people look at the log: the columns they chose, and views they keep under a name."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tenants.choices import Act
from tenants.models import User
from tenants.scoping import TenantOwned, TenantQuerySet


class Column(models.TextChoices):
    """What a list or an export can show of a call, in the order it is shown."""

    STARTED = "started_at", _("started")
    TYPE = "type", _("type")
    DIRECTION = "direction", _("direction")
    PARTY = "party", _("other party")
    COMPANY = "company", _("company")
    AGENT = "agent", _("agent")
    CENTER = "center", _("center")
    LINE = "line", _("line")
    DURATION = "duration", _("duration")
    RING = "ring", _("ring")
    TALK = "talk", _("talk")
    AUDIO = "audio", _("audio")
    RESULT = "disposition", _("result")
    FLAG = "flag", _("flag")
    TAGS = "tags", _("tags")
    OUTCOME = "outcome", _("outcome")
    NOTES = "notes", _("notes")
    SOURCE = "source", _("source")
    EXTERNAL_ID = "external_id", _("external id")


USUAL_COLUMNS = [
    Column.STARTED, Column.TYPE, Column.PARTY, Column.AGENT, Column.DURATION, Column.TALK, Column.AUDIO, Column.RESULT,
    Column.FLAG, Column.TAGS,
]  # fmt: skip


class ChosenColumns(models.Model):
    """The columns a person wants the list of calls to have, in whatever tenant."""

    user = models.OneToOneField("tenants.User", on_delete=models.CASCADE, primary_key=True, related_name="+")
    columns = models.JSONField(default=list)

    def __str__(self) -> str:
        return ", ".join(self.columns)


class SavedViewQuerySet(TenantQuerySet["SavedView"]):
    """Which views."""

    def usable_by(self, user: User) -> Self:
        """A person's own views and those others share with their tenant."""
        return self.filter(Q(owner=user.pk) | Q(is_shared=True))


class SavedView(TenantOwned):
    """A way to look at the log: filters in the API's own words, columns, and an order, under a name."""

    center_acts = frozenset(Act)

    owner = models.ForeignKey("tenants.User", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=80)
    is_shared = models.BooleanField(_("shared"), default=False, help_text=_("Everybody in the tenant sees it."))
    filters = models.JSONField(
        _("filters"), default=dict, blank=True, help_text=_("Parameters of /api/v1/calls and their values.")
    )
    columns = models.JSONField(_("columns"), default=list, blank=True)
    sort = models.CharField(_("order"), max_length=20, blank=True)

    objects: ClassVar = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                "tenant",
                "owner",
                Lower("name"),
                name="view_name_once_per_owner",
                violation_error_message=_("You have a view with this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name
