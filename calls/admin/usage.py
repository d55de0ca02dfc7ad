"""Usage: what is left of each limit now, and what was used day by day. For owners."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from calls import usage
from calls.admin import cells
from calls.choices import Direction, Disposition
from calls.models import UsageDay
from tenants.choices import Role
from tenants.models import Tenant
from tenants.read_only import ReadOnly
from tenants.scoped_admin import WholeTenantAdmin

SHOWN_TENANTS = 5
_NAMES = {
    "deposits": _("Uploads this month"),
    "dial_minutes": _("Minutes dialled today"),
    "dial_legs": _("Telephones at the same time"),
}


@admin.register(UsageDay)
class UsageDayAdmin(ReadOnly, WholeTenantAdmin):
    """How much was used on each day, by the tenant's clocks."""

    view_role = Role.OWNER
    first_step = _("Usage is counted by itself, minutes after the first call.")
    list_before_template = "admin/calls/usageday/limits.html"
    list_display = ["day", "calls", "talk", "recordings", "audio", "dialled", "dialled_talk", "counted"]
    fields = ["day", "zone", "calls", "outcomes", "talk", "recordings", "audio", "dialled", "dialled_talk", "counted"]
    readonly_fields = fields
    date_hierarchy = None
    actions = None

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        tenants = self.whole_tenants(request).order_by("name")[:SHOWN_TENANTS]
        limits = [{"tenant": tenant, "rows": rows_of(tenant)} for tenant in tenants]
        return super().changelist_view(request, {**(extra_context or {}), "usage_limits": limits})

    @display(description=_("talk"), ordering="talk_ms")
    def talk(self, day: UsageDay) -> str:
        """How long people talked."""
        return cells.length(day.talk_ms)

    @display(description=_("audio"), ordering="audio_bytes")
    def audio(self, day: UsageDay) -> str:
        """How much audio came in."""
        return filesizeformat(day.audio_bytes)

    @display(description=_("talk of calls made here"), ordering="dialled_ms")
    def dialled_talk(self, day: UsageDay) -> str:
        """How long people talked in calls that were made here."""
        return cells.length(day.dialled_ms)

    @display(description=_("counted"), ordering="counted_at")
    def counted(self, day: UsageDay) -> Any:
        """How fresh the figures are."""
        return cells.badge(gettext("Being counted"), "info") if day.counted_at is None else cells.moment(day.counted_at)

    @display(description=_("of which"))
    def outcomes(self, day: UsageDay) -> str:
        """By direction and outcome."""
        told = [
            f"{Direction(direction).label}, {Disposition(disposition).label}: {calls}"
            for direction, outcomes in sorted(day.by_outcome.items())
            for disposition, (calls, _talk_ms) in sorted(outcomes.items())
        ]
        return " · ".join(told) or cells.NOTHING


def rows_of(tenant: Tenant, *, only: Collection[str] = ()) -> list[dict[str, Any]]:
    """The tenant's limits, or some of them, in words."""
    return [
        {
            "name": _NAMES[limit.name],
            "used": limit.used,
            "limit": gettext("no limit") if limit.limit is None else limit.limit,
            "share": cells.NOTHING if limit.limit is None else share(limit.percent),
            "resets": cells.moment(limit.resets_at),
        }
        for limit in usage.limits_of(tenant)
        if not only or limit.name in only
    ]


def share(percent: int) -> SafeString:
    """How much of a limit is used."""
    return cells.badge(f"{percent} %", _tone(percent))


def _tone(percent: int) -> str:
    return "bad" if percent >= 100 else "warn" if percent >= 80 else "good"
