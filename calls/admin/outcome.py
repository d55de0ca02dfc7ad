"""Outcomes: the tenant's own words for what a conversation came to, in the order staff choose from."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from calls.models import Outcome
from tenants.choices import Role
from tenants.scoped_admin import TenantModelAdmin


@admin.register(Outcome)
class OutcomeAdmin(TenantModelAdmin):
    """What staff choose from when they say what came of a call; owners decide."""

    view_role = Role.MANAGER
    add_role = change_role = delete_role = Role.OWNER
    first_step = _("Without outcomes staff type what came of a call. Add some, such as “Order taken”, and they choose from them.")
    list_display = ["name", "position", "is_retired", "calls"]
    list_filter = ["is_retired"]
    search_fields = ["name__folds"]
    fields = ["name", "position", "is_retired"]

    @display(description=_("calls"))
    def calls(self, outcome: Outcome) -> Any:
        """The calls that have it."""
        query = urlencode({"outcome": outcome.name, "period": "all"})
        return format_html('<a class="ch-link" href="{}?{}">{}</a>', reverse("admin:calls_call_changelist"), query, _("Calls"))
