"""The page of scheduled tasks, for operators: what ran when and how it went, and a way to have one run at once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from callhub import schedule
from callhub.doorbell import ring
from callhub.models import RunResult, ScheduledTask
from calls.admin import cells
from tenants.bounded import BoundedAdmin
from tenants.reach import reach_of
from tenants.read_only import ReadOnly

_TONES = {RunResult.OK: "good", RunResult.FAILED: "bad", RunResult.SKIPPED: "warn"}


@admin.register(ScheduledTask)
class ScheduledTaskAdmin(ReadOnly, BoundedAdmin, ModelAdmin):
    """What runs by itself in this installation."""

    list_display = ["id", "what", "often", "last_run", "took", "outcome", "due", "runs", "failures"]
    list_display_links = ["id"]
    list_fullwidth = True
    sortable_by = ["id", "last_run", "took", "outcome"]
    fields = [
        "id",
        "task",
        "what",
        "often",
        "last_run",
        "took",
        "outcome",
        "error",
        "due",
        "runs",
        "skipped",
        "failures",
        "since",
    ]
    readonly_fields = fields
    actions = None
    actions_detail = ["run_now"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows if reach_of(request).is_operator else rows.none()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        late = schedule.overdue() if reach_of(request).is_operator else []
        if late:
            text = gettext("Overdue: %(names)s. Is a worker running?") % {"names": ", ".join(late)}
            messages.warning(request, text)
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    @display(description=_("what it does"))
    def what(self, row: ScheduledTask) -> str:
        """The task's own words."""
        entry = schedule.entries().get(row.pk)
        return gettext(schedule.words_of(entry)) if entry else gettext("No longer in the schedule.")

    @display(description=_("how often"))
    def often(self, row: ScheduledTask) -> str:
        """Its place in the schedule."""
        entry = schedule.entries().get(row.pk)
        return entry.in_words if entry else cells.NOTHING

    @display(description=_("last run"), ordering="started_at")
    def last_run(self, row: ScheduledTask) -> Any:
        """When, and how long ago that is."""
        if row.started_at is None:
            return gettext("never")
        return gettext("%(at)s, %(age)s ago") % {"at": cells.moment(row.started_at), "age": timesince(row.started_at)}

    @display(description=_("took"), ordering="duration_ms")
    def took(self, row: ScheduledTask) -> str:
        """How long the last run took."""
        return cells.NOTHING if row.duration_ms is None else gettext("%(s)s s") % {"s": number_format(row.duration_ms / 1000, 2)}

    @display(description=_("result"), ordering="result")
    def outcome(self, row: ScheduledTask) -> Any:
        """How the last run came out."""
        if not row.result:
            return cells.NOTHING
        text = f"{row.get_result_display()}: {row.error}" if row.error else row.get_result_display()
        return cells.badge(text, _TONES[RunResult(row.result)])

    @display(description=_("due"))
    def due(self, row: ScheduledTask) -> Any:
        """When it should run next, marked where that is over."""
        entry = schedule.entries().get(row.pk)
        if entry is None:
            return cells.NOTHING
        at = schedule.next_due(row, entry)
        if schedule.is_overdue(row, entry):
            return cells.badge(gettext("overdue for %(age)s") % {"age": timesince(at)}, "bad")
        return cells.moment(max(at, timezone.now()))

    @display(description=_("runs, 24 h"))
    def runs(self, row: ScheduledTask) -> int:
        """How often it ran in the last day."""
        return row.of_last_day(RunResult.OK, RunResult.FAILED)

    @display(description=_("failures, 24 h"))
    def failures(self, row: ScheduledTask) -> int:
        """How often it failed in the last day."""
        return row.of_last_day(RunResult.FAILED)

    @display(description=_("skipped, 24 h"))
    def skipped(self, row: ScheduledTask) -> int:
        """How often no worker took it in time."""
        return row.of_last_day(RunResult.SKIPPED)

    @action(description=_("Run now"), url_path="run", permissions=["run_now"], icon="play_arrow")
    def run_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask once, then ring for it."""
        row = self.get_object(request, object_id)
        if request.method != "POST":
            context = {**self.admin_site.each_context(request), "opts": self.opts, "title": _("Run this task now?"), "row": row}
            return TemplateResponse(request, "admin/callhub/scheduledtask/run.html", context)
        ring(schedule.task_of(schedule.entries()[row.pk]))
        messages.success(request, gettext("A worker was told to run “%(name)s”.") % {"name": row})
        return HttpResponseRedirect(reverse("admin:callhub_scheduledtask_changelist"))

    def has_run_now_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Operators, for what is in the schedule."""
        row = self.get_object(request, object_id) if object_id and reach_of(request).is_operator else None
        return row is not None and row.pk in schedule.entries()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return reach_of(request).is_operator

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return reach_of(request).is_operator
