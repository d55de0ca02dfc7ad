"""Mails to people: what was told to whom, and what could not be."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from calls.admin import cells
from calls.models import Notice
from tenants.choices import Role
from tenants.read_only import ReadOnly
from tenants.scoped_admin import TenantModelAdmin


@admin.register(Notice)
class NoticeAdmin(ReadOnly, TenantModelAdmin):
    """Mails of the last 90 days; owners look, nobody changes them."""

    view_role = Role.OWNER
    first_step = _("Mails about missed calls, digests and limits show here once there are any.")
    list_display = ["kind", "address", "created", "outcome", "attempts", "error"]
    list_filter = ["kind"]
    search_fields = ["address"]
    fields = ["kind", "address", "user", "created", "due_at", "outcome", "attempts", "error"]
    readonly_fields = fields
    actions = None

    @display(description=_("written"), ordering="created_at")
    def created(self, notice: Notice) -> Any:
        """When it was found that this is to be told."""
        return cells.moment(notice.created_at)

    @display(description=_("state"))
    def outcome(self, notice: Notice) -> Any:
        """Whether it was sent."""
        if notice.sent_at is not None:
            return cells.badge(gettext("Sent"), "good")
        return cells.badge(gettext("Not sent"), "warn") if notice.dropped_at else cells.badge(gettext("Waits"), "info")
