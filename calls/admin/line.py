"""Lines: the tenant's own numbers and extensions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from calls.models import Line
from contacts.phone import read_number
from tenants.choices import Role
from tenants.scoped_admin import RelatedFilter, TenantModelAdmin


@admin.register(Line)
class LineAdmin(TenantModelAdmin):
    """Numbers and extensions of the tenant; they tell which way a call went, and never match as contacts."""

    add_role = change_role = Role.MANAGER
    first_step = _("Add your own numbers and extensions, so that callhub knows which side of a call is yours.")
    list_display = ["number", "name", "e164", "agent", "center", "backend", "is_phone_terminal", "is_active"]
    list_filter = ["backend", "is_phone_terminal", "is_active", ("center", RelatedFilter)]
    list_select_related = ["agent", "center"]
    search_fields = ["number", "name", "e164"]
    autocomplete_fields = ["agent", "center"]
    fields = [
        "number", "name", "agent", "center", "caller_name", "caller_number", "is_phone_terminal", "is_recorded", "is_active",
        "is_sandbox", "backend", "is_proven", "shows_any_caller",
    ]  # fmt: skip
    operators_fields = ("is_sandbox", "backend", "is_proven", "shows_any_caller")

    def get_readonly_fields(self, request: HttpRequest, obj: Line | None = None) -> list[str]:
        """Whose number people see, and on which exchange, is for operators to say."""
        fields = [str(name) for name in super().get_readonly_fields(request, obj)]
        return fields if request.user.is_superuser else [*fields, *self.operators_fields]

    def save_model(self, request: HttpRequest, obj: Line, form: Any, change: bool) -> None:
        number = read_number(obj.number, obj.tenant.country)
        obj.e164, obj.match_key = number.e164, number.key
        super().save_model(request, obj, form, change)
