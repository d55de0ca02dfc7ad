"""Which mails a person gets, for themselves to choose."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tenants.choices import Role
from tenants.models import OwnMembership
from tenants.scoped_admin import TenantModelAdmin


@admin.register(OwnMembership)
class OwnMembershipAdmin(TenantModelAdmin):
    """One's own mails, tenant by tenant; nobody else's, whoever one is."""

    change_role = Role.VIEWER
    first_step = _("You are not a member of any tenant yet, so there is nothing to be told of.")
    list_display = ["tenant", "role", "mails_missed_calls", "mails_digest", "mails_warnings"]
    list_display_links = ["tenant"]
    fields = ["mails_missed_calls", "mails_digest", "mails_warnings"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(user=request.user.pk)

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.list_display

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.user_id == request.user.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
