"""The columns of the list of calls: what each shows, and which of them a person wants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from calls.admin import cells, sound
from calls.models import Call, ChosenColumns
from calls.models.view import USUAL_COLUMNS, Column
from tenants.reach import reach_of

# Each column's name in the list: a method below, or a field of the call.
IN_LIST = {
    Column.STARTED: "started",
    Column.TYPE: "kind",
    Column.DIRECTION: "direction",
    Column.PARTY: "party",
    Column.COMPANY: "company",
    Column.AGENT: "who",
    Column.CENTER: "center",
    Column.LINE: "line",
    Column.DURATION: "duration",
    Column.RING: "ring",
    Column.TALK: "talk",
    Column.AUDIO: "heard",
    Column.RESULT: "result",
    Column.FLAG: "flagged",
    Column.TAGS: "labels",
    Column.OUTCOME: "outcome",
    Column.NOTES: "noted",
    Column.SOURCE: "source",
    Column.EXTERNAL_ID: "external_id",
}
SORTED_BY = {"started": "started_at", "duration": "duration", "ring": "ring", "talk": "talk"}  # the API's word for each


def tidy(names: Iterable[object]) -> list[Column]:
    """Those of the names that are columns, each once, in their order; the start is always among them, it opens the call."""
    told = {str(name) for name in names} | {str(Column.STARTED)}
    return [column for column in Column if column in told]


def columns_of(request: HttpRequest) -> list[Column]:
    """What the list shows now: what the address says, else what the person chose, else the usual ones."""
    told = request.GET.get("columns")
    if told:
        return tidy(told.split(","))
    user = reach_of(request).user
    if not hasattr(user, "_chosen_columns"):
        user._chosen_columns = ChosenColumns.objects.filter(user=user.pk).values_list("columns", flat=True).first()
    return tidy(user._chosen_columns or USUAL_COLUMNS)


def choose(request: HttpRequest, names: Iterable[str]) -> None:
    """Keep which columns the person wants."""
    chosen = [str(column) for column in tidy(names)]
    ChosenColumns.objects.update_or_create(user=reach_of(request).user, defaults={"columns": chosen})


class CallColumns:
    """What each column shows of a call."""

    @display(description=_("started"), ordering="started_at")
    def started(self, call: Call) -> Any:
        """When, in the viewer's zone."""
        return cells.moment(call.started_at)

    @display(description=_("type"))
    def kind(self, call: Call) -> Any:
        """Incoming, outgoing, missed …"""
        return cells.call_type(call)

    @display(description=_("other party"))
    def party(self, call: Call) -> Any:
        """Name and number."""
        return cells.party(call)

    @display(description=_("agent"))
    def who(self, call: Call) -> Any:
        """Who made or took it."""
        return call.agent.name if call.agent else call.agent_name or cells.NOTHING

    @display(description=_("duration"), ordering="duration_ms")
    def duration(self, call: Call) -> str:
        """From ringing to the end."""
        return cells.length(call.duration_ms)

    @display(description=_("ring"), ordering="ring_ms")
    def ring(self, call: Call) -> str:
        """Time spent waiting."""
        return cells.length(call.ring_ms)

    @display(description=_("talk"), ordering="talk_ms")
    def talk(self, call: Call) -> str:
        """Time spent talking."""
        return cells.length(call.talk_ms)

    @display(description=_("result"))
    def result(self, call: Call) -> Any:
        """How it came out."""
        unverified = cells.badge(gettext("Unverified"), "warn") if not call.is_verified else ""
        return cells.row(cells.disposition(call), unverified)

    @display(description=_("tags"))
    def labels(self, call: Call) -> Any:
        """Its tags."""
        return cells.tags(call.tags.all())

    @display(description=_("flag"))
    def flagged(self, call: Call) -> Any:
        """Whether somebody should look at it again."""
        return cells.flag(call, short=True)

    @display(description=_("audio"))
    def heard(self, call: Call) -> Any:
        """A small player, and where a recording outside is."""
        audio = call.audio  # type: ignore[attr-defined]  # fetched by CallList for all rows at once
        return cells.row(sound.mini_player(call, audio), cells.recording(call, short=True))

    @display(description=_("notes"))
    def noted(self, call: Call) -> str:
        """How its notes begin."""
        words = " ".join(call.notes.split())
        return words if len(words) <= 60 else f"{words[:59]}…"
