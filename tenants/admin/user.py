"""People, for operators only: owners manage theirs as members."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.forms import UserChangeForm, UserCreationForm

from tenants.admin.password import GivenPasswordForm
from tenants.bounded import BoundedAdmin
from tenants.locked_rows import LocksRows, MergesRows
from tenants.models import Membership, User
from tenants.reach import reach_of


class MembershipInline(MergesRows, TabularInline):
    """The tenants a person works for."""

    model = Membership
    extra = 0
    fields = ["tenant", "role", "center"]
    autocomplete_fields = ["tenant", "center"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("tenant", "center", "user")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return reach_of(request).is_operator

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


@admin.register(User)
class UserAdmin(BoundedAdmin, DjangoUserAdmin, LocksRows):  # type: ignore[misc]
    """Everybody who signs in, operators included."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = GivenPasswordForm
    change_user_password_template = "admin/tenants/password_change.html"  # noqa: S105 - a page
    inlines = [MembershipInline]
    list_display = ["username", "first_name", "last_name", "email", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = 50
    readonly_fields = ["last_login", "date_joined"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "time_zone", "language"]}),
        (_("Access"), {"fields": ["is_active", "is_staff", "is_superuser"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["username", "usable_password", "password1", "password2", "is_staff"]})]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        people = super().get_queryset(request)
        return people if reach_of(request).is_operator else people.none()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return reach_of(request).is_operator

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return reach_of(request).is_operator

    has_add_permission = has_module_permission
    has_change_permission = has_delete_permission = has_view_permission
