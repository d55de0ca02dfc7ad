"""How people look at the log: the columns they chose."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


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
