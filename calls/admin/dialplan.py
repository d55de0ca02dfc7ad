"""Dial plans: which countries a tenant calls and how much, with what is used of it; owners choose, operators limit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import phonenumbers
from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2MultipleWidget

from calls import dialer
from calls.admin import cells, dial_words, usage
from calls.models import DialPlan
from tenants.choices import Role
from tenants.models import Tenant
from tenants.reach import reach_of
from tenants.scoped_admin import TenantForm, TenantModelAdmin

SHOWN_TENANTS = 5
_LIMITS = ("dial_legs", "dial_minutes")


def countries() -> list[tuple[str, str]]:
    """Every country with telephones, by its letters and the code its numbers begin with."""
    codes = sorted(phonenumbers.SUPPORTED_REGIONS)
    return [(code, f"{code} +{phonenumbers.country_code_for_region(code)}") for code in codes]


class DialPlanForm(TenantForm):
    """A dial plan, its countries chosen from a list."""

    countries = forms.MultipleChoiceField(
        choices=countries,
        required=False,
        widget=UnfoldAdminSelect2MultipleWidget,
        label=_("Countries"),
        help_text=_(
            "The countries that may be called. With none chosen it is the tenant's own; choose that, too, beside others. "
            "Premium numbers, satellites and other "
            "numbers made to cost are never called, wherever they are."
        ),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        tenant_id = self.instance.tenant_id
        if tenant_id and DialPlan.objects.filter(tenant=tenant_id).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("This tenant has a dial plan already. Change that one."))
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """That there is one only is said above; Django would blame a field that few see."""
        return super()._get_validation_exclusions() | {"tenant"}


@admin.register(DialPlan)
class DialPlanAdmin(TenantModelAdmin):
    """What a tenant may dial. A tenant without a row has the usual limits, and those are shown, too."""

    form = DialPlanForm
    view_role = Role.MANAGER
    add_role = change_role = Role.OWNER
    first_step = _("The usual limits hold, and only your own country is called. Add a dial plan to allow other countries.")
    list_display = ["whose", "called", "concurrent_legs", "minutes_per_day", "calls_per_destination", "calls_per_second"]
    list_before_template = "admin/calls/usageday/limits.html"
    actions = None
    fieldsets = [
        (None, {"fields": ["countries"]}),
        (_("Limits"), {"fields": ["concurrent_legs", "minutes_per_day", "calls_per_destination", "calls_per_second"]}),
        (_("Each call and line"), {"fields": ["longest_call_s", "extension_prefix", "adopts_lines"]}),
        (_("Used today"), {"fields": ["used"]}),
    ]
    operators_fields = (
        "concurrent_legs", "minutes_per_day", "calls_per_destination", "calls_per_second", "longest_call_s",
        "extension_prefix", "adopts_lines",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: DialPlan | None = None) -> list[str]:
        """How much is dialled at most is for operators to say, who pay for it."""
        fields = [str(name) for name in super().get_readonly_fields(request, obj)]
        return [*fields, "used"] if reach_of(request).is_operator else [*fields, "used", *self.operators_fields]

    def get_fieldsets(self, request: HttpRequest, obj: DialPlan | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj else [part for part in fieldsets if part[1]["fields"] != ["used"]]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only operators: without its plan a tenant has the usual limits again, which may be higher."""
        return reach_of(request).is_operator

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        reach = reach_of(request)
        tenants: Iterable[Tenant] = ()
        if not reach.is_operator:
            tenants = reach.tenants(self.view_role).order_by("name")[:SHOWN_TENANTS]
        told = [{"tenant": tenant, "rows": _used(dialer.plan_of(tenant))} for tenant in tenants]
        return super().changelist_view(request, {**(extra_context or {}), "usage_limits": told})

    @display(description=_("tenant"), ordering="tenant__name")
    def whose(self, plan: DialPlan) -> str:
        """Whose plan it is."""
        return plan.tenant.name

    @display(description=_("calls to"))
    def called(self, plan: DialPlan) -> str:
        """The countries."""
        return ", ".join(plan.allowed_countries)

    @display(description=_("of the limits"))
    def used(self, plan: DialPlan) -> Any:
        """What is used of each limit that counts by day or by telephones."""
        rows = ((row["name"], row["used"], row["limit"], row["share"]) for row in _used(plan))
        return format_html_join("", '<p class="ch-used">{}: {} / {} {}</p>', rows)


def _used(plan: DialPlan) -> list[dict[str, Any]]:
    """The limits of calling out as rows: name, used, limit, share, when it begins again."""
    tenant: Tenant = plan.tenant
    number, times = dialer.busiest_destination(tenant)
    name = gettext("Calls today to one number")
    shown = dial_words.number_of(number, plan)
    return [
        *usage.rows_of(tenant, only=_LIMITS),
        {
            "name": f"{name} ({shown})" if number else name,
            "used": times,
            "limit": plan.calls_per_destination,
            "share": usage.share(100 * times // plan.calls_per_destination),
            "resets": cells.NOTHING,
        },
    ]
