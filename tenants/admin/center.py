"""Centers."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from tenants.choices import Role
from tenants.models import Center
from tenants.scoped_admin import TenantModelAdmin


@admin.register(Center)
class CenterAdmin(TenantModelAdmin):
    """Receptions, branches or teams."""

    add_role = change_role = Role.MANAGER
    first_step = _(
        "A center is a reception, branch or team. Add one to group calls, agents and lines by the place they belong to."
    )
    list_display = ["name", "external_id"]
    search_fields = ["name__folds", "external_id"]
    fields = ["name", "external_id"]
