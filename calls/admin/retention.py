"""Retention: how long audio is kept, what the next night will remove, and what each night removed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from calls import retention
from calls.admin import cells
from calls.choices import RetentionKind
from calls.models import RetentionRule, RetentionRun
from tenants.choices import Role
from tenants.read_only import ReadOnly
from tenants.scoped_admin import WholeTenantAdmin

SHOWN_TENANTS = 5


@admin.register(RetentionRule)
class RetentionRuleAdmin(WholeTenantAdmin):
    """How long the audio of each kind of call is kept; owners decide."""

    view_role = Role.MANAGER
    add_role = change_role = delete_role = Role.OWNER
    first_step = _("Audio is kept until a person removes it. Add a rule to have it removed by itself after so many days.")
    list_display = ["calls", "kept"]
    list_before_template = "admin/calls/retentionrule/preview.html"
    fields = ["kind", "days"]
    actions = None

    @display(description=_("calls"), ordering="kind")
    def calls(self, rule: RetentionRule) -> str:
        """Whose audio it is."""
        return rule.get_kind_display()

    @display(description=_("audio is kept"), ordering="days")
    def kept(self, rule: RetentionRule) -> str:
        """For how long."""
        if rule.days is None:
            return gettext("until a person removes it")
        return ngettext("%(days)s day after the day of the call", "%(days)s days after the day of the call", rule.days) % {
            "days": rule.days
        }

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        ruled = retention.tenants_with_rules().filter(pk__in=self.whole_tenants(request).values("pk"))[:SHOWN_TENANTS]
        previews = [_in_words(retention.preview(tenant)) for tenant in ruled]
        return super().changelist_view(request, {**(extra_context or {}), "previews": previews})

    def save_model(self, request: HttpRequest, obj: RetentionRule, form: Any, change: bool) -> None:
        retention.save_rule(obj)

    def delete_model(self, request: HttpRequest, obj: RetentionRule) -> None:
        retention.drop_rule(obj)


@admin.register(RetentionRun)
class RetentionRunAdmin(ReadOnly, WholeTenantAdmin):
    """What each night removed."""

    view_role = Role.MANAGER
    first_step = _("Every night at half past two audio whose time is over is removed, once there is a rule of retention.")
    list_display = ["day", "started", "finished", "removed", "size", "kinds", "held", "failures"]
    fields = ["day", "started_at", "finished_at", "removed", "size", "kinds", "held", "failures"]
    readonly_fields = fields
    ordering = ["-day", "-started_at"]
    sortable_by = ["day", "removed"]
    actions = None

    @display(description=_("started"), ordering="started_at")
    def started(self, run: RetentionRun) -> Any:
        """When it began."""
        return cells.moment(run.started_at)

    @display(description=_("finished"), ordering="finished_at")
    def finished(self, run: RetentionRun) -> Any:
        """When it ended; an unfinished one goes on within minutes."""
        return cells.moment(run.finished_at) if run.finished_at else cells.badge(gettext("Goes on"), "warn")

    @display(description=_("size"), ordering="removed_bytes")
    def size(self, run: RetentionRun) -> str:
        """What was gained."""
        return filesizeformat(run.removed_bytes)

    @display(description=_("of which"))
    def kinds(self, run: RetentionRun) -> str:
        """By kind of call."""
        told = [f"{RetentionKind(kind).label}: {figures['count']}" for kind, figures in sorted(run.by_kind.items())]
        return ", ".join(told) or cells.NOTHING


def _in_words(preview: retention.Preview) -> dict[str, Any]:
    return {
        "tenant": preview.tenant,
        "at": cells.moment(preview.at),
        "due": [(due.kind.label, due.count, filesizeformat(due.size_bytes), cells.moment(due.oldest)) for due in preview.due],
        "held": preview.held,
    }
