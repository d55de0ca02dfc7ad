"""Tenants: what an owner may set for their own, and what only an operator may."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import Any

import phonenumbers
from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2Widget

from tenants.bounded import BoundedAdmin
from tenants.choices import Role
from tenants.locked_rows import LocksRows
from tenants.models import Tenant
from tenants.reach import reach_of

OPERATORS = ("slug", "parent", "unmatched_account", "monthly_deposits", "is_active")
SETTINGS = (
    "name",
    "time_zone",
    "country",
    "area_code",
    "digest_hour",
    "requires_outcome",
    "open_ingest",
    "jsonp",
    "web_origins",
    "fetches_links",
)


def time_zones() -> list[tuple[str, str]]:
    """Every zone there is, as choices."""
    return [(name, name) for name in sorted(zoneinfo.available_timezones())]


def first_call(request: HttpRequest, tenant: Tenant) -> str:
    """A command that logs a call of the last two minutes at the tenant's open address, to copy into a shell."""
    address = request.build_absolute_uri(f"/{tenant.slug}/calls")
    end = timezone.now().astimezone(UTC)
    times = [f"{at:%Y-%m-%dT%H:%M:%S}.000Z" for at in (end - timedelta(minutes=2), end)]
    who = '"nr": "+4670123456", "userId": "max123", "agentId": "987qwe"'
    body = f'{{{who}, "start": "{times[0]}", "end": "{times[1]}", "waiting": 10}}'
    return f"curl -X POST -H 'Content-Type: application/json' -d '{body}' {address}"


class TenantSettingsForm(forms.ModelForm):
    """A tenant's settings."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=time_zones,
        widget=UnfoldAdminSelect2Widget,
        help_text=Tenant._meta.get_field("time_zone").help_text,
    )

    def clean_web_origins(self) -> str:
        return "\n".join(self.cleaned_data["web_origins"].lower().split())

    def clean_country(self) -> str:
        return self.cleaned_data["country"].upper()

    def clean_area_code(self) -> str:
        """Without the zero that is dialled before it, except where that is part of the number (Italy)."""
        code: str = self.cleaned_data["area_code"]
        trunk = phonenumbers.ndd_prefix_for_region(self.cleaned_data.get("country", ""), True)
        return code.lstrip("0") if trunk == "0" else code


@admin.register(Tenant)
class TenantAdmin(BoundedAdmin, LocksRows):
    """A tenant's settings; an operator also names, nests and closes tenants."""

    form = TenantSettingsForm
    list_display = ["name", "slug", "time_zone", "country", "open_ingest", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name__folds", "slug"]
    list_filter_submit = True
    list_fullwidth = True
    first_step = _("You are not a member of any tenant yet. Ask an owner to add you.")

    class Media:
        js = ("callhub/copy.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return reach_of(request).within(super().get_queryset(request))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Tenant | None:
        tenant = super().get_object(request, object_id, from_field)
        if tenant is not None:
            tenant.first_call = first_call(request, tenant)  # needs the address this request came to
        return tenant

    def get_list_filter(self, request: HttpRequest) -> Sequence[Any]:
        return self.list_filter if reach_of(request).is_operator else []

    def get_fieldsets(self, request: HttpRequest, obj: Tenant | None = None) -> Sequence[Any]:
        doors = [(_("Doors"), {"fields": ["address", "try_it"]})] if obj else []
        settings = (None, {"fields": SETTINGS})
        if reach_of(request).is_operator:
            return [(_("Identity"), {"fields": OPERATORS}), settings, *doors]
        return [settings, *doors]

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> Sequence[str]:
        return ["address", "try_it"] if obj else []

    @display(description=_("open address"))
    def address(self, tenant: Tenant) -> str:
        """Where Planhat's clients send calls to without credentials."""
        state = _("open") if tenant.open_ingest else _("closed: switch open ingest on to use it")
        return format_html("<code>/{}/calls</code> · {}", tenant.slug, state)

    @display(description=_("try it"))
    def try_it(self, tenant: Tenant) -> str:
        """The command that logs a first call."""
        return format_html(
            '<div class="ch-copied"><pre class="ch-code" id="first-call">{}</pre><button class="ch-button ch-quiet" type="button"'
            ' data-copy="first-call" data-done="{}">{}</button></div>',
            tenant.first_call,  # type: ignore[attr-defined]
            _("Copied"),
            _("Copy"),
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_staff and reach_of(request).may(Role.VIEWER)

    def has_view_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        return request.user.is_staff and reach_of(request).may(Role.VIEWER, getattr(obj, "pk", None))

    def has_change_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        """Owners, unless they are limited to one center: settings are every center's."""
        reach = reach_of(request)
        whole = reach.whole(Role.OWNER)
        return request.user.is_staff and (reach.is_operator or (bool(whole) if obj is None else obj.pk in whole))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return reach_of(request).is_operator

    def has_delete_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        """Nobody: a tenant is closed, and keeps its calls."""
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", reach_of(request).within(Tenant.objects.all()))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def own_tenant_link(request: HttpRequest) -> str:
    """Where a person finds the settings of their tenant: its own page, or the list where there are several."""
    tenant = reach_of(request).only_tenant(Role.VIEWER)
    return reverse("admin:tenants_tenant_change", args=[tenant.pk]) if tenant else reverse("admin:tenants_tenant_changelist")
